"""LangChain's suites for embeddings."""

from __future__ import annotations

from typing import Any

from langchain_tests.integration_tests import EmbeddingsIntegrationTests
from langchain_tests.unit_tests import EmbeddingsUnitTests

from langchain_aimlapi import AimlapiEmbeddings


class TestAimlapiEmbeddingsUnit(EmbeddingsUnitTests):
    """What LangChain expects before anything is sent."""

    @property
    def embeddings_class(self) -> type[AimlapiEmbeddings]:
        return AimlapiEmbeddings

    @property
    def embedding_model_params(self) -> dict[str, Any]:
        return {"model": "text-embedding-3-small", "api_key": "test"}

    @property
    def init_from_env_params(self) -> tuple[dict[str, str], dict[str, Any], dict[str, Any]]:
        return (
            {"AIMLAPI_API_KEY": "key", "AIMLAPI_API_BASE": "http://127.0.0.1:8/v1"},
            {"model": "text-embedding-3-small"},
            {"aimlapi_api_key": "key", "aimlapi_api_base": "http://127.0.0.1:8/v1"},
        )


class TestAimlapiEmbeddings(EmbeddingsIntegrationTests):
    """What LangChain expects of embeddings."""

    @property
    def embeddings_class(self) -> type[AimlapiEmbeddings]:
        return AimlapiEmbeddings

    @property
    def embedding_model_params(self) -> dict[str, Any]:
        return {"model": "text-embedding-3-small"}
