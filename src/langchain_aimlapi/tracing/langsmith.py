"""Costs in LangSmith: its tracer, with the cost in the usage of each run.

LangSmith takes the cost of a run from `usage_metadata.total_cost` of its metadata or its outputs,
and else multiplies tokens by prices of its own table, where models of this service have none. The
tracer of langchain-core copies the usage of the messages there; a cost cannot stand in them, since
LangChain adds usage up and knows whole numbers only. So the tracer is given copies.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast
from uuid import UUID

from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, LLMResult
from langchain_core.tracers import LangChainTracer
from langchain_core.tracers.context import tracing_v2_callback_var
from langchain_core.tracers.schemas import Run
from langsmith import Client

from langchain_aimlapi.callbacks import cost_of

__all__ = ["LangSmithCostTracer", "langsmith_costs"]


class LangSmithCostTracer(LangChainTracer):
    """LangChain's tracer for LangSmith, with what each call cost as billed.

    Give it to a call, a chain or an agent in `config={"callbacks": [LangSmithCostTracer()]}`: it
    takes the place of the tracer that `LANGSMITH_TRACING` adds. `langsmith_costs` does so for a
    whole block. It takes the arguments of `LangChainTracer`, such as `project_name`.

    Tools that make media (`as_tool`) have their cost as well.
    """

    def on_llm_end(self, response: LLMResult, *, run_id: UUID, **kwargs: Any) -> Run:
        """Record the end of a call, with its cost."""
        usd = cost_of(response)
        if usd is not None and not _messages(response):  # a model of texts, whose usage is nowhere
            self._add_usage(run_id, {"total_cost": usd})
        return super().on_llm_end(_with_cost(response), run_id=run_id, **kwargs)

    def on_tool_end(self, output: Any, *, run_id: UUID, **kwargs: Any) -> Run:
        """Record the end of a tool, with the cost of what it made."""
        usd = getattr(getattr(output, "artifact", None), "cost", None)
        if isinstance(usd, int | float):
            self._add_usage(run_id, {"total_cost": float(usd)})
        return super().on_tool_end(output, run_id=run_id, **kwargs)

    def _add_usage(self, run_id: UUID, usage: dict[str, float]) -> None:
        if (run := self.run_map.get(str(run_id))) is not None:
            # A new dict: LangChain shares the metadata between runs.
            known = run.extra.get("metadata") or {}
            run.extra["metadata"] = {**known, "usage_metadata": usage}


def _with_cost(response: LLMResult) -> LLMResult:
    """A copy whose first usage has the cost, or the same where none was told."""
    usd, messages = cost_of(response), _messages(response)
    counted = [each for each in messages if isinstance(each, AIMessage) and each.usage_metadata]
    # Several usages would be added up, which fails for a cost.
    if usd is None or not messages or len(counted) > 1:
        return response
    message = cast("AIMessage", counted[0] if counted else messages[0])
    usage = {**(message.usage_metadata or {}), "total_cost": usd}
    priced = message.model_copy(update={"usage_metadata": usage})
    first, *others = response.generations
    replaced = [
        one.model_copy(update={"message": priced})
        if isinstance(one, ChatGeneration) and one.message is message
        else one
        for one in first
    ]
    return response.model_copy(update={"generations": [replaced, *others]})


def _messages(response: LLMResult) -> list[BaseMessage]:
    generations = response.generations[0] if response.generations else []
    return [one.message for one in generations if isinstance(one, ChatGeneration)]


@contextmanager
def langsmith_costs(
    project_name: str | None = None,
    *,
    client: Client | None = None,
    tags: list[str] | None = None,
) -> Iterator[LangSmithCostTracer]:
    """Trace everything that is called within a `with` block to LangSmith, with its cost.

    Examples:
        >>> with langsmith_costs():  # doctest: +SKIP
        ...     agent.invoke(question)

    Args:
        project_name: Of the traces; by default LangSmith's own setting.
        client: LangSmith's client; by default one made from the environment.
        tags: Of every run.

    Yields:
        The tracer.
    """
    tracer = LangSmithCostTracer(project_name=project_name, client=client, tags=tags)
    token = tracing_v2_callback_var.set(tracer)
    try:
        yield tracer
    finally:
        tracing_v2_callback_var.reset(token)
