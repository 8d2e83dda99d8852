r"""One event of a stream out of its JSON, and characters that were cut in two between events.

Services that write token by token cut emoji: into the halves of a surrogate pair, each an escape
of its own (`"\ud83d"`, then `"\ude00"`), or into bytes that are no UTF-8 by themselves. What a
delta ends with is held until the text of the same place goes on. Halves that stay alone become the
replacement character, as everywhere.

A stream is read by `HalfCharacters` from the first event on that holds a half; ordinary streams
know nothing of it.
"""

from __future__ import annotations

import json
import re
from typing import Any

import orjson

from langchain_aimlapi._codec.json_text import (
    MANY_DIGITS,
    check_depth,
    in_utf8,
    parse_object,
    whole_characters,
    without_halves,
)

_EVENT = "A line of the stream"


class HalfCharacterError(ValueError):
    """An event holds half a character, and the other half may be in another event."""


def parse_event(data: bytes) -> dict[str, Any]:
    """A JSON object out of the data of an event.

    Raises:
        HalfCharacterError: If it holds half a character; then `HalfCharacters` reads it.
        ResponseFormatError: For data that is no JSON object.
    """
    try:
        value = orjson.loads(data)
        check_depth(data)
    except ValueError:
        text = in_utf8(data)
        if without_halves(text) != text or not _is_utf8(data):
            raise HalfCharacterError from None
    else:
        if isinstance(value, dict) and not (b'"arguments"' in data and MANY_DIGITS.search(data)):
            return value
    return parse_object(data, _EVENT)


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


Place = tuple[object, ...]
"""The way to a text in an event: keys, and what tells one text of a stream from another."""

_MARKS = ("type", "index", "output_index", "content_index", "summary_index")
"""Fields that say which text an event goes on with."""
_BYTE = 0x10FF00
"""Bytes that are no UTF-8 are characters from here on while an event is read: nobody's own ones."""
_AS_CHARACTERS = {0xDC00 + byte: _BYTE + byte for byte in range(0x80, 0x100)}
_BYTES = re.compile(f"[{chr(_BYTE + 0x80)}-{chr(_BYTE + 0xFF)}]+")
_LENGTHS = ((0xF0, 4), (0xE0, 3), (0xC0, 2))
"""Bytes that begin a character, from which on, and how many it has."""


class HalfCharacters:
    """Reads the events of one stream, and joins what was cut between two of them."""

    def __init__(self) -> None:
        self._held: dict[Place, str] = {}

    def parse(self, data: bytes) -> dict[str, Any]:
        """A JSON object out of the data of an event, with the characters that are whole by now.

        Raises:
            ResponseFormatError: For data that is no JSON object.
        """
        try:
            check_depth(data)
            text = data.decode("utf-8-sig", "surrogateescape")
            event = json.loads(text.translate(_AS_CHARACTERS))
        except ValueError:
            return parse_object(data, _EVENT)
        joined = self._read(event, (), inside=False)
        return parse_object(json.dumps(joined).encode(), _EVENT)

    def rest(self) -> tuple[str, str]:
        """What waits in vain at the end: of the answer's text, and of its reasoning."""
        held, self._held = self._held, {}
        kinds = {place: _kind(place) for place in held}
        text, reasoning = (
            "".join(_whole(held[place]) for place in held if kinds[place] == kind)
            for kind in ("text", "reasoning")
        )
        return text, reasoning

    def _read(self, value: object, place: Place, *, inside: bool) -> object:
        """A value of an event; `inside` if it is part of a delta."""
        if isinstance(value, str):
            return self._text(value, place) if inside else _whole(value)
        if isinstance(value, list):
            return [self._read(item, (*place, at), inside=inside) for at, item in enumerate(value)]
        if not isinstance(value, dict):
            return value
        marks = tuple(str(value[name]) for name in _MARKS if _is_plain(value.get(name)))
        return {
            _whole(key): self._read(inner, (*place, *marks, key), inside=inside or key == "delta")
            for key, inner in value.items()
        }

    def _text(self, text: str, place: Place) -> str:
        if not text:
            return text
        text = self._held.pop(place, "") + text
        end = _end_of_whole(text)
        if end < len(text):
            self._held[place] = text[end:]
        return _whole(text[:end])


def _is_plain(mark: object) -> bool:
    return isinstance(mark, str | int)


_OTHER_TEXTS = re.compile("arguments|input|refusal|audio|tool")
_REASONING = re.compile("reasoning|thinking")


def _kind(place: Place) -> str:
    words = " ".join(str(step) for step in place)
    if _OTHER_TEXTS.search(words):
        return "other"
    return "reasoning" if _REASONING.search(words) else "text"


def _end_of_whole(text: str) -> int:
    """Where the beginning of a character stands that the end of a text cuts off, or the text's end."""
    if "\ud800" <= text[-1] <= "\udbff":
        return len(text) - 1
    for back in range(1, min(4, len(text) + 1)):
        if not _BYTES.match(text[-back]):
            break
        byte = ord(text[-back]) - _BYTE
        for first, length in _LENGTHS:
            if byte >= first:
                return len(text) - back if back < length else len(text)
    return len(text)


def _whole(text: str) -> str:
    """A text with its halves put together, or replaced where one is missing."""
    return whole_characters(_BYTES.sub(_decoded, text))


def _decoded(characters: re.Match[str]) -> str:
    return bytes(ord(each) - _BYTE for each in characters[0]).decode("utf-8", "replace")
