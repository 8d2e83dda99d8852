"""`Account` and the catalogue of the package against the sandbox, sync and async."""

from __future__ import annotations

import asyncio

import pytest

from langchain_aimlapi import Account, AimlapiEmbeddings, ChatAimlapi, catalogue
from langchain_aimlapi.errors import AimlapiError, ConfigurationError
from langchain_aimlapi.media import AimlapiVideos
from langchain_aimlapi.sandbox import Sandbox


@pytest.fixture(params=["sync", "async"])
def ask(request):
    """A function that calls a method, as it is or its async twin; rows come as lists."""

    def call(thing, name, *arguments, **options):
        if request.param == "sync":
            found = getattr(thing, name)(*arguments, **options)
            return list(found) if hasattr(found, "__next__") else found

        async def run():
            found = getattr(thing, f"a{name}")(*arguments, **options)
            if hasattr(found, "__anext__"):
                return [row async for row in found]
            return await found

        return asyncio.run(run())

    return call


def made(kind, sandbox, **options):
    """An object that asks the sandbox."""
    options = {"api_key": sandbox.api_key, "max_retries": 0, **options}
    return kind(base_url=sandbox.base_url, **options)


def test_a_message_is_found(sandbox, ask):
    """By the ids in its metadata, at its price."""
    message = made(ChatAimlapi, sandbox, model="openai/gpt-4o").invoke("Hi")
    account = made(Account, sandbox)
    (entry,) = ask(account, "logs", period="1h")
    assert entry.inference_id == message.response_metadata["inference_id"]
    assert entry.usd == message.response_metadata["cost"]
    assert entry.input_tokens == message.usage_metadata["input_tokens"]
    charge, first = ask(account, "transactions")
    assert (charge.reference_id, charge.usd) == (entry.inference_id, entry.usd)
    assert ask(account, "balance").amount == pytest.approx(first.usd - entry.usd)


def test_an_error_is_found(sandbox, ask):
    """By the request id that it names."""
    sandbox.fail_next("status_503")
    with pytest.raises(AimlapiError) as failed:
        made(ChatAimlapi, sandbox, model="openai/gpt-4o").invoke("Hi")
    (entry,) = ask(made(Account, sandbox), "logs", status="failed")
    assert (entry.request_id, entry.usd) == (failed.value.request_id, 0)


def test_a_job_is_found(sandbox, ask):
    """By its id."""
    video = made(AimlapiVideos, sandbox, model="alibaba/happyhorse-1-0", poll_interval=0.01)
    job = video.submit("a fox")
    (entry,) = ask(made(Account, sandbox), "logs")
    assert entry.inference_id == job.id


def test_usage(sandbox, ask):
    """By model and by day."""
    made(ChatAimlapi, sandbox, model="openai/gpt-4o").invoke("Hi")
    made(AimlapiEmbeddings, sandbox, model="text-embedding-3-small").embed_query("Hi")
    account = made(Account, sandbox)
    (by_model,) = ask(account, "usage", "24h", by="model")
    assert [row.model for row in by_model.models] == ["openai/gpt-4o", "text-embedding-3-small"]
    by_day = ask(account, "usage", "2d", by="day")
    assert sum(day.requests for day in by_day) == by_model.requests == 2
    assert sum(day.usd for day in by_day) == pytest.approx(by_model.usd)


def test_pages(sandbox, ask):
    """More rows than fit on a page, each once."""
    embeddings = made(AimlapiEmbeddings, sandbox, model="text-embedding-3-small", dimensions=1)
    for _ in range(101):
        embeddings.embed_query("Hi")
    account = made(Account, sandbox)
    assert len({entry.inference_id for entry in ask(account, "logs")}) == 101
    assert (
        len({row.reference_id for row in ask(account, "transactions", type="MODEL_USAGE")}) == 101
    )


def test_keys(sandbox, ask):
    """A key with a limit of its own, which the sandbox enforces."""
    account = made(Account, sandbox)
    key = ask(account, "create_key", "job", usd=0.0, per="day", scopes=["model:chat"])
    assert (key.limit_usd, key.limit_period, key.scopes) == (0, "day", ("model:chat",))
    llm = made(ChatAimlapi, sandbox, model="openai/gpt-4o", api_key=key.secret)
    with pytest.raises(AimlapiError, match="spending limit"):
        llm.invoke("Hi")
    assert [one.prefix for one in ask(account, "keys")] == [ask(account, "key").prefix, key.prefix]
    ask(account, "delete_key", key.prefix)
    assert [one.prefix for one in ask(account, "keys")] == ["sandbox"]


def test_an_empty_account(ask):
    """Is told apart from other refusals."""
    with Sandbox(balance=0.000001) as sandbox:
        llm = made(ChatAimlapi, sandbox, model="openai/gpt-4o")
        llm.invoke("Hi")
        with pytest.raises(AimlapiError, match="run out of credits"):
            llm.invoke("Hi")


@pytest.mark.parametrize("way", ["sync", "async"])
def test_the_list_is_refreshed(sandbox, way, tmp_path, monkeypatch):
    """The second time the sandbox answers that nothing has changed."""
    platformdirs = pytest.importorskip("platformdirs", reason="the cli extra")
    monkeypatch.setattr(platformdirs, "user_cache_path", lambda *_: tmp_path)
    connection = made(Account, sandbox)
    for _ in range(2):
        if way == "sync":
            models = catalogue.refresh(connection)
        else:
            models = asyncio.run(catalogue.arefresh(connection))
    by_id = {info.id: info for info in models}
    assert by_id["openai/gpt-image-1"].type == "image"
    assert by_id["openai/gpt-image-1"].price.usd("output", "image") == 0.01
    assert by_id["openai/gpt-4o"].price.usd("input") == 2.5e-6
    first, second = sandbox.requests
    assert "if-none-match" not in first.headers
    assert second.headers["if-none-match"]


def test_metrics(sandbox, ask):
    """What was called is measured, the rest is absent."""
    list(made(ChatAimlapi, sandbox, model="openai/gpt-4o").stream("Hi"))
    asked = ["openai/gpt-4o", "openai/gpt-4.1"]
    found = ask(catalogue, "metrics", asked, made(Account, sandbox))
    assert list(found) == ["openai/gpt-4o"]
    assert found["openai/gpt-4o"].duration.p50 > 0
    assert found["openai/gpt-4o"].time_to_first_token.p99 is not None


def test_what_is_refused(sandbox, ask):
    """By the client where it can, else by the sandbox."""
    account = made(Account, sandbox)
    with pytest.raises(ConfigurationError):
        ask(account, "logs", period="soon")
    with pytest.raises(AimlapiError, match="status: Invalid enum value"):
        ask(account, "logs", status="odd")
