"""Forwards inference requests to an OpenAI-compatible server and adds what the gateway adds.

The request is forwarded unchanged. The reply is changed in two ways only: errors are put into the
service's envelope, with the upstream's text in `message` as the service does it, and the cost is
added, to the JSON or as a chunk of its own before the end marker of a stream.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import aiohttp
import orjson

from langchain_aimlapi.sandbox.answers.tokens import Usage
from langchain_aimlapi.sandbox.faults.effects import HangUpError
from langchain_aimlapi.sandbox.replies import ApiError, Reply, StreamReply, reply_with_cost

if TYPE_CHECKING:
    from langchain_aimlapi.sandbox.faults.effects import Frames

_EVENT_END = re.compile(rb"\r?\n\r?\n")
_OK, _REDIRECTED = 300, 400
_MAX_QUOTED = 2000


class Upstream:
    """Client of one upstream server, for one event loop."""

    def __init__(self, url: str, key: str | None = None) -> None:
        self._url = url.rstrip("/")
        self._headers = {"content-type": "application/json"}
        if key:
            self._headers["authorization"] = f"Bearer {key}"
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        """Close all connections."""
        if self._session:
            await self._session.close()

    async def reply(self, path: str, body: bytes) -> Reply | StreamReply:
        """Forward a request.

        Args:
            path: The endpoint, from the base URL on.
            body: The body as it arrived.

        Raises:
            ApiError: The upstream failed, sent an unreadable reply, or could not be reached.
        """
        if self._session is None:
            timeout = aiohttp.ClientTimeout(total=None, sock_connect=10)
            self._session = aiohttp.ClientSession(timeout=timeout)
        url = self._url + path
        try:
            response = await self._session.post(
                url, data=body, headers=self._headers, allow_redirects=False
            )
            if response.status < _OK and response.content_type == "text/event-stream":
                plain = path != "/chat/completions"
                frames = _unchanged(response) if plain else _frames(response)
                return StreamReply(frames, release=response.close)
            async with response:
                return _whole(response.status, await response.read())
        except (aiohttp.ClientError, TimeoutError) as error:
            raise ApiError(502, f"Upstream {url} failed: {error}") from error


def _whole(status: int, text: bytes) -> Reply:
    if _OK <= status < _REDIRECTED:
        raise ApiError(502, f"Upstream redirects ({status}), which is not followed")
    if status >= _OK:
        quoted = text[:_MAX_QUOTED].decode(errors="replace")
        raise ApiError(status, f"{status} {quoted}")
    try:
        body = orjson.loads(text)
    except orjson.JSONDecodeError:
        body = None
    if not isinstance(body, dict):
        raise ApiError(502, "The upstream reply is not JSON")
    meta = body.get("meta")
    if not isinstance(meta, dict) or not isinstance(meta.get("usage"), dict):
        return reply_with_cost({**body, "meta": _usage(body.get("usage")).as_meta()})
    return Reply(orjson.dumps(body))  # the upstream is a gateway and told the cost itself


def _usage(raw: object, seen: int = 0) -> Usage:
    """Parse the usage of an upstream; if it reports none, `seen` chunks are counted."""
    usage = raw if isinstance(raw, dict) else {}
    return Usage(
        prompt=usage.get("prompt_tokens") or 0,
        completion=usage.get("completion_tokens") or seen,
    )


async def _unchanged(response: aiohttp.ClientResponse) -> Frames:
    """Forward the events of other endpoints as they are."""
    try:
        async with response:
            async for data in response.content.iter_any():
                yield data
    except aiohttp.ClientError as error:
        raise HangUpError(reset=False) from error


async def _frames(response: aiohttp.ClientResponse) -> Frames:
    """Forward events as they arrive, with the cost before the end marker."""
    cost = _Cost()
    rest = b""
    try:
        async with response:
            async for data in response.content.iter_any():
                *whole, rest = _events(rest + data)
                for event in whole:
                    for frame in cost.with_cost(event):
                        yield frame
    except aiohttp.ClientError as error:
        raise HangUpError(reset=False) from error
    for frame in cost.with_cost(rest) if rest else []:
        yield frame
    if not cost.sent:
        yield b"\n\n" * bool(rest) + cost.chunk()


def _events(text: bytes) -> list[bytes]:
    """Split after the ends of events; the last item is the incomplete rest."""
    events, start = [], 0
    for end in _EVENT_END.finditer(text):
        events.append(text[start : end.end()])
        start = end.end()
    return [*events, text[start:]]


class _Cost:
    """Collects the usage of a stream."""

    def __init__(self) -> None:
        self.sent = False
        self._usage: object = None
        self._deltas = 0
        self._head: dict[str, object] = {}

    def with_cost(self, event: bytes) -> list[bytes]:
        """Return the event, with the cost chunk before it if it is the end marker."""
        data = event.strip().removeprefix(b"data:").strip()
        if data == b"[DONE]":
            told, self.sent = self.sent, True
            return [event] if told else [self.chunk(), event]
        self._note(data)
        return [event]

    def chunk(self) -> bytes:
        """Return the chunk with the cost."""
        meta = _usage(self._usage, self._deltas).as_meta()
        return b"data: " + orjson.dumps({**self._head, "choices": [], "meta": meta}) + b"\n\n"

    def _note(self, data: bytes) -> None:
        try:
            chunk = orjson.loads(data)
        except orjson.JSONDecodeError:
            return
        if not isinstance(chunk, dict):
            return
        self.sent = self.sent or bool(chunk.get("meta"))  # the upstream is a gateway itself
        self._usage = chunk.get("usage") or self._usage
        self._deltas += bool(chunk.get("choices"))
        keys = ("id", "object", "created", "model")
        self._head = {key: chunk[key] for key in keys if key in chunk}
