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
    run_in_executor,
)
from pydantic import ConfigDict, Field, SecretStr

from langchain_aimlapi._catalogue import media as catalogue
from langchain_aimlapi._client.key import aresolve_key, resolve_key
from langchain_aimlapi._client.metering import Used, also_metered, metered
from langchain_aimlapi._client.request import CallScope, Endpoint, Form, build_request
from langchain_aimlapi._client.send import asend, send
from langchain_aimlapi._client.settings import Connection
from langchain_aimlapi._client.warnings import warn_dropped
from langchain_aimlapi._codec.encode.media import EncodedMedia, encode_media
from langchain_aimlapi._transport.request import Reply, ReplyRules, Request, Timeouts
from langchain_aimlapi.errors import (
    AimlapiError,
    ConfigurationError,
    InvalidRequestError,
    NotFoundError,
)
from langchain_aimlapi.media import files
from langchain_aimlapi.media.inputs import MediaFile, read_media
from langchain_aimlapi.media.prompts import read_input
from langchain_aimlapi.media.traces import shown

if TYPE_CHECKING:
    from langchain_aimlapi._catalogue.media import Kind, MediaSpec
    from langchain_aimlapi.media.results import MediaResult

__all__ = ["MediaModel", "characters_of", "steering_of"]

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
    default_path: ClassVar[str]
    input_name: ClassVar[str] = "prompt"
    media_inputs: ClassVar[frozenset[str]] = frozenset()
    """Parameters that are files: a path, bytes, a URL, an open file or a content block."""
    own_settings: ClassVar[frozenset[str]] = frozenset()
    """Fields of a class that are no parameters of a request."""

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
        run = manager.on_chain_start(None, self._announced(parameters), **self._named(config))
        try:
            with also_metered(manager.handlers):
                result = self._run(parameters, steering_of(kwargs))
        except BaseException as error:
            run.on_chain_error(error)
            raise
        run.on_chain_end(shown(result))
        return result

    async def ainvoke(self, input: Any, config: RunnableConfig | None = None, **kwargs: Any) -> Any:
        """Ask the model; see `invoke`."""
        parameters = self._parameters(input, kwargs)
        manager = get_async_callback_manager_for_config(ensure_config(config))
        manager.add_metadata(self._ls_metadata(), inherit=False)
        run = await manager.on_chain_start(None, self._announced(parameters), **self._named(config))
        try:
            with also_metered(manager.handlers):
                result = await self._arun(parameters, steering_of(kwargs))
        except BaseException as error:
            await run.on_chain_error(error)
            raise
        await run.on_chain_end(shown(result))
        return result

    def _run(self, parameters: Mapping[str, Any], steering: Mapping[str, Any]) -> Any:
        raise NotImplementedError  # each model's own

    async def _arun(self, parameters: Mapping[str, Any], steering: Mapping[str, Any]) -> Any:
        raise NotImplementedError  # each model's own

    def _announced(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        return {"model": self.model, **{name: shown(each) for name, each in parameters.items()}}

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
        named = self._named_input(given)
        extra = {name: value for name, value in kwargs.items() if name not in _STEERING}
        merged = {**self.model_kwargs, **own, **named, **extra}
        return {name: value for name, value in merged.items() if value is not None}

    def _own_fields(self) -> list[str]:
        """The fields that are parameters: those that this class and its like declare."""
        shared = {*Connection.model_fields, *MediaModel.model_fields, *self.own_settings, "name"}
        return [name for name in type(self).model_fields if name not in shared]

    def _named_input(self, given: Any) -> dict[str, Any]:
        pictures = "images" if "images" in self.media_inputs else None
        return read_input(given, self.input_name, pictures)

    def _loaded(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Read the files among the parameters; async calls do so in a thread.

        Raises:
            ConfigurationError: For a file that is not there, or something that is none.
        """
        names = self._file_names()
        return {
            name: _read(value, name) if name in names else value
            for name, value in parameters.items()
        }

    async def _aloaded(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        if not self._file_names() & parameters.keys():
            return dict(parameters)
        return await run_in_executor(None, self._loaded, parameters)

    def _file_names(self) -> frozenset[str]:
        """Our names of files, and the parameters that the id documents as addresses."""
        spec = self._spec(self.kind)
        return self.media_inputs | (spec.addresses if spec else frozenset())

    def _encoded(self, kind: Kind, parameters: Mapping[str, Any]) -> EncodedMedia:
        """Write a body; files that were read go into it as addresses."""
        given = {name: _as_urls(value) for name, value in parameters.items()}
        spec = self._spec(kind)
        encoded = encode_media(spec, self.model, given, self.unsupported_params, self._file_names())
        if encoded.dropped:
            warn_dropped(encoded.dropped, self.model)
        return encoded

    def _path(self) -> str:
        spec = self._spec(self.kind)
        return spec.path if spec else self.default_path

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
            raise self._explained(error, request) from error.__cause__

    async def _asend(
        self, request: Request, decode: Callable[[Reply], T], deadline: float | None = None
    ) -> T:
        client = self.http_async_client
        try:
            return await asend(request, self._client_options, client, decode, deadline)
        except AimlapiError as error:
            raise self._explained(error, request) from error.__cause__

    def _explained(self, error: AimlapiError, request: Request) -> AimlapiError:
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

    def patience(self, steering: Mapping[str, Any] | None = None) -> float | None:
        """Seconds that a call may take, a job's included: `timeout`, or no limit."""
        given = (steering or {}).get("timeout")
        timeout = self.timeout if given is None else given
        return timeout.total if isinstance(timeout, Timeouts) else timeout

    def _key(self, steering: Mapping[str, Any]) -> SecretStr:
        return resolve_key(self, steering)

    async def _akey(self, steering: Mapping[str, Any]) -> SecretStr:
        return await aresolve_key(self, steering)

    def _metered(
        self, parameters: Mapping[str, Any], call: Callable[[], MediaResult]
    ) -> MediaResult:
        """Make a call that budgets and usage handlers know of."""
        with metered(characters_of(parameters)) as meter:
            result = call()
            meter.used = Used(self.model, cost_usd=result.cost)
        return result

    async def _ametered(
        self, parameters: Mapping[str, Any], call: Callable[[], Awaitable[MediaResult]]
    ) -> MediaResult:
        with metered(characters_of(parameters)) as meter:
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


def _may_be_paid(error: AimlapiError, request: Request) -> bool:
    """Whether a failure came after the request was sent, and without a clear no."""
    if not request.retry.at_most_once or not error.was_sent:
        return False
    status = error.status_code
    return status is None or status < _REFUSED or status >= _SERVER_SIDE or status == _TIMED_OUT


_REFUSED, _TIMED_OUT, _SERVER_SIDE = 300, 408, 500


def steering_of(kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of a call that are about its request."""
    return {name: value for name, value in kwargs.items() if name in _STEERING}


def characters_of(parameters: Mapping[str, Any]) -> int:
    """The length of the texts of a call, for those who reserve for it."""
    return sum(len(value) for value in parameters.values() if isinstance(value, str))


def _read(value: Any, name: str) -> Any:
    if isinstance(value, list | tuple):
        return [_read(each, name) for each in value]
    return value if isinstance(value, MediaFile) else read_media(value, name)


def _as_urls(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_as_urls(each) for each in value]
    return value.as_url() if isinstance(value, MediaFile) else value
