"""Rates that many models, processes and machines keep together: requests and tokens a minute.

GCRA by `throttled-py`: one key and one step per call, in memory or on a Redis server, whose clock
is the one that counts. A limiter asks from a thread of its own, one call after the other: waiting
calls keep their order, take no thread of the application's pool, and belong to no event loop.

`AimlapiRateLimiter` is LangChain's `BaseRateLimiter`, for any chat model's `rate_limiter=`. That
interface knows no weights, so tokens have a limiter of their own: a call is let through by an
estimate, and what it really took is settled with the calls after it.
"""

from __future__ import annotations

import os
import threading
import time
from asyncio import wrap_future
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any, Self

from langchain_core.rate_limiters import BaseRateLimiter

from langchain_aimlapi.bulk.errors import LimitsError
from langchain_aimlapi.errors import ConfigurationError

__all__ = ["AimlapiRateLimiter", "Rates", "TokenLimiter"]

_MINUTE = timedelta(minutes=1)
_LONGEST_SLEEP = 1.0


_CONNECT_TIMEOUT = 10.0
"""Seconds for a Redis server to come back; what is under way waits for it."""


def _unreachable() -> tuple[type[Exception], ...]:
    """What a Redis server that is gone is known by; one that is loading its data is not gone."""
    from throttled.exceptions import StoreUnavailableError  # noqa: PLC0415  # an extra

    try:
        import redis  # noqa: PLC0415  # an extra
    except ImportError:
        return (StoreUnavailableError,)
    return (StoreUnavailableError, redis.exceptions.RedisError)


class _Limiter:
    """A rate, its key and where it is kept; a value that can be pickled and survives a fork."""

    def __init__(self, limit: int, burst: int, key: str, redis_url: str | None) -> None:
        if limit < 1:
            raise ConfigurationError("A limit is a whole number a minute, 1 or more.")
        self._limit, self._burst = limit, max(1, burst)
        self._key, self._redis_url = key, redis_url
        self._process: int | None = None
        self._build_lock = threading.Lock()
        self._throttled: object = None
        self._thread: ThreadPoolExecutor | None = None

    def __getstate__(self) -> dict[str, Any]:
        lost = {"_throttled": None, "_thread": None, "_process": None, "_build_lock": None}
        return {**self.__dict__, **lost}

    def __setstate__(self, state: dict[str, object]) -> None:
        self.__dict__.update(state)
        self._build_lock = threading.Lock()

    def _ready(self) -> tuple[Any, ThreadPoolExecutor]:
        """The limiter's parts, made anew in each process."""
        with self._build_lock:
            if self._process != os.getpid() or self._thread is None:
                self._throttled = self._built()
                self._thread = ThreadPoolExecutor(1, thread_name_prefix="rate-limit")
                self._process = os.getpid()
            return self._throttled, self._thread

    def _built(self) -> object:
        try:
            from throttled import RateLimiterType, Throttled, rate_limiter, store  # noqa: PLC0415  # an extra
        except ImportError:
            raise ConfigurationError(
                "Shared limits need throttled-py: pip install 'langchain-aimlapi[bulk]'."
            ) from None
        quota = rate_limiter.per_duration(_MINUTE, limit=self._limit, burst=self._burst)
        kept = store.MemoryStore() if self._redis_url is None else store.RedisStore(self._redis_url)
        kind = RateLimiterType.GCRA.value
        return Throttled(key=self._key, using=kind, quota=quota, store=kept)

    def _take(self, cost: int, abandoned: threading.Event, *, blocking: bool) -> bool:
        """Take from the rate, in the limiter's own thread.

        More than the rate ever saves up cannot be had at once: it is taken piece by piece.
        """
        left = cost
        while left > 0:
            if abandoned.is_set():
                return False
            result = self._asked(min(left, self._burst))
            if not result.limited:
                left -= self._burst
            elif not blocking:
                return False
            else:
                abandoned.wait(min(max(result.state.retry_after, 0.001), _LONGEST_SLEEP))
        return True

    def _asked(self, cost: int) -> Any:
        """Ask the rate; a server that does not answer is asked again for a while."""
        throttled, _ = self._ready()
        until = time.monotonic() + _CONNECT_TIMEOUT
        while True:
            try:
                return throttled.limit(cost=cost)
            except _unreachable() as error:
                if time.monotonic() > until:
                    raise LimitsError(
                        f"the Redis server that keeps the rates does not answer: {error}"
                    ) from error
                time.sleep(0.2)

    def _taken(self, cost: int, *, blocking: bool) -> bool:
        _, thread = self._ready()
        abandoned = threading.Event()
        try:
            return thread.submit(self._take, cost, abandoned, blocking=blocking).result()
        finally:
            abandoned.set()  # after Ctrl-C nothing is taken, and the process ends at once

    async def _ataken(self, cost: int, *, blocking: bool) -> bool:
        _, thread = self._ready()
        abandoned = threading.Event()
        try:
            return await wrap_future(thread.submit(self._take, cost, abandoned, blocking=blocking))
        finally:
            abandoned.set()  # a call that was cancelled waits for nothing any more


class AimlapiRateLimiter(BaseRateLimiter):
    """Requests a minute, for one process or, by a Redis server, for all that share its key.

    Examples:
        >>> from langchain_aimlapi.bulk import AimlapiRateLimiter
        >>> limiter = AimlapiRateLimiter(requests_per_minute=600)
        >>> llm = ChatAimlapi(model="gpt-4o", rate_limiter=limiter)  # doctest: +SKIP

    Args:
        requests_per_minute: Calls that may begin in a minute, evenly spread.
        burst: Calls that may begin at once after a pause; a second's worth if not given.
        redis_url: The server that keeps the rate, as `redis://host:6379/0`; without one each
            process has the rate to itself.
        key: Limiters with the same key share the rate.

    Raises:
        ConfigurationError: For a limit below 1; at the first call, if throttled-py is missing.
    """

    def __init__(
        self,
        requests_per_minute: int,
        *,
        burst: int | None = None,
        redis_url: str | None = None,
        key: str = "aimlapi:requests",
    ) -> None:
        usual = requests_per_minute // 60
        self._limiter = _Limiter(
            requests_per_minute, usual if burst is None else burst, key, redis_url
        )

    def acquire(self, *, blocking: bool = True) -> bool:
        """Wait until the next call may begin.

        Args:
            blocking: Whether to wait; otherwise only say whether it may begin now.

        Returns:
            Whether the call may begin.
        """
        return self._limiter._taken(1, blocking=blocking)  # noqa: SLF001  # its other half

    async def aacquire(self, *, blocking: bool = True) -> bool:
        """Wait until the next call may begin, without blocking the event loop.

        Args:
            blocking: Whether to wait; otherwise only say whether it may begin now.

        Returns:
            Whether the call may begin.
        """
        return await self._limiter._ataken(1, blocking=blocking)  # noqa: SLF001


class TokenLimiter:
    """Tokens a minute, shared as `AimlapiRateLimiter` is.

    Args:
        tokens_per_minute: Tokens of prompts and answers together.
        redis_url: The server that keeps the rate, if there is one.
        key: Limiters with the same key share the rate.
    """

    def __init__(
        self,
        tokens_per_minute: int,
        *,
        redis_url: str | None = None,
        key: str = "aimlapi:tokens",
    ) -> None:
        self._limiter = _Limiter(tokens_per_minute, tokens_per_minute // 10, key, redis_url)
        self._owed = 0
        self._lock = threading.Lock()

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_lock": None, "_owed": 0}

    def __setstate__(self, state: dict[str, object]) -> None:
        self.__dict__.update(state)
        self._lock = threading.Lock()

    def acquire(self, estimate: int) -> Self:
        """Wait until a call of about this many tokens may begin.

        Args:
            estimate: Tokens of the prompt and the answer together.

        Returns:
            The limiter itself.
        """
        self._limiter._taken(self._cost(estimate), blocking=True)  # noqa: SLF001
        return self

    async def aacquire(self, estimate: int) -> Self:
        """Wait until a call may begin, without blocking the event loop.

        Args:
            estimate: Tokens of the prompt and the answer together.

        Returns:
            The limiter itself.
        """
        await self._limiter._ataken(self._cost(estimate), blocking=True)  # noqa: SLF001
        return self

    def settle(self, estimate: int, used: int) -> None:
        """Say what a call took; the difference is charged to, or spared, the next ones.

        Args:
            estimate: As given to `acquire`.
            used: Tokens of the prompt and the answer, as the service counted them.
        """
        with self._lock:
            self._owed += used - estimate

    def _cost(self, estimate: int) -> int:
        with self._lock:
            cost = max(0, estimate + self._owed)
            self._owed += estimate - cost
            return cost


class Rates:
    """The rates of a job: requests and tokens, each where it was asked for."""

    _FIRST_ANSWER = 256

    def __init__(
        self, requests: AimlapiRateLimiter | None = None, tokens: TokenLimiter | None = None
    ) -> None:
        self._requests, self._tokens = requests, tokens
        self.are_limited = requests is not None or tokens is not None
        """Whether a call has to wait for any of them."""
        self._answer = float(self._FIRST_ANSWER)

    @classmethod
    def of(cls, requests: int | None, tokens: int | None, redis_url: str | None) -> Self:
        """Rates a minute, on a Redis server if there is one."""
        return cls(
            AimlapiRateLimiter(requests, redis_url=redis_url) if requests else None,
            TokenLimiter(tokens, redis_url=redis_url) if tokens else None,
        )

    async def begin(self, characters: int) -> int:
        """Wait until a call may begin.

        Args:
            characters: Of its prompt.

        Returns:
            The estimate of its tokens, for `end`.
        """
        estimate = 0
        if self._tokens is not None:
            estimate = characters // 4 + int(self._answer)
            await self._tokens.aacquire(estimate)
        if self._requests is not None:
            await self._requests.aacquire()
        return estimate

    def end(self, estimate: int, prompt: int, answer: int) -> None:
        """Settle a call by the tokens that the service counted; none counted leaves the estimate."""
        if self._tokens is None or not prompt + answer:
            return
        self._answer += (answer - self._answer) * 0.1
        self._tokens.settle(estimate, prompt + answer)
