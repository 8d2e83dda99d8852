"""Counting what calls take: calls, tokens and USD, per model and in all.

`get_aimlapi_callback` counts everything within a `with` block; `AimlapiUsageHandler` counts a
chain or an agent it is given to. Both are LangChain callbacks, so they see models of other
packages as well; the cost is that of services that tell it.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from typing import Any, Self
from uuid import UUID

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, LLMResult
from langchain_core.tracers.context import register_configure_hook

from langchain_aimlapi._client.metering import METERS, Used

__all__ = ["AimlapiUsageHandler", "Usage", "get_aimlapi_callback"]


@dataclass(slots=True)
class Usage:
    """What calls took.

    Attributes:
        calls: Calls that were answered by a service.
        errors: Calls that ended with an error.
        cached: Calls that LangChain's cache answered; they cost nothing.
        input_tokens: Tokens of the prompts.
        output_tokens: Tokens of the answers.
        input_details: Tokens of the prompts by kind, such as `cache_read`.
        output_details: Tokens of the answers by kind, such as `reasoning`.
        cost_usd: USD, as billed.
        unpriced_calls: Calls whose cost the service did not tell: `cost_usd` is without them.
    """

    calls: int = 0
    errors: int = 0
    cached: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    input_details: Counter[str] = field(default_factory=Counter)
    output_details: Counter[str] = field(default_factory=Counter)
    cost_usd: float = 0.0
    unpriced_calls: int = 0

    @property
    def total_tokens(self) -> int:
        """Tokens of prompts and answers."""
        return self.input_tokens + self.output_tokens

    def add(self, used: Used) -> None:
        """Count a call.

        Args:
            used: What the call took.
        """
        if used.cached:
            self.cached += 1
            return
        self.calls += 1
        self.input_tokens += used.input_tokens
        self.output_tokens += used.output_tokens
        self.input_details.update(used.input_details)
        self.output_details.update(used.output_details)
        if used.cost_usd is None:
            self.unpriced_calls += 1
        else:
            self.cost_usd += used.cost_usd

    def __str__(self) -> str:
        cost = f"${self.cost_usd:.6f}" + (
            f" ({self.unpriced_calls} calls did not tell their cost)" if self.unpriced_calls else ""
        )
        return (
            f"{self.calls} calls ({self.errors} failed, {self.cached} from the cache), "
            f"{self.input_tokens} tokens in, {self.output_tokens} out, {cost}"
        )


def used_of(result: LLMResult) -> list[Used]:
    """What each prompt of a call took; every generation of it counts."""
    return [_used_of_one(generations) for generations in result.generations if generations]


def cost_of(result: LLMResult) -> float | None:
    """USD of a call as billed; `None` if the service did not tell."""
    costs = [used.cost_usd for used in used_of(result) if used.cost_usd is not None]
    return sum(costs) if costs else None


def _used_of_one(generations: list[Any]) -> Used:
    said = [_said(one) for one in generations]
    metadata = said[0][0]
    given: Counter[str] = Counter()
    answered: Counter[str] = Counter()
    tokens = [0, 0]
    for _, usage in said:
        tokens[0] += usage.get("input_tokens", 0)
        tokens[1] += usage.get("output_tokens", 0)
        given.update(_counts(usage.get("input_token_details")))
        answered.update(_counts(usage.get("output_token_details")))
    cost = metadata.get("cost")
    cost = cost if cost is not None else metadata.get("response_cost")
    return Used(
        model=str(metadata.get("model_name") or ""),
        input_tokens=tokens[0],
        output_tokens=tokens[1],
        input_details=given,
        output_details=answered,
        cost_usd=float(cost) if isinstance(cost, int | float) else None,
        cached=_is_cached([usage for _, usage in said], metadata),
    )


def _said(generation: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """What an answer says of itself, and its usage; that of a text stands beside it."""
    if isinstance(generation, ChatGeneration):
        message = generation.message
        usage: Any = message.usage_metadata if isinstance(message, AIMessage) else None
        return message.response_metadata, usage or {}
    info = generation.generation_info or {}
    return info.get("response_metadata") or {}, info.get("usage_metadata") or {}


def _counts(details: object) -> dict[str, int]:
    listed = details.items() if isinstance(details, dict) else ()
    return {name: count for name, count in listed if isinstance(count, int)}


def _is_cached(usages: list[dict[str, Any]], metadata: dict[str, Any]) -> bool:
    """LangChain's cache marks what it answers by a `total_cost` of 0 in the usage."""
    details = metadata.get("cost_details")
    if isinstance(details, dict) and "cached_cost" in details:
        return True
    return any("total_cost" in usage for usage in usages)


class AimlapiUsageHandler(BaseCallbackHandler):
    """Counts calls, tokens and USD, per model and in all; safe across threads and tasks.

    Give it to a chain or an agent with `config={"callbacks": [handler]}`.

    Attributes:
        total: All calls together.
        models: Calls by the name of the model that served them.
    """

    run_inline = True
    counts_cancelled = True

    def __init__(self) -> None:
        super().__init__()
        self._outer: AimlapiUsageHandler | None = None
        self._lock = threading.Lock()
        self._asked: dict[UUID, str] = {}
        self._begun: dict[str, str] = {}
        self.total = Usage()
        self.models: dict[str, Usage] = {}

    def __deepcopy__(self, _: dict[int, object]) -> Self:
        """LangChain copies configurations; what is counted is counted in one place."""
        return self

    def __str__(self) -> str:
        rows = [f"{name or 'unknown model'}: {usage}" for name, usage in self.models.items()]
        return "\n".join([*rows, f"in all: {self.total}"])

    def begin(self, call: str, characters: int, model: str = "") -> None:
        """Note a call of which LangChain informs no callback, such as one for embeddings.

        Args:
            call: An id of the call.
            characters: Length of the texts.
            model: Id of the model that is asked.
        """
        del characters
        with self._lock:
            self._begun[call] = model

    def end(self, call: str, used: Used | None) -> None:
        """Count such a call.

        Args:
            call: The id given to `begin`.
            used: What the service reported; `None` for a call that failed.
        """
        with self._lock:
            model = self._begun.pop(call, "")
        if used is None:
            self._fail(model)
        else:
            self._count(used)

    def _count(self, used: Used) -> None:
        with self._lock:
            self.total.add(used)
            self.models.setdefault(used.model, Usage()).add(used)
        if self._outer is not None:
            self._outer._count(used)  # noqa: SLF001  # one of its own kind

    def _fail(self, model: str) -> None:
        with self._lock:
            self.total.errors += 1
            self.models.setdefault(model, Usage()).errors += 1
        if self._outer is not None:
            self._outer._fail(model)  # noqa: SLF001

    def on_chat_model_start(
        self,
        serialized: dict[str, Any] | None,
        messages: list[list[BaseMessage]],
        *,
        run_id: UUID,
        metadata: dict[str, Any] | None = None,
        **kwargs: object,
    ) -> None:
        """Remember which model was asked, in case no answer says it."""
        del serialized, messages, kwargs
        with self._lock:
            self._asked[run_id] = str((metadata or {}).get("ls_model_name") or "")

    def on_llm_start(
        self,
        serialized: dict[str, Any] | None,
        prompts: list[str],
        *,
        run_id: UUID,
        metadata: dict[str, Any] | None = None,
        **kwargs: object,
    ) -> None:
        """The same for models that take texts."""
        del serialized, prompts, kwargs
        with self._lock:
            self._asked[run_id] = str((metadata or {}).get("ls_model_name") or "")

    def on_llm_end(self, response: LLMResult, *, run_id: UUID, **kwargs: object) -> None:
        """Count what a call took."""
        del kwargs
        with self._lock:
            asked = self._asked.pop(run_id, "")
        for used in used_of(response):
            self._count(used if used.model else replace(used, model=asked))

    def on_llm_error(self, error: BaseException, *, run_id: UUID, **kwargs: object) -> None:
        """Count a call that failed, and what its error says it took."""
        del kwargs, error
        with self._lock:
            if (model := self._asked.pop(run_id, None)) is None:  # it was told already
                return
        self._fail(model)


_active: ContextVar[AimlapiUsageHandler | None] = ContextVar("aimlapi_usage", default=None)
register_configure_hook(_active, inheritable=True)


@contextmanager
def get_aimlapi_callback() -> Iterator[AimlapiUsageHandler]:
    """Count everything that is called within a `with` block.

    Examples:
        >>> with get_aimlapi_callback() as usage:  # doctest: +SKIP
        ...     llm.invoke("Hello")
        >>> usage.total.cost_usd  # doctest: +SKIP

    Tasks and threads that LangChain starts are counted too, and embeddings of this package.
    Blocks may stand within one another; what the inner one counts, the outer one counts too.

    Yields:
        The handler, to be read during the block and after it.
    """
    handler, outer = AimlapiUsageHandler(), _active.get()
    handler._outer = outer  # noqa: SLF001  # its own module
    token = _active.set(handler)
    others = (meter for meter in METERS.get() if meter is not outer)
    meters = METERS.set((*others, handler))
    try:
        yield handler
    finally:
        METERS.reset(meters)
        _active.reset(token)
