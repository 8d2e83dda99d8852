"""Embeddings through their front door."""

from __future__ import annotations

import array
import asyncio
import base64
import pickle

import orjson
import pytest

from langchain_aimlapi import (
    AimlapiEmbeddings,
    ConfigurationError,
    MissingAPIKeyError,
    RateLimitError,
    ResponseFormatError,
    UnknownParameterWarning,
)
from langchain_aimlapi._codec.decode.embeddings import decode_embeddings

MODEL = "text-embedding-3-small"


@pytest.fixture(params=["sync", "async"])
def embed(request):
    """Embed documents in both worlds."""

    def embedded(embeddings, texts):
        if request.param == "sync":
            return embeddings.embed_documents(texts)
        return asyncio.run(embeddings.aembed_documents(texts))

    return embedded


def reply(*vectors, places=None):
    places = places or range(len(vectors))
    data = [{"index": i, "embedding": v} for i, v in zip(places, vectors, strict=True)]
    return orjson.dumps({"object": "list", "data": data})


def test_each_text_has_its_vector(embed, aimlapi_sandbox):
    """In the order of the texts, the same text the same vector."""
    first, second, third = embed(AimlapiEmbeddings(model=MODEL), ["a", "b", "a"])

    assert first == third != second
    assert all(isinstance(number, float) for number in first)


def test_long_lists_go_in_several_requests(embed, aimlapi_sandbox):
    """And come back as one list, the same as in one request."""
    texts = [f"text {n}" for n in range(7)]

    pieces = embed(AimlapiEmbeddings(model=MODEL, chunk_size=3), texts)
    whole = embed(AimlapiEmbeddings(model=MODEL), texts)

    assert pieces == whole
    assert [len(r.body["input"]) for r in aimlapi_sandbox.requests] == [3, 3, 1, 7]


def test_no_texts_need_no_request(embed, aimlapi_sandbox):
    """An empty list is answered at once."""
    assert embed(AimlapiEmbeddings(model=MODEL), []) == []
    assert aimlapi_sandbox.requests == []


def test_base64_is_the_same_vector(embed, aimlapi_sandbox):
    """But for single precision, in which it travels."""
    [plain] = embed(AimlapiEmbeddings(model=MODEL, dimensions=8), ["a"])
    [packed] = embed(AimlapiEmbeddings(model=MODEL, dimensions=8, encoding_format="base64"), ["a"])

    assert packed == pytest.approx(plain, rel=1e-6)
    assert len(packed) == 8


def test_parameters_are_sent(aimlapi_sandbox):
    """Those with a field and those without; what is not set is not sent."""
    with pytest.warns(UnknownParameterWarning, match="auto_truncat"):
        embeddings = AimlapiEmbeddings(model=MODEL, dimensions=4, auto_truncat=True)
    embeddings.embed_query("a")

    body = aimlapi_sandbox.requests[-1].body
    assert body == {"model": MODEL, "input": ["a"], "dimensions": 4, "auto_truncat": True}


def test_no_key(embed, aimlapi_sandbox, monkeypatch):
    """Nothing is sent, and the error says what to set."""
    monkeypatch.delenv("AIMLAPI_API_KEY")

    with pytest.raises(MissingAPIKeyError, match="AIMLAPI_API_KEY"):
        embed(AimlapiEmbeddings(model=MODEL), ["a"])

    assert aimlapi_sandbox.requests == []


def test_a_refusal_is_typed_and_retried(embed, aimlapi_sandbox):
    """As often as was allowed."""
    headers = {"x-sandbox-fault": "status_429"}

    with pytest.raises(RateLimitError):
        embed(AimlapiEmbeddings(model=MODEL, max_retries=0, default_headers=headers), ["a"])

    assert len(aimlapi_sandbox.requests) == 1


def test_a_bad_address_is_refused():
    """At construction, as for chat models."""
    with pytest.raises(ConfigurationError, match="base_url"):
        AimlapiEmbeddings(model=MODEL, base_url="nowhere")


def test_it_is_a_value(aimlapi_sandbox):
    """A pickle works and holds no key of the environment."""
    embeddings = AimlapiEmbeddings(model=MODEL)
    packed = pickle.dumps(embeddings)

    assert aimlapi_sandbox.api_key.encode() not in packed.replace(b"sandbox_", b"")
    assert pickle.loads(packed).embed_query("a") == embeddings.embed_query("a")  # noqa: S301


def test_vectors_are_sorted_by_index():
    """A service may answer in any order."""
    assert decode_embeddings(reply([1], [0], places=[1, 0]), 2) == [[0.0], [1.0]]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"<html>", "not JSON"),
        (reply(), "0 vectors for 1"),
        (reply([1], [2]), "2 vectors for 1"),
        (reply(["x"]), "something else"),
        (reply(None), "something else"),
        (reply("***"), "neither"),
        (reply(base64.b64encode(b"abc").decode()), "middle of a number"),
    ],
)
def test_odd_replies_are_refused(body, words):
    """By name, never with a vector too few or too short."""
    with pytest.raises(ResponseFormatError, match=words):
        decode_embeddings(body, 1)


def test_packed_numbers_are_little_endian():
    """As the API packs them."""
    packed = base64.b64encode(array.array("f", [0.5, -2.0]).tobytes()).decode()

    assert decode_embeddings(reply(packed), 1) == [[0.5, -2.0]]
