"""The requests of the Responses route: parameters, tools, and messages as input items."""

from __future__ import annotations

import pytest
from langchain_core.messages import (
    AIMessage,
    ChatMessage,
    FunctionMessage,
    HumanMessage,
    SystemMessage,
    ToolMessage,
)

from langchain_aimlapi._catalogue import vendor
from langchain_aimlapi._catalogue.spec import ModelSpec
from langchain_aimlapi._codec.encode.chat import Options
from langchain_aimlapi._codec.encode.responses import encode_responses
from langchain_aimlapi.errors import ConfigurationError, UnsupportedContentError

from ..responses import (
    added_up,
    call,
    custom_call,
    message,
    read,
    reasoning_item,
    refusal,
    response,
    streamed,
)
from ..samples import MP4, PDF, PNG, TOOL, URL, WAV

HI = HumanMessage("hi")
ITEM = {"role": "user", "content": "hi"}
SPEC = ModelSpec(
    id="acme/thinker",
    route="responses",
    parameters=frozenset({"include", "max_output_tokens", "reasoning", "text", "tools"}),
    efforts=("low", "high"),
    response_formats=frozenset({"json_schema", "text"}),
)


def encoded(*messages, spec=None, **settings):
    """A request, and what was left out of it."""
    names = ("echo_reasoning", "stream", "unsupported")
    options = {name: settings.pop(name) for name in names if name in settings}
    options = Options(spec=spec, **options)
    return encode_responses("acme/thinker", list(messages) or [HI], settings, options)


def body(*messages, **how):
    """The body of a request but for its model and its input."""
    written = encoded(*messages, **how).body
    assert written.pop("model") == "acme/thinker"
    written.pop("input")
    return written


def items(*messages, **how):
    """The input items of a request."""
    return encoded(*messages, **how).body["input"]


# --- parameters -----------------------------------------------------------------------------------


def test_nothing_is_sent_unasked():
    """A request holds the model and its input."""
    assert encoded(HI).body == {"model": "acme/thinker", "input": [ITEM]}
    assert encoded(HI, spec=SPEC).body == {"model": "acme/thinker", "input": [ITEM]}


SCHEMA = {"type": "object", "properties": {"n": {"type": "integer"}}}


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ({"max_tokens": 50}, {"max_output_tokens": 50}),
        ({"max_tokens": 5}, {"max_output_tokens": 16}),
        ({"max_tokens": 90, "max_completion_tokens": 50}, {"max_output_tokens": 50}),
        ({"max_tokens": 90, "max_output_tokens": 50}, {"max_output_tokens": 50}),
        ({"reasoning_effort": "high"}, {"reasoning": {"effort": "high"}}),
        (
            {"reasoning_effort": "high", "reasoning": {"summary": "auto"}},
            {"reasoning": {"effort": "high", "summary": "auto"}},
        ),
        (
            {"reasoning_effort": "high", "reasoning": {"effort": "low"}},
            {"reasoning": {"effort": "low"}},
        ),
        ({"verbosity": "low"}, {"text": {"verbosity": "low"}}),
        (
            {"response_format": {"type": "json_object"}},
            {"text": {"format": {"type": "json_object"}}},
        ),
        (
            {
                "response_format": {
                    "type": "json_schema",
                    "json_schema": {"name": "n", "schema": SCHEMA, "strict": True},
                }
            },
            {
                "text": {
                    "format": {
                        "type": "json_schema",
                        "name": "n",
                        "schema": SCHEMA,
                        "strict": True,
                    }
                }
            },
        ),
        ({"logprobs": True}, {"include": ["message.output_text.logprobs"]}),
        ({"logprobs": False}, {}),
        (
            {"top_logprobs": 2, "include": ["reasoning.encrypted_content"]},
            {
                "top_logprobs": 2,
                "include": ["reasoning.encrypted_content", "message.output_text.logprobs"],
            },
        ),
        ({"temperature": 0, "top_p": 0.5}, {"temperature": 0, "top_p": 0.5}),
        ({"previous_response_id": "resp_1"}, {"previous_response_id": "resp_1"}),
        ({"guided_regex": "a"}, {"guided_regex": "a"}),
        ({"stream": True}, {"stream": True}),
        ({"parallel_tool_calls": False}, {}),
        ({"extra_body": {"store": False}}, {"store": False}),
    ],
)
def test_names(given, sent):
    """Each of our names goes by the name it has here; the route's own names pass."""
    assert body(**given) == sent


@pytest.mark.parametrize("name", ["n", "seed", "stop", "logit_bias", "frequency_penalty"])
def test_what_the_route_does_not_know_is_left_out(name):
    """Some parameters of chat completions have no counterpart, whatever the model."""
    written = encoded(HI, **{name: 1})

    assert (name not in written.body, written.dropped) == (True, (name,))


def test_what_the_model_does_not_take_is_left_out():
    """Of what the route knows, a model may take less."""
    written = encoded(HI, spec=SPEC, temperature=0.5, max_tokens=50)

    assert written.dropped == ("temperature",)
    assert written.body["max_output_tokens"] == 50


def test_what_is_not_taken_may_be_sent_or_refused():
    """The caller may insist, or want to know."""
    assert body(spec=SPEC, temperature=0.5, unsupported="send") == {"temperature": 0.5}
    with pytest.raises(ConfigurationError, match="acme/thinker does not take temperature"):
        encoded(HI, spec=SPEC, temperature=0.5, unsupported="error")


# --- tools ----------------------------------------------------------------------------------------


def test_tools_lie_flat():
    """A function has no level of its own, and is not strict unless it says so."""
    (tool,) = body(tools=[TOOL])["tools"]
    (strict,) = body(tools=[{**TOOL, "function": {"name": "f", "strict": True}}])["tools"]

    assert tool == {"type": "function", "strict": False, **TOOL["function"]}
    assert strict["strict"] is True
    assert strict["parameters"] == {"type": "object", "properties": {}}


@pytest.mark.parametrize(
    ("tool", "sent"),
    [
        ({"type": "web_search_preview"}, {"type": "web_search_preview"}),
        ({"type": "mcp", "server_label": "s"}, {"type": "mcp", "server_label": "s"}),
        (
            {"type": "custom", "custom": {"name": "code"}},
            {"type": "custom", "name": "code", "format": {"type": "text"}},
        ),
        (
            {"type": "custom", "name": "code"},
            {"type": "custom", "name": "code", "format": {"type": "text"}},
        ),
    ],
)
def test_other_tools(tool, sent):
    """Custom tools lie flat too, and those of the service pass as they are."""
    assert body(tools=[tool])["tools"] == [sent]


@pytest.mark.parametrize(
    ("choice", "sent"),
    [
        ("auto", "auto"),
        ("required", "required"),
        ("weather", {"type": "function", "name": "weather"}),
        (
            {"type": "function", "function": {"name": "weather"}},
            {"type": "function", "name": "weather"},
        ),
        ({"type": "function", "name": "weather"}, {"type": "function", "name": "weather"}),
        ({"type": "web_search_preview"}, {"type": "web_search_preview"}),
        (
            {
                "type": "allowed_tools",
                "allowed_tools": {
                    "mode": "auto",
                    "tools": [{"type": "function", "function": {"name": "weather"}}],
                },
            },
            {
                "type": "allowed_tools",
                "mode": "auto",
                "tools": [{"type": "function", "name": "weather"}],
            },
        ),
    ],
)
def test_the_choice_of_a_tool(choice, sent):
    """So does the choice."""
    assert body(tools=[TOOL], tool_choice=choice)["tool_choice"] == sent


# --- messages -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "item"),
    [
        (HumanMessage("hi"), ITEM),
        (HumanMessage(""), {"role": "user", "content": ""}),
        (SystemMessage("Be brief."), {"role": "system", "content": "Be brief."}),
        (
            SystemMessage("Be brief.", additional_kwargs={"__openai_role__": "developer"}),
            {"role": "developer", "content": "Be brief."},
        ),
        (ChatMessage("hi", role="developer"), {"role": "developer", "content": "hi"}),
        (AIMessage("Yes?"), {"role": "assistant", "content": "Yes?"}),
        (AIMessage(""), {"role": "assistant", "content": ""}),
        (
            HumanMessage(["a", {"type": "text", "text": "b"}]),
            {
                "role": "user",
                "content": [
                    {"type": "input_text", "text": "a"},
                    {"type": "input_text", "text": "b"},
                ],
            },
        ),
    ],
)
def test_messages(given, item):
    """A message is an item with a role; one text is a string."""
    assert items(given) == [item]


@pytest.mark.parametrize(
    ("block", "part"),
    [
        (
            {"type": "image", "url": URL},
            {"type": "input_image", "detail": "auto", "image_url": URL},
        ),
        (
            {"type": "image", "base64": PNG, "mime_type": "image/png"},
            {
                "type": "input_image",
                "detail": "auto",
                "image_url": f"data:image/png;base64,{PNG}",
            },
        ),
        (
            {"type": "image", "file_id": "file-1"},
            {"type": "input_image", "detail": "auto", "file_id": "file-1"},
        ),
        (
            {"type": "image_url", "image_url": {"url": URL, "detail": "low"}},
            {"type": "input_image", "detail": "low", "image_url": URL},
        ),
        ({"type": "file", "file_id": "file-1"}, {"type": "input_file", "file_id": "file-1"}),
        (
            {"type": "file", "url": "https://a.test/a.pdf"},
            {"type": "input_file", "file_url": "https://a.test/a.pdf"},
        ),
        (
            {"type": "file", "base64": PDF, "mime_type": "application/pdf"},
            {
                "type": "input_file",
                "filename": "document.pdf",
                "file_data": f"data:application/pdf;base64,{PDF}",
            },
        ),
        (
            {"type": "non_standard", "value": {"type": "input_audio", "x": 1}},
            {"type": "input_audio", "x": 1},
        ),
    ],
)
def test_parts(block, part):
    """Pictures and files have parts of their own here; what is written in the route's words passes."""
    assert items(HumanMessage([{"type": "text", "text": "a"}, block])) == [
        {"role": "user", "content": [{"type": "input_text", "text": "a"}, part]}
    ]


@pytest.mark.parametrize(("kind", "data"), [("audio", WAV), ("video", MP4)])
def test_audio_and_video_are_refused(kind, data):
    """What has no part here is named before anything is sent."""
    with pytest.raises(UnsupportedContentError, match=f"{kind}.*nothing was sent"):
        items(HumanMessage([{"type": kind, "base64": data}]))


@pytest.mark.parametrize(
    ("messages", "error"),
    [
        ([FunctionMessage("x", name="f")], ConfigurationError),
        ([ToolMessage("x", tool_call_id="")], UnsupportedContentError),
        ([HumanMessage([{"type": "smell"}])], UnsupportedContentError),
    ],
)
def test_what_cannot_be_sent(messages, error):
    """Messages and blocks without a form are refused."""
    with pytest.raises(error):
        items(*messages)


def test_an_empty_conversation():
    """There must be something to answer."""
    with pytest.raises(ConfigurationError, match="no messages"):
        encode_responses("m", [], {}, Options())


# --- tools in a conversation ----------------------------------------------------------------------

CALLED = AIMessage(
    "I look.",
    tool_calls=[
        {"type": "tool_call", "id": "call_1", "name": "weather", "args": {"city": "Paris"}}
    ],
)
CALL = {
    "type": "function_call",
    "call_id": "call_1",
    "name": "weather",
    "arguments": '{"city":"Paris"}',
}
OUTPUT = {"type": "function_call_output", "call_id": "call_1", "output": "Sunny."}


def test_calls_and_results_are_items():
    """A turn of another model is its text and its calls; a result is an item too."""
    assert items(HI, CALLED, ToolMessage("Sunny.", tool_call_id="call_1")) == [
        ITEM,
        {"role": "assistant", "content": "I look."},
        CALL,
        OUTPUT,
    ]


def test_results_in_a_users_message():
    """Anthropic's form of a result is understood."""
    result = {"type": "tool_result", "tool_use_id": "call_1", "content": "Sunny."}

    assert items(CALLED, HumanMessage([result]))[2:] == [OUTPUT]
    assert items(CALLED, HumanMessage([result, "And?"]))[2:] == [
        OUTPUT,
        {"role": "user", "content": "And?"},
    ]


def test_pictures_in_results():
    """A picture follows in a user message, after all results."""
    picture = ToolMessage([{"type": "image", "url": URL}], tool_call_id="call_1")

    found = items(CALLED, picture, ToolMessage("Sunny.", tool_call_id="call_2"), HI)[2:]

    assert [item.get("type", item.get("role")) for item in found] == [
        "function_call_output",
        "function_call_output",
        "user",
        "user",
    ]
    assert found[2]["content"][1]["image_url"] == URL


def test_pictures_of_the_assistant():
    """A picture that another model drew is shown by the user."""
    drawn = AIMessage([{"type": "text", "text": "There."}, {"type": "image", "url": URL}])

    assert [item["role"] for item in items(drawn)] == ["assistant", "user"]


# --- what the model said goes back ----------------------------------------------------------------


def echoed(*output, **how):
    """The items that go back of a response with these."""
    return items(HI, read(response(*output)), **how)[1:]


TURNS = {
    "text": [message("Paris.")],
    "a refusal": [message(refusal("No."))],
    "a call": [call()],
    "text and a call": [message("I look."), call()],
    "reasoning and a call": [reasoning_item("Easy."), call()],
    "reasoning between": [
        reasoning_item("One."),
        call(),
        reasoning_item("Two.", identity="rs_2"),
        message("Paris."),
    ],
    "encrypted reasoning": [reasoning_item(encrypted_content="gAAA"), message("Paris.")],
    "two messages": [message("Wait.", phase="commentary"), message("Paris.", identity="msg_2")],
    "a custom call": [custom_call("print()")],
    "a search": [{"type": "web_search_call", "id": "ws_1", "action": {"q": 1}}, message("Hi")],
}
turns = pytest.mark.parametrize("output", TURNS.values(), ids=TURNS)


@turns
def test_items_go_back_as_they_came(output):
    """Order, ids, encrypted reasoning and texts are those of the response."""
    assert echoed(*output) == output


@turns
def test_items_go_back_after_streaming(output):
    """Chunks added up hold the same."""
    assert items(added_up(streamed(response(*output)))) == output


@turns
def test_items_go_back_from_blocks(output):
    """So does a message whose content are blocks."""
    answer = read(response(*output))
    as_blocks = answer.model_copy(update={"content": answer.content_blocks})

    assert items(as_blocks) == output


def test_reasoning_go_back_from_blocks_alone():
    """With nothing but the blocks left, reasoning still lead to what they led to."""
    output = TURNS["reasoning between"]
    blocks = read(response(*output)).content_blocks

    assert items(AIMessage(content=blocks)) == output


@pytest.mark.parametrize(
    "how", [{"echo_reasoning": False}, {"store": False}, {"extra_body": {"store": False}}]
)
def test_without_reasoning_no_ids_go_back(how):
    """The service refuses what has an id without the reasoning it came from."""
    found = echoed(reasoning_item("Easy."), message("I look."), call(), **how)

    assert [item["type"] for item in found] == ["message", "function_call"]
    assert all("id" not in item for item in found)


def test_encrypted_reasoning_need_no_store():
    """They hold all that the service wants to know."""
    output = TURNS["encrypted reasoning"]

    assert echoed(*output, store=False) == output


def test_reasoning_never_goes_alone():
    """Reasoning without what it led to is refused, so a cut turn is told without it."""
    assert echoed(reasoning_item("Easy.")) == [{"role": "assistant", "content": ""}]


def test_calls_may_be_taken_out():
    """A call that was removed takes its reasoning with it."""
    answer = read(
        response(reasoning_item("Easy."), message("I look."), reasoning_item("Two."), call())
    )
    answer.tool_calls = []

    found = items(answer)
    assert [item["type"] for item in found] == ["message"]
    assert "id" not in found[0]


def test_text_may_be_edited():
    """An edited text goes whole into the last message."""
    answer = read(response(message("Wait."), message("Paris.", identity="msg_2")))
    answer.content = "Rome."

    (item,) = items(answer)
    assert (item["id"], item["content"][0]["text"]) == ("msg_2", "Rome.")


def test_calls_may_be_added():
    """A call that no response held comes last."""
    answer = read(response(message("I look.")))
    answer.tool_calls = CALLED.tool_calls

    assert items(answer) == [message("I look."), CALL]


def test_results_of_custom_tools():
    """The result of a custom tool has a type of its own."""
    answer = read(response(custom_call("print()")))

    assert items(answer, ToolMessage("1", tool_call_id="call_1"))[1] == {
        "type": "custom_tool_call_output",
        "call_id": "call_1",
        "output": "1",
    }


def test_parts_of_other_services_go_back_as_they_are():
    """What the caller wrote in the route's words stays beside the text."""
    part = {"type": "output_audio", "x": 1}
    said = AIMessage([{"type": "text", "text": "Hi"}, {"type": "non_standard", "value": part}])

    (item,) = items(said)
    assert [entry["type"] for entry in item["content"]] == ["output_text", "output_audio"]


def test_pictures_go_back_by_id():
    """A picture the model drew is known by its id, and is not sent a second time."""
    drawn = {"type": "image_generation_call", "id": "ig_1", "status": "completed"}
    answer = read(response({**drawn, "result": "AAAA"}, message("There.")))
    as_blocks = answer.model_copy(update={"content": answer.content_blocks})

    assert items(answer) == items(as_blocks) == [drawn, message("There.")]


def test_a_turn_of_this_route_in_a_chat():
    """Its reasoning are of no use to other models, and stay here."""
    from ..samples import turns as chat_turns

    said = read(response(reasoning_item("Easy."), message("Paris.")))

    assert chat_turns(HI, said)[1] == {"role": "assistant", "content": "Paris."}


@pytest.mark.parametrize(("said_by", "kept"), [("gpt-5-5", True), ("grok-4", False)])
def test_ids_of_another_vendors_service_stay_behind(said_by, kept):
    """Only the service that gave an id knows it, also where no reasoning came with the items."""
    answer = read(response(message("I look."), call()))
    answer.response_metadata["model_name"] = said_by
    options = Options(vendor_of=vendor)

    written = encode_responses("openai/gpt-5-5", [HI, answer], {}, options).body["input"]

    assert [item["type"] for item in written[1:]] == ["message", "function_call"]
    assert all(("id" in item) is kept for item in written[1:])
