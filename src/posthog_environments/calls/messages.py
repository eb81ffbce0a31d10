"""Messages between call generators and runners: requests, waits, responses and failures. No I/O."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from posthog_environments.calls.prefixes import twin_of
from posthog_environments.calls.retry import AMBIGUOUS_STATUSES
from posthog_environments.ratelimit.limiter import Bucket

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from posthog_environments.calls.events import Why

__all__ = [
    "Call",
    "CallGenerator",
    "Operation",
    "OperationKind",
    "RunBlocking",
    "Send",
    "ServerResponse",
    "Sleep",
    "Step",
    "StepResult",
    "TransportFailure",
    "at_twin",
    "is_doubtful",
    "with_observer",
]

T = TypeVar("T")


class OperationKind(Enum):
    """Kind of operation, which decides whether a call may be retried after an unclear outcome."""

    READ = "read"
    CHANGE = "change"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class Operation:
    """Properties of an operation that decide how its calls are paced and retried."""

    name: str
    kind: OperationKind
    bucket: Bucket
    # Listings wait for the quota without a limit, unless `max_wait` is set.
    patient: bool = False
    # The vendor's page names no scope, and servers refuse personal API keys with any scope.
    unscoped: bool = False
    # Statuses that say nothing about the prefix: an endpoint that was removed sends them under both prefixes.
    mute: frozenset[int] = frozenset()
    # Whether the user named the path. Then it is not known what a 404 is about, nor what a change changes.
    free: bool = False


@dataclass(frozen=True, slots=True)
class Call:
    """One call: the request as the generated client built it, and how to treat it.

    Attributes:
        delete_events: Whether a DELETE also deletes events. Then a 404 after a doubtful attempt leaves the outcome
            unknown.
        final: Statuses that are not retried, because they would come again.
        remark: Hint of the error for status 400 and for `final`.
    """

    operation: Operation
    request: Mapping[str, Any]
    stream: bool = False
    delete_events: bool = False
    final: frozenset[int] = frozenset()
    remark: str = ""


@dataclass(frozen=True, slots=True)
class Send:
    """Ask the runner to send a request and to return by `deadline`, a time of the client's clock."""

    call: Call
    deadline: float


@dataclass(frozen=True, slots=True)
class Sleep:
    """Ask the runner to wait.

    Attributes:
        seconds: How long.
        for_quota: Whether the wait is for the quota, by the client's count or after a 429.
        why: The reason, as in `events.Waiting`.
        whole: Expected seconds of the whole wait, if this is one slice of it.
    """

    seconds: float
    for_quota: bool = False
    why: Why = "retry"
    whole: float = 0.0


@dataclass(frozen=True, slots=True)
class ServerResponse:
    """A response: complete, decompressed and within the size limits; its body is not parsed."""

    status_code: int
    headers: Mapping[str, str]
    content: bytes
    url: str = ""
    # The body that is still to come, if a stream was requested and the status is a success.
    stream: Iterator[bytes] | AsyncIterator[bytes] | None = None


@dataclass(frozen=True, slots=True)
class RunBlocking:
    """Ask the runner to run blocking work, such as a write to a disk, outside of the event loop.

    The call generator receives its return value. An exception ends the call generator.
    """

    work: Callable[[], float | None]


class TransportFailure(Exception):  # noqa: N818 - an outcome, raised by the transport and turned into an error here
    """No usable response came.

    Attributes:
        reason: What happened, in words.
        sent: Whether any part of the request may have reached the server.
        again: Whether a retry may succeed.
        malformed: Status and body of a response that cannot be used; None if there was no response.
        timed_out: Whether the time ran out.
    """

    def __init__(
        self,
        reason: str,
        *,
        sent: bool,
        again: bool = True,
        timed_out: bool = False,
        malformed: tuple[int, bytes] | None = None,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.sent = sent
        self.again = again
        self.timed_out = timed_out
        self.malformed = malformed


Step: TypeAlias = Send | Sleep | RunBlocking


StepResult: TypeAlias = ServerResponse | TransportFailure | float | None


CallGenerator: TypeAlias = Generator[Step, StepResult, T]


def with_observer(generator: CallGenerator[T], observe: Callable[[Step | StepResult], object]) -> CallGenerator[T]:
    """Run a call generator, and pass each step and each outcome to `watch`."""
    outcome: StepResult = None
    with closing(generator):
        while True:
            try:
                command = generator.send(outcome)
            except StopIteration as stop:
                value: T = stop.value
                return value
            observe(command)
            outcome = yield command
            observe(outcome)


def is_doubtful(outcome: ServerResponse | TransportFailure) -> bool:
    """Return whether the server may have carried out the request without confirming it."""
    return outcome.sent if isinstance(outcome, TransportFailure) else outcome.status_code in AMBIGUOUS_STATUSES


def at_twin(call: Call) -> Call | None:
    """Return the same call under `/api/projects/`; None if its path is not under `/api/environments/`."""
    twin = twin_of(call.request["url"])
    return None if twin is None else replace(call, request={**call.request, "url": twin})
