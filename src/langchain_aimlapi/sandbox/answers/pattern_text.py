"""Regular expression -> a short text it matches.

A recursive descent over the common part of the syntax: alternatives (the first one is taken),
groups, classes, escapes, anchors and repeats (as few as allowed). The text is then matched
against the expression; where that fails (look-arounds, back-references) the result is a plain word.
"""

from __future__ import annotations

import re
import string

_CLASSES = {"d": string.digits, "w": string.ascii_letters + string.digits + "_", "s": " "}
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}
_ALL = string.ascii_letters + string.digits + string.punctuation + " "
_REPEATS = {"*": (0, 99), "+": (1, 99), "?": (0, 1)}


def text_matching(pattern: str, at_least: int = 0) -> str:
    """Return a text of at least `at_least` characters that matches a pattern, if possible."""
    fallback = "sample"
    for extra in range(max(at_least, 1) + 1):
        try:
            text = _Reader(pattern, extra).alternatives()
            if len(text) >= at_least and re.search(pattern, text):
                return text
        except (re.error, IndexError, ValueError):
            break
    return fallback


class _Reader:
    """Reads a pattern from left to right and writes a text alongside."""

    def __init__(self, pattern: str, extra: int) -> None:
        self._pattern = pattern
        self._at = 0
        self._extra = extra

    def alternatives(self) -> str:
        first = self._sequence()
        while self._peek() == "|":
            self._at += 1
            self._sequence()
        return first

    def _peek(self) -> str:
        return self._pattern[self._at : self._at + 1]

    def _next(self) -> str:
        char = self._pattern[self._at]
        self._at += 1
        return char

    def _sequence(self) -> str:
        made = ""
        while self._peek() not in {"", "|", ")"}:
            atom = self._atom()
            low, high = self._repeat()
            made += atom * min(low + self._extra * (high > low), high)
        return made

    def _atom(self) -> str:
        char = self._next()
        match char:
            case "^" | "$":
                return ""
            case ".":
                return "a"
            case "(":
                return self._group()
            case "[":
                return self._class()
            case "\\":
                return self._escape()[:1]
            case _:
                return char

    def _group(self) -> str:
        ahead = False
        if self._peek() == "?":
            head = re.compile(r"\?(?:P?<\w+>|[:=!]|<[=!])").match(self._pattern, self._at)
            if head is None:
                raise ValueError(self._pattern)
            self._at = head.end()
            ahead = head.group()[-1] in "=!"
        made = self.alternatives()
        self._next()
        return "" if ahead else made

    def _escape(self) -> str:
        char = self._next()
        if char in "bBAZ":
            return ""
        if char.lower() in _CLASSES:
            chars = _CLASSES[char.lower()]
            return chars if char.islower() else "".join(c for c in _ALL if c not in chars)
        return _ESCAPES.get(char, char)

    def _class(self) -> str:
        negated = self._peek() == "^"
        self._at += negated
        chars = ""
        while self._peek() != "]" or not chars:
            char = self._next()
            if char == "\\":
                chars += self._escape()
            elif self._peek() == "-" and self._pattern[self._at + 1] != "]":
                self._at += 1
                chars += "".join(map(chr, range(ord(char), ord(self._next()) + 1)))
            else:
                chars += char
        self._at += 1
        return next(c for c in _ALL if c not in chars) if negated else chars[0]

    def _repeat(self) -> tuple[int, int]:
        counted = re.compile(r"\{(\d*)(,?)(\d*)\}").match(self._pattern, self._at)
        if counted:
            self._at = counted.end()
            low = int(counted[1] or 0)
            repeat = low, int(counted[3] or 99) if counted[2] else low
        elif self._peek() in _REPEATS:
            repeat = _REPEATS[self._next()]
        else:
            return 1, 1
        if self._peek() in {"?", "+"}:  # lazy or possessive
            self._at += 1
        return repeat
