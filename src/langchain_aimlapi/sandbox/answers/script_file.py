"""Script files: the answers of a sandbox as YAML, JSON or Python.

A YAML or JSON file is a list; each entry is an answer with its options, and with conditions it is a
rule. A Python file defines `ANSWERS`, such a list, or `answers`, a function of the request, or both.
"""

from __future__ import annotations

import json
import runpy
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING

from langchain_aimlapi.sandbox.answers.options import make_answer
from langchain_aimlapi.sandbox.answers.script import Conditions

if TYPE_CHECKING:
    import os

    from langchain_aimlapi.sandbox.answers.script import Script

_CONDITIONS = frozenset(condition.name for condition in fields(Conditions))


def load_script(path: str | os.PathLike[str], script: Script) -> None:
    """Add the answers of a file to a script.

    Raises:
        OSError: The file cannot be read.
        ValueError: It does not hold answers; the message names the entry.
    """
    file = Path(path)
    if file.suffix == ".py":
        names = runpy.run_path(str(file))
        entries, function = names.get("ANSWERS"), names.get("answers")
        if entries is None and function is None:
            raise ValueError(f"{file} defines neither ANSWERS nor answers(request)")
        if function is not None:
            script.set_function(function)
    else:
        entries = _parsed(file)
    for number, entry in enumerate(_listed(file, entries), 1):
        try:
            _add(script, entry)
        except (TypeError, ValueError) as error:
            raise ValueError(f"{file}, entry {number}: {error}") from error


def _parsed(file: Path) -> object:
    text = file.read_text("utf-8")
    if file.suffix == ".json":
        try:
            return json.loads(text)
        except ValueError as error:
            raise ValueError(f"{file} is not JSON: {error}") from error
    if file.suffix not in {".yaml", ".yml"}:
        raise ValueError(f"{file}: a script ends in .yaml, .yml, .json or .py")
    import yaml  # type: ignore[import-untyped]  # noqa: PLC0415  # langchain-core brings it

    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(f"{file} is not YAML: {error}") from error


def _listed(file: Path, entries: object) -> list[object]:
    if not isinstance(entries, list | None):
        raise ValueError(f"{file} is a list of answers, not {type(entries).__name__}")  # noqa: TRY004
    return entries or []


def _add(script: Script, entry: object) -> None:
    if isinstance(entry, str):
        entry = {"text": entry}
    if not isinstance(entry, dict):
        raise TypeError(f"an answer is a text or a mapping, not {entry!r:.100}")
    conditions = {name: value for name, value in entry.items() if name in _CONDITIONS}
    reserved = {"text", "times", *conditions}
    options = {name: value for name, value in entry.items() if name not in reserved}
    answer = make_answer(entry.get("text", ""), options)
    if conditions:
        script.add_rule(Conditions(**conditions), answer, entry.get("times"))
    else:
        script.add_next(answer, entry.get("times", 1))
