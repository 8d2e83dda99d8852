"""Replies about media -> images, states of jobs, addresses of audio.

A job's file stands under `video`, `audio_file`, `audio` or `image`, as an object, a list or a
text; a result that is none of these is kept in `raw`. Status words differ by route and by age.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from langchain_aimlapi._codec.decode.cost import CREDITS_PER_USD, cost_details
from langchain_aimlapi._codec.json_text import parse_object
from langchain_aimlapi.errors import ResponseFormatError

Status = Literal["queued", "running", "completed", "failed"]

_STATUSES: Mapping[str, Status] = {
    **dict.fromkeys(("queued", "pending", "submitted", "created", "waiting", "in_queue"), "queued"),
    **dict.fromkeys(("generating", "running", "processing", "active", "in_progress"), "running"),
    **dict.fromkeys(("completed", "succeeded", "success", "done", "finished"), "completed"),
    **dict.fromkeys(("error", "failed", "failure", "canceled", "cancelled", "expired"), "failed"),
}
_FILES = ("video", "videos", "audio_file", "audio", "audio_files", "image", "output", "data")


@dataclass(frozen=True, slots=True)
class Cost:
    """What a call cost.

    Attributes:
        usd: US dollars as billed; `None` if the service did not say.
        details: All that it said.
    """

    usd: float | None
    details: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class FileRef:
    """A file of a reply: its address, or its content in base64."""

    url: str | None = None
    base64: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class JobState:
    """A job as it stands.

    Attributes:
        id: The job's id.
        status: How far it is; words that nobody documents count as running.
        said: The service's own word for it.
        files: What it made.
        error: Why it failed, in the service's words.
        cost: What it cost, once that is known.
        raw: The reply.
    """

    id: str
    status: Status
    said: str
    files: tuple[FileRef, ...]
    error: str | None
    cost: Cost
    raw: Mapping[str, Any] = field(repr=False)


def read_cost(reply: Mapping[str, object], headers: Mapping[str, str]) -> Cost:
    """What a reply says of its cost, in the body or in its headers."""
    details = cost_details(reply.get("meta"), headers)
    usd, credits_used = _amount(details.get("usd_spent")), _amount(details.get("credits_used"))
    if usd is None and credits_used is not None:
        return Cost(credits_used / CREDITS_PER_USD, {**details, "converted_from_credits": True})
    return Cost(usd, details)


def _amount(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return float(value)
    except ValueError:
        return None


def read_images(body: bytes) -> tuple[list[FileRef], dict[str, object]]:
    """The images of a reply, and the reply.

    Raises:
        ResponseFormatError: If it holds none.
    """
    reply = parse_object(body)
    files = [ref for name in ("data", "images") for ref in _refs(reply.get(name))]
    if not files:
        # Models of three dimensions answer with files by other names.
        files = [ref for value in reply.values() for ref in _refs(value)]
    if not files:
        raise ResponseFormatError("The reply holds no image.", body=reply)
    return files, reply


def read_speech(body: bytes) -> tuple[FileRef, dict[str, object]]:
    """The audio of a reply in JSON, and the reply.

    Raises:
        ResponseFormatError: If it holds none.
    """
    reply = parse_object(body)
    for name in ("audio", "audio_file", "data", "url"):
        value = reply.get(name)
        if refs := _refs(value):
            return refs[0], reply
        if isinstance(value, str) and value:
            return FileRef(base64=value), reply
    raise ResponseFormatError("The reply holds no audio.", body=reply)


def read_pages(body: bytes) -> dict[str, object]:
    """A reply with the pages of a document.

    Raises:
        ResponseFormatError: If it holds none.
    """
    reply = parse_object(body)
    pages = reply.get("pages")
    if not isinstance(pages, list) or not all(isinstance(page, Mapping) for page in pages):
        raise ResponseFormatError("The reply holds no pages.", body=reply)
    return reply


def read_job(body: bytes, headers: Mapping[str, str], known: str | None = None) -> JobState:
    """The state of a job.

    Args:
        body: The reply.
        headers: Its headers.
        known: The job's id, for replies that do not repeat it.

    Raises:
        ResponseFormatError: If it names no job.
    """
    reply = parse_object(body)
    identity = reply.get("id") or reply.get("generation_id") or known
    if not isinstance(identity, str) or not identity:
        raise ResponseFormatError("The reply names no job.", body=reply)
    files = tuple(ref for name in _FILES for ref in _refs(reply.get(name)))
    said = str(reply.get("status") or "").lower()
    error = _error(reply.get("error"))
    return JobState(
        id=identity,
        status=_status(said, error, reply, done=bool(files)),
        said=said,
        files=files,
        error=error,
        cost=read_cost(reply, headers),
        raw=reply,
    )


def _status(said: str, error: str | None, reply: Mapping[str, object], *, done: bool) -> Status:
    if said in _STATUSES:
        return _STATUSES[said]
    if said:
        return "running"
    if error:
        return "failed"
    return "completed" if done or reply.get("result") or reply.get("output") else "queued"


def _error(value: object) -> str | None:
    if isinstance(value, Mapping):
        words = (value.get("name"), value.get("message"))
        return ": ".join(str(word) for word in words if word) or None
    return str(value) if value else None


def _refs(value: object) -> list[FileRef]:
    if isinstance(value, list):
        return [ref for item in value for ref in _refs(item)]
    if isinstance(value, str):
        return [FileRef(url=value)] if value.startswith(("http://", "https://", "data:")) else []
    if not isinstance(value, Mapping):
        return []
    url, content = value.get("url"), value.get("b64_json") or value.get("base64")
    if isinstance(url, str) and url:
        return [FileRef(url=url)]
    return [FileRef(base64=content)] if isinstance(content, str) and content else []
