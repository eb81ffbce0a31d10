"""The wire: httpx transports that hold the deadline, the size limits and the origin, and that alone know the key.

`Guard` and `AsyncGuard` stand between the client and what carries the bytes: the pool made here, or the transport that
the user gave. They add the key to each request just before it goes, refuse to send it anywhere but to the configured
origin, and read answers within limits. What goes wrong comes out as `Failed`, stripped of the exceptions below it, for
their frames hold the key.
"""

from __future__ import annotations

import contextlib
import os
import queue
import socket
import ssl
import threading
import time
import zlib
from collections.abc import AsyncIterator, Iterable, Iterator
from contextvars import ContextVar
from typing import Any, TypeAlias

import anyio
import anyio.lowlevel
import httpcore
import httpx

from posthog_environments.config import Settings
from posthog_environments.errors import (
    ConfigurationError,
    DeadlineExceeded,
    MalformedResponseError,
    PostHogError,
    TransportError,
    printable,
)
from posthog_environments.exchange import Answer, Call, Failed, Session

__all__ = ["AsyncGuard", "Guard", "Network", "async_pool", "pool"]

# Waiting for a cancel scope is left this much longer than the timeouts of the single steps, so that where a step
# times out, the step says so itself: then it is known whether anything was sent.
GRACE = 0.05
CHUNK = 1 << 20

_deadline: ContextVar[float | None] = ContextVar("deadline", default=None)

_NOT_SENT = (
    httpcore.ConnectError,
    httpcore.ConnectTimeout,
    httpcore.PoolTimeout,
    httpcore.ProxyError,
    httpcore.UnsupportedProtocol,
    httpcore.LocalProtocolError,
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
    httpx.LocalProtocolError,
)
_TIMEOUTS = (httpcore.TimeoutException, httpx.TimeoutException, TimeoutError)

# What the sort of exception means, for messages. First match wins.
_REASONS: tuple[tuple[tuple[type[BaseException], ...], str], ...] = (
    ((httpcore.ConnectTimeout, httpx.ConnectTimeout), "no connection could be made in time"),
    ((httpcore.PoolTimeout, httpx.PoolTimeout), "no connection became free in time"),
    ((httpcore.WriteTimeout, httpx.WriteTimeout), "the server stopped reading the request"),
    (_TIMEOUTS, "the server stopped answering"),
    ((httpcore.ConnectError, httpx.ConnectError), "no connection could be made"),
    ((httpcore.ProxyError, httpx.ProxyError), "the proxy refused"),
    ((httpcore.RemoteProtocolError, httpx.RemoteProtocolError), "the answer broke off, or is not HTTP"),
    ((httpcore.ReadError, httpx.ReadError, httpcore.WriteError, httpx.WriteError), "the connection broke"),
)


class _Rules:
    """What both guards do to a request on its way out, and to an answer on its way in; no I/O."""

    def __init__(self, session: Session, user_agent: str) -> None:
        self._session = session
        self._settings: Settings = session.settings
        self._origin = session.settings.origin
        self._base = httpx.URL(session.settings.host).raw_path.rstrip(b"/")
        self._user_agent = user_agent

    def request(self, call: Call) -> httpx.Request:
        """Build the request of a call, without the key."""
        arguments = dict(call.request)
        url = self._settings.host + arguments.pop("url")
        headers = {"Accept": "*/*" if call.stream else "application/json", **arguments.pop("headers", {})}
        return httpx.Request(url=url, headers=headers, **arguments)

    def outgoing(self, request: httpx.Request, remaining: float, silence: float) -> httpx.Request:
        """Return the request as it goes out: with the key, on the prefix in use, to the configured origin only."""
        url = request.url
        path = url.raw_path
        port = url.port or (443 if url.scheme == "https" else 80)
        if (url.scheme, url.host, port) != self._origin or not path.startswith(self._base + b"/"):
            raise ConfigurationError("A request to another server than the configured one was not sent.")
        old = self._base + b"/api/environments/"
        if self._session.prefix == "projects" and path.startswith(old):
            url = url.copy_with(raw_path=self._base + b"/api/projects/" + path[len(old) :])
        headers = request.headers.copy()
        headers["Accept-Encoding"] = "gzip"
        headers["User-Agent"] = self._user_agent
        headers["Authorization"] = "Bearer " + self._settings.key.current().reveal()
        timeout = {
            "connect": remaining,
            "pool": remaining,
            "write": remaining,
            "read": min(silence, remaining),
        }
        return httpx.Request(
            request.method,
            url,
            headers=headers,
            stream=request.stream,
            extensions={"timeout": timeout},
        )

    def body(self, response: httpx.Response) -> _Body:
        return _Body(response.status_code, response.headers, self._settings.max_body)


class _Body:
    """Collects a body within the limits: bytes on the wire, bytes after decompression, known encodings only."""

    def __init__(self, status_code: int, headers: httpx.Headers, limit: int) -> None:
        self._status_code = status_code
        self._limit = limit
        self._wire = 0
        self._parts: list[bytes] = []
        self._size = 0
        encoding = headers.get("content-encoding", "identity").strip().lower()
        if encoding not in ("identity", "", "gzip", "x-gzip"):
            raise self._malformed(f"the answer is compressed as {printable(encoding, 40)}, which was not asked for")
        self._inflater = zlib.decompressobj(31) if encoding in ("gzip", "x-gzip") else None
        self._breaks_off = False

    def feed(self, chunk: bytes) -> None:
        """Take a piece from the wire."""
        self._wire += len(chunk)
        if self._wire > self._limit:
            raise self._malformed(f"the answer is longer than {self._limit} bytes (max_body)")
        for part in self.inflate(chunk):
            self._size += len(part)
            self._parts.append(part)
            if self._size > self._limit:
                raise self._malformed(f"the answer is longer than {self._limit} bytes when decompressed (max_body)")

    def inflate(self, chunk: bytes) -> Iterator[bytes]:
        """Decompress a piece, a bounded amount at a time."""
        if self._inflater is None:
            yield chunk
            return
        try:
            while chunk:
                part = self._inflater.decompress(chunk, CHUNK)
                if part:
                    yield part
                self._breaks_off = not self._inflater.eof
                chunk = self._inflater.unconsumed_tail
                if self._inflater.eof:
                    # gzip allows several members one after the other.
                    chunk = self._inflater.unused_data
                    self._inflater = zlib.decompressobj(31)
        except zlib.error:
            raise self._malformed("the answer is not the gzip that it says it is") from None

    def finish(self) -> bytes:
        """Return the body, decompressed."""
        if self._breaks_off:
            raise Failed("the compressed answer breaks off", sent=True)
        return b"".join(self._parts)

    def _malformed(self, reason: str) -> Failed:
        excerpt = b"".join(self._parts)[:65536]
        return Failed(reason, sent=True, again=False, malformed=(self._status_code, excerpt))


def _failure(error: BaseException, deadline: float) -> Failed:
    """Turn what a transport raised into an outcome, with nothing of the exception but its meaning."""
    if isinstance(error, Failed):
        return error
    not_sent = isinstance(error, _NOT_SENT)
    cause: BaseException | None = error
    for _ in range(8):
        if isinstance(cause, ssl.SSLError) and not_sent:
            return Failed(f"the TLS handshake failed: {printable(str(cause), 200)}", sent=False, again=False)
        cause = None if cause is None else cause.__cause__ or cause.__context__
    timed_out = isinstance(error, _TIMEOUTS) and time.monotonic() >= deadline - GRACE
    reason = next((text for types, text in _REASONS if isinstance(error, types)), type(error).__name__)
    if isinstance(error, (httpcore.ConnectError, httpx.ConnectError)):
        reason += f" ({printable(str(error), 200)})"
    return Failed(reason, sent=not not_sent, again=not timed_out, timed_out=timed_out)


def _too_late() -> Failed:
    return Failed("the answer had not come to its end", sent=True, again=False, timed_out=True)


class Guard(httpx.BaseTransport):
    """The blocking guard. As a transport of httpx it serves the generated client; `send` serves the driver."""

    def __init__(self, session: Session, inner: httpx.BaseTransport, user_agent: str, timeout: float) -> None:
        self._rules = _Rules(session, user_agent)
        self._inner = inner
        self._timeout = timeout

    def send(self, call: Call, deadline: float, silence: float) -> Answer:
        """Send a call once and read the answer.

        Raises:
            Failed: No usable answer came before `deadline`.
        """
        return self._exchange(self._rules.request(call), deadline, silence if call.stream else None)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Serve the generated client: one attempt within the client's timeout."""
        answer = failure = None
        try:
            answer = self._exchange(request, time.monotonic() + self._timeout, None)
        except Failed as failed:
            failure = _public_error(failed)
        if failure is not None:
            raise failure
        assert answer is not None
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)

    def close(self) -> None:
        """Close the connections."""
        self._inner.close()

    def _exchange(self, request: httpx.Request, deadline: float, silence: float | None) -> Answer:
        remaining = deadline - time.monotonic()
        if remaining <= 0:
            raise Failed("no time was left to send it", sent=False, again=False, timed_out=True)
        outgoing = self._rules.outgoing(request, remaining, silence or remaining)
        answer: Answer | None = None
        failure: Failed | None = None
        token = _deadline.set(deadline)
        try:
            response = self._inner.handle_request(outgoing)
            answer = self._read(outgoing, response, deadline, stream=silence is not None)
        except PostHogError:
            raise
        except Exception as error:  # noqa: BLE001 - a transport may raise anything, and its frames hold the key
            failure = _failure(error, deadline)
        finally:
            _deadline.reset(token)
        if failure is not None:
            raise failure
        assert answer is not None
        return answer

    def _read(self, request: httpx.Request, response: httpx.Response, deadline: float, *, stream: bool) -> Answer:
        url = str(request.url)
        headers = response.headers
        assert isinstance(response.stream, httpx.SyncByteStream)
        if stream and 200 <= response.status_code < 300:
            return Answer(response.status_code, headers, b"", url, self._chunks(response))
        try:
            body = self._rules.body(response)
            for chunk in response.stream:
                body.feed(chunk)
                if time.monotonic() > deadline:
                    raise _too_late()
            return Answer(response.status_code, headers, body.finish(), url)
        finally:
            response.stream.close()

    def _chunks(self, response: httpx.Response) -> Iterator[bytes]:
        failure: Failed | None = None
        assert isinstance(response.stream, httpx.SyncByteStream)
        try:
            body = self._rules.body(response)
            for chunk in response.stream:
                yield from body.inflate(chunk)
        except GeneratorExit:
            raise
        except Exception as error:  # noqa: BLE001 - as above
            failure = _failure(error, 0.0)
        finally:
            response.stream.close()
        if failure is not None:
            raise failure


class AsyncGuard(httpx.AsyncBaseTransport):
    """The awaiting guard; see `Guard`."""

    def __init__(self, session: Session, inner: httpx.AsyncBaseTransport, user_agent: str, timeout: float) -> None:
        self._rules = _Rules(session, user_agent)
        self._inner = inner
        self._timeout = timeout
        self._loop: object = None

    async def send(self, call: Call, deadline: float, silence: float) -> Answer:
        """Send a call once and read the answer; see `Guard.send`."""
        return await self._exchange(self._rules.request(call), deadline, silence if call.stream else None)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Serve the generated client: one attempt within the client's timeout."""
        answer = failure = None
        try:
            answer = await self._exchange(request, time.monotonic() + self._timeout, None)
        except Failed as failed:
            failure = _public_error(failed)
        if failure is not None:
            raise failure
        assert answer is not None
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._inner.aclose()

    def _check_loop(self) -> None:
        token = anyio.lowlevel.current_token()
        if self._loop is None:
            self._loop = token
        elif self._loop != token:
            raise ConfigurationError(
                "This AsyncEnvironment was used in another event loop, whose connections it holds. "
                "Make one inside each asyncio.run()."
            )

    async def _exchange(self, request: httpx.Request, deadline: float, silence: float | None) -> Answer:
        self._check_loop()
        remaining = deadline - time.monotonic()
        if remaining <= 0:
            raise Failed("no time was left to send it", sent=False, again=False, timed_out=True)
        outgoing = self._rules.outgoing(request, remaining, silence or remaining)
        answer: Answer | None = None
        failure: Failed | None = None
        try:
            with anyio.move_on_after(remaining + GRACE):
                response = await self._inner.handle_async_request(outgoing)
                answer = await self._read(outgoing, response, stream=silence is not None)
        except PostHogError:
            raise
        except Exception as error:  # noqa: BLE001 - a transport may raise anything, and its frames hold the key
            failure = _failure(error, deadline)
        if failure is not None:
            raise failure
        if answer is None:
            raise _too_late()
        return answer

    async def _read(self, request: httpx.Request, response: httpx.Response, *, stream: bool) -> Answer:
        url = str(request.url)
        headers = response.headers
        assert isinstance(response.stream, httpx.AsyncByteStream)
        if stream and 200 <= response.status_code < 300:
            return Answer(response.status_code, headers, b"", url, self._chunks(response))
        try:
            body = self._rules.body(response)
            async for chunk in response.stream:
                body.feed(chunk)
            return Answer(response.status_code, headers, body.finish(), url)
        finally:
            with anyio.CancelScope(shield=True):
                await response.stream.aclose()

    async def _chunks(self, response: httpx.Response) -> AsyncIterator[bytes]:
        failure: Failed | None = None
        assert isinstance(response.stream, httpx.AsyncByteStream)
        try:
            body = self._rules.body(response)
            async for chunk in response.stream:
                for part in body.inflate(chunk):
                    yield part
        except Exception as error:  # noqa: BLE001 - as above
            failure = _failure(error, 0.0)
        finally:
            with anyio.CancelScope(shield=True):
                await response.stream.aclose()
        if failure is not None:
            raise failure


def _public_error(failed: Failed) -> PostHogError:
    """Return what a user of the generated client sees of a failure."""
    if failed.malformed is not None:
        return MalformedResponseError(failed.reason, status_code=failed.malformed[0], body=failed.malformed[1])
    return (DeadlineExceeded if failed.timed_out else TransportError)(failed.reason)


# ---------------------------------------------------------------------------------------------------- connections

_SocketOptions: TypeAlias = Iterable[Any] | None


class _Stream(httpcore.NetworkStream):
    """A stream on which the deadline of the call, not of the single read, holds."""

    def __init__(self, inner: httpcore.NetworkStream) -> None:
        self._inner = inner

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, _remaining(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        # In pieces, for the stream below grants its timeout to each of its sends.
        view = memoryview(buffer)
        for start in range(0, len(view), CHUNK // 16):
            piece = bytes(view[start : start + CHUNK // 16])
            self._inner.write(piece, _remaining(timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        return _Stream(
            self._inner.start_tls(ssl_context, server_hostname, _remaining(timeout, httpcore.ConnectTimeout))
        )

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


class Network(httpcore.NetworkBackend):
    """Opens sockets within the deadline of the call, the look-up of the name included."""

    def __init__(self) -> None:
        self._inner = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: _SocketOptions = None,
    ) -> httpcore.NetworkStream:
        """Look the name up and connect to its first address that answers."""
        error: Exception = httpcore.ConnectError("the name of the host has no address")
        for address in _addresses(host, port, _remaining(timeout, httpcore.ConnectTimeout)):
            try:
                return _Stream(
                    self._inner.connect_tcp(
                        address,
                        port,
                        _remaining(timeout, httpcore.ConnectTimeout),
                        local_address,
                        socket_options,
                    )
                )
            except httpcore.ConnectError as failed:
                error = failed
        raise error

    def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: _SocketOptions = None
    ) -> httpcore.NetworkStream:
        """Connect to a socket in the file system."""
        return _Stream(self._inner.connect_unix_socket(path, timeout, socket_options))

    def sleep(self, seconds: float) -> None:
        """Wait."""
        self._inner.sleep(seconds)


def _remaining(timeout: float | None, error: type[Exception]) -> float | None:
    """Return the seconds that a step may take: its own timeout, or what is left for the whole call."""
    deadline = _deadline.get()
    if deadline is None:
        return timeout
    left = deadline - time.monotonic()
    if left <= 0:
        raise error("the time for the call has run out")
    return left if timeout is None else min(timeout, left)


def _addresses(host: str, port: int, timeout: float | None) -> list[str]:
    """Look a name up, in a thread of its own: the system's resolver knows no timeout."""
    with contextlib.suppress(OSError):
        socket.inet_pton(socket.AF_INET6 if ":" in host else socket.AF_INET, host)
        return [host]
    results: queue.SimpleQueue[list[str] | OSError] = queue.SimpleQueue()

    def look_up() -> None:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            results.put(list(dict.fromkeys(str(entry[4][0]) for entry in found)))
        except OSError as error:
            results.put(error)

    threading.Thread(target=look_up, name="posthog-environments-resolver", daemon=True).start()
    try:
        found = results.get(timeout=timeout)
    except queue.Empty:
        raise httpcore.ConnectTimeout("the name of the host was not resolved in time") from None
    if isinstance(found, OSError):
        raise httpcore.ConnectError(str(found)) from None
    return found


def _pool_arguments(settings: Settings, verify: ssl.SSLContext | None, proxy: str | None) -> dict[str, Any]:
    https = settings.host.startswith("https:") or (proxy or "").startswith("https:")
    context = verify or (httpx.create_ssl_context(trust_env=False) if https else None)
    return {
        "ssl_context": context,
        "proxy": _proxy(proxy),
        "max_connections": 100,
        "max_keepalive_connections": 20,
        "keepalive_expiry": 5.0,
        "http1": True,
        "http2": False,
    }


def _proxy(url: str | None) -> httpcore.Proxy | None:
    if url is None:
        return None
    parsed = httpx.Proxy(url)
    return httpcore.Proxy(
        url=httpcore.URL(
            scheme=parsed.url.raw_scheme,
            host=parsed.url.raw_host,
            port=parsed.url.port,
            target=parsed.url.raw_path,
        ),
        auth=parsed.raw_auth,
    )


def _core_request(request: httpx.Request) -> httpcore.Request:
    url = request.url
    return httpcore.Request(
        request.method,
        httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
        headers=request.headers.raw,
        content=request.stream,
        extensions=request.extensions,
    )


class _Received(httpx.SyncByteStream):
    def __init__(self, response: httpcore.Response) -> None:
        self._response = response

    def __iter__(self) -> Iterator[bytes]:
        return self._response.iter_stream()

    def close(self) -> None:
        self._response.close()


class _AsyncReceived(httpx.AsyncByteStream):
    def __init__(self, response: httpcore.Response) -> None:
        self._response = response

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._response.aiter_stream()

    async def aclose(self) -> None:
        await self._response.aclose()


class _Pool(httpx.BaseTransport):
    """Connections of this process: a child after a fork must not speak on those of its parent."""

    def __init__(self, arguments: dict[str, Any]) -> None:
        self._arguments = arguments
        self._lock = threading.Lock()
        self._pid = -1
        self._pool: httpcore.ConnectionPool | None = None

    def _own(self) -> httpcore.ConnectionPool:
        if self._pool is not None and self._pid == os.getpid():
            return self._pool
        with self._lock:
            if self._pool is None or self._pid != os.getpid():
                # The parent's pool is dropped unclosed: to close it would say goodbye on the parent's connections.
                self._pool = httpcore.ConnectionPool(network_backend=Network(), **self._arguments)
                self._pid = os.getpid()
            return self._pool

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        response = self._own().handle_request(_core_request(request))
        return httpx.Response(response.status, headers=response.headers, stream=_Received(response))

    def close(self) -> None:
        if self._pool is not None and self._pid == os.getpid():
            self._pool.close()


class _AsyncPool(httpx.AsyncBaseTransport):
    """Connections of one event loop."""

    def __init__(self, arguments: dict[str, Any]) -> None:
        self._pool = httpcore.AsyncConnectionPool(**arguments)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await self._pool.handle_async_request(_core_request(request))
        return httpx.Response(response.status, headers=response.headers, stream=_AsyncReceived(response))

    async def aclose(self) -> None:
        await self._pool.aclose()


def pool(settings: Settings, verify: ssl.SSLContext | None, proxy: str | None) -> httpx.BaseTransport:
    """Make the transport that blocking clients use unless they are given one."""
    return _Pool(_pool_arguments(settings, verify, proxy))


def async_pool(settings: Settings, verify: ssl.SSLContext | None, proxy: str | None) -> httpx.AsyncBaseTransport:
    """Make the transport that awaiting clients use unless they are given one."""
    return _AsyncPool(_pool_arguments(settings, verify, proxy))
