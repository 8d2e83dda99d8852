"""What all requests have in common: who may ask, the ids, the envelope, the record."""

from __future__ import annotations

import json
import socket
import time

import pytest

from langchain_aimlapi.sandbox import RecordedRequest, Sandbox, server
from tests.sandbox.http_client import USER, chat, request

ENVELOPE = {"requestId", "statusCode", "timestamp", "path", "message"}


def test_any_key_is_accepted(sandbox):
    """The sandbox has no real keys, so any word passes."""
    assert chat(sandbox, key="whatever").status == 200
    assert chat(sandbox, key=sandbox.api_key).status == 200


@pytest.mark.parametrize("key", [None, "", "invalid"])
def test_no_key_is_401(sandbox, key):
    """No key, an empty one, and the word `invalid` are refused."""
    reply = chat(sandbox, key=key)

    assert (reply.status, reply.json["statusCode"]) == (401, 401)


def test_other_schemes_are_401(sandbox):
    """Only a bearer key is a key."""
    headers = {"Authorization": "Basic a2V5"}

    assert chat(sandbox, key=None, headers=headers).status == 401


def test_a_key_can_be_set():
    """With a key of its own the sandbox lets in no other."""
    with Sandbox(api_key="s3cret") as sandbox:
        assert sandbox.api_key == "s3cret"
        assert [chat(sandbox, key=key).status for key in ("s3cret", "sandbox")] == [200, 401]


@pytest.mark.parametrize("prefix", ["", "/v1"])
@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/chat/completions", {"model": "m", "messages": USER}),
        ("/responses", {"model": "m", "input": "hi"}),
        ("/embeddings", {"model": "m", "input": "hi"}),
    ],
)
def test_paths_with_and_without_version(sandbox, prefix, path, body):
    """Each endpoint answers under both paths."""
    assert request(sandbox, "POST", path, body, prefix=prefix).status == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/v1/chat/completions"),
        ("POST", "/v1/nothing"),
        ("GET", "/v1/chat/completions"),
        ("GET", "/"),
        ("DELETE", "/v1/models"),
    ],
)
def test_other_paths_are_404(sandbox, method, path):
    """What is not served is 404 in the envelope."""
    reply = request(sandbox, method, path, prefix="")

    assert (reply.status, reply.json["path"]) == (404, path)
    assert reply.json["message"] == f"Cannot {method} {path}"


def test_the_envelope(sandbox):
    """An error is one flat object, as documented."""
    reply = request(sandbox, "POST", "/chat/completions", {"messages": []})

    assert set(reply.json) == ENVELOPE
    assert reply.json["statusCode"] == reply.status == 400
    assert reply.json["path"] == "/v1/chat/completions"
    assert reply.json["timestamp"].endswith("Z")
    assert reply.headers["content-type"] == "application/json"


@pytest.mark.parametrize("body", [b"", b"{", b"nonsense", b"[1]", b'"text"'])
def test_a_body_that_is_no_object_is_400(sandbox, body):
    """Broken JSON and JSON of the wrong kind are refused."""
    assert request(sandbox, "POST", "/chat/completions", body).status == 400


def test_every_reply_has_its_own_inference_id(sandbox):
    """The id is there, streamed or not, and in errors."""
    replies = [chat(sandbox), chat(sandbox, stream=True), chat(sandbox, seed=0)]

    assert len({reply.headers["x-inference-id"] for reply in replies}) == 3


@pytest.mark.parametrize(
    ("sent", "echoed"),
    [("run-7:a.b_c", "run-7:a.b_c"), ("x" * 128, "x" * 128), ("x" * 129, None), ("a b", None)],
)
def test_a_client_id_is_echoed_if_valid(sandbox, sent, echoed):
    """An id outside the documented alphabet or length is silently ignored."""
    reply = chat(sandbox, headers={"X-Client-Request-Id": sent})

    assert (reply.status, reply.headers.get("x-client-request-id")) == (200, echoed)


def test_cost_stands_in_headers_and_body(sandbox):
    """A whole reply names its cost twice, in the same figures."""
    reply = chat(sandbox)
    cost = reply.json["meta"]["usage"]

    assert int(reply.headers["x-aimlapi-credits-used"]) == cost["credits_used"] > 0
    assert float(reply.headers["x-aimlapi-usd-spent"]) == pytest.approx(cost["usd_spent"])
    assert cost["usd_spent"] == cost["credits_used"] / 2_000_000


def test_a_stream_has_no_cost_in_its_headers(sandbox):
    """The cost is not known when a stream begins."""
    headers = chat(sandbox, stream=True).headers

    assert headers["content-type"] == "text/event-stream"
    assert not [name for name in headers if name.startswith("x-aimlapi-")]


def test_requests_are_recorded(sandbox):
    """A test can look at what its application sent."""
    chat(sandbox, temperature=0.5, headers={"X-Title": "My app"})
    request(sandbox, "GET", "/models?id=gpt-4o", key=None)
    first, second = sandbox.requests

    assert (first.method, first.path) == ("POST", "/v1/chat/completions")
    assert first.body["temperature"] == 0.5
    assert (first.headers["x-title"], first.headers["authorization"]) == ("My app", "Bearer k")
    assert (second.method, second.path, second.body) == ("GET", "/v1/models", None)
    assert second.query == {"id": "gpt-4o"}


def test_refused_requests_are_recorded_too(sandbox):
    """What was wrong is what a test wants to see."""
    request(sandbox, "POST", "/chat/completions", b"{", key=None)

    assert [record.body for record in sandbox.requests] == [None]


@pytest.mark.parametrize(("kept", "seen"), [(2, [2, 3]), (0, [])])
def test_only_so_many_requests_are_kept(sandbox, kept, seen):
    """A sandbox that runs for long does not fill the memory with what it was asked."""
    sandbox.requests_kept = kept
    for number in range(4):
        chat(sandbox, seed=number)

    assert [record.body["seed"] for record in sandbox.requests] == seen


def test_a_record_does_not_print_its_headers():
    """The key is not seen in a failing test's output."""
    record = RecordedRequest("POST", "/", {"authorization": "Bearer s3cret"})

    assert "s3cret" not in repr(record)


def test_big_bodies_are_taken(sandbox):
    """A request may carry megabytes of media."""
    text = "x" * 5_000_000

    assert chat(sandbox, text).json["usage"]["prompt_tokens"] > 800_000


@pytest.mark.parametrize("model", ["gpt-4o", "anything/at-all", "aimlapi/does-not-exist"])
def test_any_model_works(sandbox, model):
    """The reply names the model that was asked for."""
    assert chat(sandbox, model=model).json["model"] == model


@pytest.mark.parametrize("path", ["/chat/completions", "/responses", "/embeddings"])
def test_unknown_models_are_404(sandbox, path):
    """Ids that begin with `unknown/` do not exist, and the message names them."""
    body = {"model": "unknown/model", "messages": USER, "input": "hi"}
    reply = request(sandbox, "POST", path, body)

    assert reply.status == 404
    assert "unknown/model" in reply.json["message"]


def test_the_same_request_gets_the_same_words(sandbox):
    """Replies differ in their ids only."""
    one, other = (chat(sandbox).json for _ in range(2))

    assert one["id"] != other["id"]
    assert one["choices"] == other["choices"]
    assert json.dumps(one["usage"]) == json.dumps(other["usage"])


@pytest.mark.parametrize("asked", ["40", "200"])
def test_answers_can_be_long(sandbox, asked):
    """A load test asks for as many tokens as it needs."""
    reply = chat(sandbox, headers={"x-sandbox-tokens": asked})

    assert int(asked) <= reply.json["usage"]["completion_tokens"] < int(asked) + 4


def test_nonsense_in_our_own_headers_is_400(sandbox):
    """A wish that cannot be read is refused, not ignored."""
    assert chat(sandbox, headers={"x-sandbox-tokens": "many"}).status == 400
    assert chat(sandbox, headers={"x-sandbox-tokens": "1000000"}).status == 400
    assert chat(sandbox, headers={"x-sandbox-fault": "rate_limits"}).status == 400


def test_too_big_a_body_is_413(monkeypatch):
    """A refusal by the HTTP library itself comes in the envelope as well."""
    monkeypatch.setattr(server, "_MAX_BYTES", 10)
    with Sandbox() as sandbox:
        reply = chat(sandbox)

    assert (reply.status, set(reply.json)) == (413, ENVELOPE)


def test_a_failure_of_our_own_is_500_and_logged(sandbox, caplog):
    """An error of the sandbox itself is a 500 that says so, and the sandbox keeps running."""
    sandbox.answers(lambda request: 7)
    reply = chat(sandbox)

    assert (reply.status, "The sandbox failed" in reply.json["message"]) == (500, True)
    assert "the sandbox failed on POST /v1/chat/completions" in caplog.text
    sandbox.answers(None)
    assert chat(sandbox).status == 200


def test_a_client_that_leaves_amid_its_request(sandbox):
    """Half a request is nobody's error, and the next one is answered."""
    port = int(sandbox.base_url.split(":")[2].split("/")[0])
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nContent-Length: 100\r\n\r\n{")
    while sandbox.connections:
        time.sleep(0.01)

    assert chat(sandbox).status == 200
    assert len(sandbox.requests) == 1


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost:1", 200),
        ("LOCALHOST", 200),
        ("app.localhost:80", 200),
        ("127.0.0.2", 200),
        ("[::1]:80", 200),
        ("", 200),
        ("attacker.example", 421),
        ("attacker.example:8989", 421),
        ("127.0.0.1.attacker.example", 421),
        ("localhost.attacker.example", 421),
        ("192.0.2.1", 421),
        ("[::1", 421),
    ],
)
def test_only_names_of_this_machine_are_answered(sandbox, host, status):
    """A page whose name points to this machine (DNS rebinding) reads nothing."""
    reply = request(sandbox, "GET", "/models?id=gpt-4o", headers={"Host": host})

    assert reply.status == status
    assert status == 200 or reply.json["statusCode"] == 421
    assert len(sandbox.requests) == (status == 200)


def test_as_an_http_proxy_it_answers_for_any_host(sandbox):
    """A client that was told to use it as its proxy names the whole address; no browser does."""
    url = "http://nowhere.invalid/v1/models?id=gpt-4o"

    assert request(sandbox, "GET", url, prefix="").status == 200


@pytest.mark.parametrize("depth", [250, 900])
def test_deep_schemas_are_answered_or_refused(sandbox, depth):
    """A schema that is nested deeper than the JSON library writes is no failure."""
    schema = {}
    for _ in range(depth):
        schema = {"items": schema}
    tool = {"type": "function", "function": {"name": "f", "parameters": schema}}
    body = {"model": "m", "messages": [{"role": "user", "content": "f"}], "tools": [tool]}

    assert request(sandbox, "POST", "/chat/completions", body).status in {200, 400}
