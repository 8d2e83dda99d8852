"""`aimlapi sandbox`: the pace of jobs, the account, the key and the faults of media."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys

import pytest

from langchain_aimlapi.errors import AuthenticationError, JobFailedError, OutOfCreditsError
from langchain_aimlapi.media import AimlapiImages, AimlapiMusic

COMMAND = [sys.executable, "-W", "error", "-m", "langchain_aimlapi.cli"]


@contextlib.contextmanager
def started(*options):
    """Run the command; yield what it says to export: address and key."""
    with subprocess.Popen(  # noqa: S603  # our own command
        [*COMMAND, "sandbox", "--port", "0", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as server:
        server.stdout.readline()
        words = server.stdout.readline().split()[1:]
        said = dict(word.split("=") for word in words)
        yield {"base_url": said["AIMLAPI_API_BASE"], "api_key": said["AIMLAPI_API_KEY"]}
        server.send_signal(signal.SIGINT)
        server.wait(timeout=30)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for one process")
def test_jobs_and_their_faults():
    """A job is over at the first look if it takes no time, and ends as it was told."""
    with started("--job-seconds", "0", "--fault", "job_fails") as place:
        job = AimlapiMusic(model="google/lyria2", **place).submit("Slow piano")
        job.refresh()
        with pytest.raises(JobFailedError):
            job.result()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for one process")
def test_the_account():
    """One key alone is accepted, and the money runs out."""
    with started("--balance", "0.005", "--api-key", "sk-mine") as place:
        images = AimlapiImages(model="openai/gpt-image-1", max_retries=0, **place)
        with pytest.raises(AuthenticationError):
            images.invoke("a fox", api_key="sandbox")
        assert images.invoke("a fox").cost == 0.01
        with pytest.raises(OutOfCreditsError):
            images.invoke("a fox")

    assert place["api_key"] == "sk-mine"


@pytest.mark.parametrize("option", ["--job-seconds", "--balance"])
def test_wrong_use(aimlapi, option):
    assert aimlapi("sandbox", option, "-1").exit_code == 2
