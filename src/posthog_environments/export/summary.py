"""What an export has done, in figures."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

__all__ = ["ExportStats", "ExportSummary"]


@dataclass(slots=True)
class ExportStats:
    """What an export has cost so far, over all runs of it.

    Attributes:
        requests: Requests sent, those included that were tried again.
        waits: Requests that had to wait for the quota.
        waited: Seconds of these waits.
        seconds: Seconds from the first page to the last, without the time between an interruption and its resumption.
        resumed: How often it was resumed.
    """

    requests: int = 0
    waits: int = 0
    waited: float = 0.0
    seconds: float = 0.0
    resumed: int = 0


@dataclass(frozen=True, slots=True)
class ExportSummary:
    """What an export has done.

    Attributes:
        path: The file, or "-" for standard output.
        format: In which form it is: "jsonl", "csv.gz", ...
        rows: Persons in the file.
        new: Persons that the file did not have before; differs from `rows` with `since_last` alone.
        bytes: Size of the file.
        pages: Pages fetched.
        short_pages: Pages with fewer rows than asked for that nevertheless had a successor.
        duplicates: Rows dropped because they had come before, beyond those read again on purpose.
        complete: True if and only if the walk came to its end, saw no disorder, and closed every gap.
        reason: Why it is not complete; None when it is.
        seconds: How long it took, over all runs.
        requests: Requests sent, those included that were tried again.
        waits: Requests that had to wait for the quota.
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
        """Return it as words of JSON."""
        return asdict(self)
