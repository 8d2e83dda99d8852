"""Commands that wait for a job: whatever ends the command early, the job's id is left.

A job is paid for once and goes on without the command, so every early end says by which command it
is picked up.
"""

from __future__ import annotations

import contextlib
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import typer

from langchain_aimlapi.cli._output import note, show_json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from langchain_aimlapi.cli._service import Service
    from langchain_aimlapi.cli.media.progress import Progress
    from langchain_aimlapi.media import Job, MediaResult
    from langchain_aimlapi.media.jobs import JobModel

_IN_PROCESS = "a job of the sandbox that this command starts ends with it, and cannot be picked up"


@dataclass
class JobRun:
    """A job that a command submits or picks up.

    Attributes:
        maker: The model.
        place: Where it is asked.
        progress: Where its states are shown.
        words: The options that pick it up, beside its id.
        job: The job, once it is known.
    """

    maker: JobModel
    place: Service
    progress: Progress
    words: tuple[str, ...]
    job: Job[Any] | None = None

    def start(self, given: dict[str, Any] | str, timeout: float | None) -> None:
        """Submit a job, or pick one up.

        Args:
            given: The parameters of a new job, or the id of one that was submitted.
            timeout: Seconds for it.
        """
        if isinstance(given, str):
            self.job = self.maker.job(given)
        else:
            self.job = self.maker.submit(given, **({} if timeout is None else {"timeout": timeout}))
            self.progress.tell(f"Job {self.job.id}")
        self._saw(self.job)

    def wait(self, timeout: float | None) -> MediaResult:
        """Wait until it is over.

        Args:
            timeout: Seconds for the whole command.
        """
        left = None if timeout is None else max(timeout - self.progress.seconds, 0.001)
        result: MediaResult = self._known().wait(left, on_progress=self._saw)
        return result

    def tell_id(self, *, as_json: bool) -> None:
        """Print the id, and how the job is picked up."""
        job = self._known()
        if as_json:
            shown = {"job": job.id, "model": job.model, "status": job.status}
            show_json({**shown, "command": self.command()})
            return
        typer.echo(job.id)
        note(f"Pick it up with:\n  {self.command()}")

    def command(self) -> str:
        """Return the command that picks the job up."""
        return shlex.join(["aimlapi", self.words[0], "--job", self._known().id, *self.words[1:]])

    @contextlib.contextmanager
    def left_behind(self) -> Iterator[None]:
        """Say how to go on, however the command ends early."""
        from langchain_aimlapi.errors import AimlapiError, JobFailedError, NotFoundError  # noqa: PLC0415

        try:
            yield
        except (JobFailedError, NotFoundError):
            raise
        except AimlapiError as error:
            if self.job is not None:
                error.hint = self._how_to_go_on(" ")
            raise
        except KeyboardInterrupt:
            self.progress.stop()
            note(f"Interrupted. {self._how_to_go_on()}", "yellow")
            raise
        except (OSError, typer.Exit):
            self.progress.stop()
            note(self._how_to_go_on(), "yellow")
            raise

    def _how_to_go_on(self, gap: str = "\n  ") -> str:
        if self.place.is_sandbox:
            return "The job was that of the sandbox, which ends with this command."
        if self.job is None:
            return "A job that was being submitted may exist and be billed; aimlapi logs lists it."
        return f"The job {self.job.id} is not lost. Pick it up with:{gap}{self.command()}"

    def _known(self) -> Job[Any]:
        if self.job is None:
            raise RuntimeError("no job was started")
        return self.job

    def _saw(self, job: Job[Any]) -> None:
        self.progress.show(job.status, job.cost)


def check_job_options(job: str | None, place: Service, *, has_input: bool, no_wait: bool) -> None:
    """Refuse options that exclude one another.

    Raises:
        BadParameter: If they do.
    """
    if job is not None and has_input:
        raise typer.BadParameter("a job has its input already", param_hint="--job")
    if job is not None and no_wait:
        raise typer.BadParameter("it is for new jobs", param_hint="--no-wait")
    if place.is_sandbox and (job is not None or no_wait):
        raise typer.BadParameter(_IN_PROCESS, param_hint="--job" if job else "--no-wait")
