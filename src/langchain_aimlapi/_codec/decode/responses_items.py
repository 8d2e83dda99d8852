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

from langchain_aimlapi.errors import ResponseFormatError

Item = Mapping[str, Any]

_STORED_ELSEWHERE: Mapping[str, frozenset[str]] = {
    "custom_tool_call": frozenset({"input", "name"}),
    "function_call": frozenset({"arguments", "name"}),
    "image_generation_call": frozenset({"result"}),
    "message": frozenset({"content", "role"}),
}


def read_output(output: object) -> list[Item]:
    """The items of a response, also where its output is one item or no more than a text.

    Raises:
        ResponseFormatError: For an output that can be none.
    """
    if output is None:
        return []
    listed = [output] if isinstance(output, str | Mapping) else output
    if not isinstance(listed, list):
        raise ResponseFormatError(
            f"The reply's 'output' is a {type(output).__name__}, not a list of items."
        )
    return [item for item in map(read_item, listed) if item]


def read_item(value: object) -> Item:
    """An item as it should be laid out; empty for what is none."""
    if isinstance(value, str):
        return _message(value) if value else {}
    if not isinstance(value, Mapping):
        return {}
    kind = value.get("type")
    if kind in _TEXT_TYPES or kind == "refusal":
        return _message(value)
    if isinstance(kind, str):
        return value
    return {**value, "type": "message" if kind is None and "content" in value else ""}


def _message(part: object) -> Item:
    return {"type": "message", "role": "assistant", "content": [part]}


_TEXT_TYPES = ("output_text", "text")


def output_items(items: Iterable[Item]) -> list[dict[str, object]]:
    """The entries of items; a message's says how many `characters` of the text are its."""
    return [_entry(item) for item in items]


def _entry(item: Item) -> dict[str, Any]:
    kind = item.get("type", "")
    elsewhere = _STORED_ELSEWHERE.get(kind, frozenset())
    entry = {key: value for key, value in item.items() if key not in elsewhere}
    if kind == "message":
        entry["characters"] = sum(len(part["text"]) for part in text_parts(item))
    return entry


def parts(item: Item, key: str = "content") -> Iterator[tuple[int, Mapping[str, Any]]]:
    """The parts of an item, each with its place; a text that stands alone is one."""
    found = item.get(key)
    for place, part in enumerate(found if isinstance(found, list) else [found]):
        if isinstance(part, str):
            yield place, {"type": "output_text", "text": part}
        elif isinstance(part, Mapping):
            yield place, {**part, "type": "output_text"} if part.get("type") == "text" else part


def text_parts(item: Item) -> list[Mapping[str, Any]]:
    """The parts of a message that are text."""
    return [part for _, part in parts(item) if _is_text(part)]


def _is_text(part: Mapping[str, Any]) -> bool:
    return part.get("type") == "output_text" and isinstance(part.get("text"), str)


def text_annotations(items: Iterable[Item]) -> list[object]:
    """The annotations of the text, as chat completions say it, with places in the text as a whole."""
    found: list[Any] = []
    before = 0
    for item in items:
        if item.get("type") != "message":
            continue
        for part in text_parts(item):
            said = part.get("annotations")
            said = said if isinstance(said, list) else []
            found += [_annotation(annotation, before) for annotation in said]
            before += len(part["text"])
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
    return [part for part in found if not _is_text(part) and part.get("type") != "refusal"]
