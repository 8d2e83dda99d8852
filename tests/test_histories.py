"""Histories that vendors refuse, or that other services wrote: every thread can go on.

The sandbox refuses what vendors refuse, so that an answer is a proof; what must have reached the
model, and what must not, is looked for in the request.
"""

from __future__ import annotations

import json
import re

import pytest
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.tools import tool

MODELS = {
    "openai dialect": {"model": "gpt-4o"},
    "anthropic dialect": {"model": "claude-sonnet-4-5"},
    "Claude in the openai dialect": {"model": "anthropic/claude-opus-4-8", "dialect": "openai"},
    "responses route": {"model": "gpt-4o", "use_responses_api": True},
}
ASK, NEXT = HumanMessage("How is Rome?"), HumanMessage("And now?")
LONG, ODD = "call_" + "x" * 60, "functions.weather:0"
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNkYAAAAAYAAjCB0C8AAAAASUVORK5CYII="


@tool
def weather(city: str) -> str:
    """The weather in a city."""
    return f"sunny in {city}"


@pytest.fixture(params=MODELS.values(), ids=MODELS)
def llm(request, aimlapi_sandbox, model):
    """A model of each dialect and route, with a tool."""
    return model(**request.param).bind_tools([weather])


def compact(body):
    """A body as text."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"))


def sent(sandbox):
    """The latest request's body as text."""
    return compact(sandbox.requests[-1].body)


def called(identity="c1", name="weather", **args):
    """A tool call as LangChain holds it."""
    return {"type": "tool_call", "id": identity, "name": name, "args": args or {"city": "Rome"}}


def broken(args, identity="c1", name="weather"):
    """A tool call whose arguments are no JSON object."""
    return {"type": "invalid_tool_call", "id": identity, "name": name, "args": args, "error": "no"}


def said_with(*calls, content=""):
    """An assistant's message with calls, valid or not."""
    invalid = [call for call in calls if call["type"] == "invalid_tool_call"]
    valid = [call for call in calls if call["type"] == "tool_call"]
    return AIMessage(content, tool_calls=valid, invalid_tool_calls=invalid)


def result(content="FOUND", identity="c1", **more):
    """The result of a call."""
    return ToolMessage(content, tool_call_id=identity, **more)


def emptied():
    """A message whose calls were taken away after it was made."""
    message = AIMessage([{"type": "text", "text": "FOUND"}, {**called(), "name": "gone_tool"}])
    message.tool_calls = []
    return message


BLOCKS = [
    {"type": "tool_use", "id": "c1", "name": "weather", "input": {"city": "FOUND"}},
    {"type": "tool_call", "id": "c1", "name": "weather", "args": {"city": "FOUND"}},
    {"type": "function_call", "call_id": "c1", "name": "weather", "arguments": '{"city": "FOUND"}'},
    {"type": "invalid_tool_call", "id": "c1", "name": "weather", "args": '{"city": "FOUND"'},
]

HISTORIES = {
    "broken arguments, answered": [ASK, said_with(broken('{"city": "FOU')), result(), NEXT],
    "arguments that are a list": [ASK, said_with(broken("[1]")), result(), NEXT],
    "arguments with NaN": [ASK, said_with(called(city=float("nan"))), result(), NEXT],
    "half of a character": [ASK, said_with(called(city="FOUND \ud83d")), result(), NEXT],
    "broken arguments, open": [ASK, said_with(broken('{"a', name="gone_tool")), NEXT],
    "an open call": [ASK, said_with(called(name="gone_tool"), content="FOUND"), NEXT],
    "one of two open": [ASK, said_with(called(), called("c2", "gone_tool")), result(), NEXT],
    "a call without a name": [
        ASK,
        said_with(called(), broken("{}", "c2", None)),
        result(),
        result("gone_tool", "c2"),
        NEXT,
    ],
    "calls taken away": [ASK, emptied(), NEXT],
    **{f"{block['type']} alone": [ASK, AIMessage([block]), result(), NEXT] for block in BLOCKS},
    "a result said twice": [ASK, said_with(called()), result(), result(), NEXT],
    "words before the result": [ASK, said_with(called()), HumanMessage("Hm?"), result(), NEXT],
    "a long id": [ASK, said_with(called(LONG)), result(identity=LONG), NEXT],
    "an id of other characters": [ASK, said_with(called(ODD)), result(identity=ODD), NEXT],
    "two calls under one id": [
        ASK,
        said_with(called(), called(city="Oslo")),
        result("one"),
        result("FOUND"),
        NEXT,
    ],
    "one id in two turns": [ASK, said_with(called()), result(), said_with(called()), result()],
    "a tool of an odd name": [ASK, said_with(called(name="Page[int]")), result(), NEXT],
    "blank texts": [
        SystemMessage([" ", "Be brief."]),
        HumanMessage([{"type": "text", "text": ""}, {"type": "text", "text": "FOUND"}]),
        AIMessage([{"type": "text", "text": "\n"}, {"type": "text", "text": "Hm."}]),
        NEXT,
    ],
    "blank texts beside a call": [
        ASK,
        AIMessage([{"type": "text", "text": " "}], tool_calls=[called()]),
        result([{"type": "text", "text": ""}, {"type": "text", "text": "FOUND"}]),
        NEXT,
    ],
}


def test_threads_go_on(ask, llm, aimlapi_sandbox):
    """What a run can leave behind in a history is no reason to refuse it, and nothing is lost."""
    for count, (name, history) in enumerate(HISTORIES.items(), start=1):
        ask(llm, history)

        assert len(aimlapi_sandbox.requests) == count, f"{name}: asked again in another dialect"
        body = sent(aimlapi_sandbox)
        assert "gone_tool" not in body, name
        if "FOUND" in str(history):
            assert "FOUND" in body, name


def test_a_call_that_is_still_to_be_answered_is_sent(llm, aimlapi_sandbox):
    """A program that forgot the result hears it from the service, not nothing."""
    with pytest.raises(Exception, match="no tool result for 'c1'"):
        llm.invoke([ASK, said_with(called())])


TEXT = {"type": "text", "text": "FOUND"}
FOREIGN = {
    "a search of OpenAI": [
        {"type": "reasoning", "id": "rs_1", "summary": []},
        {"type": "web_search_call", "id": "ws_1", "status": "completed"},
    ],
    "a picture of OpenAI": [{"type": "image_generation_call", "id": "ig_1", "result": PNG}],
    "code of OpenAI": [{"type": "code_interpreter_call", "id": "ci_1", "code": "1+1"}],
    "a search in files": [{"type": "file_search_call", "id": "fs_1", "queries": []}],
    "an MCP call": [{"type": "mcp_call", "id": "m_1", "name": "f", "arguments": "{}"}],
    "a shell": [{"type": "local_shell_call", "id": "l_1", "action": {}}],
    "a search of Anthropic": [
        {"type": "server_tool_use", "id": "st_1", "name": "web_search", "input": {}},
        {"type": "web_search_tool_result", "tool_use_id": "st_1", "content": []},
    ],
    "code of Anthropic": [{"type": "bash_code_execution_tool_result", "tool_use_id": "s"}],
    "code of Gemini": [
        {"type": "executable_code", "executable_code": "1+1", "language": 1},
        {"type": "code_execution_result", "code_execution_result": "2", "outcome": 1},
    ],
    "files of Anthropic": [{"type": "container_upload", "file_id": "f_1"}],
    "tools found by OpenAI": [{"type": "tool_search_output", "id": "t_1", "tools": []}],
    "references of Mistral": [
        {"type": "reference", "reference_ids": [1]},
        {"type": "tool_reference", "tool": "web_search", "title": "t"},
        {"type": "tool_file", "tool": "image_generation", "file_id": "f"},
    ],
    "a guard of Bedrock": [{"type": "guard_content", "guard_content": {"type": "text"}}],
    "wrapped by LangChain": [
        {"type": "non_standard", "value": {"type": "server_tool_use", "id": "st", "input": {}}},
        {"type": "non_standard", "value": {"type": "tool_file", "file_id": "f"}},
        {"type": "non_standard", "value": {"type": "compaction", "content": "c"}},
    ],
    "reasoning of Bedrock": [{"type": "reasoning_content", "reasoning_content": {"text": "Hm"}}],
    "tools in LangChain's words": [
        {"type": "server_tool_call", "id": "a", "name": "web_search", "args": {}},
        {"type": "server_tool_result", "tool_call_id": "a", "status": "success"},
    ],
}


def test_blocks_of_foreign_tools_stay_behind(ask, llm, aimlapi_sandbox):
    """A thread that another vendor's class has written can be continued, with its words alone."""
    for name, blocks in FOREIGN.items():
        for content in ([*blocks, TEXT], blocks):
            ask(llm, [ASK, AIMessage(content), NEXT])

            body = sent(aimlapi_sandbox)
            assert ("FOUND" in body) is (TEXT in content), name
            assert not any(f'"{block["type"]}"' in body for block in blocks), name


NATIVE = {"type": "new_tool_of_theirs", "id": "n_1", "text": "NATIVE"}


@pytest.mark.parametrize(
    "block",
    [
        NATIVE,
        {"type": "non_standard", "value": NATIVE},
        {"type": "document", "document": {"format": "pdf", "source": {"bytes": b"NATIVE"}}},
        {"type": "image", "NATIVE": 1},
        {"NATIVE": {"type": "default"}},
    ],
    ids=["of a new type", "wrapped", "with bytes", "unreadable", "without a type"],
)
def test_no_block_of_another_integration_stops_a_thread(ask, llm, aimlapi_sandbox, block):
    """Vendors add blocks all the time, and nobody can take them out of a stored thread."""
    said = AIMessage([block, TEXT], response_metadata={"model_provider": "bedrock_converse"})

    ask(llm, [ASK, said, NEXT])

    assert "FOUND" in sent(aimlapi_sandbox)
    assert "NATIVE" not in sent(aimlapi_sandbox)


def test_audio_of_another_integration_stops_no_thread(ask, llm, aimlapi_sandbox):
    """ChatGoogleGenerativeAI keeps the bytes themselves where others keep an id."""
    said = AIMessage(
        "", additional_kwargs={"audio": b"RIFF"}, response_metadata={"model_provider": "google"}
    )

    ask(llm, [ASK, said, NEXT])

    assert "RIFF" not in sent(aimlapi_sandbox)


def test_pictures_that_another_integration_wrapped_go_on(ask, model, aimlapi_sandbox):
    """LangChain has no block for every vendor's picture."""
    source = {"type": "base64", "media_type": "image/png", "data": PNG}
    wrapped = {"type": "non_standard", "value": {"type": "image", "source": source}}
    said = AIMessage([wrapped], response_metadata={"model_provider": "bedrock_converse"})

    ask(model(), [ASK, said, NEXT])

    assert PNG in sent(aimlapi_sandbox)


# --- handing a thread over ------------------------------------------------------------------------

DETAILS = [{"type": "reasoning.text", "text": "SECRET", "signature": "s", "index": 0}]
THINKING = {"type": "thinking", "thinking": "SECRET", "signature": "c2ln"}
WHOSE = {
    "DeepSeek's": AIMessage(
        "Hm.",
        additional_kwargs={"reasoning_content": "SECRET"},
        response_metadata={"model_provider": "aimlapi", "model_name": "deepseek-v4-pro-0813"},
    ),
    "details": AIMessage(
        "Hm.",
        additional_kwargs={"reasoning_details": DETAILS},
        response_metadata={"model_provider": "aimlapi", "model_name": "x-ai/grok-4-20"},
    ),
    "tags": AIMessage(
        "Hm.",
        additional_kwargs={"reasoning_content": "SECRET", "reasoning_key": "<think>"},
        response_metadata={"model_provider": "aimlapi", "model_name": "minimax/m2-7"},
    ),
    "Gemini's": AIMessage(
        [THINKING, {"type": "text", "text": "Hm."}],
        response_metadata={"model_provider": "google_genai", "model_name": "gemini-2.5-pro"},
    ),
    "Mistral's": AIMessage(
        [{"type": "thinking", "thinking": [{"type": "text", "text": "SECRET"}]}, "Hm."],
        response_metadata={"model_provider": "mistralai"},
    ),
    "Gemini's signature": AIMessage(
        "Hm.",
        tool_calls=[called()],
        additional_kwargs={"tool_call_extras": {"c1": {"extra_content": {"google": "SECRET"}}}},
        response_metadata={"model_provider": "aimlapi", "model_name": "google/gemini-3-5-flash"},
    ),
    "audio": AIMessage(
        "Hm.",
        additional_kwargs={"audio": {"id": "SECRET"}},
        response_metadata={"model_provider": "aimlapi", "model_name": "qwen3.5-omni-plus"},
    ),
}


def test_reasoning_stays_with_its_vendor(ask, llm, aimlapi_sandbox):
    """Others refuse the key it stands under, or cannot check its signature."""
    for name, turn in WHOSE.items():
        rest = [result(), NEXT] if turn.tool_calls else [NEXT]
        ask(llm, [ASK, turn, *rest])

        body = sent(aimlapi_sandbox)
        assert "SECRET" not in body, name
        assert "Hm." in body, name


@pytest.mark.parametrize(
    "name", ["deepseek-v4-pro-0813", "deepseek/deepseek-v4-pro", "DeepSeek-R2"]
)
def test_reasoning_goes_back_to_its_own_vendor(ask, model, aimlapi_sandbox, name):
    """By any name that its back ends give the model."""
    turn = WHOSE["DeepSeek's"].model_copy(
        update={"response_metadata": {"model_provider": "aimlapi", "model_name": name}}
    )

    ask(model(model="deepseek/deepseek-v4-pro"), [ASK, turn, NEXT])

    assert aimlapi_sandbox.requests[-1].body["messages"][1]["reasoning_content"] == "SECRET"


@pytest.mark.parametrize("name", ["mistralai/mistral-nemo", "deepseek/deepseek-v4-pro"])
def test_threads_of_others_go_to_models_that_are_strict_about_reasoning(
    ask, model, aimlapi_sandbox, name
):
    """One vendor takes none back, another wants it with every turn; the sandbox is as strict."""
    effort = {"reasoning_effort": "high"} if "deepseek" in name else {}
    lost = AIMessage("Hm.", additional_kwargs={"reasoning_content": "SECRET"})
    for turn in (*WHOSE.values(), AIMessage("Hm."), lost):
        rest = [result(), NEXT] if turn.tool_calls else [NEXT]

        ask(model(model=name, **effort), [ASK, turn, *rest])

    assert ("SECRET" in sent(aimlapi_sandbox)) is ("deepseek" in name)


def test_lists_of_thinking_blocks_are_text(ask, model, aimlapi_sandbox):
    """Never Python's way to write a list."""
    turn = AIMessage([{"type": "thinking", "thinking": [{"type": "text", "text": "Hm."}]}, "Yes."])

    ask(model(model="qwen-max"), [ASK, turn, NEXT])

    assert aimlapi_sandbox.requests[-1].body["messages"][1]["reasoning_content"] == "Hm."


def test_ids_are_mapped_alike_on_call_and_result(ask, llm, aimlapi_sandbox):
    """The result still names its call, and the same id is sent on every turn."""
    history = [ASK, said_with(called(LONG)), result(identity=LONG), NEXT]

    ask(llm, history)
    ask(llm, history)

    first, second = (compact(request.body) for request in aimlapi_sandbox.requests)
    found = re.findall(r'"(?:id|call_id|tool_use_id|tool_call_id)":"([^"]+)"', first)
    assert first == second
    assert len(set(found)) == 1
    assert re.fullmatch(r"[a-zA-Z0-9_-]{1,40}", found[0])


# --- results of tools -----------------------------------------------------------------------------

RESULTS = {
    "json": {"type": "json", "json": {"answer": "FOUND"}},
    "search_result": {"type": "search_result", "title": "FOUND", "content": [TEXT]},
    "custom_tool_call_output": {"type": "custom_tool_call_output", "output": "FOUND"},
    "a row like a document": {"type": "document", "pages": 3, "title": "FOUND"},
    "a row like an image": {"type": "image", "name": "FOUND"},
    "a row like text": {"type": "text", "words": "FOUND"},
    "a row like reasoning": {"type": "reasoning", "score": "FOUND"},
    "a row like a call": {"type": "tool_call", "caller": "FOUND"},
    "a row of an unknown type": {"type": "hologram", "x": "FOUND"},
    "a row with a number": {"type": 7, "x": "FOUND"},
    "a row without a type": {"x": "FOUND"},
    "a row with NaN": {"x": float("nan"), "y": "FOUND"},
    "text": TEXT,
    "a text document": {"type": "document", "source": {"type": "text", "data": "FOUND"}},
}


NO_PARTS = {"custom_tool_call_output", "document", "hologram", "json", "reasoning", "search_result"}


def test_whatever_a_tool_returns_reaches_the_model(ask, llm, aimlapi_sandbox):
    """Rows and blocks that no message can hold go as JSON text, so that the thread can go on."""
    for name, block in RESULTS.items():
        for content in ([block], ["see", block]):
            ask(llm, [ASK, said_with(called()), result(content), NEXT])

            body = sent(aimlapi_sandbox)
            assert "FOUND" in body, name
            assert not any(f'{{"type":"{kind}"' in body for kind in NO_PARTS), name


def test_results_in_anthropics_words(ask, llm, aimlapi_sandbox):
    """The same in a `tool_result` block of a user's turn."""
    block = {
        "type": "tool_result",
        "tool_use_id": "c1",
        "content": [{"type": "json", "x": "FOUND"}],
    }

    ask(llm, [ASK, said_with(called()), HumanMessage([block, {"type": "text", "text": "And?"}])])

    assert "FOUND" in sent(aimlapi_sandbox)


def test_errors_about_content_tell_place_role_tool_and_remedy(llm, aimlapi_sandbox):
    """Whoever wrote the block must find it, and know what to do."""
    strange = HumanMessage(["see", {"type": "hologram"}])

    with pytest.raises(
        ValueError, match=r"messages\[1\] \(human\)\.content\[1\]: .*'hologram'.*Send"
    ):
        llm.invoke([ASK, strange])
    assert aimlapi_sandbox.requests == []


@pytest.mark.parametrize("name", ["anthropic dialect", "responses route"])
def test_errors_about_results_name_the_tool(model, aimlapi_sandbox, name):
    """The tool is the one to change, so its name is told, also where the message has none."""
    video = {"type": "video", "url": "https://example.org/a.mp4"}

    with pytest.raises(ValueError, match=r"messages\[2\] \(tool, 'weather'\)\.content\[0\].*video"):
        model(**MODELS[name]).invoke([ASK, said_with(called()), result([video]), NEXT])
