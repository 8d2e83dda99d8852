"""Values as JSON: whatever they are, they can be written."""

from __future__ import annotations

import json
import math
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from langchain_aimlapi.bulk.values import dumps, jsonable, loads, loads_line


class Point(BaseModel):
    x: int


class Scores(BaseModel):
    best: float


def deep(levels):
    value = "end"
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("value", "read"),
    [
        (2**70, 2**70),
        ({"n": [-(2**70), 1]}, {"n": [-(2**70), 1]}),
        ("half \ud83d", "half \ufffd"),
        ("\ud83d\ude00", "😀"),
        ({("a", 1): 2}, {"('a', 1)": 2}),
        ({1: "a"}, {"1": "a"}),
        ({"a": float("inf"), "b": 2**70}, {"a": float("inf"), "b": 2**70}),
        ([None, "null", -float("inf")], [None, "null", -float("inf")]),
        ({"a": (1.5, {"b": float("inf")})}, {"a": [1.5, {"b": float("inf")}]}),
        ([Scores(best=float("inf"))], [{"best": float("inf")}]),
        ([date(2026, 1, 2), float("inf")], ["2026-01-02", float("inf")]),
        ([date(2026, 1, 2), 2**70], ["2026-01-02", 2**70]),
        (Decimal("1.5"), "1.5"),
        (datetime(2026, 1, 2, tzinfo=UTC), "2026-01-02T00:00:00+00:00"),
        (b"\x00\xff", "AP8="),
        ({3, 1, 2}, [1, 2, 3]),
        (Point(x=1), {"x": 1}),
        ([Point(x=1), 2**70], [{"x": 1}, 2**70]),
    ],
)
def test_what_orjson_refuses_is_written_all_the_same(value, read):
    """And it is read back as what it was, or as its text."""
    assert loads(dumps(value)) == read
    assert jsonable(value) == read


def test_what_holds_itself_is_cut_off():
    """A loop ends where nobody reads on."""
    value: list[object] = []
    value.append(value)
    assert dumps(value).startswith(b"[[[[")
    assert dumps(deep(5000)).startswith(b"[[[[")


@pytest.mark.parametrize(
    ("line", "read"),
    [
        (b'\xef\xbb\xbf{"a": 1}', {"a": 1}),
        (b'{"a": -Infinity, "b": Infinity}', {"a": -float("inf"), "b": float("inf")}),
        (b'\xef\xbb\xbf{"a": Infinity, "b": "\\ud83d"}', {"a": float("inf"), "b": "\ufffd"}),
        (b'{"a": "\\ud83d"}', {"a": "\ufffd"}),
        (b'{"id": 123456789012345678901234567890}', {"id": 123456789012345678901234567890}),
    ],
)
def test_lines_as_users_have_them(line, read):
    """Python's own `json` writes NaN; servers cut texts within a character."""
    assert loads_line(line) == read


@pytest.mark.parametrize("line", [b"{", b"", b"\xff\xfe{}", b"[" * 100_000])
def test_lines_that_are_no_json(line):
    """One kind of error for all."""
    with pytest.raises(ValueError):  # noqa: PT011  # each has its own text
        loads_line(line)


@pytest.mark.parametrize("read", [loads, loads_line])
def test_no_number_stays_no_number(read):
    """NaN is never null, which is another value: not when written, and not when read."""
    written = dumps({"a": float("nan"), "b": None})

    assert written == b'{"a":NaN,"b":null}'
    value = read(written)
    assert math.isnan(value["a"])
    assert value["b"] is None


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(_JSON)
def test_ordinary_values_come_back_as_they_were(value):
    """Whole numbers of any length too."""
    assert loads(dumps(value)) == value
    assert b"\n" not in dumps(value)
    assert json.loads(dumps(value)) == value
