"""Chunks in LangGraph's checkpoints: stored and loaded as LangChain's, strict and in silence."""

from __future__ import annotations

import logging

import pytest
from langchain_core.messages import AIMessageChunk as PlainChunk
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from langgraph.func import entrypoint, task
from langgraph.types import Command, interrupt

from ..said import Said
from ..shapes import called, chunks_of, reply, streamed

CALLED = reply({"content": None, "tool_calls": [called("c1", "f", '{"a": 1}')]})


@pytest.fixture
def strict():
    """LangGraph's serializer where it loads nothing but what is known to be safe."""
    return JsonPlusSerializer(allowed_msgpack_modules=None)


def test_a_chunk_comes_back(strict, caplog):
    """As LangChain's class, with all that is in it."""
    caplog.set_level(logging.DEBUG)
    listed = [*chunks_of(streamed(reply({}))), *chunks_of(streamed(CALLED))]

    loaded = [strict.loads_typed(strict.dumps_typed(chunk)) for chunk in listed]

    assert {type(chunk) for chunk in loaded} == {PlainChunk}
    assert [chunk.model_dump() for chunk in loaded] == [chunk.model_dump() for chunk in listed]
    assert [line for line in caplog.messages if "AIMessageChunk" in line] == []


def test_a_task_may_return_chunks(caplog):
    """A functional graph that is resumed has them as they were."""
    with Said(CALLED, streamed(CALLED)) as service:
        llm = service.model()

        @task
        def asked(prompt):
            return list(llm.stream(prompt))

        @entrypoint(checkpointer=InMemorySaver())
        def work(prompt):
            chunks = asked(prompt).result()
            interrupt("go on?")
            return chunks

        config = {"configurable": {"thread_id": "1"}}
        work.invoke("Hi", config)
        chunks = work.invoke(Command(resume="yes"), config)

    total = chunks[0]
    for chunk in chunks[1:]:
        total = total + chunk
    assert {type(chunk) for chunk in chunks} == {PlainChunk}
    assert [call["args"] for call in total.tool_calls] == [{"a": 1}]
    assert [line for line in caplog.messages if "msgpack" in line] == []
