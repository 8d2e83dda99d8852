"""Settings that are changed on an object, or in a copy of it: read as its constructor reads them."""

from __future__ import annotations

import pickle

import pytest
from langchain_core.load import dumps
from pydantic import SecretStr

from langchain_aimlapi import (
    AimlapiEmbeddings,
    AimlapiImages,
    AimlapiTimeoutError,
    ChatAimlapi,
    ConfigurationError,
    Timeouts,
)

CANARY = "canary-0123456789"
MADE = {
    "chat": lambda: ChatAimlapi(model="gpt-4o"),
    "embeddings": lambda: AimlapiEmbeddings(model="text-embedding-3-small"),
    "images": lambda: AimlapiImages(model="flux/dev"),
}


def assigned(made, name, value):
    """Changed in place."""
    setattr(
        made, {"api_key": "aimlapi_api_key", "base_url": "aimlapi_api_base"}.get(name, name), value
    )
    return made


def copied(made, name, value):
    """Changed in a copy, by the name of the constructor."""
    return made.model_copy(update={name: value})


@pytest.fixture(params=[assigned, copied])
def changed(request):
    """Either way."""
    return request.param


@pytest.mark.parametrize("make", MADE.values(), ids=MADE)
class TestEveryClass:
    def test_a_key_is_wrapped(self, make, changed):
        """It stands in no `repr`, dump or trace."""
        made = changed(make(), "api_key", CANARY)

        assert made.aimlapi_api_key.get_secret_value() == CANARY
        shown = (repr(made), str(made.model_dump()), made.model_dump_json())
        assert CANARY not in "".join(shown)

    def test_an_address_is_tidied(self, make, changed):
        """With a slash or an endpoint at its end it led nowhere."""
        made = changed(make(), "base_url", "https://service.test/v1/chat/completions/")

        assert made.aimlapi_api_base == "https://service.test/v1"

    def test_an_address_that_is_none_is_refused(self, make, changed):
        """At once, and not by the next call."""
        with pytest.raises(ConfigurationError, match="is not an address"):
            changed(make(), "base_url", "nowhere")

    def test_a_timeout_may_be_a_pair(self, make, changed):
        """As of the constructor."""
        made = changed(make(), "timeout", (1, 2))

        assert made.timeout == Timeouts(connect=1, read=2)

    def test_all_else_is_as_it_was(self, make, changed):
        """And so is the object that was copied."""
        before = make()
        key = SecretStr(CANARY)
        made = changed(before, "api_key", key)

        assert made.aimlapi_api_key is key
        assert (made is before) is (changed is assigned)


def test_a_call(aimlapi_sandbox, ask, model, changed):
    """The key is sent, the address and the timeout hold."""
    ask(changed(model(), "api_key", aimlapi_sandbox.api_key), "Hi")
    ask(changed(model(), "base_url", f"{aimlapi_sandbox.base_url}/"), "Hi")
    assert len(aimlapi_sandbox.requests) == 2

    aimlapi_sandbox.fail_next("no_answer")
    with pytest.raises(AimlapiTimeoutError, match=r"0\.2 s"):
        ask(changed(model(), "timeout", (30, 0.2)), "Hi")


def test_what_langchain_writes(changed):
    """A key that was set later is no part of it either."""
    made = changed(ChatAimlapi(model="gpt-4o"), "api_key", CANARY)

    assert CANARY not in dumps(made)
    assert pickle.loads(pickle.dumps(made)).aimlapi_api_key.get_secret_value() == CANARY  # noqa: S301
