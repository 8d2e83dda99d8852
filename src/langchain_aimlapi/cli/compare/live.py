"""What shows the answers while they stream: columns on a terminal, else a line for each that is whole."""

from __future__ import annotations

import time
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, Self

from rich.console import Console, Group
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from langchain_aimlapi.cli._output import note
from langchain_aimlapi.cli.chat.display import is_rich, printable
from langchain_aimlapi.compare import (
    Event,
    Finished,
    ReasoningDelta,
    Started,
    TextDelta,
    ToolCallDelta,
)
from langchain_aimlapi.compare.wording import in_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import ConsoleOptions, RenderableType, RenderResult

    from langchain_aimlapi.compare import Comparison, Result

NARROWEST = 34
"""Characters of a column below which models are shown one below the other."""
COLOURS = ("blue", "cyan", "yellow", "magenta", "green", "bright_blue")
_PER_SECOND = 8
_LOWEST = 5
"""Lines of a panel below which only the state of each model is shown."""


class Display(Protocol):
    """What is told of the events."""

    def take(self, event: Event) -> None:
        """Take an event."""


def make_display(comparison: Comparison, *, is_silent: bool) -> AbstractContextManager[Display]:
    """Return what fits the terminal, or the pipe."""
    if is_silent:
        return nullcontext(_Silent())
    return LiveColumns(comparison) if is_rich() else nullcontext(_Lines(comparison.runs))


def summary(result: Result) -> str:
    """Say in a few words what a call took."""
    if result.error:
        return "failed"
    parts = []
    if result.ttft is not None:
        parts.append(f"first token {in_words('ttft', result.ttft)}")
    if result.tokens_per_second is not None:
        parts.append(f"{in_words('tokens_per_second', result.tokens_per_second)} tokens/s")
    parts.append(f"{in_words('seconds', result.seconds)} in all")
    if result.usd is not None:
        parts.append(in_words("usd", result.usd))
    return " · ".join(parts)


class _Silent:
    def take(self, event: Event) -> None:
        """Show nothing."""


class _Lines:
    """A line on standard error for each call that has ended."""

    def __init__(self, runs: int) -> None:
        self._runs = runs

    def take(self, event: Event) -> None:
        if isinstance(event, Finished):
            of_runs = f" (run {event.run} of {self._runs})" if self._runs > 1 else ""
            note(printable(f"{event.result.model}{of_runs}: {summary(event.result)}"), "dim")


# --- columns --------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Column:
    """What is shown of a model."""

    model: str
    colour: str
    run: int = 0
    started: float = 0.0
    first: float | None = None
    result: Result | None = None
    pieces: list[tuple[str, str]] = field(default_factory=list)
    """Texts with their styles."""

    def take(self, event: Event) -> None:
        match event:
            case Started():
                self.run, self.started, self.first = event.run, time.monotonic(), None
                self.result, self.pieces = None, []
            case TextDelta():
                self._add(event.text, "")
            case ReasoningDelta():
                self._add(event.text, "dim italic")
            case ToolCallDelta():
                self._add(f"\n{event.name} {event.args}" if event.name else event.args, "green")
            case Finished():
                self.result = event.result
                if event.result.error:
                    self._add(f"\n{event.result.error}", "red")

    def _add(self, text: str, style: str) -> None:
        if self.first is None:
            self.first = time.monotonic()
        self.pieces.append((printable(text), style))

    def tail(self, most: int) -> Text:
        """The end of the text, of at most so many characters and a piece."""
        shown, length = [], 0
        for piece in reversed(self.pieces):
            shown.append(piece)
            length += len(piece[0])
            if length >= most:
                break
        return Text.assemble(*reversed(shown))

    def state(self, runs: int) -> str:
        of_runs = f"run {self.run} of {runs} · " if runs > 1 and self.run else ""
        if self.result is not None:
            return of_runs + summary(self.result)
        if not self.run:
            return "waits"
        passed = in_words("seconds", max(0.1, time.monotonic() - self.started))
        if self.first is None:
            return f"{of_runs}no token yet · {passed}"
        return f"{of_runs}first token {in_words('ttft', self.first - self.started)} · {passed}"


class LiveColumns:
    """The ends of all answers side by side, drawn anew a few times a second; nothing stays behind.

    Args:
        comparison: What is asked.
        console: Where to draw; standard output by default.
    """

    def __init__(self, comparison: Comparison, console: Console | None = None) -> None:
        self._runs = comparison.runs
        self._columns = [
            _Column(model, COLOURS[place % len(COLOURS)])
            for place, model in enumerate(comparison.models)
        ]
        self._live = Live(
            get_renderable=lambda: self,
            console=console or Console(highlight=False),
            refresh_per_second=_PER_SECOND,
            transient=True,
            redirect_stdout=False,
        )

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def take(self, event: Event) -> None:
        """Take an event; it is drawn with the next others."""
        self._columns[event.column].take(event)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        rows = in_rows(self._columns, options.max_width)
        height = (console.height - 1) // len(rows)
        if height < _LOWEST:
            yield self._states()
            return
        width = options.max_width // len(rows[0])
        yield Group(
            *(grid([self._panel(column, width, height, console) for column in row]) for row in rows)
        )

    def _states(self) -> RenderableType:
        lines = [
            Text.assemble((printable(column.model), column.colour), "  ", column.state(self._runs))
            for column in self._columns
        ]
        for line in lines:
            line.no_wrap, line.overflow = True, "ellipsis"
        return Group(*lines)

    def _panel(self, column: _Column, width: int, height: int, console: Console) -> Panel:
        inner, lines = max(1, width - 4), height - 3
        wrapped = column.tail(inner * lines * 2).wrap(console, inner)
        state = Text(column.state(self._runs), style="dim", no_wrap=True, overflow="ellipsis")
        return Panel(
            Group(state, *wrapped[-lines:]),
            title=Text(printable(column.model), style=f"bold {column.colour}"),
            title_align="left",
            border_style=column.colour,
            height=height,
        )


def in_rows(columns: Sequence[_Column], width: int) -> list[list[_Column]]:
    """Return the columns in rows of as many as a terminal is wide enough for."""
    most = places_in_row(len(columns), width)
    return [list(columns[start : start + most]) for start in range(0, len(columns), most)]


def places_in_row(count: int, width: int) -> int:
    """Return how many columns stand side by side: rows of the same length, as far as they can be."""
    most = max(1, min(count, width // NARROWEST))
    rows = -(-count // most)
    return -(-count // rows)


def grid(cells: Sequence[RenderableType]) -> Table:
    """Return renderables side by side, each as wide as the others."""
    table = Table.grid(expand=True)
    for _ in cells:
        table.add_column(ratio=1)
    table.add_row(*cells)
    return table
