"""Every form of content block, in both shapes of request."""

from __future__ import annotations

import base64

import pytest
from langchain_core.messages import HumanMessage, SystemMessage

from langchain_aimlapi._codec.encode.blocks import read_content
from langchain_aimlapi._codec.encode.content import Media, Text
from langchain_aimlapi._codec.encode.mime import read_type, sniffed
from langchain_aimlapi.errors import UnsupportedContentError

from ..samples import JPEG, MP4, PDF, PNG, UNKNOWN, URL, WAV, turns

CACHED = {"type": "ephemeral"}
TEXT_FILE = base64.b64encode("grüße".encode()).decode()


def image(url, **more):
    """OpenAI's image part."""
    return {"type": "image_url", "image_url": {"url": url, **more}}


def audio(data, form=None):
    """OpenAI's audio part."""
    return {
        "type": "input_audio",
        "input_audio": {"data": data} | ({"format": form} if form else {}),
    }


def video(url):
    """The service's video part."""
    return {"type": "video_url", "video_url": {"url": url}}


def file(**fields):
    """OpenAI's file part."""
    return {"type": "file", "file": fields}


def text(words, **more):
    """A text part."""
    return {"type": "text", "text": words, **more}


AS_PNG = f"data:image/png;base64,{PNG}"
AS_PDF = f"data:application/pdf;base64,{PDF}"

OPENAI = {
    "text": (text("hi"), text("hi")),
    "text with a mark": (text("hi", cache_control=CACHED), text("hi", cache_control=CACHED)),
    "text with the mark in extras": (
        text("hi", extras={"cache_control": CACHED}),
        text("hi", cache_control=CACHED),
    ),
    "text with what a reply adds": (text("hi", id="b1", index=0, annotations=[]), text("hi")),
    "Responses text": ({"type": "input_text", "text": "hi"}, text("hi")),
    "Responses answer": ({"type": "output_text", "text": "hi"}, text("hi")),
    "image by address": ({"type": "image", "url": URL}, image(URL)),
    "image by value": (
        {"type": "image", "base64": PNG, "mime_type": "image/png"},
        image(AS_PNG),
    ),
    "image of unsaid kind": (
        {"type": "image", "base64": JPEG},
        image(f"data:image/jpeg;base64,{JPEG}"),
    ),
    "image of unknown kind": (
        {"type": "image", "base64": UNKNOWN},
        image(f"data:image/png;base64,{UNKNOWN}"),
    ),
    "image as bytes": (
        {"type": "image", "base64": base64.b64decode(PNG)},
        image(AS_PNG),
    ),
    "image with detail": (
        {"type": "image", "url": URL, "extras": {"detail": "low"}},
        image(URL, detail="low"),
    ),
    "image with a mark": (
        {"type": "image", "url": URL, "cache_control": CACHED},
        {**image(URL), "cache_control": CACHED},
    ),
    "v0 image by value": (
        {"type": "image", "source_type": "base64", "data": PNG, "mime_type": "image/png"},
        image(AS_PNG),
    ),
    "v0 image by address": ({"type": "image", "source_type": "url", "url": URL}, image(URL)),
    "OpenAI image": (image(URL, detail="high"), image(URL, detail="high")),
    "OpenAI image by value": (image(AS_PNG), image(AS_PNG)),
    "OpenAI image as a bare address": ({"type": "image_url", "image_url": URL}, image(URL)),
    "Responses image": (
        {"type": "input_image", "image_url": URL, "detail": "low"},
        image(URL, detail="low"),
    ),
    "Anthropic image by value": (
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}},
        image(AS_PNG),
    ),
    "Anthropic image by address": (
        {"type": "image", "source": {"type": "url", "url": URL}},
        image(URL),
    ),
    "audio by value": (
        {"type": "audio", "base64": WAV, "mime_type": "audio/wav"},
        audio(WAV, "wav"),
    ),
    "audio of unsaid kind": ({"type": "audio", "base64": WAV}, audio(WAV, "wav")),
    "audio by address": (
        {"type": "audio", "url": "https://a.test/a.mp3"},
        audio("https://a.test/a.mp3"),
    ),
    "OpenAI audio": (audio(UNKNOWN, "mp3"), audio(UNKNOWN, "mp3")),
    "OpenAI audio, labelled wrong": (audio(WAV, "mp3"), audio(WAV, "wav")),
    "OpenAI audio by address": (audio(URL, "wav"), audio(URL, "wav")),
    "OpenAI audio as data:": (
        audio(f"data:audio/mpeg;base64,{UNKNOWN}", "wav"),
        audio(UNKNOWN, "mp3"),
    ),
    "video by address": ({"type": "video", "url": "https://v.test/v"}, video("https://v.test/v")),
    "video by value": (
        {"type": "video", "base64": MP4},
        video(f"data:video/mp4;base64,{MP4}"),
    ),
    "OpenAI video": (video(URL), video(URL)),
    "OpenAI video as a bare address": ({"type": "video_url", "video_url": URL}, video(URL)),
    "file by value": (
        {"type": "file", "base64": PDF, "mime_type": "application/pdf", "filename": "a.pdf"},
        file(file_data=AS_PDF, filename="a.pdf"),
    ),
    "file without a name": (
        {"type": "file", "base64": PDF},
        file(file_data=AS_PDF, filename="document.pdf"),
    ),
    "file named in extras": (
        {"type": "file", "base64": PDF, "extras": {"filename": "x.pdf"}},
        file(file_data=AS_PDF, filename="x.pdf"),
    ),
    "file by address": (
        {"type": "file", "url": "https://f.test/b/c.pdf?x=1"},
        file(file_data="https://f.test/b/c.pdf?x=1", filename="c.pdf"),
    ),
    "file at the top of a site": (
        {"type": "file", "url": "https://f.test/"},
        file(file_data="https://f.test/", filename="f.test"),
    ),
    "file by id": ({"type": "file", "file_id": "file-1"}, file(file_id="file-1")),
    "v0 file by id": (
        {"type": "file", "source_type": "id", "id": "file-1"},
        file(file_id="file-1"),
    ),
    "OpenAI file": (
        file(file_data=AS_PDF, filename="a.pdf"),
        file(file_data=AS_PDF, filename="a.pdf"),
    ),
    "OpenAI file by id": (file(file_id="file-1"), file(file_id="file-1")),
    "Responses file": (
        {"type": "input_file", "file_data": AS_PDF, "filename": "a.pdf"},
        file(file_data=AS_PDF, filename="a.pdf"),
    ),
    "Google's media block": (
        {"type": "media", "mime_type": "application/pdf", "data": PDF},
        file(file_data=AS_PDF, filename="document.pdf"),
    ),
    "Google's media block with an image": (
        {"type": "media", "mime_type": "image/png", "data": PNG},
        image(AS_PNG),
    ),
    "Anthropic document": (
        {
            "type": "document",
            "title": "a.pdf",
            "source": {"type": "base64", "media_type": "application/pdf", "data": PDF},
        },
        file(file_data=AS_PDF, filename="a.pdf"),
    ),
    "Anthropic text document": (
        {"type": "document", "title": "T", "source": {"type": "text", "data": "words"}},
        text("T:\nwords"),
    ),
    "Anthropic document of blocks": (
        {
            "type": "document",
            "source": {"type": "content", "content": [{"type": "text", "text": "two"}, "words"]},
        },
        text("two\nwords"),
    ),
    "text document": ({"type": "text-plain", "text": "words", "title": "T"}, text("T:\nwords")),
    "text document by value": ({"type": "text-plain", "base64": TEXT_FILE}, text("grüße")),
    "text file": (
        {"type": "file", "base64": TEXT_FILE, "mime_type": "text/plain", "filename": "n.txt"},
        text("n.txt:\ngrüße"),
    ),
    "v0 text file": (
        {"type": "file", "source_type": "text", "text": "words", "mime_type": "text/plain"},
        text("words"),
    ),
    "a picture of unsaid kind under a data address": (
        {"type": "image", "base64": f"data:;base64,{PNG}"},
        image(AS_PNG),
    ),
    "a text file that LangChain calls a PDF": (
        {
            "type": "file",
            "base64": TEXT_FILE,
            "mime_type": "application/pdf",
            "extras": {"filename": "n.md"},
        },
        text("n.md:\ngrüße"),
    ),
    "the same without a name": (
        {"type": "file", "base64": TEXT_FILE, "mime_type": "application/pdf"},
        text("grüße"),
    ),
    "unknown bytes, called a PDF": (
        {"type": "file", "base64": UNKNOWN, "mime_type": "application/pdf"},
        file(file_data=f"data:application/pdf;base64,{UNKNOWN}", filename="document.pdf"),
    ),
    "non-standard": (
        {"type": "non_standard", "value": {"type": "hologram", "x": 1}},
        {"type": "hologram", "x": 1},
    ),
    "a model's refusal": ({"type": "refusal", "refusal": "no"}, text("no")),
    "bare string": ("hi", text("hi")),
}


@pytest.mark.parametrize(("block", "part"), OPENAI.values(), ids=OPENAI.keys())
def test_blocks_become_openai_parts(block, part):
    """Each form of block is sent as the one documented part, with nothing added or lost."""
    assert turns(HumanMessage([text("first"), block])) == [
        {"role": "user", "content": [text("first"), part]}
    ]


def source(data, kind):
    """Anthropic's source of bytes."""
    return {"type": "base64", "media_type": kind, "data": data}


ANTHROPIC = {
    "text": (text("hi"), text("hi")),
    "text with a mark": (text("hi", cache_control=CACHED), text("hi", cache_control=CACHED)),
    "image by value": (
        {"type": "image", "base64": PNG},
        {"type": "image", "source": source(PNG, "image/png")},
    ),
    "image by address": (
        {"type": "image", "url": URL},
        {"type": "image", "source": {"type": "url", "url": URL}},
    ),
    "OpenAI image": (image(AS_PNG), {"type": "image", "source": source(PNG, "image/png")}),
    "file": (
        {"type": "file", "base64": PDF, "filename": "a.pdf"},
        {"type": "document", "source": source(PDF, "application/pdf")},
    ),
    "OpenAI file": (
        file(file_data=AS_PDF, filename="a.pdf"),
        {"type": "document", "source": source(PDF, "application/pdf")},
    ),
    "file by id": (
        {"type": "file", "file_id": "file-1"},
        {"type": "document", "source": {"type": "file", "file_id": "file-1"}},
    ),
    "text document": ({"type": "text-plain", "text": "words"}, text("words")),
    "non-standard": (
        {"type": "non_standard", "value": {"type": "search_result", "x": 1}},
        {"type": "search_result", "x": 1},
    ),
}


@pytest.mark.parametrize(("block", "part"), ANTHROPIC.values(), ids=ANTHROPIC.keys())
def test_blocks_become_anthropic_blocks(block, part):
    """Each form of block is sent as Anthropic's block of the same meaning."""
    assert turns(HumanMessage([text("first"), block]), dialect="anthropic") == [
        {"role": "user", "content": [text("first"), part]}
    ]


@pytest.mark.parametrize(
    ("mime_type", "form"),
    [
        ("audio/mpeg", "mp3"),
        ("audio/mp3", "mp3"),
        ("audio/mpga", "mp3"),
        ("audio/x-wav", "wav"),
        ("audio/wave", "wav"),
        ("audio/flac", "audio/flac"),
        ("audio/x-flac", "audio/flac"),
        ("audio/ogg", "audio/ogg"),
        ("audio/ogg; codecs=opus", "audio/ogg"),
        ("audio/mp4", "audio/mp4"),
        ("audio/x-m4a", "audio/m4a"),
        ("audio/aac", "audio/x-aac"),
        ("audio/webm", "audio/webm"),
    ],
)
def test_audio_formats(mime_type, form):
    """Two formats, wav and mp3, go by their bare names, every other format as a media type."""
    block = {"type": "audio", "base64": UNKNOWN, "mime_type": mime_type}

    assert turns(HumanMessage([block]))[0]["content"] == [audio(UNKNOWN, form)]


@pytest.mark.parametrize("form", ["flac", "ogg"])
def test_bare_formats_get_their_family(form):
    """OpenAI's part with a bare name the schemas do not know is sent as a media type."""
    assert turns(HumanMessage([audio(UNKNOWN, form)]))[0]["content"] == [
        audio(UNKNOWN, f"audio/{form}")
    ]


REFUSED = {
    "unknown type": ({"type": "hologram", "x": 1}, "hologram"),
    "no type": ({"x": 1}, "dict"),
    "image without a place": ({"type": "image"}, "image"),
    "image with an empty place": ({"type": "image", "base64": ""}, "image"),
    "image_url without one": ({"type": "image_url"}, "image_url"),
    "audio without data": ({"type": "input_audio", "input_audio": {}}, "input_audio"),
    "text without text": ({"type": "text"}, "text"),
    "Anthropic's image without data": ({"type": "image", "source": {"type": "base64"}}, "image"),
    "document without source": ({"type": "document"}, "document"),
    "document of pictures": (
        {"type": "document", "source": {"type": "content", "content": [{"type": "image"}]}},
        "only text",
    ),
    "a cache mark that is a word": (
        {"type": "text", "text": "x", "cache_control": "ephemeral"},
        "'cache_control' is no dict",
    ),
    "text document of broken base64": ({"type": "text-plain", "base64": "%"}, "text-plain"),
    "text document without text": ({"type": "text-plain"}, "text-plain"),
    "non-standard without value": ({"type": "non_standard"}, "non_standard"),
    "image by id": ({"type": "image", "file_id": "file-1"}, "image"),
    "audio by id": ({"type": "audio", "file_id": "file-1"}, "audio"),
    "video by id": ({"type": "video", "file_id": "file-1"}, "video"),
}


@pytest.mark.parametrize(("block", "kind"), REFUSED.values(), ids=REFUSED.keys())
def test_what_cannot_be_sent_is_refused(block, kind):
    """A block with no form on the wire is refused by its type, and by its place where known."""
    with pytest.raises(UnsupportedContentError, match=kind) as refusal:
        turns(SystemMessage("s"), HumanMessage(["first", block]))

    assert "nothing was sent" in str(refusal.value)
    assert "messages[1] (human)" in str(refusal.value)


@pytest.mark.parametrize("kind", ["audio", "video"])
def test_anthropic_hears_and_watches_nothing(kind):
    """The Anthropic dialect has no audio or video; the refusal says so and names the place."""
    with pytest.raises(UnsupportedContentError, match=rf"messages\[0\].*{kind}"):
        turns(HumanMessage([{"type": kind, "base64": UNKNOWN}]), dialect="anthropic")


@pytest.mark.parametrize(
    "kind", ["reasoning", "thinking", "redacted_thinking", "tool_call", "tool_use", "function_call"]
)
def test_a_models_own_blocks_are_left_out_of_other_turns(kind):
    """What only a model writes says nothing in a user's turn."""
    assert turns(HumanMessage([{"type": kind, "id": "c"}, text("hi")])) == [
        {"role": "user", "content": "hi"}
    ]


@pytest.mark.parametrize(
    ("start", "mime_type"),
    [
        (b"\x89PNG\r\n", "image/png"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"GIF89a", "image/gif"),
        (b"RIFF\x00\x00\x00\x00WEBP", "image/webp"),
        (b"RIFF\x00\x00\x00\x00WAVE", "audio/wav"),
        (b"RIFF\x00\x00\x00\x00AVI ", None),
        (b"%PDF-1.4", "application/pdf"),
        (b"ID3\x04", "audio/mpeg"),
        (b"\xff\xfb\x90", "audio/mpeg"),
        (b"fLaC", "audio/flac"),
        (b"OggS", "audio/ogg"),
        (b"\x00\x00\x00\x18ftypisom", "video/mp4"),
        (b"what", None),
    ],
)
def test_bytes_tell_their_kind(start, mime_type):
    """Common files are known by their first bytes."""
    assert sniffed(base64.b64encode(start + bytes(20)).decode()) == mime_type


@pytest.mark.parametrize(
    ("label", "read"),
    [
        ("image/jpg", ("image/jpeg", None)),
        (" IMAGE/PNG ", ("image/png", None)),
        ("Audio/X-WAV", ("audio/wav", None)),
        ("text/plain; format=flowed; CHARSET='Latin-1'", ("text/plain", "Latin-1")),
        ("application/octet-stream", (None, None)),
        ("", (None, None)),
        (None, (None, None)),
        (7, (None, None)),
    ],
)
def test_media_types_are_normalised(label, read):
    """Case, parameters and old names make no difference; some labels say nothing."""
    assert read_type(label) == read


def test_what_is_no_base64_has_no_kind():
    """Odd text in place of base64 is no error here: the service will say what it thinks of it."""
    assert sniffed("é") is None


def test_reading_is_independent_of_the_shape():
    """The two ways to write a picture read as the same value."""
    one, other = read_content([image(AS_PNG), {"type": "image", "base64": PNG}], "here")

    assert one == other == Media("image", mime_type="image/png", data=PNG)


@pytest.mark.parametrize("content", ["", []])
def test_nothing_reads_as_nothing(content):
    """Empty content has no parts; an empty string inside a list is kept."""
    assert read_content(content, "here") == []
    assert read_content([""], "here") == [Text("")]


def test_what_is_no_block_at_all_is_refused():
    """Content that is neither text nor a dict is refused by its Python type."""
    with pytest.raises(UnsupportedContentError, match=r"here.content\[0\].*int"):
        read_content([7], "here")


@pytest.mark.parametrize(
    "path",
    ["/home/me/cat.png", "cat.png", "./a/b.pdf", "~/a", "file:///tmp/a.png", "C:\\a.png", "C:/a"],
)
@pytest.mark.parametrize(
    "block",
    [
        image,
        lambda path: {"type": "image", "url": path},
        lambda path: {"type": "image", "base64": path},
        lambda path: file(file_data=path),
        lambda path: {"type": "input_image", "image_url": path},
        lambda path: {"type": "image", "source": {"type": "url", "url": path}},
        video,
    ],
    ids=["part", "url", "base64", "file", "responses", "anthropic", "video"],
)
def test_a_path_is_no_url(path, block):
    """The error says how a file is passed; the service would only say that the part is wrong."""
    with pytest.raises(UnsupportedContentError, match=r"no URL.*'base64': Path\(…\)\.read_bytes"):
        read_content([block(path)], "here")


@pytest.mark.parametrize(
    "place", ["https://a.example/x.png", "HTTP://a.example/x", "gs://bucket/x.png", JPEG, AS_PNG]
)
def test_what_is_no_path(place):
    """Addresses of any scheme, and base64, that of a JPEG begins with a slash."""
    assert read_content([image(place)], "here")


def test_bytes_may_be_base64_already():
    """`base64.b64encode` gives bytes: encoded again, no service could read them."""
    encoded = {"type": "image", "base64": PNG.encode(), "mime_type": "image/png"}

    assert turns(HumanMessage([encoded])) == [{"role": "user", "content": [image(AS_PNG)]}]


@pytest.mark.parametrize("data", ["###", "https://example.com/a.png", "é"])
def test_what_is_no_base64_is_refused(data):
    """It says so, since a service would only say that the picture is broken."""
    with pytest.raises(UnsupportedContentError, match="no base64"):
        turns(HumanMessage([{"type": "image", "base64": data, "mime_type": "image/png"}]))


def test_office_files_get_a_usual_name():
    """The name's ending tells a service what the file is."""
    kind = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
    data = base64.b64encode(b"PK\x03\x04....").decode()
    block = {"type": "file", "base64": data, "mime_type": kind}

    (part,) = turns(HumanMessage([block]))[0]["content"]

    assert part["file"]["filename"] == "document.docx"
