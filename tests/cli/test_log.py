"""`aimlapi log`: what is kept, found again and gone on with, and what files it takes."""

from __future__ import annotations

import json
import os
import sqlite3
import stat
import subprocess
import sys
import threading

import pytest

from langchain_aimlapi.cli.chat import conversation
from langchain_aimlapi.cli.chat.command import with_last_conversation
from langchain_aimlapi.cli.chat.recording import Recorder
from langchain_aimlapi.cli.chat.session import Session
from langchain_aimlapi.cli.log import database, migrations
from langchain_aimlapi.cli.log.database import Entry, Log, LogError, match_expression
from tests.test_cli import COMMAND

KEY = "b747e891aaaabbbbccccddddeeeeffff"


@pytest.fixture
def path(tmp_path, monkeypatch):
    """The file, by the environment."""
    monkeypatch.setenv("AIMLAPI_LOG", str(tmp_path / "own" / "log.db"))
    return tmp_path / "own" / "log.db"


@pytest.fixture
def sandbox(aimlapi_sandbox):
    return aimlapi_sandbox


def entries(path):
    with Log(path) as log:
        return log.find()[::-1]


class TestWhatIsKept:
    def test_nothing_unless_asked_for(self, aimlapi, sandbox, monkeypatch, tmp_path):
        monkeypatch.setattr("platformdirs.user_data_path", lambda *_: tmp_path)
        aimlapi("chat", "Hi")
        assert list(tmp_path.iterdir()) == []

        aimlapi("chat", "Hi", "--log")
        assert [each.prompt for each in entries(tmp_path / "log.db")] == ["Hi"]

        monkeypatch.setenv("AIMLAPI_LOG", "1")
        aimlapi("chat", "Again")
        aimlapi("chat", "Not this", "--no-log")
        monkeypatch.setenv("AIMLAPI_LOG", "off")
        aimlapi("chat", "Nor this")
        assert [each.prompt for each in entries(tmp_path / "log.db")] == ["Hi", "Again"]

    @pytest.mark.parametrize("flag", ["--stream", "--no-stream", "--json"])
    def test_a_call(self, aimlapi, sandbox, path, flag):
        """Prompt, answer, tokens, USD, ids; the file is the user's alone."""
        sandbox.answer_next("It rains.", reasoning="Look outside.")
        result = aimlapi(
            *("chat", "Weather?", "-m", "gpt-4o", "-s", "Be brief.", "-p", "top_p=0.5", flag)
        )
        [entry] = entries(path)

        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert (entry.prompt, entry.answer, entry.status) == ("Weather?", "It rains.", "done")
        assert (entry.model, entry.system) == ("gpt-4o", "Be brief.")
        assert (entry.reasoning, entry.parameters) == ("Look outside.", {"top_p": 0.5})
        assert entry.input_tokens > 0 < entry.output_tokens
        assert entry.usd > 0
        assert entry.inference_id
        if flag == "--json":
            assert json.loads(result.stdout)["log_id"] == entry.id

    def test_the_key_is_not_kept(self, aimlapi, sandbox, path, monkeypatch):
        """Even where it was typed into the prompt, or the model says it."""
        monkeypatch.setenv("AIMLAPI_API_KEY", KEY)
        sandbox.answer_next(f"Your key is {KEY}.")
        sandbox.fail_next("status_401")
        aimlapi("chat", f"My key is {KEY}", "-s", KEY)
        aimlapi("chat", f"My key is {KEY}", "-s", KEY, "-p", f"user={KEY}")

        assert len(entries(path)) == 2
        assert KEY.encode() not in path.read_bytes()

    def test_an_error(self, aimlapi, sandbox, path):
        """It is kept, and no conversation goes on with it."""
        sandbox.fail_next("status_401")
        aimlapi("chat", "Hi")
        [entry] = entries(path)

        assert (entry.status, entry.answer) == ("failed", "")
        assert "AuthenticationError" in entry.error

    def test_a_tool(self, aimlapi, sandbox, path, tmp_path):
        """All rounds count, and belong to the conversation."""
        (tmp_path / "mine.py").write_text("def now() -> str:\n    return 'noon'\n", "utf-8")
        sandbox.answer_next(tool_calls=[{"name": "now", "args": {}}], usage={"input_tokens": 5})
        sandbox.answer_next("It is noon.", usage={"input_tokens": 7})
        aimlapi("chat", "Time?", "-m", "gpt-4o", "--tool", f"{tmp_path / 'mine.py'}:now")
        aimlapi("chat", "Thanks", "--continue")

        assert entries(path)[0].input_tokens == 12
        roles = [each["role"] for each in sandbox.requests[-1].body["messages"]]
        assert roles == ["user", "assistant", "tool", "assistant", "user"]

    def test_what_cannot_be_written_costs_no_answer(self, aimlapi, sandbox, path, monkeypatch):
        """A full disk, for one."""

        def full(*_, **__):
            raise sqlite3.OperationalError("database or disk is full")

        monkeypatch.setattr(Log, "_add", full)
        result = aimlapi("chat", "Hi")

        assert (result.exit_code, result.stdout.startswith("Hello")) == (0, True)
        assert "cannot be written to: database or disk is full" in result.stderr


class TestFinding:
    @pytest.fixture
    def filled(self, path):
        with Log(path) as log:
            for prompt, answer, model in [
                ("How do I boil an egg?", "Seven minutes.", "gpt-4o"),
                ('C++ or "Rust"?', "Über alles Rust.", "claude"),
                ("Eggs again", "Boil them.", "gpt-4o"),
            ]:
                log.add(Entry(model, prompt, answer, input_tokens=3, output_tokens=2, usd=0.5))
        return path

    @pytest.mark.parametrize(
        ("arguments", "ids"),
        [
            ([], [3, 2, 1]),
            (["boil"], [3, 1]),
            (["boil minutes"], [1]),
            (["egg"], [1]),
            (["egg*"], [3, 1]),
            (['"boil an egg"'], [1]),
            (['"an boil"'], []),
            (["uber"], [2]),
            (["C++"], [2]),
            (['"'], []),
            (["OR AND NOT"], []),
            (["-m", "claude"], [2]),
            (["-m", "claude", "-m", "gpt-4o", "-n", "2"], [3, 2]),
            (["-n", "0"], [3, 2, 1]),
            (["prompt:egg"], []),
        ],
    )
    def test_words_and_filters(self, aimlapi, filled, arguments, ids):
        """Whatever is typed is looked for as it stands; no word is an operator."""
        result = aimlapi("log", *arguments)

        assert result.exit_code == 0
        assert [int(line.split("\t")[0]) for line in result.stdout.splitlines()] == ids

    def test_a_row(self, aimlapi, filled):
        result = aimlapi("log", "again")
        row = result.stdout.rstrip("\n").split("\t")

        assert result.stderr == "1 entry\n"
        assert aimlapi("log", "-n", "2").stderr == "2 entries; --limit 0 shows all\n"
        assert aimlapi("log", "-n", "0").stderr == "3 entries\n"
        assert row[2:] == ["gpt-4o", "3", "2", "0.500000", "Eggs again", "Boil them."]

    def test_json(self, aimlapi, filled):
        shown = json.loads(aimlapi("log", "--json", "-n", "1").stdout)

        assert [(each["id"], each["usd"]) for each in shown] == [(3, 0.5)]
        assert json.loads(aimlapi("log", "--id", "2", "--json").stdout)["messages"] == []

    def test_one(self, aimlapi, filled):
        result = aimlapi("log", "--id", "1")

        assert result.exit_code == 0
        for words in ("USD            0.500000", "Prompt\n\nHow do I", "Answer\n\nSeven minutes."):
            assert words in result.stdout

    def test_one_of_the_sandbox(self, aimlapi, path):
        """It is no model's answer, and that is said; so is what another answer replaced."""
        with Log(path) as log:
            log.add(Entry("gpt-4o", "Hi", "Hello", sandbox=True))
            log.add(Entry("gpt-4o", "Hi", "Hello", conversation=1), replaces=1)
        first, second = (aimlapi("log", "--id", number).stdout for number in (1, 2))

        assert "Answered by    the sandbox" in first
        assert "done, replaced by another answer" in first
        assert "sandbox" not in second
        assert "replaced" not in second

    def test_a_closed_log(self, path):
        """The file is let go of."""
        with Log(path) as log:
            pass
        with pytest.raises(LogError, match="closed"):
            log.find()

    def test_one_that_is_not_there(self, aimlapi, filled):
        result = aimlapi("log", "--id", "99")

        assert (result.exit_code, result.stdout) == (1, "")
        assert "no entry 99" in result.stderr

    def test_no_log(self, aimlapi, path):
        """How to keep one is said, and none is made by looking."""
        assert json.loads(aimlapi("log", "--json").stdout) == []
        result = aimlapi("log")

        assert (result.exit_code, result.stdout) == (0, "")
        assert "AIMLAPI_LOG" in result.stderr
        assert aimlapi("log", "--id", "1").exit_code == 1
        assert not path.exists()

    def test_where_it_is(self, aimlapi, path):
        assert aimlapi("log", "--path").stdout == f"{path}\n"

    @pytest.mark.parametrize("wrong", [["-n", "-1"], ["--id", "x"], ["--id", "0"], ["a", "b"]])
    def test_wrong_use(self, aimlapi, path, wrong):
        assert aimlapi("log", *wrong).exit_code == 2

    def test_terms(self):
        assert match_expression('a* "b c" d"e *') == '"a"* "b c" "d""e" "*"'
        assert match_expression(' "" ') == ""


class TestGoingOn:
    def test_with_the_last(self, aimlapi, sandbox, path):
        """With its model and system prompt, unless others are given; and that is logged, too."""
        aimlapi("chat", "One", "-m", "gpt-4o", "-s", "Be brief.")
        aimlapi("chat", "Two", "--continue")
        aimlapi("chat", "-c", "Three", "-m", "gpt-4o-mini", "-s", "Be long.")
        last, before = sandbox.requests[-1].body, sandbox.requests[-2].body

        assert [each["role"] for each in before["messages"]] == [
            *("system", "user", "assistant", "user"),
        ]
        assert (before["model"], before["messages"][0]["content"]) == ("gpt-4o", "Be brief.")
        assert [each["content"] for each in last["messages"][1::2]] == ["One", "Two", "Three"]
        assert (last["model"], last["messages"][0]["content"]) == ("gpt-4o-mini", "Be long.")
        assert {each.conversation for each in entries(path)} == {1}

    def test_with_another(self, aimlapi, sandbox, path):
        aimlapi("chat", "One")
        aimlapi("chat", "Other")
        aimlapi("chat", "Two", "--continue", "1")
        aimlapi("chat", "Three", "--continue=1", "--no-log")

        sent = [each["content"] for each in sandbox.requests[-1].body["messages"][::2]]
        assert sent == ["One", "Two", "Three"]
        assert [each.conversation for each in entries(path)] == [1, 2, 1]

    def test_without_being_asked_to_log(self, aimlapi, sandbox, monkeypatch, tmp_path):
        """Else the next time would go on without what was said this time."""
        monkeypatch.setattr("platformdirs.user_data_path", lambda *_: tmp_path)
        aimlapi("chat", "One", "--log")
        aimlapi("chat", "Two", "--continue")

        assert len(entries(tmp_path / "log.db")) == 2

    def test_with_a_picture(self, aimlapi, sandbox, path, tmp_path):
        """What was attached is sent again."""
        aimlapi("chat", "What?", "-m", "gpt-4o", "--image", "https://example.com/cat.png")
        aimlapi("chat", "And?", "-c")

        content = sandbox.requests[-1].body["messages"][0]["content"]
        assert content[1]["image_url"]["url"] == "https://example.com/cat.png"

    @pytest.mark.parametrize("number", ["7", ""])
    def test_with_nothing(self, aimlapi, sandbox, path, number):
        result = aimlapi("chat", "Hi", "--continue", *([number] if number else []))

        assert (result.exit_code, sandbox.requests) == (1, [])
        assert "nothing to go on with" in result.stderr

    def test_with_what_is_no_id(self, aimlapi, sandbox, path):
        assert aimlapi("chat", "Hi", "--continue=x").exit_code == 2

    @pytest.mark.parametrize(
        ("given", "read"),
        [
            (["-c"], ["-c", "last"]),
            (["--continue", "12", "Hi"], ["--continue", "12", "Hi"]),
            (["--continue", "Hi"], ["--continue", "last", "Hi"]),
            (["Hi", "-c", "-m", "x"], ["Hi", "-c", "last", "-m", "x"]),
            (["--continue=12"], ["--continue=12"]),
            (["--", "-c"], ["--", "-c"]),
        ],
    )
    def test_the_value_may_be_missing(self, given, read):
        assert with_last_conversation(given) == read

    def test_a_conversation(self, sandbox, path, monkeypatch):
        """Each turn is an entry; an answer that was replaced is not gone on with."""
        lines = iter(["One", "/retry", "Two"])

        class Typed:
            def read(self):
                for line in lines:
                    return line
                raise EOFError

        monkeypatch.setattr(conversation, "make_editor", Typed)
        sandbox.answer_next("Bad.")
        sandbox.answer_next("Good.")
        with Log(path) as log:
            conversation.converse(Session("gpt-4o"), [], Recorder(log), markdown=False)
            kept = entries(path)
            again = Recorder(log, log.entry(1))

            assert [(each.conversation, each.replaced) for each in kept] == [
                *((1, True), (1, False), (1, False)),
            ]
            assert [each.text for each in again.messages][:3] == ["One", "Good.", "Two"]
            assert again.earlier.id == 3


class TestFiles:
    def test_an_older_file_is_brought_up(self, path, monkeypatch):
        """What was written then is found now."""
        monkeypatch.setattr(migrations, "MIGRATIONS", migrations.MIGRATIONS[:1])
        with Log(path) as log:
            log.add(Entry("gpt-4o", "An old question", "An old answer"))
        monkeypatch.undo()
        with Log(path) as log:
            assert [each.answer for each in log.find("question")] == ["An old answer"]
            log.add(Entry("gpt-4o", "A new question", "A new answer"))
            assert len(log.find("question")) == 2
        with sqlite3.connect(path) as db:
            names = [name for (name,) in db.execute("SELECT name FROM migrations ORDER BY rowid")]
        db.close()

        assert names == ["create_entries", "search_entries"]

    def test_what_is_deleted_is_not_found(self, path):
        """It is an ordinary SQLite file, which people may take rows out of."""
        with Log(path) as log:
            log.add(Entry("gpt-4o", "A question", "An answer"))
            with sqlite3.connect(path) as db:
                db.execute("DELETE FROM entries")
            db.close()
            assert log.find("question") == []
            with sqlite3.connect(path) as db:
                db.execute("INSERT INTO entries_text (entries_text) VALUES ('integrity-check')")
            db.close()

    def test_a_step_that_fails_leaves_the_file_as_it_was(self, path, monkeypatch):
        broken = migrations.Migration("broken", ("CREATE TABLE a (b)", "nonsense"))
        Log(path).close()
        monkeypatch.setattr(migrations, "MIGRATIONS", (*migrations.MIGRATIONS, broken))
        with pytest.raises(LogError, match="syntax error"):
            Log(path)
        monkeypatch.undo()

        assert entries(path) == []

    def test_a_newer_file_is_refused(self, aimlapi, sandbox, path):
        """In one sentence, before anything is asked."""
        Log(path).close()
        with sqlite3.connect(path) as db:
            db.execute("INSERT INTO migrations VALUES ('from_the_future')")
        db.close()
        for command in (["log"], ["chat", "Hi"], ["chat", "Hi", "--continue"]):
            result = aimlapi(*command)

            assert (result.exit_code, result.stdout) == (1, "")
            assert len(result.stderr.splitlines()) == 1
            assert "newer version" in result.stderr
            assert "from_the_future" in result.stderr
        assert sandbox.requests == []

    def test_a_file_of_something_else(self, aimlapi, path):
        """It is left alone."""
        path.parent.mkdir()
        with sqlite3.connect(path) as db:
            db.execute("CREATE TABLE others (a)")
        db.close()
        before = path.read_bytes()
        assert "a database of something else" in aimlapi("log").stderr
        assert path.read_bytes() == before

        path.write_text("no database at all, but long enough to look like one " * 20, "utf-8")
        result = aimlapi("log")
        assert (result.exit_code, "cannot be used" in result.stderr) == (1, True)

    def test_a_place_that_cannot_be_written_to(self, aimlapi, sandbox, monkeypatch, tmp_path):
        (tmp_path / "file").write_text("", "utf-8")
        monkeypatch.setenv("AIMLAPI_LOG", str(tmp_path / "file" / "log.db"))
        result = aimlapi("chat", "Hi")

        assert (result.exit_code, sandbox.requests) == (1, [])
        assert "cannot be opened" in result.stderr

    def test_two_processes_at_once(self, path):
        """Each makes the file if need be, and no entry is lost."""
        script = (
            "import sys\n"
            "from pathlib import Path\n"
            "from langchain_aimlapi.cli.log.database import Entry, Log\n"
            "sys.stdin.readline()\n"
            "with Log(Path(sys.argv[1])) as log:\n"
            "    for number in range(100):\n"
            "        log.add(Entry('m', f'{sys.argv[2]} {number}', 'answer'))\n"
        )
        running = [
            subprocess.Popen(  # noqa: S603  # our own script
                [sys.executable, "-c", script, str(path), name],
                stdin=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            for name in ("a", "b")
        ]
        for each in running:
            each.stdin.write("go\n")
            each.stdin.flush()
        errors = [each.communicate(timeout=100)[1] for each in running]
        prompts = [each.prompt for each in entries(path)]

        assert errors == ["", ""]
        assert sorted(prompts) == sorted(f"{name} {n}" for name in "ab" for n in range(100))
        assert len({each.conversation for each in entries(path)}) == 200

    def test_many_threads_make_it(self, path):
        """The tables are made once."""
        failed = []
        together = threading.Barrier(8)

        def make():
            together.wait()
            try:
                Log(path).close()
            except LogError as error:
                failed.append(error)

        threads = [threading.Thread(target=make) for _ in range(8)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()

        assert failed == []

    def test_the_default_place(self, monkeypatch, tmp_path):
        monkeypatch.setattr("platformdirs.user_data_path", lambda *_: tmp_path)
        for word, wanted in {"": None, "0": None, "ON": tmp_path / "log.db"}.items():
            monkeypatch.setenv("AIMLAPI_LOG", word)
            assert database.log_path() == wanted


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT to send")
def test_an_interrupted_answer_is_kept(sandbox, path):
    """With what came of it, and the conversation goes on."""
    import signal

    sandbox.answer_next(chunks=[f"word{n} " for n in range(200)], tokens_per_second=20)
    with subprocess.Popen(  # noqa: S603  # our own command
        [*COMMAND, "chat", "Count", "-m", "gpt-4o"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=os.environ.copy(),
    ) as process:
        process.stdout.read(6)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    [entry] = entries(path)

    assert (process.returncode, entry.status) == (130, "interrupted")
    assert entry.answer.startswith("word0 ")
    with Log(path) as log:
        assert [each.type for each in Recorder(log, entry).messages] == ["human", "ai"]
