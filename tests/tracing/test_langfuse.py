"""Costs in Langfuse: its own handler against a stand-in of the API that takes its spans."""

from __future__ import annotations

import json

import pytest
from langchain_core.caches import InMemoryCache
from langchain_core.language_models import FakeListChatModel
from langfuse import Langfuse
from langfuse.langchain import CallbackHandler
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import TracerProvider

from langchain_aimlapi.tracing import LangfuseCostHandler
from tests.tracing.ingest import Ingest


@pytest.fixture
def ingest():
    with Ingest() as server:
        yield server


@pytest.fixture
def client(ingest, request):
    """Langfuse's client, which sends to the stand-in; it keeps one per public key."""
    client = Langfuse(
        public_key=f"pk-{request.node.name}",
        secret_key="sk",
        base_url=ingest.url,
        tracer_provider=TracerProvider(),
    )
    yield client
    client.shutdown()


@pytest.fixture
def generations(ingest, client):
    """The attributes of each generation that was sent, as a function."""

    def sent():
        client.flush()
        spans = []
        for path, _, body in ingest.posted:
            assert path == "/api/public/otel/v1/traces"
            request = ExportTraceServiceRequest.FromString(body)
            for resource in request.resource_spans:
                spans += [span for scope in resource.scope_spans for span in scope.spans]
        found = [
            {each.key: each.value.string_value for each in span.attributes}
            for span in sorted(spans, key=lambda span: span.start_time_unix_nano)
        ]
        return [each for each in found if each["langfuse.observation.type"] == "generation"]

    return sent


@pytest.fixture
def handler(client, request):
    """Our handler for that client."""
    assert client
    return LangfuseCostHandler(public_key=f"pk-{request.node.name}")


def cost_of(generation):
    """Where Langfuse looks for what a generation cost."""
    return json.loads(generation["langfuse.observation.cost_details"])


def test_the_cost_is_where_langfuse_looks(ask, model, handler, generations):
    """As billed, beside the tokens and the model, whichever way the call is made."""
    answer = ask(model(), "Hi", config={"callbacks": [handler]})

    (generation,) = generations()
    usage = json.loads(generation["langfuse.observation.usage_details"])
    assert cost_of(generation) == {"total": answer.response_metadata["cost"]}
    assert usage["total"] == answer.usage_metadata["total_tokens"]
    assert generation["langfuse.observation.model.name"] == "gpt-4o"


def test_langfuses_own_handler_has_none(model, client, request, generations):
    """Which is why there is another; should it have one, ours can go."""
    assert client
    handler = CallbackHandler(public_key=f"pk-{request.node.name}")
    answer = model().invoke("Hi", config={"callbacks": [handler]})

    assert "langfuse.observation.cost_details" not in generations()[0]
    assert answer.response_metadata["token_usage"]["cost"] == answer.response_metadata["cost"]


def test_a_cached_answer_costs_nothing(model, handler, generations):
    """The second call of the same is told as free."""
    llm = model(cache=InMemoryCache())
    for _ in range(2):
        llm.invoke("Hi", config={"callbacks": [handler]})

    first, second = map(cost_of, generations())
    assert first["total"] > 0
    assert second == {"total": 0}


def test_a_cost_that_nobody_told_is_not_made_up(handler, generations):
    """Langfuse then asks its own table."""
    FakeListChatModel(responses=["Hi"]).invoke("Hi", config={"callbacks": [handler]})
    assert "langfuse.observation.cost_details" not in generations()[0]
