"""Bytes to events: the examples of the WHATWG, bytes cut anywhere, bounded memory."""

from __future__ import annotations

import itertools
import tracemalloc

import httpx2
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from langchain_aimlapi._transport.sse import SSEDecoder
from langchain_aimlapi.errors import ResponseFormatError


def decoded(data: bytes, size: int | None = None) -> list[bytes]:
    """Feed bytes in pieces of a size, and end."""
    decoder = SSEDecoder()
    step = size or len(data) or 1
    pieces = [data[start : start + step] for start in range(0, len(data), step)]
    return [payload for piece in pieces for payload in decoder.feed(piece)] + decoder.end()


CASES = {
    "one event": (b"data: x\n\n", [b"x"]),
    "no space": (b"data:x\n\n", [b"x"]),
    "two spaces": (b"data:  x\n\n", [b" x"]),
    "two events": (b"data: 1\n\ndata: 2\n\n", [b"1", b"2"]),
    "lines are joined": (b"data: 1\ndata: 2\n\n", [b"1\n2"]),
    "data without colon": (b"data: 1\ndata\ndata: 2\n\n", [b"1\n\n2"]),
    "comments": (b": OPENROUTER PROCESSING\n\n:\ndata: x\n:y\n\n", [b"x"]),
    "crlf": (b"data: 1\r\n\r\ndata: 2\r\n\r\n", [b"1", b"2"]),
    "cr": (b"data: 1\r\rdata: 2\r\r", [b"1", b"2"]),
    "mixed": (b"data: 1\r\n\ndata: 2\r\r\ndata: 3\n\r\n", [b"1", b"2", b"3"]),
    "mark in front": (b"\xef\xbb\xbfdata: x\n\n", [b"x"]),
    "mark elsewhere": (b"data: x\n\n\xef\xbb\xbfdata: y\n\n", [b"x"]),
    "other fields": (b"event: error\nid: 7\nretry: 9\ndata: x\n\n", [b"x"]),
    "unknown fields": (b"datum: y\ndata: x\nDATA: z\n\n", [b"x"]),
    "heartbeats": (b"data:\n\ndata: \n\n\n\ndata: x\n\n", [b"x"]),
    "utf-8": ("data: “日本”\n\n".encode(), ["“日本”".encode()]),
    "after the end marker": (b"data: [DONE]\n\ndata: x\n\n", [b"[DONE]", b"x"]),
    "end marker cut short": (b"data: 1\n\ndata: [DONE]", [b"1", b"[DONE]"]),
    "whole last event": (b'data: {"a":1}\n', [b'{"a":1}']),
    "whole last event without a line end": (b'data: {"a":1}', [b'{"a":1}']),
    "cut last event": (b'data: 1\n\ndata: {"a":', [b"1"]),
    "no events": (b"{}", []),
    "nothing": (b"", []),
}


@pytest.mark.parametrize("size", [None, 1, 2, 3, 7])
@pytest.mark.parametrize(("data", "expected"), CASES.values(), ids=CASES)
def test_decodes_whole_and_in_pieces(data, expected, size):
    """The same events come out however the network cut the bytes."""
    assert decoded(data, size) == expected


LINE = st.one_of(
    st.sampled_from([b"data", b"data:", b"event: error", b":", b": ping", b"id: 1", b"retry: 5"]),
    st.binary(max_size=6).map(
        lambda value: b"data: " + value.replace(b"\r", b"").replace(b"\n", b"")
    ),
    st.just(b""),
)
STREAM = st.lists(st.tuples(LINE, st.sampled_from([b"\n", b"\r", b"\r\n"])), max_size=20).map(
    lambda lines: b"".join(part for line in lines for part in line)
)


@given(STREAM, st.lists(st.integers(0, 200)))
@example(b"data: 1\r\n\r\n", [8, 9, 10])
def test_slicing_does_not_matter(data, cuts):
    """Line ends, fields and events may be cut at any byte."""
    decoder = SSEDecoder()
    edges = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    pieces = [data[a:b] for a, b in itertools.pairwise(edges)]

    assert [p for piece in pieces for p in decoder.feed(piece)] == SSEDecoder().feed(data)


BEFORE = [
    b"",
    b"\xef\xbb\xbf",
    b"dat",
    b"data: [1,\n",
    b"data: [1,\r",
    b"data: [",
    b": c\n",
    b"event: e\n",
]
AFTER = [
    b'data: {"a":1}\n\n',
    b'data: {"a":1}\n',
    b'data: {"a":1}\n\r',
    b'data: {"a":\rdata: 1}\n\n',
    b'data: {"a":\ndata: 1}\n\n',
    b'data: {"a":1}\r\n\r\n',
    b"data: {}\n\ndata: {}\n\n",
    b"data: {\n\n",
]


@pytest.mark.parametrize("before", BEFORE)
@pytest.mark.parametrize("event", AFTER)
def test_a_read_that_is_one_event(before, event):
    """It is read as its bytes are one by one, whatever came before and comes behind."""
    pieces = [before, event, b"\xef\xbb\xbfdata: 3\n", b"\n", event]
    decoder = SSEDecoder()
    whole = [payload for piece in pieces for payload in decoder.feed(piece)]
    assert whole + decoder.end() == decoded(b"".join(pieces), 1)


def test_a_line_that_has_begun_belongs_to_the_event():
    """A read that ends one byte into the next line is no whole event."""
    decoder = SSEDecoder()
    assert decoder.feed(b'data: {"a":\nd') == []
    assert decoder.feed(b"ata: 1}\n\n") == [b'{"a":\n1}']


@pytest.mark.parametrize("length", range(960, 970))
def test_a_read_that_is_one_event_is_bounded_alike(length):
    """By the same size as an event that comes in two reads."""
    event = b"data: {%b\n\n" % (b"x" * length)
    assert _is_taken([event]) == _is_taken([event[:9], event[9:]]) == (length < 962)


def _is_taken(pieces):
    decoder = SSEDecoder(max_event_bytes=1000)
    try:
        return [payload for piece in pieces for payload in decoder.feed(piece)] != []
    except ResponseFormatError:
        return False


TEXT_STREAM = st.lists(
    st.tuples(
        st.one_of(
            st.sampled_from(
                ["data", "data:", "data:x", "event: e", ": c", "id: 1", "retry: 5", ""]
            ),
            st.text(st.characters(exclude_characters="\r\n\ufeff", codec="utf-8"), max_size=5).map(
                lambda text: f"data: {text}"
            ),
        ),
        st.sampled_from(["\n", "\r", "\r\n"]),
    ),
    max_size=20,
).map(lambda lines: "".join(part for line in lines for part in line))


@given(TEXT_STREAM)
def test_agrees_with_httpx2(text):
    """Another decoder, written from the same standard, finds the same content.

    The stream ends with a blank line, as that decoder takes a CR at the very end for two line ends.
    """
    text += "\n\n"
    reply = httpx2.Response(
        200,
        headers={"content-type": "text/event-stream; charset=utf-8"},
        content=text.encode(),
        request=httpx2.Request("GET", "http://host"),
    )
    expected = [sse.data for sse in httpx2.EventSource(reply) if sse.data]

    assert [payload.decode() for payload in SSEDecoder().feed(text.encode())] == expected


@pytest.mark.parametrize(
    "data",
    [b"data: " + b"x" * 2000, b"data: x\n" * 100, b"x" * 2000, b"data: %b\n\n" % (b"x" * 2000)],
)
@pytest.mark.parametrize("size", [1, 100, 5000])
def test_an_event_too_large_is_an_error(data, size):
    """No service can fill the memory with one event, whole or in pieces."""
    decoder = SSEDecoder(max_event_bytes=1000)
    pieces = [data[start : start + size] for start in range(0, len(data), size)]

    with pytest.raises(ResponseFormatError, match="1000 bytes"):
        list(map(decoder.feed, pieces))


def test_many_events_are_not_one_large_one():
    """The bound is for each event, not for the stream."""
    decoder = SSEDecoder(max_event_bytes=1000)

    assert sum(len(decoder.feed(b"data: " + b"x" * 900 + b"\n\n")) for _ in range(50)) == 50


def test_a_dripping_event_takes_no_more_memory_than_it_is_long():
    """An event that comes byte by byte is not kept as a million little objects."""
    decoder = SSEDecoder()
    tracemalloc.start()
    for _ in range(100_000):
        decoder.feed(b"x")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert peak < 1_000_000


def test_comments_are_not_kept():
    """A service may keep a connection alive for ever."""
    decoder = SSEDecoder(max_event_bytes=1000)

    assert [decoder.feed(b": keepalive\n\n") for _ in range(1000)] == [[]] * 1000
