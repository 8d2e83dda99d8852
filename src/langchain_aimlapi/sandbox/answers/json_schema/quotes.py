"""The quoted parts of a prompt, found in one pass over each line."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_CLOSING = {'"': '"', "“": "”", "«": "»", "「": "」", "`": "`", "'": "'"}
_APOSTROPHE = "'"


def quoted_texts(prompt: str) -> list[str]:
    """List the parts of a text that are in quotes or backticks; an apostrophe is not a quote."""
    return [text for line in prompt.split("\n") for text in _quoted(line)]


def _quoted(line: str) -> Iterator[str]:
    at = 0
    unclosed: set[str] = set()
    while at < len(line):
        opening = line[at]
        end = -1
        if opening in _CLOSING and opening not in unclosed and not _is_inner(line, at):
            end = _closing(line, at)
            if end < 0 and opening != _APOSTROPHE:
                unclosed.add(opening)  # so that each line is searched once per kind of quote
        if end > at + 1:
            yield line[at + 1 : end]
            at = end
        at += 1


def _is_inner(line: str, at: int) -> bool:
    """Tell whether this is an apostrophe behind a letter, which opens nothing."""
    return line[at] == _APOSTROPHE and at > 0 and _is_word(line[at - 1])


def _closing(line: str, at: int) -> int:
    """Return where the quote that opens here is closed, or -1."""
    if line[at] != _APOSTROPHE:
        return line.find(_CLOSING[line[at]], at + 1)
    end = line.find(_APOSTROPHE, at + 1)
    while end > 0 and _is_word(line[end - 1]) and _is_word(line[end + 1 : end + 2]):
        end = line.find(_APOSTROPHE, end + 1)
    return -1 if _is_word(line[end + 1 : end + 2]) else end


def _is_word(character: str) -> bool:
    return character.isalnum() or character == "_"
