"""Transcripts as subtitles, in SubRip's form (.srt) and WebVTT's (.vtt).

A cue is what is on the screen at one time. Words with times are gathered into cues of at most two
lines; where a model gives segments alone, each is a cue.
"""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from langchain_aimlapi.media import Transcript, Word

_LINE, _LINES = 42, 2
_LONGEST, _SHORTEST, _PAUSE = 6.0, 0.5, 1.0
"""Seconds that a cue is shown at most and at least, and the silence that ends one."""
_DIALOGUE = 2


@dataclass(frozen=True, slots=True)
class Cue:
    """What is shown at one time.

    Attributes:
        start: Seconds from the beginning.
        end: Seconds from the beginning.
        text: The words.
        speaker: Who says them, where several speak.
    """

    start: float
    end: float
    text: str
    speaker: str | None = None


def make_cues(transcript: Transcript) -> list[Cue]:
    """Return the cues of a transcript; none if the model gave no times."""
    told = len(transcript.speakers) >= _DIALOGUE
    if transcript.words:
        found = [_of_words(words) for words in _gathered(transcript.words)]
    else:
        found = [
            Cue(one.start, max(one.end, one.start + _SHORTEST), one.text, one.speaker)
            for one in transcript.segments
            if one.end > 0 and one.text.strip()
        ]
    return [Cue(one.start, one.end, one.text, one.speaker if told else None) for one in found]


def as_srt(cues: Sequence[Cue]) -> str:
    """Write cues in SubRip's form."""
    return "\n".join(
        f"{number}\n{_times(cue, ',')}\n{_shown(cue.text, cue.speaker)}\n"
        for number, cue in enumerate(cues, 1)
    )


def as_vtt(cues: Sequence[Cue]) -> str:
    """Write cues as WebVTT; speakers are its voices."""
    parts = ["WEBVTT\n"]
    for cue in cues:
        text = _escaped(_shown(cue.text))
        voice = f"<v {_escaped(' '.join(cue.speaker.split()))}>" if cue.speaker else ""
        parts.append(f"{_times(cue, '.')}\n{voice}{text}\n")
    return "\n".join(parts)


def _gathered(words: Sequence[Word]) -> Iterator[list[Word]]:
    row: list[Word] = []
    for word in words:
        if row and _is_full(row, word):
            yield row
            row = []
        row.append(word)
    if row:
        yield row


def _is_full(row: list[Word], word: Word) -> bool:
    """Whether a cue ends before a word."""
    last, length = row[-1], len(" ".join(each.text for each in row))
    ends_sentence = last.text.endswith((".", "?", "!", "…", "。", "？", "！"))  # noqa: RUF001
    return (
        word.speaker != last.speaker
        or word.start - last.end > _PAUSE
        or word.end - row[0].start > _LONGEST
        or length + 1 + len(word.text) > _LINE * _LINES
        or (ends_sentence and length > _LINE)
    )


def _of_words(words: list[Word]) -> Cue:
    start, end = words[0].start, max(words[-1].end, words[0].start + _SHORTEST)
    return Cue(start, end, " ".join(word.text for word in words), words[0].speaker)


def _shown(text: str, speaker: str | None = None) -> str:
    """The lines of a cue: an empty one would end it, and an arrow is the mark of its times."""
    text = " ".join(text.replace("-->", "→").split())
    named = f"{' '.join(speaker.split())}: {text}" if speaker else text
    return "\n".join(textwrap.wrap(named, _LINE, break_long_words=False))


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _times(cue: Cue, mark: str) -> str:
    return f"{_time(cue.start, mark)} --> {_time(cue.end, mark)}"


def _time(seconds: float, mark: str) -> str:
    whole, milliseconds = divmod(round(max(seconds, 0.0) * 1000), 1000)
    minutes, second = divmod(whole, 60)
    return f"{minutes // 60:02}:{minutes % 60:02}:{second:02}{mark}{milliseconds:03}"
