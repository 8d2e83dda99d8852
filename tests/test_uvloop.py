"""The async calls in uvloop, whose sockets and timers are not asyncio's."""

from __future__ import annotations

import asyncio

import pytest

from langchain_aimlapi import AimlapiTimeoutError, StreamInterruptedError, Timeouts

uvloop = pytest.importorskip("uvloop", reason="there is no uvloop for this system")

QUESTION = "I love programming."


async def text_of(llm):
    """The text of a stream."""
    return "".join([chunk.text async for chunk in llm.astream(QUESTION)])


def test_many_calls_at_once_in_one_loop_after_another(model):
    """One object, streams and whole replies side by side, in uvloop, asyncio and uvloop again."""
    llm = model()
    said = llm.invoke(QUESTION).text

    async def main():
        streamed = await asyncio.gather(*(text_of(llm) for _ in range(20)))
        whole = await asyncio.gather(*(llm.ainvoke(QUESTION) for _ in range(20)))
        return {*streamed, *(answer.text for answer in whole)}

    for run in (uvloop.run, asyncio.run, uvloop.run):
        assert run(main()) == {said}


@pytest.mark.filterwarnings("ignore::langchain_core._api.LangChainBetaWarning")
def test_events(model):
    """The stream of content-block events ends with the same message."""

    async def main():
        stream = await model().astream_events(QUESTION, version="v3")
        return await stream

    assert uvloop.run(main()).text == model().invoke(QUESTION).text


def test_a_cut_stream_is_noticed(model):
    """The error carries what had come."""
    llm = model(default_headers={"x-sandbox-fault": "cut_stream"})
    with pytest.raises(StreamInterruptedError) as caught:
        uvloop.run(text_of(llm))
    assert caught.value.partial.text


def test_silence_ends_in_time(model):
    """The timer of a stream's reads goes by uvloop's clock, too."""
    llm = model(default_headers={"x-sandbox-fault": "stall"}, timeout=Timeouts(between_tokens=0.2))
    with pytest.raises(AimlapiTimeoutError) as caught:
        uvloop.run(asyncio.wait_for(text_of(llm), 60))
    assert caught.value.partial.text


def test_a_cancelled_stream_leaves_nothing_open(model, aimlapi_sandbox):
    """The next call in the same loop works, and closing says nothing of leaks."""

    async def main():
        stalled = model(default_headers={"x-sandbox-fault": "stall"})
        task = asyncio.create_task(text_of(stalled))
        while not aimlapi_sandbox.requests:  # noqa: ASYNC110  # of another thread
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return await text_of(model())

    assert uvloop.run(main())
    assert len(aimlapi_sandbox.requests) == 2
