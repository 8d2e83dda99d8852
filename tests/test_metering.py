"""Counting and budgets for everything that the service bills, held against its own books.

The sandbox keeps an account of what it served: what is counted here is what it billed.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest
from langchain_core.runnables import RunnableLambda

from langchain_aimlapi import (
    Account,
    AimlapiEmbeddings,
    AimlapiError,
    AimlapiImages,
    AimlapiMusic,
    AimlapiOCRLoader,
    AimlapiSpeech,
    AimlapiTranscription,
    AimlapiUsageHandler,
    AimlapiVideos,
    Budget,
    BudgetExceededError,
    ChatAimlapi,
    InvalidRequestError,
    get_aimlapi_callback,
)
from langchain_aimlapi import budget as budgets
from tests.media.service import PNG, WAV
from tests.ways import run_async


class Kind:
    """One kind of call: how it is made in both worlds, and of which model."""

    def __init__(self, model, make, call, acall):
        self.model, self.make, self.call, self.acall = model, make, call, acall

    def sync(self, **settings):
        """Make the call."""
        return self.call(self.make(**settings))

    async def awaited(self, **settings):
        """The same, awaited."""
        return await self.acall(self.make(**settings))


def runnable(model, make, given):
    """A kind that is invoked."""
    return Kind(model, make, lambda one: one.invoke(given), lambda one: one.ainvoke(given))


KINDS = {
    "chat": runnable("gpt-4o", lambda **s: ChatAimlapi(model="gpt-4o", **s), "Hi"),
    "embeddings": Kind(
        "text-embedding-3-small",
        lambda **s: AimlapiEmbeddings(model="text-embedding-3-small", **s),
        lambda one: one.embed_documents(["cats purr"]),
        lambda one: one.aembed_documents(["cats purr"]),
    ),
    "images": runnable("flux/dev", lambda **s: AimlapiImages(model="flux/dev", **s), "a cat"),
    "videos": runnable(
        "alibaba/happyhorse-1-0",
        lambda **s: AimlapiVideos(model="alibaba/happyhorse-1-0", poll_interval=0.01, **s),
        "a cat",
    ),
    "music": runnable(
        "google/lyria2",
        lambda **s: AimlapiMusic(model="google/lyria2", poll_interval=0.01, **s),
        "a song",
    ),
    "speech": runnable(
        "inworld/tts-1", lambda **s: AimlapiSpeech(model="inworld/tts-1", **s), "Hi"
    ),
    "transcription": runnable(
        "aai/universal",
        lambda **s: AimlapiTranscription(model="aai/universal", poll_interval=0.01, **s),
        WAV,
    ),
    "ocr": Kind(
        "mistral-ocr-latest",
        lambda **s: AimlapiOCRLoader(PNG, model="mistral-ocr-latest", **s),
        lambda one: one.load(),
        lambda one: one.aload(),
    ),
}

each_kind = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS.keys())


def in_threads(kind):
    """From threads that LangChain starts."""
    RunnableLambda(lambda _: kind.sync()).batch([1, 2])


def in_tasks(kind):
    """From tasks of a loop."""

    async def both():
        calls = (kind.awaited(), kind.awaited())
        return await asyncio.gather(*calls, return_exceptions=True)

    for result in asyncio.run(both()):
        if isinstance(result, BaseException):
            raise result


def in_turn(kind):
    """One after the other."""
    kind.sync()
    kind.sync()


each_way = pytest.mark.parametrize("way", [in_turn, in_threads, in_tasks])


@each_kind
@each_way
def test_calls_and_cost_are_those_of_the_account(aimlapi_sandbox, kind, way):
    """Each call once, under its model, and as many USD as were billed."""
    before = Account().balance().amount
    with get_aimlapi_callback() as usage:
        way(kind)
    kind.sync()

    assert usage.total.calls == 2
    assert (usage.total.errors, usage.total.unpriced_calls) == (0, 0)
    assert list(usage.models) == [kind.model]
    assert usage.total.cost_usd > 0
    assert usage.total.cost_usd * 1.5 == pytest.approx(before - Account().balance().amount)


@each_kind
@each_way
def test_a_budget_refuses_what_is_not_sent(aimlapi_sandbox, kind, way):
    """The second call of two, in whichever way they are made."""
    with Budget(calls=1) as budget, pytest.raises(BudgetExceededError):
        way(kind)

    posted = [one for one in aimlapi_sandbox.requests if one.method == "POST"]
    assert len(posted) <= 1
    assert budget.calls <= 1


@each_kind
def test_errors_are_told_apart_by_model(aimlapi_sandbox, kind):
    """A call that failed is an error of the model that was asked, and costs nothing."""
    aimlapi_sandbox.fail_next("status_400")
    with get_aimlapi_callback() as usage, Budget(usd=9) as budget, pytest.raises(AimlapiError):
        kind.sync(max_retries=0)

    assert (usage.total.calls, usage.total.errors, usage.total.cost_usd) == (0, 1, 0.0)
    assert usage.models[kind.model].errors == 1
    assert (budget.calls, budget.spent_usd) == (0, 0.0)


class TestEmbeddings:
    """Several requests of one list."""

    def test_each_request_is_a_call(self, aimlapi_sandbox):
        """With its tokens; they are sent from threads or tasks, several at a time."""
        embeddings = AimlapiEmbeddings(model="text-embedding-3-small", chunk_size=2)
        with get_aimlapi_callback() as usage:
            result = embeddings.embed_with_usage([f"text {number}" for number in range(9)])
            later = asyncio.run(embeddings.aembed_with_usage(["a", "b", "c"]))

        assert usage.total.calls == 5 + 2
        assert usage.total.input_tokens == result.tokens + later.tokens
        assert usage.total.cost_usd == pytest.approx(result.cost + later.cost)

    def test_a_search_in_a_chain_is_under_the_budget(self, aimlapi_sandbox):
        """Whoever asks for them: LangChain tells no callback of embeddings, so a block is needed."""
        embeddings = AimlapiEmbeddings(model="text-embedding-3-small")
        chain = RunnableLambda(embeddings.embed_query) | RunnableLambda(len)
        with Budget(calls=1):
            chain.invoke("Hi")
            with pytest.raises(BudgetExceededError):
                chain.invoke("Hi")

    def test_an_error_that_is_no_size(self, aimlapi_sandbox):
        """One request, one error."""
        aimlapi_sandbox.fail_next("status_400")
        embeddings = AimlapiEmbeddings(model="text-embedding-3-small", max_retries=0)
        with get_aimlapi_callback() as usage, pytest.raises(InvalidRequestError):
            embeddings.embed_documents(["a", "b"])
        assert (usage.total.calls, usage.total.errors) == (0, 1)


@pytest.fixture
def llm(aimlapi_sandbox):
    return ChatAimlapi(model="gpt-4o", max_retries=0)


class TestBlocks:
    """`with` blocks of budgets, wherever they are entered."""

    def test_the_same_budget_in_many_threads(self, llm):
        """As a server enters it for each request."""
        budget = Budget(calls=20)

        def work(_):
            with budget:
                llm.invoke("Hi")

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(work, range(8)))
        assert budget.calls == 8

    async def test_the_same_budget_in_many_tasks(self, llm):
        """They end in another order than they began."""
        budget = Budget(calls=20)

        async def work(number):
            with budget:
                await llm.ainvoke("Hi")
                await asyncio.sleep(0.01 * (4 - number))
                await llm.ainvoke("Hi")

        await asyncio.gather(*(work(number) for number in range(4)))
        assert budget.calls == 8

    def test_the_same_budget_within_itself(self, llm):
        """Each call counts once."""
        with Budget(calls=2) as budget:
            with budget:
                llm.invoke("Hi", {"callbacks": [budget]})
            llm.invoke("Hi", {"callbacks": [budget]})
        assert budget.calls == 2

    def test_a_stream_that_goes_on_after_its_block(self, llm):
        """It belongs to the blocks that it began in, all of them."""
        with Budget(calls=9) as outer:
            with Budget(calls=9) as inner:
                stream = llm.stream("Hi")
                next(stream)
            list(stream)
        assert (inner.calls, outer.calls) == (1, 1)

    @pytest.mark.parametrize("placed", ["callbacks", "blocks", "both"])
    def test_what_one_budget_refuses_is_not_held_by_another(self, llm, placed):
        """Though LangChain tells nobody that the call did not take place."""
        roomy, spent = Budget(calls=2), Budget(calls=0)
        before = dict(budgets._under_way)  # tests of budgets alone begin calls and end none
        for _ in range(5):
            with pytest.raises(BudgetExceededError):
                if placed == "callbacks":
                    llm.invoke("Hi", {"callbacks": [roomy, spent]})
                elif placed == "both":
                    with spent:
                        llm.invoke("Hi", {"callbacks": [roomy]})
                else:
                    with roomy, spent:
                        llm.invoke("Hi")
        with roomy:
            llm.invoke("Hi")
        assert roomy.calls == 1
        assert budgets._under_way == before

    def test_a_block_ends_with_its_error(self, llm):
        """And what follows is under no budget."""
        with pytest.raises(KeyError), Budget(calls=0):
            raise KeyError
        assert llm.invoke("Hi").text


async def until(happened):
    """Wait for something that another thread or task does."""
    async with asyncio.timeout(60):
        while not happened():  # noqa: ASYNC110  # nobody tells of it
            await asyncio.sleep(0.01)


async def whole(llm, config):
    """A call that is awaited whole."""
    await llm.ainvoke("Hi", config)


async def streamed(llm, config):
    """A stream."""
    async for _ in llm.astream("Hi", config):
        pass


@pytest.mark.parametrize("streaming", [False, True])
@pytest.mark.parametrize("call", [whole, streamed], ids=lambda one: one.__name__)
async def test_a_cancelled_call_holds_nothing(llm, aimlapi_sandbox, call, streaming):
    """It is an error, once, and the budget has its money for others."""
    llm = llm.model_copy(update={"streaming": streaming})
    budget, usage = Budget(calls=1), AimlapiUsageHandler()
    aimlapi_sandbox.answer_next("late", ttft=30)
    task = asyncio.ensure_future(call(llm, {"callbacks": [budget, usage]}))
    await until(lambda: aimlapi_sandbox.requests)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    with budget:
        await llm.ainvoke("Hi", {"callbacks": [usage]})
    assert (budget.calls, usage.total.calls, usage.total.errors) == (1, 1, 1)


@pytest.mark.parametrize("fits", [True, False], ids=["an estimate that fits", "no estimate"])
@pytest.mark.parametrize("way", ["threads", "tasks"])
def test_overshoot_of_two_hundred_calls_at_once(llm, way, fits):
    """Money for fifty, two hundred at once, and nothing beyond the cap.

    Without an estimate the first calls reserve what a large model would cost: fewer are let through
    at once, and none too many.
    """
    usd = llm.invoke("Hi").response_metadata["cost"]
    budget = Budget(usd=usd * 50, estimate_usd=usd if fits else None)
    config = {"callbacks": [budget], "max_concurrency": 200}
    if way == "threads":
        answers = llm.batch(["Hi"] * 200, config, return_exceptions=True)
    else:
        answers = run_async(llm.abatch(["Hi"] * 200, config, return_exceptions=True))

    answered = [one for one in answers if not isinstance(one, BudgetExceededError)]
    assert len(answered) == budget.calls
    assert budget.calls >= (50 if fits else 1)
    assert budget.spent_usd == pytest.approx(usd * budget.calls)
    assert budget.calls <= 50
