"""The Responses route through the chat model, against the sandbox, in all four ways."""

from __future__ import annotations

import asyncio
import base64
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.tools import tool
from langchain_tests.utils.stream_lifecycle import assert_valid_event_stream
from pydantic import BaseModel

from langchain_aimlapi import AimlapiError, ChatAimlapi, ServerError, StreamInterruptedError
from langchain_aimlapi._client.warnings import UnsupportedParameterWarning
from tests.scripted import Scripted

MODEL = "openai/gpt-5-4"
"""An id that is documented on this route alone."""
PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(40)).decode()


@tool
def get_weather(city: str) -> str:
    """Get the weather in a city."""
    return f"Sunny in {city}."


class Person(BaseModel):
    """A person."""

    name: str
    age: int


@pytest.fixture
def responder(model):
    """A model on the route."""
    return model(model=MODEL)


def last(sandbox):
    """The last request the sandbox got."""
    return sandbox.requests[-1]


class TestRoutes:
    """Which route a call takes."""

    @pytest.mark.parametrize(
        ("name", "wanted", "path"),
        [
            (MODEL, None, "/v1/responses"),
            (MODEL, False, "/v1/chat/completions"),
            ("gpt-4o", None, "/v1/chat/completions"),
            ("gpt-4o", True, "/v1/responses"),
            ("acme/unheard-of", None, "/v1/chat/completions"),
            ("acme/unheard-of", True, "/v1/responses"),
        ],
    )
    def test_the_route(self, ask, model, aimlapi_sandbox, name, wanted, path):
        """The documents choose, the caller may overrule them."""
        assert ask(model(model=name, use_responses_api=wanted), "Hi").text
        assert last(aimlapi_sandbox).path == path

    def test_a_call_may_choose(self, ask, model, aimlapi_sandbox):
        """So may a call, and its choice is no part of the body."""
        ask(model(), "Hi", use_responses_api=True)

        assert last(aimlapi_sandbox).path == "/v1/responses"
        assert "use_responses_api" not in last(aimlapi_sandbox).body

    def test_the_dialect_is_of_no_matter(self, ask, model, aimlapi_sandbox):
        """The route has one shape."""
        ask(model(model=MODEL, dialect="anthropic"), "Hi")

        assert last(aimlapi_sandbox).body["input"] == [{"role": "user", "content": "Hi"}]

    @pytest.mark.parametrize("end", ["", "/", "/chat/completions", "/responses", "/responses/"])
    def test_the_address_may_name_the_route(self, model, aimlapi_sandbox, end):
        """An address copied with its path is understood."""
        answer = model(model=MODEL, base_url=aimlapi_sandbox.base_url + end).invoke("Hi")

        assert answer.text


class TestAnswers:
    """What comes back."""

    def test_an_answer(self, ask, responder, aimlapi_sandbox):
        """Text, usage, cost and ids are where they always are."""
        answer = ask(responder, [SystemMessage("Be brief."), HumanMessage("I love programming.")])

        metadata = answer.response_metadata
        assert "I love programming." in answer.text
        assert metadata["finish_reason"] == "completed"
        assert metadata["model_name"] == MODEL
        assert metadata["id"].startswith("resp_")
        assert metadata["cost"] == metadata["cost_details"]["usd_spent"] > 0
        assert metadata["inference_id"]
        assert answer.usage_metadata["total_tokens"] == metadata["token_usage"]["total_tokens"] > 0
        assert "extra" not in metadata

    def test_limits(self, ask, responder):
        """A limit that is reached is told with its reason."""
        answer = ask(responder, "word " * 200, max_tokens=1)

        assert answer.response_metadata["finish_reason"] == "incomplete"
        assert answer.response_metadata["incomplete_details"] == {"reason": "max_output_tokens"}

    def test_reasoning(self, ask, model):
        """Reasoning is a block of their own."""
        answer = ask(model(model=MODEL, reasoning_effort="high"), "Why?")

        assert [block["type"] for block in answer.content_blocks] == ["reasoning", "text"]
        assert answer.additional_kwargs["reasoning_content"] not in answer.text
        assert answer.usage_metadata["output_token_details"]["reasoning"] > 0

    def test_logprobs(self, ask, model):
        """Log probabilities spell the answer out."""
        llm = model(model="gpt-4o", use_responses_api=True, logprobs=True, top_logprobs=2)
        answer = ask(llm, "Hi")

        tokens = answer.response_metadata["logprobs"]["content"]
        assert "".join(token["token"] for token in tokens) == answer.text

    @pytest.mark.parametrize(
        ("block", "seen"),
        [
            ({"type": "image", "base64": PNG, "mime_type": "image/png"}, "image/png, 48 bytes"),
            ({"type": "file", "file_id": "file-1"}, "1 file"),
        ],
    )
    def test_media(self, ask, responder, block, seen):
        """Pictures and files arrive."""
        assert seen in ask(responder, [HumanMessage([{"type": "text", "text": "?"}, block])]).text

    def test_what_is_not_taken(self, responder, aimlapi_sandbox):
        """Parameters without a counterpart are left out, with a warning."""
        with pytest.warns(UnsupportedParameterWarning, match="'stop'"):
            responder.invoke("Hi", stop=["X"])

        assert "stop" not in last(aimlapi_sandbox).body

    def test_several_ways_at_once(self, model):
        """Whole and streamed answers are the same message."""
        llm = model(model=MODEL, reasoning_effort="high")
        whole = llm.invoke("Hi")
        chunks = list(llm.stream("Hi"))

        assert len(chunks) > 5
        assert "".join(chunk.text for chunk in chunks) == whole.text
        assert sum(chunk.usage_metadata is not None for chunk in chunks) == 1
        assert chunks[-1].chunk_position == "last"


class TestTools:
    """Tools, their results, and what goes back with them."""

    @pytest.mark.parametrize("version", ["v0", "v1"])
    @pytest.mark.parametrize("effort", [None, "high"])
    def test_a_loop(self, ask, model, aimlapi_sandbox, version, effort):
        """Call, result, answer; reasoning goes back before its call."""
        llm = model(model=MODEL, reasoning_effort=effort, output_version=version)
        llm = llm.bind_tools([get_weather])
        question = HumanMessage("Weather in 'Paris'?")
        called = ask(llm, [question])
        (call,) = called.tool_calls
        result = get_weather.invoke(call)

        answer = ask(llm, [question, called, result])

        assert (call["name"], call["args"]) == ("get_weather", {"city": "Paris"})
        assert "Sunny in Paris." in answer.text
        kinds = [item.get("type", item.get("role")) for item in last(aimlapi_sandbox).body["input"]]
        reasoning = ["reasoning"] if effort else []
        assert kinds == ["user", *reasoning, "function_call", "function_call_output"]

    @pytest.mark.parametrize(
        ("choice", "calls"), [("any", 1), ("none", 0), ("get_weather", 1), (True, 1)]
    )
    def test_the_choice(self, ask, responder, choice, calls):
        """The choice is obeyed."""
        answer = ask(responder.bind_tools([get_weather], tool_choice=choice), "Hello")

        assert len(answer.tool_calls) == calls

    def test_tools_of_the_service(self, ask, responder, aimlapi_sandbox):
        """Tools that the service runs itself pass beside one's own."""
        search = {"type": "web_search_preview"}

        ask(responder.bind_tools([search, get_weather]), "Hello")

        tools = last(aimlapi_sandbox).body["tools"]
        assert [tool.get("name", tool["type"]) for tool in tools] == [search["type"], "get_weather"]

    def test_the_service_may_remember(self, ask, responder):
        """A response can be referred to instead of being sent back."""
        llm = responder.bind_tools([get_weather])
        called = ask(llm, "Weather in 'Paris'?")
        result = ToolMessage("Sunny.", tool_call_id=called.tool_calls[0]["id"])

        answer = ask(llm, [result], previous_response_id=called.response_metadata["id"])

        assert "Sunny." in answer.text

    def test_history_of_another_model(self, ask, model, responder):
        """A conversation may go on with a model on another route, and back."""
        question = HumanMessage("Weather in 'Paris'?")
        called = ask(model(model="gpt-4o").bind_tools([get_weather]), [question])
        result = ToolMessage("Sunny.", tool_call_id=called.tool_calls[0]["id"])
        answer = ask(responder.bind_tools([get_weather]), [question, called, result])

        assert "Sunny." in answer.text
        assert ask(model(model="gpt-4o"), [question, called, result, answer, "And?"]).text


class TestSchemas:
    """Tools' schemas, for back ends that know few keywords; on either route."""

    @pytest.mark.parametrize(
        ("name", "how", "cleaned"),
        [
            ("google/gemini-2.5-pro", {}, True),
            ("google/gemini-2.5-pro", {"clean_tool_schemas": "never"}, False),
            ("gpt-4o", {}, False),
            ("gpt-4o", {"clean_tool_schemas": "always"}, True),
            (MODEL, {"clean_tool_schemas": "always"}, True),
            ("acme/unheard-of", {}, False),
        ],
    )
    def test_clean_tool_schemas(self, ask, model, aimlapi_sandbox, name, how, cleaned):
        """Google's models get them cleaned; the caller may overrule that."""
        schema = {"title": "f", "type": "object", "properties": {"a": {"const": "x"}}}

        ask(model(model=name, **how).bind_tools([schema]), "Hi")

        assert ("const" not in str(last(aimlapi_sandbox).body["tools"])) == cleaned

    def test_a_call_may_choose_too(self, ask, model, aimlapi_sandbox):
        """A call may overrule it as well, and its choice is no part of the body."""
        schema = {"title": "f", "type": "object", "properties": {"a": {"const": "x"}}}

        ask(model().bind_tools([schema]), "Hi", clean_tool_schemas="always")

        assert "const" not in str(last(aimlapi_sandbox).body["tools"])
        assert "clean_tool_schemas" not in last(aimlapi_sandbox).body


class TestStructuredOutput:
    """Answers in the form of a schema."""

    @pytest.mark.parametrize("method", [None, "json_schema", "function_calling"])
    def test_structured_output(self, responder, method):
        """Each method works, whole and streamed."""
        llm = responder.with_structured_output(Person, method=method)

        assert isinstance(llm.invoke("Bob, 3"), Person)
        assert isinstance(asyncio.run(llm.ainvoke("Bob, 3")), Person)
        assert isinstance(list(llm.stream("Bob, 3"))[-1], Person)

    def test_the_form(self, responder, aimlapi_sandbox):
        """The schema lies flat under `text.format`."""
        responder.with_structured_output(Person).invoke("Bob, 3")

        form = last(aimlapi_sandbox).body["text"]["format"]
        assert (form["type"], form["name"]) == ("json_schema", "Person")
        assert form["schema"]["required"] == ["name", "age"]

    def test_json_mode(self, responder):
        """So does JSON mode."""
        llm = responder.with_structured_output(method="json_mode")

        assert isinstance(llm.invoke("Answer in JSON."), dict)


class TestEvents:
    """LangChain's content-block events."""

    @pytest.mark.filterwarnings("ignore::langchain_core._api.LangChainBetaWarning")
    def test_native_events(self, model):
        """They keep to the protocol, and add up to the message."""
        llm = model(model=MODEL, reasoning_effort="high").bind_tools([get_weather])
        stream = llm.stream_events("Weather in 'Paris'?", version="v3")
        events = list(stream)

        assert_valid_event_stream(events)
        assert stream.output.tool_calls[0]["args"] == {"city": "Paris"}
        assert stream.output.usage_metadata["total_tokens"] > 0

    @pytest.mark.filterwarnings("ignore::langchain_core._api.LangChainBetaWarning")
    async def test_native_events_are_the_same_in_async(self, model):
        """So do those of the running loop."""
        llm = model(model=MODEL, reasoning_effort="high")
        stream = await llm.astream_events("Hi", version="v3")
        events = [event async for event in stream]

        assert_valid_event_stream(events)
        kinds = [event["content"]["type"] for event in events if event["event"] == _FINISHED]
        assert kinds == ["reasoning", "text"]


_FINISHED = "content-block-finish"


# --- what goes wrong ------------------------------------------------------------------------------


class Streaming(Scripted):
    """A service whose every answer is the same events."""

    def __init__(self, *events):
        super().__init__()
        self._lines = [b"data: " + json.dumps(event).encode() + b"\n\n" for event in events]

    def answer(self, body, headers):
        """The events, whatever is asked."""
        super().answer({}, headers)
        return "text/event-stream", b"".join(self._lines)


WORD = {"type": "response.output_text.delta", "output_index": 0, "content_index": 0, "delta": "Hi"}
FAILED = {
    "type": "response.failed",
    "response": {"status": "failed", "error": {"code": "server_error", "message": "Oh."}},
}


@pytest.mark.parametrize(
    ("end", "error"), [([], StreamInterruptedError), ([FAILED], ServerError)], ids=["cut", "failed"]
)
@pytest.mark.parametrize("way", ["sync", "async"])
def test_streams_that_fail(way, end, error):
    """A stream that fails or breaks off is an error with what had come."""

    async def consume(llm):
        async for _ in llm.astream("Hi"):
            pass

    with Streaming(WORD, *end) as service:
        llm = ChatAimlapi(model=MODEL, api_key="k", base_url=service.url, max_retries=0)
        with pytest.raises(error) as caught:
            list(llm.stream("Hi")) if way == "sync" else asyncio.run(consume(llm))

    assert isinstance(caught.value.partial, AIMessage)
    assert caught.value.partial.text == "Hi"


@pytest.mark.parametrize("way", ["invoke", "ainvoke"])
def test_a_response_that_failed(way):
    """A failed response is an error, though its status is 200."""
    reply = {"id": "resp_1", "object": "response", "output": [], **FAILED["response"]}
    with Scripted(reply=reply) as service:
        llm = ChatAimlapi(model=MODEL, api_key="k", base_url=service.url, max_retries=0)
        with pytest.raises(ServerError, match="Oh"):
            llm.invoke("Hi") if way == "invoke" else asyncio.run(llm.ainvoke("Hi"))


@pytest.mark.parametrize("status", ["queued", "in_progress"])
def test_a_response_in_the_background(ask, status):
    """A response without an answer yet is an error, and is not asked for again: it goes on."""
    reply = {"id": "resp_7", "object": "response", "output": [], "status": status}
    begun = {"type": f"response.{status}", "response": {**reply, "background": True}}
    whole, nothing, word = Scripted(reply=reply), Streaming(begun), Streaming(begun, WORD)
    for service in (whole, nothing, word):
        with service:
            llm = ChatAimlapi(model=MODEL, api_key="k", base_url=service.url, max_retries=2)
            with pytest.raises(AimlapiError, match=f"resp_7.*{status[:2]}") as caught:
                ask(llm, "Hi", background=True, stream=isinstance(service, Streaming))

        assert caught.value.request_id == "resp_7"
        assert len(service.bodies) == 1
    assert isinstance(caught.value.partial, AIMessage)
    assert caught.value.partial.text == "Hi"


@pytest.mark.filterwarnings("ignore::langchain_core._api.LangChainBetaWarning")
def test_events_of_a_response_in_the_background():
    """Those too: no message is finished."""
    reply = {"id": "resp_7", "object": "response", "output": [], "status": "queued"}
    with Streaming({"type": "response.queued", "response": reply}) as service:
        llm = ChatAimlapi(model=MODEL, api_key="k", base_url=service.url, max_retries=0)
        with pytest.raises(StreamInterruptedError, match="resp_7 was 'queued'"):
            list(llm.stream_events("Hi", version="v3"))


@pytest.mark.aimlapi_sandbox(faults=["cut_stream"])
def test_a_cut_in_the_sandbox(model):
    """The sandbox's own cut is noticed."""
    with pytest.raises(StreamInterruptedError):
        list(model(model=MODEL).stream("Hi, how are you?"))


def test_connections_are_used_again():
    """A stream that ended leaves its connection to the next call."""
    ended = {"type": "response.completed", "response": {"status": "completed", "output": []}}
    reply = b"".join(b"data: " + json.dumps(event).encode() + b"\n\n" for event in (WORD, ended))
    callers = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            callers.append(self.client_address)
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(200)
            self.send_header("content-type", "text/event-stream")
            self.send_header("transfer-encoding", "chunked")
            self.end_headers()
            self.wfile.write(b"%x\r\n%b\r\n0\r\n\r\n" % (len(reply), reply))

        def log_message(self, *_):
            """Keep quiet."""

    async def twice(llm):
        return [chunk for _ in "ab" async for chunk in llm.astream("Hi")]

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        url = f"http://127.0.0.1:{server.server_port}/v1"
        with ChatAimlapi(model=MODEL, api_key="k", base_url=url) as llm:
            said = [*llm.stream("Hi"), *llm.stream("Hi")]
        said += asyncio.run(twice(llm))
        server.shutdown()
        thread.join()

    assert "".join(chunk.text for chunk in said) == "HiHiHiHi"
    assert len(set(callers)) == 2
