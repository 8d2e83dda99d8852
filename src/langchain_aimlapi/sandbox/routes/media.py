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


def media_routes(state: State) -> Iterator[tuple[str, str, MediaRoute]]:
    """List the methods and paths with what answers them.

    Args:
        state: Holds the files and the jobs.
    """
    images, speech, ocr = ImagesRoute(state.files), SpeechRoute(state.files), OCRRoute(state.files)
    jobs = JobsRoute(state.files, state.jobs)
    transcripts = TranscriptionRoute(state.files, state.jobs)
    for prefix in ("", "/v1"):
        yield "POST", f"{prefix}/images/generations", images.generate
        yield "POST", f"{prefix}/images/edits", images.edit
        yield "POST", f"{prefix}/tts", speech.reply
        yield "POST", f"{prefix}/stt/create", transcripts.create
        yield "GET", f"{prefix}/stt/{{id}}", transcripts.look
        yield "POST", f"{prefix}/ocr", ocr.reply
    for path, submit in (
        ("/v2/video/generations", jobs.video),
        (_OLD_VIDEO, jobs.video),
        ("/v2/generate/audio", jobs.music),
    ):
        yield "POST", path, submit
        yield "GET", path, jobs.look
