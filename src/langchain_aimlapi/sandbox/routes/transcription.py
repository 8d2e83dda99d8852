"""`/stt/create` and `/stt/{id}`: transcripts in Deepgram's form.

The sandbox hears what it said itself, since its audio keeps the words; of other audio it says how
long it is, or where it lies.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson

from langchain_aimlapi.sandbox.answers.tokens import Usage
from langchain_aimlapi.sandbox.checks.media import check_media
from langchain_aimlapi.sandbox.files.wav import read_wav
from langchain_aimlapi.sandbox.jobs import Job
from langchain_aimlapi.sandbox.parsing.media import bytes_of
from langchain_aimlapi.sandbox.replies import Reply, reply_with_cost, validation_error
from langchain_aimlapi.sandbox.routes.speech import SECONDS_PER_WORD

if TYPE_CHECKING:
    from langchain_aimlapi.sandbox.files.store import FileStore
    from langchain_aimlapi.sandbox.inference import Inference
    from langchain_aimlapi.sandbox.jobs import Jobs

Json = dict[str, Any]

USD_PER_SECOND = 0.0001
_SOURCES = ("url", "audio", "file", "audio_url")
_SAID = 0.9
"""Share of a word's time in which it is said; the rest is a pause."""


class TranscriptionRoute:
    """Answers requests for transcripts, and looks at their jobs.

    Args:
        files: The sandbox's own files.
        jobs: Where the jobs are kept.
    """

    def __init__(self, files: FileStore, jobs: Jobs) -> None:
        self._files = files
        self._jobs = jobs

    async def create(self, inference: Inference) -> Reply:
        """Answer `POST /stt/create`.

        Raises:
            ApiError: The service would reject the body.
        """
        body = inference.body
        check_media(body, "transcription")
        name = next((name for name in _SOURCES if body.get(name)), None)
        if name is None:
            raise validation_error("url: Required, or a file as audio")
        data = bytes_of(body[name], name, self._files)
        seconds, words = read_wav(data) if data else (0.0, "")
        if not words:
            words = _described(body[name], data, seconds)
        output = transcript(words, seconds, inference.id, data, body)
        usage = Usage(0, 0, cost=max(output["metadata"]["duration"], 1.0) * USD_PER_SECOND)
        failed = inference.outcome in {"job_fails", "job_vanishes"}
        inference.usage = Usage(0, 0) if failed else usage
        self._jobs.add(Job(inference.id, {"output": output}, usage, inference.outcome))
        return Reply(orjson.dumps({"generation_id": inference.id}), 201)

    async def look(self, inference: Inference) -> Reply:
        """Answer `GET /stt/{id}`.

        Raises:
            ApiError: 404, there is no such job.
        """
        state = self._jobs.look(inference.record.path.rpartition("/")[2])
        return reply_with_cost(state) if "meta" in state else Reply(orjson.dumps(state))


def _described(given: object, data: bytes | None, seconds: float) -> str:
    if seconds:
        return f"This is a recording of {seconds:.1f} seconds."
    if data is not None:
        return f"This is a recording of {len(data)} bytes."
    return f"This is a recording from {given}."


def transcript(text: str, seconds: float, identity: str, data: bytes | None, options: Json) -> Json:
    """Return a transcript in Deepgram's form, each word at its time.

    Args:
        text: What was said.
        seconds: The length of the audio; zero if it is unknown.
        identity: The id of the request.
        data: The audio, if it is known.
        options: The request; `diarize` or `speaker_labels` tells speakers apart, a sentence each.
    """
    said = text.split()
    each = seconds / len(said) if seconds else SECONDS_PER_WORD
    words: list[Json] = []
    speaker, apart = 0, any(options.get(name) for name in ("diarize", "speaker_labels"))
    for index, word in enumerate(said):
        begin = round(index * each, 3)
        line: Json = {
            "word": word.strip(".,;:!?\"'").lower(),
            "punctuated_word": word,
            "start": begin,
            "end": round(begin + each * _SAID, 3),
            "confidence": 0.99,
        }
        words.append(line | ({"speaker": speaker} if apart else {}))
        speaker = 1 - speaker if word.endswith((".", "!", "?")) else speaker
    alternative = {"transcript": text, "confidence": 0.99, "words": words}
    return {
        "metadata": {
            "request_id": identity,
            "sha256": hashlib.sha256(data or b"").hexdigest(),
            "created": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
            "duration": round(seconds or each * len(said), 3),
            "channels": 1,
        },
        "results": {"channels": [{"detected_language": "en", "alternatives": [alternative]}]},
    }
