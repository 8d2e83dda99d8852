"""The application: routes, keys, ids, recorded requests and faults."""

from __future__ import annotations

import itertools
import logging
import re
import time
import uuid
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from dataclasses import replace
from typing import TYPE_CHECKING

import orjson
from aiohttp import web

from langchain_aimlapi.sandbox.access_log import log_request
from langchain_aimlapi.sandbox.checks import check_chat
from langchain_aimlapi.sandbox.faults.effects import FaultContext
from langchain_aimlapi.sandbox.faults.table import fault_named
from langchain_aimlapi.sandbox.hosts import is_own_host
from langchain_aimlapi.sandbox.inference import Arrived, Inference
from langchain_aimlapi.sandbox.parsing.form import FormError, parse_form
from langchain_aimlapi.sandbox.recorder import RecordedRequest
from langchain_aimlapi.sandbox.recording import Recording, Replay
from langchain_aimlapi.sandbox.replies import (
    ApiError,
    Reply,
    StreamReply,
    error_reply,
    validation_error,
)
from langchain_aimlapi.sandbox.routes import models
from langchain_aimlapi.sandbox.routes.batches import BatchesRoute
from langchain_aimlapi.sandbox.routes.chat import ChatRoute
from langchain_aimlapi.sandbox.routes.embeddings import EmbeddingsRoute
from langchain_aimlapi.sandbox.routes.files import serve_file
from langchain_aimlapi.sandbox.routes.management import (
    ManagementRoute,
    Question,
    management_routes,
)
from langchain_aimlapi.sandbox.routes.media import media_routes
from langchain_aimlapi.sandbox.routes.metrics import model_metrics
from langchain_aimlapi.sandbox.routes.responses import ResponsesRoute
from langchain_aimlapi.sandbox.sending import apply_fault, send
from langchain_aimlapi.sandbox.upstream import Upstream

if TYPE_CHECKING:
    from langchain_aimlapi.sandbox.account.keys import KeyRecord
    from langchain_aimlapi.sandbox.account.ledger import Call
    from langchain_aimlapi.sandbox.answers.script import Script
    from langchain_aimlapi.sandbox.faults.plan import FaultPlan
    from langchain_aimlapi.sandbox.faults.table import Fault
    from langchain_aimlapi.sandbox.recorder import Recorder
    from langchain_aimlapi.sandbox.settings import Settings
    from langchain_aimlapi.sandbox.state import State

AnyReply = Reply | StreamReply
Route = Callable[[Inference], Awaitable[AnyReply]]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_logger = logging.getLogger("langchain_aimlapi.sandbox")
_CLIENT_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")
_MAX_BYTES = 512 * 1024 * 1024
_MAX_DIGITS = 6
_FIRST_ERROR = 400
_arrived: ContextVar[Arrived] = ContextVar("arrived")
"""The request that the running task handles; each connection has a task, with one at a time."""
_UNKNOWN = (web.HTTPNotFound, web.HTTPMethodNotAllowed)


class Service:
    """The emulated service: an application for one event loop."""

    def __init__(
        self,
        settings: Settings,
        plan: FaultPlan,
        script: Script,
        recorder: Recorder,
        state: State,
        recording: Recording | Replay | None = None,
    ) -> None:
        self._settings = settings
        self._plan = plan
        self._recorder = recorder
        self._numbers = itertools.count(1)
        self._chat = ChatRoute(settings, script)
        self._responses = ResponsesRoute(self._chat)
        self._embeddings = EmbeddingsRoute(script)
        self._batches = BatchesRoute(self._chat)
        self._state = state
        self._upstream = (
            Upstream(settings.upstream, settings.upstream_key) if settings.upstream else None
        )
        self._recording = recording if isinstance(recording, Recording) else None
        self._replay = recording if isinstance(recording, Replay) else None

    def application(self) -> web.Application:
        """Build the application with its routes, most of them under `/v1` and without it."""
        app = web.Application(client_max_size=_MAX_BYTES, middlewares=[self._enveloped])
        for prefix in ("", "/v1"):
            chat, responses = f"{prefix}/chat/completions", f"{prefix}/responses"
            embeddings, batches = f"{prefix}/embeddings", f"{prefix}/batches"
            app.router.add_post(chat, self._inference(self._chat.reply, "model:chat"))
            app.router.add_post(
                responses, self._inference(self._responses.reply, "model:responses")
            )
            app.router.add_post(
                embeddings, self._inference(self._embeddings.reply, "model:embeddings")
            )
            app.router.add_post(batches, self._inference(self._batches.create, "model:chat"))
            app.router.add_get(f"{prefix}/batches", self._batch)
            app.router.add_post(f"{prefix}/batches/cancel/{{id}}", self._batch)
            app.router.add_get(f"{prefix}/models", self._list)
            app.router.add_get(f"{prefix}/models/metrics", self._metrics)
            app.router.add_get(f"{prefix}/model/{{name:.+}}", self._one)
        for method, path, route, scope in media_routes(self._state):
            app.router.add_route(method, path, self._inference(route, scope, own=True))
        for method, path, answer in management_routes(self._state, self._settings.balance):
            app.router.add_route(method, path, self._question(answer))
        app.router.add_get("/files/{name}", self._file, allow_head=False)
        app.on_cleanup.append(self._close)
        return app

    async def _close(self, _: web.Application) -> None:
        if self._upstream:
            await self._upstream.close()

    @web.middleware
    async def _enveloped(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        """Record and log the request, and send every error in the envelope."""
        start = time.monotonic()
        before = _arrived.get(None)
        response = await self._handled(request, handler)
        arrived = _arrived.get(None)
        inference = arrived.inference if arrived and arrived is not before else None
        if inference and inference.call:
            inference.call.seconds = time.monotonic() - start
        log_request(request, response.status, time.monotonic() - start, inference)
        return response

    async def _handled(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
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
        body = _decoded(await request.read(), request.headers.get("content-type", ""))
        headers = {name.lower(): value for name, value in request.headers.items()}
        query = dict(request.query)
        record = RecordedRequest(request.method, request.path, headers, body, query)
        _arrived.set(Arrived(record))
        self._recorder.add(record)

    def _inference(self, route: Route, scope: str, *, own: bool = False) -> Handler:
        """Wrap what all inference endpoints share: the key, the ids, the faults and the books.

        Args:
            route: What answers.
            scope: What the key must be good for.
            own: Whether the sandbox always answers itself, with an upstream or a recording too.
        """

        async def handle(request: web.Request) -> web.StreamResponse:
            headers = {"x-inference-id": str(uuid.uuid4())}
            client_id = request.headers.get("x-client-request-id", "")
            if _CLIENT_ID.fullmatch(client_id):
                headers["x-client-request-id"] = client_id
            request_id, start = str(uuid.uuid4()), time.monotonic()
            try:
                owner = self._owner(request)
                self._state.keys.admit(owner, scope)
                inference = await self._arrival(request, headers["x-inference-id"], request_id)
            except ApiError as error:
                return await send(request, error_reply(error, request.path, request_id), headers)
            inference.client_request_id = headers.get("x-client-request-id")
            try:
                reply = await self._answer(request, inference, route, own=own)
            except ApiError as error:
                reply = error_reply(error, request.path, request_id)
            succeeded = reply.status < _FIRST_ERROR
            if call := inference.booked(owner.prefix, succeeded=succeeded):
                inference.call = call
                self._state.ledger.add(call)
                reply = _timed(reply, call, start)
            return await send(request, reply, headers)

        return handle

    def _owner(self, request: web.Request) -> KeyRecord:
        return self._state.keys.owner(request.headers.get("authorization", ""))

    async def _arrival(self, request: web.Request, identity: str, request_id: str) -> Inference:
        arrived = _arrived.get()
        record = arrived.record
        arrived.inference = Inference(
            record,
            await request.read(),
            record.body,
            next(self._numbers),
            id=identity,
            request_id=request_id,
            origin=f"{request.scheme}://{request.host}",
        )
        return arrived.inference

    async def _answer(
        self, request: web.Request, inference: Inference, route: Route, *, own: bool
    ) -> AnyReply:
        inference.fault = self._fault(request, inference.number)
        if inference.fault and inference.fault.reply:
            return inference.fault.reply(self._context(request, inference, sse=False))
        inference.pad_to = _padding(request)
        reply = await self._reply(inference, route, own=own)
        fault = inference.fault
        if fault and fault.reply:
            return fault.reply(self._context(request, inference, sse=False))
        if fault and not fault.of_media:
            context = self._context(request, inference, sse=isinstance(reply, StreamReply))
            return apply_fault(reply, fault, context)
        return reply

    async def _batch(self, request: web.Request) -> web.StreamResponse:
        self._owner(request)
        if request.method == "POST":
            return await send(request, self._batches.cancel(request.match_info["id"]), {})
        return await send(request, self._batches.look(request.query.get("batch_id", "")), {})

    async def _reply(self, inference: Inference, route: Route, *, own: bool) -> AnyReply:
        """Answer by the replay, the upstream or the route, and record what was answered."""
        if inference.body is None and inference.record.method == "POST":
            raise validation_error(_body_problem(inference))
        if own:
            return await route(inference)
        if self._replay:
            inference.source = "replay"
            return self._replay.reply(inference)
        try:
            reply = await self._forwarded(inference) if self._upstream else await route(inference)
        except ApiError as error:
            if self._recording and inference.source == "upstream":
                self._recording.kept(inference, error_reply(error, inference.record.path))
            raise
        return self._recording.kept(inference, reply) if self._recording else reply

    async def _forwarded(self, inference: Inference) -> AnyReply:
        assert self._upstream  # noqa: S101  # checked by the caller
        path = inference.record.path.removeprefix("/v1")
        if path == "/chat/completions":
            check_chat(inference.body)
        inference.source = "upstream"
        return await self._upstream.reply(path, inference.raw)

    def _context(self, request: web.Request, inference: Inference, *, sse: bool) -> FaultContext:
        return FaultContext(request.path, sse, self._plan.retry_after, inference.request_id)

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

    async def _file(self, request: web.Request) -> web.StreamResponse:
        reply = serve_file(self._state.files, request.match_info["name"])
        return await send(request, reply, {})

    async def _list(self, request: web.Request) -> web.StreamResponse:
        known = request.headers.get("if-none-match", "")
        return await send(request, models.list_models(_query(request), known), {})

    async def _metrics(self, request: web.Request) -> web.StreamResponse:
        return await send(request, model_metrics(self._state.ledger, _query(request)), {})

    def _question(self, answer: ManagementRoute) -> Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            owner = self._owner(request)
            prefix = request.match_info.get("prefix", "")
            question = Question(owner, _query(request), prefix, _arrived.get().record.body)
            return await send(request, answer(question), {})

        return handle

    async def _one(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        return await send(request, models.one_model(name, _query(request)), {})


def _timed(reply: AnyReply, call: Call, start: float) -> AnyReply:
    """Let a stream of events note when its first one is sent."""
    if not isinstance(reply, StreamReply) or reply.content_type != "text/event-stream":
        return reply

    def note() -> None:
        call.first_token = time.monotonic() - start

    return replace(reply, on_start=note)


def _check_host(request: web.Request) -> None:
    """Refuse foreign host names, but for clients that use the sandbox as their HTTP proxy."""
    if request.raw_path.startswith("http://"):
        return
    host = request.headers.get("host", "")
    if not is_own_host(host):
        raise ApiError(421, f"The sandbox answers to names of this machine only, not to {host!r}")


def _decoded(raw: bytes, content_type: str) -> object:
    """Decode a body; None if there is none, or it is not what its header says."""
    try:
        if content_type.startswith("multipart/form-data"):
            return parse_form(raw, content_type)
        return orjson.loads(raw) if raw else None
    except (FormError, orjson.JSONDecodeError):
        return None


def _body_problem(inference: Inference) -> str:
    content_type = inference.record.headers.get("content-type", "")
    try:
        if content_type.startswith("multipart/form-data"):
            parse_form(inference.raw, content_type)
        orjson.loads(inference.raw)
    except FormError as error:
        return str(error)
    except orjson.JSONDecodeError as error:
        return f"The body is not JSON: {error}"
    return "Expected object"


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
