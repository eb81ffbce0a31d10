"""Excel workbooks, written row by row: memory does not grow with the file.

XlsxWriter keeps its data in a temporary folder until the end.

Texts stay texts, also digits and formulas. Source of the limits of Excel:
https://support.microsoft.com/office/excel-specifications-and-limits-1672b34d-7043-467e-8e27-269d656771c3
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from importlib import import_module
from tempfile import TemporaryDirectory
from typing import IO, TYPE_CHECKING, Any, ClassVar, Final

from posthog_environments.export.formats.base import AbandonableFile, DoesNotFit, ExportFormat, OldFile, OldRows
from posthog_environments.export.formats.cells import harmless
from posthog_environments.results.raw_rows import person_of
from posthog_environments.tables.layout import Layout

if TYPE_CHECKING:
    from posthog_environments_api.models import Person

__all__ = ["Excel"]

_MOST_COLUMNS: Final = 2**14
# Characters of a cell, as UTF-16 counts them.
_MOST_TEXT: Final = 32_767
# Excel keeps fifteen digits of a number.
_MOST_DIGITS: Final = 10**15
_FIRST_YEAR: Final = 1900
_OPTIONS: Final = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "use_zip64": True}
# A fixed time of creation, so that the same persons give the same bytes.
_CREATED: Final = datetime(2000, 1, 1, tzinfo=UTC)


class Excel(ExportFormat):
    """A workbook with one sheet.

    Times are in UTC. A number with more digits than Excel keeps is a text, and so is a time before 1900.
    """

    __slots__ = ()
    name: ClassVar[str] = "xlsx"
    label: ClassVar[str] = "XLSX"
    suffixes: ClassVar[tuple[str, ...]] = ("xlsx",)
    appends: ClassVar[bool] = False
    requires: ClassVar[tuple[str, str] | None] = ("xlsxwriter", "excel")
    # Rows of a sheet without the header.
    most_rows: ClassVar[int | None] = 2**20 - 1

    def fit(self, layout: Layout) -> Layout:
        """Show columns of JSON as texts."""
        return layout.shown()

    def write(
        self, sink: IO[bytes], layout: Layout | None, rows: Iterable[bytes], old: OldFile | None = None
    ) -> OldRows:
        """Write a whole file; the same persons give the same bytes."""
        assert layout is not None
        assert old is None
        if len(layout.columns) > _MOST_COLUMNS:
            raise DoesNotFit(f"A sheet of Excel holds {_MOST_COLUMNS:,} columns, and here are {len(layout.columns):,}.")
        file = AbandonableFile(sink)
        with TemporaryDirectory(prefix="phenv-") as folder:
            # XlsxWriter comes as Any, because it has no types.
            book: Any = import_module("xlsxwriter").Workbook(file, {**_OPTIONS, "tmpdir": folder})
            try:
                book.set_properties({"created": _CREATED})
                sheet = _Sheet(book, layout)
                for count, row in enumerate(rows, 1):
                    self.check_rows(count)
                    sheet.add(count, person_of(row))
            except BaseException:
                file.abandon()
                book.close()
                raise
            book.close()
        file.check()
        return OldRows()


class _Sheet:
    def __init__(self, book: Any, layout: Layout) -> None:
        self._layout = layout
        self._sheet = book.add_worksheet("persons")
        self._head = book.add_format({"bold": True})
        self._time = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        # After editing, such a cell is still a text, as if an apostrophe had been typed before it.
        self._quoted = book.add_format({"quote_prefix": True})
        self._bold = book.add_format()
        self._writes: dict[type, Callable[[int, int, Any], None]] = {
            str: self._text,
            bool: self._sheet.write_boolean,
            int: self._number,
            float: self._number,
            datetime: self._moment,
            list: lambda row, place, value: self._text(row, place, json.dumps(value, ensure_ascii=False)),
        }

        sheet = self._sheet
        sheet.freeze_panes(1, 0)
        sheet.ignore_errors({"number_stored_as_text": "A1:XFD1048576"})
        for place, column in enumerate(layout.columns):
            sheet.set_column(place, place, 38 if column.name == "uuid" else 20)
        for place, column in enumerate(layout.columns):
            self._text(0, place, column.name, self._head)

    def add(self, row: int, person: Person) -> None:
        """Write a person."""
        for place, cell in enumerate(self._layout.cells(person)):
            if cell is not None:
                self._writes[cell.__class__](row, place, cell)

    def _text(self, row: int, place: int, text: str, style: Any = None) -> None:
        if len(text) > _MOST_TEXT // 2 and len(text.encode("utf-16-le")) // 2 > _MOST_TEXT:
            raise DoesNotFit(
                f"Row {row + 1} has {len(text):,} characters in the column {self._layout.columns[place].name!r}, and a "
                f"cell of Excel holds {_MOST_TEXT:,}. Leave the column out with only, or export to .csv or .parquet."
            )
        if style is None and harmless(text) is not text:
            style = self._quoted
        if text.startswith("<r>") and text.endswith("</r>"):
            # XlsxWriter takes such a text for its own markup, unless it gets it in parts.
            self._sheet.write_rich_string(row, place, text[:1], self._bold, text[1:])
        else:
            self._sheet.write_string(row, place, text, style)

    def _number(self, row: int, place: int, value: float) -> None:
        if isinstance(value, int) and abs(value) >= _MOST_DIGITS:
            self._text(row, place, str(value))
        else:
            self._sheet.write_number(row, place, value)

    def _moment(self, row: int, place: int, value: datetime) -> None:
        if value.year < _FIRST_YEAR:
            self._text(row, place, value.isoformat())
        else:
            self._sheet.write_datetime(row, place, value.replace(tzinfo=None), self._time)
