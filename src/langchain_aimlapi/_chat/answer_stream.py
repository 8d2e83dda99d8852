"""A structured answer that streams: as much of the object as is there, and the message at the end.

Chunks are added up once, at the end, and what each of them adds to the object is read alone, so
that a stream costs the same per chunk however long it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from langchain_core.messages import AIMessage, AIMessageChunk

from langchain_aimlapi._chat.partial_json import PartialJson

if TYPE_CHECKING:
    from langchain_aimlapi._chat.answer_schema import AnswerSchema


class AnswerStream:
    """The chunks of one answer.

    Args:
        target: What the answer is to become.
        tool: Name of the tool whose arguments are the answer, if it comes so.
    """

    def __init__(self, target: AnswerSchema, tool: str | None) -> None:
        self._target = target
        self._tool = tool
        self._chunks: list[Any] = []
        self._text = PartialJson()
        self._call: PartialJson | None = None
        self._index: object = None

    def add(self, message: AIMessage) -> Any:
        """Take a chunk; return the object as far as it is there, None if nothing was added."""
        self._chunks.append(message)
        if not isinstance(message, AIMessageChunk) or message.chunk_position == "last":
            return None
        grown = None
        for piece in message.tool_call_chunks:
            grown = self._of_call(piece) or grown
        if self._call is None and (text := message.text) and self._text.feed(text):
            grown = self._text
        return None if grown is None else self._read(grown)

    def _of_call(self, piece: Any) -> PartialJson | None:
        if self._call is None and piece["name"] and piece["name"] == self._tool:
            self._call, self._index = PartialJson(), piece["index"]
        if self._call is None or piece["index"] != self._index or not piece["args"]:
            return None
        return self._call if self._call.feed(piece["args"]) else None

    def _read(self, json: PartialJson) -> object:
        """The object so far, unless it does not fit yet, or is still empty."""
        value = json.take()
        if not value:
            return None
        try:
            return self._target.read(value, partial=True)
        except Exception:  # noqa: BLE001  # validators of the caller's raise what they like
            return None

    def whole(self) -> AIMessage:
        """The message."""
        first, *rest = self._chunks or [AIMessage("")]
        if not rest:
            message: AIMessage = first
        elif isinstance(first, AIMessageChunk):
            message = first + rest
        else:
            message = self._chunks[-1]
        return message
