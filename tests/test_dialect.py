"""Claude's two shapes: which is asked first, and what is learnt from a refusal."""

from __future__ import annotations

import asyncio
import json
import threading
import warnings
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from langchain_aimlapi import (
    AuthenticationError,
    ChatAimlapi,
    InvalidRequestError,
    PermissionDeniedError,
    RateLimitError,
    ServerError,
)
from langchain_aimlapi._catalogue.spec import ModelSpec
from langchain_aimlapi._chat import dialects as dialects_of_chat
from tests.scripted import Scripted
from tests.ways import asked

CLAUDE = "anthropic/claude-haiku-4.5"
MESSAGES = [("system", "Be brief."), ("human", "Hi")]
REFUSAL = {
    "requestId": "r1",
    "statusCode": 400,
    "path": "/v1/chat/completions",
    "message": "Body validation error: Unrecognized key(s) in object: 'system'",
}
ANSWER = {
    "id": "1",
    "choices": [
        {"index": 0, "message": {"role": "assistant", "content": "Hello"}, "finish_reason": "stop"}
    ],
}


@pytest.fixture
def service():
    """A service that takes the OpenAI dialect alone, and keeps the dialects it was sent."""
    shapes: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            shapes.append("anthropic" if "system" in body else "openai")
            status, reply = (400, REFUSAL) if shapes[-1] == "anthropic" else (200, ANSWER)
            data = json.dumps(reply).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_):
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    server.shapes = shapes
    server.base_url = f"http://127.0.0.1:{server.server_port}/v1"
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(autouse=True)
def forget_shapes():
    """Each test learns for itself."""
    dialects_of_chat._learnt.clear()


def claude(service, **settings):
    return ChatAimlapi(
        model=CLAUDE, base_url=service.base_url, api_key="key", max_retries=0, **settings
    )


def test_a_refused_shape_is_tried_in_the_other_once_and_remembered(ask, service):
    """The documented dialect first, the other after an error response, and from then on that one."""
    llm = claude(service)

    first, second = ask(llm, MESSAGES), ask(llm, MESSAGES)

    assert first.text == second.text == "Hello"
    assert service.shapes == ["anthropic", "openai", "openai"]


def test_what_is_learnt_holds_for_one_model_at_one_place(service):
    """Another Claude is asked in its documented shape all the same."""
    asked("invoke", claude(service), MESSAGES)
    asked("invoke", claude(service).bind(model="anthropic/claude-opus-4.1"), MESSAGES)

    assert service.shapes == ["anthropic", "openai", "anthropic", "openai"]


def test_a_chosen_shape_is_not_changed(ask, service):
    """Who chooses a dialect gets the service's word on it."""
    with pytest.raises(InvalidRequestError, match="Unrecognized key"):
        ask(claude(service, dialect="anthropic"), MESSAGES)

    assert service.shapes == ["anthropic"]


TEMPERATURE = "temperature: Number must be less than or equal to 1"


@pytest.mark.parametrize(
    ("status", "message", "kind"),
    [
        (401, "Unrecognized key", AuthenticationError),
        (403, "Unrecognized key", PermissionDeniedError),
        (429, "Unrecognized key", RateLimitError),
        (500, "Unrecognized key", ServerError),
        (400, TEMPERATURE, InvalidRequestError),
    ],
)
def test_other_error_responses_are_not_about_the_dialect(ask, status, message, kind):
    """Only a 400 about the form of the request sends a second one."""
    with Scripted(reply={"statusCode": status, "message": message}, status=status) as service:
        llm = ChatAimlapi(model=CLAUDE, base_url=service.url, api_key="key", max_retries=0)
        with pytest.raises(kind):
            ask(llm, MESSAGES)

        assert len(service.bodies) == 1


@pytest.mark.filterwarnings(
    "ignore:The method:langchain_core._api.beta_decorator.LangChainBetaWarning"
)
def test_events_take_the_other_shape_too(service):
    """The event stream goes the same way as all others."""
    stream = claude(service).stream_events("Hi", version="v3")
    output = stream.output

    async def events():
        stream = await claude(service).astream_events(MESSAGES, version="v3")
        return await stream.output

    assert output.text == asyncio.run(events()).text == "Hello"


BOTH, ONLY, NONE = (
    frozenset({"openai", "anthropic"}),
    frozenset({"anthropic"}),
    frozenset({"openai"}),
)


@pytest.mark.parametrize(
    ("dialects", "route", "dialect", "responses", "expected"),
    [
        # documented dialects and route, the two settings -> route, dialect, second dialect
        (None, "chat", "auto", None, ("chat", "openai", None)),
        (None, "chat", "anthropic", None, ("chat", "anthropic", None)),
        (None, "chat", "auto", True, ("responses", "openai", None)),
        (NONE, "chat", "auto", None, ("chat", "openai", None)),
        (NONE, "chat", "anthropic", None, ("chat", "anthropic", None)),
        (BOTH, "chat", "auto", None, ("chat", "openai", "anthropic")),
        (ONLY, "chat", "auto", None, ("chat", "anthropic", "openai")),
        (ONLY, "chat", "auto", False, ("chat", "anthropic", "openai")),
        (ONLY, "chat", "openai", None, ("chat", "openai", None)),
        (ONLY, "chat", "anthropic", None, ("chat", "anthropic", None)),
        (ONLY, "chat", "auto", True, ("responses", "openai", None)),
        (ONLY, "chat", "anthropic", True, ("responses", "openai", None)),
        (NONE, "responses", "auto", None, ("responses", "openai", None)),
        (NONE, "responses", "anthropic", None, ("responses", "openai", None)),
        (NONE, "responses", "auto", False, ("chat", "openai", None)),
    ],
)
def test_route_and_dialect_by_table(dialects, route, dialect, responses, expected):
    """What is documented and chosen decides; a spec holds for its own route and dialect."""
    spec = None if dialects is None else ModelSpec("m", dialects=dialects, route=route)
    first, other = dialects_of_chat.targets(spec, dialect, responses)

    assert (first.route, first.dialect, other and other.dialect) == expected
    for target in filter(None, (first, other)):
        holds = spec is not None and target.route == route and target.dialect in dialects
        assert target.spec is (spec if holds else None)


@pytest.mark.parametrize("responses", [True, None])
def test_a_chat_only_model_on_the_other_route(ask, model, aimlapi_sandbox, responses):
    """Its documents are about the chat route, so nothing is dropped by them on the other."""
    llm = model(model="alibaba/qwen3.8-2.4t-a95b", use_responses_api=responses)
    function = {"name": "f", "description": "d", "parameters": {"type": "object", "properties": {}}}
    with warnings.catch_warnings():
        warnings.simplefilter("error" if responses else "ignore")
        ask(llm.bind_tools([function], parallel_tool_calls=False), "Hi")

    sent = aimlapi_sandbox.requests[-1]
    assert sent.path.endswith("/responses" if responses else "/chat/completions")
    assert ("input" in sent.body) is ("parallel_tool_calls" in sent.body) is bool(responses)
