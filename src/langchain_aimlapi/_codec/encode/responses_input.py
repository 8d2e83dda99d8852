"""A conversation -> the input items of `/responses`.

A message of anybody else is one item; an assistant turn is as many as the model wrote, in its
order and by its ids where the message still has its output items (`responses_items`). Three rules
of the service decide how: reasoning goes back right before what it led to, never alone, and what
has an id of the service's is refused without the reasoning it came from. So where reasoning cannot
go back (it is switched off, or was neither stored nor encrypted), no ids go either.

Media out of a tool's or an assistant's message follow in a user message, as in chat completions.
There is no place for a speaker's name.
"""

from __future__ import annotations

from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any

from langchain_aimlapi._codec.encode.content import Kind, Media, Part, Raw, Text
from langchain_aimlapi._codec.encode.messages import carried_media, custom_input, result_text
from langchain_aimlapi._codec.encode.mime import usual_ending
from langchain_aimlapi._codec.encode.turns import (
    AssistantTurn,
    MessageTurn,
    ToolCall,
    ToolTurn,
    Turn,
)
from langchain_aimlapi.errors import ConfigurationError, UnsupportedContentError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

Item = dict[str, Any]

_CALLS = frozenset({"custom_tool_call", "function_call"})


def encode_input(turns: Sequence[Turn], *, stored: bool = True) -> list[Item]:
    """Write a conversation as input items.

    Args:
        turns: The conversation, fitted to the model that is asked.
        stored: Whether the service keeps responses; if not, only encrypted reasoning goes back.

    Raises:
        ConfigurationError: For a message of a kind that the route does not take.
        UnsupportedContentError: For content that cannot be sent; it names type and place.
    """
    items: list[Item] = []
    waiting: list[Part] = []
    custom: set[str] = set()
    for turn in turns:
        if isinstance(turn, ToolTurn):
            item, media = _result(turn, custom)
            items.append(item)
            waiting += media
            continue
        items += _carried_over(waiting)
        waiting = []
        if isinstance(turn, AssistantTurn):
            custom |= {call.id for call in turn.tool_calls if call.custom}
            items += _items_of(turn, stored=stored)
            waiting += [] if _goes_as_item(turn) else carried_media(turn)
        else:
            items.append(_message(turn))
    return items + _carried_over(waiting)


def _goes_as_item(turn: AssistantTurn) -> bool:
    """Whether what a model drew goes back by the item it came as."""
    return turn.own and any(item.get("type") == "image_generation_call" for item in turn.items)


def _carried_over(media: list[Part]) -> list[Item]:
    where = "media of an earlier message"
    return [{"role": "user", "content": _content(media, where)}] if media else []


def _message(turn: MessageTurn) -> Item:
    if turn.role == "function":
        raise ConfigurationError(f"{turn.where}: a FunctionMessage cannot be sent.")
    return {"role": turn.role, "content": _content(turn.parts, turn.where)}


def _result(turn: ToolTurn, custom: set[str]) -> tuple[Item, list[Part]]:
    text, media = result_text(turn)
    kind = "custom_tool_call_output" if turn.tool_call_id in custom else "function_call_output"
    return {"type": kind, "call_id": turn.tool_call_id, "output": text}, media


# --- an assistant turn --------------------------------------------------------------------------


def _items_of(said: AssistantTurn, *, stored: bool) -> list[Item]:
    """The items of an assistant turn, as its output items have them, or else text before calls.

    Args:
        said: The turn. It may have been edited: what is gone takes its reasoning with it, and what
            is new comes last.
        stored: Whether the service keeps responses.
    """

    def goes_back(reasoning: Mapping[str, object]) -> bool:
        return said.echoed and (stored or bool(reasoning.get("encrypted_content")))

    contents = iter(_contents(said))
    calls = {call.id: call for call in said.tool_calls}
    items: list[Item] = []
    for entry in said.items:
        item = _filled(entry, contents, calls)
        if item is not None:
            items.append(item)
        else:
            _drop_reasoning(items)
    _drop_reasoning(items)
    if not said.own or not _has_all_reasoning(items, said.items, goes_back):
        items = _without_ids(items)
    if content := next(contents, None):
        items.append({"role": "assistant", "content": _plain(content)})
    items += [_call(call) for call in calls.values()]
    return items or [{"role": "assistant", "content": ""}]


def _filled(
    entry: Mapping[str, Any], contents: Iterator[list[Item]], calls: dict[str, ToolCall]
) -> Item | None:
    """The item of an entry; `None` if the turn no longer has what was in it."""
    kept = {key: value for key, value in entry.items() if value is not None}
    kind = entry.get("type")
    if kind == "message":
        del kept["characters"]
        content = next(contents)
        return {**kept, "role": "assistant", "content": content} if content else None
    if kind in _CALLS:
        call = calls.pop(entry.get("call_id") or entry.get("id") or "", None)
        return {**kept, **_call(call)} if call else None
    return kept


def _drop_reasoning(items: list[Item]) -> None:
    """Take away reasoning at the end: what it led to is gone."""
    while items and items[-1].get("type") == "reasoning":
        items.pop()


def _has_all_reasoning(
    items: list[Item],
    output_items: Sequence[Mapping[str, object]],
    goes_back: Callable[[Mapping[str, object]], bool],
) -> bool:
    """Whether the reasoning that the items came from is whole and may be sent."""
    reasoning = [entry for entry in output_items if entry.get("type") == "reasoning"]
    left = [item for item in items if item.get("type") == "reasoning"]
    return len(left) == len(reasoning) and all(map(goes_back, reasoning))


def _without_ids(items: list[Item]) -> list[Item]:
    """What any model could have said, without the ids that the service gave it."""
    said = [item for item in items if item.get("type") in {"message", *_CALLS}]
    return [{key: value for key, value in item.items() if key != "id"} for item in said]


def _contents(said: AssistantTurn) -> list[list[Item]]:
    """The content of each message of the output items, or of the one message if there are none.

    An edited text goes whole into the last message.
    """
    text = said.text or said.transcript or ""
    lengths = [entry["characters"] for entry in said.items if entry.get("type") == "message"]
    if sum(lengths) != len(text) or not lengths:
        lengths = [*[0] * (len(lengths) - 1), len(text)]
    edges = [0, *accumulate(lengths)]
    shares = [text[start:end] for start, end in pairwise(edges)]
    contents: list[list[Item]] = [[_output_text(share)] if share else [] for share in shares]
    contents[-1] += [dict(part.part) for part in said.parts if isinstance(part, Raw)]
    if said.refusal:
        contents[-1].append({"type": "refusal", "refusal": said.refusal})
    return contents


def _output_text(text: str) -> Item:
    return {"type": "output_text", "text": text, "annotations": []}


def _plain(content: list[Item]) -> str | list[Item]:
    """A lone text as a string: a message that is not the service's own needs no more."""
    lone = len(content) == 1 and content[0].get("type") == "output_text"
    return content[0]["text"] if lone else content


def _call(call: ToolCall) -> Item:
    if call.custom:
        named = {"call_id": call.id, "name": call.name}
        return {"type": "custom_tool_call", **named, "input": custom_input(call.arguments)}
    named = {"call_id": call.id, "name": call.name}
    return {"type": "function_call", **named, "arguments": call.arguments}


# --- content ------------------------------------------------------------------------------------


def _content(parts: Sequence[Part], where: str) -> str | list[Item]:
    """A string where one will do, a list of parts otherwise."""
    if not parts:
        return ""
    if len(parts) == 1 and isinstance(parts[0], Text):
        return parts[0].text
    return [_part(part, where) for part in parts]


def _part(part: Part, where: str) -> Item:
    if isinstance(part, Raw):
        return dict(part.part)
    if isinstance(part, Text):
        return {"type": "input_text", "text": part.text}
    writer = _MEDIA.get(part.kind)
    if writer is None:
        raise UnsupportedContentError(
            f"{part.where or where}: /responses takes no content of type {part.kind!r}; nothing "
            "was sent."
        )
    return writer(part)


def _image(media: Media) -> Item:
    place = {"file_id": media.file_id} if media.file_id else {"image_url": media.data_url}
    return {"type": "input_image", "detail": media.detail or "auto", **place}


def _file(media: Media) -> Item:
    if media.file_id:
        return {"type": "input_file", "file_id": media.file_id}
    if media.url:
        return {"type": "input_file", "file_url": media.url}
    filename = media.filename or f"document.{usual_ending(media.mime_type)}"
    return {"type": "input_file", "filename": filename, "file_data": media.data_url}


_MEDIA: Mapping[Kind, Callable[[Media], Item]] = {"image": _image, "file": _file}
