"""What the transports refuse before and after the wire, for both clients and for users of the generated one."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator

import anyio
import httpx
import pytest

from posthog_environments import (
    AsyncEnvironment,
    ConfigurationError,
    DeadlineExceeded,
    Environment,
    MalformedResponseError,
)
from posthog_environments.calls.messages import (
    Call,
    CallGenerator,
    Operation,
    OperationKind,
    Send,
    ServerResponse,
    TransportFailure,
)
from posthog_environments.sandbox import Sandbox
from posthog_environments.transport.attempt import _without_frames
from posthog_environments.transport.body import MAX_TINY_PIECES, BodyReader
from posthog_environments.transport.framing import MAX_FRAMING, Framer
from tests.client.wire import Wire, http

KEY = "phx_thisIsTheSECRETkey"
UUID = "095be615-a8ad-4c33-8e9c-c7612fbf6c9f"
LARGE = 1 << 30


def body_of(*, limit: int = LARGE) -> BodyReader:
    return BodyReader(200, httpx.Headers(), limit)


def crumble(body: BodyReader, pieces: int) -> None:
    for _ in range(pieces):
        body.feed(b"x")


def test_an_answer_in_crumbs_is_refused_and_one_in_pieces_is_not() -> None:
    body = body_of()
    crumble(body, MAX_TINY_PIECES)
    # What is allowed grows with the answer, by a piece for each 256 bytes.
    with pytest.raises(TransportFailure, match="more than 10000 pieces") as caught:
        crumble(body, MAX_TINY_PIECES // 200)
    assert caught.value.malformed is not None
    assert not caught.value.again
    pieces = body_of()
    for _ in range(MAX_TINY_PIECES + 100):
        pieces.feed(b"x" * 256)
    assert len(pieces.finish()) == 256 * (MAX_TINY_PIECES + 100)


def test_an_answer_that_is_nearly_all_framing_is_refused() -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunk = b"1;" + b"a" * 10_000 + b"\r\nx\r\n"
    fair, few = Framer(), head + chunk * (MAX_FRAMING // len(chunk)) + b"0\r\n\r\n"
    fair.ask(b"GET / HTTP/1.1\r\n")
    fair.feed(few)
    assert fair.take() == few
    odd = Framer()
    odd.ask(b"GET / HTTP/1.1\r\n")
    odd.feed(head + chunk * (MAX_FRAMING // len(chunk) + 2))
    with pytest.raises(TransportFailure, match="too much chunk framing"):
        odd.take()


def test_a_group_of_one_interruption_is_that_interruption() -> None:
    stopped = KeyboardInterrupt()
    nested = BaseExceptionGroup("outer", [BaseExceptionGroup("inner", [stopped])])
    assert _without_frames(nested) is stopped
    two = BaseExceptionGroup("two", [KeyboardInterrupt(), SystemExit()])
    assert _without_frames(two) is two
    assert _without_frames(stopped) is stopped


def test_nothing_is_sent_when_no_time_is_left() -> None:
    call = Call(Operation("test", OperationKind.READ, "persons"), {"method": "get", "url": "/api/projects/1/persons/"})

    def flow(deadline: float) -> CallGenerator[ServerResponse | TransportFailure]:
        outcome = yield Send(call, deadline)
        assert isinstance(outcome, (ServerResponse, TransportFailure))
        return outcome

    with Wire(http(200)) as wire, Environment(1, api_key=KEY, host=wire.host) as env:
        failed = env._runner.run(flow(time.monotonic() - 1))
        assert isinstance(failed, TransportFailure)
        assert (failed.sent, failed.again, failed.timed_out) == (False, False, True)
        assert wire.requests == []
        assert isinstance(env._runner.run(flow(time.monotonic() + 60)), ServerResponse)


class Dawdling(httpx.BaseTransport):
    """A transport of the user's that knows no deadline."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        def pieces() -> Iterator[bytes]:
            for _ in range(500):
                time.sleep(0.02)
                yield b" "

        return httpx.Response(200, content=pieces())


class AsyncDawdling(httpx.AsyncBaseTransport):
    """The same for the awaiting client."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        async def pieces() -> AsyncIterator[bytes]:
            for _ in range(500):
                await anyio.sleep(0.02)
                yield b" "

        return httpx.Response(200, content=pieces())


def test_the_deadline_holds_over_a_transport_that_knows_none() -> None:
    with (
        Environment(1, api_key=KEY, transport=Dawdling(), timeout=0.2) as env,
        pytest.raises(DeadlineExceeded),
    ):
        env.persons.get(UUID)

    async def main() -> None:
        async with AsyncEnvironment(1, api_key=KEY, transport=AsyncDawdling(), timeout=0.2) as env:
            await env.persons.get(UUID)

    with pytest.raises(DeadlineExceeded):
        anyio.run(main)


def test_the_generated_client_stays_below_the_path_of_the_host() -> None:
    with Wire(http(200, b"{}")) as wire, Environment(1, api_key=KEY, host=f"{wire.host}/base") as env:
        client = env.api.get_httpx_client()
        for path in ("/", "/base", "/basement/x", "/api/projects/"):
            with pytest.raises(ConfigurationError, match="another server"):
                client.get(f"{wire.host}{path}")
        assert wire.requests == []
        assert client.get(f"{wire.host}/base/api/projects/").status_code == 200


def test_the_generated_client_is_told_of_an_answer_that_cannot_be_used() -> None:
    odd = http(200, b"x", "Content-Encoding: br")
    with Wire(odd) as wire:
        with Environment(1, api_key=KEY, host=wire.host) as env:
            client = env.api.get_httpx_client()
            with pytest.raises(MalformedResponseError, match="compressed as br") as caught:
                client.get(f"{wire.host}/api/projects/")
        assert caught.value.status_code == 200

        async def main() -> None:
            async with AsyncEnvironment(1, api_key=KEY, host=wire.host) as env:
                await env.api.get_async_httpx_client().get(f"{wire.host}/api/projects/")

        with pytest.raises(MalformedResponseError, match="compressed as br"):
            anyio.run(main)


def test_two_tasks_cannot_walk_the_same_pages(box: Sandbox) -> None:
    async def main() -> tuple[int, list[str]]:
        refused: list[str] = []
        seen = 0
        async with AsyncEnvironment(box.project_id, api_key=box.api_key, host=box.host) as env:
            pages = env.persons.list(page_size=50).pages()

            async def walk() -> None:
                nonlocal seen
                try:
                    seen += len((await anext(pages)).results)
                except RuntimeError as error:
                    refused.append(str(error))

            async with anyio.create_task_group() as group:
                group.start_soon(walk)
                group.start_soon(walk)
            # Who was first goes on undisturbed.
            seen += sum([len(page.results) async for page in pages])
        return seen, refused

    seen, refused = anyio.run(main)
    assert seen == 300
    assert refused == ["This iterator is fetching a page already; iterate separately in each task."]
