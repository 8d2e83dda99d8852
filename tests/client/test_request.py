"""Requests of every kind: what they hold before the transport sends them, and what a server gets."""

from __future__ import annotations

import asyncio
import dataclasses
import traceback
from email.parser import BytesParser
from http.server import BaseHTTPRequestHandler

import orjson
import pytest
from pydantic import SecretStr

from langchain_aimlapi import AimlapiEmbeddings, ConfigurationError, ServerError, Timeouts
from langchain_aimlapi._client.request import (
    DEFAULT_TIMEOUTS,
    CallScope,
    Endpoint,
    Form,
    Upload,
    build_download,
    build_request,
    repeating,
)
from langchain_aimlapi._errors.envelope import read_job_envelope
from langchain_aimlapi._transport import aio, sync
from langchain_aimlapi._transport.request import ClientOptions, ReplyRules, Request
from tests.http_server import HttpServer

KEY = SecretStr("key-0123456789")


def connection(**settings):
    """Some object with a connection's settings."""
    return AimlapiEmbeddings(model="m", base_url="http://127.0.0.1:9/v1", **settings)


def built(endpoint=None, body=None, *, settings=None, query=None, streams=False, **arguments):
    """A request as a call with these arguments makes it."""
    scope = CallScope(KEY, "call-1", arguments)
    endpoint = endpoint or Endpoint("/thing")
    return build_request(
        connection(**(settings or {})), endpoint, body, scope, query=query, streams=streams
    )


class TestJSON:
    """The ordinary request."""

    def test_a_post(self):
        """Its body, key and ids."""
        request = built(body={"a": 1})

        assert (request.method, request.url) == ("POST", "http://127.0.0.1:9/v1/thing")
        assert orjson.loads(request.body) == {"a": 1}
        assert request.header("authorization") == "Bearer key-0123456789"
        assert request.header("content-type") == "application/json"
        assert request.header("idempotency-key") == "call-1"
        assert request.header("x-client-request-id") == "call-1"

    def test_default_timeouts_hold_by_whether_the_reply_streams(self):
        """And what was said of time goes before them."""
        assert built().timeouts == DEFAULT_TIMEOUTS[False]
        assert built(streams=True).timeouts == DEFAULT_TIMEOUTS[True]
        assert built(timeout=3).timeouts == Timeouts(total=3)
        assert built(settings={"timeout": 4}).timeouts == Timeouts(total=4)

    @pytest.mark.parametrize("length", [128, 200])
    def test_a_client_request_id_is_cut_to_what_the_service_takes(self, length):
        """The service silently ignores ids of more than 128 characters."""
        assert built(client_request_id="x" * length).header("x-client-request-id") == "x" * 128

    def test_queries_are_merged(self):
        """Of the object, the route and the call; the last one wins."""
        request = built(
            Endpoint("/thing", "GET"),
            settings={"default_query": {"a": "1", "b": "1"}},
            query={"b": "2", "c": "2 &"},
            extra_query={"c": "3 &"},
        )

        assert request.url == "http://127.0.0.1:9/v1/thing?a=1&b=2&c=3+%26"

    @pytest.mark.parametrize("value", ["two\nlines", "Zoë", "nul\0"])
    def test_headers_that_cannot_be_sent(self, value):
        """The error names the header, and neither shows nor holds its value or the key."""
        with pytest.raises(ConfigurationError, match="'X-Mine' has characters") as failed:
            built(body={}, extra_headers={"X-Mine": value})

        frame = failed.value.__traceback__
        while frame is not None:
            if frame.tb_frame.f_code.co_filename.endswith("_client/request.py"):
                assert "headers" not in frame.tb_frame.f_locals
            assert frame.tb_frame.f_code.co_filename != "<string>"
            frame = frame.tb_next

    def test_a_key_that_cannot_be_a_header(self):
        """It is called by its name in our words."""
        scope = CallScope(SecretStr("k\u00e9y"))

        with pytest.raises(ConfigurationError, match="the API key has characters"):
            build_request(connection(), Endpoint("/thing"), {}, scope)


class TestForms:
    """Multipart, read back by a parser that is not ours."""

    def parts(self, request):
        """The parts of a request's body, as the standard library's parser finds them."""
        head = f"Content-Type: {request.header('content-type')}\r\n\r\n".encode()
        message = BytesParser().parsebytes(head + request.body)
        return [
            (
                part.get_param("name", header="content-disposition"),
                part.get_filename(),
                part.get_content_type(),
                part.get_payload(decode=True),
            )
            for part in message.get_payload()
        ]

    def test_fields_and_files(self):
        """Several values and several files under one name, binary bytes unchanged."""
        form = Form(
            {"model": "m", "tag": ["a", "ü"]},
            {
                "image": [
                    Upload("a.png", b"\x89PNG\r\n\x00", "image/png"),
                    Upload("b.bin", b""),
                ],
                "mask": Upload("m.png", b"--x--\r\n", "image/png"),
            },
        )

        assert self.parts(built(body=form)) == [
            ("model", None, "text/plain", b"m"),
            ("tag", None, "text/plain", b"a"),
            ("tag", None, "text/plain", "ü".encode()),
            ("image", "a.png", "image/png", b"\x89PNG\r\n\x00"),
            ("image", "b.bin", "application/octet-stream", b""),
            ("mask", "m.png", "image/png", b"--x--\r\n"),
        ]

    def test_a_file_name_cannot_add_a_header(self):
        """Quotes and line ends in names are escaped as browsers do it."""
        name = 'a".png\r\nX-Evil: 1'
        request = built(body=Form({}, {"image": Upload(name, b"1", "image/png\r\nX-Evil: 1")}))

        [part] = self.parts(request)

        assert part[1:] == ("a%22.png%0D%0AX-Evil: 1", "application/octet-stream", b"1")


class Mirror(HttpServer):
    """A server that keeps what it was sent and answers as it was told."""

    def __init__(self, answer: bytes, kind: str = "application/json") -> None:
        self.requests: list[tuple[str, str, dict[str, str], bytes]] = []
        mirror = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                headers = {name.lower(): value for name, value in self.headers.items()}
                mirror.requests.append((self.command, self.path, headers, body))
                self.send_response(200)
                self.send_header("content-type", kind)
                self.send_header("content-length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            do_GET = do_POST = answer  # noqa: N815  # the names that the base class calls

            def log_message(self, *_: object) -> None:
                """Keep quiet."""

        super().__init__(Handler)
        self.url = self.address


@pytest.fixture(params=["sync", "async"])
def send(request):
    """Send a request in either world."""

    def sent(asked):
        if request.param == "sync":
            return sync.send(asked, ClientOptions())
        return asyncio.run(aio.asend(asked, ClientOptions()))

    return sent


class TestOnTheWire:
    """What a server gets, and how its answer is judged."""

    def test_a_get(self, send):
        """It has no body and no header that speaks of one."""
        with Mirror(b'{"data": []}') as server:
            scope = CallScope(KEY)
            endpoint = Endpoint("/models", "GET")
            mine = AimlapiEmbeddings(model="m", base_url=server.url)
            reply = send(build_request(mine, endpoint, None, scope, query={"type": "x"}))

        [(method, path, headers, body)] = server.requests
        assert (method, path, body, reply.body) == (
            "GET",
            "/models?type=x",
            b"",
            b'{"data": []}',
        )
        assert headers["authorization"] == "Bearer key-0123456789"
        assert not {"content-type", "idempotency-key"} & set(headers)

    def test_a_download_shows_no_key(self, send):
        """Files lie elsewhere: neither the key nor anything of one's own goes there."""
        with Mirror(b"<html>a file that is a page</html>", "text/html") as server:
            mine = connection(default_headers={"X-Mine": "1"}, default_query={"q": "1"})
            reply = send(build_download(mine, f"{server.url}/file", CallScope(KEY)))

        [(method, path, headers, _)] = server.requests
        assert (method, path) == ("GET", "/file")
        assert not {"authorization", "x-mine", "idempotency-key"} & set(headers)
        assert "key-0123456789" not in str(headers)
        assert reply.body == b"<html>a file that is a page</html>"

    def test_a_download_must_be_http(self):
        """Its address comes from a reply."""
        with pytest.raises(ConfigurationError, match="not an http or https URL"):
            build_download(connection(), "file:///etc/passwd", CallScope(KEY))

    def test_an_endpoint_says_what_an_error_in_a_200_is(self, send):
        """A job that is queued and says so is no error where jobs are submitted."""
        queued = b'{"id": "1", "status": "queued", "message": "in line"}'
        submit = Endpoint("/jobs", reply=ReplyRules(b'"status"', read_job_envelope))
        with Mirror(queued) as server:
            mine = AimlapiEmbeddings(model="m", base_url=server.url, max_retries=0)

            assert send(build_request(mine, submit, {}, CallScope(KEY))).body == queued
            with pytest.raises(ServerError, match="in line"):
                send(build_request(mine, Endpoint("/thing"), {}, CallScope(KEY)))
        assert len(server.requests) == 2


def test_a_file_may_be_larger_than_an_answer():
    """A video has hundreds of megabytes; an answer that large is a mistake or an attack."""
    small = connection(max_response_bytes=1_000)

    assert build_download(small, "http://host/video.mp4", CallScope(KEY)).max_bytes == 2**30
    assert built(settings={"max_response_bytes": 1_000}).max_bytes == 1_000


def test_headers_that_fail_show_no_key():
    """A crash report with local variables finds none beside a header that cannot be read."""
    with pytest.raises(AttributeError) as raised:
        build_request(
            connection(), Endpoint("/thing"), {}, CallScope(KEY, "1", {"extra_headers": {1: "x"}})
        )

    frames = [
        frame for frame, _ in traceback.walk_tb(raised.tb) if "/src/" in frame.f_code.co_filename
    ]
    assert len(frames) > 1
    assert KEY.get_secret_value() not in "".join(repr(frame.f_locals) for frame in frames)


def test_the_same_request_with_another_body():
    """All else is what it was, and the first one stays as it is."""
    first = Request(
        "https://a.test/x", b"1", {"X-Id": "1"}, Timeouts(read=5), method="PUT", max_bytes=7
    )
    other = repeating(first)(b"2", {"X-Id": "2"})

    assert other == dataclasses.replace(first, body=b"2", headers={"X-Id": "2"})
    assert (first.body, first.headers) == (b"1", {"X-Id": "1"})
    with pytest.raises(dataclasses.FrozenInstanceError):
        other.body = b"3"
