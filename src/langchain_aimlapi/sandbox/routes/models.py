"""`/models` and `/model/{id}`: the catalogue in the format of the service.

It lists the ids of the package's data files without the retired ones. Any other id works in a chat
or embeddings request too; it is just not listed.
"""

from __future__ import annotations

import functools
import hashlib
from importlib import resources
from typing import TYPE_CHECKING, Any

import orjson

from langchain_aimlapi.sandbox.checks.media import media_data
from langchain_aimlapi.sandbox.replies import ApiError, Reply
from langchain_aimlapi.sandbox.routes.images import USD_PER_IMAGE
from langchain_aimlapi.sandbox.routes.jobs import USD_PER_MUSIC_SECOND, USD_PER_VIDEO_SECOND
from langchain_aimlapi.sandbox.routes.ocr import USD_PER_PAGE
from langchain_aimlapi.sandbox.routes.speech import USD_PER_CHARACTER
from langchain_aimlapi.sandbox.routes.transcription import USD_PER_SECOND

if TYPE_CHECKING:
    from collections.abc import Mapping

Json = dict[str, Any]

_CHAT, _RESPONSES, _EMBEDDINGS = "openai/chat-completions", "openai/responses", "openai/embeddings"
_EMBEDDERS = ("text-embedding-3-large", "text-embedding-3-small", "text-embedding-ada-002")
_INPUTS = {
    "image": ("image_url", "image"),
    "audio": ("input_audio",),
    "video": ("video_url",),
    "file": ("file", "document"),
}
_OPTIONAL = ("modalities", "capabilities", "pricing")
_MILLION = 1_000_000
_MEDIA: dict[str, tuple[str, str, str, Json]] = {
    "image": ("openai/image-generations", "text", "image", {"image": USD_PER_IMAGE}),
    "image_edit": ("openai/image-edits", "text image", "image", {"image": USD_PER_IMAGE}),
    "video": (
        "internal/video-generations/submit",
        "text",
        "video",
        {"second": USD_PER_VIDEO_SECOND},
    ),
    "music": (
        "internal/audio-generations/submit",
        "text",
        "audio",
        {"second": USD_PER_MUSIC_SECOND},
    ),
    "speech": ("internal/tts", "text", "audio", {"character": USD_PER_CHARACTER}),
    "transcription": ("internal/stt", "audio", "text", {"second": USD_PER_SECOND}),
    "ocr": ("internal/ocr", "image file", "text", {"page": USD_PER_PAGE}),
    "embeddings": (_EMBEDDINGS, "text", "text", {}),
}
"""For what an id does: the service's word, what goes in and comes out, and the price of a unit."""


def _prices(units: Mapping[str, float]) -> Json:
    """Return the prices, which are those that the sandbox charges: per unit, or per token."""
    rows: list[Json] = [
        {"name": unit, "measure": "output", "price": price, "per": 1}
        for unit, price in units.items()
    ]
    return {"kind": "fixed", "currency": "USD", "units": rows or _TOKEN_PRICES}


_TOKEN_PRICES: list[Json] = [
    {"name": "token", "measure": "input", "price": 2.5, "per": _MILLION},
    {"name": "token", "measure": "output", "price": 10.0, "per": _MILLION},
]


def list_models(query: Mapping[str, list[str]], known_etag: str) -> Reply:
    """Answer `GET /models`; 304 if the caller's copy is current."""
    shown = [_shown(item, query) for item in _catalogue() if _wanted(item, query)]
    body = orjson.dumps({"object": "list", "data": shown})
    etag = f'"{hashlib.blake2b(body, digest_size=8).hexdigest()}"'
    if etag in known_etag.replace("W/", "").split(", "):
        return Reply(b"", 304, headers={"etag": etag})
    return Reply(body, headers={"etag": etag})


def one_model(name: str, query: Mapping[str, list[str]]) -> Reply:
    """Answer `GET /model/{id}`.

    Raises:
        ApiError: 404, the id is not in the catalogue.
    """
    for item in _catalogue():
        if name.lower() in _names(item):
            return Reply(orjson.dumps({"object": "model", "data": _shown(item, query)}))
    raise ApiError(404, f"Model {name} not found")


@functools.cache
def _catalogue() -> tuple[Json, ...]:
    file = resources.files("langchain_aimlapi").joinpath("_catalogue", "models.json")
    data = orjson.loads(file.read_bytes())
    chat = (
        _item(data, name, line)
        for name, line in data["models"].items()
        if line.get("listing") != "deprecated"
    )
    embedders = (_described(name, "OpenAI", _EMBEDDINGS) for name in _EMBEDDERS)
    media = (_of_media(name, roles) for name, roles in media_data()["models"].items())
    items = {item["id"]: item for item in (*embedders, *media, *chat)}
    return tuple(sorted(items.values(), key=lambda item: str(item["id"])))


def _of_media(name: str, roles: Json) -> Json:
    """Describe an id of media by the first thing that it does."""
    kind, taken, given, units = _MEDIA[min(roles, key=list(_MEDIA).index)]
    item = _described(name, name.rpartition("/")[0], kind)
    parameters = " ".join(role["parameters"] for role in roles.values())
    taken += "".join(f" {medium}" for medium in ("image", "video") if f"{medium}_url" in parameters)
    item["modalities"] = {"input": sorted(set(taken.split())), "output": given.split()}
    item["capabilities"] = _media_abilities(item)
    item["pricing"] = _prices(units)
    return item


def _media_abilities(item: Json) -> list[str]:
    taken, given = item["modalities"]["input"], item["modalities"]["output"][0]
    if given == "audio":
        return ["audio_generation"]
    return [f"{one}_to_video" for one in taken if given == "video" and one in {"text", "image"}]


def _item(data: Json, name: str, line: Json) -> Json:
    kind = _RESPONSES if line.get("route") == "responses" else _CHAT
    shape = data["shapes"].get(line.get("shape"), {})
    item = _described(name, line.get("vendor", ""), kind)
    item["info"] |= {"contextLength": line.get("context"), "outputMax": line.get("output")}
    parts = set(" ".join(shape.get("user_parts", {}).values()).split())
    seen = [medium for medium, kinds in _INPUTS.items() if parts & set(kinds)]
    able = {
        "streaming": True,
        "tools": bool(shape.get("tool_shapes")),
        "structured_output": "json_schema" in shape.get("response_formats", ""),
        "vision": "image" in seen,
        "file_input": "file" in seen,
    }
    item["modalities"]["input"] += seen
    item["capabilities"] = [word for word, has in able.items() if has]
    return item


def _described(name: str, developer: str, kind: str) -> Json:
    return {
        "id": name,
        "aliases": [],
        "type": kind,
        "info": {"name": name.rpartition("/")[2], "developer": developer},
        "tags": [],
        "modalities": {"input": ["text"], "output": ["text"]},
        "capabilities": [],
        "pricing": _prices({}),
    }


def _names(item: Json) -> set[str]:
    return {name.lower() for name in (item["id"], *item["aliases"])}


def _words(query: Mapping[str, list[str]], name: str) -> set[str]:
    """Parse a filter: repeated or with commas, in any case."""
    return {word.strip().lower() for text in query.get(name, []) for word in text.split(",")} - {""}


def _wanted(item: Json, query: Mapping[str, list[str]]) -> bool:
    """Tell whether an item passes all filters of the query."""
    modalities = item["modalities"]
    have = {
        "id": _names(item),
        "type": {item["type"]},
        "tags": set(item["tags"]),
        "capabilities": set(item["capabilities"]),
        "input_modalities": set(modalities["input"]),
        "output_modalities": set(modalities["output"]),
        "modalities": {*modalities["input"], *modalities["output"]},
    }
    return all(words & have[name] for name in have if (words := _words(query, name)))


def _shown(item: Json, query: Mapping[str, list[str]]) -> Json:
    """Leave out the fields that `include` and `details` do not ask for."""
    asked = _words(query, "include")
    if "all" in asked or _words(query, "details") & {"true", "1"}:
        asked = set(_OPTIONAL)
    return {key: value for key, value in item.items() if key not in _OPTIONAL or key in asked}
