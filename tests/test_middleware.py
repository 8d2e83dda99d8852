"""A budget for agents: per run and per thread, and what happens at its end."""

from __future__ import annotations

import pytest
from langchain.agents import create_agent
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command

from langchain_aimlapi import BudgetExceededError, ChatAimlapi, ConfigurationError
from langchain_aimlapi.middleware import BudgetMiddleware

QUESTION = {"messages": [("human", "Look it up")]}


@tool
def look_up(word: str) -> str:
    """Look a word up."""
    return f"{word} is a word"


@pytest.fixture
def agent(aimlapi_sandbox):
    """Makes agents that call their tool three times before they answer."""
    llm = ChatAimlapi(
        model="gpt-4o-mini", base_url=aimlapi_sandbox.base_url, api_key=aimlapi_sandbox.api_key
    )

    def make(runs=1, **options):
        for _ in range(runs):
            for number in range(3):
                call = {"name": "look_up", "args": {"word": f"w{number}"}}
                aimlapi_sandbox.answer_next(tool_calls=[call])
            aimlapi_sandbox.answer_next("done")
        middleware = [BudgetMiddleware(**options)]
        return create_agent(llm, [look_up], middleware=middleware, checkpointer=InMemorySaver())

    return make


def thread(name="1"):
    """The configuration of a thread."""
    return {"configurable": {"thread_id": name}}


def test_an_agent_within_its_budget_is_not_touched(agent):
    """Four calls are allowed, and four are made."""
    answer = agent(calls=4, usd=1.0)
    assert answer.invoke(QUESTION, thread())["messages"][-1].text == "done"


@pytest.mark.parametrize("caps", [{"calls": 2}, {"tokens": 1}, {"usd": 1e-9}])
def test_an_error_with_the_figures(agent, aimlapi_sandbox, caps):
    """The call that is not allowed is not sent."""
    (name, cap), expected = next(iter(caps.items())), 2 if "calls" in caps else 1
    with pytest.raises(BudgetExceededError) as refused:
        agent(**caps).invoke(QUESTION, thread())
    assert (refused.value.limit, refused.value.cap) == (name, cap)
    assert refused.value.spent >= cap
    assert len(aimlapi_sandbox.requests) == expected


async def test_an_end_that_says_so(agent, aimlapi_sandbox):
    """The run ends with a message instead of an error; async agents as well."""
    result = await agent(calls=2, on_limit="end").ainvoke(QUESTION, thread())
    assert "budget of this run is used up: 2 of 2 calls" in result["messages"][-1].text
    assert len(aimlapi_sandbox.requests) == 2


def test_a_run_begins_anew_and_a_thread_does_not(agent):
    """Per run, what was spent is forgotten; per thread, the checkpointer keeps it."""
    by_run = agent(runs=2, calls=4)
    assert by_run.invoke(QUESTION, thread())["messages"][-1].text == "done"
    assert by_run.invoke(QUESTION, thread())["messages"][-1].text == "done"
    by_thread = agent(runs=2, thread_calls=6)
    assert by_thread.invoke(QUESTION, thread())["messages"][-1].text == "done"
    with pytest.raises(BudgetExceededError, match="thread is used up: 6 of 6"):
        by_thread.invoke(QUESTION, thread())
    assert by_thread.invoke(QUESTION, thread("2"))["messages"]


def test_the_user_is_asked_and_grants_more(agent, aimlapi_sandbox):
    """The run stands still, goes on with more, and asks again when that is used up."""
    asks = agent(calls=2, on_limit="ask")
    paused = asks.invoke(QUESTION, thread())
    (question,) = [one.value for one in paused["__interrupt__"]]
    assert (question["type"], question["limit"], question["cap"], question["spent"]) == (
        "budget",
        "calls",
        2,
        2,
    )

    paused = asks.invoke(Command(resume={"calls": 1}), thread())
    assert paused["__interrupt__"][0].value["cap"] == 3
    result = asks.invoke(Command(resume={"calls": 5}), thread())
    assert result["messages"][-1].text == "done"
    assert len(aimlapi_sandbox.requests) == 4


@pytest.mark.parametrize("answer", [False, {"usd": 5}, {"calls": -1}, "yes"])
def test_the_user_grants_nothing(agent, answer):
    """Anything that is no more of what was asked for ends the run."""
    asks = agent(calls=2, on_limit="ask")
    asks.invoke(QUESTION, thread())
    result = asks.invoke(Command(resume=answer), thread())
    assert "used up" in result["messages"][-1].text


def test_the_state_of_the_budget_is_not_in_the_answer(agent):
    """It is the middleware's own."""
    result = agent(calls=4).invoke(QUESTION, thread())
    assert set(result) == {"messages"}


@pytest.mark.parametrize("options", [{}, {"usd": -1}, {"usd": 1, "on_limit": "stop"}])
def test_options_that_cannot_be(options):
    """Said when the agent is built, not when it runs."""
    with pytest.raises(ConfigurationError):
        BudgetMiddleware(**options)
