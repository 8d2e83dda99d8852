"""The application: routes, keys, ids, recorded requests and faults."""

from __future__ import annotations

import itertools
import logging
import re
import uuid
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import orjson
from aiohttp import web

from langchain_aimlapi.sandbox.checks import check_chat
from langchain_aimlapi.sandbox.faults.effects import FaultContext
from langchain_aimlapi.sandbox.faults.table import fault_named
from langchain_aimlapi.sandbox.hosts import is_own_host
from langchain_aimlapi.sandbox.recorder import RecordedRequest
from langchain_aimlapi.sandbox.replies import (
    ApiError,
    Reply,
    StreamReply,
    error_reply,
    reply_with_cost,
    validation_error,
)
from langchain_aimlapi.sandbox.routes import models
from langchain_aimlapi.sandbox.routes.chat import ChatRoute
from langchain_aimlapi.sandbox.routes.embeddings import embed
from langchain_aimlapi.sandbox.routes.responses import ResponsesRoute
from langchain_aimlapi.sandbox.sending import apply_fault, send
from langchain_aimlapi.sandbox.upstream import Upstream

if TYPE_CHECKING:
    from collections import deque

    from langchain_aimlapi.sandbox.answers.answer import Answer
    from langchain_aimlapi.sandbox.faults.plan import FaultPlan
    from langchain_aimlapi.sandbox.faults.table import Fault
    from langchain_aimlapi.sandbox.recorder import Recorder
    from langchain_aimlapi.sandbox.settings import Settings

AnyReply = Reply | StreamReply
Handler = Callable[[web.Request, Any, int], Awaitable[AnyReply]]

_logger = logging.getLogger("langchain_aimlapi.sandbox")
_CLIENT_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")
_MAX_BYTES = 512 * 1024 * 1024
_MAX_DIGITS = 6
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
        self._chat_route = ChatRoute(settings, script)
        self._responses = ResponsesRoute(self._chat_route)
        self._upstream = (
            Upstream(settings.upstream, settings.upstream_key) if settings.upstream else None
        )

    def application(self) -> web.Application:
        """Build the application with its routes, under `/v1` and without it."""
        app = web.Application(client_max_size=_MAX_BYTES, middlewares=[self._enveloped])
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
        """Record the request, and send every error in the envelope."""
        try:
            _check_host(request)
            await self._record(request)
            return await handler(request)
        except ApiError as error:
            failed = error
        except _UNKNOWN:
            failed = ApiError(404, f"Cannot {request.method} {request.path}")
        except web.HTTPException as error:
            failed = ApiError(error.status, error.reason)
        except (ConnectionError, web.RequestPayloadError):
            raise
        except Exception as error:
            _logger.exception("the sandbox failed on %s %s", request.method, request.path)
            failed = ApiError(500, f"The sandbox failed: {error!r}")
        return await send(request, error_reply(failed, request.path), {})

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

    def _inference(
        self, handler: Handler
    ) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        """Wrap what all inference endpoints share: the key, the ids and the faults."""

        async def handle(request: web.Request) -> web.StreamResponse:
            headers = {"x-inference-id": str(uuid.uuid4())}
            client_id = request.headers.get("x-client-request-id", "")
            if _CLIENT_ID.fullmatch(client_id):
                headers["x-client-request-id"] = client_id
            try:
                reply = await self._answer(request, handler)
            except ApiError as error:
                reply = error_reply(error, request.path)
            return await send(request, reply, headers)

        return handle

    async def _answer(self, request: web.Request, handler: Handler) -> AnyReply:
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not self._settings.accepts_key(key.strip()):
            raise ApiError(401, "Unauthorized: the API key is missing or invalid")
        number = next(self._numbers)
        fault = self._fault(request, number)
        if fault and fault.reply:
            return fault.reply(self._context(request, sse=False))
        try:
            body = orjson.loads(await request.read())
        except orjson.JSONDecodeError as error:
            raise validation_error(f"The body is not JSON: {error}") from error
        reply = await handler(request, body, number)
        if fault:
            context = self._context(request, sse=isinstance(reply, StreamReply))
            return apply_fault(reply, fault, context)
        return reply

    def _context(self, request: web.Request, *, sse: bool) -> FaultContext:
        return FaultContext(request.path, sse, self._plan.retry_after)

    def _fault(self, request: web.Request, number: int) -> Fault | None:
        """Choose the fault of the request: the one in its header, or the plan's."""
        wanted = request.headers.get("x-sandbox-fault", "")
        if not wanted:
            return self._plan.choose(number)
        if wanted == "none":
            return None
        try:
            return fault_named(wanted)
        except ValueError as error:
            raise validation_error(f"x-sandbox-fault: {error}") from error

    async def _chat(self, request: web.Request, body: Any, number: int) -> AnyReply:
        if self._upstream:
            check_chat(body)
            return await self._upstream.reply(await request.read())
        return await self._chat_route.reply(body, number, _padding(request))

    async def _response(self, request: web.Request, body: Any, number: int) -> AnyReply:
        return await self._responses.reply(body, number, _padding(request))

    async def _embed(self, _request: web.Request, body: Any, _number: int) -> AnyReply:
        return reply_with_cost(embed(body))

    async def _list(self, request: web.Request) -> web.StreamResponse:
        known = request.headers.get("if-none-match", "")
        return await send(request, models.list_models(_query(request), known), {})

    async def _one(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        return await send(request, models.one_model(name, _query(request)), {})


def _check_host(request: web.Request) -> None:
    """Refuse foreign host names, but for clients that use the sandbox as their HTTP proxy."""
    if request.raw_path.startswith("http://"):
        return
    host = request.headers.get("host", "")
    if not is_own_host(host):
        raise ApiError(421, f"The sandbox answers to names of this machine only, not to {host!r}")


def _query(request: web.Request) -> dict[str, list[str]]:
    return {name: request.query.getall(name) for name in request.query}


def _padding(request: web.Request) -> int:
    """Parse the minimum number of tokens of the answer, which load tests set."""
    wanted = request.headers.get("x-sandbox-tokens", "0")
    if not wanted.isdecimal() or len(wanted) > _MAX_DIGITS:
        raise validation_error(
            f"x-sandbox-tokens: Expected integer below a million, received {wanted!r}"
        )
    return int(wanted)
