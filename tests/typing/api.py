"""What users write, held against what the type checker makes of it. Checked, never run."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any, Literal, TypedDict, assert_type

from langchain_core.language_models import LanguageModelInput
from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.runnables import Runnable
from pydantic import BaseModel, SecretStr

from langchain_aimlapi import (
    Account,
    AimlapiEmbeddings,
    AimlapiError,
    ChatAimlapi,
    RateLimitError,
    StructuredOutput,
    Timeouts,
)


class Person(BaseModel):
    """A person."""

    name: str


@dataclass
class Point:
    """A point."""

    x: int
    y: int


class Colour(Enum):
    """A colour."""

    RED = "red"


class Row(TypedDict):
    """A person, as a dict."""

    name: str


class House(ChatAimlapi):
    """A model with settings of the house."""

    def __init__(self, model: str) -> None:
        super().__init__(model=model, api_key="key", tags=["house"])


async def key() -> str:
    """Fetch a key."""
    return "key"


async def calls() -> None:
    """Call in every way."""
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
    with llm as same:
        assert_type(same, ChatAimlapi)
    assert_type(House("gpt-4o").invoke("Hi"), AIMessage)


def structured(llm: ChatAimlapi, schema: dict[str, Any], *, include_raw: bool) -> None:
    """Ask for objects of every kind."""
    person = llm.with_structured_output(Person)
    assert_type(person, Runnable[LanguageModelInput, Person])
    assert_type(person.invoke("Ada"), Person)
    assert_type(llm.with_structured_output(Row, method="json_schema").invoke("Ada"), Row)
    assert_type(llm.with_structured_output(Point).invoke("1, 2"), Point)
    assert_type(llm.with_structured_output(Colour).invoke("red"), Colour)
    assert_type(llm.with_structured_output(list[Person]).invoke("Ada"), list[Person])
    llm.with_structured_output(Person | Point).invoke("Ada")
    llm.with_structured_output(Literal["yes", "no"]).invoke("yes")
    assert_type(llm.with_structured_output(schema).invoke("Ada"), dict[str, Any])
    assert_type(llm.with_structured_output(method="json_mode").invoke("Ada"), dict[str, Any])
    raw = llm.with_structured_output(Person, include_raw=True, strict=True).invoke("Ada")
    assert_type(raw, StructuredOutput[Person])
    assert_type(raw["raw"], AIMessage)
    assert_type(raw["parsed"], Person | None)
    assert_type(raw["parsing_error"], BaseException | None)
    dicts = llm.with_structured_output(schema, include_raw=True)
    assert_type(dicts.invoke("Ada")["parsed"], dict[str, Any] | None)
    unknown = llm.with_structured_output(Person, include_raw=include_raw)
    assert_type(unknown, Runnable[LanguageModelInput, Any])


def constructors() -> None:
    """Give every field by each of its names, and keys of every kind."""
    ChatAimlapi(model="m", api_key="key", base_url="http://127.0.0.1:1/v1", stop=["END"])
    ChatAimlapi(model_name="m", aimlapi_api_key="key", aimlapi_api_base="http://127.0.0.1:1/v1")
    ChatAimlapi(model="m", api_key=SecretStr("key"), cache=False, profile={"max_input_tokens": 9})
    ChatAimlapi(model="m", api_key=key, timeout=Timeouts(total=10, first_token=2))
    ChatAimlapi(model="m", api_key=lambda: "key")
    ChatAimlapi()
    AimlapiEmbeddings(model="m", api_key="key", base_url="http://127.0.0.1:1/v1", dimensions=3)
    Account(api_key="key", timeout=(3, 10))
    AimlapiEmbeddings(model="m", aimlapi_api_key=key, aimlapi_api_base="http://127.0.0.1:1/v1")


def failed(error: AimlapiError) -> float | None:
    """Look at an error."""
    assert_type(error.status_code, int | None)
    assert_type(error.partial, AIMessageChunk | None)
    return error.retry_after if isinstance(error, RateLimitError) else None
