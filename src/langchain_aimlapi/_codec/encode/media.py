"""Prompts, files and parameters -> the body of a request for media, by what an id documents.

Ids name the same thing differently: `n` is `num_images` elsewhere, `size` is `image_size` or an
object of width and height, a picture goes as `image_url`, as `image_urls` or as a file of a form.
A parameter is written by the name the id documents; a value it cannot take is an error before
anything is sent, with the values it takes.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from langchain_aimlapi.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from langchain_aimlapi._catalogue.media import MediaSpec

Unsupported = Literal["drop", "send", "error"]

_REFERENCES = ("reference_image_urls", "reference_images")
_NAMES: Mapping[str, tuple[str, ...]] = {
    "n": ("n", "num_images"),
    "size": ("size", "image_size", "resolution"),
    "image": ("image_url", "image", "image_urls", "reference_image_url", *_REFERENCES),
    "images": ("image_urls", *_REFERENCES, "image_url", "image"),
    "mask": ("mask", "mask_url", "mask_image_url", "static_mask"),
    "last_image": ("last_image_url", "tail_image_url"),
    "video": ("video_url", "video_urls"),
    "audio": ("audio_url", "audio_urls", "reference_audio_url", "audio", "file"),
    "aspect_ratio": ("aspect_ratio", "ratio"),
    "format": ("format", "output_format", "container", "encoding"),
    "length": ("music_length_ms", "seconds_total"),
}
"""Our name of a parameter, and the names that ids document for it."""
_SIZE = re.compile(r"(\d{1,5})\s?[x*:]\s?(\d{1,5})")
_SHOWN = 80
"""Characters of a value that an error shows."""
_FREE = frozenset({"provider"})
"""Parameters of the gateway itself, for every id."""


@dataclass(frozen=True, slots=True)
class EncodedMedia:
    """A body, and what was left out of it."""

    body: dict[str, Any]
    dropped: tuple[str, ...] = ()


def encode_media(
    spec: MediaSpec | None,
    model: str,
    values: Mapping[str, Any],
    unsupported: Unsupported = "drop",
    files: Collection[str] = (),
) -> EncodedMedia:
    """Write the body of a request.

    Args:
        spec: What the id documents; with `None` everything is sent as it is given.
        model: The id.
        values: Parameters by our names or the id's own; `None` is not sent.
        unsupported: What to do with those that the id does not document.
        files: Names of parameters that are files; these are never left out.

    Raises:
        ConfigurationError: For a value that the id is documented not to take, a file that it takes
            nowhere, or a parameter that it needs and that is not given.
    """
    given = {name: value for name, value in values.items() if value is not None}
    if spec is None:
        named = {_usual_name(name, each): each for name, each in given.items()}
        return EncodedMedia({"model": model, **named})
    body: dict[str, Any] = {"model": spec.id}
    dropped: list[str] = []
    for name, value in given.items():
        known = _documented_name(spec, name, value)
        if known is not None:
            body[known] = _fitted(spec, known, value)
        elif unsupported == "send" or name in _FREE:
            body[name] = value
        elif unsupported == "error" or name in files:
            raise _unknown(spec, name)
        else:
            dropped.append(name)
    if missing := sorted(spec.required - body.keys() - {"model"}):
        raise ConfigurationError(f"{spec.id} needs {' and '.join(missing)}.")
    return EncodedMedia(body, tuple(dropped))


def _usual_name(name: str, value: Any) -> str:
    """What most ids call a file, for those that nobody documents here."""
    if name in {"image", "video", "audio"}:
        return f"{name}_urls" if isinstance(value, list) else f"{name}_url"
    return {"images": "image_urls", "last_image": "last_image_url"}.get(name, name)


def _documented_name(spec: MediaSpec, name: str, value: Any) -> str | None:
    if name in spec.parameters:
        return name
    named = [known for known in _NAMES.get(name, ()) if known in spec.parameters]
    if isinstance(value, list) and len(value) > 1:
        named.sort(key=lambda known: not _is_list(spec.parameters[known]))
    return named[0] if named else None


def _is_list(schema: Mapping[str, Any]) -> bool:
    return any(one.get("type") == "array" for one in _ways(schema))


def _ways(schema: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """A schema's alternatives; itself, if it has none."""
    ways: list[Mapping[str, Any]] = [*schema.get("anyOf", ()), *schema.get("oneOf", ())]
    return ways or [schema]


def _fitted(spec: MediaSpec, name: str, value: Any) -> Any:
    """A value in the form that the id documents.

    Raises:
        ConfigurationError: If it has none.
    """
    schema = spec.parameters[name]
    problems = []
    for candidate in _forms(schema, value):
        problem = violation(schema, candidate)
        if problem is None:
            return candidate
        problems.append(problem)
    shown = (
        repr(value)
        if not isinstance(value, str | bytes) or len(value) < _SHOWN
        else type(value).__name__
    )
    raise ConfigurationError(f"{spec.id}: {name}={shown} {problems[0]}")


def _forms(schema: Mapping[str, Any], value: Any) -> Iterator[Any]:
    """A value, and what else it may be written as."""
    yield value
    if _is_list(schema) and not isinstance(value, list):
        yield [value]
    if isinstance(value, list) and len(value) == 1:
        yield value[0]
    if isinstance(value, str) and (size := _SIZE.fullmatch(value)):
        yield {"width": int(size[1]), "height": int(size[2])}
        yield from (f"{size[1]}{mark}{size[2]}" for mark in "x*:")
    if isinstance(value, int | float) and not isinstance(value, bool):
        yield str(value)
    if isinstance(value, float) and value.is_integer():
        yield int(value)


_TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "number": (int, float),
    "integer": (int,),
    "boolean": (bool,),
    "array": (list, tuple),
    "object": (dict,),
}


def violation(schema: Mapping[str, Any], value: Any) -> str | None:
    """Say why a value does not fit a documented schema, or `None` if it does.

    Checked are types, values, bounds and lengths, alternatives and what lists and objects hold;
    a format such as `uri` is the service's to judge.
    """
    if value is None:
        return None if schema.get("nullable") else "is null."
    ways = _ways(schema)
    if ways != [schema]:
        problems = [violation(way, value) for way in ways]
        return None if None in problems else _nearest(ways, problems, value)
    if schema.get("format") == "binary" and "type" not in schema:
        return None if isinstance(value, str | bytes) else "is no file."
    return (
        _wrong_type(schema, value) or _out_of_bounds(schema, value) or _wrong_parts(schema, value)
    )


def _nearest(ways: list[Mapping[str, Any]], problems: list[str | None], value: Any) -> str | None:
    """What is wrong by the alternative that a value was meant for: the first of its type."""
    fitting = (
        problem
        for way, problem in zip(ways, problems, strict=True)
        if isinstance(value, _TYPES.get(str(way.get("type")), ()))
    )
    return next(fitting, problems[0])


def _wrong_type(schema: Mapping[str, Any], value: Any) -> str | None:
    wanted = str(schema.get("type"))
    if wanted in _TYPES:
        fits = isinstance(value, _TYPES[wanted]) and (
            wanted == "boolean" or not isinstance(value, bool)
        )
        if not fits:
            return f"is not of type {wanted}."
    values = schema.get("enum", [schema["const"]] if "const" in schema else None)
    if values is not None and value not in values:
        return f"is none of {', '.join(map(repr, values))}."
    return None


def _out_of_bounds(schema: Mapping[str, Any], value: Any) -> str | None:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _out_of_range(schema, value)
    for kind, words in (
        (str, ("minLength", "maxLength", "characters")),
        (list, ("minItems", "maxItems", "items")),
    ):
        if isinstance(value, kind):
            least, most, what = words
            if len(value) < schema.get(least, 0):
                return f"has fewer than {schema[least]} {what}."
            if len(value) > schema.get(most, len(value)):
                return f"has more than {schema[most]} {what}."
    return None


def _out_of_range(schema: Mapping[str, Any], value: float) -> str | None:
    if value < schema.get("minimum", value):
        return f"is below {schema['minimum']}."
    if schema.get("exclusiveMinimum") and value == schema.get("minimum"):
        return f"is not above {schema['minimum']}."
    if value > schema.get("maximum", value):
        return f"is above {schema['maximum']}."
    return None


def _wrong_parts(schema: Mapping[str, Any], value: Any) -> str | None:
    if isinstance(value, list) and "items" in schema:
        return next(filter(None, (violation(schema["items"], item) for item in value)), None)
    if not isinstance(value, dict):
        return None
    known = schema.get("properties", {})
    if missing := [name for name in schema.get("required", ()) if name not in value]:
        return f"lacks {missing[0]!r}."
    parts = ((name, violation(known[name], part)) for name, part in value.items() if name in known)
    return next((f"has a {name} that {problem}" for name, problem in parts if problem), None)


def _unknown(spec: MediaSpec, name: str) -> ConfigurationError:
    near = difflib.get_close_matches(name, spec.parameters, 3)
    named = f" Near it: {', '.join(near)}." if near else f" It takes {', '.join(spec.parameters)}."
    return ConfigurationError(f"{spec.id} takes no {name}.{named}")
