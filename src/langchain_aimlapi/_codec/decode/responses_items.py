"""The output items of a response: what of them a message keeps, and where.

Text, reasoning and calls of tools go where every reply has them. Beside them a message lists the
items (`additional_kwargs["output_items"]`), in order. The service wants its reasoning back before
the very call or message it led to, each by its id, so order and ids must not be lost; encrypted
reasoning and the traces of tools that the service ran itself have no other place at all. Entries
of messages and calls hold only what the message does not hold elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

Item = Mapping[str, Any]

_STORED_ELSEWHERE: Mapping[str, frozenset[str]] = {
    "custom_tool_call": frozenset({"input", "name"}),
    "function_call": frozenset({"arguments", "name"}),
    "image_generation_call": frozenset({"result"}),
    "message": frozenset({"content", "role"}),
}
_KNOWN_PARTS = frozenset({"output_text", "refusal"})


def output_items(items: Iterable[Item]) -> list[dict[str, object]]:
    """The entries of items; a message's says how many `characters` of the text are its."""
    return [_entry(item) for item in items]


def _entry(item: Item) -> dict[str, Any]:
    kind = item.get("type", "")
    elsewhere = _STORED_ELSEWHERE.get(kind, frozenset())
    entry = {key: value for key, value in item.items() if key not in elsewhere}
    if kind == "message":
        entry["characters"] = sum(len(part.get("text") or "") for part in text_parts(item))
    return entry


def parts(item: Item, key: str = "content") -> Iterator[tuple[int, Mapping[str, Any]]]:
    """The parts of an item, each with its place."""
    found = item.get(key)
    for place, part in enumerate(found if isinstance(found, list) else ()):
        if isinstance(part, Mapping):
            yield place, part


def text_parts(item: Item) -> list[Mapping[str, Any]]:
    """The parts of a message that are text."""
    return [part for _, part in parts(item) if part.get("type") == "output_text"]


def text_annotations(items: Iterable[Item]) -> list[object]:
    """The annotations of the text, as chat completions say it, with places in the text as a whole."""
    found: list[Any] = []
    before = 0
    for item in items:
        if item.get("type") != "message":
            continue
        for part in text_parts(item):
            found += [
                _annotation(annotation, before) for annotation in part.get("annotations") or ()
            ]
            before += len(part.get("text") or "")
    return found


def _annotation(annotation: object, before: int) -> Any:
    if not isinstance(annotation, Mapping) or annotation.get("type") != "url_citation":
        return annotation
    cited = {key: value for key, value in annotation.items() if key != "type"}
    for edge in ("start_index", "end_index"):
        if isinstance(cited.get(edge), int):
            cited[edge] += before
    return {"type": "url_citation", "url_citation": cited}


def images(items: Iterable[Item]) -> list[dict[str, object]]:
    """Pictures the model drew, as addresses that hold them."""
    drawn = [item for item in items if item.get("type") == "image_generation_call"]
    return [
        {"url": f"data:image/{item.get('output_format') or 'png'};base64,{item['result']}"}
        for item in drawn
        if item.get("result")
    ]


def unknown_parts(items: Iterable[Item]) -> list[Mapping[str, object]]:
    """Parts of messages that are neither text nor a refusal."""
    messages = [item for item in items if item.get("type") == "message"]
    found = [part for item in messages for _, part in parts(item)]
    return [part for part in found if part.get("type") not in _KNOWN_PARTS]
