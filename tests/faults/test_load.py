"""Thousands of calls at once against a service that refuses a third and drops a tenth."""

from __future__ import annotations

import contextlib
import sys
import threading
from collections import Counter
from typing import TYPE_CHECKING, Any, Self

import pytest
from langchain_core.messages import AIMessage

from langchain_aimlapi import AimlapiError, ChatAimlapi
from langchain_aimlapi.sandbox import Sandbox
from tests.ways import run_async

from .footprint import resident_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator

TROUBLE = {"status_429": 1 / 3, "close_connection": 0.1}
NAMES = {"RateLimitError", "AimlapiConnectionError"}
AT_ONCE = 32


class Peak:
    """The most connections a sandbox had open, looked up again and again while it works."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.most = 0
        self._sandbox = sandbox
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def _watch(self) -> None:
        while not self._over.wait(0.001):
            self.most = max(self.most, self._sandbox.connections)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()


@contextlib.contextmanager
def troubled(faults: Any) -> Iterator[tuple[Sandbox, Any]]:
    """A sandbox in trouble, and a function that makes models which talk to it."""
    with Sandbox(faults=faults) as sandbox:

        def make(**options: Any) -> ChatAimlapi:
            return ChatAimlapi(
                model="openai/gpt-4o",
                api_key=sandbox.api_key,
                base_url=sandbox.base_url,
                **options,
            )

        yield sandbox, make


def prompts(count: int) -> list[str]:
    """Prompts that can be told apart in the answers."""
    return [f"item <{number}>" for number in range(count)]


def batch(way: str, model: ChatAimlapi, inputs: list[str]) -> list[Any]:
    """Ask all of them, in threads or in a loop."""
    config: Any = {"max_concurrency": AT_ONCE}
    if way == "batch":
        results = model.batch(inputs, config, return_exceptions=True)
        model.close()
        return results
    return run_async(model.abatch(inputs, config, return_exceptions=True))


def judged(inputs: list[str], results: list[Any]) -> Counter[str]:
    """Count how items ended; each answer has to be the one to its own prompt."""
    counts: Counter[str] = Counter()
    for prompt, result in zip(inputs, results, strict=True):
        if isinstance(result, AIMessage):
            assert f'"{prompt}"' in result.text
        else:
            assert isinstance(result, AimlapiError)
        counts[type(result).__name__] += 1
    return counts


@pytest.mark.parametrize("way", ["batch", "abatch"])
def test_every_item_is_answered_or_fails_by_name(way):
    """Nothing is lost, mixed up or in flight beyond the limit; requests stay within the retries."""
    inputs = prompts(300)
    with troubled(TROUBLE) as (sandbox, make), Peak(sandbox) as peak:
        counts = judged(inputs, batch(way, make(max_retries=2), inputs))

        assert counts["AIMessage"] > 240
        assert set(counts) <= {"AIMessage", *NAMES}
        assert 1 <= peak.most <= AT_ONCE
        assert 300 < len(sandbox.requests) <= 900


@pytest.mark.parametrize("way", ["batch", "abatch"])
def test_generous_timeouts_answer_every_item(way):
    """With retries enough, no item fails."""
    inputs = prompts(200)
    with troubled(TROUBLE) as (_, make):
        counts = judged(inputs, batch(way, make(max_retries=20), inputs))

    assert counts == {"AIMessage": 200}


@pytest.mark.parametrize("way", ["batch", "abatch"])
def test_an_outage_is_not_amplified(way):
    """When nothing succeeds, the process has 500 retries in all, whatever each call may."""
    inputs = prompts(300)
    with troubled("status_503") as (sandbox, make):
        counts = judged(inputs, batch(way, make(max_retries=5), inputs))

        assert counts == {"ServerError": 300}
        assert len(sandbox.requests) == 300 + 500


@pytest.mark.slow
def test_ten_thousand_items():
    """The same for 10,000, in memory that the answers themselves need."""
    inputs = prompts(10_000)
    with troubled(TROUBLE) as (sandbox, make), Peak(sandbox) as peak:
        sandbox.requests_kept = 0
        model = make(max_retries=4)
        judged(inputs[:500], batch("abatch", model, inputs[:500]))
        before = resident_bytes()
        results = batch("abatch", model, inputs)
        grown = resident_bytes() - before
        counts = judged(inputs, results)

    figures = f"{dict(counts)}, {peak.most} connections, {grown / 2**20:.0f} MiB grown"
    sys.stdout.write(f"{figures}\n")
    assert counts["AIMessage"] > 9_600
    assert set(counts) <= {"AIMessage", *NAMES}
    assert peak.most <= AT_ONCE
    assert grown < 10_000 * 20_000
