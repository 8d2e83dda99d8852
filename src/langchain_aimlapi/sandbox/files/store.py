"""The files that the sandbox made, kept in memory and served under its own address."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from dataclasses import dataclass
from urllib.parse import urlsplit

_MOST_BYTES = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file."""

    data: bytes
    content_type: str
    outcome: str = ""
    """What goes wrong with it: `file_expired`, `file_cut_off` or nothing."""


class FileStore:
    """Keeps files; beyond 256 MB the oldest are dropped."""

    def __init__(self) -> None:
        self._files: OrderedDict[str, StoredFile] = OrderedDict()
        self._size = 0

    def add(self, name: str, suffix: str, file: StoredFile) -> str:
        """Keep a file.

        Args:
            name: What it belongs to, such as the id of a job; its address does not repeat it.
            suffix: The end of its name, such as `.png`.
            file: The file.

        Returns:
            The path of its address.
        """
        token = hashlib.blake2b(name.encode(), digest_size=12).hexdigest() + suffix
        self._files[token] = file
        self._size += len(file.data)
        while self._size > _MOST_BYTES:
            _, dropped = self._files.popitem(last=False)
            self._size -= len(dropped.data)
        return f"/files/{token}"

    def get(self, name: str) -> StoredFile | None:
        """Return a file by the last part of its path."""
        return self._files.get(name)

    def at(self, url: str) -> StoredFile | None:
        """Return the file at an address, if it is one of the sandbox's own."""
        try:
            folder, _, name = urlsplit(url).path.rpartition("/")
        except ValueError:
            return None
        return self.get(name) if folder == "/files" else None
