"""The API key, kept so that it does not show up where it should not."""

from __future__ import annotations

from typing import NoReturn

from posthog_environments.errors import ConfigurationError

__all__ = ["Secret", "api_key_secret"]


class Secret:
    """A text that shows itself to nobody but `reveal`.

    It is hidden in repr, str and format, has no `__dict__`, and refuses to be pickled or copied.
    """

    __slots__ = ("__value",)

    def __init__(self, value: str) -> None:
        self.__value = value

    @classmethod
    def wrap(cls, value: object) -> object:
        """Return a text as a `Secret`, unchecked; anything else as it is."""
        return cls(value) if isinstance(value, str) else value

    def reveal(self) -> str:
        """Return the text itself."""
        return self.__value

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
        raise TypeError("A secret is neither copied nor pickled; make a new client where you need one.")


_HELP = "Make a personal API key in PostHog under Settings, Personal API keys."


def api_key_secret(key: object, place: str) -> Secret:
    """Check an API key and return it as a `Secret`; the text of a bad key is in no message.

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
        return f"must be a str or a function that returns one, not {type(key).__name__}. {_HELP}"
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
