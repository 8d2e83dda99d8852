"""The chat model through its public methods, against the sandbox, in all four ways."""

from __future__ import annotations

import base64

import pytest
from langchain_core.messages import (
    AIMessage,
    AIMessageChunk,
    HumanMessage,
    SystemMessage,
    ToolMessage,
)
from langchain_core.tools import tool

from langchain_aimlapi import (
    AuthenticationError,
    ChatAimlapi,
    ConfigurationError,
    MissingAPIKeyError,
    NotFoundError,
    RateLimitError,
    StreamInterruptedError,
    UnsupportedContentError,
)
from tests.ways import merged

PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(40)).decode()


@tool
def get_weather(city: str) -> str:
    """Get the weather in a city."""
    return f"Sunny in {city}."


def sent(sandbox):
    """The body of the last request the sandbox got."""
    return sandbox.requests[-1].body


class TestAnswers:
    """What a plain call brings back."""

    def test_the_first_example_works_as_written(self, ask, aimlapi_sandbox):
        """The settings, the messages and the metadata every LangChain user knows."""
        llm = ChatAimlapi(
            model="meta-llama/Llama-3-70b-chat-hf",
            temperature=0.7,
            max_tokens=512,
            timeout=30,
            max_retries=3,
        )

        answer = ask(
            llm, [("system", "You translate English to French."), ("human", "I love programming.")]
        )

        assert "I love programming." in answer.text
        usage = answer.response_metadata["token_usage"]
        assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"] > 0
        assert answer.response_metadata["model_name"] == "meta-llama/Llama-3-70b-chat-hf"

    def test_metadata_tells_all_about_the_call(self, ask, model, aimlapi_sandbox):
        """Ids, cost, usage, finish reason and provider are on the message in every way."""
        answer = ask(model(), "Hi")

        metadata = answer.response_metadata
        assert metadata["model_provider"] == "aimlapi"
        assert metadata["finish_reason"] == "stop"
        assert metadata["inference_id"]
        assert metadata["id"].startswith("chatcmpl-")
        asked_id = aimlapi_sandbox.requests[-1].headers["x-client-request-id"]
        assert metadata["client_request_id"] == asked_id
        assert metadata["cost_details"]["credits_used"] > 0
        assert metadata["cost"] == metadata["cost_details"]["usd_spent"] > 0
        assert answer.usage_metadata["total_tokens"] == metadata["token_usage"]["total_tokens"]

    def test_streams_come_in_pieces(self, model):
        """A stream has more chunks than one, and its last says that nothing follows."""
        chunks = list(model().stream("I love programming."))

        assert len([chunk for chunk in chunks if chunk.text]) > 5
        assert [chunk.chunk_position for chunk in chunks][-2:] == [None, "last"]
        assert sum(chunk.usage_metadata is not None for chunk in chunks) == 1

    def test_reasoning_is_kept_apart(self, ask, model):
        """Reasoning is in `additional_kwargs` and is a content block of their own."""
        answer = ask(model(model="deepseek/deepseek-v4-pro", reasoning_effort="high"), "Why?")

        reasoning = answer.additional_kwargs["reasoning_content"]
        kinds = [block["type"] for block in answer.content_blocks]
        assert reasoning
        assert reasoning not in answer.text
        assert kinds == ["reasoning", "text"]
        assert answer.usage_metadata["output_token_details"]["reasoning"] > 0

    def test_logprobs_are_the_same_in_all_ways(self, ask, model):
        """Log probabilities spell the answer out, streamed or not."""
        answer = ask(model(logprobs=True, top_logprobs=2), "Hi")

        tokens = answer.response_metadata["logprobs"]["content"]
        assert "".join(token["token"] for token in tokens) == answer.text
        assert all(len(token["top_logprobs"]) == 2 for token in tokens)

    @pytest.mark.parametrize("version", ["v0", "v1"])
    def test_tools_and_reasoning_do_not_mix(self, ask, model, version):
        """With either output version each block keeps to itself, also when streamed."""
        llm = model(
            model="deepseek/deepseek-v4-pro", reasoning_effort="low", output_version=version
        )

        answer = ask(llm.bind_tools([get_weather]), "How is the weather in Paris?")

        kinds = [block["type"] for block in answer.content_blocks]
        assert kinds == ["reasoning", "tool_call"]
        assert answer.tool_calls[0]["name"] == "get_weather"
        assert answer.content_blocks[1]["args"] == answer.tool_calls[0]["args"] != {}
        assert answer.tool_calls[0]["id"]

    def test_a_tool_loop_ends_in_text(self, ask, model):
        """A call, its result, and the answer to it."""
        llm = model().bind_tools([get_weather])
        question = HumanMessage("How is the weather in Paris?")

        call = ask(llm, [question])
        result = get_weather.invoke(call.tool_calls[0])
        answer = ask(llm, [question, call, result])

        assert isinstance(result, ToolMessage)
        assert answer.text
        assert not answer.tool_calls

    def test_media_arrive(self, ask, model, aimlapi_sandbox):
        """A picture as a standard block reaches the service as its own part."""
        picture = {"type": "image", "base64": PNG, "mime_type": "image/png"}

        answer = ask(model(), [HumanMessage([{"type": "text", "text": "What is it?"}, picture])])

        parts = sent(aimlapi_sandbox)["messages"][0]["content"]
        assert parts[1] == {
            "type": "image_url",
            "image_url": {"url": f"data:image/png;base64,{PNG}"},
        }
        assert "image" in answer.text

    def test_several_answers_each_tell_about_themselves(self, model):
        """With n=2 both messages have metadata, and the usage of both stands on the first."""
        result = model(n=2).generate([[HumanMessage("Hi")]])

        first, second = (generation.message for generation in result.generations[0])
        assert first.response_metadata["model_name"] == second.response_metadata["model_name"]
        assert first.usage_metadata is not None
        assert second.usage_metadata is None


class TestRequests:
    """What goes out."""

    def test_nothing_is_sent_that_was_not_set(self, model, aimlapi_sandbox):
        """There are no default sampling values."""
        model().invoke("Hi")

        assert sent(aimlapi_sandbox) == {
            "model": "gpt-4o",
            "messages": [{"role": "user", "content": "Hi"}],
        }

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("temperature", 0.0),
            ("max_tokens", 7),
            ("max_completion_tokens", 7),
            ("top_p", 0.5),
            ("top_k", 3),
            ("min_p", 0.1),
            ("seed", 4),
            ("n", 1),
            ("stop", ["END"]),
            ("frequency_penalty", 0.5),
            ("presence_penalty", 0.5),
            ("repetition_penalty", 1.1),
            ("logit_bias", {"5": 1.0}),
            ("logprobs", True),
            ("reasoning_effort", "low"),
            ("reasoning", {"max_tokens": 5}),
            ("thinking", {"type": "enabled"}),
            ("response_format", {"type": "json_object"}),
            ("modalities", ["text"]),
            ("audio", {"voice": "alloy", "format": "wav"}),
            ("provider", "auto"),
            ("web_search_options", {"search_context_size": "low"}),
        ],
    )
    def test_every_setting_is_seen_on_the_wire(self, model, aimlapi_sandbox, name, value):
        """On the object or on the call, a setting reaches a model nobody has documented."""
        model(model="some/new-model", **{name: value}).invoke("Hi")
        on_object = sent(aimlapi_sandbox)[name]
        model(model="some/new-model").invoke("Hi", **{name: value})

        assert on_object == sent(aimlapi_sandbox)[name] == value

    def test_a_call_may_unset_a_setting(self, model, aimlapi_sandbox):
        """`None` on the call takes the object's value away."""
        model(temperature=0.5, top_p=0.5).invoke("Hi", temperature=None)

        assert "temperature" not in sent(aimlapi_sandbox)
        assert sent(aimlapi_sandbox)["top_p"] == 0.5

    def test_streams_ask_for_usage_where_documented(self, model, aimlapi_sandbox):
        """`stream_options` goes to models that take it, and not when it is switched off."""
        list(model().stream("Hi"))
        asked = sent(aimlapi_sandbox)["stream_options"]
        list(model(stream_usage=False).stream("Hi"))
        unasked = sent(aimlapi_sandbox)
        list(model(model="anthropic/claude-opus-4-8").stream("Hi"))

        assert asked == {"include_usage": True}
        assert "stream_options" not in unasked
        assert "stream_options" not in sent(aimlapi_sandbox)

    def test_headers_can_be_replaced_one_by_one(self, ask, model, aimlapi_sandbox):
        """One's own are added, whatever case they have, and replace those of the package."""
        ask(model(default_headers={"user-agent": "Mine", "X-Own": "1"}), "Hi")

        headers = aimlapi_sandbox.requests[-1].headers
        assert headers["user-agent"] == "Mine"
        assert headers["x-own"] == "1"
        assert headers["content-type"] == "application/json"

    def test_model_kwargs_hold_where_no_field_says_otherwise(self, ask, model, aimlapi_sandbox):
        """A field's name among them is sent, unless the field or the call has a value of its own."""
        given = {"temperature": 0.5, "top_p": 0.5, "seed": 5}
        ask(model(model_kwargs=given, top_p=0.1), "Hi", seed=1)

        body = aimlapi_sandbox.requests[-1].body
        assert (body["temperature"], body["top_p"], body["seed"]) == (0.5, 0.1, 1)

    def test_queries_bodies_and_headers_can_be_added(self, ask, model, aimlapi_sandbox):
        """For all calls on the object, for one call on the call."""
        llm = model(default_query={"a": "1"}, extra_body={"x": 1})
        ask(llm, "Hi", extra_query={"b": "2"}, extra_body={"y": 2}, extra_headers={"X-One": "1"})

        request = aimlapi_sandbox.requests[-1]
        assert dict(request.query) == {"a": "1", "b": "2"}
        assert (request.body["x"], request.body["y"]) == (1, 2)
        assert request.headers["x-one"] == "1"

    def test_the_request_id_is_one_the_service_keeps(self, ask, model):
        """Characters that would make the service ignore the id are replaced."""
        answer = ask(model(client_request_id="my run/7"), "Hi")

        assert answer.response_metadata["client_request_id"] == "my-run-7"

    def test_the_model_of_a_call_wins_and_is_reported(self, ask, model):
        """`model=` on a call is sent, and shows in the answer."""
        answer = ask(model(), "Hi", model="google/gemini-3-5-flash")

        assert answer.response_metadata["model_name"] == "google/gemini-3-5-flash"

    def test_claude_in_its_own_shape(self, ask, model, aimlapi_sandbox):
        """An id documented in the Anthropic dialect alone is asked in it, and answers as all do."""
        llm = model(model="anthropic/claude-haiku-4.5", stop=["END"])

        answer = ask(llm, [SystemMessage("Be brief."), HumanMessage("Hi")])

        body = sent(aimlapi_sandbox)
        assert body["system"] == "Be brief."
        assert body["stop_sequences"] == ["END"]
        assert body["messages"] == [{"role": "user", "content": "Hi"}]
        assert answer.text

    def test_the_dialect_can_be_chosen(self, model, aimlapi_sandbox):
        """Against the documentation, if that is what works."""
        model(model="anthropic/claude-haiku-4.5", dialect="openai").invoke(
            [SystemMessage("Be"), "Hi"]
        )

        assert [turn["role"] for turn in sent(aimlapi_sandbox)["messages"]] == ["system", "user"]


class TestBadInput:
    """What is refused, with what words, and that nothing is sent."""

    def test_no_key(self, ask, model, aimlapi_sandbox, monkeypatch):
        """Construction may succeed; the call names the variable and the sandbox."""
        monkeypatch.delenv("AIMLAPI_API_KEY")

        with pytest.raises(MissingAPIKeyError, match="AIMLAPI_API_KEY.*sandbox"):
            ask(model(), "Hi")

        assert aimlapi_sandbox.requests == []

    def test_a_wrong_key(self, ask, model):
        """The service's word on it, as LangChain's class for it."""
        with pytest.raises(AuthenticationError, match="401|nvalid"):
            ask(model(api_key="invalid"), "Hi")

    def test_no_messages(self, ask, model, aimlapi_sandbox):
        """An empty conversation is refused before anything is sent."""
        with pytest.raises(ConfigurationError, match="no messages"):
            ask(model(), [])

    def test_an_unknown_block(self, ask, model, aimlapi_sandbox):
        """The error names its type and its place, and nothing is sent."""
        block = {"type": "hologram", "data": "…"}
        messages = [HumanMessage("Hi"), HumanMessage([{"type": "text", "text": "See"}, block])]

        with pytest.raises(UnsupportedContentError, match=r"messages\[1\].*content\[1\].*hologram"):
            ask(model(), messages)

        assert aimlapi_sandbox.requests == []

    def test_a_tool_message_without_id(self, ask, model, aimlapi_sandbox):
        """It cannot be matched with its call."""
        with pytest.raises(UnsupportedContentError, match="tool_call_id"):
            ask(model(), [HumanMessage("Hi"), ToolMessage("Sunny", tool_call_id="")])

        assert aimlapi_sandbox.requests == []

    @pytest.mark.parametrize("way", ["stream", "astream"])
    async def test_several_answers_cannot_be_streamed(self, model, aimlapi_sandbox, way):
        """Their chunks would mix."""
        with pytest.raises(ConfigurationError, match="n > 1"):
            if way == "stream":
                list(model(n=2).stream("Hi"))
            else:
                [chunk async for chunk in model(n=2).astream("Hi")]

        assert aimlapi_sandbox.requests == []

    @pytest.mark.parametrize(
        "base_url", ["localhost:80", "ftp://host/v1", "http://", "http://[::1"]
    )
    def test_an_unreadable_base_url(self, base_url):
        """It is refused at construction, with an example."""
        with pytest.raises(ConfigurationError, match="base_url.*https://api.aimlapi.com/v1"):
            ChatAimlapi(model="gpt-4o", base_url=base_url)

    def test_no_model(self):
        """The error names a few ids and the variable."""
        with pytest.raises(ConfigurationError, match="AIMLAPI_MODEL.*gpt-4o"):
            ChatAimlapi()

    def test_an_unknown_model_is_answered_with_near_ids(self, ask, model):
        """The service says no, and the error names what could have been meant."""
        with pytest.raises(NotFoundError, match="Ids near .*gpt-4o"):
            ask(model(), "Hi", model="unknown/gpt-4o")

    def test_what_is_no_json(self, ask, model, aimlapi_sandbox):
        """A value that cannot be written is refused before anything is sent."""
        with pytest.raises(ConfigurationError, match="JSON"):
            ask(model(), "Hi", extra_body={"x": object()})

        assert aimlapi_sandbox.requests == []


class TestBrokenReplies:
    """What comes of replies that fail."""

    @pytest.mark.parametrize("way", ["stream", "astream"])
    async def test_a_cut_stream_is_an_error_with_what_came(self, model, way):
        """A polite end without a finish reason is no answer."""
        chunks: list[AIMessageChunk] = []
        llm = model(default_headers={"x-sandbox-fault": "cut_stream"})

        with pytest.raises(StreamInterruptedError) as caught:
            if way == "stream":
                chunks.extend(llm.stream("I love programming."))
            else:
                async for chunk in llm.astream("I love programming."):
                    chunks.append(chunk)

        assert caught.value.is_retryable
        assert caught.value.partial.text == "".join(chunk.text for chunk in chunks)
        assert chunks

    def test_a_refusal_by_rate(self, ask, model, aimlapi_sandbox):
        """A 429 is LangChain's rate limit error and ours, after as many tries as were allowed."""
        with pytest.raises(RateLimitError) as caught:
            ask(model(default_headers={"x-sandbox-fault": "status_429"}), "Hi")

        assert caught.value.status_code == 429
        assert len(aimlapi_sandbox.requests) == 1


class TestTokens:
    """Callbacks and counting."""

    def test_counting_is_offline(self, model):
        """With or without tools, nothing is downloaded and nothing is sent."""
        llm = model()
        messages = [HumanMessage("I love programming.")]

        alone = llm.get_num_tokens_from_messages(messages)
        with_tools = llm.get_num_tokens_from_messages(messages, tools=[get_weather])

        assert 0 < alone < with_tools
        assert llm.get_num_tokens("I love programming.") == 5

    def test_a_merged_stream_is_the_invoked_answer(self, model):
        """Field by field, but for what differs from call to call."""
        llm = model(seed=7)
        invoked = llm.invoke("I love programming.")
        streamed = merged(list(llm.stream("I love programming.")))

        assert streamed.content == invoked.content
        assert streamed.usage_metadata == invoked.usage_metadata
        assert streamed.response_metadata.keys() == invoked.response_metadata.keys()
        assert isinstance(invoked, AIMessage)


def test_empty_turns_are_left_out_unless_told_otherwise(model, aimlapi_sandbox):
    """Some vendors refuse a conversation over a turn that says nothing."""
    messages = [HumanMessage("Hi"), AIMessage(""), HumanMessage("Still there?")]

    model().invoke(messages)
    repaired = [turn["role"] for turn in sent(aimlapi_sandbox)["messages"]]
    model(repair_empty_turns=False).invoke(messages)
    untouched = [turn["role"] for turn in sent(aimlapi_sandbox)["messages"]]

    assert repaired == ["user", "user"]
    assert untouched == ["user", "assistant", "user"]
