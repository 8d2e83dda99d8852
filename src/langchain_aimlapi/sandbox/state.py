"""What a sandbox remembers of the calls it served."""

from __future__ import annotations

from typing import TYPE_CHECKING

from langchain_aimlapi.sandbox.account.keys import Keys
from langchain_aimlapi.sandbox.account.ledger import Ledger
from langchain_aimlapi.sandbox.files.store import FileStore
from langchain_aimlapi.sandbox.jobs import Jobs

if TYPE_CHECKING:
    from langchain_aimlapi.sandbox.settings import Settings


class State:
    """The memory of a sandbox; it outlasts a restart of the server.

    Args:
        settings: Hold the pace of the jobs, the keys that are accepted and the balance.
    """

    def __init__(self, settings: Settings) -> None:
        self.files = FileStore()
        self.jobs = Jobs(settings.job_seconds)
        self.ledger = Ledger()
        self.keys = Keys(settings, self.ledger)
