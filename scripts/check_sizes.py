"""Print the modules that have grown past reading in one sitting; exit 1 if there are any.

    python scripts/check_sizes.py [DIRECTORY]

Ruff bounds functions, but has no rule for modules.
"""

from __future__ import annotations

import sys
from pathlib import Path

SOURCES = Path(__file__).parents[1] / "src"

MOST_LINES = 400


def too_long(directory: Path) -> list[tuple[Path, int]]:
    """Return the modules below `directory` of over 400 lines, with their lines, longest first."""
    counted = [(path, line_count(path)) for path in sorted(directory.rglob("*.py"))]
    return sorted((pair for pair in counted if pair[1] > MOST_LINES), key=lambda pair: -pair[1])


def line_count(path: Path) -> int:
    """Return the number of lines of a file."""
    return len(path.read_text("utf-8").splitlines())


def main(arguments: list[str]) -> int:
    """Print what is too long; return the exit status."""
    offenders = too_long(Path(arguments[0]) if arguments else SOURCES)
    for path, lines in offenders:
        print(f"{path}: {lines} lines, at most {MOST_LINES}")
    return 1 if offenders else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
