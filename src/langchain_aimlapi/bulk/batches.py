"""The service's batches: what is sent, how their state and results are read, and what is kept.

Source: capabilities/batch-processing.md of the service's documentation. A batch takes 100,000
requests of Claude ids in the form of Anthropic's Messages API; looking at it gives its state as
JSON, and once it has ended its results as JSON lines, in any order.
"""

from __future__ import annotations

import sqlite3
import uuid
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from langchain_aimlapi.bulk.database import translated
from langchain_aimlapi.bulk.outcome import Outcome
from langchain_aimlapi.bulk.values import loads
from langchain_aimlapi.errors import ResponseFormatError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

__all__ = [
    "BatchBook",
    "BookedBatch",
    "Results",
    "chunks",
    "custom_id",
    "outcome_of_result",
    "read_batch",
]

Results = dict[int, dict[str, Any]]
"""What came of requests, by the number of their row."""
_PREFIX = "row-"


def custom_id(row: int) -> str:
    """Name a row's request."""
    return f"{_PREFIX}{row}"


def read_batch(body: bytes) -> dict[str, Any] | Results:
    """Read a batch: its state as an object with `processing_status`, or its results.

    Raises:
        ResponseFormatError: If it is neither.
    """
    lines = [line for line in body.splitlines() if line.strip()]
    results: Results = {}
    try:
        values = [loads(line) for line in lines]
    except orjson.JSONDecodeError:
        values = [loads(body)]  # a state that is written over several lines
    for value in values:
        if isinstance(value, dict) and "processing_status" in value:
            return value
        name = str(value.get("custom_id", "")) if isinstance(value, dict) else ""
        if not name.removeprefix(_PREFIX).isdecimal() or not isinstance(value.get("result"), dict):
            raise ResponseFormatError("A batch's result has no custom_id of ours.", body=value)
        results[int(name.removeprefix(_PREFIX))] = value["result"]
    if not results:
        raise ResponseFormatError("A batch was answered with nothing.")
    return results


def outcome_of_result(result: dict[str, Any], schema_tool: str | None) -> Outcome | None:
    """The columns of a result; `None` if the request was not answered, and may be sent again.

    Args:
        result: As the service gives it.
        schema_tool: The tool whose arguments are the parsed answer, if there is a schema.
    """
    if result.get("type") in {"expired", "canceled"}:
        return None
    message = result.get("message")
    if result.get("type") != "succeeded" or not isinstance(message, dict):
        return _errored(result)
    values = _values(message)
    calls = [block for block in _blocks(message) if block.get("type") == "tool_use"]
    if schema_tool is not None:
        fitting = [call.get("input") for call in calls if call.get("name") == schema_tool]
        if not fitting:
            said = "The answer does not keep to the schema: it calls no tool with it."
            return Outcome({**values, "error_type": "OutputParserException", "error": said}, True)
        return Outcome({**values, "parsed": fitting[0]})
    if calls:
        values["parsed"] = [{"name": c.get("name"), "args": c.get("input")} for c in calls]
    return Outcome(values)


def _errored(result: dict[str, object]) -> Outcome | None:
    error: object = result.get("error") or {}
    error = error.get("error", error) if isinstance(error, dict) else {"message": error}
    kind = str(error.get("type") or result.get("type"))
    if kind in {"overloaded_error", "api_error", "rate_limit_error", "timeout_error"}:
        return None
    return Outcome({"error_type": kind, "error": str(error.get("message") or kind)}, failed=True)


def _blocks(message: dict[str, object]) -> list[dict[str, object]]:
    content = message.get("content")
    return (
        [block for block in content if isinstance(block, dict)] if isinstance(content, list) else []
    )


def _values(message: dict[str, Any]) -> dict[str, object]:
    usage = message.get("usage") or {}
    cached = (usage.get("cache_creation_input_tokens"), usage.get("cache_read_input_tokens"))
    given = usage.get("input_tokens")
    spent = ((message.get("meta") or {}).get("usage") or {}).get("usd_spent")
    blocks = _blocks(message)
    values = {
        "answer": "".join(str(block["text"]) for block in blocks if block.get("type") == "text"),
        "reasoning": "".join(
            str(block.get("thinking")) for block in blocks if block.get("type") == "thinking"
        ),
        "finish_reason": message.get("stop_reason"),
        "input_tokens": None if given is None else given + sum(each or 0 for each in cached),
        "output_tokens": usage.get("output_tokens"),
        "cost_usd": spent,
        "model": message.get("model"),
        "request_id": message.get("id"),
        "attempts": 1,
    }
    return {name: value for name, value in values.items() if value not in (None, "")}


@dataclass(frozen=True, slots=True)
class BookedBatch:
    """A batch that was sent, or was about to be.

    Attributes:
        scope: Sent as idempotency key, so that a batch is not made twice.
        id: The service's; `None` if its answer did not arrive.
        rows: The numbers of its rows.
    """

    scope: str
    id: str | None
    rows: tuple[int, ...]


class BatchBook:
    """The batches under way, in the file of the journal.

    Args:
        path: The journal.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._do(
            "CREATE TABLE IF NOT EXISTS batches (scope TEXT PRIMARY KEY, id TEXT, rows BLOB NOT NULL)"
        )

    def open(self) -> list[BookedBatch]:
        """Get the batches whose results the journal does not have."""
        found = self._do("SELECT scope, id, rows FROM batches ORDER BY rowid")
        return [BookedBatch(scope, id, tuple(loads(rows))) for scope, id, rows in found]  # noqa: A001

    def add(self, rows: Sequence[int]) -> BookedBatch:
        """Note a batch before it is sent."""
        booked = BookedBatch(str(uuid.uuid4()), None, tuple(rows))
        self._do(
            "INSERT INTO batches VALUES (?, NULL, ?)", (booked.scope, orjson.dumps(booked.rows))
        )
        return booked

    def name(self, booked: BookedBatch, id: str) -> BookedBatch:  # noqa: A002  # the service's word
        """Note the id that the service gave."""
        self._do("UPDATE batches SET id = ? WHERE scope = ?", (id, booked.scope))
        return BookedBatch(booked.scope, id, booked.rows)

    def strike(self, booked: BookedBatch) -> None:
        """Forget a batch: the journal has what came of it, or the service never took it."""
        self._do("DELETE FROM batches WHERE scope = ?", (booked.scope,))

    def _do(self, statement: str, values: Sequence[object] = ()) -> list[Any]:
        with translated(self._path), closing(sqlite3.connect(self._path, timeout=30)) as db:
            db.execute("PRAGMA synchronous=FULL")  # an id that is lost is money that is lost
            found = list(db.execute(statement, values))
            db.commit()
        return found


def chunks(rows: Iterator[object], most: int) -> Iterator[list[Any]]:
    """Cut rows into lists of at most so many."""
    chunk: list[object] = []
    for row in rows:
        chunk.append(row)
        if len(chunk) == most:
            yield chunk
            chunk = []
    if chunk:
        yield chunk
