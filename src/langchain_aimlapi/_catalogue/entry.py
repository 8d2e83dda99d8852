"""One model of the catalogue: from its line in `models.json` to a value.

The file keeps sets of words (parameters, roles, content parts) as one string with spaces
between, which is shorter and reads better in a diff than a JSON array. What many models share
stands in the tables `parameters` and `shapes`; a line names the row it uses by its key. A model
that the service lists but documents no request schema for names no row and has no spec.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from langchain_aimlapi._catalogue.spec import ModelSpec

if TYPE_CHECKING:
    from collections.abc import Mapping

    from langchain_aimlapi._catalogue.spec import Dialect

Listing = Literal["listed", "deprecated", "unlisted"]


@dataclass(frozen=True, slots=True)
class ModelEntry:
    """All that the catalogue holds on one model."""

    id: str
    """The id as documented."""
    vendor: str
    """Who makes the model, as a name to show."""
    listing: Listing
    """Where the service's table of model ids names it."""
    spec: ModelSpec | None
    """The request schema; `None` for an id that is listed but has none documented."""
    context_window: int | None = None
    """Tokens of input and output together."""
    max_output: int | None = None
    """Tokens of output."""
    name: str | None = None
    """A name to show, where the service gives one."""
    released: str | None = None
    """Date of release, ISO 8601, where the service gives one."""
    inputs: frozenset[str] = frozenset()
    """Kinds of input the live list names (`"text"`, `"image"`, …); empty if it names none."""
    outputs: frozenset[str] = frozenset()
    """Likewise of output."""
    capabilities: frozenset[str] = frozenset()
    """Capability words of the live list (`"tools"`, `"vision"`, …); empty if it names none."""

    @property
    def needs_schema_subset(self) -> bool:
        """Whether its back ends refuse a request for a keyword of JSON schema they do not know."""
        return self.vendor in _NEEDS_SCHEMA_SUBSET


_NEEDS_SCHEMA_SUBSET = frozenset({"Google"})


def read_entry(data: Mapping[str, Any], model: str) -> ModelEntry:
    """Build the entry of the id `model`, which must be in the decoded file `data`."""
    line = data["models"][model]
    return ModelEntry(
        id=model,
        vendor=line["vendor"],
        listing=line["listing"],
        spec=_spec(data, model, line) if "shape" in line else None,
        context_window=line.get("context"),
        max_output=line.get("output"),
        name=line.get("name"),
        released=line.get("released"),
        inputs=_words(line, "inputs"),
        outputs=_words(line, "outputs"),
        capabilities=_words(line, "capabilities"),
    )


def _spec(data: Mapping[str, Any], model: str, line: Mapping[str, Any]) -> ModelSpec:
    parameters = data["parameters"][line["parameters"]]
    shape = data["shapes"][line["shape"]]
    dialects: list[Dialect] = shape["dialects"].split()
    return ModelSpec(
        id=model,
        dialects=frozenset(dialects),
        route=line.get("route", "chat"),
        parameters=_words(parameters, "names"),
        parameters_by_dialect=_by_dialect(parameters, "names_by_dialect"),
        ranges=parameters.get("ranges", {}),
        efforts=tuple(parameters.get("efforts", "").split()),
        thinking=_words(parameters, "thinking"),
        roles=_words(shape, "roles"),
        user_parts=_by_dialect(shape, "user_parts"),
        assistant_keys=_words(shape, "assistant_keys"),
        assistant_parts=_words(shape, "assistant_parts"),
        max_blocks=shape.get("max_blocks"),
        closed_messages=shape.get("closed_messages", False),
        tool_content=_words(shape, "tool_content"),
        tool_shapes=_words(shape, "tool_shapes"),
        strict_tools=not shape.get("no_strict_tools", False),
        tool_choice_forms=_words(shape, "tool_choice_forms"),
        response_formats=_words(shape, "response_formats"),
        echoes_extra_content=shape.get("echoes_extra_content", False),
        takes_cache_control=shape.get("takes_cache_control", False),
        context_window=line.get("context"),
        max_output=line.get("output"),
        listing=line["listing"],
        generic=line.get("generic", False),
    )


def _words(row: Mapping[str, Any], key: str) -> frozenset[str]:
    return frozenset(row.get(key, "").split())


def _by_dialect(row: Mapping[str, Any], key: str) -> dict[Dialect, frozenset[str]]:
    column: Mapping[Dialect, str] = row.get(key, {})
    return {dialect: frozenset(words.split()) for dialect, words in column.items()}
