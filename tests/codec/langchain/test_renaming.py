"""Names of renamed tools that a stream says in pieces."""

from __future__ import annotations

import pytest

from langchain_aimlapi._codec.decode.stream import Delta
from langchain_aimlapi._codec.langchain.renaming import StreamRenamer

BOUND = {"Page_int": "Page[int]", "Page_int_2": "Page[int]!"}


def chunk(name=None, args="", index=0):
    """A tool call chunk."""
    return {"name": name, "args": args, "id": None, "index": index, "type": "tool_call_chunk"}


def names(*chunks):
    """The name that the chunks of each call add up to, after renaming."""
    renamer = StreamRenamer(BOUND)
    renamer.rename([Delta(tools=[one]) for one in chunks])
    said: dict[int, str] = {}
    for one in [*chunks, *renamer.rest()]:
        said[one["index"]] = said.get(one["index"], "") + (one["name"] or "")
    return list(said.values())


@pytest.mark.parametrize("pieces", [["Page_int"], ["Pa", "ge_", "int"], list("Page_int")])
@pytest.mark.parametrize("args", [None, "{}"])
def test_the_bound_name_is_told_once(pieces, args):
    """In one piece or in many, with arguments after it or none."""
    after = [chunk(args=args)] if args else []

    assert names(*map(chunk, pieces), *after) == ["Page[int]"]


def test_a_longer_name_is_told_apart():
    """One name that is sent begins as another one does."""
    assert names(chunk("Page_int"), chunk("_2"), chunk(args="{}")) == ["Page[int]!"]


def test_other_names_are_left_alone():
    """Whether they begin alike or not."""
    assert names(chunk("Pa"), chunk("ris"), chunk("look", index=1)) == ["Paris", "look"]


def test_calls_in_turns_are_kept_apart():
    """Each has what is held back of its own name."""
    found = names(chunk("Page_"), chunk("Pa", index=1), chunk("int"), chunk("ris", index=1))

    assert found == ["Page[int]", "Paris"]
