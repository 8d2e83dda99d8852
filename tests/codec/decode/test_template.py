"""Events read by their look say what a parser says."""

from __future__ import annotations

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from langchain_aimlapi._codec.decode import stream as codec
from langchain_aimlapi._codec.decode.stream import StreamDecoder
from langchain_aimlapi._codec.decode.template import Template
from langchain_aimlapi.errors import AimlapiError

from ..shapes import context

HEAD = {"id": "c-1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
FIELDS = ("content", "reasoning_content")


def spoken(text, *, field="content", choice=None, **more):
    """An event with a text."""
    delta = {"content": None, field: text}
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": None} | (choice or {})
    return {**HEAD, "choices": [choice], "usage": None, **more}


def learnt(event, field="content"):
    """What is learnt from an event."""
    return Template.learn(field, orjson.dumps(event), event)


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("more", [{}, {"obfuscation": "aB3"}])
def test_another_text_is_read(field, more):
    """An event of the same look gives its text, whatever the padding's length."""
    template = learnt(spoken("one", field=field, **more), field)
    padded = dict.fromkeys(more, "x" * 9)
    like = orjson.dumps(spoken("zwölf ☃ 😀", field=field, **padded))
    assert template.text(like) == "zwölf ☃ 😀"


@pytest.mark.parametrize(
    "unlike",
    [
        orjson.dumps(spoken('say "hi"')),
        orjson.dumps(spoken("back\\slash")),
        orjson.dumps(spoken("line\nend")),
        orjson.dumps(spoken("")),
        orjson.dumps(spoken("one", choice={"index": 1})),
        orjson.dumps(spoken("one", choice={"finish_reason": "stop"})),
        orjson.dumps(spoken("one", usage={"total_tokens": 1})),
        orjson.dumps(spoken("one", obfuscation="x")),
        orjson.dumps(spoken("one") | {"id": "c-2"}),
        orjson.dumps(spoken("one")).replace(b"one", b"\xff\xfe"),
        orjson.dumps(spoken("one")).replace(b"one", b"one\n"),
        orjson.dumps(spoken("one")).replace(b"one", b"one\x7f"),
        orjson.dumps(spoken("one"))[:-1],
        orjson.dumps(spoken("one"))[:90],
        b"[DONE]",
        b"",
    ],
)
def test_what_is_not_plain_is_left_to_the_parser(unlike):
    """Escapes, control characters, other fields, cut ends, broken UTF-8: no guess is made."""
    assert learnt(spoken("one")).text(unlike) is None


def test_padding_that_could_say_something_is_parsed():
    """Only letters and digits are padding."""
    template = learnt(spoken("one", obfuscation="aB3"))
    assert template.text(orjson.dumps(spoken("one", obfuscation='"'))) is None
    assert template.text(orjson.dumps(spoken("one", obfuscation=""))) is None
    assert template.text(orjson.dumps(spoken("one"))) is None
    cut = orjson.dumps(spoken("one", obfuscation="aB3")).partition(b"aB3")
    assert template.text(cut[0]) is None
    assert template.text(cut[0] + cut[1]) is None


@pytest.mark.parametrize(
    "event",
    [
        spoken("one", note='"content":"one"'),
        {**HEAD, "echo": {"content": "one"}, "choices": [{"delta": {"content": "one"}}]},
        {**HEAD, "choices": [{"delta": {"content": "one"}}, {"delta": {"content": "one"}}]},
    ],
)
def test_it_learns_the_right_place_or_none(event):
    """Of several places that look right, a wrong one is never taken."""
    template = learnt(event)
    if template is not None:
        other = {**event, "choices": [{**event["choices"][0]}]}
        other["choices"][0]["delta"] = {**event["choices"][0]["delta"], "content": "two"}
        assert template.text(orjson.dumps(other)) == "two"


def test_the_last_of_two_contents_counts():
    """A key that stands twice is learnt by what the parser makes of it."""
    data = b'{"choices":[{"delta":{"content":"a","content":"a"}}]}'
    assert Template.learn("content", data, orjson.loads(data)) is None


def changed(raw):
    """Bytes with every end cut off, and every byte put in anywhere or in the place of another."""
    for place in range(len(raw) + 1):
        yield raw[:place]
        for byte in range(256):
            yield raw[:place] + bytes([byte]) + raw[place:]
            yield raw[:place] + bytes([byte]) + raw[place + 1 :]


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("more", [{}, {"obfuscation": "a1"}])
def test_no_single_change_deceives_it(field, more):
    """What is recognised among all these parses to the same event with the text it gives."""
    event = spoken("one", field=field, **more)
    template, recognised = learnt(event, field), 0
    for data in changed(orjson.dumps(event)):
        text = template.text(data)
        if text is not None:
            recognised += 1
            parsed = orjson.loads(data) | more
            assert parsed == spoken(text, field=field, **more)
    assert recognised > 256


texts = st.text(
    st.one_of(st.sampled_from('ab "\\\n\t\x00\x7f😀\u2028é'), st.characters(codec="utf-8"))
)
events = st.builds(
    lambda text, field, more, choice: orjson.dumps(
        spoken(text, field=field, choice=choice, **more)
    ),
    texts,
    st.sampled_from(FIELDS),
    st.sampled_from(
        [
            {},
            {"obfuscation": "a1"},
            {"obfuscation": "b22"},
            {"usage": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}},
            {"usage": {"prompt_tokens": 1, "completion_tokens": 3, "total_tokens": 4}},
            {"meta": {"x": 1}},
            {"service_tier": "late"},
            {"unheard": "of"},
        ]
    ),
    st.sampled_from(
        [
            {},
            {"finish_reason": "stop"},
            {"index": 1},
            {"logprobs": {"content": [{"token": "a", "logprob": -1.0}]}},
            {"message": {"content": "whole"}},
            {"delta": {"content": "x", "tool_calls": [{"id": "t", "function": {"name": "f"}}]}},
            {"delta": {"content": "x", "reasoning_content": "y"}},
            {"delta": {"content": ["x"], "unheard": "of"}},
        ]
    ),
)


def everything(datas, most_templates, monkeypatch):
    """All that a decoder makes of events."""
    monkeypatch.setattr(codec, "_MOST_TEMPLATES", most_templates)
    decoder = StreamDecoder(context())
    made = []
    for data in datas:
        try:
            made.append(decoder.feed(data))
        except AimlapiError as error:
            made.append(repr(error))
    try:
        made.append(decoder.end())
    except AimlapiError as error:
        made.append(repr(error))
    return made, decoder.texts, decoder.reasoning, decoder.interrupted()


@given(st.lists(st.one_of(events, st.sampled_from([b"[DONE]", b"{", b"{}"])), max_size=12))
def test_streams_are_read_as_without_it(datas):
    """Whatever events come, learning changes nothing."""
    # Each event once more, so that there is something to recognise.
    datas = [data for data in datas for _ in range(2)]
    with pytest.MonkeyPatch.context() as monkeypatch:
        learning = everything(datas, 8, monkeypatch)
        assert learning == everything(datas, 0, monkeypatch)


@given(
    st.sampled_from([spoken("one"), spoken("one", obfuscation="a1")]),
    st.data(),
)
def test_it_never_says_what_a_parser_would_not(event, data):
    """Bytes put in, taken out and changed anywhere: what is recognised parses to the same."""
    template = learnt(event)
    raw = bytearray(orjson.dumps(event))
    if data.draw(st.booleans()):
        del raw[data.draw(st.integers(0, len(raw))) :]
    for _ in range(data.draw(st.integers(0, 3))):
        begin = data.draw(st.integers(0, len(raw)))
        end = data.draw(st.integers(begin, min(len(raw), begin + 4)))
        raw[begin:end] = data.draw(
            st.one_of(st.binary(max_size=3), st.sampled_from([b'"', b"\\", b"one", b"\xc3\xa9"]))
        )
    text = template.text(bytes(raw))
    if text is not None:
        parsed = orjson.loads(bytes(raw))
        parsed.pop("obfuscation", None)
        expected = {name: value for name, value in event.items() if name != "obfuscation"}
        assert parsed == {**expected, "choices": spoken(text)["choices"]}
