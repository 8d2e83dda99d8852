"""Asks all models at once, each as often as wanted, and hands over what happens."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable
from typing import TypeAlias

from langchain_core.language_models import LanguageModelInput
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.runnables import Runnable

from langchain_aimlapi._lazy import load_for_async
from langchain_aimlapi.compare.answer import Answer
from langchain_aimlapi.compare.events import Event, Finished
from langchain_aimlapi.compare.results import Comparison

MakeModel: TypeAlias = Callable[[str], Runnable[LanguageModelInput, AIMessage]]

_FOR_CALLS = (
    "._chat.build",
    "._chat.stream",
    "._codec.langchain.chunks",
    "._codec.langchain.events",
    "langchain_core.tracers.langchain",
    "langchain_core.tracers.stdout",
)
"""Modules that a first call would load."""


async def arun(comparison: Comparison, make_model: MakeModel | None = None) -> None:
    """Ask all models and wait for their results, which are added to the comparison.

    Args:
        comparison: What to ask whom.
        make_model: Makes the model object of an id; `ChatAimlapi(model=id)` by default.

    Raises:
        ConfigurationError: A model object cannot be made. What a call raises is in its result.
    """
    async with contextlib.aclosing(astream(comparison, make_model)) as events:
        async for _ in events:
            pass


async def astream(
    comparison: Comparison, make_model: MakeModel | None = None
) -> AsyncGenerator[Event]:
    """Ask all models at once; the runs of one model come one after the other.

    Each result is added to the comparison just before its `Finished` is yielded. If the caller
    stops or is cancelled, what had come until then is added as well, as interrupted.

    Args:
        comparison: What to ask whom.
        make_model: Makes the model object of an id; `ChatAimlapi(model=id)` by default.

    Yields:
        Events of all models, as they happen.

    Raises:
        ConfigurationError: A model object cannot be made. What a call raises is in its result.
    """
    make_model = make_model or _make_model
    llms = [make_model(model) for model in comparison.models]
    # Loaded before the clocks start: it would be a part of the first times.
    await load_for_async(*_FOR_CALLS)
    events: asyncio.Queue[Event | None] = asyncio.Queue()
    messages = comparison.messages
    tasks = [
        asyncio.create_task(_ask_often(comparison, column, llm, messages, events))
        for column, llm in enumerate(llms)
    ]
    for task in tasks:
        task.add_done_callback(lambda _: events.put_nowait(None))
    try:
        for _ in tasks:  # each ends with one None
            while (event := await events.get()) is not None:
                yield event
        for task in tasks:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _ask_often(
    comparison: Comparison,
    column: int,
    llm: Runnable[LanguageModelInput, AIMessage],
    messages: list[BaseMessage],
    events: asyncio.Queue[Event | None],
) -> None:
    model = comparison.models[column]
    for run in range(1, comparison.runs + 1):
        answer = Answer(model, run, column)
        try:
            async with contextlib.aclosing(answer.astream(llm, messages)) as stream:
                async for event in stream:
                    if isinstance(event, Finished):
                        comparison.add(event.result)
                    events.put_nowait(event)
        except asyncio.CancelledError:
            comparison.add(answer.result(is_interrupted=True))
            raise


def _make_model(model: str) -> Runnable[LanguageModelInput, AIMessage]:
    from langchain_aimlapi import ChatAimlapi  # noqa: PLC0415  # one may bring models of one's own

    return ChatAimlapi(model=model)
