"""What all tests share: a clean environment and, for those that ask, a sandbox to talk to."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import pytest

from langchain_aimlapi import ChatAimlapi
from langchain_aimlapi._client.warnings import forget
from langchain_aimlapi.sandbox import Sandbox
from tests.ways import WAYS, Ask, asked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_OWN_VARIABLES = (
    "AIMLAPI_API_KEY",
    "AIMLAPI_API_BASE",
    "AIMLAPI_BASE_URL",
    "AIMLAPI_MODEL",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "SSL_CERT_FILE",
    "LANGSMITH_TRACING",
    "LC_OUTPUT_VERSION",
)


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No key, address or proxy of the machine reaches a test, and every warning is new."""
    for name in _OWN_VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    forget()


@pytest.fixture(scope="session")
def shared_sandbox() -> Iterator[Sandbox]:
    """One sandbox for all tests of a worker that only ask it things."""
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture(params=WAYS)
def ask(request: pytest.FixtureRequest) -> Ask:
    """A function that asks a model, in each of the four ways in turn."""
    return functools.partial(asked, request.param)


@pytest.fixture
def model(aimlapi_sandbox: Sandbox) -> Callable[..., ChatAimlapi]:
    """A function that makes models which the test's own sandbox answers."""
    return functools.partial(ChatAimlapi, model="gpt-4o", max_retries=0)
