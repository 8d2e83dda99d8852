"""Whether variables of the environment changed, asked for every call."""

from __future__ import annotations

import operator
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


def reader(names: Iterable[str]) -> Callable[[], tuple[object, ...]]:
    """Return a function that tells what the variables hold now, as a key to keep things by.

    `os.environ.get` of a variable that is not set costs over a microsecond, since it raises and
    catches an error. Hence the mapping below it is read, with its own forms of names and values,
    wherever Python has one.
    """
    names = tuple(names)
    try:
        below = operator.attrgetter("_data")(os.environ)
        keys = tuple(map(os.environ.encodekey, names))
    except AttributeError:
        return lambda: tuple(map(os.environ.get, names))
    return lambda: tuple(map(below.get, keys))
