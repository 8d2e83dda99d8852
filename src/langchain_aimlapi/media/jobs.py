"""Models that answer with a job: videos, music and transcription."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field, SecretStr

from langchain_aimlapi._client.metering import MeteredCall
from langchain_aimlapi._codec.decode.media import JobState, read_job
from langchain_aimlapi._errors.envelope import Envelope, read_envelope
from langchain_aimlapi._transport.deadline import deadline_in
from langchain_aimlapi._transport.request import Reply, ReplyRules, Request
from langchain_aimlapi.errors import ResponseFormatError
from langchain_aimlapi.media.job import Job
from langchain_aimlapi.media.model import MediaModel, steering_of
from langchain_aimlapi.media.results import GeneratedFile, MediaResult
from langchain_aimlapi.media.service import characters_of

if TYPE_CHECKING:
    from langchain_aimlapi._client.request import Form

__all__ = ["JobModel"]

_OF_THE_CONNECTION = ("api_key", "base_url", "extra_headers", "extra_query", "max_retries")
"""Arguments of a call that hold for the looks at its job, too."""


def _job_error(reply: object) -> Envelope | None:
    """The error of a reply; that of a job is the job's, and no failure of the look at it."""
    is_job = isinstance(reply, dict) and (
        isinstance(reply.get("status"), str) or not reply.keys().isdisjoint(_OF_A_JOB)
    )
    return None if is_job else read_envelope(reply)


_OF_A_JOB = frozenset({"generation_id", "output", "result"})
JOB = ReplyRules(content_key=b"{", read_error=_job_error)


class JobModel(MediaModel):
    """Base of the models that work for minutes; use one of them."""

    makes: ClassVar[str]
    own_settings: ClassVar[frozenset[str]] = frozenset({"poll_interval"})

    poll_interval: float = Field(default=2.0, gt=0)
    """Seconds until the first look at a job; later looks come less often, up to every 15 seconds."""

    def submit(self, input: object, **kwargs: object) -> Job[MediaResult]:
        """Start a job and return at once.

        It is sent once: if the connection breaks after that, the error says that the job may exist.

        Args:
            input: The prompt, or a dict of parameters.
            **kwargs: As for `invoke`.

        Returns:
            The job.

        Raises:
            ConfigurationError: For parameters the model does not take; nothing was sent.
            AimlapiError: For a request that is refused.
        """
        return self._submit(self._parameters(input, kwargs), steering_of(kwargs))

    async def asubmit(self, input: object, **kwargs: object) -> Job[MediaResult]:
        """Start a job and return at once; see `submit`."""
        return await self._asubmit(self._parameters(input, kwargs), steering_of(kwargs))

    def job(self, id: str) -> Job[MediaResult]:
        """Pick up a job, after a crash or on another machine.

        Args:
            id: The job's id.

        Returns:
            The job as it stands.

        Raises:
            AimlapiError: If it cannot be looked at; `NotFoundError` if the service does not know it.
        """
        return Job(id, self.model, self, self.look(id))

    async def ajob(self, id: str) -> Job[MediaResult]:
        """Pick up a job; see `job`."""
        return Job(id, self.model, self, await self.alook(id))

    def _run(self, parameters: Mapping[str, Any], steering: Mapping[str, object]) -> MediaResult:
        deadline = deadline_in(self.time_limit(steering))
        return self._submit(parameters, steering, deadline).wait_until(deadline)

    async def _arun(
        self, parameters: Mapping[str, object], steering: Mapping[str, object]
    ) -> MediaResult:
        deadline = deadline_in(self.time_limit(steering))
        job = await self._asubmit(parameters, steering, deadline)
        return await job.await_until(deadline)

    # --- submitting -------------------------------------------------------------------------------

    def _submit(
        self,
        parameters: Mapping[str, object],
        steering: Mapping[str, object],
        deadline: float | None = None,
    ) -> Job[MediaResult]:
        body = self._job_body(self._loaded(parameters))
        request = self._submission(body, self._key(steering), steering)
        call = MeteredCall()
        call.begin(characters_of(parameters), self.model)
        try:
            state = self._send(request, read_state, deadline)
        except BaseException:
            call.end(None)
            raise
        return Job(state.id, self.model, self, state, _kept(steering), call)

    async def _asubmit(
        self,
        parameters: Mapping[str, object],
        steering: Mapping[str, object],
        deadline: float | None = None,
    ) -> Job[MediaResult]:
        body = self._job_body(await self._aloaded(parameters))
        request = self._submission(body, await self._akey(steering), steering)
        call = MeteredCall()
        call.begin(characters_of(parameters), self.model)
        try:
            state = await self._asend(request, read_state, deadline)
        except BaseException:
            call.end(None)
            raise
        return Job(state.id, self.model, self, state, _kept(steering), call)

    def _job_body(self, loaded: Mapping[str, object]) -> Mapping[str, object] | Form:
        return self._encoded(self.kind, loaded).body

    def _submission(
        self, body: Mapping[str, object] | Form, key: SecretStr, steering: Mapping[str, object]
    ) -> Request:
        return self._post(self._path(), body, key, steering, rules=JOB)

    # --- looks ------------------------------------------------------------------------------------

    def look(
        self,
        id: str,
        steering: Mapping[str, object] | None = None,
        deadline: float | None = None,
    ) -> JobState:
        """Return the state of a job; a job asks for it by `refresh`.

        Args:
            id: The job's id.
            steering: Arguments of the call that submitted it: key, address, headers.
            deadline: When to give up, by the monotonic clock.

        Raises:
            AimlapiError: If the job cannot be looked at.
        """
        request = self._look_request(id, self._key(steering or {}), steering or {})
        return self._send(request, partial(read_state, known=id), deadline)

    async def alook(
        self,
        id: str,
        steering: Mapping[str, object] | None = None,
        deadline: float | None = None,
    ) -> JobState:
        """Return the state of a job; see `look`."""
        request = self._look_request(id, await self._akey(steering or {}), steering or {})
        return await self._asend(request, partial(read_state, known=id), deadline)

    def _look_request(self, id: str, key: SecretStr, steering: Mapping[str, object]) -> Request:
        return self._get(self._path(), {"generation_id": id}, key, steering, JOB)

    def result_of(self, state: JobState) -> MediaResult:
        """Return what a completed job made.

        Args:
            state: The job's state.

        Raises:
            ResponseFormatError: If the reply names no file.
        """
        files = [GeneratedFile.of(ref, self.makes, self) for ref in state.files]
        if not files:
            raise ResponseFormatError(
                "The job is completed, but names no file.", body=dict(state.raw)
            )
        return MediaResult(
            model=self.model,
            files=files,
            cost=state.cost.usd,
            cost_details=state.cost.details,
            inference_id=state.id,
            raw=state.raw,
        )


def read_state(reply: Reply, known: str | None = None) -> JobState:
    """The state of a job that a reply tells."""
    return read_job(reply.body, reply.headers, known)


def _kept(steering: Mapping[str, Any]) -> dict[str, Any]:
    """What the looks at a job need of its submission; a key is wrapped."""
    kept = {name: steering[name] for name in _OF_THE_CONNECTION if name in steering}
    if isinstance(kept.get("api_key"), str):
        kept["api_key"] = SecretStr(kept["api_key"])
    return kept
