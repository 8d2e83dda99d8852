"""Embeddings."""

from __future__ import annotations

import base64
import math
import struct

import pytest

from tests.sandbox.http_client import request

MODEL = "text-embedding-3-small"


def _embed(sandbox, given, **options):
    body = {"model": MODEL, "input": given, **options}
    return request(sandbox, "POST", "/embeddings", body)


def _vectors(sandbox, given, **options):
    return [item["embedding"] for item in _embed(sandbox, given, **options).json["data"]]


def _cosine(one, other):
    return sum(a * b for a, b in zip(one, other, strict=True))


def test_the_reply(shared_sandbox):
    """One vector for each text, in order, with usage and cost."""
    reply = _embed(shared_sandbox, ["a cat", "a dog"])

    assert [(item["object"], item["index"]) for item in reply.json["data"]] == [
        ("embedding", 0),
        ("embedding", 1),
    ]
    assert (reply.json["object"], reply.json["model"]) == ("list", MODEL)
    assert reply.json["usage"] == {"prompt_tokens": 4, "total_tokens": 4}
    assert reply.json["meta"]["usage"]["credits_used"] > 0
    assert reply.headers["x-aimlapi-credits-used"]


@pytest.mark.parametrize("text", ["a cat", "", "…", "東京", "x" * 10_000])
def test_vectors_have_length_one(shared_sandbox, text):
    """Whatever the text, its vector is a unit vector of floats, and always the same."""
    one, other = (_vectors(shared_sandbox, text)[0] for _ in range(2))

    assert one == other
    assert math.isclose(_cosine(one, one), 1)
    assert {type(number) for number in one} == {float}


@pytest.mark.parametrize(
    ("options", "size"),
    [({}, 1536), ({"model": "text-embedding-3-large"}, 3072), ({"dimensions": 64}, 64)],
)
def test_dimensions(shared_sandbox, options, size):
    """The size is the model's own, or what was asked for."""
    assert len(_vectors(shared_sandbox, "a cat", **options)[0]) == size


def test_base64(shared_sandbox):
    """Floats can be had as base64 of 32-bit little-endian numbers."""
    (plain,) = _vectors(shared_sandbox, "a cat", dimensions=8)
    (packed,) = _vectors(shared_sandbox, "a cat", dimensions=8, encoding_format="base64")

    assert struct.unpack("<8f", base64.b64decode(packed)) == pytest.approx(plain)


def test_like_texts_are_near(shared_sandbox):
    """A search by cosine finds the text that shares words with the question."""
    question, near, far = _vectors(
        shared_sandbox,
        ["How do I feed a cat?", "A cat is fed twice a day.", "The stock market fell sharply."],
    )

    assert _cosine(question, near) > _cosine(question, far) + 0.1


def test_voyage_counts_no_prompt_tokens(shared_sandbox):
    """Those models report the total only."""
    reply = _embed(shared_sandbox, "hi", model="voyage-large-2")

    assert set(reply.json["usage"]) == {"total_tokens"}


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"input": None}, "input: Expected string"),
        ({"input": []}, "input: Array must contain 1 to 2048"),
        ({"input": ["x"] * 2049}, "input: Array must contain 1 to 2048"),
        ({"input": [1, 2]}, "input: Expected string"),
        ({"input": "x", "dimensions": 0}, "dimensions"),
        ({"input": "x", "encoding_format": "int8"}, "encoding_format: Invalid enum value"),
        ({"input": "x", "model": ""}, "model: Required"),
    ],
)
def test_refused(shared_sandbox, wrong, named):
    """What the service does not take is 400, and the message names it."""
    reply = request(shared_sandbox, "POST", "/embeddings", {"model": MODEL, **wrong})

    assert (reply.status, named in reply.json["message"]) == (400, True)
