"""What a call cost, from every place a reply may state it in."""

from __future__ import annotations

import math

import pytest

from langchain_aimlapi._codec.decode.cost import cost_details, cost_metadata, without_cost


@pytest.mark.parametrize(
    ("meta", "headers", "spent"),
    [
        (
            {"usage": {"credits_used": 9, "usd_spent": 0.1}},
            {},
            {"credits_used": 9, "usd_spent": 0.1},
        ),
        ({"usage": {"tokens_used": 9}}, {}, {"tokens_used": 9}),
        (
            None,
            {"x-aimlapi-credits-used": "9", "x-aimlapi-usd-spent": "0.1"},
            {"credits_used": 9, "usd_spent": 0.1},
        ),
        (
            {"usage": {"credits_used": 9}},
            {"x-aimlapi-credits-used": "8", "x-aimlapi-usd-spent": "0.1"},
            {"credits_used": 9, "usd_spent": 0.1},
        ),
        (None, {"x-aimlapi-usd-spent": "free"}, {"usd_spent": "free"}),
        ({"usage": {"credits_used": None}}, {}, {}),
        ({"usage": []}, {}, {}),
        ("x", {}, {}),
        (None, {}, {}),
    ],
)
def test_cost_details(meta, headers, spent):
    """The body goes before the headers; no cost is not a cost of zero."""
    assert cost_details(meta, headers) == spent


@pytest.mark.parametrize(
    ("spent", "usd"),
    [
        ({"usd_spent": 0.1, "credits_used": 9}, 0.1),
        ({"usd_spent": 0}, 0.0),
        ({"usd_spent": 1}, 1.0),
        ({"credits_used": 2_000_000}, 1.0),
        ({"credits_used": 0}, 0.0),
        ({"tokens_used": 9}, None),
        ({"usd_spent": "free"}, None),
        ({"usd_spent": math.nan}, None),
        ({"usd_spent": math.inf}, None),
        ({"usd_spent": True}, None),
        ({"usd_spent": 10**400}, None),
        ({}, None),
    ],
)
def test_cost_is_a_float_in_usd(spent, usd):
    """As billed; credits alone are converted, and nothing is made of what is no amount."""
    metadata = cost_metadata({"usage": spent}, {}, {"prompt_tokens": 1})

    assert metadata["cost"] == usd
    assert type(metadata["cost"]) is type(usd)
    assert metadata["token_usage"].get("cost") == usd


@pytest.mark.parametrize("spent", [{"usd_spent": 0.1, "credits_used": 9}, {"usd_spent": 0.1}])
def test_what_was_billed_in_usd_is_not_marked(spent):
    """Only a conversion is marked as one."""
    assert cost_metadata({"usage": spent}, {}, None)["cost_details"] == spent


def test_a_conversion_is_marked():
    """So that it can be told from what was billed."""
    metadata = cost_metadata({"usage": {"credits_used": 9}}, {}, None)

    assert metadata["cost_details"] == {"credits_used": 9, "converted_from_credits": True}


def test_no_usage_is_made_of_a_cost():
    """A reply without `usage` has no `token_usage`."""
    assert cost_metadata({"usage": {"usd_spent": 1}}, {}, None)["token_usage"] is None


def test_a_providers_own_cost_is_kept():
    """What was billed stands where tools for traces look; the other one beside it."""
    usage = {"prompt_tokens": 1, "cost": 0.2}
    metadata = cost_metadata({"usage": {"usd_spent": 0.3}}, {}, usage)

    assert metadata["token_usage"]["cost"] == metadata["cost"] == 0.3
    assert metadata["cost_details"]["provider_cost"] == 0.2
    assert usage["cost"] == 0.2
    assert cost_metadata(None, {}, usage) == {
        "token_usage": usage,
        "cost": None,
        "cost_details": {},
    }


CACHED = {
    "finish_reason": "stop",
    "cost": 0.3,
    "cost_details": {"usd_spent": 0.3},
    "token_usage": {"prompt_tokens": 1, "cost": 0.3},
}


def test_a_cached_reply_costs_nothing():
    """What it cost once is kept, however often it is taken from the cache."""
    once = without_cost(CACHED)

    assert once == {
        "finish_reason": "stop",
        "cost": 0.0,
        "cost_details": {"usd_spent": 0.3, "cached_cost": 0.3},
        "token_usage": {"prompt_tokens": 1, "cost": 0.0},
    }
    assert without_cost(once) == once
    assert CACHED["cost"] == CACHED["token_usage"]["cost"] == 0.3


@pytest.mark.parametrize("metadata", [{}, {"cost": None}, {"cost": "x"}, {"cost": {"usd": 1}}])
def test_a_cached_reply_without_a_cost_gets_none(metadata):
    """Nothing is made up, and what other versions of the package stored is left as it is."""
    assert without_cost(metadata) == metadata
