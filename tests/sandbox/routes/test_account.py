"""The account on the wire: what was called is found again, and paid for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from langchain_aimlapi.sandbox import Sandbox
from tests.sandbox.http_client import chat, request

IMAGE = {"model": "openai/gpt-image-1", "prompt": "a fox"}


def get(sandbox, path, **options):
    """Ask about the account."""
    return request(sandbox, "GET", path, prefix="", **options)


def make_key(sandbox, **options):
    """Make a key; return it whole, and as it is shown."""
    made = request(sandbox, "POST", "/keys", {"name": "job", **options}).json["data"]
    return made.pop("key"), made


class TestBooks:
    def test_a_call_is_found_by_its_ids(self, sandbox):
        """In the logs by all three, in the ledger by the inference id, at the same price."""
        reply = chat(sandbox, "Hi", headers={"X-Client-Request-Id": "customer-42"})
        (row,) = get(sandbox, "/v2/logs").json["data"]
        usage, spent = reply.json["usage"], reply.json["meta"]["usage"]
        assert row["inference_id"] == reply.headers["x-inference-id"]
        assert (row["client_request_id"], row["model"]) == ("customer-42", "gpt-4o")
        assert row["tokens"] == {
            "input": usage["prompt_tokens"],
            "output": usage["completion_tokens"],
            "total": usage["total_tokens"],
        }
        assert row["cost"] == {"usd": spent["usd_spent"], "credits": spent["credits_used"]}
        newest, first = get(sandbox, "/v2/billing/transactions").json["data"]
        assert (newest["reference_id"], newest["amount"]) == (row["inference_id"], row["cost"])
        assert (newest["direction"], newest["type"]) == ("CHARGE", "MODEL_USAGE")
        assert (first["direction"], first["type"], first["amount"]["usd"]) == (
            "TOPUP",
            "INIT",
            1000,
        )
        balance = get(sandbox, "/v2/billing").json
        assert balance["current_balance"] == pytest.approx(1000 - spent["usd_spent"])
        assert get(sandbox, "/v2/billing/detail").json["current_balance"] < 1000

    def test_failures(self, sandbox):
        """Are in the logs by the id of their error, and cost nothing."""
        sandbox.fail_next("status_503")
        sandbox.answer_next("This answer fails once it is there.", error="status_500")
        failed = [chat(sandbox), chat(sandbox), chat(sandbox, temperature=9)]
        rows = get(sandbox, "/v2/logs?status=failed").json["data"]
        assert [row["request_id"] for row in rows] == [
            reply.json["requestId"] for reply in reversed(failed)
        ]
        assert {row["cost"]["credits"] for row in rows} == {0}
        assert get(sandbox, "/v2/logs?status=succeeded").json["data"] == []
        usage = get(sandbox, "/v2/usage").json
        assert (usage["spend"], usage["requests"]) == (0, 0)

    def test_every_kind_of_call(self, sandbox):
        """Streams, responses, embeddings and pictures; looks at jobs are no calls."""
        chat(sandbox, stream=True)
        request(sandbox, "POST", "/responses", {"model": "gpt-5", "input": "Hi"})
        request(sandbox, "POST", "/embeddings", {"model": "e", "input": "Hi"})
        request(sandbox, "POST", "/images/generations", IMAGE)
        get(sandbox, "/v2/video/generations?generation_id=x")
        detail = get(sandbox, "/v2/usage/detail?period=1h").json
        assert {row["model"] for row in detail["models"]} == {
            "gpt-4o",
            "gpt-5",
            "e",
            IMAGE["model"],
        }
        assert detail["models"][0] == {"model": IMAGE["model"], "spend": 0.01, "requests": 1}
        assert detail["spend"] == pytest.approx(sum(row["spend"] for row in detail["models"]))
        assert min(row["spend"] for row in detail["models"]) > 0
        assert detail["requests"] == 4

    def test_pages_of_logs(self, sandbox):
        """By offset, the newest first, of some models only."""
        for model in ("a/x", "b", "a/x"):
            chat(sandbox, model=model)
        pages = [get(sandbox, f"/v2/logs?limit=2&offset={at}").json for at in (0, 2)]
        assert [[row["model"] for row in page["data"]] for page in pages] == [["a/x", "b"], ["a/x"]]
        assert pages[0]["pagination"] == {"limit": 2, "offset": 0, "total": 3, "has_more": True}
        assert pages[1]["pagination"]["has_more"] is False
        assert len(get(sandbox, "/v2/logs?model=x&model=b").json["data"]) == 3
        assert len(get(sandbox, "/v2/logs?model=x").json["data"]) == 2
        assert get(sandbox, "/v2/logs?model=x,b").json["data"] == []

    def test_pages_of_the_ledger(self, sandbox):
        """By cursor: new charges do not shift the pages."""
        for _ in range(3):
            chat(sandbox)
        first = get(sandbox, "/v2/billing/transactions?limit=2").json
        chat(sandbox)
        cursor = first["pagination"]["next_cursor"]
        second = get(sandbox, f"/v2/billing/transactions?limit=2&cursor={cursor}").json
        assert [row["type"] for row in second["data"]] == ["MODEL_USAGE", "INIT"]
        assert second["pagination"] == {"next_cursor": None, "has_more": False}
        ids = {row["reference_id"] for row in (*first["data"], *second["data"])}
        assert len(ids) == 4

    def test_windows(self, sandbox):
        """Calls outside are not counted."""
        chat(sandbox)
        soon = (datetime.now(UTC) + timedelta(hours=1)).isoformat().replace("+00:00", "Z")
        later = (datetime.now(UTC) + timedelta(hours=2)).replace(tzinfo=None).isoformat()
        query = f"start={soon}&end={later}"
        assert get(sandbox, f"/v2/usage?{query}").json["requests"] == 0
        assert get(sandbox, f"/v2/logs?{query}").json["data"] == []
        assert get(sandbox, f"/v2/billing/transactions?from={soon}").json["data"] == []
        assert len(get(sandbox, f"/v2/billing/transactions?to={soon}").json["data"]) == 2

    @pytest.mark.parametrize(
        ("path", "words"),
        [
            ("/v2/usage?period=7", "period: Expected a number with h or d"),
            ("/v2/usage?period=93d", "92 days"),
            ("/v2/usage?period=7d&start=2026-01-01", "either period or both"),
            ("/v2/usage?start=2026-01-01", "together with end"),
            ("/v2/usage?start=2026-01-02&end=2026-01-01", "Must not be earlier"),
            ("/v2/usage?start=yesterday&end=2026-01-01", "start: Invalid ISO-8601"),
            ("/v2/logs?limit=101", "limit: Expected integer from 1 to 100"),
            ("/v2/logs?offset=-1", "offset: Expected integer"),
            ("/v2/logs?status=succeeded,failed", "status: Invalid enum value"),
            ("/v2/billing/transactions?type=CHARGE", "type: Invalid enum value"),
            ("/v2/billing/transactions?cursor=abc", "cursor: Invalid cursor"),
            ("/v2/billing/transactions?from=2026-01-02&to=2026-01-01", "later than from"),
            ("/models/metrics?model=x", "model: Unrecognized parameter"),
            ("/models/metrics?" + "aliases=x&" * 101, "at most 100"),
        ],
    )
    def test_refused_questions(self, shared_sandbox, path, words):
        """With what is wrong."""
        reply = get(shared_sandbox, path)
        assert (reply.status, words in reply.json["message"]) == (400, True), reply.text

    def test_too_many_logs(self, sandbox):
        """The 201st request of a minute is told when to come again."""
        statuses = [get(sandbox, "/v2/logs").status for _ in range(201)]
        assert statuses == [200] * 200 + [429]
        assert 0 < int(get(sandbox, "/v2/logs").headers["retry-after"]) <= 60

    def test_a_key_is_needed(self, shared_sandbox):
        """But for the list and the metrics."""
        assert get(shared_sandbox, "/v2/billing", key=None).status == 401
        assert get(shared_sandbox, "/models/metrics", key=None).status == 200


class TestBalance:
    def test_spent(self):
        """The call that empties it is served, the next is refused."""
        with Sandbox(balance=0.005) as sandbox:
            assert request(sandbox, "POST", "/images/generations", IMAGE).status == 200
            reply = chat(sandbox)
            assert (reply.status, "run out of credits" in reply.json["message"]) == (403, True)
            assert get(sandbox, "/v2/billing").json["current_balance"] == -0.005


class TestKeys:
    def test_life(self, sandbox):
        """Made, shown, changed, disabled, deleted."""
        limit = {"retention": "day", "threshold": 5}
        key, made = make_key(sandbox, limit=limit, scopes=["model:chat"])
        assert key.startswith(made["prefix"])
        assert (len(made["prefix"]), made["limit"], made["disabled"]) == (8, limit, False)
        assert get(sandbox, "/v1/key", key=key).json["data"] == made
        listed = get(sandbox, "/v1/keys").json["data"]
        assert [row["prefix"] for row in listed] == ["k", made["prefix"]]
        path = f"/keys/{made['prefix']}"
        changed = request(sandbox, "PATCH", path, {"disabled": True}).json["data"]
        assert (changed["disabled"], changed["limit"]) == (True, limit)
        assert chat(sandbox, key=key).status == 401
        replaced = request(sandbox, "PUT", path, {"name": "new"}).json["data"]
        assert (replaced["disabled"], replaced["limit"], replaced["scopes"]) == (False, None, None)
        assert request(sandbox, "DELETE", path).json["data"]["deleted"] is True
        assert [chat(sandbox, key=key).status, request(sandbox, "GET", path).status] == [401, 404]

    def test_limits(self, sandbox):
        """The call that reaches it is served, the next is refused; other keys are not."""
        key, made = make_key(sandbox, limit={"retention": "week", "threshold": 0.01})
        replies = [
            request(sandbox, "POST", "/images/generations", IMAGE, key=key) for _ in range(2)
        ]
        assert [reply.status for reply in replies] == [200, 403]
        assert "limit" in replies[1].json["message"]
        assert chat(sandbox).status == 200
        shown = get(sandbox, f"/v1/keys/{made['prefix']}").json["data"]
        assert shown["monthly_usage"] == 0.01

    def test_scopes(self, sandbox):
        """What a key is not good for is refused."""
        key, _ = make_key(sandbox, scopes=["model:image"])
        assert request(sandbox, "POST", "/images/generations", IMAGE, key=key).status == 200
        assert chat(sandbox, key=key).status == 403

    def test_only_its_own(self, sandbox):
        """A key that was made manages nothing, and sees its own calls alone."""
        key, _ = make_key(sandbox)
        chat(sandbox)
        assert get(sandbox, "/v2/logs", key=key).json["data"] == []
        assert get(sandbox, "/v2/logs?key_prefix=k", key=key).status == 403
        assert get(sandbox, "/v1/keys", key=key).status == 403
        assert request(sandbox, "POST", "/keys", {}, key=key).status == 403
        chat(sandbox, key=key)
        prefix = key[:8]
        assert get(sandbox, f"/v2/usage?key_prefix={prefix}").json["requests"] == 1

    @pytest.mark.parametrize(
        ("body", "words"),
        [
            ({"limit": {"retention": "year", "threshold": 1}}, "limit.retention: Invalid enum"),
            ({"limit": {"retention": "day"}}, "limit.threshold: Required"),
            ({"limit": {"retention": "day", "threshold": -1}}, "limit.threshold: Number must be"),
            ({"scopes": ["model:all"]}, "scopes.0: Invalid enum"),
            ({"disabled": True}, "disabled: Unrecognized key"),
            ([], "Expected object"),
        ],
    )
    def test_refused(self, shared_sandbox, body, words):
        """With what is wrong."""
        reply = request(shared_sandbox, "POST", "/keys", body)
        assert (reply.status, words in reply.json["message"]) == (400, True)


class TestMetrics:
    def test_what_was_measured(self, sandbox):
        """Of the calls that succeeded, by model; times to the first token of streams only."""
        chat(sandbox)
        chat(sandbox, model="streamed", stream=True)
        sandbox.fail_next("status_503")
        chat(sandbox, model="failed")
        request(sandbox, "POST", "/images/generations", IMAGE)
        found = get(sandbox, "/models/metrics", key=None).json
        assert found["window_seconds"] == 300
        by_alias = {row["alias"]: row for row in found["models"]}
        assert set(by_alias) == {"gpt-4o", "streamed", IMAGE["model"]}
        assert set(by_alias["gpt-4o"]["metrics"]) == {"tps", "duration_ms"}
        assert set(by_alias["streamed"]["metrics"]) == {"ttft_ms", "tps", "duration_ms"}
        assert set(by_alias[IMAGE["model"]]["metrics"]) == {"duration_ms"}
        assert by_alias["streamed"]["endpoint"] == "/v1/chat/completions"
        assert list(by_alias["gpt-4o"]["metrics"]["tps"]) == ["p50", "p75", "p90", "p99"]
        some = get(sandbox, "/models/metrics?aliases=gpt-4o&aliases=none").json["models"]
        assert [row["alias"] for row in some] == ["gpt-4o"]
