"""Annotations of public classes can be resolved at run time, as LangChain and other tools do."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import typing

import pytest
from langchain_core.tools import tool
from pydantic import BaseModel

import langchain_aimlapi
from langchain_aimlapi import ChatAimlapi
from tests.scripted import Scripted


def public_modules():
    """The package and its modules and packages without an underscore, but for the command line."""
    yield langchain_aimlapi
    for found in pkgutil.iter_modules(langchain_aimlapi.__path__):
        if not found.name.startswith("_") and found.name not in {"cli", "web"}:
            yield importlib.import_module(f"langchain_aimlapi.{found.name}")


def public_classes():
    """Every class that a user can import by a public name."""
    values = [
        getattr(module, name)
        for module in public_modules()
        for name in getattr(module, "__all__", ())
    ]
    return sorted({value for value in values if isinstance(value, type)}, key=lambda k: k.__name__)


def is_hook(kind, name):
    """Whether a private method is one that a class of LangChain's or pydantic's asks for."""
    others = [base for base in kind.__mro__ if not base.__module__.startswith("langchain_aimlapi")]
    return any(name in vars(base) for base in others if base is not object)


def own_functions(kind):
    """Public methods, hooks and special methods that this package wrote for a class."""
    for base in kind.__mro__:
        if not base.__module__.startswith("langchain_aimlapi"):
            continue
        for name, value in list(vars(base).items()):
            if name.startswith("_") and not name.endswith("__") and not is_hook(kind, name):
                continue
            inner = value.fget if isinstance(value, property) else value
            inner = getattr(inner, "__func__", inner)
            inner = inspect.unwrap(getattr(inner, "wrapped", inner))
            inner = getattr(inner, "__func__", inner)
            if inspect.isfunction(inner) and inner.__module__.startswith("langchain_aimlapi"):
                yield f"{base.__name__}.{name}", inner


@pytest.mark.parametrize("kind", public_classes(), ids=lambda kind: kind.__name__)
def test_hints_resolve(kind):
    """No annotation names something that only type checkers import."""
    unresolved = {}
    for name, function in own_functions(kind):
        try:
            typing.get_type_hints(function)
        except NameError as error:
            unresolved[name] = str(error)
    assert unresolved == {}


class Film(BaseModel):
    """A film."""

    title: str


@tool
def weather(city: str) -> str:
    """The weather in a city."""
    return f"Sunny in {city}."


@pytest.fixture
def steady(model, aimlapi_sandbox):
    """A model whose service is down, with another one behind it."""
    with Scripted(status=500, reply={"message": "down"}) as down:
        first = ChatAimlapi(model="gpt-4o", api_key="k", base_url=down.url, max_retries=0)
        yield first.with_fallbacks([model()])


def test_tools_are_bound_to_each_of_a_chain_of_fallbacks(ask, steady, aimlapi_sandbox):
    """LangChain asks the hints of `bind_tools` whether it returns a runnable."""
    answer = ask(steady.bind_tools([weather]), "The weather in Rome?")
    assert [call["name"] for call in answer.tool_calls] == ["weather"]
    assert aimlapi_sandbox.requests[-1].body["tools"][0]["function"]["name"] == "weather"


@pytest.mark.parametrize("include_raw", [False, True])
def test_each_of_a_chain_of_fallbacks_answers_by_the_schema(steady, include_raw):
    """Likewise `with_structured_output`."""
    structured = steady.with_structured_output(Film, include_raw=include_raw)
    answer = structured.invoke("Name a film.")
    assert isinstance(answer["parsed"] if include_raw else answer, Film)
