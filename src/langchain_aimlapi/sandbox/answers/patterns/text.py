"""Pattern -> a short text that matches it, or one of a requested length."""

from __future__ import annotations

import math
import string
from typing import TYPE_CHECKING

from langchain_aimlapi.sandbox.answers.budget import MAX_STEPS, Budget, TooExpensiveError
from langchain_aimlapi.sandbox.answers.patterns.match import matches
from langchain_aimlapi.sandbox.answers.patterns.syntax import (
    Alternatives,
    Characters,
    Node,
    Repeat,
    Sequence,
    UnsupportedPatternError,
    parse_pattern,
)

if TYPE_CHECKING:
    from collections.abc import Iterable


_PREFERRED = string.ascii_letters + string.digits + string.punctuation + " "
_PLAIN = "sample"
_STEPS_PER_TRIAL = 5_000
_LAST_BEFORE_SURROGATES, _RARE_CHARACTERS = 0xD7FF, 0x400


def text_matching(
    pattern: str, budget: Budget, at_least: int = 0, candidates: Iterable[str] = ()
) -> str:
    """Return a text that matches a pattern.

    Args:
        pattern: A regular expression.
        budget: Counts the work.
        at_least: Minimum number of characters.
        candidates: Texts to use if one of them matches.

    Returns:
        The first candidate that matches, else a generated text. For a pattern that is not
        supported it is a plain word, which may not match.

    Raises:
        TooExpensiveError: The text would be too long.
    """
    try:
        tree = parse_pattern(pattern)
    except UnsupportedPatternError:
        return _plain(at_least, budget)
    for candidate in candidates:
        if budget.spent > MAX_STEPS // 2:
            break  # what is left is for generating
        if len(candidate) >= at_least and _tried(tree, candidate, budget, unknown=False):
            return candidate
    text = _generate(tree, max(at_least, 1), budget)
    budget.write(len(text))
    return text if _tried(tree, text, budget, unknown=True) else _plain(at_least, budget)


def _tried(tree: Node, text: str, budget: Budget, *, unknown: bool) -> bool:
    """Tell whether a text matches; `unknown` is the answer if that takes too much work.

    A generated text matches by the way it is made, but for lookahead and odd anchors.
    """
    trial = Budget(_STEPS_PER_TRIAL)
    try:
        return matches(tree, text, trial)
    except TooExpensiveError:
        return unknown
    finally:
        budget.spend(trial.spent)


def _plain(at_least: int, budget: Budget) -> str:
    budget.write(at_least)
    return (_PLAIN * math.ceil(at_least / len(_PLAIN)))[:at_least] if at_least else _PLAIN


def _generate(node: Node, length: int, budget: Budget) -> str:
    """Write a text for a part of a pattern, of so many characters if the part allows it."""
    budget.spend()
    match node:
        case Characters():
            budget.spend(node.size // 8)
            return _character(node, budget)
        case Sequence():
            return _sequence(node, length, budget)
        case Alternatives():
            texts = (_generate(option, length, budget) for option in node.options)
            tried = []
            for text in texts:
                if len(text) >= length:
                    return text
                tried.append(text)
            return max(tried, key=len)
        case Repeat():
            return _repeat(node, length, budget)
        case _:
            return ""


def _sequence(node: Sequence, length: int, budget: Budget) -> str:
    texts = [_generate(part, 0, budget) for part in node.parts]
    missing = length - sum(map(len, texts))
    for index, part in enumerate(node.parts):
        if missing <= 0:
            break
        longer = _generate(part, len(texts[index]) + missing, budget)
        missing -= len(longer) - len(texts[index])
        texts[index] = longer
    return "".join(texts)


def _repeat(node: Repeat, length: int, budget: Budget) -> str:
    one = _generate(node.part, 0, budget) if node.high != 0 else ""
    count = node.low
    if len(one) * count < length:
        one = one or _generate(node.part, 1, budget)
        wanted = math.ceil(length / len(one)) if one else 0
        count = max(count, wanted if node.high is None else min(wanted, node.high))
    if count and len(one) * count < length:
        one = _generate(node.part, math.ceil(length / count), budget)
    budget.write(len(one) * count)
    return one * count


def _character(characters: Characters, budget: Budget) -> str:
    for character in _PREFERRED:
        if characters.contains(character):
            return character
    listed = (chr(low) for low, _ in characters.ranges if low <= _LAST_BEFORE_SURROGATES)
    others = map(chr, range(_RARE_CHARACTERS))
    budget.spend(100 * (1 + characters.size))
    for character in (*listed, *others):
        if characters.contains(character):
            return character
    return _PREFERRED[0]
