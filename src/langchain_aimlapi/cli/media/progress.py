"""How far a call is, on standard error: one line that changes on a terminal, else a line a state."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Self

from langchain_aimlapi.cli._output import is_plain, note, shown_cost

if TYPE_CHECKING:
    from types import TracebackType

    from rich.progress import Progress as Bar


class Progress:
    """Shows what is waited for, for how long, and what it has cost so far.

    Args:
        state: What is waited for at first; a terminal alone shows it.
    """

    def __init__(self, state: str = "waiting") -> None:
        self._began = time.monotonic()
        self._state = state
        self._said = ""
        self._bar: Bar | None = None

    @property
    def seconds(self) -> float:
        """Seconds since the beginning."""
        return time.monotonic() - self._began

    def __enter__(self) -> Self:
        if sys.stderr.isatty() and not is_plain():
            self._bar = _make_bar()
            self._bar.add_task(self._state)
            self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Show nothing more; before something else is shown."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def tell(self, text: str) -> None:
        """Say something that stays."""
        if self._bar is not None:
            self._bar.console.print(text, markup=False, highlight=False, soft_wrap=True)
        else:
            note(text)

    def show(self, state: str, cost: float | None = None) -> None:
        """Show a state.

        Args:
            state: What the call does now.
            cost: US dollars so far, if known.
        """
        text = state if cost is None else f"{state} · {shown_cost(cost)}"
        self.show_live(text)
        if self._bar is None and text != self._said:
            note(f"{text} · {self.seconds:.0f} s", "dim")
        self._said = text

    def show_live(self, text: str) -> None:
        """Show something that changes often; nothing where lines stay."""
        if self._bar is not None:
            self._bar.update(self._bar.task_ids[0], description=text)


def _make_bar() -> Bar:
    from rich.console import Console  # noqa: PLC0415  # for terminals alone
    from rich.progress import (  # noqa: PLC0415
        Progress as Bar,
    )
    from rich.progress import (  # noqa: PLC0415
        SpinnerColumn,
        TextColumn,
        TimeElapsedColumn,
    )

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        TimeElapsedColumn(),
    )
    return Bar(*columns, console=Console(stderr=True), transient=True)
