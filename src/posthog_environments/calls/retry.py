"""Retry policy: which statuses are retried, after how long, and how often. Pure: clock and randomness are passed in."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import UTC, datetime

__all__ = ["AMBIGUOUS_STATUSES", "REFUSED_STATUSES", "RetryBudget", "backoff", "may_repeat", "retry_after"]

# The server may have carried out the request before it, or a proxy, sent one of these.
# 512 is PostHog's own; 520 to 527 come from Cloudflare.
AMBIGUOUS_STATUSES = frozenset({408, 500, 502, 504, 512, *range(520, 528)})
# The server refused the request before it did anything.
REFUSED_STATUSES = frozenset({429, 503})
BASE = 0.5
CAP = 8.0


def may_repeat(status: int, *, changes: bool) -> bool:
    """Tell whether a request may be sent again after a status.

    Args:
        status: What the server answered.
        changes: Whether a second request could change something that the first one has changed already.
    """
    return status in REFUSED_STATUSES or (status in AMBIGUOUS_STATUSES and not changes)


def backoff(attempt: int, random: Callable[[], float]) -> float:
    """Return the seconds to wait after the `attempt`-th failure (from 1): exponential backoff with full jitter."""
    return float(min(CAP, BASE * 2 ** min(attempt, 10))) * random()


def retry_after(value: str | None, now: datetime) -> float | None:
    """Return the seconds of a Retry-After header, which holds seconds or an HTTP date.

    Returns None for unreadable and negative values. Returns infinity for numbers of more than 12 characters, so that
    the caller gives up instead of retrying too early.
    """
    if value is None:
        return None
    value = value.strip()
    if re.fullmatch(r"[0-9]+(\.[0-9]+)?", value):
        return math.inf if len(value) > 12 else float(value)
    # Dates are rare, and the import is slow.
    from email.utils import parsedate_to_datetime

    try:
        when = parsedate_to_datetime(value)
        if when.tzinfo is None:
            when = when.replace(tzinfo=UTC)
        seconds = (when - now).total_seconds()
    except (ValueError, TypeError, OverflowError):
        return None
    return seconds if seconds >= 0 else None


class RetryBudget:
    """Limit on the retries of all calls of a client.

    At most ten retries in a row without a success, so that an outage costs ten extra requests. Besides, each retry
    takes one from a store, and each success adds half of one, so that a server that fails most of the time gets few
    extra requests. The store is large enough for clusters of random failures.
    """

    IN_A_ROW = 10
    STORE = 100.0
    EARNED = 0.5

    def __init__(self) -> None:
        self._left = self.STORE
        self._in_a_row = 0

    def earn(self) -> None:
        """Record a success."""
        self._left = min(self.STORE, self._left + self.EARNED)
        self._in_a_row = 0

    def spend(self) -> bool:
        """Take one retry; return whether there was one left."""
        if self._left < 1 or self._in_a_row >= self.IN_A_ROW:
            return False
        self._left -= 1
        self._in_a_row += 1
        return True
