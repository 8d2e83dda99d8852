"""Embeddings in the vector stores that people use; those that are not installed are skipped."""

from __future__ import annotations

import asyncio

import pytest
from langchain_core.documents import Document
from langchain_core.vectorstores import InMemoryVectorStore

from langchain_aimlapi import AimlapiEmbeddings

DOCUMENTS = [
    Document("The lighthouse was built in 1862 and is 31 metres high.", id="lighthouse"),
    Document("The harbour takes ships of up to 90 metres.", id="harbour"),
    Document("The bakery opens at six in the morning.", id="bakery"),
]
QUESTION = "How high is the lighthouse?"


def in_memory(embeddings):
    """LangChain's own store."""
    store = InMemoryVectorStore(embeddings)
    store.add_documents(DOCUMENTS)
    return store


def faiss(embeddings):
    """FAISS takes the embeddings as an array of numbers."""
    pytest.importorskip("faiss", reason="faiss-cpu is not among the tests' packages")
    community = pytest.importorskip(
        "langchain_community.vectorstores",
        reason="langchain-community is not among the tests' packages",
    )
    return community.FAISS.from_documents(DOCUMENTS, embeddings)


def chroma(embeddings):
    """Chroma checks that embeddings are lists of numbers."""
    module = pytest.importorskip(
        "langchain_chroma", reason="langchain-chroma is not among the tests' packages"
    )
    return module.Chroma.from_documents(DOCUMENTS, embeddings)


@pytest.mark.filterwarnings("ignore")  # of the stores' own packages
@pytest.mark.parametrize("store", [in_memory, faiss, chroma])
@pytest.mark.parametrize("encoding", [None, "float"])
def test_a_question_finds_its_document(aimlapi_sandbox, store, encoding):
    """Sync and async, by text and by embedding."""
    embeddings = AimlapiEmbeddings(model="text-embedding-3-small", encoding_format=encoding)
    filled = store(embeddings)

    found = [
        filled.similarity_search(QUESTION, k=1),
        asyncio.run(filled.asimilarity_search(QUESTION, k=1)),
        filled.similarity_search_by_vector(embeddings.embed_query(QUESTION), k=1),
    ]

    assert [document.page_content for [document] in found] == [DOCUMENTS[0].page_content] * 3
