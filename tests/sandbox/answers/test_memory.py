"""Default answers remember what the user said of themselves."""

from __future__ import annotations

import time

import pytest

from langchain_aimlapi import ChatAimlapi
from tests.sandbox.http_client import chat


def _asked(sandbox, *prompts):
    """Ask with a conversation of these prompts, and return the last answer."""
    messages = []
    for prompt in prompts:
        messages += [{"role": "user", "content": prompt}, {"role": "assistant", "content": "OK."}]
    return chat(sandbox, messages[:-1]).message["content"]


@pytest.mark.parametrize(
    ("prompts", "recalled"),
    [
        (["My name is Bob.", "What is my name?"], ["My name is Bob."]),
        (["Hi! I'm Bob. My dog is Rex!", "What's the name of my dog?"], ["My dog is Rex!"]),
        (["I\u2019m Bob", "Who am I?"], ["I\u2019m Bob"]),
        (["I live in Rome. It is warm.", "The weather?", "Where do I live?"], ["I live in Rome."]),
        (
            ["My name is Bob.", "My name is Ann.", "My name?"],
            ["My name is Bob.", "My name is Ann."],
        ),
        (["My name is Bob.", "Tell me my name"], ["My name is Bob."]),
        (["My name is Bob.", "What is the weather?"], []),
        (["My name is Bob.", "My name is nice."], []),
        (["It rains.", "What is my name?"], []),
        (["What is my name?", "What is my name?"], []),
        (["What is my name?"], []),
    ],
)
def test_questions_about_oneself(shared_sandbox, prompts, recalled):
    """A question in the first person brings back what was stated before, and nothing else does."""
    text = _asked(shared_sandbox, *prompts)

    assert text.count("Earlier you said") == len(recalled)
    assert all(f'Earlier you said: "{one}"' in text for one in recalled)


def test_a_stored_conversation(aimlapi_sandbox):
    """A conversation that the service keeps is remembered likewise."""
    llm = ChatAimlapi(model="gpt-5", use_responses_api=True)
    first = llm.invoke("My name is Bob.")
    second = llm.invoke("What is my name?", previous_response_id=first.response_metadata["id"])

    assert "My name is Bob." in second.text
    assert "Bob" not in llm.invoke("What is my name?").text


@pytest.mark.parametrize(
    "text", ["my " * 300_000, "." * 600_000, "my a. " * 100_000, "i" * 900_000]
)
def test_long_conversations(shared_sandbox, text):
    """The search takes a time that grows with the length."""
    start = time.process_time()
    _asked(shared_sandbox, text, "What is my name?")

    assert time.process_time() - start < 20
