"""The endpoints of media: which path is answered by what."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from typing import TYPE_CHECKING

from langchain_aimlapi.sandbox.replies import Reply, StreamReply
from langchain_aimlapi.sandbox.routes.images import ImagesRoute
from langchain_aimlapi.sandbox.routes.jobs import JobsRoute
from langchain_aimlapi.sandbox.routes.ocr import OCRRoute
from langchain_aimlapi.sandbox.routes.speech import SpeechRoute
from langchain_aimlapi.sandbox.routes.transcription import TranscriptionRoute

if TYPE_CHECKING:
    from langchain_aimlapi.sandbox.inference import Inference
    from langchain_aimlapi.sandbox.state import State

MediaRoute = Callable[["Inference"], Awaitable[Reply | StreamReply]]

_OLD_VIDEO = "/v2/generate/video/{vendor:.+}/generation"


def media_routes(state: State) -> Iterator[tuple[str, str, MediaRoute, str]]:
    """List the methods and paths with what answers them, and the scope that a key needs.

    Args:
        state: Holds the files and the jobs.
    """
    images, speech, ocr = ImagesRoute(state.files), SpeechRoute(state.files), OCRRoute(state.files)
    jobs = JobsRoute(state.files, state.jobs)
    transcripts = TranscriptionRoute(state.files, state.jobs)
    for prefix in ("", "/v1"):
        yield "POST", f"{prefix}/images/generations", images.generate, "model:image"
        yield "POST", f"{prefix}/images/edits", images.edit, "model:image"
        yield "POST", f"{prefix}/tts", speech.reply, "model:speech"
        yield "POST", f"{prefix}/stt/create", transcripts.create, "model:audio"
        yield "GET", f"{prefix}/stt/{{id}}", transcripts.look, "model:audio"
        yield "POST", f"{prefix}/ocr", ocr.reply, "model:ocr"
    for path, submit, scope in (
        ("/v2/video/generations", jobs.video, "model:video"),
        (_OLD_VIDEO, jobs.video, "model:video"),
        ("/v2/generate/audio", jobs.music, "model:audio"),
    ):
        yield "POST", path, submit, scope
        yield "GET", path, jobs.look, scope
