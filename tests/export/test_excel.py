"""Excel workbooks, read by openpyxl: cells, limits of a sheet, and files that are left."""

from __future__ import annotations

import io
import json
import tempfile
import zipfile
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import IO, Any

import openpyxl
import pytest

from posthog_environments import Environment
from posthog_environments.export.formats.excel import Excel
from posthog_environments.tables.layout import Layout
from tests.client.wire import Wire, http
from tests.export.roundtrip import people


def person(number: int, **fields: Any) -> dict[str, Any]:
    return {"uuid": f"u-{number}", "distinct_ids": [], "properties": {}, "created_at": None, **fields}


def page(*rows: dict[str, Any], **more: Any) -> bytes:
    return json.dumps({"results": rows, "next": None, "previous": None} | more).encode()


def table(data: bytes) -> list[list[Any]]:
    return [list(row) for row in openpyxl.load_workbook(io.BytesIO(data)).active.iter_rows()]


def write(out: IO[bytes], layout: Layout, rows: Iterable[dict[str, Any]]) -> None:
    Excel().write(out, layout, (json.dumps(row).encode() for row in rows))


def column(layout: Layout, rows: list[dict[str, Any]], place: int) -> list[Any]:
    out = io.BytesIO()
    write(out, layout, rows)
    _, *found = table(out.getvalue())
    assert len(found) == len(rows)
    return [row[place] for row in found]


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+49 30 901820",
        "-2+3",
        "@SUM(A1)",
        "\t=1",
        "00123",
        "1234567890123456789",
        "2026-01-31",
        "TRUE",
        "  blanks  ",
        "two\nlines",
        "",
        "😀é",
        "<r><t>x</t></r>",
        "<r>a<b>&</r>",
        "https://mail.example",
        "mailto:ada@mail.example",
        "'quoted",
    ],
)
def test_a_text_stays_the_text_that_it_is(text: str) -> None:
    rows = [person(1, properties={"v": text})]
    (cell,) = column(Layout.of_only(["v"], sample=people(rows)), rows, 0)
    assert (cell.value, cell.data_type, cell.hyperlink) == (text, "s", None)


@pytest.mark.parametrize("text", ["=1+1", "+49 30 901820", "-x", "@x"])
def test_who_edits_what_could_run_still_has_a_text(text: str) -> None:
    rows = [person(1, properties={"v": text})]
    (cell,) = column(Layout.of_only(["v"], sample=people(rows)), rows, 0)
    assert cell.quotePrefix


def test_names_of_columns_run_neither() -> None:
    out = io.BytesIO()
    write(out, Layout.of_only(["=cmd()"]), [])
    assert [(cell.value, cell.data_type) for cell in table(out.getvalue())[0]] == [("=cmd()", "s")]


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (42, 42),
        (-1.5, -1.5),
        (True, True),
        (10**15, "1000000000000000"),
        (2**63, str(2**63)),
        ([1, "a"], '[1,"a"]'),
        (None, None),
    ],
)
def test_other_values(value: Any, shown: Any) -> None:
    rows = [person(1, properties={"v": value})]
    (cell,) = column(Layout.of_only(["v", "uuid"], sample=people(rows)).shown(), rows, 0)
    assert cell.value == shown
    assert type(cell.value) is type(shown)


def test_values_of_several_kinds_are_all_there() -> None:
    values = ["x", 7, 0.5, False, {"a": None}, 2**60]
    rows = [person(number, properties={"v": value}) for number, value in enumerate(values)]
    found = column(Layout.of_only(["v"], sample=people(rows)).shown(), rows, 0)
    assert [cell.value for cell in found] == ["x", "7", "0.5", "false", '{"a":null}', str(2**60)]


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("2026-01-31T12:34:56.789000Z", datetime(2026, 1, 31, 12, 34, 56, 789000)),
        ("2026-01-31T01:00:00+02:00", datetime(2026, 1, 30, 23)),
        ("1815-12-10T00:00:00Z", "1815-12-10T00:00:00+00:00"),
        (None, None),
    ],
)
def test_times(sent: str | None, shown: object) -> None:
    (cell,) = column(Layout.of_only(["created_at", "uuid"]), [person(1, created_at=sent)], 0)
    assert cell.value == shown
    assert cell.is_date == isinstance(shown, datetime)


def test_the_same_persons_give_the_same_bytes() -> None:
    first, second = io.BytesIO(), io.BytesIO()
    for out in (first, second):
        write(out, Layout(), [person(1), person(2, created_at="2026-01-01T00:00:00Z")])
    assert first.getvalue() == second.getvalue()
    assert zipfile.ZipFile(first).testzip() is None


def test_a_text_that_is_too_long_is_refused_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    body = page(person(1), person(2, properties={"bio": "😀" * 16_384}))
    with Wire(http(200, body)) as wire, Environment(1, api_key="phx_test", host=wire.host, pacing=False) as env:
        with pytest.raises(ValueError, match=r"Row 3 has 16,384 characters in the column 'bio'.*32,767.*only"):
            env.persons.list().export(tmp_path / "a.xlsx", columns=["bio"])
        assert sorted(path.name for path in tmp_path.rglob("*")) == ["temporary"]
        assert env.persons.list().export(tmp_path / "a.xlsx", only=["uuid"]).rows == 2


@pytest.mark.parametrize("counted", [True, False])
def test_more_than_a_sheet_holds_is_refused_at_once_where_it_is_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, counted: bool
) -> None:
    monkeypatch.setattr(Excel, "most_rows", 3)
    more = {"count": 4} if counted else {}

    after = "http://127.0.0.1/api/environments/1/persons/?limit=2&offset=2"
    pages = [page(person(1), person(2), next=after, **more), page(person(3), person(4), **more)]
    with (
        Wire(*(http(200, body) for body in pages)) as wire,
        Environment(1, api_key="phx_test", host=wire.host, pacing=False) as env,
    ):
        with pytest.raises(ValueError, match="holds 3 persons at most, and there are 4"):
            env.persons.list(page_size=2).export(tmp_path / "a.xlsx")
        if counted:
            assert len(wire.requests) == 1
    assert list(tmp_path.iterdir()) == []


def test_the_sheet_itself_holds_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Excel, "most_rows", 3)
    out = io.BytesIO()
    write(out, Layout(), map(person, range(3)))
    assert len(table(out.getvalue())) == 4
    with pytest.raises(ValueError, match="holds 3 persons"):
        write(out, Layout(), map(person, range(4)))


def test_more_columns_than_a_sheet_holds() -> None:
    with pytest.raises(ValueError, match="16,384 columns, and here are 16,391"):
        write(io.BytesIO(), Layout.of([f"p{number}" for number in range(2**14)]), [])


def test_a_disk_that_is_full_is_said_as_it_is() -> None:
    class Full(io.BytesIO):
        def write(self, data: Any, /) -> int:
            raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left on device"):
        write(Full(), Layout(), [person(1)])
