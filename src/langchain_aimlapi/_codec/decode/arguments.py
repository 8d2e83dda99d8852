"""The arguments of one call, as a stream brings them -> text that adds up to one JSON object.

Most streams send an object piece by piece. Some say `{}` first and the arguments after it, send
with every event all that came so far, or repeat the whole at the end. LangChain joins the pieces
of a call, so what is sent again must not be passed on again: an object is passed on from its
first byte to its last, and what else a service adds is held back until it is clear what it is.
"""

from __future__ import annotations

from langchain_aimlapi._codec.json_text import Nesting, extends_object, parse_arguments, same_object

_EMPTY = ("{", "{}")
_NOTHING = ("", "{}", "null")
"""What means no arguments, also where a last event says it after them."""
_FEW = 16
"""Characters that an object with nothing in it has at most."""


class ArgumentReader:
    """Reads the arguments of one call: `add` every piece, then take what `end` still gives."""

    __slots__ = (
        "_ahead",
        "_behind",
        "_brace_last",
        "_held",
        "_nesting",
        "_passed_on",
        "_restates",
        "_scanned",
        "_size",
    )

    def __init__(self) -> None:
        self._passed_on: list[str] = []
        self._size = 0
        self._brace_last = False
        """Whether a brace ended the last piece: without one, the object is not closed."""
        self._held = ""
        """An object with nothing in it yet: it may be a placeholder for what follows."""
        self._ahead = ""
        """A piece that repeats what came so far, where an object within it could stand too."""
        self._behind: list[str] = []
        """What came after the object was closed."""
        self._restates = False
        """Whether the service was seen to send again what came before."""
        self._nesting: Nesting | None = None
        self._scanned = 0

    @property
    def text(self) -> str:
        """All that was passed on."""
        return "".join(self._passed_on)

    @property
    def begun(self) -> bool:
        """Whether anything came."""
        return bool(self._passed_on or self._held)

    def is_closed(self) -> bool:
        """Whether what came is an object with its last brace."""
        if not self._passed_on:
            return self._held == "{}"
        return self._brace_last and self._scan().closed

    def is_sent_again_by(self, text: str) -> bool:
        """Whether a text gives the same arguments, or more of them."""
        if not self._passed_on:
            return bool(self._held) and text.lstrip().startswith("{")
        return extends_object(self.text, text)

    def add(self, piece: str) -> str:
        """Take a piece that is not empty.

        Returns:
            What can be passed on now; empty if nothing.
        """
        if not self._passed_on:
            return self._begin(piece)
        if self._ahead:
            return self._decide(piece)
        if self._behind or (self._brace_last and self._scan().closed):
            self._behind.append(piece)
            return ""
        if len(piece) >= self._size and piece.startswith(self._passed_on[0]):
            return self._compare(piece)
        return self._pass_on(piece)

    def end(self) -> str:
        """What was held back and belongs to the arguments after all."""
        ahead, self._ahead = self._ahead, ""
        held, self._held = self._held, ""
        behind = "".join(self._behind)
        self._behind = []
        if ahead:
            return self._pass_on(ahead[self._size :] if is_object(ahead) else ahead)
        said_again = "".join(behind.split()) in _NOTHING or same_object(self.text, behind)
        if behind and said_again:
            return ""
        return self._pass_on(held + behind)

    def _begin(self, piece: str) -> str:
        if piece.isspace():
            return ""
        if self._held and piece.lstrip().startswith("{"):
            self._held = ""  # no object begins right after a brace: this one is sent instead
        bare = self._held + ("".join(piece.split()) if len(piece) <= _FEW else piece)
        if bare in _EMPTY:
            self._held = bare
            return ""
        held, self._held = self._held, ""
        return self._pass_on(held + piece)

    def _compare(self, piece: str) -> str:
        """A piece that begins as the whole does: it is sent again, or an object within it."""
        before = self.text
        if not (before.startswith("{") and piece.startswith(before)):
            return self._pass_on(piece)
        if not self._restates and self._scan().expects_value(before):
            self._ahead = piece
            return ""
        self._restates = True
        return self._pass_on(piece[self._size :])

    def _decide(self, piece: str) -> str:
        ahead, self._ahead = self._ahead, ""
        self._restates = piece.startswith(ahead)
        return self._pass_on(piece[self._size :] if self._restates else ahead + piece)

    def _pass_on(self, piece: str) -> str:
        if piece:
            self._passed_on.append(piece)
            self._size += len(piece)
            self._brace_last = piece.rstrip().endswith("}") or (
                self._brace_last and piece.isspace()
            )
        return piece

    def _scan(self) -> Nesting:
        if self._nesting is None:  # most arguments need none
            self._nesting = Nesting()
        nesting = self._nesting
        for piece in self._passed_on[self._scanned :]:
            nesting.feed(piece)
        self._scanned = len(self._passed_on)
        return nesting


def is_object(text: str) -> bool:
    """Whether a text is one whole JSON object."""
    if not text.lstrip().startswith("{"):
        return False
    try:
        parse_arguments(text)
    except ValueError:
        return False
    return True
