"""The models of the service, offline and as it lists them now."""

from __future__ import annotations

import asyncio
import subprocess
import sys

import pytest
from blockbuster import blockbuster_ctx

from langchain_aimlapi import Account, NotFoundError, ServerError, catalogue

LIST = {
    "object": "list",
    "data": [
        {
            "id": "gpt-4o",
            "aliases": ["openai/gpt-4o"],
            "type": "openai/chat-completions",
            "info": {
                "name": "GPT-4o",
                "developer": "OpenAI",
                "contextLength": 128_000,
                "outputMax": 16_384,
                "releasedAt": "2024-05-13",
            },
            "modalities": {"input": ["text", "image"], "output": ["text"]},
            "capabilities": ["streaming", "tools", "vision"],
            "pricing": {
                "kind": "fixed",
                "currency": "USD",
                "units": [
                    {"name": "token", "measure": "input", "price": 2.5, "per": 1_000_000},
                    {"name": "token", "measure": "output", "price": "10", "per": 1_000_000},
                ],
            },
        },
        {
            "id": "vendor/new-pictures",
            "type": "openai/image-generations",
            "pricing": {
                "kind": "variants",
                "dimensions": ["quality"],
                "variants": [
                    {"when": {"quality": "low"}, "price": 0.02, "unit": "image", "per": 1},
                    {"when": {"quality": "high"}, "price": 0.08, "unit": "image", "per": 1},
                ],
            },
        },
        {"id": "vendor/priced-later", "type": "internal/stt", "pricing": {"kind": "variable"}},
        {"no id": True},
        "no row",
    ],
}


@pytest.fixture(autouse=True)
def forgotten(tmp_path, monkeypatch):
    """Each test begins with what the package ships, and a cache folder of its own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    yield
    catalogue._live.clear()


@pytest.fixture
def connection(json_service):
    """An account at a local service, which the list needs no key of."""
    json_service.reply = lambda *_: (200, LIST)
    base_url = f"http://127.0.0.1:{json_service.server_port}/v1"
    with Account(base_url=base_url, max_retries=0) as account:
        yield account


class TestOffline:
    """What the package ships."""

    def test_filters(self):
        """Each narrows the list; types other than chat are asked for by name."""
        found = catalogue.models(vendor="anthropic", parameter={"thinking"}, capability="tools")
        assert found
        assert all(m.vendor == "Anthropic" and "thinking" in m.parameters for m in found)
        assert [m.id for m in found] == sorted(m.id for m in found)
        assert {m.type for m in catalogue.models()} == {"chat"}
        assert {m.type for m in catalogue.models(type="video")} == {"video"}
        assert all("image" in m.inputs for m in catalogue.models(input="image"))
        assert len(catalogue.models(type=None, listed_only=False)) > len(catalogue.models()) > 100

    def test_one_model(self):
        """By its id, whatever its case, with what is known of it."""
        info = catalogue.model("GPT-4o")
        assert (info.id, info.type, info.vendor) == ("gpt-4o", "chat", "OpenAI")
        assert {"temperature", "tools"} <= info.parameters
        assert info.price is None
        assert catalogue.model("google/lyria2").type == "music"

    def test_near_misses(self):
        """An unknown id names those that look like it, of chat or of anything else."""
        with pytest.raises(NotFoundError) as missed:
            catalogue.model("gtp-4o")
        assert "gpt-4o" in str(missed.value)
        with pytest.raises(NotFoundError, match="lyria2"):
            catalogue.model("google/lyria-2x")

    def test_nothing_is_read_before_it_is_asked_for(self):
        """Importing fetches and reads nothing."""
        program = (
            "import sys\n"
            "opened = []\n"
            "sys.addaudithook(lambda e, a: opened.append(str(a[0])) if e == 'open' else None)\n"
            "from langchain_aimlapi import catalogue\n"
            "print([o for o in opened if o.endswith('.json')], 'httpx2' in sys.modules)\n"
        )
        command = [sys.executable, "-c", program]
        done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603
        assert done.stdout == "[] False\n"


class TestLive:
    """What the service lists."""

    def test_it_goes_before_what_the_package_ships(self, json_service, connection):
        """Prices per unit, aliases, windows; parameters stay those that are documented."""
        listed = catalogue.refresh(connection)
        assert [m.id for m in listed] == ["gpt-4o", "vendor/new-pictures", "vendor/priced-later"]
        info = catalogue.model("openai/gpt-4o")
        assert (info.context_window, info.max_output, info.name) == (128_000, 16_384, "GPT-4o")
        assert "temperature" in info.parameters
        assert info.price.usd("input") == pytest.approx(2.5e-6)
        assert info.price.usd("output") == pytest.approx(1e-5)
        assert json_service.asked[0][:3] == ("GET", "/v1/models", {"include": ["all"]})
        assert json_service.keys == [None]

    def test_prices_of_every_kind(self, connection):
        """Variants keep what they hold for; one that is not known beforehand is said to be none."""
        catalogue.refresh(connection)
        variants = catalogue.price("vendor/new-pictures")
        assert (variants.kind, variants.dimensions, variants.is_quotable) == (
            "variants",
            ("quality",),
            True,
        )
        assert [(p.usd, p.when) for p in variants.units] == [
            (0.02, {"quality": "low"}),
            (0.08, {"quality": "high"}),
        ]
        assert variants.usd("", "image") is None
        assert not catalogue.price("vendor/priced-later").is_quotable
        assert catalogue.model("vendor/priced-later").type == "transcription"

    def test_what_is_no_longer_listed(self, connection):
        """It stays known, as unlisted."""
        before = catalogue.model("gpt-4o-mini")
        assert before.status == "listed"
        catalogue.refresh(connection)
        assert catalogue.model("gpt-4o-mini").status == "unlisted"
        assert [m.id for m in catalogue.models()] == ["gpt-4o"]

    def test_a_list_that_has_not_changed_is_not_sent_again(
        self, json_service, connection, tmp_path
    ):
        """By the service's mark, from the cache folder, also by another process."""
        json_service.reply_headers = {"etag": '"v1"'}
        catalogue.refresh(connection)
        assert (tmp_path / "cache/langchain-aimlapi/models.json").exists()
        catalogue._live.clear()
        json_service.reply = lambda *_: (304, None)
        assert catalogue.refresh(connection)[0].id == "gpt-4o"
        asked = {name.lower(): value for name, value in json_service.headers[1].items()}
        assert asked["if-none-match"] == '"v1"'
        assert catalogue.price("gpt-4o") is not None

    @pytest.mark.parametrize("content", [b"no json", b'{"etag": 1}', b"[]"])
    def test_a_broken_cache_is_no_obstacle(self, json_service, connection, tmp_path, content):
        """It is fetched anew and written over."""
        folder = tmp_path / "cache/langchain-aimlapi"
        folder.mkdir(parents=True)
        (folder / "models.json").write_bytes(content)
        assert catalogue.refresh(connection)
        assert (folder / "models.json").read_bytes() != content

    def test_a_failure_leaves_what_was_known(self, json_service, connection):
        """Of this process, and of the package."""
        catalogue.refresh(connection)
        json_service.reply = lambda *_: (500, {"message": "oops"})
        with pytest.raises(ServerError):
            catalogue.refresh(connection)
        assert catalogue.price("gpt-4o") is not None

    def test_async_is_the_same(self, connection):
        """The same list; what is kept of it is read and written in a thread."""

        async def fetch():
            with blockbuster_ctx():
                async with connection:
                    return await catalogue.arefresh(connection)

        assert [m.id for m in asyncio.run(fetch())] == [m.id for m in catalogue.refresh(connection)]


class TestMetrics:
    """How models did lately."""

    def test_percentiles(self, json_service, connection):
        """What is absent is not zero; ids are repeated, a hundred a request."""
        row = {
            "alias": "gpt-4o",
            "endpoint": "openai/chat-completions",
            "metrics": {"ttft_ms": {"p50": 300, "p99": 900}, "tps": {"p50": 80}},
        }
        json_service.reply = lambda *_: (200, {"window_seconds": 3600, "models": [row]})
        found = catalogue.metrics([f"m{n}" for n in range(150)], connection)
        assert list(found) == ["gpt-4o"]
        figures = found["gpt-4o"]
        assert (figures.time_to_first_token.p50, figures.time_to_first_token.p75) == (300.0, None)
        assert (figures.tokens_per_second.p50, figures.duration.p50) == (80.0, None)
        assert [len(query["aliases"]) for _, _, query, _ in json_service.asked] == [100, 50]

        async def fetch():
            async with connection:
                return await catalogue.ametrics(["gpt-4o"], connection)

        assert asyncio.run(fetch()) == found
