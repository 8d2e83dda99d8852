"""`aimlapi compare`: what it asks, what it shows where, the report, and how it ends."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys

import pytest
from rich.console import Console

from langchain_aimlapi.cli.compare import live
from langchain_aimlapi.compare import (
    FIGURES,
    Comparison,
    Finished,
    ReasoningDelta,
    Result,
    Started,
    TextDelta,
    ToolCallDelta,
)
from tests.test_cli import COMMAND

BOTH = ("-m", "gpt-4o", "-m", "claude-haiku-4-5")
HEAD = "Model\tTTFT\tTokens/s\tTime\tIn\tOut\tUSD\tEnd"
SLOW = [f"word{number} " for number in range(200)]
on_unix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")


@pytest.fixture
def sandbox(aimlapi_sandbox, tmp_path, monkeypatch):
    """A service with a key, and a folder of the test's own to work in."""
    monkeypatch.chdir(tmp_path)
    return aimlapi_sandbox


class TestInAPipe:
    def test_answers_and_figures(self, sandbox, aimlapi):
        """Each answer below the name of its model, and rows with tabs; progress stands beside it."""
        sandbox.answer_when("Because.", model="gpt-4o")
        result = aimlapi("compare", "Why?", *BOTH)
        lines = result.stdout.splitlines()

        assert result.exit_code == 0
        assert lines[:2] == ["== gpt-4o ==", "Because."]
        assert "== claude-haiku-4-5 ==" in lines
        head, *rows = lines[lines.index(HEAD) :]
        assert [row.split("\t")[0] for row in rows] == ["gpt-4o", "claude-haiku-4-5"]
        assert {len(row.split("\t")) for row in (head, *rows)} == {8}
        assert rows[0].split("\t")[-1] == "stop"
        assert "gpt-4o: first token " in result.stderr
        assert "\x1b" not in result.output

    def test_runs(self, sandbox, aimlapi):
        """Each model is asked as often; one whole answer is shown, and how many there are."""
        sandbox.answer_when("Because.", model="gpt-4o")
        sandbox.answer_next(error=404)
        result = aimlapi("compare", "Why?", "-m", "gpt-4o", "--runs", "3")

        assert result.exit_code == 1
        assert "== gpt-4o (run 2) ==\nBecause.\n" in result.stdout
        assert result.stdout.splitlines()[-1].endswith("\t2 of 3")
        assert "(run 1 of 3): failed" in result.stderr
        assert len(sandbox.requests) == 3

    def test_without_a_key(self, aimlapi):
        """The sandbox answers, and it is said."""
        result = aimlapi("compare", "Why?", "-m", "gpt-4o", "--json")

        assert "so the local sandbox answers" in result.stderr
        assert json.loads(result.stdout)["sandbox"] is True

    def test_unknown_models_are_noted(self, sandbox, aimlapi):
        assert "no model 'gpt-4oo'" in aimlapi("compare", "Why?", "-m", "gpt-4oo").stderr

    def test_tool_calls_and_escape_codes(self, sandbox, aimlapi):
        """Calls stand below the text; what a terminal would obey is left out."""
        sandbox.answer_next("\x1b[31mred", tool_calls=[{"name": "look", "args": {"a": "ä"}}])
        result = aimlapi("compare", "Why?", "-m", "gpt-4o")

        assert '\nred\nTool call: look {"a": "ä"}\n' in result.stdout

    def test_what_stands_beside_the_text(self, sandbox, aimlapi):
        """Sources, each on a line."""
        sandbox.answer_next("So they say.", citations=["https://example.com/a"])
        result = aimlapi("compare", "Why?", "-m", "gpt-4o")

        assert "So they say.\nSource: https://example.com/a" in result.stdout


class TestFailures:
    def test_one_model_fails(self, sandbox, aimlapi):
        """The others answer; why it failed stands in the place of its answer."""
        sandbox.answer_when(model="gpt-4o", error=404)
        result = aimlapi("compare", "Why?", *BOTH)

        assert result.exit_code == 1
        assert "== gpt-4o ==\nFailed: NotFoundError: " in result.stdout
        assert "Hello from the AI/ML API sandbox." in result.stdout
        assert "gpt-4o\t-\t-\t-\t-\t-\t-\tfailed" in result.stdout.splitlines()

    def test_without_a_key_for_an_address(self, aimlapi, monkeypatch):
        """The error says what to set."""
        monkeypatch.setenv("AIMLAPI_API_BASE", "https://aimlapi.invalid/v1")
        result = aimlapi("compare", "Why?", "-m", "gpt-4o")

        assert result.exit_code == 1
        assert "MissingAPIKeyError" in result.stdout

    @pytest.mark.parametrize(
        ("arguments", "told"),
        [
            (["Why?"], "'--model'"),
            (["Why?", "-m", "a", "-m", "a"], "a is there twice; --runs"),
            (["Why?", "-m", " "], "the id of a model is empty"),
            (["  ", "-m", "a"], "the prompt is empty"),
            (["Why?", "-m", "a", "--runs", "0"], "--runs"),
            (["Why?", "-m", "a", "--param", "x"], "NAME=VALUE"),
            (["Why?", "-m", "a", "--param", "model=b"], "--model"),
            (["Why?", "-m", "a", "--param", "temperature=hot"], "temperature"),
            (["Why?", "-m", "a", "--image", "none.png"], "none.png"),
            (["Why?", "-m", "a", "--html", "-"], "name a file"),
            (["Why?", "-m", "a", "--html", "none/report.html"], "there is no folder"),
            (["Why?", "-m", "a", "--html", "."], "is a folder"),
            (["Why?", "-m", "a", "--html", "there.html"], "--force writes over it"),
        ],
    )
    def test_wrong_use(self, sandbox, aimlapi, tmp_path, arguments, told):
        """Exit code 2, and nothing is asked, so that nothing is paid for."""
        (tmp_path / "there.html").write_text("mine")
        result = aimlapi("compare", *arguments)

        assert result.exit_code == 2
        assert told in " ".join(result.stderr.replace("│", " ").split())
        assert sandbox.requests == []
        assert (tmp_path / "there.html").read_text() == "mine"


class TestWhatIsAsked:
    def test_options_reach_every_model(self, sandbox, aimlapi, tmp_path):
        """System prompt, pictures, parameters; a pipe is added below the prompt."""
        (tmp_path / "dot.png").write_bytes(b"\x89PNG\r\n\x1a\n\0")
        result = aimlapi(
            *("compare", "See:", "-m", "gpt-4o", "-m", "gpt-4o-mini", "-s", "Be brief."),
            *("--image", "dot.png", "--image", "https://example.com/a.png"),
            *("--temperature", "0.5", "--max-tokens", "50", "-p", "top_p=0.9", "--json"),
            stdin="what is piped in\n",
        )
        told = json.loads(result.stdout)

        assert [request.body["model"] for request in sandbox.requests] != []
        for request in sandbox.requests:
            system, human = request.body["messages"]
            text, *images = human["content"]
            assert system["content"] == "Be brief."
            assert text["text"] == "See:\n\nwhat is piped in"
            assert [image["image_url"]["url"][:22] for image in images] == [
                "data:image/png;base64,",
                "https://example.com/a.",
            ]
            assert request.body["top_p"] == 0.9
            assert request.body["temperature"] == 0.5
        assert told["prompt"] == "See:\n\nwhat is piped in"
        assert told["images"] == ["dot.png", "https://example.com/a.png"]
        assert told["parameters"] == {"temperature": 0.5, "max_tokens": 50, "top_p": 0.9}

    def test_a_picture_may_be_all(self, sandbox, aimlapi):
        """Without a prompt."""
        url = "https://example.com/a.png"
        result = aimlapi("compare", "-m", "gpt-4o", "--image", url, stdin="")

        assert result.exit_code == 0
        assert [part["type"] for part in sandbox.requests[0].body["messages"][0]["content"]] == [
            "image_url"
        ]

    def test_secrets_of_parameters_are_not_told(self, sandbox, aimlapi, tmp_path):
        """Neither in the object nor in the report."""
        tool = {"type": "mcp", "server_url": "http://127.0.0.1", "authorization": "s3cret-token"}
        result = aimlapi(
            *("compare", "Hi", "-m", "gpt-4o", "-p", f"extra={json.dumps([tool])}"),
            *("--json", "--html", "report.html"),
        )

        assert "s3cret" not in result.output
        assert "s3cret" not in (tmp_path / "report.html").read_text("utf-8")


def test_json(sandbox, aimlapi):
    """Everything there is: figures over the runs, and each result."""
    sandbox.answer_when("Because.", model="gpt-4o", reasoning="Hm.")
    told = json.loads(aimlapi("compare", "Why?", *BOTH, "-n", "2", "--json").stdout)

    assert list(told) == [
        *("date", "version", "sandbox", "endpoint", "prompt", "system", "images", "parameters"),
        *("runs", "models"),
    ]
    assert (told["sandbox"], told["system"], told["runs"]) == (False, None, 2)
    first, second = told["models"]
    assert list(first) == ["model", "figures", "results"]
    assert list(first["figures"]) == list(FIGURES)
    assert first["figures"]["ttft"].keys() == {"median", "least", "most", "count"}
    assert first["figures"]["ttft"]["count"] == 2
    assert [result["run"] for result in first["results"]] == [1, 2]
    assert first["results"][0].keys() == set(Result.__dataclass_fields__)
    assert first["results"][0]["reasoning"] == "Hm."
    assert second["model"] == "claude-haiku-4-5"


class TestReport:
    def test_it_is_written(self, sandbox, aimlapi, tmp_path):
        """And where, beside the answers."""
        result = aimlapi("compare", "Why?", *BOTH, "--html", "report.html")

        page = (tmp_path / "report.html").read_text("utf-8")
        assert page.startswith("<!doctype html>")
        assert "claude-haiku-4-5" in page
        assert "Report: report.html" in result.stderr

    def test_also_of_failures(self, sandbox, aimlapi, tmp_path):
        sandbox.answer_when(model="gpt-4o", error=404)
        result = aimlapi("compare", "Why?", *BOTH, "--html", "report.html")

        assert result.exit_code == 1
        assert "NotFoundError" in (tmp_path / "report.html").read_text("utf-8")

    def test_force(self, sandbox, aimlapi, tmp_path):
        """The file is replaced as a whole."""
        report = tmp_path / "report.html"
        report.write_text("x" * 1_000_000)
        result = aimlapi("compare", "Why?", "-m", "gpt-4o", "--html", report, "--force")

        assert result.exit_code == 0
        assert report.read_text("utf-8").rstrip().endswith("</html>")


class TestInterrupted:
    """Ctrl-C."""

    def test_in_a_pipe(self, sandbox, tmp_path):
        """What came is shown and reported; the exit code is 130."""
        sandbox.answer_when("Because.", model="gpt-4o")
        sandbox.answer_when("".join(SLOW), model="claude-haiku-4-5", tokens_per_second=20)
        process = subprocess.Popen(  # noqa: S603  # our own command
            [*COMMAND, "compare", "Why?", *BOTH, "--html", "report.html"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            env={**os.environ, "NO_COLOR": "1"},
        )
        for line in process.stderr:
            if line.startswith("gpt-4o: "):
                break
        process.send_signal(signal.SIGINT)
        shown, beside = process.communicate(timeout=60)

        assert process.returncode == 130
        assert "Interrupted: this is what came until then." in beside
        assert "== gpt-4o ==\nBecause.\n" in shown
        assert "Interrupted" in shown
        assert [line.split("\t")[-1] for line in shown.splitlines()[-2:]] == ["stop", "stopped"]
        assert "Stopped early." in (tmp_path / "report.html").read_text("utf-8")

    def test_as_json(self, sandbox, aimlapi, monkeypatch):
        """The object is whole, and says which answers are not."""
        from langchain_aimlapi.cli.compare import command

        async def watch(comparison, *_):
            comparison.add(Result(model="gpt-4o", text="Half", is_interrupted=True))
            raise KeyboardInterrupt

        monkeypatch.setattr(command, "_watch", watch)
        result = aimlapi("compare", "Why?", *BOTH, "--json")

        first, second = json.loads(result.stdout)["models"]
        assert result.exit_code == 130
        assert first["results"][0]["is_interrupted"] is True
        assert second["results"] == []


# --- on a terminal --------------------------------------------------------------------------------


@on_unix
class TestOnATerminal:
    def test_columns(self, sandbox):
        """Side by side, and figures below; of the drawing while it streamed nothing is left."""
        from .terminal import Terminal

        sandbox.answer_when("It **scatters**.\x1b[2J", model="gpt-4o", tokens_per_second=40)
        with Terminal("compare", "Why?", *BOTH) as terminal:
            assert terminal.end() == 0
        lines = terminal.lines
        titles = [line for line in lines if "─ gpt-4o ─" in line]

        assert len(titles) == 1
        assert "─ claude-haiku-4-5 ─" in titles[0]
        assert any("It scatters." in line and "Hello from" in line for line in lines)
        head = ["Model", "TTFT", "Tokens/s", "Time", "In", "Out", "USD", "End"]
        heads = [at for at, line in enumerate(lines) if line.split() == head]
        assert len(heads) == 1, lines
        rows = [line.split()[0] for line in lines[heads[0] + 2 :]]
        assert rows == ["gpt-4o", "claude-haiku-4-5"], lines
        assert "\x1b[2J" not in terminal.output

    def test_interrupted(self, sandbox, tmp_path):
        """By the key itself."""
        from .terminal import Terminal

        sandbox.answer_when("".join(SLOW), model="gpt-4o", tokens_per_second=20)
        with Terminal("compare", "Why?", "-m", "gpt-4o", "--html", "report.html") as terminal:
            terminal.until("word3 ")
            terminal.interrupt()
            assert terminal.end() == 130
        shown = "\n".join(terminal.lines)

        assert "word1 word2 word3" in shown
        assert "Interrupted: this is not the whole answer." in shown
        assert (tmp_path / "report.html").exists()


def drawn(comparison, events, width=100, height=30):
    """What the live columns draw after some events."""
    console = Console(file=io.StringIO(), width=width, height=height, force_terminal=True)
    columns = live.LiveColumns(comparison, console)
    for event in events:
        columns.take(event)
    with console.capture() as captured:
        console.print(columns)
    return captured.get()


class TestLiveColumns:
    def test_states(self):
        """Who waits, who reasons, who has answered, who has failed."""
        comparison = Comparison("Why?", ["a", "b", "c", "d"], runs=2)
        shown = drawn(
            comparison,
            [
                *(Started(1, 1, "b"), ReasoningDelta(1, 1, "Hm"), TextDelta(1, 1, "Yes")),
                *(Started(2, 2, "c"), ToolCallDelta(2, 2, 0, "look", '{"x": 1}')),
                Finished(2, 2, Result(model="c", run=2, ttft=0.5, seconds=2, usd=0.001)),
                *(Started(3, 1, "d"), Finished(3, 1, Result(model="d", error="ServerError: x"))),
            ],
            width=320,
        )

        assert "waits" in shown
        assert "run 1 of 2 · first token" in shown
        assert "Hm" in shown
        assert 'look {"x": 1}' in shown
        assert "run 2 of 2 · first token 0.50 s · 2.00 s in all" in shown
        assert "ServerError: x" in shown

    @pytest.mark.parametrize(("width", "height"), [(100, 30), (30, 12), (200, 8), (20, 3), (8, 1)])
    @pytest.mark.parametrize("count", [1, 3, 9])
    def test_it_fits(self, width, height, count):
        """However many models, and however small the terminal: or it would leave copies behind."""
        names = [f"model-{number}" for number in range(count)]
        events = [Started(place, 1, name) for place, name in enumerate(names)]
        events += [TextDelta(place, 1, "word " * 5000) for place in range(count)]
        shown = drawn(Comparison("Why?", names), events, width, height)

        assert len(shown.splitlines()) <= max(height, count)

    def test_the_end_of_an_answer_is_seen(self):
        """While it grows beyond its panel."""
        events = [Started(0, 1, "a"), *(TextDelta(0, 1, f"word{n} ") for n in range(2000))]
        shown = drawn(Comparison("Why?", ["a"]), events)

        assert "word1999" in shown
        assert "word1 " not in shown

    def test_escape_codes_are_left_out(self):
        """A terminal would obey those of an answer."""
        shown = drawn(
            Comparison("Why?", ["a\x1b[2J"]), [Started(0, 1, "a"), TextDelta(0, 1, "\x1b[2Jx")]
        )

        assert "\x1b[2J" not in shown


@pytest.mark.parametrize(
    ("count", "width", "places"), [(2, 100, 2), (4, 110, 2), (5, 110, 3), (3, 20, 1), (4, 200, 4)]
)
def test_rows_are_even(count, width, places):
    """Four models in two rows of two, not three and one."""
    assert live.places_in_row(count, width) == places
