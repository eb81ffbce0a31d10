"""What a call asks for, and what it receives: requests, waits, answers, failures. No I/O."""

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
    "watched",
]

T = TypeVar("T")


class OperationKind(Enum):
    """What repeating an operation would do."""

    READ = "read"
    CHANGE = "change"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class Operation:
    """What the exchange must know about an operation of the contract."""

    name: str
    kind: OperationKind
    bucket: Bucket
    # A listing is a long job: unless told otherwise it waits for the quota as long as it takes.
    patient: bool = False
    # The page names no scope for these, and servers refuse personal keys whatever their scopes.
    unscoped: bool = False
    # Statuses that tell nothing about the prefix: an endpoint that is gone answers them under either.
    mute: frozenset[int] = frozenset()
    # Whether the user named the path: then nobody knows what a 404 is about, nor what a change has changed.
    free: bool = False


@dataclass(frozen=True, slots=True)
class Call:
    """One request to be made: what the generated client built, and how to treat it.

    Attributes:
        delete_events: Marks the one case in which a 404 after a doubtful DELETE leaves a question open.
        final: Statuses that are not tried again, for they would come again.
        remark: What to say where the server answers 400 or one of `final`.
    """

    operation: Operation
    request: Mapping[str, Any]
    stream: bool = False
    delete_events: bool = False
    final: frozenset[int] = frozenset()
    remark: str = ""


@dataclass(frozen=True, slots=True)
class Send:
    """Asks the driver to send a request, and to be back by `deadline`."""

    call: Call
    deadline: float


@dataclass(frozen=True, slots=True)
class Sleep:
    """Asks the driver to wait; `for_quota` says whether it is the quota that is waited for, or the server's word.

    Attributes:
        why: What it is for, as events tell it.
        whole: Seconds that the wait takes in all, as far as is known, where it is cut into naps.
    """

    seconds: float
    for_quota: bool = False
    why: Why = "retry"
    whole: float = 0.0


@dataclass(frozen=True, slots=True)
class ServerResponse:
    """What the server sent: decompressed, complete and within the limits, but not looked into."""

    status_code: int
    headers: Mapping[str, str]
    content: bytes
    url: str = ""
    # The body still to come, where a stream was asked for and the status is a success.
    stream: Iterator[bytes] | AsyncIterator[bytes] | None = None


@dataclass(frozen=True, slots=True)
class RunBlocking:
    """Asks the driver for work that blocks for a while, off any event loop, such as a write to a disk.

    The flow receives what it returns; what it raises ends the flow.
    """

    work: Callable[[], float | None]


class TransportFailure(Exception):  # noqa: N818 - an outcome, raised by the transport and turned into an error here
    """No usable answer came.

    Attributes:
        sent: Whether any of the request may have reached the server.
        again: Whether another attempt may fare better.
        malformed: The status and body of an answer that came and cannot be used, if one did.
        timed_out: Whether it was time that ran out.
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


def watched(generator: CallGenerator[T], watch: Callable[[Step | StepResult], object]) -> CallGenerator[T]:
    """Run a flow, and show each thing that it asks for before it is done, and what comes of it."""
    outcome: StepResult = None
    with closing(generator):
        while True:
            try:
                command = generator.send(outcome)
            except StopIteration as stop:
                value: T = stop.value
                return value
            watch(command)
            outcome = yield command
            watch(outcome)


def is_doubtful(outcome: ServerResponse | TransportFailure) -> bool:
    """Tell whether the server may have done what it was asked to, without saying so."""
    return outcome.sent if isinstance(outcome, TransportFailure) else outcome.status_code in AMBIGUOUS_STATUSES


def at_twin(call: Call) -> Call | None:
    """Return the same call to its twin under projects; None if it is not under environments."""
    twin = twin_of(call.request["url"])
    return None if twin is None else replace(call, request={**call.request, "url": twin})
