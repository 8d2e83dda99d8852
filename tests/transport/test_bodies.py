"""Bodies of any size, packing and label, in every way of sending."""

from __future__ import annotations

import asyncio
import gzip
import zlib
from dataclasses import replace

import httpx2
import pytest

from langchain_aimlapi import errors
from langchain_aimlapi._transport import aio, body_reader, sync
from langchain_aimlapi._transport.request import MAX_RESPONSE_BYTES, ClientOptions, Request
from langchain_aimlapi._transport.sse import DONE

from .callers import OURS, Caller, request
from .service import CLOSE, HANG, LAST_CHUNK, OK, chunk, head, stream, whole

GREETING = b'data: {"n":1}\n\ndata: {"n":2}\n\ndata: [DONE]\n\n'
EVENTS = [b'{"n":1}', b'{"n":2}', DONE]


def bomb(size):
    """A few bytes that stand for many."""
    packer = zlib.compressobj(9, wbits=31)
    block = packer.compress(b" " * 2**20) + packer.flush(zlib.Z_FULL_FLUSH)
    again = packer.compress(b" " * 2**20) + packer.flush(zlib.Z_FULL_FLUSH)
    return block + again * (size // 2**20)


@pytest.mark.parametrize("act", ["send", "stream"])
def test_a_reply_that_is_too_large_is_an_error(service, caller, act):
    """As soon as it is larger than allowed, whether it says its size or not; once, not thrice."""
    service.will([head(transfer_encoding="chunked"), *[chunk(b'{"a":' + b" " * 995)] * 12])
    small = replace(request(service), max_bytes=10_000)

    with pytest.raises(errors.ResponseFormatError, match=r"larger than 10,000 bytes") as caught:
        getattr(caller, act)(small)

    assert "max_response_bytes" in str(caught.value)
    assert len(service.hits) == 1


@pytest.mark.parametrize("act", ["send", "stream"])
def test_a_small_body_that_unpacks_to_a_large_one(service, caller, act):
    """66 KB that stand for 65 MB are unpacked no further than the default limit."""
    assert MAX_RESPONSE_BYTES == 64 * 2**20
    body = bomb(65 * 2**20)
    service.will(whole(body, content_encoding="gzip"))

    # Blanks may stand before a plain answer, so a stream reads on; it has the same limit.
    with pytest.raises(errors.ResponseFormatError, match=r"larger than 67,108,864 bytes"):
        getattr(caller, act)(request(service))


@pytest.mark.parametrize("act", ["send", "stream"])
def test_several_members_of_gzip_are_one_body(service, caller, act):
    """As `cat a.gz b.gz` makes them, and some caches do."""
    body = gzip.compress(OK[:20].encode()) + gzip.compress(OK[20:].encode())
    service.will(whole(body, content_encoding="gzip"))

    made = getattr(caller, act)(request(service))

    assert (made.body if act == "send" else made[0]) == OK.encode()


def test_a_packed_stream_is_read(service, caller):
    """Though none was asked for, and each event comes in a piece of its own."""
    packer = zlib.compressobj(wbits=31)
    pieces = [
        packer.compress(part + b"\n\n") + packer.flush(zlib.Z_SYNC_FLUSH)
        for part in GREETING.split(b"\n\n")[:-1]
    ]
    service.will(stream(*pieces, packer.flush(), content_encoding="gzip"))

    assert caller.stream(request(service)) == EVENTS


@pytest.mark.parametrize("act", ["send", "stream"])
def test_a_packing_nobody_asked_for_is_an_error_that_says_so(service, caller, act):
    """Not a riddle about JSON; aiohttp's own session has words of its own for it."""
    service.will(whole(b"\x28\xb5\x2f\xfd...", content_encoding="zstd"))
    kinds = (errors.ResponseFormatError, errors.AimlapiConnectionError)

    with pytest.raises(kinds, match="zstd") as caught:
        getattr(caller, act)(request(service))

    if caller.way != "async-aiohttp":
        assert "gzip, deflate" in str(caught.value)
        assert len(service.hits) == 1


@pytest.mark.parametrize("act", ["send", "stream"])
@pytest.mark.parametrize(
    ("body", "kind"), [(b"?", "zstd"), (b"?", "gzip"), (bomb(2**24), "gzip")], ids=str
)
def test_the_status_of_an_error_counts_more_than_its_packing(service, caller, act, body, kind):
    """A 503 is a 503, whatever its body is packed in."""
    if caller.way == "async-aiohttp" and body == b"?":
        pytest.skip("aiohttp's own session raises its own error for a body it cannot unpack")
    service.will(whole(body, 503, content_encoding=kind))

    with pytest.raises(errors.ServerError) as caught:
        getattr(caller, act)(request(service))

    assert caught.value.status_code == 503
    assert len(caught.value.response.text) <= 65_536


LABELS = ["application/json", "text/plain", "text/event-stream", "application/x-ndjson"]


@pytest.mark.parametrize("kind", LABELS)
@pytest.mark.parametrize("before", [b"", b": hello\n\n", b"\r\n\r\n", b"\xef\xbb\xbf"])
def test_events_are_events_under_any_label(service, caller, kind, before):
    """Their first bytes tell, wherever these are cut."""
    body = before + GREETING
    pieces = [chunk(body[:1]), 0.005, chunk(body[1:9]), 0.005, chunk(body[9:])]
    service.will([head(200, kind, transfer_encoding="chunked"), *pieces, LAST_CHUNK])

    assert caller.stream(request(service)) == EVENTS


@pytest.mark.parametrize("kind", LABELS)
@pytest.mark.parametrize("before", [b"", b" " * 100, b"\n" * 70_000, b"\xef\xbb\xbf"])
def test_a_plain_answer_is_one_under_any_label(service, caller, kind, before):
    """However many blanks a service sends to keep the connection alive."""
    body = before + OK.encode()
    pieces = [chunk(body[:5]), 0.005, chunk(body[5:])]
    service.will([head(200, kind, transfer_encoding="chunked"), *pieces, LAST_CHUNK])

    assert caller.stream(request(service)) == [OK.encode()]


def test_an_error_under_a_false_label_is_whole(service, caller):
    """An error of 300 KB that says it is a stream is read to its end."""
    text = '{"error":{"message":"' + "no " * 100_000 + '","code":401}}'
    service.will(stream(text.encode()))

    with pytest.raises(errors.AuthenticationError, match="no no no"):
        caller.stream(request(service))


def test_endless_events_without_content_are_bounded(service, caller, monkeypatch):
    """Comments by the megabyte are not read for ever, though nothing of them is kept."""
    monkeypatch.setattr(body_reader, "_MOST_IDLE", 10**6)
    service.will(stream(*[b": " + b"x" * 65_530 + b"\n\n"] * 20))

    with pytest.raises(errors.ResponseFormatError, match="larger than 1,000,000 bytes"):
        caller.stream(request(service))


@pytest.mark.parametrize("way", ["sync", "async"])
@pytest.mark.parametrize("packed", [False, True])
def test_a_client_that_has_read_the_reply_already(way, packed):
    """A transport for tests, or a hook that reads every reply: it is read, and unpacked, once."""
    headers = {"content-encoding": "gzip"} if packed else {}
    body = gzip.compress(OK.encode()) if packed else OK.encode()
    transport = httpx2.MockTransport(lambda _: httpx2.Response(200, headers=headers, content=body))
    made = Request("http://host/v1", b"{}")

    if way == "sync":
        reply = sync.send(made, ClientOptions(), httpx2.Client(transport=transport))
    else:
        client = httpx2.AsyncClient(transport=transport)
        reply = asyncio.run(aio.asend(made, ClientOptions(), client))

    assert reply.body == OK.encode()


@pytest.mark.parametrize("act", ["send", "stream"])
@pytest.mark.parametrize("way", OURS)
def test_heads_may_be_long(service, way, act):
    """64 KB of cookies and traces, or 500 headers, as some proxies add them."""
    many = {f"x_{number}": "v" for number in range(480)}
    for extra in (many, {"x_long": "v" * 60_000}):
        service.will(whole(OK, **extra))

        made = getattr(Caller(way), act)(request(service))

        assert (made.body if act == "send" else made[0]) == OK.encode()


@pytest.mark.parametrize("said", ["é".encode(), b"\xe9"])
def test_headers_of_other_characters_are_text(service, caller, said):
    """What is read of them can be written again, to a log or a checkpoint."""
    service.will([whole(OK)[0].replace(b"\r\n\r\n", b"\r\nx-request-id: caf" + said + b"\r\n\r\n")])

    assert caller.send(request(service)).headers["x-request-id"] == "café"


INTERIM = b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n" * 1_000


@pytest.mark.parametrize("act", ["send", "stream"])
def test_interim_heads_by_the_thousand(service, caller, act):
    """The answer behind them is read."""
    service.will([INTERIM + whole(OK)[0]])

    made = getattr(caller, act)(request(service))

    assert (made.body if act == "send" else made[0]) == OK.encode()


@pytest.mark.parametrize("act", ["send", "stream"])
def test_interim_heads_and_nothing_behind_them(service, caller, act):
    """That is a connection that broke."""
    service.will([INTERIM, CLOSE])

    with pytest.raises(errors.AimlapiConnectionError):
        getattr(caller, act)(request(service))


@pytest.mark.parametrize("act", ["send", "stream"])
def test_a_change_of_protocol_is_an_error(service, caller, act):
    """Nobody asked for one."""
    upgrade = b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n"
    service.will([upgrade + b"hello", HANG])

    with pytest.raises((errors.AimlapiConnectionError, errors.ResponseFormatError)):
        getattr(caller, act)(request(service, total=20))
