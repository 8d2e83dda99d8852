"""A comparison as one HTML page that needs nothing else: no script, no font, no picture from elsewhere.

The page forbids itself all of that by a policy in its head, so that even a mistake in escaping could
load nothing and run nothing.
"""

from __future__ import annotations

from langchain_aimlapi.compare.report.page import render_report

__all__ = ["render_report"]
