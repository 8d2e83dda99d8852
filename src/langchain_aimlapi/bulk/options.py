"""What can be set on a job, with its defaults."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, Literal, TypedDict

from langchain_aimlapi.bulk.report import Progress
from langchain_aimlapi.bulk.retries import Retries
from langchain_aimlapi.errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path

    from langchain_core.runnables import RunnableConfig

    from langchain_aimlapi.bulk.journal import Durability
    from langchain_aimlapi.bulk.rows import Prompt

__all__ = ["JobOptions", "Settings"]

_MOST_CALLS = 10_000
"""Calls at once: each needs a task, a connection and an open file."""

OnProgress = Callable[[Progress], None]


class JobOptions(TypedDict, total=False):
    """The options of `run` and `arun`."""

    prompt: Prompt
    """A template with `{column}` in it, messages of such templates as `[("system", "…"),
    ("human", "… {column}")]`, or a function of the row; without one the runnable gets the row as a
    dict."""
    schema: Any
    """What answers are to be, as for `with_structured_output`; for chat models."""
    journal: str | Path | None
    """Where finished rows are kept; `SINK.journal` if not given."""
    config: RunnableConfig | None
    """LangChain's configuration of each call: callbacks, tags, metadata."""
    engine: Literal["local", "ray", "service"]
    """What runs the job: this process, a Ray cluster, or the service's batches (Claude ids)."""
    concurrency: int | Literal["auto"]
    """Calls at once; "auto", the default, finds out what the service bears."""
    max_concurrency: int
    """Never more calls at once than this; 256 by default."""
    budget_usd: float | None
    """No new call once this run has cost this many USD; the calls under way then are finished, so
    that it may cost that much more."""
    requests_per_minute: int | None
    """Calls that may begin in a minute."""
    tokens_per_minute: int | None
    """Tokens of prompts and answers a minute; estimated before a call, settled after it."""
    redis_url: str | None
    """The Redis server that keeps both rates, for several jobs or machines together."""
    retries: Retries
    """How often a row is tried again, by what went wrong."""
    durability: Durability
    """"full" waits for the disk at each commit of the journal, and so survives a power cut;
    "normal", the default, survives the end of the process."""
    retry_failed: bool
    """Whether rows that ended with an error are asked again."""
    force: bool
    """Whether to go on with the journal of a job that was another one."""
    on_progress: OnProgress | None
    """Called about twice a second, and at the end."""


@dataclass(frozen=True, slots=True)
class Settings:
    """`JobOptions` with their defaults."""

    prompt: Prompt = None
    schema: Any = None
    journal: str | Path | None = None
    config: RunnableConfig | None = None
    engine: Literal["local", "ray", "service"] = "local"
    concurrency: int | Literal["auto"] = "auto"
    max_concurrency: int = 256
    budget_usd: float | None = None
    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    redis_url: str | None = None
    retries: Retries = field(default_factory=Retries)
    durability: Durability = "normal"
    retry_failed: bool = False
    force: bool = False
    on_progress: OnProgress | None = None

    def __post_init__(self) -> None:
        most: object = self.max_concurrency if self.concurrency == "auto" else self.concurrency
        if not isinstance(most, int) or not 1 <= most <= _MOST_CALLS:
            raise ConfigurationError(
                f'concurrency is a whole number from 1 to {_MOST_CALLS:,}, or "auto".'
            )
        if self.budget_usd is not None and not self.budget_usd > 0:
            raise ConfigurationError("budget_usd is more than 0.")
        if self.durability not in {"normal", "full"}:
            raise ConfigurationError('durability is "normal" or "full".')
        if self.engine not in {"local", "ray", "service"}:
            raise ConfigurationError('engine is "local", "ray" or "service".')

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Settings:
        """Take options.

        Raises:
            TypeError: For one that is not known.
            ConfigurationError: For a value that cannot be.
        """
        known = {field.name for field in fields(cls)}
        if odd := sorted(options.keys() - known):
            raise TypeError(
                f"A bulk job has no option {', '.join(odd)}; it has {', '.join(known)}."
            )
        return cls(**options)
