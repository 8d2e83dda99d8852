"""Jobs: submitted once, waited for, picked up by their ids."""

from __future__ import annotations

import asyncio
import pickle
import subprocess
import sys
import threading
import time

import pytest

from langchain_aimlapi import Budget, get_aimlapi_callback
from langchain_aimlapi.errors import (
    AimlapiConnectionError,
    AimlapiTimeoutError,
    ConfigurationError,
    JobFailedError,
    NotFoundError,
    ResponseFormatError,
)
from langchain_aimlapi.media import AimlapiMusic, AimlapiVideos
from tests.media.service import MP4, PNG, Jobs, Reply


@pytest.fixture
def service(service):
    """It works on jobs that take three looks."""
    service.reply = Jobs(service)
    return service


class TestWhole:
    """A call that waits."""

    def test_invoke(self, videos, service, ask, tmp_path):
        """One submission, looks until it is over, a file."""
        result = ask(videos, "invoke", "a fox", duration=5)
        post, *looks = service.asked
        assert (post.path, post.body) == (
            "/v2/video/generations",
            {"model": "alibaba/happyhorse-1-0", "prompt": "a fox", "duration": 5},
        )
        assert [look.query for look in looks] == [{"generation_id": "job-1"}] * 2
        assert (result.cost, result.inference_id) == (0.06, "job-1")
        assert result.content_blocks[0]["type"] == "video"
        assert ask(result, "save", tmp_path / "fox").name == "fox.mp4"

    def test_music(self, made, service, ask):
        """The same with audio, on its own route."""
        service.reply = Jobs(service, key="audio_file")
        music = made(AimlapiMusic, "google/lyria2", poll_interval=0.01)
        result = ask(music, "invoke", "slow piano", negative_prompt="drums")
        assert service.asked[0].path == service.asked[1].path == "/v2/generate/audio"
        assert service.asked[0].body["negative_prompt"] == "drums"
        assert result.content_blocks == [{"type": "audio", "url": service.reply.file}]

    def test_files_go_as_addresses(self, videos, service, ask):
        """Under the names that the id documents."""
        ask(videos, "invoke", {"prompt": "x", "image": PNG, "reference_image_urls": [PNG]})
        body = service.asked[0].body
        assert body["image_url"].startswith("data:image/png;base64,")
        assert body["reference_image_urls"] == [body["image_url"]]

    def test_batch(self, videos, service, ask):
        """Each job its own file."""
        results = ask(videos, "batch", ["a", "b"])
        assert {result.inference_id for result in results} == {"job-1", "job-2"}

    def test_one_deadline(self, made, service, ask):
        """`timeout` bounds submission, looks and pauses together; the error has the id."""
        service.reply = Jobs(service, ["queued"])
        videos = made(AimlapiVideos, "alibaba/happyhorse-1-0", poll_interval=0.01, timeout=1.5)
        began = time.monotonic()
        with pytest.raises(AimlapiTimeoutError, match=r"still queued.*\.job\('job-1'\)") as failed:
            ask(videos, "invoke", "x")
        assert 0.2 < time.monotonic() - began < 20
        assert failed.value.inference_id == "job-1"
        assert service.count("POST") == 1

    def test_a_look_that_hangs(self, made, service, ask):
        """It does not outlast the deadline."""
        jobs, over = Jobs(service), threading.Event()

        def reply(asked):
            if asked.method == "GET":
                over.wait(60)
            return jobs(asked)

        service.reply = reply
        videos = made(AimlapiVideos, "alibaba/happyhorse-1-0", poll_interval=0.01)
        began = time.monotonic()
        with pytest.raises(AimlapiTimeoutError, match="job-1"):
            ask(videos, "invoke", "x", timeout=1.5)
        assert time.monotonic() - began < 30
        over.set()


class TestJobs:
    """A job as a value."""

    def test_submit_returns_at_once(self, videos, service, ask):
        """It says what it is, and has no result yet."""
        job = ask(videos, "submit", "a fox")
        assert (job.id, job.status, job.is_over, job.cost) == ("job-1", "queued", False, None)
        assert str(job) == "AimlapiVideos job job-1 (alibaba/happyhorse-1-0): queued"
        assert repr(job) == "Job(id='job-1', model='alibaba/happyhorse-1-0')"
        with pytest.raises(ValueError, match="wait"):
            job.result()
        assert len(service.asked) == 1

    def test_progress(self, videos, ask):
        """The caller hears of each look; an async function is awaited."""
        seen = []
        job = ask(videos, "submit", "a fox")
        result = ask(job, "wait", on_progress=lambda job: seen.append(job.status))
        assert seen == ["running", "completed"]
        assert job.result() == result

        async def main():
            async def progress(job):
                await asyncio.sleep(0)
                seen.append(job.id)

            return await (await videos.asubmit("x")).await_(on_progress=progress)

        asyncio.run(main())
        assert seen[2:] == ["job-2", "job-2"]

    def test_await(self, videos):
        """A job can be awaited as it is."""

        async def main():
            return await (await videos.asubmit("a fox"))

        assert asyncio.run(main()).inference_id == "job-1"

    def test_picked_up(self, videos, made, service, ask, tmp_path):
        """By its id, by anybody with a key; nothing is submitted."""
        ask(videos, "submit", "a fox")
        other = made(AimlapiVideos, "alibaba/happyhorse-1-0", poll_interval=0.01)
        job = ask(other, "job", "job-1")
        assert job.status == "running"
        assert ask(job, "download", tmp_path / "fox.mp4").read_bytes() == MP4
        assert service.count("POST") == 1
        with pytest.raises(NotFoundError):
            ask(other, "job", "job-9")

    def test_pickled(self, videos, service, ask):
        """It goes on where it was, without a key that was not given literally."""
        job = pickle.loads(pickle.dumps(ask(videos, "submit", "a fox")))  # noqa: S301  # our own
        assert ask(job, "wait").inference_id == "job-1"
        assert service.count("POST") == 1

    def test_a_call_of_its_own_connection(self, made, service, ask):
        """Key, headers and address of the submission hold for the looks."""
        videos = AimlapiVideos(
            model="alibaba/happyhorse-1-0", api_key="sk-other", poll_interval=0.01, max_retries=0
        )
        connection = {
            "base_url": service.url,
            "api_key": "sk-call",
            "extra_headers": {"x-team": "a"},
        }
        job = ask(videos, "submit", "a fox", **connection)
        ask(job, "wait")
        for asked in service.asked:
            assert asked.headers["authorization"] == "Bearer sk-call"
            assert asked.headers["x-team"] == "a"
        assert "sk-call" not in repr(job) + str(job)
        assert "sk-call" not in str(job.__getstate__())

    def test_refresh(self, videos, ask):
        """One look."""
        job = ask(videos, "submit", "x")
        assert ask(job, "refresh").status == "running"


class TestFailures:
    """What goes wrong."""

    def test_a_job_that_failed(self, videos, service, ask):
        """Its reason is the service's; it is no reason to submit again."""
        service.reply = Jobs(service, ["queued", "error"])
        with pytest.raises(JobFailedError, match="NSFW: refused") as failed:
            ask(videos, "invoke", "x")
        assert failed.value.inference_id == "job-1"
        assert "Pick it up" not in str(failed.value)
        assert service.count("POST") == 1

    def test_single_looks_that_fail(self, videos, service, ask):
        """A page, a cut connection, an outage, an unknown id: the job goes on."""
        states = ["queued", Reply({}, 502), Reply(b"<html>"), Reply(cut=True), Reply({}, 404)]
        service.reply = Jobs(service, [*states, "completed"])
        assert ask(videos, "invoke", "x").inference_id == "job-1"
        assert service.count("POST") == 1

    def test_a_job_that_vanished(self, videos, service, ask):
        """The error still has its id."""
        service.reply = Jobs(service, ["queued", Reply({"message": "gone"}, 404)])
        with pytest.raises(NotFoundError, match="knows no job job-1") as failed:
            ask(videos, "invoke", "x")
        assert failed.value.inference_id == "job-1"

    def test_a_wait_that_is_interrupted(self, videos, service, ask):
        """Whoever presses Ctrl-C reads which job goes on."""

        def stop(_):
            raise KeyboardInterrupt

        job = ask(videos, "submit", "x")
        with pytest.raises(KeyboardInterrupt) as stopped:
            job.wait(on_progress=stop)
        assert "job('job-1')" in "".join(stopped.value.__notes__)

    def test_completed_without_a_file(self, videos, service, ask):
        """It is an error, not an empty result."""
        service.reply = Jobs(service, ["queued", Reply({"id": "job-1", "status": "completed"})])
        with pytest.raises(ResponseFormatError, match="names no file"):
            ask(videos, "invoke", "x")

    @pytest.mark.parametrize(
        "reply", [Reply(cut=True), Reply({}, 500), Reply({"status": "queued"})]
    )
    def test_a_submission_that_breaks(self, made, service, ask, reply):
        """It is not repeated, and the error says that the job may exist."""
        service.reply = lambda _: reply
        videos = made(AimlapiVideos, "alibaba/happyhorse-1-0", max_retries=3)
        with pytest.raises(Exception, match="may have been acted on"):
            ask(videos, "submit", "x")
        assert service.count("POST") == 1

    def test_no_connection(self, ask):
        """Nothing was sent, and nothing else is said."""
        videos = AimlapiVideos(
            model="alibaba/happyhorse-1-0",
            api_key="k",
            base_url="http://127.0.0.1:9",
            max_retries=0,
        )
        with pytest.raises(AimlapiConnectionError) as failed:
            ask(videos, "submit", "x")
        assert "may have been" not in str(failed.value)

    def test_a_file_that_is_not_there(self, videos, service, ask):
        """Before anything is sent."""
        with pytest.raises(ConfigurationError, match="image: nowhere"):
            ask(videos, "submit", {"prompt": "x", "image": "nowhere.png"})
        assert service.asked == []


class TestMoney:
    """Counting what jobs cost."""

    def test_invoke(self, videos, ask):
        """Once, with its cost."""
        with get_aimlapi_callback() as usage:
            ask(videos, "invoke", "x")
        assert (usage.total.calls, usage.total.cost_usd) == (1, 0.06)

    def test_submit_and_wait(self, videos, ask):
        """A budget reserves for a job under way and settles when it is over."""
        with Budget(calls=5) as budget:
            job = ask(videos, "submit", "x")
            assert budget.calls == 0
            ask(job, "wait")
            job.result()
        assert (budget.calls, budget.spent_usd) == (1, 0.06)

    def test_a_job_that_is_pickled(self, videos, ask):
        """Those who count stay in their process."""
        with Budget(calls=5) as budget:
            job = pickle.loads(pickle.dumps(ask(videos, "submit", "x")))  # noqa: S301  # our own
        assert ask(job, "wait").cost == 0.06
        assert budget.calls == 0

    def test_a_job_that_failed(self, videos, service, ask):
        """Its failure counts as one."""
        service.reply = Jobs(service, ["queued", "error"])
        with get_aimlapi_callback() as usage, pytest.raises(JobFailedError):
            ask(videos, "invoke", "x")
        assert (usage.total.calls, usage.total.errors) == (0, 1)


_SUBMIT = """
import os, signal, sys
from langchain_aimlapi.media import AimlapiVideos
videos = AimlapiVideos(model="alibaba/happyhorse-1-0", api_key="k", base_url=sys.argv[1])
print(videos.submit("a fox").id, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is Unix's")
def test_a_job_survives_the_death_of_its_process(videos, service, tmp_path):
    """Killed between submission and result; picked up by its id, submitted once."""
    died = subprocess.run(  # noqa: S603  # our own script
        [sys.executable, "-c", _SUBMIT, service.url], capture_output=True, text=True, check=False
    )
    assert died.returncode == -9
    job = videos.job(died.stdout.strip())
    assert job.download(tmp_path / "fox.mp4").read_bytes() == MP4
    assert service.count("POST") == 1
