"""The pytest fixture `aimlapi_sandbox`: a running sandbox that all models of the process talk to.

This module belongs to the tests of an application: it uses both the sandbox and the client.

pytest imports this module at every start, so it imports nothing else until the fixture is used.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from langchain_aimlapi.sandbox import Sandbox

_MARKER = "aimlapi_sandbox"


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line(
        "markers", f"{_MARKER}(**options): options of the sandbox the fixture starts"
    )


@pytest.fixture
def aimlapi_sandbox(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Sandbox]:
    """A running sandbox; `ChatAimlapi(model=…)` talks to it without further options.

    Models that were made before it, e.g. when the application was imported, talk to it as well,
    whatever their key and address, but for addresses of this machine.

    Options are given with a mark: `@pytest.mark.aimlapi_sandbox(faults=["status_503"])`.
    """
    from langchain_aimlapi._client.redirect import redirect_calls  # noqa: PLC0415 - likewise
    from langchain_aimlapi.sandbox import Sandbox  # noqa: PLC0415 - imported only by tests that use it

    mark = request.node.get_closest_marker(_MARKER)
    with Sandbox(**(mark.kwargs if mark else {})) as sandbox:
        monkeypatch.setenv("AIMLAPI_API_KEY", sandbox.api_key)
        monkeypatch.setenv("AIMLAPI_API_BASE", sandbox.base_url)
        monkeypatch.delenv("AIMLAPI_BASE_URL", raising=False)
        for name in ("NO_PROXY", "no_proxy"):
            direct = [os.environ.get(name, ""), "127.0.0.1", "localhost"]
            monkeypatch.setenv(name, ",".join(filter(None, direct)))
        with redirect_calls(sandbox.base_url, sandbox.api_key):
            yield sandbox
