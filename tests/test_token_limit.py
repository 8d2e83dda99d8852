"""Tokens a minute on any chat model: taken before a call, settled by what it took."""

from __future__ import annotations

import copy
import pickle

import pytest
from pydantic import ValidationError

from langchain_aimlapi import AimlapiStatusError, ChatAimlapi, ConfigurationError
from langchain_aimlapi.bulk import TokenLimiter


class Ledger:
    """A limit that never waits, and writes down what it is told."""

    def __init__(self):
        self.taken, self.settled = [], []

    def acquire(self, estimate):
        self.taken.append(estimate)

    async def aacquire(self, estimate):
        self.taken.append(estimate)

    def settle(self, estimate, used):
        self.settled.append((estimate, used))


@pytest.mark.parametrize("route", [False, True])
def test_a_call_takes_its_estimate_and_is_settled_by_its_usage(ask, model, route):
    """In all four ways and on both routes; the estimate is the prompt's and an answer's tokens."""
    limit = Ledger()
    llm = model(token_limiter=limit, max_tokens=40, use_responses_api=route)
    answer = ask(llm, "word " * 400)
    (estimate,) = limit.taken
    assert 500 + 40 <= estimate <= 700
    assert limit.settled == [(estimate, answer.usage_metadata["total_tokens"])]


def test_events_are_settled_too(model):
    """The events of `stream_events` come from the same stream."""
    limit = Ledger()
    list(model(token_limiter=limit).stream_events("hello", version="v3"))
    assert len(limit.taken) == len(limit.settled) == 1
    assert limit.settled[0][1] > 0


def test_a_refused_call_gives_its_tokens_back(ask, model):
    """It has taken none."""
    limit = Ledger()
    with pytest.raises(AimlapiStatusError):
        ask(model(token_limiter=limit, default_headers={"x-sandbox-fault": "status_429"}), "hello")
    assert limit.settled == [(limit.taken[0], 0)]


def test_copies_share_it_and_it_is_no_part_of_what_is_stored(model):
    """It is a way to call, not a setting of the answer; a limiter of ours travels to processes."""
    limit = TokenLimiter(1000)
    llm = model(token_limiter=limit)
    assert copy.deepcopy(llm).token_limiter is limit
    assert llm.model_copy(update={"max_retries": 1}).token_limiter is limit
    assert isinstance(pickle.loads(pickle.dumps(llm)).token_limiter, TokenLimiter)  # noqa: S301
    assert "token_limiter" not in llm.model_dump()


def test_what_is_no_limit_is_refused():
    """With the model, not with the first call."""
    with pytest.raises((ConfigurationError, ValidationError), match="token_limiter"):
        ChatAimlapi(model="gpt-4o", api_key="k", token_limiter=5)


class Refusing(Ledger):
    """A limit that lets nothing through."""

    def acquire(self, estimate):
        raise TimeoutError

    async def aacquire(self, estimate):
        raise TimeoutError


def test_nothing_is_sent_before_the_limit_has_let_it_through(ask, model, aimlapi_sandbox):
    """The wait comes first, in all four ways."""
    with pytest.raises(TimeoutError):
        ask(model(token_limiter=Refusing()), "hello")
    assert not aimlapi_sandbox.requests
