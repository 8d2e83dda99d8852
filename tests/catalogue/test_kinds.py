"""An id of another kind is refused before anything is sent, by the class that serves it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from langchain_aimlapi import AimlapiEmbeddings, ChatAimlapi, ConfigurationError, media
from langchain_aimlapi._catalogue import kinds

OF_CHAT = [
    ("openai/gpt-image-1", "AimlapiImages"),
    ("alibaba/happyhorse-1-0", "AimlapiVideos"),
    ("google/lyria2", "AimlapiMusic"),
    ("inworld/tts-1", "AimlapiSpeech"),
    ("aai/universal", "AimlapiTranscription"),
    ("mistral-ocr-latest", "AimlapiOCRLoader"),
    ("text-embedding-3-small", "AimlapiEmbeddings"),
    ("BAAI/bge-base-en-v1.5", "AimlapiEmbeddings"),
]


@pytest.mark.parametrize(("model", "right"), OF_CHAT)
def test_chat(ask, aimlapi_sandbox, model, right):
    """All four ways to call; the id may come with the call as well."""
    with pytest.raises(ConfigurationError, match=f"another kind: use {right}"):
        ask(ChatAimlapi(model=model), "Hi")
    with pytest.raises(ConfigurationError, match=right):
        ChatAimlapi(model="gpt-4o").invoke("Hi", model=model)
    assert aimlapi_sandbox.requests == []


@pytest.mark.parametrize(
    ("model", "right"), [("gpt-4o", "ChatAimlapi"), ("google/lyria2", "AimlapiMusic")]
)
def test_embeddings(model, right):
    with pytest.raises(ConfigurationError, match=f"use {right}"):
        AimlapiEmbeddings(model=model)


@pytest.mark.parametrize("right", sorted({*kinds.CLASSES.values()} - {"AimlapiEmbeddings"}))
def test_media(right):
    """Chat ids and embedding ids alike."""
    used = {"document": "x.pdf"} if right == "AimlapiOCRLoader" else {}
    for model, other in (
        ("gpt-4o", "ChatAimlapi"),
        ("text-embedding-3-small", "AimlapiEmbeddings"),
    ):
        with pytest.raises(ConfigurationError, match=f"use {other}"):
            getattr(media, right)(*used.values(), model=model)


def test_ids_that_nobody_documents_pass(aimlapi_sandbox):
    """The service may know them."""
    assert ChatAimlapi(model="gpt-4o").invoke("Hi").text
    assert kinds.classes_of("local/some-model") == ()
    kinds.check_class("local/some-model", kinds.CHAT)
    AimlapiEmbeddings(model="nomic-embed-text")


def test_every_id_has_a_class():
    """That of its own kind is never refused."""
    for kind, right in kinds.CLASSES.items():
        for model in kinds.media.media_ids(kind):
            kinds.check_class(model, right)


def test_chat_does_not_read_the_catalogue_of_media():
    """Nor do embeddings whose ids are well known."""
    script = (
        "from langchain_aimlapi._catalogue import kinds, media\n"
        "kinds.check_class('gpt-4o', kinds.CHAT)\n"
        "kinds.check_class('text-embedding-3-small', kinds.EMBEDDINGS)\n"
        "print(media._data.cache_info().currsize)"
    )
    done = subprocess.run(  # noqa: S603  # our own script
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
    )

    assert done.stdout == "0\n"
