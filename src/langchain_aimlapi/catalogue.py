"""The models of the service: what each is, takes and costs, offline, and as the service lists them now.

    from langchain_aimlapi import catalogue

    catalogue.model("gpt-4o").context_window
    [m.id for m in catalogue.models(vendor="Anthropic", capability="tools")]
    catalogue.refresh()              # the service's own list, with prices; needs no key
    catalogue.price("gpt-4o").usd("output")

What the package ships is documented request schemas: parameters, inputs, context windows. Prices,
aliases and capabilities are the live list's, which `refresh` fetches, keeps in the user's cache
folder and asks for again only if it has changed. Nothing is fetched or read unless it is asked for.
"""

from __future__ import annotations

import difflib
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from langchain_aimlapi import _catalogue
from langchain_aimlapi._catalogue import media
from langchain_aimlapi._codec.decode.models import (
    Metrics,
    ModelType,
    Percentiles,
    Price,
    UnitPrice,
    listed_models,
    model_type,
    read_price,
)
from langchain_aimlapi._codec.json_text import parse_object
from langchain_aimlapi._lazy import LazyModule
from langchain_aimlapi.errors import AimlapiStatusError, NotFoundError

if TYPE_CHECKING:
    from langchain_aimlapi._client import live_list, settings
    from langchain_aimlapi._client import send as sending
else:
    # Looking something up needs none of them, and they cost five times as much as it does.
    live_list = LazyModule("._client.live_list")
    sending = LazyModule("._client.send")
    settings = LazyModule("._client.settings")

__all__ = [
    "Metrics",
    "ModelInfo",
    "Percentiles",
    "Price",
    "UnitPrice",
    "ametrics",
    "arefresh",
    "metrics",
    "model",
    "models",
    "price",
    "refresh",
]


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """All that is known of a model.

    Attributes:
        id: As it is asked for.
        type: What it does.
        vendor: Who made it; empty if nobody says.
        name: A name to show.
        aliases: Other ids that the service takes for it.
        status: "listed", "deprecated" or "unlisted".
        context_window: Tokens of prompt and answer together.
        max_output: Tokens of an answer.
        released: Date of release, ISO 8601.
        inputs: What it takes: "text", "image", "audio", "video", "file".
        outputs: What it gives.
        capabilities: Such as "tools", "structured_output", "vision", "streaming".
        parameters: Request parameters that it is documented to take.
        price: What it costs; `None` until `refresh` has told.
    """

    id: str
    type: ModelType
    vendor: str = ""
    name: str | None = None
    aliases: tuple[str, ...] = ()
    status: Literal["listed", "deprecated", "unlisted"] = "listed"
    context_window: int | None = None
    max_output: int | None = None
    released: str | None = None
    inputs: frozenset[str] = frozenset()
    outputs: frozenset[str] = frozenset()
    capabilities: frozenset[str] = frozenset()
    parameters: frozenset[str] = frozenset()
    price: Price | None = field(default=None, repr=False)


# --- look-ups -------------------------------------------------------------------------------------


def models(
    *,
    type: ModelType | None = "chat",  # noqa: A002  # the service's own word
    vendor: str | None = None,
    capability: str | Iterable[str] = (),
    input: str | Iterable[str] = (),  # noqa: A002
    output: str | Iterable[str] = (),
    parameter: str | Iterable[str] = (),
    listed_only: bool = True,
    text: str | None = None,
) -> list[ModelInfo]:
    """Return the models that fit, sorted by id.

    Args:
        type: What they do; `None` for all.
        vendor: Who made them, whatever the case.
        capability: All of these.
        input: All of these kinds of input.
        output: All of these kinds of output.
        parameter: All of these request parameters.
        listed_only: Leave out those that are deprecated or not listed.
        text: Part of the id or the name, whatever the case.
    """
    wanted = {
        "capabilities": _set(capability),
        "inputs": _set(input),
        "outputs": _set(output),
        "parameters": _set(parameter),
    }

    def fits(info: ModelInfo) -> bool:
        return (
            (type is None or info.type == type)
            and (vendor is None or info.vendor.lower() == vendor.lower())
            and (not listed_only or info.status == "listed")
            and (text is None or text.lower() in f"{info.id} {info.name or ''}".lower())
            and all(words <= getattr(info, name) for name, words in wanted.items())
        )

    return sorted(filter(fits, _known().values()), key=lambda info: info.id)


def model(id: str) -> ModelInfo:  # noqa: A002  # what everybody calls it
    """Return one model, by its id or an alias of it.

    Args:
        id: The id, whatever its case.

    Raises:
        NotFoundError: If no such model is known, with ids that look like it.
    """
    known = _known()
    found = _by_alias(id) or known.get(id) or _spellings().get(id.lower())
    if found is None and (entry := _catalogue.entry(id)) is not None:
        found = known.get(entry.id)
    if found is None:
        near = difflib.get_close_matches(id.lower(), {name.lower(): name for name in known}, 3, 0.7)
        hint = f"Ids near {id!r}: {', '.join(near)}." if near else None
        raise NotFoundError(f"the catalogue knows no model {id!r}", hint=hint)
    return found


def price(id: str) -> Price | None:  # noqa: A002
    """Return what a model costs; `None` until `refresh` has told.

    Args:
        id: The id, or an alias of it.

    Raises:
        NotFoundError: If no such model is known.
    """
    return model(id).price


def _set(words: str | Iterable[str]) -> set[str]:
    return {words} if isinstance(words, str) else set(words)


# --- what is known --------------------------------------------------------------------------------

_lock = threading.Lock()
_snapshot: dict[str, ModelInfo] = {}
_live: dict[str, ModelInfo] = {}
_aliases: dict[str, ModelInfo] = {}


def _known() -> dict[str, ModelInfo]:
    with _lock:
        if not _snapshot:
            _snapshot.update(_packaged())
        return {**_snapshot, **_live}


def _by_alias(id: str) -> ModelInfo | None:  # noqa: A002
    """The model that the service itself lists an id for: it may be one we document apart."""
    with _lock:
        if id in _live:
            return _live[id]
        return next((info for info in _live.values() if id in info.aliases), None)


def _spellings() -> dict[str, ModelInfo]:
    known = _known()
    lowered = {name.lower(): info for name, info in known.items()}
    return {a.lower(): info for info in known.values() for a in info.aliases} | lowered


def _packaged() -> dict[str, ModelInfo]:
    found = {
        name: _of_media(name, kind)
        for kind in (
            "embeddings",
            "ocr",
            "transcription",
            "speech",
            "music",
            "video",
            "image_edit",
            "image",
        )
        for name in media.media_ids(kind)
    }
    return found | {name: _of_chat(name) for name in _catalogue.ids()}


def _of_chat(id: str) -> ModelInfo:  # noqa: A002
    entry = _catalogue.entry(id)
    assert entry is not None  # noqa: S101  # an id of the catalogue itself
    profile: Mapping[str, Any] = _catalogue.profile(id) or {}
    kinds = {"text": "text", "image": "image", "audio": "audio", "video": "video", "pdf": "file"}
    return ModelInfo(
        id=id,
        type="chat",
        vendor=entry.vendor,
        name=entry.name,
        status=entry.listing,
        context_window=profile.get("max_input_tokens"),
        max_output=profile.get("max_output_tokens"),
        released=entry.released,
        inputs=frozenset(word for key, word in kinds.items() if profile.get(f"{key}_inputs")),
        outputs=frozenset(word for key, word in kinds.items() if profile.get(f"{key}_outputs")),
        capabilities=_capabilities(profile),
        parameters=entry.spec.parameters if entry.spec else frozenset(),
        price=read_price(_catalogue.pricing(id)),
    )


_CAPABILITIES = {
    "tool_calling": "tools",
    "structured_output": "structured_output",
    "reasoning_output": "reasoning",
    "image_inputs": "vision",
    "pdf_inputs": "file_input",
}


def _capabilities(profile: Mapping[str, object]) -> frozenset[str]:
    found = {word for key, word in _CAPABILITIES.items() if profile.get(key)}
    return frozenset({"streaming", *found})


def _of_media(id: str, kind: media.Kind) -> ModelInfo:  # noqa: A002
    spec = media.media_spec(id, kind)
    names = frozenset(spec.parameters if spec else ())
    return ModelInfo(id=id, type=kind, vendor=_catalogue.vendor(id) or "", parameters=names)


# --- the live list --------------------------------------------------------------------------------


def refresh(connection: settings.Connection | None = None) -> list[ModelInfo]:
    """Fetch the service's list of models, for this process; needs no key.

    It is kept in the user's cache folder with the service's own mark (ETag) and only sent again
    if it has changed.

    Args:
        connection: Whose address, proxy, timeout and clients to use, such as an `Account`; by
            default those of the environment.

    Returns:
        All models that the service lists.

    Raises:
        AimlapiError: If it cannot be fetched; what was known before stays known.
    """
    asked, cache = connection or settings.Connection(), live_list.ListCache()
    request = live_list.list_request(asked, cache)
    try:
        kept = sending.send(request, asked._client_options, asked.http_client, live_list.Fetched.of)  # noqa: SLF001  # ours
    except AimlapiStatusError as error:
        kept = cache.still_good(error)
    return _take(cache, kept)


async def arefresh(connection: settings.Connection | None = None) -> list[ModelInfo]:
    """Fetch the service's list of models; see `refresh`."""
    import asyncio  # noqa: PLC0415  # looking something up needs it not

    asked, cache = connection or settings.Connection(), await asyncio.to_thread(live_list.ListCache)
    request = live_list.list_request(asked, cache)
    try:
        options = asked._client_options  # noqa: SLF001  # ours
        kept = await sending.asend(request, options, asked.http_async_client, live_list.Fetched.of)
    except AimlapiStatusError as error:
        kept = cache.still_good(error)
    return await asyncio.to_thread(_take, cache, kept)


def metrics(
    ids: Iterable[str], connection: settings.Connection | None = None
) -> dict[str, Metrics]:
    """Return how models did lately: time to first token, speed, duration; needs no key.

    A model without a successful call in the service's window is absent, which is not a speed of 0.

    Args:
        ids: Model ids.
        connection: As for `refresh`.

    Raises:
        AimlapiError: If they cannot be fetched.
    """
    asked, found = connection or settings.Connection(), {}
    for request in live_list.metrics_requests(asked, ids):
        options = asked._client_options  # noqa: SLF001  # ours
        found.update(sending.send(request, options, asked.http_client, live_list.metrics_of))
    return found


async def ametrics(
    ids: Iterable[str], connection: settings.Connection | None = None
) -> dict[str, Metrics]:
    """Return how models did lately; see `metrics`."""
    asked, found = connection or settings.Connection(), {}
    for request in live_list.metrics_requests(asked, ids):
        options = asked._client_options  # noqa: SLF001  # ours
        found.update(
            await sending.asend(request, options, asked.http_async_client, live_list.metrics_of)
        )
    return found


def _take(cache: live_list.ListCache, fetched: live_list.Fetched) -> list[ModelInfo]:
    """Merge a list over what the package ships."""
    rows = listed_models(parse_object(fetched.body))
    cache.write(fetched)
    known = _known()
    found: dict[str, ModelInfo] = {}
    for row in rows:
        info = _merged(known.get(row["id"]), row)
        if row["id"] not in found or info.type == "chat":
            found[row["id"]] = info
    with _lock:
        gone = {
            name: replace(info, status="unlisted")
            for name, info in _snapshot.items()
            if name not in found and info.status == "listed"
        }
        _live.clear()
        _live.update({**gone, **found})
    return sorted(found.values(), key=lambda info: info.id)


def _merged(known: ModelInfo | None, row: Mapping[str, Any]) -> ModelInfo:
    """What the list says goes before what the package ships; what it leaves out stays."""
    said = row.get("info")
    said = said if isinstance(said, Mapping) else {}
    modalities = row.get("modalities")
    modalities = modalities if isinstance(modalities, Mapping) else {}
    base = known or ModelInfo(id=row["id"], type=model_type(str(row.get("type") or "")))
    return replace(
        base,
        aliases=tuple(map(str, row.get("aliases") or base.aliases)),
        vendor=str(said.get("developer") or base.vendor),
        name=said.get("name") or base.name,
        status="listed",
        context_window=_count(said.get("contextLength")) or base.context_window,
        max_output=_count(said.get("outputMax")) or base.max_output,
        released=said.get("releasedAt") or base.released,
        inputs=_words(modalities.get("input")) or base.inputs,
        outputs=_words(modalities.get("output")) or base.outputs,
        capabilities=_words(row.get("capabilities")) or base.capabilities,
        price=read_price(row.get("pricing")) or base.price,
    )


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None


def _words(value: object) -> frozenset[str]:
    return frozenset(map(str, value)) if isinstance(value, list) else frozenset()
