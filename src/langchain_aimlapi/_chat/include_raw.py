"""`include_raw=True`: the message beside the object; an answer that does not fit does not raise.

LangChain's own chain for it catches an error of the parser only before the first chunk of a stream,
and its chunks do not add up: LangChain adds the dicts of a stream key by key, and two partial
objects have no sum.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from langchain_core.messages import AIMessage
from langchain_core.outputs import ChatGeneration
from langchain_core.runnables import Runnable, RunnableGenerator
from langchain_core.runnables.utils import AddableDict

from langchain_aimlapi._chat.answer_stream import AnswerStream
from langchain_aimlapi._chat.parser import AnswerParser, schema_class
from langchain_aimlapi._codec.langchain.blocks import refusal_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from langchain_core.runnables import RunnableConfig
    from pydantic import BaseModel

_REPLACED = ("parsed", "parsing_error")


class RawChunk(AddableDict):
    """A chunk of `{"raw": …, "parsed": …, "parsing_error": …}`: messages add up, objects replace."""

    def __add__(self, other: AddableDict) -> RawChunk:
        added = {key: value for key, value in other.items() if key not in _REPLACED}
        replaced = {key: other[key] for key in _REPLACED if key in other}
        return RawChunk({**super().__add__(AddableDict(added)), **replaced})

    def __radd__(self, other: AddableDict) -> RawChunk:
        return RawChunk(other) + self


class _PartialDict(dict[str, Any]):
    """A partial object that what comes after it replaces, for steps that add by value."""

    def __add__(self, other: object) -> object:
        return other


class _PartialList(list[Any]):
    """Likewise a partial list."""

    def __add__(self, other: object) -> Any:
        return other


@dataclass(frozen=True, slots=True)
class _RawParser:
    parser: AnswerParser

    def chunks(self, messages: Iterator[AIMessage]) -> Iterator[AddableDict]:
        stream = AnswerStream(self.parser.target, self.parser.tool)
        for message in messages:
            yield RawChunk(raw=message)
            yield from _partial_chunks(stream.add(message))
        yield self._end(stream.whole())

    async def achunks(self, messages: AsyncIterator[AIMessage]) -> AsyncIterator[AddableDict]:
        stream = AnswerStream(self.parser.target, self.parser.tool)
        async for message in messages:
            yield RawChunk(raw=message)
            for chunk in _partial_chunks(stream.add(message)):
                yield chunk
        yield self._end(stream.whole())

    def read(self, message: AIMessage) -> RawChunk:
        """What comes of a message that came whole."""
        return RawChunk({"raw": message, **self._end(message)})

    def read_text(self, text: str, finish_reason: str | None) -> Any:
        """The object in a message that holds a text and nothing else.

        Raises:
            Exception: Whatever kind, where there is more to say of the message than that.
        """
        if refusal_of({}, {"finish_reason": finish_reason}):
            raise ValueError("the model refused")
        return self.parser.parse(text)

    def _end(self, message: AIMessage) -> RawChunk:
        try:
            parsed = self.parser.parse_result([ChatGeneration(message=message)])
        except Exception as error:  # noqa: BLE001  # validators of the caller's raise what they like
            return RawChunk(parsed=None, parsing_error=error)
        return RawChunk(parsed=parsed, parsing_error=None)


def _partial_chunks(partial: object) -> Iterator[RawChunk]:
    """A partial object; instances of classes have no sum, so they come once, at the end."""
    if isinstance(partial, dict):
        yield RawChunk(parsed=_PartialDict(partial))
    elif isinstance(partial, list):
        yield RawChunk(parsed=_PartialList(partial))


class RawRunnable(RunnableGenerator[AIMessage, AddableDict]):
    """The step behind the model, with the schema of what it returns."""

    def __init__(self, parser: _RawParser) -> None:
        super().__init__(parser.chunks, parser.achunks, name="with_raw")
        self._target = parser.parser.target
        self.read = parser.read
        self.read_text = parser.read_text

    def get_output_schema(self, config: RunnableConfig | None = None) -> type[BaseModel]:
        """A class whose JSON schema is that of the three keys."""
        del config
        parsed = self._target.json_schema()
        defs = parsed.pop("$defs", None)
        schema = {
            "type": "object",
            "properties": {
                "raw": {"type": "object", "title": "AIMessage"},
                "parsed": {"anyOf": [parsed, {"type": "null"}]},
                "parsing_error": {},
            },
            "required": ["raw", "parsed", "parsing_error"],
        }
        return schema_class("StructuredOutput", schema | ({"$defs": defs} if defs else {}))


def with_raw(bound: Runnable[object, Any], parser: AnswerParser) -> Runnable[object, Any]:
    """The model, and behind it the step that returns the message and the object."""
    return bound | RawRunnable(_RawParser(parser))
