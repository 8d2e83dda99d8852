"""One prompt on several models side by side: how soon, how fast, at what cost, and what they say.

import asyncio

from langchain_aimlapi.compare import Comparison, arun, render_report

comparison = Comparison("Why is the sky blue?", ["gpt-4o-mini", "claude-haiku-4-5"], runs=3)
asyncio.run(arun(comparison))
print(comparison.spread("gpt-4o-mini", "ttft"))
page = render_report(comparison)
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from langchain_aimlapi.compare.answer import Answer
    from langchain_aimlapi.compare.events import (
        Event,
        Finished,
        ReasoningDelta,
        Started,
        TextDelta,
        ToolCallDelta,
    )
    from langchain_aimlapi.compare.report import render_report
    from langchain_aimlapi.compare.results import (
        FIGURES,
        Comparison,
        Picture,
        Result,
        Spread,
    )
    from langchain_aimlapi.compare.run import arun, astream

_HOMES = {
    "Answer": "answer",
    "Comparison": "results",
    "Event": "events",
    "FIGURES": "results",
    "Finished": "events",
    "Picture": "results",
    "ReasoningDelta": "events",
    "Result": "results",
    "Spread": "results",
    "Started": "events",
    "TextDelta": "events",
    "ToolCallDelta": "events",
    "arun": "run",
    "astream": "run",
    "render_report": "report",
}

__all__ = [
    "FIGURES",
    "Answer",
    "Comparison",
    "Event",
    "Finished",
    "Picture",
    "ReasoningDelta",
    "Result",
    "Spread",
    "Started",
    "TextDelta",
    "ToolCallDelta",
    "arun",
    "astream",
    "render_report",
]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
