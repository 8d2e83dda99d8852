"""What the user said of themselves earlier in a conversation, for a question about it.

A sentence in the first person is a statement; a question in the first person asks for those that
share most words with it, or for the last few if none shares any ("Who am I?"). Nothing is
understood, but an application that forgets to send the conversation is found out.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from langchain_aimlapi.sandbox.parsing.request import ParsedRequest

_SENTENCE = re.compile(r"[^.!?\n]+[.!?]?")
_WORD = re.compile(r"[\w']+")
_FIRST_PERSON = frozenset(
    ["i", "i'm", "i've", "i'd", "me", "my", "mine", "we", "we're", "our", "us"]
)
_QUESTION_WORDS = frozenset(
    [
        "what",
        "who",
        "where",
        "when",
        "which",
        "why",
        "how",
        "do",
        "does",
        "did",
        "is",
        "are",
        "am",
        "was",
        "were",
        "can",
        "could",
        "tell",
        "remember",
        "what's",
        "who's",
        "where's",
        "when's",
    ]
)
_COMMON_WORDS = (
    _FIRST_PERSON
    | _QUESTION_WORDS
    | frozenset(
        [
            "the",
            "and",
            "you",
            "your",
            "that",
            "this",
            "a",
            "an",
            "of",
            "in",
            "on",
            "at",
            "to",
            "for",
            "it",
            "be",
            "have",
            "has",
            "had",
            "hi",
            "hello",
            "hey",
            "please",
            "about",
            "know",
        ]
    )
)
_MAX_RECALLED = 3
_MAX_SEARCHED = 200_000


def recall(request: ParsedRequest) -> list[str]:
    """Return the earlier statements that the prompt asks for; none if it asks for none."""
    prompt = request.prompt
    if not _asks_about_oneself(prompt):
        return []
    statements = _statements(request)
    wanted = _words(prompt)
    shared = {one: len(wanted & _words(one)) for one in statements}
    most = max(shared.values(), default=0)
    if not most:
        return statements[-_MAX_RECALLED:]
    return [one for one, count in shared.items() if count == most][-_MAX_RECALLED:]


def _asks_about_oneself(text: str) -> bool:
    sentences = [one.strip() for one in _SENTENCE.findall(text[:_MAX_SEARCHED])]
    return any(_is_question(one) and _is_first_person(one) for one in sentences)


def _statements(request: ParsedRequest) -> list[str]:
    """List what the user stated before the prompt, the oldest first, each sentence once."""
    prompts = [message.text for message in request.messages if message.role == "user"]
    text = "\n".join(prompts[:-1])[-_MAX_SEARCHED:]
    sentences = (one.strip() for one in _SENTENCE.findall(text))
    stated = (one for one in sentences if _is_first_person(one) and not _is_question(one))
    return list(dict.fromkeys(stated))


def _is_first_person(sentence: str) -> bool:
    return not _FIRST_PERSON.isdisjoint(_listed(sentence))


def _is_question(sentence: str) -> bool:
    return sentence.endswith("?") or not _QUESTION_WORDS.isdisjoint(_listed(sentence)[:1])


def _words(text: str) -> frozenset[str]:
    return frozenset(_listed(text)) - _COMMON_WORDS


def _listed(text: str) -> list[str]:
    return _WORD.findall(text.lower().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'"))
