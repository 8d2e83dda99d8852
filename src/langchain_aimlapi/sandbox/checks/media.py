"""What the service rejects of requests for media, by what is documented of each id.

The documents of about half of the ids are at hand, in a data file of the package; others are
refused, since nothing could be checked of them.
"""

from __future__ import annotations

import difflib
import functools
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING, Any

import orjson

from langchain_aimlapi.sandbox.checks import check_model
from langchain_aimlapi.sandbox.checks.schema import problems
from langchain_aimlapi.sandbox.replies import ApiError, validation_error

if TYPE_CHECKING:
    from collections.abc import Mapping

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Documented:
    """What is documented of an id in one role."""

    id: str
    required: frozenset[str]
    parameters: Mapping[str, Json]


@functools.cache
def media_data() -> Json:
    """Return the data file: `schemas` by name, and `models` by id."""
    file = resources.files("langchain_aimlapi").joinpath("_catalogue", "media.json")
    data: Json = orjson.loads(file.read_bytes())
    return data


@functools.cache
def _spellings() -> Mapping[str, str]:
    return {name.lower(): name for name in media_data()["models"]}


def documented(model: str, kind: str) -> Documented:
    """Look up an id.

    Args:
        model: The id.
        kind: What it is asked to do: "image", "image_edit", "video", "music", "speech",
            "transcription" or "ocr".

    Raises:
        ApiError: 404, the id is unknown; or 400, it does something else.
    """
    known = _spellings().get(model.lower())
    if known is None:
        near = difflib.get_close_matches(model.lower(), _spellings(), 3, 0.6)
        named = f". Near it: {', '.join(_spellings()[name] for name in near)}" if near else ""
        raise ApiError(404, f"Model {model} does not exist or has been retired{named}")
    roles = media_data()["models"][known]
    if kind not in roles:
        other = ", ".join(f"{role['path']} ({name})" for name, role in roles.items())
        raise validation_error(f"model: {known} is not served here, but by {other}")
    line, schemas = roles[kind], media_data()["schemas"]
    named_schemas = (pair.split("=") for pair in line["parameters"].split())
    return Documented(
        known,
        frozenset(line["required"].split()),
        {name: schemas[schema] for name, schema in named_schemas},
    )


def check_media(body: Any, kind: str) -> Documented:
    """Reject a request for media that the service would reject; return what is documented.

    Parameters that the documents of the id lack are ignored.

    Raises:
        ApiError: 400 with all problems, or 404 for an id that is unknown.
    """
    check_model(body)
    known = documented(body["model"], kind)
    lines = [f"{name}: Required" for name in sorted(known.required - body.keys())]
    for name, value in body.items():
        if name in known.parameters and not (value is None and name not in known.required):
            lines += problems(known.parameters[name], value, name)
    if lines:
        raise validation_error(*lines)
    return known
