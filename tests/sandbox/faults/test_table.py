"""What each fault looks like to a client."""

from __future__ import annotations

import asyncio
import email.utils
import json
import socket
import time
import zlib
from urllib.parse import urlsplit

import aiohttp
import pytest

from langchain_aimlapi.sandbox import FAULTS, Sandbox
from tests.sandbox.http_client import TEXT, USER, chat


async def _bytes(sandbox, fault, *, stream, time_limit=None):
    """Read what comes within so many seconds; the end of it says how it ended."""
    seen = b""
    body = {"model": "m", "messages": USER, "stream": stream}
    headers = {"Authorization": "Bearer k", "x-sandbox-fault": fault}
    try:
        plain = aiohttp.ClientSession(auto_decompress=False)
        async with asyncio.timeout(time_limit), plain as session:
            url = f"{sandbox.base_url}/chat/completions"
            async with session.post(url, json=body, headers=headers) as reply:
                async for piece in reply.content.iter_any():
                    seen += piece
    except TimeoutError:
        return seen, "hangs"
    except aiohttp.ClientOSError:
        return seen, "reset"
    except aiohttp.ClientPayloadError as error:
        cause = error.__cause__
        return seen, "reset" if isinstance(cause, ConnectionResetError) else "broken"
    except aiohttp.ServerDisconnectedError:
        return seen, "closed"
    return seen, "ended"


def test_every_fault_is_described():
    """The table names each fault once and says in a line what it does."""
    for name, fault in FAULTS.items():
        assert fault.name == name
        assert fault.description
        assert "\n" not in fault.description
        around = fault.content_type or fault.before or fault.after
        assert (fault.reply is None) != (not fault.effect and not around)


@pytest.mark.parametrize("name", [name for name in FAULTS if name.startswith("status_")])
def test_statuses(shared_sandbox, name):
    """A status comes in the envelope, streamed or not."""
    faulty = {"x-sandbox-fault": name}
    assert chat(shared_sandbox, headers=faulty).status == int(name.removeprefix("status_"))
    reply = chat(shared_sandbox, stream=True, headers=faulty)

    assert reply.status == reply.json["statusCode"] == int(name.removeprefix("status_"))
    assert reply.headers["x-inference-id"]
    assert "retry-after" not in reply.headers


def test_delays(sandbox):
    """A delay is asked for in each of the ways services do."""
    sandbox.retry_after = 2.5
    names = ["rate_limit", "overloaded", "rate_limit_ms", "rate_limit_date", "rate_limit_nonsense"]
    replies = {name: chat(sandbox, headers={"x-sandbox-fault": name}) for name in names}
    date = email.utils.parsedate_to_datetime(replies["rate_limit_date"].headers["retry-after"])

    assert [reply.status for reply in replies.values()] == [429, 503, 429, 429, 429]
    assert replies["rate_limit"].headers["retry-after"] == "2.5"
    assert replies["overloaded"].headers["retry-after"] == "2.5"
    assert replies["rate_limit_ms"].headers["retry-after-ms"] == "2500"
    assert replies["rate_limit_nonsense"].headers["retry-after"] == "soon"
    assert abs(date.timestamp() - time.time()) < 5


@pytest.mark.parametrize(
    ("name", "status", "content"),
    [
        ("out_of_credits", 403, "run out of credits"),
        ("context_overflow", 400, "maximum context length"),
        ("nested_400", 500, '400 {\\"type\\":\\"error\\"'),
        ("openai_error", 400, '"error":{"message"'),
        ("error_in_200", 200, '"statusCode":500'),
        ("html_502", 502, "<html>"),
        ("empty_400", 400, ""),
        ("empty_502", 502, ""),
        ("empty_200", 200, ""),
        ("redirect", 307, ""),
    ],
)
def test_refusals(shared_sandbox, name, status, content):
    """Each refusal has its status and its kind of body."""
    reply = chat(shared_sandbox, stream=True, headers={"x-sandbox-fault": name})

    assert (reply.status, content in reply.text) == (status, True)
    assert bool(reply.text) == bool(content)


def test_a_redirect_leads_away(shared_sandbox):
    """The other origin is another one, so that a key must not follow."""
    reply = chat(shared_sandbox, headers={"x-sandbox-fault": "redirect"})

    assert not reply.headers["location"].startswith(shared_sandbox.base_url)


@pytest.mark.parametrize(
    ("name", "stream", "end"),
    [
        ("close_connection", False, "closed"),
        ("close_connection", True, "closed"),
        ("reset_connection", True, "reset"),
        ("drop_stream", False, "broken"),
        ("drop_stream", True, "broken"),
        ("cut_stream", False, "ended"),
        ("cut_stream", True, "ended"),
        ("socket_open_after_done", False, "ended"),
        ("error_mid_stream", True, "ended"),
        ("close_after_role", True, "broken"),
        ("close_after_role", False, "broken"),
    ],
)
async def test_how_it_ends(shared_sandbox, name, stream, end):
    """The connection ends or breaks as the fault says."""
    assert (await _bytes(shared_sandbox, name, stream=stream, time_limit=30))[1] == end


async def test_what_hangs(shared_sandbox):
    """Neither ends nor breaks, streamed or not."""
    both = ("silence", "stall", "pings_only", "empty_deltas")
    cases = [(name, stream) for name in both for stream in (False, True)]
    cases += [(name, True) for name in ("no_answer", "slow_body", "socket_open_after_done")]
    asked = (_bytes(shared_sandbox, name, stream=each, time_limit=0.5) for name, each in cases)
    ends = [end for _, end in await asyncio.gather(*asked)]

    assert dict(zip(cases, ends, strict=True)) == dict.fromkeys(cases, "hangs")


@pytest.mark.parametrize("stream", [False, True])
async def test_a_reset_in_the_middle(shared_sandbox, stream):
    """The connection breaks with the head of the reply already there."""
    _, end = await _bytes(shared_sandbox, "reset_stream", stream=stream)

    assert end in {"reset", "broken"}


async def test_the_beginning_arrives(shared_sandbox):
    """Some of the text comes before the fault, and never the finish."""
    names = ["cut_stream", "drop_stream", "silence", "stall", "error_mid_stream"]
    asked = (_bytes(shared_sandbox, name, stream=True, time_limit=0.5) for name in names)

    for seen, _ in await asyncio.gather(*asked):
        assert b'"content":"Hello"' in seen
        assert b'"finish_reason":"' not in seen
        assert b"[DONE]" not in seen


@pytest.mark.parametrize("prompt", ["", "hi"])
def test_short_answers_are_cut_before_the_finish(shared_sandbox, prompt):
    """However short the answer, its finish is not sent."""
    fault = {"x-sandbox-fault": "cut_stream"}
    reply = chat(shared_sandbox, prompt, stream=True, max_tokens=1, headers=fault)

    assert reply.deltas == [
        {"role": "assistant", "content": "", "refusal": None},
        {"content": "Hello"},
    ]


async def test_heartbeats(shared_sandbox):
    """A stall shows signs of life: comments in a stream, white space before JSON."""
    (stream, _), (whole, _) = await asyncio.gather(
        *(_bytes(shared_sandbox, "stall", stream=each, time_limit=1) for each in (True, False))
    )

    assert stream.count(b": keep-alive\n\n") > 1
    assert set(whole) == set(b"\n")


@pytest.mark.parametrize("stream", [False, True])
def test_errors_in_the_middle(shared_sandbox, stream):
    """An error comes as an event, or in place of the JSON reply, under status 200."""
    flat, beside = (
        chat(shared_sandbox, stream=stream, headers={"x-sandbox-fault": name})
        for name in ("error_mid_stream", "error_beside_choices")
    )
    last = [(reply.chunks[-1] if stream else reply.json) for reply in (flat, beside)]

    assert (flat.status, beside.status) == (200, 200)
    assert last[0]["statusCode"] == 502
    assert last[1]["error"]["code"] == 502
    assert last[1]["choices"][0]["finish_reason"] == "error"


@pytest.mark.parametrize("stream", [False, True])
def test_broken_json(shared_sandbox, stream):
    """One event, or the whole reply, is no JSON."""
    reply = chat(shared_sandbox, stream=stream, headers={"x-sandbox-fault": "malformed_line"})

    with pytest.raises(json.JSONDecodeError):
        _ = reply.chunks if stream else reply.json


async def test_an_oversize_event(shared_sandbox):
    """An event may have 32 MB and no line end."""
    seen, _ = await _bytes(shared_sandbox, "oversize_event", stream=True)

    assert len(seen) > 32_000_000
    assert seen.count(b"\n") == 2


_SAME_BODY = {
    "events_as_json",
    "interim_heads",
    "socket_open_after_done",
    "split_bytes",
    "surplus_bytes",
}
HARMLESS = sorted(name for name, fault in FAULTS.items() if fault.harmless)


def _read(text):
    """Read a stream as the standard says, up to the end marker."""
    content = ""
    for line in text.removeprefix("\ufeff").replace("\r\n", "\n").split("\n"):
        field, _, value = line.partition(":")
        if field != "data":
            continue
        value = value.removeprefix(" ")
        if value == "[DONE]":
            break
        for choice in json.loads(value)["choices"]:
            content += choice["delta"].get("content") or ""
    return content


@pytest.mark.parametrize("name", HARMLESS)
async def test_harmless_faults_lose_nothing(shared_sandbox, name):
    """A client that keeps to the standard reads the whole answer."""
    seen, _ = await _bytes(shared_sandbox, name, stream=True, time_limit=1)
    plain = await _bytes(shared_sandbox, "none", stream=True)

    assert _read(seen.decode()) == TEXT
    assert len(seen) != len(plain[0]) or name in _SAME_BODY


@pytest.mark.parametrize("name", HARMLESS)
async def test_harmless_faults_leave_json_alone(shared_sandbox, name):
    """A reply that is no stream is whole."""
    seen, end = await _bytes(shared_sandbox, name, stream=False)

    assert (json.loads(seen)["choices"][0]["message"]["content"], end) == (TEXT, "ended")


async def test_nothing_is_left_behind():
    """After every fault, streamed and not, the server holds no connection."""
    async with Sandbox() as sandbox:
        asked = [(name, stream) for name in FAULTS for stream in (False, True)]
        await asyncio.gather(
            *(_bytes(sandbox, name, stream=stream, time_limit=1) for name, stream in asked)
        )
        for _ in range(500):
            if not sandbox.connections:
                break
            await asyncio.sleep(0.01)

        assert sandbox.connections == 0


def _raw(sandbox, fault):
    """Read all bytes of a streamed reply, from its head on."""
    address = urlsplit(sandbox.base_url)
    body = json.dumps({"model": "m", "messages": USER, "stream": True}).encode()
    head = (
        f"POST /v1/chat/completions HTTP/1.1\r\nHost: {address.netloc}\r\nAuthorization: Bearer k\r\n"
        f"Connection: close\r\nx-sandbox-fault: {fault}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    with socket.create_connection((address.hostname, address.port), timeout=60) as connection:
        connection.sendall(head.encode() + body)
        return b"".join(iter(lambda: connection.recv(65_536), b""))


async def test_a_stream_without_content_shows_signs_of_life(shared_sandbox):
    """Pings from the start, or empty deltas after some text: events, but nothing said."""
    (pings, _), (empty, _) = await asyncio.gather(
        _bytes(shared_sandbox, "pings_only", stream=True, time_limit=1),
        _bytes(shared_sandbox, "empty_deltas", stream=True, time_limit=1),
    )

    assert set(pings.split(b"\n\n")[:-1]) == {b'event: ping\ndata: {"type":"ping"}'}
    assert b'"content":"Hello"' in empty
    assert empty.count(b'"content":""') > 1


async def test_a_role_is_all_that_comes(shared_sandbox):
    """One event, without content."""
    seen, _ = await _bytes(shared_sandbox, "close_after_role", stream=True)

    assert seen.count(b"data:") == 1
    assert b'"role":"assistant"' in seen


def test_packed_replies(shared_sandbox):
    """A few bytes that stand for many, and a packing that no client asked for."""
    bomb, odd = (_raw(shared_sandbox, name) for name in ("gzip_bomb", "unknown_encoding"))

    head, _, body = bomb.partition(b"\r\n\r\n")
    assert b"content-encoding: gzip" in head.lower()
    assert len(body) < 2**17
    assert len(zlib.decompress(body, wbits=31)) == 65 * 2**20
    assert b"content-encoding: zstd" in odd.lower()


def test_what_stands_around_a_reply(shared_sandbox):
    """Heads before it, a line end behind it, and a label that is false."""
    heads, surplus, label = (
        _raw(shared_sandbox, name) for name in ("interim_heads", "surplus_bytes", "events_as_json")
    )

    assert heads.count(b"HTTP/1.1 103") == 1_000
    assert heads.count(b"HTTP/1.1 200") == 1
    assert surplus.endswith(b"0\r\n\r\n\r\n")
    assert b"content-type: application/json" in label.lower()
    assert b"data: " in label
