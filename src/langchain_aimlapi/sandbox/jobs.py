"""Jobs: what `POST` starts and `GET` looks at, as it goes from queued to completed."""

from __future__ import annotations

import time
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any

from langchain_aimlapi.sandbox.answers.tokens import Usage
from langchain_aimlapi.sandbox.replies import ApiError

Json = dict[str, Any]

_QUEUED_SHARE = 0.2
_MOST_JOBS = 10_000


@dataclass(slots=True)
class Job:
    """A job.

    Attributes:
        id: Its id.
        result: What the reply holds when it is completed.
        usage: What it costs.
        outcome: What goes wrong with it: `job_fails`, `job_vanishes` or nothing.
        started: When it was submitted.
        looks: How often its state was asked for.
    """

    id: str
    result: Json
    usage: Usage
    outcome: str = ""
    started: float = field(default_factory=time.monotonic)
    looks: int = 0


class Jobs:
    """The jobs of a sandbox.

    Args:
        seconds: How long each takes, a fifth of it queued; None for two looks each.
    """

    def __init__(self, seconds: float | None) -> None:
        self._seconds = seconds
        self._jobs: OrderedDict[str, Job] = OrderedDict()

    def add(self, job: Job) -> Json:
        """Take a job, and return its state."""
        self._jobs[job.id] = job
        if len(self._jobs) > _MOST_JOBS:
            self._jobs.popitem(last=False)
        return {"id": job.id, "status": "queued"}

    def look(self, identity: str) -> Json:
        """Return the state of a job.

        Raises:
            ApiError: 404, it is unknown, or has vanished.
        """
        job = self._jobs.get(identity)
        if job is None or job.outcome == "job_vanishes":
            raise ApiError(404, f"Generation {identity} not found")
        job.looks += 1
        status = self._status(job)
        state: Json = {"id": job.id, "status": status}
        if status == "completed" and job.outcome == "job_fails":
            error = {
                "name": "Generation failed",
                "message": "The sandbox was told to fail this job",
            }
            return {**state, "status": "error", "error": error, "meta": Usage(0, 0).as_meta()}
        if status == "completed":
            return {**state, **job.result, "error": None, "meta": job.usage.as_meta()}
        return state

    def _status(self, job: Job) -> str:
        if self._seconds is None:
            return "generating" if job.looks == 1 else "completed"
        passed = time.monotonic() - job.started
        if passed < self._seconds * _QUEUED_SHARE:
            return "queued"
        return "generating" if passed < self._seconds else "completed"
