"""A host with several addresses: the first that answers is spoken to, and no other is left open."""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from typing import Any, cast

import anyio
import httpcore
import pytest

from posthog_environments import AsyncEnvironment, Environment, TransportError, pools
from tests.client.wire import Wire, http

KEY = "phx_thisIsTheSECRETkey"
UUID = "095be615-a8ad-4c33-8e9c-c7612fbf6c9f"
HERE, NOBODY, NOBODY_EITHER = "127.0.0.1", "127.0.0.9", "127.0.0.8"

Backend = pytest.mark.parametrize("backend", ["asyncio", "trio"])


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


def options_of(wire: Wire) -> dict[str, Any]:
    host = wire.host.replace(HERE, "many.example")
    return {"api_key": KEY, "host": host, "allow_http": True, "retries": 0, "timeout": 20}


def ask(wire: Wire) -> str:
    with Environment(1, **options_of(wire)) as env:
        return env.persons.get(UUID).uuid


def ask_async(wire: Wire, backend: str) -> str:
    async def main() -> str:
        async with AsyncEnvironment(1, **options_of(wire)) as env:
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
        assert (ask(wire) if backend is None else ask_async(wire, backend)) == UUID
        assert len(wire.requests) == 1


@pytest.mark.parametrize("backend", [None, "asyncio", "trio"])
def test_where_none_answers_the_call_fails(resolve: Callable[..., None], backend: str | None) -> None:
    resolve(NOBODY, NOBODY_EITHER)
    with Wire(PERSON) as wire:
        with pytest.raises(TransportError, match="no connection"):
            ask(wire) if backend is None else ask_async(wire, backend)
        assert wire.requests == []


@pytest.mark.parametrize("backend", [None, "asyncio", "trio"])
def test_a_name_without_an_address_is_said(resolve: Callable[..., None], backend: str | None) -> None:
    resolve()
    with Wire(PERSON) as wire, pytest.raises(TransportError, match="the name of the host has no address"):
        ask(wire) if backend is None else ask_async(wire, backend)


class Stream:
    """Remembers whether it was closed."""

    def __init__(self) -> None:
        self.closed = False

    async def aclose(self) -> None:
        await anyio.lowlevel.checkpoint()
        self.closed = True


def first(connect: Callable[[str], Any], backend: str) -> Any:
    async def main() -> Any:
        with anyio.fail_after(20):
            return await pools._first_to_answer(["a", "b"], cast("Any", connect))

    return anyio.run(main, backend=backend)


@Backend
def test_one_that_hangs_is_given_up_for_the_next(backend: str) -> None:
    stream = Stream()
    ended: list[str] = []

    async def connect(address: str) -> Stream:
        try:
            if address == "a":
                await anyio.sleep_forever()
            return stream
        finally:
            ended.append(address)

    assert first(connect, backend) is stream
    assert sorted(ended) == ["a", "b"]
    assert not stream.closed


@Backend
def test_of_two_that_answer_at_once_one_is_closed(backend: str) -> None:
    streams = {"a": Stream(), "b": Stream()}
    asked: list[str] = []

    async def connect(address: str) -> Stream:
        asked.append(address)
        with anyio.CancelScope(shield=True):
            while len(asked) < 2:
                await anyio.sleep(0.01)
        return streams[address]

    kept = first(connect, backend)
    assert [stream.closed for stream in streams.values() if stream is kept] == [False]
    assert [stream.closed for stream in streams.values() if stream is not kept] == [True]


@Backend
def test_nothing_is_left_open_behind_an_error_of_another_kind(backend: str) -> None:
    stream = Stream()

    async def connect(address: str) -> Stream:
        if address == "b":
            return stream
        try:
            await anyio.sleep_forever()
        finally:
            raise LookupError("not an error of the network")
        raise AssertionError

    with pytest.raises(BaseExceptionGroup) as caught:
        first(connect, backend)
    assert caught.group_contains(LookupError)
    assert stream.closed


@Backend
def test_the_last_refusal_is_the_error(backend: str) -> None:
    async def connect(address: str) -> Stream:
        await anyio.lowlevel.checkpoint()
        raise (httpcore.ConnectTimeout if address == "a" else httpcore.ConnectError)(f"no {address}")

    with pytest.raises(httpcore.ConnectError, match="no b"):
        first(connect, backend)
