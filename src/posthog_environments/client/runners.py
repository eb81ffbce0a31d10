"""The two that run a flow: one blocks, the other awaits. They decide nothing.

Of what a flow asks to send they have an `httpx.Request` made, and of the `httpx.Response` they make its answer.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, cast

from posthog_environments.calls.messages import (
    Call,
    CallGenerator,
    RunBlocking,
    Send,
    ServerResponse,
    StepResult,
    TransportFailure,
)

if TYPE_CHECKING:
    import httpx
    from anyio import CapacityLimiter

__all__ = ["AsyncRunner", "AsyncSender", "Runner", "Sender"]

T = TypeVar("T")


class Requests(Protocol):
    """Makes requests of calls."""

    def of_call(self, call: Call, remaining: float, silence: float) -> httpx.Request:
        """Make one that may take so many seconds, and whose server may be silent for so many."""
        ...


class Sender(Protocol):
    """The whole of the blocking I/O: send a request once, and return the response or raise `TransportFailure`."""

    @property
    def requests(self) -> Requests:
        """What makes its requests."""
        ...

    def send(self, request: httpx.Request, deadline: float, *, stream: bool = False) -> httpx.Response:
        """Send it; be back by `deadline`, with the body still to come where a stream is asked for."""
        ...


class AsyncSender(Protocol):
    """The whole of the awaiting I/O; see `Sender`."""

    @property
    def requests(self) -> Requests:
        """What makes its requests."""
        ...

    async def send(self, request: httpx.Request, deadline: float, *, stream: bool = False) -> httpx.Response:
        """Send it; see `Sender.send`."""
        ...


def _request(requests: Requests, command: Send, silence: float) -> httpx.Request:
    remaining = command.deadline - time.monotonic()
    if remaining <= 0:
        raise TransportFailure("no time was left to send it", sent=False, again=False, timed_out=True)
    return requests.of_call(command.call, remaining, silence if command.call.stream and silence else remaining)


def _answer(call: Call, request: httpx.Request, response: httpx.Response) -> ServerResponse:
    """Make an answer of a response, whose body is in memory or, where a stream was asked for, still to come."""
    stream = cast("Any", response.stream)
    if call.stream and response.is_success:
        return ServerResponse(response.status_code, response.headers, b"", str(request.url), stream)
    return ServerResponse(response.status_code, response.headers, b"".join(stream), str(request.url))


class Runner:
    """Runs flows by blocking."""

    def __init__(self, sender: Sender, sleep: Callable[[float], None] = time.sleep) -> None:
        self._sender = sender
        self._sleep = sleep

    def run(self, generator: CallGenerator[T], silence: float = 0.0) -> T:
        """Run a flow to its end; `silence` is how long a stream may say nothing."""
        outcome: StepResult = None
        with closing(generator):
            while True:
                try:
                    command = generator.send(outcome)
                except StopIteration as stop:
                    value: T = stop.value
                    return value
                if isinstance(command, Send):
                    outcome = self._send(command, silence)
                elif isinstance(command, RunBlocking):
                    outcome = command.work()
                else:
                    outcome = None
                    self._sleep(command.seconds)

    def _send(self, command: Send, silence: float) -> ServerResponse | TransportFailure:
        try:
            request = _request(self._sender.requests, command, silence)
            response = self._sender.send(request, command.deadline, stream=command.call.stream)
            return _answer(command.call, request, response)
        except TransportFailure as failure:
            return failure.with_traceback(None)


class AsyncRunner:
    """Runs flows by awaiting, on asyncio or trio. A cancelled call closes its flow."""

    def __init__(self, sender: AsyncSender) -> None:
        self._sender = sender
        self._workers: CapacityLimiter | None = None

    async def run(self, generator: CallGenerator[T], silence: float = 0.0) -> T:
        """Run a flow to its end; see `Runner.run`."""
        import anyio

        outcome: StepResult = None
        with closing(generator):
            while True:
                try:
                    command = generator.send(outcome)
                except StopIteration as stop:
                    value: T = stop.value
                    return value
                if isinstance(command, Send):
                    outcome = await self._send(command, silence)
                elif isinstance(command, RunBlocking):
                    outcome = await self._do(command)
                else:
                    outcome = None
                    await anyio.sleep(command.seconds)

    async def _send(self, command: Send, silence: float) -> ServerResponse | TransportFailure:
        try:
            request = _request(self._sender.requests, command, silence)
            response = await self._sender.send(request, command.deadline, stream=command.call.stream)
            return _answer(command.call, request, response)
        except TransportFailure as failure:
            return failure.with_traceback(None)

    async def _do(self, command: RunBlocking) -> float | None:
        import anyio
        import anyio.to_thread

        # Few threads, of our own: such work takes turns anyway, and others' shall not have to wait for it.
        if self._workers is None:
            self._workers = anyio.CapacityLimiter(4)
        return await anyio.to_thread.run_sync(command.work, limiter=self._workers)
