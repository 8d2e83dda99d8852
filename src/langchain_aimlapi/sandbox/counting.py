"""What an exchange took: the prompt's tokens, the answer's, and what the cache saved."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from langchain_aimlapi.sandbox.tokens import Usage, count

if TYPE_CHECKING:
    from langchain_aimlapi.sandbox.answers import Answer
    from langchain_aimlapi.sandbox.ask import Ask, Part

_PER_MESSAGE, _IMAGE, _VIDEO, _AUDIO_OUT = 3, 85, 250, 10
_BYTES_PER_AUDIO_TOKEN, _BYTES_PER_FILE_TOKEN = 1000, 100


def measure(ask: Ask, said: list[Answer], cache: tuple[int, int]) -> Usage:
    """Add up the usage of a request and the answers to it."""
    parts = [part for turn in ask.turns for part in turn.parts]
    tools = sum(
        count(f"{tool.name}{tool.description}") + count(orjson.dumps(dict(tool.schema)).decode())
        for tool in ask.tools
    )
    spoken = sum(_AUDIO_OUT for one in said if one.audio)
    return Usage(
        prompt=len(ask.turns) * _PER_MESSAGE + sum(map(_part, parts)) + tools,
        completion=sum(one.tokens for one in said) + spoken,
        cached=cache[0],
        cache_written=cache[1],
        reasoning=sum(count(one.reasoning) for one in said),
        audio_in=sum(_part(part) for part in parts if part.kind == "audio"),
        audio_out=spoken,
    )


def _part(part: Part) -> int:
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
            return count(part.text) + count(part.name)
