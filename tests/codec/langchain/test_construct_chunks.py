"""Chunks made without validation cannot be told from validated ones."""

from __future__ import annotations

import copy
import pickle

import pytest
from langchain_core.load import dumps
from langchain_core.outputs import ChatGenerationChunk

from langchain_aimlapi._codec.decode.stream import Delta
from langchain_aimlapi._codec.langchain import chunks, merging
from langchain_aimlapi._codec.langchain.chunks import delta_chunk
from langchain_aimlapi._codec.langchain.merging import AIMessageChunk

from ..insides import inside


def piece(name, args, identity, index=0):
    """A piece of a call."""
    kind = "tool_call_chunk"
    return {"name": name, "args": args, "id": identity, "index": index, "type": kind}


DELTAS = {
    "text": Delta(text="Hi"),
    "reasoning": Delta(reasoning="be"),
    "both": Delta(text="Hi", reasoning="be"),
    "logprobs": Delta(text="Hi", logprobs={"content": [{"token": "Hi", "logprob": -0.1}]}),
    "audio": Delta(audio={"data": "aGk="}),
    "call": Delta(tools=[piece("f", "", "1")]),
    "said and called": Delta(text="Hi", tools=[piece("f", '{"a": 1}', "1")]),
    "thought and called": Delta(reasoning="be", tools=[piece("f", "", "1")]),
    "piece of a call": Delta(tools=[piece(None, '{"a": [1, ', None)]),
    "rest of a call": Delta(tools=[piece(None, "2]}", None)]),
    "two calls": Delta(tools=[piece("f", "{}", "1"), piece("g", "[", "2", index=1)]),
}
MUTABLE = (
    "additional_kwargs",
    "invalid_tool_calls",
    "response_metadata",
    "tool_call_chunks",
    "tool_calls",
)


def validated(delta):
    """The same chunk by LangChain's own constructors."""
    kwargs = {"reasoning_content": delta.reasoning} if delta.reasoning else {}
    kwargs |= {"audio": delta.audio} if delta.audio else {}
    fields = {"additional_kwargs": kwargs} if kwargs else {}
    metadata = {"model_provider": "aimlapi"}
    metadata |= {"logprobs": delta.logprobs} if delta.logprobs else {}
    fields |= {"tool_call_chunks": copy.deepcopy(delta.tools)} if delta.tools else {}
    message = AIMessageChunk(content=delta.text, response_metadata=metadata, **fields)
    return ChatGenerationChunk(message=message)


@pytest.fixture(params=DELTAS.values(), ids=DELTAS)
def delta(request):
    """A delta."""
    return request.param


def test_messages_are_alike_inside(delta):
    """Class, fields and their order, the fields that were set, extras: all as validated."""
    assert inside(delta_chunk(delta).message) == inside(validated(delta).message)


def test_generations_are_alike_inside(delta):
    """As validated, but for the fields that were set, of which all chunks have all."""
    kind, fields, names, *rest = inside(delta_chunk(delta))
    expected_kind, expected_fields, _, *expected_rest = inside(validated(delta))
    assert (kind, fields, rest) == (expected_kind, expected_fields, expected_rest)
    assert names == set(fields)


def test_they_are_equal(delta):
    """A prepared chunk equals the validated one, both ways round."""
    assert delta_chunk(delta) == validated(delta)
    assert validated(delta) == delta_chunk(delta)


def test_the_text_is_the_messages(delta):
    """`ChatGenerationChunk.text` is a `str`, as its field says, with the message's text."""
    text = delta_chunk(delta).text
    assert type(text) is str
    assert text == validated(delta).text


@pytest.mark.parametrize(
    "view",
    [
        lambda chunk: chunk.model_dump(),
        lambda chunk: chunk.message.model_dump(),
        lambda chunk: chunk.message.model_dump(exclude_unset=True),
        lambda chunk: chunk.model_dump_json(),
        dumps,
        repr,
        lambda chunk: chunk.message.content_blocks,
        lambda chunk: pickle.loads(pickle.dumps(chunk)),  # noqa: S301 - our own
        copy.deepcopy,
        lambda chunk: chunk.model_copy(deep=True),
        lambda chunk: chunk + chunk,
        lambda chunk: chunk.message + chunk.message,
        lambda chunk: chunk.message + AIMessageChunk(content="", chunk_position="last"),
    ],
)
def test_they_do_alike(delta, view):
    """Dumps, pickles, copies, sums and blocks come out the same."""
    assert view(delta_chunk(delta)) == view(validated(delta))


@pytest.mark.parametrize("name", MUTABLE)
def test_nothing_is_shared(delta, name):
    """A change to one chunk shows in no other, be it made before or after."""
    before = delta_chunk(delta)
    changed = delta_chunk(delta)
    field = getattr(changed.message, name)
    field.append({}) if isinstance(field, list) else field.update(own=1)

    assert before == validated(delta)
    assert delta_chunk(delta) == validated(delta)


def test_an_id_set_on_one_is_on_no_other(delta):
    """LangChain sets the id of each chunk; the next one comes without."""
    chunk = delta_chunk(delta)
    chunk.message.id = "run-1"
    chunk.message.late = "extra"

    assert inside(delta_chunk(delta).message) == inside(validated(delta).message)


def test_an_unknown_core_gets_validated_chunks(monkeypatch, delta):
    """Where LangChain's messages have fields unheard of, the slow way is taken."""
    fast = delta_chunk(delta)
    monkeypatch.setattr(chunks, "CONSTRUCTIBLE", False)
    monkeypatch.setattr(merging, "CONSTRUCTIBLE", False)
    assert delta_chunk(delta) == fast
    assert delta_chunk(delta).message + delta_chunk(delta).message == fast.message + fast.message


def test_calls_are_completed_by_langchain():
    """Pieces of calls are read by LangChain, as far as they go."""
    message = delta_chunk(DELTAS["said and called"]).message
    assert message.tool_calls == [{"name": "f", "args": {"a": 1}, "id": "1", "type": "tool_call"}]
    assert delta_chunk(DELTAS["rest of a call"]).message.invalid_tool_calls


def test_the_delta_keeps_its_pieces():
    """A change to a chunk's pieces does not reach what it was made of."""
    delta = Delta(tools=[piece("f", "", "1")])
    delta_chunk(delta).message.tool_call_chunks[0]["name"] = "other"
    assert delta.tools == [piece("f", "", "1")]


def test_this_core_gets_prepared_chunks():
    """The langchain-core of this test run is one that the short way is known to suit."""
    assert chunks.CONSTRUCTIBLE
