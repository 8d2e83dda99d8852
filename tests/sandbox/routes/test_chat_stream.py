"""How a stream looks on the wire, and when its parts come."""

from __future__ import annotations

import asyncio
import time

import aiohttp
import pytest

from langchain_aimlapi.sandbox import Sandbox
from tests.sandbox.http_client import TEXT, USER, chat, function

TOOL = function(city={"type": "string"}, days={"type": "integer"})


def test_order_of_the_chunks(shared_sandbox):
    """Role, text, finish, usage, cost, end marker: each in a chunk of its own."""
    reply = chat(shared_sandbox, stream=True)
    first, *text, finish, usage, cost = reply.chunks

    assert first["choices"][0]["delta"] == {"role": "assistant", "content": "", "refusal": None}
    assert all(chunk["choices"][0]["delta"]["content"] for chunk in text)
    assert (finish["choices"][0]["delta"], finish["choices"][0]["finish_reason"]) == ({}, "stop")
    assert (usage["choices"], usage["usage"]["completion_tokens"]) == ([], len(text))
    assert cost["choices"] == []
    assert cost["meta"]["usage"]["credits_used"] > 0
    assert reply.text.endswith("\n\ndata: [DONE]\n\n")


def test_what_all_chunks_share(shared_sandbox):
    """Id, time and model are the same throughout, and only one chunk has usage or a finish."""
    chunks = chat(shared_sandbox, stream=True).chunks
    choices = [choice for chunk in chunks for choice in chunk["choices"]]

    assert len({(chunk["id"], chunk["created"], chunk["model"]) for chunk in chunks}) == 1
    assert {chunk["object"] for chunk in chunks} == {"chat.completion.chunk"}
    assert sum(bool(chunk.get("usage")) for chunk in chunks) == 1
    assert sum(bool(choice["finish_reason"]) for choice in choices) == 1


@pytest.mark.parametrize(
    "stream_options", [None, {"include_usage": True}, {"include_usage": False}]
)
def test_usage_comes_unasked(shared_sandbox, stream_options):
    """The service sends usage whether it was asked for or not."""
    reply = chat(shared_sandbox, stream=True, stream_options=stream_options)

    assert reply.chunks[-2]["usage"]["total_tokens"] > 0


def test_pieces_are_small(shared_sandbox):
    """The text comes in pieces of at most seven characters."""
    pieces = [delta.get("content") or "" for delta in chat(shared_sandbox, stream=True).deltas]

    assert "".join(pieces) == TEXT
    assert max(map(len, pieces)) <= 7


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"max_tokens": 5},
        {"stop": "API"},
        {"n": 2},
        {"tools": [TOOL], "tool_choice": "required"},
        {"reasoning_effort": "high", "response_format": {"type": "json_object"}},
    ],
)
def test_streams_say_the_same(shared_sandbox, options):
    """Streamed or not, the same request gets the same words, finish and usage."""
    whole, stream = (chat(shared_sandbox, stream=flag, **options) for flag in (False, True))

    for choice in whole.json["choices"]:
        deltas = [
            part
            for chunk in stream.chunks
            for part in chunk["choices"]
            if part["index"] == choice["index"]
        ]
        text = "".join(part["delta"].get("content") or "" for part in deltas)
        assert text == (choice["message"]["content"] or "")
        assert deltas[-1]["finish_reason"] == choice["finish_reason"]
    assert stream.chunks[-2]["usage"] == whole.json["usage"]
    assert stream.chunks[-1]["meta"] == whole.json["meta"]


async def _timed(sandbox, **options):
    """Stream an answer, and note when each read came."""
    body = {"model": "m", "messages": USER, "stream": True, **options}
    headers = {"Authorization": "Bearer k"}
    url = f"{sandbox.base_url}/chat/completions"
    start = time.monotonic()
    async with (
        aiohttp.ClientSession() as session,
        session.post(url, json=body, headers=headers) as reply,
    ):
        return [time.monotonic() - start async for _ in reply.content.iter_any()]


async def test_time_to_the_first_token():
    """Nothing comes before the time that was set."""
    async with Sandbox(ttft=0.3) as sandbox:
        times = await _timed(sandbox)

    assert 0.3 <= times[0] < 60


async def test_tokens_per_second():
    """The tokens come at the rate that was set, one by one."""
    async with Sandbox(tokens_per_second=50) as sandbox:
        times = await _timed(sandbox)

    assert len(times) > 3  # a slow machine reads several at once
    assert 19 / 50 <= times[-1] < 60


def test_whole_replies_take_as_long():
    """A reply that is not streamed comes when its stream would end."""
    with Sandbox(ttft=0.1, tokens_per_second=100) as sandbox:
        start = time.monotonic()
        tokens = chat(sandbox).json["usage"]["completion_tokens"]

    assert 0.1 + (tokens - 1) / 100 <= time.monotonic() - start < 60


async def test_streams_do_not_wait_for_each_other():
    """Many paced streams take as long as one."""
    async with Sandbox(ttft=0.5) as sandbox:
        start = time.monotonic()
        await asyncio.gather(*(_timed(sandbox) for _ in range(60)))

    assert time.monotonic() - start < 60 * 0.5


async def test_a_client_that_leaves_frees_its_connection():
    """A stream that nobody reads any more ends."""
    async with Sandbox(tokens_per_second=1) as sandbox:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(_timed(sandbox), 0.2)
        for _ in range(200):
            if not sandbox.connections:
                break
            await asyncio.sleep(0.01)

        assert sandbox.connections == 0
