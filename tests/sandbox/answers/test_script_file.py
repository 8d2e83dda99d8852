"""Script files in YAML, JSON and Python."""

from __future__ import annotations

import json

import pytest

from langchain_aimlapi.sandbox import Sandbox
from tests.sandbox.http_client import TEXT, calls, chat

YAML = """
- It rains.
- text: And again.
  reasoning: Look.
  times: 2
- contains: weather
  tool_calls:
    - {name: get_weather, args: {city: Paris}}
    - {name: get_weather, args: {city: Rome}}
- model: broken-*
  error: 503
"""
ENTRIES = [
    "It rains.",
    {"text": "And again.", "reasoning": "Look.", "times": 2},
    {
        "contains": "weather",
        "tool_calls": [
            {"name": "get_weather", "args": {"city": city}} for city in ("Paris", "Rome")
        ],
    },
    {"model": "broken-*", "error": 503},
]
PYTHON = f"""
ANSWERS = {ENTRIES!r}

def answers(request):
    return "from the function" if request.prompt == "function" else None
"""
FILES = {"answers.yaml": YAML, "answers.json": json.dumps(ENTRIES), "answers.py": PYTHON}


@pytest.mark.parametrize("name", FILES)
def test_each_kind_of_file(tmp_path, name):
    """They say the same in their own ways."""
    file = tmp_path / name
    file.write_text(FILES[name], "utf-8")
    with Sandbox(script=file) as sandbox:
        texts = [chat(sandbox).message["content"] for _ in range(4)]
        assert texts == ["It rains.", "And again.", "And again.", TEXT]
        cities = [args["city"] for _, args in calls(chat(sandbox, "the weather?"))]
        assert cities == ["Paris", "Rome"]
        assert chat(sandbox, model="broken-1").status == 503
        if name.endswith(".py"):
            assert chat(sandbox, "function").message["content"] == "from the function"


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.yaml", "- tool_calls: 7", "entry 1: tool_calls is a list"),
        ("a.yaml", "- ok\n- 7", "entry 2: an answer is a text or a mapping"),
        ("a.yaml", "- {contains: x, sometimes: 2}", "entry 1: an answer has no option 'sometimes'"),
        ("a.yaml", "text: x", "is a list of answers, not dict"),
        ("a.yaml", "[", "is not YAML"),
        ("a.json", "[", "is not JSON"),
        ("a.py", "x = 1", "neither ANSWERS nor answers"),
        ("a.toml", "", "ends in .yaml, .yml, .json or .py"),
    ],
)
def test_mistakes(tmp_path, name, text, message):
    """They are told with the file and the entry."""
    file = tmp_path / name
    file.write_text(text, "utf-8")

    with pytest.raises(ValueError, match=f"{name}.*{message}"):
        Sandbox(script=file)
