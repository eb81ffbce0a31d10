"""Parquet files of persons: same bytes, bounded row groups, and broken files that are not readable."""

from __future__ import annotations

import errno
import gc
import io
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any, cast

import duckdb
import pyarrow.parquet as pq
import pytest
from posthog_environments_api.models import Person

from posthog_environments.export.formats import parquet
from posthog_environments.export.formats.base import OldFile
from posthog_environments.export.formats.parquet import Parquet
from posthog_environments.tables.arrow import schema
from posthog_environments.tables.layout import Layout
from tests.export.roundtrip import record

LAYOUT = Layout.of({"n": "int64"})


def rows_of(number: int) -> list[dict[str, Any]]:
    return [
        {"uuid": f"u{n}", "properties": {"n": n, "more": [n]}, "created_at": "2026-01-02T03:04:05.000006Z"}
        for n in range(number)
    ]


class Pipe:
    """A file that can only be written, up to a size."""

    closed = False

    def __init__(self, room: int = 2**40) -> None:
        self.data = bytearray()
        self.room = room

    def write(self, data: bytes) -> int:
        if len(self.data) + len(data) > self.room:
            raise OSError(errno.ENOSPC, "No space left on device")
        self.data += data
        return len(data)

    def flush(self) -> None: ...

    @property
    def io(self) -> IO[bytes]:
        return cast("IO[bytes]", self)

    def read(self) -> pq.ParquetFile:
        return pq.ParquetFile(io.BytesIO(self.data))


def lines(rows: Iterable[dict[str, Any]]) -> Iterator[bytes]:
    return (json.dumps(row).encode() for row in rows)


def written(rows: Iterable[dict[str, Any]], into: Pipe | None = None) -> Pipe:
    pipe = into or Pipe()
    Parquet().write(pipe.io, LAYOUT, lines(rows))
    return pipe


def test_what_is_written_is_read(tmp_path: Path) -> None:
    rows = rows_of(50)
    pipe = written(rows)
    table = pipe.read().read()
    assert table.schema.equals(schema(LAYOUT.columns))
    read = [record(LAYOUT, list(row.values())) for row in table.to_pylist()]
    assert [Person.from_dict(row) for row in read] == [Person.from_dict(row) for row in rows]
    file = tmp_path / "people.parquet"
    file.write_bytes(pipe.data)
    with duckdb.connect() as connection:
        assert connection.execute(f"SELECT sum(n), count(*) FROM '{file}'").fetchall() == [(sum(range(50)), 50)]


def test_the_same_rows_give_the_same_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "ROW_GROUP", 100)
    found = set()
    for size in (1, 33, 450):
        monkeypatch.setattr(parquet, "BATCH", size)
        found.add(bytes(written(rows_of(450)).data))
    assert len(found) == 1


def test_row_groups_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "ROW_GROUP", 100)
    monkeypatch.setattr(parquet, "BATCH", 99)
    file = written(rows_of(250)).read()
    assert [file.metadata.row_group(n).num_rows for n in range(file.num_row_groups)] == [100, 100, 50]
    monkeypatch.setattr(parquet, "ROW_GROUP_BYTES", 1000)
    monkeypatch.setattr(parquet, "BATCH", 10)
    file = written(rows_of(250)).read()
    sizes = [file.metadata.row_group(n).num_rows for n in range(file.num_row_groups)]
    assert sum(sizes) == 250
    assert max(sizes) < 50, "large rows make small row groups"


def test_a_full_row_group_is_written_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "ROW_GROUP", 100)
    monkeypatch.setattr(parquet, "BATCH", 99)
    pipe = Pipe()
    sizes = []

    def rows() -> Iterator[dict[str, Any]]:
        for number, row in enumerate(rows_of(298)):
            if number % 99 == 0:
                sizes.append(len(pipe.data))
            yield row

    written(rows(), pipe)
    assert sizes[1] < sizes[2] < sizes[3]


def test_it_is_compressed() -> None:
    assert written(rows_of(5)).read().metadata.row_group(0).column(0).compression == "ZSTD"


def test_nobody_is_a_file_as_well() -> None:
    file = written([]).read()
    assert file.metadata.num_rows == 0
    assert file.schema_arrow.equals(schema(LAYOUT.columns))


def test_an_old_file_is_copied_but_for_some(tmp_path: Path) -> None:
    old = tmp_path / "old.parquet"
    old.write_bytes(written(rows_of(30)).data)
    pipe = Pipe()
    some = OldFile(old, frozenset({"u3", "u29", "nobody"}))
    assert Parquet().write(pipe.io, LAYOUT, lines([{"uuid": "new"}]), some) == (28, 2)
    uuids = pipe.read().read()["uuid"].to_pylist()
    assert uuids == ["new", *(f"u{n}" for n in range(30) if n not in (3, 29))]
    pipe = Pipe()
    assert Parquet().write(pipe.io, LAYOUT, [], OldFile(old, frozenset())) == (30, 0)
    assert pipe.data == old.read_bytes()


def test_an_old_file_must_have_the_same_columns(tmp_path: Path) -> None:
    old = tmp_path / "old.parquet"
    old.write_bytes(written(rows_of(3)).data)
    with pytest.raises(ValueError, match=r"old\.parquet has other columns"):
        Parquet().write(Pipe().io, Layout(), [], OldFile(old, frozenset()))
    old.write_bytes(b"PAR1 and something else, but no end")
    with pytest.raises(ValueError, match=r"old\.parquet is not a Parquet file"):
        Parquet().write(Pipe().io, Layout(), [], OldFile(old, frozenset()))
    with pytest.raises(FileNotFoundError):
        Parquet().write(Pipe().io, Layout(), [], OldFile(tmp_path / "none.parquet", frozenset()))


def whole(pipe: Pipe) -> bool:
    gc.collect()
    return pipe.data.endswith(b"PAR1") and len(pipe.data) > 4


def test_what_was_broken_off_does_not_look_whole() -> None:
    pipe = Pipe()

    def breaking() -> Iterator[dict[str, Any]]:
        yield from rows_of(30_000)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        written(breaking(), pipe)
    assert len(pipe.data) > 1000
    assert not whole(pipe)


@pytest.mark.parametrize("rows", [100_000, 10_000])
def test_a_full_disk_is_told_as_such(rows: int) -> None:
    pipe = Pipe(room=rows)
    with pytest.raises(OSError, match="No space left on device") as found:
        written(rows_of(rows), pipe)
    assert found.value.errno == errno.ENOSPC
    assert not whole(pipe)
