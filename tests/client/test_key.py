"""What was pasted along with a key: said in one sentence, without the key."""

from __future__ import annotations

import traceback

import pytest
from pydantic import SecretStr

from langchain_aimlapi import AimlapiEmbeddings, ConfigurationError

KEY = "4f7d2c9ab1e84c03b6a5d8e0f1723c55"


class TestMoreThanAKey:
    """What was pasted along with a key is named before anything is sent, and the key is not."""

    @pytest.mark.parametrize(
        ("pasted", "words"),
        [
            (f"Bearer {KEY}", "begins with the scheme 'Bearer'"),
            (f"bearer\t{KEY}\n", "begins with the scheme 'bearer'"),
            ("Bearer", "begins with the scheme 'Bearer'"),
            (f'"Bearer {KEY}"', "begins with the scheme 'Bearer'"),
            (f'Bearer "{KEY}"', "begins with the scheme 'Bearer'"),
            (f"Authorization: Bearer {KEY}", "begins with 'Authorization' and the scheme 'Bearer'"),
            (f"-H 'authorization:Bearer {KEY}'", "begins with 'authorization' and the scheme"),
            (f'\'{{"Authorization": "Bearer {KEY}"}}\'', "stands in quotes"),
            (f"export AIMLAPI_API_KEY={KEY}", "begins with 'AIMLAPI_API_KEY'"),
            (f'AIMLAPI_API_KEY="{KEY}"', "begins with 'AIMLAPI_API_KEY'"),
            (f"x-api-key: {KEY}", "begins with 'x-api-key'"),
            (f'"{KEY}"', "stands in quotes"),
            (f"\u201c{KEY}\u201d", "stands in quotes"),
            (f"{KEY}'", "stands in quotes"),
        ],
    )
    def test_named(self, model, aimlapi_sandbox, pasted, words):
        """The scheme, the header, the line of a shell, quotes."""
        with pytest.raises(ConfigurationError, match="The API key .* alone") as raised:
            model(api_key=pasted).invoke("Hi")

        assert words in str(raised.value)
        assert KEY not in str(raised.value)
        assert aimlapi_sandbox.requests == []

    @pytest.mark.parametrize("place", ["object", "call", "function", "environment"])
    def test_wherever_it_comes_from(self, ask, model, aimlapi_sandbox, monkeypatch, place):
        """And no frame of ours shows it to a crash report with local variables."""
        pasted = f"Bearer {KEY}"
        given = {
            "object": ({"api_key": pasted}, {}),
            "call": ({}, {"api_key": SecretStr(pasted)}),
            "function": ({"api_key": lambda: pasted}, {}),
            "environment": ({}, {}),
        }
        settings, arguments = given[place]
        if place == "environment":
            monkeypatch.setenv("AIMLAPI_API_KEY", pasted)

        with pytest.raises(ConfigurationError, match="scheme 'Bearer'") as raised:
            ask(model(**settings), "Hi", **arguments)

        ours = [
            repr(frame.f_locals)
            for frame, _ in traceback.walk_tb(raised.tb)
            if "/langchain_aimlapi/" in frame.f_code.co_filename
        ]
        assert ours
        assert KEY not in "".join(ours)
        assert aimlapi_sandbox.requests == []

    def test_events(self, model, aimlapi_sandbox):
        """Those too."""
        with pytest.raises(ConfigurationError, match="scheme 'Bearer'"):
            list(model(api_key=f"Bearer {KEY}").stream_events("Hi", version="v3"))

        assert aimlapi_sandbox.requests == []

    def test_embeddings(self, aimlapi_sandbox):
        """And every other class, by the same door."""
        with pytest.raises(ConfigurationError, match="scheme 'Bearer'"):
            AimlapiEmbeddings(model="text-embedding-3-small", api_key=f"Bearer {KEY}").embed_query(
                "Hi"
            )

    @pytest.mark.parametrize("key", ["bearer-of-news", "a:b", "sk-a/b+c==", "a b", "Bearer_1"])
    def test_odd_keys_are_sent(self, ask, model, aimlapi_sandbox, key):
        """Gateways choose their own: only what no key begins with is refused."""
        ask(model(api_key=key), "Hi")

        assert aimlapi_sandbox.requests[-1].headers["authorization"] == f"Bearer {key}"
