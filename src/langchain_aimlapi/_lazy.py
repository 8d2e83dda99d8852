"""Modules that are imported when something of them is first used.

A program that only builds a model pays for no codec, and one that only streams for no parser of
structured answers. An annotation may name what such a module holds (`toolbox.ToolLike`):
`typing.get_type_hints` imports it then.
"""

from __future__ import annotations

from importlib import import_module


class LazyModule:
    """Stands for a module until it is needed.

    Args:
        name: Of the module; one of this package's own begins with a dot.
    """

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, name: str) -> object:
        value = getattr(import_module(self._name, __package__), name)
        setattr(self, name, value)
        return value


_TRANSPORT = ("._transport.aio", "aiohttp", "._transport.direct")
_loaded: set[tuple[str, ...]] = set()


async def load_for_async(*names: str) -> None:
    """Import what async calls need, in a thread: it would hold the event loop for a quarter second.

    Args:
        *names: Of modules beside the transport; one of this package's own begins with a dot. One
            with a function `read_data` has files to read as well.
    """
    if names not in _loaded:
        import asyncio  # noqa: PLC0415  # a tenth of what a look-up in the catalogue takes, and not for it

        await asyncio.to_thread(_import_all, (*names, *_TRANSPORT))
        _loaded.add(names)


def _import_all(names: tuple[str, ...]) -> None:
    for name in names:
        module = import_module(name, __package__)
        if hasattr(module, "read_data"):
            module.read_data()
