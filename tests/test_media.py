"""Pictures, audio, video and files as people have them, in each dialect and on each route."""

from __future__ import annotations

import base64
import json

import pytest
from langchain_core.messages import AIMessage, HumanMessage

from langchain_aimlapi.errors import UnsupportedContentError
from tests.scripted import Scripted

PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNkYAAAAAYAAjCB0C8AAAAASUVORK5CYII="
)
PNG = base64.b64encode(PIXEL).decode()
PDF = base64.b64encode(b"%PDF-1.7\n%%EOF" + bytes(20)).decode()
WAV = base64.b64encode(b"RIFF\x00\x00\x00\x00WAVEfmt " + bytes(8)).decode()
MP3 = base64.b64encode(b"ID3\x04" + bytes(20)).decode()
GREETING = "Grüße"

MODELS = {
    "openai dialect": {"model": "gpt-4o"},
    "anthropic dialect": {"model": "claude-sonnet-4-5"},
    "responses route": {"model": "gpt-4o", "use_responses_api": True},
}


@pytest.fixture(params=MODELS.values(), ids=MODELS)
def llm(request, aimlapi_sandbox, model):
    """A model of each dialect and route that takes pictures and files."""
    return model(**request.param)


def sent(sandbox):
    """The latest request's body as text."""
    return json.dumps(sandbox.requests[-1].body, ensure_ascii=False, separators=(",", ":"))


def told(llm, ask, sandbox, block):
    """What is sent of a block."""
    ask(llm, [HumanMessage([{"type": "text", "text": "What is it?"}, block])])
    return sent(sandbox)


BREAKS = "\n".join(PNG[at : at + 20] for at in range(0, len(PNG), 20))
URL_SAFE = PNG.replace("+", "-").replace("/", "_").rstrip("=")
PICTURES = {
    "base64": {"type": "image", "base64": PNG, "mime_type": "image/png"},
    "an odd label": {"type": "image", "base64": PNG, "mime_type": "IMAGE/X-PNG; q=1"},
    "a wrong label": {"type": "image", "base64": PNG, "mime_type": "image/jpg"},
    "line breaks": {"type": "image", "base64": BREAKS, "mime_type": "image/png"},
    "the alphabet of addresses": {"type": "image", "base64": URL_SAFE, "mime_type": "image/png"},
    "bytes": {"type": "image", "base64": PIXEL, "mime_type": "image/png"},
    "a bytearray": {"type": "image", "data": bytearray(PIXEL), "mime_type": "image/png"},
    "a data address under base64": {
        "type": "image",
        "base64": f"data:image/png;base64,{PNG}",
        "mime_type": "image/jpeg",
    },
    "a data address": {"type": "image", "url": f"data:image/png;base64,{PNG}"},
    "a data address in capitals": {"type": "image", "url": f"DATA:image/PNG;BASE64,{PNG}"},
    "a percent-coded address": {
        "type": "image",
        "url": "data:image/png," + "".join(f"%{byte:02X}" for byte in PIXEL),
    },
    "percents within base64": {
        "type": "image",
        "url": f"data:image/png;base64,{PNG.replace('=', '%3D')}",
    },
    "a data address with line breaks": {
        "type": "image_url",
        "image_url": {"url": f"data:image/png;base64,{BREAKS}"},
    },
    "bytes as an address": {"type": "image_url", "image_url": {"url": PIXEL}},
    "base64 as an address": {"type": "image_url", "image_url": {"url": PNG}},
    "v0": {"type": "image", "source_type": "base64", "data": PNG, "mime_type": "image/jpg"},
    "Anthropic's": {
        "type": "image",
        "source": {"type": "base64", "media_type": "image/jpg", "data": PIXEL},
    },
    "Google's": {"type": "media", "mime_type": "image/png", "data": PIXEL},
    "Google's address": {"type": "media", "file_uri": f"data:image/png;base64,{PNG}"},
    "a file": {"type": "file", "base64": PNG, "mime_type": "application/octet-stream"},
    "a file, labelled wrong": {"type": "file", "base64": PNG, "mime_type": "application/pdf"},
}


def test_pictures_in_every_spelling(ask, llm, aimlapi_sandbox):
    """The same bytes under the same type, however they were written down."""
    for name, block in PICTURES.items():
        body = told(llm, ask, aimlapi_sandbox, block)

        whole = f"data:image/png;base64,{PNG}"
        parts = f'"media_type":"image/png","data":"{PNG}"'
        assert whole in body or parts in body, name


TEXTS = {
    "plain": ("text/plain", "utf-8"),
    "with its charset": ("text/plain;charset=utf-8", "utf-8"),
    "in another charset": ("text/plain; charset=iso-8859-1", "iso-8859-1"),
    "with a quoted charset": ('TEXT/PLAIN; Charset="windows-1252"', "windows-1252"),
    "with a mark": ("text/plain", "utf-16"),
    "a table": ("text/csv; charset=latin-1", "latin-1"),
    "markdown": ("text/x-markdown", "utf-8"),
}


def test_text_files_are_text(ask, llm, aimlapi_sandbox):
    """There is no part for them, so they go inline, decoded as they say."""
    for name, (label, charset) in TEXTS.items():
        data = base64.b64encode(GREETING.encode(charset)).decode()
        blocks = [
            {"type": "file", "base64": data, "mime_type": label, "filename": "a.txt"},
            {
                "type": "file",
                "file": {"filename": "a.txt", "file_data": f"data:{label};base64,{data}"},
            },
            {"type": "file", "source_type": "base64", "data": data, "mime_type": label},
            {"type": "text-plain", "base64": data, "mime_type": label},
        ]
        for block in blocks:
            assert GREETING in told(llm, ask, aimlapi_sandbox, block), name


def test_text_in_a_percent_coded_address(ask, llm, aimlapi_sandbox):
    """Text need not be in base64."""
    block = {"type": "file", "url": "data:text/plain;charset=utf-8,Gr%C3%BC%C3%9Fe"}

    assert GREETING in told(llm, ask, aimlapi_sandbox, block)


@pytest.mark.parametrize(
    ("block", "reason"),
    [
        (
            {
                "type": "file",
                "base64": base64.b64encode(b"\xff\xe4").decode(),
                "mime_type": "text/plain",
            },
            "not utf-8; name its charset",
        ),
        (
            {"type": "file", "base64": "R3I=", "mime_type": "text/plain; charset=klingon"},
            "charset 'klingon' is unknown",
        ),
        ({"type": "file", "base64": "%%%", "mime_type": "text/plain"}, "no base64"),
        (
            {"type": "image", "base64": {"a": 1}, "mime_type": "image/png"},
            "its data is a dict",
        ),
        ({"type": "image", "url": "data:image/png;base64"}, "needs a comma"),
    ],
)
def test_what_cannot_be_read_is_refused_with_the_true_reason(llm, aimlapi_sandbox, block, reason):
    """So that whoever wrote it can put it right; nothing is sent."""
    with pytest.raises(UnsupportedContentError, match=reason):
        llm.invoke([HumanMessage([block])])
    assert aimlapi_sandbox.requests == []


FILES = {
    "v0, named in metadata": {
        "type": "file",
        "source_type": "base64",
        "data": PDF,
        "mime_type": "application/pdf",
        "metadata": {"filename": "x.pdf"},
    },
    "v0, named beside": {
        "type": "file",
        "source_type": "base64",
        "data": PDF,
        "mime_type": "application/pdf",
        "filename": "x.pdf",
    },
    "v1, named in extras": {"type": "file", "base64": PDF, "extras": {"filename": "x.pdf"}},
    "no label": {"type": "file", "file": {"file_data": PDF, "filename": "x.pdf"}},
    "a wrong label": {
        "type": "file",
        "base64": PDF,
        "mime_type": "text/plain",
        "filename": "x.pdf",
    },
    "an old label": {
        "type": "file",
        "base64": PDF,
        "mime_type": "application/x-pdf",
        "name": "x.pdf",
    },
    "bytes": {"type": "file", "base64": base64.b64decode(PDF), "filename": "x.pdf"},
    "an image block": {
        "type": "image",
        "base64": PDF,
        "mime_type": "image/png",
        "filename": "x.pdf",
    },
    "the Responses route's": {"type": "input_file", "file_data": PDF, "filename": "x.pdf"},
}


def test_files_keep_their_name_and_get_their_type(ask, llm, aimlapi_sandbox):
    """What the bytes prove counts, whatever the label says."""
    for name, block in FILES.items():
        body = told(llm, ask, aimlapi_sandbox, block)

        assert "application/pdf" in body, name
        assert PDF in body, name
        assert "x.pdf" in body or "claude" in body, name


def test_files_by_address_from_google(ask, llm, aimlapi_sandbox):
    """`media` blocks name a place under `file_uri`."""
    block = {"type": "media", "mime_type": "image/jpg", "file_uri": "https://a.example/cat.jpg"}

    assert '"https://a.example/cat.jpg"' in told(llm, ask, aimlapi_sandbox, block)


MARK = {"type": "ephemeral"}


def test_fields_of_v0_blocks_are_kept(ask, model, aimlapi_sandbox):
    """Detail and cache marks stand under `metadata` in v0 and under `extras` in v1."""
    place = {"type": "image", "url": "https://a.example/x.png"}
    v0 = {**place, "source_type": "url"}
    for block in ({**v0, "metadata": {"detail": "low"}}, {**place, "extras": {"detail": "low"}}):
        told(model(), ask, aimlapi_sandbox, block)
        part = aimlapi_sandbox.requests[-1].body["messages"][0]["content"][1]
        assert part["image_url"]["detail"] == "low"

    told(model(), ask, aimlapi_sandbox, {**v0, "metadata": {"cache_control": MARK}})
    assert aimlapi_sandbox.requests[-1].body["messages"][0]["content"][1]["cache_control"] == MARK


@pytest.mark.parametrize(
    ("block", "form", "data"),
    [
        ({"type": "audio", "base64": WAV, "mime_type": "audio/x-wav"}, "wav", WAV),
        ({"type": "audio", "base64": WAV, "mime_type": "Audio/Wav; codecs=1"}, "wav", WAV),
        ({"type": "audio", "base64": WAV, "mime_type": "audio/mpeg"}, "wav", WAV),
        ({"type": "audio", "base64": MP3, "mime_type": "audio/mp3"}, "mp3", MP3),
        ({"type": "audio", "base64": base64.b64decode(MP3)}, "mp3", MP3),
        ({"type": "media", "mime_type": "audio/x-wav", "data": base64.b64decode(WAV)}, "wav", WAV),
        ({"type": "input_audio", "input_audio": {"data": base64.b64decode(WAV)}}, "wav", WAV),
        ({"type": "file", "base64": WAV, "filename": "a.wav"}, "wav", WAV),
    ],
)
def test_audio_in_every_spelling(ask, model, aimlapi_sandbox, block, form, data):
    """The two formats that every model takes go by their bare names."""
    ask(model(model="google/gemini-3-5-flash"), [HumanMessage([block])])

    part = aimlapi_sandbox.requests[-1].body["messages"][0]["content"][0]
    assert part == {"type": "input_audio", "input_audio": {"data": data, "format": form}}


@pytest.mark.parametrize("kind", ["audio", "video"])
def test_ids_are_for_files_alone(llm, aimlapi_sandbox, kind):
    """A `file_id` with audio or video is refused by its place, and told how else to send it."""
    block = {"type": kind, "file_id": "file-1", "mime_type": f"{kind}/mp4"}

    with pytest.raises(UnsupportedContentError, match=rf"messages\[0\].*{kind}"):
        llm.invoke([HumanMessage([block])])
    assert aimlapi_sandbox.requests == []


# --- pictures that a model drew -------------------------------------------------------------------

DRAWN = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}}


@pytest.mark.parametrize("version", ["v0", "v1"])
@pytest.mark.parametrize("name", ["google/gemini-2.5-flash-image", "gpt-4o"])
def test_a_picture_goes_back_on_the_next_turn(ask, model, version, name):
    """To make it blue means the picture that was drawn, by whichever model of the two."""
    with Scripted({"content": "Here.", "images": [DRAWN]}) as service:
        llm = model(model=name, base_url=service.url, api_key="k", output_version=version)
        drawn = ask(llm, "Draw a cat")
        ask(llm, [HumanMessage("Draw a cat"), drawn, HumanMessage("Make it blue")])

    messages = service.bodies[-1]["messages"]
    assert messages[1] == {"role": "assistant", "content": "Here."}
    assert DRAWN in messages[2]["content"]
    assert messages[3] == {"role": "user", "content": "Make it blue"}


@pytest.mark.parametrize("version", ["v0", "v1"])
def test_a_picture_stays_here_where_none_is_taken(ask, model, aimlapi_sandbox, version):
    """A model documented to take text alone gets the text alone."""
    drawn = AIMessage("Here.", additional_kwargs={"images": [DRAWN]})
    if version == "v1":
        drawn = AIMessage([{"type": "text", "text": "Here."}, {**PICTURES["base64"]}])

    ask(
        model(model="deepseek/deepseek-v4-pro"), [HumanMessage("Draw"), drawn, HumanMessage("Blue")]
    )

    assert "Here." in sent(aimlapi_sandbox)
    assert PNG not in sent(aimlapi_sandbox)


def test_odd_pictures_of_a_reply_do_not_end_the_thread(ask, llm, aimlapi_sandbox):
    """What the service said is not the caller's to put right."""
    drawn = AIMessage("Here.", additional_kwargs={"images": [{"odd": 1}, "x", DRAWN]})

    ask(llm, [HumanMessage("Draw"), drawn, HumanMessage("Blue")])

    assert PNG in sent(aimlapi_sandbox)
