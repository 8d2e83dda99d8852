"""Every documented id, asked with what it needs alone and with everything it documents.

What the service receives is held against the documented schema by jsonschema. The schemas are
those of the catalogue; OpenAPI's spelling of them is turned into JSON Schema here.
"""

from __future__ import annotations

import json

import jsonschema
import pytest

from langchain_aimlapi import AimlapiEmbeddings
from langchain_aimlapi._catalogue.media import media_ids, media_spec
from langchain_aimlapi.media import (
    AimlapiImages,
    AimlapiMusic,
    AimlapiOCRLoader,
    AimlapiSpeech,
    AimlapiTranscription,
    AimlapiVideos,
)
from tests.media.service import PNG

URL = "https://example.com/file.png"
AUDIO = ("audio", "file", "url")
KINDS = {
    "image": AimlapiImages,
    "image_edit": AimlapiImages,
    "video": AimlapiVideos,
    "music": AimlapiMusic,
    "speech": AimlapiSpeech,
    "transcription": AimlapiTranscription,
    "ocr": AimlapiOCRLoader,
}
NOT_SERVED: dict[tuple[str, str], str] = {}
"""Ids that cannot be asked as documented, with the reason."""


# --- schemas --------------------------------------------------------------------------------------


def json_schema(schema):
    """A schema of OpenAPI 3.0 as JSON Schema."""
    found = {k: v for k, v in schema.items() if k not in {"nullable", "deprecated", "format"}}
    if found.pop("exclusiveMinimum", False):
        found["exclusiveMinimum"] = found.pop("minimum")
    for word in ("anyOf", "oneOf"):
        if word in found:  # the service takes what fits one; several may
            found["anyOf"] = [json_schema(each) for each in found.pop(word)]
    if "items" in found:
        found["items"] = json_schema(found["items"])
    if "properties" in found:
        found["properties"] = {k: json_schema(v) for k, v in found["properties"].items()}
    return {"anyOf": [found, {"type": "null"}]} if schema.get("nullable") else found


def body_schema(spec):
    """That of a whole body: nothing else is in it."""
    properties = {name: json_schema(each) for name, each in spec.parameters.items()}
    return {
        "type": "object",
        "properties": {**properties, "model": {"const": spec.id}},
        "required": sorted(spec.required | {"model"}),
        "additionalProperties": False,
    }


def legal(schema):
    """A value that a schema allows, another one than the default where there is one."""
    ways = [*schema.get("anyOf", ()), *schema.get("oneOf", ())]
    if "enum" in schema:
        return schema["enum"][-1]
    if ways:
        return legal(next(way for way in ways if way.keys() - {"nullable"}))
    if schema.get("format") == "binary":
        return PNG
    return LEGAL[schema.get("type", "string")](schema)


def text(schema):
    if schema.get("format") == "uri":
        return URL
    return ("a fox " * 60)[: max(schema.get("minLength", 0), min(5, schema.get("maxLength", 5)))]


def number(schema):
    low, high = schema.get("minimum"), schema.get("maximum")
    if high is not None:
        return high
    return low + 1 if low is not None else 3


LEGAL = {
    "string": text,
    "integer": number,
    "number": number,
    "boolean": lambda schema: True,
    "array": lambda schema: [legal(schema.get("items", {}))] * max(1, schema.get("minItems", 1)),
    "object": lambda schema: {k: legal(v) for k, v in schema.get("properties", {}).items()},
}


# --- calls ----------------------------------------------------------------------------------------


@pytest.fixture
def service(service):
    """It takes everything."""
    picture = {"url": f"{service.url}/f.png"}
    service.reply = lambda asked: {
        "id": "1",
        "status": "queued",
        "data": [picture],
        "audio": picture,
        "pages": [],
    }
    return service


def sent(service):
    """The body of the latest request; of a form, with its values as they were."""
    asked = service.asked[-1]
    if asked.headers["content-type"] == "application/json":
        return asked.body
    found = {}
    for name, parts in asked.form.items():
        values = [part[2].decode("latin-1") if part[0] else read(part[2]) for part in parts]
        found[name] = values if len(values) > 1 else values[0]
    return found


def read(data):
    """A field of a form as the value it was made of."""
    try:
        return json.loads(data)
    except ValueError:
        return data.decode()


def ask(service, spec, given):
    """Ask as a user does; the model is refused nothing, and everything must be known."""
    options = {"api_key": "k", "base_url": service.url, "unsupported_params": "error"}
    if spec.kind == "ocr":
        rest = {k: v for k, v in given.items() if k not in {"document", "pages", "mimeType"}}
        pages = {"pages": [1, 2, 4]} if "pages" in given else {}
        AimlapiOCRLoader(PNG, model=spec.id, **pages, **options, **rest).load()
        return
    model = KINDS[spec.kind](model=spec.id, **options)
    if spec.kind == "transcription":
        given = {"url": URL, **{k: v for k, v in given.items() if k not in AUDIO}}
    if spec.kind in {"video", "music", "transcription"}:
        model.submit(given)
    else:
        model.invoke(given)


def value(spec, name):
    """A legal value; some texts are files by their name alone."""
    schema = spec.parameters[name]
    is_file = name in {"image", "audio_url"} and schema.get("type") == "string"
    return URL if is_file else legal(schema)


def problem(service, spec, names):
    """What is wrong with the request that some parameters come to, if anything."""
    try:
        ask(service, spec, {name: value(spec, name) for name in names})
        body = sent(service)
        extra = {"url": body.pop("url")} if spec.kind == "transcription" else {}
        jsonschema.validate(body, body_schema(spec))
        if service.asked[-1].path != spec.path:
            return f"went to {service.asked[-1].path}"
        lost = set(names) - body.keys() - extra.keys() - (set(AUDIO) if extra else set())
    except Exception as error:  # noqa: BLE001  # any is a finding
        return f"{type(error).__name__}: {str(error)[:200]}"
    return f"lacks {sorted(lost)}" if lost else None


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("way", ["with what it needs", "with everything"])
def test_every_id(service, kind, way):
    """What the service gets is what the id documents, and nothing given is lost."""
    found = {}
    for model in media_ids(kind):
        spec = media_spec(model, kind)
        names = spec.parameters if way == "with everything" else spec.required
        if (wrong := problem(service, spec, names)) is not None:
            found[model, kind] = wrong
    assert found == {key: found.get(key) for key in NOT_SERVED if key[1] == kind}


@pytest.mark.parametrize("model", media_ids("embeddings"))
def test_every_embedding_id(aimlapi_sandbox, model):
    """The same for embeddings, which the sandbox answers with what the id documents alone."""
    spec = media_spec(model, "embeddings")
    everything = {name: legal(each) for name, each in spec.parameters.items() if name != "input"}
    for given in ({}, everything):
        own = {k: v for k, v in given.items() if k in AimlapiEmbeddings.model_fields}
        rest = {k: v for k, v in given.items() if k not in own}
        found = AimlapiEmbeddings(model=model, model_kwargs=rest, **own).embed_documents(["a", "b"])
        body = aimlapi_sandbox.requests[-1].body

        jsonschema.validate(body, body_schema(spec))
        assert given.keys() <= body.keys()
        assert len(found) == 2
