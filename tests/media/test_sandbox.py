"""Media models against the sandbox, which was written from the service's docs without them."""

from __future__ import annotations

import functools

import pytest

from langchain_aimlapi import (
    AimlapiImages,
    AimlapiMusic,
    AimlapiOCRLoader,
    AimlapiSpeech,
    AimlapiTranscription,
    AimlapiVideos,
)
from langchain_aimlapi.errors import AimlapiError, JobFailedError, NotFoundError
from tests.media.service import PNG, WAV

videos = functools.partial(
    AimlapiVideos, model="alibaba/happyhorse-1-0", poll_interval=0.01, max_retries=0
)
MAKERS = {
    "image": (AimlapiImages, "openai/gpt-image-1", "a fox", ".png"),
    "edit": (AimlapiImages, "openai/gpt-image-1", {"prompt": "night", "image": PNG}, ".png"),
    "video": (AimlapiVideos, "alibaba/happyhorse-1-0", "a fox", ".mp4"),
    "music": (AimlapiMusic, "google/lyria2", "slow piano", ".wav"),
    "speech": (AimlapiSpeech, "inworld/tts-1", "good morning", ".wav"),
}


@pytest.mark.parametrize("name", MAKERS)
def test_making(aimlapi_sandbox, ask, tmp_path, name):
    """A prompt goes in, a file of the right kind comes out."""
    kind, model, given, ending = MAKERS[name]
    options = {"poll_interval": 0.01} if name in {"video", "music"} else {}
    result = ask(kind(model=model, **options), "invoke", given)
    assert ask(result, "save", tmp_path / "made").suffix == ending


def test_reading(aimlapi_sandbox, ask):
    """Audio becomes text, pictures become pages."""
    scribe = AimlapiTranscription(model="aai/universal", poll_interval=0.01)
    assert ask(scribe, "invoke", WAV).text
    assert ask(AimlapiOCRLoader(PNG, model="mistral-ocr-latest"), "load")[0].page_content


@pytest.mark.parametrize("model", ["deepgram/aura", "inworld/tts-1"])
def test_speaking(aimlapi_sandbox, model):
    """As bytes that come, or from an address."""
    assert b"".join(AimlapiSpeech(model=model).stream("good morning"))


class TestFaults:
    """What goes wrong with jobs and files."""

    def test_a_job_that_fails(self, aimlapi_sandbox, ask):
        """Its reason is told; it is submitted once."""
        aimlapi_sandbox.fail_next("job_fails")
        with pytest.raises(JobFailedError):
            ask(videos(), "invoke", "x")

    def test_a_job_that_vanishes(self, aimlapi_sandbox, ask):
        """Its id is told."""
        aimlapi_sandbox.fail_next("job_vanishes")
        with pytest.raises(NotFoundError, match="knows no job"):
            ask(videos(), "invoke", "x")

    @pytest.mark.parametrize("fault", ["file_expired", "file_cut_off"])
    def test_a_file_that_cannot_be_fetched(self, aimlapi_sandbox, ask, tmp_path, fault):
        """Nothing is left behind; the job can still be asked."""
        aimlapi_sandbox.fail_next(fault)
        result = ask(videos(), "invoke", "x")
        with pytest.raises(AimlapiError):
            ask(result, "save", tmp_path / "x.mp4")
        assert list(tmp_path.iterdir()) == []
