"""Replies that are odd but whole, and one that has no end."""

from __future__ import annotations

import orjson
import pytest

from langchain_aimlapi import errors
from langchain_aimlapi._transport.error_response import MAX_ERROR_BYTES

from .callers import ONCE, request
from .service import GREETING, LAST_CHUNK, OK, chunk, head, whole
from .test_lives import settled

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
EARLY_HINTS = b"HTTP/1.1 103 Early Hints\r\nlink: </style.css>\r\n\r\n"


def test_an_endless_error_response_ends_without_a_deadline(service, caller):
    """After 64 KB, and its connection with it."""
    piece = chunk(b"x" * 8192)
    service.will([head(400, transfer_encoding="chunked"), *[piece, 0.001] * 3000])

    with pytest.raises(errors.InvalidRequestError) as caught:
        caller.send(request(service, ONCE))

    assert len(caught.value.response.text) <= MAX_ERROR_BYTES
    assert settled(lambda: service.open, 0) == 0


@pytest.mark.parametrize("interim", [CONTINUE, EARLY_HINTS, CONTINUE + EARLY_HINTS], ids=len)
@pytest.mark.parametrize("apart", [False, True])
def test_interim_heads_before_a_chunked_reply(service, caller, interim, apart):
    """In one packet with it or before it; a stream and a whole reply are read all the same."""
    reply = head(200, transfer_encoding="chunked") + chunk(OK.encode()) + LAST_CHUNK
    first, *rest = GREETING
    service.will(
        [interim, 0.02, reply] if apart else [interim + reply],
        [interim, 0.02, first, *rest] if apart else [interim + first, *rest],
    )

    assert caller.send(request(service, ONCE)).body == OK.encode()
    assert caller.stream(request(service, ONCE))[-1] == b"[DONE]"


@pytest.mark.parametrize("pad", [b" " * 100, b"\r\n\t " * 25], ids=["spaces", "blanks"])
@pytest.mark.parametrize("where", ["before", "behind", "both"])
def test_a_body_padded_with_blanks_is_whole(service, caller, pad, where):
    """Not taken for one that is cut short, a web page or an empty one."""
    body = OK.encode()
    body = pad + body if where != "behind" else body
    body = body + pad if where != "before" else body
    service.will(whole(body))

    assert orjson.loads(caller.send(request(service, ONCE)).body) == orjson.loads(OK)
