"""Checks of the parameters of a chat request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from langchain_aimlapi.sandbox.checks.values import Kind, Number, OneOf

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def _stop(value: object) -> str:
    stops = [value] if isinstance(value, str) else value
    if not isinstance(stops, list) or not all(isinstance(stop, str) for stop in stops):
        return "Expected string or array of strings"
    return "Array must contain at most 4 element(s)" if len(stops) > _MAX_STOPS else ""


def _stream_options(value: object) -> str:
    good = isinstance(value, dict) and isinstance(value.get("include_usage"), bool)
    return "" if good else "Expected {include_usage: boolean}"


def _thinking(value: object) -> str:
    if not isinstance(value, dict):
        return "Expected object"
    if problem := OneOf(("enabled", "disabled", "adaptive"))(value.get("type")):
        return problem
    budget = value.get("budget_tokens")
    return Number(1024, whole=True)(budget) if budget is not None else ""


def _reasoning(value: object) -> str:
    if not isinstance(value, dict):
        return "Expected object"
    if value.get("effort") and value.get("max_tokens"):
        return "effort and max_tokens exclude each other"
    return _EFFORT(value["effort"]) if value.get("effort") is not None else ""


def _response_format(value: object) -> str:
    if not isinstance(value, dict):
        return "Expected object"
    if value.get("type") == "json_schema":
        named = isinstance(value.get("json_schema"), dict) and value["json_schema"].get("name")
        return "" if named else "json_schema.name: Required"
    return OneOf(("text", "json_object", "json_schema"))(value.get("type"))


def _modalities(value: object) -> str:
    good = isinstance(value, list) and all(word in ("text", "audio") for word in value)
    return "" if good else "Expected an array of 'text' | 'audio'"


def _audio(value: object) -> str:
    if not isinstance(value, dict) or not value.get("voice"):
        return "voice: Required"
    return OneOf(("wav", "mp3", "flac", "opus", "pcm16"))(value.get("format"))


_MAX_STOPS = 4
_EFFORT = OneOf(("low", "medium", "high"))
_PENALTY = Number(-2, 2)
_BOOLEAN, _OBJECT, _ARRAY = Kind(bool, "boolean"), Kind(dict, "object"), Kind(list, "array")
_POSITIVE = Number(1, whole=True)
_PARAMETERS: dict[str, Callable[[object], str]] = {
    "temperature": Number(0, 2),
    "top_p": Number(0.01, 1),
    "top_k": Number(0),
    "min_p": Number(0, 1),
    "seed": _POSITIVE,
    "n": Number(1, 128, whole=True),
    "max_tokens": Number(1),
    "max_completion_tokens": _POSITIVE,
    "frequency_penalty": _PENALTY,
    "presence_penalty": _PENALTY,
    "repetition_penalty": Number(),
    "logit_bias": _OBJECT,
    "logprobs": _BOOLEAN,
    "top_logprobs": Number(0, 20),
    "stop": _stop,
    "stop_sequences": Kind(list, "array"),
    "stream": _BOOLEAN,
    "stream_options": _stream_options,
    "parallel_tool_calls": _BOOLEAN,
    "response_format": _response_format,
    "reasoning_effort": _EFFORT,
    "reasoning": _reasoning,
    "thinking": _thinking,
    "enable_thinking": _BOOLEAN,
    "modalities": _modalities,
    "audio": _audio,
    "web_search_options": _OBJECT,
    "provider": Kind(str, "string"),
    "metadata": _OBJECT,
}


def check_parameters(body: dict[str, Any]) -> Iterator[str]:
    """List the problems of the parameters beside `model`, `messages` and the tools."""
    for name, check in _PARAMETERS.items():
        value = body.get(name)
        if value is not None and (problem := check(value)):
            yield f"{name}: {problem}"
    modalities = body.get("modalities")
    if isinstance(modalities, list) and "audio" in modalities and not body.get("audio"):
        yield "audio: Required"
