"""`/models` and `/model/{id}`: the catalogue in the format of the service.

It lists the ids of the package's data file without the retired ones, and a few embedding models.
Any other id works in a request too; it is just not listed.
"""

from __future__ import annotations

import functools
import hashlib
from importlib import resources
from typing import TYPE_CHECKING, Any

import orjson

from langchain_aimlapi.sandbox.replies import ApiError, Reply

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
_PRICING = {
    "kind": "fixed",
    "currency": "USD",
    "units": [
        {"name": "token", "count_usage": "input", "price": 2.5, "per": 1_000_000},
        {"name": "token", "count_usage": "output", "price": 10.0, "per": 1_000_000},
    ],
}


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
    return tuple(sorted([*chat, *embedders], key=lambda item: str(item["id"])))


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
        "pricing": _PRICING,
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
