"""The environment that a campaign wants around it, and `phenv` in it."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

__all__ = ["PROXIES", "run", "surroundings", "with_tests"]

PROXIES: Final = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy")


def with_tests() -> dict[str, str]:
    """Return the environment of a process in which a defect may be one of the tests', which are found from the root."""
    return {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[3])}


@contextlib.contextmanager
def surroundings(**variables: str) -> Iterator[None]:
    """Set variables of the environment for a while, in which there is nothing else of PostHog or of proxies."""
    before = dict(os.environ)
    for name in [*PROXIES, "NO_PROXY", "no_proxy", *(name for name in before if name.startswith("POSTHOG_"))]:
        os.environ.pop(name, None)
    os.environ.update(variables)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def run(*arguments: str, text: str = "") -> tuple[int, str]:
    """Run `phenv` in this process; return its exit code and what it printed."""
    from posthog_environments.cli import main

    raw, stdin = io.BytesIO(), sys.stdin
    out = io.TextIOWrapper(raw, "utf-8", "backslashreplace", write_through=True)
    sys.stdin = io.StringIO(text)
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
            code = main(arguments)
        return code, raw.getvalue().decode("utf-8", "replace")
    finally:
        sys.stdin = stdin
