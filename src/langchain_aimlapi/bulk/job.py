"""A bulk job: its input, what answers the rows, its journal, its output.

`run` and `arun` bring a job to its end, or go on with one that a crash, a kill or an empty
account ended: what the journal holds is not asked again. `status` and `export` read a journal at
any time, also while the job runs.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from langchain_aimlapi.bulk import sinks
from langchain_aimlapi.bulk.admission import Admission
from langchain_aimlapi.bulk.calls import caller_for, identity_of
from langchain_aimlapi.bulk.errors import JobStoppedError, SourceError
from langchain_aimlapi.bulk.gate import Gate, shared_gate
from langchain_aimlapi.bulk.journal import Journal
from langchain_aimlapi.bulk.limits import Rates
from langchain_aimlapi.bulk.local import LocalEngine
from langchain_aimlapi.bulk.options import JobOptions, OnProgress, Settings
from langchain_aimlapi.bulk.outcome import COLUMNS
from langchain_aimlapi.bulk.output import write_output
from langchain_aimlapi.bulk.own_loop import run_in_own_loop
from langchain_aimlapi.bulk.prices import by_price_list
from langchain_aimlapi.bulk.report import Estimate, Progress, Report
from langchain_aimlapi.bulk.rows import Row, check_template
from langchain_aimlapi.bulk.sources import Source, input_files, open_source
from langchain_aimlapi.bulk.values import jsonable
from langchain_aimlapi.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from langchain_aimlapi.bulk.calls import Caller

__all__ = ["arun", "estimate", "run", "status"]

_SECONDS_PER_REPORT = 0.5
GRACE = 10.0
"""Seconds that calls under way have to end after Ctrl-C."""


@dataclass(frozen=True, slots=True)
class _Job:
    """A job that has been checked and may begin."""

    source: Source
    runnable: Any
    sink: Path | None
    journal: Path
    settings: Settings
    grace: float = 0.0
    """Seconds that calls under way have to end when the job is cancelled."""


def run(
    source: object, runnable: Any, sink: str | Path | None = None, **options: Unpack[JobOptions]
) -> Report:
    """Run a job to its end, or go on with one.

    Args:
        source: The input: a path (`.jsonl`, `.csv`, `.tsv`, `.parquet`, `.arrow`), a glob, a list
            of paths, an Arrow table, a Hugging Face dataset, or an iterable of mappings or texts.
        runnable: What answers a row: a chat model, any LangChain runnable, or embeddings.
        sink: The output, by its ending as above. It has the input's columns and those of
            `bulk.COLUMNS`, in the order of the input; it appears when the job is through.
        **options: See `JobOptions`.

    Returns:
        How the job ended.

    Raises:
        SourceError: For an input or output that cannot be read or written, and for a template
            that names a column that is not there: before anything is paid for.
        JobChangedError: If the journal belongs to another job.
        JournalError: If the journal is in use or cannot be written.
        JobStoppedError: If the job ended before its last row: the budget, no credits, a wrong key,
            or half of the last 200 rows failing. Run it again to go on.
        KeyboardInterrupt: After Ctrl-C. No new call begins, and those under way have 10 seconds to
            end and be kept; a second Ctrl-C ends the job at once.
    """
    job = _checked(source, runnable, sink, Settings.of(options))
    return run_in_own_loop(_arun(replace(job, grace=GRACE)))


async def arun(
    source: object, runnable: Any, sink: str | Path | None = None, **options: Unpack[JobOptions]
) -> Report:
    """Run a job from within an event loop; the async form of `run`.

    A job that is cancelled ends at once; calls under way are dropped.

    Args:
        source: As for `run`.
        runnable: As for `run`.
        sink: As for `run`.
        **options: See `JobOptions`.

    Returns:
        How the job ended.

    Raises:
        BulkError: As for `run`.
    """
    return await _arun(_checked(source, runnable, sink, Settings.of(options)))


def estimate(
    source: object,
    runnable: Any,
    sink: str | Path | None = None,
    *,
    sample: int = 20,
    **options: Unpack[JobOptions],
) -> Estimate:
    """Ask some rows, and tell from them what all will cost.

    The rows are asked and paid for; they go into the job's journal, so that the job itself does
    not ask them again.

    Args:
        source: As for `run`.
        runnable: As for `run`.
        sink: As for `run`; not written.
        sample: How many rows to ask, evenly spread over the input.
        **options: As for `run`.

    Returns:
        The cost of the sample and what the whole job is expected to cost.

    Raises:
        BulkError: As `run` does.
    """
    if sample < 1:
        raise ConfigurationError("sample is a whole number from 1 on.")
    job = _checked(source, runnable, sink, Settings.of(options))
    report = run_in_own_loop(_arun(replace(job, grace=GRACE), sample))
    if costs := Journal.costs(job.journal):
        return Estimate.of(report.rows, costs, report)
    listed = by_price_list(runnable, Journal.tokens(job.journal))
    return Estimate.of(report.rows, listed, report, "by the price list")


def _checked(source: object, runnable: Any, sink: str | Path | None, settings: Settings) -> _Job:
    opened = open_source(source)
    check_template(settings.prompt, opened.columns())
    _check_columns(opened)
    path = Path(sink) if sink is not None else None
    if path is not None:
        sinks.check_sink(path)
        if path.exists() and any(path.samefile(file) for file in input_files(source)):
            raise SourceError(f"{path} is the input: give another file for the output.")
    if settings.journal is None and path is None:
        raise SourceError("Give a sink, or a journal to keep the rows in.")
    journal = Path(settings.journal) if settings.journal is not None else Path(f"{path}.journal")
    return _Job(opened, runnable, path, journal, settings)


def _check_columns(source: Source) -> None:
    """Refuse an input that would lose columns to the job's; of JSON Lines the first row tells."""
    names: Iterable[str] | None = source.columns()
    if names is None and source.rereadable:
        names = next((row.values for row in source.rows() if row.problem is None), ())
    if taken := sorted(COLUMNS.keys() & set(names or ())):
        raise SourceError(
            f"The input has columns that the job adds: {', '.join(taken)}. Rename them first."
        )


async def _arun(job: _Job, sample: int | None = None) -> Report:
    settings = job.settings
    caller = caller_for(job.runnable, settings.prompt, settings.schema, settings.config)
    identity = {
        "source": await asyncio.to_thread(job.source.fingerprint),
        **identity_of(job.runnable, settings.prompt, settings.schema),
    }
    total = await asyncio.to_thread(job.source.count)
    journal = Journal(job.journal, identity, durability=settings.durability, force=settings.force)
    try:
        progress, stopped = await _asked(job, caller, journal, total, sample)
    finally:
        journal.release()
    report = Journal.report(job.journal, progress.total)
    report = replace(report, resumed=progress.resumed, seconds=progress.seconds)
    if stopped:
        raise JobStoppedError(_how_to_go_on(stopped, report), report)
    if job.sink is None or sample is not None:
        return report
    await asyncio.to_thread(write_output, job.source, job.journal, job.sink)
    return replace(report, output=job.sink)


async def _asked(
    job: _Job, caller: Caller, journal: Journal, total: int | None, sample: int | None
) -> tuple[Progress, str | None]:
    """Ask the rows that are left; how it went, and why it ended early, if it did."""
    progress = Progress(total=total)
    before = Journal.report(job.journal)
    progress.done = before.done
    progress.failed = 0 if job.settings.retry_failed else before.failed
    progress.resumed = progress.finished
    left = _left(job, journal) if sample is None else _sampled(job, journal, sample)
    return progress, await _with_engine(job, caller, journal, progress, left)


async def _with_engine(
    job: _Job, caller: Caller, journal: Journal, progress: Progress, left: Iterator[Row]
) -> str | None:
    """Ask rows with the engine that was asked for; why it ended early, if it did."""
    settings, keep_input = job.settings, not job.source.rereadable
    if settings.engine == "ray":
        from langchain_aimlapi.bulk.ray import run_on_ray  # noqa: PLC0415  # an extra

        async with _reporting(progress, None, settings.on_progress):
            return await asyncio.to_thread(
                run_on_ray, left, job.runnable, journal, settings, progress, keep_input=keep_input
            )
    if settings.engine == "service":
        from langchain_aimlapi.bulk.service import ServiceEngine  # noqa: PLC0415  # seldom needed

        service = ServiceEngine(left, job.runnable, settings, journal, progress, keep_input)
        async with _reporting(progress, None, settings.on_progress):
            return await service.run()
    engine = LocalEngine(
        rows=left,
        caller=caller,
        journal=journal,
        gate=_gate(job),
        retries=settings.retries,
        progress=progress,
        rates=_rates(settings),
        budget_usd=settings.budget_usd,
        keep_input=keep_input,
        grace=job.grace,
    )
    async with _reporting(progress, engine.gate.admission, settings.on_progress):
        await engine.run()
    return engine.stopped


def _gate(job: _Job) -> Gate:
    if job.settings.concurrency == "auto":
        return shared_gate(job.runnable, job.settings.max_concurrency)
    return Gate(Admission(ceiling=job.settings.concurrency, adaptive=False))


def _rates(settings: Settings) -> Rates:
    requests, tokens = settings.requests_per_minute, settings.tokens_per_minute
    return Rates.of(requests, tokens, settings.redis_url)


def _how_to_go_on(why: str, report: Report) -> str:
    through = report.done + report.failed
    return (
        f"The job ended early: {why}. {through} rows are through and stay so; run it again to go "
        f"on with the others, or export what is there from {report.journal}."
    )


def _left(job: _Job, journal: Journal) -> Iterator[Row]:
    """The rows that are not through, in order."""
    if not job.source.rereadable:
        return _left_of_iterable(job, journal)
    finished = journal.finished(failed_too=not job.settings.retry_failed)
    return _without(job.source.rows(), finished)


def _sampled(job: _Job, journal: Journal, most: int) -> Iterator[Row]:
    """Some of the rows that are not through, evenly spread where their number is known."""
    total = job.source.count() if job.source.rereadable else None
    step = max(1, (total or 0) // most)
    spread = (row for row in _left(job, journal) if row.number % step == 0)
    return itertools.islice(spread, most)


def _without(rows: Iterable[Row], finished: Iterator[int]) -> Iterator[Row]:
    next_finished = next(finished, None)
    for row in rows:
        if row.number == next_finished:
            next_finished = next(finished, None)
        else:
            yield row


def _left_of_iterable(job: _Job, journal: Journal) -> Iterator[Row]:
    """The same for rows that the program gives: they must be those of the first run."""
    saved = journal.saved()
    known = next(saved, None)
    for row in job.source.rows():
        if known is None or known.row != row.number:
            yield row
            continue
        given = jsonable(row.values)
        if known.input is not None and known.input != given:
            raise SourceError(
                f"Row {row.number} differs from the row that the journal holds: a job is resumed "
                "with the same rows in the same order."
            )
        if known.failed and job.settings.retry_failed:
            yield row
        known = next(saved, None)


@contextlib.asynccontextmanager
async def _reporting(
    progress: Progress, admission: Admission | None, on_progress: OnProgress | None
) -> Any:
    if on_progress is None:
        yield
        return

    async def report() -> None:
        began = asyncio.get_running_loop().time()
        while True:
            await asyncio.sleep(_SECONDS_PER_REPORT)
            progress.seconds = asyncio.get_running_loop().time() - began
            if admission is not None:
                progress.concurrency = admission.most
            on_progress(progress)

    task = asyncio.create_task(report())
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        on_progress(progress)


def status(journal: str | Path) -> Report:
    """Read what a journal holds; also while the job runs.

    Args:
        journal: The job's journal.

    Returns:
        How far the job is.

    Raises:
        JournalError: If there is no journal, or it cannot be read.
    """
    return Journal.report(Path(journal))
