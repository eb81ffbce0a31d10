"""Where an export goes and in which form. Pure: the names are looked at, not the files."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias, cast, get_args

__all__ = ["FORMATS", "Compression", "ExportPaths", "FileFormat", "Format", "paths_of", "read_format"]

Format: TypeAlias = Literal["jsonl", "csv", "parquet", "xlsx", "jsonl.gz", "jsonl.zst", "csv.gz", "csv.zst"]
FORMATS: tuple[str, ...] = get_args(Format)

BaseFormat: TypeAlias = Literal["jsonl", "csv", "parquet", "xlsx"]
Compression: TypeAlias = Literal["gz", "zst"]

_KINDS: dict[str, BaseFormat] = {
    "jsonl": "jsonl",
    "ndjson": "jsonl",
    "csv": "csv",
    "parquet": "parquet",
    "xlsx": "xlsx",
}
_NAMES = {"parquet": "Parquet", "xlsx": "XLSX"}
_COMPRESSIONS: dict[str, Compression] = {"gz": "gz", "zst": "zst"}


@dataclass(frozen=True, slots=True)
class FileFormat:
    """In which form rows are written."""

    kind: BaseFormat
    compression: Compression | None = None

    def __str__(self) -> str:
        return self.kind + (f".{self.compression}" if self.compression else "")


@dataclass(frozen=True, slots=True)
class ExportPaths:
    """The files of one export, all in one folder.

    Attributes:
        target: What is made.
        part: What has been fetched so far.
        fresh: The target while it is composed from that, where it takes more than another name.
        checkpoint: How far the export is. It is there while an export can be resumed.
        receipt: What a later export must know of the one that made the target.
        scratch: The next checkpoint or receipt while it is written. One name for both, so that every later run
            removes what a killed one left.
    """

    target: Path
    part: Path
    fresh: Path
    checkpoint: Path
    receipt: Path
    scratch: Path


def paths_of(path: str | os.PathLike[str]) -> ExportPaths:
    """Name the files of an export; a symbolic link is followed, so that it stays one.

    Raises:
        TypeError: It is no path.
        ValueError: It names no file.
    """
    text = os.fspath(path)
    if not isinstance(cast("object", text), str) or "\0" in text or not text:
        raise ValueError("The path of an export must be a text that names a file.")
    target = Path(os.path.realpath(text))
    if text.endswith(os.sep) or target.is_dir():
        raise IsADirectoryError(f"{text} is a folder; name a file in it, such as {Path(text, 'persons.jsonl')}.")
    if target.exists() and not target.is_file():
        raise ValueError(f"{text} is no file that can be replaced. To write to standard output, give - as the path.")
    if not target.parent.is_dir():
        raise FileNotFoundError(f"There is no folder {target.parent}; make it first.")
    name = target.name
    beside = target.with_name
    return ExportPaths(
        target,
        beside(f"{name}.part"),
        beside(f"{name}.fresh"),
        beside(f"{name}.checkpoint"),
        beside(f".{name}.receipt"),
        beside(f"{name}.checkpoint.new"),
    )


def read_format(path: str | os.PathLike[str], format: str | None) -> FileFormat:
    """Tell from the suffix, or from what is said, in which form to write.

    Raises:
        ValueError: Neither says it, they contradict each other, or there is no such form.
    """
    by_name = _by_suffix(Path(os.fspath(path)).name)
    if format is None:
        if by_name is None:
            raise ValueError(
                f"The name {os.fspath(path)!r} does not say in which format to write. End it in .jsonl, .csv, "
                ".parquet or .xlsx (the first two also with .gz or .zst), or give the format."
            )
        return by_name
    if format not in FORMATS:
        raise ValueError(f"There is no format {format!r}; there are {', '.join(FORMATS)}.")
    kind, _, compression = format.partition(".")
    wanted = FileFormat(_KINDS[kind], _COMPRESSIONS.get(compression))
    if by_name is not None and by_name != wanted:
        raise ValueError(f"The name {os.fspath(path)!r} says {by_name}, and the format {wanted}. Change one of them.")
    return wanted


def _by_suffix(name: str) -> FileFormat | None:
    parts = name.lower().split(".")[1:]
    compression = _COMPRESSIONS.get(parts[-1]) if parts else None
    if compression is not None:
        parts.pop()
    kind = _KINDS.get(parts[-1]) if parts else None
    if kind is None:
        return None
    if kind in ("parquet", "xlsx") and compression is not None:
        raise ValueError(f"{name!r}: {_NAMES[kind]} is compressed inside; end the name in .{kind}.")
    return FileFormat(kind, compression)
