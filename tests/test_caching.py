"""LangChain's cache: what an answer is looked up by, and what it says of its cost."""

from __future__ import annotations

import asyncio
import copy

import pytest
from langchain_core.caches import InMemoryCache
from langchain_core.outputs import Generation

from langchain_aimlapi import ChatAimlapi
from tests.scripted import Scripted

PAID = {"meta": {"usage": {"usd_spent": 0.25, "credits_used": 500_000}}}
SECRET = "token-of-the-tenant"


class Counting(Scripted):
    """Numbers its answers, so that one from a cache can be told."""

    def _whole(self):
        whole = {**super()._whole(), **PAID}
        whole["usage"] = {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}
        whole["choices"][0]["message"] = {"role": "assistant", "content": str(len(self.bodies))}
        return whole


@pytest.fixture
def service():
    with Counting() as service:
        yield service


@pytest.fixture
def llm(service):
    def make(cache, **settings):
        fields = {"model": "gpt-4o", "api_key": "k", "max_retries": 0, **settings}
        return ChatAimlapi(base_url=service.url, cache=cache, **fields)

    return make


@pytest.fixture(params=["invoke", "ainvoke"])
def call(request):
    """The two ways that LangChain looks into its cache."""
    if request.param == "invoke":
        return lambda model, prompt, **kwargs: model.invoke(prompt, **kwargs)
    return lambda model, prompt, **kwargs: asyncio.run(model.ainvoke(prompt, **kwargs))


class TestCost:
    """What a reply from the cache says it cost."""

    def test_a_cached_reply_costs_nothing(self, call, llm):
        """What it cost once is kept, at every hit; the first message is not changed."""
        model = llm(InMemoryCache())
        first, second, third = (call(model, "Hi") for _ in range(3))

        assert first.text == second.text == third.text == "1"
        assert first.response_metadata["cost"] == 0.25
        for hit in (second, third):
            assert hit.response_metadata["cost"] == 0.0
            assert hit.response_metadata["token_usage"]["cost"] == 0.0
            assert hit.response_metadata["cost_details"] == {
                "usd_spent": 0.25,
                "credits_used": 500_000,
                "cached_cost": 0.25,
            }
            assert hit.usage_metadata["total_tokens"] == 3
        assert first.response_metadata["token_usage"]["cost"] == 0.25

    def test_plain_generations_of_a_cache_pass(self, call, llm):
        """Some caches keep nothing but the text."""

        class Texts(InMemoryCache):
            def lookup(self, prompt, llm_string):
                found = super().lookup(prompt, llm_string)
                return found and [Generation(text=each.text) for each in found]

        model = llm(Texts())
        call(model, "Hi")
        assert call(model, "Hi").text == "1"


OTHERS = {
    "default_headers": {"default_headers": {"X-Org": "A"}},
    "another header's value": {"default_headers": {"X-Org": "B"}},
    "a secret header": {"default_headers": {"X-Org": SECRET}},
    "default_query": {"default_query": {"tenant": SECRET}},
    "model_kwargs": {"model_kwargs": {"seed": 1}},
}


class TestKey:
    """What tells two calls apart."""

    def test_settings_that_reach_the_service_are_told_apart(self, call, llm):
        """Each of these models gets an answer of its own, and keeps it."""
        cache = InMemoryCache()
        models = [llm(cache), *(llm(cache, **settings) for settings in OTHERS.values())]
        answers = [call(model, "Hi").text for model in models]

        assert len(set(answers)) == len(models)
        assert [call(model, "Hi").text for model in models] == answers

    def test_the_same_headers_are_the_same(self, call, llm):
        """Whatever their order, and the case of their names."""
        cache = InMemoryCache()
        one = call(llm(cache, default_headers={"X-A": "1", "x-b": "2"}), "Hi")
        other = call(llm(cache, default_headers={"X-B": "2", "x-a": "1"}), "Hi")

        assert one.text == other.text

    def test_no_secret_is_stored(self, call, llm):
        """Caches are files and databases: what they look up by shows no header's value."""
        cache = InMemoryCache()
        for settings in OTHERS.values():
            call(llm(cache, **settings), "Hi", extra_headers={"X-Other": SECRET})

        assert SECRET not in str(list(cache._cache))

    @pytest.mark.parametrize(
        ("field", "first", "change"),
        [
            ("model_kwargs", {}, lambda value: value.update(seed=7)),
            ("model_kwargs", {"a": {"b": 1}}, lambda value: value["a"].update(b=2)),
            ("extra_body", {"a": 1}, lambda value: value.update(a=2)),
            ("stop", ["x"], lambda value: value.append("y")),
            ("logit_bias", {"1": 1.0}, lambda value: value.update({"1": 2.0})),
            ("default_headers", {"X-Org": "A"}, lambda value: value.update({"X-Org": "B"})),
        ],
    )
    def test_a_field_changed_in_place_is_another_model(self, call, llm, field, first, change):
        """LangChain keeps a serialised form; it must not answer for what was there before."""
        model = llm(InMemoryCache(), **{field: copy.deepcopy(first)})
        before = call(model, "Hi").text
        change(getattr(model, field))

        assert call(model, "Hi").text != before
        assert call(model, "Hi").text != before
