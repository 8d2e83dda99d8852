"""`Ask` -> `Answer`: what the sandbox says, decided before the first byte is sent.

An answer obeys what was asked: the schema, the forced tool, the stop words, the token limit. It
has no chance in it, so the same request always gets the same words.
"""

from __future__ import annotations

import base64
import math
import struct
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import orjson

from langchain_aimlapi.sandbox.choosing import Call, choose_calls
from langchain_aimlapi.sandbox.schema import conforming, quotes
from langchain_aimlapi.sandbox.tokens import count, pieces

if TYPE_CHECKING:
    from langchain_aimlapi.sandbox.ask import Ask, Part, Turn

_MOST_ECHOED = 500
_FILLER = " and so on"
_THOUGHTS = (
    "The user wants an answer.",
    " It should be short and friendly.",
    " Nothing else has to be weighed.",
)
_EFFORTS = {"": 0, "low": 1, "medium": 2, "high": 3}
SOURCE_URL, SOURCE_TITLE = "https://example.com/sandbox", "An example source"


@dataclass(frozen=True, slots=True)
class Answer:
    """What one choice says."""

    reasoning: str = ""
    text: str = ""
    calls: tuple[Call, ...] = ()
    finish: Literal["stop", "length", "tool_calls"] = "stop"
    cited: str = ""
    """The words of the text that rest on a web source."""
    audio: str = ""
    """The spoken text as base64 audio; the text is then its transcript."""

    @property
    def tokens(self) -> int:
        """Tokens of the whole answer."""
        return count(self.reasoning) + count(self.text) + sum(map(_call_tokens, self.calls))


def _call_tokens(call: Call) -> int:
    return count(call.name) + count(call.arguments)


def answer(ask: Ask, index: int = 0) -> Answer:
    """Decide what choice number `index` says.

    Raises:
        UnusableSchemaError: It is to conform to a schema that is none.
    """
    reasoning = "".join(_THOUGHTS[: _EFFORTS[ask.effort]])
    if calls := choose_calls(ask):
        return obedient(Answer(reasoning, calls=calls), ask)
    return obedient(Answer(reasoning, _text(ask, index)), ask)


def obedient(said: Answer, ask: Ask) -> Answer:
    """Make an answer obey what holds for every answer: stop words, limit, citations, voice."""
    if said.calls:
        return _limited(replace(said, finish="tool_calls"), ask.max_tokens)
    said = _limited(replace(said, text=_stopped(said.text, ask.stops)), ask.max_tokens)
    if ask.search and said.text:
        said = replace(said, cited=said.text)
    if ask.audio_format:
        said = replace(said, audio=_tone(ask.audio_format))
    return said


def _text(ask: Ask, index: int) -> str:
    if ask.format.kind == "json_schema":
        return orjson.dumps(conforming(ask.format.schema, ask.prompt)).decode()
    if ask.format.kind == "json_object":
        keys = quotes(ask.prompt) or ["answer"]
        return orjson.dumps({key: f"sample {key}" for key in keys}).decode()
    text = " ".join(_sentences(ask))
    if ask.n > 1:
        text += f" (choice {index + 1} of {ask.n})"
    return text + _FILLER * math.ceil((ask.pad_to - count(text)) / count(_FILLER))


def _sentences(ask: Ask) -> list[str]:
    """Say hello, what was understood, and what arrived beside the text."""
    said = ["Hello from the AI/ML API sandbox."]
    if ask.answers_a_tool:
        said += [_tool_said(part, ask) for turn in ask.round for part in _results(turn)]
    elif ask.prompt:
        said.append(f'You said: "{_shortened(ask.prompt)}"')
    media = [part for turn in _heard(ask) for part in turn.parts if part.kind in _MEDIA_WORDS]
    for kind in _MEDIA_WORDS:
        if arrived := [part for part in media if part.kind == kind]:
            said.append(_received(kind, arrived))
    return said


def _results(turn: Turn) -> list[Part]:
    return [part for part in turn.parts if part.kind == "result"]


def _tool_said(result: Part, ask: Ask) -> str:
    calls = (part for turn in ask.turns for part in turn.parts if part.kind == "call")
    name = next((call.name for call in calls if call.ref == result.ref), result.ref)
    return f'The tool {name} said: "{_shortened(result.text)}"'


def _shortened(text: str) -> str:
    return text if len(text) <= _MOST_ECHOED else f"{text[:_MOST_ECHOED]}…"


def _heard(ask: Ask) -> tuple[Turn, ...]:
    """Return the user's last message and what followed it."""
    following = len(ask.round)
    return ask.turns[max(len(ask.turns) - following - 1, 0) :]


_MEDIA_WORDS = {"image": "image", "audio": "audio clip", "video": "video", "file": "file"}


def _received(kind: str, parts: list[Part]) -> str:
    word = _MEDIA_WORDS[kind] + ("s" if len(parts) > 1 else "")
    return f"I received {len(parts)} {word} ({'; '.join(map(_described, parts))})."


def _described(part: Part) -> str:
    size = "linked" if part.size is None else f"{part.size} bytes"
    return ", ".join(word for word in (part.name, part.media_type, size) if word)


def _stopped(text: str, stops: tuple[str, ...]) -> str:
    """Cut a text before the first stop word."""
    return text[: min((at for stop in stops if (at := text.find(stop)) >= 0), default=len(text))]


def _limited(said: Answer, limit: int | None) -> Answer:
    """Cut an answer at so many tokens: first the thoughts count, then the text or the calls."""
    if limit is None or said.tokens <= limit:
        return said
    thoughts = pieces(said.reasoning)[:limit]
    left = limit - len(thoughts)
    calls: list[Call] = []
    for call in said.calls:
        room = left - sum(map(_call_tokens, calls)) - count(call.name)
        if room > 0:
            calls.append(replace(call, arguments="".join(pieces(call.arguments)[:room])))
    return replace(
        said,
        reasoning="".join(thoughts),
        text="".join(pieces(said.text)[:left]),
        calls=tuple(calls),
        finish="length",
    )


def _tone(kind: str) -> str:
    """Make a tenth of a second of a 440 Hz tone: raw for `pcm16`, else a WAV file."""
    rate = 8000
    wave = (round(8000 * math.sin(2 * math.pi * 440 * at / rate)) for at in range(rate // 10))
    data = b"".join(struct.pack("<h", value) for value in wave)
    head = struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        *(b"RIFF", 36 + len(data), b"WAVE", b"fmt ", 16),
        *(1, 1, rate, rate * 2, 2, 16, b"data", len(data)),
    )
    return base64.b64encode(data if kind == "pcm16" else head + data).decode()
