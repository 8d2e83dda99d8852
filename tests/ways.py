"""The four ways to call a model, behind one function, so that each behaviour is tested in all."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
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
        whole = asyncio.run(model.ainvoke(prompt, **kwargs))
        return whole
    if way == "stream":
        return merged(list(model.stream(prompt, **kwargs)))
    return merged(asyncio.run(_listed(model, prompt, kwargs)))


async def _listed(model: Any, prompt: Any, kwargs: dict[str, Any]) -> list[AIMessageChunk]:
    return [chunk async for chunk in model.astream(prompt, **kwargs)]


def merged(chunks: list[AIMessageChunk]) -> AIMessageChunk:
    """Chunks added up, as users do it."""
    whole = chunks[0]
    for chunk in chunks[1:]:
        whole = whole + chunk
    return whole
