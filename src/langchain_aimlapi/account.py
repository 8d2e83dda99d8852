"""`Account`: balance, spend, request logs, ledger and keys of an account, sync and async.

Each method stands for an endpoint of the service's documents (pages "Account Balance", "API Key
Usage", "Usage Logs" and "API Key Management"); times without an offset are UTC, as there. What a
reply holds beside the documented fields is kept in `raw`.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import count
from typing import TYPE_CHECKING, Any, Literal, Unpack

from pydantic import PrivateAttr, SecretStr

from langchain_aimlapi._client.key import aresolve_key, resolve_key
from langchain_aimlapi._client.request import CallScope, Endpoint, build_request
from langchain_aimlapi._client.send import asend, send
from langchain_aimlapi._client.settings import Connection
from langchain_aimlapi._codec.decode import account as decode
from langchain_aimlapi._codec.decode.account import (
    Balance,
    Key,
    LogEntry,
    ModelSpend,
    Spend,
    Transaction,
)
from langchain_aimlapi._codec.encode import account as encode
from langchain_aimlapi._codec.encode.account import Time
from langchain_aimlapi._codec.json_text import parse_object
from langchain_aimlapi._transport.request import Reply, ReplyRules, Request

if TYPE_CHECKING:
    from langchain_aimlapi._client.arguments import ClientArguments

__all__ = ["Account", "Balance", "Key", "LogEntry", "ModelSpend", "Spend", "Transaction"]

Scope = Literal[
    "model:chat",
    "model:responses",
    "model:image",
    "model:audio",
    "model:video",
    "model:embeddings",
    "model:speech",
    "model:ocr",
]
_OBJECT = ReplyRules(content_key=b"{")
_MAYBE_EMPTY = ReplyRules(content_key=b"{", is_json=False)
_PAGE = 100
_LOG_REQUESTS, _LOG_SECONDS = 200, 60.0


class Account(Connection):
    """The account behind a key.

    Examples:
        >>> from langchain_aimlapi import Account
        >>> Account().balance().amount  # doctest: +SKIP
        >>> for entry in Account().logs(period="24h", status="failed"):  # doctest: +SKIP
        ...     print(entry.created, entry.model, entry.request_id)

    Key, address, headers, time, retries and clients are set as on `ChatAimlapi`. Making, listing and
    deleting keys needs a management key (from the dashboard); the rest works with any key.
    """

    _log_requests: deque[float] = PrivateAttr(default_factory=deque)

    if TYPE_CHECKING:
        # Pydantic's own, with every field by both of its names and keys as texts too.
        def __init__(self, **arguments: Unpack[ClientArguments]) -> None: ...

    # --- balance and spend ------------------------------------------------------------------------

    def balance(self) -> Balance:
        """Return what the account holds.

        Raises:
            AimlapiError: For a request that is refused, or a reply that cannot be read.
        """
        return decode.read_balance(self._get("/v2/billing"))

    async def abalance(self) -> Balance:
        """Return what the account holds; see `balance`."""
        return decode.read_balance(await self._aget("/v2/billing"))

    def usage(
        self,
        period: str | None = None,
        *,
        start: Time | None = None,
        end: Time | None = None,
        by: Literal["day", "model"] | None = None,
        key_prefix: str | None = None,
    ) -> list[Spend]:
        """Return what a key spent.

        Args:
            period: The last hours or days, such as "24h" or "7d"; "7d" if no window is given.
            start: The beginning of a window of at most 92 days, with `end`.
            end: Its end.
            by: "model" adds the spend of each model; "day" returns one `Spend` per day (UTC), with
                a request each.
            key_prefix: Another key than one's own; needs a management key.

        Raises:
            ConfigurationError: For a window that is none.
            AimlapiError: For a request that is refused, or a reply that cannot be read.
        """
        path, queries = _usage_requests(period, start, end, by, key_prefix)
        return [decode.read_spend(self._get(path, query)) for query in queries]

    async def ausage(
        self,
        period: str | None = None,
        *,
        start: Time | None = None,
        end: Time | None = None,
        by: Literal["day", "model"] | None = None,
        key_prefix: str | None = None,
    ) -> list[Spend]:
        """Return what a key spent; see `usage`."""
        path, queries = _usage_requests(period, start, end, by, key_prefix)
        return [decode.read_spend(await self._aget(path, query)) for query in queries]

    # --- rows -------------------------------------------------------------------------------------

    def logs(
        self,
        period: str | None = None,
        *,
        start: Time | None = None,
        end: Time | None = None,
        model: str | Sequence[str] = (),
        status: str | Sequence[str] = (),
        key_prefix: str | None = None,
    ) -> Iterator[LogEntry]:
        """Yield one entry per request, newest first, page by page.

        At most 200 requests a minute are made, as the service allows: longer logs take their time.

        Args:
            period: As for `usage`.
            start: As for `usage`.
            end: As for `usage`.
            model: Only these models, by their exact ids.
            status: Only "succeeded" or "failed".
            key_prefix: As for `usage`.

        Raises:
            ConfigurationError: For a window that is none.
            AimlapiError: For a request that is refused, or a reply that cannot be read.
        """
        query = {**encode.window(period, start, end), **encode.filters(model, status, key_prefix)}
        for offset in count(0, _PAGE):
            if (wait := self._log_wait()) > 0:
                time.sleep(wait)
            page = self._get("/v2/logs", {**query, "limit": _PAGE, "offset": offset})
            yield from map(decode.read_log_entry, decode.read_rows(page))
            if not decode.has_more(page):
                return

    async def alogs(
        self,
        period: str | None = None,
        *,
        start: Time | None = None,
        end: Time | None = None,
        model: str | Sequence[str] = (),
        status: str | Sequence[str] = (),
        key_prefix: str | None = None,
    ) -> AsyncIterator[LogEntry]:
        """Yield one entry per request; see `logs`."""
        from asyncio import sleep  # noqa: PLC0415  # sync callers need no event loop

        query = {**encode.window(period, start, end), **encode.filters(model, status, key_prefix)}
        for offset in count(0, _PAGE):
            if (wait := self._log_wait()) > 0:
                await sleep(wait)
            page = await self._aget("/v2/logs", {**query, "limit": _PAGE, "offset": offset})
            for row in decode.read_rows(page):
                yield decode.read_log_entry(row)
            if not decode.has_more(page):
                return

    def transactions(
        self, *, start: Time | None = None, end: Time | None = None, **filters: str
    ) -> Iterator[Transaction]:
        """Yield the ledger's rows, page by page: what really moved the balance.

        Args:
            start: Not before this time.
            end: Not after it.
            **filters: `direction` and `type`, as the service knows them.

        Raises:
            AimlapiError: For a request that is refused, or a reply that cannot be read.
        """
        query: Mapping[str, object] | None = encode.ledger_query(start, end, filters)
        while query is not None:
            page = self._get("/v2/billing/transactions", query)
            yield from map(decode.read_transaction, decode.read_rows(page))
            query = _next_page(page, query)

    async def atransactions(
        self, *, start: Time | None = None, end: Time | None = None, **filters: str
    ) -> AsyncIterator[Transaction]:
        """Yield the ledger's rows; see `transactions`."""
        query: Mapping[str, object] | None = encode.ledger_query(start, end, filters)
        while query is not None:
            page = await self._aget("/v2/billing/transactions", query)
            for row in decode.read_rows(page):
                yield decode.read_transaction(row)
            query = _next_page(page, query)

    # --- keys -------------------------------------------------------------------------------------

    def key(self) -> Key:
        """Return this key: its scopes, limit and spend.

        Raises:
            AimlapiError: For a request that is refused, or a reply that cannot be read.
        """
        return decode.read_key(self._get("/v1/key"))

    async def akey(self) -> Key:
        """Return this key; see `key`."""
        return decode.read_key(await self._aget("/v1/key"))

    def keys(self) -> list[Key]:
        """Return all keys of the account; needs a management key.

        Raises:
            AimlapiError: For a request that is refused, or a reply that cannot be read.
        """
        return [decode.read_key({"data": row}) for row in decode.read_rows(self._get("/v1/keys"))]

    async def akeys(self) -> list[Key]:
        """Return all keys of the account; see `keys`."""
        return [
            decode.read_key({"data": row}) for row in decode.read_rows(await self._aget("/v1/keys"))
        ]

    def create_key(
        self,
        name: str,
        *,
        usd: float | None = None,
        per: Literal["day", "week", "month"] | None = None,
        scopes: Sequence[Scope] | None = None,
    ) -> Key:
        """Make a key with a limit of its own, for a job or an agent; needs a management key.

        The service itself refuses what goes beyond the limit. The request is never repeated, so
        that no second key is made unseen: after a connection error look at `keys()`.

        Args:
            name: What to call it.
            usd: Most US dollars it may spend.
            per: The period after which the limit starts anew; never, if not given.
            scopes: What it may call; everything, if not given.

        Returns:
            The key; `secret` holds it whole, for this once.

        Raises:
            ConfigurationError: For a limit below 0, or a period without a limit.
            AimlapiError: For a request that is refused, or a reply that cannot be read.
        """
        return decode.read_key(self._post("/v1/keys", encode.new_key(name, usd, per, scopes)))

    async def acreate_key(
        self,
        name: str,
        *,
        usd: float | None = None,
        per: Literal["day", "week", "month"] | None = None,
        scopes: Sequence[Scope] | None = None,
    ) -> Key:
        """Make a key with a limit of its own; see `create_key`."""
        return decode.read_key(
            await self._apost("/v1/keys", encode.new_key(name, usd, per, scopes))
        )

    def delete_key(self, prefix: str) -> None:
        """Delete a key; needs a management key.

        Args:
            prefix: The first eight characters of the key.

        Raises:
            ConfigurationError: For something that is no prefix: a whole key is not put into a URL.
            AimlapiError: For a request that is refused.
        """
        path = f"/v1/keys/{encode.key_prefix(prefix)}"
        self._send(self._request("DELETE", path, resolve_key(self, {})))

    async def adelete_key(self, prefix: str) -> None:
        """Delete a key; see `delete_key`."""
        path = f"/v1/keys/{encode.key_prefix(prefix)}"
        await self._asend(self._request("DELETE", path, await aresolve_key(self, {})))

    # --- requests ---------------------------------------------------------------------------------

    def _get(self, path: str, query: Mapping[str, object] | None = None) -> dict[str, object]:
        return self._send(self._request("GET", path, resolve_key(self, {}), query))

    async def _aget(
        self, path: str, query: Mapping[str, object] | None = None
    ) -> dict[str, object]:
        return await self._asend(self._request("GET", path, await aresolve_key(self, {}), query))

    def _post(self, path: str, body: Mapping[str, object]) -> dict[str, object]:
        return self._send(self._request("POST", path, resolve_key(self, {}), body=body))

    async def _apost(self, path: str, body: Mapping[str, object]) -> dict[str, object]:
        key = await aresolve_key(self, {})
        return await self._asend(self._request("POST", path, key, body=body))

    def _request(
        self,
        method: str,
        path: str,
        key: SecretStr,
        query: Mapping[str, Any] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> Request:
        # What makes or deletes something is sent once: a second time might do it twice.
        arguments = {} if method == "GET" else {"max_retries": 0}
        rules = _MAYBE_EMPTY if method == "DELETE" else _OBJECT
        endpoint = Endpoint(path, method, rules, from_root=True)
        return build_request(self, endpoint, body, CallScope(key, arguments=arguments), query=query)

    def _send(self, request: Request) -> dict[str, object]:
        return send(request, self._client_options, self.http_client, _object)

    async def _asend(self, request: Request) -> dict[str, object]:
        return await asend(request, self._client_options, self.http_async_client, _object)

    def _log_wait(self) -> float:
        """Seconds to wait before another page of the logs, and its place among the last ones."""
        now = time.monotonic()
        while self._log_requests and self._log_requests[0] <= now - _LOG_SECONDS:
            self._log_requests.popleft()
        wait = 0.0
        if len(self._log_requests) >= _LOG_REQUESTS:
            wait = self._log_requests[-_LOG_REQUESTS] + _LOG_SECONDS - now
        self._log_requests.append(now + max(0.0, wait))
        return wait


def _object(reply: Reply) -> dict[str, object]:
    return parse_object(reply.body) if reply.body.strip() else {}


def _usage_requests(
    period: str | None, start: Time | None, end: Time | None, by: str | None, prefix: str | None
) -> tuple[str, list[dict[str, object]]]:
    """The path, and the query of each request."""
    path = "/v2/usage/detail" if by == "model" else "/v2/usage"
    if by == "day":
        windows = encode.days(period, start, end, datetime.now(UTC))
    else:
        windows = [encode.window(period, start, end)]
    return path, [{**each, **encode.filters((), (), prefix)} for each in windows]


def _next_page(page: Mapping[str, object], query: Mapping[str, object]) -> dict[str, object] | None:
    cursor = decode.next_cursor(page)
    return {**query, "cursor": cursor} if cursor else None
