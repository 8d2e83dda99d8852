"""Whole replies: every shape of the documentation, read without loss."""

from __future__ import annotations

import orjson
import pytest

from langchain_aimlapi._codec.decode.reply import decode_reply
from langchain_aimlapi.errors import ResponseFormatError

from ..shapes import COUNTED, SHAPES, USAGE, called, context, read, reply

USUAL = {
    "model_provider": "aimlapi",
    "model_name": "acme/m",
    "id": "r1",
    "created": 5,
    "finish_reason": "stop",
}

each_shape = pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES.keys())


def without_errors(calls):
    """Invalid calls without their error texts, which differ by the parser."""
    return [{key: value for key, value in call.items() if key != "error"} for call in calls]


@each_shape
def test_text(shape):
    """The text is what the model said to the user, unchanged."""
    assert read(shape.reply).content == shape.text


@each_shape
def test_what_stands_beside_the_text(shape):
    """Reasoning, sources, signatures and media are kept by their names."""
    assert read(shape.reply).additional_kwargs == shape.kwargs


@each_shape
def test_metadata(shape):
    """What the reply says of itself is kept verbatim, the unknown under `extra`."""
    usage = {"token_usage": shape.reply["usage"]} if shape.reply["usage"] else {}

    assert read(shape.reply).response_metadata == USUAL | usage | shape.metadata


@each_shape
def test_usage(shape):
    """Counts are read where there are any, and never invented."""
    assert read(shape.reply).usage_metadata == shape.usage


@each_shape
def test_calls(shape):
    """Calls are valid only if their arguments are a whole JSON object."""
    message = read(shape.reply)

    assert message.tool_calls == shape.calls
    assert without_errors(message.invalid_tool_calls) == shape.invalid
    assert all(call["error"] for call in message.invalid_tool_calls)


@each_shape
def test_content_blocks(shape):
    """The standard blocks say all of it: reasoning, text, media, calls."""
    assert without_errors(read(shape.reply).content_blocks) == shape.blocks


# --- more than one answer -----------------------------------------------------------------------------


def test_each_answer_has_its_metadata():
    """With n > 1 each message is whole; the usage, which counts all, stands on the first."""
    body = reply({"reasoning_content": "a"})
    body["choices"].append(
        {
            "index": 1,
            "message": {"role": "assistant", "content": "Rome.", "reasoning": "b"},
            "finish_reason": "length",
        }
    )

    first, second = (g.message for g in decode_reply(orjson.dumps(body), context()).generations)

    assert (first.content, second.content) == ("Paris.", "Rome.")
    assert second.response_metadata == USUAL | {"token_usage": USAGE, "finish_reason": "length"}
    assert second.additional_kwargs["reasoning_content"] == "b"
    assert (first.usage_metadata, second.usage_metadata) == (COUNTED, None)


def test_finish_reasons_are_known_to_langchain():
    """The generation carries the finish reason where LangChain's callbacks look for it."""
    (generation,) = decode_reply(orjson.dumps(reply({})), context()).generations

    assert generation.generation_info == {"finish_reason": "stop"}


# --- what may be missing ------------------------------------------------------------------------------


def test_the_barest_reply():
    """A choice is all that a reply needs; the model asked for stands in for the one named."""
    (generation,) = decode_reply(
        b'{"choices":[{"message":{"content":"x"}}]}', context()
    ).generations

    assert generation.message.content == "x"
    assert generation.message.response_metadata == {
        "model_provider": "aimlapi",
        "model_name": "asked",
    }
    assert generation.generation_info is None


@pytest.mark.parametrize(
    "choice",
    [{}, {"message": None}, {"message": "x"}, {"message": {}}, {"message": {"content": [None]}}],
)
def test_odd_messages_are_empty(choice):
    """A choice that says nothing readable is an empty message."""
    body = {"choices": [choice], "usage": []}

    message = read(body)

    assert (message.content, message.usage_metadata) == ("", None)


@pytest.mark.parametrize("calls", ["x", {"a": 1}, [None, 7]])
def test_odd_lists_of_calls_are_no_calls(calls):
    """What is no list of calls is passed over."""
    assert read(reply({"tool_calls": calls})).tool_calls == []


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "is empty"),
        (b"<html>Bad gateway</html>", "<html>Bad gateway"),
        (b"[]", "list, not an object"),
        (b"{}", "no choices"),
        (b'{"choices":[]}', "no choices"),
        (b'{"choices":[null]}', "no choices"),
        (b'{"choices":null,"id":"r9"}', "r9"),
    ],
)
def test_unreadable_replies_are_named_errors(body, said):
    """What is no chat completion raises one typed error that shows what came instead."""
    with pytest.raises(ResponseFormatError, match=said):
        decode_reply(body, context())


# --- from the call ------------------------------------------------------------------------------------


def test_headers_are_kept():
    """Ids, rate limits and the cost that the body lacks come from the headers."""
    headers = {
        "x-inference-id": "inf_1",
        "x-client-request-id": "mine",
        "x-ratelimit-remaining": "7",
        "x-aimlapi-credits-used": "2480",
        "x-aimlapi-usd-spent": "0.00124",
        "x-other": "y",
    }

    metadata = read(reply({}), headers=headers).response_metadata

    assert metadata["inference_id"] == "inf_1"
    assert metadata["client_request_id"] == "mine"
    assert metadata["rate_limit"] == {"remaining": "7"}
    assert metadata["cost_details"] == {"credits_used": 2480, "usd_spent": 0.00124}


def test_tags_can_be_left_alone():
    """Splitting reasoning from text can be switched off."""
    body = reply({"content": "<think>a</think>b"})

    assert read(body, split_think_tags=False).content == "<think>a</think>b"


@pytest.mark.parametrize(
    ("audio", "mime_type"),
    [({"data": "x"}, "audio/mp3"), ({"data": "x", "mime_type": "audio/ogg"}, "audio/ogg")],
)
def test_audio_has_the_format_it_was_asked_in(audio, mime_type):
    """The reply does not say what its audio is; the request knows."""
    message = read(reply({"audio": audio}), audio_format="mp3")

    assert message.content_blocks[-1] == {"type": "audio", "base64": "x", "mime_type": mime_type}


def test_calls_without_ids_are_told_apart():
    """Made-up ids are unique in the message and stable over a retry of the same call."""
    body = reply({"tool_calls": [called(None, "f", "{}"), called("", "f", "{}")]})

    ids = [call["id"] for call in read(body).tool_calls]

    assert ids == ["call_run_0", "call_run_1"]
    assert [call["id"] for call in read(body, call_id="").tool_calls] == ["call_0", "call_1"]


@pytest.mark.parametrize(
    ("written", "text"),
    [
        (rb"a\ud83d", "a\ufffd"),
        (rb"\ude00b", "\ufffdb"),
        (rb"\ud83d\ude00", "\U0001f600"),
        (rb"\ud83d\ud83d\ude00", "\ufffd\U0001f600"),
    ],
)
def test_half_a_character_is_no_reason_to_fail(written, text):
    """A server that cuts a text in the middle of an emoji writes what is no Unicode."""
    body = b'{"choices":[{"message":{"content":"%s"}}]}' % written
    (generation,) = decode_reply(body, context()).generations

    assert generation.message.content == text


def test_the_barest_call():
    """A call may lack even the object around its name."""
    body = reply({"tool_calls": [{"id": "c1", "name": "f", "arguments": "{}"}]})

    assert read(body).tool_calls == [{"type": "tool_call", "id": "c1", "name": "f", "args": {}}]
