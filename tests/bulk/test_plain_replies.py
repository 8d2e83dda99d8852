"""Replies that become columns without a message: the same columns as by way of one."""

from __future__ import annotations

import json
from pathlib import Path

import orjson
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from langchain_core.outputs import ChatResult
from langchain_core.runnables import RunnableLambda
from pydantic import BaseModel, SecretStr, field_validator

from fuzz.mutation import mutated
from langchain_aimlapi import ChatAimlapi
from langchain_aimlapi._chat import stream
from langchain_aimlapi._client import costs
from langchain_aimlapi._codec.decode.metadata import CHOICE_KEYS, MESSAGE_KEYS, REPLY_KEYS
from langchain_aimlapi._transport.request import Reply
from langchain_aimlapi.bulk.calls import caller_for
from langchain_aimlapi.bulk.outcome import COLUMNS, Outcome
from langchain_aimlapi.errors import AimlapiError
from tests.codec.shapes import SHAPES
from tests.codec.vendors import VENDORS

CORPUS = Path(__file__).parents[2] / "fuzz" / "corpus" / "reply"
REPLIES = {
    **{name: orjson.dumps(shape.reply) for name, shape in SHAPES.items()},
    **{f"vendor {name}": orjson.dumps(vendor.body) for name, vendor in VENDORS.items()},
    **{f"corpus {path.name}": path.read_bytes() for path in sorted(CORPUS.glob("*.json"))},
}
HEADERS = {
    "x-inference-id": "inference",
    "x-client-request-id": "client",
    "x-aimlapi-usd-spent": "0.25",
    "x-ratelimit-limit": "9",
}


class Capital(BaseModel):
    """A capital."""

    name: str

    @field_validator("name")
    @classmethod
    def _is_short(cls, name: str) -> str:
        if len(name) > 20:
            raise LookupError(name)
        return name


def direct(schema=None, **settings):
    """What asks the rows of a job itself."""
    llm = ChatAimlapi(model="asked/model", api_key="k", **settings)
    return caller_for(llm, "{t}", schema)


ANY = direct()
CAPITAL = direct(Capital)


def tried(make):
    """What is made, or the type of the error that says why it cannot be."""
    try:
        return make()
    except (AimlapiError, *stream.DECODE_ERRORS) as error:
        return type(error)


def both_ways(caller, body, headers=HEADERS):
    """A reply's columns without a message, or None; and by way of one, or its error's type."""
    request = caller._requests.request([("human", "x")], SecretStr("k"))
    reply = Reply(200, headers, body)
    short = tried(lambda: stream._decode_plain(request, caller._plain, reply))
    long = tried(lambda: caller._outcome(stream._decode(request, reply)))
    if isinstance(short, Outcome):
        return short, long
    whole = tried(lambda: caller._outcome(short)) if isinstance(short, ChatResult) else short
    assert whole == long
    return None, long


def is_same(caller, body, headers=HEADERS):
    """Check that both ways lead to the same; tell whether there was no message."""
    short, long = both_ways(caller, body, headers)
    if short is None:
        return False
    assert (short.values, short.failed) == (long.values, False)
    assert list(short.values) == list(long.values)  # the journal's text keeps their order
    assert short.values.keys() <= COLUMNS.keys()
    return True


@pytest.mark.parametrize("headers", [HEADERS, {}], ids=["headers", "no headers"])
@pytest.mark.parametrize("body", REPLIES.values(), ids=REPLIES.keys())
def test_the_same_columns(body, headers):
    """Of each form that replies are documented in, and those that once broke a rule."""
    is_same(ANY, body, headers)
    is_same(CAPITAL, body, headers)


def test_ordinary_replies_need_no_message():
    """Those that are one text, whatever the vendor."""
    assert all(is_same(ANY, orjson.dumps(vendor.body)) for vendor in VENDORS.values())
    for shape in SHAPES.values():
        (choice,) = shape.reply["choices"]
        message = choice["message"]
        more = [
            key for key in ("audio", "function_call", "refusal", "tool_calls") if message.get(key)
        ]
        plain = isinstance(message["content"], str) and not more
        assert is_same(ANY, orjson.dumps(shape.reply)) == plain


# --- replies of any form --------------------------------------------------------------------------

SAID = st.sampled_from(
    ["", " ", "Paris.", "<think>Why</think>\n\nParis.", " <think>", '{"name": "Paris"}', "stop"]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(-9, 9) | SAID,
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["type", "text", "name", "function", "usage"]), inner)
    ),
    max_leaves=4,
)
COUNTS = st.dictionaries(
    st.sampled_from(
        [
            *("prompt_tokens", "completion_tokens", "total_tokens", "cost"),
            *("input_tokens", "output_tokens", "cache_read_input_tokens", "cached_tokens"),
            *("prompt_tokens_details", "reasoning_tokens", "usd_spent", "credits_used"),
        ]
    ),
    st.integers(0, 30) | st.just(0) | VALUES,
)


def fields(keys, **usual):
    """An object with fields as they usually are, and a few of any kind."""
    odd = st.none() | st.just("") | st.just([]) | VALUES
    few = st.dictionaries(st.sampled_from([*sorted(keys), "other"]), odd, max_size=2)
    return st.builds(lambda found, more: {**found, **more}, st.fixed_dictionaries(usual), few)


MESSAGES = fields(
    MESSAGE_KEYS, content=SAID, reasoning_content=SAID | st.none(), role=st.just("assistant")
)
CHOICES = fields(CHOICE_KEYS | {"usage"}, message=MESSAGES, finish_reason=SAID | st.none())
ANY_REPLY = fields(
    REPLY_KEYS | {"x_groq"},
    choices=st.lists(CHOICES, min_size=1, max_size=1),
    usage=COUNTS,
    meta=st.fixed_dictionaries({}, optional={"usage": COUNTS | VALUES}) | VALUES,
    id=SAID,
    model=SAID,
)


def said(content, **message):
    """A reply with one message."""
    return {"choices": [{"message": {"content": content, **message}, "finish_reason": "stop"}]}


@settings(max_examples=300, deadline=None)
@given(ANY_REPLY)
@example(said("", refusal="No."))
@example(said('{"name": "Paris"}', refusal="No."))
@example(said('{"name": "Paris"}', tool_calls={}))
@example(said('{"name": "Paris"}', function_call={}))
@example(said("x", reasoning_details=[{"text": "Why"}]))
@example({**said("x"), "usage": {"prompt_tokens": 0, "completion_tokens": 0}, "model": ""})
@example({**said("x"), "meta": {"usage": {"credits_used": 0}}})
@example({**said("x"), "usage": {"prompt_tokens": True, "input_tokens": 4.0, "total_tokens": 9}})
@example({**said("x"), "id": 7, "model": {}})
def test_any_reply(reply):
    """Whatever stands in a field."""
    body = json.dumps(reply).encode()
    is_same(ANY, body)
    is_same(CAPITAL, body)


@pytest.mark.parametrize("name", REPLIES)
@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(0, 2**32 - 1), min_size=1, max_size=4))
def test_changed_replies(name, seeds):
    """A field may hold anything, be missing, come twice or stand elsewhere."""
    body = REPLIES[name]
    for seed in seeds:
        body = mutated(body, seed) or body
    is_same(ANY, body)


# --- structured answers ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "finish_reason", "plain"),
    [
        ('{"name": "Paris"}', "stop", True),
        ('Here: ```json\n{"name": "Paris"}\n```', "length", True),
        ('<think>Hm</think>{"name": "Paris"}', "stop", True),
        ('{"name": "Paris"}', "refusal", False),
        ('{"name": "Par', "length", False),
        ('{"name": 7}', "stop", False),
        ('{"name": "a name that raises a LookupError"}', "stop", False),
        ("Paris", "stop", False),
        ("", "stop", False),
    ],
)
@pytest.mark.parametrize("schema", [Capital, Capital.model_json_schema()])
def test_structured(text, finish_reason, plain, schema):
    """An answer that cannot be read has the error that its whole message gives."""
    reply = said(text)
    reply["choices"][0]["finish_reason"] = finish_reason
    caller = direct(schema)
    if schema is Capital or plain:
        assert is_same(caller, orjson.dumps(reply)) == plain
    short, long = both_ways(caller, orjson.dumps(reply))
    assert long.failed == (short is None)


def test_parsed_as_json():
    """A class's fields, not the class."""
    short, _ = both_ways(CAPITAL, orjson.dumps(said('{"name": "Paris"}')))
    assert short.values["parsed"] == {"name": "Paris"}


# --- what else has to know of a reply -------------------------------------------------------------


def test_think_tags_that_are_to_stay():
    """The model's setting holds."""
    body = orjson.dumps(said("<think>Why</think>Paris."))
    kept, split = both_ways(direct(split_think_tags=False), body)[0], both_ways(ANY, body)[0]
    assert (kept.values["answer"], kept.values.get("reasoning")) == (
        "<think>Why</think>Paris.",
        None,
    )
    assert (split.values["answer"], split.values["reasoning"]) == ("Paris.", "Why")


@pytest.mark.parametrize("caller", [ANY, CAPITAL], ids=["text", "schema"])
@pytest.mark.parametrize("text", ['{"name": "Paris"}', "Paris"])
def test_costs_are_told_once(caller, text):
    """Whoever listens is told of each reply, whichever way it was read."""
    told = []

    def listener(identity, usd):
        told.append((identity, usd))

    request = caller._requests.request([("human", "x")], SecretStr("k"))
    costs.listen(listener)
    try:
        body = orjson.dumps({**said(text), "id": "r1"})
        stream._decode_plain(request, caller._plain, Reply(200, HEADERS, body))
    finally:
        costs.forget(listener)
    assert told == [("r1", 0.25)]


def test_a_runnable_of_ones_own_is_not_asked_so():
    """Only models of this package are."""
    assert not hasattr(caller_for(RunnableLambda(len), "{t}", None), "_plain")
