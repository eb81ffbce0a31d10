"""The transports of the clients: they enforce deadline, limits and origin, and add the key.

Runners call `send`; the generated client calls `handle_request`, which calls `send`.
"""

from __future__ import annotations

import contextlib
import ssl
import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, Generic, cast

import anyio
import anyio.lowlevel
import httpx

from posthog_environments.calls.messages import TransportFailure
from posthog_environments.calls.state import ClientState
from posthog_environments.errors import (
    ConfigurationError,
    DeadlineExceeded,
    MalformedResponseError,
    PostHogError,
    TransportError,
)
from posthog_environments.transport.attempt import (
    GRACE,
    AsyncHTTPTransport,
    Attempt,
    HTTPTransport,
    Inner,
    T,
    pool_arguments,
)
from posthog_environments.transport.body import BodyReader
from posthog_environments.transport.requests import RequestBuilder

__all__ = ["AsyncTransport", "Transport"]

# Headers about the body on the wire, wrong for a decompressed one.
_OF_THE_WIRE = (b"content-encoding", b"content-length", b"transfer-encoding")


def _too_late() -> TransportFailure:
    return TransportFailure("the answer had not come to its end", sent=True, again=False, timed_out=True)


def _public_error(failed: TransportFailure) -> PostHogError:
    """Return the error that a user of the generated client gets."""
    if failed.malformed is not None:
        return MalformedResponseError(failed.reason, status_code=failed.malformed[0], body=failed.malformed[1])
    return (DeadlineExceeded if failed.timed_out else TransportError)(failed.reason)


def _response(response: httpx.Response, body: BodyReader, stream: object) -> httpx.Response:
    """Return a response with a decompressed body, detached from the connection."""
    headers = response.headers
    if body.is_compressed:
        headers = httpx.Headers([(name, value) for name, value in headers.raw if name.lower() not in _OF_THE_WIRE])
    kept = {name: value for name, value in response.extensions.items() if name in ("http_version", "reason_phrase")}
    return httpx.Response(response.status_code, headers=headers, stream=cast("Any", stream), extensions=kept)


class _TransportBase(Generic[T]):
    """The constructor of both transports."""

    _make: Callable[[dict[str, Any]], T]

    def __init__(
        self, client: ClientState, given: T | None, verify: ssl.SSLContext | None, proxy: str | None, timeout: float
    ) -> None:
        self.requests = RequestBuilder(client)
        self._settings = client.settings
        self._timeout = timeout
        arguments = {} if given is not None else pool_arguments(client.settings, verify, proxy)
        self._inner = Inner(given, lambda: type(self)._make(arguments))


class Transport(_TransportBase[httpx.BaseTransport], httpx.BaseTransport):
    """The blocking transport."""

    _make = HTTPTransport

    def send(self, request: httpx.Request, deadline: float, *, stream: bool = False) -> httpx.Response:
        """Send a request once and read the response. With `stream`, the body of a success is read on iteration.

        Raises:
            TransportFailure: There was no usable response before `deadline`.
        """
        attempt, problem, response = Attempt(self._inner, request, deadline), None, None
        key = self._settings.key.current()
        try:
            response = self._read(attempt, attempt.begin(key).handle_request(request), stream=stream)
        except BaseException as error:  # noqa: BLE001 - a transport may raise anything
            problem = attempt.end(error)
        else:
            attempt.end()
        if attempt.outdated is not None:
            attempt.outdated.close()
        if problem is not None:
            raise problem
        assert response is not None
        return response

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Make one attempt within the client's timeout, for the generated client."""
        try:
            prepared = self.requests.of_request(request, request.read(), self._timeout)
            return self.send(prepared, time.monotonic() + self._timeout)
        except TransportFailure as failed:
            error = _public_error(failed)
        raise error

    def close(self) -> None:
        """Close the connections."""
        if (transport := self._inner.end()) is not None:
            transport.close()

    def _read(self, attempt: Attempt[httpx.BaseTransport], response: httpx.Response, *, stream: bool) -> httpx.Response:
        try:
            body = BodyReader(response.status_code, response.headers, self._settings.max_body)
            if stream and response.is_success:
                attempt.goes_on = True
                return _response(response, body, self._chunks(attempt, response, body))
            for chunk in cast("httpx.SyncByteStream", response.stream):
                body.feed(chunk)
                if time.monotonic() > attempt.deadline:
                    raise _too_late()
            return _response(response, body, httpx.ByteStream(body.finish()))
        finally:
            if not attempt.goes_on:
                response.close()

    def _chunks(
        self, attempt: Attempt[httpx.BaseTransport], response: httpx.Response, body: BodyReader
    ) -> Iterator[bytes]:
        problem = None
        try:
            try:
                for chunk in cast("httpx.SyncByteStream", response.stream):
                    yield from body.inflate(chunk)
            finally:
                response.close()
        except BaseException as error:  # noqa: BLE001 - as above
            problem = attempt.leave(error)
        else:
            attempt.leave()
        if attempt.outdated is not None:
            attempt.outdated.close()
        if problem is not None:
            raise problem


class AsyncTransport(_TransportBase[httpx.AsyncBaseTransport], httpx.AsyncBaseTransport):
    """The async transport, for one event loop; see `Transport`."""

    _make = AsyncHTTPTransport
    _loop: object = None

    async def send(self, request: httpx.Request, deadline: float, *, stream: bool = False) -> httpx.Response:
        """Send a request once and read the response; see `Transport.send`."""
        self._check_loop()
        attempt, problem, response = Attempt(self._inner, request, deadline), None, None
        key = self._settings.key.current()
        try:
            transport = attempt.begin(key)
            with anyio.move_on_after(deadline - time.monotonic() + GRACE):
                response = await self._read(attempt, await transport.handle_async_request(request), stream=stream)
            if response is None:
                attempt.is_interrupted = True
                raise _too_late()
        except BaseException as error:  # noqa: BLE001 - a transport may raise anything
            problem = attempt.end(error)
        else:
            attempt.end()
        if attempt.outdated is not None:
            await attempt.outdated.aclose()
        if problem is not None:
            raise problem
        assert response is not None
        return response

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Make one attempt within the client's timeout, for the generated client."""
        try:
            prepared = self.requests.of_request(request, await request.aread(), self._timeout)
            return await self.send(prepared, time.monotonic() + self._timeout)
        except TransportFailure as failed:
            error = _public_error(failed)
        raise error

    async def aclose(self) -> None:
        """Close the connections."""
        if self._loop is not None:
            self._check_loop()
        if (transport := self._inner.end()) is not None:
            await transport.aclose()

    def _check_loop(self) -> None:
        token = anyio.lowlevel.current_token()
        if self._loop is None:
            self._loop = token
        elif self._loop != token:
            raise ConfigurationError(
                "This AsyncEnvironment was used in another event loop, whose connections it holds. "
                "Make one inside each asyncio.run()."
            )

    async def _read(
        self, attempt: Attempt[httpx.AsyncBaseTransport], response: httpx.Response, *, stream: bool
    ) -> httpx.Response:
        chunks = aiter(cast("httpx.AsyncByteStream", response.stream))
        try:
            body = BodyReader(response.status_code, response.headers, self._settings.max_body)
            if stream and response.is_success:
                attempt.goes_on = True
                return _response(response, body, self._chunks(attempt, response, chunks, body))
            async for chunk in chunks:
                body.feed(chunk)
            return _response(response, body, httpx.ByteStream(body.finish()))
        finally:
            if not attempt.goes_on:
                await _close(response, chunks)

    async def _chunks(
        self,
        attempt: Attempt[httpx.AsyncBaseTransport],
        response: httpx.Response,
        chunks: AsyncIterator[bytes],
        body: BodyReader,
    ) -> AsyncIterator[bytes]:
        problem = None
        try:
            try:
                async for chunk in chunks:
                    for part in body.inflate(chunk):
                        yield part
            finally:
                # If this is cancelled, the connection is half closed and its transport is not used again.
                await _close(response, chunks)
        except BaseException as error:  # noqa: BLE001 - as above
            problem = attempt.leave(error)
        else:
            attempt.leave()
        if attempt.outdated is not None:
            await attempt.outdated.aclose()
        if problem is not None:
            raise problem


async def _close(response: httpx.Response, chunks: AsyncIterator[bytes]) -> None:
    with anyio.CancelScope(shield=True):
        await response.aclose()
    # A body that was not read to its end leaves nested generators behind. On a closed connection they end at once.
    # Left to the garbage collector, trio warns about each.
    with contextlib.suppress(Exception):
        async for _ in chunks:
            pass
