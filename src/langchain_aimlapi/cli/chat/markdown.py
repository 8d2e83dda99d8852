"""Markdown rendered while it streams.

A block (a paragraph, a list, a table, a fence of code) is printed for good once the next one begins,
so that what scrolled away stays as it was read. Only the block that is being written is drawn anew,
and of a long one only as much as the terminal has lines: drawing more would leave copies behind.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rich.console import Console
from rich.live import Live
from rich.markdown import Markdown
from rich.segment import Segment

if TYPE_CHECKING:
    from rich.console import ConsoleOptions, RenderResult

_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})(.*)")
_PER_SECOND = 8
_SOURCE_LINES = 200


def complete_until(text: str) -> int:
    """Return where the first block begins that is not complete; 0 if none is.

    A block ends at a blank line outside of a fence, if what follows is not indented: that would
    belong to it, as the second paragraph of a list's item does.
    """
    fence, start, place = "", 0, 0
    was_blank = False
    for line in text.splitlines(keepends=True):
        if not fence and was_blank and line[:1] not in {" ", "\t", "\n", "\r"}:
            start = place
        fence = _fence_after(line, fence)
        was_blank = not line.strip()
        place += len(line)
    return start


def _fence_after(line: str, fence: str) -> str:
    """The fence that is open after a line: one of the same kind, at least as long, closes it."""
    found = _FENCE.match(line)
    if found is None:
        return fence
    if not fence:
        is_opening = not (found[1].startswith("`") and "`" in found[2])
        return found[1] if is_opening else ""
    closes = found[1].startswith(fence) and not found[2].strip()
    return "" if closes else fence


class MarkdownStream:
    """One text that streams."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(highlight=False)
        self._pending = ""
        self._live: Live | None = None
        self._has_printed = False

    def add(self, text: str) -> None:
        """Take more of the text."""
        may_end = "\n" in text or self._pending.endswith("\n")
        self._pending += text
        if may_end and (end := complete_until(self._pending)):
            self._print(self._pending[:end])
            self._pending = self._pending[end:]
        if self._live is None and self._pending.strip():
            self._live = Live(
                get_renderable=lambda: _Tail(self._pending, after_text=self._has_printed),
                console=self._console,
                refresh_per_second=_PER_SECOND,
                transient=True,
                redirect_stdout=False,
                redirect_stderr=False,
            )
            self._live.start()

    def end(self) -> None:
        """Print what is left."""
        self._print(self._pending)
        self._pending = ""

    def _print(self, text: str) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None
        if not text.strip():
            return
        if self._has_printed:
            self._console.print()
        self._console.print(Markdown(text))
        self._has_printed = True


class _Tail:
    """The last lines of a rendered text, as many as fit."""

    def __init__(self, text: str, *, after_text: bool) -> None:
        self._text = text
        self._after_text = after_text

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        most = max(1, console.height - 2)
        lines = console.render_lines(Markdown(_shortened(self._text)), options, pad=False)
        if self._after_text:
            yield Segment.line()
        for line in lines[-most:]:
            yield from line
            yield Segment.line()


def _shortened(text: str) -> str:
    """The end of a long block, which alone is seen; a fence keeps the line that opens it."""
    lines = text.splitlines(keepends=True)
    if len(lines) <= _SOURCE_LINES:
        return text
    opening = lines[0] if _FENCE.match(lines[0]) else ""
    return opening + "".join(lines[-_SOURCE_LINES:])
