"""Listings on the command line: JSON Lines or tables, progress, and completeness."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol, TypeVar

import click

from posthog_environments.cli.output import TextTable, note, on_terminal, print_json_line, progress
from posthog_environments.errors import printable

if TYPE_CHECKING:
    from posthog_environments.client.pager import Pager

__all__ = ["print_listing"]


_CUT = " What ends in … was cut: a wider terminal, a pipe or --json shows all of it."


class Listed(Protocol):
    """An item of a listing."""

    def to_dict(self) -> dict[str, object]:
        """Return the item as the API sends it."""
        ...


T = TypeVar("T", bound=Listed)


def print_listing(
    pager: Pager[T],
    table: TextTable,
    row: Callable[[T], Sequence[object]],
    *,
    names: tuple[str, str],
    limit: int | None,
    as_json: bool,
) -> None:
    """Print the pages of a listing as they come, to its end or its limit.

    Raises:
        click.ClickException: The listing reached its end, and some items may be missing.
    """
    left = limit
    with progress(names[1].capitalize(), total=limit) as advance:
        for page in pager.pages():
            found = page.results if left is None else page.results[:left]
            if as_json:
                for item in found:
                    print_json_line(item.to_dict())
            else:
                table.show(map(row, found))
            advance(len(found), total=limit or page.count)
            if left is not None:
                left -= len(found)
                if left <= 0:
                    break
    report = pager.report
    if not report.complete and left != 0:
        raise click.ClickException(printable(f"Some {names[1]} may be missing: {report.reason}", 1000))
    if on_terminal() and not as_json:
        rows = report.rows if limit is None else min(report.rows, limit)
        note(f"{rows:,} {names[rows != 1]}." + (_CUT if table.cut else ""))
