"""Bulk jobs: a table of rows through a model, resumable, at the pace the service bears.

from langchain_aimlapi import ChatAimlapi, bulk

llm = ChatAimlapi(model="gpt-4o-mini")
bulk.run("in.parquet", llm, "out.parquet", prompt="Translate to French: {text}")
"""

from __future__ import annotations

from langchain_aimlapi.bulk.errors import (
    BulkError,
    JobChangedError,
    JobStoppedError,
    JournalError,
    LimitsError,
    OutputError,
    SourceError,
)
from langchain_aimlapi.bulk.job import arun, estimate, run, status
from langchain_aimlapi.bulk.limits import AimlapiRateLimiter, TokenLimiter
from langchain_aimlapi.bulk.options import JobOptions
from langchain_aimlapi.bulk.outcome import COLUMNS
from langchain_aimlapi.bulk.output import export
from langchain_aimlapi.bulk.progress import ProgressDisplay
from langchain_aimlapi.bulk.report import Estimate, Progress, Report
from langchain_aimlapi.bulk.retries import Retries

__all__ = [
    "COLUMNS",
    "AimlapiRateLimiter",
    "BulkError",
    "Estimate",
    "JobChangedError",
    "JobOptions",
    "JobStoppedError",
    "JournalError",
    "LimitsError",
    "OutputError",
    "Progress",
    "ProgressDisplay",
    "Report",
    "Retries",
    "SourceError",
    "TokenLimiter",
    "arun",
    "estimate",
    "export",
    "run",
    "status",
]
