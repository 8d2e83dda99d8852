"""`/tts`: a tone as long as the text takes to say, with the text in the file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from langchain_aimlapi.sandbox.answers.tokens import Usage
from langchain_aimlapi.sandbox.checks.media import check_media
from langchain_aimlapi.sandbox.files.store import StoredFile
from langchain_aimlapi.sandbox.files.wav import make_wav
from langchain_aimlapi.sandbox.replies import Reply, StreamReply, reply_with_cost

if TYPE_CHECKING:
    from langchain_aimlapi.sandbox.faults.effects import Frames
    from langchain_aimlapi.sandbox.files.store import FileStore
    from langchain_aimlapi.sandbox.inference import Inference

USD_PER_CHARACTER = 0.00001
SECONDS_PER_WORD = 0.4
_PIECE = 4096


class SpeechRoute:
    """Answers requests for speech.

    Args:
        files: Where the audio is kept.
    """

    def __init__(self, files: FileStore) -> None:
        self._files = files

    async def reply(self, inference: Inference) -> Reply | StreamReply:
        """Answer `/tts`: JSON with an address, or the audio itself if `stream` is true.

        Raises:
            ApiError: The service would reject the body.
        """
        body = inference.body
        check_media(body, "speech")
        text = body["text"]
        inference.usage = Usage(0, 0, cost=len(text) * USD_PER_CHARACTER)
        audio = make_wav(max(len(text.split()), 1) * SECONDS_PER_WORD, text)
        if body.get("stream") is True:
            return StreamReply(_pieces(audio), content_type="audio/wav")
        file = StoredFile(audio, "audio/wav", inference.outcome)
        url = inference.origin + self._files.add(inference.id, ".wav", file)
        return reply_with_cost({"audio": url, "meta": inference.usage.as_meta()})


async def _pieces(audio: bytes) -> Frames:
    for at in range(0, len(audio), _PIECE):
        yield audio[at : at + _PIECE]
