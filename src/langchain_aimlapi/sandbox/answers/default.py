"""The answer to a request that no script answers.

It follows the request: the schema, the tools, the media that arrived. Nothing in it is random,
so the same request always gets the same words.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from langchain_aimlapi.sandbox.answers.answer import Answer
from langchain_aimlapi.sandbox.answers.json_schema.quotes import quoted_texts
from langchain_aimlapi.sandbox.answers.json_schema.values import value_for
from langchain_aimlapi.sandbox.answers.json_text import json_text
from langchain_aimlapi.sandbox.answers.limits import apply_limits
from langchain_aimlapi.sandbox.answers.memory import recall
from langchain_aimlapi.sandbox.answers.tokens import count_tokens
from langchain_aimlapi.sandbox.answers.tool_selection import select_tool_calls

if TYPE_CHECKING:
    from langchain_aimlapi.sandbox.parsing.request import Message, ParsedRequest, Part

_MAX_ECHOED = 500
_PADDING = " and so on"
_REASONING = (
    "The user wants an answer.",
    " It should be short and friendly.",
    " Nothing else has to be weighed.",
)
_SENTENCES_PER_EFFORT = {"": 0, "low": 1, "medium": 2, "high": 3}
_MEDIA_WORDS = {"image": "image", "audio": "audio file", "video": "video", "file": "file"}


def default_answers(request: ParsedRequest) -> list[Answer]:
    """Decide the content of each choice.

    Raises:
        UnusableSchemaError: A JSON schema of the request is not valid.
    """
    reasoning = "".join(_REASONING[: _SENTENCES_PER_EFFORT[request.effort]])
    if calls := select_tool_calls(request):
        return [apply_limits(Answer(reasoning=reasoning, tool_calls=calls), request)] * request.n
    texts = [_json(request)] * request.n if request.format.kind != "text" else _texts(request)
    return [apply_limits(Answer(text, reasoning), request) for text in texts]


def _json(request: ParsedRequest) -> str:
    if request.format.kind == "json_schema":
        return json_text(value_for(request.format.schema, request.prompt))
    keys = quoted_texts(request.prompt) or ["answer"]
    return json_text({key: f"sample {key}" for key in keys})


def _texts(request: ParsedRequest) -> list[str]:
    """Write the text of each choice; several are numbered."""
    text = " ".join(_sentences(request))
    numbers = range(1, request.n + 1)
    texts = [f"{text} (choice {at} of {request.n})" for at in numbers] if request.n > 1 else [text]
    return [_padded(text, request.pad_to) for text in texts]


def _padded(text: str, tokens: int) -> str:
    missing = tokens - count_tokens(text)
    return text + _PADDING * math.ceil(missing / count_tokens(_PADDING))


def _sentences(request: ParsedRequest) -> list[str]:
    """Greet, repeat the prompt or the tool results, and list the media that arrived."""
    text = ["Hello from the AI/ML API sandbox."]
    if request.answers_a_tool:
        results = (part for message in request.since_prompt for part in message.parts)
        text += [_tool_said(part, request) for part in results if part.kind == "result"]
    elif request.prompt:
        text.append(f'You said: "{_shortened(request.prompt)}"')
        earlier = recall(request)
        text += [f'Earlier you said: "{_shortened(one)}"' for one in earlier]
    media = [
        part
        for message in _last_messages(request)
        for part in message.parts
        if part.kind in _MEDIA_WORDS
    ]
    for kind in _MEDIA_WORDS:
        if received := [part for part in media if part.kind == kind]:
            text.append(_received(kind, received))
    return text


def _tool_said(result: Part, request: ParsedRequest) -> str:
    parts = (part for message in request.messages for part in message.parts)
    calls = (part for part in parts if part.kind == "call")
    name = next((call.name for call in calls if call.ref == result.ref), result.ref)
    return f'The tool {name} said: "{_shortened(result.text)}"'


def _shortened(text: str) -> str:
    return text if len(text) <= _MAX_ECHOED else f"{text[:_MAX_ECHOED]}…"


def _last_messages(request: ParsedRequest) -> tuple[Message, ...]:
    """Return the user's last message and those after it."""
    following = len(request.since_prompt)
    return request.messages[max(len(request.messages) - following - 1, 0) :]


def _received(kind: str, parts: list[Part]) -> str:
    word = _MEDIA_WORDS[kind] + ("s" if len(parts) > 1 else "")
    return f"I received {len(parts)} {word} ({'; '.join(map(_described, parts))})."


def _described(part: Part) -> str:
    size = "linked" if part.size is None else f"{part.size} bytes"
    return ", ".join(word for word in (part.name, part.media_type, size) if word)
