"""The base address as people paste it, and what is asked at it."""

from __future__ import annotations

import pytest

from langchain_aimlapi import ChatAimlapi
from langchain_aimlapi._client.base_url import join_url, tidy_base_url
from langchain_aimlapi.errors import ConfigurationError


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("https://host/v1///", "https://host/v1"),
        (" HTTPS://host/v1/chat/completions/ ", "HTTPS://host/v1"),
        ("https://host/v1/responses", "https://host/v1"),
        ("https://host", "https://host"),
        ("http://[::1]:8000/v1/", "http://[::1]:8000/v1"),
        ("https://host/v1?api-version=2", "https://host/v1?api-version=2"),
        ("https://host/v1/chat/completions?api-version=2", "https://host/v1?api-version=2"),
        ("https://host/v1/?", "https://host/v1"),
        ("https://host/v1?mail=a@b", "https://host/v1?mail=a@b"),
    ],
)
def test_what_people_add_is_taken_away(given, expected):
    """But for a query, which some gateways want with every request."""
    assert tidy_base_url(given) == expected


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("https://host/v1#part", "fragment"),
        ("https://host/v1?a=b#part", "fragment"),
        ("https://user:canary@host/v1", "password"),
        ("https://canary@host/v1", "password"),
        ("https://user:can/ary@host/v1", "not an address"),
        ("https://user:canary@@host/v1", "password"),
        ("host/v1", "not an address"),
        ("https://", "not an address"),
    ],
)
def test_what_would_be_dropped_or_shown_is_refused(given, says):
    """By one sentence, at construction, and without the password."""
    with pytest.raises(ConfigurationError, match=says) as caught:
        ChatAimlapi(model="gpt-4o", base_url=given)

    assert "canary" not in str(caught.value)
    assert "can/ary" not in str(caught.value)


@pytest.mark.parametrize(
    ("base", "queries", "expected"),
    [
        ("https://host/v1", [], "https://host/v1/models"),
        ("https://host/v1", [None, {}], "https://host/v1/models"),
        ("https://host/v1", [{"a": "1"}, {"b": "2"}], "https://host/v1/models?a=1&b=2"),
        ("https://host/v1?v=1", [], "https://host/v1/models?v=1"),
        ("https://host/v1?v=1", [{"a": "ü &"}], "https://host/v1/models?v=1&a=%C3%BC+%26"),
        ("https://host/v1?v=1&w=2", [{"v": "3"}], "https://host/v1/models?w=2&v=3"),
        ("https://host/v1?v=1", [{"v": "2"}, {"v": "3"}], "https://host/v1/models?v=3"),
    ],
)
def test_queries_are_merged(base, queries, expected):
    """What is nearer to the call holds."""
    assert join_url(base, "/models", *queries) == expected


def test_a_query_of_the_base_goes_with_every_call(ask, model, aimlapi_sandbox):
    """Beside `default_query` and `extra_query`, of the object or of the call."""
    base_url = f"{aimlapi_sandbox.base_url}?api-version=1&tenant=a"

    ask(model(base_url=base_url, default_query={"tenant": "b"}), "Hi", extra_query={"t": "1"})
    ask(model(), "Hi", base_url=base_url)

    assert [sent.query for sent in aimlapi_sandbox.requests[-2:]] == [
        {"api-version": "1", "tenant": "b", "t": "1"},
        {"api-version": "1", "tenant": "a"},
    ]
