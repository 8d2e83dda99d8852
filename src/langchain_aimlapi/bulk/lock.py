"""The lock that keeps two runs apart; the system drops it when its process dies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from langchain_aimlapi.bulk.errors import JournalError
from langchain_aimlapi.errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path

    from filelock import BaseFileLock

__all__ = ["locked"]


def locked(path: Path) -> BaseFileLock:
    """Lock a job's journal by a file beside it.

    Args:
        path: The journal.

    Returns:
        The lock, which is held; whoever has it calls `release`.

    Raises:
        JournalError: If another run has it, or the file cannot be made.
        ConfigurationError: If filelock is missing.
    """
    try:
        from filelock import FileLock, Timeout  # noqa: PLC0415  # an extra
    except ImportError:
        raise ConfigurationError(
            "Bulk jobs need their extra: pip install 'langchain-aimlapi[bulk]'."
        ) from None
    lock = FileLock(f"{path}.lock", thread_local=False)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise JournalError(f"{path} is in use by another run of the job.") from None
    except OSError as error:
        raise JournalError(f"{path} cannot be written: {error}.") from error
    return lock
