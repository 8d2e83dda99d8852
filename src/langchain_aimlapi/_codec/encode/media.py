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
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

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
    "format": ("format", "output_format", "encoding", "container"),
    "language": ("language", "language_code"),
    "diarize": ("diarize", "speaker_labels"),
    "length": ("music_length_ms", "seconds_total"),
}
"""Our name of a parameter, and the names that ids document for it."""
_PARTS: Mapping[str, tuple[str, ...]] = {
    "voice": ("voice_id",),
    "speed": ("speed", "speech_rate"),
    "format": ("format",),
    "sample_rate": ("sample_rate", "audio_sample_rate"),
    "bitrate": ("bitrate",),
}
"""Our name of a parameter, and the names that ids document for it within an object, such as
`voice_setting`. A `speech_rate` is in percent: 0 is the usual speed, 100 twice as fast."""
_USUAL_QUALITY = "_44100_128"
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
    values: Mapping[str, object],
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
    body, unknown = _placed(spec, given)
    sent = {name: unknown[name] for name in unknown if unsupported == "send" or name in _FREE}
    dropped = tuple(name for name in unknown if name not in sent)
    if refused := [name for name in dropped if unsupported == "error" or name in files]:
        raise _unknown(spec, refused[0])
    body |= sent
    if missing := sorted(spec.required - body.keys() - {"model"}):
        raise ConfigurationError(f"{spec.id} needs {' and '.join(missing)}.")
    return EncodedMedia(body, dropped)


def documents(spec: MediaSpec, name: str) -> bool:
    """Whether an id documents a parameter, by our name or its own."""
    names = {name, *_NAMES.get(name, ())}
    parts = {name, *_PARTS.get(name, ())} if name in _PARTS else frozenset()
    inside = (schema.get("properties", {}).keys() for schema in spec.parameters.values())
    return not names.isdisjoint(spec.parameters) or any(not parts.isdisjoint(one) for one in inside)


def _placed(
    spec: MediaSpec, given: Mapping[str, object]
) -> tuple[dict[str, object], dict[str, object]]:
    """The body of what an id documents, and what it does not."""
    body: dict[str, Any] = {"model": spec.id}
    parts: dict[str, dict[str, object]] = {}
    unknown: dict[str, object] = {}
    for name, value in given.items():
        place = _place(spec, name, value)
        if place is None:
            unknown[name] = value
        elif place.part is None:
            body[place.name] = place.value
        else:
            parts.setdefault(place.name, {})[place.part] = place.value
    for name, part in parts.items():
        whole = {**body.get(name, {}), **part}
        body[name] = _fitted(spec.id, name, spec.parameters[name], whole)
    return body, unknown


def _usual_name(name: str, value: object) -> str:
    """What most ids call a file, for those that nobody documents here."""
    if name in {"image", "video", "audio"}:
        return f"{name}_urls" if isinstance(value, list) else f"{name}_url"
    return {"images": "image_urls", "last_image": "last_image_url"}.get(name, name)


class _Place(NamedTuple):
    """Where a value goes, and as what."""

    name: str
    value: Any
    part: str | None = None
    """Its name within an object."""


def _place(spec: MediaSpec, name: str, value: object) -> _Place | None:
    """Find the parameter of an id that a value is for.

    Raises:
        ConfigurationError: If it cannot take the value.
    """
    if name in spec.parameters:
        return _Place(name, _fitted(spec.id, name, spec.parameters[name], value))
    named = [known for known in _NAMES.get(name, ()) if known in spec.parameters]
    # One that takes the value, or else the first, whose error is then the caller's.
    for known in named:
        schema = spec.parameters[known]
        if known is named[-1] or any(
            violation(schema, one) is None for one in _forms(schema, value)
        ):
            return _Place(known, _fitted(spec.id, known, schema, value))
    return _part_place(spec, name, value)


def _part_place(spec: MediaSpec, name: str, value: Any) -> _Place | None:
    for outer, schema in spec.parameters.items():
        for inner in _PARTS.get(name, ()):
            part = schema.get("properties", {}).get(inner)
            if part is not None:
                if inner == "speech_rate":
                    value = round((value - 1) * 100)
                value = _fitted(spec.id, f"{outer}.{inner}", part, value)
                return _Place(outer, value, inner)
    return None


def _is_list(schema: Mapping[str, object]) -> bool:
    return any(one.get("type") == "array" for one in _ways(schema))


def _ways(schema: Mapping[str, Any]) -> list[Mapping[str, object]]:
    """A schema's alternatives; itself, if it has none."""
    ways: list[Mapping[str, object]] = [*schema.get("anyOf", ()), *schema.get("oneOf", ())]
    return ways or [schema]


def _fitted(model: str, name: str, schema: Mapping[str, object], value: object) -> object:
    """A value in the form that an id documents.

    Raises:
        ConfigurationError: If it has none.
    """
    problems = []
    for candidate in _forms(schema, value):
        problem = violation(schema, candidate)
        if problem is None:
            return candidate
        problems.append(problem)
    is_short = not isinstance(value, str | bytes) or len(value) < _SHOWN
    shown = repr(value) if is_short else type(value).__name__
    raise ConfigurationError(f"{model}: {name}={shown} {problems[0]}")


def _forms(schema: Mapping[str, Any], value: object) -> Iterator[object]:
    """A value, and what else it may be written as."""
    yield value
    if _is_list(schema) and not isinstance(value, list):
        yield [value]
    if isinstance(value, list) and len(value) == 1:
        yield value[0]
    if isinstance(value, str) and (size := _SIZE.fullmatch(value)):
        yield {"width": int(size[1]), "height": int(size[2])}
        yield from (f"{size[1]}{mark}{size[2]}" for mark in "x*:")
    if isinstance(value, str):  # "mp3" where there are "mp3_44100_128" and its like
        alike = [one for one in schema.get("enum", ()) if str(one).startswith(f"{value}_")]
        yield from sorted(alike, key=lambda one: not one.endswith(_USUAL_QUALITY))
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


def violation(schema: Mapping[str, object], value: object) -> str | None:
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


def _nearest(
    ways: list[Mapping[str, object]], problems: list[str | None], value: object
) -> str | None:
    """What is wrong by the alternative that a value was meant for: the first of its type."""
    fitting = (
        problem
        for way, problem in zip(ways, problems, strict=True)
        if isinstance(value, _TYPES.get(str(way.get("type")), ()))
    )
    return next(fitting, problems[0])


def _wrong_type(schema: Mapping[str, Any], value: object) -> str | None:
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


def _out_of_bounds(schema: Mapping[str, Any], value: object) -> str | None:
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


def _wrong_parts(schema: Mapping[str, Any], value: object) -> str | None:
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
