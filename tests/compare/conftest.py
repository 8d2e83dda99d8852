"""What the tests of comparisons share: models of the sandbox, and models of a script."""

from __future__ import annotations

import asyncio

import pytest
from langchain_core.messages import AIMessageChunk
from langchain_core.runnables import RunnableGenerator

from langchain_aimlapi import ChatAimlapi
from langchain_aimlapi.compare import Comparison, astream


@pytest.fixture
def collect():
    """A function that runs a comparison to its end, and returns its events."""

    def run(comparison: Comparison, make_model=None):
        async def listed():
            return [event async for event in astream(comparison, make_model)]

        return asyncio.run(listed())

    return run


@pytest.fixture
def sandbox_models(aimlapi_sandbox):
    """Makes models that the sandbox answers; it keeps the requests."""
    return lambda model: ChatAimlapi(model=model, max_retries=0)


def scripted(*items):
    """A chain that streams what is given: chunks, pauses in seconds, errors, or an endless wait."""

    async def chunks(_):
        for item in items:
            if isinstance(item, BaseException):
                raise item
            if isinstance(item, float):
                await asyncio.sleep(item)
            elif item == "wait":
                await asyncio.Event().wait()
            else:
                yield AIMessageChunk(item) if isinstance(item, str) else item

    return RunnableGenerator(chunks)
