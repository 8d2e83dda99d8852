"""The door that every endpoint's requests and replies go through."""

from __future__ import annotations

import asyncio
import json
import pickle
import threading
import time

import pytest

from langchain_aimlapi import AimlapiError, NotFoundError, ResponseFormatError
from langchain_aimlapi._client.send import asend, send
from langchain_aimlapi._transport.deadline import deadline_in
from langchain_aimlapi._transport.request import ClientOptions, Request
from langchain_aimlapi._transport.retry import RetryPolicy
from tests.scripted import Scripted

KEY = "key-of-the-caller"
HEADERS = {"Authorization": f"Bearer {KEY}", "X-Client-Request-Id": "mine"}


def sent(way, service, decode, *, retries=0, deadline=None):
    """Send a request to a scripted service, sync or async, and decode the reply."""
    policy = RetryPolicy(max_retries=retries)
    request = Request(service.url, body=b"{}", headers=HEADERS, retry=policy)
    if way == "send":
        return send(request, ClientOptions(), None, decode, deadline)
    in_thread = way == "asend in a thread"
    return asyncio.run(asend(request, ClientOptions(), None, decode, deadline, in_thread=in_thread))


ways = pytest.mark.parametrize("way", ["send", "asend", "asend in a thread"])


@ways
def test_a_reply_is_decoded(way):
    """Whatever the decoder makes of it comes back."""
    with Scripted(reply={"data": [1, 2]}) as service:
        assert sent(way, service, lambda reply: json.loads(reply.body)["data"]) == [1, 2]


@ways
@pytest.mark.parametrize("reply", [{"data": 5}, {"data": [5]}, {"other": []}, {"data": ["x"]}])
def test_a_reply_that_cannot_be_decoded_is_an_error_of_ours(way, reply):
    """With Python's own error as its cause, the reply, and the ids to find it by."""
    with Scripted(reply=reply) as service, pytest.raises(ResponseFormatError) as caught:
        sent(way, service, lambda reply: [1 / each["n"] for each in json.loads(reply.body)["data"]])

    error = caught.value
    assert isinstance(error.__cause__, (TypeError, LookupError))
    assert error.response.json() == reply
    assert (error.status_code, error.client_request_id) == (200, "mine")
    assert str(pickle.loads(pickle.dumps(error))) == str(error)  # noqa: S301  # our own


@ways
def test_an_error_of_the_decoder_keeps_its_class(way):
    """What a decoder knows to be wrong is told as it says it."""

    def decode(reply):
        raise NotFoundError("no such thing", request_id="theirs")

    with Scripted(reply={"data": 1}) as service, pytest.raises(NotFoundError) as caught:
        sent(way, service, decode)

    assert (caught.value.request_id, caught.value.client_request_id) == ("theirs", "mine")


@ways
@pytest.mark.parametrize("status", [200, 404])
def test_the_key_leaves_in_no_error(way, status):
    """Wherever the service repeats it."""

    def decode(reply):
        raise NotFoundError(f"no such key: {KEY}", body={"key": KEY}, status_code=404)

    reply = {"message": f"no such key: {KEY}", "n": KEY}
    with Scripted(reply=reply, status=status) as service, pytest.raises(AimlapiError) as caught:
        sent(way, service, decode)

    error = caught.value
    shown = [str(error), repr(error), error.message, error.args, error.body, error.response]
    assert KEY not in repr(shown)
    assert "no such key" in error.message


@ways
def test_an_error_of_the_caller_passes(way):
    """A decoder that is interrupted is not a reply that cannot be read."""

    def decode(reply):
        raise KeyboardInterrupt

    with Scripted(reply={"data": 1}) as service, pytest.raises(KeyboardInterrupt):
        sent(way, service, decode)


@ways
def test_a_deadline_that_has_passed_sends_no_more(way):
    """Several requests of one call share it."""
    with Scripted(reply={"message": "busy"}, status=503) as service:
        with pytest.raises(AimlapiError):
            sent(way, service, len, retries=5, deadline=deadline_in(0.0))
        assert len(service.bodies) <= 1
    assert deadline_in(1.0) <= time.monotonic() + 1.0


def test_large_replies_can_be_decoded_beside_the_loop():
    """In another thread than the loop's, so that other tasks go on."""
    with Scripted(reply={"data": 1}) as service:
        here = threading.get_ident()
        assert sent("asend", service, lambda _: threading.get_ident()) == here
        assert sent("asend in a thread", service, lambda _: threading.get_ident()) != here
