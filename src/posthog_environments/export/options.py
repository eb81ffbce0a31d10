"""What may be asked of an export, checked before anything is sent or written."""

# Callers without a type checker are users too, so arguments are checked at run time.
# pyright: reportUnnecessaryIsInstance=false

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias, cast

from posthog_environments.export.formats import ExportPaths, FileFormat, Format, paths_of, read_format
from posthog_environments.query.validation import flag

__all__ = ["STDOUT", "ExportOptions", "Progress", "read_options"]

Progress: TypeAlias = Callable[[int, int | None], None]
"""Called with the rows so far, and how many there will be where the server says it."""

STDOUT = "-"


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """What was asked for. `paths` is None for standard output."""

    file_format: FileFormat
    paths: ExportPaths | None
    resume: bool = False
    force: bool = False
    columns: tuple[str, ...] | None = None
    flatten: bool = False
    raw: bool = False
    since_last: bool = False
    only: tuple[str, ...] | None = None

    @property
    def spools(self) -> bool:
        """Whether rows are kept as they came until all are there, and the file is made from them then."""
        return self.file_format.kind in ("parquet", "xlsx") or self.since_last


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
    """Check what was asked for.

    Raises:
        TypeError, ValueError: Something makes no sense, or two things exclude each other.
        OSError: The path names no file that could be made.
        ImportError: The extra that writes this form is not installed.
    """
    if not isinstance(path, (str, os.PathLike)):
        raise TypeError(f"path must be a str or a path, not {type(cast('object', path)).__name__}.")
    flags = {"resume": resume, "force": force, "flatten": flatten, "raw": raw, "since_last": since_last}
    for name, value in flags.items():
        flag(name, value)
    if os.fspath(path) == STDOUT:
        _refuse_on_stdout(resume=resume, since_last=since_last)
        if format is None:
            raise ValueError("Standard output has no name that says in which format to write; give the format.")
        file_format, paths = read_format("", format), None
    else:
        file_format, paths = read_format(path, format), paths_of(path)
    chosen, alone = _columns("columns", columns), _columns("only", only)
    _check_columns(file_format, chosen, alone, flatten=flatten, raw=raw)
    if since_last:
        _check_since_last(file_format, alone)
    _need(file_format)
    return ExportOptions(file_format, paths, columns=chosen, only=alone, **flags)


def _check_columns(
    file_format: FileFormat, columns: Sequence[str] | None, only: Sequence[str] | None, *, flatten: bool, raw: bool
) -> None:
    if file_format.kind == "jsonl" and (columns is not None or only is not None or flatten or raw):
        raise ValueError("JSON Lines have no columns: columns, only, flatten and raw are for CSV, Parquet and XLSX.")
    if columns is not None and flatten:
        raise ValueError("columns and flatten exclude each other: flatten takes every property.")
    if only is not None and (columns is not None or flatten):
        raise ValueError("only stands alone: it names every column of the file, so leave out columns and flatten.")
    if file_format.kind != "csv" and raw:
        raise ValueError("raw is for CSV: in Parquet and XLSX every cell is as it came.")
    if only is not None:
        from posthog_environments.tables.columns import Layout

        if not only:
            raise ValueError('only names no column. Name some, such as ["uuid", "email"].')
        Layout.of_only(only)


def _check_since_last(file_format: FileFormat, only: Sequence[str] | None) -> None:
    if file_format.kind == "xlsx":
        raise ValueError("since_last adds to a file, and XLSX is made anew each time. Export to .csv or .parquet.")
    if only is not None:
        raise ValueError("since_last and only exclude each other: to add to a file takes all of its columns.")


def _refuse_on_stdout(*, resume: bool, since_last: bool) -> None:
    if resume or since_last:
        name = "resume" if resume else "since_last"
        raise ValueError(f"{name} needs a file: nothing is kept of what went to standard output.")


def _columns(argument: str, columns: Sequence[str] | None) -> tuple[str, ...] | None:
    if columns is None:
        return None
    if isinstance(columns, (str, bytes)) or not isinstance(cast("object", columns), Sequence):
        raise TypeError(f'{argument} must be a list of names of properties, such as ["email", "plan"].')
    for name in columns:
        if not isinstance(cast("object", name), str) or not name:
            raise TypeError(f"{argument}: {name!r} is no name of a property.")
    if len(set(columns)) < len(columns):
        raise ValueError(f"{argument}: a property is named twice.")
    return tuple(columns)


def _need(file_format: FileFormat) -> None:
    from importlib.util import find_spec

    if file_format.kind == "xlsx" and find_spec("xlsxwriter") is None:
        raise ImportError(
            "To write xlsx install the extra: pip install 'posthog-environments[excel]'. CSV needs no more."
        )
    if (file_format.kind == "parquet" or file_format.compression == "zst") and find_spec("pyarrow") is None:
        raise ImportError(
            f"To write {file_format} install the extra: pip install 'posthog-environments[export]'. "
            "JSON Lines and CSV, plain or with .gz, need nothing more."
        )
