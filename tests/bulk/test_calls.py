"""The short way to a model that nobody listens to, and when it is not taken."""

from __future__ import annotations

import pytest
from langchain_core.caches import InMemoryCache
from langchain_core.callbacks import BaseCallbackHandler, get_usage_metadata_callback
from langchain_core.globals import set_llm_cache
from langchain_core.rate_limiters import InMemoryRateLimiter

from langchain_aimlapi import ChatAimlapi, bulk
from langchain_aimlapi.bulk.direct import nobody_listens

from .world import lines, read_lines


class Listener(BaseCallbackHandler):
    """Counts ends of calls."""

    ends = 0

    def on_llm_end(self, *_, **__):
        self.ends += 1


@pytest.fixture
def llm(aimlapi_sandbox):
    return ChatAimlapi(
        model="gpt-4o", base_url=aimlapi_sandbox.base_url, api_key=aimlapi_sandbox.api_key
    )


def test_both_ways_lead_to_the_same_columns(tmp_path, llm):
    """All but what differs by call: ids and time."""
    source = lines(tmp_path / "in.jsonl", [{"text": f"t{i}"} for i in range(3)])
    listener = Listener()
    found = []
    for name, model in (("a", llm), ("b", llm.model_copy(update={"callbacks": [listener]}))):
        assert nobody_listens(model) == (name == "a")
        bulk.run(source, model, tmp_path / f"{name}.jsonl", prompt=[("human", "Say {text}")])
        ids = {"seconds", "request_id", "inference_id", "client_request_id"}
        rows = read_lines(tmp_path / f"{name}.jsonl")
        assert all(row["inference_id"] and row["client_request_id"] for row in rows)
        found.append([{k: v for k, v in row.items() if k not in ids} for row in rows])
    assert found[0] == found[1]
    assert listener.ends == 3


@pytest.mark.parametrize(
    "settings",
    [
        {"cache": InMemoryCache()},
        {"rate_limiter": InMemoryRateLimiter(requests_per_second=100)},
        {"streaming": True},
        {"disable_streaming": True},
        {"output_version": "v1"},
        {"callbacks": [Listener()]},
    ],
)
def test_what_listens(llm, settings):
    """Each of these is LangChain's to serve."""
    assert nobody_listens(llm)
    assert not nobody_listens(llm.model_copy(update=settings))


def test_what_listens_from_outside(tmp_path, llm):
    """A cache of the process, and callbacks of the context a job is begun in."""
    set_llm_cache(InMemoryCache())
    try:
        assert not nobody_listens(llm)
        assert nobody_listens(llm.model_copy(update={"cache": False}))
    finally:
        set_llm_cache(None)
    source = lines(tmp_path / "in.jsonl", [{"text": "a"}])
    with get_usage_metadata_callback() as usage:
        bulk.run(source, llm, tmp_path / "o.jsonl", prompt="{text}")
    assert usage.usage_metadata["gpt-4o"]["total_tokens"] > 0
