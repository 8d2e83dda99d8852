"""`/models/metrics`: how fast the sandbox answered of late, by model."""

from __future__ import annotations

import math
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import orjson

from langchain_aimlapi.sandbox.account.window import refused, written
from langchain_aimlapi.sandbox.replies import Reply

if TYPE_CHECKING:
    from langchain_aimlapi.sandbox.account.ledger import Call, Ledger
    from langchain_aimlapi.sandbox.account.window import Query

Json = dict[str, Any]

_WINDOW = 300
_MOST_ALIASES = 100
_PERCENTILES = (50, 75, 90, 99)


def model_metrics(ledger: Ledger, query: Query) -> Reply:
    """Answer `GET /models/metrics`.

    Raises:
        ApiError: 400, there are other parameters than `aliases`, or too many of these.
    """
    if odd := query.keys() - {"aliases"}:
        raise refused(f"{min(odd)}: Unrecognized parameter")
    aliases = query.get("aliases", [])
    if len(aliases) > _MOST_ALIASES:
        raise refused(f"aliases: Array must contain at most {_MOST_ALIASES} element(s)")
    now = datetime.now(UTC)
    measured: defaultdict[tuple[str, str], list[Call]] = defaultdict(list)
    for call in ledger.newest():
        is_recent = now - call.created <= timedelta(seconds=_WINDOW)
        if is_recent and call.succeeded and call.seconds is not None:
            measured[call.model, call.endpoint].append(call)
    models = [
        {"alias": alias, "endpoint": endpoint, "metrics": _metrics(calls)}
        for (alias, endpoint), calls in measured.items()
        if not aliases or alias in aliases
    ]
    body = {"window_seconds": _WINDOW, "generated_at": written(now), "models": models}
    return Reply(orjson.dumps(body))


def _metrics(calls: list[Call]) -> Json:
    figures = {
        "ttft_ms": [call.first_token * 1000 for call in calls if call.first_token is not None],
        "tps": [
            call.output_tokens / call.seconds
            for call in calls
            if call.seconds and call.output_tokens
        ],
        "duration_ms": [call.seconds * 1000 for call in calls if call.seconds is not None],
    }
    return {name: _percentiles(values) for name, values in figures.items() if values}


def _percentiles(values: list[float]) -> Json:
    """Return the smallest value that so many percent do not exceed, for each percentage."""
    values = sorted(values)
    ranks = {percent: math.ceil(len(values) * percent / 100) - 1 for percent in _PERCENTILES}
    return {f"p{percent}": round(values[rank], 3) for percent, rank in ranks.items()}
