"""What may be asked of an export, checked before anything is sent or written."""

# Callers without a type checker are users too, so arguments are checked at run time.
# pyright: reportUnnecessaryIsInstance=false

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias, cast

from posthog_environments.arguments import flag
from posthog_environments.export.files.targets import Form, Format, Places, places_of, read_form

__all__ = ["STDOUT", "Progress", "Wishes", "read_wishes"]

Progress: TypeAlias = Callable[[int, int | None], None]
"""Called with the rows so far, and how many there will be where the server says it."""

STDOUT = "-"


@dataclass(frozen=True, slots=True)
class Wishes:
    """What was asked for. `places` is None for standard output."""

    form: Form
    places: Places | None
    resume: bool = False
    force: bool = False
    columns: tuple[str, ...] | None = None
    flatten: bool = False
    raw: bool = False
    since_last: bool = False

    @property
    def spools(self) -> bool:
        """Whether rows are kept as they came until all are there, and the file is made from them then."""
        return self.form.kind == "parquet" or self.since_last


def read_wishes(
    path: str | os.PathLike[str],
    *,
    resume: bool,
    force: bool,
    format: Format | None,
    columns: Sequence[str] | None,
    flatten: bool,
    raw: bool,
    since_last: bool,
) -> Wishes:
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
        form, places = read_form("", format), None
    else:
        form, places = read_form(path, format), places_of(path)
    chosen = _columns(columns)
    if form.kind == "jsonl" and (chosen is not None or flatten or raw):
        raise ValueError("JSON Lines have no columns: columns, flatten and raw are for CSV and Parquet.")
    if chosen is not None and flatten:
        raise ValueError("columns and flatten exclude each other: flatten takes every property.")
    if form.kind == "parquet" and raw:
        raise ValueError("raw is for CSV: in Parquet every cell is as it came.")
    if since_last and force:
        raise ValueError("since_last and force exclude each other: force makes the file anew.")
    if form.kind == "parquet" or form.compression == "zst":
        _need_arrow(form)
    return Wishes(form, places, columns=chosen, **flags)


def _refuse_on_stdout(*, resume: bool, since_last: bool) -> None:
    if resume or since_last:
        name = "resume" if resume else "since_last"
        raise ValueError(f"{name} needs a file: nothing is kept of what went to standard output.")


def _columns(columns: Sequence[str] | None) -> tuple[str, ...] | None:
    if columns is None:
        return None
    if isinstance(columns, (str, bytes)) or not isinstance(cast("object", columns), Sequence):
        raise TypeError('columns must be a list of names of properties, such as ["email", "plan"].')
    for name in columns:
        if not isinstance(cast("object", name), str) or not name:
            raise TypeError(f"columns: {name!r} is no name of a property.")
    if len(set(columns)) < len(columns):
        raise ValueError("columns: a property is named twice.")
    return tuple(columns)


def _need_arrow(form: Form) -> None:
    from importlib.util import find_spec

    if find_spec("pyarrow") is None:
        raise ImportError(
            f"To write {form} install the extra: pip install 'posthog-environments[export]'. JSON Lines and CSV, plain "
            "or with .gz, need nothing more."
        )
