"""Messages of whole replies, made without validation, cannot be told from validated ones."""

from __future__ import annotations

import copy
import pickle

import orjson
import pytest
from langchain_core.load import dumps

from langchain_aimlapi._codec.decode import reply as codec
from langchain_aimlapi._codec.decode.reply import decode_reply

from ..insides import inside
from ..shapes import SHAPES, context


@pytest.fixture(params=SHAPES.values(), ids=SHAPES)
def both(request, monkeypatch):
    """A shape's generation, prepared and validated."""
    body = orjson.dumps(request.param.reply)
    prepared = decode_reply(body, context()).generations[0]
    monkeypatch.setattr(codec, "_CONSTRUCTIBLE", False)
    return prepared, decode_reply(body, context()).generations[0]


def test_they_are_alike_inside(both):
    """Class, fields and their order, the fields that were set, extras: all as validated."""
    prepared, validated = both
    assert inside(prepared) == inside(validated)
    assert inside(prepared.message) == inside(validated.message)


@pytest.mark.parametrize(
    "view",
    [
        lambda generation: generation,
        lambda generation: generation.model_dump(),
        lambda generation: generation.message.model_dump(exclude_unset=True),
        lambda generation: generation.message.model_dump_json(),
        dumps,
        repr,
        lambda generation: generation.message.content_blocks,
        lambda generation: pickle.loads(pickle.dumps(generation)),  # noqa: S301 - our own
        copy.deepcopy,
    ],
)
def test_they_do_alike(both, view):
    """Dumps, pickles, copies and blocks come out the same."""
    prepared, validated = both
    assert view(prepared) == view(validated)


def test_nothing_is_shared_between_replies():
    """A change to one message shows in no other."""
    body = orjson.dumps(next(iter(SHAPES.values())).reply)
    changed = decode_reply(body, context()).generations[0].message
    changed.tool_calls.append({})
    changed.invalid_tool_calls.append({})
    changed.additional_kwargs["own"] = changed.response_metadata["own"] = 1
    changed.late = "extra"

    fresh = decode_reply(body, context()).generations[0].message
    assert "own" not in fresh.additional_kwargs | fresh.response_metadata
    assert fresh.tool_calls == fresh.invalid_tool_calls == []
    assert not hasattr(fresh, "late")


def test_this_core_gets_prepared_messages():
    """The langchain-core of this test run is one that the short way is known to suit."""
    assert codec._CONSTRUCTIBLE
