"""The arguments of `ChatAimlapi`, for type checkers; see `_client/arguments.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from langchain_aimlapi._client.arguments import ClientArguments

if TYPE_CHECKING:
    from collections.abc import Callable

    from langchain_core.caches import BaseCache
    from langchain_core.callbacks import Callbacks
    from langchain_core.language_models import ModelProfile
    from langchain_core.rate_limiters import BaseRateLimiter

    from langchain_aimlapi._chat.limiting import TokenLimit


class ChatArguments(ClientArguments, total=False):
    """Everything that can be given to `ChatAimlapi`."""

    model: str
    model_name: str

    temperature: float | None
    max_tokens: int | None
    max_completion_tokens: int | None
    top_p: float | None
    top_k: int | None
    min_p: float | None
    seed: int | None
    n: int | None
    stop: list[str] | str | None
    frequency_penalty: float | None
    presence_penalty: float | None
    repetition_penalty: float | None
    logit_bias: dict[str, float] | dict[int, float] | None
    logprobs: bool | None
    top_logprobs: int | None
    reasoning_effort: str | None
    reasoning: dict[str, Any] | None
    thinking: dict[str, Any] | None
    parallel_tool_calls: bool | None
    response_format: dict[str, Any] | None
    modalities: list[str] | None
    audio: dict[str, Any] | None
    provider: str | None
    web_search_options: dict[str, Any] | None

    streaming: bool
    stream_usage: bool
    token_limiter: TokenLimit | None
    extra_body: dict[str, Any] | None
    dialect: Literal["auto", "openai", "anthropic"]
    use_responses_api: bool | None
    clean_tool_schemas: Literal["auto", "always", "never"]
    unsupported_params: Literal["drop", "send", "error"]
    echo_reasoning: bool
    repair_empty_turns: bool
    coalesce: bool
    split_think_tags: bool

    # Fields of LangChain's own.
    name: str | None
    cache: BaseCache | bool | None
    verbose: bool
    callbacks: Callbacks
    tags: list[str] | None
    metadata: dict[str, Any] | None
    custom_get_token_ids: Callable[[str], list[int]] | None
    rate_limiter: BaseRateLimiter | None
    disable_streaming: bool | Literal["tool_calling"]
    output_version: str | None
    profile: ModelProfile | None
