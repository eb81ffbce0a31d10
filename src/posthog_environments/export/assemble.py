"""Making a target from what was fetched and, with `since_last`, from the rows of the old target.

Fetched rows come first, newest first. The rows of the old target follow, without those of persons who were fetched
again. Memory holds the uuids of fetched rows at most. It can be repeated from the start, with the same result.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator
from itertools import islice
from typing import IO, TYPE_CHECKING

from posthog_environments.calls.notices import warn
from posthog_environments.export.formats.base import OldFile, OldRows
from posthog_environments.results.raw_rows import person_of, uuid_of
from posthog_environments.tables.layout import Layout

if TYPE_CHECKING:
    from pathlib import Path

    from posthog_environments_api.models import Person

    from posthog_environments.export.options import ExportOptions

__all__ = ["assemble", "first_layout"]

SAMPLE = 10_000


def assemble(
    options: ExportOptions,
    sink: IO[bytes],
    spool: Callable[[], Iterable[bytes]],
    *,
    old: Path | None = None,
    layout: Layout | None = None,
) -> tuple[Layout | None, OldRows]:
    """Write a target.

    Args:
        options: The options of the export.
        sink: Where to write.
        spool: Reads the fetched rows from the start.
        old: The old target; None if there is none.
        layout: The columns; None to choose them by the rows.

    Returns:
        The columns, and how many rows of the old target were kept and dropped.
    """
    if layout is None and options.file_format.has_columns:
        layout = options.file_format.fit(_whole_layout(options, spool))
    keep_old = None if old is None else OldFile(old, frozenset(map(uuid_of, spool())))
    return layout, options.file_format.write(sink, layout, spool(), keep_old)


def first_layout(options: ExportOptions, persons: list[Person]) -> Layout:
    """Choose the columns by the first rows, for a format that streams."""
    if options.only is None:
        return _sampled_layout(options, persons)
    # Columns of texts can show whatever comes later.
    layout = Layout.of_only(options.only)
    if persons:
        had = {key for person in persons for key in person.properties}
        _warn_of_absent(layout, had, f"none of the first {len(persons):,} persons has")
    return layout


def _whole_layout(options: ExportOptions, spool: Callable[[], Iterable[bytes]]) -> Layout:
    """Choose the columns by the rows that were fetched."""
    if options.only is None:
        return _sampled_layout(options, map(person_of, islice(spool(), SAMPLE)))
    had = set[str]()

    def noting() -> Iterator[Person]:
        for person in map(person_of, spool()):
            had.update(person.properties)
            yield person

    # No column holds what does not fit, so the kinds must fit all rows.
    layout = Layout.of_only(options.only, sample=noting())
    if had:
        _warn_of_absent(layout, had, "nobody has")
    return layout


def _sampled_layout(options: ExportOptions, sample: Iterable[Person]) -> Layout:
    if options.flatten:
        return Layout.flattened(sample)
    return Layout.of(options.columns, sample=sample) if options.columns else Layout()


def _warn_of_absent(layout: Layout, had: Container[str], who: str) -> None:
    absent = [repr(each.key) for each in layout.properties if str(each.key) not in had]
    if absent:
        warn(f"only: {who} the property {', '.join(absent)}; the column is empty where nobody has it.", UserWarning)
