"""What the database is taught."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import duckdb
import pytest

from posthog_environments.sandbox.macros import MACROS

UUID = "095be615-a8ad-4c33-8e9c-c7612fbf6c9f"


@pytest.fixture(scope="module")
def base() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(config={"autoinstall_known_extensions": "false"}) as connection:
        connection.execute("SET GLOBAL TimeZone = 'UTC'")
        for macro in MACROS:
            connection.execute(macro)
        yield connection


def value(base: duckdb.DuckDBPyConnection, query: str, *given: Any) -> Any:
    found = base.execute(f"SELECT {query}", list(given)).fetchone()
    assert found is not None
    return found[0]


@pytest.mark.parametrize(
    ("held", "stands"),
    [
        ("{}", ""), ('{"a":""}', ""), ('{"a":null}', "null"), ('{"a":"x y"}', "x y"), ('{"a":"\\"q\\""}', '\\"q\\"'),
        ('{"a":"1\\n2"}', "1\\n2"),
        ('{"a":8}', "8"), ('{"a":8.0}', "8"), ('{"a":-0.5}', "-0.5"), ('{"a":1e-07}', "1e-7"),
        ('{"a":true}', "true"), ('{"a":[1, "x"]}', '[1,"x"]'), ('{"a":12345678901234567890}', "12345678901234567890"),
        ('{"a":"8.0"}', "8.0"), ('{"a":"Łódź 🦔"}', "Łódź 🦔"),
    ],
)  # fmt: skip
def test_what_stands_for_a_property(base: duckdb.DuckDBPyConnection, held: str, stands: str) -> None:
    assert value(base, "stands(json_extract(?, '/a'))", held) == stands


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2025-08-15", datetime(2025, 8, 15)), ("2025-08-04T23:30:00-05:00", datetime(2025, 8, 5, 4, 30)),
        ("2025-08-03 23:30:00", datetime(2025, 8, 3, 23, 30)), ("15/08/2025", datetime(2025, 8, 15)),
        ("2025-08-15T12:30:45.123456+02:00", datetime(2025, 8, 15, 10, 30, 45)), ("Aug 15 2025", datetime(2025, 8, 15)),
        ("1754300000", datetime(2025, 8, 4, 9, 33, 20)), ("1754300000123", datetime(2025, 8, 4, 9, 33, 20)),
        ("2025-08-15 or so", datetime(2025, 8, 15)), ("not a date", None), ("8", None), ("", None), ("null", None),
    ],
)  # fmt: skip
def test_moments(base: duckdb.DuckDBPyConnection, text: str, moment: datetime | None) -> None:
    assert value(base, "moment(?)", text) == moment


@pytest.mark.parametrize(
    ("text", "number"),
    [("8", 8), ("08", 8), (" 1 000 ", 1000), ("1e3", 1000), ("-0.5", -0.5), ("NaN", None), ("x", None)],
)
def test_numbers(base: duckdb.DuckDBPyConnection, text: str, number: float | None) -> None:
    assert value(base, "number(?)", text) == number


@pytest.mark.parametrize(
    ("properties", "ids", "name"),
    [
        ({"Username": "u", "name": "n", "email": "e"}, ["d"], "e"), ({"email": "", "name": None}, [UUID, "d"], "d"),
        ({"email": 0, "name": False}, [UUID, UUID.upper()], UUID.upper()), ({}, [UUID], UUID), ({}, [], 7),
        ({"email": []}, ["a-b-c-d-e", "x"], "x"), ({"email": [0]}, ["d"], [0]), ({"name": {"a": 1}}, ["d"], {"a": 1}),
        ({}, ['quote"d'], 'quote"d'), ({"email": -0.0}, ["d"], "d"),
    ],
)  # fmt: skip
def test_names(base: duckdb.DuckDBPyConnection, properties: Any, ids: list[str], name: Any) -> None:
    query = "called(?, ['/email', '/name', '/Username'], ?, 7)"
    assert json.loads(value(base, query, json.dumps(properties), json.dumps(ids))) == name


def test_names_as_text(base: duckdb.DuckDBPyConnection) -> None:
    assert [value(base, "as_text(?)", text) for text in ('"x"', "7", '{"a":"b"}')] == [
        '"x"',
        '"7"',
        '"{\\"a\\":\\"b\\"}"',
    ]


def test_distinct_ids_of_people_come_first(base: duckdb.DuckDBPyConnection) -> None:
    assert json.loads(value(base, "people_first(?)", json.dumps([UUID, "b", "1-2-3-4-5", "a"]))) == [
        "b", "a", UUID, "1-2-3-4-5",
    ]  # fmt: skip
    assert json.loads(value(base, "people_first(?)", "[]")) == []


def test_moments_as_the_api_writes_them(base: duckdb.DuckDBPyConnection) -> None:
    for moment, text in (
        (datetime(2025, 9, 10), "2025-09-10T00:00:00Z"),
        (datetime(2025, 1, 2, 3, 4, 5, 60), "2025-01-02T03:04:05.000060Z"),
    ):
        assert value(base, "written(?)", moment) == text
    assert value(base, "written(NULL)") is None
