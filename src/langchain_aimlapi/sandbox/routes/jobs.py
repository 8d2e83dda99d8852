"""Videos and music: jobs that end with a file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from langchain_aimlapi.sandbox.answers.tokens import Usage
from langchain_aimlapi.sandbox.checks.media import check_media
from langchain_aimlapi.sandbox.files.mp4 import make_mp4
from langchain_aimlapi.sandbox.files.store import StoredFile
from langchain_aimlapi.sandbox.files.wav import make_wav
from langchain_aimlapi.sandbox.jobs import Job
from langchain_aimlapi.sandbox.replies import Reply, reply_with_cost, validation_error

if TYPE_CHECKING:
    from langchain_aimlapi.sandbox.files.store import FileStore
    from langchain_aimlapi.sandbox.inference import Inference
    from langchain_aimlapi.sandbox.jobs import Jobs

Json = dict[str, Any]

USD_PER_VIDEO_SECOND, USD_PER_MUSIC_SECOND = 0.05, 0.002
_VIDEO_SECONDS, _MUSIC_SECONDS, _LONGEST_VIDEO, _LONGEST_MUSIC = 5.0, 10.0, 60.0, 600.0


class JobsRoute:
    """Answers requests for videos and music, and looks at their jobs.

    Args:
        files: Where what they make is kept.
        jobs: Where the jobs are kept.
    """

    def __init__(self, files: FileStore, jobs: Jobs) -> None:
        self._files = files
        self._jobs = jobs

    async def video(self, inference: Inference) -> Reply:
        """Answer `POST /v2/video/generations`.

        Raises:
            ApiError: The service would reject the body.
        """
        body = inference.body
        check_media(body, "video")
        seconds = max(1, round(_number(body.get("duration"), _VIDEO_SECONDS, _LONGEST_VIDEO)))
        seed = "|".join(str(body.get(name)) for name in ("prompt", "seed", "image_url"))
        file = StoredFile(make_mp4(seed, seconds), "video/mp4", inference.outcome)
        url = inference.origin + self._files.add(inference.id, ".mp4", file)
        return self._submitted(inference, {"video": {"url": url}}, seconds * USD_PER_VIDEO_SECOND)

    async def music(self, inference: Inference) -> Reply:
        """Answer `POST /v2/generate/audio`.

        Raises:
            ApiError: The service would reject the body.
        """
        body = inference.body
        check_media(body, "music")
        seconds = _number(body.get("seconds_total"), _MUSIC_SECONDS, _LONGEST_MUSIC)
        if "music_length_ms" in body:
            seconds = _number(body["music_length_ms"], 0, _LONGEST_MUSIC * 1000) / 1000
        words = str(body.get("lyrics") or body.get("prompt") or "")
        file = StoredFile(make_wav(seconds, words), "audio/wav", inference.outcome)
        url = inference.origin + self._files.add(inference.id, ".wav", file)
        return self._submitted(
            inference, {"audio_file": {"url": url}}, seconds * USD_PER_MUSIC_SECOND
        )

    def _submitted(self, inference: Inference, result: Json, usd: float) -> Reply:
        usage = Usage(0, 0, cost=usd)
        outcome = inference.outcome
        inference.usage = Usage(0, 0) if outcome in {"job_fails", "job_vanishes"} else usage
        state = self._jobs.add(Job(inference.id, result, usage, outcome))
        return Reply(orjson.dumps(state), 201)

    async def look(self, inference: Inference) -> Reply:
        """Answer `GET` of a job, by its id in the query.

        Raises:
            ApiError: 400 without an id; 404, there is no such job.
        """
        identity = inference.record.query.get("generation_id", "")
        if not identity:
            raise validation_error("generation_id: Required")
        state = self._jobs.look(identity)
        return reply_with_cost(state) if "meta" in state else Reply(orjson.dumps(state))


def _number(value: Any, default: float, most: float) -> float:
    """Return a length, which some ids document as a text."""
    try:
        return min(max(float(value), 0.1), most)
    except (TypeError, ValueError):
        return default
