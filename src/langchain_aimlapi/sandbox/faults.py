"""What can go wrong between a client and the service, by name.

A fault either takes the place of the reply (`refuse`) or bends it on its way out (`bend`). One
that is `harmless` is an oddity the standards allow: a client has to read the reply all the same.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import orjson

from langchain_aimlapi.sandbox import bending
from langchain_aimlapi.sandbox.bending import Bend, Trouble
from langchain_aimlapi.sandbox.envelope import RefusedError, Reply, refusal

Refuse = Callable[[Trouble], Reply]


@dataclass(frozen=True, slots=True)
class Fault:
    """One way to fail."""

    name: str
    about: str
    """What happens, in a line."""
    refuse: Refuse | None = None
    bend: Bend | None = None
    harmless: bool = False
    """Whether a client has to make do with it."""


def fault_named(name: str) -> Fault:
    """Look up a fault.

    Raises:
        ValueError: There is no such fault; the message names the nearest.
    """
    if name in FAULTS:
        return FAULTS[name]
    near = difflib.get_close_matches(name, FAULTS, 3, 0.3)
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
_HTML = b"<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"
_LATE = b'data: {"choices":[{"index":0,"delta":{"content":"too late"},"finish_reason":null}]}\n\n'


def _says(
    status: int, message: str = "", wait: Callable[[float], dict[str, str]] | None = None
) -> Refuse:
    """Make a refusal with the error envelope, and the headers `wait` makes of a delay."""

    def refuse(trouble: Trouble) -> Reply:
        headers = wait(trouble.retry_after) if wait else {}
        return refusal(RefusedError(status, message or _MESSAGES[status], headers), trouble.path)

    return refuse


def _in_seconds(delay: float) -> dict[str, str]:
    return {"retry-after": f"{delay:g}"}


def _in_milliseconds(delay: float) -> dict[str, str]:
    return {"retry-after-ms": f"{delay * 1000:g}"}


def _as_date(delay: float) -> dict[str, str]:
    when = datetime.now(UTC) + timedelta(seconds=delay)
    return {"retry-after": format_datetime(when, usegmt=True)}


def _as_nonsense(_delay: float) -> dict[str, str]:
    return {"retry-after": "soon"}


def _in_200(trouble: Trouble) -> Reply:
    return replace(_says(500)(trouble), status=200)


def _openai_shaped(_: Trouble) -> Reply:
    error = {"message": "Invalid value", "type": "invalid_request_error", "param": "temperature"}
    return Reply(orjson.dumps({"error": {**error, "code": "invalid_value"}}), status=400)


def _redirect(trouble: Trouble) -> Reply:
    return Reply(b"", status=307, headers={"location": f"http://127.0.0.1:9{trouble.path}"})


_FAULTS = [
    *(
        Fault(f"status_{status}", f"{status}, {message!r}, in the error envelope", _says(status))
        for status, message in _MESSAGES.items()
    ),
    Fault("rate_limit", "429 with Retry-After in seconds", _says(429, wait=_in_seconds)),
    Fault("rate_limit_ms", "429 with retry-after-ms", _says(429, wait=_in_milliseconds)),
    Fault("rate_limit_date", "429 with Retry-After as a date", _says(429, wait=_as_date)),
    Fault("rate_limit_nonsense", "429 with Retry-After: soon", _says(429, wait=_as_nonsense)),
    Fault("overloaded", "503 with Retry-After in seconds", _says(503, wait=_in_seconds)),
    Fault("out_of_credits", "403 as the service says it", _says(403, _OUT_OF_CREDITS)),
    Fault("context_overflow", "400: the prompt is too long", _says(400, _OVERFLOW)),
    Fault("nested_400", "500 whose message holds a 400 from upstream", _says(500, _NESTED)),
    Fault("openai_error", "400 in OpenAI's shape, `error.message`", _openai_shaped),
    Fault("error_in_200", "the error envelope under status 200", _in_200),
    Fault("html_502", "502 with an HTML page", lambda _: Reply(_HTML, 502, "text/html")),
    Fault("empty_400", "400 with no body", lambda _: Reply(b"", 400)),
    Fault("empty_502", "502 with no body", lambda _: Reply(b"", 502)),
    Fault("empty_200", "200 with no body", lambda _: Reply(b"")),
    Fault("redirect", "307 to another origin, where nothing listens", _redirect),
    Fault(
        "close_connection",
        "closes the connection before any reply",
        bend=bending.hang_up(reset=False, at_once=True),
    ),
    Fault(
        "reset_connection",
        "resets the connection before any reply",
        bend=bending.hang_up(reset=True, at_once=True),
    ),
    Fault("no_answer", "never answers", bend=bending.go_silent(at_once=True)),
    Fault("cut_stream", "ends the reply cleanly before it is finished", bend=bending.cut),
    Fault("drop_stream", "closes the connection mid-reply", bend=bending.hang_up(reset=False)),
    Fault("reset_stream", "resets the connection mid-reply", bend=bending.hang_up(reset=True)),
    Fault("silence", "falls silent mid-reply, for ever", bend=bending.go_silent()),
    Fault("stall", "sends heartbeats and nothing else, for ever", bend=bending.heartbeats),
    Fault("slow_body", "sends the reply byte by byte, ten a second", bend=bending.drip),
    Fault("error_mid_stream", "sends the error envelope mid-stream", bend=bending.fail),
    Fault(
        "error_beside_choices",
        "sends an `error` object beside `choices`",
        bend=bending.fail_beside_choices,
    ),
    Fault("malformed_line", "sends broken JSON", bend=bending.mangle),
    Fault("oversize_event", "sends an event of 32 MB", bend=bending.oversize),
    Fault(
        "socket_open_after_done",
        "keeps the connection open after the end mark",
        bend=bending.stay_open,
        harmless=True,
    ),
    Fault(
        "no_done_marker_but_finish",
        "ends a stream with no `[DONE]`",
        bend=bending.drop_end_mark,
        harmless=True,
    ),
    Fault(
        "data_after_done",
        "sends another event after `[DONE]`",
        bend=bending.each(lambda frame: [frame], last=_LATE),
        harmless=True,
    ),
    Fault(
        "split_bytes",
        "sends a stream three bytes at a time",
        bend=bending.each(bending.slices(3)),
        harmless=True,
    ),
    Fault(
        "crlf",
        "ends the lines of a stream with CR LF",
        bend=bending.each(lambda frame: [frame.replace(b"\n", b"\r\n")]),
        harmless=True,
    ),
    Fault(
        "byte_order_mark",
        "begins a stream with a byte order mark",
        bend=bending.each(lambda frame: [frame], first=b"\xef\xbb\xbf"),
        harmless=True,
    ),
    Fault(
        "comments",
        "puts comments and other fields between the events of a stream",
        bend=bending.each(lambda frame: [b": heartbeat\n\n", b"id: 1\nretry: 100\n", frame]),
        harmless=True,
    ),
    Fault(
        "no_space_after_data",
        "leaves out the space in `data: `",
        bend=bending.each(lambda frame: [frame.replace(b"data: ", b"data:", 1)]),
        harmless=True,
    ),
]

FAULTS: dict[str, Fault] = {fault.name: fault for fault in _FAULTS}
"""Every fault the sandbox can make, by name."""
