"""Responses that are laid out oddly: items without numbers or ids, texts where lists should be."""

from __future__ import annotations

import copy

import orjson
import pytest

from langchain_aimlapi._codec.decode.responses_reply import decode_response
from langchain_aimlapi._codec.json_text import to_json
from langchain_aimlapi.errors import ResponseFormatError

from .. import responses
from ..responses import added_up, read, response, streamed
from ..said import Said
from ..shapes import valid

ROME = '{"city": "Rome"}'
ITEMS = (
    responses.reasoning_item("Why"),
    responses.message("Hello there"),
    responses.call("f", ROME),
    responses.call("g", '{"a": [1, {"b": 2}]}', number=2),
)
CALLS = [valid("call_1", "f", city="Rome"), valid("call_2", "g", a=[1, {"b": 2}])]


def mapped(value, change):
    """A value with every mapping in it changed."""
    if isinstance(value, dict):
        return change({key: mapped(inner, change) for key, inner in value.items()})
    return [mapped(inner, change) for inner in value] if isinstance(value, list) else value


def without(*keys):
    """What takes keys out of a mapping."""
    return lambda one: {key: value for key, value in one.items() if key not in keys}


def is_end(event):
    """Whether an event ends the response."""
    return event["type"] == "response.completed"


def renamed(value):
    """Everything under other ids."""
    return mapped(value, lambda one: {k: f"{v}_x" if "id" in k else v for k, v in one.items()})


def with_objects(one):
    """Arguments as an object, where text is due."""
    text = one.get("arguments")
    return {**one, "arguments": orjson.loads(text)} if isinstance(text, str) and text else one


def changed_end(events, change):
    """Events with a change of the last one's items."""
    *rest, end = events
    body = end["response"]
    return [*rest, {**end, "response": {**body, "output": change(body["output"])}}]


def only(events, *endings):
    """Those events, and the first and last one."""
    return [one for one in events if one["type"].endswith(("created", "completed", *endings))]


EVENTS = streamed(response(*ITEMS))
NAMELESS = mapped(EVENTS, without("id", "item_id"))
ODD_STREAMS = {
    "as documented": EVENTS,
    "no numbers": mapped(EVENTS, without("output_index")),
    "neither numbers nor names": mapped(EVENTS, without("output_index", "item_id")),
    "numbers as text": mapped(
        EVENTS, lambda one: {k: str(v) if k == "output_index" else v for k, v in one.items()}
    ),
    "no ids": NAMELESS,
    "other ids at the end": [renamed(one) if is_end(one) else one for one in EVENTS],
    "other ids from the item's end on": [
        renamed(one) if is_end(one) or one["type"].endswith("item.done") else one for one in EVENTS
    ],
    "nothing listed at the end": changed_end(EVENTS, lambda _: []),
    "no reasoning listed at the end": changed_end(NAMELESS, lambda items: items[1:]),
    "the end alone": EVENTS[-1:],
    "whole items": only(EVENTS, "item.done"),
    "whole items without numbers or ids": mapped(
        only(EVENTS, "item.done"), without("output_index", "id")
    ),
    "no deltas": [one for one in EVENTS if not one["type"].endswith(".delta")],
    "no item begun": [one for one in EVENTS if not one["type"].endswith("item.added")],
    "items begun twice": [
        again for one in EVENTS for again in [one] * (1 + one["type"].endswith("item.added"))
    ],
    "items ended twice": [
        again for one in EVENTS for again in [one] * (1 + one["type"].endswith("item.done"))
    ],
    "arguments as objects": mapped(
        [one for one in EVENTS if "arguments.delta" not in one["type"]], with_objects
    ),
}


@pytest.mark.parametrize("events", ODD_STREAMS.values(), ids=ODD_STREAMS)
def test_streams_tell_the_same_however_items_are_named(events):
    """No text twice, no call twice, and none without its arguments."""
    whole = added_up(copy.deepcopy(events))

    assert whole.content == "Hello there"
    assert [{**call, "id": None} for call in whole.tool_calls] == [
        {**call, "id": None} for call in CALLS
    ]
    assert whole.invalid_tool_calls == []
    assert whole.additional_kwargs["reasoning_content"] == "Why"


@pytest.mark.parametrize("name", ["other ids at the end", "no numbers", "arguments as objects"])
def test_in_all_ways(ask, name):
    """A tool runs once, with its arguments."""
    body = mapped(response(*ITEMS), with_objects)
    with Said(body, ODD_STREAMS[name]) as service:
        whole = ask(service.model(use_responses_api=True), "Hi")

    assert whole.tool_calls == CALLS
    assert whole.text == "Hello there"


def begun_with(arguments, *said):
    """The events of a call that begins with arguments."""
    item = responses.call("f", arguments)
    place = {"output_index": 0, "item_id": item["id"]}
    kind = "response.function_call_arguments.delta"
    return [
        {"type": "response.output_item.added", "output_index": 0, "item": item},
        *({"type": kind, "delta": delta, **place} for delta in said),
        {"type": "response.completed", "response": response(output=[])},
    ]


@pytest.mark.parametrize(
    ("first", "said"),
    [(ROME, ()), ({"city": "Rome"}, ()), (ROME, (ROME[:7], ROME[7:])), ("{}", (ROME,))],
)
def test_calls_that_begin_with_their_arguments(first, said):
    """They count where nothing else is said, and once where it is."""
    assert added_up(begun_with(first, *said)).tool_calls == [valid("call_1", "f", city="Rome")]


@pytest.mark.parametrize(
    ("given", "expected"),
    [({"city": "Rome"}, {"city": "Rome"}), (None, {}), ("null", {}), ("", {})],
)
def test_arguments_of_a_whole_call(given, expected):
    """An object is as good as its text."""
    (call,) = read(response({**responses.call("f"), "arguments": given})).tool_calls

    assert call["args"] == expected


def test_a_custom_tool_given_an_object_gets_its_text():
    """Custom tools take text."""
    made = read(response({**responses.custom_call("x"), "input": {"a": 1}}))

    assert [call["args"] for call in made.tool_calls] == [{"__arg1": to_json({"a": 1})}]


PART = {"type": "output_text", "text": "Hi"}
SAID = {
    "a text": "Hi",
    "a message": responses.message("Hi"),
    "a list of texts": ["H", "i"],
    "a part": [PART],
    "content that is a text": [{"type": "message", "content": "Hi"}],
    "content that is a part": [{"type": "message", "content": PART}],
    "content that lists a text": [{"type": "message", "content": ["Hi"]}],
    "a part of another name": [{"type": "message", "content": [{"type": "text", "text": "Hi"}]}],
    "an item without a type": [{"role": "assistant", "content": [PART]}],
    "an item of an odd type": [{"type": ["message"]}, PART, 5, None],
    "odd annotations": [responses.message({**PART, "annotations": 5})],
    "odd probabilities": [responses.message({**PART, "logprobs": 5})],
}


@pytest.mark.parametrize("output", SAID.values(), ids=SAID)
def test_what_was_said_is_read_in_any_layout(ask, output):
    """What was paid for is not lost for its layout."""
    body = response(output=output)
    end = {"type": "response.completed", "response": body}
    with Said(body, [end]) as service:
        assert ask(service.model(use_responses_api=True), "Hi").text == "Hi"


def test_probabilities_laid_out_as_in_chat_completions():
    """They stand under `content` there."""
    part = {**PART, "logprobs": {"content": [responses.TOKEN]}}

    found = read(response(responses.message(part))).response_metadata["logprobs"]
    assert found == {"content": [responses.TOKEN]}


@pytest.mark.parametrize("item", [{"summary": "Why"}, {"summary": ["Why"]}, {"content": "Why"}])
def test_reasoning_that_is_a_text(item):
    """It is no list of parts."""
    made = read(response({"type": "reasoning", "id": "r", **item}, responses.message("Hi")))

    assert made.additional_kwargs["reasoning_content"] == "Why"


def test_a_text_that_is_none_is_kept_beside():
    """Nothing is lost, and nothing is invented."""
    made = read(response(responses.message({"type": "output_text", "text": 5})))

    assert made.content == ""
    odd = made.response_metadata["extra"]["message"]["content"]
    assert odd == [{"type": "output_text", "text": 5}]


@pytest.mark.parametrize("output", [5, True])
def test_an_output_that_can_be_none(ask, output):
    """It is an error of ours, streamed or not."""
    body = response(output=output)
    end = {"type": "response.completed", "response": body}
    with Said(body, [end]) as service, pytest.raises(ResponseFormatError, match="'output'"):
        ask(service.model(use_responses_api=True, max_retries=0), "Hi")


# --- arguments said oddly --------------------------------------------------------------------------


def response_events(*said, whole=ROME):
    """The events of a response whose call's arguments come as these deltas."""
    item = responses.call("f", whole)
    begun = {**item, "arguments": ""}
    kind = "response.function_call_arguments"
    place = {"output_index": 0, "item_id": item["id"]}
    return [
        {"type": "response.created", "response": {"id": "r"}},
        {"type": "response.output_item.added", "output_index": 0, "item": begun},
        *({"type": f"{kind}.delta", "delta": delta, **place} for delta in said),
        {"type": f"{kind}.done", "arguments": whole, **place},
        {"type": "response.output_item.done", "output_index": 0, "item": item},
        {"type": "response.completed", "response": responses.response(item)},
    ]


ODD_RESPONSES = {
    "an empty object first": ["{}", *ROME],
    "an empty object, then only the whole": ["{}"],
    "cumulative": [ROME[:5], ROME[:9], ROME],
    "twice": [ROME, ROME],
    "not all of it": [ROME[:9]],
}


@pytest.mark.parametrize("said", ODD_RESPONSES.values(), ids=ODD_RESPONSES.keys())
def test_responses(ask, said):
    """The other route has the same habits, and repeats the whole by rule."""
    item = responses.call("f", "{}" + ROME)
    with Said(responses.response(item), response_events(*said)) as service:
        whole = ask(service.model(use_responses_api=True), "Hi")

    assert whole.tool_calls == [valid("call_1", "f", city="Rome")]
    assert whole.invalid_tool_calls == []


def test_a_whole_response_with_arguments_said_twice():
    """Read as the stream of one event that it is."""
    body = orjson.dumps(responses.response(responses.call("f", "{}" + ROME)))
    (made,) = decode_response(body, responses.CONTEXT).generations

    assert made.message.tool_calls == [valid("call_1", "f", city="Rome")]
