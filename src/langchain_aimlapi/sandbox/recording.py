"""Record and replay: what a server answered, kept in a file and answered again without it.

A recording is a file of JSON lines, one per inference request: the request (method, path, body) and
the reply (status, a few headers, and the body or the events). Keys are not in it: no request header
is kept, and where a body repeats a key it is blanked.
"""

from __future__ import annotations

import asyncio
import re
import threading
from collections import defaultdict, deque
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from langchain_aimlapi.sandbox.replies import ApiError, Reply, StreamReply
from langchain_aimlapi.sandbox.settings import DEFAULT_KEY

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable

    from langchain_aimlapi.sandbox.faults.effects import Frames
    from langchain_aimlapi.sandbox.inference import Inference
    from langchain_aimlapi.sandbox.settings import Settings

_BLANK = "[key]"
_KEPT_HEADERS = frozenset({"retry-after", "retry-after-ms", "x-request-id"})
_SHORTEST_KEY = 4
_STATUSES = range(200, 600)
_HEADER = re.compile(r"[A-Za-z0-9_-]+: [\t -~]*")


class Recording:
    """Appends to a recording.

    Args:
        path: The file; it is created if need be, and what is in it stays.
        keys: Keys that the file must not hold, beside those of the requests.
    """

    def __init__(self, path: str | os.PathLike[str], keys: Iterable[str]) -> None:
        self._path = Path(path)
        self._keys = [key for key in keys if key]
        self._lock = threading.Lock()
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._path.touch()

    def kept(self, inference: Inference, reply: Reply | StreamReply) -> Reply | StreamReply:
        """Record a reply: at once, or a stream when it has ended."""
        if isinstance(reply, Reply):
            self._write(inference, reply, {"body": reply.body.decode(errors="replace")})
            return reply
        frames = self._followed(inference, reply)
        return StreamReply(frames, reply.status, reply.content_type, reply.headers, reply.release)

    async def _followed(self, inference: Inference, reply: StreamReply) -> Frames:
        events = []
        async for frame in reply.frames:
            events.append(frame.decode(errors="replace"))
            yield frame
        self._write(inference, reply, {"events": events})

    def _write(
        self, inference: Inference, reply: Reply | StreamReply, content: dict[str, Any]
    ) -> None:
        headers = {name: text for name, text in reply.headers.items() if _is_kept(name)}
        record = inference.record
        line = {
            "request": {
                "method": record.method,
                "path": _path(record.path),
                "body": inference.body,
            },
            "response": {
                "status": reply.status,
                "content_type": reply.content_type,
                "headers": headers,
                **content,
            },
        }
        own = record.headers.get("authorization", "").partition(" ")[2].strip()
        text = orjson.dumps(_blanked(line, [*self._keys, own]))
        with self._lock, self._path.open("ab") as file:
            file.write(text + b"\n")


def open_recording(
    record: str | os.PathLike[str] | None,
    replay: str | os.PathLike[str] | None,
    settings: Settings,
) -> Recording | Replay | None:
    """Open what the options of a sandbox name: a file to write, or one to answer from.

    Raises:
        OSError: The file cannot be opened.
        ValueError: It is not a recording, or the options exclude each other.
    """
    if replay is None:
        keys = [settings.upstream_key or "", settings.api_key or ""]
        return None if record is None else Recording(record, keys)
    if record is not None or settings.upstream is not None:
        raise ValueError("replay goes with neither record nor upstream")
    return Replay(replay)


def _is_kept(name: str) -> bool:
    return name.lower() in _KEPT_HEADERS or name.lower().startswith("x-aimlapi-")


def _path(path: str) -> str:
    """Return a path without the version, with and without which it is the same endpoint."""
    return path.removeprefix("/v1")


def _blanked(value: Any, keys: list[str]) -> Any:
    """Blank the keys in all texts of a value."""
    match value:
        case str():
            for key in keys:
                if len(key) >= _SHORTEST_KEY and key != DEFAULT_KEY:
                    value = value.replace(key, _BLANK)
            return value
        case dict():
            return {_blanked(name, keys): _blanked(one, keys) for name, one in value.items()}
        case list():
            return [_blanked(one, keys) for one in value]
        case _:
            return value


class Replay:
    """Answers from a recording, matched by request.

    The same request several times gets its recorded replies in turn, and then the last one again.

    Args:
        path: The file.

    Raises:
        OSError: It cannot be read.
        ValueError: It is not a recording.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = Path(path)
        self._replies: defaultdict[bytes, deque[Any]] = defaultdict(deque)
        self._requests: list[Any] = []
        for number, line in enumerate(self._path.read_bytes().splitlines(), 1):
            if line.strip():
                self._add(line, number)

    def _add(self, line: bytes, number: int) -> None:
        try:
            entry = orjson.loads(line)
            request, response = entry["request"], entry["response"]
            key = _key(request["path"], request["body"])
            if not _is_reply(response):
                raise ValueError("no reply")  # noqa: TRY301
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise ValueError(f"{self._path}, line {number} is not a recorded call") from error
        self._replies[key].append(response)
        self._requests.append(request)

    def reply(self, inference: Inference) -> Reply | StreamReply:
        """Return the recorded reply to a request.

        Raises:
            ApiError: 400, there is none.
        """
        path = _path(inference.record.path)
        own = inference.record.headers.get("authorization", "").partition(" ")[2].strip()
        body = _blanked(inference.body, [own])
        replies = self._replies.get(_key(path, body)) or self._replies.get(
            _key(path, inference.body)
        )
        if not replies:
            raise ApiError(400, self._missing(path, inference.body))
        response = replies.popleft() if len(replies) > 1 else replies[0]
        status, headers = response["status"], response.get("headers") or {}
        kind = response.get("content_type") or "application/json"
        if "events" in response:
            return StreamReply(_replayed(response["events"]), status, kind, headers)
        return Reply(response["body"].encode(), status, kind, headers)

    def _missing(self, path: str, body: Any) -> str:
        """Say that there is no reply, and where the most similar recorded request differs."""
        text = f"{self._path.name} holds no reply to this request"
        others = [one["body"] for one in self._requests if one["path"] == path]
        differences = [[*_differences(other, body)] for other in others]
        if not differences:
            return f"{text}, nor to any of {path}"
        return f"{text}; the most similar recorded one differs in {min(differences, key=len)[0]}"


def _is_reply(response: Any) -> bool:
    """Tell whether a reply can be sent as it stands there; the file may have been edited."""
    status, headers = response["status"], response.get("headers") or {}
    kind = response.get("content_type") or ""
    said = response["events"] if "events" in response else [response["body"]]
    return (
        isinstance(status, int)
        and status in _STATUSES
        and isinstance(said, list)
        and all(isinstance(text, str) for text in said)
        and isinstance(headers, dict)
        and all(_is_header(name, text) for name, text in [*headers.items(), ("type", kind)])
    )


def _is_header(name: str, text: Any) -> bool:
    return isinstance(text, str) and _HEADER.fullmatch(f"{name}: {text}") is not None


def _key(path: str, body: Any) -> bytes:
    return orjson.dumps([_path(path), body], option=orjson.OPT_SORT_KEYS)


def _differences(one: Any, other: Any, at: str = "the body") -> Iterable[str]:
    """List the places where two JSON values differ."""
    here = "" if at == "the body" else f"{at}."
    if isinstance(one, dict) and isinstance(other, dict):
        for name in sorted({*one, *other}):
            if one.get(name) != other.get(name):
                yield from _differences(one.get(name), other.get(name), f"{here}{name}")
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for index, (left, right) in enumerate(zip(one, other, strict=True)):
            if left != right:
                yield from _differences(left, right, f"{here}{index}")
    else:
        yield at


async def _replayed(events: list[str]) -> Frames:
    for event in events:
        yield event.encode()
        await asyncio.sleep(0)
