"""The pages on each language say what `make prove ARGS=compilers` runs: programs, versions, operations."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from simpler import without_unions

from prove.compilers.pages import PAGES, commands, stated_versions
from tests.contract.test_sandbox_answers import CONTRACT

ROOT = Path(__file__).parents[2]
LOCK = json.loads((ROOT / "tests/suites/prove/node/compilers/package-lock.json").read_text("utf-8"))["packages"]
PINS = dict(re.findall(r"(?m)^([\w-]+)==(\S+)", (ROOT / "requirements" / "prove.txt").read_text("utf-8")))


@pytest.mark.parametrize(("page", "program"), PAGES.items())
def test_a_page_shows_the_program_and_what_it_prints(page: str, program: str) -> None:
    text = (ROOT / "docs" / f"{page}.md").read_text("utf-8")
    assert f"{{literalinclude}} programs/{program}\n" in text
    assert f"{{literalinclude}} programs/{program}.txt\n" in text
    assert f"(programs/{program})" in text, "the program cannot be downloaded"
    assert "programs/events.jsonl)" in text, "the people of the sandbox cannot be downloaded"
    assert len((ROOT / "docs" / "programs" / f"{program}.txt").read_text("utf-8").splitlines()) > 10


@pytest.mark.parametrize("page", PAGES)
def test_a_page_names_the_versions_that_are_tried(page: str) -> None:
    found = list(stated_versions(page))
    assert found
    for name, version in found:
        tried = PINS[name] if name in PINS else LOCK[f"node_modules/{name}"]["version"]
        assert f"{tried}.".startswith(f"{version}."), f"{name} {version} is named, {tried} is tried"


@pytest.mark.parametrize("page", PAGES)
def test_a_page_has_commands(page: str) -> None:
    assert len(commands(page)) > 3
    assert all(line and not line.startswith(("$", "#")) for line in commands(page))


def test_the_sandbox_of_the_pages_is_that_of_the_proof() -> None:
    text = (ROOT / "docs" / "_parts" / "sandbox.md").read_text("utf-8")
    assert "phenv sandbox --port 8000 --data events.jsonl --now 2026-01-10 --no-oddities" in text
    assert 'now="2026-01-10"' in (ROOT / "tests/suites/prove/compilers/ground.py").read_text("utf-8")


def test_without_unions_nothing_is_this_or_that() -> None:
    plain = json.dumps(without_unions(CONTRACT))
    assert '"anyOf"' in json.dumps(CONTRACT)
    assert '"anyOf"' not in plain
    assert '["integer", "string"' not in plain
    assert '"operationId": "runQuery"' in plain
