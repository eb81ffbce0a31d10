"""A host with several addresses: the first that answers is spoken to, and no other is left open."""

from __future__ import annotations

import contextlib
import socket
import ssl
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import anyio
import httpcore
import pytest

from posthog_environments import AsyncEnvironment, DeadlineExceeded, Environment, TransportError
from posthog_environments.transport.network import Network
from tests.client.wire import Wire, http

KEY = "phx_thisIsTheSECRETkey"
UUID = "095be615-a8ad-4c33-8e9c-c7612fbf6c9f"
HERE, NOBODY, NOBODY_EITHER = "127.0.0.1", "127.0.0.9", "127.0.0.8"


@pytest.fixture
def resolve(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Give many.example addresses for the time of a test."""
    system = socket.getaddrinfo

    def set_up(*addresses: str) -> None:
        def look_up(host: Any, port: Any, *args: Any, **options: Any) -> Any:
            if host != "many.example":
                return system(host, port, *args, **options)
            return [entry for address in addresses for entry in system(address, port, type=socket.SOCK_STREAM)]

        monkeypatch.setattr(socket, "getaddrinfo", look_up)

    return set_up


def options_of(host: str) -> dict[str, Any]:
    host = host.replace(HERE, "many.example")
    return {"api_key": KEY, "host": host, "allow_http": True, "retries": 0, "timeout": 20}


def ask(host: str, **options: Any) -> str:
    with Environment(1, **(options_of(host) | options)) as env:
        return env.persons.get(UUID).uuid


def ask_async(host: str, backend: str, **options: Any) -> str:
    async def main() -> str:
        async with AsyncEnvironment(1, **(options_of(host) | options)) as env:
            return (await env.persons.get(UUID)).uuid

    return anyio.run(main, backend=backend)


PERSON = http(200, b'{"uuid": "%s"}' % UUID.encode())


@pytest.mark.parametrize("addresses", [(HERE,), (NOBODY, HERE), (NOBODY, NOBODY_EITHER, HERE), (HERE, NOBODY)])
@pytest.mark.parametrize("backend", [None, "asyncio", "trio"])
def test_one_that_answers_is_enough(
    resolve: Callable[..., None], backend: str | None, addresses: Sequence[str]
) -> None:
    resolve(*addresses)
    with Wire(PERSON) as wire:
        assert (ask(wire.host) if backend is None else ask_async(wire.host, backend)) == UUID
        assert len(wire.requests) == 1


@pytest.mark.parametrize("backend", [None, "asyncio", "trio"])
def test_where_none_answers_the_call_fails(resolve: Callable[..., None], backend: str | None) -> None:
    resolve(NOBODY, NOBODY_EITHER)
    with Wire(PERSON) as wire:
        with pytest.raises(TransportError, match="no connection"):
            ask(wire.host) if backend is None else ask_async(wire.host, backend)
        assert wire.requests == []


@pytest.mark.parametrize("backend", [None, "asyncio", "trio"])
def test_a_name_without_an_address_is_said(resolve: Callable[..., None], backend: str | None) -> None:
    resolve()
    with Wire(PERSON) as wire, pytest.raises(TransportError, match="the name of the host has no address"):
        ask(wire.host) if backend is None else ask_async(wire.host, backend)


@pytest.fixture
def silent() -> Iterator[str]:
    """Give an address that never answers: its queue is full, and the system drops whoever knocks."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.create_server((NOBODY, 0), backlog=0))
        for _ in range(4):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        yield f"{NOBODY}:{listener.getsockname()[1]}"


def sockets() -> int:
    """Count the open sockets of this process."""
    count = 0
    for descriptor in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):
            count += str(descriptor.readlink()).startswith("socket:")
    return count


@pytest.fixture
def beside_silence(resolve: Callable[..., None], silent: str) -> Iterator[Wire]:
    """Serve at the port of the address that never answers, as the second address of the host."""
    port = int(silent.rpartition(":")[2])
    resolve(NOBODY, HERE)
    with Wire(PERSON, port=port) as wire:
        yield wire


@pytest.mark.parametrize("backend", [None, "asyncio", "trio"])
def test_one_that_never_answers_does_not_eat_the_time_of_the_next(beside_silence: Wire, backend: str | None) -> None:
    before = sockets()
    assert (ask(beside_silence.host) if backend is None else ask_async(beside_silence.host, backend)) == UUID
    assert len(beside_silence.requests) == 1
    # The server's end of it, and nothing of the attempt that came to nothing.
    assert sockets() <= before + 1


@pytest.mark.parametrize("backend", [None, "asyncio", "trio"])
def test_where_none_answers_in_time_the_call_says_so(
    resolve: Callable[..., None], silent: str, backend: str | None
) -> None:
    resolve(NOBODY)
    host, before = f"http://{silent.replace(NOBODY, 'many.example')}", sockets()
    with pytest.raises(DeadlineExceeded, match="no connection could be made in time"):
        ask(host, timeout=0.5) if backend is None else ask_async(host, backend, timeout=0.5)
    assert sockets() == before


def test_a_connection_that_was_closed_before_tls_is_no_connection() -> None:
    """As when Ctrl-C comes in another thread: nothing was sent, so the error says that there is no connection."""
    network = Network()
    with socket.create_server(("127.0.0.1", 0)) as server:
        stream = network.connect_tcp("127.0.0.1", server.getsockname()[1], timeout=5)
        network.close()
        with pytest.raises(httpcore.ConnectError):
            stream.start_tls(ssl.create_default_context(), "example.com", timeout=5)
