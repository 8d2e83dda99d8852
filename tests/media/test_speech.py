"""Text read aloud: as a file, and as bytes that come."""

from __future__ import annotations

import asyncio

import pytest
from langchain_core.tracers.base import BaseTracer

from langchain_aimlapi import Budget, BudgetExceededError, get_aimlapi_callback
from langchain_aimlapi.errors import (
    AimlapiConnectionError,
    AimlapiError,
    ConfigurationError,
    ResponseFormatError,
    ServerError,
)
from langchain_aimlapi.media import AimlapiSpeech
from tests.media.service import META, MP3, WAV, Reply


@pytest.fixture
def speech(made):
    """A model that answers with an address."""
    return made(AimlapiSpeech, "inworld/tts-1")


@pytest.fixture
def url(service):
    """The service tells an address of the audio."""
    url = f"{service.url}/a.mp3"
    service.reply = lambda asked: (
        Reply(MP3) if asked.path == "/a.mp3" else Reply({"audio": url, "meta": META})
    )
    return url


@pytest.fixture
def audio(service):
    """The service answers with audio."""
    service.reply = lambda _: Reply(WAV * 2000, headers={"content-type": "audio/wav"})


def pieces(model, way, *arguments, **options):
    """What a stream yields, sync or async."""
    if way == "sync":
        return list(model.stream(*arguments, **options))

    async def run():
        return [piece async for piece in model.astream(*arguments, **options)]

    return asyncio.run(run())


way = pytest.mark.parametrize("way", ["sync", "async"])


class TestWhole:
    """A file."""

    def test_at_an_address(self, speech, service, url, ask, tmp_path):
        """It can be saved; the cost is told."""
        result = ask(speech, "invoke", "Good morning")
        assert service.asked[0].path == "/v1/tts"
        assert service.asked[0].body == {"model": "inworld/tts-1", "text": "Good morning"}
        assert (result.url, result.cost) == (url, 0.06)
        assert ask(result, "save", tmp_path / "a").name == "a.mp3"

    def test_as_bytes(self, speech, audio, ask):
        """They are the result; nobody says what they cost."""
        result = ask(speech, "invoke", "Good morning")
        assert result.file.read() == WAV * 2000
        assert (result.url, result.cost, result.file.mime_type) == (None, None, "audio/wav")
        assert result.content_blocks[0]["mime_type"] == "audio/wav"

    @pytest.mark.parametrize(
        "reply", [{"audio": {"url": "https://a/b"}}, {"audio": "SUQz"}], ids=str
    )
    def test_other_forms(self, speech, service, ask, reply):
        """An object, or base64."""
        service.reply = lambda _: reply
        assert ask(speech, "invoke", "x").content_blocks[0]["type"] == "audio"

    @pytest.mark.parametrize("reply", [{}, {"audio": None}, {"audio": "%%"}, Reply(b"")], ids=str)
    def test_no_audio(self, speech, service, ask, reply):
        """It is an error, and may have been paid for."""
        service.reply = lambda _: reply
        with pytest.raises(ResponseFormatError, match="may have been acted on"):
            ask(speech, "invoke", "x")


class TestParameters:
    """Voices, formats and speeds, where each id has them."""

    @pytest.mark.parametrize(
        ("model", "given", "sent"),
        [
            ("inworld/tts-1", {"voice": "Ashley", "format": "mp3"},
             {"voice": "Ashley", "format": "mp3"}),
            ("minimax/speech-2.5-hd-preview", {"voice": "Calm_Woman", "speed": 1.5, "format": "flac"},
             {"voice_setting": {"voice_id": "Calm_Woman", "speed": 1.5},
              "audio_setting": {"format": "flac"}}),
            ("minimax/speech-2.5-hd-preview", {"voice": "x", "voice_setting": {"emotion": "sad"}},
             {"voice_setting": {"emotion": "sad", "voice_id": "x"}}),
            ("elevenlabs/v3_alpha", {"voice": "Rachel", "format": "mp3", "speed": 1.1},
             {"voice": "Rachel", "output_format": "mp3_44100_128", "voice_settings": {"speed": 1.1}}),
            ("deepgram/aura", {"format": "mp3", "sample_rate": 8000},
             {"encoding": "mp3", "sample_rate": "8000"}),
            ("deepgram/aura", {"format": "wav"}, {"container": "wav"}),
            ("bytedance/seed-audio-1-0", {"speed": 1.5, "format": "mp3", "sample_rate": 24000},
             {"audio_config": {"speech_rate": 50, "format": "mp3", "sample_rate": 24000}}),
        ],
        ids=lambda each: str(each)[:50],
    )  # fmt: skip
    def test_where_they_go(self, made, service, url, model, given, sent):
        """By the id's own names."""
        made(
            AimlapiSpeech, model, **{k: v for k, v in given.items() if k != "voice_setting"}
        ).invoke({"text": "x", **given})
        assert service.asked[0].body == {"model": model, "text": "x", **sent}

    def test_values_that_are_refused(self, made, service):
        """Before anything is sent."""
        with pytest.raises(ConfigurationError, match="voice_setting.speed=5 is above 2"):
            made(AimlapiSpeech, "minimax/speech-2.5-hd-preview").invoke("x", speed=5)
        with pytest.raises(ConfigurationError, match="fewer than 1 characters"):
            made(AimlapiSpeech, "inworld/tts-1").invoke("")
        assert service.asked == []


class TestStreaming:
    """Bytes as they come."""

    @way
    def test_audio_as_it_comes(self, made, service, audio, way):
        """A model that streams is asked to; the pieces are the file."""
        got = pieces(made(AimlapiSpeech, "deepgram/aura"), way, "A story")
        assert service.asked[0].body == {
            "model": "deepgram/aura",
            "text": "A story",
            "stream": True,
        }
        assert b"".join(got) == WAV * 2000
        assert len(got) > 1

    @way
    def test_from_an_address(self, speech, service, url, way):
        """A model that does not stream is not asked to; the file is fetched, without the key."""
        assert b"".join(pieces(speech, way, "A story")) == MP3
        assert "stream" not in service.asked[0].body
        assert "authorization" not in service.asked[1].headers

    @way
    def test_base64(self, speech, service, way):
        """Audio within the reply is one piece."""
        service.reply = lambda _: {"audio": "SUQz"}
        assert pieces(speech, way, "x") == [b"ID3"]

    @way
    @pytest.mark.parametrize(
        ("reply", "error"),
        [
            (Reply({"message": "no"}, 500), ServerError),
            (Reply(WAV, headers={"content-type": "audio/wav"}, said_length=9999),
             AimlapiConnectionError),
            (Reply(b"", headers={"content-type": "audio/wav"}), AimlapiError),
            (Reply({}), ResponseFormatError),
            (Reply(cut=True), AimlapiConnectionError),
        ],
        ids=["500", "cut off", "empty", "no audio", "no reply"],
    )  # fmt: skip
    def test_failures(self, made, service, way, reply, error):
        """Raised, never repeated, and said to be paid for maybe."""
        service.reply = lambda _: reply
        model = made(AimlapiSpeech, "deepgram/aura", max_retries=3)
        with pytest.raises(error, match="may have been acted on"):
            pieces(model, way, "x")
        assert service.count("POST") == 1

    @way
    def test_money(self, speech, service, url, way):
        """Streams are counted, with their cost, and budgets hold."""
        with get_aimlapi_callback() as usage:
            pieces(speech, way, "x")
        assert (usage.total.calls, usage.total.cost_usd) == (1, 0.06)
        budget = Budget(calls=1)
        with pytest.raises(BudgetExceededError):
            for _ in range(2):
                pieces(speech, way, "x", {"callbacks": [budget]})
        assert service.count("POST") == 2

    def test_whoever_stops_early(self, made, audio):
        """Has made a call all the same."""
        with get_aimlapi_callback() as usage:
            stream = made(AimlapiSpeech, "deepgram/aura").stream("x")
            assert next(stream)
            stream.close()
        assert (usage.total.calls, usage.total.errors) == (1, 0)

    @way
    def test_traces(self, speech, url, way):
        """How much came, not what."""
        runs = []

        class Recorder(BaseTracer):
            def _persist_run(self, run):
                runs.append(run)

        pieces(speech, way, "A story", {"callbacks": [Recorder()]})
        assert runs[0].inputs["text"] == "A story"
        assert runs[0].outputs["cost"] == 0.06
        assert "ID3" not in str(runs[0].outputs)
