"""`watch_wire`: what was sent and what came back, byte for byte, without a secret."""

from __future__ import annotations

import asyncio
import json
import threading

import pytest

from langchain_aimlapi import AimlapiError, ChatAimlapi
from langchain_aimlapi._errors.secrets import HIDDEN
from langchain_aimlapi._transport import watching
from langchain_aimlapi.sandbox import Sandbox
from langchain_aimlapi.wire import WireData, WireError, WireReply, WireRequest, watch_wire
from tests.scripted import Scripted
from tests.transport.service import Service, stream

KEY = "sk-canary-4f1c9a7e2b"
CHUNK = b'data: {"choices":[{"index":0,"delta":{"content":"%s"}}]}\n\n'
END = b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'


def kinds(seen, *wanted):
    return [each for each in seen if isinstance(each, wanted)]


def told(seen):
    return "".join(each.text for each in kinds(seen, WireData))


def test_the_very_body_and_reply(ask, model, aimlapi_sandbox):
    """The body is what the service got; the reply holds all that it sent."""
    seen = []
    with watch_wire(seen.append):
        answer = ask(model(), "Hi")

    (sent,), (reply,) = kinds(seen, WireRequest), kinds(seen, WireReply)
    assert json.loads(sent.body) == aimlapi_sandbox.requests[0].body
    assert (sent.method, reply.status, sent.attempt, reply.attempt) == ("POST", 200, 1, 1)
    assert sent.url.endswith("/chat/completions")
    assert "choices" in told(seen)
    assert reply.headers["x-inference-id"] == answer.response_metadata["inference_id"]
    assert sent.headers["Authorization"] == HIDDEN


def test_nothing_is_watched_before_and_after(ask, model):
    """The block is the border, also where it ended by an error."""
    seen = []
    ask(model(), "Hi")
    with pytest.raises(ZeroDivisionError), watch_wire(seen.append):
        raise ZeroDivisionError
    ask(model(), "Hi")

    assert seen == []


def test_each_attempt_is_shown(ask, model, aimlapi_sandbox):
    """A 503 and the retry after it, each with its reply."""
    aimlapi_sandbox.answer_next(error="status_503")
    seen = []
    with watch_wire(seen.append):
        ask(model(max_retries=1), "Hi")

    assert [(each.attempt, each.status) for each in kinds(seen, WireReply)] == [(1, 503), (2, 200)]
    assert [each.attempt for each in kinds(seen, WireRequest)] == [1, 2]
    assert {each.attempt for each in kinds(seen, WireData)} == {1, 2}


def test_failures_are_told(ask):
    """Nobody listens there."""
    seen = []
    llm = ChatAimlapi(model="gpt-4o", api_key=KEY, base_url="http://127.0.0.1:1/v1", max_retries=1)
    with watch_wire(seen.append), pytest.raises(AimlapiError):
        ask(llm, "Hi")

    assert [type(each) for each in seen] == [WireRequest, WireError] * 2
    assert "Connection" in seen[1].message


def test_the_key_is_nowhere(ask):
    """Not in what was sent, in a header, or in a reply that repeats it in any escaping."""
    seen = []
    reply = {"error": {"message": f"Bearer {KEY} " + json.dumps(KEY)}}
    with Scripted(reply=reply, status=401) as service, watch_wire(seen.append):
        service.headers_now = {"x-echo": KEY, "set-cookie": "a=b"}
        llm = ChatAimlapi(
            model="gpt-4o",
            api_key=KEY,
            base_url=f"{service.url}?token={KEY}x",
            default_headers={"X-Other-Key": "another-secret-1"},
        )
        with pytest.raises(AimlapiError):
            ask(llm, f"My key is {KEY}")

    shown = repr(seen)
    assert len(kinds(seen, WireRequest, WireReply, WireData)) == 3
    assert KEY not in shown
    assert "another-secret-1" not in shown
    assert "a=b" not in shown
    assert HIDDEN in told(seen)


def test_a_key_in_two_reads_is_blanked():
    """Reads cut where they like, events do not."""
    first, second = KEY[:9].encode(), KEY[9:].encode()
    steps = (b": echo " + first, 0.02, second + b"\r\n", 0.02, b"\r\n" + CHUNK % b"Hi", END)
    seen = []
    with Service() as service:
        service.will(stream(*steps))
        llm = ChatAimlapi(model="gpt-4o", api_key=KEY, base_url=f"http://127.0.0.1:{service.port}")
        with watch_wire(seen.append):
            text = "".join(chunk.text for chunk in llm.stream("Hi"))

    assert text == "Hi"
    assert KEY[:9] not in repr(seen)
    events = [each.text.strip() for each in kinds(seen, WireData)]
    assert events[0] == f": echo {HIDDEN}"
    assert events[-1] == "data: [DONE]"
    assert len(events) == 4


def test_what_was_read_of_a_broken_stream(model, aimlapi_sandbox):
    """The beginning is shown, then the failure."""
    aimlapi_sandbox.answer_next("one two three", error="cut_stream")
    seen = []
    with watch_wire(seen.append), pytest.raises(AimlapiError):
        list(model().stream("Hi"))

    assert "data: {" in told(seen)


def test_two_tasks_at_once(model):
    """Each task is shown its own calls alone."""

    async def watched(prompt):
        seen = []
        with watch_wire(seen.append):
            await model().ainvoke(prompt)
        return kinds(seen, WireRequest)

    async def main():
        return await asyncio.gather(watched("left"), watched("right"))

    (left,), (right,) = asyncio.run(main())
    assert "left" in left.body
    assert "right" in right.body


def test_threads_of_a_batch(model):
    """LangChain's threads belong to the block that starts them."""
    seen = []
    with watch_wire(seen.append):
        model().batch(["one", "two"])

    assert sorted(each.attempt for each in kinds(seen, WireRequest)) == [1, 2]


def test_other_threads_are_not_watched(model):
    seen = []
    with watch_wire(seen.append):
        thread = threading.Thread(target=lambda: model().invoke("Hi"))
        thread.start()
        thread.join()

    assert seen == []


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        (b"RIFF\0\0\0\0", "<8 bytes>"),
        (b'{"a": 1}', '{"a": 1}'),
        ("naïve".encode()[:3], "na\ufffd"),
        (b"<" * (2**20 + 5), "<" * 2**20 + "\n<5 more bytes>"),
    ],
)
def test_what_is_no_stream(body, shown):
    """Binary is told by its size, and long replies are cut."""
    seen = []
    with watch_wire(seen.append):
        watcher = watching._watcher.get()
        attempt = watcher.sending(_Request(), {}, None)
        attempt.replied(200, {})
        for start in range(0, len(body), 2**19):
            attempt.received(body[start : start + 2**19])
        attempt.received(b"")

    assert told(seen) == shown


class _Request:
    method, url, body = "GET", "https://api.aimlapi.com/v1/x", None

    def secrets(self, proxy):
        return []


def test_a_stream_that_outlives_the_block():
    """What comes after the block is shown to nobody; the next call is not, either."""
    seen = []
    with Sandbox(tokens_per_second=100) as sandbox:
        llm = ChatAimlapi(model="gpt-4o", api_key=KEY, base_url=sandbox.base_url)
        with watch_wire(seen.append):
            stream = llm.stream("Hi")
            next(stream)
        count = len(seen)
        assert len(list(stream)) > 3
        llm.invoke("Hi")

    assert len(seen) == count


def test_nothing_is_kept_of_a_call_that_ended(ask, model):
    """A block may last as long as a program."""
    with watch_wire(lambda _: None):
        watcher = watching._watcher.get()
        ask(model(), "Hi")
        assert watcher.unfinished == []
