"""Silence is measured by content: what a stream says without saying anything extends no bound."""

from __future__ import annotations

import json

import pytest

from langchain_aimlapi import ChatAimlapi, Timeouts
from langchain_aimlapi.errors import (
    AimlapiTimeoutError,
    AuthenticationError,
    ServerError,
    StreamInterruptedError,
)
from tests.faults.playing import STREAMING, Outcome, in_time, play
from tests.transport.service import CLOSE, RESET, Service, event, stream

pytestmark = pytest.mark.filterwarnings("ignore::langchain_core._api.LangChainBetaWarning")


def chat(delta, finish=None):
    """An event of chat completions."""
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return event(json.dumps({"id": "1", "model": "m", "choices": [choice]}))


def response(kind, **fields):
    """An event of the responses route."""
    return event(json.dumps({"type": f"response.{kind}", **fields}))


ROLE = {"role": "assistant", "content": ""}
MESSAGE = {"type": "message", "id": "msg_1", "content": []}
WITHOUT_CONTENT = {
    "pings": b'event: ping\ndata: {"type": "ping"}\n\n',
    "no choices": event('{"choices":[]}'),
    "empty objects": event("{}"),
    "empty deltas": chat({}),
    "empty texts": chat({"content": ""}),
    "roles": chat(ROLE),
    "nulls": chat({"content": None, "tool_calls": None, "reasoning_content": ""}),
    "usage": event('{"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":1}}'),
    "strangers": event('{"type":"keepalive","at":1}'),
}
RESPONSES = {
    "pings": WITHOUT_CONTENT["pings"],
    "progress": response("in_progress", response={"id": "r"}),
    "empty deltas": response("output_text.delta", output_index=0, delta=""),
    "items": response("output_item.added", output_index=0, item=MESSAGE),
    "strangers": response("keepalive"),
}
CASES = [
    *[pytest.param("chat", said, id=f"chat-{name}") for name, said in WITHOUT_CONTENT.items()],
    *[pytest.param("responses", said, id=f"responses-{name}") for name, said in RESPONSES.items()],
]
HELLO = {
    "chat": chat({"content": "Hello"}),
    "responses": response("output_text.delta", output_index=0, delta="Hello"),
}
END = {
    "chat": chat({}, "stop") + event("[DONE]"),
    "responses": response("completed", response={"id": "r", "status": "completed"}),
}
OPENING = {
    "chat": chat(ROLE),
    "responses": response("created", response={"id": "r"})
    + response("output_item.added", output_index=0, item=MESSAGE),
}
ROUTES = pytest.mark.parametrize("route", HELLO)
HOURS = Timeouts(total=3600.0)


@pytest.fixture
def service():
    """A service that waits for its script."""
    with Service() as running:
        yield running


@pytest.fixture
def model(service):
    """A function that makes models for it."""

    def made(route, **settings):
        url = service.url.removesuffix("/chat/completions")
        settings = {"max_retries": 1, "timeout": HOURS} | settings
        return ChatAimlapi(
            model="test/model",
            api_key="key-0123456789",
            base_url=url,
            use_responses_api=route == "responses",
            **settings,
        )

    return made


def forever(said):
    """An event again and again, for longer than anybody waits."""
    return [said, 0.02] * 3_000


@pytest.mark.parametrize("way", ["stream", "astream"])
@pytest.mark.parametrize(("route", "said"), CASES)
def test_nothing_said_does_not_put_off_the_first_content(service, model, way, route, said):
    """`first_token` ends it, and the total is never reached."""

    def attempt(limit: float) -> Outcome:
        service.will(stream(*forever(said), end=False))
        bounds = Timeouts(first_token=limit, total=3600)
        return play(way, model(route, timeout=bounds, max_retries=0), "Hi")

    outcome = in_time(attempt, lambda _: bool(service.hits))

    assert isinstance(outcome.error, AimlapiTimeoutError)
    assert f"no content within {outcome.limit:g} s" in str(outcome.error)
    assert outcome.error.partial is None


@pytest.mark.parametrize("way", ["stream", "astream"])
@pytest.mark.parametrize(("route", "said"), CASES)
def test_nothing_said_does_not_put_off_the_next_content(service, model, way, route, said):
    """`between_tokens` ends it, and what had come is handed over."""
    service.will(stream(HELLO[route], *forever(said), end=False))
    bounds = Timeouts(between_tokens=0.12, total=3600)

    outcome = play(way, model(route, timeout=bounds), "Hi")

    assert isinstance(outcome.error, AimlapiTimeoutError)
    assert outcome.error.partial.text == "Hello"
    assert len(service.hits) == 1


@pytest.mark.parametrize("way", STREAMING)
@ROUTES
def test_content_in_between_is_no_silence(service, model, way, route):
    """Pings between steady content do no harm."""
    said = [WITHOUT_CONTENT["pings"], 0.05, HELLO[route]] * 4
    service.will(stream(OPENING[route], *said, END[route]))
    bounds = Timeouts(first_token=30, between_tokens=30)

    outcome = play(way, model(route, timeout=bounds), "Hi")

    assert outcome.error is None
    assert outcome.message.text == "Hello" * 4


@pytest.mark.parametrize("way", ["stream", "astream"])
@ROUTES
def test_the_default_settings_end_a_stream_that_only_pings(service, model, monkeypatch, way, route):
    """They allow ten minutes of silence; here, with a shorter ten minutes."""
    from langchain_aimlapi._client import request

    assert request.DEFAULT_TIMEOUTS[True].first_token == 600
    short = {True: Timeouts(first_token=0.12, between_tokens=0.12)}
    monkeypatch.setattr(request, "DEFAULT_TIMEOUTS", short)
    service.will(stream(*forever(WITHOUT_CONTENT["pings"]), end=False))

    outcome = play(way, model(route, timeout=None, max_retries=0), "Hi")

    assert isinstance(outcome.error, AimlapiTimeoutError)


BREAKS = {"closed": CLOSE, "reset": RESET, "ended": b""}


@pytest.mark.parametrize("way", STREAMING)
@pytest.mark.parametrize("how", BREAKS)
@ROUTES
def test_a_stream_that_breaks_before_its_first_content_is_tried_again(
    service, model, way, how, route
):
    """A role is no content, so nothing had reached the caller."""
    broken = stream(OPENING[route], end=how == "ended")
    service.will(
        [*broken, 0.02, *([] if how == "ended" else [BREAKS[how]])],
        stream(OPENING[route], HELLO[route], END[route]),
    )

    outcome = play(way, model(route), "Hi")

    assert outcome.error is None
    assert outcome.message.text == "Hello"
    assert len(service.hits) == 2


@pytest.mark.parametrize("way", STREAMING)
@ROUTES
def test_it_is_not_tried_for_ever(service, model, way, route):
    """The last error is raised, without a partial: another model may step in."""
    service.will(stream(OPENING[route]))

    outcome = play(way, model(route), "Hi")

    assert isinstance(outcome.error, StreamInterruptedError)
    assert outcome.error.partial is None
    assert outcome.error.status_code == 200
    assert outcome.error.client_request_id
    assert len(service.hits) == 2


@pytest.mark.parametrize("way", STREAMING)
@pytest.mark.parametrize(
    ("status", "kind", "hits"), [(503, ServerError, 2), (401, AuthenticationError, 1)]
)
@ROUTES
def test_an_error_event_before_any_content_is_an_error_response(
    service, model, way, route, status, kind, hits
):
    """Tried again if it may be, and without the key."""
    said = {"error": {"message": "no: key-0123456789", "code": status}}
    service.will(stream(OPENING[route], event(json.dumps(said))))

    outcome = play(way, model(route), "Hi")

    assert type(outcome.error) is kind
    assert outcome.error.partial is None
    assert "key-0123456789" not in f"{outcome.error} {outcome.error.body}"
    assert len(service.hits) == hits


@pytest.mark.parametrize("way", STREAMING)
@ROUTES
def test_an_answer_without_content_is_an_answer(service, model, way, route):
    """A model that has nothing to say says so by its finish reason."""
    service.will(stream(OPENING[route], 0.02, END[route]))

    outcome = play(way, model(route), "Hi")

    assert outcome.error is None
    assert outcome.message.text == ""
    assert outcome.message.response_metadata["finish_reason"] in {"stop", "completed"}
    assert len(service.hits) == 1
