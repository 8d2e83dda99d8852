"""`/batches`: many requests at once, answered later and in any order.

A batch is looked at twice before it has ended; then the same address gives its results as JSON
lines. Requests that a chat request would be refused for are errored results. The header
`x-sandbox-batch` of the request that makes a batch asks for more: `looks=5` until it has ended,
`expired=2` of its requests (each once, so that they are answered in the next batch), `errored=1`.
"""

from __future__ import annotations

import random
import uuid
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import orjson

from langchain_aimlapi.sandbox.replies import ApiError, Reply, validation_error
from langchain_aimlapi.sandbox.routes.chat_completion import completion

if TYPE_CHECKING:
    from collections.abc import Mapping

    from langchain_aimlapi.sandbox.inference import Inference
    from langchain_aimlapi.sandbox.routes.chat import ChatRoute

_MOST = 100_000
_HEADER = "x-sandbox-batch"
_LIFE = timedelta(hours=24)
_REASONS = {"length": "max_tokens", "tool_calls": "tool_use"}


@dataclass(slots=True)
class _Batch:
    id: str
    results: list[dict[str, Any]]
    looks: int
    """How often it is still under way when it is looked at."""
    began: datetime = field(default_factory=lambda: datetime.now(UTC))
    is_cancelled: bool = False

    def state(self) -> dict[str, Any]:
        kinds = [result["result"]["type"] for result in self.results]
        ended = self.looks <= 0
        counts = {
            name: kinds.count(name) if ended else 0
            for name in ("succeeded", "errored", "canceled", "expired")
        }
        return {
            "id": self.id,
            "type": "message_batch",
            "processing_status": "ended" if ended else "in_progress",
            "request_counts": {"processing": 0 if ended else len(kinds), **counts},
            "ended_at": datetime.now(UTC).isoformat() if ended else None,
            "created_at": self.began.isoformat(),
            "expires_at": (self.began + _LIFE).isoformat(),
            "cancel_initiated_at": None,
            "results_url": None,
        }


class BatchesRoute:
    """Keeps batches and their results.

    Args:
        chat: Answers their requests.
    """

    def __init__(self, chat: ChatRoute) -> None:
        self._chat = chat
        self._batches: dict[str, _Batch] = {}
        self._by_key: dict[str, str] = {}
        self._expired: set[str] = set()

    async def create(self, inference: Inference) -> Reply:
        """Answer `POST /batches`.

        Raises:
            ApiError: The service would reject the body.
        """
        key = inference.record.headers.get("idempotency-key", "")
        if known := self._by_key.get(key):
            return Reply(orjson.dumps(self._batches[known].state()), status=201)
        requests = _requests(inference.body)
        asked = _asked(inference.record.headers.get(_HEADER, ""))
        results = []
        for place, request in enumerate(requests):
            results.append(await self._result(inference, request, place, asked))
        batch = _Batch(f"msgbatch_{uuid.uuid4().hex[:24]}", results, asked.get("looks", 2))
        random.Random(batch.id).shuffle(batch.results)  # noqa: S311  # an order, no secret
        self._batches[batch.id] = batch
        if key:
            self._by_key[key] = batch.id
        return Reply(orjson.dumps(batch.state()), status=201)

    async def _result(
        self, inference: Inference, request: Any, place: int, asked: Mapping[str, int]
    ) -> dict[str, object]:
        id, expired = request["custom_id"], asked.get("expired", 0)  # noqa: A001
        if place < expired and id not in self._expired:
            self._expired.add(id)
            return {"custom_id": id, "result": {"type": "expired"}}
        if expired <= place < expired + asked.get("errored", 0):
            return _errored(id, "overloaded_error", "Overloaded")
        try:
            exchange = await self._chat.exchange(
                replace(inference, body=request["params"]), request["params"]
            )
        except ApiError as error:
            return _errored(id, "invalid_request_error", error.message)
        message = _message(completion(exchange))
        return {"custom_id": id, "result": {"type": "succeeded", "message": message}}

    def look(self, id: str) -> Reply:  # noqa: A002  # the service's word
        """Answer `GET /batches?batch_id=`: the state, and once it has ended the results.

        Raises:
            ApiError: There is no such batch.
        """
        batch = self._found(id)
        batch.looks -= 1
        if batch.looks >= 0:
            return Reply(orjson.dumps(batch.state()))
        lines = b"".join(
            orjson.dumps(each, option=orjson.OPT_APPEND_NEWLINE) for each in batch.results
        )
        return Reply(lines, content_type="application/x-jsonl")

    def cancel(self, id: str) -> Reply:  # noqa: A002
        """Answer `POST /batches/cancel/{id}`: what is not answered yet never is.

        Raises:
            ApiError: There is no such batch.
        """
        batch = self._found(id)
        if batch.looks > 0:
            batch.results = [
                {"custom_id": each["custom_id"], "result": {"type": "canceled"}}
                for each in batch.results
            ]
            batch.looks = 0
        return Reply(orjson.dumps(batch.state()))

    def _found(self, id: str) -> _Batch:  # noqa: A002
        batch = self._batches.get(id)
        if batch is None:
            raise ApiError(404, f"There is no batch {id!r}")
        return batch


def _requests(body: Any) -> list[Any]:
    requests = body.get("requests")
    if not isinstance(requests, list) or not 1 <= len(requests) <= _MOST:
        raise validation_error(f"requests: Expected array of 1 to {_MOST} items")
    for place, each in enumerate(requests):
        if not isinstance(each, dict) or not isinstance(each.get("custom_id"), str):
            raise validation_error(f"requests.{place}.custom_id: Expected string")
        if not isinstance(each.get("params"), dict):
            raise validation_error(f"requests.{place}.params: Expected object")
        if (
            not str(each["params"].get("model", ""))
            .lower()
            .removeprefix("anthropic/")
            .startswith("claude")
        ):
            raise validation_error(f"requests.{place}.params.model: Invalid enum value")
        if not isinstance(each["params"].get("max_tokens"), int):
            raise validation_error(f"requests.{place}.params.max_tokens: Required")
    if len({each["custom_id"] for each in requests}) < len(requests):
        raise validation_error("requests: custom_id is not unique")
    return requests


def _asked(header: str) -> dict[str, int]:
    """What the header asks for."""
    pairs = [part.partition("=") for part in header.replace(" ", "").split(",") if part]
    if any(not value.isdecimal() for _, _, value in pairs):
        raise validation_error(f"{_HEADER}: Expected name=number, received {header!r}")
    return {name: int(value) for name, _, value in pairs}


def _errored(id: str, kind: str, message: str) -> dict[str, object]:  # noqa: A002
    error = {"type": "error", "error": {"type": kind, "message": message}}
    return {"custom_id": id, "result": {"type": "errored", "error": error}}


def _message(reply: Mapping[str, Any]) -> dict[str, object]:
    """A chat completion as the message that Claude answers with."""
    (choice,) = reply["choices"]
    said, usage = choice["message"], reply["usage"]
    content: list[dict[str, object]] = []
    if said.get("content"):
        content.append({"type": "text", "text": said["content"]})
    for call in said.get("tool_calls") or ():
        arguments = orjson.loads(call["function"]["arguments"])
        content.append(
            {
                "type": "tool_use",
                "id": call["id"],
                "name": call["function"]["name"],
                "input": arguments,
            }
        )
    return {
        "model": reply["model"],
        "id": f"msg_{uuid.uuid4().hex[:24]}",
        "type": "message",
        "role": "assistant",
        "content": content,
        "stop_reason": _REASONS.get(choice["finish_reason"], "end_turn"),
        "stop_sequence": None,
        "usage": {
            "input_tokens": usage["prompt_tokens"],
            "output_tokens": usage["completion_tokens"],
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": 0,
            "service_tier": "batch",
        },
    }
