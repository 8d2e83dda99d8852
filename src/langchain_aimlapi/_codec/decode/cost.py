"""What a call cost: US dollars as a number, and beside it everything that was reported of it.

The service reports the cost in the body's `meta.usage`, in headers of whole replies, or in a
stream's last chunk: `usd_spent` and `credits_used` today, credits alone in replies of 2025, and
`tokens_used` before that. A US dollar is 2,000,000 credits (the service's FAQ on tracking funds).
USD never goes into `usage_metadata`: LangChain adds that up and knows integers only.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

CREDITS_PER_USD = 2_000_000
_NUMBER = (int, float)  # looked at faster than `int | float`


def cost_details(meta: object, headers: Mapping[str, str]) -> dict[str, Any]:
    """What was reported of the cost: `usd_spent`, `credits_used` and whatever else.

    Args:
        meta: The reply's `meta` object; what it says goes before the headers.
        headers: The reply's headers, by lower-case names.
    """
    usage = meta.get("usage") if isinstance(meta, dict) else None
    spent = {k: v for k, v in usage.items() if v is not None} if isinstance(usage, dict) else {}
    if "credits_used" not in spent and (credits_used := headers.get("x-aimlapi-credits-used")):
        spent["credits_used"] = _number(credits_used)
    if "usd_spent" not in spent and (usd := headers.get("x-aimlapi-usd-spent")):
        spent["usd_spent"] = _number(usd)
    return spent


def billed_usd(details: dict[str, Any]) -> float | None:
    """The cost in USD, as billed; `None` if none was reported.

    Args:
        details: Of `cost_details`; `converted_from_credits` is added where no USD were reported.
    """
    if not details:
        return None
    usd = _amount(details.get("usd_spent"))
    if usd is None and (credits_used := _amount(details.get("credits_used"))) is not None:
        usd = credits_used / CREDITS_PER_USD
        details["converted_from_credits"] = True
    return usd


def cost_metadata(
    meta: object, headers: Mapping[str, str], usage: Mapping[str, object] | None
) -> dict[str, Any]:
    """The keys of `response_metadata` that tell the cost, as far as it was reported.

    `cost` is in USD, as billed; `cost_details` is what `cost_details()` returns, with
    `converted_from_credits` where no USD were reported. The cost also stands in `token_usage`, the
    reply's usage, where tools for traces look for it; a cost that a provider behind the service
    stated there goes to `cost_details` as `provider_cost`.

    Args:
        meta: The reply's `meta` object.
        headers: The reply's headers, by lower-case names.
        usage: The reply's `usage`.
    """
    details = cost_details(meta, headers)
    usd = billed_usd(details)
    counted = dict(usage) if usage else None
    if counted and usd is not None:
        if (theirs := counted.get("cost")) is not None:
            details["provider_cost"] = theirs
        counted["cost"] = usd
    return {"token_usage": counted, "cost": usd, "cost_details": details}


def without_cost(metadata: Mapping[str, object]) -> dict[str, object]:
    """`response_metadata` of a reply that came from a cache: its cost is 0 this time.

    What it cost once is kept in `cost_details` as `cached_cost`.
    """
    details = metadata.get("cost_details")
    cost = metadata.get("cost")
    if not isinstance(cost, int | float) or (
        isinstance(details, dict) and "cached_cost" in details
    ):
        return dict(metadata)
    kept = {**details} if isinstance(details, dict) else {}
    free = {**metadata, "cost": 0.0, "cost_details": {**kept, "cached_cost": cost}}
    if isinstance(usage := metadata.get("token_usage"), dict) and "cost" in usage:
        free["token_usage"] = {**usage, "cost": 0.0}
    return free


def _amount(value: object) -> float | None:
    """A finite amount as a float; a reported zero is one, and `True` is none."""
    if value is None or isinstance(value, bool) or not isinstance(value, _NUMBER):
        return None
    try:
        amount = float(value)
    except OverflowError:
        return None
    return amount if math.isfinite(amount) else None


def _number(text: str) -> int | float | str:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
