"""Record and replay: what a real server answered, without it."""

from __future__ import annotations

import json
from http.client import HTTPException

import pytest

from langchain_aimlapi import AimlapiEmbeddings, ChatAimlapi
from langchain_aimlapi.sandbox import Sandbox
from tests.sandbox.http_client import chat, request

KEY, UPSTREAM_KEY = "sk-callers-key-123", "sk-upstream-key-456"


@pytest.fixture
def recorded(tmp_path):
    """A recording of a few calls, and what they brought; the real server is another sandbox."""
    file = tmp_path / "calls.jsonl"
    with Sandbox(api_key=UPSTREAM_KEY) as real:
        real.answer_next(f"Your keys are {KEY} and {UPSTREAM_KEY}.")
        real.answer_when("It is sunny.", contains="weather")
        options = {"upstream": real.base_url, "upstream_key": UPSTREAM_KEY, "api_key": KEY}
        with Sandbox(record=file, **options) as sandbox:
            texts = _talk(sandbox)
        assert len(real.requests) == 6
    return file, texts


def _front(real, file):
    """Return a sandbox before another one that plays the real server."""
    return Sandbox(record=file, upstream=real.base_url, upstream_key="some-key")


def _talk(sandbox, key=KEY):
    options = {"api_key": key, "base_url": sandbox.base_url}
    llm = ChatAimlapi(model="gpt-4o", **options, max_retries=0)
    responses = ChatAimlapi(model="gpt-5", use_responses_api=True, **options)
    embeddings = AimlapiEmbeddings(model="text-embedding-3-small", dimensions=3, **options)
    return [
        llm.invoke("Which keys?").text,
        llm.invoke("The weather?").text,
        "".join(chunk.text for chunk in llm.stream("The weather?")),
        responses.invoke("Hi").text,
        "".join(chunk.text for chunk in responses.stream("Hi")),
        embeddings.embed_query("Hi"),
    ]


def test_what_was_recorded_is_said_again(recorded):
    """Whole replies, streams and embeddings, on all endpoints, with no server behind."""
    file, texts = recorded
    with Sandbox(replay=file) as sandbox:
        again = _talk(sandbox, "sk-other-key-789")

    assert texts[1:3] == ["It is sunny.", "It is sunny."]
    assert again[1:] == texts[1:]
    assert again[0] == texts[0].replace(KEY, "[key]").replace(UPSTREAM_KEY, "[key]")


def test_no_key_is_in_the_file(recorded):
    """Neither the caller's nor the upstream's, in requests and replies."""
    text = recorded[0].read_text("utf-8")

    assert KEY not in text
    assert UPSTREAM_KEY not in text
    assert "[key]" in text
    assert len(text.splitlines()) == 6


def test_a_request_that_was_not_recorded(recorded):
    """It is a 400 that tells where the most similar recorded request differs."""
    with Sandbox(replay=recorded[0]) as sandbox:
        reply = chat(sandbox, "Something else", key="k")
        other = request(sandbox, "POST", "/embeddings", {"model": "m", "input": "x"})

    assert reply.status == 400
    assert "holds no reply to this request" in reply.json["message"]
    assert "differs in " in other.json["message"]


def test_the_same_request_again(tmp_path):
    """Its replies come in turn, and then the last one stays."""
    file = tmp_path / "deep" / "calls.jsonl"
    with Sandbox(record=file) as sandbox:
        sandbox.answer_next("one")
        sandbox.answer_next("two")
        for _ in range(2):
            chat(sandbox)
    with Sandbox(replay=file) as sandbox:
        texts = [chat(sandbox).message["content"] for _ in range(4)]

    assert texts == ["one", "two", "two", "two"]


def test_errors_of_the_upstream(tmp_path):
    """What it refused is recorded and refused again."""
    file = tmp_path / "calls.jsonl"
    with (
        Sandbox(faults="rate_limit") as real,
        _front(real, file) as front,
    ):
        assert chat(front).status == 429
    with Sandbox(replay=file) as sandbox:
        assert chat(sandbox).status == 429


def test_a_stream_that_breaks_off_is_not_recorded(tmp_path):
    """Only whole replies are kept."""
    file = tmp_path / "calls.jsonl"
    with (
        Sandbox(faults="drop_stream") as real,
        _front(real, file) as front,
        pytest.raises(HTTPException),
    ):
        chat(front, stream=True)
    assert file.read_text("utf-8") == ""


def _call(path="/x", **changed):
    response = {"status": 200, "body": "{}", **changed}
    return json.dumps({"request": {"path": path, "body": {}}, "response": response})


@pytest.mark.parametrize(
    "line",
    [
        "7",
        "{",
        "{}",
        json.dumps({"request": {"path": "/x", "body": {}}, "response": {"status": 200}}),
        json.dumps(
            {"request": {"path": "/x", "body": {}}, "response": {"status": "x", "body": ""}}
        ),
        _call(status=101),
        _call(status=99_999),
        _call(status=True),
        _call(body=5),
        _call(events="data: {}"),
        _call(events=[1]),
        _call(headers=["x"]),
        _call(headers={"x-request-id": 7}),
        _call(headers={"x-request-id": "1\r\nset-cookie: a=b"}),
        _call(content_type="text/html\r\n\r\n<p>"),
        _call(path=5),
        '"a text"',
        "[1]",
    ],
)
def test_a_file_that_is_no_recording(tmp_path, line):
    """It is refused with the number of the line."""
    file = tmp_path / "calls.jsonl"
    file.write_text("\n" + line, "utf-8")

    with pytest.raises(ValueError, match="line 2 is not a recorded call"), Sandbox(replay=file):
        pass


def test_options_that_exclude_each_other(tmp_path):
    """A replay asks nobody, and adds nothing."""
    for options in ({"record": "a"}, {"upstream": "http://127.0.0.1:1"}):
        with pytest.raises(ValueError, match="replay goes with neither"):
            Sandbox(replay=tmp_path / "calls.jsonl", **options)
