"""The four ways to call a model, behind one function, so that each behaviour is tested in all."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

from langchain_core.messages import AIMessage, AIMessageChunk

if TYPE_CHECKING:
    from langchain_core.runnables import Runnable

WAYS = ("invoke", "ainvoke", "stream", "astream")
Ask = Callable[..., AIMessage]


def asked(way: str, model: Runnable[Any, Any], prompt: Any, /, **kwargs: Any) -> AIMessage:
    """Ask a model in one of the four ways and return the whole answer.

    The async ways run in a loop of their own, as scripts do it, so every test of them is also one
    of connections that have to end with their loop.
    """
    whole: AIMessage
    if way == "invoke":
        whole = model.invoke(prompt, **kwargs)
        return whole
    if way == "ainvoke":
        whole = run_async(model.ainvoke(prompt, **kwargs))
        return whole
    if way == "stream":
        return merged(list(model.stream(prompt, **kwargs)))
    return merged(run_async(_listed(model, prompt, kwargs)))


def run_async(call: Coroutine[Any, Any, Any]) -> Any:
    """`asyncio.run`, with the result handed over beside the task.

    At its end `asyncio.run` looks up its handler of signals, which formats the task and with it the
    result, only to throw the text away; for messages that takes longer than the call.
    """
    result: list[Any] = []

    async def keep() -> None:
        result.append(await call)

    asyncio.run(keep())
    return result[0]


async def _listed(model: Any, prompt: Any, kwargs: dict[str, Any]) -> list[AIMessageChunk]:
    return [chunk async for chunk in model.astream(prompt, **kwargs)]


def merged(chunks: list[AIMessageChunk]) -> AIMessageChunk:
    """Chunks added up, as users do it."""
    whole = chunks[0]
    for chunk in chunks[1:]:
        whole = whole + chunk
    return whole
