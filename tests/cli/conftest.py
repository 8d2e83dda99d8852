"""What the tests of commands share: a service that answers them."""

from __future__ import annotations

import pytest


@pytest.fixture
def service(json_service, monkeypatch):
    """A service with a key, set in the environment."""
    monkeypatch.setenv("AIMLAPI_API_KEY", "b747e891aaaabbbbccccddddeeeeffff")
    monkeypatch.setenv("AIMLAPI_API_BASE", f"http://127.0.0.1:{json_service.server_port}/v1")
    return json_service
