"""The token usage of a request and its answers, with what the prompt cache saved."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from langchain_aimlapi.sandbox.answers.json_text import json_text
from langchain_aimlapi.sandbox.answers.tokens import Usage, count_tokens
from langchain_aimlapi.sandbox.replies import validation_error

if TYPE_CHECKING:
    from langchain_aimlapi.sandbox.answers.answer import Answer
    from langchain_aimlapi.sandbox.parsing.request import ParsedRequest, Part, Tool

_PER_MESSAGE, _IMAGE, _VIDEO, _AUDIO_OUT = 3, 85, 250, 10
_BYTES_PER_AUDIO_TOKEN, _BYTES_PER_FILE_TOKEN = 1000, 100


def count_usage(request: ParsedRequest, answers: list[Answer], cache: tuple[int, int]) -> Usage:
    """Add up the usage of a request and its answers.

    Args:
        request: The request.
        answers: One answer per choice.
        cache: Prompt tokens read from the cache, and those written to it.
    """
    parts = [part for message in request.messages for part in message.parts]
    tools = sum(
        count_tokens(f"{tool.name}{tool.description}") + count_tokens(_schema_text(tool))
        for tool in request.tools
    )
    audio_out = sum(_AUDIO_OUT for answer in answers if answer.audio)
    usage = Usage(
        prompt=len(request.messages) * _PER_MESSAGE + sum(map(_part_tokens, parts)) + tools,
        completion=sum(answer.tokens for answer in answers) + audio_out,
        cached=cache[0],
        cache_written=cache[1],
        reasoning=sum(count_tokens(answer.reasoning) for answer in answers),
        audio_in=sum(_part_tokens(part) for part in parts if part.kind == "audio"),
        audio_out=audio_out,
        cost=answers[0].cost,
    )
    given = answers[0].usage
    return (
        replace(usage, reported=False)
        if given is False
        else replace(usage, **dict[str, Any](given or {}))
    )


def _schema_text(tool: Tool) -> str:
    try:
        return json_text(dict(tool.schema))
    except ValueError as error:
        raise validation_error(f"tools: {tool.name}: {error}") from error


def _part_tokens(part: Part) -> int:
    size = part.size or 0
    match part.kind:
        case "image":
            return _IMAGE
        case "video":
            return _VIDEO
        case "audio":
            return 1 + size // _BYTES_PER_AUDIO_TOKEN
        case "file":
            return 1 + size // _BYTES_PER_FILE_TOKEN
        case _:
            return count_tokens(part.text) + count_tokens(part.name)
