"""Run an ASGI application on a loopback port, in a thread of its own."""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import uvicorn

from posthog_environments.sandbox.errors import SandboxStartError

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.types import ASGIApp, Receive, Scope, Send

ADDRESS: Final = "127.0.0.1"
_PATIENCE: Final = 30.0
_GLANCE: Final = 0.005
"""Seconds between two looks at whether the server has started."""
# Rounds of the loop that it takes to set up a connection; some to spare.
_ROUNDS: Final = 10
_LONGEST_HEAD: Final = 256 * 1024
_OWN_HOST: Final = re.compile(rb"(?:localhost|127(?:\.[0-9]{1,3}){3}|\[::1\])(?::[0-9]{1,5})?", re.IGNORECASE)
_ELSEWHERE: Final = (
    b'{"type":"invalid_request","code":"host_not_allowed",'
    b'"detail":"The sandbox answers to localhost and 127.0.0.1 alone.","attr":null}'
)


class _HostCheck:
    """Refuses requests that were meant for another site.

    A page of that site, whose name somebody has bent to this address, could read the answers (DNS rebinding).
    """

    def __init__(self, application: ASGIApp) -> None:
        self._application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request in, or refuse it."""
        hosts = [value for name, value in scope.get("headers", ()) if name == b"host"]
        if all(map(_OWN_HOST.fullmatch, hosts)):
            await self._application(scope, receive, send)
            return
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(_ELSEWHERE))]
        await send({"type": "http.response.start", "status": 400, "headers": [*headers, (b"connection", b"close")]})
        await send({"type": "http.response.body", "body": _ELSEWHERE})


class Server:
    """One server: started when it is made, until `stop`."""

    def __init__(self, port: int, build: Callable[[], Starlette]) -> None:
        self._socket = _listen(port)
        self._port: int = self._socket.getsockname()[1]
        self._ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._enough: asyncio.Event | None = None
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
            h11_max_incomplete_event_size=_LONGEST_HEAD,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._run, name="posthog-sandbox", daemon=True)
        self._thread.start()
        if not self._ready.wait(_PATIENCE) or self._failure is not None:
            self.stop()
            raise SandboxStartError(f"The sandbox could not start: {self._failure or 'it took too long'}.")

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return self._port

    def stop(self) -> None:
        """Stop, and wait until the thread has ended and the port is free."""
        loop, enough = self._loop, self._enough
        if loop is not None and enough is not None and self._thread.is_alive():
            with contextlib.suppress(RuntimeError):  # the loop has ended by itself
                loop.call_soon_threadsafe(enough.set)
        self._thread.join()
        self._socket.close()

    def wait(self) -> None:
        """Wait until the server ends."""
        while self._thread.is_alive():
            self._thread.join(0.5)

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:  # noqa: BLE001 - told to whoever started the server
            self._failure = error
        finally:
            self._ready.set()

    async def _serve(self) -> None:
        self._loop, self._enough = asyncio.get_running_loop(), asyncio.Event()
        tasks = [asyncio.create_task(self._begin()), asyncio.create_task(self._end(self._enough))]
        try:
            await self._server.serve(sockets=[self._socket])
        finally:
            for task in tasks:
                task.cancel()

    async def _begin(self) -> None:
        """Look until the server has started; it tells nobody when it does."""
        for _ in range(int(_PATIENCE / _GLANCE)):
            if self._server.started:
                self._ready.set()
                return
            await asyncio.sleep(_GLANCE)

    async def _end(self, enough: asyncio.Event) -> None:
        """Wait until it is told to stop, and end the server."""
        await enough.wait()
        # asyncio drops, unclosed, a connection that it has accepted and not yet set up when the server closes. So let
        # nobody in any more first, and those who are in find their place.
        asyncio.get_running_loop().remove_reader(self._socket.fileno())
        for _ in range(_ROUNDS):
            await asyncio.sleep(0)
        self._server.should_exit = True


def _listen(port: int) -> socket.socket:
    # asyncio switches delays off (TCP_NODELAY) only where the protocol is named.
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
