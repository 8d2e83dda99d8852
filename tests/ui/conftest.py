"""A server of the page whose calls the test's own sandbox answers."""

from __future__ import annotations

import pytest

from langchain_aimlapi.sandbox import Sandbox
from tests.ui.serving import Served


@pytest.fixture
def sandbox():
    with Sandbox() as running:
        yield running


@pytest.fixture
def page(sandbox):
    with Served(sandbox.base_url, models=["gpt-4o"]) as served:
        yield served
