"""`ChatAimlapi`, the chat model: LangChain's hooks over the codec and the transport.

No JSON key, no HTTP and no retry rule stands here. A call goes `build_chat_request`
-> transport -> decoder -> chunks, and the async hooks are the sync ones with `await` in three
places.
"""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import aclosing, closing
from typing import TYPE_CHECKING, Any, Self, TypeVar, Unpack

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import LanguageModelInput, ModelProfile
from langchain_core.language_models.base import LangSmithParams
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult, Generation
from langchain_core.runnables import Runnable
from langchain_protocol.protocol import MessagesData
from pydantic import ConfigDict, SecretStr, model_validator

from langchain_aimlapi import _catalogue
from langchain_aimlapi._chat import identity
from langchain_aimlapi._chat.callbacks import (
    message_id,
    telling_of_cancellation,
    wants_tokens,
)
from langchain_aimlapi._chat.counting import TokenCounting
from langchain_aimlapi._chat.settings import ChatSettings
from langchain_aimlapi._chat.structured_method import StructuredOutputMethod
from langchain_aimlapi._client.key import API_KEY_VARIABLE, aresolve_key, resolve_key
from langchain_aimlapi._client.reserved import refuse_reserved
from langchain_aimlapi._codec.decode.cost import without_cost
from langchain_aimlapi._codec.langchain import blocks
from langchain_aimlapi._errors.redaction import digest, redacted
from langchain_aimlapi._lazy import LazyModule, load_for_async
from langchain_aimlapi._version import __version__

if TYPE_CHECKING:
    from langchain_core import tools as core_tools

    from langchain_aimlapi._chat import build, stream, structured
    from langchain_aimlapi._chat.arguments import ChatArguments
    from langchain_aimlapi._codec.encode import tools as toolbox
    from langchain_aimlapi._codec.langchain import chunks, events
else:
    core_tools = LazyModule("langchain_core.tools")
    build, stream = LazyModule("._chat.build"), LazyModule("._chat.stream")
    structured = LazyModule("._chat.structured")
    chunks, events = LazyModule("._codec.langchain.chunks"), LazyModule("._codec.langchain.events")
    toolbox = LazyModule("._codec.encode.tools")

_FOR_ASYNC = (
    "._chat.build",
    "._chat.stream",
    "._codec.langchain.events",
    "._catalogue.kinds",
)

blocks.register()


_Hook = TypeVar("_Hook", bound="Callable[..., Any]")


def _signed(hook: _Hook) -> _Hook:
    """Keep a hook's signature, which LangChain looks up at every call, so that it is built once."""
    vars(hook)["__signature__"] = inspect.signature(hook)
    return hook


# LangChain promises `dict | BaseModel` for every schema; the method here says more.
class ChatAimlapi(StructuredOutputMethod, TokenCounting, ChatSettings):  # type: ignore[misc]
    """A chat model of AI/ML API.

    Examples:
        >>> from langchain_aimlapi import ChatAimlapi
        >>> llm = ChatAimlapi(model="gpt-4o-mini", temperature=0)
        >>> llm.invoke("I love programming.").text  # doctest: +SKIP

    The object is a value: it can be copied, pickled, shared by threads, used before and after a
    fork and in any number of event loops. Connections belong to the process and the event loop,
    not to the object, and are opened by the first call. All times are in seconds.

    Calls raise the errors of `langchain_aimlapi.errors`, all of them `AimlapiError`.

    Raises:
        ConfigurationError: On construction, if no model is named or `base_url` is not an address.
    """

    # Built at once, unlike its bases, of which nobody makes objects.
    model_config = ConfigDict(defer_build=False)

    if TYPE_CHECKING:
        # Pydantic's own, with every field by both of its names and keys as texts too.
        def __init__(self, **arguments: Unpack[ChatArguments]) -> None: ...

    # --- identity ---------------------------------------------------------------------------------

    @property
    def _llm_type(self) -> str:
        return "aimlapi-chat"

    @classmethod
    def is_lc_serializable(cls) -> bool:
        """Tell LangChain that `dumpd` can write the object.

        Returns:
            True. A key from the environment is written as the name of its variable.
        """
        return True

    @property
    def lc_secrets(self) -> dict[str, str]:
        """Fields that are written as the names of environment variables."""
        return {"aimlapi_api_key": API_KEY_VARIABLE}

    @property
    def _identifying_params(self) -> dict[str, object]:
        return identity.identifying_params(self)

    @model_validator(mode="after")
    def _set_aimlapi_version(self) -> Self:
        self._add_version("langchain-aimlapi", __version__)
        return self

    def _resolve_model_profile(self) -> ModelProfile | None:
        return _catalogue.profile(self.model_name)

    def _get_ls_params(self, stop: list[str] | None = None, **kwargs: object) -> LangSmithParams:
        return identity.langsmith_params(self, stop, kwargs)

    def _get_invocation_params(
        self, stop: list[str] | None = None, **kwargs: object
    ) -> dict[str, object]:
        """What callbacks and traces see: everything but keys and headers."""
        own = {**self._identifying_params, "_type": self._llm_type, "stop": stop}
        seen: dict[str, Any] = redacted({**own, **kwargs})
        return seen

    def _get_llm_string(self, stop: list[str] | None = None, **kwargs: Any) -> str:
        """What a cache looks an answer up by: it is stored, so secrets are in it as digests."""
        if own := identity.cache_key(self):
            kwargs["_settings"] = own
        return super()._get_llm_string(stop=stop, **redacted(kwargs, digest))

    # --- calls ------------------------------------------------------------------------------------

    @_signed
    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: object,
    ) -> ChatResult:
        request = self._request(messages, stop, run_manager, kwargs, resolve_key(self, kwargs))
        return stream.complete(request, self._client_options, self.http_client)

    @_signed
    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: object,
    ) -> ChatResult:
        await load_for_async(*_FOR_ASYNC)
        key = await aresolve_key(self, kwargs)
        request = self._request(messages, stop, run_manager, kwargs, key)
        return await stream.acomplete(request, self._client_options, self.http_async_client)

    def _agenerate_with_cache(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Coroutine[Any, Any, ChatResult]:
        """Every call that is awaited whole, whichever way it is made within."""
        answering = super()._agenerate_with_cache(messages, stop, run_manager, **kwargs)
        return telling_of_cancellation(answering, run_manager)

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: object,
    ) -> Iterator[ChatGenerationChunk]:
        key = resolve_key(self, kwargs)
        request = self._request(messages, stop, run_manager, kwargs, key, stream=True)
        with closing(
            stream.stream_deltas(request, self._client_options, self.http_client)
        ) as batches:
            for batch in batches:
                for item in batch:
                    chunk = chunks.as_chunk(item)
                    if run_manager:
                        run_manager.on_llm_new_token(chunk.text, chunk=chunk)
                    yield chunk

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: object,
    ) -> AsyncIterator[ChatGenerationChunk]:
        await load_for_async(*_FOR_ASYNC)
        key = await aresolve_key(self, kwargs)
        request = self._request(messages, stop, run_manager, kwargs, key, stream=True)
        async with aclosing(
            stream.astream_deltas(request, self._client_options, self.http_async_client)
        ) as batches:
            async for batch in batches:
                for item in batch:
                    chunk = chunks.as_chunk(item)
                    if run_manager:
                        await run_manager.on_llm_new_token(chunk.text, chunk=chunk)
                    yield chunk

    def _stream_chat_model_events(
        self,
        messages: list[BaseMessage],
        *,
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[MessagesData]:
        """Content-block events straight from the wire (`stream_events(version="v3")`)."""
        writer = events.EventWriter()
        needs_tokens = wants_tokens(run_manager)
        key = resolve_key(self, kwargs)
        request = self._request(messages, stop, run_manager, kwargs, key, stream=True)
        with closing(
            stream.stream_deltas(request, self._client_options, self.http_client)
        ) as batches:
            for batch in batches:
                if not writer.begun:
                    yield writer.start(message_id(run_manager), request.model)
                for item in batch:
                    if needs_tokens and run_manager:
                        chunk = chunks.as_chunk(item)
                        run_manager.on_llm_new_token(chunk.text, chunk=chunk)
                    yield from writer.write(item)

    async def _astream_chat_model_events(
        self,
        messages: list[BaseMessage],
        *,
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[MessagesData]:
        """Content-block events straight from the wire (`astream_events(version="v3")`)."""
        await load_for_async(*_FOR_ASYNC)
        writer = events.EventWriter()
        needs_tokens = wants_tokens(run_manager)
        key = await aresolve_key(self, kwargs)
        request = self._request(messages, stop, run_manager, kwargs, key, stream=True)
        async with aclosing(
            stream.astream_deltas(request, self._client_options, self.http_async_client)
        ) as batches:
            async for batch in batches:
                if not writer.begun:
                    yield writer.start(message_id(run_manager), request.model)
                for item in batch:
                    if needs_tokens and run_manager:
                        chunk = chunks.as_chunk(item)
                        await run_manager.on_llm_new_token(chunk.text, chunk=chunk)
                    for event in writer.write(item):
                        yield event

    def _request(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None,
        run_manager: Any,
        kwargs: dict[str, Any],
        key: SecretStr,
        *,
        stream: bool = False,
    ) -> build.ChatRequest:
        return build.build_chat_request(
            self,
            messages,
            {**kwargs, "stop": stop},
            key=key,
            stream=stream,
            run_id=run_manager.run_id if run_manager else None,
        )

    def _convert_cached_generations(self, cache_val: list[Generation]) -> list[ChatGeneration]:
        """A reply from LangChain's cache costs nothing; what it cost once is kept."""
        cached = super()._convert_cached_generations(cache_val)
        for generation in cached:
            message = generation.message
            metadata = without_cost(message.response_metadata)
            generation.message = message.model_copy(update={"response_metadata": metadata})
        return cached

    # --- bound arguments, tools and structured output ---------------------------------------------

    if not TYPE_CHECKING:  # LangChain's return type has a private name

        def bind(self, **kwargs: Any) -> Any:
            """Fix arguments of every call, such as `temperature` or `stop`.

            Args:
                **kwargs: The arguments; what is no setting is sent in the request body.

            Returns:
                The model with the arguments bound.

            Raises:
                ConfigurationError: For what is about the client or the conversation.
            """
            beside = [name for name in kwargs if name not in build.CALL_ARGUMENTS]
            refuse_reserved(beside, build.reserved_on_calls(), where="bind")
            return super().bind(**kwargs)

    def bind_tools(
        self,
        tools: Sequence[toolbox.ToolLike | core_tools.BaseTool],
        *,
        tool_choice: Mapping[str, object] | str | bool | type | None = None,
        strict: bool | None = None,
        parallel_tool_calls: bool | None = None,
        response_format: object = None,
        **kwargs: object,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """Give the model tools.

        Args:
            tools: LangChain tools, functions with type hints, pydantic classes, JSON schemas,
                tools in OpenAI's or Anthropic's form. Other dicts are the service's own tools and
                are sent unchanged.
            tool_choice: A tool's name or its class, "auto", "none", "any" or True for at least one call, or the
                service's own dict.
            strict: Whether arguments must follow the schema exactly.
            parallel_tool_calls: Whether the model may call several tools in one turn.
            response_format: The form of the final answer: a schema, or a ready dict.
            **kwargs: Arguments of every call, such as `temperature`.

        Returns:
            The model with the tools bound; its messages have `tool_calls`.

        Raises:
            ConfigurationError: If `tool_choice` names a tool that is not bound; for what is no tool.
        """
        listed = toolbox.listed_tools(tools)
        bound = [toolbox.convert_tool(tool, strict=strict) for tool in listed]
        if bound:
            kwargs["tools"] = bound
            if (choice := toolbox.convert_choice(tool_choice, bound)) is not None:
                kwargs["tool_choice"] = choice
            if parallel_tool_calls is not None:
                kwargs["parallel_tool_calls"] = parallel_tool_calls
        if response_format is not None:
            kwargs["response_format"] = structured.schema_of(response_format)
        return self.bind(**kwargs)
