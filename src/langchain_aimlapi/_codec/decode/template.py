"""Events that differ from an earlier one in nothing but their text, read without being parsed.

A stream is one event said over and over with other words in one place. What stands before and
behind that place is learnt from an event that was parsed; an event that begins and ends with the
same bytes, and has a plain JSON string between them, can only parse to the same value with that
string in it. So a look at the bytes gives the answer that a parser would, sooner. Learning is by
trial: another string is put into the place, and the parser says whether it is the right one.

OpenAI's padding (`obfuscation`), as long as it likes to be and saying nothing, may be a second
such place behind the first.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Literal, Self

import orjson

from langchain_aimlapi._codec.decode.metadata import PLAIN_CHOICE_KEYS
from langchain_aimlapi._codec.decode.reply import USUAL_KEYS

if TYPE_CHECKING:
    from collections.abc import Mapping

TextField = Literal["content", "reasoning_content"]

_PLACES: Mapping[TextField, re.Pattern[bytes]] = {
    "content": re.compile(rb'"content": *"'),
    "reasoning_content": re.compile(rb'"reasoning_content": *"'),
}
_PADDING = re.compile(rb'"obfuscation": *"([0-9A-Za-z]*)"')
_TRIAL = "another text"
_TRIAL_PADDING = "4n0th3r"


class Template:
    """The bytes around the text of an event.

    Attributes:
        field: The field of the delta that holds the text.
    """

    __slots__ = ("_before", "_behind", "_last", "_start", "field")

    def __init__(self, field: TextField, before: bytes, behind: bytes, last: bytes | None) -> None:
        self.field = field
        self._before = before
        self._start = len(before)
        self._behind = behind
        self._last = last
        """What stands behind the padding, if there is one."""

    def text(self, data: bytes) -> str | None:
        """The text of an event like the one learnt from; `None` if it must be parsed."""
        if not data.startswith(self._before):
            return None
        end = data.find(b'"', self._start)
        raw = data[self._start : end]
        if not (data[end:] == self._behind if self._last is None else self._is_padded(data, end)):
            return None
        if not raw or b"\\" in raw:
            return None
        try:
            text = raw.decode()
        except UnicodeDecodeError:
            return None
        # JSON allows no control character in a string; whatever else is odd, the parser decides.
        return text if text.isprintable() else None

    def _is_padded(self, data: bytes, end: int) -> bool:
        if not data.startswith(self._behind, end):
            return False
        begin = end + len(self._behind)
        end = data.find(b'"', begin)
        return data[end:] == self._last and data[begin:end].isalnum()

    @classmethod
    def learn(cls, field: TextField, data: bytes, event: Mapping[str, Any]) -> Self | None:
        """Learn from an event; `None` if it does not say where its text is.

        Args:
            field: The field of the first choice's delta that holds the text.
            data: The event's bytes.
            event: What they parse to.
        """
        choice = event["choices"][0]
        text = choice["delta"][field].encode()
        place = _PLACES[field].search(data)
        if place is None or not data.startswith(text + b'"', place.end()):
            return None
        before, rest = data[: place.end()], data[place.end() + len(text) :]
        expected = {**event, "choices": [{**choice, "delta": {**choice["delta"], field: _TRIAL}}]}
        padding = _PADDING.search(rest)
        if padding is None:
            template, trial = cls(field, before, rest, None), rest
        else:
            behind, last = rest[: padding.start(1)], rest[padding.end(1) :]
            template = cls(field, before, behind, last)
            trial = behind + _TRIAL_PADDING.encode() + last
            expected["obfuscation"] = _TRIAL_PADDING
        return template if _parses_to(before + _TRIAL.encode() + trial, expected) else None


def sole_text_field(event: Mapping[str, Any]) -> TextField | None:
    """The field of a text that is all an event tells; `None` if it tells of anything else.

    Read a second time, such an event adds its text and changes nothing.
    """
    if not event.keys() <= USUAL_KEYS or event.get("usage"):
        return None
    choice = event["choices"][0]
    ending = choice.get("finish_reason") or choice.get("logprobs")
    if ending or not choice.keys() <= PLAIN_CHOICE_KEYS:
        return None
    told = {name: value for name, value in choice["delta"].items() if value and name != "role"}
    for name in _PLACES:
        if told.keys() == {name} and isinstance(told[name], str):
            return name
    return None


def _parses_to(data: bytes, expected: Mapping[str, object]) -> bool:
    try:
        return bool(orjson.loads(data) == expected)
    except orjson.JSONDecodeError:
        return False
