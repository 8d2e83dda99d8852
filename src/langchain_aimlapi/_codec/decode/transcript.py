"""Transcripts in the forms of Deepgram, AssemblyAI and OpenAI -> one form, times in seconds.

The service hands on what each vendor answers, under `result` or `output`. Deepgram nests its words
in channels and alternatives (documented as an object, sent as a list), AssemblyAI counts
milliseconds, OpenAI has a text and, if asked, words and segments.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from langchain_aimlapi.errors import ResponseFormatError

__all__ = ["Segment", "TranscriptData", "Word", "read_transcript"]


@dataclass(frozen=True, slots=True)
class Word:
    """A word that was said.

    Attributes:
        text: The word, with its punctuation if the model gives it.
        start: Seconds from the beginning of the audio.
        end: Seconds from the beginning of the audio.
        confidence: From 0 to 1, if the model says.
        speaker: Who said it, if speakers were told apart.
    """

    text: str
    start: float
    end: float
    confidence: float | None = None
    speaker: str | None = None


@dataclass(frozen=True, slots=True)
class Segment:
    """What one speaker said without a break, or a sentence where speakers are not told apart.

    Attributes:
        text: The words.
        start: Seconds from the beginning of the audio.
        end: Seconds from the beginning of the audio.
        speaker: Who said it, if speakers were told apart.
    """

    text: str
    start: float
    end: float
    speaker: str | None = None


@dataclass(frozen=True, slots=True)
class TranscriptData:
    """What was said.

    Attributes:
        text: All of it.
        words: Each word with its times; empty if the model gives none.
        segments: The same by speaker or sentence; empty if the model gives neither.
        language: The language that was spoken, in the model's own code.
        duration: Seconds of audio.
    """

    text: str
    words: tuple[Word, ...] = ()
    segments: tuple[Segment, ...] = ()
    language: str | None = None
    duration: float | None = None


def read_transcript(reply: Mapping[str, object]) -> TranscriptData:
    """The transcript of a job that is completed.

    Raises:
        ResponseFormatError: If there is none.
    """
    found = next((reply[name] for name in ("result", "output") if reply.get(name)), reply)
    if isinstance(found, str):
        return TranscriptData(found)
    if isinstance(found, list) and found:
        found = found[0]
    if isinstance(found, Mapping):
        results = found.get("results")
        if isinstance(results, Mapping) or "channels" in found:
            return _deepgram(found, results if isinstance(results, Mapping) else found)
        if isinstance(found.get("text"), str):
            return _plain(found)
        if isinstance(found.get("transcript"), str):
            return TranscriptData(found["transcript"])
    raise ResponseFormatError("The reply holds no transcript.", body=dict(reply))


def _deepgram(found: Mapping[str, object], results: Mapping[str, Any]) -> TranscriptData:
    channels = _listed(results.get("channels"))
    best = [
        alternatives[0] for one in channels if (alternatives := _listed(one.get("alternatives")))
    ]
    if not best:
        raise ResponseFormatError("The reply holds no transcript.", body=dict(found))
    words = [word for each in best for word in _words(each.get("words"), 1.0)]
    metadata = found.get("metadata")
    language = next(
        (each["detected_language"] for each in channels if each.get("detected_language")), None
    )
    return TranscriptData(
        text="\n".join(str(each.get("transcript") or "") for each in best).strip(),
        words=tuple(sorted(words, key=lambda word: word.start)),
        segments=_segments(results.get("utterances"), words, 1.0),
        language=language,
        duration=_number(metadata.get("duration") if isinstance(metadata, Mapping) else None),
    )


def _plain(found: Mapping[str, Any]) -> TranscriptData:
    """AssemblyAI's, whose words have a `text`, or OpenAI's, whose words have a `word`."""
    listed = _listed(found.get("words"))
    is_assembly = "audio_duration" in found or any("text" in word for word in listed)
    second = 1000.0 if is_assembly else 1.0
    words = _words(listed, second)
    usage = found.get("usage")
    seconds = usage.get("seconds") if isinstance(usage, Mapping) else None
    language = found.get("language_code") or found.get("language")
    return TranscriptData(
        text=found["text"],
        words=tuple(words),
        segments=_segments(found.get("utterances") or found.get("segments"), words, second),
        language=language if isinstance(language, str) else None,
        duration=_number(found.get("audio_duration") or found.get("duration") or seconds),
    )


def _words(listed: Any, second: float) -> list[Word]:
    return [
        Word(
            text=str(one.get("punctuated_word") or one.get("word") or one.get("text") or ""),
            start=(_number(one.get("start")) or 0.0) / second,
            end=(_number(one.get("end")) or 0.0) / second,
            confidence=_number(one.get("confidence")),
            speaker=_speaker(one),
        )
        for one in _listed(listed)
    ]


def _segments(listed: Any, words: Iterable[Word], second: float) -> tuple[Segment, ...]:
    """Those of the reply, or the words of each speaker in a row."""
    told = [
        Segment(
            text=str(one.get("transcript") or one.get("text") or "").strip(),
            start=(_number(one.get("start")) or 0.0) / second,
            end=(_number(one.get("end")) or 0.0) / second,
            speaker=_speaker(one),
        )
        for one in _listed(listed)
    ]
    if told:
        return tuple(told)
    rows = [(who, list(said)) for who, said in groupby(words, key=lambda word: word.speaker)]
    return tuple(
        Segment(" ".join(word.text for word in said), said[0].start, said[-1].end, who)
        for who, said in rows
        if who is not None
    )


def _speaker(one: Mapping[str, object]) -> str | None:
    speaker = one.get("speaker")
    return None if speaker is None else str(speaker)


def _listed(value: object) -> list[Mapping[str, Any]]:
    listed = value if isinstance(value, list) else [value]
    return [one for one in listed if isinstance(one, Mapping)]


def _number(value: Any) -> float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number else None
