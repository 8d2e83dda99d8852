"""The engine on a Ray cluster: Ray Data reads, maps, writes, checkpoints and starts workers anew.

The rows that are left are laid down as numbered Parquet files in a folder beside the journal,
which all nodes must see. An actor per worker holds the pickled runnable and asks the rows of its
blocks through the local engine; errors are rows. Ray's own `CheckpointConfig` notes each written
block by the numbers of its rows, so a killed job goes on from there: what a kill costs twice is
blocks of at most 256 rows that were under way, not single rows. When Ray is through, its files go
into the journal, from which output, status and export are made as on one machine.

A job that ends early (budget, wrong key, failing rows) ends in good order: the rows that were not
asked are left out of the blocks, the others are kept, and nothing is paid for twice.

`map_rows` is the same step for pipelines of your own, with your own sources, sinks and checkpoints.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import threading
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from langchain_aimlapi.bulk import staging
from langchain_aimlapi.bulk.admission import Admission
from langchain_aimlapi.bulk.calls import caller_for
from langchain_aimlapi.bulk.errors import BulkError
from langchain_aimlapi.bulk.failures import FailureWindow, over_budget
from langchain_aimlapi.bulk.gate import Gate
from langchain_aimlapi.bulk.limits import Rates
from langchain_aimlapi.bulk.local import LocalEngine
from langchain_aimlapi.bulk.options import Settings
from langchain_aimlapi.bulk.report import Progress
from langchain_aimlapi.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    import pyarrow as pa

    from langchain_aimlapi.bulk.journal import Entry, Journal
    from langchain_aimlapi.bulk.outcome import Outcome
    from langchain_aimlapi.bulk.rows import Row

__all__ = ["map_rows", "run_on_ray"]

ROWS_PER_BLOCK = 256
_CPUS_PER_WORKER = 0.5
_SECONDS_PER_REPORT = 0.5


def _ray() -> Any:
    try:
        import ray  # noqa: PLC0415  # an extra
        import ray.data  # noqa: PLC0415
    except ImportError:
        raise ConfigurationError(
            "The Ray engine needs its extra: pip install 'langchain-aimlapi[ray]'."
        ) from None
    return ray


@dataclass(frozen=True)
class _Task:
    """What a worker is to do; it is pickled."""

    runnable: Any
    settings: Settings
    is_staged: bool
    keep_input: bool
    workers: int


class _Collected:
    """Takes the outcomes of a block, as the journal does on one machine."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self._saved: Callable[[Sequence[Entry]], None] = lambda _: None

    def start(self, saved: Callable[[Sequence[Entry]], None]) -> None:
        self._saved = saved

    def put(self, entry: Entry) -> None:
        self.entries.append(entry)
        self._saved([entry])

    def close(self) -> None:
        """Nothing waits."""


class _Worker:
    """Asks the rows of blocks; one per actor."""

    def __init__(self, task: _Task, tally: Any) -> None:
        self._task, self._tally = task, tally
        settings = task.settings
        self._caller = caller_for(task.runnable, settings.prompt, settings.schema, settings.config)
        is_auto = settings.concurrency == "auto"
        most: Any = settings.max_concurrency if is_auto else settings.concurrency
        self._gate = Gate(Admission(ceiling=most, adaptive=is_auto))
        self._rates = _rates_of(task)

    async def __call__(self, batch: pa.Table) -> Any:
        # Ray takes an answer table from an async generator.
        yield await self._answered(batch)

    async def _answered(self, batch: pa.Table) -> pa.Table:
        rows = staging.staged_rows(batch) if self._task.is_staged else staging.plain_rows(batch)
        kept = _Collected()
        if await self._tally.why.remote() is None:
            await self._ask(iter(rows), kept)
        if self._task.is_staged:
            return staging.packed(kept.entries)
        return staging.with_columns(batch, kept.entries)

    async def _ask(self, rows: Iterator[Row], kept: _Collected) -> None:
        progress = Progress()
        engine = LocalEngine(
            rows=rows,
            caller=self._caller,
            journal=kept,
            gate=self._gate,
            retries=self._task.settings.retries,
            progress=progress,
            rates=self._rates,
            keep_input=self._task.keep_input,
        )
        link = _Link(self._tally, engine, kept)
        watch = asyncio.create_task(link.keep_up())
        try:
            await engine.run()
        finally:
            watch.cancel()
            await asyncio.gather(watch, return_exceptions=True)
            await link.report()


class _Link:
    """Between a block's engine and the tally of all workers."""

    def __init__(self, tally: Any, engine: LocalEngine, kept: _Collected) -> None:
        self._tally, self._engine, self._kept = tally, engine, kept
        self._told = 0

    async def keep_up(self) -> None:
        """Report all the time; what the tally says ends the engine."""
        while True:
            await asyncio.sleep(_SECONDS_PER_REPORT)
            await self.report()

    async def report(self) -> None:
        """Tell the tally of the rows since the last report."""
        begin, self._told = self._told, len(self._kept.entries)
        outcomes = [entry.outcome for entry in self._kept.entries[begin : self._told]]
        why = await self._tally.add.remote(outcomes, self._engine.stopped)
        self._engine.stopped = self._engine.stopped or why


class _Tally:
    """Counts what all workers do: an actor on the driver's node, which outlives theirs."""

    def __init__(self, budget_usd: float | None) -> None:
        self._budget = budget_usd
        self._progress = Progress()
        self._judge = FailureWindow()
        self._why: str | None = None

    def add(self, outcomes: Sequence[Outcome], stopped: str | None) -> str | None:
        """Count rows; why all are to stop, if they are."""
        for outcome in outcomes:
            self._progress.count(outcome)
            stopped = stopped or self._judge.add(outcome)
        self._why = self._why or stopped or over_budget(self._progress.cost_usd, self._budget)
        return self._why

    def why(self) -> str | None:
        """Why all are to stop, if they are."""
        return self._why

    def progress(self) -> Progress:
        """What was counted."""
        return self._progress


def _rates_of(task: _Task) -> Rates:
    """Shared by a Redis server, or each worker's part of them."""
    settings = task.settings
    parts = 1 if settings.redis_url else task.workers

    def part(limit: int | None) -> int | None:
        return None if limit is None else max(1, limit // parts)

    return Rates.of(
        part(settings.requests_per_minute), part(settings.tokens_per_minute), settings.redis_url
    )


# --- the driver -----------------------------------------------------------------------------------


def run_on_ray(
    rows: Iterator[Row],
    runnable: Any,
    journal: Journal,
    settings: Settings,
    progress: Progress,
    *,
    keep_input: bool,
) -> str | None:
    """Ask rows on the cluster that this process belongs to, or on one of this machine alone.

    Args:
        rows: Those that are left; not read if a run before this one has laid them down.
        runnable: What answers them.
        journal: Takes the outcomes when all are through.
        settings: The job's.
        progress: Kept up to date.
        keep_input: Whether the journal gets the input's columns too.

    Returns:
        Why the job ended early, if it did.

    Raises:
        BulkError: If Ray gives the job up; the next run goes on from its checkpoints.
    """
    ray = _ray()
    if not ray.is_initialized():
        ray.init(log_to_driver=False)
    folder = journal.path.with_name(journal.path.name + ".ray").absolute()
    staging.stage(rows, folder / "in")
    tally = _tally(ray, settings.budget_usd)
    began = time.monotonic()
    before = replace(progress)
    with _followed(ray, tally, progress, before, began), _checkpoints(ray, folder) as context:
        context.enable_progress_bars = False
        dataset = ray.data.read_parquet(str(folder / "in"))
        task = _Task(runnable, _for_workers(settings), True, keep_input, _workers(ray))
        try:
            _mapped(ray, dataset, task, tally).write_parquet(str(folder / "out"))
        except ray.exceptions.RayError as error:
            raise BulkError(
                f"Ray gave the job up: {error}. The blocks that are written stay in {folder}; run "
                "the job again to go on from there."
            ) from error
    _hand_over(folder, journal)
    why: str | None = ray.get(tally.why.remote())
    ray.kill(tally)
    return why


def map_rows(
    dataset: object, runnable: Any, *, budget_usd: float | None = None, **options: Any
) -> Any:
    """Add the columns of a bulk job to a Ray dataset, as a step of a pipeline of your own.

    Args:
        dataset: A `ray.data.Dataset`.
        runnable: What answers its rows; pickled, so its key comes from the workers' environment.
        budget_usd: Once all workers have spent this much, further rows are left out.
        **options: As for `bulk.run`, where they concern calls: `prompt`, `schema`, `concurrency`,
            `requests_per_minute`, `tokens_per_minute`, `redis_url`, `retries`.

    Returns:
        The dataset with the columns of `bulk.COLUMNS`; a row that failed has its `error`.

    Raises:
        ConfigurationError: For values that cannot be, or without Ray.
    """
    ray = _ray()
    settings = Settings.of({**options, "budget_usd": budget_usd})
    caller_for(runnable, settings.prompt, settings.schema, settings.config)
    task = _Task(runnable, _for_workers(settings), False, False, _workers(ray))
    return _mapped(ray, dataset, task, _tally(ray, budget_usd))


def _mapped(ray: Any, dataset: Any, task: _Task, tally: Any) -> Any:
    # Blocks would otherwise have 128 MB, and a block is what a kill costs twice.
    return dataset.repartition(target_num_rows_per_block=ROWS_PER_BLOCK).map_batches(
        _Worker,
        fn_constructor_args=(task, tally),
        batch_size=ROWS_PER_BLOCK,
        batch_format="pyarrow",
        num_cpus=_CPUS_PER_WORKER,
        compute=ray.data.ActorPoolStrategy(size=task.workers),
    )


def _workers(ray: Any) -> int:
    return max(1, int(ray.cluster_resources().get("CPU", 1)))


def _for_workers(settings: Settings) -> Settings:
    return replace(settings, on_progress=None, journal=None, budget_usd=None)


def _tally(ray: Any, budget_usd: float | None) -> Any:
    here = ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy(
        ray.get_runtime_context().get_node_id(), soft=False
    )
    actor = ray.remote(num_cpus=0, scheduling_strategy=here)(_Tally)
    return actor.remote(budget_usd)


@contextlib.contextmanager
def _checkpoints(ray: Any, folder: Path) -> Iterator[Any]:
    """Ray's own checkpoints, for the datasets that are made meanwhile."""
    from ray.data.checkpoint import CheckpointConfig  # noqa: PLC0415  # an extra

    context = ray.data.DataContext.get_current()
    former = context.checkpoint_config, context.enable_progress_bars
    context.checkpoint_config = CheckpointConfig(
        id_column=staging.ID,
        checkpoint_path=str(folder / "checkpoints"),
        delete_checkpoint_on_success=False,  # they go with the folder, after the journal has all
    )
    try:
        yield context
    finally:
        context.checkpoint_config, context.enable_progress_bars = former


@contextlib.contextmanager
def _followed(
    ray: Any, tally: Any, progress: Progress, before: Progress, began: float
) -> Iterator[None]:
    """Keep the progress up to date from a thread."""
    ended = threading.Event()

    def follow() -> None:
        while not ended.wait(_SECONDS_PER_REPORT):
            with contextlib.suppress(ray.exceptions.RayError):
                progress.take(ray.get(tally.progress.remote()), before)
            progress.seconds = time.monotonic() - began

    thread = threading.Thread(target=follow, name="bulk-ray-progress")
    try:
        thread.start()
        yield
    finally:
        ended.set()
        if thread.is_alive():
            thread.join()


def _hand_over(folder: Path, journal: Journal) -> None:
    """Put Ray's files into the journal; a run that was killed while doing it does it once more."""
    journal.start(lambda _: None)
    try:
        for entry in staging.entries_of(sorted((folder / "out").glob("**/*.parquet"))):
            if not journal.has(entry):
                journal.put(entry)
    finally:
        journal.close()
    shutil.rmtree(folder)
