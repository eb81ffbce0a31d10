"""What the hand-kept package uses of others: their public names, and one that is not."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

import posthog_environments
from posthog_environments import Environment
from tests.client.wire import Wire, http

PACKAGE = Path(posthog_environments.__file__).parent
# Of httpx's transports: the pool of connections, which their constructors let nobody choose.
ALLOWED = {"_pool"}
# A public method of named tuples.
STANDARD = {"_replace"}
# The generated package is ours.
OURS = {"_get_kwargs"}


def used(tree: ast.AST) -> Iterator[str]:
    """Give the private names that are asked of objects, by a dot or by their text."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("getattr", "setattr"):
            yield from (
                each.value for each in node.args if isinstance(each, ast.Constant) and isinstance(each.value, str)
            )


def made(tree: ast.AST) -> Iterator[str]:
    """Give the private names that a module makes itself."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif (
            isinstance(node, ast.Attribute)
            and isinstance(node.ctx, ast.Store)
            and isinstance(node.value, ast.Name)
            and node.value.id in ("self", "cls", "view")
        ):
            yield node.attr


def private(names: Iterator[str]) -> set[str]:
    return {name for name in names if name.startswith("_") and not name.endswith("__")}


def foreign(trees: list[ast.AST]) -> set[str]:
    own: set[str] = set()
    for tree in trees:
        own |= private(made(tree))
    return {name for tree in trees for name in private(used(tree))} - own


def test_one_private_name_of_others_is_used() -> None:
    trees: list[ast.AST] = [ast.parse(path.read_text(encoding="utf-8")) for path in sorted(PACKAGE.rglob("*.py"))]
    assert foreign(trees) == ALLOWED | STANDARD | OURS


def test_it_is_used_in_one_line() -> None:
    lines = [
        line
        for path in PACKAGE.rglob("*.py")
        for line in path.read_text(encoding="utf-8").splitlines()
        if "._pool" in line
    ]
    assert len(lines) == 1


def test_the_check_would_notice() -> None:
    assert foreign([ast.parse("def f(pool):\n    return pool._requests, getattr(pool, '_connections')\n")]) == {
        "_requests",
        "_connections",
    }


@pytest.mark.parametrize("transport", [httpx.HTTPTransport, httpx.AsyncHTTPTransport])
def test_it_is_there(transport: type[httpx.HTTPTransport | httpx.AsyncHTTPTransport]) -> None:
    assert "_pool" in vars(transport())


def test_what_is_put_there_carries_the_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    from posthog_environments.transport import network

    opened: list[str] = []
    connect = network.Network.connect_tcp

    def counted(backend: network.Network, host: str, port: int, *arguments: object, **named: object) -> network.Stream:
        opened.append(f"http://{host}:{port}")
        return connect(backend, host, port, *arguments, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(network.Network, "connect_tcp", counted)
    with Wire(http(200, b'{"uuid": "u"}')) as wire, Environment(1, api_key="phx_x", host=wire.host) as env:
        assert env.persons.get(1).uuid == "u"
        assert opened == [wire.host]
