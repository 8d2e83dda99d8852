"""The faults of the sandbox, by name.

A fault either replaces the reply (`reply`) or changes it while it is sent (`effect` and what stands
below it). A `harmless`
fault is an oddity that the standards allow: a client has to read the reply correctly.
"""

from __future__ import annotations

import difflib
import functools
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import orjson

from langchain_aimlapi.sandbox.faults import effects
from langchain_aimlapi.sandbox.faults.effects import Effect, FaultContext
from langchain_aimlapi.sandbox.replies import ApiError, Reply, error_reply

MakeReply = Callable[[FaultContext], Reply]


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault that the sandbox can produce."""

    name: str
    """The name by which it is chosen."""
    description: str
    """What happens, in one line."""
    reply: MakeReply | None = None
    """Makes the reply that is sent instead of the answer."""
    effect: Effect | None = None
    """Changes the frames of the reply."""
    content_type: str = ""
    """Sent instead of the reply's own."""
    before: bytes = b""
    """Sent as it is before the head of the reply."""
    after: bytes = b""
    """Sent as it is after the end of the reply."""
    harmless: bool = False
    """Whether a client must read the reply all the same."""
    of_media: bool = False
    """Whether it goes wrong with the job or the file that the request makes, and not at once."""


def fault_named(name: str) -> Fault:
    """Look up a fault.

    Raises:
        ValueError: There is no such fault; the message names the nearest.
    """
    every = {**FAULTS, **MEDIA_FAULTS}
    if name in every:
        return every[name]
    near = difflib.get_close_matches(name, every, 3, 0.3)
    raise ValueError(f"there is no fault named {name!r}; near it: {', '.join(near) or 'nothing'}")


_MESSAGES = {
    400: "Body validation error",
    401: "Unauthorized: the API key is missing or invalid",
    403: "Forbidden: the key may not use this endpoint",
    404: "The model does not exist or has been retired",
    408: "Request timeout",
    409: "Conflict",
    413: "Payload too large",
    422: "Unprocessable entity",
    425: "Too early",
    429: "Too Many Requests",
    500: "Internal server error",
    502: "Bad Gateway",
    503: "Service unavailable",
    504: "Generation timeout",
}
_OUT_OF_CREDITS = "You've run out of credits. Please top up your balance to continue."
_OVERFLOW = (
    '400 {"type":"error","error":{"type":"invalid_request_error","code":"context_length_exceeded",'
    '"message":"This model\'s maximum context length is 128000 tokens. However, your messages '
    'resulted in 250000 tokens."},"request_id":"req_sandbox"}'
)
_NESTED = (
    '400 {"type":"error","error":{"type":"invalid_request_error","message":"temperature: '
    'is not supported by this model"},"request_id":"req_sandbox"}'
)
_FIRST_ERROR, _LAST_ERROR = 400, 599
_HTML = b"<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"
_LATE = b'data: {"choices":[{"index":0,"delta":{"content":"too late"},"finish_reason":null}]}\n\n'


def _error(
    status: int, message: str = "", wait: Callable[[float], dict[str, str]] | None = None
) -> MakeReply:
    """Return a maker of error replies in the envelope, with the headers `wait` makes of a delay."""

    def make(context: FaultContext) -> Reply:
        headers = wait(context.retry_after) if wait else {}
        error = ApiError(status, message or _MESSAGES[status], headers)
        return error_reply(error, context.path, context.request_id)

    return make


def error_fault(status: int, message: str = "") -> Fault:
    """Return a fault that answers with a status, in the error envelope.

    Raises:
        ValueError: The status is not one of an error.
    """
    if not _FIRST_ERROR <= status <= _LAST_ERROR:
        raise ValueError(f"{status} is not the status of an error")
    text = message or _MESSAGES.get(status, "Error")
    return Fault(f"status_{status}", f"{status}, {text!r}", _error(status, text))


def _in_seconds(delay: float) -> dict[str, str]:
    return {"retry-after": f"{delay:g}"}


def _in_milliseconds(delay: float) -> dict[str, str]:
    return {"retry-after-ms": f"{delay * 1000:g}"}


def _as_date(delay: float) -> dict[str, str]:
    when = datetime.now(UTC) + timedelta(seconds=delay)
    return {"retry-after": format_datetime(when, usegmt=True)}


def _as_nonsense(_delay: float) -> dict[str, str]:
    return {"retry-after": "soon"}


def _in_200(context: FaultContext) -> Reply:
    return replace(_error(500)(context), status=200)


def _openai_error_response(_: FaultContext) -> Reply:
    error = {"message": "Invalid value", "type": "invalid_request_error", "param": "temperature"}
    return Reply(orjson.dumps({"error": {**error, "code": "invalid_value"}}), status=400)


def _redirect(context: FaultContext) -> Reply:
    return Reply(b"", status=307, headers={"location": f"http://127.0.0.1:9{context.path}"})


@functools.cache
def _bomb() -> bytes:
    """A megabyte of white space, 65 times, in the few bytes that gzip makes of it."""
    packer = zlib.compressobj(9, wbits=31)
    blank = b" " * 2**20
    return b"".join(packer.compress(blank) for _ in range(65)) + packer.flush()


def _gzip_bomb(_: FaultContext) -> Reply:
    return Reply(_bomb(), headers={"content-encoding": "gzip"})


def _unknown_encoding(_: FaultContext) -> Reply:
    return Reply(b"\x28\xb5\x2f\xfd", headers={"content-encoding": "zstd"})


_INTERIM = b"HTTP/1.1 103 Early Hints\r\nlink: </docs>; rel=preload\r\n\r\n"

_FAULTS = [
    *(
        Fault(f"status_{status}", f"{status}, {message!r}, in the error envelope", _error(status))
        for status, message in _MESSAGES.items()
    ),
    Fault("rate_limit", "429 with Retry-After in seconds", _error(429, wait=_in_seconds)),
    Fault("rate_limit_ms", "429 with retry-after-ms", _error(429, wait=_in_milliseconds)),
    Fault("rate_limit_date", "429 with Retry-After as a date", _error(429, wait=_as_date)),
    Fault("rate_limit_nonsense", "429 with Retry-After: soon", _error(429, wait=_as_nonsense)),
    Fault("overloaded", "503 with Retry-After in seconds", _error(503, wait=_in_seconds)),
    Fault("out_of_credits", "403 as the service says it", _error(403, _OUT_OF_CREDITS)),
    Fault("context_overflow", "400: the prompt is too long", _error(400, _OVERFLOW)),
    Fault("nested_400", "500 whose message holds a 400 from upstream", _error(500, _NESTED)),
    Fault("openai_error", "400 in OpenAI's format, `error.message`", _openai_error_response),
    Fault("error_in_200", "the error envelope under status 200", _in_200),
    Fault("html_502", "502 with an HTML page", lambda _: Reply(_HTML, 502, "text/html")),
    Fault("empty_400", "400 with no body", lambda _: Reply(b"", 400)),
    Fault("empty_502", "502 with no body", lambda _: Reply(b"", 502)),
    Fault("empty_200", "200 with no body", lambda _: Reply(b"")),
    Fault("redirect", "307 to another origin, where nothing listens", _redirect),
    Fault(
        "close_connection",
        "closes the connection before any reply",
        effect=effects.hang_up(reset=False, at_once=True),
    ),
    Fault(
        "reset_connection",
        "resets the connection before any reply",
        effect=effects.hang_up(reset=True, at_once=True),
    ),
    Fault("no_answer", "never answers", effect=effects.go_silent(at_once=True)),
    Fault("cut_stream", "ends the reply cleanly before it is finished", effect=effects.cut),
    Fault(
        "drop_stream",
        "closes the connection in the middle of the reply",
        effect=effects.hang_up(reset=False),
    ),
    Fault(
        "reset_stream",
        "resets the connection in the middle of the reply",
        effect=effects.hang_up(reset=True),
    ),
    Fault(
        "silence", "falls silent in the middle of the reply, forever", effect=effects.go_silent()
    ),
    Fault("stall", "sends heartbeats and nothing else, forever", effect=effects.heartbeats),
    Fault("slow_body", "sends the reply byte by byte, ten a second", effect=effects.send_slowly),
    Fault(
        "error_mid_stream",
        "sends the error envelope in the middle of the stream",
        effect=effects.fail,
    ),
    Fault(
        "error_beside_choices",
        "sends an `error` object beside `choices`",
        effect=effects.fail_beside_choices,
    ),
    Fault("malformed_line", "sends broken JSON", effect=effects.malform),
    Fault("oversize_event", "sends an event of 32 MB", effect=effects.oversize),
    Fault("gzip_bomb", "sends 66 KB of gzip that unpack to 65 MB", _gzip_bomb),
    Fault("unknown_encoding", "compresses the reply by zstd, unasked for", _unknown_encoding),
    Fault("pings_only", "sends ping events and nothing else, forever", effect=effects.pings),
    Fault(
        "empty_deltas",
        "goes on with empty deltas in the middle of the reply, forever",
        effect=effects.empty_deltas,
    ),
    Fault(
        "close_after_role",
        "closes the connection before the first content of a stream",
        effect=effects.close_after_role,
    ),
    Fault(
        "socket_open_after_done",
        "keeps the connection open after the end marker",
        effect=effects.stay_open,
        harmless=True,
    ),
    Fault(
        "no_done_marker_but_finish",
        "ends a stream with no `[DONE]`",
        effect=effects.drop_end_marker,
        harmless=True,
    ),
    Fault(
        "data_after_done",
        "sends another event after `[DONE]`",
        effect=effects.each(lambda frame: [frame], last=_LATE),
        harmless=True,
    ),
    Fault(
        "split_bytes",
        "sends a stream three bytes at a time",
        effect=effects.each(effects.slices(3)),
        harmless=True,
    ),
    Fault(
        "crlf",
        "ends the lines of a stream with CR LF",
        effect=effects.each(lambda frame: [frame.replace(b"\n", b"\r\n")]),
        harmless=True,
    ),
    Fault(
        "byte_order_mark",
        "begins a stream with a byte order mark",
        effect=effects.each(lambda frame: [frame], first=b"\xef\xbb\xbf"),
        harmless=True,
    ),
    Fault(
        "comments",
        "puts comments and other fields between the events of a stream",
        effect=effects.each(lambda frame: [b": heartbeat\n\n", b"id: 1\nretry: 100\n", frame]),
        harmless=True,
    ),
    Fault(
        "no_space_after_data",
        "leaves out the space in `data: `",
        effect=effects.each(lambda frame: [frame.replace(b"data: ", b"data:", 1)]),
        harmless=True,
    ),
    Fault(
        "events_as_json",
        "sends events as `application/json`",
        content_type="application/json",
        harmless=True,
    ),
    Fault(
        "surplus_bytes",
        "sends a line end behind the end of the reply",
        after=b"\r\n",
        harmless=True,
    ),
    Fault(
        "interim_heads",
        "sends 1,000 heads with status 103 before the reply",
        before=_INTERIM * 1_000,
        harmless=True,
    ),
]

FAULTS: dict[str, Fault] = {fault.name: fault for fault in _FAULTS}
"""Every fault of a reply that the sandbox can make, by name."""

_MEDIA = [
    Fault("job_fails", "the job ends with an error", of_media=True),
    Fault("job_vanishes", "the job is taken, and then unknown: 404", of_media=True),
    Fault("file_expired", "the file is no longer served: 403", of_media=True),
    Fault("file_cut_off", "the file breaks off half-way", of_media=True),
]

MEDIA_FAULTS: dict[str, Fault] = {fault.name: fault for fault in _MEDIA}
"""Every fault of the job or the file that a request makes; other requests are left alone."""
