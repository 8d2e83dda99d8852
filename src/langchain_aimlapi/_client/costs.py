"""What replies cost, told at once to those who know a call only by the id of its reply.

LangChain's callbacks bring whole messages and need none of this. A span of OpenTelemetry has ended
by the time that another callback could add to it, and holds the reply's id.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

__all__ = ["Listener", "forget", "listen", "tell"]

Listener = Callable[[str, float], object]
"""Called with the reply's id and USD, in the thread of the call."""
_listeners: tuple[Listener, ...] = ()


def listen(listener: Listener) -> None:
    """Tell somebody of every reply from now on.

    Args:
        listener: Whom.
    """
    global _listeners  # noqa: PLW0603  # of the process
    _listeners = (*_listeners, listener)


def forget(listener: Listener) -> None:
    """Tell somebody no more.

    Args:
        listener: Whom.
    """
    global _listeners  # noqa: PLW0603
    _listeners = tuple(each for each in _listeners if each != listener)


def tell(metadata: Mapping[str, object]) -> None:
    """Tell all of a reply.

    Args:
        metadata: Its `response_metadata`.
    """
    if not _listeners:
        return
    reply_id, usd = metadata.get("id"), metadata.get("cost")
    if isinstance(reply_id, str) and isinstance(usd, int | float):
        for listener in _listeners:
            listener(reply_id, float(usd))
