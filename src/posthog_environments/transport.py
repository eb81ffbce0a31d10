"""The wire: httpx transports that hold the deadline, the size limits and the origin, and that alone know the key.

`Guard` and `AsyncGuard` stand between the client and what carries the bytes: the pool made here, or the transport that
the user gave. They add the key to each request just before it goes, refuse to send it anywhere but to the configured
origin, and read answers within limits. What goes wrong comes out as `Failed`, stripped of the exceptions below it, for
their frames hold the key.
"""

from __future__ import annotations

import io
import json
import ssl
import time
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from typing import cast

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
from posthog_environments.pools import (
    CALL_DEADLINE,
    AsyncGiven,
    AsyncIncoming,
    AsyncPool,
    Given,
    Incoming,
    Outgoing,
    Pool,
)

__all__ = ["AsyncGuard", "Guard"]

# Waiting for a cancel scope is left this much longer than the timeouts of the single steps, so that where a step
# times out, the step says so itself: then it is known whether anything was sent.
GRACE = 0.2
CHUNK = 1 << 20
# So many pieces of a body may be of fewer bytes than this on average, and of so many members may gzip be made.
MAX_CRUMBS = 10_000
CRUMB = 256
MAX_MEMBERS = 10_000
# So much room is made at once for a body that says how long it is; what is longer still makes room as it comes.
ROOM = 1 << 22
# Besides as many bytes as the body has eight times, so many may frame it.
MAX_FRAMING = CHUNK


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
    """What both guards do to a request on its way out, and to an answer on its way in; no I/O.

    A request for the driver is written here straight as it goes over the wire. Only what comes from the generated
    client, or goes to a transport that the user gave, is a request of httpx: on small pages those would cost as much
    as the decoding of the page.
    """

    def __init__(self, session: Session, user_agent: str) -> None:
        self._session = session
        self._settings: Settings = session.settings
        self._origin = session.settings.origin
        root = _readable(session.settings.host)
        self._root = str(root.copy_with(raw_path=b"/")).rstrip("/")
        self._base = root.raw_path.rstrip(b"/")
        self._host = httpx.Request("GET", root).headers["Host"].encode()
        self._own = [(b"Accept-Encoding", b"gzip"), (b"User-Agent", user_agent.encode())]

    def of_call(self, call: Call, remaining: float, silence: float) -> Outgoing:
        """Write the request of a call."""
        request = call.request
        # Whatever the contract may ask for one day: nothing is dropped in silence.
        assert request.keys() <= {"method", "url", "params", "json", "headers"}
        assert request.get("headers", {}).items() <= {"Content-Type": "application/json"}.items()
        target: bytes = request["url"].encode()
        if request.get("params"):
            target += b"?" + str(httpx.QueryParams(request["params"])).encode()
        headers = [(b"Host", self._host), (b"Accept", b"*/*" if call.stream else b"application/json")]
        body = b""
        if "json" in request:
            body = json.dumps(request["json"], ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
            headers += [(b"Content-Length", b"%d" % len(body)), (b"Content-Type", b"application/json")]
        return self._outgoing(request["method"].upper(), self._base + target, headers, body, remaining, silence)

    def of_request(self, request: httpx.Request, body: bytes, remaining: float) -> Outgoing:
        """Write a request of httpx: to the configured origin only."""
        url = request.url
        port = url.port or (443 if url.scheme == "https" else 80)
        if (url.scheme, url.raw_host.decode(), port) != self._origin:
            raise _elsewhere()
        replaced = (b"accept-encoding", b"user-agent", b"authorization")
        headers = [(name, value) for name, value in request.headers.raw if name.lower() not in replaced]
        return self._outgoing(request.method, url.raw_path, headers, body, remaining, remaining)

    def _outgoing(
        self,
        method: str,
        path: bytes,
        headers: list[tuple[bytes, bytes]],
        body: bytes,
        remaining: float,
        silence: float,
    ) -> Outgoing:
        """Add what is ours: the prefix in use, the key, the time."""
        if not path.startswith(self._base + b"/"):
            raise _elsewhere()
        old = self._base + b"/api/environments/"
        if self._session.prefix == "projects" and path.startswith(old):
            path = self._base + b"/api/projects/" + path[len(old) :]
        headers += self._own
        timeouts = {
            "connect": remaining,
            "pool": remaining,
            "write": remaining,
            "read": min(silence, remaining),
        }
        key = self._settings.key.current()
        return Outgoing(method, self._root + path.decode(), path, headers, body, timeouts, key)

    def body(self, status: int, headers: Mapping[str, str]) -> _Body:
        return _Body(status, headers, self._settings.max_body)


def _readable(host: str) -> httpx.URL:
    """Read the configured host as httpx does, which decodes labels that stand for other scripts."""
    try:
        root = httpx.URL(host)
        if root.host:
            return root
    except (httpx.InvalidURL, UnicodeError):
        pass
    raise ConfigurationError("host names no host that can be read; give it as it is registered.")


def _elsewhere() -> ConfigurationError:
    return ConfigurationError("A request to another server than the configured one was not sent.")


def _read_headers(raw: list[tuple[bytes, bytes]]) -> dict[str, str]:
    """Return headers by their names in lower case; what came twice is joined."""
    headers: dict[str, str] = {}
    for name, value in raw:
        key = name.decode("latin-1").lower()
        try:
            text = value.decode()
        except UnicodeDecodeError:
            text = value.decode("latin-1")
        headers[key] = f"{headers[key]}, {text}" if key in headers else text
    return headers


def _public_answer(answer: Answer) -> httpx.Response:
    """Return what a user of the generated client sees of an answer, whose body has been decompressed."""
    changed = ("content-encoding", "content-length", "transfer-encoding")
    headers = [(name, value) for name, value in answer.headers.items() if name not in changed]
    return httpx.Response(answer.status_code, headers=headers, content=answer.content)


class _Body:
    """Collects a body within the limits: bytes on the wire, bytes after decompression, known encodings only.

    Bytes that come in crumbs cost much more time than memory, so pieces and members of gzip are counted too.
    """

    def __init__(self, status_code: int, headers: Mapping[str, str], limit: int) -> None:
        self._status_code = status_code
        self._limit = limit
        self._wire = 0
        self._pieces = 0
        self._members = 1
        # It gives its bytes away without a copy; a join of parts would need twice the memory.
        self._whole = io.BytesIO()
        encoding = headers.get("content-encoding", "identity").strip().lower()
        if encoding not in ("identity", "", "gzip", "x-gzip"):
            raise self._malformed(f"the answer is compressed as {printable(encoding, 40)}, which was not asked for")
        self._inflater = zlib.decompressobj(31) if encoding in ("gzip", "x-gzip") else None
        self._breaks_off = False
        if self._inflater is None:
            self._make_room(headers.get("content-length", ""))

    def _make_room(self, length: str) -> None:
        """Make room for a body that says how long it is, so that it is not moved each time that it has grown."""
        if length.isascii() and length.isdigit() and len(length) < 9 and 1 < int(length) <= min(self._limit, ROOM):
            self._whole.seek(int(length) - 1)
            self._whole.write(b"\0")
            self._whole.seek(0)

    def feed(self, chunk: bytes, came: int = 0) -> None:
        """Take a piece from the wire, on which so many bytes have come for the body, with those that frame it."""
        self._wire += len(chunk)
        self._pieces += 1
        if self._wire > self._limit:
            raise self._malformed(f"the answer is longer than {self._limit} bytes (max_body)")
        if self._pieces > MAX_CRUMBS + self._wire // CRUMB:
            raise self._malformed(f"the answer comes in more than {MAX_CRUMBS} pieces of a few bytes")
        if came > MAX_FRAMING + 9 * self._wire:
            raise self._malformed("the answer is little more than what frames it")
        if self._inflater is None:
            self._whole.write(chunk)
            return
        for part in self.inflate(chunk):
            self._whole.write(part)
            if self._whole.tell() > self._limit:
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
                    self._inflater = self._next_member()
        except zlib.error:
            # As with an answer that breaks off, it may be the way here that spoiled it.
            raise self._malformed("the answer is not the gzip that it says it is", again=True) from None

    def _next_member(self) -> zlib._Decompress:  # pyright: ignore[reportPrivateUsage]
        self._members += 1
        if self._members > MAX_MEMBERS:
            raise self._malformed(f"the answer is gzip of more than {MAX_MEMBERS} members")
        return zlib.decompressobj(31)

    def finish(self) -> bytes:
        """Return the body, decompressed."""
        if self._breaks_off:
            raise Failed("the compressed answer breaks off", sent=True)
        # Room that was made and not used is no part of it.
        self._whole.truncate()
        return self._whole.getvalue()

    def _malformed(self, reason: str, *, again: bool = False) -> Failed:
        excerpt = bytes(self._whole.getbuffer()[: min(self._whole.tell(), 65536)])
        return Failed(reason, sent=True, again=again, malformed=(self._status_code, excerpt))


def _failure(error: BaseException, deadline: float) -> Failed:
    """Turn what a transport raised into an outcome, with nothing of the exception but its meaning."""
    if isinstance(error, Failed):
        return error
    not_sent = isinstance(error, _NOT_SENT)
    cause: BaseException | None = error
    for _ in range(8):
        # Not where time ran out: then an exception by which TLS asks for more bytes may be in the chain.
        if isinstance(cause, ssl.SSLError) and not_sent and not isinstance(error, _TIMEOUTS):
            return Failed(f"the TLS handshake failed: {printable(str(cause), 200)}", sent=False, again=False)
        cause = None if cause is None else cause.__cause__ or cause.__context__
    timed_out = isinstance(error, _TIMEOUTS) and time.monotonic() >= deadline - GRACE
    reason = next((text for types, text in _REASONS if isinstance(error, types)), type(error).__name__)
    if isinstance(error, httpcore.ConnectError):
        # The system's words. A transport of the user's may say anything, headers included.
        reason += f" ({printable(str(error), 200)})"
    return Failed(reason, sent=not not_sent, again=not timed_out, timed_out=timed_out)


def _without_frames(interruption: BaseException) -> BaseException:
    """Return Ctrl-C or a cancellation without the frames that it went through, for those hold the key.

    On trio it comes in a group when it meets a connection that is being made.
    """
    bare = interruption
    while isinstance(bare, BaseExceptionGroup):
        within: tuple[BaseException, ...] = cast("BaseExceptionGroup[BaseException]", bare).exceptions
        if len(within) != 1:
            return interruption.with_traceback(None)
        bare = within[0]
    return bare.with_traceback(None)


async def _to_its_end(close: Callable[[], Awaitable[None]]) -> None:
    """Close an answer, whatever cancels meanwhile: if half closed its connection would be in use for ever."""
    import asyncio

    with anyio.CancelScope(shield=True):
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            await close()
            return
        # The shields of anyio do not hold off a cancellation of asyncio's own.
        task = asyncio.ensure_future(close())
        interruption: BaseException | None = None
        while not task.done():
            try:
                await asyncio.shield(task)
            except asyncio.CancelledError as cancelled:
                interruption = cancelled
        if interruption is not None:
            raise interruption
        task.result()


def _too_late() -> Failed:
    return Failed("the answer had not come to its end", sent=True, again=False, timed_out=True)


def _time_left(deadline: float) -> float:
    remaining = deadline - time.monotonic()
    if remaining <= 0:
        raise Failed("no time was left to send it", sent=False, again=False, timed_out=True)
    return remaining


class Guard(httpx.BaseTransport):
    """The blocking guard. As a transport of httpx it serves the generated client; `send` serves the driver."""

    def __init__(self, session: Session, inner: Pool | httpx.BaseTransport, user_agent: str, timeout: float) -> None:
        self._rules = _Rules(session, user_agent)
        self._inner = inner if isinstance(inner, Pool) else Given(inner)
        self._timeout = timeout

    def send(self, call: Call, deadline: float, silence: float) -> Answer:
        """Send a call once and read the answer.

        Raises:
            Failed: No usable answer came before `deadline`.
        """
        remaining = _time_left(deadline)
        outgoing = self._rules.of_call(call, remaining, silence if call.stream and silence else remaining)
        return self._exchange(outgoing, deadline, stream=call.stream)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Serve the generated client: one attempt within the client's timeout."""
        answer = failure = None
        try:
            outgoing = self._rules.of_request(request, request.read(), self._timeout)
            answer = self._exchange(outgoing, time.monotonic() + self._timeout, stream=False)
        except Failed as failed:
            failure = _public_error(failed)
        if failure is not None:
            raise failure
        assert answer is not None
        return _public_answer(answer)

    def close(self) -> None:
        """Close the connections."""
        self._inner.close()

    def _exchange(self, outgoing: Outgoing, deadline: float, *, stream: bool) -> Answer:
        answer: Answer | None = None
        failure: Failed | None = None
        token = CALL_DEADLINE.set(deadline)
        try:
            incoming = self._inner.open(outgoing)
            answer = self._read(outgoing.url, incoming, deadline, stream=stream)
        except PostHogError:
            raise
        except Exception as error:  # noqa: BLE001 - a transport may raise anything, and its frames hold the key
            failure = _failure(error, deadline)
        except BaseException as interruption:  # noqa: BLE001 - it goes on
            raise _without_frames(interruption)  # noqa: B904 - it is the same
        finally:
            CALL_DEADLINE.reset(token)
        if failure is not None:
            raise failure
        assert answer is not None
        return answer

    def _read(self, url: str, incoming: Incoming, deadline: float, *, stream: bool) -> Answer:
        headers = _read_headers(incoming.headers)
        if stream and 200 <= incoming.status < 300:
            return Answer(incoming.status, headers, b"", url, self._chunks(incoming, headers))
        try:
            body = self._rules.body(incoming.status, headers)
            for chunk in incoming.stream:
                body.feed(chunk, incoming.came())
                if time.monotonic() > deadline:
                    raise _too_late()
            return Answer(incoming.status, headers, body.finish(), url)
        finally:
            incoming.close()

    def _chunks(self, incoming: Incoming, headers: Mapping[str, str]) -> Iterator[bytes]:
        failure: Failed | None = None
        try:
            body = self._rules.body(incoming.status, headers)
            for chunk in incoming.stream:
                yield from body.inflate(chunk)
        except GeneratorExit:
            raise
        except Exception as error:  # noqa: BLE001 - as above
            failure = _failure(error, 0.0)
        finally:
            incoming.close()
        if failure is not None:
            raise failure


class AsyncGuard(httpx.AsyncBaseTransport):
    """The awaiting guard; see `Guard`."""

    def __init__(
        self, session: Session, inner: AsyncPool | httpx.AsyncBaseTransport, user_agent: str, timeout: float
    ) -> None:
        self._rules = _Rules(session, user_agent)
        self._inner = inner if isinstance(inner, AsyncPool) else AsyncGiven(inner)
        self._timeout = timeout
        self._loop: object = None

    async def send(self, call: Call, deadline: float, silence: float) -> Answer:
        """Send a call once and read the answer; see `Guard.send`."""
        self._check_loop()
        remaining = _time_left(deadline)
        outgoing = self._rules.of_call(call, remaining, silence if call.stream and silence else remaining)
        return await self._exchange(outgoing, deadline, stream=call.stream)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Serve the generated client: one attempt within the client's timeout."""
        answer = failure = None
        self._check_loop()
        try:
            outgoing = self._rules.of_request(request, await request.aread(), self._timeout)
            answer = await self._exchange(outgoing, time.monotonic() + self._timeout, stream=False)
        except Failed as failed:
            failure = _public_error(failed)
        if failure is not None:
            raise failure
        assert answer is not None
        return _public_answer(answer)

    async def aclose(self) -> None:
        """Close the connections."""
        if self._loop is not None:
            self._check_loop()
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

    async def _exchange(self, outgoing: Outgoing, deadline: float, *, stream: bool) -> Answer:
        answer: Answer | None = None
        failure: Failed | None = None
        token = CALL_DEADLINE.set(deadline)
        try:
            with anyio.move_on_after(deadline - time.monotonic() + GRACE):
                incoming = await self._inner.open(outgoing)
                answer = await self._read(outgoing.url, incoming, stream=stream)
        except PostHogError:
            raise
        except Exception as error:  # noqa: BLE001 - a transport may raise anything, and its frames hold the key
            failure = _failure(error, deadline)
        except BaseException as interruption:  # noqa: BLE001 - it goes on
            raise _without_frames(interruption)  # noqa: B904 - it is the same
        finally:
            CALL_DEADLINE.reset(token)
        if failure is not None:
            raise failure
        if answer is None:
            raise _too_late()
        return answer

    async def _read(self, url: str, incoming: AsyncIncoming, *, stream: bool) -> Answer:
        headers = _read_headers(incoming.headers)
        if stream and 200 <= incoming.status < 300:
            return Answer(incoming.status, headers, b"", url, self._chunks(incoming, headers))
        try:
            body = self._rules.body(incoming.status, headers)
            async for chunk in incoming.stream:
                body.feed(chunk, incoming.came())
            return Answer(incoming.status, headers, body.finish(), url)
        finally:
            await _to_its_end(incoming.close)

    async def _chunks(self, incoming: AsyncIncoming, headers: Mapping[str, str]) -> AsyncIterator[bytes]:
        failure: Failed | None = None
        try:
            body = self._rules.body(incoming.status, headers)
            async for chunk in incoming.stream:
                for part in body.inflate(chunk):
                    yield part
        except Exception as error:  # noqa: BLE001 - as above
            failure = _failure(error, 0.0)
        finally:
            await _to_its_end(incoming.close)
        if failure is not None:
            raise failure


def _public_error(failed: Failed) -> PostHogError:
    """Return what a user of the generated client sees of a failure."""
    if failed.malformed is not None:
        return MalformedResponseError(failed.reason, status_code=failed.malformed[0], body=failed.malformed[1])
    return (DeadlineExceeded if failed.timed_out else TransportError)(failed.reason)
