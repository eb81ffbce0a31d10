"""The options of an export, checked before a request is sent or a file is written."""

# Callers without a type checker are users too, so arguments are checked at run time.
# pyright: reportUnnecessaryIsInstance=false

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from posthog_environments.export.formats import STDOUT, Format, read_format
from posthog_environments.query.validation import flag
from posthog_environments.tables.layout import Layout

if TYPE_CHECKING:
    from posthog_environments.export.formats.base import ExportFormat

__all__ = ["ExportOptions", "ExportPaths", "Progress", "read_options"]

Progress: TypeAlias = Callable[[int, int | None], None]
"""Called with the number of rows so far, and with their total if the server says it."""


@dataclass(frozen=True, slots=True)
class ExportPaths:
    """The files of an export, all in one folder.

    Attributes:
        target: The file that is exported to.
        part: What was fetched so far.
        fresh: The target while it is made from the part, for formats that do not stream.
        checkpoint: The progress of the export. It exists while the export can be resumed.
        receipt: What the next export with `since_last` needs to know of the last one.
        scratch: The next checkpoint or receipt while it is written. Both use one name, so that every later run removes
            what a killed one left.
    """

    target: Path
    part: Path
    fresh: Path
    checkpoint: Path
    receipt: Path
    scratch: Path

    @classmethod
    def of(cls, path: str | os.PathLike[str]) -> ExportPaths:
        """Return the files of an export to a path. A symbolic link is followed, so that it stays one.

        Raises:
            ValueError, OSError: The path does not name a file that could be made or replaced.
        """
        text = os.fspath(path)
        if not isinstance(cast("object", text), str) or "\0" in text or not text:
            raise ValueError("The path of an export must be a text that names a file.")
        target = Path(os.path.realpath(text))
        if text.endswith(os.sep) or target.is_dir():
            raise IsADirectoryError(f"{text} is a folder; name a file in it, such as {Path(text, 'persons.jsonl')}.")
        if target.exists() and not target.is_file():
            raise ValueError(f"{text} is no file that can be replaced. For standard output give - as the path.")
        if not target.parent.is_dir():
            raise FileNotFoundError(f"There is no folder {target.parent}; make it first.")
        names = ("{}", "{}.part", "{}.fresh", "{}.checkpoint", ".{}.receipt", "{}.checkpoint.new")
        return cls(*(target.with_name(name.format(target.name)) for name in names))


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """The options of an export. `paths` is None for standard output."""

    file_format: ExportFormat
    paths: ExportPaths | None
    resume: bool = False
    force: bool = False
    columns: tuple[str, ...] | None = None
    flatten: bool = False
    since_last: bool = False
    only: tuple[str, ...] | None = None

    @property
    def spools(self) -> bool:
        """Whether rows are kept as JSON Lines until all have been fetched, and the file is made from them."""
        return not self.file_format.streams or self.since_last


def read_options(
    path: str | os.PathLike[str],
    *,
    resume: bool,
    force: bool,
    format: Format | None,
    columns: Sequence[str] | None,
    flatten: bool,
    raw: bool,
    since_last: bool,
    only: Sequence[str] | None = None,
) -> ExportOptions:
    """Check the options of an export.

    Raises:
        TypeError, ValueError: An option is invalid, or two exclude each other.
        OSError: The path does not name a file that could be made.
        ImportError: The extra that the format needs is not installed.
    """
    if not isinstance(path, (str, os.PathLike)):
        raise TypeError(f"path must be a str or a path, not {type(cast('object', path)).__name__}.")
    flags = {"resume": resume, "force": force, "flatten": flatten, "since_last": since_last}
    for name, value in {**flags, "raw": raw}.items():
        flag(name, value)
    to_stdout = os.fspath(path) == STDOUT
    if to_stdout and (resume or since_last):
        name = "resume" if resume else "since_last"
        raise ValueError(f"{name} needs a file: nothing is kept of what went to standard output.")
    file_format = read_format(path, format, raw=raw)
    paths = None if to_stdout else ExportPaths.of(path)
    options = ExportOptions(
        file_format, paths, columns=_columns("columns", columns), only=_columns("only", only), **flags
    )
    _check_columns(options)
    _check_installed(file_format)
    return options


def _check_columns(options: ExportOptions) -> None:
    file_format, columns, only = options.file_format, options.columns, options.only
    if not file_format.has_columns and (columns is not None or only is not None or options.flatten or file_format.raw):
        raise ValueError(
            f"{file_format.label} have no columns: columns, only, flatten and raw are for CSV, Parquet and XLSX."
        )
    if columns is not None and options.flatten:
        raise ValueError("columns and flatten exclude each other: flatten takes every property.")
    if only is not None and (columns is not None or options.flatten):
        raise ValueError("only stands alone: it names every column of the file, so leave out columns and flatten.")
    if file_format.raw and not file_format.has_raw:
        raise ValueError("raw is for CSV: in Parquet and XLSX every cell is as it came.")
    if only is not None:
        if not only:
            raise ValueError('only names no column. Name some, such as ["uuid", "email"].')
        Layout.of_only(only)
    if options.since_last and not file_format.appends:
        raise ValueError(
            f"since_last adds to a file, and {file_format.label} is made anew each time. Export to .csv or .parquet."
        )
    if options.since_last and only is not None:
        raise ValueError("since_last and only exclude each other: to add to a file takes all of its columns.")


def _columns(argument: str, columns: Any) -> tuple[str, ...] | None:
    if columns is None:
        return None
    if isinstance(columns, (str, bytes)) or not isinstance(columns, Sequence):
        raise TypeError(f'{argument} must be a list of names of properties, such as ["email", "plan"].')
    names = cast("Sequence[object]", columns)
    for name in names:
        if not isinstance(name, str) or not name:
            raise TypeError(f"{argument}: {name!r} is no name of a property.")
    if len(set(names)) < len(names):
        raise ValueError(f"{argument}: a property is named twice.")
    return tuple(cast("Sequence[str]", names))


def _check_installed(file_format: ExportFormat) -> None:
    needs = file_format.requires or (("pyarrow", "export") if file_format.compression == "zst" else None)
    if needs is not None and importlib.util.find_spec(needs[0]) is None:
        raise ImportError(
            f"To write {file_format} install the extra: pip install 'posthog-environments[{needs[1]}]'. "
            "JSON Lines and CSV, plain or with .gz, need nothing more."
        )
