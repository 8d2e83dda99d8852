"""Deltas that came together become fewer, and add up to the same."""

from __future__ import annotations

import copy
from functools import reduce
from operator import add

import pytest
from hypothesis import given
from hypothesis import strategies as st

from langchain_aimlapi._codec.decode.stream import Delta, Final
from langchain_aimlapi._codec.langchain.chunks import as_chunk
from langchain_aimlapi._codec.langchain.coalescing import coalesced
from langchain_aimlapi._codec.langchain.events import EventWriter

FINAL = Final({"model_provider": "aimlapi", "finish_reason": "stop"})


def piece(index, args, identity=None, name=None):
    """A chunk of a call."""
    return {"name": name, "args": args, "id": identity, "index": index, "type": "tool_call_chunk"}


def probability(token):
    """The log probability of a word, as one event brings it."""
    return {"content": [{"token": token, "logprob": -0.5}], "refusal": None}


CALL = [
    Delta(tools=[piece(0, "", "call_1", "f")]),
    Delta(tools=[piece(0, '{"a"')]),
    Delta(tools=[piece(0, ": 1}"), piece(1, "{}", "call_2", "g")]),
]
STREAMS = {
    "nothing": [],
    "words": [Delta(text="Hel"), Delta(text="lo")],
    "reasoning, then words": [Delta(reasoning="be"), Delta(reasoning=" kind"), Delta(text="Hi")],
    "words between reasoning": [Delta(text="a"), Delta(reasoning="b"), Delta(text="c")],
    "both at once": [Delta(text="a", reasoning="b"), Delta(text="c"), Delta(text="d")],
    "probabilities": [Delta(text=word, logprobs=probability(word)) for word in ("He", "llo", "!")],
    "some probabilities": [Delta(text="a"), Delta(text="b", logprobs=probability("b"))],
    "probabilities alone": [Delta(logprobs=probability("a")), Delta(logprobs=probability("b"))],
    "calls": CALL,
    "words, then calls": [Delta(text="a"), Delta(text="b"), *CALL],
    "audio": [Delta(audio={"id": "1", "data": "aGk="}), Delta(audio={"data": "aGk="})],
}


@pytest.fixture(params=STREAMS.values(), ids=STREAMS)
def deltas(request):
    """The deltas of one read, free to be changed."""
    return copy.deepcopy(request.param)


def message(deltas):
    """What the deltas of a stream add up to."""
    return reduce(add, (as_chunk(item).message for item in [*deltas, FINAL]))


def closing(deltas):
    """The events that finish the blocks and the message."""
    writer = EventWriter()
    events = [event for item in [*deltas, FINAL] for event in writer.write(item)]
    return [event for event in events if "finish" in event["event"]]


def test_the_message_is_the_same(deltas):
    """The sum of fewer chunks equals the sum of all."""
    expected = message(copy.deepcopy(deltas))
    assert message(coalesced(deltas)) == expected


def test_the_blocks_are_the_same(deltas):
    """Events finish the same blocks in the same order."""
    expected = closing(copy.deepcopy(deltas))
    assert closing(coalesced(deltas)) == expected


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("nothing", 0),
        ("words", 1),
        ("reasoning, then words", 2),
        ("words between reasoning", 3),
        ("both at once", 2),
        ("probabilities", 1),
        ("calls", 1),
        ("words, then calls", 2),
        ("audio", 2),
    ],
)
def test_neighbours_of_a_kind_become_one(name, count):
    """Text joins text, reasoning reasoning, and chunks of calls each other; no kind is mixed."""
    assert len(coalesced(copy.deepcopy(STREAMS[name]))) == count


def test_a_chunk_has_one_piece_per_call():
    """Pieces of a call are joined, with its id and name once."""
    (delta,) = coalesced(copy.deepcopy(CALL))
    assert delta.tools == [piece(0, '{"a": 1}', "call_1", "f"), piece(1, "{}", "call_2", "g")]


def test_probabilities_keep_their_order():
    """The list of tokens is as long as the words, in their order."""
    (delta,) = coalesced(copy.deepcopy(STREAMS["probabilities"]))
    assert [token["token"] for token in delta.logprobs["content"]] == ["He", "llo", "!"]
    assert delta.text == "Hello!"


@given(cuts=st.lists(st.booleans(), min_size=9, max_size=9))
def test_it_does_not_matter_what_came_together(cuts):
    """However reads divide a stream, its message is the same."""
    stream = STREAMS["probabilities"] + STREAMS["words between reasoning"] + CALL
    reads = [[]]
    for delta, cut in zip(copy.deepcopy(stream), cuts, strict=True):
        reads[-1].append(delta)
        reads += [[]] if cut else []
    merged = [delta for read in reads for delta in coalesced(read)]
    assert message(merged) == message(stream)
