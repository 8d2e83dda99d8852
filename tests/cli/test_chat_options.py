"""`aimlapi chat` with files, schemas, parameters and tools: what is sent, what is shown."""

from __future__ import annotations

import base64
import json
import sys

import pytest
import typer

from langchain_aimlapi.cli.chat.options import read_parameters
from langchain_aimlapi.cli.chat.schema import read_schema
from tests.scripted import Scripted

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
TOOLS = '''
calls = []

def weather(city: str, days: int = 1) -> str:
    """The weather of a city."""
    calls.append(city)
    return f"{city}: sunny for {days} days"

async def rain(city: str) -> str:
    return f"rain in {city}"

def broken(city: str) -> str:
    """Never works."""
    raise OSError("no wires")

number = 3
'''


@pytest.fixture
def sandbox(aimlapi_sandbox):
    return aimlapi_sandbox


def sent(sandbox, index=0):
    return sandbox.requests[index].body


class TestAttachments:
    def test_an_image_and_a_text(self, aimlapi, sandbox, tmp_path):
        """The image as an image, the text by its name, below the prompt."""
        (tmp_path / "dot.png").write_bytes(PNG)
        (tmp_path / "notes.md").write_text("# Notes\n", "utf-8")
        result = aimlapi(
            *("chat", "What is this?", "-m", "gpt-4o", "--image", tmp_path / "dot.png"),
            *("--file", tmp_path / "notes.md"),
        )

        assert result.exit_code == 0, result.stderr
        prompt, image, notes = sent(sandbox)["messages"][0]["content"]
        assert prompt["text"] == "What is this?"
        assert image["image_url"]["url"] == (
            f"data:image/png;base64,{base64.b64encode(PNG).decode()}"
        )
        assert notes["text"] == "notes.md:\n\n# Notes\n"

    def test_a_file_may_be_the_prompt(self, aimlapi, sandbox, tmp_path):
        (tmp_path / "notes.md").write_text("Hello\n", "utf-8")
        result = aimlapi("chat", "--file", tmp_path / "notes.md")

        assert result.exit_code == 0
        assert "notes.md:" in str(sent(sandbox)["messages"][0]["content"])

    def test_an_address(self, aimlapi, sandbox):
        aimlapi("chat", "Hi", "-m", "gpt-4o", "--image", "https://example.com/cat.png")

        content = sent(sandbox)["messages"][0]["content"]
        assert content[1]["image_url"]["url"] == "https://example.com/cat.png"

    def test_a_pdf(self, aimlapi, sandbox, tmp_path):
        (tmp_path / "a.pdf").write_bytes(b"%PDF-1.4\n")
        aimlapi("chat", "Hi", "-m", "openai/gpt-4.1-2025-04-14", "--file", tmp_path / "a.pdf")

        [_, file] = sent(sandbox)["messages"][0]["content"]
        assert file["file"]["filename"] == "a.pdf"
        assert base64.b64encode(b"%PDF-1.4\n").decode() in file["file"]["file_data"]

    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            (["--image", "nowhere.png"], "nowhere.png: No such file"),
            (["--image", __file__], "is no image"),
            (["--file", "nowhere.pdf"], "nowhere.pdf: No such file"),
            (["--file", "."], "Is a directory"),
        ],
    )
    def test_wrong_files(self, aimlapi, sandbox, arguments, words):
        """Wrong use, before anything is sent."""
        result = aimlapi("chat", "Hi", *arguments)

        assert (result.exit_code, sandbox.requests) == (2, [])
        assert words in result.stderr


class TestSchema:
    @pytest.mark.parametrize(
        ("short", "properties"),
        [
            (
                "name, age int, tall bool, height float",
                {
                    "name": {"type": "string"},
                    "age": {"type": "integer"},
                    "tall": {"type": "boolean"},
                    "height": {"type": "number"},
                },
            ),
            ("name: the full name", {"name": {"type": "string", "description": "the full name"}}),
            (
                "name str: first, last\n\n  age int: in years\n",
                {
                    "name": {"type": "string", "description": "first, last"},
                    "age": {"type": "integer", "description": "in years"},
                },
            ),
            ("a,,b,", {"a": {"type": "string"}, "b": {"type": "string"}}),
        ],
    )
    def test_the_short_form(self, short, properties):
        """As the `llm` command has it."""
        assert read_schema(short) == {
            "title": "answer",
            "type": "object",
            "properties": properties,
            "required": list(properties),
        }

    @pytest.mark.parametrize(
        "wrong",
        [
            *("", " , ", "name text", "age int int", ": no name", "a, a", "missing.json"),
            *("{not json", "{}x"),
        ],
    )
    def test_what_is_no_schema(self, aimlapi, sandbox, wrong):
        result = aimlapi("chat", "Hi", "--schema", wrong)

        assert (result.exit_code, sandbox.requests) == (2, [])
        assert "--schema" in result.stderr

    @pytest.mark.parametrize("flag", ["--stream", "--no-stream"])
    def test_an_object_is_answered(self, aimlapi, sandbox, flag):
        """It alone is standard output, as JSON."""
        sandbox.answer_next('{"name": "Zoë", "age": 4}')
        result = aimlapi("chat", "Invent a dog", "-m", "gpt-4o", "--schema", "name, age int", flag)

        assert json.loads(result.stdout) == {"name": "Zoë", "age": 4}
        asked = sent(sandbox)["response_format"]["json_schema"]["schema"]
        assert asked["properties"]["age"] == {"type": "integer"}

    def test_a_list_of_them(self, aimlapi, sandbox):
        result = aimlapi("chat", "Dogs", "-m", "gpt-4o", "--schema-multi", "name, age int")

        assert {*json.loads(result.stdout)["items"][0]} == {"name", "age"}

    def test_a_file(self, aimlapi, sandbox, tmp_path):
        schema = {"title": "dog", "type": "object", "properties": {"name": {"type": "string"}}}
        (tmp_path / "dog.json").write_text(json.dumps(schema), "utf-8")
        result = aimlapi("chat", "A dog", "--schema", tmp_path / "dog.json", "--json")

        assert {*json.loads(result.stdout)["parsed"]} == {"name"}
        assert sent(sandbox)["response_format"]["json_schema"]["name"] == "dog"

    def test_null_is_an_answer(self, aimlapi, sandbox):
        """It is shown, and is no error."""
        sandbox.answer_next('{"value": null}')
        result = aimlapi("chat", "Hi", "-m", "gpt-4o", "--schema", '{"type": "null"}')

        assert (result.exit_code, result.stdout) == (0, "null\n")

    def test_json_as_it_is(self):
        assert read_schema('{"type": "object", "title": "x"}') == {"type": "object", "title": "x"}

    def test_an_answer_that_does_not_fit(self, aimlapi, monkeypatch):
        """It is shown, but not as an answer."""
        monkeypatch.setenv("AIMLAPI_API_KEY", "key")
        with Scripted({"content": "a dog"}) as service:
            monkeypatch.setenv("AIMLAPI_API_BASE", service.url)
            result = aimlapi("chat", "A dog", "-m", "gpt-4o", "--schema", "name")

        assert (result.exit_code, result.stdout) == (1, "")
        assert "does not fit the schema" in result.stderr
        assert "a dog" in result.stderr


class TestParameters:
    def test_fields_and_others(self, aimlapi, sandbox):
        """Numbers as numbers, texts as texts; what the model object does not know is sent, too."""
        aimlapi(
            *("chat", "Hi", "-m", "gpt-4o", "-p", "top_p=0.5", "-p", 'stop=["a"]'),
            *("-p", "user=me", "--temperature", "1", "-p", "temperature=0.25"),
            *("-p", 'metadata={"team": "a"}'),
        )
        body = sent(sandbox)

        assert (body["top_p"], body["stop"], body["user"]) == (0.5, ["a"], "me")
        assert (body["temperature"], body["metadata"]) == (0.25, {"team": "a"})

    @pytest.mark.parametrize(
        ("pair", "words"),
        [
            ("top_p", "NAME=VALUE"),
            ("=1", "NAME=VALUE"),
            ("api_key=sk", "no parameter of a request"),
            ("base_url=http://a", "no parameter of a request"),
            ("model=gpt-4", "--model"),
            ("model_name=gpt-4", "--model"),
            ("temperature=hot", "temperature"),
        ],
    )
    def test_wrong_ones(self, aimlapi, sandbox, pair, words):
        result = aimlapi("chat", "Hi", "--param", pair)

        assert (result.exit_code, sandbox.requests) == (2, [])
        assert words in result.stderr

    def test_values(self):
        """JSON where it can be."""
        assert read_parameters(["a=1", "b=true", "c=x=y", "d=", 'e={"f": [1]}']) == {
            "a": 1,
            "b": True,
            "c": "x=y",
            "d": "",
            "e": {"f": [1]},
        }

    def test_values_that_are_wrong_say_nothing_else(self):
        with pytest.raises(typer.BadParameter, match="no parameter"):
            read_parameters(["aimlapi_api_key=b747e891"])


class TestTools:
    @pytest.fixture
    def here(self, tmp_path, monkeypatch):
        (tmp_path / "mytools.py").write_text(TOOLS, "utf-8")
        monkeypatch.chdir(tmp_path)
        # Neither this folder nor "": but what a first call imports is still found.
        monkeypatch.setattr(sys, "path", [folder for folder in sys.path if folder])
        monkeypatch.delitem(sys.modules, "mytools", raising=False)
        return tmp_path

    @pytest.mark.parametrize("tool", ["mytools:weather", "mytools.py:weather"])
    @pytest.mark.parametrize("flag", ["--stream", "--no-stream", "--json"])
    def test_a_function_is_called(self, aimlapi, sandbox, here, tool, flag):
        """The model asks, the function answers, the model goes on; both are shown."""
        sandbox.answer_next(tool_calls=[{"name": "weather", "args": {"city": "Zürich"}}])
        sandbox.answer_next("It is sunny.")
        result = aimlapi("chat", "Weather?", "-m", "gpt-4o", "--tool", tool, flag)

        assert result.exit_code == 0, result.stderr
        assert 'Tool call: weather {"city": "Zürich"}' in result.stderr
        assert "Result: Zürich: sunny for 1 days" in result.stderr
        first, second = sent(sandbox), sent(sandbox, 1)
        described = first["tools"][0]["function"]
        assert described["description"] == "The weather of a city."
        assert described["parameters"]["required"] == ["city"]
        assert second["messages"][-1]["content"] == "Zürich: sunny for 1 days"
        if flag != "--json":
            assert result.stdout == "It is sunny.\n"
            return
        shown = json.loads(result.stdout)
        assert shown["text"] == "It is sunny."
        assert shown["tool_results"] == [
            {
                "name": "weather",
                "args": {"city": "Zürich"},
                "result": "Zürich: sunny for 1 days",
                "status": "success",
            }
        ]
        # What all calls took together.
        last = sandbox.requests[1]
        assert shown["usage"]["total_tokens"] > 0
        assert shown["cost"] > 0
        assert last.body["messages"][-1]["role"] == "tool"

    def test_several_at_once_and_async_ones(self, aimlapi, sandbox, here):
        sandbox.answer_next(
            tool_calls=[
                {"name": "weather", "args": {"city": "Rom", "days": 2}},
                {"name": "rain", "args": {"city": "Ulm"}},
            ]
        )
        sandbox.answer_next("Done.")
        aimlapi(
            *("chat", "Weather?", "-m", "gpt-4o"),
            *("--tool", "mytools:weather", "--tool", "mytools:rain"),
        )

        results = [
            each["content"] for each in sent(sandbox, 1)["messages"] if each["role"] == "tool"
        ]
        assert results == ["Rom: sunny for 2 days", "rain in Ulm"]

    @pytest.mark.parametrize(
        ("call", "words"),
        [
            ({"name": "broken", "args": {"city": "Rom"}}, "OSError: no wires"),
            ({"name": "broken", "args": {}}, "city"),
            ({"name": "other", "args": {}}, "there is no tool 'other'; there are: broken"),
        ],
    )
    def test_what_goes_wrong_is_told_to_the_model(self, aimlapi, sandbox, here, call, words):
        sandbox.answer_next(tool_calls=[call])
        sandbox.answer_next("Sorry.")
        result = aimlapi("chat", "Weather?", "-m", "gpt-4o", "--tool", "mytools:broken")

        assert (result.exit_code, result.stdout) == (0, "Sorry.\n")
        assert words in sent(sandbox, 1)["messages"][-1]["content"]

    def test_arguments_that_are_no_json(self, aimlapi, monkeypatch, here):
        call = {"id": "c1", "type": "function", "function": {"name": "weather", "arguments": "{"}}
        monkeypatch.setenv("AIMLAPI_API_KEY", "key")
        with Scripted({"tool_calls": [call]}, finish="tool_calls") as service:
            monkeypatch.setenv("AIMLAPI_API_BASE", service.url)
            result = aimlapi(
                *("chat", "Weather?", "-m", "gpt-4o", "--tool", "mytools:weather"),
                *("--rounds", "2"),
            )

        assert "no JSON object" in service.bodies[1]["messages"][-1]["content"]
        assert len(service.bodies) == 2
        assert result.exit_code == 1
        assert "still calls tools after 2 rounds" in result.stderr

    @pytest.mark.parametrize(
        ("tool", "words"),
        [
            ("weather", "MODULE:FUNCTION"),
            ("nowhere:weather", "nowhere cannot be loaded: ModuleNotFoundError"),
            ("nowhere.py:weather", "nowhere.py cannot be loaded: FileNotFoundError"),
            ("mytools:nothing", "is not there"),
            ("mytools:number", "is no function"),
        ],
    )
    def test_what_is_no_tool(self, aimlapi, sandbox, here, tool, words):
        result = aimlapi("chat", "Hi", "--tool", tool)

        assert (result.exit_code, sandbox.requests) == (2, [])
        assert words in result.stderr

    def test_not_with_a_schema(self, aimlapi, sandbox, here):
        result = aimlapi("chat", "Hi", "--tool", "mytools:weather", "--schema", "name")

        assert (result.exit_code, sandbox.requests) == (2, [])

    def test_a_long_result_is_shown_in_part(self, aimlapi, sandbox, here):
        """The model gets all of it."""
        (here / "long.py").write_text("def long() -> str:\n    return 'x' * 5000\n", "utf-8")
        sandbox.answer_next(tool_calls=[{"name": "long", "args": {}}])
        sandbox.answer_next("Long.")
        result = aimlapi("chat", "Hi", "-m", "gpt-4o", "--tool", "long.py:long")

        assert "(4000 more characters)" in result.stderr
        assert sent(sandbox, 1)["messages"][-1]["content"] == "x" * 5000
