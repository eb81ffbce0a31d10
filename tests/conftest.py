"""What all tests share."""

from __future__ import annotations

import signal

import pytest


def pytest_configure() -> None:
    """Let Ctrl-C work in what the tests start, also where a shell in the background has switched it off."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


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
