"""An answer that was to have a form -> the object, whichever way the model gave it.

Models asked for a tool call answer in text now and then, and models asked for JSON wrap it in a
fence or a sentence. All of that is read. What holds no object is an error with the text in it,
never a silent `None`, and cut-off JSON is not completed: a partial object is given out only
while a stream is still coming.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from langchain_core import exceptions
from langchain_core.exceptions import OutputParserException
from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.output_parsers import BaseTransformOutputParser
from langchain_core.outputs import ChatGeneration
from pydantic import BaseModel, RootModel, ValidationError
from pydantic.v1 import ValidationError as OldValidationError

from langchain_aimlapi._chat.answer_schema import AnswerSchema  # noqa: TC001  # a field
from langchain_aimlapi._chat.answer_stream import AnswerStream
from langchain_aimlapi._codec.json_text import find_json
from langchain_aimlapi._codec.langchain.blocks import refusal_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from langchain_core.messages import BaseMessage
    from langchain_core.outputs import Generation
    from langchain_core.runnables import RunnableConfig

_SHOWN = 300
_VALIDATION_ERRORS = (ValidationError, OldValidationError, RecursionError)
_CUT_OFF = frozenset({"length", "max_tokens", "max_output_tokens", "model_length"})
"""Finish reasons of an answer that reached its token limit, in lower case (recorded replies)."""


class AnswerParser(BaseTransformOutputParser[Any]):
    """Reads structured answers.

    Raises:
        OutputParserException: For an answer without an object, or with one that does not fit.
        ModelRefusalError: If the model refused (langchain-core 1.8 and newer).
    """

    target: AnswerSchema
    """What an answer is to become."""
    tool: str | None = None
    """Name of the tool that was to be called."""
    beside_tools: bool = False
    """Whether the model had tools of its own: a call of one is no answer yet, and gives `None`."""
    limit: int | None = None
    """The token limit that was set, for messages."""

    @property
    def _type(self) -> str:
        return "aimlapi-answer"

    def get_output_schema(self, config: RunnableConfig | None = None) -> type[BaseModel]:
        """A class whose JSON schema is that of the answers."""
        del config
        kind = self.target.kind
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            return kind
        return schema_class("Answer", self.target.json_schema())

    def parse(self, text: str) -> Any:
        """Read an answer that is only text."""
        try:
            value = find_json(text)
        except ValueError as error:
            raise _parse_error(str(error), text) from None
        return self._validated(value, text)

    def parse_result(self, result: list[Generation], *, partial: bool = False) -> object:
        """Read an answer; `None` only for a partial one that holds no object yet."""
        message = result[0].message if isinstance(result[0], ChatGeneration) else None
        if not isinstance(message, AIMessage):
            return self.parse(result[0].text)
        if partial:
            stream = AnswerStream(self.target, self.tool)
            return stream.add(message.model_copy(update={"chunk_position": None}))
        _raise_if_refused(message)
        if self.beside_tools and message.tool_calls:
            return None
        try:
            return self._whole(message)
        except OutputParserException as error:
            if (cut := self._cut_off(message)) is None:
                raise
            raise _parse_error(cut, error.llm_output) from error

    def _transform(self, input: Iterator[str | BaseMessage]) -> Iterator[object]:  # noqa: A002
        stream = AnswerStream(self.target, self.tool)
        seen: object = _NOTHING
        for message in input:
            value = stream.add(_as_message(message))
            if value is not None and value != seen:
                seen = value
                yield value
        value = self.parse_result([ChatGeneration(message=stream.whole())])
        if value != seen:
            yield value

    async def _atransform(
        self,
        input: AsyncIterator[str | BaseMessage],  # noqa: A002
    ) -> AsyncIterator[object]:
        stream = AnswerStream(self.target, self.tool)
        seen: object = _NOTHING
        async for message in input:
            value = stream.add(_as_message(message))
            if value is not None and value != seen:
                seen = value
                yield value
        value = self.parse_result([ChatGeneration(message=stream.whole())])
        if value != seen:
            yield value

    def _whole(self, message: AIMessage) -> Any:
        call = self._call(message)
        if call is not None:
            return self._validated(call["args"], message.text)
        broken = next(iter(message.invalid_tool_calls), None)
        if broken is not None:
            raise _parse_error(
                f"the call's arguments are broken ({broken['error']})", broken["args"]
            )
        try:
            return self.parse(message.text)
        except OutputParserException:
            if not self.tool or not message.tool_calls:
                raise
            others = ", ".join(repr(each["name"]) for each in message.tool_calls)
            wrong = f"the model called {others} instead of {self.tool!r}"
            raise _parse_error(wrong, json.dumps(message.tool_calls[0]["args"])) from None

    def _call(self, message: AIMessage) -> Any:
        named = [call for call in message.tool_calls if call["name"] == self.tool]
        return next(iter(named), None) if self.tool else None

    def _cut_off(self, message: AIMessage) -> str | None:
        """What to say of an answer that reached the token limit before it was whole."""
        reason = message.response_metadata.get("finish_reason")
        details = message.response_metadata.get("incomplete_details")
        inner = details.get("reason") if isinstance(details, dict) else None
        if not {str(reason).lower(), str(inner).lower()} & _CUT_OFF:
            return None
        usage = message.usage_metadata
        spent = f" after {usage['output_tokens']} tokens" if usage else ""
        limit = "the model's default" if self.limit is None else str(self.limit)
        return (
            f"it was cut off by the token limit{spent} (finish reason {inner or reason!r}); raise "
            f"max_tokens, which is {limit}"
        )

    def _validated(self, value: object, text: str) -> Any:
        try:
            return self.target.read(value)
        except _VALIDATION_ERRORS as error:
            why = "it is nested too deep" if isinstance(error, RecursionError) else str(error)
            raise _parse_error(f"it does not fit {self.target.title}: {why}", text) from error


_NOTHING = object()


def _as_message(item: str | BaseMessage) -> AIMessage:
    return (
        item
        if isinstance(item, AIMessage)
        else AIMessageChunk(content=getattr(item, "content", item))
    )


def schema_class(name: str, schema: dict[str, object]) -> type[BaseModel]:
    """A class for LangChain, which asks runnables for one, with a JSON schema that is given."""

    class Known(RootModel[Any]):
        @classmethod
        def model_json_schema(cls, *_: object, **__: object) -> dict[str, object]:
            return {"title": name, **schema}

    Known.__name__ = Known.__qualname__ = name
    return Known


def _raise_if_refused(message: AIMessage) -> None:
    refusal = refusal_of(message.additional_kwargs, message.response_metadata)
    if not refusal:
        return
    refusal_error = getattr(exceptions, "ModelRefusalError", None)
    if refusal_error is not None:
        raise refusal_error.from_refusal(refusal, raw_message=message)
    words = refusal["refusal"] or "without a reason"
    raise _parse_error(f"the model refused: {words}", message.text)


def _parse_error(why: str, text: str | None) -> OutputParserException:
    shown = (text or "")[:_SHOWN]
    return OutputParserException(
        f"The answer could not be read as an object: {why}. It begins: {shown!r}", llm_output=text
    )
