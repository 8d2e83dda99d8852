"""LangChain's own middleware does its work with this model: what it looks for is there.

Each agent is run in four ways: invoked and streamed, sync and async.
"""

from __future__ import annotations

from typing import Any

import pytest
from langchain.agents import create_agent
from langchain.agents import middleware as langchains
from langchain.agents.middleware import (
    ClearToolUsesEdit,
    ContextEditingMiddleware,
    LLMToolSelectorMiddleware,
    ModelCallLimitMiddleware,
    ModelFallbackMiddleware,
    ModelRetryMiddleware,
    SummarizationMiddleware,
    ToolRetryMiddleware,
)
from langchain_core import exceptions
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_core.tools import tool
from pydantic import BaseModel

from langchain_aimlapi import (
    AuthenticationError,
    ChatAimlapi,
    OutOfCreditsError,
    RateLimitError,
    ServerError,
    StreamInterruptedError,
)
from tests.scripted import Scripted
from tests.ways import run_async

QUESTION: Any = {"messages": [HumanMessage("Look it up")]}
STREAMED: Any = {"stream_mode": ["messages", "values"], "version": "v2"}


def invoke(agent, given, config):
    """All messages of a run."""
    return agent.invoke(given, config)["messages"]


def ainvoke(agent, given, config):
    """The same, async."""
    return run_async(agent.ainvoke(given, config))["messages"]


def stream(agent, given, config):
    """The same with tokens, for which the model streams."""
    return last_values(list(agent.stream(given, config, **STREAMED)))


def astream(agent, given, config):
    """Tokens, async."""

    async def listed():
        return [part async for part in agent.astream(given, config, **STREAMED)]

    return last_values(run_async(listed()))


def last_values(parts):
    """The messages of the last state among parts of a stream."""
    return [part["data"] for part in parts if part["type"] == "values"][-1]["messages"]


@pytest.fixture(params=[invoke, ainvoke, stream, astream], ids=lambda way: way.__name__)
def run(request):
    """Run an agent and return all messages, in each of the four ways in turn."""

    def run_agent(agent, given=QUESTION, config=None):
        return request.param(agent, given, config or {})

    return run_agent


class Errors(BaseCallbackHandler):
    """Keeps the errors of models."""

    def __init__(self) -> None:
        self.seen: list[BaseException] = []

    def on_llm_error(self, error: BaseException, **_: Any) -> None:
        """Keep one."""
        self.seen.append(error)


@tool
def look_up(word: str) -> str:
    """Look a word up."""
    return f"{word} is a word. " * 40


@tool
def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


def text_of(record):
    """All that a request says to the model."""
    return str(record.body["messages"])


class TestModelFallback:
    """`ModelFallbackMiddleware`."""

    @pytest.mark.parametrize(
        ("fault", "kind", "base"),
        [
            ("status_503", ServerError, "ModelAPIError"),
            ("rate_limit", RateLimitError, "ModelRateLimitError"),
        ],
    )
    def test_the_next_model_answers_and_is_named(
        self, run, model, aimlapi_sandbox, fault, kind, base
    ):
        """The error is ours and LangChain's, and the answer tells which model gave it."""
        aimlapi_sandbox.fail_next(fault)
        errors = Errors()
        spare = ModelFallbackMiddleware(model(model="gpt-4o-mini"))

        answer = run(create_agent(model(), middleware=[spare]), config={"callbacks": [errors]})[-1]

        assert [type(error) for error in errors.seen] == [kind]
        assert isinstance(errors.seen[0], getattr(exceptions, base))
        assert answer.response_metadata["model_name"] == "gpt-4o-mini"
        assert [record.body["model"] for record in aimlapi_sandbox.requests] == [
            "gpt-4o",
            "gpt-4o-mini",
        ]

    @pytest.mark.parametrize("way", [stream, astream])
    def test_after_a_stream_that_broke_off(self, model, aimlapi_sandbox, way):
        """Half an answer is not taken for an answer."""
        aimlapi_sandbox.fail_next("cut_stream")
        errors = Errors()
        spare = ModelFallbackMiddleware(model(model="gpt-4o-mini"))

        messages = way(create_agent(model(), middleware=[spare]), QUESTION, {"callbacks": [errors]})

        assert [type(error) for error in errors.seen] == [StreamInterruptedError]
        assert messages[-1].response_metadata["model_name"] == "gpt-4o-mini"

    def test_the_model_that_the_service_chose_is_named(self, run):
        """Not the one that was asked: a gateway may serve another."""
        with Scripted({"content": "Hi"}) as service:
            llm = ChatAimlapi(model="gpt-4o", base_url=service.url, api_key="k")
            agent = create_agent(llm, middleware=[ModelFallbackMiddleware(llm)])
            assert run(agent)[-1].response_metadata["model_name"] == "scripted"


class TestModelRetry:
    """`ModelRetryMiddleware`, by its own idea of what may pass when tried again."""

    @pytest.mark.parametrize("fault", ["status_500", "rate_limit", "status_504"])
    def test_what_may_pass_is_tried_again(self, run, model, aimlapi_sandbox, fault):
        """Errors of the service, of its rate and of time."""
        aimlapi_sandbox.fail_next(fault)
        retry = ModelRetryMiddleware(initial_delay=0.01, jitter=False, on_failure="error")

        assert run(create_agent(model(), middleware=[retry]))[-1].text
        assert len(aimlapi_sandbox.requests) == 2

    @pytest.mark.parametrize(
        ("fault", "kind"),
        [("status_401", AuthenticationError), ("out_of_credits", OutOfCreditsError)],
    )
    def test_what_cannot_pass_is_not(self, run, model, aimlapi_sandbox, fault, kind):
        """A wrong key and an empty account cost one request each."""
        aimlapi_sandbox.fail_next(fault)
        retry = ModelRetryMiddleware(initial_delay=0.01, on_failure="error")

        with pytest.raises(kind):
            run(create_agent(model(), middleware=[retry]))
        assert len(aimlapi_sandbox.requests) == 1


class TestToolRetry:
    """`ToolRetryMiddleware`."""

    def test_a_tool_that_failed_is_run_again(self, run, model, aimlapi_sandbox):
        """With the arguments of the one call that the model made."""
        seen = []

        @tool
        def flaky(word: str) -> str:
            """Look a word up, the second time."""
            seen.append(word)
            if len(seen) == 1:
                raise ConnectionError("gone")
            return "found"

        aimlapi_sandbox.answer_next(tool_calls={"flaky": {"word": "a"}})
        aimlapi_sandbox.answer_next("done")
        retry = ToolRetryMiddleware(initial_delay=0.01, jitter=False)

        messages = run(create_agent(model(), [flaky], middleware=[retry]))

        assert seen == ["a", "a"]
        assert [message.text for message in messages[-2:]] == ["found", "done"]


def decision_model(choice):
    """A decision model that always chooses the same; there is none that could be asked offline."""
    from langchain_core.decisions import BaseDecisionModel, ChoiceAnswer, ClassifierResponse

    class Chooses(BaseDecisionModel):
        @property
        def _provider(self) -> str:
            return "test"

        def _classify(self, state: Any, questions: Any, **_: Any) -> Any:
            answer = ChoiceAnswer(
                type="choice", choice=choice, probabilities={choice: 1.0}, confidence=1.0
            )
            return ClassifierResponse(model="chooses", answers=dict.fromkeys(questions, answer))

    return Chooses(model="chooses")


@pytest.mark.skipif(
    not hasattr(langchains, "ModelRouterMiddleware"),
    reason="this release of langchain has no ModelRouterMiddleware",
)
@pytest.mark.filterwarnings("ignore:.*is in beta")
class TestModelRouter:
    """`ModelRouterMiddleware`."""

    def test_the_chosen_model_answers(self, run, model, aimlapi_sandbox):
        """And the answer says so."""
        choices = {
            "fast": langchains.ModelChoice(model(model="gpt-4o-mini"), criteria="simple"),
            "strong": langchains.ModelChoice(model(), criteria="hard"),
        }
        router = langchains.ModelRouterMiddleware(
            choices=choices, instructions="Choose.", classifier=decision_model("fast")
        )

        answer = run(create_agent(model(), middleware=[router]))[-1]

        assert answer.response_metadata["model_name"] == "gpt-4o-mini"
        assert [record.body["model"] for record in aimlapi_sandbox.requests] == ["gpt-4o-mini"]


REFUSALS: Any = {
    "OpenAI": ({"content": None, "refusal": "I cannot help with that."}, "stop"),
    "Claude": ({"content": ""}, "refusal"),
}
NEEDS_REFUSALS = pytest.mark.skipif(
    not hasattr(langchains, "ModelRefusalMiddleware"),
    reason="this release of langchain has no ModelRefusalMiddleware",
)


class Person(BaseModel):
    """A person."""

    name: str


@NEEDS_REFUSALS
class TestModelRefusal:
    """`ModelRefusalMiddleware`, by a standard block in the answer."""

    @pytest.mark.parametrize("vendor", REFUSALS)
    def test_an_answer_that_refuses_is_an_error(self, run, vendor):
        """Whether the model says why or only how it finished."""
        message, finish = REFUSALS[vendor]
        with Scripted(message, finish=finish) as service:
            llm = ChatAimlapi(model="gpt-4o", base_url=service.url, api_key="k")
            agent = create_agent(llm, middleware=[langchains.ModelRefusalMiddleware()])
            with pytest.raises(exceptions.ModelRefusalError) as refused:
                run(agent)

        assert (message.get("refusal") or "") in str(refused.value)
        assert isinstance(refused.value.raw_message, AIMessage)

    @pytest.mark.parametrize("vendor", REFUSALS)
    def test_a_fallback_answers_in_its_place(self, run, model, vendor):
        """As LangChain's documentation has it."""
        message, finish = REFUSALS[vendor]
        with Scripted(message, finish=finish) as service:
            llm = ChatAimlapi(model="gpt-4o", base_url=service.url, api_key="k")
            spare = ModelFallbackMiddleware(model(model="gpt-4o-mini", base_url=service.url))
            agent = create_agent(llm, middleware=[spare, langchains.ModelRefusalMiddleware()])
            with pytest.raises(exceptions.ModelRefusalError):
                run(agent)
            assert [body["model"] for body in service.bodies] == ["gpt-4o", "gpt-4o-mini"]

    @pytest.mark.parametrize("vendor", REFUSALS)
    def test_instead_of_an_object(self, ask, vendor):
        """A structured answer that was refused is that error, too."""
        message, finish = REFUSALS[vendor]
        with Scripted(message, finish=finish) as service:
            llm = ChatAimlapi(model="gpt-4o", base_url=service.url, api_key="k")
            with pytest.raises(exceptions.ModelRefusalError):
                ask(llm.with_structured_output(Person), "Who?")


class TestModelCallLimit:
    """`ModelCallLimitMiddleware`."""

    def test_the_run_ends_at_its_limit(self, run, model, aimlapi_sandbox):
        """No request is sent beyond it."""
        for word in ("a", "b", "c"):
            aimlapi_sandbox.answer_next(tool_calls={"look_up": {"word": word}})
        limit = ModelCallLimitMiddleware(run_limit=2, exit_behavior="end")

        messages = run(create_agent(model(), [look_up], middleware=[limit]))

        assert len(aimlapi_sandbox.requests) == 2
        assert "limit" in messages[-1].text


class TestSummarization:
    """`SummarizationMiddleware`."""

    HISTORY: Any = (
        HumanMessage("Hi", id="1"),
        AIMessage("Hello", id="2"),
        HumanMessage("And?", id="3"),
    )

    def test_a_part_of_the_window_is_the_trigger(self, run, model, aimlapi_sandbox):
        """The window comes from the model's profile."""
        llm = model()
        share = 5 / llm.profile["max_input_tokens"]
        summarize = SummarizationMiddleware(llm, trigger=("fraction", share), keep=("messages", 1))
        aimlapi_sandbox.answer_next("they greeted each other")
        aimlapi_sandbox.answer_next("done")

        messages = run(create_agent(llm, middleware=[summarize]), {"messages": list(self.HISTORY)})

        assert [message.text for message in messages[1:]] == ["And?", "done"]
        assert "they greeted each other" in messages[0].text
        assert len(aimlapi_sandbox.requests) == 2

    def test_below_it_nothing_is_summarised(self, run, model, aimlapi_sandbox):
        """Half of a window of 128,000 tokens is not reached by three messages."""
        summarize = SummarizationMiddleware(model(), trigger=("fraction", 0.5))

        run(create_agent(model(), middleware=[summarize]), {"messages": list(self.HISTORY)})

        assert len(aimlapi_sandbox.requests) == 1

    def test_tokens_that_the_service_reported_count(self, run, model, aimlapi_sandbox):
        """More than the middleware estimates: the answer's provider is the model's own."""
        summarize = SummarizationMiddleware(
            model(), trigger=("tokens", 9_000), keep=("messages", 1)
        )
        aimlapi_sandbox.answer_next("Hello", usage={"input_tokens": 10_000, "output_tokens": 1})
        agent = create_agent(model(), middleware=[summarize])
        before = run(agent, {"messages": [HumanMessage("Hi")]})
        aimlapi_sandbox.answer_next("a summary")
        aimlapi_sandbox.answer_next("done")

        after = run(agent, {"messages": [*before, HumanMessage("And?")]})

        assert "a summary" in after[0].text
        assert after[-1].text == "done"


class TestContextEditing:
    """`ContextEditingMiddleware`."""

    @pytest.mark.parametrize("counted_by", ["approximate", "model"])
    def test_old_results_are_left_out(self, run, model, aimlapi_sandbox, counted_by):
        """Whoever counts; the request is still one that the service takes."""
        for word in ("a", "b"):
            aimlapi_sandbox.answer_next(tool_calls={"look_up": {"word": word}})
        aimlapi_sandbox.answer_next("done")
        edit = ContextEditingMiddleware(
            edits=[ClearToolUsesEdit(trigger=200, keep=1)], token_count_method=counted_by
        )

        messages = run(create_agent(model(), [look_up], middleware=[edit]))

        assert messages[-1].text == "done"
        last = text_of(aimlapi_sandbox.requests[-1])
        assert "a is a word" not in last
        assert "[cleared]" in last
        assert "b is a word" in last
        assert sum(isinstance(message, ToolMessage) for message in messages) == 2


class TestToolSelector:
    """`LLMToolSelectorMiddleware`."""

    def test_the_model_chooses_and_is_given_what_it_chose(self, run, model, aimlapi_sandbox):
        """By a structured answer of another model."""
        aimlapi_sandbox.answer_when('{"tools": ["add"]}', model="gpt-4o-mini")
        select = LLMToolSelectorMiddleware(model=model(model="gpt-4o-mini"), max_tools=1)

        run(create_agent(model(), [look_up, add], middleware=[select]))

        asked = [
            record.body for record in aimlapi_sandbox.requests if record.body["model"] == "gpt-4o"
        ]
        names = [[one["function"]["name"] for one in body["tools"]] for body in asked]
        assert set(map(tuple, names)) == {("add",)}
        assert asked
