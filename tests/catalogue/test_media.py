"""The catalogue of everything but chat: its file, look-ups by id and kind, near misses."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest

from langchain_aimlapi._catalogue.media import media_ids, media_kinds, media_spec, near_media

ROOT = Path(__file__).parents[2]
KINDS = {
    "image": 49,
    "image_edit": 2,
    "video": 61,
    "music": 7,
    "speech": 14,
    "transcription": 13,
    "ocr": 5,
    "embeddings": 7,
}


@pytest.fixture(scope="module")
def refresh():
    """The script that writes the file, as a module."""
    spec = importlib.util.spec_from_file_location(
        "refresh_media", ROOT / "scripts/refresh_media.py"
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_documented_id_is_there():
    """As many as there are schemas, each readable in its kind."""
    assert {kind: len(media_ids(kind)) for kind in KINDS} == KINDS
    for kind in KINDS:
        for model in media_ids(kind):
            spec = media_spec(model, kind)
            assert spec.required <= set(spec.parameters)
            assert spec.path.startswith(("/v1/", "/v2/"))


def test_an_id_with_two_roles():
    """It makes images and edits them, at two addresses."""
    assert media_kinds("openai/gpt-image-1") == ["image", "image_edit"]
    edit = media_spec("openai/gpt-image-1", "image_edit")
    assert (edit.path, edit.form) == ("/v1/images/edits", True)
    assert edit.parameters["image"]["anyOf"][0] == {"format": "binary"}


def test_parameters_say_what_can_be_checked():
    """Values, bounds and defaults; no descriptions."""
    spec = media_spec("google/lyria2", "music")
    assert spec.required == {"prompt"}
    assert spec.parameters["seed"] == {"type": "integer", "minimum": 0}


def test_ids_are_found_whatever_their_case():
    """As the service finds them."""
    assert media_spec("GOOGLE/Lyria2", "music").id == "google/lyria2"
    assert media_spec("gpt-4o", "image") is None
    assert media_kinds("gpt-4o") == []


def test_near_misses():
    """The right id of the same kind is named."""
    assert "google/lyria2" in near_media("google/lyria-2", "music")
    assert "google/lyria2" in near_media("lyria2", "music")
    assert near_media("google/lyria2", "ocr") == []


def test_chat_never_reads_it():
    """It costs nothing to those who only chat."""
    program = (
        "import sys\n"
        "from langchain_aimlapi import ChatAimlapi\n"
        "ChatAimlapi(model='gpt-4o', api_key='k').profile\n"
        "print('langchain_aimlapi._catalogue.media' in sys.modules)\n"
    )
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603
    assert done.stdout == "False\n"


def test_the_same_schemas_give_the_same_file(refresh, tmp_path, monkeypatch):
    """Descriptions go, files of forms are marked, equal schemas are shared."""
    upload = {"properties": {"buffer": {}, "size": {"type": "integer"}}, "type": "object"}
    rows = [
        {
            "route": "images",
            "path": "/v1/images/generations",
            "model": model,
            "content_type": "application/json",
            "request": {
                "required": ["model", "prompt"],
                "properties": {
                    "model": {"enum": [model]},
                    "prompt": {"type": "string", "description": "long", "maxLength": 9},
                    "image": upload,
                },
            },
        }
        for model in ("b", "a")
    ]
    (tmp_path / "specs.jsonl").write_text("\n".join(map(json.dumps, rows)), "utf-8")
    monkeypatch.setattr(refresh, "CATALOGUE", tmp_path / "media.json")
    assert refresh.main([str(tmp_path / "specs.jsonl")]) == 0
    written = json.loads((tmp_path / "media.json").read_text("utf-8"))
    assert written == {
        "schemas": {"s0": {"type": "string", "maxLength": 9}, "s1": {"format": "binary"}},
        "models": {
            model: {
                "image": {
                    "path": "/v1/images/generations",
                    "required": "prompt",
                    "parameters": "prompt=s0 image=s1",
                }
            }
            for model in ("a", "b")
        },
    }
