"""Tool calls that are said oddly: ids that change, arguments sent twice, placeholders first."""

from __future__ import annotations

from itertools import pairwise

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.tools import tool

from langchain_aimlapi._codec.decode.arguments import ArgumentReader
from langchain_aimlapi._codec.json_text import Nesting, parse_arguments

from ..said import Said
from ..shapes import called, chunks_of, event, merged, read, reply, valid

CALLED = event({}, choice={"finish_reason": "tool_calls"})
ROME = '{"city": "Rome"}'
NESTED = '{"a": {"a": 1}}'


def piece(identity=None, name=None, args=None, *, index: int | None = 0):
    """A piece of a call; what is `None` is not said."""
    function = {"name": name, "arguments": args}
    said = {"id": identity, "index": index}
    said = {key: value for key, value in said.items() if value is not None}
    return {**said, "function": {k: v for k, v in function.items() if v is not None}}


def message(*pieces):
    """The sum of a stream with an event for each piece, or for each list of pieces."""
    listed = [one if isinstance(one, list) else [one] for one in pieces]
    return merged(chunks_of([*(event({"tool_calls": one}) for one in listed), CALLED]))


def calls(*pieces):
    """Name and arguments of the calls of such a stream; broken ones with their text."""
    whole = message(*pieces)
    found = [(call["name"], call["args"]) for call in whole.tool_calls]
    return found + [(call["name"], call["args"]) for call in whole.invalid_tool_calls]


ONE = {
    "another id after the head": [
        piece("a", "f", ""),
        piece("b", None, '{"city":'),
        piece("b", None, ' "Rome"}'),
    ],
    "another id on every piece": [
        piece("a", "f", ""),
        piece("b", None, '{"city":'),
        piece("c", None, ' "Rome"}'),
    ],
    "another id and the name on every piece": [
        piece("a", "f", '{"city":'),
        piece("b", "f", ' "Rome"}'),
        piece("c", "f", ""),
    ],
    "another id and the name, no arguments first": [
        piece("a", "f", ""),
        piece("b", "f", ROME),
    ],
    "another id without an index": [
        piece("a", "f", '{"city":', index=None),
        piece("b", None, ' "Rome"}', index=None),
    ],
    "another id after the end": [piece("a", "f", ROME), piece("b", None, "")],
    "an empty object first": [piece("a", "f", "{}"), piece(args=ROME)],
    "an empty object first, in pieces": [
        piece("a", "f", "{"),
        piece(args=" }"),
        piece(args='{"city"'),
        piece(args=': "Rome"}'),
    ],
    "an empty object under another id": [piece("a", "f", "{}"), piece("b", None, ROME)],
    "an empty object as an object": [
        {"index": 0, "id": "a", "function": {"name": "f", "arguments": {}}},
        piece(args=ROME),
    ],
    "cumulative": [piece("a", "f", ROME[:n]) for n in range(1, len(ROME) + 1)],
    "cumulative in steps": [piece("a", "f", ROME[:n]) for n in (5, 5, 9, 16, 16)],
    "cumulative objects": [
        piece("a", "f", args) for args in ('{"city": ""}', '{"city": "Ro"}', ROME)
    ],
    "whole at the end": [piece("a", "f", ROME[:7]), piece(args=ROME[7:]), piece(args=ROME)],
    "whole at the end in other words": [piece("a", "f", ROME), piece(args='{"city":"Rome"}\n')],
    "whole at the end, in pieces": [
        piece("a", "f", ROME),
        piece(args=ROME[:4]),
        piece(args=ROME[4:]),
    ],
    "whole at the end with id and name": [
        piece("a", "f", ROME[:7]),
        piece(args=ROME[7:]),
        piece("a", "f", ROME, index=None),
    ],
    "whole at the end under another id": [
        piece("a", "f", ROME[:7]),
        piece(args=ROME[7:]),
        piece("b", None, ROME),
    ],
    "white space first": [piece("a", "f", " \n"), piece(args=ROME), piece(args="\n")],
    "the index late": [piece("a", "f", ROME[:7], index=None), piece("a", None, ROME[7:])],
    "an empty object last": [piece("a", "f", ROME), piece(args="{}")],
    "null last": [piece("a", "f", ROME), piece(args="null")],
    "another index on every piece": [
        piece("a", "f", ROME[:7], index=0),
        piece("a", None, ROME[7:12], index=1),
        piece("a", None, ROME[12:], index=2),
    ],
    "another index on every piece, no arguments first": [
        piece("a", "f", "", index=0),
        piece("a", None, ROME[:7], index=1),
        piece("a", None, ROME[7:], index=2),
    ],
    "another index and another id on every piece": [
        piece("a", "f", "", index=0),
        piece("b", None, ROME[:7], index=1),
        piece("c", None, ROME[7:], index=2),
    ],
    "another index on every piece, the id once": [
        piece("a", "f", "", index=0),
        piece(args=ROME[:7], index=1),
        piece(args=ROME[7:], index=2),
    ],
    "under other names": [
        {"index": 0, "id": "a", "function": {"name": "f", "input": {"city": "Rome"}}}
    ],
    "as a block": [{"index": 0, "id": "a", "name": "f", "input": {"city": "Rome"}}],
    "the name cumulative": [piece("a", "fe", ""), piece("a", "fetch", ""), piece(args=ROME)],
}


@pytest.mark.parametrize("pieces", ONE.values(), ids=ONE.keys())
def test_it_is_one_call(pieces):
    """A tool runs once, with all its arguments."""
    whole = message(*pieces)

    name = "fetch" if "fe" in str(pieces) else "f"
    assert whole.tool_calls == [valid("a", name, city="Rome")]
    assert whole.invalid_tool_calls == []


@pytest.mark.parametrize(
    ("pieces", "expected"),
    [
        (
            [piece("a", "f", ""), piece("b", "g", "")],
            [("f", {}), ("g", {})],
        ),
        (
            [[piece("a", "f", ""), piece("b", "f", "")]],
            [("f", {}), ("f", {})],
        ),
        (
            [piece("a", "f", "", index=None), piece("b", "f", "", index=None)],
            [("f", {}), ("f", {})],
        ),
        (
            [piece("a", "f", ROME), piece("b", "f", "{}")],
            [("f", {"city": "Rome"}), ("f", {})],
        ),
        (
            [piece(None, "f", ROME), piece(None, "f", '{"city": "Paris"}')],
            [("f", {"city": "Rome"}), ("f", {"city": "Paris"})],
        ),
        (
            [piece("a", "f", '{"city": "R'), piece("b", "g", ROME)],
            [("g", {"city": "Rome"}), ("f", '{"city": "R')],
        ),
        (
            [
                [piece("a", "f", "", index=0), piece("b", "f", "", index=1)],
                [piece(args=ROME, index=0), piece(args="{}", index=1)],
                [piece("a", None, ROME, index=None), piece("b", None, "{}", index=None)],
            ],
            [("f", {"city": "Rome"}), ("f", {})],
        ),
        *(
            (
                [
                    [piece("a", "f", ROME[:5], index=n), piece("b", "f", '{"city', index=m)],
                    [piece("a", None, ROME[5:], index=n), piece("b", None, '": 1}', index=m)],
                ],
                [("f", {"city": "Rome"}), ("f", {"city": 1})],
            )
            for n, m in [(None, None), (0, 0), ("0", "1"), (0.0, 1.0)]
        ),
    ],
    ids=[
        "two names",
        "two in one event",
        "two without index",
        "an index used again",
        "an index used again without ids",
        "broken off by another call",
        "two sent again whole",
        "two in turns without an index",
        "two in turns under one index",
        "two in turns, the index as text",
        "two in turns, the index with a point",
    ],
)
def test_it_is_two_calls(pieces, expected):
    """What begins a call of its own is one."""
    assert calls(*pieces) == expected


@pytest.mark.parametrize(
    "cut", [(6,), (6, 14), (5, 6), (7,), (1, 6)], ids=lambda cut: "-".join(map(str, cut))
)
def test_an_object_within_is_not_taken_for_the_whole_again(cut):
    """An inner object may begin as the outer one does."""
    edges = [0, *cut, len(NESTED)]
    pieces = [NESTED[a:b] for a, b in pairwise(edges)]

    assert calls(piece("a", "f", pieces[0]), *[piece(args=p) for p in pieces[1:]]) == [
        ("f", {"a": {"a": 1}})
    ]
    sums = ["".join(pieces[: n + 1]) for n in range(len(pieces))]
    assert calls(piece("a", "f", sums[0]), *[piece(args=p) for p in sums[1:]]) == [
        ("f", {"a": {"a": 1}})
    ]


def test_different_arguments_after_the_end_make_the_call_invalid():
    """Which of the two was meant is unknown; neither is carried out."""
    other = '{"city": "Paris"}'

    assert calls(piece("a", "f", ROME), piece(args=other)) == [("f", ROME + other)]


def test_calls_that_are_no_list_are_one():
    """An object stands where a list is expected."""
    made = piece("a", "f", ROME)

    streamed = merged(chunks_of([event({"tool_calls": made}), CALLED]))
    whole = read(reply({"tool_calls": made}))

    assert streamed.tool_calls == whole.tool_calls == [valid("a", "f", city="Rome")]


def test_an_id_given_twice_is_one_call_s_own():
    """Results are told apart by id, and each call keeps its own signature."""
    signed = [{**piece("a", "f", ROME, index=n), "extra_content": {"sign": n}} for n in range(2)]
    streamed = message(*signed)
    whole = read(reply({"tool_calls": signed}))

    for made in (streamed, whole):
        assert [call["id"] for call in made.tool_calls] == ["a", "call_run_1"]
        assert made.additional_kwargs["tool_call_extras"] == {
            "a": {"extra_content": {"sign": 0}},
            "call_run_1": {"extra_content": {"sign": 1}},
        }


def test_ids_of_ours_are_short():
    """Services refuse ids of more than 40 characters."""
    whole = read(reply({"tool_calls": [called(None, "f", "{}")] * 120}), call_id="0" * 32)

    assert max(len(call["id"]) for call in whole.tool_calls) <= 40
    assert len({call["id"] for call in whole.tool_calls}) == 120


WHOLE = {
    "an empty object first": [called("a", "f", "{}" + ROME)],
    "said twice": [called("a", "f", ROME + "\n" + ROME)],
    "an unfinished one first": [called("a", "f", '{"city": "Ro"}' + ROME)],
    "in pieces": [piece("a", "f", ROME[:7]), piece("b", None, ROME[7:])],
    "in pieces without ids": [piece("a", "f", ROME[:7]), piece(args=ROME[7:], index=None)],
}


@pytest.mark.parametrize("listed", WHOLE.values(), ids=WHOLE.keys())
def test_a_whole_reply_says_it_as_oddly(listed):
    """What a gateway makes of an odd stream is read as the stream is."""
    whole = read(reply({"content": None, "tool_calls": listed}))

    assert whole.tool_calls == [valid("a", "f", city="Rome")]
    assert whole.invalid_tool_calls == []


@given(st.lists(st.text('{}[]":, \\ab1', max_size=8), max_size=8))
def test_pieces_of_any_text_are_passed_on_or_held_back(pieces):
    """What is passed on begins as the text does, and no piece is invented."""
    reader = ArgumentReader()
    passed_on = [reader.add(one) for one in pieces if one] + [reader.end()]

    assert reader.text == "".join(passed_on)
    nesting = Nesting()
    for one in pieces:
        nesting.feed(one)
    whole = Nesting()
    whole.feed("".join(pieces))
    assert (nesting.depth, nesting.closed) == (whole.depth, whole.closed)


@given(
    st.dictionaries(
        st.text(max_size=3), st.recursive(st.integers(-9, 9) | st.text(max_size=4), st.lists)
    ),
    st.lists(st.integers(1, 60), max_size=8),
)
def test_an_object_reads_the_same_however_it_is_sent(value, places):
    """In pieces, cumulatively, and with the whole once more."""
    text = orjson.dumps(value).decode()
    edges = sorted({0, len(text), *(place for place in places if place < len(text))})
    pieces = [text[a:b] for a, b in pairwise(edges)]
    sums = [text[:b] for b in edges[1:]]

    for said in (pieces, [*pieces, text], sums, ["{}", *pieces], ["{}", *sums, text]):
        reader = ArgumentReader()
        passed_on = [reader.add(one) for one in said] + [reader.end()]
        assert parse_arguments("".join(passed_on)) == parse_arguments(text), said


# --- through the chat model ------------------------------------------------------------------------


HABITS = {
    "ids change": (WHOLE["in pieces"], ONE["another id on every piece"]),
    "placeholder first": (WHOLE["an empty object first"], ONE["an empty object first"]),
    "sent again": (WHOLE["said twice"], ONE["whole at the end"]),
    "cumulative": (WHOLE["an unfinished one first"], ONE["cumulative"]),
}


@pytest.mark.parametrize("habit", HABITS.values(), ids=HABITS.keys())
@pytest.mark.parametrize("dialect", ["openai", "anthropic"])
def test_in_all_ways(ask, habit, dialect):
    """Whole or streamed, a tool runs once with its arguments."""
    listed, pieces = habit
    events = [*(event({"tool_calls": [one]}) for one in pieces), CALLED]
    with Said(reply({"content": None, "tool_calls": listed}), events) as service:
        whole = ask(service.model(dialect=dialect).bind_tools([weather]), "Hi")

    assert [call["args"] for call in whole.tool_calls] == [{"city": "Rome"}]
    assert whole.invalid_tool_calls == []


@pytest.mark.filterwarnings("ignore::langchain_core._api.LangChainBetaWarning")
@pytest.mark.parametrize("pieces", [pieces for _, pieces in HABITS.values()], ids=HABITS.keys())
def test_events_tell_the_same(pieces):
    """So do content-block events: deltas that add up, and the call at the end."""
    events = [*(event({"tool_calls": [one]}) for one in pieces), CALLED]
    with Said({}, events) as service:
        told = list(service.model().stream_events("Hi", version="v3"))

    deltas = [one["delta"]["args"] for one in told if one["event"] == "content-block-delta"]
    (closing,) = [one["content"] for one in told if one["event"] == "content-block-finish"]
    assert "".join(deltas) == ROME
    assert closing["args"] == {"city": "Rome"}


@tool
def weather(city: str) -> str:
    """The weather in a city."""
    return city
