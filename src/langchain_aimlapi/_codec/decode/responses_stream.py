"""The events of a response -> the same deltas a stream of chat completions gives.

The event that ends a response holds all of it once more, so a response that was not streamed is
read as a stream of that one event, and both ways give the same message. A stream is complete with
`response.completed` or `response.incomplete`; without either it was cut, `[DONE]` or not. A response
that is not streamed says by its status whether it is complete: one in the background may be queued.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn

from langchain_aimlapi._codec.decode.event import (
    HalfCharacterError,
    HalfCharacters,
    parse_event,
)
from langchain_aimlapi._codec.decode.metadata import ReplyContext, response_metadata, unknown
from langchain_aimlapi._codec.decode.responses_items import (
    Item,
    images,
    output_items,
    read_item,
    read_output,
    text_annotations,
    unknown_parts,
)
from langchain_aimlapi._codec.decode.responses_texts import TEXT_EVENTS, TextReader
from langchain_aimlapi._codec.decode.stream import Delta, Final
from langchain_aimlapi._codec.decode.usage import usage_metadata
from langchain_aimlapi._errors.envelope import error_from, read_envelope
from langchain_aimlapi.errors import (
    AimlapiError,
    ResponseFormatError,
    StreamInterruptedError,
)

Event = Mapping[str, Any]

SUMMARY_KEY = "summary"
"""Stands in place of a key for reasoning that comes as a summary: it goes back as items alone."""

_REQUEST_KEYS = frozenset(
    {
        "background",
        "conversation",
        "instructions",
        "max_output_tokens",
        "max_tool_calls",
        "metadata",
        "parallel_tool_calls",
        "presence_penalty",
        "frequency_penalty",
        "previous_response_id",
        "prompt",
        "prompt_cache_key",
        "prompt_cache_retention",
        "reasoning",
        "safety_identifier",
        "store",
        "temperature",
        "text",
        "tool_choice",
        "tools",
        "top_logprobs",
        "top_p",
        "truncation",
        "user",
    }
)
"""What a response repeats of its request; it says nothing of the answer."""
_RESPONSE_KEYS = _REQUEST_KEYS | {
    "created_at",
    "id",
    "incomplete_details",
    "meta",
    "model",
    "object",
    "output",
    "output_text",
    "service_tier",
    "status",
    "usage",
}


_NOT_YET = {
    "queued": "is queued and has no answer yet",
    "in_progress": "is in progress and its answer not complete",
}
_UNFINISHED = _NOT_YET | {"cancelled": "was cancelled before its answer was complete"}
"""States of a response in which the model has not said all, or nothing."""
_WAIT_FOR_IT = "Leave out background=True, so that the call waits for the answer."


class ResponsesDecoder:
    """Reads one stream of a response's events; used like `StreamDecoder`."""

    def __init__(self, context: ReplyContext) -> None:
        self.done = False
        """Whether nothing more can come."""
        self._text_reader = TextReader(context.call_id)
        self.texts = self._text_reader.texts
        self.reasoning = self._text_reader.reasoning
        self.tool_calls = self._text_reader.tool_calls
        self._context = context
        self._halves: HalfCharacters | None = None
        self._response: Mapping[str, Any] = {}
        self._meta: dict[str, object] = {}
        self._items: dict[int, Item] = {}
        self._complete = False
        self._whole = False
        """Whether the response was said as a whole."""

    def feed(self, data: bytes) -> Delta | None:
        """Take the data of one event, or a whole response.

        Returns:
            What it adds to the message; `None` if nothing.

        Raises:
            AimlapiStatusError: For an error event or a failed response.
            ResponseFormatError: For data that is no JSON object.
        """
        if self.done:
            return None
        if data == b"[DONE]":
            self.done = True
            return None
        event = self._parsed(data)
        delta = Delta()
        if event.get("type") in TEXT_EVENTS:
            self._text_reader.read(event, delta)
        else:
            self._read_rarer(event, delta)
        if isinstance(event.get("meta"), Mapping):
            self._meta |= event["meta"]
        return delta if self._text_reader.keep(delta) else None

    def _parsed(self, data: bytes) -> dict[str, Any]:
        if self._halves is None:
            try:
                return parse_event(data)
            except HalfCharacterError:
                self._halves = HalfCharacters()
        return self._halves.parse(data)

    def feed_whole(self, response: Mapping[str, object]) -> Delta | None:
        """Take a whole response, decoded.

        Raises:
            AimlapiStatusError: If it failed.
        """
        delta = Delta()
        self._read_whole(response, delta)
        return delta if self._text_reader.keep(delta) else None

    def late(self) -> Delta | None:
        """Half a character that waits in vain, unless the response was said as a whole."""
        if self._halves is None or self._whole:
            return None
        delta = Delta(*self._halves.rest())
        return delta if self._text_reader.keep(delta) else None

    def end(self) -> Final:
        """What holds for the whole message.

        Raises:
            StreamInterruptedError: If the stream ended before the response did.
            ResponseFormatError: If the response was sent whole, and is not finished.
        """
        if not self._complete:
            raise self._unfinished()
        return self.interrupted()

    def _unfinished(self) -> AimlapiError:
        """What is wrong with a reply without an end."""
        response = self._response
        status = _status(response)
        error: AimlapiError
        if self._whole and status in _UNFINISHED:
            text = f"The response{_named(response)} {_UNFINISHED[status]}."
            error = ResponseFormatError(text, body=dict(response))
            error.hint = _WAIT_FOR_IT if status in _NOT_YET else None
        else:
            error = StreamInterruptedError(_ended_early(response))
        error.inference_id = self._context.headers.get("x-inference-id")
        error.request_id = response.get("id")
        if self._whole or response.get("background"):
            error.is_retryable = False  # it goes on at the service, and is paid for
        return error

    def interrupted(self) -> Final:
        """The same for a stream that broke off: what is known of it so far."""
        response = self._response
        items = [self._items[number] for number in sorted(self._items)]
        usage = response.get("usage")
        usage = usage if isinstance(usage, Mapping) else None
        named = {key: response.get(key) for key in ("id", "model", "service_tier")}
        odd = unknown_parts(items)
        metadata = response_metadata(
            {**named, "created": response.get("created_at"), "meta": self._meta},
            self._context,
            finish_reason=response.get("status") if self._complete else None,
            usage=usage,
            extra={
                "reply": unknown(response, _RESPONSE_KEYS),
                "message": {"content": odd} if odd else {},
            },
        )
        if response.get("incomplete_details"):
            metadata["incomplete_details"] = response["incomplete_details"]
        tools, extras = self.tool_calls.end()
        kwargs = self._kwargs(items) | ({"tool_call_extras": extras} if extras else {})
        return Final(metadata, usage_metadata(usage), kwargs, tools)

    def _kwargs(self, items: list[Item]) -> dict[str, Any]:
        kept: dict[str, object] = {
            "annotations": text_annotations(items),
            "images": images(items),
            "output_items": output_items(items),
            "reasoning_key": SUMMARY_KEY if self.reasoning else None,
            "refusal": "".join(self._text_reader.refusal),
        }
        return {key: value for key, value in kept.items() if value}

    # --- the response as a whole ----------------------------------------------------------------

    def _read_rarer(self, event: Event, delta: Delta) -> None:
        """Events of types not named here tell of progress; what comes of it stands in the items."""
        match event.get("type"):
            case "response.created" | "response.queued" | "response.in_progress":
                self._response = _inner(event, "response")
            case "response.output_item.added":
                item = read_item(event.get("item"))
                number = self._text_reader.numbers.of_item(event, item, done=False)
                self._text_reader.open(number, item)
            case "response.output_item.done":
                item = read_item(event.get("item"))
                number = self._text_reader.numbers.of_item(event, item, done=True)
                self._items[number] = item
                self._text_reader.finish(number, item, delta)
            case (
                "response.completed"
                | "response.incomplete"
                | "response.failed"
                | "response.cancelled" as kind
            ):
                whole = dict(_inner(event, "response"))
                if not whole.get("status") or _status(whole) in _NOT_YET:
                    whole["status"] = kind.partition(".")[2]
                self._read_whole(whole, delta)
            case "error":
                self._fail_of(event)
            case None:
                self._read_untyped(event, delta)

    def _read_untyped(self, event: Event, delta: Delta) -> None:
        """A whole response from a server that did not stream after all, or the gateway's error."""
        if event.get("object") == "response":
            self._read_whole(event, delta)
        elif read_envelope(event) is not None:
            raise error_from(event, headers=self._context.headers)

    def _read_whole(self, response: Mapping[str, Any], delta: Delta) -> None:
        self._response = {**self._response, **response}
        if response.get("status") == "failed":
            self._fail(response.get("error") or {"message": "The response failed."})
        if isinstance(response.get("meta"), Mapping):
            self._meta |= response["meta"]
        items = self._text_reader.numbers.of_output(read_output(response.get("output")))
        self._items |= items
        if not (items or self.texts) and response.get("output_text"):
            part = {"type": "output_text", "text": response["output_text"]}
            items = {0: {"type": "message", "content": [part]}}
        for number, item in items.items():
            self._text_reader.finish(number, item, delta)
        self._text_reader.settle(delta)
        self._complete = _status(self._response) not in _UNFINISHED
        self._whole = self.done = True

    def _fail(self, error: object) -> NoReturn:
        raise error_from({"error": error}, headers=self._context.headers)

    def _fail_of(self, event: Event) -> NoReturn:
        """An error event: OpenAI's has the error flat beside its type, others have an envelope."""
        flat = {key: event[key] for key in event.keys() - {"sequence_number", "type"}}
        if event.get("error") or "statusCode" in event:
            raise error_from(flat, headers=self._context.headers)
        self._fail(flat or "The response failed.")


def _status(response: Mapping[str, object]) -> str:
    status = response.get("status")
    return status if isinstance(status, str) else ""


def _named(response: Mapping[str, object]) -> str:
    return f" {response['id']}" if response.get("id") else ""


def _ended_early(response: Mapping[str, object]) -> str:
    status = _status(response)
    state = f" while the response{_named(response)} was {status!r}," if status else ""
    return (
        f"The stream ended{state} before the model said it was done; what came until then is in "
        "the error's 'partial'."
    )


def _inner(event: Event, key: str) -> Mapping[str, object]:
    inner = event.get(key)
    return inner if isinstance(inner, Mapping) else {}
