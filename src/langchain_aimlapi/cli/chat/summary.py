"""What a turn took, below the answer and as JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import typer

from langchain_aimlapi.cli._output import note, shown_cost
from langchain_aimlapi.cli.chat.content import other_blocks, refusal_of, sources_of
from langchain_aimlapi.cli.chat.display import printable
from langchain_aimlapi.cli.chat.tools import calls_of, shown_call

if TYPE_CHECKING:
    from langchain_core.messages import AIMessage
    from langchain_core.messages.ai import UsageMetadata

    from langchain_aimlapi.cli.chat.session import Session, Turn


def answers_of(turn: Turn) -> list[AIMessage]:
    """The answers of a turn: one, and one more for each round of tool calls."""
    from langchain_core.messages import AIMessage  # noqa: PLC0415  # loaded by then

    whole = [each for each in turn.messages if isinstance(each, AIMessage)]
    return whole if turn.partial is None else [*whole, turn.partial]


def usage_of(turn: Turn) -> UsageMetadata | None:
    """Tokens of all answers together; None if none of them told."""
    from langchain_core.messages.ai import add_usage  # noqa: PLC0415  # loaded by then

    total = None
    for answer in answers_of(turn):
        if answer.usage_metadata:
            total = add_usage(total, answer.usage_metadata)
    return total


def cost_of(turn: Turn) -> float | None:
    """USD of all answers together; None if none of them told."""
    told = [
        cost
        for answer in answers_of(turn)
        if (cost := answer.response_metadata.get("cost")) is not None
    ]
    return sum(told) if told else None


def summary(turn: Turn) -> str:
    """One line: who answered, tokens, cost, time, and why it ended."""
    metadata, usage, cost = turn.answer.response_metadata, usage_of(turn), cost_of(turn)
    tokens = (
        f"{usage['input_tokens']} tokens in, {usage['output_tokens']} out"
        if usage
        else "tokens not reported"
    )
    parts = [
        str(metadata.get("model_name", "")),
        tokens,
        shown_cost(cost),
        f"{turn.seconds:.2f} s",
        str(metadata.get("finish_reason", "")),
    ]
    return " · ".join(parts)


def show_outcome(session: Session, turn: Turn) -> None:
    """Show what is to be shown once a turn is over: the object, calls, what it took, what is amiss."""
    if session.schema is not None and turn.is_whole:
        typer.echo(json.dumps(turn.parsed, ensure_ascii=False, indent=2))
    elif session.schema is not None and turn.answer.text:
        note(f"The answer as it came: {turn.answer.text}")
    elif turn.is_whole:
        _show_rest(turn.answer)
    if turn.messages:
        note(summary(turn), "dim")
    show_problem(turn)


def _show_rest(answer: AIMessage) -> None:
    """Show what an answer holds beside its text."""
    if (refusal := refusal_of(answer)) is not None:
        typer.echo(printable(f"Refused: {refusal or 'the model did not say why.'}"))
    for call in calls_of(answer):
        typer.echo(shown_call(call))
    for number, source in enumerate(sources_of(answer), 1):
        note(printable(f"[{number}] {source['title']} {source['url']}".replace("  ", " ")), "dim")
    for block in other_blocks(answer):
        kind = block.get("mime_type") or block["type"]
        told = f"The answer holds something that is not shown here ({kind})"
        note(f"{told}; --json has it, and /save FILE.json.", "yellow")


def show_problem(turn: Turn) -> None:
    """Say why there is no answer, or not the whole one."""
    if turn.error:
        note(turn.error, "red")
    if turn.interrupted:
        came = turn.answer.text or turn.partial is not None
        note(
            f"Interrupted: {'this is not the whole answer' if came else 'no answer came'}.",
            "yellow",
        )


def as_json(session: Session, turn: Turn) -> dict[str, object]:
    """All that is known of a turn."""
    answer = turn.answer
    metadata = answer.response_metadata
    shown: dict[str, object] = {
        "text": answer.text,
        "reasoning": answer.additional_kwargs.get("reasoning_content"),
        "refusal": refusal_of(answer),
        "citations": sources_of(answer),
        "other_content": other_blocks(answer),
        "tool_calls": calls_of(answer),
        "model": metadata.get("model_name"),
        "finish_reason": metadata.get("finish_reason"),
        "usage": usage_of(turn),
        "cost": cost_of(turn),
        "cost_details": metadata.get("cost_details"),
        "inference_id": metadata.get("inference_id"),
        "seconds": round(turn.seconds, 3),
        "sandbox": session.service.is_sandbox,
    }
    if session.schema is not None:
        shown["parsed"] = turn.parsed
    if rounds := _rounds(turn):
        shown["tool_results"] = rounds
    return shown


def _rounds(turn: Turn) -> list[dict[str, object]]:
    """The calls that were made, each with its result."""
    from langchain_core.messages import AIMessage, ToolMessage  # noqa: PLC0415  # loaded by then

    results = {each.tool_call_id: each for each in turn.messages if isinstance(each, ToolMessage)}
    return [
        {
            "name": call["name"],
            "args": call["args"],
            "result": results[call["id"]].text,
            "status": results[call["id"]].status,
        }
        for each in turn.messages
        if isinstance(each, AIMessage)
        for call in calls_of(each)
        if call["id"] in results
    ]
