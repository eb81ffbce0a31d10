"""Asynchronous queries: keep them until clients have polled their results."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

KEPT: Final = timedelta(seconds=600)
"""How long the result of an asynchronous query can be fetched."""
_MOST_KEPT: Final = 1000


@dataclass(slots=True)
class Pending:
    """An asynchronous query."""

    id: str
    started: datetime
    cache_key: str
    answer: dict[str, Any] | None
    failure: str | None = None
    """Why there is no result; empty without a reason."""
    polls: int = 0
    """Number of polls that still find it incomplete."""
    complete: bool = False
    fetched: datetime | None = None
    """When a poll first found it complete."""


class Queue:
    """The asynchronous queries of a sandbox, and the failures that were ordered for them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pending: OrderedDict[str, Pending] = OrderedDict()
        self._failures: list[str] = []

    def order_failure(self, message: str, times: int) -> None:
        """Make so many of the next asynchronous queries fail."""
        with self._lock:
            self._failures += [message] * times

    def add(self, pending: Pending) -> Pending:
        """Add a query."""
        with self._lock:
            if self._failures:
                pending.failure, pending.answer = self._failures.pop(0), None
            self._pending[pending.id] = pending
            while len(self._pending) > _MOST_KEPT:
                self._pending.popitem(last=False)
        return pending

    def poll(self, id: str, now: datetime) -> Pending | None:
        """Poll a query; return None if it is unknown or expired."""
        with self._lock:
            pending = self._pending.get(id)
            if pending is None or now - pending.started > KEPT:
                return None
            if pending.polls > 0:
                pending.polls -= 1
            else:
                pending.complete, pending.fetched = True, pending.fetched or now
            return pending

    def cancel(self, id: str) -> str:
        """Remove a query; return the server's message."""
        with self._lock:
            pending = self._pending.pop(id, None)
        return "Query already complete" if pending is None or pending.complete else "Cancelled query"
