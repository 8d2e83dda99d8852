"""The picture of a result: how many times our cost each peer has, figure by figure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.peers import OURS, PARTNERS

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Sequence

    from benchmarks.report import Row

_SHOWN = ("invoke", "stream", "events", "ainvoke", "astream", "paced", "construction", "import")
_BAR = 0.13
_COLOURS = ("#0b7a75", "#c94c4c", "#e0a458", "#7d5ba6", "#5b8e7d", "#8a8d91")


def plot(rows: Sequence[Row], path: pathlib.Path) -> None:
    """Draw the partner packages beside ours, on a logarithmic scale.

    Args:
        rows: Of a result, as in its JSON.
        path: Where to put the PNG.
    """
    import matplotlib as mpl  # type: ignore[import-not-found,unused-ignore]  # noqa: PLC0415

    mpl.use("Agg")
    from matplotlib import pyplot as plt  # noqa: PLC0415 - after the choice above

    shown = [row for row in rows if row["name"] in _SHOWN and OURS.name in row["medians"]]
    figure, axes = plt.subplots(figsize=(11, 5.2), dpi=130)
    for place, peer in enumerate(PARTNERS):
        for position, row in enumerate(shown):
            value = row["medians"].get(peer.name)
            if value is None:
                continue
            times = value / row["medians"][OURS.name]
            x = position + (place - (len(PARTNERS) - 1) / 2) * _BAR
            label = peer.name if not position else None
            axes.bar(x, times, _BAR * 0.92, color=_COLOURS[place], label=label, bottom=0)
            axes.annotate(_short(times), (x, times), ha="center", va="bottom", fontsize=6)
    axes.set_yscale("log")
    axes.axhline(1, color=_COLOURS[0], linewidth=0.8)
    titles = [_folded(row["title"]) for row in shown]
    axes.set_xticks(range(len(shown)), titles, fontsize=7)
    axes.set_ylabel("client CPU, times that of langchain-aimlapi")
    axes.set_title("Client CPU per call or per streamed chunk (less is better)", fontsize=10)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(fontsize=7, frameon=False, ncols=3)
    figure.tight_layout()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path)
    plt.close(figure)


def _short(times: float) -> str:
    if times >= 1000:
        return f"{times / 1000:.0f}k"
    return f"{times:.0f}" if times >= 10 else f"{times:.1f}"


def _folded(title: str) -> str:
    for part in ("over ", "reply ", "(version"):
        title = title.replace(part, f"\n{part}")
    return title.replace(", ", ",\n")
