"""Canaries: a key, a header and a prompt, searched for wherever they have no business."""

from __future__ import annotations

import asyncio
import base64
import copy
import json
import logging
import pickle
import traceback
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import unquote

import pytest
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.load import dumpd, dumps
from langchain_core.messages import HumanMessage
from langchain_core.tracers import LangChainTracer
from langchain_core.tracers.base import BaseTracer
from langsmith import Client
from pydantic import SecretStr

from langchain_aimlapi import AimlapiEmbeddings, AimlapiError, ChatAimlapi, ConfigurationError
from langchain_aimlapi._errors.secrets import HIDDEN
from langchain_aimlapi.sandbox import FAULTS
from tests.http_server import HttpServer
from tests.scripted import Scripted
from tests.ways import WAYS

KEY = "sk-canary-4f1c9a7e2b"
HEADER = "header-canary-77ab01"
PROMPT = "prompt-canary: what I would tell nobody"
SECRETS = (KEY, HEADER)

VIEWS = {
    "repr": repr,
    "str": str,
    "repr of the fields": lambda llm: repr(vars(llm)),
    "model_dump": lambda llm: repr(llm.model_dump()),
    "model_dump_json": lambda llm: llm.model_dump_json(),
    "asdict": lambda llm: repr(llm.asdict()),
    "dumpd": lambda llm: repr(dumpd(llm)),
    "dumps": dumps,
    "a copy": lambda llm: repr(copy.copy(llm)),
    "a deep copy": lambda llm: repr(copy.deepcopy(llm)),
    "a binding": lambda llm: repr(llm.bind(stop=["x"])),
    "a sequence": lambda llm: repr(llm | str),
    "the tracing parameters": lambda llm: repr(llm._get_ls_params()),
    "the cache key": lambda llm: llm._get_llm_string(),
}


def key_from_function():
    """Fetch the key, as a rotating one would be."""
    return KEY


def leaks(text: Any) -> list[str]:
    """The secrets in a text."""
    return [secret for secret in SECRETS if secret in str(text)]


class TestTheObject:
    """What can be seen of a model."""

    @pytest.mark.parametrize("view", VIEWS)
    @pytest.mark.parametrize("key", [KEY, key_from_function, None], ids=["text", "function", "env"])
    def test_no_view_shows_a_secret(self, monkeypatch, view, key):
        """The key by any way, secret headers and a proxy's password are in no form of the object."""
        monkeypatch.setenv("AIMLAPI_API_KEY", KEY)
        given = {} if key is None else {"api_key": key}
        llm = ChatAimlapi(
            model="gpt-4o",
            default_headers={"Authorization": f"Bearer {HEADER}"},
            default_query={"token": HEADER},
            proxy=f"http://user:{HEADER}@127.0.0.1:9",
            **given,
        )

        if view != "repr of the fields":
            assert leaks(VIEWS[view](llm)) == []
        assert KEY not in VIEWS[view](llm)

    def test_a_key_of_the_environment_is_not_pickled(self, monkeypatch):
        """The machine that unpickles has its own."""
        monkeypatch.setenv("AIMLAPI_API_KEY", KEY)

        assert KEY.encode() not in pickle.dumps(ChatAimlapi(model="gpt-4o"))


class Recorder(BaseCallbackHandler):
    """Writes down all that a handler is told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def __getattribute__(self, name: str) -> Any:
        if name.startswith("on_"):
            return lambda *args, **kwargs: self.told.append(f"{name} {args!r} {kwargs!r}")
        return super().__getattribute__(name)


class Tracer(BaseTracer):
    """Keeps finished runs, as LangSmith's tracer has them before it sends them."""

    def __init__(self) -> None:
        super().__init__()
        self.runs: list[Any] = []

    def _persist_run(self, run: Any) -> None:
        self.runs.append(run)


SECRET_ARGUMENTS = {
    "api_key": KEY,
    "extra_headers": {"X-Secret": HEADER, "Authorization": f"Bearer {KEY}"},
}


class TestWatchers:
    """What callbacks, tracers, caches and logs get to see of a call."""

    @pytest.mark.parametrize("fails", [False, True])
    def test_handlers(self, ask, model, aimlapi_sandbox, fails):
        """Neither the key nor headers reach a handler, of the object or of the call."""
        recorder, tracer = Recorder(), Tracer()
        llm = model(default_headers={"X-Default": HEADER})
        if fails:
            aimlapi_sandbox.fail_next("status_400")

        try:
            ask(llm, "Hi", config={"callbacks": [recorder, tracer]}, **SECRET_ARGUMENTS)
        except AimlapiError:
            assert fails
        told = "\n".join(recorder.told)
        traced = "\n".join(repr(vars(run)) for run in tracer.runs)

        assert "on_chat_model_start" in told
        assert ("on_llm_error" if fails else "on_llm_end") in told
        assert tracer.runs
        assert leaks(told) == leaks(traced) == []
        request = aimlapi_sandbox.requests[-1]
        assert request.headers["x-secret"] == HEADER
        assert leaks(request.body) == []

    def test_the_keys_of_remote_tools(self, ask, model, aimlapi_sandbox):
        """What opens an MCP server goes to the service, and to no handler."""
        recorder = Recorder()
        remote = {
            "type": "mcp",
            "server_label": "files",
            "server_url": "https://example.com",
            "authorization": HEADER,
            "headers": {"X-Key": HEADER},
        }

        ask(model().bind_tools([remote]), "Hi", config={"callbacks": [recorder]})

        assert sent_tools(aimlapi_sandbox) == [remote]
        assert "example.com" in "\n".join(recorder.told)
        assert leaks("\n".join(recorder.told)) == []

    def test_what_langsmith_is_sent(self, ask, model, monkeypatch):
        """The bytes that leave for a tracing service, taken from a stand-in for it."""
        monkeypatch.setenv("LANGSMITH_DISABLE_RUN_COMPRESSION", "true")
        with LangSmith() as service:
            client = Client(api_url=service.url, api_key="tracing", info={})
            tracer = LangChainTracer(client=client)
            ask(model(), "Hi", config={"callbacks": [tracer]}, **SECRET_ARGUMENTS)
            tracer.wait_for_futures()
            client.flush()
            client.close()

        assert "Hello from the AI/ML API sandbox" in service.received
        assert leaks(service.received) == []

    def test_cache_keys(self, model):
        """A cache is a file or a server: its keys hold no secrets, yet tell calls apart."""
        llm = model()
        one, other = (
            llm._get_llm_string(**{**SECRET_ARGUMENTS, "extra_headers": {"X-Secret": value}})
            for value in (HEADER, "other")
        )

        assert leaks(one) == leaks(other) == []
        assert one != other

    def test_debug_logs(self, ask, model, caplog):
        """All loggers at their most talkative."""
        caplog.set_level(logging.DEBUG)
        for name in list(logging.root.manager.loggerDict):
            caplog.set_level(logging.DEBUG, logger=name)

        ask(model(), "Hi", **SECRET_ARGUMENTS)

        assert caplog.records
        assert leaks(caplog.text) == []
        assert leaks([vars(record) for record in caplog.records]) == []


def sent_tools(sandbox):
    """The tools of the last request."""
    return sandbox.requests[-1].body["tools"]


class LangSmith(HttpServer):
    """A stand-in that takes whatever it is sent."""

    def __init__(self) -> None:
        received: list[bytes] = []
        self._received = received

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                received.append(self.rfile.read(int(self.headers["content-length"])))
                self.send_response(202)
                self.send_header("content-length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *_: Any) -> None:
                """Keep quiet."""

        super().__init__(Handler)
        self.url = self.address

    @property
    def received(self) -> str:
        """All bodies."""
        return b"\n".join(self._received).decode("utf-8", "replace")


_SILENT = {"empty_deltas", "no_answer", "pings_only", "silence", "slow_body", "stall"}
_FAILING = [
    name for name, fault in FAULTS.items() if not fault.harmless and name != "oversize_event"
]


def failure_of(way: str, llm: Any, prompt: Any, **kwargs: Any) -> tuple[Exception, str]:
    """The error of a call, and its traceback with the local variables of every frame."""
    call = getattr(llm, way)
    try:
        if way in {"invoke", "embed_query"}:
            call(prompt, **kwargs)
        elif way == "stream":
            list(call(prompt, **kwargs))
        elif way in {"ainvoke", "aembed_query"}:
            asyncio.run(call(prompt, **kwargs))
        else:
            asyncio.run(_read(call(prompt, **kwargs)))
    except Exception as error:  # noqa: BLE001  # any error is looked at
        shown = traceback.TracebackException.from_exception(error, capture_locals=True)
        return error, "".join(shown.format())
    pytest.fail("the call did not fail")


async def _read(chunks: Any) -> None:
    async for _ in chunks:
        pass


ECHOES = {
    "broken JSON": (200, {}, '{"k": "KEY", "h": "HDR",}'),
    "no choices": (200, {}, '{"your_key": "KEY", "HDR": 1, "object": "x"}'),
    "a text": (200, {}, "hello KEY and HDR"),
    "a page": (200, {}, "<html>KEY HDR</html>"),
    "wrong types": (200, {}, '{"choices": "KEY", "output": 7, "data": "KEY", "h": "HDR"}'),
    "an id": (200, {"x-request-id": "KEY", "x-inference-id": "HDR"}, '{"object": "x"}'),
    "an error in it": (200, {}, '{"error": {"message": "KEY", "code": "HDR"}}'),
    "names": (
        400,
        {"x-request-id": "KEY"},
        '{"error": {"message": "no", "param": "KEY", "code": "HDR", "type": "KEY"}}',
    ),
    "the gateway's id": (
        400,
        {"x-HDR": "KEY"},
        '{"statusCode": 400, "message": "no HDR", "requestId": "KEY", "path": "/v1?token=HDR"}',
    ),
    "escaped": (401, {}, '{"message": "wrong key K_E_Y", "statusCode": 401}'),
    "in JSON in JSON": (500, {}, r'{"message": "400 {\"error\":{\"message\":\"KEY\"}}"}'),
}
"""Answers that repeat secrets: status, headers, body."""


class TestErrors:
    """What errors tell."""

    @pytest.mark.parametrize("way", WAYS)
    @pytest.mark.parametrize("fault", _FAILING)
    def test_every_failure_keeps_quiet(self, model, monkeypatch, way, fault):
        """No error shows the key, be it in its text or in a variable of its traceback; or the prompt."""
        monkeypatch.setenv("AIMLAPI_API_KEY", KEY)
        llm = model(
            default_headers={"x-sandbox-fault": fault, "X-Secret": HEADER},
            timeout=0.3 if fault in _SILENT else 60,
        )

        error, shown = failure_of(way, llm, PROMPT)

        assert isinstance(error, AimlapiError)
        assert leaks(shown) == leaks(repr(error)) == leaks(repr(vars(error))) == []
        assert PROMPT not in f"{error} {error!r}"
        assert leaks(pickle.dumps(error)) == []

    @pytest.mark.parametrize("way", WAYS)
    @pytest.mark.parametrize(
        "problem",
        [
            {"prompt": [HumanMessage([{"type": "hologram", "hologram": PROMPT}])]},
            {"prompt": PROMPT, "extra_body": {"x": object()}},
            {"prompt": PROMPT, "base_url": "http://127.0.0.1:9/v1"},
            {"prompt": PROMPT, "base_url": "nowhere"},
            {"prompt": PROMPT, "timeout": -1},
            {"prompt": PROMPT, "max_retries": -1},
        ],
        ids="-".join,
    )
    def test_what_never_left(self, model, monkeypatch, way, problem):
        """The same of errors before anything is sent."""
        monkeypatch.setenv("AIMLAPI_API_KEY", KEY)

        error, shown = failure_of(way, model(), **problem)

        assert isinstance(error, AimlapiError)
        assert leaks(shown) == []
        assert PROMPT not in f"{error} {error!r}"

    @pytest.mark.parametrize("way", ["ainvoke", "astream"])
    def test_a_key_from_an_async_function(self, model, way):
        """It is wrapped as soon as it is there."""

        async def key() -> str:
            return KEY

        _, shown = failure_of(way, model(api_key=key), PROMPT, extra_body={"x": object()})

        assert leaks(shown) == []

    @pytest.mark.parametrize("way", WAYS)
    def test_wrapped_secrets_of_a_call(self, model, aimlapi_sandbox, way):
        """A `SecretStr` is taken for keys and headers alike, and no frame below shows it."""
        aimlapi_sandbox.fail_next("status_400")
        wrapped = {"api_key": SecretStr(KEY), "extra_headers": {"X-Secret": SecretStr(HEADER)}}

        _, shown = failure_of(way, model(), PROMPT, **wrapped)

        headers = aimlapi_sandbox.requests[-1].headers
        assert (headers["authorization"], headers["x-secret"]) == (f"Bearer {KEY}", HEADER)
        assert leaks(shown) == []

    @pytest.mark.parametrize("way", WAYS)
    def test_a_key_that_cannot_be_a_header(self, model, way):
        """A key with a line end in it is refused, and not repeated."""
        error, shown = failure_of(way, model(api_key=f"{KEY}\n{HEADER}"), PROMPT)

        assert isinstance(error, AimlapiError)
        assert leaks(shown) == []

    @pytest.mark.parametrize("way", WAYS)
    def test_a_service_that_repeats_the_key(self, model, monkeypatch, way):
        """What it echoes of the request's headers is hidden in the error."""
        monkeypatch.setenv("AIMLAPI_API_KEY", KEY)

        with Echo() as service:
            error, shown = failure_of(way, model(base_url=service.url), PROMPT)

        assert isinstance(error, AimlapiError)
        assert error.response.status_code == 403
        assert KEY in service.received
        assert leaks(shown) == leaks(json.dumps(error.body)) == leaks(error.response) == []

    @pytest.mark.parametrize("way", ["stream", "astream"])
    def test_a_stream_that_repeats_the_key(self, model, monkeypatch, way):
        """An error event in the middle of a stream is cleaned like a refusal."""
        monkeypatch.setenv("AIMLAPI_API_KEY", KEY)

        with LateEcho() as service:
            error, shown = failure_of(way, model(base_url=service.url), PROMPT)

        assert isinstance(error, AimlapiError)
        assert error.partial.text == "Hello"
        assert KEY in service.received
        assert leaks(shown) == leaks(json.dumps(error.body)) == leaks(error.response) == []

    @pytest.mark.parametrize("way", WAYS)
    @pytest.mark.parametrize("route", [False, True], ids=["chat", "responses"])
    @pytest.mark.parametrize("echo", ECHOES)
    def test_a_service_that_repeats_secrets_anywhere(self, model, way, route, echo):
        """In a 200 that cannot be read, in ids and names, escaped: the error shows none of it."""
        llm = {
            "api_key": KEY,
            "use_responses_api": route,
            "default_headers": {"Cookie": f"session={HEADER}", "X-Mine": HEADER},
            "default_query": {"token": HEADER},
        }
        with Anywhere(*ECHOES[echo]) as service:
            error, shown = failure_of(way, model(base_url=service.url, **llm), PROMPT)

        assert isinstance(error, AimlapiError)
        assert service.seen
        assert leaks(shown) == leaks(f"{error} {error!r} {vars(error)!r}") == []
        assert leaks(pickle.dumps(error)) == []

    @pytest.mark.parametrize("world", ["sync", "async"])
    @pytest.mark.parametrize("echo", ECHOES)
    def test_embeddings_of_a_service_that_repeats_secrets(self, world, echo):
        """The same door."""
        with Anywhere(*ECHOES[echo]) as service:
            embeddings = AimlapiEmbeddings(
                model="m",
                api_key=KEY,
                base_url=service.url,
                max_retries=0,
                default_headers={"Cookie": f"session={HEADER}"},
            )
            way = "embed_query" if world == "sync" else "aembed_query"
            error, shown = failure_of(way, embeddings, "a")

        assert isinstance(error, AimlapiError)
        assert leaks(shown) == leaks(f"{error!r} {vars(error)!r}") == []

    @pytest.mark.parametrize("way", WAYS)
    @pytest.mark.parametrize("key", ["abcd1234", "abcdefgh"])
    def test_a_short_key_and_nothing_else(self, model, way, key):
        """Eight characters are a secret; the words of the message stay."""
        body = '{"error": {"message": "Incorrect API key provided: KEY. Bearer keys only."}}'
        with Anywhere(401, {}, body) as service:
            error, _ = failure_of(way, model(api_key=key, base_url=service.url), PROMPT)

        assert error.message == f"Incorrect API key provided: {HIDDEN}. Bearer keys only."

    @pytest.mark.parametrize("way", WAYS)
    @pytest.mark.parametrize("by", ["argument", "environment"])
    @pytest.mark.parametrize("password", ["PRO/XYZ", "PRO%2FXYZ", "p?#@XYZ"])
    def test_the_password_of_a_proxy(self, monkeypatch, way, by, password):
        """It may be written with a slash in it, is sent as it is meant, and shown by nothing."""
        with Refusing() as proxy:
            address = f"http://me:{password}@127.0.0.1:{proxy.port}"
            given = {"proxy": address} if by == "argument" else {}
            if by == "environment":
                monkeypatch.setenv("HTTP_PROXY", address)
            place = f"http://service-{proxy.port}.example/v1"
            llm = ChatAimlapi(model="gpt-4o", base_url=place, api_key=KEY, max_retries=0, **given)
            error, shown = failure_of(way, llm, PROMPT)

        assert isinstance(error, AimlapiError)
        assert "XYZ" not in f"{error} {error!r} {vars(error)!r} {llm!r} {dumps(llm)}"
        assert KEY not in shown
        sent = base64.b64encode(f"me:{unquote(password)}".encode()).decode()
        assert proxy.authorization == [f"Basic {sent}"]

    def test_an_address_of_a_proxy_that_cannot_be_read(self):
        """The error does not repeat it."""
        place = {"proxy": "http://me:PRO/XYZ@host:port", "base_url": "http://service.example/v1"}
        llm = ChatAimlapi(model="gpt-4o", api_key=KEY, max_retries=0, **place)

        error, _ = failure_of("invoke", llm, PROMPT)

        assert isinstance(error, ConfigurationError)
        assert "XYZ" not in f"{error} {vars(error)!r}"

    @pytest.mark.parametrize(
        ("kind", "arguments"),
        [
            (ChatAimlapi, {"model": "m", "temperature": "hot", "api_key": KEY}),
            (ChatAimlapi, {"model": "m", "api_key": [KEY]}),
            (AimlapiEmbeddings, {"api_key": KEY}),
        ],
    )
    def test_arguments_that_do_not_fit(self, kind, arguments):
        """Pydantic would repeat what it was given, all of it where a field is missing."""
        with pytest.raises(ValueError, match="validation error") as failed:
            kind(**arguments)

        assert leaks(f"{failed.value} {failed.value!r}") == []


class Anywhere(Scripted):
    """A service whose every answer holds the request's key and cookie where `KEY` and `HDR` stand."""

    def __init__(self, status: int, headers: dict[str, str], body: str) -> None:
        super().__init__(status=status)
        self.extra_headers = headers
        self._body = body
        self.seen: list[str] = []

    def answer(self, body, headers):
        """The secrets, as they came."""
        sent = {name.lower(): value for name, value in headers.items()}
        key = sent["authorization"].removeprefix("Bearer ")
        secrets = {"KEY": key, "HDR": sent.get("cookie", "").partition("=")[2]}
        secrets["K_E_Y"] = "".join(f"\\u{ord(char):04x}" for char in key)
        self.seen.append(key)

        def filled(text: str) -> str:
            for mark, secret in secrets.items():
                text = text.replace(mark, secret)
            return text

        self.headers_now = {name: filled(value) for name, value in self.extra_headers.items()}
        return "application/json", filled(self._body).encode()


class Refusing(LangSmith):
    """A proxy that wants another password, and repeats the one it got."""

    def __init__(self) -> None:
        super().__init__()
        self.authorization: list[str] = []
        self.port = self._server.server_port

        def refuse(handler: BaseHTTPRequestHandler) -> None:
            sent = handler.headers["proxy-authorization"]
            self.authorization.append(sent)
            body = f"not you, {base64.b64decode(sent.split()[1])!r}".encode()
            handler.send_response(407)
            handler.send_header("content-length", str(len(body)))
            handler.end_headers()
            handler.wfile.write(body)

        self._server.RequestHandlerClass.do_POST = refuse


class LateEcho(Scripted):
    """A service that begins to answer, and then fails with the request's own key."""

    @property
    def received(self) -> str:
        """The headers that came, as text."""
        return str(self.headers)

    def answer(self, body, headers):
        """A piece of text, then an error."""
        super().answer(body, headers)
        piece = {"id": "1", "choices": [{"index": 0, "delta": {"content": "Hello"}}]}
        said = {
            "error": {"message": f"no more for {self.headers[-1]['authorization']}", "code": 500}
        }
        events = (json.dumps(event) for event in (piece, said))
        return "text/event-stream", "".join(f"data: {event}\n\n" for event in events).encode()


class Echo(LangSmith):
    """A server that refuses with the request's own headers, in its text and in its headers."""

    def __init__(self) -> None:
        super().__init__()

        def refuse(handler: BaseHTTPRequestHandler) -> None:
            self._received.append(handler.headers["authorization"].encode())
            handler.rfile.read(int(handler.headers["content-length"]))
            said = {"message": f"bad key {handler.headers['authorization']}", "statusCode": 403}
            body = json.dumps(said).encode()
            handler.send_response(403)
            handler.send_header("content-type", "application/json")
            handler.send_header("content-length", str(len(body)))
            handler.send_header("x-echo", handler.headers["authorization"])
            handler.end_headers()
            handler.wfile.write(body)

        self._server.RequestHandlerClass.do_POST = refuse
