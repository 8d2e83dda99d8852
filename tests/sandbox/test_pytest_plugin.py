"""The fixture, as a user's own test suite gets it."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

SUITE = """
import os, json, urllib.request
import pytest

def ask(sandbox):
    url = os.environ["AIMLAPI_API_BASE"] + "/chat/completions"
    body = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}
    headers = {"Authorization": "Bearer " + os.environ["AIMLAPI_API_KEY"]}
    request = urllib.request.Request(url, json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request) as reply:
        return json.load(reply)["choices"][0]["message"]["content"]

def test_environment(aimlapi_sandbox):
    assert "sandbox" in ask(aimlapi_sandbox)
    assert len(aimlapi_sandbox.requests) == 1
    assert "AIMLAPI_BASE_URL" not in os.environ
    assert "127.0.0.1" in os.environ["NO_PROXY"].split(",")

def test_each_has_its_own(aimlapi_sandbox):
    assert aimlapi_sandbox.requests == []

@pytest.mark.aimlapi_sandbox(faults=["status_503"])
def test_options(aimlapi_sandbox):
    with pytest.raises(urllib.error.HTTPError) as refused:
        ask(aimlapi_sandbox)
    refused.value.close()

def test_afterwards():
    assert os.environ["AIMLAPI_BASE_URL"] == "http://other"
    assert "AIMLAPI_API_KEY" not in os.environ
"""


@pytest.fixture
def run_suite(tmp_path):
    """Run pytest on a file of its own, with our plugin and no others."""
    environment = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    environment |= {
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "AIMLAPI_BASE_URL": "http://other",
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
    }

    def run(text, *options):
        (tmp_path / "test_app.py").write_text(text, "utf-8")
        command = [sys.executable, "-m", "pytest", "-p", "langchain_aimlapi.sandbox.pytest_plugin"]
        command += ["-p", "no:cacheprovider", "-W", "error", "--strict-markers", *options]
        return subprocess.run(  # noqa: S603
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )

    return run


def test_the_fixture(run_suite):
    """It serves, points the environment there, takes options, and puts all back."""
    done = run_suite(SUITE)

    assert "4 passed" in done.stdout, done.stdout + done.stderr


def test_the_marker_is_documented(run_suite):
    """`pytest --markers` names it."""
    assert "@pytest.mark.aimlapi_sandbox(**options)" in run_suite("", "--markers").stdout


def test_it_costs_nothing_until_used(run_suite):
    """A suite that does not ask for the fixture imports no server."""
    suite = """
import sys
def test_nothing_imported():
    assert not {"aiohttp", "langchain_core", "orjson"} & set(sys.modules)
"""
    done = run_suite(suite)

    assert "1 passed" in done.stdout, done.stdout + done.stderr
