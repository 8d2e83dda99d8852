"""The key that the environment had when the tests began; other tests run without it."""

from __future__ import annotations

import os

import pytest

_KEY = os.environ.get("AIMLAPI_API_KEY")


@pytest.fixture(autouse=True)
def key(clean_environment: None, monkeypatch: pytest.MonkeyPatch) -> str:
    """The real key, back in the environment."""
    if not _KEY:
        pytest.skip("needs AIMLAPI_API_KEY, talks to the live service and costs money")
    monkeypatch.setenv("AIMLAPI_API_KEY", _KEY)
    return _KEY
