"""Replies that nest deep or hold odd numbers: an error of ours or an invalid call, at worst."""

from __future__ import annotations

import copy
import json

import pytest
from langchain_core.messages import HumanMessage, ToolMessage

from langchain_aimlapi import AimlapiError

from .. import responses
from ..said import Said
from ..shapes import called, event, reply

DEEP = (129, 900, 5000)
LONG = 12345678901234567890123
CALLED = event({}, choice={"finish_reason": "tool_calls"})


class Told(Said):
    """Says bodies and events that are text already: Python cannot write such depths."""

    def answer(self, body, headers):
        """The reply in the form that was asked for."""
        kind, said = super().answer(body, headers)
        for depth in DEEP:
            said = said.replace(f'"deep {depth}"'.encode(), nested(depth).encode())
        return kind, said


def nested(depth):
    return '{"a":' * depth + "1" + "}" * depth


ROUTES = {"chat": False, "responses": True}
each_route = pytest.mark.parametrize("responses_api", ROUTES.values(), ids=ROUTES.keys())
each_depth = pytest.mark.parametrize("depth", DEEP)


def said(arguments, responses_api):
    """A whole reply and a stream that call a tool with these arguments."""
    if responses_api:
        whole = responses.response(responses.call("f", arguments))
        return whole, responses.streamed(whole, 40_000)
    call = called("c", "f", arguments)
    return reply({"content": None, "tool_calls": [call]}), [
        event({"tool_calls": [{"index": 0, **call}]}),
        CALLED,
    ]


@each_route
@each_depth
def test_arguments(ask, depth, responses_api):
    """The call is invalid, says why, and the conversation goes on."""
    with Told(*said(nested(depth), responses_api)) as service:
        whole = ask(service.model(use_responses_api=responses_api), "Hi")

    assert whole.tool_calls == []
    assert [call["args"] for call in whole.invalid_tool_calls] == [nested(depth)]
    assert "deep" in whole.invalid_tool_calls[0]["error"]
    assert whole.content_blocks
    assert copy.deepcopy(whole) == whole


@each_depth
@pytest.mark.parametrize("where", ["reply", "choice", "message", "arguments", "error", "meta"])
def test_replies_and_events(ask, depth, where):
    """Wherever it stands in a chat completion."""
    deep = {where: f"deep {depth}"}
    if where == "arguments":
        deep = {"tool_calls": [called("c", "f", f"deep {depth}")]}
    message = deep if where in {"message", "arguments"} else {}
    top = deep if where in {"reply", "error", "meta"} else {}
    choice = deep if where == "choice" else {}
    events = [event({"content": "Par"}), event(message, choice=choice, **top), CALLED]
    whole = reply(message, choice=choice, **top)
    with Told(whole, events) as service, pytest.raises(AimlapiError) as caught:
        ask(service.model(), "Hi")

    assert caught.value.client_request_id
    assert caught.value.partial is None or caught.value.partial.text == "Par"


@each_depth
@pytest.mark.parametrize("where", ["item", "response", "error"])
def test_responses_and_their_events(ask, depth, where):
    """Wherever it stands in a response."""
    item = responses.message("Hi", **({"odd": f"deep {depth}"} if where == "item" else {}))
    more = {"odd": f"deep {depth}"} if where == "response" else {}
    if where == "error":
        more = {"status": "failed", "error": {"message": f"deep {depth}"}}
    whole = responses.response(item, **more)
    with Told(whole, responses.streamed(whole)) as service, pytest.raises(AimlapiError) as caught:
        ask(service.model(use_responses_api=True), "Hi")

    assert caught.value.client_request_id


@each_route
def test_long_numbers_and_halves(ask, responses_api):
    """They arrive as they were said, and the next turn can be sent."""
    arguments = f'{{"amount": {LONG}, "text": "cut \\ud83d"}}'
    with Told(*said(arguments, responses_api)) as service:
        llm = service.model(use_responses_api=responses_api)
        whole = ask(llm, "Hi")
        result = ToolMessage("ok", tool_call_id=whole.tool_calls[0]["id"])
        ask(llm, [HumanMessage("Hi"), whole, result])
        sent = json.dumps(service.bodies[-1])

    assert whole.tool_calls[0]["args"] == {"amount": LONG, "text": "cut \ufffd"}
    assert type(whole.tool_calls[0]["args"]["amount"]) is int
    assert str(LONG) in sent


def test_long_numbers_in_an_object(ask):
    """Some vendors send arguments as an object, not as text."""
    with Told(*said({"amount": LONG}, responses_api=False)) as service:
        whole = ask(service.model(), "Hi")

    assert whole.tool_calls[0]["args"] == {"amount": LONG}


@each_route
def test_nan_is_no_argument(ask, responses_api):
    """A call with a number that is none is invalid, with its text."""
    with Told(*said('{"x": NaN}', responses_api)) as service:
        whole = ask(service.model(use_responses_api=responses_api), "Hi")

    assert [call["args"] for call in whole.invalid_tool_calls] == ['{"x": NaN}']
