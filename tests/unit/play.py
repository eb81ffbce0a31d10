"""Drives one call by hand, with no server, on a clock of the test's own."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from posthog_environments.calls.execute import execute_call
from posthog_environments.calls.messages import (
    Call,
    Operation,
    OperationKind,
    RunBlocking,
    Send,
    ServerResponse,
    Sleep,
    TransportFailure,
)
from posthog_environments.calls.state import CallContext, ClientState
from posthog_environments.config.api_key import Secret
from posthog_environments.config.settings import ApiKeyProvider, CallOptions, Prefix, Settings
from posthog_environments.ratelimit.limiter import RATES, Bucket, Rate, RateLimiter

URL = "https://us.posthog.com/api/environments/1/persons/2/"
READ = Operation("persons.get", OperationKind.READ, "persons")
CHANGE = Operation("persons.update", OperationKind.CHANGE, "persons")
DELETE = Operation("persons.delete", OperationKind.DELETE, "deletes")
RESET = TransportFailure("the connection broke", sent=True)
REFUSED = TransportFailure("no connection could be made", sent=False)
LATE = TransportFailure("too late", sent=True, again=False, timed_out=True)
TLS = TransportFailure("the TLS handshake failed", sent=False, again=False)


def answer(status: int, body: Any = None, **headers: str) -> ServerResponse:
    content = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
    return ServerResponse(status, {name.replace("_", "-"): value for name, value in headers.items()}, content, URL)


class TimedLimiter:
    """A rate limiter that is told the time with each call. A caller without a name keeps no place."""

    def __init__(self, rates: Mapping[Bucket, tuple[Rate, ...]] = RATES) -> None:
        self.now = 0.0
        self.limiter = RateLimiter(rates, lambda: self.now)
        self.logs = self.limiter._logs

    def acquire(self, bucket: Bucket, now: float, ticket: str = "") -> float:
        self.now = now
        wait = self.limiter.acquire(bucket, ticket or "nobody", 60.0, 1.0)
        if not ticket:
            self.limiter.leave(bucket, "nobody")
        return wait

    def leave(self, bucket: Bucket, ticket: str) -> None:
        self.limiter.leave(bucket, ticket)

    def settle(self, bucket: Bucket, now: float) -> None:
        self.now = now
        self.limiter.settle(bucket, "")

    def refuse(self, bucket: Bucket, now: float, wait: float, *, teaches: bool = True) -> None:
        self.now = now
        self.limiter.refuse(bucket, wait, teaches=teaches)


class Play:
    """Drives one call against a script of outcomes; time passes only by sleeping."""

    def __init__(self, prefix: Prefix = "environments", /, **options: Any) -> None:
        self.now = 1000.0
        settings = Settings("1", "https://us.posthog.com", ApiKeyProvider(Secret("phx_x")), prefix)
        self.client = ClientState(
            settings, "environments", clock=self.clock, random=lambda: 1.0, quota=RateLimiter(clock=self.clock)
        )
        self.context = CallContext(self.client, CallOptions().but(**options))
        self.sent = 0
        self.slept: list[float] = []
        self.naps_for_quota: list[bool] = []
        self.deadlines: list[float] = []

    def clock(self) -> float:
        return self.now

    def run(
        self,
        operation: Operation,
        *outcomes: ServerResponse | TransportFailure | Callable[[], ServerResponse],
        **call: Any,
    ) -> ServerResponse:
        script = list(outcomes)
        generator = execute_call(self.context, Call(operation, {"method": "get", "url": "/"}, **call))
        outcome: Any = None
        try:
            while True:
                command = generator.send(outcome)
                if isinstance(command, Sleep):
                    assert command.seconds >= 0
                    self.slept.append(command.seconds)
                    self.naps_for_quota.append(command.for_quota)
                    self.now += command.seconds
                    outcome = None
                elif isinstance(command, RunBlocking):
                    outcome = command.work()
                else:
                    assert isinstance(command, Send)
                    self.sent += 1
                    self.deadlines.append(command.deadline)
                    outcome = script.pop(0) if len(script) > 1 else script[0]
                    if callable(outcome):
                        outcome = outcome()
        except StopIteration as stop:
            value: ServerResponse = stop.value
            return value
