"""Costs in LangSmith: LangSmith's own client against a stand-in of the API that takes its runs."""

from __future__ import annotations

import asyncio
import sys
from uuid import uuid4

import pytest
from langchain.agents import create_agent
from langchain_core.caches import InMemoryCache
from langchain_core.language_models import FakeListChatModel
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.outputs import ChatGeneration, LLMResult
from langchain_core.tracers import LangChainTracer
from langsmith import Client, traceable, tracing_context

from langchain_aimlapi import AimlapiImages, AimlapiLLM, ServerError, get_aimlapi_callback
from langchain_aimlapi.tracing import LangSmithCostTracer, langsmith_costs
from tests.tracing.ingest import Ingest, form_parts

INFO = {
    "batch_ingest_config": {
        "use_multipart_endpoint": True,
        "size_limit": 100,
        "size_limit_bytes": 20_000_000,
        "scale_up_nthreads_limit": 1,
        "scale_up_qsize_trigger": 1000,
        "scale_down_nempty_trigger": 4,
    },
    "instance_flags": {"zstd_compression_enabled": True},
}


@pytest.fixture
def ingest():
    with Ingest(INFO) as server:
        yield server


@pytest.fixture
def client(ingest):
    """LangSmith's client, which sends to the stand-in."""
    client = Client(api_url=ingest.url, api_key="ls-key")
    yield client
    client.cleanup()


@pytest.fixture
def runs(ingest, client):
    """What was sent, as a function: each run's fields together, by its id, in order."""

    def sent():
        client.flush()
        found = {}
        for path, content_type, body in ingest.posted:
            assert path == "/runs/multipart"
            for name, value in form_parts(content_type, body).items():
                _, run_id, *field = name.split(".")
                run = found.setdefault(run_id, {})
                run |= {field[0]: value} if field else value
        return list(found.values())

    return sent


def usage_of(run):
    """Where LangSmith looks for what a run took."""
    return run["extra"]["metadata"].get("usage_metadata")


class TestModels:
    """Calls of a chat model."""

    def test_the_cost_is_where_langsmith_looks(self, ask, model, client, runs):
        """As billed, beside the tokens, whichever way the call is made; the answer is untouched."""
        tracer = LangSmithCostTracer(client=client)
        answer = ask(model(), "Hi", config={"callbacks": [tracer]})

        (run,) = runs()
        usage = usage_of(run)
        assert usage["total_cost"] == answer.response_metadata["cost"] > 0
        assert usage["total_tokens"] == answer.usage_metadata["total_tokens"]
        assert "total_cost" not in answer.usage_metadata
        assert run["extra"]["metadata"]["ls_provider"] == "aimlapi"

    def test_langchains_own_tracer_has_none(self, model, client, runs):
        """Which is why there is another; should it have one, ours can go."""
        model().invoke("Hi", config={"callbacks": [LangChainTracer(client=client)]})
        assert "total_cost" not in usage_of(runs()[0])

    def test_a_cached_answer_costs_nothing(self, model, client, runs):
        """The second call of the same is told as free."""
        llm = model(cache=InMemoryCache())
        for _ in range(2):
            llm.invoke("Hi", config={"callbacks": [LangSmithCostTracer(client=client)]})

        costs = [usage_of(run)["total_cost"] for run in runs()]
        assert costs[0] > 0
        assert costs[1] == 0

    def test_several_answers_of_one_call(self, model, client, runs):
        """One call, one cost."""
        tracer = LangSmithCostTracer(client=client)
        result = model().generate([[HumanMessage("Hi")]], callbacks=[tracer], n=3)

        cost = result.generations[0][0].message.response_metadata["cost"]
        assert usage_of(runs()[0])["total_cost"] == cost

    def test_several_usages_are_left_alone(self, client, runs):
        """LangChain adds them up, and fails for a cost among them: other packages' models."""
        usage = {"input_tokens": 1, "output_tokens": 1, "total_tokens": 2}
        message = AIMessage("a", usage_metadata=usage, response_metadata={"cost": 0.5})
        answers = [ChatGeneration(message=message), ChatGeneration(message=message)]
        tracer, run_id = LangSmithCostTracer(client=client), uuid4()
        tracer.on_chat_model_start({}, [[HumanMessage("Hi")]], run_id=run_id)

        tracer.on_llm_end(LLMResult(generations=[answers]), run_id=run_id)

        assert usage_of(runs()[0])["total_tokens"] == 4

    def test_failed_calls_and_unknown_costs_have_none(self, model, client, runs, aimlapi_sandbox):
        """Nothing is made up."""
        config = {"callbacks": [LangSmithCostTracer(client=client)]}
        aimlapi_sandbox.fail_next("status_500")
        with pytest.raises(ServerError):
            model().invoke("Hi", config=config)
        FakeListChatModel(responses=["Hi"]).invoke("Hi", config=config)

        failed, unpriced = runs()
        assert "ServerError" in failed["error"]
        assert usage_of(failed) is usage_of(unpriced) is None

    def test_a_reply_without_usage_still_has_its_cost(self, model, client, runs, aimlapi_sandbox):
        """Tokens or not."""
        aimlapi_sandbox.answer_next("Hi", usage=False, cost=0.25)
        model().invoke("Hi", config={"callbacks": [LangSmithCostTracer(client=client)]})
        assert usage_of(runs()[0]) == {"total_cost": 0.25}

    @pytest.mark.filterwarnings("ignore::langchain_core._api.LangChainDeprecationWarning")
    def test_a_model_of_texts(self, aimlapi_sandbox, client, runs):
        """Its answers are no messages, and have a cost all the same."""
        tracer = LangSmithCostTracer(client=client)
        AimlapiLLM(model="gpt-4o").invoke("Hi", config={"callbacks": [tracer]})
        assert usage_of(runs()[0])["total_cost"] > 0


class TestBlocks:
    """Everything within a block."""

    def test_an_agent(self, model, client, runs):
        """Every call of the model, in the tree of the agent's run; counters go on counting."""
        with langsmith_costs(client=client), get_aimlapi_callback() as usage:
            create_agent(model(), []).invoke({"messages": [HumanMessage("Hi")]})

        llm_runs = [run for run in runs() if run["run_type"] == "llm"]
        assert [usage_of(run)["total_cost"] for run in llm_runs] == [usage.total.cost_usd]
        assert all(run["parent_run_id"] for run in llm_runs)

    async def test_tasks(self, model, client, runs):
        """Tasks that are started within it belong to it, and none outside."""
        with langsmith_costs("costs", client=client):
            await asyncio.gather(*(model().ainvoke("Hi") for _ in range(3)))
        await model().ainvoke("Hi")

        assert len(runs()) == 3
        assert {run["session_name"] for run in runs()} == {"costs"}
        assert all(usage_of(run)["total_cost"] > 0 for run in runs())

    def test_below_a_traced_function(self, model, client, runs):
        """A run of LangSmith's own decorator is the parent, as with LangChain's tracer."""

        @traceable(client=client)
        def work():
            return model().invoke("Hi", config={"callbacks": [LangSmithCostTracer(client=client)]})

        with tracing_context(enabled=True, client=client):
            work()

        outer, inner = sorted(runs(), key=lambda run: run["run_type"] == "llm")
        assert inner["parent_run_id"] == outer["id"]
        assert usage_of(inner)["total_cost"] > 0


def test_a_tool_that_makes_media_has_its_cost(client, runs, aimlapi_sandbox):
    """LangSmith adds up the costs of tools as well."""
    tool = AimlapiImages(model="flux/schnell").as_tool()
    call = {"name": tool.name, "args": {"prompt": "a cat"}, "id": "1", "type": "tool_call"}

    message = tool.invoke(call, config={"callbacks": [LangSmithCostTracer(client=client)]})

    (run,) = [run for run in runs() if run["run_type"] == "tool"]
    assert usage_of(run) == {"total_cost": message.artifact.cost}
    assert message.artifact.cost > 0


def test_a_missing_package_is_named(monkeypatch):
    """What is to be installed stands in the error."""
    from langchain_aimlapi import tracing

    monkeypatch.delattr(tracing, "LangfuseCostHandler", raising=False)
    monkeypatch.setitem(sys.modules, "langchain_aimlapi.tracing.langfuse", None)
    with pytest.raises(ImportError, match="pip install langfuse"):
        _ = tracing.LangfuseCostHandler
    with pytest.raises(AttributeError):
        _ = tracing.Unknown
