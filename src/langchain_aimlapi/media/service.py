"""How media models reach the service: requests that are paid for once, and files."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Mapping
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from langchain_core.runnables.config import run_in_executor
from pydantic import SecretStr, model_validator

from langchain_aimlapi._catalogue import media as catalogue
from langchain_aimlapi._client.clients import as_timeouts
from langchain_aimlapi._client.key import aresolve_key, resolve_key
from langchain_aimlapi._client.metering import Used, metered
from langchain_aimlapi._client.request import CallScope, Endpoint, Form, build_request
from langchain_aimlapi._client.send import asend, send
from langchain_aimlapi._client.settings import Connection
from langchain_aimlapi._codec.encode.media import documents
from langchain_aimlapi._transport.request import Reply, ReplyRules, Request, Timeouts
from langchain_aimlapi.errors import AimlapiError, InvalidRequestError, NotFoundError
from langchain_aimlapi.media import files

if TYPE_CHECKING:
    from langchain_aimlapi._catalogue.media import Kind, MediaSpec
    from langchain_aimlapi.media.results import MediaResult

__all__ = ["MediaService", "characters_of"]

T = TypeVar("T")
_OBJECT = ReplyRules(content_key=b"{")
_OTHERS: Mapping[Kind, Kind] = {"image": "image_edit"}
"""A second role that a class has."""


class MediaService(Connection):
    """The connection of a media model; what it is asked, its subclasses know."""

    kind: ClassVar[Kind]
    default_path: ClassVar[str]

    model: str
    """Id of the model."""
    allow_private_urls: bool = False
    """Whether files at addresses within this network are fetched; a model may have named them."""

    @model_validator(mode="before")
    @classmethod
    def _keep_documented_parameters(cls, values: object) -> object:
        """What the id documents is no unknown argument: it goes to `model_kwargs` without a warning."""
        if not isinstance(values, Mapping):
            return values
        model, kinds = str(values.get("model") or ""), {cls.kind, _OTHERS.get(cls.kind, cls.kind)}
        specs = [spec for kind in kinds if (spec := catalogue.media_spec(model, kind))]
        known = {*cls.model_fields, *(field.alias for field in cls.model_fields.values())}
        kept = {
            name: values[name]
            for name in values
            if name not in known and any(documents(spec, name) for spec in specs)
        }
        rest = {name: value for name, value in values.items() if name not in kept}
        return {**rest, "model_kwargs": {**(values.get("model_kwargs") or {}), **kept}}

    def _path(self) -> str:
        spec = self._spec(self.kind)
        return spec.path if spec else self.default_path

    def _spec(self, kind: Kind) -> MediaSpec | None:
        return catalogue.media_spec(self.model, kind)

    # --- requests ---------------------------------------------------------------------------------

    def _post(
        self,
        path: str,
        body: Mapping[str, object] | Form,
        key: SecretStr,
        steering: Mapping[str, object],
        *,
        rules: ReplyRules = _OBJECT,
        streams: bool = False,
    ) -> Request:
        """A request that is paid for: sent at most once, unless it was turned away."""
        endpoint = Endpoint(path, reply=rules, from_root=True, at_most_once=True)
        scope = CallScope(key, arguments=steering)
        return build_request(self, endpoint, body, scope, streams=streams)

    def _get(
        self,
        path: str,
        query: Mapping[str, object] | None,
        key: SecretStr,
        steering: Mapping[str, object],
        rules: ReplyRules = _OBJECT,
    ) -> Request:
        endpoint = Endpoint(path, "GET", rules, from_root=True)
        return build_request(self, endpoint, None, CallScope(key, arguments=steering), query=query)

    def _send(
        self, request: Request, decode: Callable[[Reply], T], deadline: float | None = None
    ) -> T:
        try:
            return send(request, self._client_options, self.http_client, decode, deadline)
        except AimlapiError as error:
            raise self._add_context(error, request) from error.__cause__

    async def _asend(
        self, request: Request, decode: Callable[[Reply], T], deadline: float | None = None
    ) -> T:
        client = self.http_async_client
        try:
            return await asend(request, self._client_options, client, decode, deadline)
        except AimlapiError as error:
            raise self._add_context(error, request) from error.__cause__

    def _add_context(self, error: AimlapiError, request: Request) -> AimlapiError:
        """Say what a caller cannot know: what may have been paid for, which ids there are."""
        if _may_be_paid(error, request):
            error.hint = (
                "The request may have been acted on, and was not sent again since that may be paid "
                "for twice. Look it up: Account().logs(…), client request id "
                f"{error.client_request_id or request.header('x-client-request-id')}."
            )
        elif isinstance(error, InvalidRequestError | NotFoundError):
            error.hint = self._near_ids(request) or error.hint
        return error

    def _near_ids(self, request: Request) -> str | None:
        if request.method == "GET" or self._spec(self.kind) is not None:
            return None
        near = catalogue.near_media(self.model, self.kind)
        return f"Ids near {self.model!r}: {', '.join(near)}." if near else None

    def time_limit(self, steering: Mapping[str, Any] | None = None) -> float | None:
        """Return the seconds that a call may take, a job's included: `timeout`, or no limit.

        Args:
            steering: Arguments of the call, whose `timeout` goes first.
        """
        arguments = steering or {}
        given = arguments.get("timeout")
        given = as_timeouts(arguments.get("request_timeout") if given is None else given)
        timeout = self.timeout if given is None else given
        return timeout.total if isinstance(timeout, Timeouts) else timeout

    def _key(self, steering: Mapping[str, object]) -> SecretStr:
        return resolve_key(self, steering)

    async def _akey(self, steering: Mapping[str, object]) -> SecretStr:
        return await aresolve_key(self, steering)

    def _metered(
        self, parameters: Mapping[str, object], call: Callable[[], MediaResult]
    ) -> MediaResult:
        """Make a call that budgets and usage handlers know of."""
        with metered(characters_of(parameters), self.model) as meter:
            result = call()
            meter.used = Used(self.model, cost_usd=result.cost)
        return result

    async def _ametered(
        self, parameters: Mapping[str, object], call: Callable[[], Awaitable[MediaResult]]
    ) -> MediaResult:
        with metered(characters_of(parameters), self.model) as meter:
            result = await call()
            meter.used = Used(self.model, cost_usd=result.cost)
        return result

    # --- files ------------------------------------------------------------------------------------

    def fetch(self, url: str) -> Generator[bytes]:
        """Yield the bytes of a file that a result named.

        Args:
            url: Its address.

        Raises:
            AimlapiError: If it is not to be fetched, or cannot be.
        """
        options = self._client_options
        return files.download(self, options, url, allow_private=self._allows_private())

    async def afetch(self, url: str) -> AsyncGenerator[bytes]:
        """Yield the bytes of a file; see `fetch`."""
        allows = await run_in_executor(None, self._allows_private)  # looks a name up
        options = self._client_options
        async with aclosing(files.adownload(self, options, url, allow_private=allows)) as pieces:
            async for piece in pieces:
                yield piece

    def _allows_private(self) -> bool:
        """A service within this network, such as the sandbox, keeps its files there, too."""
        return self.allow_private_urls or files.is_private(self.aimlapi_api_base)


def _may_be_paid(error: AimlapiError, request: Request) -> bool:
    """Whether a failure came after the request was sent, and without a clear no."""
    if not request.retry.at_most_once or not error.was_sent:
        return False
    status = error.status_code
    return status is None or status < _REFUSED or status >= _SERVER_SIDE or status == _TIMED_OUT


_REFUSED, _TIMED_OUT, _SERVER_SIDE = 300, 408, 500


def characters_of(parameters: Mapping[str, object]) -> int:
    """The length of the texts of a call, for those who reserve for it."""
    texts = (value for value in parameters.values() if isinstance(value, str))
    return sum(len(text) for text in texts if text[:5].lower() != "data:")
