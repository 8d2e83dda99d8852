"""Deltas -> LangChain's content-block events, without the bridge over chunks.

The protocol: `message-start`, then blocks, each opened once, added to, and finished with its
whole content, then `message-finish` with usage and metadata. Blocks are numbered in the order
they begin. Text, reasoning and every tool call keep one block each from first to last, since a
model may go back to reasoning between texts; what comes whole (audio, pictures, a refusal) is
opened and finished at the end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from langchain_aimlapi._codec.decode.accumulated import Accumulated, Fields
from langchain_aimlapi._codec.decode.metadata import PROVIDER
from langchain_aimlapi._codec.decode.stream import Delta
from langchain_aimlapi._codec.decode.tool_calls import Calls, add_call
from langchain_aimlapi._codec.langchain.blocks import (
    audio_block,
    image_block,
    reasoning_extras,
    refusal_of,
    sources,
)

if TYPE_CHECKING:
    from langchain_aimlapi._codec.decode.stream import Final
    from langchain_aimlapi._codec.decode.tool_call_chunks import ToolCallChunk

Event = Any
"""A dict of LangChain's protocol (`langchain_protocol.MessagesData`)."""


class EventWriter:
    """Writes the events of one message: `start`, `delta` for each delta, `finish`."""

    __slots__ = ("_audio", "_calls", "_logprobs", "_next", "_reasoning", "_text", "_words", "begun")

    def __init__(self) -> None:
        self.begun = False
        self._next = 0
        self._text: int | None = None
        self._reasoning: int | None = None
        self._calls: dict[int, _Call] = {}
        self._words: tuple[list[str], list[str]] = ([], [])
        self._audio = Fields()
        self._logprobs: dict[str, Any] = {}

    def start(self, message_id: str | None, model: str) -> Event:
        """The event that begins a message.

        Args:
            message_id: LangChain's id of the message; the service's own is in the metadata.
            model: Id of the model that was asked.
        """
        self.begun = True
        metadata = {"provider": PROVIDER, "model": model}
        return {"event": "message-start", "role": "ai", "id": message_id, "metadata": metadata}

    def write(self, item: Delta | Final) -> list[Event]:
        """The events of an item of a stream."""
        return self.delta(item) if isinstance(item, Delta) else self.finish(item)

    def delta(self, delta: Delta) -> list[Event]:
        """The events of one delta."""
        events: list[Event] = []
        if delta.reasoning:
            if self._reasoning is None:
                self._reasoning = self._open(events, {"type": "reasoning", "reasoning": ""})
            self._words[0].append(delta.reasoning)
            added = {"type": "reasoning-delta", "reasoning": delta.reasoning}
            events.append(_added(self._reasoning, added))
        if delta.text:
            if self._text is None:
                self._text = self._open(events, {"type": "text", "text": ""})
            self._words[1].append(delta.text)
            events.append(_added(self._text, {"type": "text-delta", "text": delta.text}))
        if delta.tools or delta.audio or delta.logprobs:
            self._rarer(delta, events)
        return events

    def finish(self, final: Final) -> list[Event]:
        """Finish all blocks and the message."""
        for chunk in final.tools:
            self._chunk(chunk, [])
        kwargs = dict(final.additional_kwargs)
        if self._words[0]:
            kwargs["reasoning_content"] = "".join(self._words[0])
        self._join_audio(kwargs.pop("audio", {}))
        if self._audio:
            kwargs["audio"] = self._audio.values_by_name()
        metadata = dict(final.response_metadata)
        if self._logprobs:
            metadata["logprobs"] = self._logprobs
        events = self._late_blocks(kwargs, metadata)
        whole = sorted(self._whole(kwargs), key=lambda numbered: numbered[0])
        closing = [
            {"event": "content-block-finish", "index": index, "content": block}
            for index, block in whole
        ]
        finished: Event = {"event": "message-finish", "metadata": metadata}
        if final.usage_metadata:
            finished["usage"] = final.usage_metadata
        if kwargs:
            finished["additional_kwargs"] = kwargs
        return [*events, *closing, finished]

    # --- pieces ---------------------------------------------------------------------------------

    def _open(self, events: list[Event], block: dict[str, Any]) -> int:
        index = self._next
        self._next += 1
        events.append({"event": "content-block-start", "index": index, "content": block})
        return index

    def _rarer(self, delta: Delta, events: list[Event]) -> None:
        for chunk in delta.tools or ():
            self._chunk(chunk, events)
        self._join_audio(delta.audio or {})
        for key, tokens in (delta.logprobs or {}).items():
            known = self._logprobs.get(key)
            if known and tokens:
                known.extend(tokens)
            else:
                self._logprobs[key] = list(tokens) if tokens else known or tokens

    def _join_audio(self, audio: dict[str, Any]) -> None:
        for key, value in audio.items():
            if key in {"data", "transcript"}:
                self._audio.add(key, value or "")
            else:
                self._audio[key] = Accumulated(value)

    def _chunk(self, chunk: ToolCallChunk, events: list[Event]) -> None:
        call = self._calls.get(chunk["index"])
        args = chunk["args"] or ""
        if call is None:
            opening = {**chunk, "args": ""}
            call = self._calls[chunk["index"]] = _Call(self._open(events, opening))
        call.id = call.id or chunk["id"]
        call.name += chunk["name"] or ""
        if args:
            call.args.append(args)
            events.append(_added(call.block, {"type": "tool-call-delta", "args": args}))

    # --- whole blocks ---------------------------------------------------------------------------

    def _late_blocks(self, kwargs: dict[str, Any], metadata: dict[str, Any]) -> list[Event]:
        """Blocks that are known only at the end, opened and finished at once."""
        late = [audio_block(kwargs["audio"])] if kwargs.get("audio") else []
        late += [image_block(image) for image in kwargs.get("images") or ()]
        if refusal := refusal_of(kwargs, metadata):
            # The accumulators of langchain-core know no refusal block yet, and drop what they do
            # not know.
            late.append({"type": "non_standard", "value": refusal})
        events: list[Event] = []
        if self._text is None and sources(kwargs):
            self._text = self._open(events, {"type": "text", "text": ""})
        if self._reasoning is None and reasoning_extras(kwargs):
            self._reasoning = self._open(events, {"type": "reasoning", "reasoning": ""})
        for block in late:
            index = self._open(events, {"type": block["type"]})
            events.append({"event": "content-block-finish", "index": index, "content": block})
        return events

    def _whole(self, kwargs: dict[str, Any]) -> list[tuple[int, dict[str, object]]]:
        blocks: list[tuple[int, dict[str, Any]]] = []
        if self._reasoning is not None:
            reasoning = {"type": "reasoning", "reasoning": "".join(self._words[0])}
            blocks.append((self._reasoning, reasoning | reasoning_extras(kwargs)))
        if self._text is not None:
            text: dict[str, Any] = {"type": "text", "text": "".join(self._words[1])}
            annotations = sources(kwargs)
            text |= {"annotations": annotations} if annotations else {}
            blocks.append((self._text, text))
        extras = kwargs.get("tool_call_extras") or {}
        return blocks + [(call.block, call.whole(extras)) for call in self._calls.values()]


class _Call:
    """A tool call under way."""

    __slots__ = ("args", "block", "id", "name")

    def __init__(self, block: int) -> None:
        self.block = block
        self.id: str | None = None
        self.name = ""
        self.args: list[str] = []

    def whole(self, extras: dict[str, Any]) -> dict[str, Any]:
        calls = Calls()
        add_call(calls, self.id or "", self.name or None, "".join(self.args))
        kept = extras.get(self.id or "")
        found: list[Any] = [*calls.valid, *calls.invalid]
        return {**found[0], **({"extras": kept} if kept else {})}


def _added(index: int, delta: dict[str, Any]) -> Event:
    return {"event": "content-block-delta", "index": index, "delta": delta}
