"""`aimlapi video` and `music`: jobs that no end of a command loses."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from langchain_aimlapi.cli._service import Service
from langchain_aimlapi.cli.media.jobs import JobRun
from langchain_aimlapi.cli.media.progress import Progress
from langchain_aimlapi.errors import AimlapiConnectionError
from langchain_aimlapi.media import AimlapiVideos
from langchain_aimlapi.sandbox import Sandbox

COMMAND = [sys.executable, "-W", "error", "-m", "langchain_aimlapi.cli"]
SUBMITTED = "/v2/video/generations"


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """The working folder of the commands."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def no_pauses(monkeypatch):
    """Looks at a job follow one another at once."""
    clock = SimpleNamespace(sleep=lambda _: None, monotonic=time.monotonic)
    monkeypatch.setattr("langchain_aimlapi.media.job.time", clock)


@pytest.fixture
def sandbox(aimlapi_sandbox, no_pauses):
    """A service with a key, whose jobs take two looks."""
    return aimlapi_sandbox


def submissions(sandbox):
    """How often the service was paid."""
    return sum(one.method == "POST" for one in sandbox.requests)


class TestWhole:
    def test_a_video(self, aimlapi, sandbox, folder):
        """States and cost beside it, the path alone on standard output."""
        result = aimlapi("video", "A red fox runs", "--duration", 5, "--seed", 7)
        lines = [line.partition(" · ")[0] for line in result.stderr.splitlines()]

        assert (result.exit_code, result.stdout) == (0, "a-red-fox-runs.mp4\n")
        assert (folder / "a-red-fox-runs.mp4").read_bytes()[4:8] == b"ftyp"
        assert lines[0].startswith("Job ")
        assert lines[1:] == ["queued", "running", "completed", "alibaba/happyhorse-1-0"]
        assert "completed · $0.250000 · " in result.stderr
        assert (sandbox.requests[0].body["duration"], submissions(sandbox)) == (5, 1)

    def test_pictures_go_along(self, aimlapi, sandbox, folder):
        """One is the first frame, several are references."""
        (folder / "fox.png").write_bytes(b"\x89PNG\r\n\x1a\n")
        address = "https://example.com/fox.png"
        aimlapi("video", "x", "-i", "fox.png")
        aimlapi("video", "x", "-i", address, "-i", address)
        first, second = (one.body for one in sandbox.requests if one.method == "POST")

        assert first["image_url"].startswith("data:image/png;base64,")
        assert second["reference_image_urls"] == [address, address]

    def test_music(self, aimlapi, sandbox, folder):
        """One object, with the job's id."""
        result = aimlapi("music", "Slow piano", "--negative-prompt", "drums", "--json")
        shown = json.loads(result.stdout)

        assert shown["files"][0]["path"] == "slow-piano.wav"
        assert f"Job {shown['job']}\n" in result.stderr
        assert shown["cost"] > 0
        assert sandbox.requests[0].body["negative_prompt"] == "drums"

    def test_without_waiting(self, aimlapi, sandbox, folder):
        """The id alone on standard output, and the job can be picked up."""
        left = aimlapi("video", "A fox", "--no-wait", "-o", "fox.mp4")
        told = json.loads(aimlapi("video", "A fox", "--no-wait", "--json").stdout)
        [line] = [line for line in left.stderr.splitlines() if "aimlapi video" in line]
        assert left.stdout.strip() in line
        assert not (folder / "fox.mp4").exists()

        assert aimlapi(*shlex.split(line)[1:]).stdout == "fox.mp4\n"
        assert aimlapi(*shlex.split(told["command"])[1:]).exit_code == 0
        assert submissions(sandbox) == 2


class TestWrongUse:
    @pytest.mark.parametrize(
        "arguments",
        [
            ("a fox", "--job", "x"),
            ("--job", "x", "--seed", 1),
            ("--job", "x", "--param", "a=1"),
            ("--job", "x", "--no-wait"),
        ],
    )
    def test_a_job_with_an_input(self, aimlapi, sandbox, arguments):
        assert aimlapi("video", *arguments).exit_code == 2
        assert sandbox.requests == []

    @pytest.mark.parametrize("arguments", [("--job", "x"), ("a fox", "--no-wait")])
    def test_jobs_of_a_sandbox_that_ends(self, aimlapi, arguments):
        """They cannot be picked up, which is said at once."""
        result = aimlapi("video", *arguments)

        assert result.exit_code == 2
        assert "ends with it" in result.stderr

    def test_a_job_that_nobody_knows(self, aimlapi, sandbox):
        result = aimlapi("video", "--job", "nope")

        assert result.exit_code == 1
        assert "NotFoundError" in result.stderr
        assert "Pick it up" not in result.stderr


class TestEarlyEnds:
    """The id and the command that goes on, whatever happened."""

    def test_a_job_that_fails(self, aimlapi, sandbox):
        """It is over, so there is nothing to go on with."""
        sandbox.fail_next("job_fails")
        result = aimlapi("video", "A fox")

        assert (result.exit_code, result.stdout) == (1, "")
        assert "JobFailedError" in result.stderr
        assert "Pick it up" not in result.stderr

    def test_too_late(self, aimlapi, aimlapi_sandbox):
        result = aimlapi("video", "A fox", "-o", "fox.mp4", "--timeout", "0.4")
        identity = result.stderr.partition("Job ")[2].split()[0]

        assert result.exit_code == 1
        assert "AimlapiTimeoutError" in result.stderr
        command = f"aimlapi video --job {identity} -m alibaba/happyhorse-1-0 -o fox.mp4"
        assert result.stderr.splitlines()[-1].endswith(f"Pick it up with: {command}")

    @pytest.mark.parametrize("fault", ["file_expired", "file_cut_off"])
    def test_a_file_that_cannot_be_fetched(self, aimlapi, sandbox, folder, fault):
        """The job is still there."""
        sandbox.fail_next(fault)
        result = aimlapi("video", "A fox")

        assert result.exit_code == 1
        assert "Pick it up with: aimlapi video --job" in result.stderr
        assert list(folder.iterdir()) == []

    def test_no_room(self, aimlapi, sandbox, monkeypatch):
        """One line for the file, and the command that tries again."""

        def full(*_, **__):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr("langchain_aimlapi.media.results.files.write", full)
        result = aimlapi("video", "A fox", "-o", "fox.mp4", "--force")

        assert result.exit_code == 1
        assert "fox.mp4 cannot be written: No space left" in result.stderr
        assert result.stderr.rstrip().endswith("-o fox.mp4 --force")

    def test_before_there_is_an_id(self):
        """A submission that was cut off may have been taken."""
        maker = AimlapiVideos(model="alibaba/happyhorse-1-0", api_key="k")
        run = JobRun(maker, Service(), Progress(), ("video",))
        with pytest.raises(AimlapiConnectionError) as failed, run.left_behind():
            raise AimlapiConnectionError("cut off", hint="It may have been acted on.")

        assert failed.value.hint == "It may have been acted on."

    @pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for one process")
    def test_ctrl_c(self, folder):
        """In a real process: status 130, and the command that was printed brings the film.

        The service sees one submission.
        """
        with Sandbox(job_seconds=3) as sandbox:
            environment = _with_service(sandbox)
            with subprocess.Popen(  # noqa: S603  # our own command
                [*COMMAND, "video", "A fox", "-o", "the film.mp4"],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                env=environment,
            ) as process:
                first = process.stderr.readline()
                process.send_signal(signal.SIGINT)
                stdout, stderr = process.communicate(timeout=60)
            line = stderr.splitlines()[-1]
            assert (process.returncode, stdout, submissions(sandbox)) == (130, "", 1)
            assert first.startswith("Job ")
            assert line.startswith(f"  aimlapi video --job {first.split()[1]} ")
            assert "Traceback" not in stderr
            assert list(folder.iterdir()) == []

            done = subprocess.run(  # noqa: S603  # our own command
                [*COMMAND, *shlex.split(line)[1:]],
                capture_output=True,
                text=True,
                env=environment,
                check=False,
                timeout=60,
            )
            assert (done.returncode, done.stdout) == (0, "the film.mp4\n"), done.stderr
            assert submissions(sandbox) == 1
        assert (folder / "the film.mp4").read_bytes()[4:8] == b"ftyp"

    @pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for one process")
    @pytest.mark.parametrize("command", ["video", "image", "speak"])
    def test_ctrl_c_before_there_is_an_answer(self, command, folder):
        """What was sent may be paid for, and where to look is said."""
        with Sandbox(faults="no_answer") as sandbox:
            with subprocess.Popen(  # noqa: S603  # our own command
                [*COMMAND, command, "A fox"],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
                env=_with_service(sandbox),
            ) as process:
                while not sandbox.requests and process.poll() is None:
                    time.sleep(0.05)
                process.send_signal(signal.SIGINT)
                _, stderr = process.communicate(timeout=60)
            assert submissions(sandbox) == 1

        assert process.returncode == 130, stderr
        assert "may" in stderr.splitlines()[-1]
        assert "aimlapi logs" in stderr.splitlines()[-1]
        assert "Traceback" not in stderr
        assert list(folder.iterdir()) == []

    @pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for one process")
    def test_ctrl_c_without_a_key(self):
        """The sandbox ends with the command, so nothing can be picked up."""
        environment = {k: v for k, v in os.environ.items() if not k.startswith("AIMLAPI_")}
        with subprocess.Popen(  # noqa: S603  # our own command
            [*COMMAND, "music", "Slow piano"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
        ) as process:
            while not process.stderr.readline().startswith("Job "):
                pass
            process.send_signal(signal.SIGINT)
            _, stderr = process.communicate(timeout=60)

        assert process.returncode == 130
        assert stderr.splitlines()[-1].endswith("which ends with this command.")
        assert "--job" not in stderr


def _with_service(sandbox):
    own = {"AIMLAPI_API_KEY": sandbox.api_key, "AIMLAPI_API_BASE": sandbox.base_url}
    return {**os.environ, **own}


class TestStandardOutput:
    @pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a full disk to try")
    def test_a_full_disk(self, aimlapi, sandbox):
        """The film was paid for: the command that fetches it is said."""
        identity = aimlapi("video", "A fox", "--no-wait").stdout.strip()
        aimlapi("video", "--job", identity)
        with Path("/dev/full").open("wb") as full:
            done = subprocess.run(  # noqa: S603  # our own command
                [*COMMAND, "video", "--job", identity, "-o", "-"],
                stdout=full,
                stderr=subprocess.PIPE,
                text=True,
                check=False,
                timeout=60,
            )

        assert done.returncode == 1
        assert f"aimlapi video --job {identity}" in done.stderr
        assert done.stderr.splitlines()[-1].startswith("The output cannot be written: No space")
        assert "Traceback" not in done.stderr

    @pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")
    def test_a_terminal(self, aimlapi, sandbox):
        """One line that changes; the id stays."""
        import pty

        identity = aimlapi("video", "A fox", "--no-wait").stdout.strip()
        main, other = pty.openpty()
        with subprocess.Popen(  # noqa: S603  # our own command
            [*COMMAND, "video", "--job", identity, "--force"],
            stdout=subprocess.PIPE,
            stderr=other,
            env={**os.environ, "TERM": "xterm-256color", "NO_COLOR": ""},
        ) as process:
            os.close(other)
            shown = b""
            try:
                while data := os.read(main, 65536):
                    shown += data
            except OSError:  # the end of a terminal
                pass
            path = process.stdout.read().decode().strip()
            process.wait(timeout=60)
        os.close(main)

        assert Path(path).exists()
        assert "\x1b[" in shown.decode()
        assert "saving · $0.25" in shown.decode()
