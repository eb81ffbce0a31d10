"""The ASGI application: lets a request in, runs its operation in a thread, and sends the answer."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
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
from posthog_environments.sandbox.exchange import KEY_PARAMETER, Call, House, Reply
from posthog_environments.sandbox.problems import Problem, crash, not_found

if TYPE_CHECKING:
    from starlette.requests import Request

    from posthog_environments.sandbox.faults import Faults

MOST_BODY: Final = 20 * 2**20
LOOPBACK_ORIGIN: Final = r"https?://(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d{1,5})?"
_METHODS: Final = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
_SHOWN: Final = ["Retry-After", "Deprecation", "Sunset", "Link", "Location", "WWW-Authenticate"]
_log = logging.getLogger("posthog_environments.sandbox")


class Front:
    """Everything between the socket and the operations."""

    def __init__(self, house: House, keys: access.Keys, faults: Faults, threads: ThreadPoolExecutor) -> None:
        self._house = house
        self._keys = keys
        self._faults = faults
        self._threads = threads
        self._throttle = access.Throttle(house.settings.rates, shared=house.newer)

    def application(self) -> Starlette:
        """Build the application."""
        cors = Middleware(
            CORSMiddleware,
            allow_origin_regex=LOOPBACK_ORIGIN,
            allow_methods=_METHODS,
            allow_headers=["Authorization", "Content-Type"],
            expose_headers=_SHOWN,
        )
        application = Starlette(middleware=[cors])
        # Not a route: its pattern would not match a path with a line break in it, nor any other method.
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
        call = Call(method, _url(request), dict(request.headers), body)
        path = request.scope["path"]
        reply = await asyncio.get_running_loop().run_in_executor(self._threads, self._reply, call, path)
        if isinstance(reply.body, bytes):
            return _response(reply)
        return StreamingResponse(self._chunks(reply.body), reply.status, reply.headers, reply.media_type)

    async def _chunks(self, body: Iterator[bytes]) -> AsyncIterator[bytes]:
        """Read a long body in our own threads, which end with the sandbox."""
        loop = asyncio.get_running_loop()
        while (chunk := await loop.run_in_executor(self._threads, next, body, None)) is not None:
            yield chunk

    def _reply(self, call: Call, path: str) -> Reply:
        fault = self._faults.take() if path.startswith("/api/") else None
        try:
            reply = fault.reply() if fault and not fault.after else self._operate(call, path)
            if fault and reply.status < 400:
                reply = fault.reply()
        except Problem as problem:
            reply = _refusal(problem)
        except Exception:  # noqa: BLE001 - whatever it is, the client gets an answer
            # The answer says nothing about the inside; the log, silent by default, does.
            _log.exception("the sandbox failed")
            reply = _refusal(crash("The sandbox failed. This is a mistake of the sandbox."))
        reply.headers["Date"] = format_datetime(self._house.now().replace(tzinfo=UTC), usegmt=True)
        reply.headers.update(notices.of(self._house.settings, call.url, path, reply.status))
        return reply

    def _operate(self, call: Call, path: str) -> Reply:
        if path == "/":
            return welcome.show(self._house, call)
        if path in {"/_health", "/_health/"}:
            return Reply(200, b"ok", "text/plain")
        settings = self._house.settings
        resource = routes.find(path)
        if resource is None or (resource.prefix is not None and resource.prefix not in settings.prefixes):
            raise not_found()
        if settings.redirect and resource.prefix == "environments":
            return Reply(307, headers={"Location": notices.twin(call.url)})
        operation = resource.operations.get(call.method)
        key, scopes = access.authenticate(self._keys, call.headers.get("authorization"), _key_elsewhere(call))
        if operation is None:
            allowed = ", ".join(resource.operations)
            detail = f"The method {call.method} is not possible here."
            raise Problem(405, "invalid_request", "method_not_allowed", detail, headers={"Allow": allowed})
        if resource.project not in {None, "@current", str(settings.project_id)}:
            raise not_found("There is no such project.")
        if operation.scope is not None:
            access.authorize(scopes, operation.scope)
        elif settings.unscoped == "refuse":
            raise access.refuse_personal_key()
        self._throttle.take(key, operation.bucket)
        assert call.wants_csv in {True, False}  # reading it refuses formats that nobody knows
        self._house.changes.settle()
        call = Call(call.method, call.url, call.headers, call.body, resource.id)
        if not self._house.lenient:
            declared.check(call, operation.takes)
        return operation.handler(self._house, call)


def _url(request: Request) -> str:
    """Write the address as it was asked for: links and headers repeat it, and a decoded one would not do there."""
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


def _key_elsewhere(call: Call) -> str | None:
    """Find a key in the query or, where there is a JSON body, in that."""
    key = call.query.get(KEY_PARAMETER)
    if key is None and KEY_PARAMETER.encode() in call.body:
        try:
            value = bodies.object_of(call.body).get(KEY_PARAMETER)
        except Problem:
            return None
        return value if isinstance(value, str) else None
    return key


def _refusal(problem: Problem) -> Reply:
    return Reply(problem.status, bodies.write(problem.body).encode(), "application/json", problem.headers)


def _response(reply: Reply) -> Response:
    assert isinstance(reply.body, bytes)
    return Response(reply.body, reply.status, reply.headers, reply.media_type)
