"""LangChain's integration suite against the sandbox, once per way of structured output."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any, cast

import pytest
from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage, SystemMessage
from langchain_tests.integration_tests import ChatModelIntegrationTests

from langchain_aimlapi import ChatAimlapi

if TYPE_CHECKING:
    from langchain_core.language_models import LanguageModelInput
    from langchain_core.runnables import Runnable

# The suite's timed test records with VCR, which knows nothing of httpx2: it runs, and warns that
# there was no audio to time.
pytestmark = pytest.mark.filterwarnings("ignore::pytest_benchmark.logger.PytestBenchmarkWarning")

_KINDS = [
    "audio_input",
    "audio_output",
    "reasoning_output",
    "cache_read_input",
    "cache_creation_input",
]
_LONG = "The text that is worth keeping. " * 200


class _Suite(ChatModelIntegrationTests):
    """All capabilities on."""

    @property
    def chat_model_class(self) -> type[ChatAimlapi]:
        return ChatAimlapi

    @property
    def chat_model_params(self) -> dict[str, Any]:
        return {"model": "gpt-4o"}

    @property
    def model_override_value(self) -> str:
        return "google/gemini-3-5-flash"

    @property
    def supports_json_mode(self) -> bool:
        return True

    @property
    def supports_image_inputs(self) -> bool:
        return True

    @property
    def supports_image_urls(self) -> bool:
        return True

    @property
    def supports_pdf_inputs(self) -> bool:
        return True

    @property
    def supports_audio_inputs(self) -> bool:
        return True

    @property
    def supports_video_inputs(self) -> bool:
        return True

    @property
    def supports_anthropic_inputs(self) -> bool:
        return True

    @property
    def supports_image_tool_message(self) -> bool:
        return True

    @property
    def supports_pdf_tool_message(self) -> bool:
        return True

    @property
    def enable_vcr_tests(self) -> bool:
        return True

    @property
    def supported_usage_metadata_details(self) -> Any:
        return {"invoke": _KINDS, "stream": _KINDS}

    def invoke_with_audio_input(self, *, stream: bool = False) -> AIMessage:
        audio = base64.b64encode(b"RIFF\x10\x00\x00\x00WAVEfmt " + bytes(4000)).decode()
        block = {"type": "audio", "base64": audio, "mime_type": "audio/wav"}
        content: list[Any] = [{"type": "text", "text": "What do you hear?"}, block]
        return _ask(ChatAimlapi(model="alibaba/qwen3.5-omni-plus"), [HumanMessage(content)], stream)

    def invoke_with_audio_output(self, *, stream: bool = False) -> AIMessage:
        speaker = ChatAimlapi(
            model="alibaba/qwen3.5-omni-plus",
            modalities=["text", "audio"],
            audio={"voice": "Cherry", "format": "wav"},
        )
        return _ask(speaker, "Say hello.", stream)

    def invoke_with_reasoning_output(self, *, stream: bool = False) -> AIMessage:
        thinker = ChatAimlapi(model="x-ai/grok-4-20-0309-reasoning", reasoning_effort="high")
        return _ask(thinker, "How many r are in strawberry?", stream)

    def invoke_with_cache_read_input(self, *, stream: bool = False) -> AIMessage:
        self.invoke_with_cache_creation_input(stream=stream)
        return self.invoke_with_cache_creation_input(stream=stream)

    def invoke_with_cache_creation_input(self, *, stream: bool = False) -> AIMessage:
        marked = {"type": "text", "text": _LONG, "cache_control": {"type": "ephemeral"}}
        messages = [SystemMessage([cast("Any", marked)]), HumanMessage("Sum it up.")]
        return _ask(ChatAimlapi(model="anthropic/claude-opus-4-8"), messages, stream)


def _ask(model: Runnable[LanguageModelInput, AIMessage], prompt: Any, stream: bool) -> AIMessage:
    if not stream:
        return model.invoke(prompt)
    whole: AIMessageChunk | None = None
    for chunk in model.stream(prompt):
        assert isinstance(chunk, AIMessageChunk)
        whole = chunk if whole is None else whole + chunk
    assert whole is not None
    return whole


class TestByFunctionCalling(_Suite):
    """Structured output through a forced tool."""

    @property
    def structured_output_kwargs(self) -> dict[str, Any]:
        return {"method": "function_calling"}


@pytest.mark.filterwarnings("ignore:A pydantic v1 class:UserWarning")
class TestByJsonSchema(_Suite):
    """Structured output through a JSON schema; classes of pydantic v1 go as tools, and it says so."""

    @property
    def structured_output_kwargs(self) -> dict[str, Any]:
        return {"method": "json_schema"}


class TestByDefault(_Suite):
    """Structured output the way the model documents best."""
