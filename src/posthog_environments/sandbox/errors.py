"""What can go wrong before a sandbox serves.

    SandboxError
    ├── SandboxArgumentError (ValueError)   an argument of `Sandbox` that cannot be
    ├── SandboxDataError (ValueError)       a file that does not hold what it should
    ├── SandboxMissingExtraError (ImportError)   the extra `sandbox` is not installed
    └── SandboxStartError (RuntimeError)    the server could not start

What goes wrong while it serves is an answer of the server, never one of these.
"""

from __future__ import annotations

from typing import Final

INSTALL_HINT: Final = "pip install 'posthog-environments[sandbox]'"


class SandboxError(Exception):
    """Base of everything that this package raises."""


class SandboxArgumentError(SandboxError, ValueError):
    """Say which argument cannot be and what would do."""


class SandboxDataError(SandboxError, ValueError):
    """Name the file, the row where there is one, and the remedy."""


class SandboxMissingExtraError(SandboxError, ImportError):
    """Say that DuckDB, Starlette or uvicorn is missing and how to get it."""

    def __init__(self, module: str) -> None:
        super().__init__(
            f"The sandbox needs {module}, which is not installed. Install the extra: {INSTALL_HINT}", name=module
        )


class SandboxStartError(SandboxError, RuntimeError):
    """Say why the server could not start."""
