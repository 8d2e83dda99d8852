"""The stream of a response: typed events with sequence numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from langchain_aimlapi.sandbox.pace import Event

if TYPE_CHECKING:
    from collections.abc import Iterator

    from langchain_aimlapi.sandbox.answers.answer import Answer

Json = dict[str, Any]
Step = tuple[str, Json, bool]
"""An event's type, its content, and whether it is a token of the answer."""


def events(response: Json, answer: Answer) -> Iterator[Event]:
    """Yield the events that build a response."""
    for number, (kind, content, token) in enumerate(_steps(response, answer)):
        data = orjson.dumps({"type": kind, "sequence_number": number, **content})
        yield Event(b"event: " + kind.encode() + b"\ndata: " + data + b"\n\n", token=token)


def _steps(response: Json, answer: Answer) -> Iterator[Step]:
    begun = {**response, "status": "in_progress", "output": [], "output_text": ""}
    begun |= {"usage": None, "incomplete_details": None}
    del begun["meta"]
    yield "response.created", {"response": begun}, False
    yield "response.in_progress", {"response": begun}, False
    for index, item in enumerate(response["output"]):
        place = {"output_index": index}
        empty = {**item, **_EMPTY[item["type"]]}
        yield "response.output_item.added", {**place, "item": empty}, False
        yield from _WITHIN[item["type"]](item, {**place, "item_id": item["id"]}, answer)
        yield "response.output_item.done", {**place, "item": item}, False
    yield f"response.{response['status']}", {"response": response}, False


_EMPTY: dict[str, Json] = {
    "message": {"status": "in_progress", "content": []},
    "reasoning": {"summary": []},
    "function_call": {"status": "in_progress", "arguments": ""},
    "custom_tool_call": {"status": "in_progress", "input": ""},
    "image_generation_call": {"status": "in_progress", "result": None},
}


def _message(item: Json, place: Json, answer: Answer) -> Iterator[Step]:
    whole = item["content"][0]
    place = {**place, "content_index": 0}
    logs = whole.get("logprobs") or []
    empty = {**whole, "text": "", "annotations": []}
    yield "response.content_part.added", {**place, "part": empty}, False
    for at, token in enumerate(answer.text_chunks()):
        delta = {**place, "delta": token, "logprobs": logs[at : at + 1]}
        yield "response.output_text.delta", delta, True
    for at, cited in enumerate(whole["annotations"]):
        added = {**place, "annotation_index": at, "annotation": cited}
        yield "response.output_text.annotation.added", added, False
    done = {**place, "text": whole["text"], "logprobs": logs}
    yield "response.output_text.done", done, False
    yield "response.content_part.done", {**place, "part": whole}, False


def _reasoning(item: Json, place: Json, answer: Answer) -> Iterator[Step]:
    whole = item["summary"][0]
    place = {**place, "summary_index": 0}
    empty = {**whole, "text": ""}
    yield "response.reasoning_summary_part.added", {**place, "part": empty}, False
    for token in answer.cut(whole["text"]):
        yield "response.reasoning_summary_text.delta", {**place, "delta": token}, True
    yield "response.reasoning_summary_text.done", {**place, "text": whole["text"]}, False
    yield "response.reasoning_summary_part.done", {**place, "part": whole}, False


def _image(_item: Json, place: Json, _answer: Answer) -> Iterator[Step]:
    yield "response.image_generation_call.completed", place, False


def _function_call(item: Json, place: Json, answer: Answer) -> Iterator[Step]:
    yield from _call(item, place, ("function_call_arguments", "arguments"), answer)


def _custom_call(item: Json, place: Json, answer: Answer) -> Iterator[Step]:
    yield from _call(item, place, ("custom_tool_call_input", "input"), answer)


def _call(item: Json, place: Json, names: tuple[str, str], answer: Answer) -> Iterator[Step]:
    kind, key = names
    for token in answer.cut(item[key]):
        yield f"response.{kind}.delta", {**place, "delta": token}, True
    yield f"response.{kind}.done", {**place, key: item[key]}, False


_WITHIN = {
    "message": _message,
    "reasoning": _reasoning,
    "function_call": _function_call,
    "custom_tool_call": _custom_call,
    "image_generation_call": _image,
}
