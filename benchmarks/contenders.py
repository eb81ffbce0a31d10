"""What one would write, or take, instead: each walks over all persons of the canned server and counts them.

The bare walks let go of each page before they fetch the next one, so that its memory is used again while it is warm:
the strongest form of what one would write by hand.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from datetime import datetime
from importlib import import_module
from typing import Any
from urllib.parse import urlsplit

import httpx
import orjson
from pydantic import BaseModel

from benchmarks.stock import Stock

KEY = "phx_benchmark"
HEADERS = {"Authorization": f"Bearer {KEY}"}


class PydanticPerson(BaseModel):
    """A person, as one would write it down by hand."""

    uuid: str
    id: int | str | None = None
    name: str | None = None
    distinct_ids: list[str] = []
    properties: dict[str, Any] = {}
    created_at: datetime | None = None


class PydanticPage(BaseModel):
    """A page of them."""

    results: list[PydanticPerson]
    next: str | None = None


def first_page(host: str, size: int) -> str:
    """Return the address of the first page."""
    return f"{host}/api/environments/1/persons/?limit={size}"


class RawSocket:
    """The limit: bytes straight from a socket into orjson, with nothing that a client owes its user."""

    def __init__(self, host: str) -> None:
        self._parts = urlsplit(host)
        self._socket = socket.create_connection((self._parts.hostname or "", self._parts.port or 80))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()

    def walk(self, size: int) -> int:
        """Count everybody."""
        count = 0
        target: str | None = f"{self._parts.path}/api/environments/1/persons/?limit={size}"
        while target:
            body = self._fetch(target)
            page = orjson.loads(body)
            del body
            for _ in page["results"]:
                count += 1
            target = page["next"] and page["next"].partition(self._parts.netloc)[2]
            del page
        return count

    def _fetch(self, target: str) -> bytearray:
        self._socket.sendall(f"GET {target} HTTP/1.1\r\nHost: {self._parts.netloc}\r\n\r\n".encode())
        came = b""
        while b"\r\n\r\n" not in came:
            came += self._socket.recv(65536)
        head, _, rest = came.partition(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
        body = bytearray(length)
        body[: len(rest)] = rest
        view, done = memoryview(body), len(rest)
        while done < length:
            done += self._socket.recv_into(view[done:])
        return body


def with_httpx(client: httpx.Client, host: str, size: int) -> int:
    """Walk with httpx, and leave each person a dict."""
    count = 0
    url: str | None = first_page(host, size)
    while url:
        response = client.get(url, headers=HEADERS)
        response.raise_for_status()
        page = orjson.loads(response.content)
        del response
        for _ in page["results"]:
            count += 1
        url = page["next"]
        del page
    return count


def with_pydantic(client: httpx.Client, host: str, size: int) -> int:
    """Walk with httpx, and read each page as a model of pydantic."""
    count = 0
    url: str | None = first_page(host, size)
    while url:
        response = client.get(url, headers=HEADERS)
        response.raise_for_status()
        page = PydanticPage.model_validate_json(response.content)
        del response
        for _ in page.results:
            count += 1
        url = page.next
        del page
    return count


def requests_session() -> Any:
    """Return a session of requests, which brings no types along."""
    return import_module("requests").Session()


def with_requests(session: Any, host: str, size: int) -> int:
    """Walk with requests and its own json."""
    count = 0
    url: str | None = first_page(host, size)
    while url:
        response = session.get(url, headers=HEADERS)
        response.raise_for_status()
        page = response.json()
        del response
        for _ in page["results"]:
            count += 1
        url = page["next"]
        del page
    return count


def with_untouched(stock: Stock, client: object, size: int) -> int:
    """Walk with the client that the generator writes if nobody mends its templates."""
    count = 0
    while True:
        page = stock.list(client, size, count)
        for _ in page.results:
            count += 1
        if not page.next_:
            return count


async def with_httpx_async(client: httpx.AsyncClient, host: str, size: int) -> int:
    """Walk with httpx, awaiting, and leave each person a dict."""
    count = 0
    url: str | None = first_page(host, size)
    while url:
        response = await client.get(url, headers=HEADERS)
        response.raise_for_status()
        page = orjson.loads(response.content)
        del response
        for _ in page["results"]:
            count += 1
        url = page["next"]
        del page
    return count


def checked(walk: Callable[[], int], persons: int) -> Callable[[], None]:
    """Return a walk that fails unless it has seen everybody."""

    def work() -> None:
        found = walk()
        if found != persons:
            raise RuntimeError(f"{persons} persons are there, {found} came")

    return work
