"""`aimlapi models` and `aimlapi model`: filters, the service's own list, and what they cost."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from langchain_aimlapi import catalogue
from langchain_aimlapi.cli._commands import COMMANDS
from langchain_aimlapi.cli._output import show_table

LISTED = {
    "data": [
        {
            "id": "openai/gpt-4.1-2025-04-14",
            "type": "openai/chat-completions",
            "aliases": ["gpt-4.1"],
            "info": {"developer": "OpenAI", "name": "GPT 4.1", "contextLength": 1000},
            "capabilities": ["tools"],
            "pricing": {
                "kind": "fixed",
                "units": [
                    {"name": "token", "measure": "input", "price": "2", "per": 1_000_000},
                    {"name": "token", "measure": "output", "price": "8", "per": 1_000_000},
                ],
            },
        }
    ]
}
SPEED = {
    "models": [
        {
            "alias": "openai/gpt-4.1-2025-04-14",
            "metrics": {"ttft_ms": {"p50": 321}, "tps": {"p50": 87}},
        }
    ]
}


@pytest.fixture
def live(service, monkeypatch, tmp_path):
    """A service that lists one model; what the process learns of it is forgotten afterwards."""
    monkeypatch.setattr("platformdirs.user_cache_path", lambda *_: tmp_path)
    monkeypatch.setattr(catalogue, "_live", {})
    service.reply = lambda _, path, *__: (200, SPEED if path == "/models/metrics" else LISTED)
    return service


class TestModels:
    def test_filters(self, aimlapi):
        """Each narrows the list, and a pipe gets tabs with the id first."""
        result = aimlapi("models", "--vendor", "anthropic", "--capability", "vision")
        ids = [line.split("\t")[0] for line in result.stdout.splitlines()]

        assert result.exit_code == 0
        assert ids == [
            info.id for info in catalogue.models(vendor="Anthropic", capability="vision")
        ]
        assert 0 < len(ids) < len(catalogue.models())

    def test_every_filter_reaches_the_catalogue(self, aimlapi):
        """As the library's own arguments do."""
        shown = json.loads(
            aimlapi("models", "--type", "all", "--input", "image", "--text", "GPT", "--json").stdout
        )
        wanted = catalogue.models(type=None, input="image", text="gpt")

        assert [each["id"] for each in shown] == [info.id for info in wanted] != []

    def test_all_shows_what_is_not_listed(self, aimlapi):
        """Deprecated ids still answer, so they can be found."""
        some = json.loads(aimlapi("models", "--json").stdout)
        every = json.loads(aimlapi("models", "--all", "--json").stdout)

        assert {each["status"] for each in some} == {"listed"}
        assert len(every) > len(some)

    def test_the_service_tells_price_and_speed(self, aimlapi, live):
        """By the million tokens, as price lists have it."""
        found = aimlapi("models", "--refresh", "--metrics", "--text", "2025-04-14").stdout

        assert "2/M tokens input, 8/M tokens output\t321\t87\n" in found

    def test_a_narrow_terminal_cuts_no_id_short(self, monkeypatch, capsys):
        """An id goes on in the next line; there are names above the columns, and no tabs."""
        monkeypatch.setenv("NO_COLOR", "1")
        monkeypatch.setenv("COLUMNS", "24")
        monkeypatch.setattr("sys.stdout.isatty", lambda: True)
        show_table(("Model", "Type"), [("anthropic/claude-haiku-4.5-long", "chat")])
        shown = capsys.readouterr().out

        first = "".join(line.split()[0] for line in shown.splitlines() if line.strip())
        assert first.startswith("Model")
        assert "anthropic/claude-haiku-4.5-long" in first
        assert "\t" not in shown
        assert "\x1b" not in shown

    def test_an_unknown_type_is_wrong_use(self, aimlapi):
        assert aimlapi("models", "--type", "nope").exit_code == 2

    def test_a_list_that_cannot_be_fetched(self, aimlapi, live):
        live.reply = lambda *_: (403, {"message": "no"})
        result = aimlapi("models", "--refresh")

        assert (result.exit_code, result.stdout) == (1, "")
        assert "PermissionDeniedError" in result.stderr


class TestModel:
    def test_all_that_is_known_and_a_program(self, aimlapi, live):
        result = aimlapi("model", "gpt-4.1", "--refresh", "--metrics")

        assert result.exit_code == 0
        for words in ("openai/gpt-4.1-2025-04-14", "GPT 4.1", "2/M tokens input", "321 ms"):
            assert words in result.stdout
        program = result.stdout.partition("\n\n")[2]
        compile(program, "snippet", "exec")
        assert 'ChatAimlapi(model="openai/gpt-4.1-2025-04-14")' in program

    @pytest.mark.parametrize("kind", sorted({info.type for info in catalogue.models(type=None)}))
    def test_each_type_has_a_program_that_builds(self, aimlapi, kind):
        """Its names exist and take the id; only the call itself is left out."""
        name = catalogue.models(type=kind)[0].id
        program = json.loads(aimlapi("model", name, "--json").stdout)["snippet"]
        imported, _, _ = program.partition("\n\n")
        names: dict[str, object] = {}
        exec(imported, names)  # noqa: S102  # our own program

        compile(program, "snippet", "exec")
        assert any(used in program.partition("\n\n")[2] for used in names)
        assert f'model="{name}"' in program

    def test_near_misses(self, aimlapi):
        result = aimlapi("model", "gpt-4ox")

        assert (result.exit_code, result.stdout) == (1, "")
        assert "gpt-4o" in result.stderr


HEAVY = {
    "aiohttp",
    "asyncio",
    "http.server",
    "httpcore2",
    "httpx",
    "httpx2",
    "langchain_aimlapi._client.send",
    "langchain_aimlapi.sandbox",
    "langchain_core.messages",
    "langchain_core.runnables",
    "prompt_toolkit",
    "requests",
    "uvicorn",
}
"""Modules that cost more than all that reading a command line needs."""


class TestCost:
    @pytest.mark.parametrize(
        "arguments",
        [
            ["--help"],
            ["models"],
            ["models", "--help"],
            ["chat", "--help"],
            ["doctor", "--help"],
            ["log", "--path"],
        ],
    )
    def test_it_loads_what_it_needs(self, arguments):
        """No other command, no LangChain, no HTTP library, no server."""
        called = COMMANDS[arguments[0]].module if arguments[0] in COMMANDS else ""
        others = {f"langchain_aimlapi.cli.{each.module}" for each in COMMANDS.values()}
        shunned = {*HEAVY, *others} - {f"langchain_aimlapi.cli.{called}"}
        script = (
            "import atexit, sys\n"
            f"shunned = {shunned}\n"
            "atexit.register(lambda: sys.stderr.write(f'loaded: {sorted(shunned & set(sys.modules))}'))\n"
            f"sys.argv = ['aimlapi', *{arguments!r}]\n"
            "from langchain_aimlapi.cli import main\n"
            "main()\n"
        )
        done = subprocess.run(  # noqa: S603  # our own program
            [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
        )

        assert done.stdout
        assert done.stderr.endswith("loaded: []")
