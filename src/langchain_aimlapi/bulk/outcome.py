"""What a row's call came to: the columns that a job adds to its input.

A runnable may answer with a message, with `{"raw", "parsed", "parsing_error"}`, with a pydantic
object, a dict, a list of numbers or a text; each is written to the same columns. A column that
does not apply is null, and its type does not depend on the rows: a job without a failure has an
error column of texts all the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from langchain_core.messages import BaseMessage

from langchain_aimlapi.bulk.values import jsonable

__all__ = ["COLUMNS", "Outcome", "failure", "outcome_of"]

COLUMNS: Mapping[str, str] = {
    "answer": "string",
    "parsed": "json",
    "reasoning": "string",
    "embedding": "floats",
    "finish_reason": "string",
    "input_tokens": "int",
    "output_tokens": "int",
    "cost_usd": "float",
    "model": "string",
    "request_id": "string",
    "inference_id": "string",
    "client_request_id": "string",
    "attempts": "int",
    "seconds": "float",
    "error_type": "string",
    "error": "string",
}
"""The columns a job adds, with their types; "json" is JSON text where a format has no objects."""


@dataclass(slots=True)
class Outcome:
    """A row that is through.

    Attributes:
        values: By the names of `COLUMNS`; what is missing is null.
        failed: Whether it ended with an error.
    """

    values: dict[str, Any]
    failed: bool = False


def outcome_of(result: Any) -> Outcome:
    """The columns of a runnable's answer."""
    if isinstance(result, Mapping) and {"raw", "parsed", "parsing_error"} <= result.keys():
        return _structured(result)
    if isinstance(result, BaseMessage):
        return Outcome(_message(result))
    return Outcome(_plain(result))


def _structured(result: Mapping[str, object]) -> Outcome:
    raw = result["raw"]
    values = _message(raw) if isinstance(raw, BaseMessage) else {}
    error = result["parsing_error"]
    if error is not None:
        named = {"error_type": type(error).__name__, "error": str(error)}
        return Outcome({**values, **named}, failed=True)
    return Outcome({**values, "parsed": jsonable(result["parsed"])})


def _plain(result: object) -> dict[str, object]:
    if isinstance(result, str):
        return {"answer": result}
    if isinstance(result, list) and result and all(isinstance(n, float) for n in result):
        return {"embedding": result}
    return {"parsed": jsonable(result)}


def _message(message: BaseMessage) -> dict[str, object]:
    metadata = message.response_metadata
    usage: Mapping[str, object] = getattr(message, "usage_metadata", None) or {}
    values = {
        "answer": content if isinstance(content := message.content, str) else message.text,
        "reasoning": _reasoning(message),
        "finish_reason": metadata.get("finish_reason") or metadata.get("stop_reason"),
        "input_tokens": usage.get("input_tokens"),
        "output_tokens": usage.get("output_tokens"),
        "cost_usd": _usd(metadata.get("cost")),
        "model": metadata.get("model_name"),
        "request_id": metadata.get("id"),
        "inference_id": metadata.get("inference_id"),
        "client_request_id": metadata.get("client_request_id"),
    }
    if calls := getattr(message, "tool_calls", None):
        values["parsed"] = [{"name": call["name"], "args": call["args"]} for call in calls]
    return {name: value for name, value in values.items() if value not in (None, "")}


def _reasoning(message: BaseMessage) -> str | None:
    kept = message.additional_kwargs.get("reasoning_content")
    if isinstance(kept, str) or not isinstance(message.content, list):
        return kept if isinstance(kept, str) else None
    blocks = [block for block in message.content if isinstance(block, dict)]
    texts = [block.get("reasoning") for block in blocks if block.get("type") == "reasoning"]
    return "".join(text for text in texts if isinstance(text, str)) or None


def _usd(cost: object) -> float | None:
    """USD of a message, whichever way its `cost` says it."""
    if isinstance(cost, Mapping):
        cost = cost.get("usd_spent")
    return float(cost) if isinstance(cost, (int, float)) else None


def failure(error: BaseException) -> Outcome:
    """The columns of a row that ended with an error."""
    values = {
        "error_type": type(error).__name__,
        "error": str(error) or repr(error),
        "request_id": getattr(error, "request_id", None),
        "inference_id": getattr(error, "inference_id", None),
        "client_request_id": getattr(error, "client_request_id", None),
    }
    return Outcome({name: value for name, value in values.items() if value}, failed=True)
