"""What LangChain's callback handlers expect of a model that writes its own events."""

from __future__ import annotations

from asyncio import CancelledError
from typing import TYPE_CHECKING, Any

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.tracers._streaming import _V2StreamingCallbackHandler

if TYPE_CHECKING:
    from langchain_core.callbacks.manager import BaseRunManager

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


class CancellationTold:
    """A `with` block that tells those who count of a call that was cancelled within it.

    LangChain tells nobody of it, unless the call is a stream.

    Args:
        run_manager: Of the call.
    """

    __slots__ = ("_run_manager",)

    def __init__(self, run_manager: Any) -> None:
        self._run_manager = run_manager

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: object
    ) -> None:
        """Tell them."""
        if kind is None or not issubclass(kind, CancelledError) or self._run_manager is None:
            return
        for handler in self._run_manager.handlers:
            if getattr(handler, "counts_cancelled", False):
                handler.on_llm_error(error, run_id=self._run_manager.run_id)
