"""Tokens a minute: a call waits for its estimate, and is settled by what it took.

LangChain's `rate_limiter` knows no weights. Whatever has `acquire`, `aacquire` and `settle`, such as
`bulk.TokenLimiter`, is asked here before a request is sent. A call that was refused has taken
nothing; one that broke off keeps its estimate, since the service may have counted it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from langchain_core.messages import AIMessage

from langchain_aimlapi.errors import AimlapiStatusError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from langchain_core.outputs import ChatResult

    from langchain_aimlapi._transport.request import Request
    from langchain_aimlapi.errors import AimlapiError

__all__ = ["Held", "TokenLimit"]

_BYTES_PER_TOKEN, _MOST_BYTES = 4, 400_000
"""Images and files in a request have far fewer tokens than bytes."""
_ANSWER, _LONG_ANSWER = 256, 1024


@runtime_checkable
class TokenLimit(Protocol):
    """Tokens a minute, as `bulk.TokenLimiter` keeps them."""

    def acquire(self, estimate: int) -> object:
        """Wait until a call of about this many tokens may begin."""
        ...

    async def aacquire(self, estimate: int) -> object:
        """Wait without blocking the event loop."""
        ...

    def settle(self, estimate: int, used: int) -> Any:
        """Say what the call took."""
        ...


class Held:
    """The tokens that one call has taken from a limit.

    Args:
        limit: What they are taken from.
        request: The call's.
        most: Tokens that its answer may have, if the call says so.
    """

    def __init__(self, limit: TokenLimit, request: Request, most: object) -> None:
        self._limit = limit
        answer = min(most, _LONG_ANSWER) if isinstance(most, int) else _ANSWER
        prompt = min(len(request.body or b""), _MOST_BYTES) // _BYTES_PER_TOKEN
        self._estimate = prompt + answer

    def take(self) -> None:
        """Wait until the call may begin."""
        self._limit.acquire(self._estimate)

    async def atake(self) -> None:
        """Wait without blocking the event loop."""
        await self._limit.aacquire(self._estimate)

    def settle(self, usage: Mapping[str, Any] | None) -> None:
        """Settle an answer; one without usage leaves the estimate."""
        if usage:
            self._limit.settle(self._estimate, int(usage.get("total_tokens") or 0))

    def settle_result(self, result: ChatResult) -> None:
        """Settle a whole reply; the tokens of all its answers stand at the first one."""
        message = result.generations[0].message if result.generations else None
        self.settle(message.usage_metadata if isinstance(message, AIMessage) else None)

    def settle_error(self, error: AimlapiError) -> None:
        """Give back what a refused call has not taken."""
        if isinstance(error, AimlapiStatusError):
            self._limit.settle(self._estimate, 0)
