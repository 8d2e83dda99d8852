"""Variables are noticed when they change, on any Python."""

from __future__ import annotations

import os

import pytest

from langchain_aimlapi._transport import environment

NAMES = ("A_VARIABLE_OF_THE_TESTS", "ANOTHER_VARIABLE_OF_THE_TESTS")


@pytest.mark.parametrize("python", ["this", "another"])
def test_every_change_makes_another_key(monkeypatch, python):
    """Set, set to another value, emptied and taken away; each of several variables."""
    if python == "another":
        monkeypatch.setattr(environment.os, "environ", dict(os.environ))
    now = environment.reader(NAMES)
    keys = [now()]
    for name, value in ((NAMES[0], "1"), (NAMES[0], "2"), (NAMES[0], ""), (NAMES[1], "1")):
        monkeypatch.setitem(os.environ, name, value)
        keys.append(now())
    monkeypatch.delitem(os.environ, NAMES[0])
    keys.append(now())
    monkeypatch.delitem(os.environ, NAMES[1])

    assert len(set(keys)) == len(keys)
    assert now() == keys[0]


def test_the_quick_way_is_taken():
    """This Python has a mapping below the environment; should it go, calls get slower."""
    assert environment.reader(NAMES).__code__.co_freevars == ("below", "keys")
