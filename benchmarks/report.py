"""Samples -> a table with targets, and whether each is met."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from benchmarks.peers import OURS
from benchmarks.run import medians

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from benchmarks.figures import Figure, Target
    from benchmarks.run import Samples

Row = dict[str, Any]
"""One figure as it is written to JSON."""


def row(figure: Figure, samples: Samples) -> Row:
    """A figure with its medians, and its targets with what was reached."""
    middle = medians(samples)
    ours = middle.get(OURS.name)
    checks = [_check(ours, target, middle) for target in figure.targets]
    if figure.most is not None and ours is not None:
        checks.append({"of": "", "times": None, "limit": figure.most, "met": ours <= figure.most})
    return {
        "name": figure.name,
        "title": figure.title,
        "unit": figure.unit,
        "medians": middle,
        "samples": samples,
        "checks": [check for check in checks if check],
    }


def _check(ours: float | None, target: Target, middle: Mapping[str, float]) -> Row:
    other = middle.get(target.of.name)
    if ours is None or other is None:
        return {}
    limit = target.times * other + target.plus
    return {
        "of": target.of.name,
        "times": target.times,
        "plus": target.plus,
        "limit": limit,
        "ratio": ours / other,
        "met": ours <= limit,
    }


def table(rows: Sequence[Row]) -> str:
    """The whole report as two tables in Markdown."""
    names = columns(rows, "medians")
    return f"{_medians_table(rows, names)}\n\n{_targets_table(rows)}\n"


def columns(rows: Sequence[Row], key: str) -> list[str]:
    """The peers that rows have values of, in the order of their coming."""
    return list(dict.fromkeys(name for found in rows for name in found[key]))


def _medians_table(rows: Sequence[Row], names: Sequence[str]) -> str:
    titles = [name.removeprefix("langchain-") for name in names]
    lines = [["figure", "unit", *titles]]
    for found in rows:
        values = [found["medians"].get(name) for name in names]
        shown = ["" if value is None else _number(value) for value in values]
        lines.append([found["title"], found["unit"], *shown])
    return markdown(lines)


def _targets_table(rows: Sequence[Row]) -> str:
    lines = [["figure", "beside", "ratio", "target", "met"]]
    for found in rows:
        for check in found["checks"]:
            name = check["of"].removeprefix("langchain-") or "absolute"
            ratio = f"{check['ratio']:.2f}" if "ratio" in check else ""
            plus = f" + {check['plus']:g} {found['unit']}" if check.get("plus") else ""
            times = check["times"]
            bound = f"{check['limit']:g} {found['unit']}" if times is None else f"{times:g}{plus}"
            met = "yes" if check["met"] else "**no**"
            lines.append([found["title"], name, ratio, bound, met])
    return markdown(lines)


def _number(value: float) -> str:
    for digits, least in ((0, 100.0), (1, 10.0)):
        if value >= least:
            return f"{value:,.{digits}f}"
    return f"{value:.2f}"


def markdown(lines: Sequence[Sequence[str]]) -> str:
    """A table: its first line is the head, and all columns but the first are numbers."""
    head, *body = lines
    ruled = [head, ["---", *["---:"] * (len(head) - 1)], *body]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in ruled)
