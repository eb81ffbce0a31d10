"""The options of the sources: texts, as Spark has them, read and checked once. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from importlib import import_module
from typing import Any, Final, cast

from posthog_environments.client.environment import Environment
from posthog_environments.config.defaults import LONG_WAIT
from posthog_environments.config.settings import CONNECTION
from posthog_environments.errors import ConfigurationError
from posthog_environments.integrations.rows import PERSON_COLUMNS, ColumnType, projects_of
from posthog_environments.query.arguments import Argument

__all__ = ["CLIENT", "SparkOptions", "read_columns"]

CLIENT: Final = frozenset({*CONNECTION, "allow_http", "timeout", "max_wait", "pacing", "key_provider", "strict"})
"""What both sources know."""

_KEYS: Final = re.compile(r".*(api_?key|personal_?key|secret|token|password).*|key|bearer|authorization")
_PROVIDER: Final = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")
_COLUMN: Final = re.compile(r"\s*(?:`((?:[^`]|``)+)`|([A-Za-z_$][\w$]*))\s*:?\s+([A-Za-z]+)\s*(?:,|$)")
_TYPES: Final[Mapping[str, ColumnType]] = {
    "string": "text",
    "boolean": "bool",
    "bigint": "int64",
    "long": "int64",
    "double": "float64",
    "date": "date",
    "timestamp": "timestamp",
}


@dataclass(frozen=True, slots=True)
class SparkOptions:
    """Options as they were given, by names in lower case. They have no key, because Spark shows them."""

    given: Mapping[str, str] = field(default_factory=dict[str, str])

    @classmethod
    def read(cls, given: Mapping[str, str], known: frozenset[str]) -> SparkOptions:
        """Check options.

        Raises:
            ConfigurationError: One looks like a key, is unknown, or has a value that makes no sense.
        """
        lower = {name.lower(): value for name, value in given.items()}
        for name in lower:
            if name not in known and _KEYS.fullmatch(name):
                raise ConfigurationError(
                    f"The option {name!r} is refused: options stand in Spark's plan, its logs and its UI. Set "
                    "POSTHOG_PERSONAL_API_KEY where driver and workers run, or name a function there that returns the "
                    'key: option("key_provider", "module:function"). If this was a key, make a new one.'
                )
        unknown = sorted(set(lower) - known)
        if unknown:
            raise ConfigurationError(f"There is no option {unknown[0]!r}; there are {', '.join(sorted(known))}.")
        options = cls(lower)
        options.projects()
        options.client()
        options.flag("strict", default=True)
        return options

    def projects(self) -> list[str | None]:
        """Read `project_id`: one, or several with commas between."""
        try:
            return projects_of(self.given.get("project_id"))
        except ValueError as error:
            raise ConfigurationError(str(error)) from None

    def client(self) -> dict[str, Any]:
        """Read what a client is made with, but for project and key."""
        settings: dict[str, Any] = {
            name: self.given[name] for name in CONNECTION if name != "project_id" and name in self.given
        }
        settings["max_wait"] = self.number("max_wait", LONG_WAIT)
        settings["pacing"] = self.flag("pacing", default=True)
        if "timeout" in self.given:
            settings["timeout"] = self.number("timeout", 0.0)
        if "allow_http" in self.given:
            settings["allow_http"] = self.flag("allow_http", default=False)
        return settings

    def open(self, project: str | None) -> Environment:
        """Make a client, with the key of this machine."""
        provider = self.given.get("key_provider")
        return Environment(project, api_key=None if provider is None else _provided(provider), **self.client())

    def arguments(self, declared: Mapping[str, Argument]) -> dict[str, Any]:
        """Read the arguments of an operation that were given."""
        return {name: self._argument(name, argument) for name, argument in declared.items() if name in self.given}

    def _argument(self, name: str, argument: Argument) -> Any:
        if argument.kind == "text":
            return self.given[name]
        if argument.kind == "flag":
            return self.flag(name, default=False)
        if argument.kind == "number":
            return self.whole(name, argument.least, argument.most, argument.least)
        if argument.kind != "filters":
            return _listed(self.given[name])
        try:
            return json.loads(self.given[name])
        except ValueError:
            raise ConfigurationError(f"The option {name!r} must be JSON.") from None

    def moment(self, name: str) -> datetime | None:
        """Read an optional moment with its offset from UTC."""
        text = self.given.get(name)
        try:
            found = None if text is None else datetime.fromisoformat(text)
        except ValueError:
            found = datetime.min  # noqa: DTZ901 - has no offset, and is refused below
        if found is not None and found.tzinfo is None:
            raise ConfigurationError(f"The option {name!r} must be written like 2026-01-31T00:00:00+00:00.")
        return found

    def flag(self, name: str, *, default: bool) -> bool:
        """Read true or false."""
        text = self.given.get(name, str(default)).strip().lower()
        if text not in ("true", "false"):
            raise ConfigurationError(f"The option {name!r} must be true or false, not {text[:20]!r}.")
        return text == "true"

    def number(self, name: str, default: float) -> float:
        """Read a number of seconds."""
        try:
            return float(self.given.get(name, default))
        except ValueError:
            raise ConfigurationError(f"The option {name!r} must be a number of seconds.") from None

    def whole(self, name: str, default: int, most: int, least: int = 1) -> int:
        """Read a whole number."""
        text = self.given.get(name, str(default)).strip()
        if not re.fullmatch(r"[0-9]{1,9}", text) or not least <= int(text) <= most:
            raise ConfigurationError(f"The option {name!r} must be a whole number from {least} to {most:,}.")
        return int(text)


def _listed(text: str) -> Any:
    """Read names with commas between, or the API's own dicts as JSON."""
    if text.lstrip().startswith(("[", "{")):
        try:
            return json.loads(text)
        except ValueError:
            raise ConfigurationError(f"{text[:40]!r} begins like JSON, and is none.") from None
    parts = [part.strip() for part in text.split(",")]
    # Actions and cohorts have numbers.
    found = [int(part) if part.isascii() and part.isdigit() else part for part in parts]
    return found if len(found) > 1 or isinstance(found[0], int) else found[0]


def _provided(provider: str) -> Callable[[], str]:
    """Find the function that gives the key, where this runs."""
    if not _PROVIDER.fullmatch(provider):
        raise ConfigurationError(
            "The option 'key_provider' must be module:function, such as 'jobs.secrets:posthog_key'."
        )
    module, _, name = provider.partition(":")
    try:
        found = getattr(import_module(module), name)
    except (ImportError, AttributeError):
        raise ConfigurationError(
            f"The function of key_provider={provider!r} cannot be imported here. It must be there on driver and "
            "workers."
        ) from None
    if not callable(found):
        raise ConfigurationError(f"key_provider={provider!r} is no function.")
    return cast("Callable[[], str]", found)


def read_columns(text: str | None) -> dict[str, ColumnType]:
    """Read `columns`: names and types as in SQL, `email string, age bigint`.

    Raises:
        ConfigurationError: It cannot be read, or a column has a name that is there already.
    """
    found: dict[str, ColumnType] = {}
    place, text = 0, (text or "").rstrip()
    while place < len(text):
        match = _COLUMN.match(text, place)
        if match is None:
            raise ConfigurationError(
                f"The option 'columns' cannot be read from {text[place : place + 40]!r} on. Write it like "
                "'email string, age bigint, `my property` double'."
            )
        name, kind, place = (match[1] or match[2]).replace("``", "`"), match[3].lower(), match.end()
        if kind not in _TYPES:
            raise ConfigurationError(f"The column {name!r} must be one of {', '.join(_TYPES)}, not {kind!r}.")
        if name.lower() in {*(column.name for column in PERSON_COLUMNS), *map(str.lower, found)}:
            raise ConfigurationError(
                f"There is a column {name!r} already. Read the property of that name from the column properties: "
                f"get_json_object(properties, '$.{name}')."
            )
        found[name] = _TYPES[kind]
    return found
