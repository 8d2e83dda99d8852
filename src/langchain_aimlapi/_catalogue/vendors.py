"""Who makes a model, also where its name is not an id of the catalogue.

Replies name their model as the back end does: without the vendor's prefix, dated, or with a suffix
(`seed-2-0-pro-260328`, `stepfun/step-3.7-flash-20260528`). Histories name models of other
services. The vendor of such a name is told by the names that the catalogue has.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from functools import cache, lru_cache

from langchain_aimlapi._catalogue.lookup import entry, ids

_MAJORITY = 0.7
"""Share of the known models of a family, from 0 to 1, that must be of one vendor."""


@lru_cache(maxsize=1024)
def vendor(model: str) -> str | None:
    """Return who makes `model`, or `None` if its name does not tell.

    Args:
        model: An id of the catalogue, or a name as replies of this and other services give it.
    """
    known = entry(model)
    if known is not None:
        return known.vendor
    prefixes, names, families = _tables()
    prefix, _, name = model.lower().rpartition("/")
    found = names.get(name) or families.get(_family(name)) or prefixes.get(prefix)
    if found:
        return found
    # Names with the region and vendor before them, such as "us.anthropic.claude-…".
    return next(filter(None, map(prefixes.get, name.split("."))), None)


@lru_cache(maxsize=1024)
def reasons_unasked(model: str) -> bool:
    """Tell whether a model reasons unless it is told not to, by its name.

    Sources: the names themselves ("thinking", "reasoner", "R1", "QwQ"); DeepSeek's guide to thinking mode
    and Moonshot's to Kimi ("thinking" defaults to "enabled" from V4 and from K2.5 on).
    """
    name = model.lower()
    return bool(_UNASKED.search(name)) and not _NOT_AT_ALL.search(name)


_UNASKED = re.compile(
    r"(?<![a-z])(?:deepseek-r\d|deepseek-v[4-9]|kimi-k2[.-][5-9]|kimi-k[3-9]|qwq|reasoner|thinking)"
)
_NOT_AT_ALL = re.compile(r"non-?(?:reasoner|reasoning|thinking)")


def _family(name: str) -> str:
    """The letters a name begins with, such as "claude" or "gpt"."""
    letters = re.match(r"[a-z]+", name)
    return letters.group() if letters else ""


@cache
def _tables() -> tuple[dict[str, str], dict[str, str], dict[str, str]]:
    """Vendors by prefix, by bare name and by family."""
    prefixes, names, families = (defaultdict[str, Counter[str]](Counter) for _ in range(3))
    for model in ids():
        known = entry(model)
        made_by = known.vendor if known else ""
        prefix, _, name = model.lower().rpartition("/")
        prefixes[prefix][made_by] += 1
        names[name][made_by] += 1
        families[_family(name)][made_by] += 1
    return _settled(prefixes), _settled(names), _settled(families)


def _settled(counts: dict[str, Counter[str]]) -> dict[str, str]:
    """The vendor that most models of a key are of, where one clearly has most."""
    leaders = {key: found.most_common(1)[0] for key, found in counts.items() if key}
    return {
        key: made_by
        for key, (made_by, count) in leaders.items()
        if count >= _MAJORITY * counts[key].total()
    }
