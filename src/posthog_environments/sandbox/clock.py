"""Clock of the sandbox, with a start time of its own."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta


def text(moment: datetime | None) -> str | None:
    """Format a time as the API does: UTC, with microseconds and Z."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ") if moment else None


class Clock:
    """Returns the time in UTC, as naive datetimes."""

    def __init__(self, start: datetime | None) -> None:
        self._start = start
        self._since = time.monotonic()

    def now(self) -> datetime:
        """Return the current time."""
        if self._start is None:
            return datetime.now(UTC).replace(tzinfo=None)
        return self._start + timedelta(seconds=time.monotonic() - self._since)
