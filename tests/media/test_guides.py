"""The programs of the guides on media and of the README, run as a reader would type them."""

from __future__ import annotations

import functools
import re
import textwrap
from pathlib import Path

import pytest

from langchain_aimlapi._client.polling import poll
from langchain_aimlapi.media import job as job_module
from tests.media.service import MP3

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
def world(aimlapi_sandbox, tmp_path, monkeypatch):
    """The sandbox, files that the programs name, and no long waits."""
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
    "music": {"rain.wav", "song.mp3"},
    "speech": {"morning.wav", "story.mp3"},
    "README": {"fox.png", "morning.wav", "fox.mp4"},
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
