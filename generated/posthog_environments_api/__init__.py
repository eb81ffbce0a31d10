"""The low-level client of the PostHog environments API. Written by scripts/generate.py from openapi.yaml: do not edit.

Everything is imported when it is first used; importing this package loads neither httpx nor msgspec.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .client import AuthenticatedClient as AuthenticatedClient
    from .client import Client as Client

__all__ = ["AuthenticatedClient", "Client"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        from . import client

        return getattr(client, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
