"""Answers a test puts into the sandbox's mouth."""

from __future__ import annotations

import pytest

from tests.sandbox.http_client import TEXT, calls, chat, request


@pytest.mark.parametrize("stream", [False, True])
def test_a_text(sandbox, stream):
    """The next request gets the text, and the one after it the sandbox's own."""
    sandbox.answer_next("It rains.", reasoning="Look outside.")
    first, second = (chat(sandbox, stream=stream) for _ in range(2))
    texts = [reply.joined() if stream else reply.message["content"] for reply in (first, second)]

    assert texts == ["It rains.", TEXT]
    assert "Look" in first.text


def test_calls(sandbox):
    """Tools are called as told, whether the request has them or not."""
    sandbox.answer_next(tool_calls={"look_up": {"word": "日本"}, "ping": {}})
    reply = chat(sandbox)

    assert calls(reply) == [("look_up", {"word": "日本"}), ("ping", {})]
    assert reply.json["choices"][0]["finish_reason"] == "tool_calls"


def test_answers_queue_up(sandbox):
    """Several answers are given in turn, to either endpoint."""
    for word in ("one", "two"):
        sandbox.answer_next(word)

    assert chat(sandbox).message["content"] == "one"
    body = {"model": "m", "input": "hi"}
    assert request(sandbox, "POST", "/responses", body).json["output_text"] == "two"


def test_limits_still_hold(sandbox):
    """What the request says of stop words and length is obeyed."""
    for _ in range(2):
        sandbox.answer_next("It rains. It pours.")

    assert chat(sandbox, stop="It pours").message["content"] == "It rains. "
    assert chat(sandbox, max_tokens=1).json["choices"][0]["finish_reason"] == "length"


def test_refused_requests_use_up_no_answer(sandbox):
    """An answer waits for a request that gets one."""
    sandbox.answer_next("It rains.")
    sandbox.fail_next("status_503")

    assert [chat(sandbox, seed=0).status, chat(sandbox, seed=0).status] == [503, 400]
    assert chat(sandbox).message["content"] == "It rains."
