"""A whole export as a flow: whoever drives it sends its requests, and does the work on the disk aside from others."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from posthog_environments.calls.messages import Do, Flow
from posthog_environments.export.file import ToFile
from posthog_environments.export.filesystem import Disk
from posthog_environments.export.job import Export
from posthog_environments.export.options import Progress, Wishes
from posthog_environments.export.stream import ToStream
from posthog_environments.export.summary import ExportSummary

if TYPE_CHECKING:
    from posthog_environments.paging.listing import Exportable
    from posthog_environments.paging.page import Report

__all__ = ["begin", "carry_out"]


def begin(
    listing: Exportable,
    wishes: Wishes,
    *,
    progress: Progress | None = None,
    disk: Disk | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Export:
    """Begin an export, or go on with one.

    Raises:
        FileExistsError: The file is there, or an export to it was interrupted.
        ValueError: There is something to go on with, and it is of another export.
        OSError: A file cannot be read or made.
    """
    make = ToStream if wishes.places is None else ToFile
    return make(listing, wishes, progress, disk or Disk(), clock)


def carry_out(
    listing: Exportable, wishes: Wishes, progress: Progress | None, began: Callable[[Report], None]
) -> Flow[ExportSummary]:
    """Do a whole export; `began` is given the report as soon as there is one.

    Raises:
        PostHogError, FileExistsError, ValueError, OSError: See `begin` and the methods of `Export`.
    """
    opened: list[Export] = []
    summaries: list[ExportSummary] = []
    try:
        yield Do(lambda: opened.append(begin(listing, wishes, progress=progress)))
        export = opened[0]
        began(export.report)
        while export.more:
            page = yield from export.fetch()
            yield Do(partial(export.take, page))
        yield Do(lambda: summaries.append(export.finish()))
    finally:
        for each in opened:
            each.close()
    return summaries[0]
