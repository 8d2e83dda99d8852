"""A service that says what a test tells it to, for what the sandbox is too well-behaved to say."""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from tests.http_server import HttpServer

if TYPE_CHECKING:
    from collections.abc import Mapping


class Scripted(HttpServer):
    """A chat service on loopback whose every answer is the message it was made with.

    Args:
        message: The assistant's message: `content`, `tool_calls` and the like.
        finish: The finish reason.
        reply: The whole body instead, for replies that are no chat completion.
        status: The HTTP status.
    """

    def __init__(
        self,
        message: Mapping[str, Any] | None = None,
        *,
        finish: str = "stop",
        reply: Mapping[str, Any] | None = None,
        status: int = 200,
    ) -> None:
        self.bodies: list[Any] = []
        self.headers: list[dict[str, str]] = []
        self._message = {"role": "assistant", "content": "", **(message or {})}
        self._finish = finish
        self._reply = reply
        self._status = status
        super().__init__(self._handler())

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"{self.address}/v1"

    headers_now: Mapping[str, str] = MappingProxyType({})
    """More headers of the next reply."""
    refusal: Mapping[str, Any] = {"message": "refused"}
    """The body of a refusal."""

    def refuses(self, body: Any) -> int:
        """The status to refuse a request with; 0 to answer it."""
        del body
        return 0

    def answer(self, body: Any, headers: Mapping[str, str]) -> tuple[str, bytes]:
        """The content type and the body of the reply."""
        self.bodies.append(body)
        self.headers.append({name.lower(): value for name, value in headers.items()})
        if self._reply is None and isinstance(body, dict) and body.get("stream"):
            return "text/event-stream", b"".join(self._events())
        return "application/json", json.dumps(self._reply or self._whole()).encode()

    def _whole(self) -> dict[str, Any]:
        choice = {"index": 0, "message": self._message, "finish_reason": self._finish}
        return {"id": "1", "object": "chat.completion", "model": "scripted", "choices": [choice]}

    def _events(self) -> list[bytes]:
        calls = self._message.get("tool_calls") or []
        delta = {**self._message}
        if calls:
            delta["tool_calls"] = [{"index": i, **call} for i, call in enumerate(calls)]
        chunks = [
            {"delta": delta, "finish_reason": None},
            {"delta": {}, "finish_reason": self._finish},
        ]
        head = {"id": "1", "object": "chat.completion.chunk", "model": "scripted"}
        events = [json.dumps({**head, "choices": [{"index": 0, **chunk}]}) for chunk in chunks]
        return [f"data: {event}\n\n".encode() for event in [*events, "[DONE]"]]

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        service = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                raw = self.rfile.read(int(self.headers["content-length"]))
                try:
                    body = json.loads(raw)
                except ValueError:
                    body = raw
                status = service.refuses(body)
                kind, reply = service.answer(body, dict(self.headers.items()))
                if status:
                    kind, reply = "application/json", json.dumps(service.refusal).encode()
                self.send_response(status or service._status)
                self.send_header("content-type", kind)
                self.send_header("content-length", str(len(reply)))
                self.send_header("connection", "close")
                for name, value in service.headers_now.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(reply)

            def log_message(self, *_: Any) -> None:
                """Keep quiet."""

        return Handler
