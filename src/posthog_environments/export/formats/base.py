"""The base of all export formats, and what several of them need."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, ClassVar, Literal, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from pathlib import Path

    from posthog_environments.tables.layout import Layout

__all__ = ["AbandonableFile", "Compression", "DoesNotFit", "ExportFormat", "OldFile", "OldRows"]

Compression: TypeAlias = Literal["gz", "zst"]


class DoesNotFit(ValueError):  # noqa: N818 - it says what is wrong with the rows
    """The rows can never be written in this format."""


class OldFile(NamedTuple):
    """The target of an earlier export. Its rows are kept, except those with a uuid in `drop`."""

    path: Path
    drop: frozenset[str]


class OldRows(NamedTuple):
    """How many rows of an old file were kept and how many dropped."""

    kept: int = 0
    dropped: int = 0


@dataclass(frozen=True, slots=True)
class ExportFormat(ABC):
    """A file format. To add one, write a subclass and list it in `posthog_environments.export.formats`.

    Attributes:
        compression: The compression around the file; None if there is none.
        raw: Whether cells are written without protection from spreadsheets.
    """

    compression: Compression | None = None
    raw: bool = False

    name: ClassVar[str]
    """The name in the argument `format`."""
    label: ClassVar[str]
    """The name in messages."""
    suffixes: ClassVar[tuple[str, ...]]
    compressions: ClassVar[tuple[Compression, ...]] = ()
    """The compressions that may be put around the file."""
    has_columns: ClassVar[bool] = True
    has_raw: ClassVar[bool] = False
    """Whether `raw` makes a difference."""
    appends: ClassVar[bool] = True
    """Whether `since_last` can add rows to a file."""
    streams: ClassVar[bool] = False
    """Whether chunks are written while pages arrive. Otherwise the file is made when all rows are there."""
    most_rows: ClassVar[int | None] = None
    """How many persons the file can hold; None if there is no limit."""
    requires: ClassVar[tuple[str, str] | None] = None
    """The module that the format needs, and the extra that installs it."""

    def __str__(self) -> str:
        return f"{self.name}.{self.compression}" if self.compression else self.name

    def fit(self, layout: Layout) -> Layout:
        """Adapt the columns to what the format can show."""
        return layout

    def check_rows(self, rows: int) -> None:
        """Raise if the file cannot hold this many persons.

        Raises:
            DoesNotFit: There are too many.
        """
        if self.most_rows is not None and rows > self.most_rows:
            raise DoesNotFit(
                f"{self.label} holds {self.most_rows:,} persons at most, and there are {rows:,}. Export to .csv or "
                ".parquet, or export fewer persons with a filter."
            )

    def chunk(self, layout: Layout | None, rows: Iterable[bytes], *, first: bool) -> bytes:
        """Write rows as one chunk of a file. Only formats that stream have chunks."""
        raise NotImplementedError

    @abstractmethod
    def write(
        self, sink: IO[bytes], layout: Layout | None, rows: Iterable[bytes], old: OldFile | None = None
    ) -> OldRows:
        """Write a whole file.

        Args:
            sink: An open binary file. It need not be seekable, and is not closed.
            layout: The columns; None for a format without columns.
            rows: The persons, each as JSON without a line break. They are taken one at a time.
            old: A file whose rows follow those of `rows`.

        Raises:
            DecodeError: A row is not a person.
            DoesNotFit: The rows have more columns, rows or characters than the format can hold.
            ValueError: The old file has other columns, or is damaged.
            OSError: A file cannot be read or written.
        """


class AbandonableFile:
    """Passes on what is written, until it is abandoned.

    pyarrow and XlsxWriter write the end of a file even after an error. What was broken off must not look whole.
    """

    closed = False

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._at = 0
        self._abandoned = False
        self._error: OSError | None = None

    def write(self, data: bytes) -> int:
        """Write data. An error is kept for `check`, so that the library can clean up after itself."""
        if not self._abandoned:
            try:
                self._file.write(data)
            except OSError as error:
                self._abandoned, self._error = True, error
        self._at += len(data)
        return len(data)

    def tell(self) -> int:
        """Return how many bytes were written."""
        return self._at

    def flush(self) -> None:
        """Do nothing, because nothing is buffered."""

    def abandon(self) -> None:
        """Ignore what is written from now on."""
        self._abandoned = True

    def check(self) -> None:
        """Raise the error of an earlier write.

        Raises:
            OSError: A write failed.
        """
        if self._error is not None:
            raise self._error
