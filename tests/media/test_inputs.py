"""Files of a request, in every form that people have them in."""

from __future__ import annotations

import base64
import io

import pytest

from langchain_aimlapi.errors import ConfigurationError
from langchain_aimlapi.media.inputs import kind_of_bytes, read_media
from tests.media.service import MP3, MP4, PNG, WAV

TEXT = base64.b64encode(PNG).decode()
URL_SAFE = base64.urlsafe_b64encode(b"\xfb\xff\xfe" + PNG).decode().rstrip("=")


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (PNG, "image/png"),
        (MP4, "video/mp4"),
        (MP3, "audio/mpeg"),
        (WAV, "audio/wav"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"%PDF-1.7", "application/pdf"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "image/webp"),
        (b"glTF\x02", "model/gltf-binary"),
        (b"\0\0\0\x18ftypheic", "image/heic"),
        (b"hello", None),
        (b"", None),
    ],
)
def test_first_bytes(data, kind):
    """They tell what a file is."""
    assert kind_of_bytes(data) == kind


FORMS = {
    "bytes": PNG,
    "a bytearray": bytearray(PNG),
    "an open file": io.BytesIO(PNG),
    "a data address": f"data:image/png;base64,{TEXT}",
    "a data address in capitals": f"DATA:image/PNG;BASE64,{TEXT}",
    "a percent-coded one": "data:image/png," + "".join(f"%{byte:02X}" for byte in PNG),
    "a block": {"type": "image", "base64": TEXT, "mime_type": "image/png"},
    "a block of bytes": {"type": "image", "data": PNG},
    "a wrong label": {"type": "image", "base64": TEXT, "mime_type": "image/jpg"},
    "a block of version 0": {"type": "image", "source_type": "base64", "data": TEXT},
    "OpenAI's": {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{TEXT}"}},
    "OpenAI's in short": {"type": "image_url", "image_url": f"data:image/png;base64,{TEXT}"},
    "Anthropic's": {
        "type": "image",
        "source": {"type": "base64", "media_type": "image/png", "data": TEXT},
    },
    "line breaks": {"type": "image", "base64": f"{TEXT[:20]}\n{TEXT[20:]}"},
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_contents(form):
    """The same bytes, known by what they are."""
    file = read_media(form, "image")
    assert (file.data, file.mime_type, file.url) == (PNG, "image/png", None)
    assert file.as_url() == f"data:image/png;base64,{TEXT}"
    assert "PNG" not in repr(file)


def test_paths(tmp_path, monkeypatch):
    """As text, as a path, from the home folder; the name goes along, the type is the content's."""
    path = tmp_path / "fox.jpg"
    path.write_bytes(PNG)
    monkeypatch.setenv("HOME", str(tmp_path))
    with path.open("rb") as opened:
        for given in (path, str(path), "~/fox.jpg", opened):
            file = read_media(given)
            assert (file.data, file.name, file.mime_type) == (PNG, "fox.jpg", "image/png")


URLS = [
    "https://a/b/fox.png?x=1",
    {"type": "image", "url": "https://a/b/fox.png?x=1"},
    {"type": "image_url", "image_url": {"url": "https://a/b/fox.png?x=1"}},
    {"type": "image", "source_type": "url", "data": "https://a/b/fox.png?x=1"},
    {"type": "image", "source": {"type": "url", "url": "https://a/b/fox.png?x=1"}},
    {"type": "media", "file_uri": "https://a/b/fox.png?x=1"},
]


@pytest.mark.parametrize("form", URLS, ids=str)
def test_addresses(form):
    """They are passed on, not fetched."""
    file = read_media(form)
    assert (file.url, file.data, file.name) == ("https://a/b/fox.png?x=1", None, "fox.png")
    assert file.as_url() == "https://a/b/fox.png?x=1"


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ("no-such-file.png", "mask: no-such-file.png cannot be read: No such file"),
        ("x" * 5000, "cannot be read"),
        ("a\0b", "no path, no URL and no data URL"),
        ("/", "Is a directory"),
        ("data:image/png;base64,%%%", "base64 cannot be read"),
        ("data:image/png", "comma"),
        ({"type": "image", "base64": "!!"}, "base64 cannot be read"),
        ({"type": "image", "id": "file-1"}, "holds no file"),
        ({}, "holds no file"),
        (io.StringIO("text"), "mode 'rb'"),
        (5, "int is no path"),
    ],
    ids=lambda each: type(each).__name__ if hasattr(each, "read") else str(each)[:30],
)
def test_what_is_no_file(form, words):
    """An error before anything is sent, short enough to read."""
    with pytest.raises(ConfigurationError, match=words) as failed:
        read_media(form, "mask")
    assert len(str(failed.value)) < 300


def test_an_empty_file(tmp_path):
    """Nobody pays for nothing: a file that was read to its end is one, too."""
    path = tmp_path / "a.png"
    path.write_bytes(b"x")
    with path.open("rb") as file:
        file.read()
        with pytest.raises(ConfigurationError, match="a.png is empty"):
            read_media(file)
    for empty in (b"", "data:image/png;base64,"):
        with pytest.raises(ConfigurationError, match="empty"):
            read_media(empty)


def test_the_alphabet_of_addresses():
    """Base64 for URLs, without padding."""
    assert read_media({"base64": URL_SAFE}).data == b"\xfb\xff\xfe" + PNG
