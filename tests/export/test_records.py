"""What an export keeps beside its target: identities, sums of files, checkpoints and receipts."""

from __future__ import annotations

import hashlib
import io
import zlib
from array import array
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from posthog_environments.export.checkpoint import (
    Checkpoint,
    ChecksumWriter,
    ExportIdentity,
    Receipt,
    Written,
    measure,
    read,
    write,
)
from posthog_environments.export.options import read_options
from tests.export.steps import SETTINGS, START, Server

IDENTITY = ExportIdentity(
    host="h",
    project="1",
    filters="f",
    page_size=2,
    format="csv",
    columns=None,
    flatten=False,
    raw=False,
    since_last=False,
)


def identity(
    path: Path, *, page_size: int = 2, project: Any = "1", filters: Any = None, **options: Any
) -> ExportIdentity:
    listing = Server([], project=project).listing(page_size, **filters or {})
    return ExportIdentity.of(listing, read_options(path, **SETTINGS | options))


def test_an_identity_has_each_setting_and_a_hash_of_the_filters(tmp_path: Path) -> None:
    filters = {"query": {"search": "Zoë"}, "extra_query": {}, "offset": 0}
    hashed = hashlib.sha256('{"extra_query": {}, "offset": 0, "query": {"search": "Zoë"}}'.encode()).hexdigest()
    path = tmp_path / "a.csv.gz"
    assert identity(path, page_size=7, project=12, filters=filters, columns=["plan"], raw=True) == ExportIdentity(
        host="https://one.example",
        project="12",
        filters=hashed,
        page_size=7,
        format="csv.gz",
        columns=("plan",),
        flatten=False,
        raw=True,
        since_last=False,
        only=None,
    )
    assert identity(path, flatten=True, since_last=True) == msgspec.structs.replace(
        identity(path), flatten=True, since_last=True
    )
    assert identity(path, only=["uuid"]) == msgspec.structs.replace(identity(path), only=("uuid",))


def test_the_listing_keeps_its_identity(tmp_path: Path) -> None:
    listing = Server([]).listing()
    ExportIdentity.of(listing, read_options(tmp_path / "a.csv", **SETTINGS))
    assert listing.identity == {"host": "https://one.example", "project": "1"}


def test_what_differs_is_named() -> None:
    other = ExportIdentity("i", "2", "g", 3, "jsonl", ("plan",), True, True, True, ("uuid",))
    first = "the server, the project, the filters, the page size, the format, the columns, flatten, raw, "
    assert IDENTITY.differences(other) == first + "since_last, only"
    assert IDENTITY.differences(IDENTITY) == ""
    assert IDENTITY.differences(other, but=("since_last", "page_size")) == first.replace("the page size, ", "") + "only"
    for name in IDENTITY.__struct_fields__:
        changed = msgspec.structs.replace(IDENTITY, **{name: getattr(other, name)})
        assert IDENTITY.differences(changed) in first + "since_last, only"
        assert IDENTITY.differences(changed, but=(name,)) == ""


# ----------------------------------------------------------------------------------------------------------- checksums


def test_bytes_are_summed_up_piece_by_piece() -> None:
    assert Written() == Written(bytes=0, crc=0)
    assert Written().plus(b"one") == Written(3, zlib.crc32(b"one"))
    assert Written().plus(b"one").plus(b"").plus(b"two!") == Written(7, zlib.crc32(b"onetwo!"))
    numbers = array("I", [1, 2, 3])
    assert Written().plus(numbers) == Written(3 * numbers.itemsize, zlib.crc32(numbers.tobytes()))


def test_a_file_that_sums_up_passes_bytes_on() -> None:
    passed: list[memoryview] = []
    sink = ChecksumWriter(passed.append)
    assert sink.writable()
    assert sink.written == Written()
    numbers = array("I", [1, 2])
    assert sink.write(b"some") == 4
    assert sink.write(numbers) == numbers.itemsize * 2
    assert sink.written == Written().plus(b"some").plus(numbers)
    assert [(view.format, view.nbytes, bytes(view)) for view in passed] == [
        ("B", 4, b"some"),
        ("B", numbers.itemsize * 2, numbers.tobytes()),
    ]


class Read(io.BytesIO):
    """A file that keeps how much was read at a time."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.sizes: list[int | None] = []

    def read(self, size: int | None = -1, /) -> bytes:
        self.sizes.append(size)
        return super().read(size)


MIB = 1 << 20


@pytest.mark.parametrize(
    ("most", "sizes", "counts"),
    [
        (None, [MIB] * 4, 2 * MIB + 5),
        (2 * MIB + 5, [MIB, MIB, 5, 0], 2 * MIB + 5),
        (2 * MIB + 4, [MIB, MIB, 4, 0], 2 * MIB + 4),
        (MIB, [MIB, 0], MIB),
        (3, [3, 0], 3),
        (0, [0], 0),
        (3 * MIB, [MIB, MIB, MIB, MIB - 5], 2 * MIB + 5),
    ],
)
def test_a_file_is_measured_a_mebibyte_at_a_time(most: int | None, sizes: list[int], counts: int) -> None:
    data = bytes(range(256)) * (MIB // 128) + b"extra"
    file = Read(data)
    path: Any = SimpleNamespace(open=lambda mode: file)
    assert measure(path, most) == Written(counts, zlib.crc32(data[:counts]))
    assert file.sizes == sizes
    assert file.closed


def test_a_file_is_measured_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"a\r\n\xff")
    assert measure(tmp_path / "a") == Written(4, zlib.crc32(b"a\r\n\xff"))
    assert measure(tmp_path / "nowhere") == Written(-1, 0)
    assert measure(tmp_path / "nowhere", 0) == Written(-1, 0)
    (tmp_path / "empty").touch()
    assert measure(tmp_path / "empty") == Written(0, 0)


# ------------------------------------------------------------------------------------------------------------- records


def sealed(line: bytes) -> bytes:
    return line + b"\n" + hashlib.sha256(line).hexdigest().encode() + b"\n"


def test_a_record_is_a_line_and_its_hash() -> None:
    checkpoint = Checkpoint(IDENTITY, rows=3, mark=START, paginator={"a": "é\n"})
    data = write(checkpoint)
    line, hashed, rest = data.split(b"\n")
    assert (hashed, rest) == (hashlib.sha256(line).hexdigest().encode(), b"")
    assert read(data, Checkpoint) == checkpoint
    assert read(data.rstrip(b"\n"), Checkpoint) == checkpoint
    receipt = Receipt(IDENTITY, True, None, START, None, 3, Written(1, 2), START)
    assert read(write(receipt), Receipt) == receipt
    assert isinstance(read(write(receipt), Receipt), Receipt)
    assert checkpoint.version == receipt.version == 3


@pytest.mark.parametrize("harm", [lambda data: data[:-9], lambda data: data.replace(b"3", b"4", 1), lambda _: b""])
def test_a_record_that_was_changed_is_refused(harm: Any) -> None:
    data = write(Checkpoint(IDENTITY, rows=3))
    with pytest.raises(ValueError, match=r"^it was changed, or is not whole$"):
        read(harm(data), Checkpoint)
    with pytest.raises(ValueError, match=r"^it was changed, or is not whole$"):
        read(data.partition(b"\n")[0], Checkpoint)


@pytest.mark.parametrize("version", [b"2", b"4", b'"3"', b"3.0", None])
def test_a_record_of_another_version_is_refused(version: bytes | None) -> None:
    line = write(Checkpoint(IDENTITY)).partition(b"\n")[0]
    assert line.endswith(b',"version":3}')
    line = line.replace(b',"version":3', b"" if version is None else b',"version":' + version)
    with pytest.raises(ValueError, match=r"^another version of this package wrote it$"):
        read(sealed(line), Checkpoint)
    # Whatever else is in it: it need not have the fields of today.
    with pytest.raises(ValueError, match=r"^another version of this package wrote it$"):
        read(sealed(b'{"version":4,"job":[]}'), Checkpoint)


def test_a_record_of_another_kind_is_refused() -> None:
    receipt = Receipt(IDENTITY, True, None, START, None, 3, Written(1, 2), START)
    with pytest.raises(ValueError, match=r"^Invalid value 'Checkpoint' - at `\$.type`$"):
        read(write(Checkpoint(IDENTITY)), Receipt)
    with pytest.raises(ValueError, match=r"^Invalid value 'Receipt' - at `\$.type`$"):
        read(write(receipt), Checkpoint)
    with pytest.raises(ValueError, match="Expected `object`, got `array`"):
        read(sealed(b"[]"), Receipt)
