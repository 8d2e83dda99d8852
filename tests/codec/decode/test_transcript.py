"""Transcripts: three vendors' forms, one result."""

from __future__ import annotations

import pytest

from langchain_aimlapi._codec.decode.transcript import Segment, Word, read_transcript
from langchain_aimlapi.errors import ResponseFormatError

DEEPGRAM = {
    "metadata": {"duration": 11.4, "channels": 1},
    "results": {
        "channels": [
            {
                "detected_language": "en",
                "alternatives": [
                    {
                        "transcript": "He does. No.",
                        "words": [
                            {"word": "he", "punctuated_word": "He", "start": 0.32, "end": 0.4,
                             "confidence": 0.99, "speaker": 0},
                            {"word": "does", "punctuated_word": "does.", "start": 0.4, "end": 0.8,
                             "speaker": 0},
                            {"word": "no", "punctuated_word": "No.", "start": 1, "end": 2,
                             "speaker": 1},
                        ],
                    }
                ],
            }
        ]
    },
}  # fmt: skip
ASSEMBLY = {
    "id": "04d0",
    "status": "completed",
    "language_code": "en_us",
    "audio_duration": 11,
    "text": "He does. No.",
    "words": [
        {"text": "He", "start": 320, "end": 400, "confidence": 0.99, "speaker": "A"},
        {"text": "does.", "start": 400, "end": 800, "confidence": None, "speaker": "A"},
        {"text": "No.", "start": 1000, "end": 2000, "speaker": "B"},
    ],
    "utterances": [
        {"text": "He does.", "start": 320, "end": 800, "speaker": "A"},
        {"text": "No.", "start": 1000, "end": 2000, "speaker": "B"},
    ],
}
OPENAI = {
    "text": "He does. No.",
    "language": "english",
    "duration": 11.4,
    "words": [{"word": "He", "start": 0.32, "end": 0.4}],
    "segments": [{"id": 0, "text": " He does.", "start": 0.32, "end": 0.8}],
}


@pytest.mark.parametrize("name", ["result", "output"])
@pytest.mark.parametrize("as_documented", [False, True])
def test_deepgram(name, as_documented):
    """Channels as a list, as it sends them, or as the object that is documented."""
    found = DEEPGRAM
    if as_documented:
        (channel,) = DEEPGRAM["results"]["channels"]
        found = {**DEEPGRAM, "results": {"channels": channel}}
    read = read_transcript({"status": "completed", name: found})
    assert (read.text, read.language, read.duration) == ("He does. No.", "en", 11.4)
    assert read.words[0] == Word("He", 0.32, 0.4, 0.99, "0")
    assert read.segments == (Segment("He does.", 0.32, 0.8, "0"), Segment("No.", 1.0, 2.0, "1"))


def test_several_channels():
    """Their texts one after the other, their words by time."""
    channels = [
        {"alternatives": [{"transcript": "b", "words": [{"word": "b", "start": 2, "end": 3}]}]},
        {"alternatives": [{"transcript": "a", "words": [{"word": "a", "start": 1, "end": 2}]}]},
    ]
    read = read_transcript({"result": {"results": {"channels": channels}}})
    assert read.text == "b\na"
    assert [word.text for word in read.words] == ["a", "b"]


def test_assembly():
    """Milliseconds become seconds."""
    read = read_transcript({"result": ASSEMBLY})
    assert (read.text, read.language, read.duration) == ("He does. No.", "en_us", 11.0)
    assert read.words[0] == Word("He", 0.32, 0.4, 0.99, "A")
    assert read.segments[1] == Segment("No.", 1.0, 2.0, "B")


def test_openai():
    """Seconds stay seconds; a text alone is enough."""
    read = read_transcript({"output": OPENAI})
    assert read.words == (Word("He", 0.32, 0.4),)
    assert read.segments == (Segment("He does.", 0.32, 0.8),)
    assert (read.language, read.duration) == ("english", 11.4)
    bare = read_transcript({"result": {"text": "x", "usage": {"seconds": 11, "cost": 0.0011}}})
    assert (bare.text, bare.words, bare.segments, bare.duration) == ("x", (), (), 11.0)


@pytest.mark.parametrize(
    "reply",
    [{"result": "x"}, {"output": {"transcript": "x"}}, {"text": "x"}, {"output": [{"text": "x"}]}],
    ids=str,
)
def test_short_forms(reply):
    """A text is a transcript."""
    assert read_transcript(reply).text == "x"


def test_silence_is_no_error():
    """An empty text was said."""
    assert read_transcript({"result": {"text": "", "words": []}}).text == ""


@pytest.mark.parametrize(
    "reply", [{}, {"result": {}}, {"output": {"results": {"channels": []}}}], ids=str
)
def test_no_transcript(reply):
    """It is our error."""
    with pytest.raises(ResponseFormatError, match="no transcript"):
        read_transcript(reply)
