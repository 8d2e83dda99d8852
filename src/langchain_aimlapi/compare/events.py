"""What happens while models answer, one small object for each thing.

`column` is the place of the model among those that are compared, from 0; `run` counts from 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from langchain_aimlapi.compare.results import Result


@dataclass(frozen=True, slots=True)
class Started:
    """A model is asked.

    Attributes:
        column: Its place.
        run: Which run.
        model: Its id.
    """

    column: int
    run: int
    model: str


@dataclass(frozen=True, slots=True)
class TextDelta:
    """More of an answer.

    Attributes:
        column: Place of the model.
        run: Which run.
        text: What is added.
    """

    column: int
    run: int
    text: str


@dataclass(frozen=True, slots=True)
class ReasoningDelta:
    """More of the reasoning before an answer.

    Attributes:
        column: Place of the model.
        run: Which run.
        text: What is added.
    """

    column: int
    run: int
    text: str


@dataclass(frozen=True, slots=True)
class ToolCallDelta:
    """A chunk of a tool call.

    Attributes:
        column: Place of the model.
        run: Which run.
        index: Which of the answer's calls; what the chunks of one call have in common.
        name: Name of the tool, in the first chunk of a call.
        args: More of the arguments' JSON.
    """

    column: int
    run: int
    index: int | str | None
    name: str | None
    args: str


@dataclass(frozen=True, slots=True)
class Finished:
    """An answer is whole, or has failed: `result.error` says which.

    Attributes:
        column: Place of the model.
        run: Which run.
        result: All that is known of it.
    """

    column: int
    run: int
    result: Result


Event: TypeAlias = Started | TextDelta | ReasoningDelta | ToolCallDelta | Finished
