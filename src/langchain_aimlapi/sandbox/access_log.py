"""One line per request for whoever watches the sandbox run."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aiohttp import web

    from langchain_aimlapi.sandbox.inference import Inference

LOGGER = logging.getLogger("langchain_aimlapi.sandbox.requests")
_MAX_SHOWN = 200


def log_request(
    request: web.Request, status: int, seconds: float, inference: Inference | None
) -> None:
    """Log a request: method, path, model, status, time and what answered it; no keys, no texts."""
    if not LOGGER.isEnabledFor(logging.INFO):
        return
    model = source = "-"
    if inference is not None:
        model = _shown(inference.body.get("model") if isinstance(inference.body, dict) else None)
        source = inference.source
        if inference.fault is not None:
            source += f" fault={inference.fault.name}"
    path = _shown(request.raw_path.partition("?")[0])
    LOGGER.info(
        "%s %s %s %d %.0f ms %s", request.method, path, model, status, seconds * 1000, source
    )


def _shown(value: object) -> str:
    """Return a text of a request on one line, without control characters."""
    text = value if isinstance(value, str) and value else "-"
    return "".join(one if one.isprintable() else "?" for one in text[:_MAX_SHOWN])
