"""The tools that people test and trace httpx with see the requests of the default client, and answer them.

Each tool patches httpx or httpcore from outside; no client here is told of it. With each: a call, a walk of several
pages, an error, a retry; blocking and awaiting.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
import respx
import vcr
from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from pytest_httpx import HTTPXMock

from posthog_environments import AsyncEnvironment, Environment, NotFoundError, TransportError
from tests.client.wire import Wire, http

KEY = "phx_thisIsTheSECRETkey"
HOST = "https://posthog.example.com"
ROOT = f"{HOST}/api/projects/1/persons/"
UUIDS = [f"095be615-a8ad-4c33-8e9c-c7612fbf6c{number:02d}" for number in range(6)]

Ask = Callable[..., Any]


def blocking(name: str, *arguments: Any, host: str = HOST, **options: Any) -> Any:
    with Environment(1, api_key=KEY, host=host, prefix="projects", **options) as env:
        env._context.client.random = lambda: 0.001
        found = getattr(env.persons, name)(*arguments, **({"page_size": 2} if name == "list" else {}))
        return [person.uuid for person in found] if name == "list" else found


def awaiting(name: str, *arguments: Any, host: str = HOST, **options: Any) -> Any:
    async def main() -> Any:
        async with AsyncEnvironment(1, api_key=KEY, host=host, prefix="projects", **options) as env:
            env._context.client.random = lambda: 0.001
            if name == "list":
                return [person.uuid async for person in env.persons.list(page_size=2)]
            return await getattr(env.persons, name)(*arguments)

    return anyio.run(main)


@pytest.fixture(params=[blocking, awaiting], ids=["sync", "async"])
def ask(request: pytest.FixtureRequest) -> Ask:
    found: Ask = request.param
    return found


def person(number: int) -> dict[str, Any]:
    return {"uuid": UUIDS[number], "id": number, "distinct_ids": [], "properties": {}}


def page_at(offset: int) -> dict[str, Any]:
    """The page that a server with six persons answers with, two at a time."""
    end = min(offset + 2, len(UUIDS))
    following = f"{ROOT}?limit=2&offset={end}" if end < len(UUIDS) else None
    return {"results": [person(number) for number in range(offset, end)], "next": following}


def respond(request: httpx.Request) -> httpx.Response:
    """Answer as that server."""
    # The key is there while the request is under way.
    assert request.headers["Authorization"] == f"Bearer {KEY}"
    assert request.method == "GET"
    return httpx.Response(200, json=page_at(int(request.url.params.get("offset", "0"))))


def check(ask: Ask, **options: Any) -> None:
    """Make the four calls that each tool is tried with, against what answers them: 0 there, 1 missing, 2 flaky."""
    assert ask("get", UUIDS[0], **options).uuid == UUIDS[0]
    assert ask("list", **options) == UUIDS
    with pytest.raises(NotFoundError, match="nobody here"):
        ask("get", UUIDS[1], **options)
    assert ask("get", UUIDS[2], **options).uuid == UUIDS[2]


class Serving:
    """Answers those four calls, in whichever way a tool wants answers."""

    def __init__(self) -> None:
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        last = request.url.path.rstrip("/").rpartition("/")[2]
        if last == "persons":
            return respond(request)
        number = UUIDS.index(last)
        if number == 1:
            return httpx.Response(404, json={"detail": "nobody here"})
        if number == 2 and sum(last in str(each.url) for each in self.requests) == 1:
            return httpx.Response(503)
        return httpx.Response(200, json=person(number))


# Calls of `check`, each by a client of its own; the walk takes several requests, and one call two.
OTHERS = 4


def test_respx(ask: Ask) -> None:
    serving = Serving()
    with respx.mock:
        route = respx.route(host="posthog.example.com").mock(side_effect=serving)
        check(ask)
        assert route.call_count == len(serving.requests) >= OTHERS + 3


def test_what_respx_knows_nothing_of_is_not_asked_again(ask: Ask) -> None:
    with respx.mock, pytest.raises(TransportError, match=r"persons.get: AllMockedAssertionError\."):
        ask("get", UUIDS[0])


def test_respx_lets_a_network_fail(ask: Ask) -> None:
    with respx.mock:
        respx.get(f"{ROOT}{UUIDS[0]}/").mock(side_effect=httpx.ConnectError)
        with pytest.raises(TransportError, match="no connection could be made"):
            ask("get", UUIDS[0], retries=0)


@pytest.mark.httpx_mock(can_send_already_matched_responses=True)
def test_pytest_httpx(ask: Ask, httpx_mock: HTTPXMock) -> None:
    httpx_mock.add_callback(Serving())
    check(ask)
    assert len(httpx_mock.get_requests()) >= OTHERS + 3
    assert "SECRET" not in repr([request.headers.raw for request in httpx_mock.get_requests()])


def test_pytest_httpx_lets_a_call_time_out(ask: Ask, httpx_mock: HTTPXMock) -> None:
    httpx_mock.add_exception(httpx.ReadTimeout("too slow"))
    with pytest.raises(TransportError, match="the server stopped answering"):
        ask("get", UUIDS[0], retries=0)


def test_vcrpy_replays_with_the_server_gone(ask: Ask, tmp_path: Path) -> None:
    cassette = tmp_path / "persons.yaml"
    recorder = vcr.VCR(filter_headers=["authorization"])
    with recorder.use_cassette(str(cassette)), served(Serving()) as host:
        check(ask, host=host)
    with recorder.use_cassette(str(cassette), record_mode="none") as tape:
        check(ask, host=host)
        assert tape.all_played
    recorded = cassette.read_text(encoding="utf-8")
    assert "SECRET" not in recorded
    assert UUIDS[5] in recorded


def test_vcrpy_without_the_filter_would_keep_the_key(ask: Ask, tmp_path: Path) -> None:
    cassette = tmp_path / "persons.yaml"
    with vcr.use_cassette(str(cassette)), served(Serving()) as host:
        ask("get", UUIDS[0], host=host)
    assert "SECRET" in cassette.read_text(encoding="utf-8")


def test_vcrpy_records_a_page_that_is_larger_than_a_head_may_be(ask: Ask, tmp_path: Path) -> None:
    large = {**person(0), "properties": {"text": "Hello\n\n" * 100_000}}
    cassette = str(tmp_path / "persons.yaml")
    recorder = vcr.VCR(filter_headers=["authorization"])
    with recorder.use_cassette(cassette), Wire(http(200, json.dumps(large).encode())) as wire:
        assert ask("get", UUIDS[0], host=wire.host).properties == large["properties"]
    with recorder.use_cassette(cassette, record_mode="none"):
        assert ask("get", UUIDS[0], host=wire.host).properties == large["properties"]


class served(Wire):  # noqa: N801 - reads as a function
    """The same answers from a real server."""

    def __init__(self, serving: Serving) -> None:
        def answer(connection: Any, request: bytes) -> None:
            head = request.partition(b"\r\n\r\n")[0].decode().splitlines()
            headers = dict(line.split(": ", 1) for line in head[1:])
            method, target, _ = head[0].split()
            response = serving(httpx.Request(method, HOST + target, headers=headers))
            connection.sendall(http(response.status_code, response.content))

        super().__init__(answer)

    def __enter__(self) -> str:  # type: ignore[override]
        super().__enter__()
        return self.host


@pytest.fixture
def spans() -> Iterator[Callable[[], tuple[ReadableSpan, ...]]]:
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    instrumentor = HTTPXClientInstrumentor()
    instrumentor.instrument(tracer_provider=provider)
    yield exporter.get_finished_spans
    instrumentor.uninstrument()


def test_opentelemetry_has_a_span_for_each_attempt(ask: Ask, spans: Callable[[], tuple[ReadableSpan, ...]]) -> None:
    serving = Serving()
    with served(serving) as host:
        check(ask, host=host)
    found = spans()
    assert len(found) == len(serving.requests)
    codes = [(span.attributes or {}).get("http.status_code") for span in found]
    assert [codes.count(404), codes.count(503)] == [1, 1]
    assert "SECRET" not in "".join(span.to_json() for span in found)


def test_a_mock_transport_of_httpx(ask: Ask) -> None:
    serving = Serving()
    check(ask, transport=httpx.MockTransport(serving))
    assert "SECRET" not in repr([request.headers.raw for request in serving.requests])


class Recording(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """A transport of the user's around httpx's own, as for a special network."""

    def __init__(self) -> None:
        self.paths: list[str] = []
        self.closed = 0
        self._blocking, self._awaiting = httpx.HTTPTransport(), httpx.AsyncHTTPTransport()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.paths.append(request.url.path)
        return self._blocking.handle_request(request)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.paths.append(request.url.path)
        return await self._awaiting.handle_async_request(request)

    def close(self) -> None:
        self.closed += 1
        self._blocking.close()

    async def aclose(self) -> None:
        self.closed += 1
        await self._awaiting.aclose()


def test_a_transport_of_the_users(ask: Ask) -> None:
    serving, transport = Serving(), Recording()
    with served(serving) as host:
        check(ask, host=host, transport=transport)
    assert len(transport.paths) == len(serving.requests)
    # With each client that it was given to.
    assert transport.closed == OTHERS
