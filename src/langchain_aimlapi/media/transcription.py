"""`AimlapiTranscription`: speech to text, with the times of words and who said them."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, cast
from urllib.parse import quote

from langchain_core.document_loaders import BaseLoader
from langchain_core.documents import Document
from langchain_core.messages import BaseMessage
from langchain_core.runnables import RunnableConfig
from langchain_core.runnables.config import run_in_executor
from pydantic import SecretStr

from langchain_aimlapi._client.request import Form, Upload
from langchain_aimlapi._codec.decode.media import JobState
from langchain_aimlapi._codec.decode.transcript import Segment, Word, read_transcript
from langchain_aimlapi._codec.json_text import to_json
from langchain_aimlapi._transport.request import Request
from langchain_aimlapi.errors import ConfigurationError
from langchain_aimlapi.media.files import write
from langchain_aimlapi.media.inputs import Media, MediaFile, source_of
from langchain_aimlapi.media.job import Job
from langchain_aimlapi.media.jobs import JOB, JobModel
from langchain_aimlapi.media.results import GeneratedFile, MediaResult

if TYPE_CHECKING:
    from langchain_aimlapi._catalogue.media import Kind
    from langchain_aimlapi._client.arguments import GivenKey

__all__ = ["AimlapiTranscription", "AimlapiTranscriptionLoader", "Transcript"]

_AUDIO = ("audio", "file", "url")
_DIALOGUE = 2
"""Speakers from which on it matters who says what."""


@dataclass(slots=True)
class Transcript(MediaResult):
    """What was said.

    Attributes:
        text: All of it.
        words: Each word with its times in seconds; empty if the model gives none.
        segments: The same by speaker or sentence; empty if the model gives neither.
        language: The language that was spoken, in the model's own code.
        duration: Seconds of audio.
    """

    text: str = ""
    words: Sequence[Word] = field(default=(), repr=False)
    segments: Sequence[Segment] = field(default=(), repr=False)
    language: str | None = None
    duration: float | None = None

    @property
    def speakers(self) -> list[str]:
        """Who spoke, in the order of their first words."""
        told = [word.speaker for word in self.words] + [one.speaker for one in self.segments]
        return list(dict.fromkeys(who for who in told if who is not None))

    def save(self, path: str | os.PathLike[str], *, overwrite: bool = False) -> Path:
        """Write the text.

        Args:
            path: Where to.
            overwrite: Whether to replace what stands there.

        Returns:
            Where it is.

        Raises:
            FileExistsError: If something stands there already.
        """
        return write(path, iter([self.text.encode()]), overwrite=overwrite)

    async def asave(self, path: str | os.PathLike[str], *, overwrite: bool = False) -> Path:
        """Write the text; see `save`."""
        return await run_in_executor(None, partial(self.save, path, overwrite=overwrite))

    def told(self) -> str:
        """Return what a chat model is told of it: who said what."""
        if len(self.speakers) < _DIALOGUE:
            return self.text
        return "\n".join(f"{one.speaker}: {one.text}" for one in self.segments)

    def summary(self) -> dict[str, Any]:
        """Return what a trace holds of it."""
        shown = {"model": self.model, "text": self.text, "duration": self.duration}
        return {**shown, "cost": self.cost}

    def __str__(self) -> str:
        return self.text


class AimlapiTranscription(JobModel):
    """Transcription models of AI/ML API: speech to text.

    Examples:
        >>> from langchain_aimlapi.media import AimlapiTranscription
        >>> transcription = AimlapiTranscription(model="aai/universal", diarize=True)
        >>> transcript = transcription.invoke("meeting.mp3")  # doctest: +SKIP
        >>> print(transcript.text, transcript.speakers)  # doctest: +SKIP

    The input is the audio: a path, bytes, a URL, an open file, a `data:` URL or a content block of
    LangChain; or a dict with `audio` and what the model documents. `invoke` submits, waits and
    returns a `Transcript`; `submit` returns a job that survives this process.
    """

    if TYPE_CHECKING:
        # Pydantic's own: keys as texts too, and whatever parameters the model documents.
        def __init__(
            self, *, model: str, api_key: GivenKey | None = None, **arguments: Any
        ) -> None: ...

    kind: ClassVar[Kind] = "transcription"
    input_is_file: ClassVar[bool] = True
    tool_name: ClassVar[str] = "transcribe"
    tool_description: ClassVar[str] = "Write down what is said in an audio file."
    makes: ClassVar[str] = "text"
    default_path: ClassVar[str] = "/v1/stt/create"
    input_name: ClassVar[str] = "audio"
    media_inputs: ClassVar[frozenset[str]] = frozenset(_AUDIO)

    language: str | None = None
    """Code of the language that is spoken, such as "en"; models detect it otherwise."""
    diarize: bool | None = None
    """Whether to tell speakers apart, for models that can."""

    # The same as of other jobs, for type checkers: the result is a transcript.

    def invoke(
        self, input: object, config: RunnableConfig | None = None, **kwargs: Any
    ) -> Transcript:
        """Transcribe, and wait for it; see `invoke` of the other models."""
        return cast("Transcript", super().invoke(input, config, **kwargs))

    async def ainvoke(
        self, input: object, config: RunnableConfig | None = None, **kwargs: Any
    ) -> Transcript:
        """Transcribe, and wait for it; see `invoke`."""
        return cast("Transcript", await super().ainvoke(input, config, **kwargs))

    def submit(self, input: object, **kwargs: object) -> Job[Transcript]:
        """Start a job and return at once; see `submit` of `AimlapiVideos`."""
        return cast("Job[Transcript]", super().submit(input, **kwargs))

    async def asubmit(self, input: object, **kwargs: object) -> Job[Transcript]:
        """Start a job and return at once; see `submit`."""
        return cast("Job[Transcript]", await super().asubmit(input, **kwargs))

    def job(self, id: str) -> Job[Transcript]:
        """Pick up a job; see `job` of `AimlapiVideos`."""
        return cast("Job[Transcript]", super().job(id))

    async def ajob(self, id: str) -> Job[Transcript]:
        """Pick up a job; see `job`."""
        return cast("Job[Transcript]", await super().ajob(id))

    def tool_files(self) -> dict[str, bool]:
        """Return the files that a tool takes: the audio, whatever the id calls it."""
        return {"url": False}

    def _named_input(self, given: object) -> dict[str, object]:
        is_block = isinstance(given, Mapping) and "type" in given
        if isinstance(given, Mapping) and not is_block:
            return dict(given)
        if isinstance(given, BaseMessage):
            blocks = [one for one in given.content_blocks if one["type"] in {"audio", "file"}]
            if not blocks:
                raise ConfigurationError("The message holds no audio.")
            given = blocks[0]
        return {"audio": given}

    def _job_body(self, loaded: Mapping[str, object]) -> Mapping[str, object] | Form:
        given = dict(loaded)
        files: list[object] = [given.pop(name) for name in _AUDIO if name in given]
        if len(files) != 1 or not isinstance(files[0], MediaFile):
            raise ConfigurationError("Give one audio file: audio=… as a path, bytes or URL.")
        body = self._encoded("transcription", given).body
        if files[0].url is not None:
            return {**body, "url": files[0].url}
        spec = self._spec("transcription")
        name = "file" if spec and "file" in spec.parameters else "audio"
        fields = {name: _text(value) for name, value in body.items()}
        upload = Upload(files[0].name, files[0].data or b"", files[0].mime_type)
        return Form(fields, {name: upload})

    def _look_request(self, id: str, key: SecretStr, steering: Mapping[str, object]) -> Request:
        return self._get(f"/v1/stt/{quote(id, safe='')}", None, key, steering, JOB)

    def result_of(self, state: JobState) -> Transcript:
        """Return what a completed job understood.

        Args:
            state: The job's state.

        Raises:
            ResponseFormatError: If the reply holds no transcript.
        """
        found = read_transcript(state.raw)
        files: list[GeneratedFile] = []
        return Transcript(
            model=self.model,
            files=files,
            cost=state.cost.usd,
            cost_details=state.cost.details,
            inference_id=state.id,
            raw=state.raw,
            text=found.text,
            words=found.words,
            segments=found.segments,
            language=found.language,
            duration=found.duration,
        )


def _text(value: Any) -> str | list[str]:
    """A value as forms write it; a list is sent several times."""
    if isinstance(value, list | tuple):
        return [str(_text(each)) for each in value]
    return value if isinstance(value, str) else to_json(value)


class AimlapiTranscriptionLoader(BaseLoader):
    """Loads audio as documents: one a file, or one for each time a speaker takes over.

    Examples:
        >>> from langchain_aimlapi.media import AimlapiTranscriptionLoader
        >>> loader = AimlapiTranscriptionLoader("meeting.mp3", model="aai/universal")
        >>> documents = loader.load()  # doctest: +SKIP

    The metadata of a document are `source`, `model`, `duration`, `language`, `speakers` and `cost`
    (US dollars, of the whole file), those of a segment `start`, `end` (seconds) and `speaker`.

    Args:
        audio: A path, bytes, a URL, an open file or a content block; or a list of them.
        model: The id of a model, or an `AimlapiTranscription`.
        by_segment: Whether to make a document of each segment.
        **settings: Of `AimlapiTranscription`, with an id.
    """

    def __init__(
        self,
        audio: Media | Sequence[Media],
        *,
        model: str | AimlapiTranscription,
        by_segment: bool = False,
        **settings: Any,
    ) -> None:
        self._audio = list(audio) if isinstance(audio, list | tuple) else [audio]
        if isinstance(model, str):
            settings.setdefault("diarize", by_segment or None)
            model = AimlapiTranscription(model=model, **settings)
        elif settings:
            raise ConfigurationError("Settings go with the id of a model, not with a model.")
        self._model = model
        self._by_segment = by_segment

    def lazy_load(self) -> Iterator[Document]:
        """Yield the documents, file by file.

        Raises:
            AimlapiError: If a file cannot be transcribed.
        """
        for audio in self._audio:
            yield from self._documents(audio, self._model.invoke({"audio": audio}))

    async def alazy_load(self) -> AsyncIterator[Document]:
        """Yield the documents, file by file; see `lazy_load`."""
        for audio in self._audio:
            for document in self._documents(audio, await self._model.ainvoke({"audio": audio})):
                yield document

    def _documents(self, audio: Any, transcript: Transcript) -> Iterator[Document]:
        told = {
            "source": source_of(audio),
            "model": transcript.model,
            "duration": transcript.duration,
            "language": transcript.language,
            "speakers": transcript.speakers,
            "cost": transcript.cost,
        }
        if not self._by_segment:
            yield Document(transcript.text, metadata=told)
            return
        whole = Segment(transcript.text, 0.0, transcript.duration or 0.0)
        for one in transcript.segments or [whole]:  # a model that tells none has said one
            times = {"start": one.start, "end": one.end, "speaker": one.speaker}
            yield Document(one.text, metadata={**told, **times})
