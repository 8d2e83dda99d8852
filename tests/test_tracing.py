"""What callbacks, usage counters and LangSmith learn of a call."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from langchain_core.callbacks import (
    AsyncCallbackHandler,
    BaseCallbackHandler,
    UsageMetadataCallbackHandler,
    get_usage_metadata_callback,
)
from langchain_core.tracers.base import BaseTracer

from langchain_aimlapi import AimlapiError, RateLimitError, StreamInterruptedError
from tests.ways import asked

if TYPE_CHECKING:
    from langchain_core.messages import AIMessageChunk

PROMPT = "I love programming."


class Tokens(BaseCallbackHandler):
    """Keeps the chunks it is told of."""

    def __init__(self) -> None:
        self.chunks: list[AIMessageChunk] = []

    def on_llm_new_token(self, token: str, *, chunk: Any = None, **_: Any) -> None:
        """Keep one."""
        assert token == chunk.message.text
        self.chunks.append(chunk.message)

    @property
    def text(self) -> str:
        """All of them."""
        return "".join(chunk.text for chunk in self.chunks)


class AsyncTokens(AsyncCallbackHandler, Tokens):
    """The same, awaited."""

    async def on_llm_new_token(self, token: str, *, chunk: Any = None, **_: Any) -> None:
        """Keep one."""
        self.chunks.append(chunk.message)


class Runs(BaseTracer):
    """Keeps finished runs."""

    def __init__(self) -> None:
        super().__init__()
        self.finished: list[Any] = []

    def _persist_run(self, run: Any) -> None:
        self.finished.append(run)


class Errors(BaseCallbackHandler):
    """Keeps errors and what came with them."""

    def __init__(self) -> None:
        self.errors: list[tuple[BaseException, Any]] = []

    def on_llm_error(self, error: BaseException, *, response: Any = None, **_: Any) -> None:
        """Keep one."""
        self.errors.append((error, response))


async def listed(chunks: Any) -> list[Any]:
    """All of an async iterator."""
    return [chunk async for chunk in chunks]


def stream(llm, config):
    """Stream, and return the chunks' text."""
    return [chunk.text for chunk in llm.stream(PROMPT, config=config)]


def astream(llm, config):
    """Stream in a loop of its own."""
    return [chunk.text for chunk in asyncio.run(listed(llm.astream(PROMPT, config=config)))]


def streaming_invoke(llm, config):
    """`invoke` that streams inside."""
    return [llm.model_copy(update={"streaming": True}).invoke(PROMPT, config=config).text]


def streaming_ainvoke(llm, config):
    """`ainvoke` that streams inside."""
    streaming = llm.model_copy(update={"streaming": True})
    return [asyncio.run(streaming.ainvoke(PROMPT, config=config)).text]


def events_v2(llm, config):
    """`astream_events` of the second version."""
    events = asyncio.run(listed(llm.astream_events(PROMPT, config=config, version="v2")))
    return [event["data"]["chunk"].text for event in events if event["event"].endswith("_stream")]


class TestTokens:
    """`on_llm_new_token`."""

    @pytest.mark.parametrize(
        ("way", "handler"),
        [
            *((way, Tokens) for way in (stream, streaming_invoke)),
            *((way, Tokens) for way in (astream, streaming_ainvoke, events_v2)),
            *((way, AsyncTokens) for way in (astream, streaming_ainvoke, events_v2)),
        ],
    )
    def test_once_per_chunk(self, model, way, handler):
        """Every chunk is told once, whoever asked for the stream."""
        tokens = handler()
        given = way(model(), {"callbacks": [tokens]})

        assert tokens.text == "".join(given)
        assert PROMPT in tokens.text
        if len(given) > 1:
            assert [chunk.text for chunk in tokens.chunks] == given
        assert sum(chunk.usage_metadata is not None for chunk in tokens.chunks) == 1

    @pytest.mark.parametrize("way", ["invoke", "ainvoke"])
    def test_never_without_a_stream(self, model, way):
        """A whole answer has no tokens to tell."""
        tokens, llm = Tokens(), model()
        asked(way, llm, PROMPT, config={"callbacks": [tokens]})

        assert tokens.chunks == []


class TestUsage:
    """Tokens that add up."""

    def test_two_calls(self, ask, model):
        """A counter sees the usage of each call once, under the model's name."""
        counter = UsageMetadataCallbackHandler()
        answers = [ask(model(), prompt, config={"callbacks": [counter]}) for prompt in ("a", "b b")]

        (name,) = counter.usage_metadata
        total = counter.usage_metadata[name]["total_tokens"]
        assert name == "gpt-4o"
        assert total == sum(answer.usage_metadata["total_tokens"] for answer in answers)

    def test_several_models_in_a_context(self, model):
        """Each model has its own sum."""
        with get_usage_metadata_callback() as counter:
            model().invoke("Hi")
            list(model(model="gpt-4o-mini").stream("Hi"))

        assert set(counter.usage_metadata) == {"gpt-4o", "gpt-4o-mini"}

    def test_details_are_added(self, ask, model):
        """Reasoning tokens of two calls are added like the rest."""
        counter = UsageMetadataCallbackHandler()
        llm = model(model="deepseek/deepseek-v4-pro", reasoning_effort="high")
        answers = [ask(llm, "Why?", config={"callbacks": [counter]}) for _ in range(2)]

        (usage,) = counter.usage_metadata.values()
        reasoning = [
            answer.usage_metadata["output_token_details"]["reasoning"] for answer in answers
        ]
        assert usage["output_token_details"]["reasoning"] == sum(reasoning) > 0


class TestRuns:
    """What stands in a trace."""

    def test_parameters(self, ask, model):
        """Provider, model and settings by LangSmith's names; those of the call win."""
        runs = Runs()
        llm = model(temperature=0.5, max_tokens=50, stop=["END"])

        ask(llm, "Hi", config={"callbacks": [runs]}, temperature=0.1, model="gpt-4o-mini")

        (run,) = runs.finished
        metadata = run.extra["metadata"]
        expected = {
            "ls_provider": "aimlapi",
            "ls_model_name": "gpt-4o-mini",
            "ls_model_type": "chat",
            "ls_temperature": 0.1,
            "ls_max_tokens": 50,
            "ls_stop": ["END"],
        }
        assert {name: metadata[name] for name in expected} == expected

    def test_what_is_not_set_is_not_told(self, model):
        """No made-up temperature."""
        params = model()._get_ls_params()

        assert set(params) == {"ls_provider", "ls_model_name", "ls_model_type"}

    @pytest.mark.parametrize(
        ("fields", "limit"),
        [({"max_tokens": 5}, 5), ({"max_completion_tokens": 6}, 6), ({}, None)],
    )
    def test_either_limit(self, model, fields, limit):
        """The newer name of the limit counts, too."""
        assert model(**fields)._get_ls_params().get("ls_max_tokens") == limit

    def test_ids_and_cost(self, ask, model):
        """A run holds the ids the service keeps, and what it cost; and the service the run's id."""
        runs = Runs()
        answer = ask(model(), "Hi", config={"callbacks": [runs]})

        (run,) = runs.finished
        message = run.outputs["generations"][0][0]["message"]["kwargs"]
        metadata = message["response_metadata"]
        assert metadata["inference_id"] == answer.response_metadata["inference_id"]
        assert metadata["client_request_id"]
        assert metadata["cost"] == metadata["cost_details"]["usd_spent"] > 0
        assert message["usage_metadata"]["total_tokens"] > 0

    @pytest.mark.parametrize("way", ["invoke", "ainvoke"])
    def test_the_runs_id_is_the_requests(self, model, aimlapi_sandbox, way):
        """Traces and the service's logs are matched by one id."""
        runs, llm = Runs(), model()
        asked(way, llm, "Hi", config={"callbacks": [runs]})

        sent = aimlapi_sandbox.requests[0].headers
        assert sent["x-client-request-id"] == str(runs.finished[0].id)

    def test_the_first_token_has_a_time(self, model):
        """Streams leave an event in the run, from which time to first token is told."""
        runs = Runs()
        list(model().stream("Hi", config={"callbacks": [runs]}))

        events = [event["name"] for event in runs.finished[0].events]
        assert events[0] == "start"
        assert "new_token" in events
        assert events[-1] == "end"

    def test_versions(self, model):
        """Runs tell which release of this package made them."""
        assert "langchain-aimlapi" in model().metadata["lc_versions"]


class TestErrors:
    """`on_llm_error`."""

    def test_refusals_come_with_the_reply(self, ask, model, aimlapi_sandbox):
        """The handler gets our error, and the reply's status, body and headers."""
        aimlapi_sandbox.fail_next("rate_limit")
        errors = Errors()

        with pytest.raises(RateLimitError) as caught:
            ask(model(), "Hi", config={"callbacks": [errors]})

        ((error, response),) = errors.errors
        assert error is caught.value
        metadata = response.generations[0][0].message.response_metadata
        assert metadata["status_code"] == 429
        assert "Too Many Requests" in str(metadata["body"])
        assert metadata["request_id"] == error.request_id

    @pytest.mark.parametrize("way", ["stream", "astream"])
    def test_broken_streams_come_with_what_was_there(self, model, aimlapi_sandbox, way):
        """The error holds the partial message, and the handler what had been streamed."""
        aimlapi_sandbox.fail_next("cut_stream")
        errors, tokens, llm = Errors(), Tokens(), model()
        config = {"callbacks": [errors, tokens]}

        with pytest.raises(StreamInterruptedError):
            asked(way, llm, PROMPT, config=config)

        ((error, _),) = errors.errors
        assert error.partial.text == tokens.text
        assert tokens.text

    def test_refused_before_it_left(self, ask, model, monkeypatch):
        """A missing key is an error of the run like any other."""
        monkeypatch.delenv("AIMLAPI_API_KEY")
        errors = Errors()

        with pytest.raises(AimlapiError):
            ask(model(), "Hi", config={"callbacks": [errors]})

        assert [type(error).__name__ for error, _ in errors.errors] == ["MissingAPIKeyError"]
