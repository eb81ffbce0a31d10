"""API key: check it, and keep it out of logs, reprs and tracebacks."""

from __future__ import annotations

from collections.abc import Callable
from typing import NoReturn

from posthog_environments.errors import ConfigurationError

__all__ = ["InvalidKey", "Secret", "api_key_secret"]


class Secret:
    """A string that only `reveal` returns.

    It is masked in repr, str and format, has no `__dict__`, and cannot be pickled or copied.
    """

    # Holds a function that returns the string, because debuggers show the values of all attributes.
    __slots__ = ("__give",)

    def __init__(self, value: str) -> None:
        self.__give: Callable[[], str] = lambda: value

    @classmethod
    def wrap(cls, value: object) -> object:
        """Wrap a string as a `Secret`, unchecked; return a function as it is.

        Other types are replaced by an `InvalidKey`, which records only the type name: bytes or a list may hold a key.
        """
        if value is None or isinstance(value, (cls, InvalidKey)) or callable(value):
            return value
        return cls(value) if isinstance(value, str) else InvalidKey(type(value).__name__)

    def reveal(self) -> str:
        """Return the string."""
        return self.__give()

    def __repr__(self) -> str:
        return "Secret(***)"

    def __str__(self) -> str:
        return "***"

    def __format__(self, spec: str) -> str:
        return "***"

    def __copy__(self) -> NoReturn:
        self.__reduce_ex__(0)

    def __deepcopy__(self, memo: object) -> NoReturn:
        self.__reduce_ex__(0)

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("A secret cannot be copied or pickled; make a new client where you need one.")


class InvalidKey:
    """Placeholder for a key that is not a string; it records only the type name."""

    __slots__ = ("kind",)

    def __init__(self, kind: str) -> None:
        self.kind = kind


_HELP = "Make a personal API key in PostHog under Settings, Personal API keys."


def api_key_secret(key: object, place: str) -> Secret:
    """Check an API key and return it as a `Secret`. No message contains the key.

    Raises:
        ConfigurationError: `place` holds no key, or one that cannot be sent in a header.
    """
    secret = Secret.wrap(key)
    del key
    problem = _problem(secret)
    if problem:
        raise ConfigurationError(f"{place} {problem}")
    assert isinstance(secret, Secret)
    return secret


def _problem(key: object) -> str | None:
    if not isinstance(key, Secret):
        kind = key.kind if isinstance(key, InvalidKey) else type(key).__name__
        return f"must be a str or a function that returns one, not {kind}. {_HELP}"
    key = key.reveal()
    if not key:
        return f"is empty. {_HELP}"
    if key != key.strip():
        return "has white space or a line break around it; remove it (reading a file? use .strip())."
    if key.lower().startswith("bearer "):
        return 'begins with "Bearer"; give the key alone.'
    if not all("!" <= c <= "~" for c in key):
        return "has a character that no key has (only printable ASCII without spaces may be sent); copy it again."
    if key.startswith("phc_"):
        return f"is a project API key (phc_…), which can only send events. {_HELP}"
    return None
