"""Pieces of base64 can be joined as text, wherever a stream cuts the audio."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from langchain_aimlapi._codec.decode.audio import AudioDecoder


@given(st.lists(st.binary(max_size=9)))
def test_joined_pieces_are_the_audio(pieces):
    """However many bytes each piece has, the joined text decodes to all of them."""
    reader = AudioDecoder()

    read = [reader.read({"data": base64.b64encode(piece).decode()}) for piece in pieces]
    text = "".join(piece.get("data", "") for piece in [*read, reader.end()])

    assert base64.b64decode(text, validate=True) == b"".join(pieces)


def test_descriptions_are_said_once():
    """Numbers would be added up by LangChain, and texts joined."""
    reader = AudioDecoder()

    assert reader.read({"id": "a", "expires_at": 9}) == {"id": "a", "expires_at": 9}
    assert reader.read({"id": "a", "expires_at": 9, "transcript": "x"}) == {"transcript": "x"}
    assert reader.read({"transcript": "x"}) == {"transcript": "x"}
    assert reader.end() == {}


@pytest.mark.parametrize("data", ["A=", "é=", None])
def test_what_is_no_base64_passes(data):
    """Odd data is handed on as it came."""
    assert AudioDecoder().read({"data": data}) == {"data": data}
