"""A scripted service, and callers to send to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from langchain_aimlapi._transport import pool

from .callers import WAYS, Caller
from .service import Service

if TYPE_CHECKING:
    from collections.abc import Iterator


# A machine that is busy with something else makes no test fail.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")


@pytest.fixture
def service() -> Iterator[Service]:
    """A service that waits for its script."""
    with Service() as running:
        yield running


@pytest.fixture(params=WAYS)
def caller(request: pytest.FixtureRequest) -> Caller:
    """Each way of sending in turn."""
    return Caller(request.param)


@pytest.fixture(autouse=True)
def fresh_pool(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Clients and retries of one test are not those of the next."""
    monkeypatch.setattr(pool, "_state", pool._State())
    yield
    pool.close_all()
