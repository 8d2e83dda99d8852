"""What holds of every module of the package, and no linter checks."""

from __future__ import annotations

import ast
import importlib
import importlib.util
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "langchain_aimlapi"
MODULES = sorted(PACKAGE.rglob("*.py"))


@pytest.fixture(scope="module")
def check_sizes():
    """The script that counts lines, as a module."""
    path = ROOT / "scripts" / "check_sizes.py"
    spec = importlib.util.spec_from_file_location("check_sizes", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_modules_are_short(check_sizes, capsys):
    """No module of the package has over 400 lines."""
    status = check_sizes.main([str(PACKAGE)])

    assert (status, capsys.readouterr().out) == (0, "")


@pytest.mark.parametrize(("lines", "status"), [(0, 0), (400, 0), (401, 1)])
def test_long_modules_are_named(check_sizes, tmp_path, capsys, lines, status):
    """The 401st line of a module is one too many, and the script says where."""
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "long.py").write_text("\n" * lines, "utf-8")

    assert check_sizes.main([str(tmp_path)]) == status
    assert ("long.py: 401 lines" in capsys.readouterr().out) == bool(status)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_modules_say_what_they_are_for(path):
    """Each module opens with a docstring."""
    assert ast.get_docstring(ast.parse(path.read_text("utf-8")))


@pytest.mark.parametrize("name", ["langchain_aimlapi", "langchain_aimlapi._catalogue"])
def test_public_names_are_sorted(name):
    """`__all__` is sorted, has no name twice, and each name is there."""
    package = importlib.import_module(name)
    names = list(package.__all__)

    assert names == sorted(set(names))
    assert [public for public in names if not hasattr(package, public)] == []
