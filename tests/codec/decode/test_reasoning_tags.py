"""Reasoning inside the text: split at the start of a reply, wherever the tags are cut."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from langchain_aimlapi._codec.decode.reasoning_tags import ThinkSplitter, split

CASES = {
    "reasoning": ("<think>a</think>b", "a", "b"),
    "line breaks between": ("<think>\na\n</think>\n\nb\n", "\na\n", "b\n"),
    "an indented answer": ("<think>a</think>\n    b\n", "a", "    b\n"),
    "an indented answer after a blank line": ("<think>a</think>\n\n\tb", "a", "\tb"),
    "space before": (" \n<think>a</think>b", "a", "b"),
    "no answer": ("<think>a</think>", "a", ""),
    "no reasoning in it": ("<think></think>b", "", "b"),
    "unclosed": ("<think>a", "a", ""),
    "cut in the closing tag": ("<think>a</thi", "a</thi", ""),
    "a tag in the reasoning": ("<think>a<think>b</think>c", "a<think>b", "c"),
    "second reasoning": ("<think>a</think>b<think>c</think>", "a", "b<think>c</think>"),
    "no tag": ("b", None, "b"),
    "nearly a tag": ("<thin", None, "<thin"),
    "a tag later": ("b <think>a</think>", None, "b <think>a</think>"),
    "a stray closing tag": ("b</think>", None, "b</think>"),
    "space alone": (" \n ", None, " \n "),
    "nothing": ("", None, ""),
}


@pytest.mark.parametrize(("text", "reasoning", "answer"), CASES.values(), ids=CASES.keys())
def test_whole_texts(text, reasoning, answer):
    """Reasoning is what the tags hold; the line breaks after it belong to nobody."""
    assert split(text) == (reasoning, answer)


@pytest.mark.parametrize(("text", "reasoning", "answer"), CASES.values(), ids=CASES.keys())
@given(size=st.integers(1, 9))
def test_pieces(text, reasoning, answer, size):
    """Pieces of any size add up to the same."""
    splitter = ThinkSplitter()

    read = [splitter.feed(text[at : at + size]) for at in range(0, len(text), size)]
    read.append(splitter.end())

    assert "".join(piece for piece, _ in read) == (reasoning or "")
    assert "".join(piece for _, piece in read) == answer
    assert splitter.found == (reasoning is not None)


def test_ordinary_text_is_not_held_back():
    """The first word that can be no tag leaves at once, and no more is looked at."""
    splitter = ThinkSplitter()

    assert splitter.feed("Hello") == ("", "Hello")
    assert splitter.done
    assert splitter.feed("<think>") == ("", "<think>")


def test_a_thought_leaves_as_it_comes():
    """Only what could be the closing tag waits."""
    splitter = ThinkSplitter()

    assert splitter.feed("<think>so") == ("so", "")
    assert splitter.feed(" on</") == (" on", "")
    assert splitter.feed("b>") == ("</b>", "")
