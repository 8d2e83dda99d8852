"""How long a call waits when nobody said how long."""

from __future__ import annotations

import pytest
from langchain_core.messages import HumanMessage

from langchain_aimlapi import ChatAimlapi, Timeouts
from langchain_aimlapi._chat.build import build_chat_request
from langchain_aimlapi._client.key import as_secret


def timeouts(*, stream=False, **settings):
    """The time that a call of a model with these settings would get."""
    arguments = settings.pop("arguments", {})
    model = ChatAimlapi(model="gpt-4o", **settings)
    key = as_secret("key")
    call = build_chat_request(
        model, [HumanMessage("Hi")], arguments, key=key, stream=stream, run_id=None
    )
    return call.request.timeouts


def test_a_whole_reply_gets_ten_minutes():
    """With all its attempts; a service that says nothing does not hold a program for ever."""
    assert timeouts() == Timeouts(connect=10, total=600)


def test_a_stream_may_last_as_long_as_it_says_something():
    """Only ten minutes of silence end it."""
    assert timeouts(stream=True) == Timeouts(connect=10, first_token=600, between_tokens=600)


@pytest.mark.parametrize("stream", [False, True])
def test_a_number_is_for_everything(stream):
    """One deadline over all attempts, streamed or not, on the object or on the call."""
    assert timeouts(stream=stream, timeout=30) == Timeouts(total=30)
    assert timeouts(stream=stream, arguments={"timeout": 5}, timeout=30) == Timeouts(total=5)


@pytest.mark.parametrize("stream", [False, True])
def test_no_bounds_can_be_asked_for(stream):
    """`Timeouts()` bounds nothing but connecting."""
    assert timeouts(stream=stream, timeout=Timeouts()) == Timeouts()
