"""Replies as each vendor lays them out, read through the chat model."""

from __future__ import annotations

import pytest

from langchain_aimlapi import ChatAimlapi
from langchain_aimlapi.sandbox import Sandbox
from tests.ways import asked

from ..said import Said
from ..shapes import streamed
from ..vendors import PARIS, STREAMS, VENDORS, WHY


@pytest.mark.parametrize("vendor", VENDORS.values(), ids=VENDORS)
def test_replies(ask, vendor):
    """Text, reasoning, counts and whatever else is there, in all four ways."""
    with Said(vendor.body, streamed(vendor.body)) as service:
        message = ask(service.model(), "Capital of France?")

    kwargs = dict(message.additional_kwargs)
    assert message.text == PARIS
    assert kwargs.pop("reasoning_content", "") == vendor.reasoning
    assert kwargs.keys() == vendor.kwargs
    metadata = message.response_metadata
    assert metadata["finish_reason"] == vendor.finish_reason
    assert metadata.get("extra", {}) == vendor.extra
    usage = message.usage_metadata
    assert usage["input_tokens"] == vendor.body["usage"]["prompt_tokens"]
    assert usage["total_tokens"] == vendor.body["usage"]["total_tokens"]
    assert usage.get("input_token_details", {}) == vendor.input_details
    assert usage.get("output_token_details", {}) == vendor.output_details


@pytest.mark.parametrize("name", STREAMS)
@pytest.mark.parametrize("way", ["stream", "astream"])
def test_streams(way, name):
    """Streams that are laid out in their own way."""
    with Said({}, STREAMS[name]) as service:
        message = asked(way, service.model(), "Capital of France?")

    assert message.text == PARIS
    assert message.additional_kwargs.get("reasoning_content", "") == (
        WHY if "thinking" in name else ""
    )
    assert message.response_metadata["id"] == "r1"
    assert message.response_metadata["finish_reason"] == "stop"
    assert message.usage_metadata["total_tokens"] == 13
    assert message.usage_metadata["input_tokens"] == 9


@pytest.mark.parametrize("vendor", VENDORS.values(), ids=VENDORS)
def test_the_sandbox_says_nothing_that_no_vendor_says(vendor):
    """A message of the sandbox has the form of one of a vendor: the same fields, of the same types."""
    with Sandbox() as sandbox, Said(vendor.body, streamed(vendor.body)) as service:
        sandbox.answer_next(PARIS)
        local = ChatAimlapi(model="gpt-4o", api_key="k", base_url=sandbox.base_url)
        one, other = local.invoke("Hi"), service.model().invoke("Hi")

    assert type(one) is type(other)
    assert one.text == other.text
    for key in ("id", "model_name", "model_provider", "finish_reason", "token_usage"):
        assert type(one.response_metadata[key]) is type(other.response_metadata[key])
    plain = {"input_tokens", "output_tokens", "total_tokens"}
    assert plain <= one.usage_metadata.keys() & other.usage_metadata.keys()
    assert one.content_blocks[-1] == other.content_blocks[-1] or "citations" in vendor.kwargs
