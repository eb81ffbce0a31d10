"""Parquet files of persons: the same bytes, bounded row groups, and nothing that looks whole and is not."""

from __future__ import annotations

import errno
import gc
import io
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Any, cast

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from posthog_environments_api.models import Person

from posthog_environments import Environment
from posthog_environments.tables import parquet
from posthog_environments.tables.arrow import batches, persons, schema
from posthog_environments.tables.columns import Layout
from posthog_environments.tables.parquet import Compression, ParquetSink, write_parquet

LAYOUT = Layout.of({"n": "int64"})


def rows_of(number: int) -> list[dict[str, Any]]:
    return [
        {"uuid": f"u{n}", "properties": {"n": n, "more": [n]}, "created_at": "2026-01-02T03:04:05.000006Z"}
        for n in range(number)
    ]


class Pipe:
    """A file that can only be written, as far as there is room."""

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


def written(rows: list[dict[str, Any]], step: int, compression: Compression = "zstd", into: Pipe | None = None) -> Pipe:
    pipe = into or Pipe()
    with ParquetSink(pipe.io, LAYOUT, compression=compression) as sink:
        for start in range(0, len(rows), step):
            sink.write(rows[start : start + step])
    return pipe


def test_what_is_written_is_read(tmp_path: Path) -> None:
    rows = rows_of(50)
    pipe = written(rows, 7)
    table = pipe.read().read()
    assert table.schema.equals(schema(LAYOUT.columns))
    read = [LAYOUT.record(list(row.values())) for row in table.to_pylist()]
    assert [Person.from_dict(row) for row in read] == [Person.from_dict(row) for row in rows]
    file = tmp_path / "people.parquet"
    file.write_bytes(pipe.data)
    with duckdb.connect() as connection:
        assert connection.execute(f"SELECT sum(n), count(*) FROM '{file}'").fetchall() == [(sum(range(50)), 50)]


def test_the_same_rows_give_the_same_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "ROW_GROUP", 100)
    rows = rows_of(450)
    assert written(rows, 1).data == written(rows, 33).data == written(rows, 450).data


def test_row_groups_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "ROW_GROUP", 100)
    file = written(rows_of(250), 99).read()
    assert [file.metadata.row_group(n).num_rows for n in range(file.num_row_groups)] == [100, 100, 50]
    monkeypatch.setattr(parquet, "ROW_GROUP_BYTES", 1000)
    file = written(rows_of(250), 10).read()
    sizes = [file.metadata.row_group(n).num_rows for n in range(file.num_row_groups)]
    assert sum(sizes) == 250
    assert max(sizes) < 50, "large rows make small row groups"


def test_a_full_row_group_is_written_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "ROW_GROUP", 100)
    pipe = Pipe()
    sizes = []
    with ParquetSink(pipe.io, LAYOUT) as sink:
        for start in range(0, 297, 99):
            sink.write(rows_of(297)[start : start + 99])
            sizes.append(len(pipe.data))
    assert sizes[0] < sizes[1] < sizes[2]


@pytest.mark.parametrize(("compression", "name"), [("zstd", "ZSTD"), ("snappy", "SNAPPY"), ("none", "UNCOMPRESSED")])
def test_compression_is_chosen(compression: Compression, name: str) -> None:
    file = written(rows_of(5), 5, compression).read()
    assert file.metadata.row_group(0).column(0).compression == name


def test_nobody_is_a_file_as_well() -> None:
    file = written([], 1).read()
    assert file.metadata.num_rows == 0
    assert file.schema_arrow.equals(schema(LAYOUT.columns))


def test_batches_are_written_and_counted(env: Environment) -> None:
    pager = env.persons.list(page_size=300)
    stream = pager.arrow(["plan"])
    pipe = Pipe()
    assert write_parquet(pipe.io, stream.schema, stream) == 1000
    assert pipe.read().read().equals(pa.table(stream))


def test_an_old_file_is_copied_but_for_some(tmp_path: Path) -> None:
    old = tmp_path / "old.parquet"
    old.write_bytes(written(rows_of(30), 30).data)
    pipe = Pipe()
    with ParquetSink(pipe.io, LAYOUT) as sink:
        sink.write([{"uuid": "new"}])
        assert sink.copy(old, {"u3", "u29", "nobody"}) == 28
        assert sink.copy(old) == 30
    uuids = pipe.read().read()["uuid"].to_pylist()
    everybody = [f"u{n}" for n in range(30)]
    assert uuids == ["new", *(uuid for uuid in everybody if uuid not in ("u3", "u29")), *everybody]


def test_an_old_file_must_have_the_same_columns(tmp_path: Path) -> None:
    old = tmp_path / "old.parquet"
    old.write_bytes(written(rows_of(3), 3).data)
    with ParquetSink(Pipe().io, Layout()) as sink, pytest.raises(ValueError, match=r"old\.parquet has other columns"):
        sink.copy(old)
    old.write_bytes(b"PAR1 and something else, but no end")
    with ParquetSink(Pipe().io, Layout()) as sink, pytest.raises(ValueError, match=r"old\.parquet is no Parquet file"):
        sink.copy(old)
    with ParquetSink(Pipe().io, Layout()) as sink, pytest.raises(FileNotFoundError):
        sink.copy(tmp_path / "none.parquet")


def whole(pipe: Pipe) -> bool:
    gc.collect()
    return pipe.data.endswith(b"PAR1") and len(pipe.data) > 4


def test_what_was_broken_off_does_not_look_whole() -> None:
    pipe = Pipe()

    def broken_off() -> None:
        with ParquetSink(pipe.io, LAYOUT) as sink:
            sink.write(rows_of(30_000))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        broken_off()
    assert len(pipe.data) > 1000
    assert not whole(pipe)

    def breaking() -> Iterable[Any]:
        yield from batches(rows_of(30_000), persons(LAYOUT))
        raise ZeroDivisionError

    pipe = Pipe()
    with pytest.raises(ZeroDivisionError):
        write_parquet(pipe.io, schema(LAYOUT.columns), breaking())
    assert len(pipe.data) > 1000
    assert not whole(pipe)


def test_a_full_disk_is_told_as_such() -> None:
    pipe = Pipe(room=100_000)
    with pytest.raises(OSError, match="No space left on device") as found:
        written(rows_of(100_000), 20_000, into=pipe)
    assert found.value.errno == errno.ENOSPC
    assert not whole(pipe)
