"""Which request gets which fault."""

from __future__ import annotations

import pytest

from langchain_aimlapi.sandbox import Sandbox
from langchain_aimlapi.sandbox.faults.plan import FaultPlan
from tests.sandbox.http_client import chat, request


def _dealt(faults, count=1000):
    plan = FaultPlan(faults)
    return [fault.name if (fault := plan.choose(number)) else "" for number in range(count)]


def test_no_faults():
    """By default nothing goes wrong."""
    assert set(_dealt(None)) == {""}


def test_one_name_always_happens():
    """A name without a rate meets every request."""
    assert set(_dealt("status_503")) == set(_dealt(["status_503"])) == {"status_503"}


def test_several_names_take_turns():
    """Of several names without a rate, each request meets one."""
    assert _dealt(["crlf", "stall"], 4) == ["crlf", "stall", "crlf", "stall"]


@pytest.mark.parametrize("faults", [{"rate_limit": 0.3}, ["rate_limit:0.3"], "rate_limit:0.3"])
def test_a_share(faults):
    """A rate is a share of the requests, and the same ones every time."""
    dealt = _dealt(faults)

    assert 250 < dealt.count("rate_limit") < 350
    assert dealt == _dealt(faults)


def test_shares_do_not_overlap():
    """Rates of several faults add up."""
    dealt = _dealt({"rate_limit": 0.3, "stall": 0.2, "crlf": 0.5})

    assert "" not in dealt
    assert 150 < dealt.count("stall") < 250


def test_shares_and_the_rest():
    """A name without a rate meets the requests that no share took."""
    dealt = _dealt(["rate_limit:0.3", "crlf"])

    assert dealt.count("rate_limit") + dealt.count("crlf") == 1000


@pytest.mark.parametrize("rate", [0, 1])
def test_extreme_rates(rate):
    """Zero is never, and one is always."""
    assert set(_dealt({"crlf": rate})) == {"crlf" if rate else ""}


@pytest.mark.parametrize(
    ("faults", "message"),
    [
        ("rate_limits", "there is no fault named 'rate_limits'; near it: rate_limit"),
        (["zzz"], "near it: nothing"),
        ({"crlf": -0.1}, "shares of at most 1"),
        ({"crlf": 0.6, "stall": 0.6}, "shares of at most 1"),
        ("crlf:often", "is not NAME:RATE"),
        ({"zzz": 0.1}, "no fault named 'zzz'"),
    ],
)
def test_mistakes(faults, message):
    """A wrong plan is an error that helps."""
    with pytest.raises(ValueError, match=message):
        FaultPlan(faults)


def test_the_next_ones_go_first():
    """Faults that were asked for next come before the plan, and only as often as asked."""
    plan = FaultPlan("crlf")
    plan.fail_next("status_500", times=2)
    plan.fail_next("stall")

    names = [plan.choose(number).name for number in range(4)]
    assert names == ["status_500", "status_500", "stall", "crlf"]


def test_fail_next(sandbox):
    """A test can let so many requests fail, and the next one succeed."""
    sandbox.fail_next("status_503", times=2)

    assert [chat(sandbox).status for _ in range(3)] == [503, 503, 200]
    with pytest.raises(ValueError, match="no fault named"):
        sandbox.fail_next("nonsense")


def test_a_request_chooses_for_itself():
    """The header of a request beats the plan, and can ask for none."""
    with Sandbox(faults="status_503") as sandbox:
        asked = ["status_418", "none", "status_429"]
        statuses = [chat(sandbox, headers={"x-sandbox-fault": name}).status for name in asked]

    assert statuses == [400, 200, 429]


def test_only_inference_fails():
    """The list of models is not touched, nor is a request without a key."""
    with Sandbox(faults="status_503") as sandbox:
        assert request(sandbox, "GET", "/models").status == 200
        assert chat(sandbox, key=None).status == 401
        assert request(sandbox, "POST", "/embeddings", {"model": "m", "input": "x"}).status == 503
