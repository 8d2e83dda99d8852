"""What importing costs, what it exports, and who may import whom."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import textwrap
from pathlib import Path

import pytest

import langchain_aimlapi

ROOT = Path(__file__).parents[1]

EXPORTED = [
    "Account",
    "AimlapiConnectionError",
    "AimlapiEmbeddings",
    "AimlapiError",
    "AimlapiImages",
    "AimlapiMusic",
    "AimlapiOCRLoader",
    "AimlapiSpeech",
    "AimlapiStatusError",
    "AimlapiTimeoutError",
    "AimlapiTranscription",
    "AimlapiTranscriptionLoader",
    "AimlapiUsageHandler",
    "AimlapiVideos",
    "AuthenticationError",
    "Budget",
    "BudgetExceededError",
    "ChatAimlapi",
    "ConfigurationError",
    "ConflictError",
    "ContextOverflowError",
    "EmbeddingsResult",
    "InvalidRequestError",
    "JobFailedError",
    "MissingAPIKeyError",
    "ModelInfo",
    "NotFoundError",
    "OutOfCreditsError",
    "PermissionDeniedError",
    "RateLimitError",
    "RequestTimeoutError",
    "ResponseFormatError",
    "ServerError",
    "StreamInterruptedError",
    "StructuredOutput",
    "Timeouts",
    "UnknownParameterWarning",
    "UnsupportedContentError",
    "UnsupportedFormatError",
    "UnsupportedParameterWarning",
    "__version__",
    "get_aimlapi_callback",
    "metrics",
    "model",
    "models",
    "price",
]

_HEAD = """
import json, sys
opened, touched = [], []

def audit(event, arguments):
    if event == "open":
        opened.append(str(arguments[0]))
    if event.startswith(("socket.", "subprocess.", "os.fork")) or event == "_thread.start_new_thread":
        touched.append(event)

sys.addaudithook(audit)
"""
_FOOT = """
print(json.dumps({"modules": sorted(sys.modules), "opened": opened, "touched": touched}))
"""


def after(script):
    """What a fresh process has loaded, opened and touched after a script."""
    done = subprocess.run(  # noqa: S603  # our own script
        [sys.executable, "-W", "error", "-c", _HEAD + textwrap.dedent(script) + _FOOT],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
    )
    return json.loads(done.stdout)


def own_data(seen):
    """Files of the package that were opened and hold no code."""
    package = str(ROOT / "src" / "langchain_aimlapi")
    return [
        Path(name).name
        for name in seen["opened"]
        if name.startswith(package) and not name.endswith((".py", ".pyc"))
    ]


class TestCost:
    """Nothing happens before it is needed."""

    def test_the_package_alone_loads_nothing(self):
        """`import langchain_aimlapi` is free."""
        seen = after("import langchain_aimlapi")["modules"]
        shunned = ["langchain_core", "aiohttp", "httpx2", "httpx", "typer", "rich", "pydantic"]

        assert [name for name in shunned if name in seen] == []

    def test_the_model_loads_no_more_than_it_needs(self):
        """Neither the import nor a construction loads HTTP, command line, sandbox or tests."""
        seen = after(
            """
            from langchain_aimlapi import ChatAimlapi
            ChatAimlapi(model="gpt-4o", api_key="key").bind_tools([]).with_retry()
            """
        )
        shunned = ("aiohttp", "typer", "rich", "openai", "tiktoken", "transformers", "langchain")
        own = (
            "langchain_aimlapi.sandbox",
            "langchain_aimlapi.cli",
            "langchain_aimlapi._transport.aio",
        )
        core = after("import langchain_core.language_models.chat_models")["modules"]

        assert [name for name in (*shunned, *own) if name in seen["modules"]] == []
        assert {"httpx", "httpx2", "httpcore2"} & set(seen["modules"]) <= set(core)

    def test_construction_touches_nothing(self):
        """No socket, no thread, no process; of files the catalogue alone, and once."""
        seen = after(
            """
            from langchain_aimlapi import ChatAimlapi
            touched.clear()
            for _ in range(3):
                ChatAimlapi(model="gpt-4o", api_key="key")
            """
        )

        assert seen["touched"] == []
        assert own_data(seen) == ["models.json"]

    def test_importing_opens_no_data(self):
        """The catalogue is read for the first model, not for the import."""
        assert own_data(after("from langchain_aimlapi import ChatAimlapi")) == []

    def test_sync_calls_load_no_async_client(self, aimlapi_sandbox):
        """Who never awaits never pays for it."""
        seen = after(
            """
            from langchain_aimlapi import ChatAimlapi
            ChatAimlapi(model="gpt-4o").invoke("Hi")
            """
        )

        assert aimlapi_sandbox.requests
        assert "aiohttp" not in seen["modules"]

    def test_errors_alone_load_no_model(self):
        """A worker that only tells failures apart stays light."""
        seen = after("from langchain_aimlapi import RateLimitError")

        assert "langchain_aimlapi.chat_models" not in seen["modules"]

    def test_the_pytest_plugin_is_light(self):
        """Pytest loads it at every start of every project."""
        seen = after("import langchain_aimlapi.sandbox.pytest_plugin")["modules"]

        assert "aiohttp" not in seen
        assert "langchain_core" not in seen


class TestNames:
    """The package itself."""

    def test_exported_names(self):
        """A name more or less is a decision."""
        assert langchain_aimlapi.__all__ == EXPORTED
        assert set(EXPORTED) <= set(dir(langchain_aimlapi))

    @pytest.mark.parametrize("name", EXPORTED)
    def test_each_name_is_there(self, name):
        """And says what it is."""
        public = getattr(langchain_aimlapi, name)

        assert isinstance(public, str) or (public.__doc__ or "").strip()

    def test_other_names_are_not(self):
        """A name that is none is an ordinary AttributeError."""
        with pytest.raises(AttributeError, match="ChatAimlapy"):
            _ = langchain_aimlapi.ChatAimlapy

    def test_where_the_model_lives(self):
        """LangChain stores the path; stored objects are read by it."""
        assert langchain_aimlapi.ChatAimlapi.lc_id() == [
            "langchain_aimlapi",
            "chat_models",
            "ChatAimlapi",
        ]

    def test_types_are_shipped(self):
        """Type checkers look for the marker."""
        assert (ROOT / "src" / "langchain_aimlapi" / "py.typed").is_file()


def test_import_contracts():
    """Data flows one way; the transport and the sandbox keep to themselves."""
    program = shutil.which("lint-imports", path=sysconfig.get_path("scripts"))
    if program is None:
        pytest.skip("import-linter is not installed")
    done = subprocess.run(  # noqa: S603  # our own tool
        [program, "--no-cache"], capture_output=True, text=True, check=False, timeout=60, cwd=ROOT
    )

    assert done.returncode == 0, done.stdout
