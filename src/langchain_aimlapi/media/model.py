"""What all media models have in common: settings, one way to call them, traces, files.

A model is a LangChain runnable. Its input is a prompt (a text) or a dict of parameters; what is
set on the object holds where the call says nothing. A run is traced with its parameters and
results, never with the bytes of a file.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeVar

from langchain_core.runnables import RunnableConfig, RunnableSerializable
from langchain_core.runnables.config import (
    ensure_config,
    get_async_callback_manager_for_config,
    get_callback_manager_for_config,
)
from pydantic import ConfigDict, Field, PrivateAttr, SecretStr

from langchain_aimlapi._catalogue import media as catalogue
from langchain_aimlapi._client.key import aresolve_key, resolve_key
from langchain_aimlapi._client.metering import Used, metered
from langchain_aimlapi._client.request import CallScope, Endpoint, Form, build_request
from langchain_aimlapi._client.send import asend, send
from langchain_aimlapi._client.settings import Connection
from langchain_aimlapi._client.warnings import warn_dropped
from langchain_aimlapi._codec.encode.media import EncodedMedia, encode_media
from langchain_aimlapi._transport.request import Reply, ReplyRules, Request
from langchain_aimlapi.errors import AimlapiError, ConfigurationError
from langchain_aimlapi.media import files
from langchain_aimlapi.media.inputs import MediaFile

if TYPE_CHECKING:
    from langchain_aimlapi._catalogue.media import Kind, MediaSpec
    from langchain_aimlapi.media.results import MediaResult

__all__ = ["MediaModel"]

T = TypeVar("T")
_CLASSES: Mapping[Kind, str] = {
    "image": "AimlapiImages",
    "image_edit": "AimlapiImages",
    "video": "AimlapiVideos",
    "music": "AimlapiMusic",
    "speech": "AimlapiSpeech",
    "transcription": "AimlapiTranscription",
    "ocr": "AimlapiOCRLoader",
    "embeddings": "AimlapiEmbeddings",
}
_STEERING = frozenset(
    {
        "api_key",
        "base_url",
        "client_request_id",
        "extra_headers",
        "extra_query",
        "max_retries",
        "timeout",
    }
)
"""Arguments of a call that are about the request and not in its body."""
_OBJECT = ReplyRules(content_key=b"{")


class MediaModel(Connection, RunnableSerializable[Any, Any]):
    """Base of the media models; use one of them."""

    kind: ClassVar[Kind]
    path: ClassVar[str]

    model: str
    """Id of the model."""
    unsupported_params: Literal["drop", "send", "error"] = "drop"
    """What to do with a parameter that the model is documented not to take: leave it out (with a
    warning), send it, or raise."""
    allow_private_urls: bool = False
    """Whether files at addresses within this network are fetched; a model may have named them."""
    model_kwargs: dict[str, Any] = Field(default_factory=dict)
    """Parameters of every call that have no field here."""

    model_config = ConfigDict(arbitrary_types_allowed=True, populate_by_name=True)
    _checked: bool = PrivateAttr(default=False)

    @classmethod
    def is_lc_serializable(cls) -> bool:
        """Not by LangChain's `dumps`: pickle it."""
        return False

    def model_post_init(self, context: Any, /) -> None:
        """Refuse an id of another kind, before anything is sent.

        Raises:
            ConfigurationError: With the class that serves it, or ids that look like it.
        """
        super().model_post_init(context)
        _check_kind(self.model, self.kind)

    # --- a call -----------------------------------------------------------------------------------

    def invoke(self, input: Any, config: RunnableConfig | None = None, **kwargs: Any) -> Any:
        """Ask the model.

        Args:
            input: The prompt, or a dict of parameters.
            config: LangChain's configuration: callbacks, tags, metadata.
            **kwargs: Parameters of this call, over those of the object; also `timeout`,
                `max_retries`, `api_key` and the like.

        Raises:
            ConfigurationError: For parameters the model does not take; nothing was sent.
            AimlapiError: For a request that is refused, or a reply that cannot be read.
        """
        parameters = self._parameters(input, kwargs)
        manager = get_callback_manager_for_config(ensure_config(config))
        manager.add_metadata(self._ls_metadata(), inherit=False)
        run = manager.on_chain_start(None, *self._announced(parameters), **self._named(config))
        try:
            result = self._run(parameters, _steering(kwargs))
        except BaseException as error:
            run.on_chain_error(error)
            raise
        run.on_chain_end(_shown(result))
        return result

    async def ainvoke(self, input: Any, config: RunnableConfig | None = None, **kwargs: Any) -> Any:
        """Ask the model; see `invoke`."""
        parameters = self._parameters(input, kwargs)
        manager = get_async_callback_manager_for_config(ensure_config(config))
        manager.add_metadata(self._ls_metadata(), inherit=False)
        run = await manager.on_chain_start(
            None, *self._announced(parameters), **self._named(config)
        )
        try:
            result = await self._arun(parameters, _steering(kwargs))
        except BaseException as error:
            await run.on_chain_error(error)
            raise
        await run.on_chain_end(_shown(result))
        return result

    def _run(self, parameters: Mapping[str, Any], steering: Mapping[str, Any]) -> Any:
        raise NotImplementedError  # each model's own

    async def _arun(self, parameters: Mapping[str, Any], steering: Mapping[str, Any]) -> Any:
        raise NotImplementedError  # each model's own

    def _announced(self, parameters: Mapping[str, Any]) -> tuple[dict[str, Any]]:
        return (
            {"model": self.model, **{name: _shown(value) for name, value in parameters.items()}},
        )

    def _named(self, config: RunnableConfig | None) -> dict[str, Any]:
        config = ensure_config(config)
        return {
            "name": config.get("run_name") or self.get_name(),
            "run_id": config.get("run_id"),
        }

    def _ls_metadata(self) -> dict[str, Any]:
        return {"ls_provider": "aimlapi", "ls_model_name": self.model}

    # --- parameters -------------------------------------------------------------------------------

    def _parameters(self, given: Any, kwargs: Mapping[str, Any]) -> dict[str, Any]:
        """All parameters of a call: the object's, the input's, the call's own."""
        own = {name: getattr(self, name) for name in self._own_fields()}
        named = dict(given) if isinstance(given, Mapping) else {self._input_name(): given}
        extra = {name: value for name, value in kwargs.items() if name not in _STEERING}
        merged = {**self.model_kwargs, **own, **named, **extra}
        return {name: value for name, value in merged.items() if value is not None}

    def _own_fields(self) -> list[str]:
        """The fields that are parameters: those that this class and its like declare."""
        shared = {*Connection.model_fields, *MediaModel.model_fields, "name"}
        return [name for name in type(self).model_fields if name not in shared]

    def _input_name(self) -> str:
        return "prompt"

    def _encoded(self, kind: Kind, parameters: Mapping[str, Any]) -> EncodedMedia:
        spec = catalogue.media_spec(self.model, kind)
        encoded = encode_media(spec, self.model, parameters, self.unsupported_params)
        if encoded.dropped:
            warn_dropped(encoded.dropped, self.model)
        return encoded

    def _spec(self, kind: Kind) -> MediaSpec | None:
        return catalogue.media_spec(self.model, kind)

    # --- requests ---------------------------------------------------------------------------------

    def _post(
        self,
        path: str,
        body: Mapping[str, Any] | Form,
        key: SecretStr,
        steering: Mapping[str, Any],
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
        query: Mapping[str, Any] | None,
        key: SecretStr,
        steering: Mapping[str, Any],
    ) -> Request:
        endpoint = Endpoint(path, "GET", _OBJECT, from_root=True)
        return build_request(self, endpoint, None, CallScope(key, arguments=steering), query=query)

    def _send(self, request: Request, decode: Callable[[Reply], T]) -> T:
        try:
            return send(request, self._client_options, self.http_client, decode)
        except AimlapiError as error:
            raise _maybe_paid(error, request) from error.__cause__

    async def _asend(self, request: Request, decode: Callable[[Reply], T]) -> T:
        try:
            return await asend(request, self._client_options, self.http_async_client, decode)
        except AimlapiError as error:
            raise _maybe_paid(error, request) from error.__cause__

    def _key(self, steering: Mapping[str, Any]) -> SecretStr:
        return resolve_key(self, steering)

    async def _akey(self, steering: Mapping[str, Any]) -> SecretStr:
        return await aresolve_key(self, steering)

    def _metered(
        self, parameters: Mapping[str, Any], call: Callable[[], MediaResult]
    ) -> MediaResult:
        """Make a call that budgets and usage handlers know of."""
        with metered(_characters(parameters)) as meter:
            result = call()
            meter.used = Used(self.model, cost_usd=result.cost)
        return result

    async def _ametered(
        self, parameters: Mapping[str, Any], call: Callable[[], Awaitable[MediaResult]]
    ) -> MediaResult:
        with metered(_characters(parameters)) as meter:
            result = await call()
            meter.used = Used(self.model, cost_usd=result.cost)
        return result

    # --- files ------------------------------------------------------------------------------------

    def fetch(self, url: str) -> Iterator[bytes]:
        """Yield the bytes of a file that a result named.

        Raises:
            AimlapiError: If it is not to be fetched, or cannot be.
        """
        options = self._client_options
        return files.download(self, options, url, allow_private=self._allows_private())

    def afetch(self, url: str) -> AsyncIterator[bytes]:
        """Yield the bytes of a file; see `fetch`."""
        options = self._client_options
        return files.adownload(self, options, url, allow_private=self._allows_private())

    def _allows_private(self) -> bool:
        """A service within this network, such as the sandbox, keeps its files there, too."""
        return self.allow_private_urls or files.is_private(self.aimlapi_api_base)


def _check_kind(model: str, kind: Kind) -> None:
    if catalogue.media_spec(model, kind) is not None:
        return
    if kinds := catalogue.media_kinds(model):
        if kind == "image" and "image_edit" in kinds:
            return
        raise ConfigurationError(f"{model} is a model of another kind: use {_CLASSES[kinds[0]]}.")
    from langchain_aimlapi import _catalogue as chat  # noqa: PLC0415  # only for ids nobody documents here

    if chat.entry(model) is not None:
        raise ConfigurationError(f"{model} is a chat model: use ChatAimlapi.")
    if near := catalogue.near_media(model, kind):
        _unknown_ids.setdefault(model, tuple(near))


_unknown_ids: dict[str, tuple[str, ...]] = {}
"""Ids that nobody documents, with those that look like them, for the error if the service refuses."""


def _maybe_paid(error: AimlapiError, request: Request) -> AimlapiError:
    """Say of a failure after the request was sent that it may have been acted on."""
    if request.method == "GET" or not request.retry.at_most_once or not error.was_sent:
        return error
    if error.status_code is not None and error.status_code < _SERVER_SIDE:
        return error
    error.hint = (
        "The request may have been acted on, and was not sent again since that may be paid for "
        f"twice. Look it up: Account().logs(…), client request id {error.client_request_id}."
    )
    return error


_SERVER_SIDE = 500


def _steering(kwargs: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in kwargs.items() if name in _STEERING}


def _characters(parameters: Mapping[str, Any]) -> int:
    return sum(len(value) for value in parameters.values() if isinstance(value, str))


_LONGEST_SHOWN = 2000


def _shown(value: Any) -> Any:
    """A value as a trace may hold it: no bytes, no base64."""
    if isinstance(value, MediaFile):
        return value.url or f"<{value.mime_type}, {len(value.data or b'')} bytes>"
    if isinstance(value, bytes | bytearray):
        return f"<{len(value)} bytes>"
    if isinstance(value, str):
        if value.startswith("data:"):
            return f"<{value.partition(';')[0]}, {len(value)} characters>"
        return value if len(value) <= _LONGEST_SHOWN else f"{value[:_LONGEST_SHOWN]}…"
    if isinstance(value, Mapping):
        hidden = {"base64", "data", "b64_json"}
        return {k: "<data>" if k in hidden else _shown(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_shown(item) for item in value]
    return value.summary() if hasattr(value, "summary") else value
