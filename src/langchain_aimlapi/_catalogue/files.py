"""The generated files of the catalogue, read as the import system reads a module.

So they are found wherever the package itself is, in an archive as well. Guards against blocked event
loops let imports pass, and a model may be made, or a schema bound to it, within a loop by functions
that cannot wait; async calls read the files in a thread beforehand.
"""

from __future__ import annotations

import pkgutil

import orjson


def read_file(name: str) -> dict[str, object]:
    """Read a JSON file that lies beside this module."""
    data: dict[str, object] = orjson.loads(pkgutil.get_data(__package__, name) or b"{}")
    return data
