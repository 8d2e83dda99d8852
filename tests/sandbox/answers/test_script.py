"""Scripted answers: what they may hold, and which request gets which."""

from __future__ import annotations

import asyncio
import threading

import pytest
from langchain_core.messages import HumanMessage, ToolMessage

from langchain_aimlapi import AimlapiEmbeddings, ChatAimlapi, RateLimitError, StreamInterruptedError
from langchain_aimlapi.sandbox import Sandbox, UnusedAnswersError
from tests.sandbox.http_client import TEXT, calls, chat, request


@pytest.mark.parametrize("stream", [False, True])
def test_a_text(sandbox, stream):
    """The next request gets the text, and the one after it the sandbox's own."""
    sandbox.answer_next("It rains.", reasoning="Look outside.")
    first, second = (chat(sandbox, stream=stream) for _ in range(2))
    texts = [reply.joined() if stream else reply.message["content"] for reply in (first, second)]

    assert texts == ["It rains.", TEXT]
    assert "Look" in first.text


def test_calls(sandbox):
    """Scripted tools are called, whether the request has them or not."""
    sandbox.answer_next(tool_calls={"look_up": {"word": "日本"}, "ping": {}})
    reply = chat(sandbox)

    assert calls(reply) == [("look_up", {"word": "日本"}), ("ping", {})]
    assert reply.json["choices"][0]["finish_reason"] == "tool_calls"


def test_answers_queue_up(sandbox):
    """Several answers are given in turn, to either endpoint."""
    for word in ("one", "two"):
        sandbox.answer_next(word)

    assert chat(sandbox).message["content"] == "one"
    body = {"model": "m", "input": "hi"}
    assert request(sandbox, "POST", "/responses", body).json["output_text"] == "two"


def test_limits_still_hold(sandbox):
    """Stop sequences and token limits of the request apply."""
    for _ in range(2):
        sandbox.answer_next("It rains. It pours.")

    assert chat(sandbox, stop="It pours").message["content"] == "It rains. "
    assert chat(sandbox, max_tokens=1).json["choices"][0]["finish_reason"] == "length"


def test_refused_requests_use_up_no_answer(sandbox):
    """An answer waits for a request that gets one."""
    sandbox.answer_next("It rains.")
    sandbox.fail_next("status_503")

    assert [chat(sandbox, seed=0).status, chat(sandbox, seed=0).status] == [503, 400]
    assert chat(sandbox).message["content"] == "It rains."


PNG = b"\x89PNG\r\n\x1a\n"
ROUTES = ["chat", "responses"]


@pytest.fixture
def llm(aimlapi_sandbox):
    """A function that makes a model of either route."""

    def make(route="chat", **options):
        return ChatAimlapi(model="gpt-4o", use_responses_api=route == "responses", **options)

    return make


@pytest.mark.parametrize("route", ROUTES)
def test_text_and_several_calls_of_one_tool(aimlapi_sandbox, llm, ask, route):
    """An answer has text and calls, two of them of the same tool, with ids of one's own."""
    aimlapi_sandbox.answer_next(
        "Let me see.",
        tool_calls=[
            {"name": "get_weather", "args": {"city": "Paris"}, "id": "call_a"},
            {"name": "get_weather", "args": {"city": "Rome"}},
        ],
    )
    answer = ask(llm(route), "Weather?")

    assert answer.text == "Let me see."
    assert [call["args"]["city"] for call in answer.tool_calls] == ["Paris", "Rome"]
    assert answer.tool_calls[0]["id"] == "call_a"
    assert answer.tool_calls[1]["id"] not in ("", None, "call_a")


@pytest.mark.parametrize("route", ROUTES)
def test_usage_cost_and_finish_reason(aimlapi_sandbox, llm, ask, route):
    """They are what the script says, verbatim."""
    usage = {"input_tokens": 11, "output_tokens": 7, "cached_tokens": 5, "reasoning_tokens": 2}
    aimlapi_sandbox.answer_next("No.", usage=usage, cost=0.25, finish_reason="content_filter")
    answer = ask(llm(route), "Hi")

    counted = answer.usage_metadata
    assert (counted["input_tokens"], counted["output_tokens"], counted["total_tokens"]) == (
        11,
        7,
        18,
    )
    assert counted["input_token_details"]["cache_read"] == 5
    assert counted["output_token_details"]["reasoning"] == 2
    assert "0.25" in str(answer.response_metadata)
    assert "content_filter" in str(answer.response_metadata)


def test_no_usage(aimlapi_sandbox, llm, ask):
    """A reply without usage can be tried."""
    aimlapi_sandbox.answer_next("Hi", usage=False)

    assert ask(llm(), "Hi").usage_metadata is None


@pytest.mark.parametrize("route", ROUTES)
def test_reasoning_citations_and_images(aimlapi_sandbox, llm, ask, route):
    """All of them arrive, streamed or not."""
    aimlapi_sandbox.answer_next(
        "Berlin is big.",
        reasoning="Look it up.",
        citations=["https://a.test", {"url": "https://b.test", "title": "B", "text": "big"}],
        images=[PNG],
    )
    answer = ask(llm(route), "Hi")

    kinds = [block["type"] for block in answer.content_blocks]
    assert kinds.count("reasoning") == 1
    cited = [one for block in answer.content_blocks for one in block.get("annotations", [])]
    assert [one["url"] for one in cited] == ["https://a.test", "https://b.test"]
    assert "Berlin is big."[cited[1]["start_index"] : cited[1]["end_index"]] == "big"
    assert "iVBORw0KGgo=" in str(answer.content_blocks) + str(answer.additional_kwargs)


@pytest.mark.parametrize("route", ROUTES)
def test_logprobs(aimlapi_sandbox, llm, ask, route):
    """Log probabilities of the first tokens are the scripted ones."""
    aimlapi_sandbox.answer_next("It rains", chunks=["It", " rains"], logprobs=[-0.5, -0.25])
    answer = ask(llm(route), "Hi")

    content = answer.response_metadata["logprobs"]["content"]
    assert [(one["token"], one["logprob"]) for one in content] == [("It", -0.5), (" rains", -0.25)]


@pytest.mark.parametrize("route", ROUTES)
def test_chunk_boundaries(aimlapi_sandbox, llm, route):
    """A stream is cut where the script says: texts, or a number of characters for everything."""
    aimlapi_sandbox.answer_next(chunks=["It ra", "ins", "."])
    texts = [chunk.text for chunk in llm(route).stream("Hi") if chunk.text]
    assert texts == ["It ra", "ins", "."]

    aimlapi_sandbox.answer_next("It rains.", chunks=4, tool_calls={"f": {"a": 1}})
    streamed = [*llm(route).stream("Hi")]
    assert [chunk.text for chunk in streamed if chunk.text] == ["It r", "ains", "."]
    pieces = [one["args"] for chunk in streamed for one in chunk.tool_call_chunks if one["args"]]
    assert pieces == ['{"a"', ":1}"]


def test_pace(aimlapi_sandbox, llm):
    """An answer may be slower than the sandbox."""
    loop_time = asyncio.new_event_loop
    aimlapi_sandbox.answer_next("one two three", ttft=0.2, tokens_per_second=20)
    clock = loop_time()
    try:
        start = clock.time()
        assert llm().invoke("Hi").text == "one two three"
        assert clock.time() - start >= 0.3
    finally:
        clock.close()


def test_errors(aimlapi_sandbox, llm):
    """A status, a status with a message, or any fault by name."""
    for error in ("rate_limit", 429, (429, "Slow down")):
        aimlapi_sandbox.answer_next(error=error)
    quick = llm(max_retries=0)
    messages = []
    for _ in range(3):
        with pytest.raises(RateLimitError) as failed:
            quick.invoke("Hi")
        messages.append(str(failed.value))
    assert "Slow down" in messages[2]

    aimlapi_sandbox.answer_next("A long answer that breaks off", error="cut_stream")
    with pytest.raises(StreamInterruptedError) as broken:
        [*quick.stream("Hi")]
    assert broken.value.partial.text
    assert "A long answer".startswith(broken.value.partial.text)


def test_broken_arguments(aimlapi_sandbox, llm, ask):
    """Arguments as a string are sent as they are, which need not be JSON."""
    aimlapi_sandbox.answer_next(tool_calls=[{"name": "f", "args": '{"a": '}])
    answer = ask(llm(), "Hi")

    assert answer.tool_calls == []
    assert answer.invalid_tool_calls[0]["args"] == '{"a": '


@pytest.mark.parametrize(
    ("rule", "prompt", "fits"),
    [
        ({"contains": "weather"}, "the weather?", True),
        ({"contains": "weather"}, "the time?", False),
        ({"model": "gpt-4o"}, "Hi", True),
        ({"model": "gpt-*"}, "Hi", True),
        ({"model": "gpt"}, "Hi", False),
        ({"tool": "get_weather"}, "Hi", True),
        ({"tool": "get_time"}, "Hi", False),
        ({"result_of": "get_weather"}, "Hi", False),
        ({"matches": lambda request: request.body["temperature"] == 0.5}, "Hi", True),
        ({"matches": lambda request: request.headers["x-user"] == "b"}, "Hi", False),
        ({"contains": "Hi", "model": "other"}, "Hi", False),
    ],
)
@pytest.mark.parametrize("route", ROUTES)
def test_conditions(aimlapi_sandbox, llm, rule, prompt, fits, route):
    """A rule is for the requests for which all of its conditions hold."""
    aimlapi_sandbox.answer_when("scripted", **rule)
    model = llm(route, temperature=0.5, default_headers={"x-user": "a"})
    tool = {"name": "get_weather", "description": "", "parameters": {"type": "object"}}

    answer = model.bind_tools([tool], tool_choice="none").invoke(prompt)
    assert (answer.text == "scripted") is fits


@pytest.mark.parametrize("route", ROUTES)
def test_an_agent_by_rules(aimlapi_sandbox, llm, route):
    """A rule sees the messages since the last answer, so that a loop of calls ends."""
    aimlapi_sandbox.answer_when(contains="weather", tool_calls={"get_weather": {"city": "Paris"}})
    aimlapi_sandbox.answer_when("It is sunny.", result_of="get_weather")
    prompt = HumanMessage("How is the weather?")

    call = llm(route).invoke([prompt])
    result = ToolMessage("22 degrees", tool_call_id=call.tool_calls[0]["id"])
    assert llm(route).invoke([prompt, call, result]).text == "It is sunny."


def test_the_order(aimlapi_sandbox, llm):
    """First what is next, then rules in their order, then the function, then the default."""
    aimlapi_sandbox.answers(lambda request: "function" if "f" in request.prompt else None)
    aimlapi_sandbox.answer_when("first rule", contains="rule", times=1)
    aimlapi_sandbox.answer_when("second rule", contains="rule")
    aimlapi_sandbox.answer_next("next")

    prompts = ["rule", "rule", "rule", "f", "other"]
    texts = [llm().invoke(prompt).text for prompt in prompts]
    assert texts[:4] == ["next", "first rule", "second rule", "function"]
    assert "AI/ML API sandbox" in texts[4]


async def test_concurrent_requests(aimlapi_sandbox, llm):
    """A function answers each request by itself, several at once, and may block."""
    together = threading.Barrier(4, timeout=20)

    def answer(request):
        together.wait()
        return {"text": f"about {request.prompt}", "usage": {"input_tokens": 1}}

    aimlapi_sandbox.answers(answer)
    prompts = [f"topic {number}" for number in range(4)]
    answers = await llm().abatch(prompts)

    assert [one.text for one in answers] == [f"about {prompt}" for prompt in prompts]


async def test_async_functions(aimlapi_sandbox, llm):
    """Functions of an async test are run, in a loop of their own."""

    async def answer(request):
        await asyncio.sleep(0)
        return f"about {request.prompt}"

    async def is_special(request):
        await asyncio.sleep(0)
        return "special" in request.prompt

    aimlapi_sandbox.answer_when("a rule", matches=is_special)
    aimlapi_sandbox.answers(answer)

    assert (await llm().ainvoke("special")).text == "a rule"
    assert (await llm().ainvoke("cats")).text == "about cats"


def test_a_function_that_asks_the_sandbox_itself(aimlapi_sandbox, llm):
    """It runs in a thread, so it can use a model of its own."""

    def answer(request):
        return None if "inner" in request.prompt else llm().invoke("inner").text.upper()

    aimlapi_sandbox.answers(answer)
    assert "YOU SAID" in llm().invoke("outer").text


def test_embeddings(aimlapi_sandbox):
    """Embeddings are scripted likewise, and do not wait for a chat."""
    embeddings = AimlapiEmbeddings(model="text-embedding-3-small")
    aimlapi_sandbox.answer_next("for a chat")
    aimlapi_sandbox.answer_next(embeddings=[[1, 0], [0, 1]])
    aimlapi_sandbox.answer_when(embeddings=[[0.5, 0.5]], contains="special")
    aimlapi_sandbox.answers(
        lambda request: {"embeddings": [[2, 2]]} if "function" in request.prompt else None
    )

    assert embeddings.embed_documents(["a", "b"]) == [[1, 0], [0, 1]]
    assert embeddings.embed_documents(["special", "b"]) == [[0.5, 0.5], [0.5, 0.5]]
    assert embeddings.embed_query("function") == [2, 2]
    assert len(embeddings.embed_query("other")) == 1536
    assert ChatAimlapi(model="gpt-4o").invoke("Hi").text == "for a chat"


def test_embeddings_that_do_not_fit(sandbox):
    """Two embeddings for three texts are told as the script's mistake."""
    sandbox.answer_next(embeddings=[[1], [2]])
    reply = request(sandbox, "POST", "/embeddings", {"model": "m", "input": ["a", "b", "c"]})

    assert reply.status == 500
    assert "2 embeddings for 3 texts" in reply.json["message"]


@pytest.mark.parametrize(
    "options",
    [
        {"text": 7},
        {"text": None},
        {"reasoning": ["x"]},
        {"tool_calls": "f"},
        {"tool_calls": ["f"]},
        {"tool_calls": [{"args": {}}]},
        {"tool_calls": [{"name": "f", "args": 7}]},
        {"tool_calls": [{"name": "f", "arguments": {}}]},
        {"tool_calls": {"f": {"a": object()}}},
        {"finish_reason": 1},
        {"citations": "https://a.test"},
        {"citations": [{"title": "x"}]},
        {"images": PNG},
        {"images": [7]},
        {"usage": {"input_tokens": "many"}},
        {"usage": {"tokens": 1}},
        {"usage": 7},
        {"cost": "free"},
        {"logprobs": [None]},
        {"chunks": "abc"},
        {"chunks": [1]},
        {"ttft": "slow"},
        {"tokens_per_second": True},
        {"error": 1.5},
        {"error": ["x"]},
        {"embeddings": [1.0]},
        {"embeddings": []},
        {"times": 0},
        {"times": "two"},
        {"calls": {"f": {}}},
    ],
)
def test_wrong_types(sandbox, options):
    """They are a TypeError where the answer is set, and set nothing."""
    with pytest.raises(TypeError):
        sandbox.answer_next(**options)
    with pytest.raises(TypeError):
        sandbox.answer_when(contains="x", **options)
    sandbox.check_answers_used()


@pytest.mark.parametrize(
    "options",
    [
        {"chunks": 0},
        {"text": "abc", "chunks": ["a", "b"]},
        {"images": ["not a URL"]},
        {"cost": -1},
        {"tokens_per_second": 0},
        {"error": "no_such_fault"},
        {"error": 200},
    ],
    ids=str,
)
def test_impossible_values(sandbox, options):
    """They are a ValueError there."""
    with pytest.raises(ValueError, match=r".+"):
        sandbox.answer_next(**options)


@pytest.mark.parametrize(
    "conditions", [{}, {"contains": 7}, {"model": ["m"]}, {"tool": 1}, {"matches": "x"}], ids=str
)
def test_wrong_conditions(sandbox, conditions):
    """A rule needs a condition, of the right type."""
    with pytest.raises(TypeError):
        sandbox.answer_when("x", **conditions)
    with pytest.raises(TypeError):
        sandbox.answers("x")


def test_a_function_that_returns_something_else(sandbox):
    """It is told in the reply."""
    sandbox.answers(lambda request: 7)
    reply = chat(sandbox)

    assert reply.status == 500
    assert "answers() returned 7" in reply.json["message"]


def test_unused_answers_fail_on_request():
    """Leaving the context names the answers that no request got."""
    with (
        pytest.raises(UnusedAnswersError, match=r"answer_next\('two'\); answer_when\(contains='x'"),
        Sandbox(fail_on_unused=True) as sandbox,
    ):
        sandbox.answer_next("one")
        sandbox.answer_next("two")
        sandbox.answer_when("three", contains="x")
        chat(sandbox)

    with Sandbox() as quiet:
        quiet.answer_next("unused")
    with pytest.raises(AssertionError, match="unused"):
        quiet.check_answers_used()


async def test_unused_answers_and_another_error():
    """The error of the test itself goes first; the async context checks, too."""
    with pytest.raises(ZeroDivisionError):
        async with Sandbox(fail_on_unused=True) as sandbox:
            sandbox.answer_next("unused")
            raise ZeroDivisionError
    with pytest.raises(UnusedAnswersError):
        async with Sandbox(fail_on_unused=True) as sandbox:
            sandbox.answer_next("unused")


@pytest.mark.aimlapi_sandbox(fail_on_unused=True)
def test_the_fixture_takes_the_option(aimlapi_sandbox, llm):
    """With its mark."""
    aimlapi_sandbox.answer_next("used")

    assert llm().invoke("Hi").text == "used"
