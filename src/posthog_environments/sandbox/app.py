"""ASGI application: check a request, run its operation in a thread, and send the response."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC
from email.utils import format_datetime
from typing import TYPE_CHECKING, Final

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import ClientDisconnect
from starlette.responses import Response, StreamingResponse
from starlette.routing import request_response

from posthog_environments.sandbox import access, bodies, declared, notices, routes, welcome
from posthog_environments.sandbox.context import AppContext
from posthog_environments.sandbox.messages import KEY_PARAMETER, Reply, RequestContext, json_reply
from posthog_environments.sandbox.problems import Problem, crash, not_found
from posthog_environments.sandbox.settings import SHARED

if TYPE_CHECKING:
    from starlette.datastructures import Headers
    from starlette.requests import Request

MOST_BODY: Final = 20 * 2**20
LOOPBACK_ORIGIN: Final = r"https?://(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d{1,5})?"
KINDS: Final = ("application/json", "text/csv")
_METHODS: Final = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
_SHOWN: Final = ["Retry-After", "Deprecation", "Sunset", "Link", "Location", "WWW-Authenticate"]
_log = logging.getLogger("posthog_environments.sandbox")


class App:
    """Handles all requests between the socket and the operations."""

    def __init__(self, app: AppContext, threads: ThreadPoolExecutor) -> None:
        self._app = app
        self._threads = threads
        self._throttle = access.Throttle(app.settings.rates, shared=SHARED[app.settings.era])

    def application(self) -> Starlette:
        """Build the application."""
        cors = Middleware(
            _Cors,
            allow_origin_regex=LOOPBACK_ORIGIN,
            allow_methods=_METHODS,
            allow_headers=["Authorization", "Content-Type"],
            expose_headers=_SHOWN,
        )
        application = Starlette(middleware=[cors])
        # Not a route, which would not match paths with line breaks, nor unknown methods.
        application.router.default = request_response(self._answer)
        return application

    async def _answer(self, request: Request) -> Response:
        try:
            body = await _read(request)
        except Problem as problem:
            return _response(_refusal(problem))
        except ClientDisconnect:
            return Response(status_code=400)
        method = "GET" if request.method == "HEAD" else request.method
        call = RequestContext(method, _url(request), dict(request.headers), body, lenient=self._app.lenient)
        path = request.scope["path"]
        reply = await asyncio.get_running_loop().run_in_executor(self._threads, self._reply, call, path)
        if isinstance(reply.body, bytes):
            return _response(reply)
        return StreamingResponse(self._chunks(reply.body), reply.status, reply.headers, reply.media_type)

    async def _chunks(self, body: Iterator[bytes]) -> AsyncIterator[bytes]:
        """Produce a long body in the sandbox's own threads, which end with it."""
        loop = asyncio.get_running_loop()
        while (chunk := await loop.run_in_executor(self._threads, next, body, None)) is not None:
            yield chunk

    def _reply(self, call: RequestContext, path: str) -> Reply:
        fault = self._app.faults.take() if path.startswith("/api/") else None
        try:
            reply = fault.reply() if fault and not fault.after else self._operate(call, path)
            if fault and reply.status < 400:
                reply = fault.reply()
        except Problem as problem:
            reply = self._refusal(call, path, problem)
        except Exception:  # noqa: BLE001 - the client gets a response in any case
            # The details go to the log, which is silent by default.
            _log.exception("the sandbox failed")
            reply = _refusal(crash("The sandbox failed. This is a bug in the sandbox."))
        reply.headers["Date"] = format_datetime(self._app.now().replace(tzinfo=UTC), usegmt=True)
        reply.headers.update(notices.of(self._app.settings, call.url, path, reply.status))
        return reply

    def _operate(self, call: RequestContext, path: str) -> Reply:
        if path == "/":
            return welcome.show(self._app, call)
        if path in {"/_health", "/_health/"}:
            return Reply(200, b"ok", "text/plain")
        resource = self._resource(path)
        if resource is None:
            raise not_found()
        if self._app.settings.redirect and resource.prefix == "environments":
            return Reply(307, headers={"Location": notices.twin(call.url)})
        return self._authorize_and_run(call, path, resource)

    def _authorize_and_run(self, call: RequestContext, path: str, resource: routes.Endpoint) -> Reply:
        """Check format, key, method, project, scope and rate, in the order of real servers, and run the operation."""
        settings = self._app.settings
        lenient, wants_csv = self._app.lenient, call.wants_csv  # which raises for unknown formats
        key, scopes = access.authenticate(self._app.keys, call.headers.get("authorization"), _key_elsewhere(call))
        if call.method == "OPTIONS" and lenient:
            return json_reply({"name": path, "description": "", "renders": list(KINDS), "parses": [KINDS[0]]})
        operation = resource.operation(call.method, lenient=lenient)
        if operation is None:
            allowed = ", ".join(method for method in resource.operations if resource.operation(method, lenient=lenient))
            detail = f"The method {call.method} is not possible here."
            raise Problem(405, "invalid_request", "method_not_allowed", detail, headers={"Allow": allowed})
        if resource.project not in {None, "@current", str(settings.project_id)}:
            raise not_found("There is no such project.")
        access.authorize(scopes, operation.scope, unscoped=settings.unscoped == "allow")
        self._throttle.take(key, operation.bucket)
        self._app.changes.settle()
        call = replace(call, id=resource.id)
        if not lenient:
            declared.check(call, operation.takes)
        reply = operation.handler(self._app, call)
        return _no_table(reply) if wants_csv and lenient and not operation.table else reply

    def _resource(self, path: str) -> routes.Endpoint | None:
        settings = self._app.settings
        resource = routes.find(path, settings.era)
        known = resource is None or resource.prefix is None or resource.prefix in settings.prefixes
        return resource if known else None

    def _refusal(self, call: RequestContext, path: str, problem: Problem) -> Reply:
        """Return the response of a problem; for CSV requests it has a status but no body."""
        reply = _refusal(problem)
        if self._app.lenient and self._resource(path) is not None and _asks_for_csv(call):
            return Reply(reply.status, headers=reply.headers)
        return reply


class _Cors(CORSMiddleware):
    """Allows origins on this machine. Other origins get a response without CORS headers, as from real servers."""

    def preflight_response(self, request_headers: Headers) -> Response:
        """Return the response to a preflight request."""
        response = super().preflight_response(request_headers)
        return response if response.status_code == 200 else Response(media_type="text/html")


def _asks_for_csv(call: RequestContext) -> bool:
    try:
        return call.wants_csv
    except Problem:
        return False


def _no_table(reply: Reply) -> Reply:
    """Return what servers send for CSV of an operation without rows: an empty body, or a 500 if it was empty."""
    if reply.body:
        return Reply(reply.status, headers=reply.headers)
    page = b"<html><head><title>500</title></head><body><h1>The server crashed</h1></body></html>\n"
    return Reply(500, page, "text/html; charset=utf-8")


def _url(request: Request) -> str:
    """Return the URL as it was sent, not decoded; links and headers repeat it."""
    path, query = request.scope["raw_path"].decode("latin-1"), request.scope["query_string"].decode("latin-1")
    return f"{request.url.scheme}://{request.url.netloc}{path}{'?' if query else ''}{query}"


async def _read(request: Request) -> bytes:
    chunks, size = list[bytes](), 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > MOST_BODY:
            detail = f"The body is larger than {MOST_BODY:,} bytes."
            raise Problem(413, "invalid_request", "request_too_large", detail, headers={"Connection": "close"})
        chunks.append(chunk)
    return b"".join(chunks)


def _key_elsewhere(call: RequestContext) -> str | None:
    """Return the key in a JSON body, else in the query."""
    if KEY_PARAMETER.encode() in call.body:
        try:
            value = bodies.object_of(call.body).get(KEY_PARAMETER)
        except Problem:
            value = None
        if isinstance(value, str):
            return value
    return call.query.get(KEY_PARAMETER)


def _refusal(problem: Problem) -> Reply:
    return json_reply(problem.body, problem.status, problem.headers)


def _response(reply: Reply) -> Response:
    assert isinstance(reply.body, bytes)
    return Response(reply.body, reply.status, reply.headers, reply.media_type)
