"""The files of the page, read once; a name that is not among them is not looked for on the disk."""

from __future__ import annotations

from importlib.resources import files
from typing import NamedTuple

_TYPES = {
    "html": "text/html",
    "css": "text/css",
    "js": "text/javascript",
    "svg": "image/svg+xml",
}


class Asset(NamedTuple):
    """One file."""

    kind: str
    body: bytes


def read_assets() -> dict[str, Asset]:
    """Return the files of the page by their names."""
    found = {}
    for path in files(__package__).joinpath("static").iterdir():
        kind = _TYPES.get(path.name.rpartition(".")[2])
        if kind:
            found[path.name] = Asset(kind, path.read_bytes())
    return found
