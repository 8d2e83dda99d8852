"""Messages -> the input items of `/responses`.

A message of anybody else is one item; an assistant turn is as many as the model wrote, in its
order and by its ids where the message still has their outline (`responses_items`). Three rules of
the service shape that: thoughts go back right before what they led to, never alone, and what has
an id of the service's is refused without the thoughts it came from. So where thoughts cannot go
back (they are switched off, or were neither stored nor encrypted), no ids go either.

Media out of a tool's or an assistant's message follow in a user message, as in chat completions.
There is no place for a speaker's name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any, cast

from langchain_aimlapi._codec.encode.assistant import Assistant, Call, read_assistant
from langchain_aimlapi._codec.encode.content import Kind, Media, Piece, Raw, Text, read_content
from langchain_aimlapi._codec.encode.messages import custom_input, kind_of
from langchain_aimlapi._codec.json_text import to_json
from langchain_aimlapi.errors import ConfigurationError, UnsupportedContentError

if TYPE_CHECKING:
    from langchain_core.messages import AIMessage, BaseMessage

Item = dict[str, Any]

_CALLS = frozenset({"custom_tool_call", "function_call"})


def encode_input(
    messages: Sequence[BaseMessage], *, echo_reasoning: bool = True, stored: bool = True
) -> list[Item]:
    """Write a conversation as input items.

    Args:
        messages: The conversation.
        echo_reasoning: Whether thoughts go back to the model.
        stored: Whether the service keeps responses; if not, only encrypted thoughts go back.

    Raises:
        ConfigurationError: For an empty conversation or a message of unknown kind.
        UnsupportedContentError: For content that cannot be sent; it names type and place.
    """
    if not messages:
        raise ConfigurationError("There are no messages to send.")
    writer = _Writer(echo_reasoning=echo_reasoning, stored=stored)
    for position, message in enumerate(messages):
        writer.write(message, f"messages[{position}] ({message.type})")
    writer.carry_over()
    return writer.items


class _Writer:
    """Items so far, media that wait for a user message, and calls that were of custom tools."""

    def __init__(self, *, echo_reasoning: bool, stored: bool) -> None:
        self.items: list[Item] = []
        self._echo_reasoning = echo_reasoning
        self._stored = stored
        self._waiting: list[Piece] = []
        self._custom: set[str] = set()

    def write(self, message: BaseMessage, where: str) -> None:
        kind = kind_of(message)
        if kind != "tool":
            self.carry_over()
        if kind == "ai":
            self._write_assistant(cast("AIMessage", message), where)
        elif kind == "tool":
            content = read_content(message.content, where)
            self._write_result(getattr(message, "tool_call_id", None), content, where)
        elif kind == "human":
            self._write_human(message, where)
        else:
            role = _role(message, kind, where)
            self._write_message(role, read_content(message.content, where), where)

    def carry_over(self) -> None:
        """Put media that wait into a user message."""
        waiting, self._waiting = self._waiting, []
        if waiting:
            self._write_message("user", waiting, "media of an earlier message")

    def _write_message(self, role: str, pieces: Sequence[Piece], where: str) -> None:
        self.items.append({"role": role, "content": _content(pieces, where)})

    def _write_human(self, message: BaseMessage, where: str) -> None:
        """A user's message; Anthropic's `tool_result` blocks in it become results before it."""
        blocks = message.content if isinstance(message.content, list) else [message.content]
        results = [block for block in blocks if _is_tool_result(block)]
        for block in cast("list[dict[str, Any]]", results):
            content = read_content(block.get("content") or "", where)
            self._write_result(block.get("tool_use_id"), content, where)
        rest = read_content([block for block in blocks if not _is_tool_result(block)], where)
        pieces, self._waiting = [*self._waiting, *rest], []
        if pieces or not results:
            self._write_message("user", pieces, where)

    def _write_result(self, call_id: str | None, pieces: Sequence[Piece], where: str) -> None:
        if not call_id:
            raise UnsupportedContentError(
                f"{where}: a tool message needs the id of the call it answers (tool_call_id)."
            )
        media = [piece for piece in pieces if isinstance(piece, Media)]
        texts = [piece.text for piece in pieces if isinstance(piece, Text)]
        texts += [to_json(dict(piece.part)) for piece in pieces if isinstance(piece, Raw)]
        if media:
            kinds = ", ".join(piece.kind for piece in media)
            texts = texts or [f"The result ({kinds}) is in the next user message."]
            self._waiting += [Text(f"Result of tool call {call_id}:"), *media]
        kind = "custom_tool_call_output" if call_id in self._custom else "function_call_output"
        self.items.append({"type": kind, "call_id": call_id, "output": "\n".join(texts)})

    def _write_assistant(self, message: AIMessage, where: str) -> None:
        said = read_assistant(message, where)
        self._custom |= {call.id for call in said.calls if _is_custom(call)}
        self.items += _turn(said, self._goes_back)
        drawn = any(entry.get("type") == "image_generation_call" for entry in said.items)
        media = [piece for piece in said.pieces if isinstance(piece, Media)]
        if media and not drawn:
            self._waiting += [Text("From the assistant's last message:"), *media]

    def _goes_back(self, thought: Mapping[str, Any]) -> bool:
        return self._echo_reasoning and (self._stored or bool(thought.get("encrypted_content")))


def _role(message: BaseMessage, kind: str, where: str) -> str:
    if kind == "system":
        return str(message.additional_kwargs.get("__openai_role__") or "system")
    if kind == "chat":
        return str(getattr(message, "role", "user"))
    raise ConfigurationError(f"{where}: a {type(message).__name__} cannot be sent.")


def _is_tool_result(block: Any) -> bool:
    return isinstance(block, Mapping) and block.get("type") == "tool_result"


# --- an assistant turn --------------------------------------------------------------------------


def _turn(said: Assistant, goes_back: Callable[[Mapping[str, Any]], bool]) -> list[Item]:
    """The items of an assistant turn, as its outline has them, or else text before calls.

    Args:
        said: The turn. It may have been edited: what is gone takes its thoughts with it, and what
            is new comes last.
        goes_back: Tells which thoughts may be sent.
    """
    contents = iter(_contents(said))
    calls = {call.id: call for call in said.calls}
    items: list[Item] = []
    for entry in said.items:
        item = _filled(entry, contents, calls)
        if item is not None:
            items.append(item)
        else:
            _drop_thoughts(items)
    _drop_thoughts(items)
    items = _with_thoughts_or_without_ids(items, said.items, goes_back)
    if content := next(contents, None):
        items.append({"role": "assistant", "content": _plain(content)})
    items += [_call(call) for call in calls.values()]
    return items or [{"role": "assistant", "content": ""}]


def _filled(
    entry: Mapping[str, Any], contents: Iterator[list[Item]], calls: dict[str, Call]
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


def _drop_thoughts(items: list[Item]) -> None:
    """Take away thoughts at the end: what they led to is gone."""
    while items and items[-1].get("type") == "reasoning":
        items.pop()


def _with_thoughts_or_without_ids(
    items: list[Item],
    outline: Sequence[Mapping[str, Any]],
    goes_back: Callable[[Mapping[str, Any]], bool],
) -> list[Item]:
    thoughts = [entry for entry in outline if entry.get("type") == "reasoning"]
    left = [item for item in items if item.get("type") == "reasoning"]
    if len(left) == len(thoughts) and all(map(goes_back, thoughts)):
        return items
    own = [item for item in items if item.get("type") in {"message", *_CALLS}]
    return [{key: value for key, value in item.items() if key != "id"} for item in own]


def _contents(said: Assistant) -> list[list[Item]]:
    """The content of each message of the outline, or of the one message if there is no outline.

    An edited text goes whole into the last message.
    """
    text = said.text
    lengths = [entry["characters"] for entry in said.items if entry.get("type") == "message"]
    if sum(lengths) != len(text) or not lengths:
        lengths = [*[0] * (len(lengths) - 1), len(text)]
    edges = [0, *accumulate(lengths)]
    shares = [text[start:end] for start, end in pairwise(edges)]
    contents: list[list[Item]] = [[_output_text(share)] if share else [] for share in shares]
    contents[-1] += [dict(piece.part) for piece in said.pieces if isinstance(piece, Raw)]
    if said.refusal:
        contents[-1].append({"type": "refusal", "refusal": said.refusal})
    return contents


def _output_text(text: str) -> Item:
    return {"type": "output_text", "text": text, "annotations": []}


def _plain(content: list[Item]) -> str | list[Item]:
    """A lone text as a string: a message that is not the service's own needs no more."""
    lone = len(content) == 1 and content[0].get("type") == "output_text"
    return content[0]["text"] if lone else content


def _call(call: Call) -> Item:
    if _is_custom(call):
        named = {"call_id": call.id, "name": call.name}
        return {"type": "custom_tool_call", **named, "input": custom_input(call.arguments)}
    named = {"call_id": call.id, "name": call.name}
    return {"type": "function_call", **named, "arguments": call.arguments}


def _is_custom(call: Call) -> bool:
    return call.extras.get("type") == "custom"


# --- content ------------------------------------------------------------------------------------


def _content(pieces: Sequence[Piece], where: str) -> str | list[Item]:
    """A string where one will do, a list of parts otherwise."""
    if not pieces:
        return ""
    if len(pieces) == 1 and isinstance(pieces[0], Text):
        return pieces[0].text
    return [_part(piece, where) for piece in pieces]


def _part(piece: Piece, where: str) -> Item:
    if isinstance(piece, Raw):
        return dict(piece.part)
    if isinstance(piece, Text):
        return {"type": "input_text", "text": piece.text}
    writer = _MEDIA.get(piece.kind)
    if writer is None:
        raise UnsupportedContentError(
            f"{piece.where or where}: /responses takes no content of type {piece.kind!r}; nothing "
            "was sent."
        )
    return writer(piece)


def _image(media: Media) -> Item:
    place = {"file_id": media.file_id} if media.file_id else {"image_url": media.data_url}
    return {"type": "input_image", "detail": media.detail or "auto", **place}


def _file(media: Media) -> Item:
    if media.file_id:
        return {"type": "input_file", "file_id": media.file_id}
    if media.url:
        return {"type": "input_file", "file_url": media.url}
    filename = media.filename or "document." + (media.mime_type or "").rpartition("/")[2]
    return {"type": "input_file", "filename": filename, "file_data": media.data_url}


_MEDIA: Mapping[Kind, Callable[[Media], Item]] = {"image": _image, "file": _file}
