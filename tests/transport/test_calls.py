"""What a caller gets for what a service does, in all seven ways of sending, on real sockets."""

from __future__ import annotations

import asyncio
import gzip
import time
from dataclasses import replace

import aiohttp
import httpx
import httpx2
import pytest

from langchain_aimlapi import errors
from langchain_aimlapi._errors.secrets import redact_error
from langchain_aimlapi._transport import aio, sync
from langchain_aimlapi._transport.request import ClientOptions
from langchain_aimlapi._transport.retry import RetryPolicy
from langchain_aimlapi._transport.sse import SSEDecoder

from .callers import KEY, ONCE, WAYS, Caller, request
from .service import (
    CLOSE,
    GREETING,
    LAST_CHUNK,
    OK,
    RESET,
    Service,
    abort_all,
    chunk,
    event,
    head,
    stream,
    whole,
)

BUSY = whole('{"statusCode":503,"message":"busy"}', 503)
EVENTS = [b'{"n":1}', b'{"n":2}', b"[DONE]"]


def test_a_reply_comes_whole(service, caller):
    """Status, headers by lower-case name, and all of the body."""
    service.will(whole(OK, 201, X_Inference_Id="i", Set_Cookie="a=1"))

    reply = caller.send(request(service))

    assert (reply.status, reply.body) == (201, OK.encode())
    assert reply.headers["x-inference-id"] == "i"


def test_the_request_arrives_as_it_was_made(service, caller):
    """Body, key and ids; no cookie of an earlier reply, as one client serves many keys."""
    service.will(whole(OK, Set_Cookie="session=1"), whole(OK))

    caller.send(request(service))

    (hit,) = service.hits
    assert (hit.method, hit.target) == ("POST", "/v1/chat/completions")
    assert hit.body == b'{"model":"m"}'
    assert hit.headers["authorization"] == f"Bearer {KEY}"
    assert hit.headers["content-type"] == "application/json"


def test_a_stream_comes_event_by_event(service, caller):
    """The data of each event, the end marker included, for the reader to judge."""
    service.will(GREETING)

    assert caller.stream(request(service)) == EVENTS


@pytest.mark.parametrize("way", WAYS)
def test_events_of_one_read_come_together(service, way):
    """A list for each read saves the reader a round for each event."""
    service.will(stream(event("1") + event("2"), 0.1, event("3")))
    batches: list[int] = []

    class Counting(list):
        def __iadd__(self, batch):
            batches.append(len(batch))
            return self

    Caller(way).stream_into(Counting(), request(service))

    assert batches == [2, 1]


@pytest.mark.parametrize("size", [1, 3])
def test_a_stream_may_be_cut_anywhere(service, caller, size):
    """Neither chunks nor packets need end where events do."""
    data = 'data: {"n":"日本"}\r\n\r\n: ping\n\ndata: [DONE]\n\n'.encode()
    service.will(stream(*(data[start : start + size] for start in range(0, len(data), size))))

    assert caller.stream(request(service)) == ['{"n":"日本"}'.encode(), b"[DONE]"]


@pytest.mark.parametrize("kind", ["text/event-stream; charset=utf-8", "text/plain", ""])
def test_a_label_need_not_be_right(service, caller, kind):
    """Whatever is not called JSON is read as a stream of events."""
    start = head(200, kind, transfer_encoding="chunked")
    service.will([start, chunk(event("1")), LAST_CHUNK])

    assert caller.stream(request(service)) == [b"1"]


@pytest.mark.parametrize("kind", ["application/json", "application/json; charset=utf-8"])
def test_plain_json_to_a_streaming_request_is_one_event(service, caller, kind):
    """Some models answer whole although a stream was asked for."""
    service.will(whole(OK, content_type=kind))

    assert caller.stream(request(service)) == [OK.encode()]


def test_json_with_the_label_of_a_stream_is_one_event(service, caller):
    """A reply without a single event may be an unlabelled answer."""
    service.will(stream(OK.encode()))

    assert caller.stream(request(service)) == [OK.encode()]


def test_compressed_replies_are_read(service, caller):
    """Gateways compress what is large."""
    data = gzip.compress(OK.encode())
    service.will(whole(data, content_encoding="gzip"))

    assert caller.send(request(service)).body == OK.encode()


def test_compressed_streams_are_read(service, caller):
    """They are not asked for, but some gateways compress them anyway."""
    service.will(stream(gzip.compress(event("1") + event("2")), content_encoding="gzip"))

    assert caller.stream(request(service)) == [b"1", b"2"]
    assert service.hits[0].headers["accept-encoding"] == "identity"


def test_a_body_that_cannot_be_decompressed_is_an_error_of_ours(service, caller):
    """Nothing of the HTTP library's own comes through."""
    service.will(whole(b"not gzip at all", content_encoding="gzip"))

    with pytest.raises(errors.AimlapiError):
        caller.send(request(service, ONCE))


@pytest.mark.parametrize("status", [408, 409, 425, 429, 500, 502, 503, 504, 529])
@pytest.mark.parametrize("act", ["send", "stream"])
def test_what_may_pass_is_tried_again(service, caller, act, status):
    """The same request, with the same ids, until it succeeds."""
    good = whole(OK) if act == "send" else GREETING
    service.will(whole("{}", status), whole("", status), good)

    getattr(caller, act)(request(service))

    assert len(service.hits) == 3
    assert {hit.headers["idempotency-key"] for hit in service.hits} == {"once"}
    assert {hit.headers["x-client-request-id"] for hit in service.hits} == {"mine"}
    assert {hit.body for hit in service.hits} == {b'{"model":"m"}'}


FINAL = {
    400: errors.InvalidRequestError,
    401: errors.AuthenticationError,
    402: errors.OutOfCreditsError,
    403: errors.PermissionDeniedError,
    404: errors.NotFoundError,
    413: errors.ContextOverflowError,
    422: errors.InvalidRequestError,
}


@pytest.mark.parametrize("status", FINAL)
@pytest.mark.parametrize("act", ["send", "stream"])
def test_what_will_not_pass_is_raised_at_once(service, caller, act, status):
    """One request, and the service's own words."""
    service.will(whole(f'{{"statusCode":{status},"message":"no","requestId":"r"}}', status))

    with pytest.raises(FINAL[status]) as caught:
        getattr(caller, act)(request(service))

    assert len(service.hits) == 1
    assert (caught.value.message, caught.value.request_id) == ("no", "r")
    assert caught.value.client_request_id == "mine"


@pytest.mark.parametrize("retries", [0, 1, 3])
@pytest.mark.parametrize("act", ["send", "stream"])
@pytest.mark.parametrize(
    "answer",
    [BUSY, [RESET], [CLOSE], [b"HTTP/1.1 200 OK\r\nconte", CLOSE], [b"garbage\r\n\r\n", CLOSE]],
    ids=["503", "reset", "close", "half a head", "garbage"],
)
def test_retries_are_counted_at_the_service(service, caller, act, retries, answer):
    """max_retries=n is n+1 requests, whatever goes wrong."""
    service.will(answer)

    with pytest.raises(errors.AimlapiError):
        getattr(caller, act)(request(service, RetryPolicy(max_retries=retries, initial=0.001)))

    assert len(service.hits) == retries + 1


def test_an_error_within_a_200_is_retried_like_its_own_status(service, caller):
    """A gateway that wraps a provider's 502 in a success has still failed."""
    service.will(whole('{"error":{"message":"bad","code":502}}'), whole(OK))

    assert caller.send(request(service)).body == OK.encode()


def test_an_error_instead_of_a_stream_is_retried(service, caller):
    """Whether labelled as JSON or as events, nothing had reached the caller."""
    failed = '{"error":{"message":"bad","code":502}}'
    service.will(whole(failed), stream(failed.encode()), GREETING)

    assert caller.stream(request(service)) == EVENTS


def test_a_nested_client_error_is_not_retried(service, caller):
    """A 500 around a provider's 400 will be one again."""
    service.will(whole('{"statusCode":500,"message":"400 Unable to access model"}', 500))

    with pytest.raises(errors.InvalidRequestError) as caught:
        caller.send(request(service))

    assert (len(service.hits), caught.value.status_code) == (1, 500)


def test_retry_after_is_obeyed(service, caller):
    """The service says when, and is not asked before."""
    service.will(whole("", 429, retry_after_ms="150"), whole(OK))

    started = time.monotonic()

    caller.send(request(service))

    assert time.monotonic() - started >= 0.15


def test_a_long_retry_after_is_raised(service, caller):
    """The caller may have better to do for two minutes."""
    service.will(whole("", 429, retry_after="120"))

    with pytest.raises(errors.RateLimitError) as caught:
        caller.send(request(service))

    assert (len(service.hits), caught.value.retry_after) == (1, 120.0)


@pytest.mark.parametrize("act", ["send", "stream"])
def test_redirects_are_not_followed(service, caller, act):
    """The key goes nowhere but where it was sent."""
    service.will(whole("", 307, location=f"http://127.0.0.1:{service.port}/elsewhere"))

    with pytest.raises(errors.InvalidRequestError, match="elsewhere"):
        getattr(caller, act)(request(service))

    assert [hit.target for hit in service.hits] == ["/v1/chat/completions"]


@pytest.mark.parametrize(
    "start",
    [
        [],
        [b": ping\n\n"],
        [b'data: {"n":'],
    ],
    ids=["nothing", "heartbeat", "half an event"],
)
@pytest.mark.parametrize("end", [RESET, CLOSE])
def test_a_stream_that_breaks_before_any_content_is_retried(service, caller, start, end):
    """Nothing has reached the caller, so nothing can be repeated to it."""
    service.will(stream(*start, end, end=False), GREETING)

    assert caller.stream(request(service)) == EVENTS


def test_a_stream_without_content_is_no_answer(service, caller):
    """A clean end of nothing is tried again, and then an error."""
    service.will(stream(b": ping\n\n"))

    with pytest.raises(errors.StreamInterruptedError, match="before any content"):
        caller.stream(request(service))

    assert len(service.hits) == 3


@pytest.mark.parametrize("end", [RESET, CLOSE])
def test_a_stream_that_breaks_later_is_an_error_and_not_retried(service, caller, end):
    """What came is with the caller, and a second try would say it again."""
    service.will(stream(event("1"), 0.05, end, end=False))
    seen: list[bytes] = []

    with pytest.raises(errors.StreamInterruptedError):
        caller.stream_into(seen, request(service))

    assert (seen, len(service.hits)) == ([b"1"], 1)


def test_a_clean_end_is_the_end(service, caller):
    """Whether a stream was complete is for its reader to judge."""
    service.will(stream(event("1")))

    assert caller.stream(request(service)) == [b"1"]


def test_a_stream_may_end_with_its_connection(service, caller):
    """HTTP/1.0 servers neither chunk nor count."""
    start = head(200, "text/event-stream", connection="close")
    service.will([start, event("1"), event("[DONE]"), CLOSE])

    assert caller.stream(request(service)) == [b"1", b"[DONE]"]


@pytest.mark.parametrize("act", ["send", "stream"])
def test_a_reply_cut_short_is_retried(service, caller, act):
    """A body shorter than announced is half an answer."""
    good = whole(OK) if act == "send" else GREETING
    service.will([head(200, content_length="99"), b'{"choices":', CLOSE], good)

    getattr(caller, act)(request(service))

    assert len(service.hits) == 2


def test_an_event_too_large_is_an_error(service, caller, monkeypatch):
    """An endless event ends when it is larger than anything real."""
    monkeypatch.setattr(SSEDecoder.__init__, "__defaults__", (1000,))
    service.will(stream(event("1"), b"data: " + b"x" * 5000, end=False))
    seen: list[bytes] = []

    with pytest.raises(errors.ResponseFormatError):
        caller.stream_into(seen, request(service))

    assert seen in ([b"1"], [])


def test_nobody_there_is_a_connection_error(caller):
    """The host is named; the reason is the system's own."""
    with Service() as service:
        gone = request(service)

    with pytest.raises(errors.AimlapiConnectionError, match=f"127.0.0.1:{service.port}"):
        caller.send(gone)


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("ftp://127.0.0.1/v1", errors.ConfigurationError),
        ("http:///v1", errors.ConfigurationError),
        ("127.0.0.1/v1", errors.ConfigurationError),
        ("http://127.0.0.1:99999/v1", errors.ConfigurationError),
        ("http://[::1/v1", errors.ConfigurationError),
        ("http://a..b.invalid/v1", errors.ConfigurationError),
        (f"http://{'a' * 70}.invalid/v1", errors.ConfigurationError),
        ("http://ho st/v1", errors.ConfigurationError),
        ("http://host/\x00", errors.ConfigurationError),
        ("http://no-such-host.invalid/v1", errors.AimlapiConnectionError),
    ],
)
def test_an_address_that_leads_nowhere(service, caller, url, kind):
    """A bad base_url is the caller's to fix; an unknown host may be a passing fault."""
    with pytest.raises(kind):
        caller.send(replace(request(service, ONCE), url=url))


@pytest.mark.parametrize("key", [f"{KEY}\n", f"{KEY}\r\nX-Evil: 1", f"{KEY}é\u4e2d"])
def test_a_key_that_is_no_header_is_named_without_showing_it(service, caller, key):
    """A key pasted with its line end is told so, and nothing is sent."""
    service.will(whole(OK))

    with pytest.raises(errors.ConfigurationError, match="API key") as caught:
        caller.send(replace(request(service), headers={"Authorization": f"Bearer {key}"}))

    assert service.hits == []
    assert KEY not in _everything(caught.value)


@pytest.mark.parametrize(
    "answer",
    [
        BUSY,
        [RESET],
        [f"HTTP/1.1 500 {KEY}\r\nx-{KEY}: {KEY}\r\n\r\n".encode(), CLOSE],
        [f"{KEY}\r\n\r\n".encode(), CLOSE],
        whole(f"<title>{KEY}</title>", 502),
    ],
    ids=["503", "reset", "echo", "garbage", "page"],
)
@pytest.mark.parametrize("act", ["send", "stream"])
def test_no_error_carries_the_key(service, caller, act, answer):
    """Neither the error, nor what is chained to it, nor the frames it passed."""
    service.will(answer)

    asked = request(service, ONCE)

    with pytest.raises(errors.AimlapiError) as caught:
        getattr(caller, act)(asked)

    redact_error(caught.value, asked.secrets())  # as the door above the transport does
    assert KEY not in _everything(caught.value)


@pytest.mark.parametrize("size", [2**20 - 1, 2**20, 3_000_000])
def test_a_large_request_arrives_whole_at_each_attempt(service, caller, size):
    """Images and audio make requests of megabytes."""
    service.will(BUSY, whole(OK))
    body = bytes(range(256)) * (size // 256)

    caller.send(replace(request(service), body=body))

    assert [hit.body == body for hit in service.hits] == [True, True]


def test_a_large_reply_comes_whole(service, caller):
    """So do replies."""
    body = b'{"choices":[],"x":"' + b"x" * 3_000_000 + b'"}'
    service.will(whole(body))

    assert caller.send(request(service)).body == body


def test_a_request_may_have_no_body(service, caller):
    """The list of models is asked for with GET."""
    service.will(whole('{"data":[]}'))

    reply = caller.send(replace(request(service), method="GET", body=None))

    assert reply.body == b'{"data":[]}'
    assert (service.hits[0].method, service.hits[0].body) == ("GET", b"")


@pytest.mark.parametrize("kind", [httpx2.Client, httpx.Client])
def test_a_closed_client_is_named(service, kind):
    """What was passed in is the caller's to keep open; trying again would not help."""
    client = kind()
    client.close()

    with pytest.raises(errors.AimlapiConnectionError, match="closed") as caught:
        sync.send(request(service), ClientOptions(), client)

    assert not caught.value.is_retryable


@pytest.mark.parametrize("kind", [aiohttp.ClientSession, httpx2.AsyncClient, httpx.AsyncClient])
async def test_a_closed_async_client_is_named(service, kind):
    """The same in a loop."""
    async with kind() as client:
        pass

    with pytest.raises(errors.AimlapiConnectionError, match="closed") as caught:
        await aio.asend(request(service), ClientOptions(), client)

    assert not caught.value.is_retryable


async def test_a_session_that_raises_by_itself_is_read_all_the_same(service):
    """A session may be set up to raise for every error response: we read it first."""
    service.will(whole('{"statusCode":404,"message":"gone"}', 404))

    async with aiohttp.ClientSession(raise_for_status=True) as session:
        with pytest.raises(errors.NotFoundError, match="gone"):
            await aio.asend(request(service), ClientOptions(), session)


def test_a_client_of_another_loop_is_an_error_of_ours(service):
    """A session belongs to the loop it was made in."""
    service.will(whole(OK))
    loop = asyncio.new_event_loop()

    async def made():
        return aiohttp.ClientSession()

    session = loop.run_until_complete(made())
    with pytest.raises(errors.AimlapiError):
        asyncio.run(aio.asend(request(service, ONCE, total=2), ClientOptions(), session))
    loop.run_until_complete(session.close())
    # A connection that aiohttp was making in the loop that stood still belongs to nobody now.
    abort_all(loop)
    loop.run_until_complete(asyncio.sleep(0.01))
    loop.close()


def _everything(error):
    """All that a log or a crash report could show of an error."""
    shown = []
    seen: BaseException | None = error
    while seen is not None:
        shown.append(f"{seen!s} {seen!r} {seen.__dict__}")
        frames = seen.__traceback__
        while frames is not None:
            if "langchain_aimlapi" in frames.tb_frame.f_code.co_filename:
                shown += [repr(value) for value in frames.tb_frame.f_locals.values()]
            frames = frames.tb_next
        seen = seen.__cause__ or seen.__context__
    return "\n".join(shown)
