"""Values of rows and answers as JSON text and back. Whatever a value is, it can be written.

orjson does nearly all of it. What it refuses is not the end of a job that has been paid for:
whole numbers beyond 64 bits stay as they are, halves of a character become the replacement
character, keys that are no texts become texts, what nests deeper than 100 levels or holds itself
becomes its text, and so does what JSON does not know (dates, decimals, bytes). NaN and infinite
numbers are written as Python's `json` and pandas write and read them: JSON has no word for them, and
null, which orjson writes, is another value.
"""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Iterable, Mapping
from typing import Any

import orjson
from pydantic import BaseModel

from langchain_aimlapi._codec.json_text import whole_characters

__all__ = ["dumps", "jsonable", "loads", "loads_line"]

_DEPTH = 100
_OPTIONS = orjson.OPT_NON_STR_KEYS
_BOM = b"\xef\xbb\xbf"


def dumps(value: object, *, newline: bool = False) -> bytes:
    """Write a value as JSON, in UTF-8 and without line breaks in it."""
    try:
        option = _OPTIONS | orjson.OPT_APPEND_NEWLINE if newline else _OPTIONS
        data = orjson.dumps(value, default=_known, option=option)
    except (TypeError, RecursionError):
        data = b""
    if not data or (b"null" in data and not _is_finite(value)):
        text = json.dumps(_plain(value, _DEPTH), ensure_ascii=False, separators=(",", ":"))
        return (text + "\n" * newline).encode()
    return data


def loads(data: bytes) -> Any:
    """Read what `dumps` wrote.

    Raises:
        ValueError: If it is no JSON.
    """
    try:
        return _strictly(data)
    except orjson.JSONDecodeError:
        if b"NaN" not in data and b"Infinity" not in data:
            raise
        return json.loads(data)


def _strictly(data: bytes) -> Any:
    # Longer whole numbers are read as floats by orjson, and are written by `json` alone.
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError:
        if not _has_long_number(data):
            raise
        return json.loads(data)
    if type(value) is dict and _NO_FLOATS.issuperset(map(type, value.values())):
        return value  # most rows, without a look at each byte
    return json.loads(data) if _has_long_number(data) else value


def loads_line(line: bytes) -> Any:
    """Read a line as users have them: with NaN, a byte order mark, halves of characters.

    Raises:
        ValueError: If it is no JSON.
    """
    try:
        return _strictly(line)
    except ValueError:
        try:
            return _plain(json.loads(line.removeprefix(_BOM)), _DEPTH)
        except RecursionError:
            raise ValueError("it nests too deeply") from None


def jsonable(value: object) -> Any:
    """Get a value as JSON knows it."""
    return loads(dumps(value))


_DIGITS = bytes(ord("0" if chr(byte) in "0123456789" else " ") for byte in range(256))


def _has_long_number(data: bytes) -> bool:
    """Tell whether there are 20 digits in a row, which costs no more than a look at each byte."""
    return b"0" * 20 in data.translate(_DIGITS)


_NO_FLOATS = frozenset({bool, int, str, type(None)})


def _is_finite(value: object) -> bool:
    """Tell whether no number in what orjson has written is NaN or infinite."""
    if isinstance(value, float):
        return math.isfinite(value)
    for each in _inner(value):
        kind = type(each)
        if kind in _NO_FLOATS:
            continue
        if not (math.isfinite(each) if kind is float else _is_finite(each)):
            return False
    return True


def _inner(value: object) -> Iterable[Any]:
    if type(value) is dict:
        return value.values()
    if isinstance(value, list | tuple | set | frozenset):
        return value
    if isinstance(value, BaseModel):
        value = vars(value)
    return value.values() if isinstance(value, Mapping) else ()


def _known(value: Any) -> object:
    """What orjson does not know, as something that it does."""
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, bytes | bytearray | memoryview):
        return base64.b64encode(value).decode()
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, set | frozenset):
        return sorted(value, key=str)
    return _text(value)


def _text(value: Any) -> str:
    return str(value).encode("utf-8", "replace").decode("utf-8")


def _plain(value: object, depth: int) -> object:
    """The same in what `json` can write."""
    if isinstance(value, str):
        return whole_characters(value)
    if value is None or isinstance(value, bool | int | float):
        return value
    if depth == 0:
        return "…"
    if isinstance(value, Mapping):
        return {_plain(str(key), depth): _plain(item, depth - 1) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item, depth - 1) for item in value]
    try:
        return orjson.loads(orjson.dumps(value))  # dates and the like, as elsewhere
    except TypeError:
        return _plain(_known(value), depth - 1)
