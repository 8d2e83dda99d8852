"""What a turn looks like: the answer on standard output, everything beside it on standard error.

In a pipe the answer is the text as it came, and nothing else. On a terminal it is rendered as
Markdown while it streams, reasoning is dimmed, and control characters of the answer are left out,
since a terminal would obey them.
"""

from __future__ import annotations

import os
import re
import sys
from typing import TYPE_CHECKING, Any

import typer

from langchain_aimlapi.cli._output import is_plain, note
from langchain_aimlapi.cli.chat.tools import shown_call

if TYPE_CHECKING:
    from collections.abc import Mapping

    from langchain_core.messages import AIMessage, ToolMessage

    from langchain_aimlapi.cli.chat.markdown import MarkdownStream
    from langchain_aimlapi.cli.chat.session import Display

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_MOST_OF_A_RESULT = 1000


def is_rich() -> bool:
    """Tell whether standard output is a terminal that may be drawn on."""
    return sys.stdout.isatty() and not is_plain() and os.environ.get("TERM") != "dumb"


def make_display(*, markdown: bool, silent: bool = False) -> Display:
    """Return what fits standard output; a silent one shows tool calls alone."""
    if silent:
        return ToolDisplay()
    return MarkdownDisplay() if markdown and is_rich() else PlainDisplay()


def printable(text: str) -> str:
    """Leave out what a terminal would obey, such as escape codes."""
    return _CONTROL.sub("", text)


class ToolDisplay:
    """Shows tool calls and their results, on standard error; nothing else."""

    def add(self, chunk: AIMessage, *, text: bool = True) -> None:
        """Show nothing."""

    def end(self) -> None:
        """Nothing was begun."""

    def tool_call(self, call: Mapping[str, Any]) -> None:
        """Show a call."""
        note(printable(shown_call(call)), "cyan")

    def tool_result(self, result: ToolMessage) -> None:
        """Show what it returned, a long result in part."""
        text = str(result.text)
        more = len(text) - _MOST_OF_A_RESULT
        if more > 0:
            text = f"{text[:_MOST_OF_A_RESULT]}… ({more} more characters)"
        note(f"Result: {printable(text)}", "red" if result.status == "error" else "dim")


class PlainDisplay(ToolDisplay):
    """Text while it streams; reasoning under a name of its own."""

    def __init__(self) -> None:
        self._in_reasoning = self._in_text = False
        self._is_terminal = sys.stdout.isatty()

    def add(self, chunk: AIMessage, *, text: bool = True) -> None:
        """Show a chunk."""
        if reasoning := chunk.additional_kwargs.get("reasoning_content"):
            if not self._in_reasoning:
                self._end_text()
                note("Reasoning: ", "dim", end="")
                self._in_reasoning = True
            note(printable(reasoning), "dim italic", end="")
        if text and chunk.text:
            self._end_reasoning()
            self._in_text = True
            typer.echo(printable(chunk.text) if self._is_terminal else chunk.text, nl=False)

    def end(self) -> None:
        """End the line."""
        self._end_reasoning()
        self._end_text()

    def _end_text(self) -> None:
        if self._in_text:
            typer.echo()
        self._in_text = False

    def _end_reasoning(self) -> None:
        if self._in_reasoning:
            note("\n")
        self._in_reasoning = False


class MarkdownDisplay(ToolDisplay):
    """For terminals: Markdown as it streams."""

    def __init__(self) -> None:
        self._stream: MarkdownStream | None = None
        self._in_reasoning = False

    def add(self, chunk: AIMessage, *, text: bool = True) -> None:
        """Show a chunk."""
        if reasoning := chunk.additional_kwargs.get("reasoning_content"):
            self._end_text()
            note(printable(reasoning), "dim italic", end="")
            self._in_reasoning = True
        if text and chunk.text:
            self._end_reasoning()
            if self._stream is None:
                from langchain_aimlapi.cli.chat.markdown import (  # noqa: PLC0415  # on terminals
                    MarkdownStream,
                )

                self._stream = MarkdownStream()
            self._stream.add(printable(chunk.text))

    def end(self) -> None:
        """Show what is left."""
        self._end_reasoning()
        self._end_text()

    def _end_text(self) -> None:
        if self._stream is not None:
            self._stream.end()
        self._stream = None

    def _end_reasoning(self) -> None:
        if self._in_reasoning:
            note("\n")
        self._in_reasoning = False
