"""Counting calls, and budgets, across threads, tasks and processes."""

from __future__ import annotations

import asyncio
import copy
import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from langchain_core.caches import InMemoryCache
from langchain_core.language_models import FakeListChatModel
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.outputs import ChatGeneration, LLMResult
from langchain_core.runnables import RunnableLambda

from langchain_aimlapi import (
    AimlapiUsageHandler,
    Budget,
    BudgetExceededError,
    ChatAimlapi,
    ConfigurationError,
    ServerError,
    get_aimlapi_callback,
)
from langchain_aimlapi._client.ledger import Amount, Caps, FileLedger
from langchain_aimlapi._client.metering import Used, metered


@pytest.fixture
def llm(aimlapi_sandbox):
    """A model that the sandbox answers, with its cost."""
    return ChatAimlapi(
        model="gpt-4o-mini",
        base_url=aimlapi_sandbox.base_url,
        api_key=aimlapi_sandbox.api_key,
        max_retries=0,
    )


def cost_of(message):
    """USD of an answer."""
    return message.response_metadata["cost"]


class TestUsage:
    """What is counted."""

    def test_a_block_counts_calls_tokens_and_usd(self, llm):
        """As the answers themselves say, per model and in all."""
        with get_aimlapi_callback() as usage:
            answers = [llm.invoke("Hi"), llm.invoke("Hello")]
        llm.invoke("not counted")

        assert (usage.total.calls, usage.total.errors, usage.total.unpriced_calls) == (2, 0, 0)
        assert usage.total.cost_usd == pytest.approx(sum(map(cost_of, answers)))
        assert usage.total.total_tokens == sum(a.usage_metadata["total_tokens"] for a in answers)
        assert list(usage.models) == [answers[0].response_metadata["model_name"]]
        assert "2 calls" in str(usage)

    async def test_streams_and_events_and_async_calls_are_counted(self, llm):
        """Whichever way a call is made, it counts once."""
        with get_aimlapi_callback() as usage:
            for _ in llm.stream("Hi"):
                pass
            async for _ in llm.astream("Hi"):
                pass
            await llm.ainvoke("Hi")
            await llm.abatch(["Hi", "Hi"])
            for _ in llm.stream_events("Hi", version="v3"):
                pass
        assert usage.total.calls == 6
        assert usage.total.cost_usd > 0
        assert usage.total.unpriced_calls == 0

    def test_threads_of_a_batch_are_counted(self, llm):
        """LangChain hands its context to the threads it starts."""
        with get_aimlapi_callback() as usage:
            llm.batch([f"Hi {i}" for i in range(10)])
        assert usage.total.calls == 10

    def test_blocks_within_one_another(self, llm):
        """What the inner one counts, the outer one counts too, once."""
        with get_aimlapi_callback() as outer:
            llm.invoke("Hi")
            with get_aimlapi_callback() as inner:
                llm.invoke("Hi")
        assert (inner.total.calls, outer.total.calls) == (1, 2)
        assert outer.total.cost_usd > inner.total.cost_usd > 0

    def test_every_generation_counts_and_the_call_once(self, llm):
        """N answers are one call; their tokens are counted once."""
        with get_aimlapi_callback() as usage:
            result = llm.generate([[HumanMessage("Hi")]], n=3)
        total = sum(
            (one.message.usage_metadata or {}).get("total_tokens", 0)
            for one in result.generations[0]
        )
        assert (usage.total.calls, usage.total.total_tokens) == (1, total)

    def test_errors_are_told_apart(self, llm, aimlapi_sandbox):
        """A call that failed is an error of the model that was asked, and no call."""
        aimlapi_sandbox.fail_next("status_500")
        with get_aimlapi_callback() as usage, pytest.raises(ServerError):
            llm.invoke("Hi")
        assert (usage.total.calls, usage.total.errors) == (0, 1)
        assert usage.models["gpt-4o-mini"].errors == 1

    def test_cached_answers_cost_nothing(self, llm):
        """An answer of LangChain's cache is counted as such."""
        cached = llm.model_copy(update={"cache": InMemoryCache()})
        with get_aimlapi_callback() as usage:
            cached.invoke("Hi")
            before = usage.total.cost_usd
            cached.invoke("Hi")
        assert (usage.total.calls, usage.total.cached) == (1, 1)
        assert usage.total.cost_usd == before

    def test_models_that_do_not_tell_their_cost(self):
        """A cost that nobody told is not made up, and said to be missing."""
        with get_aimlapi_callback() as usage:
            FakeListChatModel(responses=["a"]).invoke("Hi")
        assert (usage.total.calls, usage.total.unpriced_calls, usage.total.cost_usd) == (1, 1, 0.0)
        assert "did not tell" in str(usage.total)

    def test_calls_outside_langchains_callbacks(self):
        """Embeddings tell the meters of their context, failures too."""
        with get_aimlapi_callback() as usage:
            with metered(100, "e") as call:
                call.used = Used("e", input_tokens=7, cost_usd=0.5)
            with pytest.raises(KeyError), metered(100, "e"):
                raise KeyError
        assert (usage.models["e"].input_tokens, usage.total.cost_usd, usage.total.errors) == (
            7,
            0.5,
            1,
        )

    def test_a_handler_is_one_however_often_a_configuration_is_copied(self):
        """Copies would count apart."""
        handler = AimlapiUsageHandler()
        assert copy.deepcopy({"callbacks": [handler]})["callbacks"][0] is handler


def result(usd, tokens=10):
    """An answer of a given cost."""
    message = AIMessage(
        "a",
        usage_metadata={"input_tokens": tokens, "output_tokens": 0, "total_tokens": tokens},
        response_metadata={"cost": usd, "model_name": "m"},
    )
    return LLMResult(generations=[[ChatGeneration(message=message)]])


class TestBudget:
    """What is refused."""

    def test_the_call_after_the_cap_is_refused(self, llm, aimlapi_sandbox):
        """With the figures, and without being sent."""
        budget = Budget(usd=cost_of(llm.invoke("Hi")) * 1.5)
        config = {"callbacks": [budget]}
        llm.invoke("Hi", config)
        llm.invoke("Hi", config)
        sent = len(aimlapi_sandbox.requests)
        with pytest.raises(BudgetExceededError, match=r"\$0\.\d+ of \$0\.\d+") as refused:
            llm.invoke("Hi", config)
        assert len(aimlapi_sandbox.requests) == sent
        assert (refused.value.limit, refused.value.spent) == ("usd", budget.spent_usd)
        assert budget.calls == 2

    @pytest.mark.parametrize("caps", [{"tokens": 1}, {"calls": 1}])
    async def test_every_cap_in_every_style(self, llm, caps):
        """Tokens and calls as well as USD; sync, async, streamed."""
        for ask in (
            lambda c: llm.invoke("Hi", c),
            lambda c: list(llm.stream("Hi", c)),
            lambda c: asyncio.run(llm.ainvoke("Hi", c)),
        ):
            budget = Budget(**caps)
            await asyncio.to_thread(ask, {"callbacks": [budget]})
            with pytest.raises(BudgetExceededError):
                await asyncio.to_thread(ask, {"callbacks": [budget]})
            assert budget.calls == 1

    def test_a_block_and_one_within_it(self, llm):
        """The inner budget counts towards the outer one."""
        with Budget(calls=3) as outer:
            llm.invoke("Hi")
            with Budget(calls=1) as inner:
                llm.invoke("Hi")
                with pytest.raises(BudgetExceededError):
                    llm.invoke("Hi")
            llm.invoke("Hi")
            with pytest.raises(BudgetExceededError):
                llm.invoke("Hi")
        assert (inner.calls, outer.calls) == (1, 3)
        llm.invoke("not under a budget")

    def test_a_chain_ends_with_the_error(self, llm):
        """Callbacks reach every step."""
        chain = llm | RunnableLambda(lambda answer: answer.text) | llm
        with pytest.raises(BudgetExceededError):
            chain.invoke("Hi", {"callbacks": [Budget(calls=1)]})

    def test_more_may_be_allowed(self, llm):
        """The same budget goes on."""
        budget = Budget(calls=1)
        llm.invoke("Hi", {"callbacks": [budget]})
        budget.raise_caps(calls=2)
        llm.invoke("Hi", {"callbacks": [budget]})
        with pytest.raises(BudgetExceededError):
            budget.check()

    def test_many_calls_at_once_do_not_pass_the_cap_together(self):
        """Two hundred at once with money for fifty: an estimate is reserved for each under way."""
        budget, let_through = Budget(usd=50.0, estimate_usd=1.0), []
        for number in range(200):
            try:
                budget.begin(str(number), 0)
            except BudgetExceededError:
                continue
            let_through.append(number)
        for number in let_through:
            budget.on_llm_end(result(1.0), run_id=str(number))
        assert (len(let_through), budget.spent_usd) == (50, 50.0)

    async def test_two_hundred_calls_of_a_real_batch(self, llm):
        """The same through LangChain, all started at once; refusals are errors of their own calls."""
        usd = cost_of(llm.invoke("Hi"))
        budget = Budget(usd=usd * 50, estimate_usd=usd)
        answers = await llm.abatch(["Hi"] * 200, {"callbacks": [budget]}, return_exceptions=True)
        refused = [one for one in answers if isinstance(one, BudgetExceededError)]
        assert len(answers) - len(refused) == budget.calls
        assert budget.spent_usd <= usd * 51

    def test_a_failed_call_gives_back_what_was_reserved(self, llm, aimlapi_sandbox):
        """Failed calls are not billed."""
        budget = Budget(usd=1.0, estimate_usd=0.9)
        aimlapi_sandbox.fail_next("status_500")
        with pytest.raises(ServerError):
            llm.invoke("Hi", {"callbacks": [budget]})
        llm.invoke("Hi", {"callbacks": [budget]})
        assert budget.calls == 1

    def test_embeddings_are_refused_too(self):
        """A meter may keep a call from being sent."""
        with Budget(usd=1.0) as budget:
            with metered(10, "e") as call:
                call.used = Used("e", cost_usd=2.0)
            with pytest.raises(BudgetExceededError), metered(10, "e"):
                pytest.fail("it was let through")
        assert budget.spent_usd == 2.0

    @pytest.mark.parametrize("caps", [{}, {"usd": -1.0}])
    def test_caps_that_are_none(self, caps):
        """A budget without a cap would be no budget."""
        with pytest.raises(ConfigurationError):
            Budget(**caps)


class TestShared:
    """One budget for several processes."""

    def test_a_file_keeps_it(self, tmp_path):
        """Four processes with money for ten calls get ten."""
        path = tmp_path / "budget"
        Budget(calls=10, shared=path)
        code = (
            "import sys\n"
            "from langchain_aimlapi import Budget, BudgetExceededError\n"
            "from langchain_aimlapi._client.metering import Used\n"
            "budget, through = Budget(calls=10, shared=sys.argv[1]), 0\n"
            "for number in range(10):\n"
            "    call = f'{sys.argv[2]}-{number}'\n"
            "    try:\n"
            "        budget.begin(call, 0)\n"
            "    except BudgetExceededError:\n"
            "        break\n"
            "    budget.end(call, Used('m', cost_usd=1.0))\n"
            "    through += 1\n"
            "print(through)\n"
        )
        children = [
            subprocess.Popen(  # noqa: S603  # our own program
                [sys.executable, "-c", code, str(path), str(number)],
                stdout=subprocess.PIPE,
                text=True,
            )
            for number in range(3)
        ]
        assert sum(int(child.communicate()[0]) for child in children) == 10
        assert Budget(usd=1, shared=path).spent_usd == 10.0

    def test_threads_share_a_file(self, tmp_path):
        """Reserving is one step."""
        budget = Budget(calls=5, shared=tmp_path / "budget")

        def begin(number):
            try:
                budget.begin(str(number), 0)
            except BudgetExceededError:
                return 0
            return 1

        with ThreadPoolExecutor(8) as pool:
            assert sum(pool.map(begin, range(20))) == 5

    def test_reservations_of_a_dead_process_are_forgotten(self, tmp_path, monkeypatch):
        """They would block the budget for ever."""
        from langchain_aimlapi._client import ledger

        kept = FileLedger(tmp_path / "budget")
        assert kept.reserve("a", Amount(1.0, 0, 1), Caps(calls=1)) is None
        assert kept.reserve("b", Amount(1.0, 0, 1), Caps(calls=1)) == "calls"
        now = ledger.time.time()
        monkeypatch.setattr(ledger.time, "time", lambda: now + 1000)
        assert kept.reserve("b", Amount(1.0, 0, 1), Caps(calls=1)) is None

    def test_a_redis_server_keeps_it(self, redis_url):
        """Two objects, and a pickled one, spend the same money."""
        first = Budget(usd=2.5, shared=f"{redis_url}?budget=team", estimate_usd=1.0)
        other = pickle.loads(pickle.dumps(first))  # noqa: S301
        for number, budget in enumerate((first, other)):
            budget.begin(str(number), 0)
            budget.end(str(number), Used("m", input_tokens=5, cost_usd=1.0))
        assert (first.spent_usd, first.spent_tokens, first.calls) == (2.0, 10, 2)
        first.begin("x", 0)
        with pytest.raises(BudgetExceededError):
            other.begin("y", 0)
        first.end("x", None)
        other.begin("y", 0)

    def test_a_file_that_cannot_be_one(self, tmp_path):
        """The message names it."""
        (tmp_path / "b").write_text("text " * 100, "utf-8")
        with pytest.raises(ConfigurationError, match="ledger"):
            Budget(usd=1, shared=tmp_path / "b")
