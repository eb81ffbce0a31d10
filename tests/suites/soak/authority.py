"""A certificate authority of the tests' own.

It stands alone because it needs trustme, which .venv-pipelines does not have: the tests there use the raw servers too.
"""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta

import trustme

from soak.server import LOOPBACK

__all__ = ["Authority"]


class Authority:
    """A certificate authority that only these tests trust, and what it has issued."""

    def __init__(self) -> None:
        self._ca = trustme.CA()
        self.trusting = ssl.create_default_context()
        self._ca.configure_trust(self.trusting)

    def server(self, name: str = LOOPBACK, *, expired: bool = False, foreign: bool = False) -> ssl.SSLContext:
        """Make what a server of this name presents."""
        ca = trustme.CA() if foreign else self._ca
        past = datetime.now(UTC) - timedelta(days=2)
        times = {"not_before": past - timedelta(days=9), "not_after": past} if expired else {}
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        ca.issue_cert(name, **times).configure_cert(context)  # type: ignore[arg-type]
        return context
