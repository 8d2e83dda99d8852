"""`aimlapi chat` without a prompt, on a real pseudo-terminal; and Ctrl-C, there and in pipes."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import time

import pytest
from langchain_core.messages import AIMessage, AIMessageChunk, ToolMessage, messages_from_dict

from langchain_aimlapi.cli.chat import conversation, line_editor
from langchain_aimlapi.cli.chat.schema import read_schema
from langchain_aimlapi.cli.chat.session import Session, Turn
from langchain_aimlapi.cli.chat.tools import load_tool
from tests.test_cli import COMMAND
from tests.test_cli import on_a_terminal as shown_on_a_terminal

if sys.platform == "win32":
    pytest.skip("Windows has no pseudo-terminals", allow_module_level=True)

from .terminal import Terminal

SLOW = [f"word{number} " for number in range(200)]


@pytest.fixture
def sandbox(aimlapi_sandbox, monkeypatch, tmp_path):
    """A service that streams, and a history of the test's own."""
    monkeypatch.setenv("AIMLAPI_HISTORY", str(tmp_path / "own" / "history"))
    return aimlapi_sandbox


@pytest.fixture
def terminal(sandbox):
    """The conversation, ready for a prompt."""
    with Terminal("chat", "-m", "gpt-4o") as opened:
        opened.ready()
        yield opened


@pytest.fixture
def talk(sandbox, monkeypatch, capsys):
    """Say lines in a conversation in this process; return what was shown."""

    def say(*lines, **options):
        rest = iter(lines)

        class Typed:
            def read(self):
                for line in rest:
                    return line
                raise EOFError

        monkeypatch.setattr(conversation, "make_editor", Typed)
        conversation.converse(Session("gpt-4o", **options), [], markdown=True)
        shown = capsys.readouterr()
        return shown.out + shown.err

    return say


def asked(sandbox):
    return [request.body["messages"] for request in sandbox.requests]


class TestTalking:
    def test_it_remembers(self, terminal, sandbox):
        """Each prompt goes with all that was said before; Ctrl-D leaves."""
        sandbox.answer_next("Hello **you**.")
        sandbox.answer_next("Again.")
        terminal.type("Hi", until="stop")
        terminal.type("More", until="stop")
        terminal.press("\x04")

        assert terminal.end() == 0
        assert [each["content"] for each in asked(sandbox)[1]] == ["Hi", "Hello **you**.", "More"]
        assert "\x1b[1myou\x1b[0m" in terminal.output
        assert "Hello you." in terminal.lines
        assert "**" not in "".join(terminal.lines)

    def test_several_lines(self, terminal, sandbox):
        """By Alt-Enter, a backslash, quotes, or pasted."""
        terminal.press("one\x1b\rtwo")
        terminal.type("", until="stop")
        terminal.press("one\\\r")
        terminal.type("two", until="stop")
        terminal.press('"""one\r')
        terminal.type('two"""', until="stop")
        terminal.press("\x1b[200~one\ntwo\x1b[201~")
        terminal.type("", until="stop")

        assert [messages[-1]["content"] for messages in asked(sandbox)] == ["one\ntwo"] * 4

    def test_reasoning_is_dimmed(self, terminal, sandbox):
        sandbox.answer_next("It rains.", reasoning="Look outside.")
        terminal.type("Weather?", until="stop")

        assert "\x1b[2;3mLook" in terminal.output
        assert [line for line in terminal.lines if "Look" in line] == ["Look outside."]
        assert "It rains." in terminal.lines

    def test_an_answer_cannot_steer_the_terminal(self, terminal, sandbox):
        """Escape codes in it are left out, here and in reasoning."""
        sandbox.answer_next("a\x1b]0;title\x07b", reasoning="c\x1b[2Jd")
        terminal.type("Hi", until="stop")

        assert "\x1b]0;" not in terminal.output
        assert "\x1b[2J" not in terminal.output

    def test_the_history_is_kept(self, terminal, sandbox, tmp_path):
        """For the next conversation, and for nobody else."""
        path = tmp_path / "own" / "history"
        terminal.type("What was that?", until="stop")
        terminal.press("\x04")
        terminal.end()
        with Terminal("chat", "-m", "gpt-4o") as again:
            again.ready()
            again.press("\x1b[A")
            again.type("", until="stop")

        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert [each[-1]["content"] for each in asked(sandbox)] == ["What was that?"] * 2

    def test_an_error_ends_nothing(self, talk, sandbox):
        """The prompt can be asked again."""
        sandbox.fail_next("status_401")
        shown = talk("Hi", "/retry", "  ", "More")

        assert "AuthenticationError" in shown
        assert "/retry asks it again" in shown
        assert [[each["content"] for each in messages] for messages in asked(sandbox)[:2]] == [
            ["Hi"],
            ["Hi"],
        ]
        assert [each["role"] for each in asked(sandbox)[2]] == ["user", "assistant", "user"]

    def test_a_schema(self, talk, sandbox):
        sandbox.answer_next('{"name": "Zoë"}')
        shown = talk("A dog", schema=read_schema("name"))

        assert '{\n  "name": "Zoë"\n}\n' in shown

    def test_tools(self, talk, sandbox, tmp_path):
        """Calls and results are shown, and are part of what was said."""
        (tmp_path / "mine.py").write_text("def now() -> str:\n    return 'noon'\n", "utf-8")
        sandbox.answer_next(tool_calls=[{"name": "now", "args": {}}])
        sandbox.answer_next("It is noon.")
        shown = talk("What time is it?", "Thanks", tools=[load_tool(f"{tmp_path / 'mine.py'}:now")])

        assert "Tool call: now {}\nResult: noon\n" in shown
        roles = [each["role"] for each in asked(sandbox)[2]]
        assert roles == ["user", "assistant", "tool", "assistant", "user"]


class TestSlashCommands:
    def test_on_a_terminal(self, terminal):
        """Commands and ids are completed by Tab."""
        terminal.press("/mod\t")
        terminal.until("el")
        terminal.press(" gpt-4o-mini-2024\t")
        terminal.until("07-18")
        terminal.press("\r")
        terminal.until("Model: gpt-4o-mini-2024-07-18")
        terminal.ready()
        terminal.press("/exit\r")

        assert terminal.end() == 0

    def test_model_system_and_cost(self, talk, sandbox):
        shown = talk(
            *("Hi", "/model gpt-4o-mini", "/system Be brief.", "Hi again", "/system off"),
            *("/system", "/model", "/cost"),
        )

        first, second = (request.body for request in sandbox.requests)
        assert (first["model"], second["model"]) == ("gpt-4o", "gpt-4o-mini")
        assert second["messages"][0] == {"role": "system", "content": "Be brief."}
        assert "System prompt: none\nModel: gpt-4o-mini\n" in shown
        assert "\ngpt-4o-mini: 1 calls" in shown
        assert "\nin all: 2 calls" in shown

    def test_a_mistyped_model(self, talk):
        assert "gpt-4o" in talk("/model gtp-4o").split("has no model")[1]

    def test_files(self, talk, sandbox, tmp_path):
        """They go with the next prompt, and with no other."""
        (tmp_path / "my notes.txt").write_text("a note", "utf-8")
        shown = talk(
            *("/image https://example.com/cat.png", f"/file '{tmp_path / 'my notes.txt'}'"),
            *("What is this?", "/file nowhere.txt", "/file", "And now?"),
        )

        first, last = asked(sandbox)[0][0]["content"], asked(sandbox)[1][-1]["content"]
        assert [part["type"] for part in first] == ["text", "image_url", "text"]
        assert last == "And now?"
        assert "nowhere.txt: No such file" in shown
        assert "/file needs a file" in shown

    def test_retry_replaces(self, talk, sandbox):
        """The answer that is replaced is not sent again."""
        sandbox.answer_next("First.")
        shown = talk("/retry", "Hi", "/retry", "More")

        assert "there is no prompt yet" in shown
        assert [each["role"] for each in asked(sandbox)[1]] == ["user"]
        assert [each["role"] for each in asked(sandbox)[2]] == ["user", "assistant", "user"]
        assert asked(sandbox)[2][1]["content"] != "First."

    def test_save(self, talk, sandbox, tmp_path):
        """As Markdown or JSON; nothing that is there is replaced without being asked to."""
        markdown, data = tmp_path / "a.md", tmp_path / "a.json"
        sandbox.answer_next("Hello.")
        shown = talk(
            *("Hi", f"/save {markdown}", f"/save {data}", f"/save {markdown}"),
            *(f"/save -f {markdown}", f"/save {tmp_path / 'nowhere' / 'a.md'}"),
        )
        saved = json.loads(data.read_text("utf-8"))

        assert "## Prompt\n\nHi\n\n## Answer (gpt-4o)\n\nHello.\n" in markdown.read_text("utf-8")
        assert [each.text for each in messages_from_dict(saved["messages"])] == ["Hi", "Hello."]
        assert saved["model"] == "gpt-4o"
        assert shown.count("2 messages") == 3
        assert shown.count("is there already") == 1
        assert "No such file" in shown

    def test_help_and_mistakes(self, talk, sandbox):
        """A text that begins with a slash is sent by two of them."""
        shown = talk("/help", "/modle", "/xyz", "//usr/bin", "/exit", "never said")

        assert "/save [-f] FILE" in shown
        assert "Is it /model?" in shown
        assert "/help lists them all" in shown
        assert [messages[-1]["content"] for messages in asked(sandbox)] == ["/usr/bin"]


class TestWithoutEscapeCodes:
    @pytest.mark.parametrize("variable", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
    def test_a_plain_terminal(self, sandbox, variable):
        """Prompts, several lines and commands work by the terminal's own editing."""
        with Terminal("chat", "-m", "gpt-4o", **variable) as opened:
            opened.until("leaves.")
            opened.until("> ")
            opened.press("one\\\n")
            opened.until(". ")
            opened.press("two\n")
            opened.until("stop")
            opened.press("\x04")
            status = opened.end()

        assert status == 0
        assert asked(sandbox)[0][0]["content"] == "one\ntwo"
        assert "\x1b" not in opened.output

    def test_no_markdown(self, sandbox):
        """`--no-markdown` shows the answer as it came."""
        sandbox.answer_next("Hello **you**.")
        shown = shown_on_a_terminal([*COMMAND, "chat", "Hi", "--no-markdown"], {})

        assert "Hello **you**." in shown

    def test_markdown_of_one_answer(self, sandbox):
        sandbox.answer_next("Hello **you**.")
        shown = shown_on_a_terminal([*COMMAND, "chat", "Hi"], {})

        assert "Hello \x1b[1myou\x1b[0m." in shown


class TestInterrupted:
    def test_in_a_conversation(self, terminal, sandbox):
        """What came is kept, and the prompt is back."""
        sandbox.answer_next(chunks=SLOW, tokens_per_second=20)
        terminal.press("Count\r")
        terminal.until("word2")
        terminal.interrupt()
        terminal.until("What came is kept")
        terminal.ready()
        terminal.type("Go on", until="stop")
        kept = asked(sandbox)[1]

        assert [each["role"] for each in kept] == ["user", "assistant", "user"]
        assert kept[1]["content"].startswith("word0 word1 word2")
        assert "word199" not in kept[1]["content"]

    def test_at_the_prompt(self, terminal, sandbox):
        """What was typed is dropped, and how to leave is said."""
        terminal.press("half a prompt")
        terminal.press("\x03")
        terminal.until("/exit or Ctrl-D leaves")
        terminal.ready()
        terminal.type("Hi", until="stop")

        assert asked(sandbox)[0][0]["content"] == "Hi"

    def test_while_what_came_is_shown(self, sandbox, monkeypatch, talk):
        """A second press does not end the conversation, and loses no prompt."""
        presses = iter([True])

        def show(*_):
            if next(presses, False):
                raise KeyboardInterrupt

        monkeypatch.setattr(conversation, "show_outcome", show)
        shown = talk("Hi", "More")

        assert "/exit or Ctrl-D leaves" in shown
        assert [each["role"] for each in asked(sandbox)[1]] == ["user", "assistant", "user"]

    def test_before_the_answer_is_kept(self, sandbox, monkeypatch, talk):
        """The prompt can be asked again."""
        ask, presses = Session.ask, iter([True])

        def interrupted(*given):
            if next(presses, False):
                raise KeyboardInterrupt
            return ask(*given)

        monkeypatch.setattr(Session, "ask", interrupted)
        talk("Hi", "/retry")

        assert [each["content"] for each in asked(sandbox)[0]] == ["Hi"]

    @pytest.mark.parametrize("schema", [False, True])
    def test_in_a_pipe(self, sandbox, schema):
        """What came is shown, that it is not all is said beside it, and the exit code is 130."""
        sandbox.answer_next(chunks=SLOW, tokens_per_second=20)
        options = ["--schema", "name"] if schema else []
        with subprocess.Popen(  # noqa: S603  # our own command
            [*COMMAND, "chat", "Count", "-m", "gpt-4o", *options],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        ) as process:
            if schema:
                _wait_for(lambda: sandbox.requests)
                time.sleep(1)  # some of it has come by then
            else:
                first = process.stdout.read(6)
            process.send_signal(signal.SIGINT)
            rest, errors = process.communicate(timeout=60)

        assert process.returncode == 130
        assert b"Interrupted: " in errors
        assert b"Traceback" not in errors
        if schema:
            assert rest == b""
        else:
            assert (first + rest).startswith(b"word0 ")
            assert rest.endswith(b"\n")
            assert b"not the whole answer" in errors
            assert b"\x1b" not in rest + errors


class TestWhatIsKept:
    """Of a turn that did not come to its end: a history that every service takes."""

    CALL = AIMessage("I look.", tool_calls=[{"name": "now", "args": {}, "id": "1"}])
    CALLS = AIMessage("", tool_calls=[{"name": "now", "args": {}, "id": id_} for id_ in ("1", "2")])
    RESULT = ToolMessage("noon", tool_call_id="1")

    @pytest.mark.parametrize(
        ("messages", "partial", "kept"),
        [
            ([], None, []),
            ([], AIMessageChunk("Hel"), ["Hel"]),
            ([], AIMessageChunk(""), []),
            ([AIMessage("Hello")], None, ["Hello"]),
            ([CALL], None, ["I look."]),
            ([CALLS], None, []),
            ([CALLS, RESULT], None, []),
            ([CALL, RESULT], None, ["I look.", "noon"]),
            ([CALL, RESULT], AIMessageChunk("It is"), ["I look.", "noon", "It is"]),
        ],
    )
    @pytest.mark.parametrize("how", [{"interrupted": True}, {"error": "broke off"}])
    def test_no_call_without_its_result(self, messages, partial, kept, how):
        found = Turn([], messages=[*messages], partial=partial, **how).kept()
        called = [call["id"] for each in found if each.type == "ai" for call in each.tool_calls]

        assert [each.text for each in found] == kept
        assert called == [each.tool_call_id for each in found if each.type == "tool"]

    def test_all_of_a_whole_one(self):
        messages = [self.CALL, self.RESULT, AIMessage("Noon.")]

        assert Turn([], messages=[*messages]).kept() == messages


class TestLines:
    @pytest.mark.parametrize(
        ("text", "more", "tidied"),
        [
            ("one", False, "one"),
            ("one\\", True, "one"),
            ("one\\\ntwo", False, "one\ntwo"),
            ('"""one', True, "one"),
            ('"""one\ntwo"""', False, "one\ntwo"),
            ('say """', False, 'say """'),
            ("", False, ""),
        ],
    )
    def test_where_a_prompt_ends(self, text, more, tidied):
        assert line_editor.goes_on(text) == more
        assert line_editor.tidy(text) == tidied

    @pytest.mark.parametrize("word", ["", "0", "off", "OFF"])
    def test_no_history(self, monkeypatch, word):
        monkeypatch.setenv("AIMLAPI_HISTORY", word)

        assert line_editor.history_path() is None

    def test_a_folder_that_cannot_be_written_to(self, monkeypatch, tmp_path):
        """It costs the history alone."""
        (tmp_path / "file").write_text("", "utf-8")
        monkeypatch.setenv("AIMLAPI_HISTORY", str(tmp_path / "file" / "history"))

        assert list(line_editor._history().load_history_strings()) == []

    def test_the_place(self, monkeypatch, tmp_path):
        monkeypatch.setattr("platformdirs.user_data_path", lambda *_: tmp_path)

        assert line_editor.history_path() == tmp_path / "chat_history"


def _wait_for(condition):
    for _ in range(3000):
        if condition():
            return
        time.sleep(0.02)
    pytest.fail("it did not come to pass")
