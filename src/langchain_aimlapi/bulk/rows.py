"""A row of the input, on its way to a call."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from string import Formatter
from typing import Any

from langchain_aimlapi.bulk.errors import BulkError, SourceError
from langchain_aimlapi.bulk.outcome import COLUMNS

__all__ = ["Row", "RowError", "call_input", "check_template"]

Messages = Sequence[tuple[str, str]]
"""Messages by their roles, such as `[("system", "Be brief."), ("human", "{text}")]`."""
Prompt = str | Messages | Callable[[Mapping[str, Any]], Any] | None


class RowError(BulkError):
    """A row that cannot be sent: it cannot be read, or lacks a column the prompt names."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the input.

    Attributes:
        number: Its place in the input, from 0.
        values: Its columns.
        problem: Why it could not be read, if it could not.
    """

    number: int
    values: Mapping[str, Any] = field(default_factory=dict)
    problem: str | None = None


def call_input(row: Row, prompt: Prompt) -> Any:
    """What the runnable is called with.

    Args:
        row: The row.
        prompt: A template with `{column}` in it, messages of such, a function of the row's columns, or `None` to
            hand the columns themselves to the runnable (a chain that begins with a prompt).

    Raises:
        RowError: For a row that could not be read, or lacks a column of the template.
    """
    if row.problem is not None:
        raise RowError(row.problem)
    if not COLUMNS.keys().isdisjoint(row.values):
        taken = ", ".join(repr(name) for name in row.values if name in COLUMNS)
        raise RowError(f"The row has {taken}, which the job adds itself. Rename it first.")
    if prompt is None:
        return dict(row.values)
    if callable(prompt):
        return prompt(row.values)
    try:
        if isinstance(prompt, str):
            return prompt.format_map(row.values)
        return [(role, text.format_map(row.values)) for role, text in prompt]
    except KeyError as error:
        raise RowError(f"The row has no column {error}, which the prompt names.") from None
    except (AttributeError, IndexError, TypeError, ValueError) as error:
        raise RowError(f"The prompt cannot be filled with the row: {error}.") from error


def check_template(prompt: Prompt, columns: tuple[str, ...] | None) -> None:
    """Refuse a template at the start, before anything is paid for.

    Args:
        prompt: As given to the job.
        columns: The input's columns, if it has the same ones in each row.

    Raises:
        SourceError: If the template names a column that is not there, or is no template.
    """
    if prompt is None or callable(prompt):
        return
    texts = [prompt] if isinstance(prompt, str) else _texts(prompt)
    try:
        parsed = [
            name for text in texts for _, name, _, _ in Formatter().parse(text) if name is not None
        ]
    except ValueError as error:
        raise SourceError(
            f"The prompt is no template: {error}. Braces that are meant as such are doubled."
        ) from None
    if columns is None:
        return
    named = {name.partition(".")[0].partition("[")[0] for name in parsed}
    missing = sorted(named - set(columns))
    if missing:
        raise SourceError(
            f"The prompt names {', '.join(map(repr, missing))}, but the input has the columns "
            f"{', '.join(map(repr, columns))}."
        )


def _texts(prompt: Messages) -> list[str]:
    try:
        pairs = [(role, text) for role, text in prompt]
    except (TypeError, ValueError):
        pairs = []
    if not pairs or not all(isinstance(part, str) for pair in pairs for part in pair):
        raise SourceError(
            "A prompt is a template, a function of the row, or messages as pairs of a role and a "
            "template: [('system', '…'), ('human', '… {column}')]."
        )
    return [text for _, text in pairs]
