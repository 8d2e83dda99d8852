"""JSON that is still arriving, in pieces of any size."""

from __future__ import annotations

import copy
import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from langchain_aimlapi._chat.partial_json import PartialJson

WORDS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
TEXTS = st.text() | st.sampled_from(["é\U0001f600", 'a"b', "\\", "\\u", "{[", "\n```"])
VALUES = st.recursive(
    WORDS | TEXTS,
    lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner),
    max_leaves=12,
)
ROOTS = st.lists(VALUES) | st.dictionaries(TEXTS, VALUES)


def cut(text, size):
    return [text[at : at + size] for at in range(0, len(text), size)]


@settings(deadline=None)
@given(ROOTS, st.integers(1, 9), st.booleans(), st.sampled_from([None, 2]))
def test_the_whole_is_what_json_reads(value, size, ascii_only, indent):
    """However it is cut and written; what was given out before is not changed by it."""
    text = json.dumps(value, ensure_ascii=ascii_only, indent=indent)
    reader, given_out = PartialJson(), []
    for piece in cut(f"Here: {text} and more", size):
        if reader.feed(piece):
            taken = reader.take()
            given_out.append((taken, copy.deepcopy(taken)))

    assert reader.over
    assert reader.take() == json.loads(text)
    assert all(taken == before for taken, before in given_out)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a', {}),
        ('{"a": ', {}),
        ('{"a": 1', {}),
        ('{"a": 1,', {"a": 1}),
        ('{"a": tru', {}),
        ('{"a": "x', {"a": "x"}),
        ('{"a": "x\\', {"a": "x"}),
        ('{"a": "x\\u00e', {"a": "x"}),
        ('{"a": "x\\ud83d', {"a": "x"}),
        ('{"a": "x\\ud83d\\ude00', {"a": "x\U0001f600"}),
        ('{"a": "x\\ud83dy"', {"a": "x\N{REPLACEMENT CHARACTER}y"}),
        ('{"a": "\\ude00"', {"a": "\N{REPLACEMENT CHARACTER}"}),
        ('{"a": [1, {"b": "c', {"a": [1, {"b": "c"}]}),
        ('```json\n{"a": 1}\n``` Anything {else}?', {"a": 1}),
        ("[12345678901234567890123, 1.5e3]", [12345678901234567890123, 1500.0]),
        ("no object", None),
    ],
)
@pytest.mark.parametrize("size", [1, 2, 100])
def test_as_much_as_is_there(text, value, size):
    """Texts as far as they have come, all else when it is whole."""
    reader = PartialJson()
    for piece in cut(text, size):
        reader.feed(piece)
    assert reader.take() == value


@pytest.mark.parametrize(
    "text", ['{"a": 1]', "[1}", "{1: 2}", '{"a": nope, "b": 1}', '{"a" "b"}', "[" * 10_000, "[%]"]
)
@pytest.mark.parametrize("size", [1, 3, 100_000])
def test_what_cannot_be_read_ends_the_reading(text, size):
    """No error, and no endless wait: the whole text is read to the letter elsewhere."""
    reader = PartialJson()
    for piece in cut(text + ' "more" ]}', size):
        reader.feed(piece)
    assert isinstance(reader.take(), dict | list)


HOSTILE = {
    "one long number": '{"a": ' + "1" * 300_000,
    "one long key": '{"' + "k" * 300_000,
    "escapes": '{"a": "' + "\\" * 300_000,
    "quotes": '{"' * 100_000,
    "blanks": "[" + " " * 300_000,
    "many lists": "[[]," + "[]," * 100_000,
    "no object": "x" * 300_000,
    "many keys": "{" + ",".join(f'"k{n}": "v"' for n in range(30_000)),
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("size", [50, 10_000_000])
def test_the_time_grows_with_the_length(name, size):
    """In pieces or at once; the limit only says "not for ever"."""
    reader, began = PartialJson(), time.monotonic()
    for piece in cut(HOSTILE[name], size):
        reader.feed(piece)
    assert time.monotonic() - began < 30
