"""The model inside agents, fallbacks, retries and batches of LangChain and LangGraph."""

from __future__ import annotations

import asyncio
from collections import defaultdict

import pytest
from langchain.agents import create_agent
from langchain.agents.middleware import ModelFallbackMiddleware, ModelRetryMiddleware
from langchain.agents.structured_output import ToolStrategy
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.tools import tool
from pydantic import BaseModel

from langchain_aimlapi import InvalidRequestError, RateLimitError, StreamInterruptedError
from tests.ways import WAYS, asked, merged

pytestmark = [
    pytest.mark.filterwarnings("ignore::langchain_core._api.LangChainBetaWarning"),
]
QUESTION = {"messages": [HumanMessage("How is the weather in 'Paris'?")]}


@tool
def get_weather(city: str) -> str:
    """Get the weather in a city."""
    return f"Sunny in {city}."


class Weather(BaseModel):
    """The weather in a city."""

    city: str
    celsius: float


def run(agent, way, inputs):
    """Run an agent to its end, sync or async."""
    return agent.invoke(inputs) if way == "sync" else asyncio.run(agent.ainvoke(inputs))


async def listed(things):
    """All of an async iterator."""
    return [each async for each in things]


both = pytest.mark.parametrize("way", ["sync", "async"])
families = pytest.mark.parametrize(
    "name", ["gpt-4o", "anthropic/claude-haiku-4.5", "deepseek/deepseek-v4-pro", "some/new-model"]
)


class TestAgents:
    """`create_agent`."""

    @both
    @families
    def test_a_loop_with_a_tool(self, model, way, name):
        """One call, its result, one answer."""
        messages = run(create_agent(model(model=name), [get_weather]), way, QUESTION)["messages"]

        kinds = [type(message) for message in messages]
        assert kinds == [HumanMessage, AIMessage, ToolMessage, AIMessage]
        assert messages[1].tool_calls[0]["args"] == {"city": "Paris"}
        assert messages[2].tool_call_id == messages[1].tool_calls[0]["id"]
        assert "Sunny in Paris." in messages[3].text

    @both
    def test_reasoning_goes_back(self, model, aimlapi_sandbox, way):
        """A model that has to see its own reasoning gets it with the tool's result."""
        llm = model(model="deepseek/deepseek-v4-pro", reasoning_effort="high")
        messages = run(create_agent(llm, [get_weather]), way, QUESTION)["messages"]

        sent = aimlapi_sandbox.requests[-1].body["messages"]
        assert sent[1]["reasoning_content"] == messages[1].additional_kwargs["reasoning_content"]

    @pytest.mark.filterwarnings("ignore:.* takes no forced tool call while it reasons")
    @both
    @pytest.mark.parametrize("strategy", [Weather, ToolStrategy(Weather)], ids=["schema", "tool"])
    @families
    def test_structured_answers(self, model, way, strategy, name):
        """A schema for the answer gives an instance of it."""
        agent = create_agent(model(model=name), response_format=strategy)

        answer = run(agent, way, QUESTION)["structured_response"]

        assert isinstance(answer, Weather)

    @both
    @pytest.mark.parametrize("version", ["v0", "v1"])
    def test_streamed_messages(self, model, way, version):
        """Each message comes once, in pieces that add up to what the graph keeps."""
        agent = create_agent(model(output_version=version), [get_weather])
        stream = (
            agent.stream(QUESTION, stream_mode=["messages", "values"])
            if way == "sync"
            else asyncio.run(listed(agent.astream(QUESTION, stream_mode=["messages", "values"])))
        )
        pieces, final = defaultdict(list), None
        for mode, data in stream:
            if mode == "messages":
                pieces[data[0].id].append(data[0])
            else:
                final = data["messages"]

        call, result, answer = final[1:]
        assert list(pieces) == [call.id, result.id, answer.id]
        assert merged(pieces[answer.id]).text == answer.text
        assert merged(pieces[call.id]).tool_calls == call.tool_calls
        assert len(pieces[answer.id]) > 5
        assert sum(bool(piece.usage_metadata) for piece in pieces[answer.id]) == 1

    def test_streamed_events(self, model):
        """LangChain's third version of events gives each message once, whole and with its usage."""
        stream = create_agent(model(), [get_weather]).stream_events(QUESTION, version="v3")
        messages = [message.output for message in stream.messages]

        call, answer = messages
        assert call.tool_calls[0]["name"] == "get_weather"
        assert "Sunny in Paris." in answer.text
        assert all(message.usage_metadata["total_tokens"] for message in messages)
        assert [m.text for m in stream.output["messages"] if isinstance(m, AIMessage)] == [
            message.text for message in messages
        ]

    async def test_streamed_events_async(self, model):
        """The same, awaited."""
        agent = create_agent(model(), [get_weather])
        stream = await agent.astream_events(QUESTION, version="v3")
        messages = [await message.output async for message in stream.messages]

        assert [bool(message.tool_calls) for message in messages] == [True, False]
        assert "Sunny in Paris." in messages[1].text

    @both
    def test_retries_of_the_middleware(self, model, aimlapi_sandbox, way):
        """LangChain's default policy repeats what may pass, by the class of our error."""
        aimlapi_sandbox.fail_next("status_503", 2)
        again = ModelRetryMiddleware(max_retries=2, initial_delay=0.0, jitter=False)
        agent = create_agent(model(), middleware=[again])

        assert run(agent, way, QUESTION)["messages"][-1].text
        assert len(aimlapi_sandbox.requests) == 3

    @both
    def test_what_the_middleware_does_not_repeat(self, model, aimlapi_sandbox, way):
        """A wrong request stays wrong."""
        aimlapi_sandbox.fail_next("status_400", 9)
        again = ModelRetryMiddleware(
            max_retries=2, initial_delay=0.0, jitter=False, on_failure="error"
        )
        agent = create_agent(model(), middleware=[again])

        with pytest.raises(InvalidRequestError):
            run(agent, way, QUESTION)
        assert len(aimlapi_sandbox.requests) == 1

    @both
    def test_fallbacks_of_the_middleware(self, model, aimlapi_sandbox, way):
        """When one model fails, the next one answers."""
        aimlapi_sandbox.fail_next("status_503")
        agent = create_agent(
            model(), middleware=[ModelFallbackMiddleware(model(model="gpt-4o-mini"))]
        )

        message = run(agent, way, QUESTION)["messages"][-1]

        assert message.response_metadata["model_name"] == "gpt-4o-mini"


class TestFallbacks:
    """`with_fallbacks`."""

    @pytest.mark.parametrize(
        "fault",
        ["status_503", "reset_connection", "error_in_200", "html_502", "empty_200"],
    )
    def test_a_failure_before_content_switches(self, ask, model, aimlapi_sandbox, fault):
        """Nothing has reached the caller yet, so the next model answers from the start."""
        aimlapi_sandbox.fail_next(fault)
        llm = model().with_fallbacks([model(model="gpt-4o-mini")])

        answer = ask(llm, "Hi")

        assert answer.response_metadata["model_name"] == "gpt-4o-mini"
        assert answer.text.count("Hello") == 1

    @pytest.mark.parametrize("way", ["stream", "astream"])
    def test_a_failure_after_content_does_not(self, model, aimlapi_sandbox, way):
        """A second beginning behind half an answer would be worse than an error."""
        aimlapi_sandbox.fail_next("cut_stream")
        llm = model().with_fallbacks([model(model="gpt-4o-mini")])

        with pytest.raises(StreamInterruptedError) as caught:
            asked(way, llm, "I love programming.")

        assert caught.value.partial.text
        assert len(aimlapi_sandbox.requests) == 1

    def test_only_for_some_errors(self, ask, model, aimlapi_sandbox):
        """Our classes can be named one by one."""
        aimlapi_sandbox.fail_next("status_400")
        llm = model().with_fallbacks(
            [model(model="gpt-4o-mini")], exceptions_to_handle=(RateLimitError,)
        )

        with pytest.raises(InvalidRequestError):
            ask(llm, "Hi")


class TestRetries:
    """`with_retry`."""

    @pytest.mark.parametrize("way", ["invoke", "ainvoke"])
    def test_named_errors_are_repeated(self, model, aimlapi_sandbox, way):
        """LangChain's own retry goes by our classes, and keeps counting attempts."""
        aimlapi_sandbox.fail_next("status_429", 2)
        llm = model().with_retry(
            retry_if_exception_type=(RateLimitError,),
            wait_exponential_jitter=False,
            stop_after_attempt=3,
        )

        assert asked(way, llm, "Hi").text
        assert len(aimlapi_sandbox.requests) == 3

    @pytest.mark.parametrize("way", ["invoke", "ainvoke"])
    def test_other_errors_are_not(self, model, aimlapi_sandbox, way):
        """An error of another class passes at once."""
        aimlapi_sandbox.fail_next("status_400", 3)
        llm = model().with_retry(
            retry_if_exception_type=(RateLimitError,), wait_exponential_jitter=False
        )

        with pytest.raises(InvalidRequestError):
            asked(way, llm, "Hi")
        assert len(aimlapi_sandbox.requests) == 1


class TestBatches:
    """`batch` and `abatch`."""

    @pytest.mark.aimlapi_sandbox(ttft=0.02)
    async def test_fifty_at_most_five_at_once(self, model, aimlapi_sandbox):
        """Each answer is at its place, and no more are under way than allowed."""
        prompts = [f"question {number}." for number in range(50)]

        answers = await model().abatch(prompts, config={"max_concurrency": 5})

        wrong = [p for p, answer in zip(prompts, answers, strict=True) if p not in answer.text]
        assert wrong == []
        assert len(aimlapi_sandbox.requests) == 50
        assert aimlapi_sandbox.connections <= 5

    def test_threads_at_most_five_at_once(self, model, aimlapi_sandbox):
        """The same of the sync batch."""
        prompts = [f"question {number}." for number in range(20)]

        answers = model().batch(prompts, config={"max_concurrency": 5})

        assert all(p in answer.text for p, answer in zip(prompts, answers, strict=True))
        assert aimlapi_sandbox.connections <= 5

    @pytest.mark.aimlapi_sandbox(faults="status_429:0.3")
    @pytest.mark.parametrize("way", ["batch", "abatch"])
    def test_failures_stay_where_they_happened(self, model, way):
        """Every item is answered or failed by name; none is lost."""
        prompts = [f"question {number}." for number in range(30)]
        llm = model()
        results = (
            llm.batch(prompts, return_exceptions=True)
            if way == "batch"
            else asyncio.run(llm.abatch(prompts, return_exceptions=True))
        )

        failed = [result for result in results if isinstance(result, RateLimitError)]
        answered = [
            prompt
            for prompt, result in zip(prompts, results, strict=True)
            if isinstance(result, AIMessage) and prompt in result.text
        ]
        assert len(failed) + len(answered) == 30
        assert failed
        assert answered


@pytest.mark.parametrize("way", WAYS)
def test_a_chain(model, way):
    """The model between a prompt and a parser, as in every first example."""
    prompt = ChatPromptTemplate([("system", "Translate to {language}."), ("human", "{text}")])

    answer = asked(way, prompt | model(), {"language": "French", "text": "I love programming."})

    assert "I love programming." in answer.text
