"""`aimlapi image`, `speak` and what they share: files, formats, wrong use."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from langchain_aimlapi.cli.media import targets
from langchain_aimlapi.media import files

COMMAND = [sys.executable, "-W", "error", "-m", "langchain_aimlapi.cli"]
PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """The working folder of the commands."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def sandbox(aimlapi_sandbox):
    """A service with a key, set in the environment."""
    return aimlapi_sandbox


def ran(*arguments, stdin=None, stdout=subprocess.PIPE):
    """Run the command in a process of its own."""
    return subprocess.run(  # noqa: S603  # our own command
        [*COMMAND, *map(str, arguments)],
        input=stdin,
        stdout=stdout,
        stderr=subprocess.PIPE,
        check=False,
        timeout=60,
    )


class TestImage:
    def test_a_name_of_its_own(self, aimlapi, sandbox, folder):
        """Made of the prompt and the content; printed alone, with cost and time beside it."""
        result = aimlapi("image", "A red fox,\nin the snow!")

        assert (result.exit_code, result.stdout) == (0, "a-red-fox-in-the-snow.png\n")
        assert (folder / "a-red-fox-in-the-snow.png").read_bytes().startswith(PNG)
        assert result.stderr.startswith("openai/gpt-image-1 · $0.")
        assert [one.method for one in sandbox.requests] == ["POST", "GET"]

    def test_a_second_one_has_another_name(self, aimlapi, sandbox, folder):
        """What is there stays as it is."""
        (folder / "a-fox.jpg").write_bytes(b"mine")
        first, second = aimlapi("image", "a fox"), aimlapi("image", "a fox")

        assert (first.stdout, second.stdout) == ("a-fox-2.png\n", "a-fox-3.png\n")
        assert (folder / "a-fox.jpg").read_bytes() == b"mine"

    @pytest.mark.parametrize("output", ["fox.png", "fox"])
    def test_a_file_that_is_there(self, aimlapi, sandbox, folder, output):
        """Before anything is paid for; also where the ending is not known yet."""
        (folder / "fox.png").write_bytes(b"mine")
        refused = aimlapi("image", "a fox", "-o", output)

        assert refused.exit_code == 2
        assert "--force" in refused.stderr
        assert (sandbox.requests, (folder / "fox.png").read_bytes()) == ([], b"mine")

        assert aimlapi("image", "a fox", "-o", output, "--force").stdout == "fox.png\n"
        assert (folder / "fox.png").read_bytes().startswith(PNG)

    def test_one_that_came_in_the_meantime(self, aimlapi, sandbox, folder, monkeypatch):
        """What was paid for is kept, under a name that is free."""
        check = targets._check

        def late(target):
            check(target)
            (folder / "fox.png").write_bytes(b"mine")

        monkeypatch.setattr(targets, "_check", late)
        result = aimlapi("image", "a fox", "-o", "fox.png")

        assert result.exit_code == 0
        assert (folder / "fox.png").read_bytes() == b"mine"
        assert result.stdout == "fox-2.png\n"
        assert "fox-2.png" in result.stderr

    def test_a_folder(self, aimlapi, sandbox, folder):
        (folder / "out").mkdir()

        assert aimlapi("image", "a fox", "-o", "out").stdout == f"out{os.sep}a-fox.png\n"

    @pytest.mark.skipif(os.name == "nt", reason="Windows has no such permissions")
    def test_nowhere(self, aimlapi, sandbox, monkeypatch):
        """A folder that is missing or not ours, before anything is paid for."""
        assert aimlapi("image", "x", "-o", "none/fox.png").exit_code == 2
        monkeypatch.setattr("os.access", lambda *_: False)
        assert aimlapi("image", "x", "-o", "fox.png").exit_code == 2
        assert sandbox.requests == []

    def test_several(self, aimlapi, sandbox, folder):
        """Each its own file, and all of them checked before."""
        asked = ("image", "five foxes", "-m", "flux/dev", "-n", 2, "-o", "fox.png")
        (folder / "fox-2.png").touch()
        assert aimlapi(*asked).exit_code == 2
        (folder / "fox-2.png").unlink()
        result = aimlapi(*asked)

        assert result.stdout == "fox-1.png\nfox-2.png\n"
        assert sandbox.requests[0].body["num_images"] == 2

    def test_pictures_to_edit(self, aimlapi, sandbox, folder):
        """They go along as files."""
        aimlapi("image", "a fox", "-o", "fox.png")
        result = aimlapi("image", "at night", "-i", "fox.png", "--mask", "fox.png", "-o", "n.png")

        assert result.exit_code == 0, result.stderr
        assert sandbox.requests[2].path == "/v1/images/edits"

    def test_parameters(self, aimlapi, sandbox):
        """JSON, or else a text; a value the model does not take is wrong use."""
        ok = aimlapi("image", "x", "--param", "quality=high", "-p", "output_compression=50")
        bad = aimlapi("image", "x", "--param", "quality=odd")
        none = aimlapi("image", "x", "--param", "quality")

        body = sandbox.requests[0].body
        assert (body["quality"], body["output_compression"]) == ("high", 50)
        assert (ok.exit_code, bad.exit_code, none.exit_code) == (0, 2, 2)
        assert "'high'" in bad.stderr
        assert len(sandbox.requests) == 2  # one picture, and its file

    def test_json(self, aimlapi, sandbox, folder):
        """One object with everything that was reported."""
        shown = json.loads(aimlapi("image", "a fox", "--json").stdout)

        [file] = shown["files"]
        assert file["path"] == "a-fox.png"
        assert file["bytes"] == (folder / "a-fox.png").stat().st_size
        assert file["mime_type"] == "image/png"
        assert shown["cost"] == shown["cost_details"]["usd_spent"] > 0
        assert shown["inference_id"]
        assert shown["sandbox"] is False

    def test_without_a_key(self, aimlapi, folder):
        """The sandbox draws, and says so."""
        result = aimlapi("image", "a fox")

        assert result.stdout == "a-fox.png\n"
        assert "sandbox answers" in result.stderr

    def test_a_file_that_is_cut_off(self, aimlapi, sandbox, folder):
        """Nothing half is left, and the picture's address is said."""
        sandbox.fail_next("file_cut_off")
        result = aimlapi("image", "a fox")

        assert (result.exit_code, result.stdout) == (1, "")
        assert "Not written: http://127.0.0.1" in result.stderr
        assert list(folder.iterdir()) == []


class TestPrompt:
    def test_from_a_pipe(self, aimlapi, sandbox):
        for arguments in (["image", "-"], ["image"]):
            aimlapi(*arguments, stdin="a fox\n")
        prompts = [one.body["prompt"] for one in sandbox.requests if one.method == "POST"]

        assert prompts == ["a fox", "a fox"]

    @pytest.mark.parametrize("command", ["image", "speak"])
    def test_none(self, aimlapi, sandbox, command):
        assert aimlapi(command, stdin=" \n").exit_code == 2
        assert sandbox.requests == []

    @pytest.mark.parametrize(
        ("text", "name"),
        [
            ("A fox!", "a-fox"),
            ("../../etc/passwd", "etc-passwd"),
            ("Füchse im Schnee", "füchse-im-schnee"),
            ("…", "image"),
            ("word " * 40, "word-word-word-word-word-word-word-word-word"),
            ("x" * 99, "x" * 48),
        ],
    )
    def test_names(self, text, name):
        """Short, whole words, and never a path."""
        assert targets.slug(text, "image") == name


class TestModels:
    @pytest.mark.parametrize(
        ("command", "model", "right"),
        [
            ("chat", "openai/gpt-image-1", "aimlapi image"),
            ("image", "gpt-4o", "aimlapi chat"),
            ("image", "google/lyria2", "aimlapi music"),
            ("video", "openai/gpt-image-1", "aimlapi image"),
            ("music", "inworld/tts-1", "aimlapi speak"),
            ("speak", "aai/universal", "aimlapi transcribe"),
            ("transcribe", "mistral-ocr-latest", "aimlapi ocr"),
            ("ocr", "text-embedding-3-small", "aimlapi embed"),
            ("embed", "alibaba/happyhorse-1-0", "aimlapi video"),
        ],
    )
    def test_another_kind(self, aimlapi, sandbox, command, model, right):
        """The command that is for it is named, and nothing is sent."""
        result = aimlapi(command, "x", "-m", model)

        assert result.exit_code == 2
        assert right in result.stderr
        assert sandbox.requests == []

    def test_a_mistyped_id(self, aimlapi, sandbox):
        """Ids near it are named; a server that knows it would answer."""
        result = aimlapi("image", "x", "-m", "openai/gpt-imge-1")

        assert "Ids near it: openai/gpt-image-1" in result.stderr
        assert result.exit_code == 1

    def test_an_id_like_none(self, aimlapi, sandbox):
        assert "aimlapi models --type music" in aimlapi("music", "x", "-m", "qqq").stderr

    @pytest.mark.parametrize("model", ["text-embedding-3-small", "voyage-law-2"])
    def test_one_that_is_known(self, aimlapi, sandbox, model):
        assert "catalogue" not in aimlapi("embed", "x", "-m", model).stderr


class TestSpeak:
    def test_a_file(self, aimlapi, sandbox, folder):
        result = aimlapi("speak", "Good morning", "--voice", "Ashley", "--json")
        shown = json.loads(result.stdout)

        assert (folder / "good-morning.wav").read_bytes().startswith(b"RIFF")
        assert shown["files"][0]["path"] == "good-morning.wav"
        assert shown["files"][0]["bytes"] == (folder / "good-morning.wav").stat().st_size
        assert shown["cost"] > 0
        assert sandbox.requests[0].body["voice"] == "Ashley"

    def test_it_is_written_in_pieces(self, aimlapi, sandbox, monkeypatch):
        """Piece by piece, not whole."""
        pieces = []
        write = files.write

        def counted(path, stream, **options):
            return write(path, (pieces.append(one) or one for one in stream), **options)

        monkeypatch.setattr(files, "write", counted)
        result = aimlapi("speak", "word " * 40, "-m", "minimax/speech-2.5-turbo-preview")

        assert result.exit_code == 0, result.stderr
        assert len(pieces) > 1

    def test_audio_that_breaks_off(self, aimlapi, sandbox, folder):
        """An error, and no short file that looks whole."""
        sandbox.fail_next("file_cut_off")
        result = aimlapi("speak", "Good morning")

        assert (result.exit_code, result.stdout) == (1, "")
        assert "Error: " in result.stderr
        assert list(folder.iterdir()) == []

    def test_no_room(self, aimlapi, sandbox, folder, monkeypatch):
        """One line that names the file, and status 1."""

        def full(*_, **__):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(files, "write", full)
        result = aimlapi("speak", "Good morning", "-o", "m.wav")

        assert result.exit_code == 1
        assert "m.wav cannot be written: No space left on device" in result.stderr


class TestStandardOutput:
    def test_a_pipe(self, sandbox):
        """The bytes of the file, and nothing else."""
        image = ran("image", "a fox", "-o", "-")
        audio = ran("speak", "Hello", "-o", "-")

        assert image.returncode == audio.returncode == 0
        assert image.stdout.startswith(PNG)
        assert image.stdout.endswith(b"IEND\xaeB`\x82")
        assert audio.stdout.startswith(b"RIFF")
        assert b"$0." in image.stderr

    def test_a_terminal(self, aimlapi, sandbox, monkeypatch):
        """It would show noise, so it is refused before anything is paid for."""
        monkeypatch.setattr(targets.sys, "stdout", io.StringIO())
        monkeypatch.setattr(targets.sys.stdout, "isatty", lambda: True, raising=False)
        with pytest.raises(targets.typer.BadParameter, match="terminal"):
            targets.find_target("-", "x", force=False)

    def test_with_json(self, aimlapi, sandbox):
        """Both would go there."""
        assert aimlapi("image", "x", "-o", "-", "--json").exit_code == 2
        assert aimlapi("image", "x", "-o", "-", "-n", 2).exit_code == 2
        assert sandbox.requests == []

    @pytest.mark.skipif(os.name == "nt", reason="a closed pipe is another error there")
    @pytest.mark.parametrize("command", [["speak", "word " * 2000], ["embed", *"abcdefgh" * 9]])
    def test_a_closed_pipe(self, sandbox, command):
        """Who reads no more gets no complaint, as from other commands."""
        with subprocess.Popen(  # noqa: S603  # our own command
            [*COMMAND, *command, "-o", "-"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as process:
            process.stdout.read(1)
            process.stdout.close()
            said = process.stderr.read().decode()
            code = process.wait(timeout=60)

        assert code == 1
        assert "Traceback" not in said
        assert "rror" not in said

    @pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a full disk to try")
    @pytest.mark.parametrize(
        "command", [["image", "a fox", "-o", "-"], ["image", "a fox"], ["embed", "a"]]
    )
    def test_a_full_disk(self, sandbox, command):
        """One line, status 1, no traceback."""
        with Path("/dev/full").open("wb") as full:
            done = ran(*command, stdout=full)
        said = done.stderr.decode()

        assert done.returncode == 1
        assert said.splitlines()[-1].startswith("The output cannot be written: No space")
        assert "Traceback" not in said


def test_help_loads_nothing_heavy():
    """Nobody waits for LangChain or an HTTP library to read what a command takes."""
    script = (
        "import sys; from typer.testing import CliRunner; "
        "from langchain_aimlapi.cli.app import app; "
        "[CliRunner().invoke(app, [name, '--help']) for name in "
        "('image', 'video', 'music', 'speak', 'transcribe', 'ocr', 'embed')]; "
        "print([m for m in ('langchain_core', 'httpx2', 'aiohttp', 'orjson', "
        "'langchain_aimlapi.media') if m in sys.modules])"
    )
    done = subprocess.run(  # noqa: S603  # our own script
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
    )

    assert done.stdout == "[]\n"
