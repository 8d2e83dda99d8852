"""An upstream server, and what the sandbox adds to its replies."""

from __future__ import annotations

import asyncio
import json
import socket
from contextlib import asynccontextmanager
from http.client import HTTPException

import pytest
from aiohttp import web

from langchain_aimlapi.sandbox import Sandbox
from tests.sandbox.http_client import USER, chat


def _chunk(**more):
    return b"data: " + json.dumps({"id": "up-1", "model": "llama", **more}).encode() + b"\n\n"


HEAD = _chunk(choices=[{"index": 0, "delta": {"role": "assistant", "content": "Hi"}}])
FINISH = _chunk(choices=[{"index": 0, "delta": {}, "finish_reason": "stop"}])
USAGE = {"prompt_tokens": 10, "completion_tokens": 2, "total_tokens": 12}
DONE = b"data: [DONE]\n\n"


class Model:
    """An OpenAI-compatible server with replies set by the test; it keeps the requests."""

    def __init__(self):
        self.seen = []
        self.pieces = [HEAD, FINISH, DONE]
        self.answer = {"id": "up-1", "choices": [], "usage": USAGE, "timings": {"x": 1}}
        self.status = 200
        self.breaks = False

    async def handle(self, request):
        """Return the reply that the test set."""
        body = await request.json()
        self.seen.append((request.path, dict(request.headers), body))
        if not body.get("stream") or self.status != 200:
            text = self.answer if isinstance(self.answer, str) else json.dumps(self.answer)
            headers = {"location": "/v1/chat/completions"} if 300 <= self.status < 400 else {}
            return web.Response(
                text=text, status=self.status, content_type="application/json", headers=headers
            )
        response = web.StreamResponse(headers={"content-type": "text/event-stream"})
        await response.prepare(request)
        for piece in self.pieces:
            await response.write(piece)
            await asyncio.sleep(0.01)
        if self.breaks:
            request.transport.close()
        return response


@asynccontextmanager
async def _serving(model):
    app = web.Application()
    app.router.add_post("/v1/chat/completions", model.handle)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    finally:
        await runner.cleanup()


@pytest.fixture
def model():
    """The upstream server."""
    return Model()


async def _ask(model, /, *, key=None, faults=None, **options):
    async with (
        _serving(model) as url,
        Sandbox(upstream=url, upstream_key=key, faults=faults) as sandbox,
    ):
        return await asyncio.to_thread(chat, sandbox, **options)


async def test_requests_go_on_as_they_came(model):
    """The body is passed on unchanged, model name and unknown keys and all; our key is not."""
    await _ask(model, model="llama", temperature=0.5, grammar="x")
    ((path, headers, body),) = model.seen

    assert path == "/v1/chat/completions"
    assert body == {"model": "llama", "messages": USER, "temperature": 0.5, "grammar": "x"}
    assert "Authorization" not in headers


async def test_the_upstreams_own_key(model):
    """A key of the upstream's is sent instead."""
    await _ask(model, key="up")

    assert model.seen[0][1]["Authorization"] == "Bearer up"


async def test_replies_get_their_cost(model):
    """To a whole reply the cost is added, and the headers; all else stays."""
    reply = await _ask(model)
    meta = reply.json.pop("meta", None) or reply.json["meta"]

    assert {key: reply.json[key] for key in model.answer} == model.answer
    assert meta["usage"]["credits_used"] == 10 * 5 + 2 * 20
    assert reply.headers["x-aimlapi-credits-used"] == "90"
    assert reply.headers["x-inference-id"]


@pytest.mark.parametrize(
    ("pieces", "credits_used"),
    [
        ([HEAD, FINISH, DONE], 40),
        ([HEAD, FINISH, _chunk(choices=[], usage=USAGE), DONE], 90),
        ([(HEAD + FINISH)[at : at + 7] for at in range(0, len(HEAD + FINISH), 7)] + [DONE], 40),
        ([HEAD.replace(b"\n", b"\r\n"), FINISH, DONE], 40),
        ([b": comment\n\n", HEAD, FINISH, DONE], 40),
        ([HEAD, FINISH], 40),
        ([b"data: nonsense\n\n", b"data: 7\n\n", DONE], 0),
        ([HEAD, FINISH, b"data: [DONE]"], 40),
    ],
)
async def test_streams_get_their_cost(model, pieces, credits_used):
    """A stream is passed on as it is, and the cost goes in before the end marker."""
    model.pieces = pieces
    reply = await _ask(model, stream=True)
    sent = b"".join(pieces).decode()
    cost = next(line for line in reply.text.split("\n") if '"meta"' in line)

    assert json.loads(cost[6:])["meta"]["usage"]["credits_used"] == credits_used
    assert reply.text.replace(cost + "\n\n", "", 1) == sent
    assert reply.text.index(cost) < reply.text.find("[DONE]") or "[DONE]" not in sent


async def test_streams_are_not_held_back(model):
    """Each event goes on when it comes, before the stream has ended."""
    gate = asyncio.Event()
    received = []

    async def slow(request):
        response = web.StreamResponse(headers={"content-type": "text/event-stream"})
        await response.prepare(request)
        await response.write(HEAD)
        await gate.wait()
        await response.write(DONE)
        return response

    model.handle = slow
    body = json.dumps({"model": "m", "messages": USER, "stream": True}).encode()
    async with _serving(model) as url, Sandbox(upstream=url) as sandbox:
        port = int(sandbox.base_url.split(":")[2].split("/")[0])
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(
            b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer k\r\n"
            b"Content-Length: %d\r\nConnection: close\r\n\r\n%s" % (len(body), body)
        )
        received.append(await asyncio.wait_for(reader.readuntil(b'"Hi"'), 5))
        gate.set()
        received.append(await reader.read())
        writer.close()
        await writer.wait_closed()

    assert b"[DONE]" in received[1]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("status", [400, 404, 500])
async def test_errors_are_put_into_the_envelope(model, status, stream):
    """An error keeps its status, and its words are nested in the message."""
    model.status, model.answer = status, {"error": {"message": "no such model"}}
    reply = await _ask(model, stream=stream)

    assert reply.status == reply.json["statusCode"] == status
    assert reply.json["message"] == f'{status} {{"error": {{"message": "no such model"}}}}'


@pytest.mark.parametrize("answer", ["nonsense", "[1]"])
async def test_what_is_no_json_object_is_502(model, answer):
    """An upstream that answers something else is at fault."""
    model.answer = answer

    assert (await _ask(model)).status == 502


async def test_an_upstream_that_breaks_off(model):
    """A stream that breaks at the upstream breaks at the gateway."""
    model.pieces, model.breaks = [HEAD], True

    with pytest.raises(HTTPException, match="IncompleteRead"):
        await _ask(model, stream=True)


def test_no_upstream():
    """Where nobody listens the gateway says 502, and names the upstream."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with Sandbox(upstream=f"http://127.0.0.1:{port}/v1") as sandbox:
        reply = chat(sandbox)

    assert (reply.status, f"127.0.0.1:{port}" in reply.json["message"]) == (502, True)


async def test_requests_are_checked_before(model):
    """What the gateway would refuse does not reach the upstream."""
    reply = await _ask(model, seed=0)

    assert (reply.status, model.seen) == (400, [])


async def test_faults_happen_with_an_upstream_too(model):
    """Faults are the gateway's own."""
    refused = await _ask(model, faults="status_503")
    cut = await _ask(model, faults="cut_stream", stream=True)

    assert refused.status == 503
    assert "[DONE]" not in cut.text


@pytest.mark.parametrize("fault", ["close_connection", "reset_stream"])
async def test_a_reply_that_is_not_wanted_is_let_go(model, fault):
    """A fault that ends the connection ends the upstream's as well."""
    with pytest.raises((OSError, HTTPException)):
        await _ask(model, faults=fault, stream=True)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_redirects_are_not_followed(model, status):
    """An upstream cannot send the request, and the key, elsewhere."""
    model.status = status
    model.answer = "moved"
    reply = await _ask(model, key="secret")

    assert reply.status == 502
    assert f"redirects ({status})" in reply.json["message"]
    assert len(model.seen) == 1
