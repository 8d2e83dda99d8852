"""The engine that lets the service do the work: `/v1/batches`, for Claude ids, up to half price.

Rows go out in batches of up to 100,000 requests. A batch's id is in the journal as soon as it is
known, and its idempotency key before it is sent, so a killed job asks for the results of what it
has sent and sends nothing twice. Results are joined by `custom_id`. Requests that expired (24
hours), were canceled or met an overloaded service are sent again in another batch, as often as
`Retries.transport` says.

A batch cannot be stopped half-way without losing what it cost: with `budget_usd` the batches go
out one after the other, and none goes once the budget is spent.
"""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson
from langchain_core.utils.function_calling import convert_to_openai_tool

from langchain_aimlapi._chat.build import build_chat_request
from langchain_aimlapi._client.key import aresolve_key
from langchain_aimlapi._client.request import CallScope, Endpoint, build_request
from langchain_aimlapi._client.send import asend
from langchain_aimlapi._codec.json_text import parse_object
from langchain_aimlapi._transport.request import ReplyRules
from langchain_aimlapi.bulk.batches import (
    BatchBook,
    BookedBatch,
    Results,
    chunks,
    custom_id,
    outcome_of_result,
    read_batch,
)
from langchain_aimlapi.bulk.errors import BulkError
from langchain_aimlapi.bulk.failures import over_budget
from langchain_aimlapi.bulk.journal import Entry
from langchain_aimlapi.bulk.outcome import Outcome, failure
from langchain_aimlapi.bulk.rows import call_input
from langchain_aimlapi.chat_models import ChatAimlapi
from langchain_aimlapi.errors import (
    AimlapiConnectionError,
    AimlapiTimeoutError,
    ConfigurationError,
    InvalidRequestError,
    NotFoundError,
    ResponseFormatError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from langchain_aimlapi.bulk.journal import Journal
    from langchain_aimlapi.bulk.options import Settings
    from langchain_aimlapi.bulk.report import Progress
    from langchain_aimlapi.bulk.rows import Row

__all__ = ["ServiceEngine"]

_MOST_REQUESTS = 100_000
_FIRST_LOOK, _LONGEST_PAUSE, _GROWTH = 2.0, 60.0, 1.5
_LOOKS_THAT_FAIL = 20
_MAX_TOKENS = 4096
"""Of an answer, which a batch's request has to say."""
_LARGEST_REPLY = 4 << 30
_MAKE = Endpoint(
    "/batches", reply=ReplyRules(content_key=b'"processing_status"'), at_most_once=True
)
_LOOK = Endpoint(
    "/batches", "GET", ReplyRules(content_key=b"{", read_error=lambda _: None, is_json=False)
)


@dataclass(slots=True)
class ServiceEngine:
    """Runs the rows of one job as batches of the service.

    Args:
        rows: Those that are not through yet, in order; read when former batches are through.
        model: A Claude model of this package.
        settings: The job's.
        journal: Where outcomes and the ids of batches go.
        progress: Kept up to date.
        keep_input: Whether the input's columns go into the journal too.

    Raises:
        ConfigurationError: If the model is none of the service's batches.
    """

    rows: Iterator[Row]
    model: Any
    settings: Settings
    journal: Journal
    progress: Progress
    keep_input: bool = False
    _tool: dict[str, Any] | None = None
    _again: list[Row] = field(default_factory=list)
    _known: dict[int, Row] = field(default_factory=dict)

    def __post_init__(self) -> None:
        model = self.model
        if not isinstance(model, ChatAimlapi) or "claude" not in model.model_name.lower():
            raise ConfigurationError(
                'engine="service" takes a ChatAimlapi with a Claude id: the service has batches for '
                "those alone."
            )
        self.model = model.model_copy(update={"max_response_bytes": _LARGEST_REPLY})
        if self.settings.schema is not None:
            try:
                self._tool = convert_to_openai_tool(self.settings.schema)
            except (KeyError, TypeError, ValueError) as error:
                raise ConfigurationError(
                    'engine="service" takes the schema of an object: a pydantic class, a TypedDict or '
                    f"a JSON schema with a title ({error})."
                ) from None

    async def run(self) -> str | None:
        """Run all rows.

        Returns:
            Why the job ended early, if it did.

        Raises:
            BulkError: If a batch is refused, or cannot be looked at.
        """
        book = BatchBook(self.journal.path)
        self.journal.start(lambda _: None)
        try:
            await self._take_up(book)
            fresh = self.rows
            for _ in range(self.settings.retries.transport + 1):
                rows, self._again, fresh = itertools.chain(self._again, fresh), [], iter(())
                if why := await self._round(book, rows):
                    return why
                if not self._again:
                    return None
            for row in self._again:
                error = "The service did not answer this request in any of its batches."
                self._keep(
                    row.number, Outcome({"error_type": "BatchExpired", "error": error}, True)
                )
        finally:
            await asyncio.to_thread(self.journal.close)
        return None

    async def _take_up(self, book: BatchBook) -> None:
        """Finish what an earlier run has sent; what surely was sent comes first."""
        for booked in sorted(book.open(), key=lambda each: each.id is None):
            await self._finish(book, await self._sent(book, booked, None), may_be_there=True)

    async def _round(self, book: BatchBook, rows: Iterator[Row]) -> str | None:
        """Send rows, and take the results; all batches at once if there is no budget."""
        under_way: list[BookedBatch] = []
        for chunk in chunks(rows, _MOST_REQUESTS):
            requests = await self._requests(chunk)
            if not requests:
                continue
            booked = book.add([row for row, _ in requests])
            sent = await self._sent(book, booked, [request for _, request in requests])
            if self.settings.budget_usd is None:
                under_way.append(sent)
                continue
            await self._finish(book, sent)
            if why := over_budget(self.progress.cost_usd, self.settings.budget_usd):
                return why
        for sent in under_way:
            await self._finish(book, sent)
        return None

    async def _requests(self, rows: Sequence[Row]) -> list[tuple[int, dict[str, Any]]]:
        """The requests of rows; those that cannot be sent are through with their error."""
        key = await aresolve_key(self.model, {})
        arguments: dict[str, Any] = {"dialect": "anthropic"}
        if self._tool is not None:
            name = self._tool["function"]["name"]
            choice = {"type": "function", "function": {"name": name}}
            arguments |= {"tools": [self._tool], "tool_choice": choice}
        requests = []
        for row in rows:
            self._known[row.number] = row
            try:
                given = call_input(row, self.settings.prompt)
                messages = self.model._convert_input(given).to_messages()  # noqa: SLF001  # LangChain's
                built = build_chat_request(
                    self.model, messages, arguments, key=key, stream=False, run_id=None
                )
            except Exception as error:  # noqa: BLE001  # whatever a prompt raises is the row's
                self._keep(row.number, failure(error))
                continue
            params = {"max_tokens": _MAX_TOKENS, **orjson.loads(built.request.body or b"{}")}
            params.pop("stream", None)
            requests.append((row.number, {"custom_id": custom_id(row.number), "params": params}))
        return requests

    # --- a batch ----------------------------------------------------------------------------------

    async def _sent(
        self, book: BatchBook, booked: BookedBatch, requests: Sequence[dict[str, Any]] | None
    ) -> BookedBatch:
        """Send a batch, and note its id before anything else."""
        if booked.id is not None:
            return booked
        if requests is None:
            requests = await self._anew(booked)
        request = build_request(
            self.model,
            _MAKE,
            {"requests": requests},
            CallScope(await aresolve_key(self.model, {}), booked.scope),
        )
        model = self.model
        try:
            state = await asend(
                request,
                model._client_options,  # noqa: SLF001  # ours
                model.http_async_client,
                lambda r: parse_object(r.body),
            )
        except InvalidRequestError as error:
            book.strike(booked)
            raise BulkError(f"The service refuses the batch: {error}") from error
        if not isinstance(state.get("id"), str):
            raise ResponseFormatError("The batch that was made has no id.", body=state)
        return book.name(booked, state["id"])

    async def _anew(self, booked: BookedBatch) -> list[dict[str, Any]]:
        """The requests of a batch whose id did not arrive: the very same, under the same key."""
        wanted = set(booked.rows)
        rows = []
        for row in self.rows:
            if row.number in wanted:
                rows.append(row)
                wanted.discard(row.number)
            else:
                self._again.append(row)
            if not wanted:
                break
        return [request for _, request in await self._requests(rows)]

    async def _finish(
        self, book: BatchBook, booked: BookedBatch, *, may_be_there: bool = False
    ) -> None:
        """Wait for a batch, and keep its results."""
        results = await self._results(booked)
        tool = self._tool["function"]["name"] if self._tool is not None else None
        for number in booked.rows:
            result = results.get(number, {"type": "expired"})
            outcome = outcome_of_result(result, tool)
            if outcome is not None:
                self._keep(number, outcome, may_be_there=may_be_there)
            elif number in self._known:
                self._again.append(self._known[number])
            self._known.pop(number, None)
        await asyncio.to_thread(self.journal.flush)
        book.strike(booked)

    async def _results(self, booked: BookedBatch) -> Results:
        pause, failures = _FIRST_LOOK, 0
        while True:
            try:
                state = await self._look(booked)
                failures = 0
            except (AimlapiConnectionError, AimlapiTimeoutError, NotFoundError) as error:
                failures += 1
                if failures > _LOOKS_THAT_FAIL:
                    raise BulkError(
                        f"Batch {booked.id} cannot be looked at: {error}. Its id is in the journal: "
                        "run the job again to take its results."
                    ) from error
                state = {"processing_status": "unknown"}
            if "processing_status" not in state:
                return state  # results, by rows
            if state["processing_status"] == "ended" and not _answered(state):
                return {}
            await asyncio.sleep(pause)
            pause = min(_LONGEST_PAUSE, pause * _GROWTH)

    async def _look(self, booked: BookedBatch) -> dict[Any, Any]:
        model = self.model
        request = build_request(
            model,
            _LOOK,
            None,
            CallScope(await aresolve_key(model, {})),
            query={"batch_id": booked.id},
        )
        return await asend(
            request,
            model._client_options,  # noqa: SLF001  # ours
            model.http_async_client,
            lambda reply: read_batch(reply.body),
            in_thread=True,
        )

    def _keep(self, number: int, outcome: Outcome, *, may_be_there: bool = False) -> None:
        row = self._known.get(number)
        entry = Entry(number, outcome, row.values if self.keep_input and row else None)
        if may_be_there and self.journal.has(entry):
            return  # a run before this one was killed between the results and the batch's end
        self.journal.put(entry)
        self.progress.count(outcome)


def _answered(state: dict[Any, Any]) -> int:
    counts = state.get("request_counts") or {}
    return int(counts.get("succeeded") or 0) + int(counts.get("errored") or 0)
