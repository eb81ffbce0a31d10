"""What an editor shows over a method: the real signature and docstring, asked of a language server."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCE = """from posthog_environments import AsyncEnvironment, Environment
Environment(1).persons.list()
Environment(1).insights.trend()
AsyncEnvironment(1).persons.update(5, {})
"""


class LanguageServer:
    """As much of the language server protocol as a hover takes."""

    def __init__(self, folder: Path) -> None:
        self._process = subprocess.Popen(
            [str(Path(sys.executable).with_name("basedpyright-langserver")), "--stdio"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self._count = 0
        where = folder.as_uri()
        self.ask(
            "initialize",
            processId=None,
            rootUri=where,
            workspaceFolders=[{"uri": where, "name": "hover"}],
            capabilities={"textDocument": {"hover": {"contentFormat": ["plaintext"]}}},
        )
        self._write({"method": "initialized", "params": {}})

    def _write(self, message: dict[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self._process.stdin is not None
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        self._process.stdin.flush()

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        length = 0
        while header := self._process.stdout.readline().strip():
            name, _, value = header.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        message: dict[str, Any] = json.loads(self._process.stdout.read(length))
        return message

    def tell(self, method: str, **params: Any) -> None:
        self._write({"method": method, "params": params})

    def ask(self, method: str, **params: Any) -> Any:
        self._count += 1
        self._write({"id": self._count, "method": method, "params": params})
        for _ in range(1000):
            message = self._read()
            if message.get("id") == self._count and "method" not in message:
                return message["result"]
            if "id" in message:  # the server asks for settings; there are none
                items = message.get("params", {}).get("items", [])
                self._write({"id": message["id"], "result": [{} for _ in items] or None})
        raise AssertionError("the language server did not answer")

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()


@pytest.fixture(scope="module")
def hover(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    folder = tmp_path_factory.mktemp("hover")
    python = {"venvPath": str(ROOT), "venv": ".venv", "extraPaths": [str(ROOT / "src"), str(ROOT / "generated")]}
    (folder / "pyrightconfig.json").write_text(json.dumps(python), encoding="utf-8")
    server = LanguageServer(folder)
    uri = (folder / "use.py").as_uri()
    server.tell(
        "textDocument/didOpen",
        textDocument={"uri": uri, "languageId": "python", "version": 1, "text": SOURCE},
    )

    def ask(name: str) -> str:
        line = next(number for number, text in enumerate(SOURCE.splitlines()) if f".{name}(" in text)
        column = SOURCE.splitlines()[line].index(f".{name}(") + 2
        position = {"line": line, "character": column}
        found = server.ask("textDocument/hover", textDocument={"uri": uri}, position=position)
        return str(found["contents"]["value"])

    yield ask
    server.close()


def test_an_editor_shows_signature_and_docstring(hover: Any) -> None:
    shown = hover("list")
    assert "search: str | None = None" in shown
    assert "-> Pager[Person]" in shown
    assert "Nothing is sent before the first item is asked for" in shown


def test_of_insights_too(hover: Any) -> None:
    shown = hover("trend")
    assert "breakdown_type: str | None = None" in shown
    assert "-> Trend" in shown
    assert "Count events over time" in shown


def test_and_of_the_awaiting_client(hover: Any) -> None:
    shown = hover("update")
    assert "properties: Mapping[str, Any]" in shown
    assert "Coroutine[Any, Any, Person | None]" in shown
    assert "OutcomeUnknown" in shown
