"""Python and the packages: what is installed, held against what this package asks for."""

from __future__ import annotations

import platform
import ssl
import sys
from importlib import metadata
from typing import TYPE_CHECKING

from langchain_aimlapi.cli.doctor.finding import Finding, State

if TYPE_CHECKING:
    from collections.abc import Iterable

    from packaging.requirements import Requirement

_PACKAGE = "langchain-aimlapi"
_FOR_DEVELOPERS = {"test", "docs"}


def check_python(_: State) -> Finding:
    """Name the interpreter, which is not always the one people think of."""
    version = platform.python_version()
    detail = f"{version} ({platform.python_implementation()}, {platform.system()} {platform.machine()}, {ssl.OPENSSL_VERSION})"
    data = {"version": version, "executable": sys.executable, "openssl": ssl.OPENSSL_VERSION}
    return Finding("ok", f"{detail}, {sys.executable}", data=data)


def check_packages(_: State) -> Finding:
    """Compare what is needed with what is installed."""
    ours = _version(_PACKAGE)
    if ours is None:
        return Finding(
            "warning",
            f"{_PACKAGE} is imported from a folder, not installed: versions cannot be checked",
            f"pip install '{_PACKAGE}[cli]'",
        )
    needed = [each for each in _requirements() if each.marker is None or each.marker.evaluate()]
    versions = {_PACKAGE: ours, **{each.name: _version(each.name) for each in needed}}
    detail = ", ".join(f"{name} {version or 'missing'}" for name, version in versions.items())
    if wrong := _unmet(needed):
        return Finding("failed", f"{detail}: needed {_listed(wrong)}", _install(wrong), versions)
    return Finding("ok", detail, data=versions)


def check_extras(_: State) -> Finding:
    """Say which extras are there; one that is there in part, or too old, is worth a word."""
    state: dict[str, str] = {}
    broken: list[Requirement] = []
    for extra, needed in _extras().items():
        unmet = _unmet(needed)
        wrong = [each for each in unmet if _version(each.name) is not None]
        broken += wrong
        state[extra] = "another version needed" if wrong else "missing" if unmet else "installed"
    detail = ", ".join(f"{extra} {word}" for extra, word in state.items()) or "not known"
    if broken:
        wrong = list({str(each): each for each in broken}.values())
        return Finding("warning", f"{detail}: needed {_listed(wrong)}", _install(wrong), state)
    missing = [extra for extra, word in state.items() if word == "missing"]
    if missing:
        detail += f" (pip install '{_PACKAGE}[{','.join(missing)}]', if you need them)"
    return Finding("ok", detail, data=state)


# --- requirements ---------------------------------------------------------------------------------


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _requirements() -> list[Requirement]:
    from packaging.requirements import Requirement  # noqa: PLC0415  # comes with langchain-core

    return [Requirement(text) for text in metadata.requires(_PACKAGE) or ()]


def _extras() -> dict[str, list[Requirement]]:
    """What each extra asks for beside the package itself; an extra of our own is followed."""
    if _version(_PACKAGE) is None:
        return {}
    names = metadata.metadata(_PACKAGE).get_all("Provides-Extra") or []
    every = [each for each in _requirements() if each.marker is not None]
    return {
        name: [
            each
            for each in every
            if each.name != _PACKAGE
            and each.marker is not None
            and each.marker.evaluate({"extra": name})
        ]
        for name in names
        if name not in _FOR_DEVELOPERS
    }


def _unmet(needed: Iterable[Requirement]) -> list[Requirement]:
    return [
        each
        for each in needed
        if (found := _version(each.name)) is None
        or not each.specifier.contains(found, prereleases=True)
    ]


def _listed(needed: Iterable[Requirement]) -> str:
    return ", ".join(f"{each.name}{each.specifier}" for each in needed)


def _install(needed: Iterable[Requirement]) -> str:
    return "pip install " + " ".join(f"'{each.name}{each.specifier}'" for each in needed)
