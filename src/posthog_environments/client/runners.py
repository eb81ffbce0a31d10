"""Runners: run a call generator, blocking or awaiting. They make no decisions.

A runner turns each `Send` into an `httpx.Request`, and the `httpx.Response` into a `ServerResponse`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing
from typing import TYPE_CHECKING, Any, TypeVar, cast

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

    from posthog_environments.transport.requests import RequestBuilder
    from posthog_environments.transport.transport import AsyncTransport, Transport

__all__ = ["AsyncRunner", "Runner"]

T = TypeVar("T")


def _request(requests: RequestBuilder, command: Send, silence: float) -> httpx.Request:
    remaining = command.deadline - time.monotonic()
    if remaining <= 0:
        raise TransportFailure("no time was left to send it", sent=False, again=False, timed_out=True)
    return requests.of_call(command.call, remaining, silence if command.call.stream and silence else remaining)


def _to_response(call: Call, request: httpx.Request, response: httpx.Response) -> ServerResponse:
    """Convert a response. Its body is read here, unless the call streams."""
    stream = cast("Any", response.stream)
    if call.stream and response.is_success:
        return ServerResponse(response.status_code, response.headers, b"", str(request.url), stream)
    return ServerResponse(response.status_code, response.headers, b"".join(stream), str(request.url))


class Runner:
    """Runs call generators, blocking."""

    def __init__(self, transport: Transport, sleep: Callable[[float], None] = time.sleep) -> None:
        self._transport = transport
        self._sleep = sleep

    def run(self, generator: CallGenerator[T], silence: float = 0.0) -> T:
        """Run a call generator to its end; `silence` is how many seconds a stream may pause."""
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
            request = _request(self._transport.requests, command, silence)
            response = self._transport.send(request, command.deadline, stream=command.call.stream)
            return _to_response(command.call, request, response)
        except TransportFailure as failure:
            return failure.with_traceback(None)


class AsyncRunner:
    """Runs call generators, awaiting, on asyncio or trio. A cancelled call closes its generator."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport
        self._workers: CapacityLimiter | None = None

    async def run(self, generator: CallGenerator[T], silence: float = 0.0) -> T:
        """Run a call generator to its end; see `Runner.run`."""
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
                    outcome = await self._run_blocking(command)
                else:
                    outcome = None
                    await anyio.sleep(command.seconds)

    async def _send(self, command: Send, silence: float) -> ServerResponse | TransportFailure:
        try:
            request = _request(self._transport.requests, command, silence)
            response = await self._transport.send(request, command.deadline, stream=command.call.stream)
            return _to_response(command.call, request, response)
        except TransportFailure as failure:
            return failure.with_traceback(None)

    async def _run_blocking(self, command: RunBlocking) -> float | None:
        import anyio
        import anyio.to_thread

        # A few threads of our own. Such work is serialized anyway, and must not hold up other users of threads.
        if self._workers is None:
            self._workers = anyio.CapacityLimiter(4)
        return await anyio.to_thread.run_sync(command.work, limiter=self._workers)
