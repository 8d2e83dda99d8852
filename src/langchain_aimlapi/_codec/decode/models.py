"""The service's list of models and its metrics -> values.

A price is stated for `per` units: it is divided here, so that a price is always that of one unit.
Words that nobody documents are kept as they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Row = Mapping[str, Any]

ModelType = Literal[
    "chat", "image", "image_edit", "video", "music", "speech", "transcription", "ocr", "embeddings"
]
_TYPES: Mapping[str, ModelType] = {
    "openai/chat-completions": "chat",
    "openai/responses": "chat",
    "openai/image-generations": "image",
    "openai/embeddings": "embeddings",
    "internal/video-generations/submit": "video",
}
"""The service's word for a type, and ours; other words are read by what they contain."""
_NAMED: Mapping[str, ModelType] = {
    "chat": "chat",
    "image": "image",
    "video": "video",
    "embedding": "embeddings",
    "stt": "transcription",
    "transcri": "transcription",
    "tts": "speech",
    "speech": "speech",
    "ocr": "ocr",
    "music": "music",
    "audio": "music",
}


@dataclass(frozen=True, slots=True)
class UnitPrice:
    """What one unit costs.

    Attributes:
        unit: What is counted, such as "token", "image" or "second".
        measure: Of what, such as "input" or "output"; empty if the service does not say.
        usd: US dollars for one unit.
        when: The parameters it holds for, such as `{"quality": "high"}`; empty if for all.
    """

    unit: str
    measure: str
    usd: float
    when: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Price:
    """What a model costs.

    Attributes:
        kind: "fixed", "variants" (by parameters) or "variable" (only known once it is billed).
        units: The prices; empty for a variable one.
        dimensions: The parameters that variants differ by.
        raw: As the service states it.
    """

    kind: str
    units: tuple[UnitPrice, ...]
    dimensions: tuple[str, ...]
    raw: Row = field(repr=False)

    @property
    def is_quotable(self) -> bool:
        """Whether a price can be told before a call."""
        return bool(self.units)

    def usd(self, measure: str, unit: str = "token") -> float | None:
        """Return the US dollars for one unit; `None` if there is no single price for it.

        Args:
            measure: Such as "input" or "output".
            unit: What is counted.
        """
        found = {p.usd for p in self.units if (p.unit, p.measure) == (unit, measure) and not p.when}
        return found.pop() if len(found) == 1 else None


@dataclass(frozen=True, slots=True)
class Percentiles:
    """A figure of the last calls, by percentile; what was not measured is `None`.

    For times, p99 is the slowest; for tokens per second it is the fastest.
    """

    p50: float | None = None
    """The median."""
    p75: float | None = None
    """Three of four calls are at or below it."""
    p90: float | None = None
    """Nine of ten calls are at or below it."""
    p99: float | None = None
    """99 of 100 calls are at or below it."""


@dataclass(frozen=True, slots=True)
class Metrics:
    """How a model did lately.

    Attributes:
        alias: The model's id as asked for.
        endpoint: The endpoint that was measured.
        time_to_first_token: Milliseconds.
        tokens_per_second: Tokens of output per second.
        duration: Milliseconds of the whole call.
    """

    alias: str
    endpoint: str
    time_to_first_token: Percentiles
    tokens_per_second: Percentiles
    duration: Percentiles


def read_price(pricing: object) -> Price | None:
    """Read a model's `pricing`; `None` if there is none."""
    if not isinstance(pricing, Mapping) or not pricing:
        return None
    kind = str(pricing.get("kind") or "variable")
    units = [_unit(row, row.get("name"), {}) for row in _rows(pricing.get("units"))]
    units += [
        _unit(row, row.get("unit"), row.get("when")) for row in _rows(pricing.get("variants"))
    ]
    named = (
        row.get("name") if isinstance(row, Mapping) else row
        for row in _list(pricing.get("dimensions"))
    )
    known = tuple(unit for unit in units if unit is not None)
    return Price(kind, known, tuple(str(name) for name in named if name), pricing)


def _unit(row: Row, unit: object, when: object) -> UnitPrice | None:
    price, per = _number(row.get("price")), _number(row.get("per")) or 1.0
    if price is None:
        return None
    conditions = dict(when) if isinstance(when, Mapping) else {}
    return UnitPrice(str(unit or ""), str(row.get("measure") or ""), price / per, conditions)


def read_metrics(reply: Row) -> dict[str, Metrics]:
    """Read `/models/metrics`: models without a call in the window are absent."""
    found = {}
    for row in _rows(reply.get("models")):
        figures = row.get("metrics")
        figures = figures if isinstance(figures, Mapping) else {}
        alias = str(row.get("alias") or "")
        found[alias] = Metrics(
            alias,
            str(row.get("endpoint") or ""),
            _percentiles(figures.get("ttft_ms")),
            _percentiles(figures.get("tps")),
            _percentiles(figures.get("duration_ms")),
        )
    return found


def _percentiles(value: object) -> Percentiles:
    row = value if isinstance(value, Mapping) else {}
    return Percentiles(*(_number(row.get(name)) for name in ("p50", "p75", "p90", "p99")))


def listed_models(reply: Row) -> list[Row]:
    """The rows of the service's list, those without an id left out."""
    return [row for row in _rows(reply.get("data")) if isinstance(row.get("id"), str)]


def _rows(value: object) -> Iterator[Row]:
    return (row for row in _list(value) if isinstance(row, Mapping))


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return float(value)
    except ValueError:
        return None


def model_type(word: str) -> ModelType:
    """What a model does, by the service's word for it; chat, if the word tells nothing."""
    if word in _TYPES:
        return _TYPES[word]
    return next((kind for part, kind in _NAMED.items() if part in word.lower()), "chat")
