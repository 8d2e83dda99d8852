"""One target in this process, until its runs are done or it has found something.

python -m fuzz.one TARGET [options of libFuzzer] [folders]
"""

from __future__ import annotations

import sys

import atheris

with atheris.instrument_imports(include=["langchain_aimlapi"]):
    from fuzz.mutation import mutated
    from fuzz.targets import TARGETS


def mutate(data: bytes, most: int, seed: int) -> bytes:
    """Change bytes in one of three turns, JSON in the others."""
    changed = mutated(data, seed) if seed % 3 else None
    if changed is None or len(changed) > most:
        changed = atheris.Mutate(data, most)
    return changed


def main(arguments: list[str]) -> None:
    """Fuzz; does not return, as libFuzzer ends the process."""
    target = TARGETS[arguments[1]]
    atheris.Setup([arguments[0], *arguments[2:]], target, custom_mutator=mutate)
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv)
