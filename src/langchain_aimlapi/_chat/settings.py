"""The fields of `ChatAimlapi`: what can be set, its defaults, and what is refused at once.

Nothing here sends or opens anything. Sampling values have no defaults: what is not set is not
sent, and the model's own default holds.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from functools import cache
from typing import Any, Literal, Self

from langchain_core.language_models import LanguageModelInput, ModelProfile
from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.runnables import RunnableConfig
from langchain_core.utils import from_env
from pydantic import ConfigDict, Field, field_validator, model_validator

from langchain_aimlapi import _catalogue
from langchain_aimlapi._chat.limiting import TokenLimit
from langchain_aimlapi._client.clients import require_asyncio
from langchain_aimlapi._client.settings import Connection, reserved_names
from langchain_aimlapi.errors import ConfigurationError

MODEL_VARIABLE = "AIMLAPI_MODEL"

SENT_FIELDS = (
    "temperature",
    "max_tokens",
    "max_completion_tokens",
    "top_p",
    "top_k",
    "min_p",
    "seed",
    "n",
    "stop",
    "frequency_penalty",
    "presence_penalty",
    "repetition_penalty",
    "logit_bias",
    "logprobs",
    "top_logprobs",
    "reasoning_effort",
    "reasoning",
    "thinking",
    "parallel_tool_calls",
    "response_format",
    "modalities",
    "audio",
    "provider",
    "web_search_options",
)
"""Fields that go into the request body, each by its own name."""

_SHARED_BY_COPIES = (
    "aimlapi_api_key",
    "cache",
    "callbacks",
    "http_async_client",
    "http_client",
    "rate_limiter",
    "token_limiter",
    "verify",
)
"""Fields that a deep copy has in common with its model: they hold sockets and locks, or are made
to be shared."""


_CONVERSATION = "The conversation is what invoke, stream and the like are given."
_MAY_BE_PARAMETERS = frozenset({"cache", "metadata", "name", "profile", "tags", "verbose"})
"""Names of LangChain's fields that a service may have for parameters, too."""


@cache
def reserved_for_chat() -> Mapping[str, str]:
    """Names that `model_kwargs` must not have, and what to use for each."""
    named = reserved_names(ChatSettings, "ChatAimlapi")
    sent = _MAY_BE_PARAMETERS.union(SENT_FIELDS)
    return {name: instead for name, instead in named.items() if name not in sent} | {
        "config": "Give it to a call, or use with_config(…).",
        "input": _CONVERSATION,
        "messages": _CONVERSATION,
        "stream": "Call stream() or astream(); streaming=True has invoke() stream inside.",
    }


class ChatSettings(Connection, BaseChatModel):
    """Everything that can be set on a `ChatAimlapi`."""

    model_name: str = Field(alias="model", default_factory=from_env(MODEL_VARIABLE, default=""))
    """Id of the model, such as `"openai/gpt-4o"`; read from `AIMLAPI_MODEL` if not given."""

    temperature: float | None = None
    """Sampling temperature, 0 to 2 (0 to 1 for Claude); higher is more random."""
    max_tokens: int | None = None
    """Maximum output tokens. Some models default to 512."""
    max_completion_tokens: int | None = None
    """Maximum output tokens, reasoning included; the newer name of `max_tokens`. Both are sent by the
    name that the model documents."""
    top_p: float | None = None
    """Nucleus sampling: choose among the most likely tokens of this total probability, 0.01 to 1."""
    top_k: int | None = None
    """Choose among this number of most likely tokens."""
    min_p: float | None = None
    """Leave out tokens whose probability is below this fraction of the most likely one's, 0 to 1."""
    seed: int | None = None
    """Seed for repeatable answers, 1 or more; vendors promise no more than best effort."""
    n: int | None = None
    """Number of answers, for calls that do not stream."""
    stop: list[str] | str | None = None
    """Texts at which the answer ends (at most 4); they are not part of it."""
    frequency_penalty: float | None = None
    """Penalty on tokens by how often they occurred, -2 to 2."""
    presence_penalty: float | None = None
    """Penalty on tokens that occurred at all, -2 to 2."""
    repetition_penalty: float | None = None
    """Penalty on repetition, 1 for none; open-weight models."""
    logit_bias: dict[str, float] | None = None
    """Bias per token id, -100 to 100."""
    logprobs: bool | None = None
    """Whether to report the log probability of each token of the answer."""
    top_logprobs: int | None = None
    """How many alternatives to report per token, 0 to 20."""
    reasoning_effort: str | None = None
    """How much reasoning: "low", "medium" or "high" (some models: "none", "minimal", "xhigh").
    Sent in the form that the model documents: an effort, a token budget or a switch."""
    reasoning: dict[str, Any] | None = None
    """Reasoning parameters in the vendor's own form: `{"effort": …}`, `{"max_tokens": …}`,
    `{"exclude": …}`."""
    thinking: dict[str, Any] | None = None
    """Reasoning parameters in Anthropic's form: `{"type": "enabled", "budget_tokens": …}`."""
    parallel_tool_calls: bool | None = None
    """Whether the model may call several tools in one turn."""
    response_format: dict[str, Any] | None = None
    """The form of the answer; `with_structured_output` sets it for you."""
    modalities: list[str] | None = None
    """Kinds of output: `["text", "audio"]`."""
    audio: dict[str, Any] | None = None
    """Voice and format of audio output: `{"voice": …, "format": "wav"}`."""
    provider: str | None = None
    """The provider that the service sends the call to; "auto" lets it choose another if one fails."""
    web_search_options: dict[str, Any] | None = None
    """Web search before the answer: `{"search_context_size": "low"}`."""

    streaming: bool = False
    """Whether `invoke` streams internally, so that callback handlers see tokens."""
    stream_usage: bool = True
    """Whether streams ask for token counts (where the model documents the option)."""
    token_limiter: TokenLimit | None = Field(default=None, exclude=True, repr=False)
    """Tokens a minute, shared by all that use it, such as `bulk.TokenLimiter(100_000)`; taken before
    a call by an estimate, and settled by what it took."""
    extra_body: dict[str, Any] | None = None
    """Fields that are put into the request body last and replace others of the same name."""

    dialect: Literal["auto", "openai", "anthropic"] = "auto"
    """Form of the request, OpenAI's or Anthropic's; "auto" follows what the model documents."""
    use_responses_api: bool | None = None
    """Whether calls go to `/responses` instead of `/chat/completions`; by default only for models
    that are documented there alone."""
    clean_tool_schemas: Literal["auto", "always", "never"] = "auto"
    """Whether tool schemas are rewritten to the subset of JSON schema that Gemini accepts: `$ref` is
    resolved, `null` becomes `nullable`, other keywords move to descriptions. "auto" does so for
    Google's models. Functions are then not strict."""
    unsupported_params: Literal["drop", "send", "error"] = "drop"
    """What to do with a parameter that the model is documented not to take: leave it out (with
    one warning per model and parameter), send it, or raise."""
    echo_reasoning: bool = True
    """Whether earlier reasoning is sent back to the model, as tool loops on DeepSeek, Kimi, GLM and
    MiniMax require."""
    repair_empty_turns: bool = True
    """Whether empty messages are left out of the request, since some vendors refuse them. Tool calls,
    their results and the last message are always sent."""
    coalesce: bool = False
    """Whether chunks that arrived together are joined into one, which saves CPU on a busy server.
    Nothing waits for more, and the message is the same."""
    split_think_tags: bool = True
    """Whether `<think>…</think>` at the start of an answer is read as reasoning."""

    model_config = ConfigDict(arbitrary_types_allowed=True, populate_by_name=True, defer_build=True)

    @model_validator(mode="after")
    def _require_model(self) -> Self:
        if not self.model_name:
            examples = ", ".join(map(repr, _catalogue.suggest()))
            raise ConfigurationError(
                f"Which model? Give model=… or set {MODEL_VARIABLE}; for example {examples}."
            )
        return self

    @field_validator("logit_bias", mode="before")
    @classmethod
    def _name_tokens(cls, bias: object) -> object:
        """Token ids are numbers to those who bias them, and keys of JSON are texts."""
        return (
            {str(token): value for token, value in bias.items()} if isinstance(bias, dict) else bias
        )

    @classmethod
    def _reserved_names(cls) -> Mapping[str, str]:
        return reserved_for_chat()

    @property
    def model(self) -> str:
        """Id of the model."""
        return self.model_name

    # --- a value ----------------------------------------------------------------------------------

    def __setattr__(self, name: str, value: object) -> None:
        super().__setattr__(name, value)
        self.__dict__.pop("_serialized", None)

    def model_copy(self, *, update: Mapping[str, object] | None = None, deep: bool = False) -> Self:
        """Copy the model, with some fields changed.

        Args:
            update: New values by the fields' names or aliases; they are not validated.
            deep: Whether fields are copied too; clients, caches and key functions stay shared.

        Returns:
            The copy.

        LangChain keeps a serialised form on the object and looks its cache up by it; a copy
        that kept the old form would be answered from the cache of the other model.
        """
        names = {field.alias: name for name, field in type(self).model_fields.items()}
        changed = {names.get(name, name): value for name, value in (update or {}).items()}
        copied = super().model_copy(update=changed, deep=deep)
        if "model_name" in changed and "profile" not in changed:
            copied.__dict__["profile"] = self._profile_of(copied.model_name)
        copied.__dict__.pop("_serialized", None)
        return copied

    def _profile_of(self, model_name: str) -> ModelProfile | None:
        """The other model's profile, unless somebody wrote this one by hand."""
        own = self.profile == _catalogue.profile(self.model_name)
        return _catalogue.profile(model_name) if own else self.profile

    async def ainvoke(
        self,
        input: LanguageModelInput,  # noqa: A002 - LangChain's name
        config: RunnableConfig | None = None,
        *,
        stop: list[str] | None = None,
        **kwargs: Any,
    ) -> AIMessage:
        """Ask the model, as `invoke` does, in the running event loop of asyncio."""
        require_asyncio()
        return await super().ainvoke(input, config, stop=stop, **kwargs)

    def astream(
        self,
        input: LanguageModelInput,  # noqa: A002 - LangChain's name
        config: RunnableConfig | None = None,
        *,
        stop: list[str] | None = None,
        **kwargs: object,
    ) -> AsyncIterator[AIMessageChunk]:
        """Stream the answer, as `stream` does, in the running event loop of asyncio."""
        require_asyncio(now=False)
        return super().astream(input, config, stop=stop, **kwargs)

    def __deepcopy__(self, memo: dict[int, object] | None = None) -> Self:
        memo = {} if memo is None else memo
        for shared in map(self.__dict__.get, _SHARED_BY_COPIES):
            memo[id(shared)] = shared
        copied = super().__deepcopy__(memo)
        copied.__dict__.pop("_serialized", None)
        return copied

    def __getstate__(self) -> dict[object, Any]:
        """As a connection, and without the serialised form."""
        state = super().__getstate__()
        fields = {name: value for name, value in state["__dict__"].items() if name != "_serialized"}
        return {**state, "__dict__": fields}
