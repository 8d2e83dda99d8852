"""What the tests of commands share: the command itself, and a service that answers it."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from langchain_aimlapi.cli.app import app


@pytest.fixture
def aimlapi(monkeypatch):
    """The command, run in this process: a function of its arguments."""
    monkeypatch.setenv("COLUMNS", "300")
    monkeypatch.setenv("NO_COLOR", "1")

    def run(*arguments, stdin=None):
        return CliRunner().invoke(app, [str(each) for each in arguments], input=stdin)

    return run


@pytest.fixture
def service(json_service, monkeypatch):
    """A service with a key, set in the environment."""
    monkeypatch.setenv("AIMLAPI_API_KEY", "b747e891aaaabbbbccccddddeeeeffff")
    monkeypatch.setenv("AIMLAPI_API_BASE", f"http://127.0.0.1:{json_service.server_port}/v1")
    return json_service
