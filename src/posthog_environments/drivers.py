"""The two that run a flow: one blocks, the other awaits. They decide nothing."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing
from typing import TYPE_CHECKING, Protocol, TypeVar

from posthog_environments.exchange import Answer, Call, Do, Failed, Flow, Outcome, Send

if TYPE_CHECKING:
    from anyio import CapacityLimiter

__all__ = ["AsyncDriver", "AsyncSender", "Driver", "Sender"]

T = TypeVar("T")


class Sender(Protocol):
    """The whole of the blocking I/O: send a call once, and return the answer or raise `Failed`."""

    def send(self, call: Call, deadline: float, silence: float) -> Answer:
        """Send it; be back by `deadline`, and let a stream be silent for `silence` seconds at most."""
        ...


class AsyncSender(Protocol):
    """The whole of the awaiting I/O; see `Sender`."""

    async def send(self, call: Call, deadline: float, silence: float) -> Answer:
        """Send it; see `Sender.send`."""
        ...


class Driver:
    """Runs flows by blocking."""

    def __init__(self, sender: Sender, sleep: Callable[[float], None] = time.sleep) -> None:
        self._sender = sender
        self._sleep = sleep

    def run(self, flow: Flow[T], silence: float = 0.0) -> T:
        """Run a flow to its end; `silence` is how long a stream may say nothing."""
        outcome: Outcome = None
        with closing(flow):
            while True:
                try:
                    command = flow.send(outcome)
                except StopIteration as stop:
                    value: T = stop.value
                    return value
                if isinstance(command, Send):
                    outcome = self._send(command, silence)
                elif isinstance(command, Do):
                    outcome = command.work()
                else:
                    outcome = None
                    self._sleep(command.seconds)

    def _send(self, command: Send, silence: float) -> Answer | Failed:
        try:
            return self._sender.send(command.call, command.deadline, silence)
        except Failed as failure:
            return failure.with_traceback(None)


class AsyncDriver:
    """Runs flows by awaiting, on asyncio or trio. A cancelled call closes its flow."""

    def __init__(self, sender: AsyncSender) -> None:
        self._sender = sender
        self._workers: CapacityLimiter | None = None

    async def run(self, flow: Flow[T], silence: float = 0.0) -> T:
        """Run a flow to its end; see `Driver.run`."""
        import anyio

        outcome: Outcome = None
        with closing(flow):
            while True:
                try:
                    command = flow.send(outcome)
                except StopIteration as stop:
                    value: T = stop.value
                    return value
                if isinstance(command, Send):
                    outcome = await self._send(command, silence)
                elif isinstance(command, Do):
                    outcome = await self._do(command)
                else:
                    outcome = None
                    await anyio.sleep(command.seconds)

    async def _send(self, command: Send, silence: float) -> Answer | Failed:
        try:
            return await self._sender.send(command.call, command.deadline, silence)
        except Failed as failure:
            return failure.with_traceback(None)

    async def _do(self, command: Do) -> float | None:
        import anyio
        import anyio.to_thread

        # Few threads, of our own: such work takes turns anyway, and others' shall not have to wait for it.
        if self._workers is None:
            self._workers = anyio.CapacityLimiter(4)
        return await anyio.to_thread.run_sync(command.work, limiter=self._workers)
