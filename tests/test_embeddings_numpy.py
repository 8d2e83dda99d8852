"""`embed_numpy`: the same numbers as the lists, as rows of one array."""

from __future__ import annotations

import asyncio
import base64
import importlib.util
import json
import struct

import pytest

from langchain_aimlapi import AimlapiEmbeddings, ConfigurationError, ResponseFormatError
from langchain_aimlapi._codec.decode.embeddings import decode_embeddings

numpy = pytest.importorskip("numpy")
MODEL = "text-embedding-3-small"


@pytest.fixture(params=["sync", "async"])
def embed(request):
    """Embed into an array in both worlds."""

    def embedded(embeddings, texts, **options):
        if request.param == "sync":
            return embeddings.embed_numpy(texts, **options)
        return asyncio.run(embeddings.aembed_numpy(texts, **options))

    return embedded


@pytest.mark.parametrize("form", ["base64", "float"])
def test_the_same_numbers(embed, aimlapi_sandbox, form):
    """In the order of the texts, over several requests, whichever way they are transferred."""
    embeddings = AimlapiEmbeddings(model=MODEL, dimensions=16, chunk_size=3, encoding_format=form)
    texts = [f"text {number}" for number in range(10)]
    found = embed(embeddings, texts)

    assert (found.shape, found.dtype) == ((10, 16), numpy.float32)
    assert found.tolist() == numpy.float32(embeddings.embed_documents(texts)).tolist()
    found *= 2  # it is the caller's own


def test_a_query(embed, aimlapi_sandbox):
    """Told apart from documents where the model documents it."""
    embed(AimlapiEmbeddings(model="text-embedding-004"), ["a"], query=True)

    assert aimlapi_sandbox.requests[0].body["task_type"] == "RETRIEVAL_QUERY"


def test_no_texts(embed, aimlapi_sandbox):
    assert embed(AimlapiEmbeddings(model=MODEL), []).shape == (0, 0)
    assert aimlapi_sandbox.requests == []


def test_requests_that_differ_in_length(embed, aimlapi_sandbox):
    """No array has rows of different lengths."""
    for length in (2, 3):
        aimlapi_sandbox.answer_next(embeddings=[[0.5] * length])
    embeddings = AimlapiEmbeddings(model=MODEL, chunk_size=1, max_concurrency=1)

    with pytest.raises(ResponseFormatError, match=r"different lengths: \[2, 3\]"):
        embed(embeddings, ["a", "b"])


def test_without_numpy(embed, aimlapi_sandbox, monkeypatch):
    """Before anything is sent, with the remedy."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(ConfigurationError, match="pip install numpy"):
        embed(AimlapiEmbeddings(model=MODEL), ["a"])
    assert aimlapi_sandbox.requests == []


class TestDepth:
    """A reply is bounded in its depth, though the embeddings are not looked through for it."""

    def reply(self, **more):
        packed = base64.b64encode(struct.pack("<2f", 0.5, 1.5)).decode()
        return {"data": [{"index": 0, "embedding": packed}], **more}

    @pytest.mark.parametrize("depth", [200, 300])
    def test_beside_the_embeddings(self, depth):
        """What is kept may not be deep; 254 is as deep as orjson writes."""
        deep = "[" * depth + "]" * depth
        body = json.dumps(self.reply(usage="?")).replace('"?"', f'{{"x": {deep}}}').encode()
        with pytest.raises(ResponseFormatError, match="deep"):
            decode_embeddings(body, 1)

    def test_within_them(self):
        """It is no embedding, and nothing of it is kept."""
        deep = "[" * 300 + "]" * 300
        body = f'{{"data": [{{"index": 0, "embedding": {deep}}}]}}'.encode()
        with pytest.raises(ResponseFormatError, match="something else than numbers"):
            decode_embeddings(body, 1)

    def test_beside_a_long_one(self):
        """What is not deep is read as ever."""
        found = decode_embeddings(json.dumps(self.reply(model="m", usage={})).encode(), 1)

        assert found.embeddings == [[0.5, 1.5]]
        assert found.metadata == {"model_name": "m"}
