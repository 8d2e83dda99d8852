"""Speech to text: submitted as an address or a file, waited for, read in one form."""

from __future__ import annotations

import base64
import pickle

import pytest
from langchain_core.messages import HumanMessage

from langchain_aimlapi.errors import (
    ConfigurationError,
    JobFailedError,
    NotFoundError,
    ResponseFormatError,
)
from langchain_aimlapi.media import AimlapiTranscription, AimlapiTranscriptionLoader
from tests.codec.decode.test_transcript import ASSEMBLY, DEEPGRAM
from tests.media.service import META, WAV, Reply


class Scribe:
    """A service that transcribes; each job takes two looks."""

    def __init__(self, result, last=None):
        self.looks = 0
        self.last = last or {"id": "g/1", "status": "completed", "result": result, "meta": META}

    def __call__(self, asked):
        if asked.method == "POST":
            return {"generation_id": "g/1"}
        if asked.path != "/v1/stt/g%2F1":
            return Reply({"message": "no such job"}, 404)
        self.looks += 1
        return {"id": "g/1", "status": "waiting"} if self.looks == 1 else self.last


@pytest.fixture
def scribe(made, service):
    """A model, and a service that knows its job."""
    service.reply = Scribe(ASSEMBLY)
    return made(AimlapiTranscription, "aai/universal", poll_interval=0.01)


class TestTranscription:
    """The runnable."""

    def test_an_address(self, scribe, service, ask):
        """It is passed on in JSON; words have seconds and speakers."""
        transcript = ask(scribe, "invoke", "https://a/b.mp3", diarize=True, language="en")
        assert service.asked[0].path == "/v1/stt/create"
        assert service.asked[0].body == {
            "model": "aai/universal",
            "url": "https://a/b.mp3",
            "speaker_labels": True,
            "language_code": "en",
        }
        assert str(transcript) == transcript.text == "He does. No."
        assert (transcript.words[0].start, transcript.speakers) == (0.32, ["A", "B"])
        assert (transcript.cost, transcript.duration, transcript.language) == (0.06, 11.0, "en_us")

    @pytest.mark.parametrize(
        "form",
        ["bytes", "path", "block", "message", "dict"],
    )
    def test_a_file(self, scribe, service, ask, tmp_path, form):
        """It is uploaded."""
        path = tmp_path / "talk.wav"
        path.write_bytes(WAV)
        block = {
            "type": "audio",
            "base64": base64.b64encode(WAV).decode(),
            "mime_type": "audio/wav",
        }
        given = {
            "bytes": WAV,
            "path": str(path),
            "block": block,
            "message": HumanMessage([block]),
            "dict": {"audio": path, "punctuate": True, "word_boost": ["a", "b"]},
        }[form]
        assert ask(scribe, "invoke", given).text == "He does. No."
        form_sent = service.asked[0].form
        assert form_sent["audio"][0][1:] == ("audio/wav", WAV)
        assert form_sent["model"][0][2] == b"aai/universal"
        if form == "dict":
            assert form_sent["punctuate"][0][2] == b"true"
            assert [part[2] for part in form_sent["word_boost"]] == [b"a", b"b"]

    def test_models_that_call_it_a_file(self, made, service, ask):
        """As OpenAI does; one whose schema names neither takes both."""
        service.reply = Scribe({"text": "x"})
        for model, name in (
            ("openai/gpt-4o-mini-transcribe", "file"),
            ("#g1_whisper-tiny", "audio"),
        ):
            service.asked.clear()
            ask(made(AimlapiTranscription, model, poll_interval=0.01), "invoke", WAV)
            assert service.asked[0].form[name][0][2] == WAV

    def test_a_job(self, scribe, service, ask, tmp_path):
        """It can be picked up, and pickled."""
        job = ask(scribe, "submit", "https://a/b.mp3")
        assert (job.id, job.status) == ("g/1", "queued")
        again = pickle.loads(pickle.dumps(ask(scribe, "job", "g/1")))  # noqa: S301  # our own
        assert ask(again, "wait").text == "He does. No."
        assert ask(again, "download", tmp_path / "talk.txt").read_text("utf-8") == "He does. No."
        assert service.count("POST") == 1
        with pytest.raises(NotFoundError):
            ask(scribe, "job", "other")

    def test_a_transcript_pickles(self, scribe, ask):
        """It is a value."""
        transcript = ask(scribe, "invoke", "https://a/b.mp3")
        assert pickle.loads(pickle.dumps(transcript)) == transcript  # noqa: S301  # our own

    def test_failures(self, scribe, service, ask):
        """A job that failed, and one that understood nothing that can be read."""
        service.reply = Scribe(
            None, {"id": "g/1", "status": "error", "error": {"message": "noise"}}
        )
        with pytest.raises(JobFailedError, match="noise"):
            ask(scribe, "invoke", "https://a/b.mp3")
        service.reply = Scribe(None, {"id": "g/1", "status": "completed"})
        with pytest.raises(ResponseFormatError, match="no transcript"):
            ask(scribe, "invoke", "https://a/b.mp3")

    @pytest.mark.parametrize("given", ["no.mp3", {"language": "en"}, {"audio": WAV, "url": "https://a"},
                                       HumanMessage("x")], ids=str)  # fmt: skip
    def test_what_is_no_audio(self, scribe, service, given):
        """Before anything is sent."""
        with pytest.raises(ConfigurationError):
            scribe.invoke(given)
        assert service.asked == []


class TestLoader:
    """Documents."""

    def loaded(self, ask, loader):
        """The documents, sync or async."""
        return ask(loader, "load")

    def test_one_a_file(self, scribe, service, ask):
        """Text and metadata."""
        loader = AimlapiTranscriptionLoader(["https://a/b.mp3", WAV], model=scribe)
        first, second = self.loaded(ask, loader)
        assert first.page_content == "He does. No."
        assert first.metadata == {
            "source": "https://a/b.mp3",
            "model": "aai/universal",
            "duration": 11.0,
            "language": "en_us",
            "speakers": ["A", "B"],
            "cost": 0.06,
        }
        assert second.metadata["source"] == "data"

    def test_one_a_segment(self, service, ask, made):
        """With its times and speaker."""
        service.reply = Scribe(DEEPGRAM)
        loader = AimlapiTranscriptionLoader(
            "https://a/b.mp3", model="nova-3", by_segment=True, api_key="k", base_url=service.url,
            poll_interval=0.01,
        )  # fmt: skip
        documents = self.loaded(ask, loader)
        assert service.asked[0].body["diarize"] is True
        assert [document.page_content for document in documents] == ["He does.", "No."]
        assert documents[1].metadata["speaker"] == "1"
        assert (documents[1].metadata["start"], documents[1].metadata["end"]) == (1.0, 2.0)

    def test_a_model_that_tells_no_segments(self, made, service, ask):
        """One document with all of it, under the same names."""
        service.reply = Scribe({"text": "He does.", "duration": 2.5})
        model = made(AimlapiTranscription, "nova-3", poll_interval=0.01)
        loader = AimlapiTranscriptionLoader(WAV, model=model, by_segment=True)
        (document,) = self.loaded(ask, loader)
        assert document.page_content == "He does."
        times = {name: document.metadata[name] for name in ("start", "end", "speaker")}
        assert times == {"start": 0.0, "end": 2.5, "speaker": None}

    def test_settings_beside_a_model(self, scribe):
        """They would do nothing."""
        with pytest.raises(ConfigurationError, match="go with the id"):
            AimlapiTranscriptionLoader("a.mp3", model=scribe, timeout=5)
