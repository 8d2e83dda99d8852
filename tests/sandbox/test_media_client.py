"""The media classes of the package against the sandbox, over real HTTP, sync and async."""

from __future__ import annotations

import asyncio

import pytest

from langchain_aimlapi.errors import (
    AimlapiStatusError,
    ConfigurationError,
    JobFailedError,
    NotFoundError,
    StreamInterruptedError,
)
from langchain_aimlapi.media import (
    AimlapiImages,
    AimlapiMusic,
    AimlapiOCRLoader,
    AimlapiSpeech,
    AimlapiTranscription,
    AimlapiVideos,
)
from langchain_aimlapi.sandbox import Sandbox
from langchain_aimlapi.sandbox.files.png import draw_png, prompt_of_png
from langchain_aimlapi.sandbox.files.wav import read_wav


@pytest.fixture(params=["sync", "async"])
def ask(request):
    """A function that calls a method, as it is or its async twin."""

    def call(thing, name, *arguments, **options):
        if request.param == "sync":
            return getattr(thing, name)(*arguments, **options)

        async def run():
            return await getattr(thing, f"a{name}")(*arguments, **options)

        return asyncio.run(run())

    return call


def made(kind, sandbox, model, **options):
    """A model of media that asks the sandbox, and looks at jobs often."""
    if kind in (AimlapiMusic, AimlapiVideos):
        options["poll_interval"] = 0.01
    return kind(model=model, api_key=sandbox.api_key, base_url=sandbox.base_url, **options)


def test_images(sandbox, ask, tmp_path):
    """Generated, fetched from their addresses, saved, and paid for."""
    images = made(AimlapiImages, sandbox, "x-ai/grok-imagine-image", n=2)
    result = ask(images, "invoke", "a fox")
    assert result.cost == 0.02
    assert result.inference_id
    paths = [ask(file, "save", tmp_path / f"{index}") for index, file in enumerate(result.files)]
    assert [path.suffix for path in paths] == [".png", ".png"]
    assert prompt_of_png(paths[0].read_bytes()) == "a fox"


def test_edited(sandbox, ask, tmp_path):
    """A form with two pictures and a mask."""
    for name in ("a.png", "b.png", "mask.png"):
        (tmp_path / name).write_bytes(draw_png(name, name, 16, 16))
    images = made(AimlapiImages, sandbox, "openai/gpt-image-1", response_format="b64_json")
    given = {
        "prompt": "night",
        "images": [tmp_path / "a.png", tmp_path / "b.png"],
        "mask": tmp_path / "mask.png",
    }
    result = ask(images, "invoke", given)
    assert prompt_of_png(ask(result, "save", tmp_path / "new.png").read_bytes()) == "night"
    body = sandbox.requests[-1].body
    assert sandbox.requests[-1].path == "/v1/images/edits"
    assert [file["content_type"] for file in body["image"]] == ["image/png"] * 2
    assert body["mask"]["base64"]


def test_videos(sandbox, ask, tmp_path):
    """Submitted once, looked at twice, saved."""
    videos = made(AimlapiVideos, sandbox, "alibaba/happyhorse-1-0")
    result = ask(videos, "invoke", "a fox", duration=5)
    assert result.cost == pytest.approx(0.25)
    assert ask(result, "save", tmp_path / "fox").suffix == ".mp4"
    assert [request.method for request in sandbox.requests] == ["POST", "GET", "GET", "GET"]


def test_a_job_is_picked_up(sandbox, ask):
    """By its id, with another object."""
    job = ask(made(AimlapiVideos, sandbox, "alibaba/happyhorse-1-0"), "submit", "a fox")
    again = ask(made(AimlapiVideos, sandbox, "alibaba/happyhorse-1-0"), "job", job.id)
    assert again.id == job.id
    assert again.status == "running"


def test_music(sandbox, ask, tmp_path):
    """As long as it was asked for."""
    music = made(AimlapiMusic, sandbox, "stable-audio")
    result = ask(music, "invoke", "slow piano", seconds_total=3)
    assert read_wav(ask(result, "save", tmp_path / "slow").read_bytes())[0] == 3


@pytest.mark.parametrize(
    ("fault", "error"), [("job_fails", JobFailedError), ("job_vanishes", NotFoundError)]
)
def test_jobs_that_end_badly(sandbox, ask, fault, error):
    """Are errors, and are not submitted again."""
    sandbox.fail_next(fault)
    videos = made(AimlapiVideos, sandbox, "alibaba/happyhorse-1-0")
    with pytest.raises(error):
        ask(videos, "invoke", "a fox")
    assert [request.method for request in sandbox.requests].count("POST") == 1


def test_a_look_that_fails(ask):
    """Is made again; the job is not harmed."""
    with Sandbox() as sandbox:
        videos = made(AimlapiVideos, sandbox, "alibaba/happyhorse-1-0", max_retries=0)
        job = ask(videos, "submit", "a fox")
        sandbox.fail_next("status_503")
        assert (job.wait(timeout=60).files, job.status) != ([], "failed")


@pytest.mark.parametrize(
    ("fault", "error"),
    [("file_expired", AimlapiStatusError), ("file_cut_off", StreamInterruptedError)],
)
def test_files_that_cannot_be_fetched(sandbox, ask, fault, error, tmp_path):
    """Are errors, and nothing is written."""
    sandbox.fail_next(fault)
    result = ask(made(AimlapiImages, sandbox, "x-ai/grok-imagine-image"), "invoke", "a fox")
    with pytest.raises(error):
        ask(result, "save", tmp_path / "fox.png")
    assert list(tmp_path.iterdir()) == []


def test_what_the_sandbox_refuses(sandbox, ask):
    """Reaches the caller in the service's words, where the client did not see it itself."""
    images = made(AimlapiImages, sandbox, "acme/unknown-model", max_retries=0)
    with pytest.raises(NotFoundError, match="does not exist"):
        ask(images, "invoke", "a fox")
    with pytest.raises(ConfigurationError):
        ask(made(AimlapiImages, sandbox, "openai/gpt-image-1"), "invoke", "a fox", size="1x1")
    assert len(sandbox.requests) == 1


def test_from_speech_to_text(sandbox, ask, tmp_path):
    """What one class says, another hears word by word, from an address and from a file."""
    speech = made(AimlapiSpeech, sandbox, "inworld/tts-1")
    said = ask(speech, "invoke", "It rains. Stay here!")
    assert said.cost == pytest.approx(0.0002)
    path = ask(said, "save", tmp_path / "said")
    hear = made(AimlapiTranscription, sandbox, "#g1_nova-2-automotive", poll_interval=0.01)
    for audio in (said.files[0].url, path):
        heard = ask(hear, "invoke", audio, diarize=True)
        assert heard.text == "It rains. Stay here!"
        assert [word.start for word in heard.words] == [0.0, 0.4, 0.8, 1.2]
        assert (len(heard.speakers), heard.duration) == (2, 1.6)
        assert heard.cost == pytest.approx(0.00016)


def test_streamed_speech(sandbox):
    """The audio comes in pieces."""
    speech = made(AimlapiSpeech, sandbox, "deepgram/aura")
    pieces = list(speech.stream("A long story, told at length."))
    assert read_wav(b"".join(pieces))[1] == "A long story, told at length."


def test_pages_of_a_picture(sandbox, tmp_path):
    """The sandbox reads what it drew."""
    (tmp_path / "fox.png").write_bytes(draw_png("a fox", "fox", 16, 16))
    options = {"api_key": sandbox.api_key, "base_url": sandbox.base_url}
    loader = AimlapiOCRLoader(tmp_path / "fox.png", model="mistral-ocr-latest", **options)
    (document,) = loader.load()
    assert "a fox" in document.page_content
