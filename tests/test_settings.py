"""What can be set: names, sources, what each setting does, and what becomes of the rest."""

from __future__ import annotations

import ast
import asyncio
import contextlib
import copy
import importlib
import inspect
import itertools
import json
import ssl
import warnings

import aiohttp
import httpx
import httpx2
import pytest
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.language_models import BaseChatModel
from langchain_core.load import dumpd, load
from langchain_core.messages import AIMessage, HumanMessage
from pydantic import SecretStr

from langchain_aimlapi import (
    Account,
    AimlapiEmbeddings,
    AimlapiTimeoutError,
    ChatAimlapi,
    ConfigurationError,
    InvalidRequestError,
    ServerError,
    Timeouts,
    UnknownParameterWarning,
    UnsupportedParameterWarning,
)
from langchain_aimlapi._chat.arguments import ChatArguments
from langchain_aimlapi._client.arguments import ClientArguments, EmbeddingsArguments
from langchain_aimlapi.errors import ResponseFormatError
from langchain_aimlapi.sandbox import Sandbox
from tests.scripted import Scripted
from tests.ways import merged

OURS = sorted(ChatAimlapi.model_fields.keys() - BaseChatModel.model_fields.keys())


def body(sandbox):
    """The body of the last request."""
    return sandbox.requests[-1].body


class Words(Scripted):
    """Streams each of its words in an event of its own, all in one write."""

    def __init__(self, words):
        super().__init__()
        self._words = words

    def _events(self):
        choices = [{"index": 0, "delta": {"content": word}} for word in self._words]
        events = [json.dumps({"choices": [choice]}) for choice in choices]
        return [f"data: {event}\n\n".encode() for event in [*events, "[DONE]"]]


def header(sandbox, name):
    """A header of the last request."""
    return sandbox.requests[-1].headers.get(name)


class TestNames:
    """By which names settings can be given."""

    @pytest.mark.parametrize("name", ["model", "model_name"])
    def test_the_model(self, name):
        """Both names of the model are one field."""
        llm = ChatAimlapi(**{name: "gpt-4o"})

        assert llm.model == llm.model_name == "gpt-4o"

    @pytest.mark.parametrize("name", ["api_key", "aimlapi_api_key"])
    @pytest.mark.parametrize("key", ["given", SecretStr("given"), " given\n"])
    def test_the_key(self, ask, model, aimlapi_sandbox, name, key):
        """As text or wrapped, by either name, without the white space of copied keys."""
        ask(model(**{name: key}), "Hi")

        assert header(aimlapi_sandbox, "authorization") == "Bearer given"

    @pytest.mark.parametrize("name", ["base_url", "aimlapi_api_base"])
    def test_the_address(self, name):
        """Both names of the address are one field."""
        llm = ChatAimlapi(model="gpt-4o", **{name: "http://127.0.0.1:9/v1"})

        assert llm.aimlapi_api_base == "http://127.0.0.1:9/v1"

    @pytest.mark.parametrize(
        "given",
        [
            "https://host/v1",
            "https://host/v1/",
            " https://host/v1// ",
            "https://host/v1/chat/completions",
            "https://host/v1/chat/completions/",
        ],
    )
    def test_addresses_are_tidied(self, given):
        """Slashes, spaces and the path of the endpoint are tolerated."""
        assert ChatAimlapi(model="gpt-4o", base_url=given).aimlapi_api_base == "https://host/v1"

    def test_addresses_of_a_call_are_tidied(self, ask, model, aimlapi_sandbox):
        """An address given with a call is treated like one of the object."""
        ask(model(base_url="http://127.0.0.1:9"), "Hi", base_url=f"{aimlapi_sandbox.base_url}/")

        assert aimlapi_sandbox.requests[-1].path == "/v1/chat/completions"


class TestEnvironment:
    """What is read from the environment, and when."""

    def test_defaults(self):
        """Without any variable it is the service, and no key."""
        llm = ChatAimlapi(model="gpt-4o")

        assert llm.aimlapi_api_base == "https://api.aimlapi.com/v1"
        assert llm.aimlapi_api_key is None

    @pytest.mark.parametrize(
        ("variables", "expected"),
        [
            ({"AIMLAPI_API_BASE": "http://one/v1"}, "http://one/v1"),
            ({"AIMLAPI_BASE_URL": "http://two/v1"}, "http://two/v1"),
            (
                {"AIMLAPI_API_BASE": "http://one/v1/", "AIMLAPI_BASE_URL": "http://two"},
                "http://one/v1",
            ),
        ],
        ids=["base", "url", "both"],
    )
    def test_addresses(self, monkeypatch, variables, expected):
        """Either variable, and of both the first."""
        for name, value in variables.items():
            monkeypatch.setenv(name, value)

        assert ChatAimlapi(model="gpt-4o").aimlapi_api_base == expected

    def test_the_model_and_the_key(self, ask, aimlapi_sandbox, monkeypatch):
        """With both in the environment nothing need be written."""
        monkeypatch.setenv("AIMLAPI_MODEL", "gpt-4o-mini")
        monkeypatch.setenv("AIMLAPI_API_KEY", "exported")

        ask(ChatAimlapi(), "Hi")

        assert body(aimlapi_sandbox)["model"] == "gpt-4o-mini"
        assert header(aimlapi_sandbox, "authorization") == "Bearer exported"

    def test_arguments_win(self, ask, model, aimlapi_sandbox, monkeypatch):
        """What is written goes before what is exported."""
        monkeypatch.setenv("AIMLAPI_MODEL", "gpt-4o-mini")

        ask(model(api_key="given"), "Hi")

        assert body(aimlapi_sandbox)["model"] == "gpt-4o"
        assert header(aimlapi_sandbox, "authorization") == "Bearer given"

    def test_a_key_set_later_is_found(self, ask, model, aimlapi_sandbox, monkeypatch):
        """A model made before the key was exported works once it is."""
        monkeypatch.delenv("AIMLAPI_API_KEY")
        llm = model()
        monkeypatch.setenv("AIMLAPI_API_KEY", "later")

        ask(llm, "Hi")

        assert header(aimlapi_sandbox, "authorization") == "Bearer later"


class TestKeyFunctions:
    """Keys that somebody has to be asked for."""

    def test_a_function_is_asked_at_every_call(self, ask, model, aimlapi_sandbox):
        """A key can rotate under a model that stays."""
        keys = iter(["first", "second"])
        llm = model(api_key=lambda: next(keys))

        ask(llm, "Hi")
        ask(llm, "Hi")

        sent = [request.headers["authorization"] for request in aimlapi_sandbox.requests]
        assert sent == ["Bearer first", "Bearer second"]

    @pytest.mark.parametrize("way", ["ainvoke", "astream"])
    async def test_an_async_function_serves_async_calls(self, model, aimlapi_sandbox, way):
        """It is awaited in the caller's loop."""

        async def key() -> str:
            await asyncio.sleep(0)
            return "fetched"

        llm = model(api_key=key)
        if way == "ainvoke":
            await llm.ainvoke("Hi")
        else:
            [chunk async for chunk in llm.astream("Hi")]

        assert header(aimlapi_sandbox, "authorization") == "Bearer fetched"

    @pytest.mark.parametrize("way", ["invoke", "stream"])
    def test_an_async_function_cannot_serve_sync_calls(self, model, aimlapi_sandbox, way):
        """The error says so, and no coroutine is left waiting."""

        async def key() -> str:
            return "fetched"

        with pytest.raises(ConfigurationError, match="async function serves the async methods"):
            list(getattr(model(api_key=key), way)("Hi"))

        assert aimlapi_sandbox.requests == []

    @pytest.mark.parametrize("returned", [None, "", "  ", 5, SecretStr("")])
    def test_a_function_without_a_key(self, ask, model, aimlapi_sandbox, returned):
        """What is no key is refused before anything is sent."""
        with pytest.raises(ConfigurationError, match="API key"):
            ask(model(api_key=lambda: returned), "Hi")

        assert aimlapi_sandbox.requests == []

    def test_an_error_of_the_function_is_the_callers(self, ask, model):
        """It passes as it is."""

        def key() -> str:
            raise LookupError("vault is locked")

        with pytest.raises(LookupError, match="vault is locked"):
            ask(model(api_key=key), "Hi")


class TestUnknownArguments:
    """Names that are no settings."""

    @pytest.mark.parametrize(
        ("name", "near"),
        [
            ("temprature", "temperature"),
            ("max_token", "max_tokens"),
            ("xyzzy", None),
        ],
    )
    def test_they_are_sent_with_one_warning(self, model, aimlapi_sandbox, name, near):
        """The warning names the nearest setting, comes once, and points to the caller's line."""
        with pytest.warns(UnknownParameterWarning) as caught:
            llm = model(**{name: 1})
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            model(**{name: 1})
        llm.invoke("Hi")

        said = str(caught[0].message)
        assert (f"Did you mean {near!r}?" in said) == (near is not None)
        assert repr(name) in said
        assert caught[0].filename == __file__
        assert body(aimlapi_sandbox)[name] == 1

    @pytest.mark.parametrize(
        ("name", "words"),
        [
            ("openai_api_base", "base_url=…"),
            ("openai_proxy", "proxy=…"),
            ("organization", "no organizations"),
            ("tiktoken_model_name", "Leave it out"),
            ("headers", "default_headers=…"),
            ("retries", "max_retries=…"),
        ],
    )
    def test_arguments_of_other_packages_are_refused(
        self, ask, model, aimlapi_sandbox, name, words
    ):
        """They are about the client, and some hold secrets: none is sent."""
        with pytest.raises(ConfigurationError, match=words):
            model(**{name: "x"})
        with pytest.raises(ConfigurationError, match=words):
            ask(model(), "Hi", **{name: "x"})

        assert aimlapi_sandbox.requests == []

    @pytest.mark.parametrize("name", ["gpt-5", "openai/gpt-5-pro", "claude-sonnet-4-20250514"])
    def test_a_mistyped_effort(self, ask, model, aimlapi_sandbox, name):
        """The legal words are named before anything is sent; other models' may be sent."""
        with pytest.raises(ConfigurationError, match="'hgih' is no effort.*'high'"):
            ask(model(model=name), "Hi", reasoning_effort="hgih")

        assert aimlapi_sandbox.requests == []

    def test_an_effort_of_an_unknown_model(self, ask, model, aimlapi_sandbox):
        """It is sent, and the service decides."""
        with pytest.raises(InvalidRequestError, match="reasoning_effort"):
            ask(model(model="acme/unknown"), "Hi", reasoning_effort="ultra")

        assert body(aimlapi_sandbox)["reasoning_effort"] == "ultra"

    def test_on_a_call_too(self, ask, model, aimlapi_sandbox):
        """An unknown argument of a call is sent, with the same warning."""
        with pytest.warns(UnknownParameterWarning, match="'temprature'.*'temperature'"):
            ask(model(), "Hi", temprature=1)

        assert body(aimlapi_sandbox)["temprature"] == 1

    @pytest.mark.parametrize("name", ["openai_api_key", "x_api_key", "API_KEY"])
    def test_keys_by_other_names_are_refused(self, ask, model, aimlapi_sandbox, name):
        """A key in the body would be read by all that log bodies."""
        with pytest.raises(ConfigurationError, match="api_key=") as caught:
            model(**{name: "canary"})
        with pytest.raises(ConfigurationError, match="api_key="):
            ask(model(), "Hi", **{name: "canary"})

        assert "canary" not in str(caught.value)
        assert aimlapi_sandbox.requests == []

    def test_documented_parameters_need_no_field(self, model, aimlapi_sandbox):
        """What some model documents is sent without a word."""
        model(model="some/new-model", user="me").invoke("Hi")

        assert body(aimlapi_sandbox)["user"] == "me"

    def test_the_callers_dicts_stay_as_they_are(self, model):
        """Neither unknown arguments nor calls write into what was passed in."""
        given, extra = {"user": "me"}, {"x": {"y": 1}}
        before = copy.deepcopy((given, extra))

        with pytest.warns(UnknownParameterWarning):
            llm = model(model_kwargs=given, extra_body=extra, xyzzy=1)
        llm.invoke("Hi", extra_body={"z": 1})

        assert (given, extra) == before
        assert llm.model_kwargs == {"user": "me", "xyzzy": 1}


def test_tokens_are_biased_by_their_numbers(ask, model, aimlapi_sandbox):
    """As other packages take them: keys of JSON are texts."""
    ask(model(logit_bias={50256: -100, "11": 5}), "Hi")
    ask(model(), "Hi", logit_bias={50256: -100})

    sent = [request.body["logit_bias"] for request in aimlapi_sandbox.requests]
    assert sent == [{"50256": -100, "11": 5}, {"50256": -100}]


class TestUnsupportedParameters:
    """Parameters that a model is documented not to take."""

    NAME = "google/gemini-3-5-flash"

    def test_dropped_with_one_warning(self, model, aimlapi_sandbox):
        """By default it is left out, and said once."""
        llm = model(model=self.NAME, repetition_penalty=1.1)

        with pytest.warns(UnsupportedParameterWarning, match="repetition_penalty") as caught:
            llm.invoke("Hi")
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            llm.invoke("Hi")

        assert caught[0].filename == __file__
        assert "repetition_penalty" not in body(aimlapi_sandbox)

    def test_sent_all_the_same(self, ask, model, aimlapi_sandbox):
        """With "send" it goes out without a warning."""
        ask(model(model=self.NAME, repetition_penalty=1.1, unsupported_params="send"), "Hi")

        assert body(aimlapi_sandbox)["repetition_penalty"] == 1.1

    def test_refused(self, ask, model, aimlapi_sandbox):
        """With "error" the call names the parameter and the model, and sends nothing."""
        llm = model(model=self.NAME, repetition_penalty=1.1, unsupported_params="error")

        with pytest.raises(ConfigurationError, match=f"{self.NAME}.*repetition_penalty"):
            ask(llm, "Hi")

        assert aimlapi_sandbox.requests == []


class Tokens(BaseCallbackHandler):
    """Counts tokens as they come."""

    def __init__(self) -> None:
        self.count = 0

    def on_llm_new_token(self, *_args, **_kwargs) -> None:
        """Count."""
        self.count += 1


class TestEffects:
    """Each setting does something that can be seen from outside."""

    def test_max_retries(self, ask, model, aimlapi_sandbox):
        """With n retries there are n + 1 requests, on the object or on the call."""
        aimlapi_sandbox.fail_next("rate_limit_ms", 20)
        aimlapi_sandbox.retry_after = 0.0
        for arguments, expected in (({"max_retries": 1}, 2), ({"max_retries": 0}, 1)):
            aimlapi_sandbox.requests.clear()
            with pytest.raises(Exception, match="429"):
                ask(model(), "Hi", **arguments)

            assert len(aimlapi_sandbox.requests) == expected

    @pytest.mark.parametrize("timeout", [0.2, Timeouts(total=0.2)])
    def test_timeout(self, ask, model, aimlapi_sandbox, timeout):
        """As a number or in detail, of the object or of the call."""
        aimlapi_sandbox.fail_next("no_answer", 2)

        with pytest.raises(AimlapiTimeoutError, match=r"0\.2 s"):
            ask(model(timeout=timeout), "Hi")
        with pytest.raises(AimlapiTimeoutError, match=r"0\.2 s"):
            ask(model(), "Hi", timeout=timeout)

    @pytest.mark.parametrize("timeout", [0, -1, -0.5])
    def test_no_time_is_refused(self, timeout):
        """A timeout that cannot be kept is refused at construction."""
        with pytest.raises(ConfigurationError, match="above 0"):
            ChatAimlapi(model="gpt-4o", timeout=timeout)

    def test_streaming(self, model, aimlapi_sandbox):
        """`invoke` streams inside, and handlers get tokens."""
        tokens = Tokens()
        answer = model(streaming=True).invoke("I love programming.", config={"callbacks": [tokens]})

        assert body(aimlapi_sandbox)["stream"]
        assert tokens.count > 5
        assert "I love programming." in answer.text

    def test_verify(self, ask, model, tmp_path):
        """A file of authorities that is none is an error that names it."""
        authorities = tmp_path / "authorities.pem"
        authorities.write_text("nothing", "utf-8")

        with pytest.raises(ConfigurationError, match=r"authorities\.pem"):
            ask(model(base_url="https://127.0.0.1:9", verify=str(authorities)), "Hi")

    def test_verify_takes_a_context(self, ask, model):
        """A TLS context goes into the connection as it is."""
        context = ssl.create_default_context()

        with pytest.raises(Exception, match="connect"):
            ask(model(base_url="https://127.0.0.1:9", verify=context), "Hi")

    def test_proxy(self, ask, model, aimlapi_sandbox):
        """Requests go to the proxy, which is told where they are meant to go."""
        proxy = aimlapi_sandbox.base_url.removesuffix("/v1")

        answer = ask(model(base_url="http://nowhere.invalid/v1", proxy=proxy), "Hi")

        assert "Hi" in answer.text
        assert header(aimlapi_sandbox, "host") == "nowhere.invalid"

    async def test_max_connections(self, model, aimlapi_sandbox):
        """Calls at once share as many connections as allowed."""
        llm = model(max_connections=1)
        await llm.abatch([f"call {number}" for number in range(5)])

        assert aimlapi_sandbox.connections == 1

    def test_max_response_bytes(self, model, aimlapi_sandbox):
        """A whole reply has a size; a stream is read piece by piece, each with a size of its own."""
        del aimlapi_sandbox
        llm = model(max_response_bytes=100)

        with pytest.raises(ResponseFormatError, match="larger than 100 bytes"):
            llm.invoke("Hi")
        with pytest.raises(ResponseFormatError, match="larger than 100 bytes"):
            asyncio.run(llm.ainvoke("Hi"))
        assert "Hi" in "".join(chunk.text for chunk in llm.stream("Hi"))

    def test_echo_reasoning(self, ask, model, aimlapi_sandbox):
        """A model's own reasoning goes back to it, unless that is switched off."""
        turns = [
            HumanMessage("Why?"),
            AIMessage("So.", additional_kwargs={"reasoning_content": "some reasoning"}),
            HumanMessage("And?"),
        ]
        name = "deepseek/deepseek-v4-pro"

        ask(model(model=name), turns)
        echoed = body(aimlapi_sandbox)["messages"][1]
        with contextlib.suppress(InvalidRequestError):  # this model demands it
            ask(model(model=name, echo_reasoning=False), turns)
        silent = body(aimlapi_sandbox)["messages"][1]

        assert echoed["reasoning_content"] == "some reasoning"
        assert "reasoning_content" not in silent

    def test_parallel_tool_calls(self, ask, model, aimlapi_sandbox):
        """It goes along with tools."""
        tool = {"title": "Add", "type": "object", "properties": {}}

        ask(model(parallel_tool_calls=False).bind_tools([tool]), "Hi")

        assert body(aimlapi_sandbox)["parallel_tool_calls"] is False

    @pytest.mark.parametrize("split", [True, False])
    def test_split_think_tags(self, ask, model, split):
        """Text in tags becomes reasoning, unless it is to stay."""
        with Scripted({"content": "<think>some reasoning</think>\n\nan answer"}) as service:
            answer = ask(model(base_url=service.url, split_think_tags=split), "Hi")

        assert ("<think>" in answer.text) != split
        assert (answer.additional_kwargs.get("reasoning_content") == "some reasoning") == split

    @pytest.mark.parametrize(("together", "words"), [(False, ["a", "b", "c"]), (True, ["abc"])])
    def test_coalesce(self, model, together, words):
        """Words that arrive in one read are one chunk if that is asked for."""
        with Words("abc") as service:
            chunks = [*model(base_url=service.url, coalesce=together).stream("Hi")]
            asked = [*model(base_url=service.url).stream("Hi", coalesce=together)]

        assert [chunk.text for chunk in chunks if chunk.text] == words
        assert [chunk.text for chunk in asked if chunk.text] == words
        assert "coalesce" not in service.bodies[-1]

    @pytest.mark.parametrize("name", OURS)
    def test_every_setting_is_documented(self, name):
        """Each field has a docstring that ends like a sentence."""
        assert (field_docs()[name] or "").strip().endswith(".")

    @pytest.mark.parametrize("name", OURS)
    def test_every_setting_is_tested(self, name):
        """Each field occurs in a test of the chat model: there is no option that does nothing."""
        alias = ChatAimlapi.model_fields[name].alias or name
        sources = [
            inspect.getsource(importlib.import_module(f"tests.{module}"))
            for module in (
                "test_chat_models",
                "test_responses_route",
                "test_settings",
                "test_token_limit",
            )
        ]

        assert any(f"{alias}=" in text or f'("{alias}", ' in text for text in sources)


def field_docs():
    """The docstring below each field, in whichever of our classes it stands."""
    ours = [kind for kind in ChatAimlapi.__mro__ if kind.__module__.startswith("langchain_aimlapi")]
    bodies = [ast.parse(inspect.getsource(kind)).body[0].body for kind in ours]
    return {
        field.target.id: ast.literal_eval(below.value) if isinstance(below, ast.Expr) else None
        for body in bodies
        for field, below in itertools.pairwise(body)
        if isinstance(field, ast.AnnAssign)
    }


class TestClients:
    """Clients that are passed in."""

    @pytest.mark.parametrize("library", [httpx2, httpx], ids=["httpx2", "httpx"])
    @pytest.mark.parametrize("way", ["invoke", "stream"])
    def test_sync(self, model, aimlapi_sandbox, library, way):
        """Either library's client answers, is the one that is used, and stays open."""
        with library.Client(headers={"x-mine": "yes"}) as client:
            llm = model(http_client=client)
            for _ in range(2):
                answer = llm.invoke("Hi") if way == "invoke" else merged(list(llm.stream("Hi")))
                assert "Hi" in answer.text
            llm.close()

            assert not client.is_closed
        assert header(aimlapi_sandbox, "x-mine") == "yes"

    @pytest.mark.parametrize("library", ["aiohttp", "httpx2", "httpx"])
    @pytest.mark.parametrize("way", ["ainvoke", "astream"])
    async def test_async(self, model, aimlapi_sandbox, library, way):
        """Likewise of the async clients."""
        makers = {
            "aiohttp": aiohttp.ClientSession,
            "httpx2": httpx2.AsyncClient,
            "httpx": httpx.AsyncClient,
        }
        async with makers[library](headers={"x-mine": "yes"}) as client:
            llm = model(http_async_client=client)
            for _ in range(2):
                if way == "ainvoke":
                    answer = await llm.ainvoke("Hi")
                else:
                    answer = merged([chunk async for chunk in llm.astream("Hi")])
                assert "Hi" in answer.text
            await llm.aclose()

            assert not (client.closed if library == "aiohttp" else client.is_closed)
        assert header(aimlapi_sandbox, "x-mine") == "yes"

    @pytest.mark.parametrize("library", [httpx2, httpx], ids=["httpx2", "httpx"])
    def test_errors_are_ours(self, model, aimlapi_sandbox, library):
        """A passed-in client changes nothing of what is raised."""
        aimlapi_sandbox.fail_next("status_500")
        with library.Client() as client, pytest.raises(ServerError):
            model(http_client=client).invoke("Hi")


def loaded(llm):
    """A model through LangChain's `dumpd` and `load`, as documented."""
    return load(
        dumpd(llm),
        allowed_objects=[ChatAimlapi],
        valid_namespaces=["langchain_aimlapi"],
        secrets_from_env=True,
    )


@pytest.mark.filterwarnings("ignore::langchain_core._api.LangChainBetaWarning")
class TestSerialisation:
    """LangChain's own form of a model."""

    def test_round_trip(self, ask, model, aimlapi_sandbox):
        """A model written and read is equal, and works with the key of the environment."""
        llm = model(
            temperature=0.5,
            stop=["END"],
            timeout=Timeouts(total=9, first_token=3),
            model_kwargs={"user": "me"},
            reasoning_effort="low",
            unsupported_params="send",
        )

        again = loaded(llm)
        ask(again, "Hi")

        assert again.asdict() == llm.asdict()
        assert again.timeout == llm.timeout
        assert again.unsupported_params == "send"
        assert header(aimlapi_sandbox, "authorization") == f"Bearer {aimlapi_sandbox.api_key}"

    def test_a_binding(self, ask, model, aimlapi_sandbox):
        """Bound tools come along."""
        tool = {"title": "Add", "type": "object", "properties": {"a": {"type": "integer"}}}
        bound = model().bind_tools([tool], tool_choice="any")
        again = load(
            dumpd(bound),
            allowed_objects=[ChatAimlapi, type(bound)],
            valid_namespaces=["langchain_aimlapi"],
            secrets_from_env=True,
        )

        assert ask(again, "Hi").tool_calls[0]["name"] == "Add"

    def test_the_registry_of_langchain_is_left_alone(self):
        """`init_chat_model` knows its own providers, and we do not write into its table."""
        base = importlib.import_module("langchain.chat_models.base")

        assert "aimlapi" not in base._BUILTIN_PROVIDERS


class TestProfiles:
    """What LangChain is told of a model."""

    def test_a_known_model(self):
        """Middleware finds what the model takes and can."""
        profile = ChatAimlapi(model="gpt-4o").profile

        assert profile["tool_calling"]
        assert profile["image_inputs"]

    def test_an_unknown_model(self):
        """No profile is made up."""
        assert ChatAimlapi(model="some/new-model").profile is None

    def test_ones_own(self):
        """A given profile is kept."""
        assert ChatAimlapi(model="gpt-4o", profile={"max_input_tokens": 5}).profile == {
            "max_input_tokens": 5
        }


class TestCounting:
    """Tokens counted without asking anybody."""

    def test_ones_own_counter(self, model):
        """`custom_get_token_ids` is honoured."""
        llm = model(custom_get_token_ids=lambda text: [ord(each) for each in text])

        assert llm.get_token_ids("ab") == [97, 98]
        assert llm.get_num_tokens("ab") == 2

    @pytest.mark.parametrize("content", ["", "word " * 400, [{"type": "text", "text": "Hi"}]])
    def test_any_content(self, model, aimlapi_sandbox, content):
        """Counting never raises and never asks."""
        counted = model().get_num_tokens_from_messages([HumanMessage(content)])

        assert 0 < counted < 1000
        assert aimlapi_sandbox.requests == []


def test_isolation_of_calls(model):
    """Keys and headers of concurrent calls do not mix."""
    with Sandbox() as sandbox:
        llm = model(base_url=sandbox.base_url)

        async def ask_all() -> None:
            await asyncio.gather(
                *(
                    llm.ainvoke(str(n), api_key=f"key-{n}", extra_headers={"x-n": str(n)})
                    for n in range(20)
                )
            )

        asyncio.run(ask_all())

        for request in sandbox.requests:
            number = request.body["messages"][0]["content"]
            assert request.headers["authorization"] == f"Bearer key-{number}"
            assert request.headers["x-n"] == number


@pytest.mark.parametrize(
    ("made", "arguments"),
    [
        (ChatAimlapi, ChatArguments),
        (AimlapiEmbeddings, EmbeddingsArguments),
        (Account, ClientArguments),
    ],
)
def test_type_checkers_know_every_argument(made, arguments):
    """By its name and by its alias; what is missing belongs into `arguments.py`."""
    fields = made.model_fields
    names = {*fields} | {field.alias for field in fields.values() if field.alias}

    assert {*arguments.__required_keys__, *arguments.__optional_keys__} == names | {
        "request_timeout"
    }
