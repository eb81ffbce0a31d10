"""The statistics of an export."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

__all__ = ["ExportStats", "ExportSummary"]


@dataclass(slots=True)
class ExportStats:
    """The requests and the time of an export so far, over all its runs.

    Attributes:
        requests: Requests sent, retries included.
        waits: Requests that waited for the rate limiter.
        waited: Seconds of these waits.
        seconds: Seconds of all runs, without the time between an interruption and its resumption.
        resumed: How often the export was resumed.
    """

    requests: int = 0
    waits: int = 0
    waited: float = 0.0
    seconds: float = 0.0
    resumed: int = 0


@dataclass(frozen=True, slots=True)
class ExportSummary:
    """The result of an export.

    Attributes:
        path: The file, or "-" for standard output.
        format: Its format: "jsonl", "csv.gz", ...
        rows: Persons in the file.
        new: Persons that were not in the file before; differs from `rows` only with `since_last`.
        bytes: Size of the file.
        pages: Pages fetched.
        short_pages: Pages that had a next page, and fewer rows than requested.
        duplicates: Rows dropped because they had come before, beyond those read again on purpose.
        complete: True if and only if the listing came to its end, no disorder was seen, and every gap was closed.
        reason: Why it is not complete; None if it is.
        seconds: Seconds that it took, over all runs.
        requests: Requests sent, retries included.
        waits: Requests that waited for the rate limiter.
        waited: Seconds of these waits.
        resumed: How often it was resumed.
    """

    path: str
    format: str
    rows: int
    new: int
    bytes: int
    pages: int
    short_pages: int
    duplicates: int
    complete: bool
    reason: str | None
    seconds: float
    requests: int
    waits: int
    waited: float
    resumed: int

    def to_dict(self) -> dict[str, Any]:
        """Return the summary as a dict for JSON."""
        return asdict(self)
