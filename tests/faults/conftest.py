"""A sandbox that counts, a pool and a stock of retries for each test, and back-off without waits."""

from __future__ import annotations

import contextlib
import random
from typing import TYPE_CHECKING

import pytest

from langchain_aimlapi import ChatAimlapi
from langchain_aimlapi._transport import pool
from langchain_aimlapi.sandbox import Sandbox
from langchain_aimlapi.sandbox.faults import effects

from .expectations import RETRY_AFTER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from langchain_aimlapi import Timeouts

KEY = "sk-canary-5b8e02c7d1"
PROMPT = "prompt-canary: what I would tell nobody"


@pytest.fixture(autouse=True)
def fresh_pool(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Clients and retries of one test are not those of the next."""
    monkeypatch.setattr(pool, "_state", pool._State())
    yield
    pool.close_all()


@pytest.fixture(autouse=True)
def no_jitter(monkeypatch: pytest.MonkeyPatch) -> None:
    """The dice always fall so that there is nothing to wait for but what the service asks."""
    monkeypatch.setattr(random, "random", lambda: 0.0)


@pytest.fixture(scope="package", autouse=True)
def brisk_faults() -> Iterator[None]:
    """Faults that drip do so often enough for several drops to fall within the shortest limit."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(effects, "_HEARTBEAT", 0.03)
        patch.setattr(effects, "_BYTE_DELAY", 0.05)
        yield


@contextlib.contextmanager
def new_world() -> Iterator[Sandbox]:
    """A sandbox whose rate limits ask for a short wait."""
    with Sandbox() as sandbox:
        sandbox.retry_after = RETRY_AFTER
        yield sandbox


@pytest.fixture(scope="package")
def world() -> Iterator[Sandbox]:
    """One sandbox for all cases; each asks for its own fault."""
    with new_world() as sandbox:
        yield sandbox


def models_of(world: Sandbox) -> Callable[..., ChatAimlapi]:
    """A function that makes models whose every request meets one fault, if it is named."""

    def make(fault: str, timeout: Timeouts, *, max_retries: int = 0) -> ChatAimlapi:
        world.requests.clear()
        return ChatAimlapi(
            model="openai/gpt-4o",
            api_key=KEY,
            base_url=world.base_url,
            max_retries=max_retries,
            timeout=timeout,
            default_headers={"x-sandbox-fault": fault},
        )

    return make


@pytest.fixture
def failing(world: Sandbox) -> Callable[..., ChatAimlapi]:
    """The same for the world that all share."""
    return models_of(world)
