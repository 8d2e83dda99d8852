"""`aimlapi chat`: one prompt, one answer, and below it what the answer took."""

from __future__ import annotations

import json
import os
import stat
import sys
import time
from typing import TYPE_CHECKING, Annotated

import typer

from langchain_aimlapi.cli._output import note, plain_warnings
from langchain_aimlapi.cli._service import service

if TYPE_CHECKING:
    from langchain_core.messages import AIMessage, AIMessageChunk

    from langchain_aimlapi import ChatAimlapi

_DEFAULT_MODEL = "gpt-4o-mini"


def _known_models(incomplete: str) -> list[str]:
    from langchain_aimlapi import _catalogue  # noqa: PLC0415  # for completion alone

    return [model for model in _catalogue.ids() if model.startswith(incomplete)]


def chat(
    prompt: Annotated[
        str | None,
        typer.Argument(
            help="The prompt. What is piped in is added below it, or is the prompt if none is given."
        ),
    ] = None,
    *,
    model: Annotated[
        str,
        typer.Option(
            "--model",
            "-m",
            envvar="AIMLAPI_MODEL",
            help="Id of the model.",
            autocompletion=_known_models,
        ),
    ] = _DEFAULT_MODEL,
    system: Annotated[
        str | None, typer.Option("--system", "-s", help="Instructions for the model.")
    ] = None,
    stream: Annotated[bool, typer.Option(help="Show the answer while it streams.")] = True,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object instead of text.")
    ] = False,
    temperature: Annotated[
        float | None, typer.Option(help="Randomness; the model's default if not given.")
    ] = None,
    max_tokens: Annotated[
        int | None, typer.Option(help="Maximum number of tokens of the answer.", min=1)
    ] = None,
    timeout: Annotated[float, typer.Option(help="Seconds for the whole call.", min=0.001)] = 120,
) -> None:
    """Ask a model. Without a key and an address the local sandbox answers, and says so."""
    from langchain_aimlapi import AimlapiError, ChatAimlapi  # noqa: PLC0415  # not for --help

    messages = [("human", _whole_prompt(prompt))]
    if system is not None:
        messages.insert(0, ("system", system))
    try:
        with plain_warnings(), service() as place:
            _name_others(model)
            llm = ChatAimlapi(
                model=model,
                temperature=temperature,
                max_tokens=max_tokens,
                timeout=timeout,
                **place.arguments,
            )
            started = time.monotonic()
            streamed = stream and not as_json
            answer = _stream(llm, messages) if streamed else llm.invoke(messages)
            seconds = time.monotonic() - started
    except AimlapiError as error:
        note(f"{type(error).__name__}: {error}", "red")
        raise typer.Exit(1) from None
    if as_json:
        shown = _as_json(answer, seconds, is_sandbox=place.is_sandbox)
        typer.echo(json.dumps(shown, ensure_ascii=False, indent=2))
        return
    if not streamed:
        _Display().show(answer)
    _show_tool_calls(answer)
    note(_summary(answer, seconds), "dim")


def _name_others(model: str) -> None:
    """Help who mistyped an id: servers that take any id would answer without a word."""
    from langchain_aimlapi import _catalogue  # noqa: PLC0415  # what the call needs anyway

    if model and _catalogue.entry(model) is None:
        note(f"The catalogue has no model {model!r}. {_catalogue.name_others(model)}", "yellow")


# --- the prompt -----------------------------------------------------------------------------------


def _whole_prompt(prompt: str | None) -> str:
    """Return the argument and what is piped in, one below the other."""
    given = None if prompt == "-" else prompt
    piped = sys.stdin.read().rstrip("\n") if prompt in {None, "-"} or _is_piped() else ""
    text = "\n\n".join(part for part in (given, piped) if part and not part.isspace())
    if not text:
        raise typer.BadParameter("the prompt is empty", param_hint="PROMPT")
    return text


def _is_piped() -> bool:
    """Tell whether a file or a pipe was given as standard input; others may never end."""
    try:
        mode = os.fstat(sys.stdin.fileno()).st_mode
    except (OSError, ValueError):
        return not sys.stdin.isatty()
    return stat.S_ISFIFO(mode) or stat.S_ISREG(mode)


# --- the answer -----------------------------------------------------------------------------------


class _Display:
    """Shows an answer chunk by chunk: reasoning on standard error, under a name of its own."""

    def __init__(self) -> None:
        self._in_reasoning = False

    def add(self, chunk: AIMessage) -> None:
        if reasoning := chunk.additional_kwargs.get("reasoning_content"):
            if not self._in_reasoning:
                note("Reasoning: ", "dim", end="")
                self._in_reasoning = True
            note(reasoning, "dim italic", end="")
        if chunk.text:
            self._end_reasoning()
            typer.echo(chunk.text, nl=False)

    def end(self) -> None:
        if self._in_reasoning:
            self._end_reasoning()
        else:
            typer.echo()

    def show(self, answer: AIMessage) -> None:
        """Show a whole answer."""
        self.add(answer)
        self.end()

    def _end_reasoning(self) -> None:
        if self._in_reasoning:
            note("\n")
        self._in_reasoning = False


def _stream(llm: ChatAimlapi, messages: list[tuple[str, str]]) -> AIMessage:
    whole: AIMessageChunk | None = None
    display = _Display()
    try:
        for chunk in llm.stream(messages):
            whole = chunk if whole is None else whole + chunk
            display.add(chunk)
    finally:
        if whole is not None:
            display.end()
    if whole is not None:
        return whole
    from langchain_core.messages import AIMessage  # noqa: PLC0415  # loaded by then

    return AIMessage("")


def _show_tool_calls(answer: AIMessage) -> None:
    for call in (*answer.tool_calls, *answer.invalid_tool_calls):
        arguments = call["args"]
        if not isinstance(arguments, str):
            arguments = json.dumps(arguments, ensure_ascii=False)
        typer.echo(f"Tool call: {call['name']} {arguments}")


def _summary(answer: AIMessage, seconds: float) -> str:
    metadata, usage = answer.response_metadata, answer.usage_metadata
    tokens = (
        f"{usage['input_tokens']} tokens in, {usage['output_tokens']} out"
        if usage
        else "tokens not reported"
    )
    return " · ".join(
        [
            str(metadata.get("model_name", "")),
            tokens,
            _cost(metadata.get("cost")),
            f"{seconds:.2f} s",
            str(metadata.get("finish_reason", "")),
        ]
    )


def _cost(cost: float | None) -> str:
    return "cost not reported" if cost is None else f"${cost:.6f}"


def _as_json(answer: AIMessage, seconds: float, *, is_sandbox: bool) -> dict[str, object]:
    metadata = answer.response_metadata
    return {
        "text": answer.text,
        "reasoning": answer.additional_kwargs.get("reasoning_content"),
        "tool_calls": [*answer.tool_calls, *answer.invalid_tool_calls],
        "model": metadata.get("model_name"),
        "finish_reason": metadata.get("finish_reason"),
        "usage": answer.usage_metadata,
        "cost": metadata.get("cost"),
        "cost_details": metadata.get("cost_details"),
        "inference_id": metadata.get("inference_id"),
        "seconds": round(seconds, 3),
        "sandbox": is_sandbox,
    }
