"""What is documented of each id that is no chat model: images, video, music, speech and so on.

`media.json` lies beside this file and is written by `scripts/refresh_media.py`; chat never reads
it. A parameter's schema is JSON Schema without descriptions.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from functools import cache, lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

from langchain_aimlapi._catalogue.files import read_file

if TYPE_CHECKING:
    from collections.abc import Mapping

Kind = Literal[
    "image", "image_edit", "video", "music", "speech", "transcription", "ocr", "embeddings"
]


@dataclass(frozen=True, slots=True)
class MediaSpec:
    """One id in one role; an id may make images and edit them.

    Attributes:
        id: As documented.
        kind: What it does.
        path: Where it is asked, with the version of the API.
        required: Parameters that a request must have.
        parameters: JSON Schema by the name of the parameter; `model` is not among them.
        form: Whether files are uploaded in a multipart form.
    """

    id: str
    kind: Kind
    path: str
    required: frozenset[str]
    parameters: Mapping[str, Mapping[str, Any]]
    form: bool = False

    @property
    def addresses(self) -> frozenset[str]:
        """Parameters that are addresses of files, or lists of them."""
        return _addresses(self.id, self.kind)


@cache
def _addresses(model: str, kind: Kind) -> frozenset[str]:
    spec = media_spec(model, kind)
    parameters = spec.parameters if spec else {}
    return frozenset(
        name
        for name, schema in parameters.items()
        if _is_address(schema) and "webhook" not in name and "callback" not in name
    )


def _is_address(schema: Mapping[str, Any]) -> bool:
    ways = [*schema.get("anyOf", ()), *schema.get("oneOf", ())] or [schema]
    return any("uri" in (way.get("format"), way.get("items", {}).get("format")) for way in ways)


def media_spec(model: str, kind: Kind) -> MediaSpec | None:
    """Return what is documented of an id in a role, or `None`."""
    return _spec(model, kind)


def media_kinds(model: str) -> list[Kind]:
    """Return what an id does; empty if the catalogue of media lacks it."""
    known = _spelled(model)
    return list(_data()["models"][known]) if known else []


def media_ids(kind: Kind) -> tuple[str, ...]:
    """Return the ids that do something, sorted."""
    return tuple(model for model, kinds in _data()["models"].items() if kind in kinds)


def near_media(model: str, kind: Kind, n: int = 3) -> list[str]:
    """Return up to `n` ids of a kind that look like `model`, nearest first."""
    bare = {_plain(known): known for known in media_ids(kind)}
    bare |= {_plain(known).rpartition("/")[2]: known for known in media_ids(kind)}
    found = difflib.get_close_matches(_plain(model), bare, n * 2, 0.6)
    return list(dict.fromkeys(bare[name] for name in found))[:n]


def _plain(model: str) -> str:
    return model.lower().replace(".", "-").replace("_", "-")


def _spelled(model: str) -> str | None:
    models = _data()["models"]
    return model if model in models else _lowered().get(model.lower())


@lru_cache(maxsize=256)
def _spec(model: str, kind: Kind) -> MediaSpec | None:
    known = _spelled(model)
    line = _data()["models"][known].get(kind) if known else None
    if known is None or line is None:
        return None
    schemas = _data()["schemas"]
    named = (pair.split("=") for pair in line["parameters"].split())
    return MediaSpec(
        id=known,
        kind=kind,
        path=line["path"],
        required=frozenset(line["required"].split()),
        parameters=MappingProxyType({name: schemas[schema] for name, schema in named}),
        form=line.get("form", False),
    )


@cache
def _lowered() -> dict[str, str]:
    return {known.lower(): known for known in _data()["models"]}


@cache
def _data() -> dict[str, Any]:
    return read_file("media.json")
