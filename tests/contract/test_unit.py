"""LangChain's unit suite."""

from __future__ import annotations

from langchain_tests.unit_tests import ChatModelUnitTests

from langchain_aimlapi import ChatAimlapi


class TestChatAimlapiUnit(ChatModelUnitTests):
    """Everything LangChain expects of a chat model before it sends anything."""

    @property
    def chat_model_class(self) -> type[ChatAimlapi]:
        return ChatAimlapi

    @property
    def chat_model_params(self) -> dict[str, object]:
        return {"model": "gpt-4o", "base_url": "http://127.0.0.1:9/v1", "api_key": "test"}

    @property
    def init_from_env_params(self) -> tuple[dict[str, str], dict[str, str], dict[str, str]]:
        return (
            {"AIMLAPI_API_KEY": "key", "AIMLAPI_API_BASE": "http://127.0.0.1:8/v1"},
            {"model": "gpt-4o"},
            {"aimlapi_api_key": "key", "aimlapi_api_base": "http://127.0.0.1:8/v1"},
        )
