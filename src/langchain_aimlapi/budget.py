"""Ending calls when it is enough: `Budget`, a LangChain callback with caps.

It refuses the next call once the service's own figures reach a cap, on any chain or agent it is
given to, or for everything within a `with` block.
"""

from __future__ import annotations

from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self
from uuid import UUID

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.messages import BaseMessage
from langchain_core.outputs import LLMResult
from langchain_core.tracers.context import register_configure_hook

from langchain_aimlapi._client.ledger import Amount, Caps, open_ledger
from langchain_aimlapi._client.metering import METERS, Used
from langchain_aimlapi.callbacks import used_of
from langchain_aimlapi.errors import BudgetExceededError, ConfigurationError

if TYPE_CHECKING:
    from contextvars import Token

__all__ = ["Budget"]

_USUAL_ANSWER = 1000
_USD_PER_TOKEN = (2e-6, 10e-6)
"""USD of a token of a prompt and of an answer, for calls before the first has told its cost:
about what large models cost, so that a reservation is rather too high than too low."""
_SMOOTHING = 0.2
_under_way: dict[str, tuple[Budget, ...]] = {}
"""The budgets that have reserved for a call, by its id, in the order in which they did."""


class Budget(BaseCallbackHandler):
    """Refuses the next call once USD, tokens or calls reach a cap.

    What is spent is what the service reported, embeddings of this package included. For calls
    under way an estimate is reserved: the mean of those before, so that many calls at once do not
    pass the cap together. A call that is refused was not sent; the cap may be passed by what the
    calls under way cost beyond their estimates.

    Examples:
        >>> agent.invoke(question, config={"callbacks": [Budget(usd=5.00)]})  # doctest: +SKIP
        >>> with Budget(usd=5.00) as budget:  # doctest: +SKIP
        ...     chain.batch(questions)

    Args:
        usd: Most USD.
        tokens: Most tokens of prompts and answers.
        calls: Most calls.
        shared: Where the budget is kept for several processes: a file, or a Redis server as
            `redis://host:6379/0?budget=NAME`. Without it the object keeps it.
        estimate_usd: USD to reserve for a call before any has told its cost; if not given, a
            thousand tokens of a large model's answer.

    Raises:
        ConfigurationError: Without any cap, or for one below 0.
    """

    raise_error = True
    run_inline = True
    counts_cancelled = True

    def __init__(
        self,
        usd: float | None = None,
        tokens: int | None = None,
        calls: int | None = None,
        *,
        shared: str | Path | None = None,
        estimate_usd: float | None = None,
    ) -> None:
        super().__init__()
        caps = [cap for cap in (usd, tokens, calls) if cap is not None]
        if not caps or min(caps) < 0:
            raise ConfigurationError("A budget has a cap of usd, tokens or calls, none below 0.")
        self._caps = Caps(usd, tokens, calls)
        self._ledger = open_ledger(shared)
        self._estimate_usd = estimate_usd
        self._mean: Amount | None = None

    def __deepcopy__(self, _: dict[int, Any]) -> Self:
        """LangChain copies configurations; money is spent once."""
        return self

    @property
    def spent_usd(self) -> float:
        """USD spent, calls under way aside."""
        return self._ledger.spent().usd

    @property
    def spent_tokens(self) -> int:
        """Tokens spent, calls under way aside."""
        return self._ledger.spent().tokens

    @property
    def calls(self) -> int:
        """Calls that were answered."""
        return self._ledger.spent().calls

    def raise_caps(
        self, usd: float | None = None, tokens: int | None = None, calls: int | None = None
    ) -> None:
        """Set new caps, for all that is spent so far.

        Args:
            usd: New cap in USD; unchanged if not given.
            tokens: New cap in tokens; unchanged if not given.
            calls: New cap in calls; unchanged if not given.
        """
        caps = self._caps
        self._caps = Caps(
            caps.usd if usd is None else usd,
            caps.tokens if tokens is None else tokens,
            caps.calls if calls is None else calls,
        )

    def check(self) -> None:
        """See whether another call may begin, without reserving for one.

        Raises:
            BudgetExceededError: If it may not.
        """
        spent = self._ledger.spent()
        if (reached := self._caps.reached(spent, Amount())) is not None:
            raise _exceeded(reached, self._caps, spent)

    def begin(self, call: str, characters: int, model: str = "") -> None:
        """Reserve an estimate for a call.

        Args:
            call: An id of the call.
            characters: Length of the prompt.
            model: Id of the model that is asked.

        Raises:
            BudgetExceededError: If there is nothing left for it.
        """
        del model
        if self in _under_way.get(call, ()):  # as a callback and in a block, or in two blocks
            return
        reached = self._ledger.reserve(call, self._estimate(characters), self._caps)
        if reached is not None:
            # Nobody tells the others that the call does not take place.
            for other in _under_way.get(call, ()):
                other.end(call, None)
            raise _exceeded(reached, self._caps, self._ledger.spent())
        _under_way[call] = (*_under_way.get(call, ()), self)

    def end(self, call: str, used: Used | None) -> None:
        """Replace what was reserved for a call by what it took.

        Args:
            call: The id given to `begin`; one that is over, or never began, changes nothing.
            used: What the service reported; `None` for a call that failed.
        """
        holders = _under_way.get(call, ())
        if self not in holders:
            return
        _under_way[call] = rest = tuple(one for one in holders if one is not self)
        if not rest:
            del _under_way[call]
        if used is None or used.cached:
            self._ledger.settle(call, Amount())
            return
        amount = Amount(used.cost_usd or 0.0, used.input_tokens + used.output_tokens, 1)
        self._ledger.settle(call, amount)
        self._learn(amount)

    def _learn(self, amount: Amount) -> None:
        mean = self._mean or amount
        self._mean = Amount(
            mean.usd + (amount.usd - mean.usd) * _SMOOTHING,
            int(mean.tokens + (amount.tokens - mean.tokens) * _SMOOTHING),
            1,
        )

    def _estimate(self, characters: int) -> Amount:
        if self._mean is not None:
            return self._mean
        prompt = characters // 4
        usd = prompt * _USD_PER_TOKEN[0] + _USUAL_ANSWER * _USD_PER_TOKEN[1]
        usd = usd if self._estimate_usd is None else self._estimate_usd
        return Amount(usd, prompt + _USUAL_ANSWER, 1)

    def on_chat_model_start(
        self,
        serialized: dict[str, Any] | None,
        messages: list[list[BaseMessage]],
        *,
        run_id: UUID,
        **kwargs: Any,
    ) -> None:
        """Reserve for a call, or refuse it."""
        del serialized, kwargs
        self.begin(str(run_id), sum(len(one.text) for turns in messages for one in turns))

    def on_llm_start(
        self,
        serialized: dict[str, Any] | None,
        prompts: list[str],
        *,
        run_id: UUID,
        **kwargs: Any,
    ) -> None:
        """The same for models that take texts."""
        del serialized, kwargs
        self.begin(str(run_id), sum(map(len, prompts)))

    def on_llm_end(self, response: LLMResult, *, run_id: UUID, **kwargs: Any) -> None:
        """Count what a call took."""
        del kwargs
        used = used_of(response)
        self.end(str(run_id), used[0] if used else None)

    def on_llm_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> None:
        """Give back what was reserved: failed calls are not billed (the service's docs on logs)."""
        del error, kwargs
        self.end(str(run_id), None)

    def __enter__(self) -> Self:
        outer, meters = _blocks.get(), METERS.get()
        budgets = outer.budgets if outer else ()
        own = self not in budgets
        block = _blocks.set(_Blocks((*budgets, self)) if own else outer)
        metered = METERS.set(meters if self in meters else (*meters, self))
        _tokens.set((*_tokens.get(), (block, metered)))
        return self

    def __exit__(self, *exc_info: object) -> None:
        *others, (block, metered) = _tokens.get()
        _tokens.set(tuple(others))
        METERS.reset(metered)
        _blocks.reset(block)


class _Blocks(BaseCallbackHandler):
    """The budgets of the `with` blocks around a call, the outermost first.

    A call belongs to the blocks that it began in. They are told by the context, not by the budgets:
    tasks and threads may enter the same budget.
    """

    raise_error = True
    run_inline = True
    counts_cancelled = True

    def __init__(self, budgets: tuple[Budget, ...]) -> None:
        super().__init__()
        self.budgets = budgets

    def __deepcopy__(self, _: dict[int, Any]) -> Self:
        return self

    def on_chat_model_start(
        self, serialized: Any, messages: Any, *, run_id: UUID, **kwargs: Any
    ) -> None:
        for budget in self.budgets:
            budget.on_chat_model_start(serialized, messages, run_id=run_id)
        del kwargs

    def on_llm_start(self, serialized: Any, prompts: Any, *, run_id: UUID, **kwargs: Any) -> None:
        for budget in self.budgets:
            budget.on_llm_start(serialized, prompts, run_id=run_id)
        del kwargs

    def on_llm_end(self, response: LLMResult, *, run_id: UUID, **kwargs: Any) -> None:
        for budget in self.budgets:
            budget.on_llm_end(response, run_id=run_id)
        del kwargs

    def on_llm_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> None:
        for budget in self.budgets:
            budget.on_llm_error(error, run_id=run_id)
        del kwargs


_blocks: ContextVar[_Blocks | None] = ContextVar("aimlapi_budgets", default=None)
_tokens: ContextVar[tuple[tuple[Token[Any], Token[Any]], ...]] = ContextVar(
    "aimlapi_budget_tokens", default=()
)
"""What the blocks of this context set, to be reset at their ends."""
register_configure_hook(_blocks, inheritable=True)


def _exceeded(reached: str, caps: Caps, spent: Amount) -> BudgetExceededError:
    cap, so_far = getattr(caps, reached), getattr(spent, reached)
    shown = f"${so_far:.4f} of ${cap:.4f}" if reached == "usd" else f"{so_far} of {cap} {reached}"
    return BudgetExceededError(
        f"The budget is used up: {shown} spent, calls under way not counted",
        limit=reached,
        cap=cap,
        spent=so_far,
    )
