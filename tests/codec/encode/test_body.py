"""Bodies as bytes: what JSON has no form for."""

from __future__ import annotations

import json

import pytest

from langchain_aimlapi._codec.encode.body import dump_body, whole_characters
from langchain_aimlapi.errors import ConfigurationError


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("caf\ud83d", "caf\ufffd"),
        ("\ude00x", "\ufffdx"),
        ("\ud83d\ude00", "😀"),
        ("\ud83d \ude00", "\ufffd \ufffd"),
        ("é😀", "é😀"),
    ],
)
def test_halves_of_characters(text, sent):
    """Both halves are one character, a lone one is replaced; keys are text too."""
    assert whole_characters(text) == sent
    assert json.loads(dump_body({"a": [{"b": text}], text: 1})) == {"a": [{"b": sent}], sent: 1}


def test_whole_numbers_of_any_size():
    """Sent as they are, also beside text with halves of characters."""
    assert json.loads(dump_body({"n": 2**70, "s": "\ud83d"})) == {"n": 2**70, "s": "\ufffd"}


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -float("inf")])
@pytest.mark.parametrize("beside", [{}, {"s": "\ud83d"}, {"n": 2**70}])
def test_numbers_that_json_has_no_word_for(number, beside):
    """They are refused by their place, never sent as null."""
    with pytest.raises(ConfigurationError, match=r"tools\[1\]\.maximum is not a finite|JSON"):
        dump_body({"tools": [{}, {"maximum": number}], **beside})


def test_null_is_sent():
    """Where it was asked for, and in texts."""
    assert dump_body({"a": None, "b": "null", "c": [1.5, None]}) == (
        b'{"a":null,"b":"null","c":[1.5,null]}'
    )


def test_what_is_no_json_is_refused():
    """Objects, and what contains itself."""
    circle: dict = {}
    circle["a"] = circle
    for value in (object(), circle):
        with pytest.raises(ConfigurationError, match="cannot be written as JSON"):
            dump_body({"a": value})
