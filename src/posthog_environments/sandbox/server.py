"""Server: run an ASGI application on a loopback port, in its own thread."""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import uvicorn

from posthog_environments.sandbox.errors import SandboxStartError

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.types import ASGIApp, Receive, Scope, Send

ADDRESS: Final = "127.0.0.1"
_START_TIMEOUT: Final = 30.0
_POLL_INTERVAL: Final = 0.005
"""Seconds between checks whether the server has started."""
# Iterations of the event loop to set up a connection, and some to spare.
_LOOP_ITERATIONS: Final = 10
_MAX_HEAD: Final = 256 * 1024
_LOOPBACK_HOST: Final = re.compile(rb"(?:localhost|127(?:\.[0-9]{1,3}){3}|\[::1\])(?::[0-9]{1,5})?", re.IGNORECASE)
_WRONG_HOST: Final = (
    b'{"type":"invalid_request","code":"host_not_allowed",'
    b'"detail":"The sandbox answers to localhost and 127.0.0.1 alone.","attr":null}'
)


class _HostCheck:
    """Refuses requests for another host name, against DNS rebinding.

    Otherwise a web page whose name resolves to this address could read the responses.
    """

    def __init__(self, application: ASGIApp) -> None:
        self._application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        hosts = [value for name, value in scope.get("headers", ()) if name == b"host"]
        if all(map(_LOOPBACK_HOST.fullmatch, hosts)):
            await self._application(scope, receive, send)
            return
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(_WRONG_HOST))]
        await send({"type": "http.response.start", "status": 400, "headers": [*headers, (b"connection", b"close")]})
        await send({"type": "http.response.body", "body": _WRONG_HOST})


class Server:
    """A server that runs from its creation until `stop`."""

    def __init__(self, port: int, build: Callable[[], Starlette]) -> None:
        self._socket = _listen(port)
        self._port: int = self._socket.getsockname()[1]
        self._loop: asyncio.AbstractEventLoop | None = None
        self._failure: BaseException | None = None
        config = uvicorn.Config(
            lambda: _HostCheck(build()),
            factory=True,
            loop="asyncio",
            http="h11",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=False,
            proxy_headers=False,
            timeout_keep_alive=60,
            timeout_graceful_shutdown=2,
            h11_max_incomplete_event_size=_MAX_HEAD,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._run, name="posthog-sandbox", daemon=True)
        self._thread.start()
        # uvicorn has no event for this.
        for _ in range(int(_START_TIMEOUT / _POLL_INTERVAL)):
            if self._server.started:
                return
            if not self._thread.is_alive():
                break
            time.sleep(_POLL_INTERVAL)
        self.stop()
        raise SandboxStartError(f"The sandbox could not start: {self._failure or 'it took too long'}.")

    @property
    def port(self) -> int:
        """The port of the server."""
        return self._port

    def stop(self) -> None:
        """Stop the server, and wait until its thread has ended and the port is free."""
        if self._loop is not None and self._thread.is_alive():
            with contextlib.suppress(RuntimeError):  # the loop is already closed
                self._loop.call_soon_threadsafe(self._end, _LOOP_ITERATIONS)
        self._thread.join()
        self._socket.close()

    def wait(self) -> None:
        """Wait until the server stops."""
        while self._thread.is_alive():
            self._thread.join(0.5)

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:  # noqa: BLE001 - raised where the server was created
            self._failure = error

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        await self._server.serve(sockets=[self._socket])

    def _end(self, iterations: int) -> None:
        """End the server, from its event loop and after some iterations of it."""
        # When a server closes, asyncio leaks connections that it has accepted but not yet set up. So stop accepting
        # first, and give the event loop some iterations to set up the rest.
        loop = asyncio.get_running_loop()
        loop.remove_reader(self._socket.fileno())
        if iterations:
            loop.call_soon(self._end, iterations - 1)
        else:
            self._server.should_exit = True


def _listen(port: int) -> socket.socket:
    # asyncio sets TCP_NODELAY only if the protocol is named.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((ADDRESS, port))
        listener.listen(2048)
        listener.setblocking(False)
    except OSError as error:
        listener.close()
        raise SandboxStartError(
            f"Port {port} of {ADDRESS} cannot be used: {error.strerror}. Give another, or port=0 for any free one."
        ) from None
    return listener
