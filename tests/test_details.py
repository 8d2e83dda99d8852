"""Small rules that nothing else would miss: names, precedence, limits, what is left as it is."""

from __future__ import annotations

import pytest
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.messages import AIMessageChunk, HumanMessage
from langchain_core.tools import tool

from langchain_aimlapi import (
    ChatAimlapi,
    StreamInterruptedError,
    UnknownParameterWarning,
    _catalogue,
)
from langchain_aimlapi._catalogue.spec import ModelSpec
from langchain_aimlapi._chat import stream
from langchain_aimlapi._chat.build import build_chat_request
from langchain_aimlapi._chat.structured import methods
from langchain_aimlapi._client.key import as_secret

TOOLS, FORMAT = frozenset({"tools"}), frozenset({"json_schema"})


@pytest.mark.parametrize(
    ("parameters", "formats", "generic", "expected"),
    [
        (TOOLS, FORMAT, False, ["json_schema", "function_calling", "json_mode"]),
        (TOOLS, FORMAT, True, ["function_calling", "json_schema", "json_mode"]),
        (TOOLS, frozenset(), False, ["function_calling", "json_mode"]),
        (TOOLS, frozenset(), True, ["function_calling", "json_mode"]),
        (frozenset(), FORMAT, False, ["json_schema", "json_mode"]),
        (frozenset(), FORMAT, True, ["json_schema", "json_mode"]),
        (frozenset(), frozenset(), False, ["json_mode"]),
    ],
)
def test_the_order_of_structured_methods(parameters, formats, generic, expected):
    """A schema first where a model's own pages name it, a tool first where a template does."""
    spec = ModelSpec("m", parameters=parameters, response_formats=formats, generic=generic)
    assert methods(spec) == expected


def test_the_order_for_real_models():
    """Unknown ids try all; the others what they document."""
    assert methods(None) == ["function_calling", "json_schema", "json_mode"]
    assert methods(_catalogue.model_spec("gpt-4o"))[0] == "json_schema"
    assert methods(_catalogue.model_spec("anthropic/claude-haiku-4.5"))[0] == "function_calling"


def request(**settings):
    llm = ChatAimlapi(model="gpt-4o", base_url="http://127.0.0.1:1/v1", api_key="k", **settings)
    messages = [HumanMessage("Hi")]
    return build_chat_request(llm, messages, {}, key=as_secret("k"), stream=True, run_id=None)


@pytest.mark.parametrize("length", [127, 128, 129, 200])
def test_a_long_request_id_is_cut_to_what_the_service_reads(length):
    """128 characters; a longer one it would ignore."""
    sent = request(client_request_id="x" * length).request.header("x-client-request-id")
    assert sent == "x" * min(length, 128)


def test_an_argument_goes_before_one_of_the_same_name_in_model_kwargs():
    """As it does in a call of a function."""
    with pytest.warns(UnknownParameterWarning):
        llm = ChatAimlapi(model="gpt-4o", x=1, model_kwargs={"x": 2, "y": 3})
    assert llm.model_kwargs == {"x": 1, "y": 3}


def test_a_partial_message_that_is_there_is_not_replaced():
    """A decoder may know better what had come than what it has read so far."""
    asked = request()
    reader = stream._Reader(asked, 200, {})
    reader.read([b'{"choices":[{"index":0,"delta":{"content":"Hel"}}]}'])
    mine = AIMessageChunk(content="mine")
    options = ChatAimlapi(model="gpt-4o")._client_options

    kept = StreamInterruptedError("cut", partial=mine)
    assert stream._add_context(kept, asked, options, reader).partial is mine
    made = StreamInterruptedError("cut")
    assert stream._add_context(made, asked, options, reader).partial.text == "Hel"


class Started(BaseCallbackHandler):
    def __init__(self):
        self.params = []

    def on_chat_model_start(self, serialized, messages, *, invocation_params, **kwargs):
        self.params.append(invocation_params)


def test_a_tool_with_an_argument_called_like_a_secret_is_intact_in_traces(ask, model):
    """Its schema says what the argument is, which is no secret."""

    @tool
    def sign_in(api_key: str, headers: dict, authorization: str = "none") -> str:
        """Sign in.

        Args:
            api_key: The key of the other service.
            headers: More headers.
            authorization: How.
        """
        return api_key

    started = Started()
    bound = model().bind_tools([sign_in]).bind(extra_headers={"X-Secret": "canary"})
    ask(bound, "Hi", config={"callbacks": [started]})

    (params,) = started.params
    properties = params["tools"][0]["function"]["parameters"]["properties"]
    assert properties["api_key"]["type"] == "string"
    assert properties["headers"]["type"] == "object"
    assert properties["authorization"] == {"default": "none", "type": "string"}
    assert "canary" not in str(params)
