"""An export as a call generator: its runner sends the requests and does the work on the disk."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from posthog_environments.calls.messages import CallGenerator, RunBlocking
from posthog_environments.export.file import FileExport
from posthog_environments.export.filesystem import FileSystem
from posthog_environments.export.job import ExportJob, StreamExport
from posthog_environments.export.options import ExportOptions, Progress
from posthog_environments.export.summary import ExportSummary

if TYPE_CHECKING:
    from posthog_environments.paging.listing import ExportListRequest
    from posthog_environments.paging.page import Report

__all__ = ["begin", "carry_out"]


def begin(
    listing: ExportListRequest,
    options: ExportOptions,
    *,
    progress: Progress | None = None,
    disk: FileSystem | None = None,
) -> ExportJob:
    """Begin or resume an export.

    Raises:
        FileExistsError: The target exists, or an export to it was interrupted.
        ValueError: The interrupted export is another one.
        OSError: A file cannot be read or created.
    """
    make = StreamExport if options.paths is None else FileExport
    return make(listing, options, progress, disk or FileSystem())


def carry_out(
    listing: ExportListRequest, options: ExportOptions, progress: Progress | None, began: Callable[[Report], None]
) -> CallGenerator[ExportSummary]:
    """Do a whole export; `began` is given the report as soon as there is one.

    Raises:
        PostHogError, FileExistsError, ValueError, OSError: See `begin` and the methods of `ExportJob`.
    """
    opened: list[ExportJob] = []
    summaries: list[ExportSummary] = []
    try:
        yield RunBlocking(lambda: opened.append(begin(listing, options, progress=progress)))
        export = opened[0]
        began(export.report)
        while export.more:
            page = yield from export.fetch()
            yield RunBlocking(partial(export.take, page))
        yield RunBlocking(lambda: summaries.append(export.finish()))
    finally:
        for each in opened:
            each.close()
    return summaries[0]
