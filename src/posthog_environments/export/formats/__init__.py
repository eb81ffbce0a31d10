"""The formats of exports. To add one, write a subclass of `ExportFormat`, and list it in `Format` and `_classes`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, get_args

if TYPE_CHECKING:
    from posthog_environments.export.formats.base import ExportFormat

__all__ = ["FORMATS", "STDOUT", "Format", "read_format"]

Format: TypeAlias = Literal["jsonl", "csv", "parquet", "xlsx", "jsonl.gz", "jsonl.zst", "csv.gz", "csv.zst"]
FORMATS: Final[tuple[str, ...]] = get_args(Format)

STDOUT: Final = "-"


def _classes() -> tuple[type[ExportFormat], ...]:
    # Imported on use: the command needs the names alone to print its help.
    from posthog_environments.export.formats.excel import Excel
    from posthog_environments.export.formats.lines import Csv, JsonLines
    from posthog_environments.export.formats.parquet import Parquet

    return JsonLines, Csv, Parquet, Excel


def read_format(path: str | os.PathLike[str], format: str | None, *, raw: bool = False) -> ExportFormat:
    """Return the format that the suffix of a path, or the argument `format`, names.

    Raises:
        ValueError: Neither names a format, or the two differ.
    """
    name = os.fspath(path)
    if name == STDOUT and format is None:
        raise ValueError("Standard output has no suffix; give the format.")
    known = {str(each): each for cls in _classes() for each in (cls(raw=raw), *(cls(c, raw) for c in cls.compressions))}
    named = _by_suffix(Path(name).name, raw=raw)
    if format is None:
        if named is None:
            raise ValueError(
                f"The name {name!r} does not say in which format to write. End it in .{', .'.join(FORMATS)}, or give "
                "the format."
            )
        return named
    if format not in known:
        raise ValueError(f"There is no format {format!r}; there are {', '.join(FORMATS)}.")
    if named is not None and named != known[format]:
        raise ValueError(f"The name {name!r} says {named}, and the format {format}. Change one of them.")
    return known[format]


def _by_suffix(name: str, *, raw: bool) -> ExportFormat | None:
    *_, first, last = ["", "", *name.lower().split(".")[1:]]
    for cls in _classes():
        if last in cls.suffixes:
            return cls(raw=raw)
        if first in cls.suffixes and last in ("gz", "zst"):
            if last not in cls.compressions:
                raise ValueError(f"{name!r}: {cls.label} is compressed inside; end the name in .{first}.")
            return cls(last, raw)
    return None
