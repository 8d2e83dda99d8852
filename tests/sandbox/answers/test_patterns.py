"""Patterns of JSON schemas: matched in linear time, and turned into text."""

from __future__ import annotations

import contextlib
import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from langchain_aimlapi.sandbox.answers.budget import Budget, TooExpensiveError
from langchain_aimlapi.sandbox.answers.patterns import text
from langchain_aimlapi.sandbox.answers.patterns.match import matches
from langchain_aimlapi.sandbox.answers.patterns.syntax import (
    UnsupportedPatternError,
    parse_pattern,
)


def text_matching(pattern, at_least=0, candidates=()):
    """Generate with a budget of its own."""
    return text.text_matching(pattern, Budget(), at_least, candidates)


def match(pattern, given):
    """Match with a budget of its own."""
    return matches(parse_pattern(pattern), given, Budget())


@pytest.mark.parametrize(
    "pattern",
    [
        r"^\d{3}-\d{4}$",
        r"^[A-Z]{2,4}\d+$",
        r"^(foo|bar)baz?$",
        r"^(?:ab){2}$",
        r"(?P<year>\d{4})-\d\d",
        r"^[^abc]+$",
        r"^\+?[1-9]\d{1,14}$",
        r"^[\w.+-]+@[\w-]+\.[\w.]+$",
        r"^#[0-9a-fA-F]{6}$",
        r"^[a-z]+(-[a-z]+)*$",
        r"^\S+\s\D\W$",
        r"^.*$",
        r"^a\.b\\c\n$",
        r"[]x]-[a\]b]",
        r"^a{,3}b{2,}?$",
        r"^x*+y$",
        r"",
        r"^[a-]$",
        r"\bword\b",
        r"^(?=.*\d)a1$",
    ],
)
def test_patterns(pattern):
    """The text generated for a pattern matches it."""
    assert re.search(pattern, text_matching(pattern))


@pytest.mark.parametrize("length", [0, 1, 5, 30])
def test_patterns_at_length(length):
    """A pattern that leaves room is filled up to the length that is asked for."""
    text = text_matching(r"^[a-z]+$", length)

    assert len(text) >= length
    assert re.search(r"^[a-z]+$", text)


@pytest.mark.parametrize(
    "pattern", [r"(", r"[", r"^(a)\1$", r"(?!a)b(?<=b)", r"^(?=a)b$", r"(?i)a"]
)
def test_patterns_beyond_us(pattern):
    """Where a pattern cannot be followed there is a plain word, and no error."""
    assert text_matching(pattern)


@pytest.mark.parametrize(
    ("pattern", "given", "found"),
    [
        (r"^\p{Lu}\p{Ll}+$", "Élan", True),
        (r"^\p{Lu}\p{Ll}+$", "élan", False),
        (r"^\P{L}+$", "12 3", True),
        (r"^\u0041\x42\u{43}$", "ABC", True),
        (r"^[\d\-x]+$", "1-x", True),
        (r"^[^\d\s]$", "7", False),
        (r"^(?<year>\d{4})$", "2026", True),
        (r"^(?=.*\d)(?!.*z)\w{3,}$", "ab1", True),
        (r"^(?=.*\d)(?!.*z)\w{3,}$", "az1", False),
        (r"b\b", "ab c", True),
        (r"\Bb\b", "b", False),
        (r"a{2,3}$", "aaaa", True),
        (r"^a{2,3}$", "aaaa", False),
        (r"^a{,2}$", "aa", True),
        (r"x{y}", "x{y}", True),
        (r"^[a-z-]+$", "a-z", True),
        (r"^(|a)*$", "aaa", True),
        (r"", "", True),
    ],
)
def test_matching(pattern, given, found):
    """The syntaxes of ECMA-262, Python and Rust are understood."""
    assert match(pattern, given) is found


_ATOMS = st.sampled_from(["a", "b", ".", "[ab]", "[^a]", "\\w", "^", "$", "\\b", "(?=a)", "(?!b)"])
_PATTERNS = st.recursive(
    _ATOMS,
    lambda inner: st.one_of(
        st.builds(
            "(?:{}){}".format, inner, st.sampled_from(["*", "+", "?", "{2}", "{1,2}", "{2,}"])
        ),
        st.builds("{}{}".format, inner, inner),
        st.builds("(?:{}|{})".format, inner, inner),
    ),
    max_leaves=6,
)


@given(_PATTERNS, st.text("abc \n", max_size=6))
def test_matches_as_the_standard_library_does(pattern, given):
    """Both engines agree, but that `$` is the very end, as in ECMA-262."""
    assert match(pattern, given) is bool(re.search(pattern.replace("$", "\\Z"), given))


NESTED = [
    r"^([a-zA-Z0-9]+\s?)*$",
    r"^(a+)+$",
    r"^(a|a)*$",
    r"^(a|aa)+$",
    r"^(.*a){20}$",
    r"(x+x+)+y",
    r"^(([a-z])+.)+[A-Z]([a-z])+$",
    r"^(?=(a+)+$)b",
]


@pytest.mark.parametrize("pattern", NESTED)
def test_nested_repeats_are_linear(pattern):
    """What takes a backtracking engine years takes a moment."""
    start = time.process_time()
    with contextlib.suppress(TooExpensiveError):
        assert not match(pattern, "a" * 2000 + "!")
    text_matching(pattern, 50, ["a" * 5000 + "!"])

    assert time.process_time() - start < 10  # an exponential one never ends


@pytest.mark.parametrize("pattern", ["(" * 1000 + ")" * 1000, "a" * 10_000, "((a{999}){999}){999}"])
def test_huge_patterns_end(pattern):
    """A pattern too deep or too long is not supported, and one that repeats too much is refused."""
    with pytest.raises((UnsupportedPatternError, TooExpensiveError)):
        match(pattern, "a")


def test_a_candidate_is_taken_if_it_matches():
    """The first fitting one, before any text is generated."""
    assert text_matching(r"^\d+$", candidates=["x", "12", "34"]) == "12"
    assert text_matching(r"^\d+$", 3, candidates=["12", "345"]) == "345"


@pytest.mark.parametrize(
    "pattern",
    [
        r"[^\x00-\uffff]" * 300,
        "(?:[" + "".join(map(chr, range(200, 4000))) + "]){999}",
        "(?:[" + "".join(map(chr, range(200, 4000))) + "]|a){1,999}!",
    ],
    ids=["rare", "large class", "large class repeated"],
)
def test_large_classes_end(pattern):
    """Sets of thousands of ranges, and sets without a common character, are counted as work."""
    start = time.process_time()
    with contextlib.suppress(TooExpensiveError):
        text_matching(pattern, 50, ["a" * 200])

    assert time.process_time() - start < 10
