"""What the sandbox says is held against what the service really sent."""

from __future__ import annotations

import pytest

from tests.sandbox.http_client import chat
from tests.sandbox.wire_fields import (
    NOT_RECORDED,
    STREAM_ALWAYS,
    STREAM_SOMETIMES,
    WHOLE_ALWAYS,
    WHOLE_SOMETIMES,
    fields,
)

MODELS = ["gpt-4o", "claude-opus-4-6", "qwen3-32b"]
OPTIONS = [{}, {"reasoning_effort": "high"}, {"max_tokens": 3}, {"n": 2}]


def _assert_known(reply, always, sometimes, not_recorded=frozenset()):
    """Each field must be one that was recorded, of a recorded type, and none may be missing."""
    found = list(fields(reply))
    known = {**always, **sometimes}
    for path, kind in found:
        assert path in known or path in not_recorded, path
        assert path in not_recorded or kind in known[path], (path, kind)
    assert set(always) <= {path for path, _ in found}


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_whole_replies(shared_sandbox, model, options):
    """A reply of a text has the fields that all recorded replies have, and no others."""
    reply = chat(shared_sandbox, model=model, **options).json

    _assert_known(reply, WHOLE_ALWAYS, WHOLE_SOMETIMES)
    assert reply["object"] == "chat.completion"
    assert reply["usage"]["total_tokens"] == (
        reply["usage"]["prompt_tokens"] + reply["usage"]["completion_tokens"]
    )


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("options", OPTIONS[:3], ids=str)
def test_streams(shared_sandbox, model, options):
    """The order is that of real replies: role, deltas, finish reason, usage, each by itself."""
    chunks = chat(shared_sandbox, model=model, stream=True, **options).chunks

    for chunk in chunks:
        _assert_known(chunk, STREAM_ALWAYS, STREAM_SOMETIMES, NOT_RECORDED)
        assert chunk["object"] == "chat.completion.chunk"
    choices = [chunk["choices"][0] for chunk in chunks if chunk["choices"]]
    assert choices[0]["delta"] == {"role": "assistant", "content": "", "refusal": None}
    assert all(choice["delta"] for choice in choices[:-1])
    finished = [choice["finish_reason"] for choice in choices]
    assert finished[-1] in {"stop", "length"}
    assert set(finished[:-1]) == {None}
    last = [chunk for chunk in chunks if not chunk["choices"]]
    assert [sorted(set(chunk) & {"usage", "meta"}) for chunk in last] == [["usage"], ["meta"]]
    assert all(chunk["usage"] is None for chunk in chunks[: len(choices)])


def test_a_scripted_cost_has_the_recorded_types(sandbox):
    """Credits are whole numbers, and dollars are not."""
    sandbox.answer_next("Hi", cost=0.00012345)
    usage = chat(sandbox).json["meta"]["usage"]

    assert usage == {"credits_used": 247, "usd_spent": 0.00012345}


@pytest.mark.parametrize(
    ("reply", "wrong"),
    [
        ({"id": 7}, "id"),
        ({"surprise": 1}, "surprise"),
        ({}, "choices"),
    ],
)
def test_the_comparison_notices(reply, wrong):
    """A field of another type, an unknown one, and a missing one are told."""
    with pytest.raises(AssertionError, match=wrong):
        _assert_known(reply, WHOLE_ALWAYS, WHOLE_SOMETIMES)
