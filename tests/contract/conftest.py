"""LangChain's own suites against the sandbox, with the files they would fetch served here."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

import httpx
import pytest

if TYPE_CHECKING:
    from langchain_aimlapi.sandbox import Sandbox

_ID = ("langchain_aimlapi", "chat_models", "ChatAimlapi")
# `load` knows classes of LangChain's registry only, unless told of others; the suite cannot tell
# it. The module is named by its path, for its name in the package is the function's.
importlib.import_module("langchain_core.load.load").ALL_SERIALIZABLE_MAPPINGS[_ID] = _ID


@pytest.fixture(autouse=True)
def ask_the_sandbox(
    clean_environment: None, shared_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every model the suites make finds the sandbox through its environment."""
    monkeypatch.setenv("AIMLAPI_API_KEY", shared_sandbox.api_key)
    monkeypatch.setenv("AIMLAPI_API_BASE", shared_sandbox.base_url)


_FILES = {
    ".jpg": b"\xff\xd8\xff\xe0 a photograph",
    ".png": b"\x89PNG\r\n\x1a\n a picture",
    ".pdf": b"%PDF-1.4 a document",
    ".wav": b"RIFF\x10\x00\x00\x00WAVEfmt some audio",
    ".mp3": b"ID3 some audio",
}


@pytest.fixture(autouse=True)
def files_without_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """The suites fetch sample files with `httpx.get`; bytes of the same kinds stand in."""

    def get(url: Any, **_: Any) -> httpx.Response:
        ending = "." + str(url).rpartition(".")[2].lower()
        return httpx.Response(
            200, content=_FILES.get(ending, b"bytes"), request=httpx.Request("GET", str(url))
        )

    monkeypatch.setattr(httpx, "get", get)
    monkeypatch.setenv("LANGCHAIN_TESTS_USER_AGENT", "langchain-aimlapi tests")
