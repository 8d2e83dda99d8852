"""Requests put together of pieces, and structured rows without LangChain's chain."""

from __future__ import annotations

import json
import re
from functools import partial

import pytest
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.messages import HumanMessage, convert_to_messages
from pydantic import BaseModel, SecretStr

from langchain_aimlapi import ChatAimlapi, bulk, catalogue
from langchain_aimlapi._chat.build import build_chat_request
from langchain_aimlapi._chat.repeated import RepeatedRequests
from langchain_aimlapi.bulk import calls
from langchain_aimlapi.bulk.direct import nobody_listens
from langchain_aimlapi.errors import UnsupportedContentError
from tests.scripted import Scripted

from .world import lines, read_lines

TEXTS = [
    "plain",
    'quotes " and \\ and \n\t and \x00',
    "äöü 漢字 🎈",
    "half of one: \ud83d",
    "",
    " \n ",
    "null NaN",
    "{braces}",
]
KEY = SecretStr("k")


class Film(BaseModel):
    """A film."""

    title: str
    year: int


def seen(make):
    """All of a request that is not named by its id; or the error that says why there is none."""
    try:
        chat_request = make()
    except UnsupportedContentError as error:
        return str(error)
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", chat_request.id)
    request = chat_request.request
    headers = {
        name: "ID" if value == chat_request.id else value for name, value in request.headers.items()
    }
    rest = chat_request._replace(request=None, id="")
    return request.url, request.body, headers, request.timeouts, request.retry, request.rules, rest


@pytest.mark.filterwarnings("ignore::langchain_aimlapi.UnsupportedParameterWarning")
@pytest.mark.parametrize("roles", [("human",), ("system", "user"), ("human", "ai", "human")])
def test_a_request_of_pieces_is_the_one_that_would_be_written(roles):
    """Whatever the model, its dialect and its route: byte for byte."""
    odd = {"temperature": 0.5, "max_tokens": 9, "extra_body": {"mark": "%s"}}
    ids = [model.id for model in catalogue.models(listed_only=False)]
    assert len(ids) > 50
    for name in ids:
        llm = ChatAimlapi(model=name, api_key="k", default_headers={"X-Own": "a"}, **odd)
        requests = RepeatedRequests(llm, {})
        for text in TEXTS:
            said = [f"{text}{'!' * at if text.strip() else ''}" for at in range(len(roles))]
            turns = list(zip(roles, said, strict=True))
            messages = convert_to_messages(turns)
            write = partial(build_chat_request, llm, messages, {}, key=KEY, stream=False)
            assert seen(partial(requests.request, turns, KEY)) == seen(partial(write, run_id=None))


def test_texts_stand_where_the_dialect_has_them():
    """The system's comes after the user's in Anthropic's dialect."""
    llm = ChatAimlapi(model="some/model", api_key="k", dialect="anthropic")
    requests = RepeatedRequests(llm, {})
    for number in range(2):
        turns = [("system", f"s{number}"), ("human", f"h{number}")]
        sent = json.loads(requests.request(turns, KEY).request.body)
        assert (sent["system"], sent["messages"][0]["content"]) == (f"s{number}", f"h{number}")


def test_another_key_is_sent():
    """A key function may give another one at each call."""
    requests = RepeatedRequests(ChatAimlapi(model="gpt-4o", api_key="k"), {})
    for key in ("a", "b"):
        sent = requests.request([("human", "x")], SecretStr(key)).request.headers
        assert sent["Authorization"] == f"Bearer {key}"


def test_a_key_function_is_asked_at_each_call(tmp_path):
    """Its keys may be good for a short time only."""
    given = iter(range(100))
    with Scripted({"content": "fine"}) as service:
        llm = ChatAimlapi(
            model="gpt-4o", base_url=service.url, api_key=lambda: f"key-{next(given)}"
        )
        bulk.run([{"t": "a"}, {"t": "b"}], llm, journal=tmp_path / "j", prompt="{t}")
        keys = {headers["authorization"] for headers in service.headers}
    assert keys == {"Bearer key-0", "Bearer key-1"}


class TestStructured:
    """`schema=` of a job."""

    @pytest.mark.parametrize("prompt", ["{t}", lambda row: [HumanMessage(row["t"])]])
    def test_the_same_is_sent(self, tmp_path, prompt):
        """Both ways, and however the prompt is given; nothing of LangChain's own is in it."""
        bodies = []
        with Scripted({"content": '{"title": "Alien", "year": 1979}'}) as service:
            for name, handlers in (("a", None), ("b", [BaseCallbackHandler()])):
                llm = ChatAimlapi(
                    model="gpt-4o", base_url=service.url, api_key="k", callbacks=handlers
                )
                out = tmp_path / f"{name}.jsonl"
                bulk.run([{"t": "Which film?"}], llm, out, prompt=prompt, schema=Film)
                assert read_lines(out)[0]["parsed"] == {"title": "Alien", "year": 1979}
            bodies = service.bodies
        assert bodies[0] == bodies[1]

    def test_an_answer_that_does_not_fit(self, tmp_path):
        """Is asked for again, and then the row's error; what came stays beside it."""
        with Scripted({"content": '{"title": "Alien"}'}) as service:
            llm = ChatAimlapi(model="gpt-4o", base_url=service.url, api_key="k")
            bulk.run([{"t": "a"}], llm, tmp_path / "o.jsonl", prompt="{t}", schema=Film)
        (row,) = read_lines(tmp_path / "o.jsonl")
        assert (row["error_type"], row["attempts"]) == ("OutputParserException", 3)
        assert row["answer"] == '{"title": "Alien"}'

    def test_a_form_that_the_service_refuses(self, tmp_path):
        """The next one is tried, by the chain of LangChain, for this row and those after it."""

        class Picky(Scripted):
            refusal = {"message": "this response_format is not supported"}  # noqa: RUF012

            def refuses(self, body):
                return 0 if "tools" in body else 400

        call = {"name": "Film", "arguments": '{"title": "Alien", "year": 1979}'}
        message = {"tool_calls": [{"id": "1", "type": "function", "function": call}]}
        with Picky(message) as service:
            llm = ChatAimlapi(model="gpt-4o", base_url=service.url, api_key="k")
            rows = [{"t": str(number)} for number in range(4)]
            out = tmp_path / "o.jsonl"
            bulk.run(rows, llm, out, prompt="{t}", schema=Film, concurrency=1)
            assert len(service.bodies) == 2 * len(rows) + 1
        assert [row["parsed"]["year"] for row in read_lines(out)] == [1979] * 4


IDS = frozenset({"seconds", "request_id", "inference_id", "client_request_id"})
ODD_NAME = {**Film.model_json_schema(), "title": "a film (of 1979)"}


@pytest.mark.parametrize(
    ("settings", "schema"),
    [
        ({}, None),
        ({}, Film),
        ({"use_responses_api": True}, None),
        ({"use_responses_api": True}, Film),
        ({"model": "some/model"}, ODD_NAME),
    ],
    ids=[
        "chat",
        "structured chat",
        "responses",
        "structured responses",
        "a tool sent under another name",
    ],
)
def test_both_ways_lead_to_the_same_columns(tmp_path, model, settings, schema):
    """All but what differs by call: ids and time."""
    source = lines(tmp_path / "in.jsonl", [{"text": f"t{i}"} for i in range(3)])
    found = []
    for name, handlers in (("a", None), ("b", [BaseCallbackHandler()])):
        llm = model(callbacks=handlers, **settings)
        assert nobody_listens(llm) == (name == "a")
        bulk.run(source, llm, tmp_path / f"{name}.jsonl", prompt="{text}", schema=schema)
        rows = read_lines(tmp_path / f"{name}.jsonl")
        assert all(row["answer"] or row["parsed"]["title"] for row in rows)
        assert [row["error"] for row in rows] == [None] * 3
        found.append([{k: v for k, v in row.items() if k not in IDS} for row in rows])
    assert found[0] == found[1]


def test_a_token_limiter_is_settled(tmp_path, model):
    """By what each row took."""

    class Limit:
        settled = 0

        async def aacquire(self, estimate):
            self.settled += estimate

        def acquire(self, estimate):
            raise AssertionError

        def settle(self, estimate, used):
            self.settled += used - estimate

    limit = Limit()
    llm = model(token_limiter=limit)
    report = bulk.run([{"t": "a"}, {"t": "b"}], llm, journal=tmp_path / "j", prompt="{t}")
    assert limit.settled == report.input_tokens + report.output_tokens > 0


def test_a_class_that_changes_the_call_is_asked_as_it_wants(tmp_path):
    """Its own hook is called, not ours."""

    class Own(ChatAimlapi):
        async def _agenerate(self, messages, stop=None, run_manager=None, **kwargs):
            messages = [HumanMessage("changed"), *messages]
            return await super()._agenerate(messages, stop, run_manager, **kwargs)

    with Scripted({"content": "fine"}) as service:
        llm = Own(model="gpt-4o", base_url=service.url, api_key="k")
        assert type(calls.caller_for(llm, "{t}", None)) is calls._Each
        bulk.run([{"t": "a"}], llm, journal=tmp_path / "j", prompt="{t}")
        assert service.bodies[0]["messages"][0]["content"] == "changed"
