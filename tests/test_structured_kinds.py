"""`with_structured_output`: every kind of schema, what its answers become, and what is no schema."""

from __future__ import annotations

import enum
import itertools
import json
import pickle
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Literal, NotRequired, Optional, TypedDict, Union  # the older forms

import pytest
from langchain_core.exceptions import OutputParserException
from langchain_core.messages import AIMessage
from langchain_core.runnables import RunnableLambda, RunnablePassthrough
from pydantic import BaseModel, Field, RootModel, field_validator
from pydantic.v1 import BaseModel as OldBaseModel

from langchain_aimlapi import ChatAimlapi, ConfigurationError
from tests.scripted import Scripted
from tests.ways import WAYS, run_async

METHODS = ["function_calling", "json_schema", "json_mode"]


class Film(BaseModel):
    """A film."""

    title: str
    year: int = 0


class Book(BaseModel):
    """A book."""

    author: str


class Node(BaseModel):
    """A node of a tree."""

    name: str
    children: list[Node] = []


class Colour(enum.Enum):
    """A colour."""

    RED = "red"
    BLUE = "blue"


class Films(RootModel[list[Film]]):
    """Some films."""


class Value(BaseModel):
    """A class whose own key is that of the wrapping."""

    value: int


@dataclass
class Point:
    """A point."""

    x: int
    y: int = 0


class Loose(TypedDict, total=False):
    """Some of it."""

    title: str
    year: int


class Partly(TypedDict):
    """All but one."""

    title: str
    year: NotRequired[Annotated[int, ..., "When it came out"]]


class Branch(TypedDict):
    """A branch."""

    name: str
    branches: list[Branch]


class Plain:
    """A class that says nothing of its fields."""


JAWS = {"title": "Jaws", "year": 1975}
TREE = {"name": "a", "children": [{"name": "b", "children": []}]}
LIST_SCHEMA = {"title": "Names", "type": "array", "items": {"type": "string"}}

# The schema, what the model gives, what becomes of it, and whether it goes in an object.
KINDS = {
    "class": (Film, JAWS, Film(**JAWS), False),
    "recursive class": (Node, TREE, Node(**TREE), False),
    "dataclass": (Point, {"x": 1}, Point(1), False),
    "RootModel": (Films, [JAWS], Films([Film(**JAWS)]), True),
    "list of classes": (list[Film], [JAWS], [Film(**JAWS)], True),
    "list of texts": (list[str], ["a", "b"], ["a", "b"], True),
    "list of recursive classes": (list[Node], [TREE], [Node(**TREE)], True),
    "Union": (Union[Film, Book], {"author": "X"}, Book(author="X"), True),  # noqa: UP007
    "X | Y": (Film | Book, JAWS, Film(**JAWS), True),
    "Optional, something": (Optional[Film], JAWS, Film(**JAWS), True),  # noqa: UP045
    "Optional, nothing": (Film | None, None, None, True),
    "Literal": (Literal["yes", "no"], "yes", "yes", True),
    "Enum": (Colour, "red", Colour.RED, True),
    "int": (int, 7, 7, True),
    "date": (date, "2020-02-03", date(2020, 2, 3), True),
    "dict": (dict[str, int], {"a": 1}, {"a": 1}, True),
    "Annotated": (Annotated[list[int], Field(min_length=1)], [1], [1], True),
    "tuple": (tuple[int, str], [1, "a"], (1, "a"), True),
    "its own key": (Value | Book, {"value": 3}, Value(value=3), True),
    "JSON schema of a list": (LIST_SCHEMA, ["a"], ["a"], True),
    "JSON schema of a choice": ({"enum": ["a", "b"]}, "a", "a", True),
    "TypedDict": (Loose, {"year": 1}, {"year": 1}, False),
    "recursive TypedDict": (
        Branch,
        {"name": "a", "branches": []},
        {"name": "a", "branches": []},
        False,
    ),
}


class Answering(Scripted):
    """Gives the same object, as a call or as text, whichever it is asked for."""

    def __init__(self, value, *, called=None, **more):
        super().__init__(**more)
        self.value, self.called = value, called

    def answer(self, body, headers):
        text = self.value if isinstance(self.value, str) else json.dumps(self.value)
        self._message = {"role": "assistant", "content": text}
        if tools := body.get("tools"):
            name = self.called or tools[0]["function"]["name"]
            call = {"id": "c1", "type": "function", "function": {"name": name, "arguments": text}}
            self._message = {"role": "assistant", "content": None, "tool_calls": [call]}
        return super().answer(body, headers)


def structured(service, schema, **settings):
    llm = ChatAimlapi(model="some/model", api_key="k", base_url=service.url, max_retries=0)
    return llm.with_structured_output(schema, **settings)


def pieces(way, runnable, prompt="?"):
    """All that a runnable gives out, in one of the four ways."""
    if way == "invoke":
        return [runnable.invoke(prompt)]
    if way == "ainvoke":
        return [run_async(runnable.ainvoke(prompt))]
    if way == "stream":
        return list(runnable.stream(prompt))

    async def listed():
        return [each async for each in runnable.astream(prompt)]

    return run_async(listed())


def added_up(parts):
    """Pieces added, as LangChain and users do."""
    whole = parts[0]
    for part in parts[1:]:
        whole = whole + part
    return whole


def schema_sent(service):
    """The schema of the last request, wherever it stands."""
    body = service.bodies[-1]
    if body.get("tools"):
        return body["tools"][0]["function"]["parameters"]
    if "json_schema" in (body.get("response_format") or {}):
        return body["response_format"]["json_schema"]["schema"]
    return None


class TestKinds:
    """What the wire says of a schema, and what an answer by it becomes."""

    @pytest.mark.parametrize("method", METHODS)
    @pytest.mark.parametrize("kind", KINDS)
    def test_an_answer_becomes_what_was_asked_for(self, kind, method):
        """Invoked: the very type, taken out of the object it came in."""
        schema, given, expected, wrapped = KINDS[kind]
        with Answering({"value": given} if wrapped else given) as service:
            answer = structured(service, schema, method=method).invoke("?")
            sent = schema_sent(service)

        assert answer == expected
        assert type(answer) is type(expected)
        if method != "json_mode":
            assert sent["type"] == "object"
            assert (sent.get("required") == ["value"]) is wrapped

    @pytest.mark.parametrize("way", WAYS[1:])
    @pytest.mark.parametrize("kind", KINDS)
    def test_every_way_ends_with_it(self, kind, way):
        """Streamed, the last piece is the whole."""
        schema, given, expected, wrapped = KINDS[kind]
        with Answering({"value": given} if wrapped else given) as service:
            assert pieces(way, structured(service, schema))[-1:] == [expected]

    @pytest.mark.parametrize(
        "kind",
        [name for name, each in KINDS.items() if each[3] and isinstance(each[1], dict | list)],
    )
    def test_an_answer_that_forgot_its_object_is_read(self, kind):
        """Models asked in words leave the wrapping out now and then."""
        schema, given, expected, _ = KINDS[kind]
        with Answering(given) as service:
            assert structured(service, schema, method="json_mode").invoke("?") == expected

    def test_recursive_schemas_keep_their_references(self):
        """As a tool, strictly and not, and as a response format."""
        calling = "function_calling"
        for method, strict in [(calling, None), (calling, True), ("json_schema", True)]:
            with Answering(TREE) as service:
                structured(service, Node, method=method, strict=strict).invoke("?")
                sent = schema_sent(service)

            items = sent["properties"]["children"]["items"]
            assert items == {"$ref": "#/$defs/Node"}
            assert sent["$defs"]["Node"]["properties"]["name"]["type"] == "string"

    def test_optional_keys_of_a_typed_dict_are_optional(self):
        """By `total=False` and by `NotRequired`, as tool and as response format."""
        for method in METHODS[:2]:
            with Answering(JAWS) as service:
                structured(service, Loose, method=method).invoke("?")
                assert "required" not in schema_sent(service)
                structured(service, Partly, method=method).invoke("?")
                sent = schema_sent(service)

            assert sent["required"] == ["title"]
            assert sent["properties"]["year"]["description"] == "When it came out"

    @pytest.mark.parametrize(
        "schema",
        [[Film, Book], "Film", 3, Film(title="x"), Plain, ["a", "b"], {1, 2}],
        ids=repr,
    )
    def test_what_is_no_schema_is_said_in_a_sentence(self, schema):
        """With what to pass instead, before anything is sent."""
        llm = ChatAimlapi(model="gpt-4o", api_key="k")
        with pytest.raises(ConfigurationError, match=r"Pass a pydantic class"):
            llm.with_structured_output(schema)

    def test_an_old_class_with_a_root_names_the_remedy(self):
        """It is no object, and pydantic 1 is on its way out."""

        class Old(OldBaseModel):
            __root__: list[int]

        with pytest.raises(ConfigurationError, match="RootModel"):
            ChatAimlapi(model="gpt-4o", api_key="k").with_structured_output(Old)

    def test_a_list_grows_while_it_streams(self):
        """Each piece holds what came before."""
        text = '{"value": [1, 22, 333]}'
        events = [
            {"choices": [{"index": 0, "delta": {"content": each}, "finish_reason": None}]}
            for each in text
        ]
        with Streaming(events) as service:
            grown = list(structured(service, list[int], method="json_schema").stream("?"))

        assert grown[-1] == [1, 22, 333]
        assert [1] in grown
        assert all(len(before) <= len(after) for before, after in itertools.pairwise(grown))


class Streaming(Scripted):
    """Streams the events it was made with."""

    def __init__(self, events, **more):
        super().__init__(**more)
        self._given = events

    def _events(self):
        last = {"choices": [{"index": 0, "delta": {}, "finish_reason": self._finish}]}
        usage = {"choices": [], "usage": {"prompt_tokens": 10, "completion_tokens": 4}}
        events = [json.dumps(each) for each in (*self._given, last, usage)]
        return [f"data: {event}\n\n".encode() for event in [*events, "[DONE]"]]


class TestOutputSchema:
    """`get_output_jsonschema()` tells what comes out."""

    @pytest.mark.parametrize("kind", KINDS)
    def test_it_is_that_of_the_result(self, kind):
        """Not of the object in which it travels."""
        schema = KINDS[kind][0]
        told = structured(FAR, schema).get_output_jsonschema()

        json.dumps(told)
        assert "value" not in told.get("properties", {}) or kind == "its own key"
        if kind in {"list of texts", "JSON schema of a list"}:
            assert told["type"] == "array"
            assert told["items"] == {"type": "string"}
        if kind == "class":
            assert told == Film.model_json_schema()
        if kind == "TypedDict":
            assert set(told["properties"]) == {"title", "year"}

    def test_with_the_raw_message(self):
        """The three keys, the object among them."""
        told = structured(FAR, list[Film], include_raw=True).get_output_jsonschema()

        assert set(told["properties"]) == {"raw", "parsed", "parsing_error"}
        assert told["properties"]["parsed"]["anyOf"][0]["type"] == "array"
        assert told["$defs"]["Film"]["properties"]["title"]["type"] == "string"

    def test_without_a_schema(self):
        """Any object."""
        told = structured(FAR, None, method="json_mode").get_output_jsonschema()
        assert told["type"] == "object"


class FAR:
    """Where no request goes."""

    url = "http://127.0.0.1:1/v1"


LONG = {"title": "The long one", "year": 1975}


class TestRaw:
    """`include_raw=True`."""

    @pytest.mark.parametrize("way", WAYS)
    @pytest.mark.parametrize("method", METHODS)
    @pytest.mark.parametrize("kind", ["class", "TypedDict", "list of texts", "int"])
    def test_the_pieces_add_up(self, kind, method, way):
        """To the message, the object and no error, as invoked."""
        schema, given, expected, wrapped = KINDS[kind]
        with Answering({"value": given} if wrapped else given) as service:
            chain = structured(service, schema, method=method, include_raw=True)
            whole = added_up(pieces(way, chain))

        assert set(whole) == {"raw", "parsed", "parsing_error"}
        assert (whole["parsed"], whole["parsing_error"]) == (expected, None)
        assert type(whole["parsed"]) is type(expected)
        assert isinstance(whole["raw"], AIMessage)

    @pytest.mark.parametrize("way", WAYS)
    @pytest.mark.parametrize("schema", [Film, Loose])
    def test_a_next_step_gets_the_sum(self, schema, way):
        """A step that does not stream waits for the whole answer."""
        seen = []
        step = RunnableLambda(lambda both: seen.append(both) or both["raw"].content)
        with Streaming(letters(LONG)) as service:
            chain = structured(service, schema, method="json_schema", include_raw=True)
            if way in {"stream", "astream"}:
                assert pieces(way, chain | step)[-1] == json.dumps(LONG)
                assert dict(seen[0]["parsed"]) == LONG

    @pytest.mark.parametrize("schema", [Film, Loose, list[Film]])
    def test_steps_that_pick_keys_add_by_value(self, schema):
        """LangChain's `assign` makes plain dicts of the pieces; those add up all the same."""
        given = {"value": [LONG]} if schema not in {Film, Loose} else LONG
        with Streaming(letters(given)) as service:
            chain = structured(service, schema, method="json_schema", include_raw=True)
            more = chain | RunnablePassthrough.assign(size=lambda both: len(both["raw"].content))
            whole = added_up(list(more.stream("?")))

        expected = {Film: Film(**LONG), Loose: LONG}.get(schema, [Film(**LONG)])
        assert whole["parsed"] == expected
        assert whole["raw"].text == json.dumps(given)
        assert whole["size"] == len(json.dumps(given))

    @pytest.mark.parametrize("way", WAYS)
    def test_a_validator_that_raises_what_it_likes(self, way):
        """Anything a class of the caller's raises is the parsing error."""

        class Picky(BaseModel):
            title: str

            @field_validator("title")
            @classmethod
            def refuse(cls, value):
                raise LookupError(value)

        with Answering(JAWS) as service:
            whole = added_up(pieces(way, structured(service, Picky, include_raw=True)))

        assert whole["parsed"] is None
        assert isinstance(whole["parsing_error"], LookupError)

    @pytest.mark.parametrize("way", WAYS)
    @pytest.mark.parametrize("text", ["[" * 5000, '{"a":' * 5000, "[" * 200_000, '["' * 9000])
    @pytest.mark.parametrize("method", METHODS)
    def test_deep_nesting_is_an_answer_that_does_not_fit(self, method, text, way):
        """Never a RecursionError, and not after minutes."""
        with Answering(text) as service:
            whole = added_up(
                pieces(way, structured(service, Film, method=method, include_raw=True))
            )
            with pytest.raises(OutputParserException):
                pieces(way, structured(service, Film, method=method))

        assert whole["parsed"] is None
        assert isinstance(whole["parsing_error"], OutputParserException)

    def test_a_broken_stream_ends_without_an_object(self):
        """What was partial is not kept where the whole cannot be read."""
        with Streaming(letters('{"title": "Jaws", "year"')) as service:
            chain = structured(service, Loose, method="json_schema", include_raw=True)
            parts = list(chain.stream("?"))

        assert any(part.get("parsed") for part in parts)
        assert added_up(parts)["parsed"] is None


def letters(value):
    """Events that say a text, or an object, in pieces of three characters."""
    text = value if isinstance(value, str) else json.dumps(value)
    return [
        {"choices": [{"index": 0, "delta": {"content": text[i : i + 3]}, "finish_reason": None}]}
        for i in range(0, len(text), 3)
    ]


class TestMessages:
    """What an error says of an answer."""

    @pytest.mark.parametrize("way", WAYS)
    @pytest.mark.parametrize("name", ["functions.Film", "film", "search"])
    def test_another_tool_is_named(self, name, way):
        """The model was told to call one tool and called another."""
        with Answering(JAWS, called=name) as service:
            chain = structured(service, Film, method="function_calling")
            with pytest.raises(OutputParserException, match=f"called '{name}' instead of 'Film'"):
                pieces(way, chain)

    @pytest.mark.parametrize("way", WAYS)
    @pytest.mark.parametrize("finish", ["length", "max_tokens", "MAX_TOKENS"])
    @pytest.mark.parametrize("method", METHODS)
    def test_an_answer_that_was_cut_off_says_so(self, method, finish, way):
        """With the reason and what to raise, not "it holds no JSON object"."""
        with Answering('{"title": "Ja', finish=finish) as service:
            llm = ChatAimlapi(
                model="some/model", api_key="k", base_url=service.url, max_tokens=16, max_retries=0
            )
            chain = llm.with_structured_output(Film, method=method)
            with pytest.raises(OutputParserException) as caught:
                pieces(way, chain)

        message = str(caught.value)
        assert "cut off by the token limit" in message
        assert f"(finish reason {finish!r}); raise max_tokens, which is 16" in message

    def test_a_whole_answer_at_the_limit_is_one(self):
        """Some models stop exactly there."""
        with Answering(JAWS, finish="length") as service:
            assert structured(service, Film).invoke("?") == Film(**JAWS)

    def test_the_default_limit_is_called_so(self):
        """Some models cut off at 512 tokens if nothing is said."""
        with Answering('{"title": "Ja', finish="length") as service:
            chain = structured(service, Film, method="json_mode")
            with pytest.raises(OutputParserException, match="which is the model's default"):
                chain.invoke("?")

    def test_the_responses_routes_word_for_it(self):
        """`status: incomplete`, with the reason in its details."""
        reply = {
            "id": "r",
            "object": "response",
            "created_at": 1,
            "status": "incomplete",
            "incomplete_details": {"reason": "max_output_tokens"},
            "model": "m",
            "output": [
                {
                    "type": "message",
                    "id": "m1",
                    "role": "assistant",
                    "status": "incomplete",
                    "content": [
                        {"type": "output_text", "text": '{"title": "Ja', "annotations": []}
                    ],
                }
            ],
            "usage": {"input_tokens": 1, "output_tokens": 9, "total_tokens": 10},
        }
        with Scripted(reply=reply) as service:
            llm = ChatAimlapi(
                model="gpt-4o", api_key="k", base_url=service.url, use_responses_api=True
            )
            chain = llm.with_structured_output(Film, method="json_schema")
            with pytest.raises(OutputParserException, match="after 9 tokens .*max_output_tokens"):
                chain.invoke("?")


def test_a_structured_model_is_a_value():
    """It can be pickled like the model in it, whatever the schema."""
    for schema in (Film, list[int], Colour, LIST_SCHEMA, Loose):
        chain = structured(FAR, schema, method="json_schema")
        pickle.loads(pickle.dumps(chain.last))  # noqa: S301  # our own


def test_numbers_and_characters_arrive_as_they_were_said():
    """Whole numbers of any length are exact, and half a character is replaced."""
    with Answering('{"title": "\\ud83d!", "year": 12345678901234567890123}') as service:
        for method in METHODS:
            answer = structured(service, Film, method=method).invoke("?")
            assert answer == Film(title="\N{REPLACEMENT CHARACTER}!", year=12345678901234567890123)
