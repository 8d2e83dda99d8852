"""How a running job is shown: with rich on a terminal, else as a line every ten seconds."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Any, Self, TextIO

from langchain_aimlapi.bulk.report import Progress

__all__ = ["ProgressDisplay", "progress_line"]

_SECONDS_PER_LINE = 10.0
_MINUTE, _HOUR = 60, 3600


class ProgressDisplay:
    """Shows a job's progress, as its `on_progress`.

    Examples:
        >>> with bulk.ProgressDisplay() as display:  # doctest: +SKIP
        ...     bulk.run("in.jsonl", llm, "out.jsonl", prompt="{text}", on_progress=display)

    Args:
        file: Where to; standard error if not given.
        live: Whether it is redrawn in its place, which takes rich; by default if `file` is a
            terminal and rich is installed.
    """

    def __init__(self, file: TextIO | None = None, *, live: bool | None = None) -> None:
        self._file = file if file is not None else sys.stderr
        self._bar = _bar(self._file) if live or (live is None and self._file.isatty()) else None
        self._shown_at = float("-inf")
        self._last: str | None = None
        self._stopping = False

    def __enter__(self) -> Self:
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.stop()
        elif self._last is not None:
            self._print(self._last)

    def __call__(self, progress: Progress) -> None:
        """Show how far the job is.

        Args:
            progress: The job's counts.
        """
        line = progress_line(progress)
        if progress.stopping and not self._stopping:
            self._stopping, self._shown_at = True, float("-inf")
        if self._bar is not None:
            (task,) = self._bar.task_ids
            self._bar.update(
                task, completed=progress.finished, total=progress.total, description=line
            )
        elif progress.seconds - self._shown_at >= _SECONDS_PER_LINE:
            self._shown_at, self._last = progress.seconds, None
            self._print(line)
        else:
            self._last = line  # the last state is shown at the end, whenever it came

    def _print(self, line: str) -> None:
        print(line, file=self._file, flush=True)  # what it is for


def _bar(file: TextIO) -> Any:
    try:
        from rich.console import Console  # noqa: PLC0415  # an extra
        from rich.progress import BarColumn, Progress, TextColumn  # noqa: PLC0415
    except ImportError:
        return None
    described = TextColumn("{task.description}", markup=False)
    bar = Progress(BarColumn(bar_width=20), described, console=Console(file=file), transient=False)
    bar.add_task("", total=None)
    return bar


def progress_line(progress: Progress) -> str:
    """Say in one line how far a job is.

    Args:
        progress: The job's counts.

    Returns:
        Rows, rows and tokens per second, USD so far and projected, time left, calls at once, and
        errors by kind; for a job that was interrupted, what it waits for.
    """
    if progress.stopping:
        return (
            f"{progress.finished:,} rows are through; waiting for {progress.in_flight} calls under "
            "way (Ctrl-C again ends at once)"
        )
    total = f"/{progress.total:,}" if progress.total is not None else ""
    parts = [
        f"{progress.finished:,}{total} rows",
        f"{progress.rows_per_second:,.1f} rows/s",
        f"{progress.tokens_per_second:,.0f} tokens/s",
        _usd(progress),
        f"{progress.in_flight} of {progress.concurrency} calls",
    ]
    if (left := progress.seconds_left) is not None:
        parts.append(f"{_time(left)} left")
    if progress.errors:
        named = ", ".join(f"{times:,} {name}" for name, times in progress.errors.most_common(3))
        parts.append(f"failed: {named}")
    return " · ".join(parts)


def _usd(progress: Progress) -> str:
    projected = progress.projected_usd
    if not progress.cost_usd or projected is None:
        return f"${progress.cost_usd:.4f}" if progress.cost_usd else "cost not reported"
    return f"${progress.cost_usd:.4f} of about ${projected:.2f}"


def _time(seconds: float) -> str:
    whole = round(seconds)
    if whole >= _HOUR:
        return f"{whole // _HOUR} h {whole % _HOUR // _MINUTE:02} min"
    return f"{whole // _MINUTE} min {whole % _MINUTE:02} s" if whole >= _MINUTE else f"{whole} s"
