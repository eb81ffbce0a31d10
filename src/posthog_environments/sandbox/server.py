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
# Rounds of the loop that it takes to set up a connection; some to spare.
_ROUNDS: Final = 10
_LONGEST_HEAD: Final = 256 * 1024
_OWN_HOST: Final = re.compile(rb"(?:localhost|127(?:\.[0-9]{1,3}){3}|\[::1\])(?::[0-9]{1,5})?", re.IGNORECASE)
_ELSEWHERE: Final = (
    b'{"type":"invalid_request","code":"host_not_allowed",'
    b'"detail":"The sandbox answers to localhost and 127.0.0.1 alone.","attr":null}'
)


class _Server(uvicorn.Server):
    """A server that is told when to stop, instead of looking ten times a second."""

    def __init__(self, config: uvicorn.Config, ready: threading.Event) -> None:
        super().__init__(config)
        self._ready = ready
        self._enough: asyncio.Event | None = None

    async def main_loop(self) -> None:
        """Serve until `enough`."""
        self._enough = asyncio.Event()
        await self.on_tick(0)
        self._ready.set()
        await self._enough.wait()
        # asyncio drops, unclosed, a connection that it has accepted and not yet set up when the server closes. So let
        # nobody in any more first, and those who are in find their place.
        for listener in [each for server in self.servers for each in server.sockets]:
            asyncio.get_running_loop().remove_reader(listener.fileno())
        for _ in range(_ROUNDS):
            await asyncio.sleep(0)

    def enough(self) -> None:
        """End the main loop; to be called in the loop's thread."""
        if self._enough is not None:
            self._enough.set()


class _Doorkeeper:
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
        self._failure: BaseException | None = None
        config = uvicorn.Config(
            lambda: _Doorkeeper(build()),
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
        self._server = _Server(config, self._ready)
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
        loop = self._loop
        if loop is not None and self._thread.is_alive():
            with contextlib.suppress(RuntimeError):  # the loop has ended by itself
                loop.call_soon_threadsafe(self._server.enough)
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
        self._loop = asyncio.get_running_loop()
        await self._server.serve(sockets=[self._socket])


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
