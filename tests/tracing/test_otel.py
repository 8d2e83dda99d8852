"""OpenTelemetry's own instrumentation of LangChain with this model, and the cost in its spans.

The names are those of today's GenAI conventions, which are still under development: a release that
changes them shows here.
"""

from __future__ import annotations

import json

import pytest
from langchain.agents import create_agent
from langchain_core.caches import InMemoryCache
from langchain_core.messages import HumanMessage
from langchain_core.tools import tool
from langchain_core.vectorstores import InMemoryVectorStore
from opentelemetry.instrumentation.genai.langchain import LangChainInstrumentor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from langchain_aimlapi import AimlapiEmbeddings, ServerError
from langchain_aimlapi.tracing import CostSpanProcessor

COST = "aimlapi.usage.cost_usd"


@pytest.fixture
def exported():
    return InMemorySpanExporter()


@pytest.fixture
def reader():
    return InMemoryMetricReader()


@pytest.fixture(autouse=True)
def instrumented(exported, reader, monkeypatch):
    """Everything LangChain does is recorded, prompts and answers as well."""
    monkeypatch.setenv("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", "SPAN_ONLY")
    provider, meters = TracerProvider(), MeterProvider([reader])
    provider.add_span_processor(CostSpanProcessor(SimpleSpanProcessor(exported)))
    instrumentor = LangChainInstrumentor()
    instrumentor.instrument(tracer_provider=provider, meter_provider=meters)
    yield
    instrumentor.uninstrument()
    provider.shutdown()
    meters.shutdown()


@pytest.fixture
def spans(exported):
    """The spans that ended, as a function: those of one operation, or all."""

    def ended(operation=None):
        found = exported.get_finished_spans()
        named = [span.attributes.get("gen_ai.operation.name") for span in found]
        return [
            span
            for span, name in zip(found, named, strict=True)
            if operation is None or name == operation
        ]

    return ended


@tool
def look_up(word: str) -> str:
    """Look a word up."""
    return f"{word} is a word"


def test_a_call_is_a_span(ask, model, spans):
    """Who was asked, who answered, how it ended, the tokens and the cost."""
    answer = ask(model(temperature=0.5, max_tokens=100), "Hi")

    (span,) = spans()
    metadata, usage = answer.response_metadata, answer.usage_metadata
    expected = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "aimlapi",
        "gen_ai.request.model": "gpt-4o",
        "gen_ai.request.temperature": 0.5,
        "gen_ai.request.max_tokens": 100,
        "gen_ai.response.model": metadata["model_name"],
        "gen_ai.response.id": metadata["id"],
        "gen_ai.response.finish_reasons": ("stop",),
        "gen_ai.usage.input_tokens": usage["input_tokens"],
        "gen_ai.usage.output_tokens": usage["output_tokens"],
        COST: metadata["cost"],
    }
    assert {name: span.attributes.get(name) for name in expected} == expected
    assert (span.name, span.kind) == ("chat gpt-4o", SpanKind.CLIENT)
    assert metadata["cost"] > 0


def test_prompts_and_answers(ask, model, spans):
    """Where their recording is allowed; reasoning too, which it reads from v1 content alone."""
    llm = model(model="deepseek/deepseek-v4-pro", reasoning_effort="high", output_version="v1")
    answer = ask(llm, "Why?")

    (span,) = spans()
    said = json.loads(span.attributes["gen_ai.output.messages"])
    given = json.loads(span.attributes["gen_ai.input.messages"])
    assert given[0]["parts"] == [{"type": "text", "content": "Why?"}]
    assert [part["type"] for part in said[0]["parts"]] == ["reasoning", "text"]
    assert said[0]["parts"][1]["content"] == answer.text


def test_details_of_tokens(ask, model, spans, aimlapi_sandbox):
    """Cached and reasoning tokens have attributes of their own."""
    aimlapi_sandbox.answer_next(
        "Hi",
        reasoning="Well.",
        usage={"input_tokens": 90, "output_tokens": 20, "cached_tokens": 50, "reasoning_tokens": 7},
    )
    ask(model(model="deepseek/deepseek-v4-pro"), "Hi")

    (span,) = spans()
    assert span.attributes["gen_ai.usage.cache_read.input_tokens"] == 50
    assert span.attributes["gen_ai.usage.reasoning.output_tokens"] == 7


@pytest.mark.parametrize("way", ["stream", "events"])
def test_streams_tell_the_first_chunk(model, spans, way):
    """Chunks and events of version 3 alike."""
    llm = model()
    list(llm.stream("Hi") if way == "stream" else llm.stream_events("Hi", version="v3"))

    (span,) = spans()
    assert span.attributes["gen_ai.response.time_to_first_chunk"] > 0
    assert span.attributes["gen_ai.request.stream"] is True
    assert span.attributes[COST] > 0


def test_an_agent_and_its_tools(model, spans, aimlapi_sandbox):
    """Calls and tools stand below the agent, and what a tool was asked is told."""
    aimlapi_sandbox.answer_next(tool_calls={"look_up": {"word": "cat"}})
    aimlapi_sandbox.answer_next("done")
    agent = create_agent(model(), [look_up], name="reader")

    agent.invoke({"messages": [HumanMessage("Look it up")]})

    (whole,) = spans("invoke_agent")
    (used,) = spans("execute_tool")
    calls = spans("chat")
    assert whole.attributes["gen_ai.agent.name"] == "reader"
    assert used.attributes["gen_ai.tool.name"] == "look_up"
    assert json.loads(used.attributes["gen_ai.tool.call.arguments"]) == {"word": "cat"}
    assert calls[0].attributes["gen_ai.response.finish_reasons"] == ("tool_calls",)
    definitions = json.loads(calls[0].attributes["gen_ai.tool.definitions"])
    assert [each["name"] for each in definitions] == ["look_up"]
    assert {span.parent.span_id for span in [used, *calls]} == {whole.context.span_id}
    assert all(span.attributes[COST] > 0 for span in calls)


def test_a_search_by_embeddings(aimlapi_sandbox, spans):
    """LangChain tells nobody of embeddings; the search that asks for them has a span."""
    embeddings = AimlapiEmbeddings(
        model="text-embedding-3-small",
        api_key=aimlapi_sandbox.api_key,
        base_url=aimlapi_sandbox.base_url,
    )
    store = InMemoryVectorStore.from_texts(["cats purr", "dogs bark"], embeddings)
    assert spans() == []

    (found,) = store.as_retriever(search_kwargs={"k": 1}).invoke("cats")

    (span,) = spans()
    assert span.attributes["gen_ai.operation.name"] == "retrieval"
    documents = json.loads(span.attributes["gen_ai.retrieval.documents"])
    assert [each["id"] for each in documents] == [found.id]


def test_errors(ask, model, spans, aimlapi_sandbox):
    """A failed call has the name of our error, and no cost."""
    aimlapi_sandbox.fail_next("status_500")
    with pytest.raises(ServerError):
        ask(model(), "Hi")

    (span,) = spans()
    assert span.status.status_code is StatusCode.ERROR
    assert "ServerError" in span.attributes["error.type"]
    assert COST not in span.attributes


def test_metrics(model, reader):
    """Tokens and seconds by model."""
    answer = model().invoke("Hi")
    list(model().stream("Hi"))

    data = reader.get_metrics_data()
    metrics = {
        metric.name: metric
        for resource in data.resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
    }
    tokens = {
        point.attributes["gen_ai.token.type"]: point
        for point in metrics["gen_ai.client.token.usage"].data.data_points
    }
    assert tokens["input"].max == answer.usage_metadata["input_tokens"]
    assert tokens["output"].count == 2
    (duration,) = metrics["gen_ai.client.operation.duration"].data.data_points
    assert duration.count == 2
    assert duration.attributes["gen_ai.request.model"] == "gpt-4o"
    assert "gen_ai.client.operation.time_to_first_chunk" in metrics


class TestCost:
    """The processor that adds it."""

    def test_a_cached_answer_has_no_cost_of_its_own(self, model, spans):
        """It is told once, for the call that was billed."""
        llm = model(cache=InMemoryCache())
        for _ in range(2):
            llm.invoke("Hi")

        first, second = spans()
        assert first.attributes["gen_ai.response.id"] == second.attributes["gen_ai.response.id"]
        assert first.attributes[COST] > 0
        assert COST not in second.attributes

    def test_calls_at_once_keep_their_own(self, model, spans, aimlapi_sandbox):
        """Threads or not, each span has the cost of its reply."""
        for number in range(8):
            aimlapi_sandbox.answer_when(str(number), contains=f"<{number}>", cost=number + 1.0)
        model().batch([f"<{number}>" for number in range(8)])

        told = {
            json.loads(span.attributes["gen_ai.output.messages"])[0]["parts"][0]["content"]: (
                span.attributes[COST]
            )
            for span in spans()
        }
        assert told == {str(number): number + 1.0 for number in range(8)}

    def test_a_span_loses_nothing(self, model, exported):
        """All but the attributes is as it was; spans of others pass as they are."""
        plain = InMemorySpanExporter()
        provider = TracerProvider()
        provider.add_span_processor(SimpleSpanProcessor(plain))
        provider.add_span_processor(CostSpanProcessor(SimpleSpanProcessor(exported)))
        with provider.get_tracer("mine").start_as_current_span("work") as span:
            answer = model().invoke("Hi")
            span.set_attribute("gen_ai.response.id", answer.response_metadata["id"])
            span.add_event("half")
            span.add_link(span.get_span_context())

        provider.shutdown()
        (before,) = plain.get_finished_spans()
        after = exported.get_finished_spans()[-1]
        priced = json.loads(after.to_json())
        assert priced["attributes"].pop(COST) > 0
        assert priced == json.loads(before.to_json())

    def test_after_shutdown_nothing_is_kept(self, model, exported):
        """A processor that is done listens no more."""
        from langchain_aimlapi._client import costs

        before = costs._listeners
        processor = CostSpanProcessor(SimpleSpanProcessor(exported))
        processor.shutdown()
        model().invoke("Hi")
        assert costs._listeners == before
        assert not processor._known
        assert processor.force_flush()
