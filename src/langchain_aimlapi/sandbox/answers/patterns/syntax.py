"""Regular expression -> syntax tree.

The common part of the syntaxes of ECMA-262 (which JSON schema names), Python and Rust:
alternatives, groups, classes, escapes, anchors, repeats and lookahead. Back-references, lookbehind
and flags are not supported: without them a match takes linear time.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

_MAX_DEPTH = 50
_MAX_LENGTH = 5_000
_COUNT = re.compile(r"\{(?:(\d{1,15})(,?)(\d{0,15})|,(\d{1,15}))\}")
_GROUP = re.compile(r"\?(?:P?<[A-Za-z_]\w{0,99}>|:)")
_HEX = re.compile(r"u\{([0-9a-fA-F]{1,6})\}|u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})")
_CATEGORY = re.compile(r"\{(?:gc=|General_Category=)?([A-Z][a-z]?)\}")
_CONTROLS = {"n": "\n", "t": "\t", "r": "\r", "f": "\f", "v": "\v", "0": "\0"}
_ANCHORS = {"^": "start", "$": "end", "b": "boundary", "B": "no boundary", "A": "start"}
_LAST_CHARACTER = 0x10FFFF


class UnsupportedPatternError(ValueError):
    """The pattern is not valid, or uses syntax that is not supported."""


@dataclass(frozen=True, slots=True)
class Characters:
    """One character out of a set: some ranges, some Unicode categories, or all but those."""

    ranges: tuple[tuple[int, int], ...] = ()
    categories: tuple[str, ...] = ()
    negated: bool = False
    inner: tuple[Characters, ...] = ()
    """Sets that are part of this one, such as `\\D` in `[\\Dx]`."""

    @property
    def size(self) -> int:
        """How many ranges have to be looked at."""
        return len(self.ranges) + len(self.inner)

    def contains(self, character: str) -> bool:
        """Tell whether a character is in the set."""
        code = ord(character)
        found = (
            any(low <= code <= high for low, high in self.ranges)
            or any(part.contains(character) for part in self.inner)
            or (
                bool(self.categories)
                and unicodedata.category(character).startswith(self.categories)
            )
        )
        return found is not self.negated


@dataclass(frozen=True, slots=True)
class Sequence:
    """Parts one after another."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Alternatives:
    """Any one of several."""

    options: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Repeat:
    """A part several times."""

    part: Node
    low: int
    high: int | None
    """None for any number."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """A place in the text: start, end, boundary, no boundary."""

    kind: str


@dataclass(frozen=True, slots=True)
class Lookahead:
    """Something that must, or must not, follow."""

    part: Node
    negative: bool


Node = Characters | Sequence | Alternatives | Repeat | Anchor | Lookahead

_DIGIT = Characters(((48, 57),))
_WORD = Characters(((48, 57), (65, 90), (95, 95), (97, 122)))
_SPACE = Characters(((9, 13), (32, 32), (160, 160), (0x2028, 0x2029), (0xFEFF, 0xFEFF)))
_CLASSES = {"d": _DIGIT, "w": _WORD, "s": _SPACE}
_ANY = Characters(((10, 10), (13, 13)), negated=True)


def parse_pattern(pattern: str) -> Node:
    """Parse a regular expression.

    Raises:
        UnsupportedPatternError: It is not valid or not supported.
    """
    if len(pattern) > _MAX_LENGTH:
        raise UnsupportedPatternError("the pattern is too long")
    parser = _Parser(pattern)
    try:
        tree = parser.alternatives()
    except IndexError as error:
        raise UnsupportedPatternError("the pattern ends too early") from error
    if parser.peek():
        raise UnsupportedPatternError("unbalanced parenthesis")
    return tree


class _Parser:
    """Recursive descent over one pattern."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._at = 0
        self._depth = 0

    def peek(self) -> str:
        return self._pattern[self._at : self._at + 1]

    def alternatives(self) -> Node:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise UnsupportedPatternError("the pattern is nested too deep")
        options = [self._sequence()]
        while self.peek() == "|":
            self._at += 1
            options.append(self._sequence())
        self._depth -= 1
        return options[0] if len(options) == 1 else Alternatives(tuple(options))

    def _next(self) -> str:
        character = self._pattern[self._at]
        self._at += 1
        return character

    def _matched(self, expression: re.Pattern[str]) -> re.Match[str] | None:
        """Match an expression here, and go behind it."""
        match = expression.match(self._pattern, self._at)
        if match:
            self._at = match.end()
        return match

    def _sequence(self) -> Node:
        parts: list[Node] = []
        while self.peek() not in {"", "|", ")"}:
            parts.append(self._repeated(self._atom()))
        return parts[0] if len(parts) == 1 else Sequence(tuple(parts))

    def _atom(self) -> Node:
        character = self._next()
        match character:
            case "^" | "$":
                return Anchor(_ANCHORS[character])
            case ".":
                return _ANY
            case "(":
                return self._group()
            case "[":
                return self._class()
            case "\\":
                return self._escape()
            case "*" | "+" | "?":
                raise UnsupportedPatternError("nothing to repeat")
            case _:
                return _only(character)

    def _group(self) -> Node:
        look = ""
        if self.peek() == "?" and not self._matched(_GROUP):
            look = self._pattern[self._at : self._at + 2]
            if look not in {"?=", "?!"}:
                raise UnsupportedPatternError(f"({look} is not supported")
            self._at += 2
        part = self.alternatives()
        if self._next() != ")":
            raise UnsupportedPatternError("missing )")
        return Lookahead(part, negative=look == "?!") if look else part

    def _escape(self) -> Node:
        character = self.peek()
        if character in {"b", "B", "A", "Z", "z"}:
            self._at += 1
            return Anchor(_ANCHORS.get(character, "end"))
        return self._escaped_set()

    def _escaped_set(self) -> Characters:
        """Parse an escape that stands for one character, in a class or outside of it."""
        if code := self._matched(_HEX):
            return _code(int(next(filter(None, code.groups())), 16))
        character = self._next()
        if character in "pP":
            category = self._matched(_CATEGORY)
            if not category:
                raise UnsupportedPatternError("unknown \\p")
            return Characters(categories=(category[1],), negated=character == "P")
        if known := _CLASSES.get(character.lower()):
            return Characters(known.ranges, negated=character.isupper())
        if character in "123456789k":
            raise UnsupportedPatternError("back-references are not supported")
        return _only(_CONTROLS.get(character, character))

    def _class(self) -> Characters:
        negated = self.peek() == "^"
        self._at += negated
        ranges: list[tuple[int, int]] = []
        inner: list[Characters] = []
        first = True
        while self.peek() != "]" or first:
            first = False
            low = self._class_member()
            if not _is_single(low):
                inner.append(low)
            elif self.peek() == "-" and self._pattern[self._at + 1] != "]":
                self._at += 1
                ranges.append(_range(low, self._class_member()))
            else:
                ranges.append(low.ranges[0])
        self._at += 1
        return Characters(tuple(ranges), negated=negated, inner=tuple(inner))

    def _class_member(self) -> Characters:
        character = self._next()
        if character != "\\":
            return _only(character)
        if self.peek() == "b":
            self._at += 1
            return _only("\b")
        return self._escaped_set()

    def _repeated(self, part: Node) -> Node:
        low, high = 1, 1
        unlimited = None
        if count := self._matched(_COUNT):
            low, high, unlimited = _bounds(count)
        elif self.peek() in {"*", "+", "?"}:
            character = self._next()
            low, high, unlimited = int(character == "+"), 1, character != "?"
        else:
            return part
        if self.peek() in {"?", "+"}:  # lazy or possessive: the same texts match, nearly always
            self._at += 1
        return Repeat(part, low, None if unlimited else high)


def _bounds(count: re.Match[str]) -> tuple[int, int, bool]:
    """Return the bounds of `{2}`, `{2,}`, `{2,5}` or `{,5}`, and whether there is no upper one."""
    if count[4]:
        return 0, int(count[4]), False
    low = int(count[1])
    high = int(count[3]) if count[3] else low
    if high < low:
        raise UnsupportedPatternError("the bounds of a repeat are reversed")
    return low, high, bool(count[2]) and not count[3]


def _only(character: str) -> Characters:
    return _code(ord(character))


def _code(code: int) -> Characters:
    if code > _LAST_CHARACTER:
        raise UnsupportedPatternError("there is no such character")
    return Characters(((code, code),))


def _is_single(characters: Characters) -> bool:
    alone = len(characters.ranges) == 1 and not characters.negated
    return alone and characters.ranges[0][0] == characters.ranges[0][1]


def _range(low: Characters, high: Characters) -> tuple[int, int]:
    if not _is_single(high) or high.ranges[0][0] < low.ranges[0][0]:
        raise UnsupportedPatternError("bad character range")
    return low.ranges[0][0], high.ranges[0][0]
