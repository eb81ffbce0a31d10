"""What servers end or answer without a word, and what the client says of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from posthog_environments import (
    APIStatusError,
    AsyncEnvironment,
    Environment,
    MalformedResponseError,
    OutcomeUnknown,
)
from posthog_environments.client.csv_stream import RowCounter
from posthog_environments.paging.offset import OffsetPaginator
from posthog_environments.paging.page import RawPage
from tests.client.wire import Wire, http

UUID = "095be615-a8ad-4c33-8e9c-c7612fbf6c9f"
LOGIN = b"<!doctype html><title>Log in</title>"


def csv(rows: int, end: bytes = b"\r\n") -> bytes:
    return b"id,name\r\n" + b'1,"a ""b""\r\nc"\r\n' * (rows - 1) + b"2,last" + end


@pytest.mark.parametrize("end", [b"\r\n", b""])
@pytest.mark.parametrize(("rows", "whole"), [(49_999, True), (50_000, False), (50_001, True), (300_000, False)])
def test_a_csv_that_ends_at_a_cap_is_an_error(rows: int, whole: bool, end: bytes) -> None:
    body = csv(rows, end)

    async def awaiting(host: str) -> str:
        async with AsyncEnvironment(1, api_key="phx_x", host=host) as env:
            return "".join([chunk async for chunk in env.persons.csv()])

    with Wire(http(200, body, kind="text/csv")) as wire, Environment(1, api_key="phx_x", host=wire.host) as env:
        reads: list[Callable[[], str]] = [lambda: "".join(env.persons.csv()), lambda: asyncio.run(awaiting(wire.host))]
        for read in reads:
            if whole:
                assert read().encode() == body
            else:
                with pytest.raises(MalformedResponseError, match=r"exactly .*0,000 rows.*export"):
                    read()


def test_trends_have_no_such_cap() -> None:
    with (
        Wire(http(200, csv(50_000), kind="text/html")) as wire,
        Environment(1, api_key="phx_x", host=wire.host) as env,
    ):
        assert "".join(env.insights.trend_csv(events=["x"]))


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_rows_are_counted_however_the_text_is_cut(size: int) -> None:
    text = csv(20).decode()
    rows = RowCounter()
    for start in range(0, len(text), size):
        rows.pass_on(text[start : start + size])
    assert rows.count == 20
    assert RowCounter().count == 0


@pytest.mark.parametrize("size", [50_001, 1_000_000, 2**63])
def test_a_page_that_is_too_large_is_refused(size: int) -> None:
    with (
        Environment(1, api_key="phx_x", host="http://127.0.0.1:9") as env,
        pytest.raises(ValueError, match="at most 50,000"),
    ):
        env.persons.list(page_size=size)


@pytest.mark.parametrize("size", [50_000, 49_999, 30_000, 1])
def test_no_request_asks_for_more(size: int) -> None:
    """Whatever a server shows: known rows, gaps, short pages, nothing."""
    walk = OffsetPaginator(size, 0, key=lambda row: row, created=lambda row: None)
    seen: list[int] = []
    for turn in range(60):
        cursor = walk.cursor
        if cursor is None:
            break
        seen.append(cursor.limit)
        first = cursor.number + (7 * turn if turn % 3 else 0)
        rows = list(range(first, first + (0 if turn % 7 == 5 else min(cursor.limit, 400))))
        walk.consume(RawPage(rows, f"http://x/?offset={cursor.number + cursor.limit}"))
    assert len(seen) > 10
    assert max(seen) <= 50_000


def test_a_walk_over_whole_pages_of_fifty_thousand_sees_everybody() -> None:
    total = 120_123
    walk = OffsetPaginator(50_000, 0, key=lambda row: row, created=lambda row: None)
    found: list[object] = []
    while (cursor := walk.cursor) is not None:
        rows = list(range(total))[cursor.number : cursor.number + cursor.limit]
        after = f"http://x/?offset={cursor.number + cursor.limit}" if len(rows) >= cursor.limit else None
        found += walk.consume(RawPage(rows, after))
    assert found == list(range(total))
    assert walk.report.complete


def test_a_limit_of_bytes_names_both_ways_out() -> None:
    body = b'{"results": [' + b" " * 5000 + b'], "next": null}'
    with Wire(http(200, body)) as wire, Environment(1, api_key="phx_x", host=wire.host, max_body=1000) as env:
        with pytest.raises(MalformedResponseError, match=r"smaller page_size, or allow more bytes with max_body"):
            env.persons.list().first()
        with pytest.raises(MalformedResponseError) as caught:
            env.persons.get(UUID)
        assert "page_size" not in str(caught.value)


CHANGES: dict[str, Any] = {
    "update": lambda env: env.persons.update(UUID, {"a": 1}),
    "delete": lambda env: env.persons.delete(UUID),
    "delete_property": lambda env: env.persons.delete_property(UUID, "a"),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (200, LOGIN, "text/html"),
        (202, LOGIN, "application/json"),
        (200, b"OK", "text/plain"),
        (201, b'{"success": tr', "application/json"),
        (200, b"\xff\xfe", "application/octet-stream"),
    ],
)
def test_a_page_of_somebody_between_is_no_success(change: str, status: int, body: bytes, kind: str) -> None:
    with Wire(http(status, body, kind=kind)) as wire, Environment(1, api_key="phx_x", host=wire.host) as env:
        with pytest.raises(OutcomeUnknown, match="log-in"):
            CHANGES[change](env)
        assert len(wire.requests) == 1


@pytest.mark.parametrize("change", CHANGES)
def test_an_empty_answer_is_a_success(change: str) -> None:
    for answer in (http(202, b"", kind="text/html"), http(202, b" \n")):
        with Wire(answer) as wire, Environment(1, api_key="phx_x", host=wire.host) as env:
            assert CHANGES[change](env) is None


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("body", [b"null", b" null\n", b"{}", b"[]", b'"done"', b"true"])
@pytest.mark.parametrize("kind", ["application/json", "text/plain"])
def test_any_json_is_an_answer(change: str, body: bytes, kind: str) -> None:
    with Wire(http(202, body, kind=kind)) as wire, Environment(1, api_key="phx_x", host=wire.host) as env:
        assert CHANGES[change](env) is None
        assert len(wire.requests) == 1


@pytest.mark.parametrize("change", CHANGES)
def test_a_success_that_says_that_it_failed(change: str) -> None:
    body = b'{"success": false, "detail": "Unable to \\u001b[2Jdo it."}'
    with Wire(http(200, body)) as wire, Environment(1, api_key="phx_x", host=wire.host) as env:
        with pytest.raises(APIStatusError, match="Unable to") as caught:
            CHANGES[change](env)
        assert type(caught.value) is APIStatusError
        assert (caught.value.status_code, caught.value.detail) == (200, "Unable to \x1b[2Jdo it.")
        assert "\x1b" not in str(caught.value)


def test_a_person_with_such_a_property_is_a_person() -> None:
    body = b'{"uuid": "%s", "properties": {"success": false}}' % UUID.encode()
    with Wire(http(200, body)) as wire, Environment(1, api_key="phx_x", host=wire.host) as env:
        person = env.persons.update(UUID, {"success": False})
        assert person is not None
        assert person.properties["success"] is False


def test_what_the_server_said_is_in_what_nobody_knows() -> None:
    body = b'{"success": false, "detail": "Unable to delete property."}'
    with Wire(http(502, body)) as wire, Environment(1, api_key="phx_x", host=wire.host) as env:
        with pytest.raises(OutcomeUnknown, match=r"answered 502, Unable to delete property\."):
            env.persons.delete_property(UUID, "a")
        assert len(wire.requests) == 1
