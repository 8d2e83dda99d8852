"""The routes: who may ask, what is recorded, and what goes wrong."""

from __future__ import annotations

import itertools
import logging
import re
import uuid
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import orjson
from aiohttp import web

from langchain_aimlapi.sandbox import models
from langchain_aimlapi.sandbox.bending import Trouble
from langchain_aimlapi.sandbox.chats import Chats
from langchain_aimlapi.sandbox.checks import check_chat
from langchain_aimlapi.sandbox.embeddings import embed
from langchain_aimlapi.sandbox.envelope import (
    RefusedError,
    Reply,
    StreamReply,
    invalid,
    priced,
    refusal,
)
from langchain_aimlapi.sandbox.faults import fault_named
from langchain_aimlapi.sandbox.records import RecordedRequest
from langchain_aimlapi.sandbox.responses import Responses
from langchain_aimlapi.sandbox.sending import bent, send
from langchain_aimlapi.sandbox.upstream import Upstream

if TYPE_CHECKING:
    from collections import deque

    from langchain_aimlapi.sandbox.answers import Answer
    from langchain_aimlapi.sandbox.fault_plan import FaultPlan
    from langchain_aimlapi.sandbox.faults import Fault
    from langchain_aimlapi.sandbox.records import Recorder
    from langchain_aimlapi.sandbox.settings import Settings

AnyReply = Reply | StreamReply
Work = Callable[[web.Request, Any, int], Awaitable[AnyReply]]

_logger = logging.getLogger("langchain_aimlapi.sandbox")
_CLIENT_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")
_MOST_BYTES = 512 * 1024 * 1024
_MOST_DIGITS = 6
_UNKNOWN = (web.HTTPNotFound, web.HTTPMethodNotAllowed)


class Service:
    """The emulated service: an application for one event loop."""

    def __init__(
        self,
        settings: Settings,
        plan: FaultPlan,
        script: deque[Answer],
        recorder: Recorder,
    ) -> None:
        self._settings = settings
        self._plan = plan
        self._recorder = recorder
        self._numbers = itertools.count(1)
        self._chats = Chats(settings, script)
        self._responses = Responses(self._chats)
        self._upstream = (
            Upstream(settings.upstream, settings.upstream_key) if settings.upstream else None
        )

    def application(self) -> web.Application:
        """Build the application with its routes, under `/v1` and without it."""
        app = web.Application(client_max_size=_MOST_BYTES, middlewares=[self._enveloped])
        for prefix in ("", "/v1"):
            app.router.add_post(f"{prefix}/chat/completions", self._inference(self._chat))
            app.router.add_post(f"{prefix}/responses", self._inference(self._response))
            app.router.add_post(f"{prefix}/embeddings", self._inference(self._embed))
            app.router.add_get(f"{prefix}/models", self._list)
            app.router.add_get(f"{prefix}/model/{{name:.+}}", self._one)
        app.on_cleanup.append(self._close)
        return app

    async def _close(self, _: web.Application) -> None:
        if self._upstream:
            await self._upstream.close()

    @web.middleware
    async def _enveloped(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        """Record the request, and put every error into the envelope."""
        try:
            await self._record(request)
            return await handler(request)
        except RefusedError as error:
            refused = error
        except _UNKNOWN:
            refused = RefusedError(404, f"Cannot {request.method} {request.path}")
        except web.HTTPException as error:
            refused = RefusedError(error.status, error.reason)
        except (ConnectionError, web.RequestPayloadError):
            raise
        except Exception as error:
            _logger.exception("the sandbox failed on %s %s", request.method, request.path)
            refused = RefusedError(500, f"The sandbox failed: {error!r}")
        return await send(request, refusal(refused, request.path), {})

    async def _record(self, request: web.Request) -> None:
        raw = await request.read()
        try:
            body = orjson.loads(raw) if raw else None
        except orjson.JSONDecodeError:
            body = None
        headers = {name.lower(): value for name, value in request.headers.items()}
        query = dict(request.query)
        record = RecordedRequest(request.method, request.path, headers, body, query)
        self._recorder.add(record)

    def _inference(self, work: Work) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        """Wrap what all inference has in common: the key, the ids, and the faults."""

        async def handle(request: web.Request) -> web.StreamResponse:
            headers = {"x-inference-id": str(uuid.uuid4())}
            client_id = request.headers.get("x-client-request-id", "")
            if _CLIENT_ID.fullmatch(client_id):
                headers["x-client-request-id"] = client_id
            try:
                reply = await self._answer(request, work)
            except RefusedError as error:
                reply = refusal(error, request.path)
            return await send(request, reply, headers)

        return handle

    async def _answer(self, request: web.Request, work: Work) -> AnyReply:
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not self._settings.lets_in(key.strip()):
            raise RefusedError(401, "Unauthorized: the API key is missing or invalid")
        number = next(self._numbers)
        fault = self._fault(request, number)
        if fault and fault.refuse:
            return fault.refuse(self._trouble(request, sse=False))
        try:
            body = orjson.loads(await request.read())
        except orjson.JSONDecodeError as error:
            raise invalid(f"The body is no JSON: {error}") from error
        reply = await work(request, body, number)
        if fault and fault.bend:
            trouble = self._trouble(request, sse=isinstance(reply, StreamReply))
            return bent(reply, fault.bend, trouble)
        return reply

    def _trouble(self, request: web.Request, *, sse: bool) -> Trouble:
        return Trouble(request.path, sse, self._plan.retry_after)

    def _fault(self, request: web.Request, number: int) -> Fault | None:
        """Choose the fault the request meets: the one its own header asks for, or the plan's."""
        asked = request.headers.get("x-sandbox-fault", "")
        if not asked:
            return self._plan.deal(number)
        if asked == "none":
            return None
        try:
            return fault_named(asked)
        except ValueError as error:
            raise invalid(f"x-sandbox-fault: {error}") from error

    async def _chat(self, request: web.Request, body: Any, number: int) -> AnyReply:
        if self._upstream:
            check_chat(body)
            return await self._upstream.reply(await request.read())
        return await self._chats.reply(body, number, _padding(request))

    async def _response(self, request: web.Request, body: Any, number: int) -> AnyReply:
        return await self._responses.reply(body, number, _padding(request))

    async def _embed(self, _request: web.Request, body: Any, _number: int) -> AnyReply:
        return priced(embed(body))

    async def _list(self, request: web.Request) -> web.StreamResponse:
        known = request.headers.get("if-none-match", "")
        return await send(request, models.list_models(_query(request), known), {})

    async def _one(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        return await send(request, models.one_model(name, _query(request)), {})


def _query(request: web.Request) -> dict[str, list[str]]:
    return {name: request.query.getall(name) for name in request.query}


def _padding(request: web.Request) -> int:
    """Read how long the answer shall be at least, which a load test may ask for."""
    asked = request.headers.get("x-sandbox-tokens", "0")
    if not asked.isdecimal() or len(asked) > _MOST_DIGITS:
        raise invalid(f"x-sandbox-tokens: Expected integer below a million, received {asked!r}")
    return int(asked)
