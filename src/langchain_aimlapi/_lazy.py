"""Modules that are imported when something of them is first used.

A program that only builds a model pays for no codec, and one that only streams for no parser of
structured answers.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any


class LazyModule:
    """Stands for a module of this package until it is needed.

    Args:
        name: Of the module, from the package on.
    """

    def __init__(self, name: str) -> None:
        self._name = f"{__package__}.{name}"

    def __getattr__(self, name: str) -> Any:
        value = getattr(import_module(self._name), name)
        setattr(self, name, value)
        return value
