"""Sums of chunks: half a call is never a whole one, and everything else is LangChain's."""

from __future__ import annotations

import copy
import itertools
import pickle
import warnings

import pytest
from langchain_core.language_models import GenericFakeChatModel
from langchain_core.load import dumpd, load
from langchain_core.messages import AIMessage, HumanMessage, message_chunk_to_message
from langchain_core.messages import AIMessageChunk as PlainChunk
from langchain_core.outputs import ChatGenerationChunk
from langgraph.graph.message import add_messages

from langchain_aimlapi._codec.langchain.merging import AIMessageChunk, settled

OWN = {"model_provider": "aimlapi"}


def head(kind=AIMessageChunk):
    """A chunk that names a tool."""
    piece = {"name": "delete", "args": "", "id": "c1", "index": 0}
    return kind(content="", tool_call_chunks=[piece], response_metadata=OWN)


def body(args, kind=AIMessageChunk):
    """A chunk with a piece of the arguments."""
    piece = {"name": None, "args": args, "id": None, "index": 0}
    return kind(content="", tool_call_chunks=[piece], response_metadata=OWN)


def last(kind=AIMessageChunk):
    """The last chunk."""
    return kind(content="", chunk_position="last", response_metadata=OWN)


HALF = '{"path": "/tmp'
SORTS = [AIMessageChunk, PlainChunk]


def assert_cut(message):
    """The call is invalid, its text is kept, and the message is LangChain's own."""
    assert message.tool_calls == []
    (call,) = message.invalid_tool_calls
    assert (call["id"], call["name"], call["args"]) == ("c1", "delete", HALF)
    assert type(message) is PlainChunk


MIXES = [mix for mix in itertools.product(SORTS, repeat=3) if AIMessageChunk in (mix[0], mix[2])]


@pytest.mark.parametrize(
    "mix", MIXES, ids=lambda mix: " ".join(kind.__module__[:14] for kind in mix)
)
def test_half_a_call_is_invalid(mix):
    """However ours and LangChain's chunks are mixed, a sum that one of ours ends is strict."""
    first, second, third = head(mix[0]), body(HALF, mix[1]), last(mix[2])

    assert_cut(first + second + third)
    if mix[0] is AIMessageChunk:
        assert_cut(first + (second + third))


def test_adding_many_at_once_is_strict():
    """LangChain adds a whole stream up in one go, messages or generations."""
    parts = [head(), body(HALF), last()]
    first, *rest = [ChatGenerationChunk(message=part) for part in parts]

    assert_cut(parts[0] + parts[1:])
    assert_cut((first + rest).message)


@pytest.mark.parametrize("kind", SORTS)
def test_until_the_last_chunk_arguments_are_completed(kind):
    """Who watches a stream sees half-written arguments as LangChain shows them."""
    watched = head(kind) + body('{"path": "/tmp", "for', kind)

    assert watched.tool_calls[0]["args"] == {"path": "/tmp"}


def test_a_whole_call_is_valid():
    """Nothing changes for arguments that are whole."""
    message = head() + body('{"path": ') + body('"/tmp"}') + last()

    assert message.tool_calls == [
        {"type": "tool_call", "id": "c1", "name": "delete", "args": {"path": "/tmp"}}
    ]
    assert message.invalid_tool_calls == []


def test_blocks_of_a_cut_call_are_invalid():
    """Also where the content holds the call as a block (`output_version="v1"`)."""

    def as_v1(chunk):
        metadata = {**OWN, "output_version": "v1"}
        update = {"content": chunk.content_blocks, "response_metadata": metadata}
        return chunk.model_copy(update=update)

    words = AIMessageChunk(content="x", response_metadata=OWN)
    stray = {"type": "tool_call_chunk", "id": "other", "name": "f", "args": ""}
    message = as_v1(words) + as_v1(head()) + as_v1(body(HALF)) + as_v1(last())
    strict = settled(message.model_copy(update={"content": [*message.content, stray]}))

    assert [block["type"] for block in message.content_blocks] == ["text", "invalid_tool_call"]
    assert strict.content[-1] == stray
    assert_cut(message)


@pytest.mark.parametrize("chunk", [head(), head() + body(HALF), head() + body(HALF) + last()])
def test_chunks_are_values(chunk):
    """A chunk survives copying and pickling as it is."""
    for twin in (
        pickle.loads(pickle.dumps(chunk)),  # noqa: S301  # our own bytes
        copy.deepcopy(chunk),
        chunk.model_copy(),
    ):
        assert twin == chunk
        assert twin.tool_calls == chunk.tool_calls
        assert type(twin) is type(chunk)


def test_chunks_are_written_as_langchains():
    """Their serialised form names LangChain's class, so that it loads without this package."""
    written = dumpd(head())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        loaded = load(written, allowed_objects=[PlainChunk])

    assert written["id"] == ["langchain", "schema", "messages", "AIMessageChunk"]
    assert type(loaded) is PlainChunk
    assert loaded.tool_call_chunks == head().tool_call_chunks
    assert repr(head()).startswith("AIMessageChunk(")


@pytest.mark.parametrize(
    "chunk", [head(), head() + body(HALF), head() + body(HALF) + last(), last()]
)
def test_chunks_become_messages(chunk):
    """LangChain makes a whole message of a chunk, of its own class, calls as they are."""
    message = message_chunk_to_message(chunk)

    assert type(message) is AIMessage
    assert message.tool_calls == chunk.tool_calls
    assert message.invalid_tool_calls == chunk.invalid_tool_calls


def test_graphs_keep_the_cut_call_invalid():
    """LangGraph's state turns a sum of chunks into a message, and finds no call to carry out."""
    (message,) = add_messages([], [head() + body(HALF) + last()])

    assert type(message) is AIMessage
    assert message.tool_calls == []
    assert len(message.invalid_tool_calls) == 1


def test_graphs_take_unfinished_chunks():
    """A stream that was left early is a message too."""
    (message,) = add_messages([], [head() + body(HALF)])

    assert type(message) is AIMessage


def test_other_sums_are_langchains():
    """What LangChain cannot add, ours cannot either."""
    with pytest.raises(TypeError):
        head() + HumanMessage("x")
    with pytest.raises(TypeError):
        "x" + head()
    assert settled("x") == "x"


def test_langchains_chunks_are_ours_to_read():
    """Isinstance holds in the direction that code depends on."""
    assert isinstance(head(), PlainChunk)
    assert GenericFakeChatModel(messages=iter([AIMessage("x")])).invoke([head()]).content == "x"
