"""The events of a stream, one by one -> deltas, and at the end what holds for the whole.

What changes with every event (text, reasoning, pieces of tool calls, logprobs, audio) leaves as a
`Delta` at once. Everything else is held to the end and leaves once, in `Final`: LangChain adds
chunks up, and vendors repeat finish reasons, ids, names and running token counts. The last usage
wins; ids and names count the first time; a delta may be missing, empty or null.

A stream that ends without a finish reason and without `[DONE]` was cut. `end` refuses it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from langchain_aimlapi._codec.decode.accumulated import Accumulated, Details, Fields
from langchain_aimlapi._codec.decode.audio import AudioDecoder
from langchain_aimlapi._codec.decode.content_parts import read_content
from langchain_aimlapi._codec.decode.event import HalfCharacterError, HalfCharacters, parse_event
from langchain_aimlapi._codec.decode.metadata import (
    CHOICE_KEYS,
    MESSAGE_KEYS,
    PLAIN_CHOICE_KEYS,
    ReplyContext,
    response_metadata,
    unknown,
    usable,
)
from langchain_aimlapi._codec.decode.reasoning_tags import ThinkSplitter
from langchain_aimlapi._codec.decode.reply import (
    SOURCE_KEYS,
    USUAL_KEYS,
    named_audio,
    reasoning_text,
)
from langchain_aimlapi._codec.decode.restated import fuller_delta
from langchain_aimlapi._codec.decode.template import Template, TextField, sole_text_field
from langchain_aimlapi._codec.decode.tool_call_chunks import ToolCallChunk, ToolCallReader
from langchain_aimlapi._codec.decode.usage import reported_usage, usage_metadata
from langchain_aimlapi._codec.decode.wrapped import unwrapped
from langchain_aimlapi._codec.keys import DETAILS_KEY, REASONING_KEYS, THINK_TAG
from langchain_aimlapi._errors.envelope import error_from, read_envelope
from langchain_aimlapi.errors import ResponseFormatError, StreamInterruptedError

if TYPE_CHECKING:
    from collections.abc import Mapping

_DONE = b"[DONE]"
_SHORT = 16
_HEAD_KEYS = ("id", "model", "created", "system_fingerprint", "service_tier")
_PLAIN_FIELDS = frozenset({"content", "role"})
_OFTEN_FIELDS = _PLAIN_FIELDS | {
    "reasoning",
    "reasoning_content",
    "reasoning_details",
    "refusal",
    "tool_calls",
}
_MOST_TEMPLATES = 8
"""Maximum number of templates per stream: where every event is new, they do not pay."""
_KEPT_KEYS = ("annotations", "encrypted_content", "extra_content", "images", "refusal")


@dataclass(slots=True)
class Delta:
    """What one event adds to the message."""

    text: str = ""
    reasoning: str = ""
    tools: list[ToolCallChunk] | None = None
    logprobs: Mapping[str, Any] | None = None
    audio: dict[str, Any] | None = None

    def __bool__(self) -> bool:
        return bool(self.text or self.reasoning or self.tools or self.logprobs or self.audio)


@dataclass(frozen=True, slots=True)
class Final:
    """What holds for the whole message, known at its end."""

    response_metadata: dict[str, object]
    usage_metadata: Any = None
    additional_kwargs: dict[str, Any] = field(default_factory=dict)
    tools: list[ToolCallChunk] = field(default_factory=list)
    """Ids for calls that never got one, and marks for calls with something to send back."""


class StreamDecoder:
    """Reads one stream of chat completion chunks.

    Usage: `feed` every event's data; once `done`, or when the events run out, take `end()`.
    """

    def __init__(self, context: ReplyContext) -> None:
        self.done = False
        """Whether `[DONE]` came."""
        self.texts: list[str] = []
        self.reasoning: list[str] = []
        self.tool_calls = ToolCallReader(context.call_id)
        self._context = context
        self._halves: HalfCharacters | None = None
        self._think = ThinkSplitter() if context.split_think_tags else None
        self._think_found = False
        self._audio_decoder: AudioDecoder | None = None
        self._head: dict[str, Any] = {}
        self._shape: frozenset[str] = frozenset()
        self._missing: tuple[str, ...] = ()
        self._odd: tuple[str, ...] = ()
        self._template: Template | None = None
        self._templates_left = _MOST_TEMPLATES
        self._usage: Mapping[str, object] | None = None
        self._finish_reason: str | None = None
        self._reasoning_key: str | None = None
        self._details = Details()
        self._index: object = None
        self._chosen = False
        """Whether there was a choice: a stream without one says nothing."""
        self._kept = Fields()
        self._unknown = Fields()
        self._extra: dict[str, dict[str, object]] = {"reply": {}, "choice": {}}

    def feed(self, data: bytes) -> Delta | None:
        """Take the data of one event.

        Returns:
            What it adds to the message; `None` if nothing.

        Raises:
            AimlapiStatusError: For an error in the middle of the stream.
            ResponseFormatError: For data that is no JSON object.
        """
        if self.done:
            return None
        if self._template is not None and (text := self._template.text(data)) is not None:
            return self._plain_delta(self._template.field, text)
        if data == _DONE or (len(data) < _SHORT and data.strip(b' \t"') == _DONE):
            self.done = True
            return self._late_text()
        chunk = self._parsed(data)
        if "event" in chunk and isinstance(chunk["event"], dict):
            chunk, self._usage = unwrapped(chunk, self._usage)
        choices = chunk.get("choices")
        if not choices or "error" in chunk or "base_resp" in chunk:
            self._refuse_errors(chunk)
        self._read_head(chunk)
        choice = choices[0] if choices and isinstance(choices, list) else None
        if not isinstance(choice, dict):
            return None
        delta = self._read_choice(choice)
        if (
            self._templates_left
            and delta
            and self._think is None
            and (name := sole_text_field(chunk))
        ):
            self._templates_left -= 1
            self._template = Template.learn(name, data, chunk)
        return delta

    def end(self) -> Final:
        """What holds for the whole message.

        Raises:
            ResponseFormatError: If it said that it is done, and nothing else.
            StreamInterruptedError: If the stream ended before the model said it was done.
        """
        if self.done and not self._chosen:
            raise ResponseFormatError(
                "The stream holds no choices.", request_id=self._head.get("id")
            )
        if self._finish_reason is None and not self.done:
            raise StreamInterruptedError(
                "The stream ended before the model said it was done; what came until then is in "
                "the error's 'partial'.",
                inference_id=self._context.headers.get("x-inference-id"),
                request_id=self._head.get("id"),
            )
        return self._final()

    def late(self) -> Delta | None:
        """Text held back as a possible tag, when the events run out without `[DONE]`."""
        return None if self.done else self._late_text()

    # --- one event ------------------------------------------------------------------------------

    def _plain_delta(self, name: TextField, text: str) -> Delta | None:
        """An event like one before, with this text: nothing else in it is news."""
        if not text:
            return None
        if name == "content":
            self.texts.append(text)
            return Delta(text)
        self.reasoning.append(text)
        return Delta("", text)

    def _parsed(self, data: bytes) -> dict[str, Any]:
        if self._halves is None:
            try:
                return parse_event(data)
            except HalfCharacterError:
                self._halves, self._template, self._templates_left = HalfCharacters(), None, 0
        return self._halves.parse(data)

    def _read_head(self, chunk: Mapping[str, object]) -> None:
        """Top-level fields. Events of one stream look alike: only a new look is studied."""
        if chunk.keys() != self._shape:
            self._study(chunk)
        for key in self._missing:
            if chunk[key]:
                self._head.setdefault(key, chunk[key])
                self._study(chunk)
        usage = chunk.get("usage")
        if usage and isinstance(usage, dict):
            self._usage = usage
        for key in self._odd:
            self._read_odd(key, chunk[key])

    def _study(self, chunk: Mapping[str, object]) -> None:
        self._shape = frozenset(chunk)
        self._missing = tuple(key for key in _HEAD_KEYS if key in chunk and key not in self._head)
        self._odd = tuple(key for key in chunk if key not in USUAL_KEYS)

    def _read_odd(self, key: str, value: object) -> None:
        if key == "meta":
            if isinstance(value, dict):
                self._head.setdefault("meta", {}).update(value)
        elif usable(key, value) and key in SOURCE_KEYS:
            self._kept[key] = Accumulated(value)
        elif value is not None and value != "":
            self._extra["reply"][key] = value

    def _read_choice(self, choice: Mapping[str, Any]) -> Delta | None:
        index = choice.get("index")
        if (index or self._index) and self._is_other(index):
            return None
        self._chosen = True
        if choice.get("finish_reason"):
            self._finish_reason = choice["finish_reason"]
        if not choice.keys() <= PLAIN_CHOICE_KEYS:
            self._refuse_errors({"error": choice.get("error")})
            self._extra["choice"] |= unknown(choice, CHOICE_KEYS)
        fields = choice.get("delta")
        if "message" in choice:
            ended = bool(choice.get("finish_reason"))
            fields = self._fuller(fields, choice["message"], ended=ended)
        delta = self._read_fields(fields) if fields and isinstance(fields, dict) else Delta()
        if choice.get("logprobs"):
            self._read_logprobs(choice["logprobs"], delta)
        return delta or None

    def _is_other(self, index: object) -> bool:
        """Whether a choice is another one than the first that came: one is the answer."""
        if not self._chosen:
            self._index = index
        return index not in (None, self._index)

    def _read_logprobs(self, logprobs: Any, delta: Delta) -> None:
        """Lists of tokens, which LangChain joins; what is not lists is kept as unknown."""
        tokens = logprobs.values() if isinstance(logprobs, dict) else ()
        if tokens and all(listed is None or isinstance(listed, list) for listed in tokens):
            delta.logprobs = logprobs
        else:
            self._extra["choice"]["logprobs"] = logprobs

    def _fuller(self, delta: object, message: object, *, ended: bool) -> object:
        called = bool(self.tool_calls.calls)
        begun = bool(self.texts or self.reasoning or called)
        return fuller_delta(delta, message, self.texts, begun=begun, called=called, ended=ended)

    def _read_fields(self, fields: Mapping[str, object]) -> Delta:
        """The fields of a delta, or of a whole message where a server did not stream after all."""
        delta = Delta()
        content = fields.get("content")
        if content:
            if self._think is None and isinstance(content, str):
                delta.text = content
            else:
                self._split(fields, delta)
        for name, value in fields.items():
            if value is not None and name not in _PLAIN_FIELDS and value != "":
                self._read_rarer(fields, delta)
                break
        if delta.text:
            self.texts.append(delta.text)
        if delta.reasoning:
            self.reasoning.append(delta.reasoning)
        return delta

    def _read_rarer(self, fields: Mapping[str, object], delta: Delta) -> None:
        key, reasoning = reasoning_text(fields)
        if key == DETAILS_KEY and self._reasoning_key in REASONING_KEYS:
            reasoning = ""  # it has come as a text already
        if reasoning:
            self._no_tags(delta)
            delta.reasoning += reasoning
            self._reasoning_key = self._reasoning_key or key
        details = fields.get("reasoning_details")
        if details:
            self._merge_details(details)
        if fields.get("tool_calls") or fields.get("function_call"):
            delta.tools = self.tool_calls.read(fields)
        audio: Any = fields.get("audio")
        if usable("audio", audio):
            delta.audio = self._audio(audio)
        if fields.get("refusal") or not fields.keys() <= _OFTEN_FIELDS:
            self._keep(fields)

    def _keep(self, fields: Mapping[str, object]) -> None:
        """Fields that wait for the end, and unknown ones."""
        for name in _KEPT_KEYS:
            if usable(name, fields.get(name)):
                self._kept.add(name, fields[name])
        for name, value in unknown(fields, MESSAGE_KEYS).items():
            known = self._unknown.get(name)
            if known is None or not known.equals(value):
                self._unknown.add(name, value)

    def _split(self, fields: Mapping[str, object], delta: Delta) -> None:
        """Content that may hold reasoning: as parts, or in tags."""
        text, delta.reasoning, images, rest = read_content(fields["content"])
        if images:
            self._kept.add("images", images)
        if rest:
            self._unknown.add("content", rest)
        if delta.reasoning or reasoning_text(fields)[1]:
            self._no_tags(delta)
        if self._think is None:
            delta.text += text
            return
        reasoning, delta.text = self._think.feed(text)
        delta.reasoning += reasoning
        self._think_found = self._think.found
        if self._think.done:
            self._think = None

    def _no_tags(self, delta: Delta) -> None:
        """Reasoning comes by a key of their own: what looks like a tag in the text is text."""
        if self._think is not None and not self._think.found:
            delta.text += self._think.end()[1]
            self._think = None

    def _late_text(self) -> Delta | None:
        text, reasoning = self._halves.rest() if self._halves else ("", "")
        if self._think is not None:
            begun, rest = self._think.end()
            text, reasoning, self._think = rest + text, begun + reasoning, None
        delta = Delta(text=text, reasoning=reasoning)
        if text:
            self.texts.append(text)
        if reasoning:
            self.reasoning.append(reasoning)
        return delta or None

    def _audio(self, audio: Mapping[str, object]) -> dict[str, object] | None:
        if self._audio_decoder is None:
            self._audio_decoder = AudioDecoder()
            audio = named_audio(audio, self._context)
        return self._audio_decoder.read(audio) or None

    def _merge_details(self, details: object) -> None:
        if not isinstance(details, list):
            self._unknown["reasoning_details"] = Accumulated(details)
            return
        for detail in details:
            if isinstance(detail, dict):
                self._details.add(detail)

    def _refuse_errors(self, chunk: Mapping[str, object]) -> None:
        if read_envelope(chunk) is not None:
            raise error_from(chunk, status=None, headers=self._context.headers)

    # --- the end --------------------------------------------------------------------------------

    def _final(self) -> Final:
        usage = self._usage or reported_usage(self._extra["reply"], self._extra["choice"])
        metadata = response_metadata(
            self._head,
            self._context,
            finish_reason=self._finish_reason,
            usage=usage,
            extra={**self._extra, "message": self._unknown.values_by_name()},
        )
        kwargs = self._kept.values_by_name()
        key = THINK_TAG if self._think_found else self._reasoning_key
        if key and key != REASONING_KEYS[0] and self.reasoning:
            kwargs["reasoning_key"] = key
        if self._details:
            kwargs["reasoning_details"] = self._details.listed()
        if self._audio_decoder is not None and (rest := self._audio_decoder.end()):
            kwargs["audio"] = rest
        tools, extras = self.tool_calls.end()
        if extras:
            kwargs["tool_call_extras"] = extras
        return Final(metadata, usage_metadata(usage), kwargs, tools)

    def interrupted(self) -> Final:
        """The same for a stream that broke off: what is known of it so far."""
        self._late_text()
        return self._final()
