"""What all media models have in common: settings, one way to call them, traces, files.

A model is a LangChain runnable. Its input is a prompt (a text) or a dict of parameters; what is
set on the object holds where the call says nothing. A run is traced with its parameters and
results, never with the bytes of a file.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeVar

from langchain_core.runnables import RunnableConfig, RunnableSerializable
from langchain_core.runnables.config import (
    ensure_config,
    get_async_callback_manager_for_config,
    get_callback_manager_for_config,
    run_in_executor,
)
from langchain_core.tools import BaseTool
from pydantic import BaseModel, ConfigDict, Field

from langchain_aimlapi._catalogue.kinds import CLASSES, check_class
from langchain_aimlapi._client.metering import also_metered
from langchain_aimlapi._client.reserved import check_steering
from langchain_aimlapi._client.warnings import warn_dropped
from langchain_aimlapi._codec.encode.media import EncodedMedia, encode_media
from langchain_aimlapi._transport.request import ReplyRules
from langchain_aimlapi.media.inputs import MediaFile, read_media
from langchain_aimlapi.media.prompts import read_input
from langchain_aimlapi.media.results import MediaResult
from langchain_aimlapi.media.service import MediaService
from langchain_aimlapi.media.traces import shown

if TYPE_CHECKING:
    from langchain_aimlapi._catalogue.media import Kind

__all__ = ["MediaModel", "steering_of"]

T = TypeVar("T")
_STEERING = frozenset(
    {
        "api_key",
        "base_url",
        "client_request_id",
        "extra_headers",
        "extra_query",
        "max_retries",
        "request_timeout",
        "timeout",
    }
)
"""Arguments of a call that are about the request and not in its body."""
_OBJECT = ReplyRules(content_key=b"{")


class MediaModel(MediaService, RunnableSerializable[Any, MediaResult]):
    """Base of the media models; use one of them."""

    input_name: ClassVar[str] = "prompt"
    input_is_file: ClassVar[bool] = False
    tool_name: ClassVar[str]
    tool_description: ClassVar[str]
    tool_input: ClassVar[str] = "What to make, in detail"
    media_inputs: ClassVar[frozenset[str]] = frozenset()
    """Parameters that are files: a path, bytes, a URL, an open file or a content block."""
    own_settings: ClassVar[frozenset[str]] = frozenset()
    """Fields of a class that are no parameters of a request."""

    unsupported_params: Literal["drop", "send", "error"] = "drop"
    """What to do with a parameter that the model is documented not to take: leave it out (with a
    warning), send it, or raise."""
    model_kwargs: dict[str, Any] = Field(default_factory=dict)
    """Parameters of every call that have no field here."""

    model_config = ConfigDict(arbitrary_types_allowed=True, populate_by_name=True)

    @classmethod
    def is_lc_serializable(cls) -> bool:
        """Not by LangChain's `dumps`: pickle it."""
        return False

    def model_post_init(self, context: object, /) -> None:
        """Refuse an id of another kind, before anything is sent.

        Raises:
            ConfigurationError: With the class that serves it, or ids that look like it.
        """
        super().model_post_init(context)
        check_class(self.model, CLASSES[self.kind])

    @property
    def OutputType(self) -> Any:  # noqa: N802  # LangChain's name
        """Anything: results hold connections, and have no JSON Schema."""
        return Any

    # --- a call -----------------------------------------------------------------------------------

    def invoke(
        self, input: object, config: RunnableConfig | None = None, **kwargs: Any
    ) -> MediaResult:
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

    async def ainvoke(
        self, input: object, config: RunnableConfig | None = None, **kwargs: Any
    ) -> MediaResult:
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

    def as_tool(
        self,
        args_schema: type[BaseModel] | None = None,
        *,
        name: str | None = None,
        description: str | None = None,
        arg_types: dict[str, type] | None = None,
        show_images: bool = True,
    ) -> BaseTool:
        """Return a tool for agents.

        The chat model gets a short text, and pictures as image blocks; the artifact of the tool
        message is the result. A chat model gives files by their http(s) address alone.

        Args:
            args_schema: The arguments that the chat model gives, as parameters of this model; by
                default the prompt and the files that the model takes.
            name: Name of the tool.
            description: What the chat model reads of it.
            arg_types: Not used; LangChain's other form of `args_schema`.
            show_images: Whether the chat model gets pictures; not all of them see.
        """
        from langchain_aimlapi.media.tools import make_tool  # noqa: PLC0415  # agents alone need it

        del arg_types
        return make_tool(
            self,
            self._spec(self.kind),
            args_schema,
            name=name or self.tool_name,
            description=description or self.tool_description,
            show_images=show_images,
        )

    def tool_files(self) -> dict[str, bool]:
        """Return the files that a tool takes, and whether there may be several of each."""
        spec = self._spec(self.kind)
        schemas = {name: spec.parameters[name] for name in sorted(spec.addresses)} if spec else {}
        return {name: "array" in schema.get("type", "") for name, schema in schemas.items()}

    def _run(self, parameters: Mapping[str, Any], steering: Mapping[str, object]) -> MediaResult:
        raise NotImplementedError  # each model's own

    async def _arun(
        self, parameters: Mapping[str, object], steering: Mapping[str, object]
    ) -> MediaResult:
        raise NotImplementedError  # each model's own

    def _announced(self, parameters: Mapping[str, object]) -> dict[str, Any]:
        return {"model": self.model, **{name: shown(each) for name, each in parameters.items()}}

    def _named(self, config: RunnableConfig | None) -> dict[str, Any]:
        config = ensure_config(config)
        return {
            "name": config.get("run_name") or self.get_name(),
            "run_id": config.get("run_id"),
        }

    def _ls_metadata(self) -> dict[str, object]:
        return {"ls_provider": "aimlapi", "ls_model_name": self.model}

    # --- parameters -------------------------------------------------------------------------------

    def _parameters(self, given: object, kwargs: Mapping[str, object]) -> dict[str, object]:
        """All parameters of a call: the object's, the input's, the call's own."""
        fields = {name: getattr(self, name) for name in self._own_fields()}
        own = {name: value for name, value in fields.items() if value is not None}
        named = self._named_input(given)
        extra = {name: value for name, value in kwargs.items() if name not in _STEERING}
        merged = {**self.model_kwargs, **own, **named, **extra}
        return {name: value for name, value in merged.items() if value is not None}

    def _own_fields(self) -> list[str]:
        """The fields that are parameters: those that this class and its like declare."""
        shared = {*MediaModel.model_fields, *self.own_settings, "name"}
        return [name for name in type(self).model_fields if name not in shared]

    def _named_input(self, given: object) -> dict[str, object]:
        pictures = "images" if "images" in self.media_inputs else None
        return read_input(given, self.input_name, pictures)

    def _loaded(self, parameters: Mapping[str, object]) -> dict[str, Any]:
        """Read the files among the parameters; async calls do so in a thread.

        Raises:
            ConfigurationError: For a file that is not there, or something that is none.
        """
        names = self._file_names()
        return {
            name: _read(value, name) if name in names else value
            for name, value in parameters.items()
        }

    async def _aloaded(self, parameters: Mapping[str, object]) -> dict[str, object]:
        if not self._file_names() & parameters.keys():
            return dict(parameters)
        return await run_in_executor(None, self._loaded, parameters)

    def _file_names(self) -> frozenset[str]:
        """Our names of files, and the parameters that the id documents as addresses."""
        spec = self._spec(self.kind)
        return self.media_inputs | (spec.addresses if spec else frozenset())

    def _encoded(self, kind: Kind, parameters: Mapping[str, object]) -> EncodedMedia:
        """Write a body; files that were read go into it as addresses."""
        given = {name: _as_urls(value) for name, value in parameters.items()}
        spec = self._spec(kind)
        encoded = encode_media(spec, self.model, given, self.unsupported_params, self._file_names())
        if encoded.dropped:
            warn_dropped(encoded.dropped, self.model)
        return encoded


def steering_of(kwargs: Mapping[str, object]) -> dict[str, Any]:
    """The arguments of a call that are about its request."""
    steering = {name: value for name, value in kwargs.items() if name in _STEERING}
    if steering:
        check_steering(steering)
    return steering


def _read(value: Any, name: str) -> object:
    if isinstance(value, list | tuple):
        return [_read(each, name) for each in value]
    return value if isinstance(value, MediaFile) else read_media(value, name)


def _as_urls(value: object) -> object:
    if isinstance(value, list | tuple):
        return [_as_urls(each) for each in value]
    return value.as_url() if isinstance(value, MediaFile) else value
