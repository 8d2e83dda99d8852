"""`BudgetMiddleware`: a budget for agents made by LangChain's `create_agent`.

Fallback, retry, routing and refusal have middleware of LangChain's own; a budget has none. What a
run or a thread has spent is kept in the agent's state, so that a checkpointer keeps it as well:
a thread that goes on tomorrow, on another machine, goes on with what is left.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, NotRequired

from langchain.agents.middleware import AgentMiddleware, AgentState, hook_config
from langchain.agents.middleware.types import PrivateStateAttr
from langchain_core.messages import AIMessage
from langgraph.runtime import Runtime
from langgraph.types import interrupt

from langchain_aimlapi.errors import BudgetExceededError, ConfigurationError

__all__ = ["BudgetMiddleware", "BudgetState"]

_FIELDS = ("usd", "tokens", "calls")


class BudgetState(AgentState[Any]):
    """What an agent's state holds for its budget.

    Attributes:
        thread_spent: Of all runs of the thread, by "usd", "tokens" and "calls".
        run_spent: Of this run.
        thread_granted: What was granted beyond the thread's caps when it asked.
        run_granted: What was granted beyond the run's caps.
    """

    thread_spent: NotRequired[Annotated[dict[str, float], PrivateStateAttr]]
    run_spent: NotRequired[Annotated[dict[str, float], PrivateStateAttr]]
    thread_granted: NotRequired[Annotated[dict[str, float], PrivateStateAttr]]
    run_granted: NotRequired[Annotated[dict[str, float], PrivateStateAttr]]


class BudgetMiddleware(AgentMiddleware[Any, Any, Any]):
    """Ends an agent before the model call that its budget does not allow.

    Examples:
        >>> agent = create_agent(  # doctest: +SKIP
        ...     llm, tools, middleware=[BudgetMiddleware(usd=0.50, thread_usd=5.00)]
        ... )

    Args:
        usd: Most USD of a run, as the service reports them.
        tokens: Most tokens of a run.
        calls: Most model calls of a run.
        thread_usd: Most USD of a thread, over all its runs; needs a checkpointer.
        thread_tokens: Most tokens of a thread.
        thread_calls: Most model calls of a thread.
        on_limit: "error" raises `BudgetExceededError`; "end" ends the run with a message that
            says so; "ask" interrupts the run (LangGraph's `interrupt`, needs a checkpointer) and
            goes on when it is resumed with more: `Command(resume={"usd": 1.0})` allows a dollar
            more, anything that grants nothing ends the run.

    Raises:
        ConfigurationError: Without any cap, for one below 0, or another `on_limit`.
    """

    state_schema = BudgetState

    def __init__(
        self,
        *,
        usd: float | None = None,
        tokens: int | None = None,
        calls: int | None = None,
        thread_usd: float | None = None,
        thread_tokens: int | None = None,
        thread_calls: int | None = None,
        on_limit: Literal["error", "end", "ask"] = "error",
    ) -> None:
        super().__init__()
        self._caps: dict[str, dict[str, float | None]] = {
            "run": {"usd": usd, "tokens": tokens, "calls": calls},
            "thread": {"usd": thread_usd, "tokens": thread_tokens, "calls": thread_calls},
        }
        given = [cap for caps in self._caps.values() for cap in caps.values() if cap is not None]
        if not given or min(given) < 0:
            raise ConfigurationError("A budget has a cap of usd, tokens or calls, none below 0.")
        if on_limit not in {"error", "end", "ask"}:
            raise ConfigurationError('on_limit is "error", "end" or "ask".')
        self.on_limit = on_limit

    def before_agent(self, state: object, runtime: Runtime[Any]) -> dict[str, Any] | None:
        """A run begins; one that is resumed after a question does not begin anew."""
        del state, runtime
        return {"run_spent": {}, "run_granted": {}}

    async def abefore_agent(self, state: object, runtime: Runtime[Any]) -> dict[str, Any] | None:
        """The same for async agents."""
        return self.before_agent(state, runtime)

    @hook_config(can_jump_to=["end"])
    def before_model(self, state: Any, runtime: Runtime[Any]) -> dict[str, Any] | None:
        """Let the next model call begin, or not.

        Raises:
            BudgetExceededError: If it may not, with `on_limit="error"`.
        """
        del runtime
        granted = {whole: dict(state.get(f"{whole}_granted") or {}) for whole in self._caps}
        changed = False
        while (reached := self._reached(state, granted)) is not None:
            whole, error = reached
            if self.on_limit == "error":
                raise error
            more = _granted(interrupt(_question(whole, error))) if self.on_limit == "ask" else {}
            if not more.get(error.limit):
                return {"jump_to": "end", "messages": [AIMessage(error.message)]}
            for name, amount in more.items():
                granted[whole][name] = granted[whole].get(name, 0) + amount
            changed = True
        return {f"{whole}_granted": more for whole, more in granted.items()} if changed else None

    @hook_config(can_jump_to=["end"])
    async def abefore_model(self, state: object, runtime: Runtime[Any]) -> dict[str, Any] | None:
        """The same for async agents."""
        return self.before_model(state, runtime)

    def after_model(self, state: Any, runtime: Runtime[Any]) -> dict[str, Any] | None:
        """Count what the call took."""
        del runtime
        last = next((m for m in reversed(state["messages"]) if isinstance(m, AIMessage)), None)
        if last is None:
            return None
        took = _took(last)
        return {
            f"{whole}_spent": {
                name: (state.get(f"{whole}_spent") or {}).get(name, 0) + took[name]
                for name in _FIELDS
            }
            for whole in self._caps
        }

    async def aafter_model(self, state: object, runtime: Runtime[Any]) -> dict[str, Any] | None:
        """The same for async agents."""
        return self.after_model(state, runtime)

    def _reached(
        self, state: Any, granted: Mapping[str, Mapping[str, float]]
    ) -> tuple[str, BudgetExceededError] | None:
        for whole, caps in self._caps.items():
            spent = state.get(f"{whole}_spent") or {}
            for name, cap in caps.items():
                if cap is None:
                    continue
                allowed, so_far = cap + granted[whole].get(name, 0), spent.get(name, 0)
                if so_far >= allowed:
                    return whole, _exceeded(whole, name, allowed, so_far)
        return None


def _took(message: AIMessage) -> dict[str, float]:
    usage = message.usage_metadata
    cost = message.response_metadata.get("cost")
    return {
        "usd": float(cost) if isinstance(cost, int | float) else 0.0,
        "tokens": usage["total_tokens"] if usage else 0,
        "calls": 1,
    }


def _exceeded(whole: str, name: str, cap: float, spent: float) -> BudgetExceededError:
    shown = f"${spent:.4f} of ${cap:.4f}" if name == "usd" else f"{spent:g} of {cap:g} {name}"
    return BudgetExceededError(
        f"The budget of this {whole} is used up: {shown} spent.", limit=name, cap=cap, spent=spent
    )


def _question(whole: str, error: BudgetExceededError) -> dict[str, object]:
    """What the user is asked: plain data, for any front end."""
    return {
        "type": "budget",
        "of": whole,
        "limit": error.limit,
        "cap": error.cap,
        "spent": error.spent,
        "message": f"{error.message} Resume with more, such as {{{error.limit!r}: …}}, or with False.",
    }


def _granted(answer: object) -> dict[str, float]:
    """What a resumed run may spend more."""
    listed = answer.items() if isinstance(answer, Mapping) else ()
    return {
        name: float(amount)
        for name, amount in listed
        if name in _FIELDS and isinstance(amount, int | float) and amount > 0
    }
