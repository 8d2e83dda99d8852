"""`aimlapi chat`: one question, one answer, and what it took, below it."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
import warnings
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer
from langchain_core.messages import AIMessage, AIMessageChunk
from rich.console import Console

from langchain_aimlapi import AimlapiError, ChatAimlapi

if TYPE_CHECKING:
    from collections.abc import Iterator

_KEY_VARIABLE = "AIMLAPI_API_KEY"
_DEFAULT_MODEL = "gpt-4o-mini"
_SANDBOX_NOTICE = (
    f"{_KEY_VARIABLE} is not set, so the local sandbox answers: "
    "not a model, and nothing leaves this machine."
)
_notes = Console(stderr=True, highlight=False, soft_wrap=True)


def chat(
    prompt: Annotated[str, typer.Argument(help="What to say; - reads it from standard input.")],
    *,
    model: Annotated[
        str, typer.Option("--model", "-m", envvar="AIMLAPI_MODEL", help="Id of the model.")
    ] = _DEFAULT_MODEL,
    system: Annotated[
        str | None, typer.Option("--system", "-s", help="Instructions for the model.")
    ] = None,
    stream: Annotated[bool, typer.Option(help="Show the answer as it comes.")] = True,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object instead of text.")
    ] = False,
    temperature: Annotated[
        float | None, typer.Option(help="Randomness; the model's default if not given.")
    ] = None,
    max_tokens: Annotated[
        int | None, typer.Option(help="Most tokens of the answer.", min=1)
    ] = None,
    timeout: Annotated[float, typer.Option(help="Seconds for the whole call.", min=0.001)] = 120,
) -> None:
    """Ask a model. Without a key the local sandbox answers, and says so."""
    text = sys.stdin.read().rstrip("\n") if prompt == "-" else prompt
    messages = [("system", system)] * (system is not None) + [("human", text)]
    try:
        with _plain_warnings(), _service() as (service, local):
            llm = ChatAimlapi(
                model=model,
                temperature=temperature,
                max_tokens=max_tokens,
                timeout=timeout,
                **service,
            )
            started = time.monotonic()
            streamed = stream and not as_json
            answer = _streamed(llm, messages) if streamed else llm.invoke(messages)
            seconds = time.monotonic() - started
    except AimlapiError as error:
        _notes.print(f"{type(error).__name__}: {error}", style="red", markup=False)
        raise typer.Exit(1) from None
    if as_json:
        typer.echo(json.dumps(_as_json(answer, seconds, local=local), ensure_ascii=False, indent=2))
        return
    if not streamed:
        typer.echo(answer.text)
    _notes.print(_summary(answer, seconds), style="dim", markup=False)


@contextlib.contextmanager
def _plain_warnings() -> Iterator[None]:
    """Warnings as one line each: the line of code they point to is none of the user's."""

    def show(message: Warning | str, *_: object) -> None:
        _notes.print(str(message), style="yellow", markup=False)

    with warnings.catch_warnings():
        warnings.showwarning = cast("Any", show)
        yield


@contextlib.contextmanager
def _service() -> Iterator[tuple[dict[str, Any], bool]]:
    """Where to ask, and whether that is the sandbox on this machine."""
    if os.environ.get(_KEY_VARIABLE):
        yield {}, False
        return
    from langchain_aimlapi.sandbox import Sandbox  # noqa: PLC0415  # a server, seldom needed

    _notes.print(_SANDBOX_NOTICE, style="yellow", markup=False)
    with Sandbox(tokens_per_second=60) as sandbox:
        yield {"api_key": sandbox.api_key, "base_url": sandbox.base_url}, True


def _streamed(llm: ChatAimlapi, messages: list[tuple[str, str]]) -> AIMessage:
    """Print the answer as it comes, thoughts dimmed and on standard error."""
    whole: AIMessageChunk | None = None
    try:
        for chunk in llm.stream(messages):
            whole = chunk if whole is None else whole + chunk
            _show(chunk)
    finally:
        if whole is not None:
            typer.echo()
    return whole if whole is not None else AIMessage("")


def _show(chunk: AIMessageChunk) -> None:
    if thought := chunk.additional_kwargs.get("reasoning_content"):
        _notes.print(thought, style="dim italic", end="", markup=False)
    typer.echo(chunk.text, nl=False)


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


def _as_json(answer: AIMessage, seconds: float, *, local: bool) -> dict[str, Any]:
    metadata = answer.response_metadata
    return {
        "text": answer.text,
        "reasoning": answer.additional_kwargs.get("reasoning_content"),
        "model": metadata.get("model_name"),
        "finish_reason": metadata.get("finish_reason"),
        "usage": answer.usage_metadata,
        "cost": metadata.get("cost"),
        "cost_details": metadata.get("cost_details"),
        "inference_id": metadata.get("inference_id"),
        "seconds": round(seconds, 3),
        "sandbox": local,
    }
