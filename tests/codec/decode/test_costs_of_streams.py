"""What a stream costs grows with its events, whatever they are."""

from __future__ import annotations

import orjson
import pytest

from langchain_aimlapi._codec.decode.accumulated import Accumulated, Fields
from langchain_aimlapi._codec.decode.reasoning_tags import ThinkSplitter
from langchain_aimlapi._codec.decode.stream import StreamDecoder
from langchain_aimlapi._codec.langchain.events import EventWriter

from ..shapes import context, event
from ..work import work

DELTAS = {
    "text": lambda n: {"content": f"{n} "},
    "white space": lambda n: {"content": " " * 20},
    "reasoning": lambda n: {"reasoning_content": f"{n} "},
    "a detail each": lambda n: {"reasoning_details": [{"type": "r", "index": n, "text": "w"}]},
    "one detail": lambda n: {"reasoning_details": [{"type": "r", "index": 0, "text": "w"}]},
    "a call each": lambda n: {
        "tool_calls": [{"index": n, "id": f"c{n}", "function": {"name": "t", "arguments": "{}"}}]
    },
    "a call each, without index": lambda n: {
        "tool_calls": [{"id": f"c{n}", "function": {"name": "t", "arguments": "{}"}}]
    },
    "one call": lambda n: {
        "tool_calls": [{"index": 0, "function": {"arguments": f'{{"a": {n}, ' if n == 0 else "1,"}}]
    },
    "an id each": lambda n: {
        "tool_calls": [{"index": 0, "id": f"c{n}", "function": {"arguments": "}" if n else "{"}}]
    },
    "an annotation each": lambda n: {"annotations": [{"n": n}]},
    "a refusal": lambda n: {"refusal": "no"},
    "an unknown field": lambda n: {"odd": f"{n}"},
    "unknown objects": lambda n: {"odd": {f"{n}": n}},
    "audio": lambda n: {"audio": {"data": "AAAA", "transcript": "a"}},
}


@pytest.mark.parametrize("delta", DELTAS.values(), ids=DELTAS)
@pytest.mark.parametrize("split", [True, False], ids=["tags", "no tags"])
def test_decoding_and_events(delta, split):
    """Four times the events cost about four times the work, in decoding and in writing events."""

    def run(count):
        decoder = StreamDecoder(context(split_think_tags=split))
        writer = EventWriter()
        for n in range(count):
            if (made := decoder.feed(orjson.dumps(event(delta(n))))) is not None:
                writer.write(made)
        decoder.feed(b"[DONE]")
        writer.write(decoder.end())

    run(10)
    assert work(run, 800) < 6 * work(run, 200)


def test_texts_are_joined_at_the_end():
    """A text that grows is not copied for every piece of it."""
    field = Accumulated("a")
    for _ in range(3):
        field.add("bc")

    assert isinstance(field._value, list)
    assert field.value == "abcbcbc"
    assert field.equals("abcbcbc")
    assert not field.equals("abc")


@pytest.mark.parametrize(
    ("pieces", "whole"),
    [
        (["a", "a"], "aa"),
        ([[1], [1]], [1]),
        ([[1], [2]], [1, 2]),
        ([{"a": 1}, {"b": 2}, {"a": 3}], {"a": 3, "b": 2}),
        ([1, 2], 2),
        (["a", 1], 1),
        ([["a"], "b"], "b"),
        ([None, "b", "c"], "bc"),
    ],
)
def test_fields_in_pieces(pieces, whole):
    """Texts join, lists and objects grow, the rest is replaced; what was given stays as it is."""
    before = orjson.dumps(pieces)
    fields = Fields()
    for piece in pieces:
        fields.add("x", piece)

    assert fields.values_by_name() == {"x": whole}
    assert orjson.dumps(pieces) == before


def test_white_space_is_held_in_pieces():
    """All of it comes out in the end, and none of it is looked at twice."""
    splitter = ThinkSplitter()
    for _ in range(1000):
        assert splitter.feed(" \n") == ("", "")

    assert splitter.feed("x") == ("", " \n" * 1000 + "x")
