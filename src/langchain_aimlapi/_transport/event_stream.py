"""What the reader made of a streamed reply, read on by its caller: sync and async over one base.

A stream is returned once its first content is there. An answer in plain JSON is read as one event.
The end of the iteration means that the reply ended; whether it was complete is for its reader to
judge. Closing gives the connection back if the reply has been read to its end, else closes it.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, Generic, Protocol, Self, TypeVar

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence
    from types import TracebackType

    from langchain_aimlapi._transport.body_reader import EventReader
    from langchain_aimlapi.errors import AimlapiError


class Source(Protocol):
    """The attempt that a stream is read from."""

    def pull(self) -> Sequence[Any]:
        """Return the content of the next read that brings some; nothing at the end."""

    def failure(self, exc: BaseException) -> AimlapiError | None:
        """Return our error for an exception, or None if it is not the network's."""

    def close(self, *, drain: bool = False) -> None:
        """Close the reply and give the client back."""


class AsyncSource(Protocol):
    """The same for the running event loop."""

    async def pull(self) -> Sequence[Any]:
        """Return the content of the next read that brings some; nothing at the end."""

    def failure(self, exc: BaseException) -> AimlapiError | None:
        """Return our error for an exception, or None if it is not the network's."""

    async def close(self, *, drain: bool = False) -> None:
        """Close the reply and give the session back."""


S = TypeVar("S")


class _Opened(Generic[S]):
    """A stream that has begun: a list for each read that brought content.

    Args:
        source: Where more comes from; None if all has come.
        reader: What reads the events.
        first: The first content.
        over: Whether the reader has been asked for what is known at the end.

    Attributes:
        reader: What reads the events.
    """

    def __init__(
        self, source: S | None, reader: EventReader, first: Sequence[Any], *, over: bool = False
    ) -> None:
        self.reader = reader
        self._source = source
        self._first = first
        self._over = over

    def _last(self) -> Sequence[Any]:
        """Return what is known at the end, once; nothing after it."""
        over, self._over = self._over, True
        return () if over else self.reader.finish()

    def _detached(self) -> S | None:
        """Return the source, which is nobody's any more."""
        source, self._source, self._first = self._source, None, ()
        return source


class EventStream(_Opened[Source]):
    """A streamed reply, read in the calling thread."""

    def __iter__(self) -> Iterator[Sequence[Any]]:
        return self

    def __next__(self) -> Sequence[Any]:
        batch = self._first
        if batch:
            self._first = ()
            return batch
        source = self._source
        if source is not None and not self.reader.ended:
            error = None
            try:
                batch = source.pull()
            except BaseException as exc:
                try:
                    error = source.failure(exc)
                finally:
                    self.close()
                if error is None:
                    raise
            if error is not None:
                # Outside of the handler, or the foreign exception would be chained.
                raise error
            if batch:
                return batch
        self.close()
        if batch := self._last():
            return batch
        raise StopIteration

    def close(self) -> None:
        """Give the connection back if the reply has been read to its end, else close it."""
        if (source := self._detached()) is not None:
            source.close(drain=self.reader.complete)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __del__(self) -> None:
        with contextlib.suppress(Exception):
            self.close()


class AsyncEventStream(_Opened[AsyncSource]):
    """A streamed reply, read in the running event loop."""

    def __aiter__(self) -> AsyncIterator[Sequence[Any]]:
        return self

    async def __anext__(self) -> Sequence[Any]:
        batch = self._first
        if batch:
            self._first = ()
            return batch
        source = self._source
        if source is not None and not self.reader.ended:
            error = None
            try:
                batch = await source.pull()
            except BaseException as exc:
                try:
                    error = source.failure(exc)
                finally:
                    await self.aclose()
                if error is None:
                    raise
            if error is not None:
                # Outside of the handler, or the foreign exception would be chained.
                raise error
            if batch:
                return batch
        await self.aclose()
        if batch := self._last():
            return batch
        raise StopAsyncIteration

    async def aclose(self) -> None:
        """Give the connection back if the reply has been read to its end, else close it."""
        await self._close(drain=self.reader.complete)

    async def _close(self, *, drain: bool) -> None:
        if (source := self._detached()) is not None:
            await source.close(drain=drain)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if kind is None:
            await self.aclose()
        else:
            # Without waiting: a loop that ends meanwhile would close its generators a second time.
            await self._close(drain=False)
