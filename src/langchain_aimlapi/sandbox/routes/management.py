"""The endpoints of the account: which path is answered by what."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from langchain_aimlapi.sandbox.routes.account import AccountRoute
from langchain_aimlapi.sandbox.routes.keys import KeysRoute

if TYPE_CHECKING:
    from langchain_aimlapi.sandbox.account.keys import KeyRecord
    from langchain_aimlapi.sandbox.replies import Reply
    from langchain_aimlapi.sandbox.state import State


@dataclass(frozen=True, slots=True)
class Question:
    """A question about the account."""

    owner: KeyRecord
    """The key that asks."""
    query: Mapping[str, list[str]]
    prefix: str
    """The key that is asked about, where the path names one."""
    body: Any


ManagementRoute = Callable[[Question], "Reply"]


def management_routes(state: State, balance: float) -> Iterator[tuple[str, str, ManagementRoute]]:
    """List the methods and paths with what answers them.

    Args:
        state: Holds the calls and the keys.
        balance: What the account held at first, in US dollars.
    """
    account, keys = AccountRoute(state, balance), KeysRoute(state)
    yield "GET", "/v2/billing", lambda q: account.billing(q.owner, q.query)
    yield "GET", "/v2/billing/detail", lambda q: account.billing_detail(q.owner, q.query)
    yield "GET", "/v2/billing/transactions", lambda q: account.transactions(q.owner, q.query)
    yield "GET", "/v2/usage", lambda q: account.usage(q.owner, q.query)
    yield "GET", "/v2/usage/detail", lambda q: account.usage_detail(q.owner, q.query)
    yield "GET", "/v2/logs", lambda q: account.logs(q.owner, q.query)
    for prefix in ("", "/v1"):
        every, each = f"{prefix}/keys", f"{prefix}/keys/{{prefix}}"
        yield "GET", f"{prefix}/key", lambda q: keys.own(q.owner)
        yield "GET", f"{prefix}/key/{{prefix}}", lambda q: keys.one(q.owner, q.prefix)
        yield "GET", every, lambda q: keys.list_keys(q.owner)
        yield "POST", every, lambda q: keys.create(q.owner, q.body)
        yield "GET", each, lambda q: keys.one(q.owner, q.prefix)
        yield "PATCH", each, lambda q: keys.change(q.owner, q.prefix, q.body, whole=False)
        yield "PUT", each, lambda q: keys.change(q.owner, q.prefix, q.body, whole=True)
        yield "DELETE", each, lambda q: keys.delete(q.owner, q.prefix)
