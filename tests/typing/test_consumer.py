"""A project that uses the package, as type checkers see it: mypy --strict without a plugin, pyright.

The project is made of what users are shown, the programs of README and docs, and of what stands
beside this file: `api.py` has to be right, `wrong.py` has to be wrong in the lines that say so.
"""

from __future__ import annotations

import importlib.util
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
OWN = [Path(__file__).with_name(name) for name in ("api.py", "wrong.py")]
CONFIG = """\
[tool.mypy]
strict = true
warn_unreachable = true
untyped_calls_exclude = ["opentelemetry"]  # its instrumentor's constructor has no types

[tool.pyright]
typeCheckingMode = "standard"
reportUnnecessaryTypeIgnoreComment = true
"""

pytestmark = [
    pytest.mark.timeout(300),
    pytest.mark.skipif(
        not all(map(importlib.util.find_spec, ("mypy", "pyright"))),
        reason="mypy and pyright are not among the tests' packages; `make setup` installs them",
    ),
]


def programs(page):
    """The Python blocks of a page, each in the lines where it stands there."""
    kept, inside, indent = [], False, ""
    for line in page.read_text("utf-8").splitlines():
        fence = re.match(r"( *)```(\w*)", line)
        if fence:
            inside, indent = not inside and fence[2] == "python", fence[1]
        kept.append(line.removeprefix(indent) if inside and not fence else "")
    return "\n".join(kept) + "\n"


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A project of somebody who installed the package."""
    folder = tmp_path_factory.mktemp("consumer")
    (folder / "pyproject.toml").write_text(CONFIG, "utf-8")
    for page in PAGES:
        name = re.sub(r"\W", "_", str(page.relative_to(ROOT).with_suffix("")))
        (folder / f"page_{name}.py").write_text(programs(page), "utf-8")
    for file in OWN:
        shutil.copy(file, folder)
    return folder


def run(project, *command):
    """Run a checker in the project and return what it prints."""
    done = subprocess.run(  # noqa: S603  # our own tools
        [sys.executable, "-m", *command],
        capture_output=True,
        text=True,
        check=False,
        cwd=project,
        timeout=280,
    )
    assert done.returncode in {0, 1}, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module", params=["mypy", "pyright"])
def complaints(request, project):
    """What a checker complains of: file, line, words."""
    if request.param == "mypy":
        lines = run(project, "mypy", "--no-error-summary", ".").splitlines()
        found = [re.match(r"(\w+\.py):(\d+): error: (.*)", line) for line in lines]
        return [(hit[1], int(hit[2]), hit[3]) for hit in found if hit]
    said = json.loads(run(project, "pyright", "--outputjson", "--pythonpath", sys.executable, "."))
    return [
        (Path(each["file"]).name, each["range"]["start"]["line"] + 1, each["message"])
        for each in said["generalDiagnostics"]
        if each["severity"] == "error"
    ]


def test_what_is_right(complaints):
    """The programs of all pages and of `api.py` have no error."""
    assert [each for each in complaints if each[0] != "wrong.py"] == []


def test_what_is_wrong(complaints):
    """Each line of `wrong.py` that ends in `# wrong` is an error, and no other."""
    lines = OWN[1].read_text("utf-8").splitlines()
    wrong = {number for number, line in enumerate(lines, 1) if line.endswith("# wrong")}

    assert {line for file, line, _ in complaints if file == "wrong.py"} == wrong
