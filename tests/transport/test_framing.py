"""Chunks of a reply are joined, and nothing else about it changes."""

from __future__ import annotations

import itertools

import h11
import pytest
from hypothesis import given
from hypothesis import strategies as st

from langchain_aimlapi._transport.framing import ChunkJoiner

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
PIECES = [b"data: one\n\n", b"data: two\n\n", b"x" * 300, b"\r\n\r\n5\r\n"]
END = b"0\r\n\r\n"


def chunked(pieces, end=END):
    """Pieces as HTTP chunks."""
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + end


def sliced(data, cuts):
    """The data in slices that end at the cuts."""
    places = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    return [data[start:end] for start, end in itertools.pairwise(places)]


def seen(reads):
    """The data and the other events that h11 finds in what was read."""
    connection = h11.Connection(h11.CLIENT)
    connection.send(h11.Request(method="GET", target="/", headers=[("host", "h")]))
    connection.send(h11.EndOfMessage())
    data, kinds = b"", []
    for read in reads:
        connection.receive_data(read)
        while not isinstance(event := connection.next_event(), type):
            if isinstance(event, h11.Data):
                data += bytes(event.data)
            else:
                kinds.append(event)
    return data, kinds


def joined(reads):
    """What a joiner makes of reads, without the empty ones."""
    joiner = ChunkJoiner()
    return [found for read in reads if (found := joiner.feed(read))]


REPLIES = {
    "chunks": HEAD + chunked(PIECES),
    "none": HEAD + END,
    "trailers": HEAD + chunked(PIECES, b"0\r\nx-late: 1\r\n\r\n"),
    "extensions": HEAD + b"3;a=b\r\nabc\r\n3 \r\ndef\r\n" + END,
    "early hints": b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n" + HEAD + chunked(PIECES),
    "length": b"HTTP/1.1 200 OK\r\ncontent-length: 12\r\n\r\n5\r\nabcde\r\n00",
    "bare line ends": HEAD.replace(b"\r\n", b"\n") + chunked(PIECES),
    "named in the text": b"HTTP/1.1 200 OK\r\nx: transfer-encoding: chunked\r\n"
    b"content-length: 10\r\n\r\n5\r\nabcde\r\n",
}


@pytest.mark.parametrize("reply", REPLIES.values(), ids=REPLIES)
@given(cuts=st.lists(st.integers(0, 2000), max_size=12))
def test_the_library_sees_the_same_reply(reply, cuts):
    """Whatever the slices, the body and the events around it are those of the bytes as they were."""
    assert seen(joined(sliced(reply, cuts))) == seen([reply])


@pytest.mark.parametrize("reply", REPLIES.values(), ids=REPLIES)
def test_byte_by_byte(reply):
    """A reply that comes byte by byte is the same reply."""
    assert seen(joined([bytes([byte]) for byte in reply])) == seen([reply])


def test_what_one_read_brings_is_one_chunk():
    """Many chunks in a read reach the library as one."""
    joiner = ChunkJoiner()
    joiner.feed(HEAD)
    assert joiner.feed(chunked(PIECES, b"")) == chunked([b"".join(PIECES)], b"")


def test_a_chunk_alone_passes_untouched():
    """One whole chunk in a read is the very object that was read."""
    joiner = ChunkJoiner()
    joiner.feed(HEAD)
    read = chunked(PIECES[:1], b"")
    assert joiner.feed(read) is read
    assert joiner.feed(read) is read


@pytest.mark.parametrize("cut", range(1, len(chunked(PIECES[:1], b""))))
def test_nothing_is_held_back(cut):
    """What has come of a chunk goes on at once, be the chunk whole or not."""
    chunk = chunked(PIECES[:1], b"")
    data, _ = seen(joined([HEAD, chunk[:cut]]))
    assert data == chunk[:cut].partition(b"\r\n")[2][: len(PIECES[0])]


@pytest.mark.parametrize(
    "odd",
    [
        b"zz\r\n",
        b"-1\r\nx",
        b"5\r\nabcdeXX5\r\nabcde\r\n",
        b"5\r\nabcde\r\n\r\n5\r\nabcde\r\n",
        b"1_0\r\n" + b"x" * 16,
        b"5" * 400 + b"\r\n",
    ],
)
@given(cuts=st.lists(st.integers(0, 500), max_size=6))
def test_oddities_are_judged_by_the_library(odd, cuts):
    """A reply that is no proper HTTP is refused just as it would have been."""
    with pytest.raises(h11.RemoteProtocolError):
        seen([HEAD + odd])
    with pytest.raises(h11.RemoteProtocolError):
        seen(joined(sliced(HEAD + odd, cuts)))


def test_a_reply_that_breaks_off_is_not_whole():
    """The end of the connection amid chunks stays an error of the library's."""
    with pytest.raises(h11.RemoteProtocolError, match="incomplete chunked read"):
        seen([*joined([HEAD, chunked(PIECES, b"")]), b""])


def test_a_head_without_end_is_not_kept_for_ever():
    """A head that grows and grows is passed on, and forgotten."""
    joiner = ChunkJoiner()
    read = b"x" * 65536
    assert [joiner.feed(read) for _ in range(4)] == [read] * 4
    assert len(joiner._head) <= 2 * 65536


def test_each_request_begins_a_new_reply():
    """After a reply with chunks comes one without, on the same connection."""
    joiner = ChunkJoiner()
    joiner.feed(HEAD + chunked(PIECES[:1], b""))
    joiner.begin()
    assert joiner.feed(REPLIES["length"]) == REPLIES["length"]


def test_interim_heads_by_the_thousand_are_passed():
    """However many of them one read brings, before a reply in chunks."""
    interim = b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n" * 5_000
    joiner = ChunkJoiner()
    start = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"

    assert joiner.feed(interim + interim[:30]) == interim + interim[:30]
    rest = interim[30:40] + start + b"1\r\na\r\n1\r\nb\r\n"
    assert joiner.feed(rest) == interim[30:40] + start + b"2\r\nab\r\n"
