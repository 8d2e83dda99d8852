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
    assert os.environ["AIMLAPI_BASE_URL"] == "http://other.invalid"
    assert "AIMLAPI_API_KEY" not in os.environ
"""


APPLICATION = """
from langchain_aimlapi import AimlapiEmbeddings, ChatAimlapi

NO_KEY = ChatAimlapi(model="gpt-4o")
WITH_KEY = ChatAimlapi(model="gpt-4o", api_key="sk-real", base_url="https://api.aimlapi.com/v1")
BEHIND_A_PROXY = ChatAimlapi(model="gpt-4o", api_key="sk-real", proxy="http://proxy.invalid:3128")
CLAUDE = ChatAimlapi(model="claude-sonnet-4-5", api_key=lambda: "sk-real")
EMBEDDINGS = AimlapiEmbeddings(model="text-embedding-3-small", api_key="sk-real")
MODELS = [NO_KEY, WITH_KEY, BEHIND_A_PROXY, CLAUDE]
"""

MADE_AT_IMPORT = """
import asyncio
import application
import pytest
from langchain_aimlapi import ChatAimlapi, MissingAPIKeyError
from langchain_aimlapi.sandbox import Sandbox

def said(text):
    return "Hello from the AI/ML API sandbox" in text

async def everything(llm):
    return [
        llm.invoke("Hi").text,
        "".join(chunk.text for chunk in llm.stream("Hi")),
        (await llm.ainvoke("Hi")).text,
        "".join([chunk.text async for chunk in llm.astream("Hi")]),
    ]

@pytest.mark.parametrize("llm", application.MODELS)
def test_models(aimlapi_sandbox, llm):
    assert all(map(said, asyncio.run(everything(llm))))
    assert len(aimlapi_sandbox.requests) == 4
    assert "sk-real" not in str([request.headers for request in aimlapi_sandbox.requests])

def test_embeddings(aimlapi_sandbox):
    assert len(application.EMBEDDINGS.embed_query("Hi")) == 1536
    assert len(asyncio.run(application.EMBEDDINGS.aembed_query("Hi"))) == 1536
    assert len(aimlapi_sandbox.requests) == 2

def test_an_address_of_the_call(aimlapi_sandbox):
    assert said(application.NO_KEY.invoke("Hi", base_url="https://api.aimlapi.com/v1").text)
    assert len(aimlapi_sandbox.requests) == 1

def test_a_server_of_the_test_itself(aimlapi_sandbox):
    with Sandbox() as other:
        llm = ChatAimlapi(model="gpt-4o", api_key="k", base_url=other.base_url)
        assert said(llm.invoke("Hi").text)
        assert (len(other.requests), len(aimlapi_sandbox.requests)) == (1, 0)

def test_outside_the_fixture():
    with pytest.raises(MissingAPIKeyError):
        application.NO_KEY.invoke("Hi")
    assert application.WITH_KEY.aimlapi_api_base == "https://api.aimlapi.com/v1"
    from langchain_aimlapi._client.request import base_url_of
    assert base_url_of(application.WITH_KEY, {}) == "https://api.aimlapi.com/v1"
    from langchain_aimlapi._client.key import resolve_key
    assert resolve_key(application.WITH_KEY, {}).get_secret_value() == "sk-real"
    assert application.BEHIND_A_PROXY._client_options.proxy == "http://proxy.invalid:3128"
"""


@pytest.fixture
def run_suite(tmp_path):
    """Run pytest on a file of its own, with our plugin and no others."""
    environment = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    environment |= {
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "AIMLAPI_BASE_URL": "http://other.invalid",
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


def test_models_made_at_import(run_suite, tmp_path):
    """Models of an application that was imported before answer from the sandbox, under it only."""
    (tmp_path / "application.py").write_text(APPLICATION, "utf-8")
    done = run_suite(MADE_AT_IMPORT)

    assert "8 passed" in done.stdout, done.stdout + done.stderr


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
