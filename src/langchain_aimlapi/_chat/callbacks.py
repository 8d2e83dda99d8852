"""What LangChain's callback handlers expect of a model that writes its own events."""

from __future__ import annotations

from asyncio import CancelledError
from typing import TYPE_CHECKING, Any, TypeVar

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.tracers._streaming import _V2StreamingCallbackHandler

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from langchain_core.callbacks.manager import BaseRunManager

T = TypeVar("T")
LC_RUN_PREFIX = "lc_run-"


def message_id(run_manager: BaseRunManager | None) -> str | None:
    """The id LangChain gives the message of a run."""
    return f"{LC_RUN_PREFIX}-{run_manager.run_id}" if run_manager else None


def wants_tokens(run_manager: BaseRunManager | None) -> bool:
    """Whether some handler listens to tokens.

    Handlers of the event protocol get the events themselves; the others (tracers, which note the
    time of the first token, and handlers that print) are told by `on_llm_new_token`, which nobody
    but the model calls here. Building a chunk per token is worth it only for them.
    """
    handlers: list[Any] = run_manager.handlers if run_manager else []
    return any(
        type(handler).on_llm_new_token is not BaseCallbackHandler.on_llm_new_token
        for handler in handlers
        if not isinstance(handler, _V2StreamingCallbackHandler)
    )


def telling_of_cancellation(
    answering: Coroutine[Any, Any, T], run_manager: BaseRunManager | None
) -> Coroutine[Any, Any, T]:
    """What tells those who count of a call that is cancelled; LangChain does so of streams alone.

    Args:
        answering: The call.
        run_manager: Of the call.

    Returns:
        The same call if nobody counts.
    """
    handlers: list[Any] = run_manager.handlers if run_manager else []
    counting = [each for each in handlers if getattr(each, "counts_cancelled", False)]
    return _told(answering, counting, run_manager) if counting else answering


async def _told(answering: Coroutine[Any, Any, T], counting: list[Any], run_manager: Any) -> T:
    try:
        return await answering
    except CancelledError as error:
        for handler in counting:
            handler.on_llm_error(error, run_id=run_manager.run_id)
        raise
