"""The sandbox's own time: it starts where it is told to and runs on from there."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta


def text(moment: datetime | None) -> str | None:
    """Write a moment as the API does: UTC, microseconds, Z."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ") if moment else None


class Clock:
    """Tell the time in UTC, as datetimes without an offset."""

    def __init__(self, start: datetime | None) -> None:
        self._start = start
        self._since = time.monotonic()

    def now(self) -> datetime:
        """Give the present moment."""
        if self._start is None:
            return datetime.now(UTC).replace(tzinfo=None)
        return self._start + timedelta(seconds=time.monotonic() - self._since)
