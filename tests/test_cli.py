"""The command line: what goes to standard output, what to standard error, and how it ends."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from langchain_aimlapi import ChatAimlapi, __version__
from langchain_aimlapi.cli import main
from langchain_aimlapi.sandbox import FAULTS, Sandbox
from tests.scripted import Scripted

NOTICE = (
    "AIMLAPI_API_KEY is not set, so the local sandbox answers: "
    "not a model, and nothing leaves this machine."
)
COMMAND = [sys.executable, "-W", "error", "-m", "langchain_aimlapi.cli"]


@pytest.fixture
def elsewhere(aimlapi_sandbox):
    """A service with a key: the commands are not to start one themselves."""
    return aimlapi_sandbox


class TestChatWithoutAKey:
    """The first minute."""

    def test_the_sandbox_answers_and_says_so(self, aimlapi):
        """The answer is all of standard output; the notice is one plain line beside it."""
        result = aimlapi("chat", "I love programming.")

        assert result.exit_code == 0
        assert result.stdout == (
            'Hello from the AI/ML API sandbox. You said: "I love programming."\n'
        )
        assert result.stderr.splitlines()[0] == NOTICE
        assert len(result.stderr.splitlines()) == 2

    def test_an_empty_key_is_none(self, aimlapi, monkeypatch):
        """As left by `export AIMLAPI_API_KEY=`."""
        monkeypatch.setenv("AIMLAPI_API_KEY", "")

        assert NOTICE in aimlapi("chat", "Hi").stderr

    def test_in_json_it_is_marked(self, aimlapi):
        """Who reads by machine can tell, too."""
        assert json.loads(aimlapi("chat", "Hi", "--json").stdout)["sandbox"] is True


class TestChat:
    """One question, one answer."""

    @pytest.mark.parametrize("flag", ["--stream", "--no-stream"])
    def test_the_answer_and_its_cost(self, aimlapi, elsewhere, flag):
        """The answer on one, tokens, cost and time on the other; no notice, as there is a key."""
        result = aimlapi("chat", "Hi", flag)

        assert result.exit_code == 0
        assert result.stdout == 'Hello from the AI/ML API sandbox. You said: "Hi"\n'
        for word in ("gpt-4o-mini", "tokens in", "$0.", " s", "stop"):
            assert word in result.stderr
        assert "sandbox answers" not in result.stderr
        assert bool(elsewhere.requests[0].body.get("stream")) == (flag == "--stream")

    def test_json_is_one_object(self, aimlapi, elsewhere):
        """With everything that was reported of the call."""
        result = aimlapi("chat", "Hi", "--json")
        answer = json.loads(result.stdout)

        assert result.stderr == ""
        assert answer["text"] == 'Hello from the AI/ML API sandbox. You said: "Hi"'
        assert answer["model"] == "gpt-4o-mini"
        assert answer["finish_reason"] == "stop"
        assert answer["usage"]["total_tokens"] > 0
        assert answer["cost"] == answer["cost_details"]["usd_spent"] > 0
        assert answer["inference_id"]
        assert answer["seconds"] >= 0
        assert answer["sandbox"] is False

    def test_options_reach_the_service(self, aimlapi, elsewhere):
        """Model, instructions, randomness and length."""
        aimlapi(
            *("chat", "Hi", "-m", "gpt-4o", "-s", "Brief."),
            *("--temperature", 0.5, "--max-tokens", 9),
        )

        body = elsewhere.requests[0].body
        assert body["model"] == "gpt-4o"
        assert body["messages"][0] == {"role": "system", "content": "Brief."}
        assert (body["temperature"], body["max_tokens"]) == (0.5, 9)

    def test_the_model_of_the_environment(self, aimlapi, elsewhere, monkeypatch):
        """`AIMLAPI_MODEL` is the default, and an option wins over it."""
        monkeypatch.setenv("AIMLAPI_MODEL", "gpt-4o")
        aimlapi("chat", "Hi")
        aimlapi("chat", "Hi", "--model", "gpt-4")

        assert [request.body["model"] for request in elsewhere.requests] == ["gpt-4o", "gpt-4"]

    def test_standard_input(self, aimlapi, elsewhere):
        """A dash reads the question from a pipe, without the newline that ends it."""
        aimlapi("chat", "-", stdin="two\nlines\n")

        assert elsewhere.requests[0].body["messages"][0]["content"] == "two\nlines"

    @pytest.mark.parametrize(
        ("arguments", "sent"),
        [
            (["Summarise this:"], "Summarise this:\n\ntwo\nlines"),
            ([], "two\nlines"),
            (["-"], "two\nlines"),
        ],
    )
    def test_what_is_piped_in(self, aimlapi, elsewhere, arguments, sent):
        """It is added below the prompt, or is the prompt."""
        aimlapi("chat", *arguments, stdin="two\nlines\n")

        assert elsewhere.requests[0].body["messages"][0]["content"] == sent

    def test_a_real_pipe(self, elsewhere):
        """`cat file | aimlapi chat "Summarise this"`, and a terminal or nothing behind it."""
        environment = {**os.environ, "PYTHONWARNINGS": "error"}
        for stdin in ({"input": "a file\n"}, {"stdin": subprocess.DEVNULL}):
            command = [*COMMAND, "chat", "Summarise this"]
            subprocess.run(  # noqa: S603  # our own command
                command, env=environment, check=True, capture_output=True, text=True, **stdin
            )

        sent = [request.body["messages"][0]["content"] for request in elsewhere.requests]
        assert sent == ["Summarise this\n\na file", "Summarise this"]

    @pytest.mark.parametrize("prompt", ["", "  ", "-"])
    @pytest.mark.parametrize("stdin", ["", "\n"])
    def test_an_empty_prompt_is_wrong_usage(self, aimlapi, elsewhere, prompt, stdin):
        """Nothing is sent."""
        result = aimlapi("chat", prompt, stdin=stdin)

        assert result.exit_code == 2
        assert "the prompt is empty" in result.stderr
        assert elsewhere.requests == []

    @pytest.mark.parametrize("flag", ["--stream", "--no-stream"])
    def test_reasoning_is_not_the_answer(self, aimlapi, elsewhere, monkeypatch, flag):
        """It is shown on standard error under its name, so that a pipe gets the answer alone."""
        with Scripted({"reasoning_content": "2 + 2\nis 4", "content": "an answer"}) as service:
            monkeypatch.setenv("AIMLAPI_API_BASE", service.url)
            result = aimlapi("chat", "Hi", flag)

        assert result.stdout == "an answer\n"
        assert result.stderr.startswith("Reasoning: 2 + 2\nis 4\n\n")
        assert result.output.startswith("Reasoning: 2 + 2\nis 4\n\nan answer\n")

    @pytest.mark.parametrize("flag", ["--stream", "--no-stream", "--json"])
    def test_reasoning_whatever_the_output_version(self, aimlapi, elsewhere, monkeypatch, flag):
        """`LC_OUTPUT_VERSION` is for programs, and hides nothing here."""
        monkeypatch.setenv("LC_OUTPUT_VERSION", "v1")
        elsewhere.answer_next("It rains.", reasoning="Look outside.")
        result = aimlapi("chat", "Weather?", "-m", "gpt-4o", flag)

        if flag == "--json":
            shown = json.loads(result.stdout)
            assert (shown["text"], shown["reasoning"]) == ("It rains.", "Look outside.")
        else:
            assert result.stdout == "It rains.\n"
            assert "Reasoning: Look outside." in result.stderr

    @pytest.mark.parametrize("flag", ["--stream", "--no-stream", "--json"])
    def test_a_refusal(self, aimlapi, elsewhere, monkeypatch, flag):
        """What the model says instead of an answer is not hidden."""
        with Scripted({"refusal": "I cannot.", "content": None}) as service:
            monkeypatch.setenv("AIMLAPI_API_BASE", service.url)
            result = aimlapi("chat", "Hi", flag)

        if flag == "--json":
            assert json.loads(result.stdout)["refusal"] == "I cannot."
        else:
            assert result.stdout == "Refused: I cannot.\n"

    def test_sources_and_pictures(self, aimlapi, elsewhere):
        """Sources are listed once each, beside the answer; what cannot be shown is named."""
        pages = [{"url": "https://a.example/1", "title": "One"}, "https://a.example/2"]
        said = {"citations": [*pages, pages[1]], "images": [b"a picture"]}
        elsewhere.answer_next("It rains.", **said)
        result = aimlapi("chat", "Weather?", "-m", "gpt-4o")
        elsewhere.answer_next("It rains.", **said)
        shown = json.loads(aimlapi("chat", "Weather?", "-m", "gpt-4o", "--json").stdout)

        assert result.stdout == "It rains.\n"
        assert "[1] One https://a.example/1\n[2] https://a.example/2\n" in result.stderr
        assert "not shown here (image/" in result.stderr
        assert [each["url"] for each in shown["citations"]] == [
            *("https://a.example/1", "https://a.example/2"),
        ]
        assert shown["other_content"][0]["base64"]

    @pytest.mark.parametrize("flag", ["--stream", "--no-stream", "--json"])
    def test_a_reply_of_tool_calls(self, aimlapi, elsewhere, monkeypatch, flag):
        """Calls are the answer where there is no text."""
        call = {
            "id": "c1",
            "type": "function",
            "function": {"name": "weather", "arguments": '{"city": "Zürich"}'},
        }
        with Scripted({"tool_calls": [call]}, finish="tool_calls") as service:
            monkeypatch.setenv("AIMLAPI_API_BASE", service.url)
            result = aimlapi("chat", "Hi", flag)

        if flag == "--json":
            [shown] = json.loads(result.stdout)["tool_calls"]
            assert (shown["name"], shown["args"]) == ("weather", {"city": "Zürich"})
        else:
            assert result.stdout.strip() == 'Tool call: weather {"city": "Zürich"}'

    def test_an_address_holds_without_a_key(self, aimlapi, monkeypatch):
        """A server on this machine is asked; elsewhere the key is missed, and nothing is invented."""
        with Sandbox() as sandbox:
            monkeypatch.setenv("AIMLAPI_API_BASE", sandbox.base_url)
            local = aimlapi("chat", "Hi")
            assert len(sandbox.requests) == 1
        monkeypatch.setenv("AIMLAPI_API_BASE", "https://service.example/v1")
        remote = aimlapi("chat", "Hi")

        assert (local.exit_code, remote.exit_code) == (0, 1)
        assert "sandbox answers" not in local.stderr + remote.stderr
        assert "MissingAPIKeyError" in remote.stderr

    @pytest.mark.parametrize(
        ("model", "words"), [("gtp-4o", "gpt-4o"), ("unknown/foo", "gpt-4o-mini")]
    )
    def test_a_mistyped_model(self, aimlapi, elsewhere, model, words):
        """Ids near it are named, or well-known ones; servers may answer for any id."""
        result = aimlapi("chat", "Hi", "-m", model)

        assert f"The catalogue has no model {model!r}. " in result.stderr
        assert words in result.stderr

    def test_what_costs_nothing_is_shown_as_nothing(self, aimlapi, elsewhere, monkeypatch):
        """A cost of 0 was reported, and is not the same as none."""
        choice = {"index": 0, "message": {"content": "an answer"}, "finish_reason": "stop"}
        reply = {"id": "1", "model": "m", "choices": [choice], "meta": {"usage": {"usd_spent": 0}}}
        with Scripted(reply=reply) as service:
            monkeypatch.setenv("AIMLAPI_API_BASE", service.url)
            result = aimlapi("chat", "Hi", "--no-stream")
            answer = json.loads(aimlapi("chat", "Hi", "--json").stdout)

        assert "$0.000000" in result.stderr
        assert answer["cost"] == 0

    def test_what_was_not_reported_is_not_invented(self, aimlapi, elsewhere, monkeypatch):
        """No usage and no cost on the wire are none below the answer."""
        with Scripted({"content": "an answer"}) as service:
            monkeypatch.setenv("AIMLAPI_API_BASE", service.url)
            result = aimlapi("chat", "Hi")
            answer = json.loads(aimlapi("chat", "Hi", "--json").stdout)

        assert "tokens not reported" in result.stderr
        assert "cost not reported" in result.stderr
        assert answer["usage"] is answer["cost"] is None

    def test_a_cost_of_zero_is_a_cost(self, aimlapi, elsewhere, monkeypatch):
        """What is free of charge is not what was not reported."""
        free = {"meta": {"usage": {"usd_spent": 0}}, "id": "1", "object": "chat.completion"}
        message = {"role": "assistant", "content": "an answer"}
        reply = {**free, "choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}
        with Scripted(reply=reply) as service:
            monkeypatch.setenv("AIMLAPI_API_BASE", service.url)
            result = aimlapi("chat", "Hi", "--no-stream")

        assert "$0.000000" in result.stderr

    @pytest.mark.filterwarnings("default::langchain_aimlapi.UnsupportedParameterWarning")
    def test_warnings_are_one_line(self, aimlapi, elsewhere):
        """Without the file and the line of our own code."""
        result = aimlapi("chat", "Hi", "-m", "openai/gpt-5-5", "--temperature", "0.5")

        assert result.exit_code == 0
        assert result.stderr.startswith("openai/gpt-5-5 does not take 'temperature'")
        assert len(result.stderr.splitlines()) == 2


class TestFailures:
    """Status 1, a message, and no traceback."""

    @pytest.mark.parametrize(
        ("fault", "words"),
        [
            ("status_401", ["AuthenticationError", "AIMLAPI_API_KEY"]),
            ("out_of_credits", ["OutOfCreditsError", "Add credits"]),
            ("status_404", ["NotFoundError", "Ids near"]),
            ("context_overflow", ["ContextOverflowError", "Shorten"]),
            ("empty_200", ["ResponseFormatError"]),
        ],
    )
    @pytest.mark.parametrize("flag", ["--stream", "--no-stream", "--json"])
    def test_refusals(self, aimlapi, elsewhere, fault, words, flag):
        """The error's name, what the service said, and what to do."""
        elsewhere.fail_next(fault, 9)
        result = aimlapi("chat", "Hi", flag)

        assert (result.exit_code, result.stdout) == (1, "")
        assert all(word in result.stderr for word in words)
        assert "Traceback" not in result.stderr

    def test_half_an_answer(self, aimlapi, elsewhere):
        """What came is shown, the line is ended, and it is an error."""
        elsewhere.fail_next("cut_stream", 9)
        result = aimlapi("chat", "I love programming.")

        assert result.exit_code == 1
        assert result.stdout.startswith("Hello")
        assert result.stdout.endswith("\n")
        assert "StreamInterruptedError" in result.stderr

    def test_too_late(self, aimlapi, elsewhere):
        """`--timeout` is for the whole call."""
        elsewhere.fail_next("no_answer", 9)
        result = aimlapi("chat", "Hi", "--timeout", "0.2")

        assert result.exit_code == 1
        assert "AimlapiTimeoutError" in result.stderr

    def test_a_wrong_address(self, aimlapi, monkeypatch):
        """An address that is none is said to be none."""
        monkeypatch.setenv("AIMLAPI_API_KEY", "key")
        monkeypatch.setenv("AIMLAPI_API_BASE", "nowhere")
        result = aimlapi("chat", "Hi")

        assert result.exit_code == 1
        assert "ConfigurationError" in result.stderr
        assert "https://api.aimlapi.com/v1" in result.stderr

    @pytest.mark.parametrize(
        "arguments", [[], ["nope"], ["chat", ""], ["chat", "Hi", "--timeout", "0"]]
    )
    def test_wrong_usage(self, aimlapi, arguments):
        """The shell's own status for it, and help."""
        result = aimlapi(*arguments)

        assert result.exit_code == 2
        assert "Usage: " in result.output


class TestOutput:
    """Where output cannot go, and what is in it."""

    @pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a full disk to try")
    @pytest.mark.parametrize("command", [["chat", "Hi"], ["--version"]])
    def test_a_full_disk(self, elsewhere, command):
        """One line, status 1, no traceback."""
        with Path("/dev/full").open("w") as full:
            done = subprocess.run(  # noqa: S603  # our own command
                [*COMMAND, *command], stdout=full, stderr=subprocess.PIPE, text=True, check=False
            )

        assert done.returncode == 1
        assert done.stderr.splitlines()[-1].startswith("The output cannot be written: No space")
        assert "Traceback" not in done.stderr
        assert "Exception" not in done.stderr

    @pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")
    @pytest.mark.parametrize(
        ("command", "no_color"),
        [
            (["chat", "Hi", "-m", "gtp-4o"], "1"),
            (["chat", ""], "1"),
            (["--help"], "1"),
            (["--help"], ""),
        ],
    )
    def test_no_color(self, elsewhere, command, no_color):
        """On a terminal, NO_COLOR leaves no escape code of any kind; without it there are some."""
        shown = on_a_terminal([*COMMAND, *command], {"NO_COLOR": no_color})

        assert shown
        assert ("\x1b" in shown) == (not no_color)


def on_a_terminal(command, environment):
    """Run a command on a pseudo-terminal; return all that it showed."""
    import pty

    main, other = pty.openpty()
    with subprocess.Popen(  # noqa: S603  # our own command
        command,
        stdin=other,
        stdout=other,
        stderr=other,
        env={**os.environ, "TERM": "xterm-256color", **environment},
    ) as process:
        os.close(other)
        shown = b""
        with contextlib.suppress(OSError):  # the end of a terminal
            while data := os.read(main, 65536):
                shown += data
        process.wait(timeout=60)
    os.close(main)
    return shown.decode()


class TestHelp:
    """What can be read without doing anything."""

    @pytest.mark.parametrize("command", [[], ["chat"], ["sandbox"]])
    def test_the_short_option(self, aimlapi, command):
        """-h is --help."""
        assert aimlapi(*command, "-h").stdout == aimlapi(*command, "--help").stdout != ""

    def test_completion(self):
        """Shells complete commands and ids of models."""
        environment = {
            **os.environ,
            "_AIMLAPI_COMPLETE": "complete_bash",
            "COMP_WORDS": "aimlapi chat --model gpt-4o-m",
            "COMP_CWORD": "3",
        }
        program = Path(sys.executable).parent / "aimlapi"
        done = subprocess.run(  # noqa: S603  # our own command
            [program], env=environment, capture_output=True, text=True, check=False, timeout=60
        )

        assert "gpt-4o-mini" in done.stdout.split()

    def test_the_version(self, aimlapi):
        """One line."""
        assert aimlapi("--version").stdout == f"langchain-aimlapi {__version__}\n"

    @pytest.mark.parametrize("command", [[], ["chat"], ["sandbox"]])
    def test_help_starts_nothing(self, aimlapi, command):
        """Each command has help, and every option a word on it."""
        result = aimlapi(*command, "--help")

        assert result.exit_code == 0
        assert "Usage: " in result.stdout
        assert "AIMLAPI_API_KEY is not set" not in result.stderr

    def test_help_loads_no_server(self):
        """Nobody waits for a web server to read how it is started."""
        script = (
            "import sys; from typer.testing import CliRunner; "
            "from langchain_aimlapi.cli.app import app; "
            "CliRunner().invoke(app, ['sandbox', '--help']); "
            "print([m for m in ('aiohttp.web', 'langchain_aimlapi.sandbox') if m in sys.modules])"
        )
        done = subprocess.run(  # noqa: S603  # our own script
            [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
        )

        assert done.stdout == "[]\n"

    def test_the_faults_are_listed(self, aimlapi):
        """Each fault with what it does."""
        listed = aimlapi("sandbox", "--list-faults").stdout.splitlines()

        assert [line.split()[0] for line in listed] == list(FAULTS)

    def test_a_missing_extra_is_named(self, monkeypatch):
        """Without typer the command says what to install."""
        monkeypatch.setitem(sys.modules, "typer", None)
        for name in [name for name in sys.modules if name.startswith("langchain_aimlapi.cli.")]:
            monkeypatch.delitem(sys.modules, name)

        with pytest.raises(SystemExit, match=r"langchain-aimlapi\[cli\]"):
            main()


class TestSandbox:
    """`aimlapi sandbox`, in a process of its own."""

    def test_it_serves_until_it_is_interrupted(self):
        """It says where it is and how to use it, answers, and leaves without a word."""
        with subprocess.Popen(  # noqa: S603  # our own command
            [*COMMAND, "sandbox", "--port", "0"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as server:
            first, second = server.stdout.readline(), server.stdout.readline()
            exported = dict(word.split("=") for word in second.split()[1:])
            with urllib.request.urlopen(f"{exported['AIMLAPI_API_BASE']}/models") as reply:  # noqa: S310  # loopback
                models = json.load(reply)
            server.send_signal(signal.SIGINT)
            _, log = server.communicate(timeout=30)

        assert exported["AIMLAPI_API_BASE"] in first
        assert exported["AIMLAPI_API_KEY"] == "sandbox"
        assert models["data"]
        assert server.returncode == 0
        assert re.fullmatch(r"\d\d:\d\d:\d\d GET /v1/models - 200 \d+ ms -\n", log)

    def test_a_script(self, tmp_path):
        """It answers from a file, with one line per request that holds no key and no text."""
        script = tmp_path / "answers.json"
        script.write_text('[{"text": "It rains."}]', "utf-8")
        with subprocess.Popen(  # noqa: S603  # our own command
            [*COMMAND, "sandbox", "--port", "0", "--script", str(script)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as server:
            url = server.stdout.readline().split()[4].rstrip(";")
            llm = ChatAimlapi(model="gpt-4o", api_key="sk-secret", base_url=url)
            texts = [llm.invoke("private words").text for _ in range(2)]
            server.send_signal(signal.SIGINT)
            _, log = server.communicate(timeout=30)

        assert texts[0] == "It rains."
        lines = [line.split(maxsplit=1)[1] for line in log.splitlines()]
        assert re.fullmatch(r"POST /v1/chat/completions gpt-4o 200 \d+ ms script", lines[0])
        assert re.fullmatch(r"POST /v1/chat/completions gpt-4o 200 \d+ ms default", lines[1])

    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            (["--fault", "rate_limt"], "rate_limit"),
            (["--fault", "rate_limit:often"], "NAME:RATE"),
            (["--fault", "rate_limit:2"], "rate"),
            (["--tokens-per-second", "0"], "tokens_per_second"),
            (["--upstream", "here"], "upstream"),
            (["--script", "missing.yaml"], "missing.yaml: No such file"),
            (["--replay", "missing.jsonl"], "missing.jsonl: No such file"),
            (["--replay", "a.jsonl", "--record", "b.jsonl"], "replay goes with neither"),
        ],
    )
    def test_what_cannot_be_started(self, aimlapi, arguments, words):
        """Status 1 and the reason."""
        result = aimlapi("sandbox", *arguments)

        assert (result.exit_code, result.stdout) == (1, "")
        assert result.stderr.startswith("The sandbox cannot start: ")
        assert words in result.stderr

    def test_a_port_that_is_taken(self, aimlapi):
        """The port is named."""
        with Sandbox() as other:
            port = other.base_url.split(":")[2].removesuffix("/v1")
            result = aimlapi("sandbox", "--port", port)

        assert result.exit_code == 1
        assert f"port {port}" in result.stderr

    def test_an_interrupted_chat(self):
        """Ctrl-C while the model thinks ends the command without a traceback."""
        with Sandbox(faults="no_answer") as sandbox:
            environment = {
                **os.environ,
                "AIMLAPI_API_KEY": "key",
                "AIMLAPI_API_BASE": sandbox.base_url,
            }
            with subprocess.Popen(  # noqa: S603  # our own command
                [*COMMAND, "chat", "Hi"],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                env=environment,
            ) as command:
                while not sandbox.requests and command.poll() is None:
                    time.sleep(0.05)
                command.send_signal(signal.SIGINT)
                _, errors = command.communicate(timeout=30)

        assert command.returncode not in {0, 1}, errors
        assert "Traceback" not in errors
