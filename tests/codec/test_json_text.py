"""JSON as services and models write it: long numbers, halves of characters, depth, hostile text."""

from __future__ import annotations

import importlib
import json
import math
import pkgutil
import re
import time
from collections.abc import Mapping

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from langchain_aimlapi import _codec
from langchain_aimlapi._codec import json_text
from langchain_aimlapi._codec.json_text import (
    MAX_DEPTH,
    find_json,
    parse_arguments,
    parse_json,
    parse_object,
    to_json,
)
from langchain_aimlapi.errors import ResponseFormatError

LONG = 12345678901234567890123
EMOJI = r"\ud83d\ude00"


def nested(depth):
    """An object that nests so deep."""
    return '{"a":' * depth + "1" + "}" * depth


# --- numbers --------------------------------------------------------------------------------------


@given(st.integers(-(10**30), 10**30) | st.integers(-(2**65), 2**65))
def test_whole_numbers_are_exact(number):
    """However long; as text or as an object of the reply."""
    text = f'{{"n": {number}}}'

    assert parse_arguments(text) == {"n": number}
    assert parse_json(f"[{number}]") == [number]
    reply = parse_object(f'{{"arguments": {text}}}'.encode())
    assert type(reply["arguments"]["n"]) is int
    assert reply == {"arguments": {"n": number}}
    assert json.loads(to_json({"n": number})) == {"n": number}


@pytest.mark.parametrize("word", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999"])
def test_what_is_no_number_is_refused(word):
    """JSON has no such numbers, and null would be another value."""
    for text in (word, f'{{"x": {word}}}', f'{{"x": {word}, "long": {LONG}}}'):
        with pytest.raises(ValueError, match="number"):
            parse_json(text)


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_is_written_as_such(number):
    """An earlier call with such arguments is told as it was, never as null."""
    assert "null" not in to_json({"x": [number]})
    assert "null" in to_json({"x": [number, None]})
    assert to_json({"x": None, 1: "a"}) == '{"x":null,"1":"a"}'


def test_a_number_of_any_length_is_an_error_at_worst():
    """Python itself refuses to read more than 4,300 digits."""
    with pytest.raises(ValueError, match="digits"):
        parse_arguments('{"n": ' + "1" * 5000 + "}")


# --- halves of a character ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (r"cut \ud83d", "cut \ufffd"),
        (r"\ude00 cut", "\ufffd cut"),
        (r"\ude00\ud83d", "\ufffd\ufffd"),
        (r"\ud83d\ud83d\ude00", "\ufffd😀"),
        (EMOJI + r" \uD83D", "😀 \ufffd"),
        (r"\\ud83d \ud83d", "\\ud83d \ufffd"),
        (r"\\\ud83d", "\\\ufffd"),
        (r"\ud83d\n\ude00", "\ufffd\n\ufffd"),
    ],
)
def test_halves_become_the_replacement_character(written, meant):
    """In a reply, in arguments, and in arguments within a reply."""
    inner = f'{{"t": "{written}"}}'
    broken = f'{{"t": "{written}\n"}}'  # a line break makes Python's parser read it

    assert parse_object(inner.encode()) == {"t": meant}
    assert parse_arguments(inner) == {"t": meant}
    assert parse_arguments(broken) == {"t": meant + "\n"}


def test_a_pair_beside_a_half_is_left_alone():
    """Escapes within escaped text are another parser's business."""
    body = '{"arguments": "{\\"t\\": \\"' + EMOJI.replace("\\", "\\\\") + '\\"}", "x": "\\ud83d"}'

    reply = parse_object(body.encode())

    assert reply["x"] == "\ufffd"
    assert parse_arguments(reply["arguments"]) == {"t": "😀"}


def test_halves_in_a_text_itself():
    """A text of one's own may hold them unescaped."""
    assert parse_arguments('{"t": "\ud83d\ude00 \ud83d"}') == {"t": "😀 \ufffd"}


# --- JSON within a text ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        '{"a": [1, 2]}',
        ' \n{"a": [1, 2]} ',
        '```json\n{"a": [1, 2]}\n```',
        '```\n{"a": [1, 2]}\n```\nThat is {all}.',
        'Here:\n```json\n{"a": [1, 2]}\n```\nand ```x```',
        '```python\nx = {1}\n```\n```json\n{"a": [1, 2]}\n```',
        'Use {braces} or [lists]: {"a": [1, 2]} and so on {',
        '```json\n{"a": [1, 2]}',
        '```{"a": [1, 2]}```',
    ],
)
def test_json_is_found(text):
    """Whole, in a fence, or in a sentence."""
    assert find_json(text) == {"a": [1, 2]}


def test_what_is_found_is_exact():
    """As anywhere else."""
    assert find_json(f'So: [{LONG}, "\\ud83d"] that') == [LONG, "\ufffd"]
    assert find_json(f"{LONG}") == LONG


def test_a_value_in_a_fence():
    """Also one without a brace to look for, behind the name of the language."""
    assert find_json('So:\n```json\n"a"\n```') == "a"
    assert find_json("```\n7\n```\n") == 7


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "empty"),
        ("No object here.", "holds no JSON"),
        ('{"a": ', "no JSON that can be read: Expecting value"),
        ("[" * 1500, "nested 1500 deep"),
        ("text {" + "[" * 1500, "nested 1501 deep"),
        ('"' + "[" * 150_000, "holds no JSON"),
        ("}" * 50 + nested(140), "holds no JSON"),
        ('" ' + nested(140), "holds no JSON"),
        ('{"a": NaN}', "NaN is no number of JSON's"),
        ("{'a': 1}", "Expecting property name enclosed in double quotes"),
        ("{" * 100, "no JSON that can be read"),
    ],
)
def test_what_is_not_found(text, why):
    """Says what is wrong."""
    with pytest.raises(ValueError, match=why):
        find_json(text)


# --- depth and hostile text -----------------------------------------------------------------------


def test_depth():
    """Counted outside of strings; the limit is the same for all readers."""
    assert parse_json(nested(MAX_DEPTH))
    for read in (parse_json, parse_arguments):
        for depth in (MAX_DEPTH + 1, 500, 5000, 100_000):
            with pytest.raises(ValueError, match="deep"):
                read(nested(depth))
    with pytest.raises(ResponseFormatError, match="129 deep"):
        parse_object(nested(MAX_DEPTH + 1).encode())
    with pytest.raises(ResponseFormatError):
        parse_object(nested(100_000).encode())
    flat = {"text": "[{" * 500 + '"', "list": [{}] * 500}
    assert parse_object(orjson.dumps(flat)) == flat


@given(st.recursive(st.text('"\\[]{}', max_size=4), lambda inner: st.lists(inner, max_size=4)))
def test_the_depth_of_any_value(value):
    """Brackets and quotes in strings do not count."""

    def depth(value):
        return 1 + max(map(depth, value), default=0) if isinstance(value, list) else 0

    assert json_text._depth(orjson.dumps([value])) == depth([value])


HOSTILE = {
    "opening brackets": "[" * 200_000,
    "opening braces": '{"a":' * 50_000,
    "open strings": '"' * 200_001,
    "backslashes": '"' + "\\" * 200_001,
    "halves": '"' + r"\ud83d" * 40_000,
    "white space": " " * 200_000 + "x",
    "digits": "1" * 200_000,
    "digits apart": "[" + "1234567890123456789,1 ," * 10_000,
    "fences": "```json\n{" * 20_000,
    "an open text of braces": '"' + "{[" * 100_000,
    "braces in sentences": "{x} [y] " * 30_000,
    "texts that do not end": '{"a' * 60_000,
    "objects": "{}" * 100_000,
    "objects that grow": "".join(f'{{"a":"{"x" * n}"}}' for n in range(600)),
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_text_costs_little(text):
    """A time that grows with its length: seconds would be minutes if it grew with the square."""
    began = time.process_time()
    for read in (parse_json, parse_arguments, find_json, lambda t: parse_object(t.encode())):
        try:
            read(text)
        except (ValueError, ResponseFormatError):
            continue

    assert time.process_time() - began < 20


def patterns():
    """Every regular expression that stands in a module of the codec."""
    for found in pkgutil.walk_packages(_codec.__path__, f"{_codec.__name__}."):
        for name, value in vars(importlib.import_module(found.name)).items():
            listed = value.values() if isinstance(value, Mapping) else [value]
            for pattern in listed:
                if isinstance(pattern, re.Pattern):
                    yield pytest.param(pattern, id=f"{found.name}.{name}")


SEEDS = [
    " ",
    "\n\t",
    "a",
    "A_",
    "1",
    "1234567890123456789 ,",
    "\\",
    "\\u",
    "\\ud83d",
    '"',
    "[",
    "{",
    "<",
]
SEEDS += ["`", "-", '"content":', '"content": ', '"obfuscation": "a', '"obfuscation":', "é", "{}[]"]


@pytest.mark.parametrize("pattern", list(patterns()))
def test_patterns_are_linear(pattern):
    """Eight times the text costs about eight times the work; the square would be 64 times."""
    for seed in SEEDS:
        piece = seed.encode() if isinstance(pattern.pattern, bytes) else seed

        def cost(count, piece=piece):
            text = piece * (count // len(piece))
            began = time.process_time()
            for _ in pattern.finditer(text):
                pass
            return time.process_time() - began

        assert cost(80_000) < 40 * cost(10_000) + 0.5, seed


# --- what is no UTF-8 -----------------------------------------------------------------------------


def test_a_character_cut_in_two_spoils_no_reply():
    """Servers that write token by token send half of one; the rest is read."""
    half = "é".encode()[:1]

    assert parse_object(b'{"a":"x' + half + b'y"}') == {"a": "x\ufffdy"}


def test_a_byte_order_mark_is_passed_over():
    """Some frameworks begin every reply with one."""
    assert parse_object(b'\xef\xbb\xbf{"a":1}') == {"a": 1}
