"""The service's batches: sent once, looked at, joined by id, whatever happens in between."""

from __future__ import annotations

import asyncio
import json

import pytest

from langchain_aimlapi import ChatAimlapi, ConfigurationError, InvalidRequestError, bulk
from langchain_aimlapi.bulk import service as engine
from langchain_aimlapi.bulk.batches import BatchBook, outcome_of_result, read_batch
from langchain_aimlapi.errors import ResponseFormatError

from .world import lines, read_lines


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr(engine, "_FIRST_LOOK", 0.01)


@pytest.fixture
def source(tmp_path):
    """Five rows."""
    return lines(tmp_path / "in.jsonl", [{"id": i, "text": f"t{i}"} for i in range(5)])


@pytest.fixture
def claude(aimlapi_sandbox):
    """A function that makes a Claude model of the sandbox."""

    def made(asked="", **settings):
        return ChatAimlapi(
            model="claude-3-5-haiku-20241022",
            base_url=aimlapi_sandbox.base_url,
            api_key=aimlapi_sandbox.api_key,
            default_headers={"x-sandbox-batch": asked} if asked else None,
            **settings,
        )

    return made


def sent(sandbox):
    """The bodies of the batches that were made."""
    return [
        each.body
        for each in sandbox.requests
        if (each.method, each.path) == ("POST", "/v1/batches")
    ]


def run(source, model, sink, **options):
    return bulk.run(source, model, sink, prompt="Say {text}", engine="service", **options)


def test_rows_go_out_together_and_come_back_in_order(tmp_path, source, claude, aimlapi_sandbox):
    """The same output as with single calls, whatever the order of the results."""
    report = run(source, claude(max_tokens=50), tmp_path / "o.jsonl")
    rows = read_lines(tmp_path / "o.jsonl")
    assert [row["id"] for row in rows] == list(range(5))
    assert all(f"Say t{row['id']}" in row["answer"] or row["answer"] for row in rows)
    assert (rows[0]["finish_reason"], rows[0]["attempts"]) == ("end_turn", 1)
    assert all(row["input_tokens"] and row["model"] and row["request_id"] for row in rows)
    assert (report.done, len(sent(aimlapi_sandbox))) == (5, 1)
    params = sent(aimlapi_sandbox)[0]["requests"][0]["params"]
    assert params["max_tokens"] == 50
    assert params["messages"][0]["role"] == "user"
    run(source, claude(max_tokens=50), tmp_path / "o.jsonl")
    assert len(sent(aimlapi_sandbox)) == 1


def test_batches_of_the_allowed_size(tmp_path, source, claude, aimlapi_sandbox, monkeypatch):
    """More rows than a batch takes go in several; a budget lets them go one by one."""
    monkeypatch.setattr(engine, "_MOST_REQUESTS", 2)
    assert run(source, claude(), tmp_path / "o.jsonl", budget_usd=5.0).done == 5
    assert [len(each["requests"]) for each in sent(aimlapi_sandbox)] == [2, 2, 1]


def test_what_expired_is_sent_again_and_what_is_wrong_is_not(
    tmp_path, source, claude, aimlapi_sandbox
):
    """Each ends as a row; none is lost."""
    report = run(source, claude("expired=2"), tmp_path / "o.jsonl")
    assert (report.done, report.failed) == (5, 0)
    assert [len(each["requests"]) for each in sent(aimlapi_sandbox)] == [5, 2]


def test_a_service_that_never_answers_ends_as_an_error_of_the_row(tmp_path, source, claude):
    """After as many batches as rows are tried again."""
    report = run(
        source, claude("errored=1"), tmp_path / "o.jsonl", retries=bulk.Retries(transport=1)
    )
    assert (report.done, report.failed, report.errors) == (4, 1, {"BatchExpired": 1})


def test_a_killed_job_asks_for_what_it_has_sent(
    tmp_path, source, claude, aimlapi_sandbox, monkeypatch
):
    """The id is in the journal before the first look, so nothing is sent twice."""

    async def killed():
        task = asyncio.create_task(
            bulk.arun(
                source,
                claude("looks=1000"),
                tmp_path / "o.jsonl",
                prompt="Say {text}",
                engine="service",
            )
        )
        path = tmp_path / "o.jsonl.journal"
        while not sent(aimlapi_sandbox) or not BatchBook(path).open()[0].id:  # noqa: ASYNC110
            await asyncio.sleep(0.01)  # the service is in another thread
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(killed())
    (booked,) = BatchBook(tmp_path / "o.jsonl.journal").open()
    assert len(booked.rows) == 5
    monkeypatch.setattr(engine, "_GROWTH", 0.5)
    assert run(source, claude(), tmp_path / "o.jsonl").done == 5
    assert len(sent(aimlapi_sandbox)) == 1
    assert BatchBook(tmp_path / "o.jsonl.journal").open() == []


def test_a_batch_whose_id_did_not_arrive_is_not_made_twice(
    tmp_path, source, claude, aimlapi_sandbox, monkeypatch
):
    """It is sent with the same idempotency key, for which the service has one batch."""

    def lost(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(BatchBook, "name", lost)
        with pytest.raises(KeyboardInterrupt):
            run(source, claude(), tmp_path / "o.jsonl")
    assert BatchBook(tmp_path / "o.jsonl.journal").open()[0].id is None
    assert run(source, claude(), tmp_path / "o.jsonl").done == 5
    keys = {
        each.headers["idempotency-key"]
        for each in aimlapi_sandbox.requests
        if (each.method, each.path) == ("POST", "/v1/batches")
    }
    assert (len(sent(aimlapi_sandbox)), len(keys)) == (2, 1)


def test_a_schema(tmp_path, source, claude):
    """Answers are the arguments of a tool that has to be called."""
    schema = {
        "title": "Thing",
        "description": "A thing.",
        "type": "object",
        "properties": {"n": {"type": "integer"}},
        "required": ["n"],
    }
    run(source, claude(), tmp_path / "o.jsonl", schema=schema)
    assert all(isinstance(row["parsed"]["n"], int) for row in read_lines(tmp_path / "o.jsonl"))


def test_rows_that_cannot_be_sent(tmp_path, claude, aimlapi_sandbox):
    """They are errors of their rows, and go into no batch."""
    source = lines(tmp_path / "in.jsonl", [{"text": "a"}, {"other": 1}])
    report = run(source, claude(), tmp_path / "o.jsonl")
    assert (report.done, report.errors) == (1, {"RowError": 1})
    assert len(sent(aimlapi_sandbox)[0]["requests"]) == 1


def test_other_models_are_refused(tmp_path, source, aimlapi_sandbox):
    """Before anything is sent."""
    llm = ChatAimlapi(model="gpt-4o", base_url=aimlapi_sandbox.base_url, api_key="k")
    with pytest.raises(ConfigurationError, match="Claude"):
        run(source, llm, tmp_path / "o.jsonl")
    assert not sent(aimlapi_sandbox)


def test_a_refused_batch_is_no_batch(tmp_path, source, claude, aimlapi_sandbox):
    """The error is the service's, and the next run begins anew."""
    with pytest.raises(bulk.BulkError, match="refuses the batch") as refused:
        run(source, claude("nonsense"), tmp_path / "o.jsonl")
    assert isinstance(refused.value.__cause__, InvalidRequestError)
    assert run(source, claude(), tmp_path / "o.jsonl").done == 5


def test_states_and_results_are_told_apart():
    """Also a state over several lines, and a single result."""
    state = {"id": "b", "processing_status": "in_progress"}
    assert read_batch(json.dumps(state, indent=1).encode()) == state
    result = {"custom_id": "row-7", "result": {"type": "expired"}}
    assert read_batch(json.dumps(result).encode()) == {7: {"type": "expired"}}
    for odd in (b"", b'{"custom_id": "x", "result": {}}', b"[1]"):
        with pytest.raises(ResponseFormatError):
            read_batch(odd)


def test_results_of_all_kinds():
    """Reasoning, cached tokens, cost; errors that another batch may cure, and others."""
    message = {
        "content": [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "A"}],
        "usage": {"input_tokens": 3, "cache_read_input_tokens": 4, "output_tokens": 5},
        "meta": {"usage": {"usd_spent": 0.25}},
    }
    values = outcome_of_result({"type": "succeeded", "message": message}, None).values
    assert (values["answer"], values["reasoning"], values["cost_usd"]) == ("A", "hm", 0.25)
    assert (values["input_tokens"], values["output_tokens"]) == (7, 5)
    assert outcome_of_result({"type": "succeeded", "message": message}, "Thing").failed
    busy = {"type": "errored", "error": {"error": {"type": "overloaded_error"}}}
    assert outcome_of_result(busy, None) is None
    wrong = {"type": "errored", "error": {"type": "invalid_request_error", "message": "no"}}
    assert outcome_of_result(wrong, None).values["error"] == "no"
