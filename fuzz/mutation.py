"""Changes an input so that it stays JSON: only so does a fuzzer reach what lies behind the parser.

One value somewhere in the tree is taken away, doubled, renamed, or swapped for one of another type.
"""

from __future__ import annotations

import random
import re
from typing import Any, Final

import orjson

NESTED: Final = "nested"
"""Becomes a list in lists, deeper than anybody reads."""
_DEPTHS = (20, 127, 200, 900)

HOSTILE: Final = (
    None,
    True,
    False,
    0,
    1,
    -1,
    2**63,
    1.5,
    "",
    "x",
    "0",
    "<think>",
    "</think>",
    "data:",
    "KEY",
    "{",
    '{"a":1}',
    "400 {}",
    "\ud7ff\u0000",
    "aGk=",
    [],
    [None],
    [0],
    ["x"],
    [[]],
    [{}],
    {},
    {"x": 1},
    {"type": "text", "text": "x"},
    {"index": 1},
    {"message": "x"},
    "[" * 300,
    NESTED,
)
"""Values in places where others are expected."""

_EVENT = re.compile(rb"(?<=data: )[\[{].*")


def mutated(data: bytes, seed: int) -> bytes | None:
    """Return an input with one piece of its JSON changed, or None if it has none."""
    dice = random.Random(seed)  # noqa: S311  # no secret
    spots = [match.span() for match in _EVENT.finditer(data)]
    brace = data.find(b"{")
    if not spots and brace >= 0:
        spots = [(brace, len(data))]
    if not spots:
        return None
    start, end = dice.choice(spots)
    try:
        tree = orjson.loads(data[start:end])
        written = orjson.dumps(_changed(tree, dice))
    except (orjson.JSONDecodeError, RecursionError, TypeError):
        return None  # no JSON, or nested deeper than can be changed
    depth = dice.choice(_DEPTHS)
    written = written.replace(orjson.dumps(NESTED), b"[" * depth + b"]" * depth)
    return data[:start] + written + data[end:]


def _changed(tree: Any, dice: random.Random) -> Any:
    """Change one value of a tree, anywhere."""
    places = list(_places(tree))
    if not places:
        return dice.choice(HOSTILE)
    parent, key = dice.choice(places)
    match dice.randrange(6):
        case 0:
            del parent[key]
        case 1 if isinstance(parent, list):
            parent.insert(key, parent[key])
        case 1 | 2:
            other, name = dice.choice(places)
            parent[key] = orjson.loads(orjson.dumps(other[name]))
        case 3 if isinstance(parent, dict):
            other, name = dice.choice(places)
            parent[name if isinstance(name, str) else "x"] = parent.pop(key)
        case _:
            parent[key] = orjson.loads(orjson.dumps(dice.choice(HOSTILE)))
    return tree


def _places(tree: Any) -> Any:
    """Yield each place of a tree as the container and the key or number in it."""
    items = list(tree.items() if isinstance(tree, dict) else enumerate(tree)) if tree else []
    for key, value in items:
        yield tree, key
        if isinstance(value, dict | list):
            yield from _places(value)
