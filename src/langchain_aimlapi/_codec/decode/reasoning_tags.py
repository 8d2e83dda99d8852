"""Reasoning that comes inside the text, as `<think>…</think>` at its start.

MiniMax and a few others reply so (recorded replies). The tags may be cut anywhere by a stream, so
what could still become one is held back: a handful of characters, at the start of a reply and
at the end of a piece of reasoning. Text that merely mentions the tag later on is left alone.
"""

from __future__ import annotations

_OPEN = "<think>"
_CLOSE = "</think>"


class ThinkSplitter:
    """Sorts the pieces of one reply into reasoning and answer.

    `done` is true once no more reasoning can come; from then on the text needs no splitting.
    """

    __slots__ = ("_answer_begun", "_blank", "_held", "_inside", "done", "found")

    def __init__(self) -> None:
        self._blank: list[str] = []
        """White space before what may be a tag."""
        self._held = ""
        self._inside = False
        self._answer_begun = False
        self.found = False
        """Whether there was reasoning inside the text."""
        self.done = False

    def feed(self, piece: str) -> tuple[str, str]:
        """Take the next piece of text.

        Returns:
            The reasoning and the answer that are certain now; either may be empty.
        """
        if self.done:
            return "", piece
        if self._answer_begun:
            return "", self._answer(piece)
        if self._inside:
            self._held += piece
            return self._reasoning()
        return self._start(piece)

    def end(self) -> tuple[str, str]:
        """What was held back: reasoning that never closed, or text that was no tag after all."""
        held, self._held, self.done = "".join(self._blank) + self._held, "", True
        self._blank.clear()
        return (held, "") if self._inside else ("", held)

    def _start(self, piece: str) -> tuple[str, str]:
        text = piece if self._held else piece.lstrip()
        self._blank.append(piece[: len(piece) - len(text)])
        self._held += text
        if self._held.startswith(_OPEN):
            self._blank.clear()
            self._held, self._inside, self.found = self._held[len(_OPEN) :], True, True
            return self._reasoning()
        if _OPEN.startswith(self._held):
            return "", ""
        return self.end()

    def _reasoning(self) -> tuple[str, str]:
        reasoning, closed, answer = self._held.partition(_CLOSE)
        if closed:
            self._held, self._inside, self._answer_begun = "", False, True
            return reasoning, self._answer(answer)
        keep = next((n for n in range(len(_CLOSE) - 1, 0, -1) if reasoning.endswith(_CLOSE[:n])), 0)
        certain = reasoning[: len(reasoning) - keep]
        self._held = reasoning[len(certain) :]
        return certain, ""

    def _answer(self, piece: str) -> str:
        """The line breaks between reasoning and its answer belong to neither."""
        text = piece.lstrip("\n")
        self.done = bool(text)
        return text


def split(text: str) -> tuple[str | None, str]:
    """Split a whole text.

    Returns:
        The reasoning (`None` if there is none) and the answer.
    """
    if not text.lstrip().startswith(_OPEN):
        return None, text
    splitter = ThinkSplitter()
    reasoning, answer = splitter.feed(text)
    late_reasoning, late_answer = splitter.end()
    return reasoning + late_reasoning, answer + late_answer
