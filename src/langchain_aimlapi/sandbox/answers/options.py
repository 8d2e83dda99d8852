"""The options of a scripted answer, as tests and script files write them -> `Answer`.

Everything is checked here, at the call that sets the answer: what has the wrong type is a
TypeError there and not a strange reply later.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, TypedDict

from langchain_aimlapi.sandbox.answers.answer import Answer, Citation, ToolCall
from langchain_aimlapi.sandbox.answers.json_text import json_text
from langchain_aimlapi.sandbox.faults.table import Fault, error_fault, fault_named

ToolCalls = Sequence[Mapping[str, Any]] | Mapping[str, Any]


class AnswerOptions(TypedDict, total=False):
    """What an answer may hold beside its text."""

    reasoning: str
    """Reasoning before the answer."""
    tool_calls: ToolCalls
    """`[{"name": ..., "args": {...}}, ...]`, or `{name: args}` for one call of each tool. An `id`
    may be given; `args` may be a string, which is sent as it is."""
    finish_reason: str
    """E.g. `"content_filter"`; by default the one that fits."""
    citations: Sequence[str | Mapping[str, str]]
    """URLs, or `{"url": ..., "title": ..., "text": ...}`; `text` is the citing part of the text."""
    images: Sequence[str | bytes]
    """URLs, or the bytes of PNG, JPEG, GIF or WebP files."""
    usage: Mapping[str, int] | Literal[False]
    """Token counts by name: `input_tokens`, `output_tokens`, `cached_tokens`,
    `cache_write_tokens`, `reasoning_tokens`; False for a reply without usage."""
    cost: float
    """US dollars."""
    logprobs: Sequence[float]
    """Log probabilities of the tokens of the text, in order."""
    chunks: Sequence[str] | int
    """The chunks of the streamed text, or the number of characters of every chunk."""
    ttft: float
    """Seconds until the first token."""
    tokens_per_second: float
    """Pace of the stream."""
    error: str | int | tuple[int, str]
    """The name of a fault, a status, or a status with a message."""
    embeddings: Sequence[Sequence[float]]
    """One vector per text of an embeddings request, or one for all of them."""


def make_answer(text: str = "", options: Mapping[str, Any] | None = None) -> Answer:
    """Check the options of an answer and convert them.

    Raises:
        TypeError: An option does not exist or has the wrong type.
        ValueError: An option has a value that is not possible.
    """
    given = {name: value for name, value in (options or {}).items() if value is not None}
    if unknown := [name for name in given if name not in _READERS]:
        raise TypeError(f"an answer has no option {unknown[0]!r}; it has {', '.join(_READERS)}")
    read = {_FIELDS.get(name, name): _READERS[name](value) for name, value in given.items()}
    chunks = read.get("chunks")
    text = _text("text", text)
    if isinstance(chunks, tuple):
        joined = "".join(chunks)
        if text and joined != text:
            raise ValueError("the chunks of an answer, joined, are its text")
        text = joined
    return Answer(text, **read)


def _need(right: object, what: str, value: object) -> None:
    if not right:
        raise TypeError(f"{what}, not {type(value).__name__}: {value!r:.200}")


def _text(name: str, value: Any) -> str:
    _need(isinstance(value, str), f"{name} is a string", value)
    return str(value)


def _texts(name: str) -> Callable[[object], str]:
    return lambda value: _text(name, value)


def _is_list(value: object) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, (str, bytes))


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _tool_calls(value: Any) -> tuple[ToolCall, ...]:
    if isinstance(value, Mapping):
        return tuple(_tool_call({"name": name, "args": args}) for name, args in value.items())
    _need(_is_list(value), "tool_calls is a list of {'name', 'args'}, or {name: args}", value)
    return tuple(map(_tool_call, value))


def _tool_call(call: Any) -> ToolCall:
    _need(isinstance(call, Mapping), "a tool call is a dict with 'name' and 'args'", call)
    unknown = set(call) - {"name", "args", "id", "type"}
    _need(not unknown, f"a tool call has 'name', 'args' and 'id' and no {sorted(unknown)}", call)
    _need(isinstance(call.get("name"), str), "the name of a tool call is a string", call)
    _need(isinstance(call.get("id"), str | None), "the id of a tool call is a string", call)
    args = call.get("args", {})
    _need(isinstance(args, (Mapping, str)), "the args of a tool call are a dict or a string", args)
    if not isinstance(args, str):
        try:
            args = json_text(dict(args))
        except ValueError as error:
            raise TypeError(f"the args of a tool call are JSON: {error}") from error
    return ToolCall(call["name"], args, ref=call.get("id") or "")


def _citations(value: Any) -> tuple[Citation, ...]:
    _need(_is_list(value), "citations is a list of URLs or dicts", value)
    return tuple(map(_citation, value))


def _citation(value: Any) -> Citation:
    if isinstance(value, str):
        return Citation(value)
    fits = isinstance(value, Mapping) and set(value) <= {"url", "title", "text"} and "url" in value
    _need(fits, "a citation is a URL or a dict with 'url', 'title' and 'text'", value)
    return Citation(**{name: _text(name, text) for name, text in value.items()})


_MAGIC = {b"\x89PNG": "png", b"\xff\xd8\xff": "jpeg", b"GIF8": "gif", b"RIFF": "webp"}


def _images(value: Any) -> tuple[str, ...]:
    _need(_is_list(value), "images is a list of URLs or bytes", value)
    return tuple(map(_image, value))


def _image(value: Any) -> str:
    if isinstance(value, bytes):
        kinds = (kind for magic, kind in _MAGIC.items() if value.startswith(magic))
        kind = next(kinds, "png")
        return f"data:image/{kind};base64,{base64.b64encode(value).decode()}"
    _need(isinstance(value, str), "an image is a URL or bytes", value)
    if not value.startswith(("data:", "http://", "https://")):
        raise ValueError(f"an image is a URL or bytes, not {value!r:.100}")
    return str(value)


USAGE_NAMES = {
    "input_tokens": "prompt",
    "output_tokens": "completion",
    "cached_tokens": "cached",
    "cache_write_tokens": "cache_written",
    "reasoning_tokens": "reasoning",
}


def _usage(value: Any) -> Mapping[str, int] | Literal[False]:
    if value is False:
        return False
    _need(isinstance(value, Mapping), "usage is a dict of token counts, or False", value)
    known = set(value) <= set(USAGE_NAMES)
    _need(known, f"usage has the names {', '.join(USAGE_NAMES)}", value)
    _need(all(type(count) is int for count in value.values()), "token counts are integers", value)
    return {USAGE_NAMES[name]: count for name, count in value.items()}


def _number(name: str, *, above: float | None = None) -> Callable[[Any], float]:
    def read(value: Any) -> float:
        _need(_is_number(value), f"{name} is a number", value)
        if value < 0 or (above is not None and value <= above):
            raise ValueError(f"{name} cannot be {value}")
        return float(value)

    return read


def _logprobs(value: Any) -> tuple[float, ...]:
    fits = _is_list(value) and all(map(_is_number, value))
    _need(fits, "logprobs is a list of numbers", value)
    return tuple(map(float, value))


def _chunks(value: Any) -> tuple[str, ...] | int:
    if type(value) is int:
        if value < 1:
            raise ValueError("a chunk has at least one character")
        return value
    fits = _is_list(value) and all(isinstance(chunk, str) for chunk in value)
    _need(fits, "chunks is a list of strings, or a number of characters", value)
    return tuple(value)


def _error(value: object) -> Fault:
    if isinstance(value, str):
        return fault_named(value)
    status, message = (value, "") if isinstance(value, int) else _pair(value)
    _need(type(status) is int, "the status of an error is an integer", value)
    return error_fault(status, _text("the message of an error", message))


def _pair(value: Any) -> tuple[Any, object]:
    fits = _is_list(value) and len(value) == len(("status", "message"))
    _need(fits, "error is the name of a fault, a status, or a status with a message", value)
    return value[0], value[1]


def _embeddings(value: Any) -> tuple[tuple[float, ...], ...]:
    fits = _is_list(value) and value and all(map(_is_list, value))
    _need(fits, "embeddings is a list of vectors", value)
    _need(all(_is_number(x) for one in value for x in one), "a vector is a list of numbers", value)
    return tuple(tuple(map(float, one)) for one in value)


_FIELDS = {"error": "fault"}
_READERS: dict[str, Callable[[object], Any]] = {
    "reasoning": _texts("reasoning"),
    "tool_calls": _tool_calls,
    "finish_reason": _texts("finish_reason"),
    "citations": _citations,
    "images": _images,
    "usage": _usage,
    "cost": _number("cost"),
    "logprobs": _logprobs,
    "chunks": _chunks,
    "ttft": _number("ttft"),
    "tokens_per_second": _number("tokens_per_second", above=0),
    "error": _error,
    "embeddings": _embeddings,
}
