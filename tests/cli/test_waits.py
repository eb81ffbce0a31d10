"""`-v` says each attempt and each wait; a terminal shows a long wait as it runs down."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from posthog_environments.sandbox import Sandbox

from .conftest import NOW, Run, Screen, on_screen

ATTEMPT = re.compile(r"\d\d:\d\d:\d\d\.\d{3} GET persons\.list: 200, attempt 1, \d+\.\d{3} s")


@pytest.mark.parametrize("before", [True, False])
def test_verbose_says_each_attempt(run: Run, capfd: pytest.CaptureFixture[str], before: bool) -> None:
    words = ["persons", "list", "--limit", "2", "--json"]
    done = run("-v", *words) if before else run(*words, "--verbose")
    assert done.code == 0
    assert len(done.out.splitlines()) == 2
    # Who runs pytest has handlers of their own, which then take the lines.
    assert all(ATTEMPT.fullmatch(line) for line in done.err.splitlines())
    assert run(*words).err == "", "the next command is quiet again"


def test_on_a_terminal_verbose_and_results_do_not_mix(screen: Callable[..., Screen], tmp_path: Path) -> None:
    file = tmp_path / "out"
    shown = screen("persons", "list", "--limit", "2", "--json", "-v", stdout=file)
    assert shown.code == 0
    assert ATTEMPT.search(shown.text), shown.text
    assert len(file.read_text().splitlines()) == 2


@pytest.fixture
def slow(home: Path) -> Callable[..., Screen]:
    """Give a terminal in front of a server that says 429 to the second request."""
    assert home.exists()

    def show(*args: str, **options: object) -> Screen:
        with Sandbox(persons=10, now=NOW, rates=False) as box:
            box.fail_next(429, retry_after=3)
            return on_screen(*args, env=box.environ, **options)  # type: ignore[arg-type]

    return show


def test_a_long_wait_runs_down(slow: Callable[..., Screen]) -> None:
    shown = slow("persons", "get", "1", "--json")
    assert shown.code == 0
    counted = re.findall(r"Waiting as the server asks: (\d+) s", shown.text)
    assert counted == ["3", "2", "1"], shown.text
    assert shown.text.rpartition("\x1b[K")[2].lstrip("\r\n").startswith("{"), "nothing of it is left"


def test_with_verbose_each_has_its_line(slow: Callable[..., Screen]) -> None:
    shown = slow("persons", "get", "1", "--json", "-v")
    assert re.search(r"GET persons\.get: waiting 3\.\d s as the server asks, before attempt 2\r?\n", shown.text)
    assert "Waiting as the server asks: 3 s" in shown.text


def test_where_results_go_into_a_file_the_progress_says_it(slow: Callable[..., Screen], tmp_path: Path) -> None:
    shown = slow("persons", "list", "--json", stdout=tmp_path / "out", width=120)
    assert shown.code == 0
    assert "Waiting as the server asks" in shown.text
    assert len((tmp_path / "out").read_text().splitlines()) == 10


def test_who_interrupts_a_wait_is_told_so_on_a_line_of_its_own(slow: Callable[..., Screen]) -> None:
    shown = slow("persons", "get", "1", answers=[("Waiting as the server asks", "\x03")])
    assert shown.code == 130
    assert shown.lines[-2].endswith("Interrupted.")
    assert "Waiting" not in shown.lines[-2]


def test_without_a_terminal_nothing_is_shown(bare: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    with Sandbox(persons=10, now=NOW, rates=False) as box:
        box.fail_next(429, retry_after=3)
        for name, value in box.environ.items():
            monkeypatch.setenv(name, value)
        assert bare("persons", "get", "1", "--json").err == ""
