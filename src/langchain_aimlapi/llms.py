"""`AimlapiLLM`, a name of releases before 1.0: a chat model that takes and gives texts."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING, Any, Literal

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseLLM
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.outputs import ChatGeneration, Generation, GenerationChunk, LLMResult
from langchain_core.runnables import RunnableConfig
from pydantic import ConfigDict

from langchain_aimlapi._client.settings import Connection
from langchain_aimlapi._client.warnings import warn_deprecated
from langchain_aimlapi.chat_models import ChatAimlapi

if TYPE_CHECKING:
    from langchain_aimlapi._client.arguments import GivenKey

__all__ = ["AimlapiLLM"]

_SHARED = frozenset(
    {
        *Connection.model_fields,
        "max_tokens",
        "model",
        "repetition_penalty",
        "temperature",
        "top_k",
        "top_p",
    }
)
"""Fields that `ChatAimlapi` has, too."""


class AimlapiLLM(Connection, BaseLLM):
    """A model that takes a text and gives one, over chat completions.

    The service has no text completions: the text goes as the one message of a chat, and the answer's
    text comes back. `ChatAimlapi` does the same and more; `ChatAimlapi(…) | StrOutputParser()` gives
    texts.

    Examples:
        >>> from langchain_aimlapi import AimlapiLLM
        >>> llm = AimlapiLLM(model="gpt-4o", temperature=0)
        >>> llm.invoke("I love programming.")  # doctest: +SKIP

    Key, address, headers, time and retries are set as on `ChatAimlapi`.
    """

    model: str
    """Id of the model, such as `"gpt-4o"`."""
    temperature: float | None = None
    """Randomness; 0 for none."""
    top_p: float | None = None
    """Share of the probability that tokens are taken from."""
    top_k: int | None = None
    """Number of tokens to choose from."""
    max_tokens: int | None = None
    """Most tokens of an answer; the model's own limit if not given (0.1 had 200)."""
    repetition_penalty: float | None = None
    """Penalty for repetition, for models that take it."""
    logprobs: int | None = None
    """Number of log probabilities per token; they stand in the generation's `response_metadata`."""

    model_config = ConfigDict(defer_build=False)

    if TYPE_CHECKING:
        # Pydantic's own: keys as texts too.
        def __init__(
            self, *, model: str, api_key: GivenKey | None = None, **arguments: Any
        ) -> None: ...

    def model_post_init(self, context: object, /) -> None:
        """Say, once, what is better."""
        super().model_post_init(context)
        warn_deprecated("AimlapiLLM", "ChatAimlapi(…) | StrOutputParser()")

    @property
    def _llm_type(self) -> str:
        return "aimlapi"

    @property
    def _identifying_params(self) -> dict[str, object]:
        return self._chat()._identifying_params  # noqa: SLF001  # of one house

    def _chat(self) -> ChatAimlapi:
        """The chat model that answers; made anew, since settings may change in place."""
        given = {name: getattr(self, name) for name in self.model_fields_set & _SHARED}
        if self.logprobs is not None:
            given |= {"logprobs": True, "top_logprobs": self.logprobs}
        return ChatAimlapi(**given)

    def _generate(
        self,
        prompts: list[str],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> LLMResult:
        chat, kwargs = self._chat(), {**_named(run_manager), **kwargs}
        answers = [chat._generate(_asked(each), stop, **kwargs) for each in prompts]  # noqa: SLF001
        return LLMResult(generations=[list(map(_text, each.generations)) for each in answers])

    async def _agenerate(
        self,
        prompts: list[str],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> LLMResult:
        chat, kwargs = self._chat(), {**_named(run_manager), **kwargs}
        answers = [await chat._agenerate(_asked(each), stop, **kwargs) for each in prompts]  # noqa: SLF001
        return LLMResult(generations=[list(map(_text, each.generations)) for each in answers])

    def _stream(
        self,
        prompt: str,
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[GenerationChunk]:
        kwargs = {**_named(run_manager), **kwargs}
        for each in self._chat()._stream(_asked(prompt), stop, **kwargs):  # noqa: SLF001
            chunk = _chunk(each)
            if run_manager:
                run_manager.on_llm_new_token(chunk.text, chunk=chunk)
            yield chunk

    async def _astream(
        self,
        prompt: str,
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[GenerationChunk]:
        kwargs = {**_named(run_manager), **kwargs}
        async for each in self._chat()._astream(_asked(prompt), stop, **kwargs):  # noqa: SLF001
            chunk = _chunk(each)
            if run_manager:
                await run_manager.on_llm_new_token(chunk.text, chunk=chunk)
            yield chunk

    def stream_events(
        self,
        input: Any,  # noqa: A002  # LangChain's name
        config: RunnableConfig | None = None,
        *,
        version: Literal["v1", "v2", "v3"] = "v2",
        **kwargs: Any,
    ) -> Any:
        """Stream events; those of version 3 are the chat model's.

        Args:
            input: The prompt.
            config: LangChain's configuration.
            version: Of the events.
            **kwargs: Arguments of the call.

        Returns:
            The stream; in version 3 its `text` gives the pieces of the answer.
        """
        if version == "v3":
            return self._chat().stream_events(input, config, version="v3", **kwargs)
        return super().stream_events(input, config, version=version, **kwargs)


def _asked(prompt: str) -> list[Any]:
    return [HumanMessage(prompt)]


def _named(run_manager: Any) -> dict[str, Any]:
    """The run's id as the request's, so that traces and the service's logs can be matched."""
    return {"client_request_id": str(run_manager.run_id)} if run_manager else {}


def _info(answer: ChatGeneration) -> dict[str, Any]:
    """What the message says beside its text, where it says anything."""
    message = answer.message
    usage = message.usage_metadata if isinstance(message, AIMessage) else None
    found = {"response_metadata": message.response_metadata, "usage_metadata": usage}
    return {**(answer.generation_info or {}), **{key: each for key, each in found.items() if each}}


def _text(answer: ChatGeneration) -> Generation:
    return Generation(text=answer.message.text, generation_info=_info(answer) or None)


def _chunk(answer: ChatGeneration) -> GenerationChunk:
    return GenerationChunk(text=answer.message.text, generation_info=_info(answer) or None)
