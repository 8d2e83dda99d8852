"""Names that are about the client, among the parameters of the request body: refused, with a remedy."""

from __future__ import annotations

import pytest
from langchain_core.messages import HumanMessage, SystemMessage

from langchain_aimlapi import AimlapiEmbeddings, AimlapiImages, ChatAimlapi, ConfigurationError
from langchain_aimlapi._chat.build import CALL_ARGUMENTS
from langchain_aimlapi._chat.settings import SENT_FIELDS, reserved_for_chat
from tests.ways import run_async

CONVERSATION = [{"role": "user", "content": "another question"}]
CLIENT = {
    "api_key": "canary",
    "base_url": "http://127.0.0.1:1/v1",
    "callbacks": [],
    "config": {},
    "default_headers": {"a": "b"},
    "extra_body": {"seed": 1},
    "extra_headers": {"a": "b"},
    "headers": {"a": "b"},
    "input": "another question",
    "max_retries": 1,
    "messages": CONVERSATION,
    "model": "gpt-4o-mini",
    "model_kwargs": {"seed": 1},
    "openai_api_key": "canary",
    "proxy": "http://127.0.0.1:1",
    "stream": True,
    "streaming": True,
    "timeout": 5,
}
NEVER_ON_A_CALL = {
    "default_headers": "default_headers=…",
    "model_kwargs": "model_kwargs=…",
    "proxy": "proxy=…",
    "streaming": "streaming=…",
    "verify": "verify=…",
}
BY_LANGCHAIN = {
    "callbacks": "config={'callbacks'",
    "input": "The conversation is",
    "messages": "The conversation is",
    "tags": "config={'tags'",
}


def sent(sandbox):
    """The body of the last request."""
    return sandbox.requests[-1].body


class TestModelKwargs:
    @pytest.mark.parametrize("name", CLIENT)
    def test_refused_when_the_model_is_made(self, aimlapi_sandbox, model, name):
        """The conversation would be another one, the key readable, the timeout not kept."""
        with pytest.raises(ConfigurationError, match=f"model_kwargs: '{name}'") as raised:
            model(model_kwargs={"seed": 5, name: CLIENT[name]})

        assert "canary" not in str(raised.value)

    def test_put_there_later(self, aimlapi_sandbox, ask, model):
        """A mapping that is changed in place is looked at again by the call."""
        llm = model(model_kwargs={"seed": 5})
        llm.model_kwargs["messages"] = CONVERSATION

        with pytest.raises(ConfigurationError, match="'messages'"):
            ask(llm, "Hi")
        assert aimlapi_sandbox.requests == []

    @pytest.mark.parametrize("route", [False, True], ids=["chat", "responses"])
    def test_parameters_are_sent(self, aimlapi_sandbox, ask, model, route):
        """Those that have a field and those that have none, and LangChain's names for metadata."""
        given = {"user": "me", "temperature": 0.5, "metadata": {"a": "b"}}
        ask(model(model_kwargs=given, use_responses_api=route), "Hi")

        assert sent(aimlapi_sandbox).items() >= given.items()

    def test_no_field_of_the_client_is_missing(self):
        """Every field is either sent or refused, whatever is added."""
        langchain = {"cache", "metadata", "name", "profile", "tags", "verbose"}
        fields = set(ChatAimlapi.model_fields) - langchain - set(SENT_FIELDS)

        assert fields <= reserved_for_chat().keys()
        assert not set(SENT_FIELDS) & reserved_for_chat().keys()

    @pytest.mark.parametrize("name", ["stream", "messages", "input", "extra_headers", "config"])
    def test_arguments_of_the_model(self, aimlapi_sandbox, model, name):
        """What is no field would go into `model_kwargs`, and is refused likewise."""
        with pytest.raises(ConfigurationError, match=f"ChatAimlapi: '{name}'"):
            model(**{name: CLIENT[name]})

    @pytest.mark.parametrize("name", ["input", "model", "timeout", "base_url", "extra_headers"])
    def test_embeddings(self, aimlapi_sandbox, name):
        """An `input` there was embedded in the place of the texts."""
        with pytest.raises(ConfigurationError, match=f"model_kwargs: '{name}'"):
            AimlapiEmbeddings(model="text-embedding-3-small", model_kwargs={name: CLIENT[name]})

    def test_media(self, aimlapi_sandbox):
        """Those too, and what an id documents stays its parameter."""
        with pytest.raises(ConfigurationError, match="model_kwargs: 'timeout'"):
            AimlapiImages(model="flux/dev", model_kwargs={"timeout": 5})

        AimlapiImages(model="bytedance/seedream-3.0", model_kwargs={"seed": 5}).invoke("a cat")

        assert sent(aimlapi_sandbox)["seed"] == 5


class TestCalls:
    @pytest.mark.parametrize("name", NEVER_ON_A_CALL)
    def test_refused(self, aimlapi_sandbox, ask, model, name):
        """What is set when a model is made was sent in the body."""
        with pytest.raises(ConfigurationError, match=f"call: '{name}'") as raised:
            ask(model(), "Hi", **{name: "x"})

        assert NEVER_ON_A_CALL[name] in str(raised.value)
        assert aimlapi_sandbox.requests == []

    @pytest.mark.parametrize("name", [*NEVER_ON_A_CALL, *BY_LANGCHAIN])
    def test_refused_when_bound(self, aimlapi_sandbox, model, name):
        """At once, and not by the first call with LangChain's own TypeError."""
        with pytest.raises(ConfigurationError, match=f"bind: '{name}'") as raised:
            model().bind(**{name: "x"})
        with pytest.raises(ConfigurationError, match=f"bind: '{name}'"):
            model().bind_tools([], **{name: "x"})

        assert (NEVER_ON_A_CALL | BY_LANGCHAIN)[name] in str(raised.value)

    def test_arguments_of_calls_are_bound(self, model):
        """None of those that steer a call is refused."""
        model().bind(**dict.fromkeys(CALL_ARGUMENTS), temperature=0.5, stop=["x"], stream=False)

    def test_another_model_is_asked(self, aimlapi_sandbox, ask, model):
        """`bind(model=…)` has the effect that it names."""
        ask(model().bind(model="gpt-4o-mini"), "Hi")

        assert sent(aimlapi_sandbox)["model"] == "gpt-4o-mini"

    def test_a_bound_stream(self, aimlapi_sandbox, ask, model):
        """`bind(stream=True)` is LangChain's way to have `invoke` stream inside."""
        assert ask(model().bind(stream=True), "Hi").text

        assert sent(aimlapi_sandbox)["stream"] is True

    @pytest.mark.filterwarnings("ignore::langchain_core._api.LangChainBetaWarning")
    def test_events(self, aimlapi_sandbox, model):
        """Both worlds."""

        async def listed():
            events = model().astream_events("Hi", version="v3", verify=False)
            return [event async for event in await events]

        with pytest.raises(ConfigurationError, match="'verify'"):
            list(model().stream_events("Hi", version="v3", verify=False))
        with pytest.raises(ConfigurationError, match="'verify'"):
            run_async(listed())

        assert aimlapi_sandbox.requests == []


WRONG = {
    "base_url": 5,
    "client_request_id": 5,
    "extra_body": ["canary"],
    "extra_headers": [("Authorization", "canary")],
    "extra_query": "canary=1",
    "max_retries": "3",
    "model": object(),
    "model_name": 5,
}


@pytest.mark.parametrize("name", WRONG)
def test_steering_arguments_of_the_wrong_kind(aimlapi_sandbox, ask, model, name):
    """They were an AttributeError or TypeError from deep within."""
    with pytest.raises(ConfigurationError, match=f"call: {name} is a .*, not") as raised:
        ask(model(), "Hi", **{name: WRONG[name]})

    assert "canary" not in str(raised.value)
    assert aimlapi_sandbox.requests == []


def test_the_same_of_media(aimlapi_sandbox):
    """By the same rule."""
    with pytest.raises(ConfigurationError, match="call: base_url is a text, not int"):
        AimlapiImages(model="flux/dev").invoke("a cat", base_url=5)


class TestExtraBody:
    @pytest.mark.parametrize("place", ["object", "call"])
    def test_a_stream_in_it(self, aimlapi_sandbox, ask, model, place):
        """The reply would be of the other kind than is waited for."""
        given = {"extra_body": {"stream": True}}
        llm, arguments = (model(**given), {}) if place == "object" else (model(), given)

        with pytest.raises(ConfigurationError, match="extra_body: 'stream'"):
            ask(llm, "Hi", **arguments)
        assert aimlapi_sandbox.requests == []


class TestStreamOptions:
    """They are sent with streams, where the service takes them, beside what the client asks for."""

    @pytest.mark.parametrize("place", ["object", "call"])
    def test_streams_alone(self, aimlapi_sandbox, model, place):
        """A call that does not stream was refused for them."""
        given = {"stream_options": {"include_obfuscation": False}}
        made, called = (given, {}) if place == "object" else ({}, given)

        model(**made).invoke("Hi", **called)
        assert "stream_options" not in sent(aimlapi_sandbox)

        chunks = list(model(**made).stream("Hi", **called))
        assert sent(aimlapi_sandbox)["stream_options"] == {
            "include_usage": True,
            "include_obfuscation": False,
        }
        assert chunks[-1].usage_metadata or chunks[-2].usage_metadata

    def test_the_same_async(self, aimlapi_sandbox, model):
        """In both ways."""

        async def both():
            await model().ainvoke("Hi", stream_options={"include_usage": True})
            invoked = sent(aimlapi_sandbox)
            async for _ in model().astream("Hi", stream_options={"include_usage": False}):
                pass
            return invoked, sent(aimlapi_sandbox)

        invoked, streamed = run_async(both())
        assert "stream_options" not in invoked
        assert streamed["stream_options"] == {"include_usage": False}

    def test_responses(self, aimlapi_sandbox, model):
        """There, usage comes unasked, and asking for it is refused."""
        llm = model(use_responses_api=True)

        list(llm.stream("Hi", stream_options={"include_usage": True}))
        assert "stream_options" not in sent(aimlapi_sandbox)

        list(llm.stream("Hi", stream_options={"include_usage": 1, "include_obfuscation": False}))
        assert sent(aimlapi_sandbox)["stream_options"] == {"include_obfuscation": False}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("Be kind.", "Be kind.\n\nBe brief."),
        (
            [{"type": "text", "text": "Be kind.", "cache_control": {"type": "ephemeral"}}],
            [
                {"type": "text", "text": "Be kind.", "cache_control": {"type": "ephemeral"}},
                {"type": "text", "text": "Be brief."},
            ],
        ),
    ],
)
def test_a_system_parameter_beside_a_system_message(aimlapi_sandbox, ask, model, given, expected):
    """Anthropic's dialect has one place for both: neither is lost."""
    llm = model(
        model="claude-sonnet-4-20250514",
        dialect="anthropic",
        max_tokens=100,
        model_kwargs={"system": given},
    )

    ask(llm, [SystemMessage("Be brief."), HumanMessage("Hi")])

    assert sent(aimlapi_sandbox)["system"] == expected
