"""An answer that was to have a form -> the object, whichever way the model gave it.

Models asked for a tool call answer in text now and then, and models asked for JSON wrap it in a
fence or a sentence. All of that is read. What holds no object is an error with the text in it,
never a silent `None`, and cut-off JSON is not completed: a partial object is given out only
while a stream is still coming.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import orjson
from langchain_core import exceptions
from langchain_core.exceptions import OutputParserException
from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.output_parsers import BaseCumulativeTransformOutputParser
from langchain_core.outputs import ChatGeneration
from langchain_core.utils.json import parse_partial_json
from langchain_core.utils.pydantic import is_basemodel_subclass
from pydantic import BaseModel, ValidationError
from pydantic.v1 import ValidationError as OldValidationError

if TYPE_CHECKING:
    from langchain_core.outputs import Generation

_FENCE = re.compile(r"```(?:\w+)?\s*\n?(.*?)(?:```|\Z)", re.DOTALL)
_SHOWN = 300


class AnswerParser(BaseCumulativeTransformOutputParser[Any]):
    """Reads structured answers.

    Raises:
        OutputParserException: For an answer without an object, or with one that does not fit.
        ModelRefusalError: If the model refused (langchain-core 1.8 and newer).
    """

    target: Any = None
    """The pydantic class to make instances of; anything else gives plain objects."""
    tool: str | None = None
    """Name of the tool that was to be called."""
    beside_tools: bool = False
    """Whether the model had tools of its own: a call of one is no answer yet, and gives `None`."""

    @property
    def _type(self) -> str:
        return "aimlapi-answer"

    def parse(self, text: str) -> Any:
        """Read an answer that is only text."""
        return self._shaped(_from_text(text), text)

    def parse_result(self, result: list[Generation], *, partial: bool = False) -> Any:
        """Read an answer; `None` only for a partial one that holds no object yet."""
        message = result[0].message if isinstance(result[0], ChatGeneration) else None
        if not isinstance(message, AIMessage):
            return self.parse(result[0].text)
        if isinstance(message, AIMessageChunk) and message.chunk_position == "last":
            partial = False
        if partial:
            return self._partial(message)
        _raise_if_refused(message)
        if self.beside_tools and message.tool_calls:
            return None
        call = self._call(message)
        if call is not None:
            return self._shaped(call["args"], message.text)
        broken = next(iter(message.invalid_tool_calls), None)
        if broken is not None:
            raise _unfit(f"the call's arguments are broken ({broken['error']})", broken["args"])
        return self.parse(message.text)

    def _call(self, message: AIMessage) -> Any:
        named = [call for call in message.tool_calls if call["name"] == self.tool]
        return next(iter(named), None) if self.tool else None

    def _partial(self, message: AIMessage) -> Any:
        call = self._call(message)
        try:
            value = call["args"] if call else _partial_object(message.text)
            return self._validated(value) if value else None
        except (ValueError, ValidationError, OldValidationError):
            return None

    def _shaped(self, value: Any, text: str) -> Any:
        try:
            return self._validated(value)
        except (ValidationError, OldValidationError) as error:
            raise _unfit(f"it does not fit {self.target.__name__}: {error}", text) from error

    def _validated(self, value: Any) -> Any:
        if not (isinstance(self.target, type) and is_basemodel_subclass(self.target)):
            return value
        if issubclass(self.target, BaseModel):
            return self.target.model_validate(value)
        old: Any = self.target
        return old.parse_obj(value)


def _raise_if_refused(message: AIMessage) -> None:
    words = message.additional_kwargs.get("refusal")
    if not words:
        return
    refusal_error = getattr(exceptions, "ModelRefusalError", None)
    if refusal_error is not None:
        block = {"type": "refusal", "refusal": words}
        raise refusal_error.from_refusal(block, raw_message=message)
    raise _unfit(f"the model refused: {words}", message.text)


def _from_text(text: str) -> Any:
    """The JSON in a text: all of it, what a fence holds, or from the first brace on."""
    for candidate in (text, *_FENCE.findall(text)):
        try:
            return orjson.loads(candidate.strip())
        except orjson.JSONDecodeError:
            continue
    decoder = json.JSONDecoder(strict=False)
    for brace in re.finditer(r"[{\[]", text):
        try:
            return decoder.raw_decode(text, brace.start())[0]
        except json.JSONDecodeError:
            continue
    raise _unfit("it holds no JSON object" if text.strip() else "it is empty", text)


def _partial_object(text: str) -> Any:
    """As much of an object as a text under way holds."""
    begun = re.search(r"[{\[]", text)
    if begun is None:
        return None
    body = text[begun.start() :].partition("\n```")[0]
    return parse_partial_json(body)


def _unfit(why: str, text: str | None) -> OutputParserException:
    shown = (text or "")[:_SHOWN]
    return OutputParserException(
        f"The answer could not be read as an object: {why}. It begins: {shown!r}", llm_output=text
    )
