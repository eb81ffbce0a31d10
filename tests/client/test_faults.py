"""What goes wrong on the wire ends in a value or in one error of the tree, for both clients."""

from __future__ import annotations

import gzip
import json
import logging
import socket
import threading
import time
import traceback
from collections.abc import Callable
from typing import Any

import anyio
import pytest

from posthog_environments import (
    APIStatusError,
    AsyncEnvironment,
    ConfigurationError,
    DeadlineExceeded,
    Environment,
    MalformedResponseError,
    OutcomeUnknown,
    PagingError,
    PostHogError,
    RateLimitError,
    RedirectError,
    ServerError,
    TransportError,
)
from tests.client.wire import Script, Wire, drip, hang_up, http, silence

KEY = "phx_thisIsTheSECRETkey"
UUID = "095be615-a8ad-4c33-8e9c-c7612fbf6c9f"
PERSON = json.dumps({"uuid": UUID, "id": 1, "properties": None}).encode()
GOOD = http(200, PERSON)

Call = Callable[..., Any]


def blocking(host: str, name: str, *args: Any, **options: Any) -> Any:
    with Environment(1, api_key=KEY, host=host, **options) as env:
        found = getattr(env.persons, name)(*args)
        return list(found) if hasattr(found, "__iter__") else found


def awaiting(host: str, name: str, *args: Any, **options: Any) -> Any:
    async def main() -> Any:
        async with AsyncEnvironment(1, api_key=KEY, host=host, **options) as env:
            found = getattr(env.persons, name)(*args)
            return [item async for item in found] if hasattr(found, "__aiter__") else await found

    return anyio.run(main)


@pytest.fixture(params=[blocking, awaiting], ids=["sync", "async"])
def call(request: pytest.FixtureRequest) -> Call:
    found: Call = request.param
    return found


def page(rows: list[Any], following: str | None = None) -> bytes:
    return http(200, json.dumps({"results": rows, "next": following, "previous": None}).encode())


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (http(200, b"<html>A proxy", kind="text/html"), MalformedResponseError),
        (http(200, b'{"uuid": '), MalformedResponseError),
        (http(200, b""), MalformedResponseError),
        (http(200, b"[]"), MalformedResponseError),
        (http(200, b"{}"), MalformedResponseError),
        (http(200, b"null"), MalformedResponseError),
        (http(200, b'{"uuid": 5}'), MalformedResponseError),
        (http(200, b'{"uuid": "\xff"}'), MalformedResponseError),
        (http(200, b"[" * 100_000 + b"]" * 100_000), MalformedResponseError),
        (http(200, b'{"uuid": "x", "id": ' + b"9" * 5000 + b"}"), MalformedResponseError),
        (http(200, gzip.compress(PERSON, mtime=0)[:-3], "Content-Encoding: gzip"), TransportError),
        (http(200, b"not gzip at all", "Content-Encoding: gzip"), MalformedResponseError),
        (http(200, PERSON, "Content-Encoding: br"), MalformedResponseError),
        (http(200, gzip.compress(bytes(80 << 20), mtime=0), "Content-Encoding: gzip"), MalformedResponseError),
        (http(200, bytes(5000)), MalformedResponseError),
        (http(520, b"<html>down</html>", kind="text/html"), ServerError),
        (http(999, b"?"), APIStatusError),
        (http(302, b"", "Location: https://evil.example/"), RedirectError),
        (http(307, b"", "Location: https://[bad"), RedirectError),
        (http(429, b"{}", "Retry-After: 99999999999999999999"), RateLimitError),
        (GOOD[:-20], TransportError),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", TransportError),
        (b"not http at all\r\n\r\n", TransportError),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 40_000, TransportError),
        (hang_up, TransportError),
    ],
)
def test_a_fault_ends_in_one_error_of_the_tree(call: Call, fault: Script, error: type[PostHogError]) -> None:
    def once(connection: socket.socket, request: bytes) -> None:
        if fault is hang_up:
            hang_up(connection, request)
        else:
            assert isinstance(fault, bytes)
            connection.sendall(fault)
            connection.shutdown(socket.SHUT_RDWR)

    with Wire(once) as wire, pytest.raises(error) as caught:
        call(wire.host, "get", UUID, retries=0, max_body=4096 if fault == http(200, bytes(5000)) else 64 << 20)
    assert type(caught.value) is error
    shown = "".join(traceback.format_exception(caught.value)) + repr(vars(caught.value)) + str(caught.value)
    assert "SECRET" not in shown
    assert "\x1b" not in str(caught.value)
    if isinstance(caught.value, MalformedResponseError):
        assert caught.value.status_code == 200


@pytest.mark.parametrize("fault", [hang_up, http(500), http(503), http(520), GOOD[:-20], b"junk\r\n\r\n"])
def test_a_read_is_tried_again(call: Call, fault: Script) -> None:
    def broken(connection: socket.socket, request: bytes) -> None:
        if fault is hang_up:
            hang_up(connection, request)
        else:
            assert isinstance(fault, bytes)
            connection.sendall(fault)
            connection.shutdown(socket.SHUT_RDWR)

    with Wire(broken, GOOD) as wire:
        assert call(wire.host, "get", UUID).uuid == UUID
        assert len(wire.requests) == 2


@pytest.mark.parametrize("fault", [hang_up, http(500), http(502), http(520)])
def test_a_change_that_may_have_happened_is_sent_once(call: Call, fault: Script) -> None:
    with Wire(fault) as wire:
        with pytest.raises(OutcomeUnknown):
            call(wire.host, "update", UUID, {"a": 1})
        with pytest.raises(OutcomeUnknown):
            call(wire.host, "delete_property", UUID, "a")
        assert len(wire.requests) == 2


def test_a_delete_is_repeated_and_gone_is_gone(call: Call) -> None:
    with Wire(hang_up, http(404, b'{"detail": "Not found."}')) as wire:
        # With "auto" a 404 says nothing before the server has shown that it knows the path.
        assert call(wire.host, "delete", UUID, prefix="projects") is None
        assert len(wire.requests) == 2


@pytest.mark.parametrize("fault", [silence, drip(GOOD, 0.2), drip(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 500, 0.2)])
def test_no_server_can_hold_a_call_beyond_its_timeout(call: Call, fault: Script) -> None:
    with Wire(fault) as wire:
        started = time.monotonic()
        with pytest.raises(DeadlineExceeded):
            call(wire.host, "get", UUID, timeout=0.6)
        # Not a measurement: an unbounded read would wait for half a minute and more here.
        assert time.monotonic() - started < 15
        with pytest.raises(OutcomeUnknown):
            call(wire.host, "update", UUID, {"a": 1}, timeout=0.3)


def test_a_refused_connection_is_a_transport_error(call: Call) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(TransportError, match="no connection could be made") as caught:
        call(f"http://127.0.0.1:{port}", "update", UUID, {"a": 1}, timeout=2)
    assert type(caught.value) is TransportError


def test_a_name_that_does_not_exist_is_a_transport_error(call: Call) -> None:
    with pytest.raises(TransportError):
        call("http://nowhere.invalid", "get", UUID, allow_http=True, timeout=5, retries=0)


def test_429_waits_and_goes_on(call: Call) -> None:
    with Wire(http(429, b"{}", "Retry-After: 0"), http(429, b"{}"), GOOD) as wire:
        assert call(wire.host, "get", UUID).uuid == UUID
        assert len(wire.requests) == 3


def test_success_that_says_it_failed_is_an_error(call: Call) -> None:
    with Wire(http(201, b'{"success": false, "detail": "no such thing"}')) as wire:
        with pytest.raises(APIStatusError, match="no such thing") as caught:
            call(wire.host, "delete_property", UUID, "a")
        assert type(caught.value) is APIStatusError
        assert caught.value.status_code == 201


@pytest.mark.parametrize(
    "link",
    [
        "https://evil.example/api/?offset=1&limit=1",
        "http://user:pw@127.0.0.1:1/x?offset=1",
        "//evil.example/?offset=1",
        "?offset=1",
        "javascript:alert(1)?offset=1",
    ],
)
def test_of_a_next_link_only_the_offset_is_used(call: Call, link: str) -> None:
    other = "11111111-1111-4111-8111-111111111111"
    with Wire(page([{"uuid": UUID}], link), page([{"uuid": UUID}, {"uuid": other}])) as wire:
        assert [person.uuid for person in call(wire.host, "list")] == [UUID, other]
        paths = [line.split()[1] for line in wire.lines()]
        assert all(path.startswith("/api/environments/1/persons/?") for path in paths)
        assert "offset=0" in paths[1] or "offset=1" in paths[1]


@pytest.mark.parametrize("link", ["https://x.example/?offset=0", "https://x.example/?page=2", "https://x.example/", ""])
def test_a_next_link_that_leads_nowhere_or_back_is_an_error(call: Call, link: str) -> None:
    with Wire(page([{"uuid": UUID}], link)) as wire:
        with pytest.raises(PagingError):
            call(wire.host, "list")
        assert len(wire.requests) == 1


def test_a_row_without_a_uuid_names_row_and_offset() -> None:
    rows = [{"uuid": str(n)} for n in range(3)]
    first, second = page(rows, "https://x.example/?offset=3"), page([rows[2], {"uuid": "x"}, {"name": "y"}])
    with Wire(first, second) as wire, Environment(1, api_key=KEY, host=wire.host) as env:
        pager = env.persons.list(page_size=3)
        with pytest.raises(MalformedResponseError, match=r"results\[2\].uuid.*row 2 at offset 4"):
            list(pager)
        assert pager.report.rows == 3
        assert pager.report.next_offset == 2
        assert not pager.report.complete


def test_answers_may_be_gzipped_and_in_pieces(call: Call) -> None:
    body = gzip.compress(PERSON[:10]) + gzip.compress(PERSON[10:])
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\n"
    chunks = b"".join(b"%x\r\n%s\r\n" % (1, body[i : i + 1]) for i in range(len(body))) + b"0\r\n\r\n"
    with Wire(head + b"Transfer-Encoding: chunked\r\n\r\n" + chunks) as wire:
        assert call(wire.host, "get", UUID).uuid == UUID
        assert b"Accept-Encoding: gzip\r\n" in wire.requests[0]


def test_the_generated_client_reads_gzipped_answers() -> None:
    from posthog_environments_api.api.persons import get_person

    with Wire(http(200, gzip.compress(PERSON), "Content-Encoding: gzip")) as wire:
        with Environment(1, api_key=KEY, host=wire.host) as env:
            person = get_person.sync("1", UUID, client=env.api)
        assert person is not None
        assert person.uuid == UUID
        assert f"Authorization: Bearer {KEY}".encode() in wire.requests[0]


def test_the_generated_client_reaches_no_other_server() -> None:
    with Wire(GOOD) as wire, Environment(1, api_key=KEY, host="http://127.0.0.1:9") as env:
        with pytest.raises(ConfigurationError, match="another server"):
            env.api.get_httpx_client().get(wire.host + "/api/environments/1/persons/")
        assert wire.requests == []


def test_what_goes_out(call: Call) -> None:
    with Wire(GOOD) as wire:
        call(wire.host + "/behind/a/prefix", "get", UUID, prefix="projects")
        head = wire.requests[0].decode()
    assert head.startswith(f"GET /behind/a/prefix/api/projects/1/persons/{UUID}/ HTTP/1.1\r\n")
    assert f"Authorization: Bearer {KEY}\r\n" in head
    assert "User-Agent: posthog-environments/" in head


def test_a_function_for_the_key_is_asked_before_each_attempt(call: Call) -> None:
    keys = iter(["phx_one", "phx_two"])

    def key() -> str:
        return next(keys)

    with Wire(http(503), GOOD) as wire:
        if call is blocking:
            with Environment(1, api_key=key, host=wire.host) as env:
                env.persons.get(UUID)
        else:

            async def main() -> None:
                async with AsyncEnvironment(1, api_key=key, host=wire.host) as env:
                    await env.persons.get(UUID)

            anyio.run(main)
        assert [b"phx_one" in wire.requests[0], b"phx_two" in wire.requests[1]] == [True, True]


@pytest.mark.parametrize("bad", [lambda: 1 / 0, lambda: "phx_SECRET\n", lambda: None])
def test_a_function_for_the_key_that_fails_sends_nothing(bad: Any) -> None:
    with Wire(GOOD) as wire, Environment(1, api_key=bad, host=wire.host) as env:
        with pytest.raises(ConfigurationError) as caught:
            env.persons.get(UUID)
        assert "SECRET" not in "".join(traceback.format_exception(caught.value))
        assert wire.requests == []


def test_the_log_names_the_operation_and_no_values(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with Wire(page([])) as wire, Environment(1, api_key=KEY, host=wire.host) as env:
        assert env.persons.list(email="ada@example.com").first() is None
    ours = [record.getMessage() for record in caplog.records if record.name == "posthog_environments"]
    assert any("GET persons.list: 200, attempt 1" in line for line in ours)
    assert "SECRET" not in caplog.text
    assert "ada@example.com" not in "".join(ours)


def test_one_client_serves_many_threads(tmp_path: Any) -> None:
    with Wire(GOOD) as wire, Environment(1, api_key=KEY, host=wire.host) as env:
        found: list[str] = []
        threads = [threading.Thread(target=lambda: found.append(env.persons.get(UUID).uuid)) for _ in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert found == [UUID] * 16


def test_a_second_loop_gets_a_clear_error() -> None:
    with Wire(GOOD) as wire:
        env = AsyncEnvironment(1, api_key=KEY, host=wire.host)

        async def get() -> str:
            return (await env.persons.get(UUID)).uuid

        async def get_and_close() -> None:
            await get()
            await env.aclose()

        anyio.run(get_and_close)
        with pytest.raises(ConfigurationError, match="another event loop"):
            anyio.run(get)


def test_cancelling_leaves_the_client_usable() -> None:
    async def main() -> str:
        with Wire(silence, GOOD) as wire:
            async with AsyncEnvironment(1, api_key=KEY, host=wire.host) as env:
                with anyio.move_on_after(0.3) as scope:
                    await env.persons.get(UUID)
                assert scope.cancelled_caught
                return (await env.persons.get(UUID)).uuid

    assert anyio.run(main) == UUID


def test_a_csv_that_breaks_off_is_an_error_and_not_a_short_file(call: Call) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/csv\r\nContent-Length: 100\r\n\r\n"

    def short(connection: socket.socket, request: bytes) -> None:
        connection.sendall(head + "uuid,näme\n".encode())
        connection.shutdown(socket.SHUT_RDWR)

    with Wire(short) as wire, pytest.raises(TransportError, match="are not all"):
        call(wire.host, "csv")


def test_a_csv_may_take_longer_than_the_timeout_as_long_as_it_goes_on(call: Call) -> None:
    body = "uuid,näme\n".encode() * 8
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/csv\r\nContent-Length: %d\r\n\r\n" % len(body)

    def slow(connection: socket.socket, request: bytes) -> None:
        connection.sendall(head)
        for start in range(0, len(body), 11):
            time.sleep(0.25)
            connection.sendall(body[start : start + 11])

    with Wire(slow) as wire:
        assert "".join(call(wire.host, "csv", timeout=1)).encode() == body


def test_a_walk_can_be_taken_up_again_where_it_failed() -> None:
    rows = [{"uuid": f"u{n}"} for n in range(6)]
    first = page(rows[:3], "https://x.example/?offset=3")
    with Wire(first, http(400), page(rows[2:])) as wire, Environment(1, api_key=KEY, host=wire.host) as env:
        pager = env.persons.list(page_size=3)
        seen: list[str] = []
        with pytest.raises(APIStatusError):
            seen.extend(person.uuid for person in pager)
        seen = [f"u{n}" for n in range(pager.report.rows)]
        seen += [person.uuid for person in env.persons.list(page_size=3, offset=pager.report.next_offset)]
    assert list(dict.fromkeys(seen)) == [row["uuid"] for row in rows]


def test_pacing_keeps_a_listing_waiting_and_refuses_a_call_at_once() -> None:
    with Wire(GOOD) as wire, Environment(1, api_key=KEY, host=wire.host, timeout=5) as env:
        for _ in range(240):
            env.persons.get(UUID)
        with pytest.raises(RateLimitError) as caught:
            env.persons.get(UUID)
        assert caught.value.retry_after is not None
        assert caught.value.retry_after > 5
        with pytest.raises(RateLimitError):
            env.with_options(max_wait=1).persons.list().first()
        env.with_options(pacing=False).persons.get(UUID)
        assert len(wire.requests) == 241
