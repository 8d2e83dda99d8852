"""How many connections a process may have, by the number of files it may open."""

from __future__ import annotations

import sys

_SPARE = 32
"""Files that are left to everything else, however few there may be."""


def most_connections() -> int | None:
    """Return how many connections at once leave the process the files it needs for itself.

    A connection is an open file. Without a limit of ours, a batch of a thousand calls would meet the
    system's (256 on macOS, 1,024 on most Linux), and fail where it could have waited.

    Returns:
        Three quarters of the soft limit, as it is now; None where there is none.
    """
    if sys.platform == "win32":  # where sockets are no files
        return None
    import resource  # noqa: PLC0415  # there is none on Windows

    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return None
    return max(1, min(soft * 3 // 4, soft - _SPARE))
