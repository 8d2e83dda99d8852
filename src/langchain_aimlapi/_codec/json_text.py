"""JSON as text and as bytes: objects out of a reply, arguments of a tool call, values back into text.

What services and models write is read as they meant it: whole numbers of any length stay exact,
halves of a character (servers cut texts in the middle of an emoji) become the replacement
character. NaN is no JSON and is refused. Nesting is bounded well below what Python, pydantic and
LangChain can copy, compare and write, so that no reply makes them run out of stack.
"""

from __future__ import annotations

import itertools
import json
import re
from contextlib import suppress
from math import isfinite
from typing import Any, NoReturn

import orjson

from langchain_aimlapi.errors import ResponseFormatError

MAX_DEPTH = 128
"""How many objects and lists within one another are read: `copy.deepcopy` manages about 400."""


def parse_object(
    data: bytes, what: str = "The reply", *, apart: str | None = None
) -> dict[str, Any]:
    """A JSON object out of bytes.

    Args:
        data: JSON, in UTF-8.
        what: What it is, for the error.
        apart: A long field of it whose lists and objects the caller reads and does not keep; how
            deep they are is not looked at, which takes longer than reading them.

    Raises:
        ResponseFormatError: With the first characters of what it was instead, or for objects and
            lists more than `MAX_DEPTH` deep.
    """
    if not data:
        raise ResponseFormatError(f"{what} is empty.")
    try:
        value = _parse(data, apart)
    except ValueError as error:
        shown = data[:80].decode("utf-8", "replace")
        raise ResponseFormatError(f"{what} is not JSON ({error}): {shown!r}") from None
    if not isinstance(value, dict):
        raise ResponseFormatError(f"{what} is a JSON {type(value).__name__}, not an object.")
    return value


def _parse(data: bytes, apart: str | None) -> object:
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError:
        fixed = without_halves(in_utf8(data))
        if fixed == data:
            raise
        data, value = fixed, orjson.loads(fixed)
    if apart is not None and isinstance(value, dict) and apart in value:
        _check_rest(value, apart)
        return value
    check_depth(data)
    if b'"arguments"' in data and MANY_DIGITS.search(data):
        return json.loads(data)
    return value


def in_utf8(data: bytes) -> bytes:
    """Text without a byte order mark, and with replacement characters where it is no UTF-8."""
    return data.decode("utf-8-sig", "replace").encode()


def _check_rest(value: dict[str, Any], apart: str) -> None:
    """Refuse an object for the depth of its other fields."""
    rest = {name: each for name, each in value.items() if name != apart}
    try:
        written = orjson.dumps(rest)
    except TypeError:  # deeper than orjson writes, which is 254
        raise ValueError(f"it is nested more than {MAX_DEPTH} deep") from None
    check_depth(written)


_ESCAPES = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"  # both halves
    rb"|(\\u[dD][89a-fA-F][0-9a-fA-F]{2})"
    rb"|\\.",
    re.DOTALL,
)
MANY_DIGITS = re.compile(rb"[0-9]{19}")
"""As many as numbers of 64 bits have; orjson reads longer ones as floats."""


def without_halves(data: bytes) -> bytes:
    """JSON with replacement characters for the halves of surrogate pairs that stand alone."""
    if b"\\u" not in data:
        return data
    return _ESCAPES.sub(lambda escape: rb"\ufffd" if escape[1] else escape[0], data)


def whole_characters(text: str) -> str:
    """A text whose halves of surrogate pairs are put together, or replaced where one is missing."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


# --- depth ----------------------------------------------------------------------------------------

_ANY_ESCAPE = re.compile(rb"\\.", re.DOTALL)
_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_STEPS = bytes.maketrans(b"[{]}", b"\x01\x01\xff\xff")


def check_depth(data: bytes) -> None:
    """Refuse JSON that nests deeper than `MAX_DEPTH`; what is no JSON is judged by its brackets.

    Raises:
        ValueError: Says how deep it is.
    """
    # Brackets are few: to leave them out takes a sixth of the time of counting them in 2 KB.
    brackets = len(data) - len(data.replace(b"{", b"").replace(b"[", b""))
    if brackets > MAX_DEPTH and (depth := _depth(data)) > MAX_DEPTH:
        raise ValueError(f"it is nested {depth} deep, more than {MAX_DEPTH}")


def _depth(data: bytes) -> int:
    """Count in C: strings are cut out at their quotes, and brackets are signed bytes to add up."""
    plain = _ANY_ESCAPE.sub(b"", data) if b"\\" in data else data
    outside = b"".join(plain.split(b'"')[::2])
    steps = outside.translate(_STEPS, _NO_BRACKETS)
    return max(itertools.accumulate(memoryview(steps).cast("b")), default=0)


# --- values and arguments -------------------------------------------------------------------------


def parse_json(text: str) -> object:
    """A value out of a text that a model wrote, with line breaks in its strings or without.

    Raises:
        ValueError: If it is no JSON, nested too deep, or holds NaN or an infinite number.
    """
    value, text, rest = _parse_first(text)
    if rest < len(text):
        raise _more_than_one(text, rest)
    return value


def _parse_first(text: str) -> tuple[object, str, int]:
    """The value a text begins with, the text without halves, and where it goes on."""
    text, data = _encoded(text)
    check_depth(data)
    if not MANY_DIGITS.search(data):
        try:
            return orjson.loads(data), "", 0
        except orjson.JSONDecodeError:
            pass
    text = without_halves(data).decode()
    value, end = decode_at(text, 0)
    return value, text, _end_of_space(text, end)


def _more_than_one(text: str, rest: int) -> ValueError:
    return ValueError(f"it goes on after its end: {text[rest : rest + 40]!r}")


def decode_at(text: str, place: int) -> tuple[object, int]:
    """The value that begins at a place in a text, and where it ends.

    Raises:
        json.JSONDecodeError: If none does; says how far it was read.
        ValueError: If it cannot be read for another reason.
    """
    try:
        return _decoder.raw_decode(text, _end_of_space(text, place))
    except RecursionError:
        raise ValueError("it is nested too deep") from None


_FENCE = "```"
_BRACE = re.compile(r"[{\[]")
_MOST_BEGINNINGS = 200
"""How many braces are tried; each failure makes Python count the lines before it."""
_EFFORT = 8
"""How often all of a text may be read in search of the place where its JSON begins."""


def find_json(text: str) -> object:
    """The JSON in a text: all of it, what a fence holds, or from the first brace on that begins it.

    Raises:
        ValueError: If there is none, or it is nested too deep.
    """
    try:
        return parse_json(text)
    except ValueError as error:
        reason = str(error)
    text, data = _encoded(text)
    check_depth(data)
    for fenced in text.split(_FENCE)[1::2]:
        with suppress(ValueError):
            return parse_json(_without_label(fenced))
    text = without_halves(data).decode()
    effort = _EFFORT * len(text)
    for brace in itertools.islice(_BRACE.finditer(text), _MOST_BEGINNINGS):
        try:
            value, end = decode_at(text, brace.start())
            check_depth(text[brace.start() : end].encode())  # brackets before it are no part of it
        except ValueError as error:
            end = error.pos if isinstance(error, json.JSONDecodeError) else len(text)
            effort -= end - brace.start() + 1
        else:
            return value
        if effort < 0:
            break
    if text.lstrip().startswith(("{", "[")):
        raise ValueError(f"it is no JSON that can be read: {reason}")
    raise ValueError("it holds no JSON object" if text.strip() else "it is empty")


def _without_label(fenced: str) -> str:
    """What a fence holds, without the name of the language behind its first marks."""
    label = _LABEL.match(fenced)
    return fenced[label.end() :] if label else fenced


_LABEL = re.compile(r"[A-Za-z]\w*")


def _no_number(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no number of JSON's")


def _finite(digits: str) -> float:
    number = float(digits)
    if not isfinite(number):
        raise ValueError(f"{digits} is too large a number")
    return number


_decoder = json.JSONDecoder(strict=False, parse_constant=_no_number, parse_float=_finite)
_SPACE = re.compile(r"[ \t\n\r]*")


def _end_of_space(text: str, start: int) -> int:
    space = _SPACE.match(text, start)
    return space.end() if space else start


def _encoded(text: str) -> tuple[str, bytes]:
    """A text and its UTF-8, with halves of a character put together or replaced."""
    try:
        return text, text.encode()
    except UnicodeEncodeError:
        text = whole_characters(text)
        return text, text.encode()


def parse_arguments(text: str) -> dict[str, object]:
    """Arguments of a tool call as a dict.

    Some services write the object more than once, first an empty or an unfinished one; the last
    counts if it holds all that those before it say.

    Raises:
        ValueError: If the text is not a JSON object.
    """
    if not text or text.isspace() or text.strip() == "null":
        return {}
    value, text, rest = _parse_first(text)
    while rest < len(text):
        earlier = value
        value, end = decode_at(text, rest)
        if not (isinstance(value, dict) and _extends(earlier, value)):
            raise _more_than_one(text, rest)
        rest = _end_of_space(text, end)
    if not isinstance(value, dict):
        raise ValueError(f"a JSON object was expected, not {type(value).__name__}")  # noqa: TRY004
    return value


def _extends(earlier: object, later: object) -> bool:
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


# --- JSON in pieces -------------------------------------------------------------------------------

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


# --- values into text -----------------------------------------------------------------------------


def to_json(value: object) -> str:
    """JSON text in plain Unicode, also of values orjson does not take (huge ints, odd keys).

    NaN and infinite numbers are written as Python writes them, since JSON has no word for them.

    Raises:
        ValueError: For a value nested so deep, or in itself, that it cannot be written.
    """
    try:
        text = orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS)
    except TypeError:
        return _to_json(value)
    if b"null" in text and not _is_finite(value):
        return _to_json(value)
    return text.decode()


def _to_json(value: object) -> str:
    try:
        return json.dumps(value, ensure_ascii=False, default=str)
    except RecursionError:
        raise ValueError("a value is nested too deep to be written as JSON") from None


def _is_finite(value: object) -> bool:
    """Whether no number in a value is NaN or infinite, for which orjson writes null."""
    try:
        json.dumps(value, allow_nan=False, default=str)
    except TypeError:
        return True  # keys that only orjson writes
    except ValueError:
        return False
    return True
