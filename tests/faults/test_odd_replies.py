"""Fields of other types than documented: the answer comes all the same, or an error of ours."""

from __future__ import annotations

import pytest

from langchain_aimlapi import ChatAimlapi, ResponseFormatError, ServerError, StreamInterruptedError
from langchain_aimlapi._codec.decode import responses_stream
from tests.scripted import Scripted

ODD = {
    "annotations": 5,
    "audio": "loud",
    "citations_of_mine": {"x": 1},
    "images": {"url": "u"},
    "reasoning_details": "reasoning",
    "refusal": ["no"],
}


def model(service):
    """A model that the scripted service answers."""
    return ChatAimlapi(model="m", api_key="k", base_url=service.url, max_retries=0)


@pytest.mark.parametrize("name", ODD)
def test_a_field_of_an_odd_type_is_kept_as_unknown(ask, name):
    """The text was paid for; what has no place in a message stays in the metadata."""
    with Scripted({"content": "Hello", name: ODD[name]}) as service:
        message = ask(model(service), "Hi")

    assert message.text == "Hello"
    assert message.response_metadata["extra"]["message"] == {name: ODD[name]}
    assert name not in message.additional_kwargs
    assert [block["type"] for block in message.content_blocks] == ["text"]


TEXT = {"type": "text", "text": "Hello"}
PICTURE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}
REFERENCE = {"type": "reference", "reference_ids": [1]}


@pytest.mark.parametrize(
    "content",
    [TEXT, ["Hel", "lo"], [{"type": "output_text", "text": "Hello"}], [{"text": "Hello"}]],
)
def test_a_text_may_come_as_parts(ask, content):
    """Gateways pass on the parts of other vendors."""
    with Scripted({"content": content}) as service:
        message = ask(model(service), "Hi")

    assert message.text == "Hello"
    assert "extra" not in message.response_metadata


@pytest.mark.parametrize("part", [{"thinking": [TEXT]}, {"thinking": "Hello"}])
def test_parts_may_be_reasoning(ask, part):
    """Mistral's form of it, and Anthropic's."""
    with Scripted({"content": [{"type": "thinking", **part}, TEXT]}) as service:
        message = ask(model(service), "Hi")

    assert [block["type"] for block in message.content_blocks] == ["reasoning", "text"]
    assert message.additional_kwargs["reasoning_content"] == "Hello"


def test_other_parts_are_kept(ask):
    """A picture is one of the message; an unknown part stays in the metadata."""
    with Scripted({"content": [TEXT, PICTURE, REFERENCE, 5]}) as service:
        message = ask(model(service), "Hi")

    assert message.text == "Hello"
    assert [block["type"] for block in message.content_blocks] == ["text", "image"]
    assert message.response_metadata["extra"]["message"] == {"content": [REFERENCE, 5]}


@pytest.mark.parametrize("error", [{"code": 502, "message": "gone"}, "gone"])
def test_an_error_within_the_choice_is_an_error(ask, error):
    """What a provider had said until it broke off is no answer."""
    choice = {"message": {"role": "assistant", "content": "Hel"}, "finish_reason": "error"}
    reply = {"id": "r-1", "choices": [{"index": 0, "error": error, **choice}]}
    with Scripted(reply=reply) as service, pytest.raises(ServerError, match="gone"):
        ask(model(service), "Hi")


def test_a_number_names_a_call(ask):
    """Some servers count their calls; LangChain wants text."""
    call = {"id": 7, "type": "function", "function": {"name": "f", "arguments": "{}"}}
    with Scripted({"tool_calls": [call]}, finish="tool_calls") as service:
        message = ask(model(service), "Hi")

    assert [(call["id"], call["name"]) for call in message.tool_calls] == [("7", "f")]


@pytest.mark.parametrize("way", ["invoke", "stream"])
@pytest.mark.parametrize("usage", [{"prompt_tokens": []}, {"prompt_tokens_details": 5}])
def test_unreadable_usage_spoils_no_answer(way, usage):
    """Counts that are none are left out, or the error is ours."""
    with Scripted(reply=_whole({"content": "Hello"}, usage=usage)) as service:
        llm = model(service)
        text = llm.invoke("Hi").text if way == "invoke" else "".join(_texts(llm))

    assert text == "Hello"


def _texts(llm):
    return [chunk.text for chunk in llm.stream("Hi")]


def _whole(message, **more):
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    return {"id": "1", "model": "m", "choices": [choice], **more}


@pytest.mark.parametrize("reply", [{"choices": 5}, {"choices": "none"}, {"choices": [5]}])
def test_a_reply_without_a_message_is_an_error_of_ours(ask, reply):
    """It says so, and has the ids to ask the service about."""
    kinds = (ResponseFormatError, StreamInterruptedError)
    with Scripted(reply={"id": "r-1", **reply}) as service, pytest.raises(kinds) as caught:
        ask(model(service), "Hi")

    assert (caught.value.status_code, caught.value.request_id) == (200, "r-1")
    assert caught.value.client_request_id


def test_a_field_that_trips_the_decoder_is_an_error_of_ours(ask, monkeypatch):
    """Python's own error is its cause, for whoever reports it; no field is known that does."""
    monkeypatch.setattr(responses_stream, "text_annotations", lambda _: len(5))
    part = {"type": "output_text", "text": "Hello"}
    item = {"type": "message", "id": "m", "content": [part]}
    reply = {"id": "r", "object": "response", "status": "completed", "output": [item]}
    with Scripted(reply=reply) as service, pytest.raises(ResponseFormatError) as caught:
        ask(model(service), "Hi", use_responses_api=True)

    assert isinstance(caught.value.__cause__, TypeError)
    assert caught.value.client_request_id
    assert caught.value.partial is None or caught.value.partial.text == "Hello"
