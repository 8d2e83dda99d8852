"""Models that answer with a job: videos and music."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from langchain_aimlapi._codec.decode.media import JobState, read_job
from langchain_aimlapi._transport.request import Reply, Timeouts
from langchain_aimlapi.errors import ResponseFormatError
from langchain_aimlapi.media.inputs import read_media
from langchain_aimlapi.media.job import Job, files_of
from langchain_aimlapi.media.model import MediaModel
from langchain_aimlapi.media.results import MediaResult

if TYPE_CHECKING:
    from collections.abc import Mapping

    from langchain_aimlapi._codec.encode.media import EncodedMedia

__all__ = ["JobModel"]


class JobModel(MediaModel):
    """Base of the models that work for minutes; use one of them."""

    makes: ClassVar[str]
    default_path: ClassVar[str]
    media_inputs: ClassVar[tuple[str, ...]] = ()

    poll_interval: float = Field(default=2.0, gt=0)
    """Seconds until the first look at a job; later looks come less often, up to every 15 seconds."""

    def submit(self, input: Any, **kwargs: Any) -> Job:
        """Start a job and return at once.

        It is sent once: if the connection breaks after that, the error says that the job may exist.

        Args:
            input: The prompt, or a dict of parameters.
            **kwargs: As for `invoke`.

        Raises:
            ConfigurationError: For parameters the model does not take; nothing was sent.
            AimlapiError: For a request that is refused.
        """
        return self._submit(self._parameters(input, kwargs), kwargs)

    async def asubmit(self, input: Any, **kwargs: Any) -> Job:
        """Start a job and return at once; see `submit`."""
        return await self._asubmit(self._parameters(input, kwargs), kwargs)

    def job(self, id: str) -> Job:  # what everybody calls it
        """Pick up a job, after a crash or on another machine.

        Args:
            id: The job's id.

        Raises:
            AimlapiError: If it cannot be looked at; `NotFoundError` if the service does not know it.
        """
        return Job(id, self.model, self, self.look(id))

    async def ajob(self, id: str) -> Job:
        """Pick up a job; see `job`."""
        return Job(id, self.model, self, await self.alook(id))

    def _run(self, parameters: Mapping[str, Any], steering: Mapping[str, Any]) -> MediaResult:
        return self._metered(parameters, lambda: self._submit(parameters, steering).wait())

    async def _arun(
        self, parameters: Mapping[str, Any], steering: Mapping[str, Any]
    ) -> MediaResult:
        async def whole() -> MediaResult:
            return await (await self._asubmit(parameters, steering))

        return await self._ametered(parameters, whole)

    def _submit(self, parameters: Mapping[str, Any], steering: Mapping[str, Any]) -> Job:
        path, encoded = self._job_body(parameters)
        request = self._post(path, encoded.body, self._key(steering), steering)
        state = self._send(request, _state)
        return Job(state.id, self.model, self, state)

    async def _asubmit(self, parameters: Mapping[str, Any], steering: Mapping[str, Any]) -> Job:
        path, encoded = self._job_body(parameters)
        request = self._post(path, encoded.body, await self._akey(steering), steering)
        state = await self._asend(request, _state)
        return Job(state.id, self.model, self, state)

    def _job_body(self, parameters: Mapping[str, Any]) -> tuple[str, EncodedMedia]:
        given = {
            name: self._as_url(name, value) if name in self.media_inputs else value
            for name, value in parameters.items()
        }
        spec = self._spec(self.kind)
        return spec.path if spec else self.default_path, self._encoded(self.kind, given)

    def _as_url(self, name: str, value: Any) -> Any:
        if isinstance(value, list | tuple):
            return [read_media(each, name).as_url() for each in value]
        return read_media(value, name).as_url()

    # --- looks ------------------------------------------------------------------------------------

    def look(self, id: str) -> JobState:
        """Ask for the state of a job; a job does so by `refresh`."""
        request = self._look_request(id, self._key({}))
        return self._send(request, partial(_state, known=id))

    async def alook(self, id: str) -> JobState:
        """Ask for the state of a job."""
        request = self._look_request(id, await self._akey({}))
        return await self._asend(request, partial(_state, known=id))

    def _look_request(self, identity: str, key: Any) -> Any:
        spec = self._spec(self.kind)
        path = spec.path if spec else self.default_path
        return self._get(path, {"generation_id": identity}, key, {})

    def patience(self) -> float | None:
        """Seconds that a job may take: the model's `timeout`, or no limit."""
        return self.timeout.total if isinstance(self.timeout, Timeouts) else self.timeout

    def result_of(self, state: JobState) -> MediaResult:
        """What a completed job made.

        Raises:
            ResponseFormatError: If the reply names no file.
        """
        files = files_of(state, self.makes, self)
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


def _state(reply: Reply, known: str | None = None) -> JobState:
    return read_job(reply.body, reply.headers, known)
