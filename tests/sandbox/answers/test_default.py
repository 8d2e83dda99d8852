"""Default answers: their text, and the limits and formats of the request."""

from __future__ import annotations

import base64
import io
import json
import wave

import pytest

from tests.sandbox.conformance import conforms
from tests.sandbox.http_client import TEXT, USER, chat, function

PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + b"0" * 40).decode()
CALL = {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{}"}}


def _said(sandbox, parts):
    return chat(sandbox, [{"role": "user", "content": parts}]).message["content"]


def test_the_text_names_the_sandbox_and_repeats_the_prompt(shared_sandbox):
    """The text names the sandbox and repeats the prompt."""
    message = chat(shared_sandbox).message

    assert message["content"] == TEXT
    assert (message["role"], message["refusal"], message["annotations"]) == ("assistant", None, [])


def test_long_prompts_are_shortened(shared_sandbox):
    """A prompt of pages is not repeated in full."""
    assert len(chat(shared_sandbox, "word " * 1000).message["content"]) < 600


def test_the_last_user_message_counts(shared_sandbox):
    """Of a conversation, the last thing the user said is repeated."""
    messages = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "first"},
        {"role": "assistant", "content": "answer"},
        {"role": "user", "content": "second"},
    ]

    assert '"second"' in chat(shared_sandbox, messages).message["content"]


def test_no_user_message_at_all(shared_sandbox):
    """A request with instructions only gets a greeting."""
    messages = [{"role": "system", "content": "Be brief."}]

    assert chat(shared_sandbox, messages).message["content"] == "Hello from the AI/ML API sandbox."


@pytest.mark.parametrize(
    ("part", "seen"),
    [
        (
            {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}},
            "1 image (image/png, 48 bytes)",
        ),
        (
            {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}},
            "1 image (linked)",
        ),
        (
            {
                "type": "image",
                "source": {"type": "base64", "media_type": "image/jpeg", "data": PNG},
            },
            "1 image (image/jpeg, 48 bytes)",
        ),
        (
            {"type": "image", "source": {"type": "url", "url": "https://example.com/a.png"}},
            "1 image (linked)",
        ),
        (
            {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}},
            "1 audio file (audio/wav, 3 bytes)",
        ),
        (
            {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "audio/ogg"}},
            "1 audio file (audio/ogg, 3 bytes)",
        ),
        (
            {"type": "video_url", "video_url": {"url": "https://example.com/a.mp4"}},
            "1 video (linked)",
        ),
        (
            {
                "type": "file",
                "file": {"file_data": "data:application/pdf;base64,AAAA", "filename": "a.pdf"},
            },
            "1 file (a.pdf, application/pdf, 3 bytes)",
        ),
        ({"type": "file", "file": {"file_id": "file-1"}}, "1 file (linked)"),
        (
            {
                "type": "document",
                "title": "Notes",
                "source": {"type": "text", "media_type": "text/plain", "data": "héllo"},
            },
            "1 file (Notes, text/plain, 6 bytes)",
        ),
    ],
)
def test_media_are_acknowledged(shared_sandbox, part, seen):
    """The answer lists each medium with its type and size."""
    said = _said(shared_sandbox, [{"type": "text", "text": "Look"}, part])

    assert said == f'Hello from the AI/ML API sandbox. You said: "Look" I received {seen}.'


def test_several_media(shared_sandbox):
    """Media of one kind are counted together."""
    image = {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}

    assert "I received 2 images (linked; linked)." in _said(shared_sandbox, [image, image])


def test_tool_results_are_repeated(shared_sandbox):
    """After a tool message the answer repeats the tool result."""
    messages = [
        *USER,
        {"role": "assistant", "content": None, "tool_calls": [CALL]},
        {"role": "tool", "tool_call_id": "call_1", "content": "It's sunny."},
    ]

    assert chat(shared_sandbox, messages).message["content"] == (
        'Hello from the AI/ML API sandbox. The tool f said: "It\'s sunny."'
    )


def test_the_anthropic_dialect(shared_sandbox):
    """Top-level system text and tool blocks are parsed, and answered in OpenAI's dialect."""
    messages = [
        {"role": "user", "content": "hi"},
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "Hm.", "signature": "s"},
                {"type": "tool_use", "id": "t1", "name": "look", "input": {"at": "sky"}},
            ],
        },
        {
            "role": "user",
            "content": [
                {
                    "type": "tool_result",
                    "tool_use_id": "t1",
                    "content": [{"type": "text", "text": "blue"}],
                }
            ],
        },
    ]
    reply = chat(shared_sandbox, messages, system="Be brief.", stop_sequences=["END"])

    assert 'The tool look said: "blue"' in reply.message["content"]
    assert reply.json["object"] == "chat.completion"


@pytest.mark.parametrize(("limit", "text"), [(1, "Hello"), (3, "Hello from the")])
@pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens"])
def test_limits_cut_the_text(shared_sandbox, name, limit, text):
    """The answer has no more tokens than allowed, and says that it was cut."""
    reply = chat(shared_sandbox, **{name: limit})

    assert reply.message["content"] == text
    assert reply.json["choices"][0]["finish_reason"] == "length"
    assert reply.json["usage"]["completion_tokens"] == limit


def test_a_limit_that_is_not_reached(shared_sandbox):
    """A generous limit changes nothing."""
    choice = chat(shared_sandbox, max_tokens=1000).json["choices"][0]

    assert (choice["message"]["content"], choice["finish_reason"]) == (TEXT, "stop")


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"stop": "from"}, "Hello "),
        ({"stop": ["sandbox", "API"]}, "Hello from the AI/ML "),
        ({"stop_sequences": ["the"]}, "Hello from "),
        ({"stop": "absent"}, TEXT),
        ({"stop": "Hello"}, ""),
        ({"stop": []}, TEXT),
    ],
)
def test_stop_words_cut_the_text(shared_sandbox, options, text):
    """The text ends before the first stop word."""
    choice = chat(shared_sandbox, **options).json["choices"][0]

    assert (choice["message"]["content"], choice["finish_reason"]) == (text, "stop")


def test_several_choices(shared_sandbox):
    """With `n` there are so many choices, each its own, and all are paid for."""
    one, three = chat(shared_sandbox).json, chat(shared_sandbox, n=3).json
    texts = [choice["message"]["content"] for choice in three["choices"]]

    assert [choice["index"] for choice in three["choices"]] == [0, 1, 2]
    assert len(set(texts)) == 3
    assert three["usage"]["completion_tokens"] > 3 * one["usage"]["completion_tokens"]


@pytest.mark.parametrize("stream", [False, True])
def test_logprobs(shared_sandbox, stream):
    """Each token of the text has its figures and alternatives, streamed or not."""
    reply = chat(shared_sandbox, logprobs=True, top_logprobs=2, stream=stream)
    chunks = reply.chunks if stream else [reply.json]
    choices = [choice for chunk in chunks for choice in chunk["choices"]]
    tokens = [
        token for choice in choices for token in (choice["logprobs"] or {}).get("content", [])
    ]

    assert "".join(token["token"] for token in tokens) == TEXT
    assert bytes(byte for token in tokens for byte in token["bytes"]).decode() == TEXT
    assert all(token["logprob"] <= 0 for token in tokens)
    assert {len(token["top_logprobs"]) for token in tokens} == {2}


def test_logprobs_are_null_unless_asked_for(shared_sandbox):
    """There are none by default."""
    assert chat(shared_sandbox).json["choices"][0]["logprobs"] is None


@pytest.mark.parametrize(
    "options",
    [
        {"reasoning_effort": "low"},
        {"reasoning_effort": "high"},
        {"reasoning": {"effort": "medium"}},
        {"reasoning": {"max_tokens": 100}},
        {"thinking": {"type": "enabled", "budget_tokens": 1024}},
        {"thinking": {"type": "adaptive"}},
        {"enable_thinking": True},
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_reasoning(shared_sandbox, options, stream):
    """Each documented parameter makes the model reason, and its reasoning is counted."""
    reply = chat(shared_sandbox, stream=stream, **options)
    reasoning = reply.joined("reasoning_content") if stream else reply.message["reasoning_content"]
    text = reply.joined() if stream else reply.message["content"]
    usage = reply.chunks[-2]["usage"] if stream else reply.json["usage"]

    assert reasoning.startswith("The user wants an answer.")
    assert text == TEXT
    assert 0 < usage["completion_tokens_details"]["reasoning_tokens"] < usage["completion_tokens"]


@pytest.mark.parametrize(
    "options",
    [{"thinking": {"type": "disabled"}}, {"enable_thinking": False}, {"reasoning": {}}, {}],
)
def test_no_reasoning(shared_sandbox, options):
    """Without being asked the model does not think."""
    reply = chat(shared_sandbox, **options)

    assert "reasoning_content" not in reply.message
    assert reply.json["usage"]["completion_tokens_details"]["reasoning_tokens"] == 0


@pytest.mark.parametrize(
    "options",
    [
        {"reasoning": {"effort": "low", "exclude": True}},
        {"thinking": {"type": "enabled", "display": "omitted"}},
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_hidden_reasoning(shared_sandbox, options, stream):
    """Reasoning that shall not be shown is counted all the same."""
    reply = chat(shared_sandbox, stream=stream, **options)
    usage = reply.chunks[-2]["usage"] if stream else reply.json["usage"]

    assert "reasoning_content" not in reply.text
    assert usage["completion_tokens_details"]["reasoning_tokens"] > 0


def test_more_effort_is_more_thought(shared_sandbox):
    """The harder it is asked to think, the more it does."""
    counts = [
        chat(shared_sandbox, reasoning_effort=effort).json["usage"]["completion_tokens"]
        for effort in ("low", "medium", "high")
    ]

    assert counts == sorted(set(counts))


def test_reasoning_can_use_up_the_limit(shared_sandbox):
    """A small limit is gone before the text begins, as with the real models."""
    choice = chat(shared_sandbox, reasoning_effort="high", max_tokens=3).json["choices"][0]

    assert (choice["message"]["content"], choice["finish_reason"]) == ("", "length")


@pytest.mark.parametrize("stream", [False, True])
def test_spoken_answers(shared_sandbox, stream):
    """With audio asked for, the answer is a WAV file with a transcript, and counted as audio."""
    options = {"modalities": ["text", "audio"], "audio": {"voice": "alloy", "format": "wav"}}
    reply = chat(shared_sandbox, stream=stream, **options)
    if stream:
        parts = [delta["audio"] for delta in reply.deltas if "audio" in delta]
        audio = {"transcript": "".join(part.get("transcript", "") for part in parts)}
        audio |= {
            key: part[key] for part in parts for key in ("id", "data", "expires_at") if key in part
        }
        usage = reply.chunks[-2]["usage"]
    else:
        audio, usage = reply.message["audio"], reply.json["usage"]

    assert audio["transcript"] == TEXT
    assert set(audio) == {"id", "data", "transcript", "expires_at"}
    with wave.open(io.BytesIO(base64.b64decode(audio["data"]))) as audio_file:
        assert (audio_file.getnchannels(), audio_file.getframerate(), audio_file.getnframes()) == (
            1,
            8000,
            800,
        )
    assert usage["completion_tokens_details"]["audio_tokens"] > 0


def test_raw_audio(shared_sandbox):
    """`pcm16` has no file header."""
    options = {"modalities": ["text", "audio"], "audio": {"voice": "alloy", "format": "pcm16"}}
    data = base64.b64decode(chat(shared_sandbox, **options).message["audio"]["data"])

    assert len(data) == 1600


def test_audio_in_is_counted(shared_sandbox):
    """Audio in the prompt shows in the usage."""
    part = {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}}
    usage = chat(shared_sandbox, [{"role": "user", "content": [part]}]).json["usage"]

    assert 0 < usage["prompt_tokens_details"]["audio_tokens"] < usage["prompt_tokens"]


@pytest.mark.parametrize("stream", [False, True])
def test_web_search_is_cited(shared_sandbox, stream):
    """With web search on, the text has a source, at its place."""
    reply = chat(shared_sandbox, web_search_options={"search_context_size": "low"}, stream=stream)
    if stream:
        cited = next(delta["annotations"] for delta in reply.deltas if delta.get("annotations"))
    else:
        cited = reply.message["annotations"]
    (citation,) = cited

    assert citation["type"] == "url_citation"
    assert citation["url_citation"]["url"].startswith("https://")
    assert (citation["url_citation"]["start_index"], citation["url_citation"]["end_index"]) == (
        0,
        len(TEXT),
    )


SCHEMA = {
    "type": "object",
    "properties": {"setup": {"type": "string"}, "rating": {"type": "integer", "maximum": 2}},
    "required": ["setup", "rating"],
    "additionalProperties": False,
}
FORMAT = {"type": "json_schema", "json_schema": {"name": "Joke", "schema": SCHEMA, "strict": True}}


@pytest.mark.parametrize("stream", [False, True])
def test_json_schema(shared_sandbox, stream):
    """The text is JSON that conforms."""
    reply = chat(shared_sandbox, response_format=FORMAT, stream=stream)
    text = reply.joined() if stream else reply.message["content"]

    assert conforms(json.loads(text), SCHEMA)


def test_json_schema_can_be_cut(shared_sandbox):
    """A limit breaks JSON as it breaks text."""
    reply = chat(shared_sandbox, response_format=FORMAT, max_tokens=3)

    with pytest.raises(ValueError, match=r".+"):
        json.loads(reply.message["content"])


@pytest.mark.parametrize(
    ("prompt", "keys"),
    [
        ("Return JSON with 'setup' and 'punchline' keys.", ["setup", "punchline"]),
        ("Return JSON with `a` and `b`.", ["a", "b"]),
        ("Return some JSON.", ["answer"]),
    ],
)
def test_json_object(shared_sandbox, prompt, keys):
    """The text is an object with the keys the prompt puts in quotes."""
    reply = chat(shared_sandbox, prompt, response_format={"type": "json_object"})

    assert list(json.loads(reply.message["content"])) == keys


@pytest.mark.parametrize("schema", [{"type": "object", "properties": [1]}, {"$ref": 7}])
def test_a_schema_that_is_none_is_400(shared_sandbox, schema):
    """What cannot be read as a schema is refused."""
    wanted = {"type": "json_schema", "json_schema": {"name": "x", "schema": schema}}
    reply = chat(shared_sandbox, response_format=wanted)

    assert (reply.status, "Invalid JSON schema" in reply.json["message"]) == (400, True)


def test_usage_adds_up(shared_sandbox):
    """The total is the sum, and every detail is there."""
    tool = function(city={"type": "string"})
    usage = chat(shared_sandbox, tools=[tool]).json["usage"]

    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]
    assert set(usage["prompt_tokens_details"]) == {
        "cached_tokens",
        "cache_write_tokens",
        "audio_tokens",
    }
    assert set(usage["completion_tokens_details"]) == {"reasoning_tokens", "audio_tokens"}
