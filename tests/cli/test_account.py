"""`aimlapi balance`, `usage`, `logs`, `keys`: what is asked, what is shown, how it ends."""

from __future__ import annotations

import json

import pytest

SPEND = {
    "start": "2026-07-20T22:15:00.000Z",
    "end": "2026-07-27T22:15:00.000Z",
    "spend": 12.5,
    "requests": 842,
    "models": [{"model": "openai/gpt-5", "spend": 12.5, "requests": 842}],
}
ROW = {
    "created": "2026-07-20T22:15:00.000Z",
    "status": "failed",
    "model": "openai/gpt-5",
    "cost": {"usd": "0.5", "credits": 1_000_000},
    "tokens": {"input": 7, "output": None},
    "request_id": "r",
    "inference_id": "i",
}
KEY = {
    "name": "job",
    "disabled": False,
    "prefix": "b747e891",
    "scopes": ["model:chat"],
    "limit": {"retention": "day", "threshold": 5},
    "monthly_usage": 0.25,
}


class TestBalance:
    def test_shown(self, aimlapi, service):
        service.reply = lambda *_: (200, {"current_balance": 12.5, "currency": "USD"})

        assert aimlapi("balance").stdout == "12.50 USD\n"
        assert json.loads(aimlapi("balance", "--json").stdout) == {
            "amount": 12.5,
            "currency": "USD",
        }

    @pytest.mark.parametrize("command", [["balance"], ["usage"], ["logs"], ["keys", "list"]])
    def test_refused(self, aimlapi, service, command):
        """One line, exit code 1, nothing on standard output."""
        service.reply = lambda *_: (401, {"message": "no such key"})
        result = aimlapi(*command)

        assert (result.exit_code, result.stdout) == (1, "")
        assert "AuthenticationError" in result.stderr
        assert "b747e891aaaa" not in result.stderr

    def test_without_a_key(self, aimlapi, monkeypatch):
        """No sandbox stands in for an account: its figures would be taken for real ones."""
        monkeypatch.delenv("AIMLAPI_API_KEY", raising=False)
        result = aimlapi("balance")

        assert (result.exit_code, result.stdout) == (1, "")
        assert "MissingAPIKeyError" in result.stderr


class TestUsage:
    def test_a_window(self, aimlapi, service):
        service.reply = lambda *_: (200, SPEND)
        result = aimlapi("usage", "--period", "24h")

        assert result.stdout == "2026-07-20 22:15:00\t2026-07-27 22:15:00\t12.500000\t842\n"
        assert service.asked[0][1:3] == ("/v2/usage", {"period": ["24h"]})

    def test_by_model(self, aimlapi, service):
        service.reply = lambda *_: (200, SPEND)

        assert aimlapi("usage", "--by", "model").stdout == "openai/gpt-5\t12.500000\t842\n"

    def test_by_day(self, aimlapi, service):
        service.reply = lambda *_: (200, SPEND)
        shown = json.loads(aimlapi("usage", "--by", "day", "--period", "3d", "--json").stdout)

        assert len(shown) == len(service.asked) >= 3
        assert shown[0]["start"] == "2026-07-20T22:15:00+00:00"

    @pytest.mark.parametrize(
        "wrong", [["--by", "hour"], ["--period", "soon"], ["--start", "2026-01-01"]]
    )
    def test_wrong_use(self, aimlapi, service, wrong):
        """Nothing is asked."""
        result = aimlapi("usage", *wrong)

        assert (result.exit_code, service.asked) == (2, [])


class TestLogs:
    def test_rows_and_filters(self, aimlapi, service):
        service.reply = lambda *_: (200, {"data": [ROW], "has_more": False})
        result = aimlapi("logs", "--status", "failed", "-m", "openai/gpt-5")

        assert result.stdout == ("2026-07-20 22:15:00\tfailed\topenai/gpt-5\t0.500000\t7\t-\ti\n")
        query = service.asked[0][2]
        assert "failed" in str(query)
        assert "openai/gpt-5" in str(query)

    def test_a_limit(self, aimlapi, service):
        """No page is asked for that nobody sees."""
        service.reply = lambda *_: (200, {"data": [ROW] * 100, "has_more": True})
        shown = json.loads(aimlapi("logs", "-n", "3", "--json").stdout)

        assert (len(shown), len(service.asked)) == (3, 1)


class TestKeys:
    def test_listed(self, aimlapi, service):
        service.reply = lambda *_: (200, {"data": [KEY]})

        assert aimlapi("keys", "list").stdout == (
            "b747e891\tjob\tactive\tmodel:chat\t$5 a day\t0.250000\n"
        )

    def test_made(self, aimlapi, service):
        """The key alone is standard output, so that a script can keep it."""
        service.reply = lambda *_: (200, {"data": {**KEY, "key": "b747e891whole"}})
        result = aimlapi("keys", "create", "job", "--usd", "5", "--per", "day")

        assert result.stdout == "b747e891whole\n"
        assert "aimlapi keys delete b747e891" in result.stderr
        assert service.asked[0][3]["name"] == "job"

    def test_deleted_after_asking_back(self, aimlapi, service):
        service.reply = lambda *_: (204, None)
        refused = aimlapi("keys", "delete", "b747e891", stdin="n\n")
        assert (refused.exit_code, service.asked) == (1, [])

        assert aimlapi("keys", "delete", "b747e891", stdin="y\n").exit_code == 0
        assert aimlapi("keys", "delete", "b747e891", "--yes").exit_code == 0
        assert [each[:2] for each in service.asked] == [("DELETE", "/v1/keys/b747e891")] * 2

    @pytest.mark.parametrize(
        "wrong", [[], ["create"], ["create", "job", "--per", "day"], ["delete", "a/b", "--yes"]]
    )
    def test_wrong_use(self, aimlapi, service, wrong):
        result = aimlapi("keys", *wrong)

        assert (result.exit_code, service.asked) == (2, [])
