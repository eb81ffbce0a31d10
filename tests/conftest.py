"""What all tests share."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

# They have targets and settings of their own.
collect_ignore = ["suites"]


def pytest_configure() -> None:
    """Let Ctrl-C work in what the tests start, also where a shell in the background has switched it off."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


# One test a line, without its parameters; all of a module where no test is named.
SLOW = frozenset(Path(__file__).with_name("slow.txt").read_text("utf-8").split())


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that take long, as tests/slow.txt has them."""
    for item in items:
        name = item.nodeid.partition("[")[0]
        if name in SLOW or name.partition("::")[0] in SLOW:
            item.add_marker("slow")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print how many recorded answers of PostHog's own server the sandbox gives too, group by group."""
    rows = sorted(
        str(value).split("|")
        for reports in terminalreporter.stats.values()
        for report in reports
        if isinstance(report, pytest.TestReport) and report.when == "call"
        for name, value in report.user_properties
        if name == "recorded"
    )
    if not rows:
        return
    same, asked = (sum(int(row[place]) for row in rows) for place in (1, 2))
    terminalreporter.section("answers as PostHog's own server gave them")
    for group, here, of in rows:
        terminalreporter.write_line(f"{group:<20} {here:>4} of {of:>4}")
    terminalreporter.write_line(f"{'all':<20} {same:>4} of {asked:>4}")


@pytest.fixture(autouse=True)
def _no_settings_of_the_caller(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the caller's own PostHog and proxies out of the tests."""
    for name in ("PROJECT_ID", "PERSONAL_API_KEY", "HOST", "PREFIX"):
        monkeypatch.delenv(f"POSTHOG_{name}", raising=False)
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"
