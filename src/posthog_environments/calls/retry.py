"""From an outcome to a delay, or to giving up. Pure: the clock and the dice are passed in."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import UTC, datetime

__all__ = ["AMBIGUOUS_STATUSES", "REFUSED_STATUSES", "RetryBudget", "backoff", "may_repeat", "retry_after"]

# The server, or a proxy before it, may have worked on the request before it said this.
# 512 is PostHog's own; 520 to 527 come from Cloudflare.
AMBIGUOUS_STATUSES = frozenset({408, 500, 502, 504, 512, *range(520, 528)})
# The request was turned away before anything was done.
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
    """Return the seconds to wait after the `attempt`-th failure (from 1): exponential, with full jitter."""
    return float(min(CAP, BASE * 2 ** min(attempt, 10))) * random()


def retry_after(value: str | None, now: datetime) -> float | None:
    """Read a Retry-After header: seconds, or an HTTP date.

    Returns None for garbage and for negative values, for these say nothing, and infinity for a number that is
    absurdly large: the caller then gives up rather than knock too early.
    """
    if value is None:
        return None
    value = value.strip()
    if re.fullmatch(r"[0-9]+(\.[0-9]+)?", value):
        return math.inf if len(value) > 12 else float(value)
    # Dates are rare here, and the import is heavy.
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
    """How many retries a client may still make, over all its calls.

    Ten in a row without a success between them, so that an outage costs ten requests more than there would have been.
    And of a store that each success fills by half a retry, so that a server which fails most of the time is not asked
    much oftener for it; the store is large enough for faults at random, which come in clusters.
    """

    IN_A_ROW = 10
    STORE = 100.0
    EARNED = 0.5

    def __init__(self) -> None:
        self._left = self.STORE
        self._in_a_row = 0

    def earn(self) -> None:
        """Note a success."""
        self._left = min(self.STORE, self._left + self.EARNED)
        self._in_a_row = 0

    def spend(self) -> bool:
        """Take one retry, if there is one."""
        if self._left < 1 or self._in_a_row >= self.IN_A_ROW:
            return False
        self._left -= 1
        self._in_a_row += 1
        return True
