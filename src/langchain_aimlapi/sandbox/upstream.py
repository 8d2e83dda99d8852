"""Lets an OpenAI-compatible server do the answering, and adds what the gateway adds.

The request goes on as it came. Of the reply nothing is changed but this: errors are put into the
service's envelope, with the upstream's own words nested in `message` as the service does it, and
the cost is added, to the JSON or as a chunk of its own before the end mark of a stream.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import aiohttp
import orjson

from langchain_aimlapi.sandbox.bending import HangUpError
from langchain_aimlapi.sandbox.envelope import RefusedError, Reply, StreamReply, priced
from langchain_aimlapi.sandbox.tokens import Usage

if TYPE_CHECKING:
    from langchain_aimlapi.sandbox.bending import Frames

_EVENT_END = re.compile(rb"\r?\n\r?\n")
_OK = 300
_MOST_QUOTED = 2000


class Upstream:
    """One upstream server; used within one event loop."""

    def __init__(self, url: str, key: str | None = None) -> None:
        self._url = f"{url.rstrip('/')}/chat/completions"
        self._headers = {"content-type": "application/json"}
        if key:
            self._headers["authorization"] = f"Bearer {key}"
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        """Close the connections, if there are any."""
        if self._session:
            await self._session.close()

    async def reply(self, body: bytes) -> Reply | StreamReply:
        """Pass a chat request on.

        Raises:
            RefusedError: The upstream said no, said nothing readable, or could not be reached.
        """
        if self._session is None:
            waits = aiohttp.ClientTimeout(total=None, sock_connect=10)
            self._session = aiohttp.ClientSession(timeout=waits)
        try:
            response = await self._session.post(self._url, data=body, headers=self._headers)
            if response.status < _OK and response.content_type == "text/event-stream":
                return StreamReply(_frames(response), release=response.close)
            async with response:
                return _whole(response.status, await response.read())
        except (aiohttp.ClientError, TimeoutError) as error:
            raise RefusedError(502, f"Upstream {self._url} failed: {error}") from error


def _whole(status: int, text: bytes) -> Reply:
    if status >= _OK:
        said = text[:_MOST_QUOTED].decode(errors="replace")
        raise RefusedError(status, f"{status} {said}")
    try:
        body = orjson.loads(text)
    except orjson.JSONDecodeError:
        body = None
    if not isinstance(body, dict):
        raise RefusedError(502, "Upstream did not answer in JSON")
    body["meta"] = _usage(body.get("usage")).as_meta()
    return priced(body)


def _usage(raw: Any, seen: int = 0) -> Usage:
    """Read an upstream's usage; where it reports none, what was `seen` counts."""
    usage = raw if isinstance(raw, dict) else {}
    return Usage(
        prompt=usage.get("prompt_tokens") or 0,
        completion=usage.get("completion_tokens") or seen,
    )


async def _frames(response: aiohttp.ClientResponse) -> Frames:
    """Pass events on as they come, and slip the cost in before the end mark."""
    bill = _Bill()
    rest = b""
    try:
        async with response:
            async for piece in response.content.iter_any():
                *whole, rest = _events(rest + piece)
                for event in whole:
                    for frame in bill.with_cost(event):
                        yield frame
    except aiohttp.ClientError as error:
        raise HangUpError(reset=False) from error
    for frame in bill.with_cost(rest) if rest else []:
        yield frame
    if not bill.sent:
        yield b"\n\n" * bool(rest) + bill.chunk()


def _events(text: bytes) -> list[bytes]:
    """Cut at the ends of events, which stay with them; the last piece is what is left over."""
    events, start = [], 0
    for end in _EVENT_END.finditer(text):
        events.append(text[start : end.end()])
        start = end.end()
    return [*events, text[start:]]


class _Bill:
    """Adds up what goes by."""

    def __init__(self) -> None:
        self.sent = False
        self._usage: Any = None
        self._deltas = 0
        self._head: dict[str, Any] = {}

    def with_cost(self, event: bytes) -> list[bytes]:
        """Return the event, with the cost chunk before it if it is the end mark."""
        data = event.strip().removeprefix(b"data:").strip()
        if data == b"[DONE]":
            self.sent = True
            return [self.chunk(), event]
        self._note(data)
        return [event]

    def chunk(self) -> bytes:
        """Write the chunk that carries the cost."""
        meta = _usage(self._usage, self._deltas).as_meta()
        return b"data: " + orjson.dumps({**self._head, "choices": [], "meta": meta}) + b"\n\n"

    def _note(self, data: bytes) -> None:
        try:
            chunk = orjson.loads(data)
        except orjson.JSONDecodeError:
            return
        if not isinstance(chunk, dict):
            return
        self._usage = chunk.get("usage") or self._usage
        self._deltas += bool(chunk.get("choices"))
        keys = ("id", "object", "created", "model")
        self._head = {key: chunk[key] for key in keys if key in chunk}
