"""What users write, held against what the type checker makes of it. Checked, never run."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any, assert_type

from langchain_core.language_models import LanguageModelInput
from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.runnables import Runnable
from pydantic import BaseModel

from langchain_aimlapi import AimlapiError, ChatAimlapi, RateLimitError, Timeouts


class Person(BaseModel):
    """A person."""

    name: str


async def key() -> str:
    """Fetch a key."""
    return "key"


async def api() -> None:
    """Use every public entry as a user would."""
    llm = ChatAimlapi(
        model="meta-llama/Llama-3-70b-chat-hf",
        temperature=0.7,
        max_tokens=512,
        timeout=30,
        max_retries=3,
    )
    assert_type(llm, ChatAimlapi)
    assert_type(llm.model, str)
    assert_type(llm.invoke("Hi"), AIMessage)
    assert_type(await llm.ainvoke([("system", "Be brief."), ("human", "Hi")]), AIMessage)
    assert_type(llm.stream("Hi"), Iterator[AIMessageChunk])
    assert_type(llm.astream("Hi"), AsyncIterator[AIMessageChunk])
    assert_type(llm.bind_tools([Person]), Runnable[LanguageModelInput, AIMessage])
    assert_type(llm.with_structured_output(Person), Runnable[LanguageModelInput, Any])
    with llm as same:
        assert_type(same, ChatAimlapi)
    ChatAimlapi(model="m", api_key=key, timeout=Timeouts(total=10, first_token=2))
    ChatAimlapi(model="m", api_key=lambda: "key", base_url="http://127.0.0.1:1/v1", stop=["END"])


def failed(error: AimlapiError) -> float | None:
    """Look at an error."""
    assert_type(error.status_code, int | None)
    return error.retry_after if isinstance(error, RateLimitError) else None
