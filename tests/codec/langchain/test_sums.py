"""Our sums of chunks are LangChain's, and read no arguments that nobody asked for."""

from __future__ import annotations

import copy
import functools
import json
import operator
import pickle

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from langchain_core.load import dumpd
from langchain_core.messages import AIMessageChunk as PlainChunk
from langchain_core.outputs import ChatGenerationChunk
from langchain_core.utils.json import parse_partial_json

from langchain_aimlapi._codec.decode.stream import Delta
from langchain_aimlapi._codec.langchain import late_fields
from langchain_aimlapi._codec.langchain.chunks import delta_chunk
from langchain_aimlapi._codec.langchain.merging import AIMessageChunk
from langchain_aimlapi._codec.langchain.partial import partial_value

from ..insides import inside

OWN = {"model_provider": "aimlapi"}
NAMES = st.none() | st.sampled_from(["", "f", "get_"])
PIECES = st.builds(
    lambda index, name, args: {"name": name, "args": args, "id": None, "index": index},
    st.integers(0, 3),
    NAMES,
    st.none() | st.text('{}":a1, ', max_size=5),
)
USAGE = {"input_tokens": 1, "output_tokens": 2, "total_tokens": 3}
FIELDS = st.fixed_dictionaries(
    {
        "content": st.text(max_size=3),
        "additional_kwargs": st.sampled_from(
            [{}, {"reasoning_content": "so"}, {"reasoning_content": "be"}, {"audio": {"data": "A"}}]
        ),
        "response_metadata": st.sampled_from(
            [{}, OWN, {**OWN, "logprobs": {"content": [{"token": "x"}]}}, {"id": "r"}]
        ),
        "tool_call_chunks": st.lists(PIECES, max_size=2, unique_by=lambda piece: piece["index"]),
        "usage_metadata": st.sampled_from([None, None, USAGE]),
        "id": st.sampled_from([None, "lc_1", "lc_run-1", "lc_run-1", "msg_1"]),
    }
)


def without_calls(message):
    """All of a message but what its calls read as."""
    fields = inside(message)
    values = {key: vars(message)[key] for key in fields[1] if "tool_calls" not in key}
    return fields[1:], values


@given(st.lists(FIELDS, min_size=2, max_size=5))
def test_sums_are_langchains(listed):
    """One by one or at once, field by field; what was added up stays as it was."""
    ours = [AIMessageChunk(**copy.deepcopy(fields)) for fields in listed]
    plain = [PlainChunk(**copy.deepcopy(fields)) for fields in listed]
    before = copy.deepcopy(ours)

    total = functools.reduce(operator.add, plain)
    for whole in (functools.reduce(operator.add, ours), ours[0] + ours[1:]):
        assert type(whole) is AIMessageChunk
        assert without_calls(whole) == without_calls(total)
        assert len(whole.tool_calls) + len(whole.invalid_tool_calls) == len(whole.tool_call_chunks)
    assert ours == before


def piece(args, **more):
    return [{"name": None, "args": args, "id": None, "index": 0, **more}]


HEAD = Delta(tools=piece("", name="f", id="c1"))


@pytest.fixture
def unread(monkeypatch):
    """A list of all that was read of unfinished calls."""
    read = []
    real = late_fields.partial_calls

    def noted(pieces):
        read.append(pieces)
        return real(pieces)

    monkeypatch.setattr(late_fields, "partial_calls", noted)
    return read


def test_arguments_are_read_when_asked_for(unread):
    """Not when chunks are made or added up, whoever adds them."""
    parts = [delta_chunk(HEAD)] + [delta_chunk(Delta(tools=piece(text))) for text in '{"a": 1}']
    total = functools.reduce(operator.add, [part.message for part in parts])
    once = (parts[0] + parts[1:]).message
    assert unread == []

    assert total.tool_calls == [{"name": "f", "args": {"a": 1}, "id": "c1", "type": "tool_call"}]
    assert total.tool_calls is total.tool_calls
    assert len(unread) == 1
    assert once == total
    done = total + AIMessageChunk(content="", chunk_position="last", response_metadata=OWN)
    assert len(unread) == 2
    assert (type(done), done.tool_calls) == (PlainChunk, total.tool_calls)


@pytest.mark.parametrize(
    "view",
    [
        lambda chunk: chunk.tool_calls,
        lambda chunk: chunk.model_dump()["tool_calls"],
        lambda chunk: vars(chunk)["tool_calls"],
        lambda chunk: json.loads(chunk.model_dump_json())["tool_calls"],
        lambda chunk: dict(chunk)["tool_calls"],
        lambda chunk: dumpd(chunk)["kwargs"]["tool_calls"],
        lambda chunk: copy.copy(chunk).tool_calls,
        lambda chunk: copy.deepcopy(chunk).tool_calls,
        lambda chunk: chunk.model_copy().tool_calls,
        lambda chunk: pickle.loads(pickle.dumps(chunk)).tool_calls,  # noqa: S301  # our own bytes
        lambda chunk: PlainChunk(**chunk.__dict__).tool_calls,
        lambda chunk: ChatGenerationChunk(message=chunk).model_dump(serialize_as_any=True)[
            "message"
        ]["tool_calls"],
    ],
)
def test_every_way_to_look_finds_them(view):
    """A chunk is a chunk of LangChain's to whoever looks."""
    chunk = delta_chunk(Delta(tools=piece('{"a": 1', name="f", id="c1"))).message

    assert view(chunk) == [{"name": "f", "args": {"a": 1}, "id": "c1", "type": "tool_call"}]
    assert "'a': 1" in repr(delta_chunk(Delta(tools=piece('{"a": 1', name="f"))).message)


def test_calls_can_be_set():
    """Middleware edits them."""
    chunk = delta_chunk(HEAD).message
    chunk.tool_calls = []
    chunk.invalid_tool_calls.append({"name": "x"})

    assert chunk.tool_calls == vars(chunk)["tool_calls"] == []
    assert chunk.invalid_tool_calls == [{"name": "x"}]
    assert chunk.model_copy().tool_calls == []


def test_ids_that_disagree_are_langchains_to_add():
    """Two calls under one index, as other vendors' chunks may have them."""
    one = AIMessageChunk(content="", tool_call_chunks=piece("{}", name="f", id="c1"))
    two = AIMessageChunk(content="", tool_call_chunks=piece("{}", name="g", id="c2"))

    assert [call["name"] for call in (one + two).tool_calls] == ["f", "g"]


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-999, 999) | st.text('a"\\\n\u00e9', max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab", max_size=2), inner),
    max_leaves=8,
)


@given(st.dictionaries(st.text("ab", max_size=2), VALUES, max_size=3), st.integers(1, 80))
@example({"a": "\\"}, 8)
@example({"a": "\\"}, 7)
def test_half_written_values_read_as_langchain_reads_them(value, cut):
    """But for half an escape, for which LangChain's reader drops the text it stands in."""
    text = json.dumps(value, ensure_ascii=False)[:cut]
    if (len(text) - len(text.rstrip("\\"))) % 2:
        text = text[:-1]

    assert partial_value(text) == parse_partial_json(text)


def test_line_breaks_in_half_written_values():
    """Models write them, and LangChain reads them."""
    assert partial_value('{"a": "x\ny') == {"a": "x\ny"}
    with pytest.raises(ValueError, match="deep"):
        partial_value('{"a":' * 200)
    with pytest.raises(ValueError, match="EOF"):
        partial_value("")
