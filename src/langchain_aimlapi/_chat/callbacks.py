"""What LangChain's callback handlers expect of a model that writes its own events."""

from __future__ import annotations

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
