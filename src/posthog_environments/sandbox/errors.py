"""Errors before a sandbox serves.

    SandboxError
    ├── SandboxArgumentError (ValueError)   an argument of `Sandbox` is invalid
    ├── SandboxDataError (ValueError)       a file is invalid
    ├── SandboxMissingExtraError (ImportError)   the extra `sandbox` is not installed
    └── SandboxStartError (RuntimeError)    the server could not start

Failures of requests are responses of the server, not exceptions.
"""

from __future__ import annotations

from typing import Final

INSTALL_HINT: Final = "pip install 'posthog-environments[sandbox]'"


class SandboxError(Exception):
    """Base of all errors of this package."""


class SandboxArgumentError(SandboxError, ValueError):
    """An argument is invalid; the message names it, and the valid values."""


class SandboxDataError(SandboxError, ValueError):
    """A file is invalid; the message names the file, the row if there is one, and the remedy."""


class SandboxMissingExtraError(SandboxError, ImportError):
    """DuckDB, Starlette or uvicorn is missing; the message says how to install it."""

    def __init__(self, module: str) -> None:
        super().__init__(
            f"The sandbox needs {module}, which is not installed. Install the extra: {INSTALL_HINT}", name=module
        )


class SandboxStartError(SandboxError, RuntimeError):
    """The server could not start; the message says why."""
