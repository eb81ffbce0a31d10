"""One call as a generator: it asks for a send or a sleep, receives what happened, and ends in an answer or an error.

Everything between a flow and the wire is decided here: when the quota lets a request go, whether to try again and
after how long, which error an answer is. Nothing here sleeps, awaits or touches a socket, and the clock is passed in;
a driver does what is asked for, blocking or awaiting (httpx's auth flow is the model).
"""

from __future__ import annotations

import logging
import os
import threading
import time
import weakref
from collections.abc import Callable, Generator, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import Enum
from random import random
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from posthog_environments.calls.notices import advise
from posthog_environments.calls.prefixes import InUse, moves, place_of, successors, twin_of
from posthog_environments.calls.refusals import Asked, is_of_bytes, location, said_in, status_error
from posthog_environments.calls.retry import AMBIGUOUS_STATUSES, REFUSED_STATUSES, RetryBudget, backoff, retry_after
from posthog_environments.config.settings import Options, Settings
from posthog_environments.errors import (
    DeadlineExceeded,
    MalformedResponseError,
    OutcomeUnknown,
    PostHogError,
    RateLimitError,
    TransportError,
    printable,
)
from posthog_environments.ratelimit.limiter import LONGEST_NAP, MINUTE, Bucket, Pacer, Quota, SharedPacer
from posthog_environments.ratelimit.slots import Slots

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from posthog_environments_api.records import Record

    from posthog_environments.calls.events import ClientEvent, Why

    R = TypeVar("R", bound=Record)

__all__ = [
    "STORE_PATIENCE",
    "Answer",
    "Call",
    "Do",
    "Failed",
    "Flow",
    "Kind",
    "Operation",
    "Scope",
    "Send",
    "Session",
    "Sleep",
    "at_twin",
    "decode",
    "decode_record",
    "exchange",
    "observed",
    "watched",
]

log = logging.getLogger("posthog_environments")

T = TypeVar("T")

# A 429 is not a fault but a queue, and waiting is bounded by time. This bounds a server that says "now" each time.
MAX_REFUSALS = 100
# Source: posthog/clickhouse/client/limit.py of the vendor; more by plan, which nobody can tell from outside.
MOST_QUERIES = 3
# Seconds that a store of quotas may take at most, and at least: a call that is in a hurry bounds it in between.
STORE_PATIENCE = 1.0
STORE_HURRY = 0.1


class Kind(Enum):
    """What repeating an operation would do."""

    READ = "read"
    CHANGE = "change"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class Operation:
    """What the exchange must know about an operation of the contract."""

    name: str
    kind: Kind
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
class Answer:
    """What the server sent: decompressed, complete and within the limits, but not looked into."""

    status_code: int
    headers: Mapping[str, str]
    content: bytes
    url: str = ""
    # The body still to come, where a stream was asked for and the status is a success.
    stream: Iterator[bytes] | AsyncIterator[bytes] | None = None


@dataclass(frozen=True, slots=True)
class Do:
    """Asks the driver for work that blocks for a while, off any event loop, such as a write to a disk.

    The flow receives what it returns; what it raises ends the flow.
    """

    work: Callable[[], float | None]


class Failed(Exception):  # noqa: N818 - an outcome, raised by the transport and turned into an error here
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


Command: TypeAlias = Send | Sleep | Do
Outcome: TypeAlias = Answer | Failed | float | None
Flow: TypeAlias = Generator[Command, Outcome, T]


@dataclass(slots=True, weakref_slot=True, eq=False)
class Session:
    """What all calls on one client share. The lock guards it; it is never held while anything waits.

    Attributes:
        prefix: The one that requests go to now.
        known: Whether a request under environments has had an answer other than 404.
        found: Whether the server has shown anything of the project.
        warned: What a warning was given of; see `notices.advise`.
        by_query: Whether trends are known to be answered at `query/`.
        queries: Who asks there now; servers take three at once.
        on_event: Who is told of requests, answers, faults and waits.
    """

    settings: Settings
    prefix: InUse
    clock: Callable[[], float] = time.monotonic
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    random: Callable[[], float] = random
    quota: Pacer = field(default_factory=Quota)
    # Where others share the quota, this one counts instead, and is asked without the lock.
    shared: SharedPacer | None = None
    budget: RetryBudget = field(default_factory=RetryBudget)
    lock: threading.Lock = field(default_factory=threading.Lock)
    known: bool = False
    found: bool = False
    warned: set[str] = field(default_factory=set[str])
    by_query: bool = False
    queries: Slots = field(default_factory=lambda: Slots(MOST_QUERIES))
    on_event: Callable[[ClientEvent], object] | None = None

    def __post_init__(self) -> None:
        _SESSIONS.add(self)

    @property
    def auto(self) -> bool:
        """Whether the client finds out by itself which prefix the server knows."""
        return self.settings.prefix == "auto"

    @property
    def settled(self) -> bool:
        """Whether a 404 can be about a person: it is known, or was said by the user, that the prefix is there."""
        return not self.auto or self.known or self.prefix == "projects"

    def after_fork(self) -> None:
        """Begin anew in a child: other threads of the parent may have held the lock, and had requests in flight."""
        self.lock = threading.Lock()
        self.quota.forget_flights()
        self.queries.forget()
        if self.shared is not None:
            self.shared.after_fork()


_SESSIONS: weakref.WeakSet[Session] = weakref.WeakSet()


def _after_fork() -> None:
    for session in list(_SESSIONS):
        session.after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


@dataclass(frozen=True, slots=True)
class Scope:
    """Where a flow runs: the client's session, and the options of the view or call."""

    session: Session
    options: Options

    @property
    def project_id(self) -> str:
        """The project of the client."""
        return self.session.settings.project_id

    def but(self, timeout: float | None, extra_headers: Mapping[str, str] | None = None) -> Scope:
        """Return this scope with the timeout and the headers of one call."""
        if timeout is None and extra_headers is None:
            return self
        given = {"timeout": timeout, "extra_headers": extra_headers}
        changes = {name: value for name, value in given.items() if value is not None}
        return Scope(self.session, self.options.but(**changes))


def watched(flow: Flow[T], watch: Callable[[Command | Outcome], object]) -> Flow[T]:
    """Run a flow, and show each thing that it asks for before it is done, and what comes of it."""
    outcome: Outcome = None
    with closing(flow):
        while True:
            try:
                command = flow.send(outcome)
            except StopIteration as stop:
                value: T = stop.value
                return value
            watch(command)
            outcome = yield command
            watch(outcome)


def observed(scope: Scope, call: Call, flow: Flow[T]) -> Flow[T]:
    """Run a flow, and tell `on_event` and the log what it asks for, where somebody listens."""
    session = scope.session
    if session.on_event is None and not log.isEnabledFor(logging.INFO):
        return flow
    from posthog_environments.calls.observe import Observer

    method = str(call.request["method"]).upper()
    observer = Observer(session.on_event, call.operation.name, method, session.clock)
    url = _in_use(session, call)

    def watch(seen: Command | Outcome) -> None:
        nonlocal url
        if isinstance(seen, Send):
            url = _in_use(session, seen.call)
            observer.sent(url)
        elif isinstance(seen, Sleep):
            observer.waiting(url, seen.whole or seen.seconds, seen.why)
        elif isinstance(seen, Answer):
            observer.received(url, seen.status_code)
        elif isinstance(seen, Failed):
            observer.failed(url, seen.reason)

    return watched(flow, watch)


def _in_use(session: Session, call: Call) -> str:
    """Return the path of a call under the prefix in use."""
    url: str = call.request["url"]
    return twin_of(url) or url if session.prefix == "projects" else url


def exchange(scope: Scope, call: Call) -> Flow[Answer]:
    """Make a call, with everything that belongs to it: pacing, retries, and errors.

    Returns the answer, whose status is a success. `Answer.content` has not been looked into.

    Raises:
        PostHogError: One of the tree in `errors`; for an answer that is no success an `APIStatusError`.
    """
    return observed(scope, call, _exchange(scope, call))


def _exchange(scope: Scope, call: Call) -> Flow[Answer]:
    session, options = scope.session, scope.options
    if options.extra_headers:
        call = replace(call, request={**call.request, "extra_headers": options.extra_headers})
    ticket = "" if session.shared is None else session.shared.ticket()
    waited = yield from _pace(scope, call, ticket)
    attempt = _Attempts(scope, call, ticket, waited, session.clock() + options.timeout)
    while True:
        outcome = yield from _send(scope, attempt)
        attempt.doubtful = attempt.doubtful or is_doubtful(outcome)
        if isinstance(outcome, Answer):
            advise(session.warned, session.settings.prefix, call.operation.name, outcome.url, outcome.headers)
            if attempt.goes_to_twin(outcome):
                yield from _pace_again(scope, attempt)
                continue
            if 200 <= outcome.status_code < 300:
                with session.lock:
                    session.budget.earn()
                    # A page of somebody between, such as a log-in, shows nothing.
                    session.found = session.found or "html" not in outcome.headers.get("content-type", "")
                return outcome
            if attempt.is_gone(outcome):
                return outcome
        delay = attempt.delay(outcome)
        yield from _tell(session)
        if delay is None:
            raise attempt.error(outcome)
        if delay > 0:
            for_quota = isinstance(outcome, Answer) and outcome.status_code == 429
            yield Sleep(delay, for_quota, "retry-after" if attempt.was_told(outcome) else "retry")
        yield from _pace_again(scope, attempt)


def decode(call: Call, answer: Answer, read: Callable[[bytes], T], start: int = 0) -> T:
    """Read the body of an answer.

    Args:
        call: What was asked.
        answer: What came.
        read: Reads the body, or raises a `DecodeError`.
        start: Offset of the first row, where it holds rows.

    Raises:
        MalformedResponseError: It is not what the contract says; the message names the row, if a row is at fault.
    """
    from posthog_environments_api.records import DecodeError

    kind = answer.headers.get("content-type", "application/json")
    try:
        if answer.content and "json" not in kind:
            raise _malformed(call, answer, f"an answer of type {printable(kind, 60)} came instead of JSON")
        return read(answer.content)
    except DecodeError as error:
        row = "" if error.index is None else f", row {error.index} at offset {start + error.index}"
        reason = f"the answer is not what the contract says: {printable(str(error), 200)}{row}"
        problem = _malformed(call, answer, reason)
    raise problem


def decode_record(call: Call, answer: Answer, kind: type[R], start: int = 0) -> R:
    """Read a body that must hold a record of a kind, whichever success it came with; see `decode`.

    RFC 9110, 15: "treat an unrecognized status code as being equivalent to the x00 status code of that class".
    """
    from posthog_environments.results.decoding import read

    return decode(call, answer, lambda content: read(content, kind), start)


def _malformed(call: Call, answer: Answer, reason: str) -> MalformedResponseError:
    excerpt = answer.content[:200].decode("utf-8", "replace").strip()
    shown = f" It begins: {printable(excerpt, 120)}" if excerpt.startswith("<") else ""
    return MalformedResponseError(
        f"{call.operation.name}: {reason}.{shown}", status_code=answer.status_code, body=answer.content
    )


def _pace(scope: Scope, call: Call, ticket: str) -> Flow[float]:
    """Wait until the quota lets the call go, and return the seconds that it took."""
    options, operation = scope.options, call.operation
    if not options.pacing:
        return 0.0
    limit = _patience(scope, call)
    return (
        yield from _acquire(
            scope.session, operation.bucket, options.timeout if limit is None else limit, ticket, options.timeout
        )
    )


def _patience(scope: Scope, call: Call) -> float | None:
    """Return the seconds for which a call may wait besides its own time; None if it has none besides."""
    if scope.options.max_wait is not None:
        return scope.options.max_wait
    return float("inf") if call.operation.patient else None


def _pace_again(scope: Scope, attempt: _Attempts) -> Flow[None]:
    """Take leave for another attempt; this wait counts towards the call's own time if it has no other."""
    if scope.options.pacing:
        patience = _patience(scope, attempt.call)
        own = max(0.0, attempt.deadline - scope.session.clock())
        limit = own if patience is None else max(0.0, patience - attempt.waited)
        try:
            waited = yield from _acquire(scope.session, attempt.call.operation.bucket, limit, attempt.ticket, own)
            if patience is not None:
                attempt.waited += waited
                attempt.deadline += waited
        except RateLimitError:
            if attempt.doubtful and attempt.call.operation.kind is not Kind.READ:
                raise attempt.unknown("there was no quota left to ask again") from None
            raise


def _acquire(session: Session, bucket: Bucket, limit: float, ticket: str, seconds: float) -> Flow[float]:
    """Wait for leave for a request that takes so many seconds at most, and return the seconds that it took."""
    if session.shared is not None:
        return (yield from _acquire_shared(session, session.shared, bucket, limit, ticket, seconds))
    start, waiter = session.clock(), object()
    try:
        while True:
            with session.lock:
                now = session.clock()
                wait = session.quota.acquire(bucket, now, waiter)
            if wait <= 0:
                return now - start
            if now - start + wait > limit:
                raise _out_of_quota(bucket, wait)
            # The part of the quota that is ours may grow meanwhile: who sleeps on would be overtaken by later comers.
            yield Sleep(min(wait, LONGEST_NAP), for_quota=True, why="quota", whole=wait)
    finally:
        with session.lock:
            session.quota.leave(bucket, waiter)


def _acquire_shared(
    session: Session, shared: SharedPacer, bucket: Bucket, limit: float, ticket: str, seconds: float
) -> Flow[float]:
    """Do the same with a quota that others use too; see `_acquire`."""
    start, mine = session.clock(), False
    patience = _store_patience(min(limit, seconds))
    try:
        while True:
            wait = yield Do(lambda: shared.acquire(bucket, ticket, seconds, patience))
            assert isinstance(wait, float)
            waited = session.clock() - start
            if wait <= 0:
                mine = True
                return waited
            if waited + wait > limit:
                raise _out_of_quota(bucket, wait, shared.trouble)
            yield Sleep(min(wait, LONGEST_NAP), for_quota=True, why="quota", whole=wait)
    except RateLimitError:
        shared.leave(bucket, ticket)
        yield from _tell(session)
        mine = True
        raise
    finally:
        if not mine:
            shared.leave(bucket, ticket)


def _tell(session: Session, seconds: float = STORE_PATIENCE) -> Flow[None]:
    """Let those who share the quota know what has happened."""
    shared = session.shared
    if shared is not None and shared.untold:
        yield Do(lambda: shared.tell(_store_patience(seconds)))


def _store_patience(seconds: float) -> float:
    return max(STORE_HURRY, min(STORE_PATIENCE, seconds))


_OF: Mapping[Bucket, str] = {
    "persons": "persons and insights",
    "deletes": "deleting persons",
    "query": "queries",
    "general": "other requests",
}


def _out_of_quota(bucket: Bucket, wait: float, trouble: str = "") -> RateLimitError:
    error = RateLimitError(
        f"The quota for {_OF[bucket]} is used up: the next request may go in {wait:.0f} s, which is longer than "
        "this call may wait. Nothing was sent. Give a larger max_wait or timeout, or call less often."
        + (f" {trouble}" if trouble else ""),
        status_code=429,
    )
    error.retry_after = wait
    return error


def _send(scope: Scope, attempt: _Attempts) -> Flow[Answer | Failed]:
    session, call = scope.session, attempt.call
    attempt.number += 1
    outcome: Outcome = None
    try:
        outcome = yield Send(call, attempt.deadline)
    finally:
        if scope.options.pacing:
            if session.shared is not None:
                session.shared.settle(call.operation.bucket, attempt.ticket)
            else:
                with session.lock:
                    session.quota.settle(call.operation.bucket, session.clock())
    assert isinstance(outcome, (Answer, Failed))
    if session.shared is not None:
        yield from _tell(session, attempt.deadline - session.clock())
    return outcome


def is_doubtful(outcome: Answer | Failed) -> bool:
    """Tell whether the server may have done what it was asked to, without saying so."""
    return outcome.sent if isinstance(outcome, Failed) else outcome.status_code in AMBIGUOUS_STATUSES


def at_twin(call: Call) -> Call | None:
    """Return the same call to its twin under projects; None if it is not under environments."""
    twin = twin_of(call.request["url"])
    return None if twin is None else replace(call, request={**call.request, "url": twin})


class _Attempts:
    """The attempts at one call: what has happened, and whether there will be another."""

    def __init__(self, scope: Scope, call: Call, ticket: str, waited: float, deadline: float) -> None:
        self.call = call
        self.ticket = ticket
        self.deadline = deadline
        self.doubtful = False
        self.number = 0
        self._scope = scope
        self.waited = waited
        self._faults = 0
        self._refusals = 0
        self._followed = False

    def goes_to_twin(self, answer: Answer) -> bool:
        """Learn from an answer which prefix to use; True if this request shall be sent to its twin now."""
        session, status = self._scope.session, answer.status_code
        if status in (307, 308):
            return self._follows(answer)
        if self.call.operation.free and status == 404:
            return False
        # To take an address apart costs a tenth of a small call: not where there is nothing to learn.
        if not session.auto or (session.known and "link" not in answer.headers):
            return False
        place = place_of(answer.url)
        if place is None:
            return False
        tells = status not in self.call.operation.mute
        if place.prefix == "projects":
            if tells and status != 404:
                session.prefix = "projects"
            return False
        session.known = session.known or (tells and status != 404)
        if any(moves(place, place_of(successor)) for successor in successors(answer.url, answer.headers)):
            session.prefix = "projects"
        if not tells or status != 404 or session.known or (twin := at_twin(self.call)) is None:
            return False
        self.call = twin
        return True

    def _follows(self, answer: Answer) -> bool:
        """Follow a redirect that leads to exactly the twin of this request, once."""
        target = location(answer)
        if self._followed or target is None or target == answer.url:
            return False
        if target != answer.url.replace("/api/environments/", "/api/projects/", 1):
            return False
        self._followed = True
        self._scope.session.prefix = "projects"
        return True

    def is_gone(self, answer: Answer) -> bool:
        """Tell whether a 404 means that an earlier attempt of this call has deleted the person."""
        return (
            answer.status_code == 404
            and self.doubtful
            and self.call.operation.kind is Kind.DELETE
            and not self.call.delete_events
            and self._scope.session.settled
        )

    def delay(self, outcome: Answer | Failed) -> float | None:
        """Return the seconds to wait before the next attempt, or None to give up."""
        if isinstance(outcome, Answer) and outcome.status_code == 429:
            return self._delay_refused(outcome)
        if not self._may_repeat(outcome):
            return None
        session, options = self._scope.session, self._scope.options
        self._faults += 1
        if self._faults > options.retries:
            return None
        wait = backoff(self._faults, session.random)
        if isinstance(outcome, Answer):
            # On top, for all clients of a server that comes back are told the same.
            wait += self._asked_for(outcome) or 0.0
        if wait >= self.deadline - session.clock():
            return None
        with session.lock:
            return wait if session.budget.spend() else None

    def _may_repeat(self, outcome: Answer | Failed) -> bool:
        is_change = self.call.operation.kind is Kind.CHANGE
        if isinstance(outcome, Failed):
            return outcome.again and not (is_change and outcome.sent)
        if outcome.status_code in self.call.final:
            return False
        if outcome.status_code in REFUSED_STATUSES:
            return True
        return outcome.status_code in AMBIGUOUS_STATUSES and not is_change

    def _delay_refused(self, answer: Answer) -> float | None:
        """Wait as the server says: within the timeout, or within max_wait, which does not count towards it."""
        session, options = self._scope.session, self._scope.options
        self._refusals += 1
        asked = self._asked_for(answer)
        of_bytes = is_of_bytes(answer)
        wait = backoff(self._refusals + 1, session.random) if asked is None else asked
        if of_bytes and asked is None:
            wait = MINUTE
        now = session.clock()
        if options.pacing:
            # Also where this call gives up: the next one shall know.
            if session.shared is not None:
                session.shared.refuse(self.call.operation.bucket, wait, teaches=not of_bytes)
            else:
                with session.lock:
                    session.quota.refuse(self.call.operation.bucket, now, wait, teaches=not of_bytes)
        if options.retries == 0 or self._refusals > MAX_REFUSALS:
            return None
        if options.max_wait is None:
            if wait >= self.deadline - now:
                return None
        else:
            if self.waited + wait > options.max_wait:
                return None
            self.waited += wait
            self.deadline += wait
        return wait

    def was_told(self, outcome: Answer | Failed) -> bool:
        """Tell whether the server said when to come again."""
        return isinstance(outcome, Answer) and self._asked_for(outcome) is not None

    def _asked_for(self, answer: Answer) -> float | None:
        return retry_after(answer.headers.get("retry-after"), self._scope.session.now())

    def error(self, outcome: Answer | Failed) -> PostHogError:
        """Return the error that the call ends in."""
        kind = self.call.operation.kind
        if isinstance(outcome, Failed):
            if kind is not Kind.READ and self.doubtful:
                return self.unknown(outcome.reason)
            return self._transport_error(outcome)
        status = outcome.status_code
        unclear = status in AMBIGUOUS_STATUSES or status in REFUSED_STATUSES
        if (kind is Kind.CHANGE and status in AMBIGUOUS_STATUSES) or (
            kind is Kind.DELETE and self.doubtful and unclear
        ):
            said = said_in(outcome)
            return self.unknown(f"the server answered {status}" + (f", {said}" if said else ""))
        if kind is Kind.DELETE and self.doubtful and status == 404 and not self._scope.session.settled:
            return self.unknown("the server answered 404, and nothing so far has shown that it knows the path")
        if kind is Kind.DELETE and self.doubtful and status == 404:
            what = "it" if self.call.operation.free else "the person"
            return self.unknown(f"{what} is gone, but whether the deletion of the events was queued is not known")
        return status_error(self._asked(), outcome, self._asked_for(outcome))

    def _asked(self) -> Asked:
        session, call = self._scope.session, self.call
        return Asked(
            operation=call.operation.name,
            unscoped=call.operation.unscoped,
            mute=call.operation.mute,
            remark=call.remark,
            final=call.final,
            prefix=session.prefix,
            auto=session.auto,
            settled=session.settled,
            found=session.found,
            origin=session.settings.origin,
        )

    def unknown(self, reason: str) -> OutcomeUnknown:
        """Return the error that says that nobody knows."""
        look = "Look at what it is to change" if self.call.operation.free else "Read the person and look"
        return OutcomeUnknown(
            f"{self.call.operation.name} may or may not have been carried out: {reason}. {look} before you try again."
        )

    def _transport_error(self, failure: Failed) -> PostHogError:
        if failure.malformed is not None:
            status, body = failure.malformed
            hint = ""
            if self.call.operation.patient and "max_body" in failure.reason:
                hint = "Ask for fewer rows at once with a smaller page_size, or allow more bytes with max_body."
            error = MalformedResponseError(
                f"{self.call.operation.name}: {failure.reason}" + (f". {hint}" if hint else ""),
                status_code=status,
                body=body,
            )
            error.hint = hint
            return error
        times = "" if self.number == 1 else f" (attempt {self.number})"
        if failure.timed_out:
            return DeadlineExceeded(
                f"{self.call.operation.name} took longer than its {self._scope.options.timeout:g} s{times}: "
                f"{failure.reason}. Give a larger timeout= if the server is slow."
            )
        return TransportError(f"{self.call.operation.name}: {failure.reason}{times}.")
