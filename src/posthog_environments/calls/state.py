"""State that the calls of a client share, and the context of one call. No I/O."""

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
from posthog_environments.ratelimit.limiter import Pacer, RateLimiter
from posthog_environments.ratelimit.slots import Slots

if TYPE_CHECKING:
    from posthog_environments.calls.events import ClientEvent

__all__ = ["MOST_QUERIES", "CallContext", "ClientState"]

# Source: PostHog's posthog/clickhouse/client/limit.py. Some plans allow more, which a client cannot see.
MOST_QUERIES = 3


@dataclass(slots=True, weakref_slot=True, eq=False)
class ClientState:
    """State that all calls of a client share. `lock` guards it, and is never held during a wait.

    Attributes:
        prefix: The prefix in use.
        quota: The rate limiter, of this client or shared with other processes. It needs no lock.
        known: Whether a request under `/api/environments/` has had a response other than 404.
        found: Whether a response has shown that the project exists.
        warned: Deprecations that were warned of; see `notices.advise`.
        by_query: Whether trends are known to be served at `query/`.
        queries: Slots for concurrent requests to `query/`; servers allow three.
        on_event: The function that receives the events.
    """

    settings: Settings
    prefix: InUse
    clock: Callable[[], float] = time.monotonic
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    random: Callable[[], float] = random
    quota: Pacer = field(default_factory=RateLimiter)
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
        """Whether the client chooses the prefix."""
        return self.settings.prefix == "auto"

    @property
    def settled(self) -> bool:
        """Whether a 404 can be about a person, because the prefix is known to exist or the user chose it."""
        return not self.auto or self.known or self.prefix == "projects"

    def after_fork(self) -> None:
        """Reset the lock and the requests in flight in a forked child; both belong to threads of the parent."""
        self.lock = threading.Lock()
        self.quota.after_fork()
        self.queries.forget()


@dataclass(frozen=True, slots=True)
class CallContext:
    """Context of a call: the client's state, and the options of the view or the call."""

    client: ClientState
    options: CallOptions

    @property
    def project_id(self) -> str:
        """The project of the client."""
        return self.client.settings.project_id

    def but(self, timeout: float | None, extra_headers: Mapping[str, str] | None = None) -> CallContext:
        """Return this context with the timeout and the headers of one call."""
        if timeout is None and extra_headers is None:
            return self
        given = {"timeout": timeout, "extra_headers": extra_headers}
        changes = {name: value for name, value in given.items() if value is not None}
        return CallContext(self.client, self.options.but(**changes))
