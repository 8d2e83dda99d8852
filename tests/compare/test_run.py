"""All models at once: order, failures, and a caller who stops."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from langchain_aimlapi import ChatAimlapi
from langchain_aimlapi.compare import (
    Comparison,
    Finished,
    Picture,
    Result,
    Started,
    TextDelta,
    arun,
    astream,
)
from langchain_aimlapi.errors import ConfigurationError
from tests.compare.conftest import scripted


def test_all_answer(collect, sandbox_models):
    """Each model as often as wanted, in the order of models and runs."""
    comparison = Comparison("Hello", ["gpt-4o", "claude-haiku-4-5"], runs=2)
    events = collect(comparison, sandbox_models)

    placed = [(result.model, result.run) for result in comparison.results]
    assert placed == [
        ("gpt-4o", 1),
        ("gpt-4o", 2),
        ("claude-haiku-4-5", 1),
        ("claude-haiku-4-5", 2),
    ]
    for column, model in enumerate(comparison.models):
        own = [event for event in events if event.column == column and event.run == 2]
        assert isinstance(own[0], Started)
        assert isinstance(own[-1], Finished)
        text = "".join(event.text for event in own if isinstance(event, TextDelta))
        assert own[-1].result.text == text
        assert own[-1].result == comparison.results_of(model)[1]


def test_models_answer_at_the_same_time(collect):
    """The second begins while the first still waits; the runs of one model do not."""
    comparison = Comparison("Hello", ["slow", "quick"], runs=2)
    chains = {"slow": scripted(0.2, "s"), "quick": scripted("q")}
    events = collect(comparison, chains.__getitem__)

    order = [(e.result.model, e.run) for e in events if isinstance(e, Finished)]
    assert order == [("quick", 1), ("quick", 2), ("slow", 1), ("slow", 2)]


def test_a_failure_stops_nobody_else(collect, aimlapi_sandbox):
    """Not even the next run of the same model."""
    comparison = Comparison("Hello", ["gpt-4o", "bad"], runs=2)

    def make_model(model):
        if model == "bad":
            return scripted("Half", RuntimeError("no"))
        return ChatAimlapi(model=model)

    collect(comparison, make_model)

    assert [result.error for result in comparison.results_of("gpt-4o")] == [None, None]
    assert [result.error for result in comparison.results_of("bad")] == ["RuntimeError: no"] * 2


def test_errors_of_the_service_are_told(collect, aimlapi_sandbox):
    """By class and message."""
    aimlapi_sandbox.answer_next(error=404)
    comparison = Comparison("Hello", ["gpt-4o"])
    collect(comparison, lambda model: ChatAimlapi(model=model, max_retries=0))

    assert comparison.results[0].error.startswith("NotFoundError: ")


def test_what_cannot_be_made_is_an_error(collect):
    """Nothing is sent then."""
    with pytest.raises(ConfigurationError):
        collect(Comparison("Hello", ["gpt-4o", ""]))


async def test_a_cancelled_caller_keeps_what_came(aimlapi_sandbox):
    """As after Ctrl-C: whole answers, and halves that are marked as such."""
    comparison = Comparison("Hello", ["quick", "endless"])
    chains = {"quick": scripted("Done"), "endless": scripted("Half", "wait")}
    awaited, seen = {"Half", "Done"}, asyncio.Event()

    async def watch():
        async for event in astream(comparison, chains.__getitem__):
            if isinstance(event, Finished):
                awaited.discard(event.result.text)
            if isinstance(event, TextDelta) and event.text == "Half":
                awaited.discard("Half")
            if not awaited:
                seen.set()

    task = asyncio.create_task(watch())
    await seen.wait()
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task

    quick, endless = comparison.results
    assert (quick.text, quick.is_whole) == ("Done", True)
    assert (endless.text, endless.is_interrupted, endless.error) == ("Half", True, None)


async def test_a_caller_who_stops_leaves_no_task(aimlapi_sandbox):
    """Closing the generator ends the calls."""
    comparison = Comparison("Hello", ["endless"])
    stream = astream(comparison, lambda _: scripted("Half", "wait"))
    async for event in stream:
        if isinstance(event, TextDelta):
            break
    await stream.aclose()

    assert [result.is_interrupted for result in comparison.results] == [True]
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_models_of_the_package_are_the_default(aimlapi_sandbox):
    """By id alone; system and pictures are sent."""
    picture = Picture("data:image/png;base64,iVBORw0KGgo=", "dot.png")
    comparison = Comparison("See", ["gpt-4o"], system="Be brief.", pictures=[picture])
    await arun(comparison)

    system, human = aimlapi_sandbox.requests[-1].body["messages"]
    assert system["content"] == "Be brief."
    assert [part["type"] for part in human["content"]] == ["text", "image_url"]
    assert comparison.results[0].is_whole


class TestSpread:
    """A figure over runs."""

    def comparison(self, *results):
        return Comparison("Hello", ["a", "b"], runs=3, results=list(results))

    def test_median_and_ends(self):
        """Of those that have the figure."""
        times = [0.3, 0.1, 0.5, None]
        spread = self.comparison(*(Result(model="a", ttft=each) for each in times)).spread(
            "a", "ttft"
        )

        assert (spread.median, spread.least, spread.most, spread.count) == (0.3, 0.1, 0.5, 3)

    def test_failed_runs_do_not_count(self):
        """A quick error is no quick answer."""
        comparison = self.comparison(
            Result(model="a", seconds=0.1, error="x"),
            Result(model="a", seconds=0.1, is_interrupted=True),
            Result(model="a", seconds=4),
        )

        assert comparison.spread("a", "seconds").median == 4
        assert comparison.spread("b", "seconds") is None

    def test_zero_is_a_value(self):
        """A free answer costs 0."""
        assert self.comparison(Result(model="a", usd=0.0)).spread("a", "usd").median == 0
