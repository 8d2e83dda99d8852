"""What a chunk of text does not have until somebody looks, it then has as LangChain's own does."""

from __future__ import annotations

import copy
import functools
import gc
import operator
import pickle
import sys
import threading

import pytest
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.load import dumps
from langchain_core.messages import AIMessageChunk as PlainChunk
from langchain_core.outputs import ChatGenerationChunk
from pydantic import BaseModel

from langchain_aimlapi._codec.decode.stream import Delta
from langchain_aimlapi._codec.langchain.chunks import GENERATION_NAMES, delta_chunk
from langchain_aimlapi._codec.langchain.late_fields import BEGUN, LATE, complete, read_fields
from tests.ways import run_async

from ..said import Said
from ..shapes import reply, streamed

OWN = {"model_provider": "aimlapi"}


def late(text="Hi"):
    """A chunk that nobody has looked at."""
    return delta_chunk(Delta(text)).message


def plain(text="Hi"):
    """LangChain's, made by its constructor."""
    return PlainChunk(content=text, response_metadata=dict(OWN))


def parts(chunk):
    """All there is to a chunk, but for its class."""
    return (
        list(chunk.__dict__.items()),
        chunk.__pydantic_fields_set__,
        chunk.__pydantic_extra__,
        chunk.__pydantic_private__,
        chunk.model_dump(exclude_unset=True),
        chunk.model_dump_json(),
    )


def is_untouched(chunk):
    """Whether a chunk has nothing but what it began with."""
    try:
        vars(BaseModel)["__pydantic_fields_set__"].__get__(chunk)
    except AttributeError:
        return tuple(read_fields(chunk)) == BEGUN
    return False


def pickled(chunk):
    """Through pickle."""
    return pickle.loads(pickle.dumps(chunk))  # noqa: S301 - our own


CHANGES = {
    "nothing": lambda chunk: None,
    "id": lambda chunk: setattr(chunk, "id", "run-1"),
    "metadata": lambda chunk: setattr(chunk, "response_metadata", {"a": 1}),
    "content": lambda chunk: setattr(chunk, "content", "Ho"),
    "name": lambda chunk: setattr(chunk, "name", "n"),
    "kwargs": lambda chunk: setattr(chunk, "additional_kwargs", {"a": 1}),
    "usage": lambda chunk: setattr(chunk, "usage_metadata", {"input_tokens": 1}),
    "calls": lambda chunk: setattr(chunk, "tool_calls", []),
    "invalid calls": lambda chunk: setattr(chunk, "invalid_tool_calls", []),
    "pieces": lambda chunk: setattr(chunk, "tool_call_chunks", []),
    "last": lambda chunk: setattr(chunk, "chunk_position", "last"),
    "extra": lambda chunk: setattr(chunk, "mine", 1),
    "two extras": lambda chunk: (setattr(chunk, "mine", 1), setattr(chunk, "yours", 2)),
    "extra gone": lambda chunk: (setattr(chunk, "mine", 1), delattr(chunk, "mine")),
    "names": lambda chunk: chunk.model_fields_set.add("name"),
    "a call added": lambda chunk: chunk.invalid_tool_calls.append({"type": "invalid_tool_call"}),
    "id, then names": lambda chunk: (setattr(chunk, "id", "r"), chunk.model_fields_set),
    "names, then id": lambda chunk: (chunk.model_fields_set, setattr(chunk, "id", "r")),
}
COPIES = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "model_copy": lambda chunk: chunk.model_copy(),
    "updated": lambda chunk: chunk.model_copy(update={"id": None, "mine": 2, "name": "n"}),
    "deep": lambda chunk: chunk.model_copy(deep=True, update={"content": "Ha"}),
    "pickle": pickled,
    "pickled together": lambda chunk: pickle.loads(pickle.dumps([late(), chunk]))[1],  # noqa: S301
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_change_is_as_on_langchains_chunk(change):
    """Fields and their order, the names of those set, extras, dumps."""
    ours, theirs = late(), plain()
    change(ours)
    change(theirs)
    assert parts(ours) == parts(theirs)


@pytest.mark.parametrize("copied", COPIES.values(), ids=COPIES)
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_copy_is_as_of_langchains_chunk(change, copied):
    """A copy of a changed chunk, and a chunk changed as a copy; the first one stays as it was."""
    ours, theirs = late(), plain()
    change(ours)
    change(theirs)
    assert parts(copied(ours)) == parts(copied(theirs))
    change(copied(late()))
    again, theirs_again = copied(late()), copied(plain())
    change(again)
    change(theirs_again)
    assert parts(again) == parts(theirs_again)
    assert parts(ours) == parts(theirs)


@pytest.mark.parametrize("name", [*BEGUN, *LATE])
def test_each_field_reads_as_langchains(name):
    """The first who asks gets LangChain's value, of the chunk's own, and it stays."""
    chunk = late()
    value = getattr(chunk, name)
    assert value == getattr(plain(), name)
    assert getattr(chunk, name) is value
    assert chunk.__dict__[name] is value
    assert list(chunk.__dict__) == list(plain().__dict__)
    if isinstance(value, list | dict):
        assert getattr(late(), name) is not value


def test_an_unknown_attribute_is_an_error():
    """With pydantic's own words."""
    with pytest.raises(AttributeError, match="object has no attribute 'mine'"):
        _ = late().mine
    assert not hasattr(late(), "mine")


def test_looking_changes_no_other_chunk():
    """Nothing that is made late is shared."""
    other, changed = late(), late()
    for change in CHANGES.values():
        change(changed)
    changed.model_fields_set.clear()
    assert is_untouched(other)
    assert parts(other) == parts(late()) == parts(plain())


def _listed(model, way):
    if way == "stream":
        return list(model.stream("Hi"))

    async def listed():
        return [chunk async for chunk in model.astream("Hi")]

    return run_async(listed())


@pytest.mark.parametrize("way", ["stream", "astream"])
def test_langchain_does_not_look(way):
    """It sets id and metadata, keeps all chunks, adds them up: none is completed by that."""
    with Said(reply({}), streamed(reply({"content": "one two three"}))) as service:
        *texts, _ = _listed(service.model(), way)

    assert texts
    assert all(map(is_untouched, texts))
    assert all(chunk.id.startswith("lc_run-") for chunk in texts)
    # What the garbage collector visits: the class, the fields, and what stands in them.
    assert all(len(gc.get_referents(chunk)) == 3 for chunk in texts)
    assert all(chunk.model_fields_set == {"content", "id", "response_metadata"} for chunk in texts)


def test_sums_complete_nothing():
    """Chunks are added up by what is there, at once or one by one, and make LangChain's sum."""
    first, *rest = [late("a"), late("b"), late("c")]
    at_once, one_by_one = first + rest, functools.reduce(operator.add, rest, first)
    assert all(map(is_untouched, [first, *rest]))
    expected = operator.add(plain("a"), [plain("b"), plain("c")])
    assert at_once.model_dump() == one_by_one.model_dump() == expected.model_dump()


def _assign(chunk):
    """All fields of a chunk of a generation, and one that it does not have."""
    chunk.text, chunk.generation_info, chunk.message = "Ho", {"a": 1}, late("Ho")
    chunk.type = "ChatGenerationChunk"
    with pytest.raises(ValueError, match="no field"):
        chunk.mine = 1


class Kept(BaseCallbackHandler):
    """Assigns to every chunk it hears of."""

    raise_error = True
    run_inline = True

    def __init__(self):
        self.seen = 0

    def on_llm_new_token(self, token, *, chunk=None, **kwargs):
        self.seen += 1
        _assign(chunk)


@pytest.mark.parametrize("version", [None, "v1"])
def test_the_shared_names_stay_as_they_are(version):
    """Whatever is done to chunks: streams, events, handlers, assignments, sums, copies, dumps."""
    said = reply({"content": "one two", "reasoning_content": "hm"})
    handler = Kept()
    given = {"config": {"callbacks": [handler]}}
    with Said(said, streamed(said)) as service:
        llm = service.model(output_version=version)
        list(llm.stream("Hi", **given))
        llm.invoke("Hi", stream=True, **given)
        list(llm.stream_events("Hi", version="v3", **given))
        run_async(_all(llm.astream("Hi", **given)))
        run_async(_all(llm.astream_events("Hi", version="v2", **given)))
    assert handler.seen > 10
    for copied in (copy.copy, copy.deepcopy, pickled, lambda chunk: chunk.model_copy()):
        chunk = copied(delta_chunk(Delta("Hi")))
        _assign(chunk)
        chunk.model_fields_set.clear()
    _assign(operator.add(*map(delta_chunk, (Delta("Hi"), Delta("Ho")))))
    delta_chunk(Delta("Hi")).model_copy(update={"generation_info": {}, "mine": 1})
    dumps(delta_chunk(Delta("Hi")))

    assert set(ChatGenerationChunk.model_fields) == GENERATION_NAMES
    assert delta_chunk(Delta("Hi")).model_fields_set == GENERATION_NAMES


async def _all(items):
    return [item async for item in items]


def test_who_completes_a_second_time_changes_nothing():
    """Two threads may both find a chunk without its last fields."""
    chunk = late()
    complete(fields := read_fields(chunk))
    for name in LATE:
        fields[name] = [name]
    complete(fields)
    assert {name: fields[name] for name in LATE} == {name: [name] for name in LATE}


def test_threads_get_the_same_list():
    """Several who look first, at once, change one and the same chunk."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for _ in range(50):
            chunk = late()
            ready = threading.Barrier(4)
            threads = [threading.Thread(target=_append, args=(chunk, ready)) for _ in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert len(chunk.tool_call_chunks) == 4
            assert list(chunk.__dict__) == [*BEGUN, *LATE]
    finally:
        sys.setswitchinterval(interval)


def _append(chunk, ready):
    ready.wait()
    chunk.tool_call_chunks.append({})
