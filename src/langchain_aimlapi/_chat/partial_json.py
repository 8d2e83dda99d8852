"""JSON that is still streaming -> as much of its value as has arrived, at a cost per chunk.

The text is read once, whatever its length: `feed` goes on where the last piece ended. What was
given out is not changed afterwards: before the value grows, the lists and objects that are still
open are copied (not what is in them), so a piece costs what they are wide, not what all is long.

A string that is still open is given out as far as it has come; numbers, literals and keys once they
are whole, since half a number is another number.
"""

from __future__ import annotations

import re
from typing import Any

import orjson

_BLANK = re.compile(r"[ \t\r\n,:]*")
_PLAIN = re.compile(r'[^"\\]+')
_TEXT = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_LITERAL = re.compile(r"[-+.\w]+")
_BEGIN = re.compile(r"[{\[]")
_ESCAPE = re.compile(r"\\(?:[^u]|u[\da-fA-F]{4}(?:\\u[dD][c-fC-F][\da-fA-F]{2})?)", re.DOTALL)
_ESCAPES = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\", "/": "/"}
_HALF = re.compile(r"[\ud800-\udfff]")
_HALF_PAIR = re.compile(
    r"\\u[dD][89abAB][\da-fA-F]{2}(?:\\?|\\u[dD]?|\\u[dD][c-fC-F][\da-fA-F]?)\Z"
)
"""Half of a surrogate pair, of which the other half may follow."""
_LONGEST_ESCAPE = 12
_LONGEST_LITERAL = 4096
"""Characters of a number or a key; a longer one ends the reading."""
_DEEPEST = 200


class PartialJson:
    """The first object or list of a text that is still arriving.

    Attributes:
        value: What has arrived of it; None before it begins.
        over: Whether it is whole, or cannot be read; what follows is then ignored.
    """

    def __init__(self) -> None:
        self.value: object = None
        self.over = False
        self._stack: list[Any] = []
        """Lists and objects that are open, the outermost first."""
        self._keys: list[str | None] = []
        """The key that is being filled, of each open object; None in a list and between keys."""
        self._unread = ""
        self._at = 0
        self._text: str | None = None
        """The text that is open, unless it is a key: those are kept back until they are whole."""
        self._parts: list[str] = []
        """What a piece adds to that text."""
        self._given = False
        """Whether the value was given out since its open parts were copied."""

    def feed(self, piece: str) -> bool:
        """Take the next piece; return whether the value has grown."""
        if self.over:
            return False
        self._unread, self._at = self._unread[self._at :] + piece, 0
        grown = False
        while not self.over:
            step = self._step()
            if step is None:
                break
            grown = grown or step
        if self._text is not None:
            self._show()
        return grown

    def take(self) -> Any:
        """Return the value as it is now; it will not be changed any more."""
        self._given = True
        return self.value

    def _step(self) -> bool | None:
        """Read one token; return whether the value has grown, None to wait for more."""
        if self._text is not None:
            return self._in_text()
        if not self._stack:
            return self._begin()
        blank = _BLANK.match(self._unread, self._at)
        self._at = blank.end() if blank else self._at
        if self._at == len(self._unread):
            return None
        sign = self._unread[self._at]
        if sign in "}]":
            return self._close(sign)
        if isinstance(self._stack[-1], dict) and self._keys[-1] is None:
            return self._key()
        return self._item(sign)

    def _begin(self) -> bool | None:
        begun = _BEGIN.search(self._unread, self._at)
        if begun is None:
            self._at = len(self._unread)
            return None
        self._at = begun.end()
        self.value = {} if begun[0] == "{" else []
        self._stack, self._keys = [self.value], [None]
        return True

    def _close(self, sign: str) -> bool:
        self._at += 1
        closed = self._stack.pop()
        self._keys.pop()
        fits = isinstance(closed, dict) == (sign == "}")
        self.over = not fits or not self._stack
        if not self.over:
            self._keys[-1] = None
        return False

    def _key(self) -> bool | None:
        written = _TEXT.match(self._unread, self._at)
        if written is None:
            return self._wait(self._unread[self._at] == '"')
        self._at = written.end()
        try:
            self._keys[-1] = orjson.loads(written[0])
        except orjson.JSONDecodeError:
            self.over = True
        return False

    def _wait(self, good: bool) -> bool | None:
        """Wait for the rest of a token, unless it can be none or is too long."""
        self.over = not good or len(self._unread) - self._at > _LONGEST_LITERAL
        return None

    def _item(self, sign: str) -> bool | None:
        if sign == '"':
            self._at += 1
            self._text = ""
            self._put("")
            return True
        if sign in "{[":
            self._at += 1
            self._open({} if sign == "{" else [])
            return True
        word = _LITERAL.match(self._unread, self._at)
        if word is None or word.end() == len(self._unread):
            return self._wait(word is not None)
        self._at = word.end()
        return self._literal(word[0])

    def _literal(self, word: str) -> bool:
        try:
            value = int(word) if word.lstrip("-").isdecimal() else orjson.loads(word)
        except ValueError:
            self.over = True
            return False
        self._put(value)
        self._done()
        return True

    def _open(self, container: Any) -> None:
        self._put(container)
        self._stack.append(container)
        self._keys.append(None)
        self.over = len(self._stack) > _DEEPEST

    def _in_text(self) -> bool | None:
        """Read on in a text: what is plain at once, an escape when it is whole."""
        plain = _PLAIN.match(self._unread, self._at)
        if plain is not None:
            self._at = plain.end()
            return self._append(plain[0])
        if self._at == len(self._unread):
            return None
        if self._unread[self._at] == '"':
            self._at += 1
            self._show()
            self._text = None
            self._done()
            return False
        return self._escape()

    def _escape(self) -> bool | None:
        ahead = self._unread[self._at : self._at + _LONGEST_ESCAPE]
        escape = _ESCAPE.match(ahead)
        if escape is None or _HALF_PAIR.match(ahead):
            return self._wait(len(ahead) < _LONGEST_ESCAPE)
        self._at += escape.end()
        return self._append(_unescaped(escape[0]))

    def _append(self, text: str) -> bool:
        self._parts.append(text)
        return True

    def _show(self) -> None:
        """Put what has come of the open text into the value."""
        if not self._parts:
            return
        self._text = (self._text or "") + "".join(self._parts)
        self._parts.clear()
        self._unshare()
        top = self._stack[-1]
        top[self._keys[-1] if isinstance(top, dict) else -1] = self._text

    def _put(self, value: Any) -> None:
        self._unshare()
        top = self._stack[-1]
        if isinstance(top, dict):
            top[self._keys[-1]] = value
        else:
            top.append(value)

    def _done(self) -> None:
        """The value of a key is whole: another key may come."""
        if isinstance(self._stack[-1], dict):
            self._keys[-1] = None

    def _unshare(self) -> None:
        """Copy what is open, if it was given out since it was made."""
        if not self._given:
            return
        self._given = False
        self._stack = [each.copy() for each in self._stack]
        for place, inner in enumerate(self._stack[1:]):
            outer = self._stack[place]
            outer[self._keys[place] if isinstance(outer, dict) else -1] = inner
        self.value = self._stack[0]


def _unescaped(escape: str) -> str:
    """What an escape stands for; half a surrogate pair is no character (U+FFFD)."""
    if escape[1] != "u":
        return _ESCAPES.get(escape[1], "\N{REPLACEMENT CHARACTER}")
    units = [int(unit, 16) for unit in escape.split("\\u")[1:]]
    text = b"".join(unit.to_bytes(2, "big") for unit in units).decode("utf-16-be", "surrogatepass")
    return _HALF.sub("\N{REPLACEMENT CHARACTER}", text)
