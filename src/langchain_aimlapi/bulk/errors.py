"""What can go wrong with a bulk job as a whole; a row that fails is a row of the output.

BulkError                 base of the errors of jobs
├── SourceError           the input cannot be read, or is not what the job was begun with
├── JobChangedError       the journal belongs to a job with another prompt, schema, model …
├── JournalError          the journal cannot be read or written, or is in use
├── LimitsError           the shared rates cannot be kept, since their Redis server is gone
├── OutputError           the output cannot be written; the journal has the rows
└── JobStoppedError       the job ended before its last row (.report says how far it came)
"""

from __future__ import annotations

from langchain_aimlapi.bulk.report import Report
from langchain_aimlapi.errors import AimlapiError

__all__ = [
    "BulkError",
    "JobChangedError",
    "JobStoppedError",
    "JournalError",
    "LimitsError",
    "OutputError",
    "SourceError",
]


class BulkError(AimlapiError):
    """Base of the errors of bulk jobs."""


class SourceError(BulkError):
    """The input cannot be read, or is not the input that the job was begun with."""


class JobChangedError(BulkError):
    """The journal belongs to another job.

    Attributes:
        fields: What differs: "source", "prompt", "schema", "runnable" or "engine".
    """

    def __init__(self, message: str = "", fields: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.fields = fields


class JournalError(BulkError):
    """The journal cannot be read or written, is in use, or is of another version."""


class LimitsError(BulkError):
    """The rates that are shared by a Redis server cannot be kept, since it does not answer."""


class OutputError(BulkError):
    """The output cannot be written; the journal has the rows, and nothing has to be paid again."""


class JobStoppedError(BulkError):
    """The job ended before its last row; what was finished is in the journal.

    Attributes:
        report: How far the job came.
    """

    def __init__(self, message: str = "", report: Report | None = None) -> None:
        super().__init__(message)
        self.report = report
