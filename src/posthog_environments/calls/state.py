"""What all calls on one client share, and where a call runs. No I/O."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import random
from typing import TYPE_CHECKING

from posthog_environments.calls.prefixes import InUse
from posthog_environments.calls.retry import RetryBudget
from posthog_environments.config.forks import restart_after_fork
from posthog_environments.config.settings import CallOptions, Settings
from posthog_environments.ratelimit.limiter import Pacer, RateLimiter, SharedPacer
from posthog_environments.ratelimit.slots import Slots

if TYPE_CHECKING:
    from posthog_environments.calls.events import ClientEvent

__all__ = ["MOST_QUERIES", "CallContext", "ClientState"]

# Source: posthog/clickhouse/client/limit.py of the vendor; more by plan, which nobody can tell from outside.
MOST_QUERIES = 3


@dataclass(slots=True, weakref_slot=True, eq=False)
class ClientState:
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
    quota: Pacer = field(default_factory=RateLimiter)
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
        restart_after_fork(self)

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


@dataclass(frozen=True, slots=True)
class CallContext:
    """Where a flow runs: the client's session, and the options of the view or call."""

    client: ClientState
    options: CallOptions

    @property
    def project_id(self) -> str:
        """The project of the client."""
        return self.client.settings.project_id

    def but(self, timeout: float | None, extra_headers: Mapping[str, str] | None = None) -> CallContext:
        """Return this scope with the timeout and the headers of one call."""
        if timeout is None and extra_headers is None:
            return self
        given = {"timeout": timeout, "extra_headers": extra_headers}
        changes = {name: value for name, value in given.items() if value is not None}
        return CallContext(self.client, self.options.but(**changes))
