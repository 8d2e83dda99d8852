"""JSON as text and as bytes: objects out of a reply, arguments of a tool call, values back into text."""

from __future__ import annotations

import json
import re
from typing import Any

import orjson

from langchain_aimlapi.errors import ResponseFormatError


def parse_object(data: bytes, what: str = "The reply") -> dict[str, Any]:
    """A JSON object out of bytes.

    Args:
        data: JSON, in UTF-8. Halves of a character, which servers leave where they cut a text in
            the middle of an emoji, are read as the replacement character.
        what: What it is, for the error.

    Raises:
        ResponseFormatError: With the first characters of what it was instead.
    """
    try:
        value = _parsed(data)
    except orjson.JSONDecodeError as error:
        shown = data[:80].decode("utf-8", "replace")
        raise ResponseFormatError(f"{what} is not JSON ({error}): {shown!r}") from None
    if not isinstance(value, dict):
        raise ResponseFormatError(f"{what} is a JSON {type(value).__name__}, not an object.")
    return value


_HALVES = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])"
    rb"|(?<!\\u[dD][89abAB][0-9a-fA-F]{2})\\u[dD][c-fC-F][0-9a-fA-F]{2}"
)


def _parsed(data: bytes) -> Any:
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        mended = _HALVES.sub(rb"\\ufffd", data)
        if mended == data:
            raise
        return orjson.loads(mended)


def parse_arguments(text: str) -> dict[str, Any]:
    """Arguments of a tool call as a dict.

    Some services write the object more than once, first an empty or an unfinished one; the last
    counts if it holds all that those before it say.

    Raises:
        ValueError: If the text is not a JSON object.
    """
    if not text or text.isspace() or text.strip() == "null":
        return {}
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        value = _last_value(text)
    if not isinstance(value, dict):
        raise ValueError(f"a JSON object was expected, not {type(value).__name__}")  # noqa: TRY004
    return value


_decoder = json.JSONDecoder(strict=False)
"""Takes line breaks inside strings, a common slip of models, and numbers beyond 64 bits."""
_SPACE = re.compile(r"[ \t\n\r]*")


def _last_value(text: str) -> Any:
    value, end = _decoder.raw_decode(text, _end_of_space(text, 0))
    while (begin := _end_of_space(text, end)) < len(text):
        earlier = value
        value, end = _decoder.raw_decode(text, begin)
        if not (isinstance(value, dict) and _extends(earlier, value)):
            raise ValueError(f"it goes on after the first value: {text[begin : begin + 40]!r}")
    return value


def _end_of_space(text: str, start: int) -> int:
    space = _SPACE.match(text, start)
    return space.end() if space else start


def _extends(earlier: Any, later: Any) -> bool:
    """Whether a value holds all of an earlier one, whose texts and lists may have been unfinished."""
    match earlier, later:
        case dict(), dict():
            return all(key in later and _extends(earlier[key], later[key]) for key in earlier)
        case list(), list():
            pairs = zip(earlier, later, strict=False)
            return len(earlier) <= len(later) and all(_extends(a, b) for a, b in pairs)
        case str(), str():
            return later.startswith(earlier)
    return type(earlier) is type(later) and bool(earlier == later)


def same_object(text: str, other: str) -> bool:
    """Whether two texts are JSON objects of the same value."""
    try:
        return text == other or parse_arguments(text) == parse_arguments(other)
    except ValueError:
        return False


def extends_object(text: str, other: str) -> bool:
    """Whether a second text is a JSON object that holds all of the first, maybe unfinished, one."""
    try:
        return text == other or _extends(parse_arguments(text), parse_arguments(other))
    except ValueError:
        return False


_IN_TEXT = re.compile(r'["\\]')
_OUTSIDE = re.compile(r'["{}\[\]]')


class Nesting:
    """Follows strings and brackets through JSON that comes in pieces, each character once.

    Attributes:
        depth: How many objects and lists are open.
        closed: Whether one was opened and none is open any more.
    """

    __slots__ = ("_escaped", "_in_text", "closed", "depth")

    def __init__(self) -> None:
        self.depth = 0
        self.closed = False
        self._in_text = False
        self._escaped = False

    def feed(self, piece: str) -> None:
        """Take the next piece."""
        at = 1 if self._escaped and piece else 0
        self._escaped = self._escaped and not piece
        while found := (_IN_TEXT if self._in_text else _OUTSIDE).search(piece, at):
            at = found.end()
            match found[0]:
                case '"':
                    self._in_text = not self._in_text
                case "\\":
                    self._escaped = at == len(piece)
                    at += 1
                case "{" | "[":
                    self.depth += 1
                    self.closed = False
                case _:
                    self.depth -= 1
                    self.closed = self.depth == 0

    def expects_value(self, text: str) -> bool:
        """Whether a value may stand next, after all that was fed: the text that it is."""
        return not self._in_text and text.rstrip().endswith((":", ",", "["))


def to_json(value: Any) -> str:
    """JSON text in plain Unicode, also of values orjson does not take (huge ints, odd keys)."""
    try:
        return orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS).decode()
    except TypeError:
        return json.dumps(value, ensure_ascii=False, default=str)
