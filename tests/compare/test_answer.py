"""One answer: what its chunks add up to, and when they came."""

from __future__ import annotations

import asyncio

import pytest
from langchain_core.messages import AIMessageChunk

from langchain_aimlapi import ChatAimlapi
from langchain_aimlapi.compare import Answer, Finished, ReasoningDelta, TextDelta, ToolCallDelta
from langchain_aimlapi.compare import answer as answer_module
from tests.compare.conftest import scripted


@pytest.fixture
def clock(monkeypatch):
    """A clock that is set by hand."""

    class Clock:
        now = 100.0

        def monotonic(self):
            return self.now

    clock = Clock()
    monkeypatch.setattr(answer_module, "time", clock)
    return clock


def usage(output, reasoning=0):
    """The last chunk of an answer."""
    return AIMessageChunk(
        "",
        usage_metadata={
            "input_tokens": 7,
            "output_tokens": output,
            "total_tokens": 7 + output,
            "output_token_details": {"reasoning": reasoning},
        },
        response_metadata={"finish_reason": "stop", "cost": 0.25, "model_name": "served"},
    )


def reasoning(text):
    return AIMessageChunk("", additional_kwargs={"reasoning_content": text})


def played(clock, *timed):
    """The result of chunks, each with the second that it comes at."""
    answer = Answer("some-model")
    for second, chunk in timed:
        clock.now = 100.0 + second
        answer.add(AIMessageChunk(chunk) if isinstance(chunk, str) else chunk)
    return answer.result()


class TestTimes:
    def test_figures(self, clock):
        """The first token, the tokens after it by their time, tokens and USD."""
        result = played(clock, (0.5, "One"), (1.5, " two"), (2.5, " three"), (3.0, usage(21)))

        assert (result.ttft, result.first_text, result.seconds) == (0.5, 0.5, 3.0)
        assert result.tokens_per_second == 10.0
        assert (result.input_tokens, result.output_tokens, result.usd) == (7, 21, 0.25)
        assert (result.finish_reason, result.served_by) == ("stop", "served")

    def test_empty_chunks_are_no_tokens(self, clock):
        """Many services begin with a chunk that holds a role alone."""
        assert played(clock, (0.1, ""), (0.5, "One")).ttft == 0.5

    def test_shown_reasoning_is_a_first_token(self, clock):
        """It counts for the speed; when the text began is told too."""
        result = played(clock, (1, reasoning("Hm")), (3, "Yes"), (5, "."), (5, usage(41, 30)))

        assert (result.ttft, result.first_text) == (1.0, 3.0)
        assert result.tokens_per_second == 10.0

    def test_hidden_reasoning_makes_no_speed(self, clock):
        """It came before the first token, which it delayed."""
        result = played(clock, (9, "Yes"), (10, "."), (10, usage(1011, 1000)))

        assert result.tokens_per_second == 10.0

    @pytest.mark.parametrize(
        "timed",
        [
            [(1, "All at once."), (1, usage(50))],
            [(1, "All"), (1.001, " at once."), (1.1, usage(50))],
            [(1, "No usage"), (2, ".")],
            [(1, "x"), (2, "y"), (2, usage(1))],
            [(1, usage(50))],
        ],
    )
    def test_no_speed_is_invented(self, clock, timed):
        """What came in one piece, or without a count, has none."""
        assert played(clock, *timed).tokens_per_second is None


class TestContent:
    def test_events(self):
        """Reasoning, text and chunks of tool calls, in this order."""
        answer = Answer("some-model", run=2, column=3)
        chunk = AIMessageChunk(
            "Text",
            additional_kwargs={"reasoning_content": "Hm"},
            tool_call_chunks=[
                {"type": "tool_call_chunk", "index": 0, "id": "1", "name": "look", "args": '{"a'}
            ],
        )

        assert answer.add(chunk) == [
            ReasoningDelta(3, 2, "Hm"),
            TextDelta(3, 2, "Text"),
            ToolCallDelta(3, 2, 0, "look", '{"a'),
        ]

    def test_tool_calls_are_added_up(self, aimlapi_sandbox, sandbox_models):
        """Also broken ones, whose arguments stay a text."""
        aimlapi_sandbox.answer_next(
            tool_calls=[{"name": "look", "args": {"a": 1}}, {"name": "go", "args": '{"b": '}]
        )
        result = finished(sandbox_models("gpt-4o"))

        assert list(result.tool_calls) == [
            {"name": "look", "args": {"a": 1}},
            {"name": "go", "args": '{"b": '},
        ]
        assert result.ttft is not None
        assert result.first_text is None

    def test_reasoning(self, aimlapi_sandbox, sandbox_models):
        """It stands beside the text."""
        aimlapi_sandbox.answer_next("Yes.", reasoning="Let me see.")
        result = finished(sandbox_models("gpt-4o"))

        assert (result.reasoning, result.text) == ("Let me see.", "Yes.")

    @pytest.mark.parametrize("version", ["v0", "v1"])
    def test_reasoning_in_blocks(self, aimlapi_sandbox, version):
        """Models of other packages, and ours where they are told so, have it there."""
        aimlapi_sandbox.answer_next("Yes.", reasoning="Let me see.")
        result = finished(ChatAimlapi(model="gpt-4o", output_version=version))

        assert (result.reasoning, result.text, result.other_content) == ("Let me see.", "Yes.", [])

    def test_refusals_and_sources(self, aimlapi_sandbox, sandbox_models):
        """What stands beside the text, or in its place."""
        refused = finished(
            scripted(AIMessageChunk([{"type": "refusal", "refusal": "I will not."}]))
        )
        aimlapi_sandbox.answer_next("So they say.", citations=["https://example.com/a"])
        cited = finished(sandbox_models("gpt-4o"))

        assert (refused.refusal, refused.text, cited.refusal) == ("I will not.", "", None)
        assert [source["url"] for source in cited.sources] == ["https://example.com/a"]
        assert cited.text == "So they say."

    def test_other_content_is_named(self):
        """A picture is no text, and not nothing."""
        image = AIMessageChunk([{"type": "image", "url": "https://example.com/a.png", "index": 0}])
        result = finished(scripted(image))

        assert list(result.other_content) == ["image"]
        assert result.ttft is not None

    def test_an_error_keeps_what_came(self):
        """Of any kind: one model must not end the others."""
        result = finished(scripted("Half", ValueError("broken")))

        assert (result.text, result.error) == ("Half", "ValueError: broken")
        assert not result.is_whole

    def test_an_answer_without_chunks(self):
        """Nothing is an answer too."""
        result = finished(scripted())

        assert (result.text, result.ttft, result.error, result.usd) == ("", None, None, None)


def finished(llm):
    """The result of one call."""

    async def last():
        events = [event async for event in Answer("m").astream(llm, "Hello")]
        assert isinstance(events[-1], Finished)
        return events[-1].result

    return asyncio.run(last())
