"""The newer endpoint: the same answers in another shape."""

from __future__ import annotations

import json

import pytest

from tests.sandbox.conformance import conforms
from tests.sandbox.http_client import TEXT, request

TOOL = {
    "type": "function",
    "name": "get_weather",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
}
PROMPT = "I love programming."


def _ask(sandbox, given=PROMPT, **options):
    return request(sandbox, "POST", "/responses", {"model": "m", "input": given, **options})


def _events(reply):
    """The events with their names, which must agree with their data."""
    found = []
    for block in reply.text.strip().split("\n\n"):
        name, data = block.split("\n")
        event = json.loads(data.removeprefix("data: "))
        assert name == f"event: {event['type']}"
        found.append(event)
    return found


def test_the_reply(shared_sandbox):
    """A message with the text, usage in the other words, and the cost."""
    reply = _ask(shared_sandbox)
    (item,) = reply.json["output"]

    assert (reply.json["object"], reply.json["status"]) == ("response", "completed")
    assert (item["type"], item["role"]) == ("message", "assistant")
    assert item["content"] == [{"type": "output_text", "text": TEXT, "annotations": []}]
    assert reply.json["output_text"] == TEXT
    usage = reply.json["usage"]
    assert usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"]
    assert reply.json["meta"]["usage"]["credits_used"] == int(
        reply.headers["x-aimlapi-credits-used"]
    )


@pytest.mark.parametrize(
    "given",
    [
        [{"role": "user", "content": PROMPT}],
        [{"type": "message", "role": "user", "content": [{"type": "input_text", "text": PROMPT}]}],
        [
            {"role": "developer", "content": "Be brief."},
            {"type": "reasoning", "id": "rs_1", "summary": []},
            {"role": "assistant", "content": [{"type": "output_text", "text": "Yes?"}]},
            {"role": "user", "content": PROMPT},
        ],
    ],
)
def test_input_items(shared_sandbox, given):
    """Messages are understood in all their spellings, and items no chat has are left out."""
    assert _ask(shared_sandbox, given, instructions="Be kind.").json["output_text"] == TEXT


@pytest.mark.parametrize(
    ("part", "seen"),
    [
        ({"type": "input_image", "image_url": "data:image/png;base64,AAAA"}, "image/png, 3 bytes"),
        ({"type": "input_file", "file_id": "file-1"}, "1 file"),
        ({"type": "input_file", "file_url": "https://example.com/a.pdf"}, "1 file"),
        (
            {
                "type": "input_file",
                "filename": "a.pdf",
                "file_data": "data:application/pdf;base64,AAAA",
            },
            "a.pdf, application/pdf, 3 bytes",
        ),
    ],
)
def test_media(shared_sandbox, part, seen):
    """Images and files arrive."""
    assert seen in _ask(shared_sandbox, [{"role": "user", "content": [part]}]).json["output_text"]


def test_tools_and_their_answers(shared_sandbox):
    """A call is an item; its output, sent back, is repeated in the text."""
    first = _ask(shared_sandbox, "Weather in 'Paris'?", tools=[TOOL])
    (call,) = first.json["output"]
    history = [
        {"role": "user", "content": "Weather in 'Paris'?"},
        call,
        {"type": "function_call_output", "call_id": call["call_id"], "output": "Sunny."},
    ]
    second = _ask(shared_sandbox, history, tools=[TOOL])

    assert (call["type"], call["name"]) == ("function_call", "get_weather")
    assert json.loads(call["arguments"]) == {"city": "Paris"}
    assert 'The tool get_weather said: "Sunny."' in second.json["output_text"]


@pytest.mark.parametrize(
    ("choice", "called"),
    [
        ("none", False),
        ("required", True),
        ({"type": "function", "name": "get_weather"}, True),
        ({"type": "allowed_tools", "mode": "required", "tools": [TOOL]}, True),
        ({"type": "web_search_preview"}, False),
    ],
)
def test_tool_choice(shared_sandbox, choice, called):
    """The tool choice applies in this dialect, too."""
    tools = [TOOL, {"type": "web_search_preview"}]
    reply = _ask(shared_sandbox, "Hello", tools=tools, tool_choice=choice)

    assert (reply.json["output"][0]["type"] == "function_call") == called


def test_custom_tools(shared_sandbox):
    """A custom tool gets text, and may answer."""
    tool = {"type": "custom", "name": "code"}
    (call,) = _ask(shared_sandbox, "code 'print(1)'", tools=[tool]).json["output"]
    output = {"type": "custom_tool_call_output", "call_id": call["call_id"], "output": "1"}
    reply = _ask(shared_sandbox, [{"role": "user", "content": "code"}, call, output], tools=[tool])

    assert (call["type"], call["input"]) == ("custom_tool_call", "print(1)")
    assert 'The tool code said: "1"' in reply.json["output_text"]


def test_json_schema(shared_sandbox):
    """`text.format` applies."""
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    wanted = {"format": {"type": "json_schema", "name": "x", "schema": schema, "strict": True}}
    reply = _ask(shared_sandbox, text=wanted)

    assert conforms(json.loads(reply.json["output_text"]), schema)
    assert reply.json["text"] == wanted


def test_reasoning_is_an_item(shared_sandbox):
    """Reasoning comes before the message, as a summary."""
    reply = _ask(shared_sandbox, reasoning={"effort": "high", "summary": "auto"})

    assert [item["type"] for item in reply.json["output"]] == ["reasoning", "message"]
    assert reply.json["usage"]["output_tokens_details"]["reasoning_tokens"] > 0


def test_a_limit(shared_sandbox):
    """A response that was cut is incomplete, and says why."""
    reply = _ask(shared_sandbox, "word " * 30, max_output_tokens=16)

    assert reply.json["status"] == "incomplete"
    assert reply.json["incomplete_details"] == {"reason": "max_output_tokens"}
    assert reply.json["usage"]["output_tokens"] == 16


def test_logprobs(shared_sandbox):
    """Figures are there if they are asked for."""
    reply = _ask(shared_sandbox, include=["message.output_text.logprobs"], top_logprobs=2)
    logs = reply.json["output"][0]["content"][0]["logprobs"]

    assert "".join(entry["token"] for entry in logs) == TEXT


def test_what_was_said_before_is_remembered(sandbox):
    """A response can go on from another; not from one that is unknown, or was not stored."""
    first = _ask(sandbox, "Weather in 'Paris'?", tools=[TOOL]).json
    output = {
        "type": "function_call_output",
        "call_id": first["output"][0]["call_id"],
        "output": "Sunny.",
    }
    second = _ask(sandbox, [output], tools=[TOOL], previous_response_id=first["id"])
    unstored = _ask(sandbox, store=False).json["id"]

    assert "Sunny." in second.json["output_text"]
    assert _ask(sandbox, previous_response_id="resp_0").status == 400
    assert _ask(sandbox, previous_response_id=unstored).status == 400


@pytest.mark.parametrize(
    ("options", "kinds"),
    [
        ({}, ["message"]),
        ({"reasoning": {"effort": "low"}}, ["reasoning", "message"]),
        ({"tools": [TOOL], "tool_choice": "required"}, ["function_call"]),
        ({"tools": [{"type": "custom", "name": "code"}], "input": "code"}, ["custom_tool_call"]),
        ({"include": ["message.output_text.logprobs"]}, ["message"]),
    ],
)
def test_the_stream_builds_the_reply(shared_sandbox, options, kinds):
    """The events are numbered, and their deltas add up to the response that ends them."""
    events = _events(_ask(shared_sandbox, stream=True, **{"input": PROMPT, **options}))
    whole = events[-1]["response"]
    deltas = "".join(event.get("delta", "") for event in events)

    assert [event["sequence_number"] for event in events] == list(range(len(events)))
    assert [event["type"] for event in events[:2]] == ["response.created", "response.in_progress"]
    assert events[0]["response"]["output"] == []
    assert events[-1]["type"] == "response.completed"
    assert [item["type"] for item in whole["output"]] == kinds
    assert [event["item"] for event in events if event["type"].endswith("item.done")] == whole[
        "output"
    ]
    assert deltas.endswith(whole["output_text"] or deltas[-1])
    assert whole["meta"]["usage"]["credits_used"] > 0


def test_a_cut_stream_is_incomplete(shared_sandbox):
    """The last event of a response that was cut says so."""
    events = _events(_ask(shared_sandbox, "word " * 30, stream=True, max_output_tokens=16))

    assert events[-1]["type"] == "response.incomplete"


@pytest.mark.parametrize(
    "wrong",
    [
        {"input": None},
        {"input": []},
        {"input": 7},
        {"input": ["x"]},
        {"input": [{"role": "user", "content": [{"type": "telepathy"}]}]},
        {"max_output_tokens": 15},
        {"model": None},
        {"reasoning": {"effort": "huge"}},
        {"tools": [{"type": "function", "name": "a b"}]},
        {"tools": ["x"]},
        {"input": [{"type": "function_call_output", "call_id": "c", "output": "x"}]},
    ],
)
def test_refused(shared_sandbox, wrong):
    """What the service does not take is 400."""
    body = {"model": "m", "input": "x", **wrong}

    assert request(shared_sandbox, "POST", "/responses", body).status == 400
