"""Costs in Langfuse: its handler for LangChain, with the cost of each generation."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from langchain_core.outputs import LLMResult
from langfuse.langchain import CallbackHandler

from langchain_aimlapi.callbacks import cost_of

__all__ = ["LangfuseCostHandler"]


class LangfuseCostHandler(CallbackHandler):
    """Langfuse's callback handler, with what each call cost as billed.

    It takes the arguments of `langfuse.langchain.CallbackHandler`, and stands in its place in
    `config={"callbacks": [LangfuseCostHandler()]}`. Langfuse otherwise multiplies tokens by prices
    of its own, where models of this service have none.
    """

    def on_llm_end(
        self,
        response: LLMResult,
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        **kwargs: Any,
    ) -> Any:
        """Record the end of a call, with its cost."""
        usd = cost_of(response)
        generation: Any = self._runs.get(run_id)
        if usd is not None and generation is not None:
            generation.update(cost_details={"total": usd})
        return super().on_llm_end(response, run_id=run_id, parent_run_id=parent_run_id, **kwargs)
