"""A limit to the work that one request may cause, counted in steps and not in seconds.

A schema or a pattern can ask for any amount of work: exponential merges, a text of a gigabyte.
Counting steps ends such a request after less than a second, and always at the same place, so the
outcome does not depend on the speed of the machine.
"""

from __future__ import annotations

MAX_STEPS = 200_000
MAX_CHARACTERS = 1_000_000


class TooExpensiveError(ValueError):
    """A schema asks for more work or output than the sandbox does for one request."""


class Budget:
    """The work and the output that are left for one request.

    Args:
        steps: Number of small operations (a schema keyword, a matched character).
        characters: Length of everything that is generated.
    """

    def __init__(self, steps: int = MAX_STEPS, characters: int = MAX_CHARACTERS) -> None:
        self.spent = 0
        """Steps so far."""
        self._steps = steps
        self._characters = characters

    def spend(self, steps: int = 1) -> None:
        """Count work.

        Raises:
            TooExpensiveError: None is left.
        """
        self.spent += steps
        if self.spent > self._steps:
            raise TooExpensiveError(f"the schema takes more than {MAX_STEPS:,} steps to answer")

    def write(self, characters: int) -> None:
        """Count output, before it is generated.

        Raises:
            TooExpensiveError: None is left.
        """
        self._characters -= characters
        if self._characters < 0:
            raise TooExpensiveError(
                f"the schema asks for an answer of more than {MAX_CHARACTERS:,} characters"
            )
