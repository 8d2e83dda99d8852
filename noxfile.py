"""Checks in fresh environments, on every Python that is supported.

nox                    all of it; Pythons that are not installed are left out, with a line saying so
nox -s tests-3.13      the tests on one Python
nox -s lint types docs
"""

from __future__ import annotations

import nox

PYTHONS = ["3.11", "3.12", "3.13", "3.14"]

nox.options.default_venv_backend = "venv"
nox.options.error_on_missing_interpreters = False
nox.options.reuse_existing_virtualenvs = True


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """Run the tests; arguments after `--` go to pytest."""
    session.install("-e", ".[test]")
    session.run("python", "-m", "pytest", *(session.posargs or ["-n", "4"]))


@nox.session
def lint(session: nox.Session) -> None:
    """Check format, lint and import rules."""
    _make(session, "lint")


@nox.session
def types(session: nox.Session) -> None:
    """Check the types of the package, and of what its users write."""
    _make(session, "types")


@nox.session
def docs(session: nox.Session) -> None:
    """Build the documentation; a warning is an error."""
    _make(session, "docs")


def _make(session: nox.Session, target: str) -> None:
    session.install("--upgrade", "pip>=25.1")  # older ones know no dependency groups
    session.install("-e", ".", "--group", "dev")
    session.run("make", target, "PYTHON=python", external=True)
