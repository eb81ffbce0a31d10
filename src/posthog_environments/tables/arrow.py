"""Arrow streams, which polars, duckdb, pandas and pyarrow read.

Needs pyarrow, from the extra `export`. It is imported on use.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, Generic, Literal, TypeVar, cast

from posthog_environments.config.extras import import_extra
from posthog_environments.tables.columns import Cell, Column
from posthog_environments.tables.layout import Layout
from posthog_environments.tables.records import ACTIVITY, DELETIONS, POINTS, deletion_cells, entry_cells, points
from posthog_environments.tables.values import CellKind, PropertyKind

if TYPE_CHECKING:
    from posthog_environments_api.models import Person, Series

__all__ = ["ArrowStream", "TableSource", "batches", "persons", "pyarrow", "schema", "stream", "trend"]

T = TypeVar("T")

BATCH: Final = 10_000
"""The maximum of rows in a batch."""


@dataclass(frozen=True, slots=True)
class TableSource(Generic[T]):
    """The columns of a table, and the function that splits a row into cells."""

    columns: Sequence[Column]
    cells: Callable[[T], Sequence[Cell]]


def persons(layout: Layout) -> TableSource[Person]:
    """Return the table of persons with a layout."""
    return TableSource(layout.columns, layout.cells)


class ArrowStream(Generic[T]):
    """A stream of record batches, which polars, duckdb, pandas and pyarrow can read.

    Each reading starts over. The schema alone needs no request, unless the kinds of columns depend on the first page.
    Iterating gives each `pyarrow.RecordBatch`, and raises the errors of this package. Other tools raise errors of their
    own with the same text.
    """

    def __init__(self, table: Callable[[], TableSource[T]], pages: Callable[[], Iterable[Iterable[T]]]) -> None:
        self._make = table
        self._pages = pages
        self._table: TableSource[T] | None = None

    @property
    def _known(self) -> TableSource[T]:
        if self._table is None:
            self._table = self._make()
        return self._table

    @property
    def schema(self) -> Any:
        """Names and types of the columns, as a `pyarrow.Schema`.

        Raises:
            ImportError: The extra is not installed; the message says how to get it.
            PostHogError: The kinds depend on the first page, and it could not be fetched.
        """
        return schema(self._known.columns)

    def __iter__(self) -> Iterator[Any]:
        # Fails before a request is sent.
        pyarrow()
        for page in self._pages():
            # The page is released before the next one is fetched.
            rows = iter(page)
            del page
            yield from batches(rows, self._known)

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """Export the stream by the PyCapsule interface of Arrow.

        A tool may request other types, such as large texts. pyarrow casts to them while the tool reads, and a value
        that would change is an error there.

        Raises:
            ImportError: The extra is not installed; the message says how to get it.
            TypeError, ValueError: Other columns are requested, or a type that pyarrow cannot cast to.
        """
        reader = pyarrow().RecordBatchReader.from_batches(self.schema, _briefly(iter(self)))
        return cast("object", reader.__arrow_c_stream__(requested_schema))

    def __repr__(self) -> str:
        return "<ArrowStream>" if self._table is None else f"<ArrowStream of {len(self._table.columns)} columns>"


def stream(
    rows: Literal["persons", "activity", "deletions"],
    pages: Callable[[], Iterable[Sequence[T]]],
    columns: Iterable[str] | Mapping[str, PropertyKind] | None = None,
    *,
    flatten: bool = False,
) -> ArrowStream[T]:
    """Return a stream of the pages of a listing.

    Args:
        rows: What the items are.
        pages: Starts a listing.
        columns: Properties with a column of their own, in order; a mapping has their kinds, too.
        flatten: Whether every property of the first page has a column of its own.

    Raises:
        TypeError, ValueError: The columns are invalid.
    """
    if columns is not None and flatten:
        raise ValueError("Give either columns or flatten=True: flattening gives every property a column.")
    if rows != "persons":
        if columns is not None or flatten:
            raise ValueError(f"Only persons have properties: {rows} has its own columns, always the same.")
        table = TableSource(ACTIVITY, entry_cells) if rows == "activity" else TableSource(DELETIONS, deletion_cells)
        return ArrowStream(lambda: cast("TableSource[T]", table), pages)
    layout = Layout.of(() if columns is None else columns)
    typed = isinstance(columns, Mapping)

    def of_persons() -> TableSource[T]:
        found = layout
        if flatten:
            found = Layout.flattened(_sample(pages))
        elif layout.kinds and not typed:
            found = Layout.of([key for key, _ in layout.kinds], sample=_sample(pages))
        return cast("TableSource[T]", persons(found))

    return ArrowStream(of_persons, pages)


def _sample(pages: Callable[[], Iterable[Sequence[Any]]]) -> Sequence[Any]:
    return next((page for page in pages() if page), ())


def trend(series: Iterable[Series]) -> ArrowStream[tuple[Cell, ...]]:
    """Return a stream of a trend in long form: a row for each point of each series."""
    return ArrowStream(lambda: TableSource(POINTS, tuple), lambda: [points(series)])


def schema(columns: Sequence[Column]) -> Any:
    """Return the `pyarrow.Schema` of a table.

    Raises:
        ImportError: The extra is not installed; the message says how to get it.
    """
    arrow = pyarrow()
    types = _types()
    return arrow.schema([arrow.field(each.name, types[each.kind], nullable=not each.required) for each in columns])


def batches(rows: Iterable[T], table: TableSource[T], size: int = BATCH) -> Iterator[Any]:
    """Put rows into record batches of `size` rows. The last one may be shorter; an empty table gives none.

    Raises:
        ImportError: The extra is not installed; the message says how to get it.
        ValueError: A value is nested too deeply to be written as JSON.
    """
    arrow = pyarrow()
    whole = schema(table.columns)
    rows = iter(rows)
    while cells := list(map(table.cells, islice(rows, size))):
        arrays = [arrow.array(column, kind) for column, kind in zip(zip(*cells, strict=True), whole.types, strict=True)]
        yield arrow.RecordBatch.from_arrays(arrays, schema=whole)


def _briefly(stream: Iterator[T]) -> Iterator[T]:
    """Pass on a stream, and remove tracebacks of errors, which other tools make a part of their message."""
    try:
        yield from stream
    except Exception as error:  # noqa: BLE001 - it is raised again, whatever it is
        raise error.with_traceback(None) from None


def _types() -> dict[CellKind, Any]:
    arrow = pyarrow()
    return {
        "text": arrow.string(),
        "json": arrow.string(),
        "texts": arrow.list_(arrow.string()),
        "timestamp": arrow.timestamp("us", tz="UTC"),
        "local": arrow.timestamp("us"),
        "date": arrow.date32(),
        "bool": arrow.bool_(),
        "int64": arrow.int64(),
        "float64": arrow.float64(),
    }


def pyarrow(name: str = "") -> Any:
    """Import pyarrow, or a module of it."""
    return import_extra(f"pyarrow.{name}".rstrip("."), "export", "Tables for other tools")
