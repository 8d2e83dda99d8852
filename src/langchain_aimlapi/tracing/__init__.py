"""What calls cost, in the traces of LangSmith, Langfuse and OpenTelemetry.

Traces of this package's calls need nothing of this: LangChain's tracers see every call, its tokens
and its errors. They leave out the cost as billed, since LangChain has no field for it; the names
here add it where each tool looks.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from langchain_aimlapi.tracing.langfuse import LangfuseCostHandler
    from langchain_aimlapi.tracing.langsmith import LangSmithCostTracer, langsmith_costs
    from langchain_aimlapi.tracing.otel import CostSpanProcessor

_HOMES = {
    "CostSpanProcessor": ("otel", "pip install 'langchain-aimlapi[otel]'"),
    "LangSmithCostTracer": ("langsmith", ""),
    "LangfuseCostHandler": ("langfuse", "pip install langfuse"),
    "langsmith_costs": ("langsmith", ""),
}
"""The module of a name, and what to do where the package that it builds on is missing."""

__all__ = ["CostSpanProcessor", "LangSmithCostTracer", "LangfuseCostHandler", "langsmith_costs"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, remedy = _HOMES[name]
    try:
        value = getattr(import_module(f"{__name__}.{module}"), name)
    except ImportError as error:
        raise ImportError(f"{name} needs a package that is missing ({error}): {remedy}") from error
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
