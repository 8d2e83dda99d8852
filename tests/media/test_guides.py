"""The programs of the guides on media and of the README, run as a reader would type them."""

from __future__ import annotations

import functools
import re
import textwrap
from pathlib import Path

import pytest

from langchain_aimlapi._client.polling import poll
from langchain_aimlapi.media import job as job_module
from tests.codec.decode.test_transcript import ASSEMBLY
from tests.media.service import META, MP3, MP4, PNG, Jobs, Reply

ROOT = Path(__file__).parents[2]
NAMES = ("images", "video", "music", "speech", "transcription", "ocr")
PAGES = {
    **{name: (ROOT / f"docs/guides/{name}.md", "python") for name in NAMES},
    "README": (ROOT / "README.md", "py"),
}


def programs(page, language):
    """The programs of a page in a language."""
    fence = rf"^( *)```{language}\n(.*?)^ *```"
    found = re.findall(fence, page.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    return [textwrap.dedent(text) for _, text in found]


@pytest.fixture
def world(service, tmp_path, monkeypatch):
    """A service that makes everything, files that the programs name, and no long waits."""
    picture, audio = f"{service.url}/files/f.png", f"{service.url}/files/f.mp3"
    pages = [{"index": 0, "markdown": "# One", "images": [], "dimensions": None}]
    jobs = {
        "/v2/video/generations": Jobs(service),
        "/v2/generate/audio": Jobs(service, key="audio_file"),
    }
    replies = {
        "/v1/images/generations": {"data": [{"url": picture}], "meta": META},
        "/v1/images/edits": {"data": [{"url": picture}], "meta": META},
        "/v1/tts": {"audio": audio, "meta": META},
        "/v1/stt/create": {"generation_id": "g"},
        "/v1/stt/g": {"status": "completed", "result": ASSEMBLY, "meta": META},
        "/v1/ocr": {"pages": pages, "meta": META},
    }
    files = {"png": PNG, "mp3": MP3, "mp4": MP4}

    def reply(asked):
        if asked.path.startswith("/files/"):
            return Reply(files[asked.path.rpartition(".")[2]])
        return replies.get(asked.path) or jobs[asked.path](asked)

    service.reply = reply
    monkeypatch.setenv("AIMLAPI_API_KEY", "k")
    monkeypatch.setenv("AIMLAPI_BASE_URL", service.url)
    monkeypatch.setattr(job_module, "poll", functools.partial(quickly, poll))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "meeting.mp3").write_bytes(MP3)
    (tmp_path / "report.pdf").write_bytes(b"%PDF-1.7\n%%EOF")
    return tmp_path


def quickly(poll, state, deadline, seen, interval):
    """Look a hundred times as often."""
    return poll(state, deadline, seen, interval / 100)


MADE = {
    "images": {"fox.png", "night.png", "copy-0.png"},
    "video": {"fox.mp4", "again.mp4"},
    "music": {"rain.mp4", "song.mp3"},
    "speech": {"morning.mp3", "story.mp3"},
    "README": {"fox.png", "morning.mp3", "fox.mp4"},
}
"""Files that the programs write."""


@pytest.mark.parametrize("name", PAGES)
def test_programs_run(name, world, capsys):
    """One after the other; they write the files that they say."""
    namespace: dict[str, object] = {"__name__": "__main__"}
    found = programs(*PAGES[name])
    for number, program in enumerate(found, 1):
        code = compile(program, f"{name}, program {number}", "exec")
        exec(code, namespace)  # noqa: S102  # our own programs
    written = {path.name for path in world.iterdir()} - {"meeting.mp3", "report.pdf"}
    assert found
    assert written == MADE.get(name, set())
