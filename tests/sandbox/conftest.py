"""A fresh sandbox for each test that needs one of its own."""

from __future__ import annotations

import pytest

from langchain_aimlapi.sandbox import Sandbox


@pytest.fixture
def sandbox():
    """A sandbox that has seen nothing yet."""
    with Sandbox() as running:
        yield running
