"""Embeddings through their public methods."""

from __future__ import annotations

import array
import asyncio
import base64
import pickle
import time

import orjson
import pytest
from langchain_core.documents import Document

from langchain_aimlapi import (
    AimlapiEmbeddings,
    AimlapiTimeoutError,
    ConfigurationError,
    InvalidRequestError,
    MissingAPIKeyError,
    RateLimitError,
    ResponseFormatError,
    ServerError,
    UnknownParameterWarning,
)
from langchain_aimlapi import embeddings as embeddings_module
from langchain_aimlapi._codec.decode.embeddings import decode_embeddings
from langchain_aimlapi._codec.encode.embeddings import estimate_tokens
from tests.scripted import Scripted

MODEL = "text-embedding-3-small"


@pytest.fixture(params=["sync", "async"])
def embed(request):
    """Embed documents in both worlds."""

    def embedded(embeddings, texts):
        if request.param == "sync":
            return embeddings.embed_documents(texts)
        return asyncio.run(embeddings.aembed_documents(texts))

    return embedded


def reply(*vectors, places=None):
    places = places or range(len(vectors))
    data = [{"index": i, "embedding": v} for i, v in zip(places, vectors, strict=True)]
    return orjson.dumps({"object": "list", "data": data})


def read(body, count):
    return decode_embeddings(body, count).embeddings


def test_each_text_has_its_vector(embed, aimlapi_sandbox):
    """In the order of the texts, the same text the same vector."""
    first, second, third = embed(AimlapiEmbeddings(model=MODEL), ["a", "b", "a"])

    assert first == third != second
    assert all(isinstance(number, float) for number in first)


def test_long_lists_go_in_several_requests(embed, aimlapi_sandbox):
    """And come back as one list, the same as in one request."""
    texts = [f"text {n}" for n in range(7)]

    pieces = embed(AimlapiEmbeddings(model=MODEL, chunk_size=3), texts)
    whole = embed(AimlapiEmbeddings(model=MODEL), texts)

    assert pieces == whole
    assert sorted(len(r.body["input"]) for r in aimlapi_sandbox.requests) == [1, 3, 3, 7]


def test_no_texts_need_no_request(embed, aimlapi_sandbox):
    """An empty list is answered at once."""
    assert embed(AimlapiEmbeddings(model=MODEL), []) == []
    assert aimlapi_sandbox.requests == []


def test_base64_is_the_same_vector(embed, aimlapi_sandbox):
    """But for single precision, in which it travels."""
    [plain] = embed(AimlapiEmbeddings(model=MODEL, dimensions=8, encoding_format="float"), ["a"])
    [packed] = embed(AimlapiEmbeddings(model=MODEL, dimensions=8), ["a"])

    formats = [request.body["encoding_format"] for request in aimlapi_sandbox.requests]
    assert formats == ["float", "base64"]

    assert packed == pytest.approx(plain, rel=1e-6)
    assert len(packed) == 8


def test_parameters_are_sent(aimlapi_sandbox):
    """Those with a field and those without; what is not set is not sent."""
    with pytest.warns(UnknownParameterWarning, match="auto_truncat"):
        embeddings = AimlapiEmbeddings(model=MODEL, dimensions=4, auto_truncat=True)
    embeddings.embed_query("a")

    assert aimlapi_sandbox.requests[-1].body == {
        "model": MODEL,
        "input": ["a"],
        "dimensions": 4,
        "encoding_format": "base64",
        "auto_truncat": True,
    }


def test_no_key(embed, aimlapi_sandbox, monkeypatch):
    """Nothing is sent, and the error says what to set."""
    monkeypatch.delenv("AIMLAPI_API_KEY")

    with pytest.raises(MissingAPIKeyError, match="AIMLAPI_API_KEY"):
        embed(AimlapiEmbeddings(model=MODEL), ["a"])

    assert aimlapi_sandbox.requests == []


def test_a_refusal_is_typed_and_retried(embed, aimlapi_sandbox):
    """As often as was allowed."""
    headers = {"x-sandbox-fault": "status_429"}

    with pytest.raises(RateLimitError):
        embed(AimlapiEmbeddings(model=MODEL, max_retries=0, default_headers=headers), ["a"])

    assert len(aimlapi_sandbox.requests) == 1


def test_a_bad_address_is_refused():
    """At construction, as for chat models."""
    with pytest.raises(ConfigurationError, match="base_url"):
        AimlapiEmbeddings(model=MODEL, base_url="nowhere")


def test_it_is_a_value(aimlapi_sandbox):
    """A pickle works and holds no key of the environment."""
    embeddings = AimlapiEmbeddings(model=MODEL)
    packed = pickle.dumps(embeddings)

    assert aimlapi_sandbox.api_key.encode() not in packed.replace(b"sandbox_", b"")
    assert pickle.loads(packed).embed_query("a") == embeddings.embed_query("a")  # noqa: S301


def test_vectors_are_sorted_by_index():
    """A service may answer in any order."""
    assert read(reply([1], [0], places=[1, 0]), 2) == [[0.0], [1.0]]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"<html>", "not JSON"),
        (reply(), "0 embeddings for 1"),
        (reply([1], [2]), "2 embeddings for 1"),
        (reply(["x"]), "something else"),
        (reply(None), "something else"),
        (reply("***"), "neither"),
        (reply([True]), "something else"),
        (reply([]), "something else"),
        (reply(base64.b64encode(b"abc").decode()), "middle of a number"),
    ],
)
def test_odd_replies_are_refused(body, words):
    """By name, never with a vector too few or too short."""
    with pytest.raises(ResponseFormatError, match=words):
        decode_embeddings(body, 1)


def test_packed_numbers_are_little_endian():
    """As the API packs them."""
    packed = base64.b64encode(array.array("f", [0.5, -2.0]).tobytes()).decode()

    assert read(reply(packed), 1) == [[0.5, -2.0]]


class Service(Scripted):
    """Answers like a service with limits: `refuse` says what it has against the texts of a request."""

    def __init__(self, refuse=lambda texts: None, reply=None) -> None:
        super().__init__(reply=reply)
        self.refuse = refuse
        self.refusal = {}

    def refuses(self, body):
        """Say so, as vendors do."""
        message = self.refuse(body["input"])
        self.refusal = {"error": {"message": message, "code": "invalid", "type": "invalid"}}
        return 400 if message else 0

    def answer(self, body, headers):
        """The length of each text is its embedding; the last comes first."""
        if self._reply is not None:
            return super().answer(body, headers)
        self.bodies.append(body)
        self.headers.append({name.lower(): value for name, value in headers.items()})
        data = [{"index": i, "embedding": [len(text)]} for i, text in enumerate(body["input"])]
        usage = {"prompt_tokens": len(data), "total_tokens": len(data)}
        meta = {"usage": {"credits_used": 2_000_000 * len(data), "usd_spent": len(data)}}
        said = {"data": data[::-1], "model": "m", "usage": usage, "meta": meta}
        return "application/json", orjson.dumps(said)

    @property
    def sent(self):
        """The texts of each request, in the order of the call."""
        return sorted((body["input"] for body in self.bodies), key=lambda texts: len(texts[0]))


def made(service, **settings):
    given = {"model": "m", "api_key": "key-123456", "base_url": service.url, "max_retries": 0}
    return AimlapiEmbeddings(**{**given, **settings})


TEXTS = ["x" * length for length in range(1, 41)]
"""Each of another length, so that an embedding out of place is seen."""


class TestRequests:
    """How a list of texts is sent."""

    @pytest.mark.parametrize("concurrency", [1, 7])
    def test_the_order_is_kept(self, embed, concurrency):
        """Whatever comes first, and however many are under way."""
        with Service() as service:
            embeddings = made(service, chunk_size=3, max_concurrency=concurrency)
            assert embed(embeddings, TEXTS) == [[len(text)] for text in TEXTS]

        assert [len(texts) for texts in service.sent] == [3] * 13 + [1]

    def test_requests_are_split_by_tokens(self, embed):
        """By an estimate that is rather too high; a text that has more goes alone."""
        one, two, three = ["a" * 100, "b" * 101], ["c" * 1_000], ["d" * 99, "ж" * 30]
        with Service() as service:
            embed(made(service, max_request_tokens=85), [*one, *two, *three])

        assert sorted(service.sent) == [one, two, three]

    def test_a_refusal_about_size_halves_the_request(self, embed):
        """Until it fits; each text is embedded once."""

        def refuse(texts):
            most = 6
            return f"Array must contain at most {most} element(s)" if len(texts) > most else None

        with Service(refuse) as service:
            assert embed(made(service), TEXTS) == [[len(text)] for text in TEXTS]

        answered = [texts for texts in service.sent if len(texts) <= 6]
        assert [text for texts in answered for text in texts] == TEXTS

    @pytest.mark.parametrize(
        "message",
        [
            "Requested 300321 tokens, max 300000 tokens per request",
            "This model's maximum context length is 8192 tokens",
            "Too many inputs in one batch",
        ],
    )
    def test_a_text_that_is_too_long_is_named(self, embed, message):
        """By its place among all texts of the call."""
        with (
            Service(lambda texts: message if TEXTS[20] in texts else None) as service,
            pytest.raises(InvalidRequestError) as failed,
        ):
            embed(made(service, chunk_size=8), TEXTS)

        assert "texts[20] is too long" in str(failed.value)

    def test_other_refusals_are_no_reason_to_halve(self, embed):
        """One request is sent."""
        with (
            Service(lambda texts: "no such model") as service,
            pytest.raises(InvalidRequestError, match="no such model"),
        ):
            embed(made(service), TEXTS)

        assert len(service.bodies) == 1

    def test_a_failure_ends_the_others(self, embed):
        """What is not under way yet is not sent."""
        with (
            Service(lambda texts: "no" if len(texts[0]) < 5 else None) as service,
            pytest.raises(InvalidRequestError),
        ):
            embed(made(service, chunk_size=1, max_concurrency=2), ["x", *["y" * 9] * 200])

        assert len(service.bodies) < 200

    def test_a_key_function_is_asked_for_every_request(self, embed):
        """Keys may change while a long list is embedded."""
        keys = iter(f"key-{number:06}" for number in range(99))
        with Service() as service:
            embed(made(service, api_key=lambda: next(keys), chunk_size=10), TEXTS)

        sent = sorted(headers["authorization"] for headers in service.headers)
        assert sent == [f"Bearer key-{number:06}" for number in range(4)]

    def test_progress(self, embed):
        """The texts that are done, and all of them."""
        seen = []
        with Service() as service:
            made_with = {"chunk_size": 10, "on_progress": lambda *counts: seen.append(counts)}
            embed(made(service, **made_with), TEXTS)

        assert seen == [(10, 40), (20, 40), (30, 40), (40, 40)]

    def test_ctrl_c_while_requests_are_handed_out(self, monkeypatch):
        """The rest of a long list is not sent."""
        submit, begun = embeddings_module.ContextThreadPoolExecutor.submit, []

        def submitted(*given):
            begun.append(given)
            if len(begun) > 3:
                raise KeyboardInterrupt
            return submit(*given)

        monkeypatch.setattr(embeddings_module.ContextThreadPoolExecutor, "submit", submitted)
        with Service(lambda _: time.sleep(0.2)) as service:
            with pytest.raises(KeyboardInterrupt):
                made(service, chunk_size=1, max_concurrency=2).embed_documents(TEXTS)
            time.sleep(0.5)

            assert len(service.bodies) <= 2

    def test_one_deadline_for_all(self, embed):
        """A timeout that was set bounds the call, not each of its requests."""

        def refuse(_):
            time.sleep(0.2)

        with Service(refuse) as service:
            embeddings = made(service, timeout=1.0, chunk_size=1, max_concurrency=1)
            with pytest.raises(AimlapiTimeoutError):
                embed(embeddings, TEXTS)

        assert len(service.bodies) < 20


class TestTexts:
    """What is refused before anything is sent."""

    def test_an_empty_text_is_named(self, embed, aimlapi_sandbox):
        """The service would refuse the whole request, without saying which."""
        with pytest.raises(ConfigurationError, match=r"texts\[2\] is empty"):
            embed(AimlapiEmbeddings(model=MODEL), ["a", " ", "", ""])

        assert aimlapi_sandbox.requests == []

    @pytest.mark.parametrize(
        ("texts", "words"),
        [
            ("a text", r"pass \[text\], or use embed_query"),
            (b"a text", "takes a list of texts"),
            (["a", None], r"texts\[1\] is of type NoneType"),
            (["a", ["b"]], r"texts\[1\] is of type list"),
            ([Document("a")], r"texts\[0\] is a Document: pass its page_content"),
        ],
    )
    def test_what_is_no_list_of_texts(self, embed, aimlapi_sandbox, texts, words):
        """The remedy is in the error."""
        with pytest.raises(TypeError, match=words):
            embed(AimlapiEmbeddings(model=MODEL), texts)

        assert aimlapi_sandbox.requests == []

    def test_any_iterable_is_taken(self, embed, aimlapi_sandbox):
        """As the texts of a generator."""
        assert len(embed(AimlapiEmbeddings(model=MODEL), (letter for letter in "abc"))) == 3

    @pytest.mark.parametrize(
        ("text", "tokens"),
        [
            ("The quick brown fox jumps over the lazy dog. " * 20, 201),  # a word each, and dots
            ("敏捷的棕色狐狸跳过了懒狗", 12),  # a character each
            ("Быстрая коричневая лиса прыгает через ленивую собаку", 26),  # two letters each
            ("🚀" * 10, 20),
        ],
    )
    def test_the_estimate_errs_high(self, text, tokens):
        """But not by more than a few times."""
        assert tokens <= estimate_tokens(text) <= 3 * tokens


class TestReplies:
    """What is kept of a reply, and what is none."""

    def test_usage_and_cost_are_kept(self, way):
        """Summed up over all requests."""
        with Service() as service:
            result = way(made(service, chunk_size=16), TEXTS)

        assert result.embeddings == [[len(text)] for text in TEXTS]
        assert (result.tokens, result.cost) == (40, 40.0)
        assert [each["model_name"] for each in result.responses] == ["m"] * 3

    def test_what_a_reply_does_not_say_is_not_made_up(self, way):
        """No usage is None, and not 0."""
        with Service(reply={"data": [{"embedding": [1.0]}]}) as service:
            result = way(made(service), ["a"])

        assert (result.tokens, result.cost, result.responses) == (None, None, [{}])

    @pytest.mark.parametrize(
        "odd",
        [
            {"data": 5},
            {"data": {"a": 1}},
            {"data": [{"embedding": {"a": 1}}]},
            {"data": [{"embedding": [1, None]}]},
            {"data": "text"},
            {"data": True},
        ],
    )
    def test_wrong_types_are_our_errors(self, embed, odd):
        """With the reply that came."""
        with Service(reply=odd) as service, pytest.raises(ResponseFormatError) as failed:
            embed(made(service), ["a"])

        assert failed.value.response.json() == odd

    @pytest.mark.parametrize(
        "odd",
        [
            {"usage": 5, "meta": [1], "model": None},
            {"usage": {"prompt_tokens": "x"}, "meta": {"usage": "x"}, "id": 5},
        ],
    )
    def test_wrong_types_beside_the_embeddings(self, embed, odd):
        """They are no reason to lose what was paid for."""
        with Service(reply={"data": [{"embedding": [1.0], "index": "x"}], **odd}) as service:
            assert embed(made(service), ["a"]) == [[1.0]]

    def test_embeddings_of_different_lengths_are_refused(self, embed):
        """A store would take them, and fail at the first search."""
        odd = {"data": [{"embedding": [1.0]}, {"embedding": [1.0, 2.0]}]}
        with (
            Service(reply=odd) as service,
            pytest.raises(ResponseFormatError, match="different lengths"),
        ):
            embed(made(service), ["a", "b"])

    def test_an_error_in_a_200(self, embed):
        """It is one here, too."""
        with (
            Service(reply={"error": {"message": "overloaded", "code": 503}}) as service,
            pytest.raises(ServerError, match="overloaded"),
        ):
            embed(made(service), ["a"])

    def test_a_reply_is_parsed_once(self, embed, monkeypatch):
        """Long replies take milliseconds to read."""
        parsed = []
        loads = orjson.loads
        monkeypatch.setattr(orjson, "loads", lambda data: parsed.append(data) or loads(data))
        with Service() as service:
            monkeypatch.setattr(service, "_reply", {"data": [{"embedding": [1.0]}], "error": None})
            embed(made(service), ["a"])

        assert len(parsed) == 1


class TestWhatTheyAreFor:
    """Documents and queries, told apart where that is documented."""

    @pytest.mark.parametrize(
        ("settings", "document", "query"),
        [
            (
                {"model": "text-multilingual-embedding-002"},
                {"task_type": "RETRIEVAL_DOCUMENT"},
                {"task_type": "RETRIEVAL_QUERY"},
            ),
            (
                {"model": "google/text-multilingual-embedding-002", "task_type": "CLUSTERING"},
                {"task_type": "CLUSTERING"},
                {"task_type": "CLUSTERING"},
            ),
            ({"model": "voyage-2", "input_type": "document"}, {"input_type": "document"}, None),
            (
                {"model": "x", "input_type": "document", "query_input_type": "query"},
                {"input_type": "document"},
                {"input_type": "query"},
            ),
            ({"model": "x"}, {}, {}),
        ],
    )
    def test_parameters(self, settings, document, query):
        """An unknown model gets nothing but what was asked for."""
        with Service() as service:
            embeddings = made(service, **settings)
            embeddings.embed_documents(["a"])
            embeddings.embed_query("a")
            asyncio.run(embeddings.aembed_documents(["a"]))
            asyncio.run(embeddings.aembed_query("a"))

        sent = [{k: v for k, v in body.items() if "type" in k} for body in service.bodies]
        expected = [document, document if query is None else query]
        assert sent == expected * 2


@pytest.fixture(params=["sync", "async"])
def way(request):
    """Embed with usage in both worlds."""

    def embedded(embeddings, texts):
        if request.param == "sync":
            return embeddings.embed_with_usage(texts)
        return asyncio.run(embeddings.aembed_with_usage(texts))

    return embedded
