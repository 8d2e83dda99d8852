"""Who is asked, with what, and one turn: from a prompt to an answer, tool calls included."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import typer

from langchain_aimlapi.cli._service import Service
from langchain_aimlapi.cli.chat.options import split_parameters
from langchain_aimlapi.cli.chat.tools import call_tool, calls_of
from langchain_aimlapi.errors import AimlapiError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from langchain_core.callbacks import BaseCallbackHandler
    from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, ToolMessage
    from langchain_core.runnables import Runnable
    from langchain_core.tools import BaseTool

    from langchain_aimlapi import ChatAimlapi


class Display(Protocol):
    """What shows a turn while it goes on."""

    def add(self, chunk: AIMessage, *, text: bool = True) -> None:
        """Show a chunk: its reasoning, and its text if that is the answer."""

    def end(self) -> None:
        """End what was begun, such as a line."""

    def tool_call(self, call: Mapping[str, Any]) -> None:
        """Show a call that is about to be made."""

    def tool_result(self, result: ToolMessage) -> None:
        """Show what it returned."""


@dataclass(slots=True)
class Turn:
    """What became of a prompt."""

    prompt: list[BaseMessage]
    """All that was sent first, the prompt last."""
    messages: list[AIMessage | ToolMessage] = field(default_factory=list)
    """What came then, whole: answers, results of tools, and the last answer."""
    partial: AIMessageChunk | None = None
    """An answer that did not come to its end."""
    parsed: object = None
    """The object of a schema."""
    seconds: float = 0.0
    interrupted: bool = False
    error: str | None = None
    """Why there is no answer, or not the whole one."""

    @property
    def is_whole(self) -> bool:
        """Whether the answer came."""
        return not self.interrupted and self.error is None

    @property
    def answer(self) -> AIMessage:
        """The last answer, or what came of it."""
        from langchain_core.messages import AIMessage  # noqa: PLC0415  # loaded by then

        if self.partial is not None:
            return self.partial
        found = (each for each in reversed(self.messages) if isinstance(each, AIMessage))
        return next(found, AIMessage(""))

    def kept(self) -> list[BaseMessage]:
        """What goes into the history: no call without its result, and of a part its text."""
        from langchain_core.messages import AIMessage  # noqa: PLC0415  # loaded by then

        kept: list[BaseMessage] = [*self.messages]
        if self.is_whole:
            return kept
        place = self._unfinished_round()
        parts = [] if place is None else [self.messages[place].text]
        if self.partial is not None:
            parts.append(self.partial.text)
        texts = (AIMessage(text) for text in parts if text.strip())
        return [*kept[:place], *texts]

    def _unfinished_round(self) -> int | None:
        """Where an answer stands that asks for calls without results, if there is one."""
        from langchain_core.messages import AIMessage, ToolMessage  # noqa: PLC0415

        results = {each.tool_call_id for each in self.messages if isinstance(each, ToolMessage)}
        for place, each in enumerate(self.messages):
            if isinstance(each, AIMessage) and {call["id"] for call in calls_of(each)} - results:
                return place
        return None


@dataclass(slots=True)
class Session:
    """Who is asked, and with what."""

    model: str
    system: str | None = None
    service: Service = field(default_factory=Service)
    parameters: dict[str, object] = field(default_factory=dict)
    tools: list[BaseTool] = field(default_factory=list)
    schema: dict[str, object] | None = None
    streams: bool = True
    timeout: float = 120
    most_rounds: int = 10
    callbacks: list[BaseCallbackHandler] = field(default_factory=list)

    def make_model(self) -> ChatAimlapi:
        """Make the model object.

        Raises:
            typer.BadParameter: For a parameter of the wrong kind.
        """
        from pydantic import ValidationError  # noqa: PLC0415  # not for --help

        from langchain_aimlapi import ChatAimlapi  # noqa: PLC0415  # not for --help

        fields, others = split_parameters(self.parameters)
        arguments: dict[str, Any] = {**fields, **self.service.arguments, "timeout": self.timeout}
        try:
            # Reasoning is looked for where this version has it, whatever the environment says.
            return ChatAimlapi(
                model=self.model, model_kwargs=others, output_version="v0", **arguments
            )
        except ValidationError as error:
            wrong = "; ".join(
                f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors()
            )
            raise typer.BadParameter(wrong, param_hint="--param") from None

    def ask(self, messages: Sequence[BaseMessage], display: Display) -> Turn:
        """Bring a turn to its end: an answer, an error, or Ctrl-C. What came is kept in any case."""
        from langchain_core.messages import SystemMessage  # noqa: PLC0415  # not for --help

        system = [SystemMessage(self.system)] if self.system else []
        turn = Turn([*system, *messages])
        started = time.monotonic()
        try:
            self._go_on(turn, display)
        except KeyboardInterrupt:
            turn.interrupted = True
        except AimlapiError as error:
            turn.error = f"{type(error).__name__}: {error}"
        finally:
            turn.seconds = time.monotonic() - started
            display.end()
        return turn

    def _go_on(self, turn: Turn, display: Display) -> None:
        runnable = self._runnable()
        known = {each.name: each for each in self.tools}
        for _ in range(self.most_rounds):
            answer = self._one_call(runnable, turn, display)
            calls = calls_of(answer)
            if not known or not calls:
                return
            display.end()
            for call in calls:
                display.tool_call(call)
                result = call_tool(known, call)
                turn.messages.append(result)
                display.tool_result(result)
        turn.error = f"The model still calls tools after {self.most_rounds} rounds (--rounds)."

    def _runnable(self) -> Runnable[Any, Any]:
        model = self.make_model()
        if self.schema is not None:
            return model.with_structured_output(self.schema, include_raw=True)
        return model.bind_tools(self.tools) if self.tools else model

    def _one_call(self, runnable: Runnable[Any, Any], turn: Turn, display: Display) -> AIMessage:
        from langchain_core.messages import AIMessage, message_chunk_to_message  # noqa: PLC0415

        for chunk in self._chunks(runnable, turn):
            turn.partial = chunk if turn.partial is None else turn.partial + chunk
            display.add(chunk, text=self.schema is None)
        whole = AIMessage("") if turn.partial is None else message_chunk_to_message(turn.partial)
        assert isinstance(whole, AIMessage)  # noqa: S101  # what a chunk of an answer becomes
        turn.messages.append(whole)
        turn.partial = None
        return whole

    def _chunks(self, runnable: Runnable[Any, Any], turn: Turn) -> Iterator[Any]:
        """The chunks of an answer; one, if it is not to be streamed. An object is set aside."""
        messages = [*turn.prompt, *turn.messages]
        config: Any = {"callbacks": self.callbacks}
        if self.streams:
            pieces = runnable.stream(messages, config)
        else:
            pieces = iter([runnable.invoke(messages, config)])
        for piece in pieces:
            if self.schema is None:
                yield piece
                continue
            turn.parsed = piece.get("parsed", turn.parsed)
            if piece.get("parsing_error") is not None:
                turn.error = f"The answer does not fit the schema: {piece['parsing_error']}"
            if "raw" in piece:
                yield piece["raw"]
