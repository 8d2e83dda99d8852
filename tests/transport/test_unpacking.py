"""Compressed bodies, cut anywhere, in all the forms that were asked for and some that were not."""

from __future__ import annotations

import contextlib
import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from langchain_aimlapi._transport.unpacking import PIECE, Unpacker, packing, unpacked
from langchain_aimlapi.errors import ResponseFormatError

TEXT = b'{"choices":[{"index":0}]}' * 40


def raw_deflate(data: bytes) -> bytes:
    """Deflate without the frame of zlib, as some servers understand the word."""
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


FORMS = {
    "gzip": ("gzip", gzip.compress(TEXT)),
    "x-gzip": ("x-gzip", gzip.compress(TEXT)),
    "members": ("gzip", gzip.compress(TEXT[:99]) + gzip.compress(b"") + gzip.compress(TEXT[99:])),
    "padded": ("gzip", gzip.compress(TEXT) + b"\0" * 20),
    "padded members": ("gzip", gzip.compress(TEXT[:9]) + b"\0" * 5 + gzip.compress(TEXT[9:])),
    "something behind it": ("gzip", gzip.compress(TEXT) + b"surplus"),
    "zlib": ("deflate", zlib.compress(TEXT)),
    "zlib at its quickest": ("deflate", zlib.compress(TEXT, 1)),
    "raw deflate": ("deflate", raw_deflate(TEXT)),
}


@pytest.mark.parametrize(("kind", "data"), FORMS.values(), ids=FORMS)
def test_a_body_is_unpacked_wherever_it_is_cut(kind, data):
    """At every single place."""
    for place in range(len(data) + 1):
        assert b"".join(unpacked(iter([data[:place], data[place:]]), kind)) == TEXT

    assert b"".join(unpacked((data[i : i + 1] for i in range(len(data))), kind)) == TEXT


@given(st.binary(max_size=400), st.sampled_from(["gzip", "deflate"]), st.integers(0, 400))
def test_anything_unpacks_or_is_refused(data, kind, cut):
    """Whatever the bytes are, there is no other error, and no endless loop."""
    with contextlib.suppress(ResponseFormatError):
        assert b"".join(unpacked(iter([data[:cut], data[cut:]]), kind)) is not None


@pytest.mark.parametrize("kind", ["gzip", "deflate"])
def test_no_piece_is_large(kind):
    """A megabyte that stands for a gigabyte is unpacked as far as the caller likes."""
    packer = zlib.compressobj(9, wbits=31 if kind == "gzip" else 15)
    unpacker = Unpacker(kind)
    unpacker.feed(packer.compress(b" " * 2**25) + packer.flush())

    for _ in range(2**25 // PIECE):
        assert len(unpacker.take()) == PIECE

    assert unpacker.take() == b""


@pytest.mark.parametrize("kind", ["zstd", "br", "gzip, gzip", "compress", "x" * 10_000])
def test_what_nobody_asked_for_is_named(kind):
    """Also packing upon packing: each layer multiplies what a byte may stand for."""
    with pytest.raises(ResponseFormatError, match=f"'{kind[:80]}', where only gzip, deflate"):
        Unpacker(kind)


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ({}, ""),
        ({"content-encoding": "identity"}, ""),
        ({"content-encoding": ""}, ""),
        ({"content-encoding": " GZip "}, "gzip"),
        ({"content-encoding": "gzip, identity"}, "gzip"),
        ({"content-encoding": "gzip,br"}, "gzip, br"),
    ],
)
def test_the_header_is_read(said, kind):
    """However it is written."""
    assert packing(said) == kind
