"""Connection settings: server, project and key from options, a profile, the environment, or the default profile.

Each value keeps its source, which `phenv doctor` shows.
"""

from __future__ import annotations

import os
import stat
import sys
from collections import ChainMap
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from posthog_environments.cli import profiles
from posthog_environments.config.api_key import Secret
from posthog_environments.config.defaults import DEFAULT_TIMEOUT
from posthog_environments.config.host import CLOUDS
from posthog_environments.config.settings import CONNECTION
from posthog_environments.errors import ConfigurationError

if TYPE_CHECKING:
    from posthog_environments.client.environment import Environment

__all__ = ["ConnectionOptions", "Setting", "connect", "key_of_options", "read"]

_VARIABLES = {name: setting.variable for name, setting in CONNECTION.items()} | {"api_key": "POSTHOG_PERSONAL_API_KEY"}
# The default profile is read where one of these is missing.
_NEEDED = ("host", "project_id", "prefix", "api_key")


@dataclass(frozen=True, slots=True)
class Setting:
    """A value and its source."""

    value: str | Secret | None
    source: str


_DEFAULTS = {
    name: Setting(setting.default, "default" if setting.default else "nowhere") for name, setting in CONNECTION.items()
} | {"api_key": Setting(None, "nowhere")}


@dataclass(frozen=True, slots=True)
class ConnectionOptions:
    """What a client is made from: the key under `api_key`, the others under the names of `CONNECTION`."""

    settings: Mapping[str, Setting]
    timeout: float

    def __getitem__(self, name: str) -> Setting:
        return self.settings[name]


def read(
    *,
    timeout: float | None,
    profile: str | None,
    api_key_file: str | None,
    api_key_stdin: bool | None,
    **given: str | None,
) -> ConnectionOptions:
    """Return each setting from the first source that has it.

    Raises:
        ConfigurationError: A source cannot be read, or the key of a profile would be sent to another server.
    """
    key = key_of_options(api_key_file, stdin=bool(api_key_stdin))
    options = {
        name: Setting(value, f"--{name.replace('_', '-')}") for name, value in given.items() if value is not None
    }
    if key is not None:
        options["api_key"] = key
    environment = {
        field: Setting(Secret(os.environ[variable]) if field == "api_key" else os.environ[variable], variable)
        for field, variable in _VARIABLES.items()
        if os.environ.get(variable)
    }
    of_profile: dict[str, Setting] = {}
    if profile or any(field not in options and field not in environment for field in _NEEDED):
        name, stored = profiles.load(profile)
        of_profile = {field: Setting(value, f"profile {name!r}") for field, value in stored.items()}
    # A named profile comes before the environment; the default profile only fills gaps.
    places = [options, of_profile, environment] if profile else [options, environment, of_profile]
    found = ChainMap(*places, _DEFAULTS)
    _keep_together(found, of_profile)
    return ConnectionOptions(found, DEFAULT_TIMEOUT if timeout is None else timeout)


def connect(wanted: ConnectionOptions) -> Environment:
    """Create a client.

    Raises:
        ConfigurationError: A setting is missing or invalid.
    """
    from posthog_environments import Environment
    from posthog_environments.cli.countdown import countdown

    # A Secret serves as a key as well, and never shows itself. All are checked there.
    values: dict[str, Any] = {name: setting.value for name, setting in wanted.settings.items()}
    return Environment(**values, timeout=wanted.timeout, on_event=countdown())


def _keep_together(found: Mapping[str, Setting], profile: Mapping[str, Setting]) -> None:
    """Refuse to send the key of a profile to another server."""
    if "api_key" not in profile or found["api_key"] is not profile["api_key"]:
        return
    own = _url(profile["host"].value if "host" in profile else "us")
    wanted = _url(found["host"].value)
    if own != wanted:
        raise ConfigurationError(
            f"The only key comes from {profile['api_key'].source}, which is for another server than "
            f"{found['host'].source} names, so it was not sent. Give the key of that server: "
            "POSTHOG_PERSONAL_API_KEY, --api-key-file or --api-key-stdin."
        )


def _url(host: str | Secret | None) -> str:
    return CLOUDS.get(str(host), str(host)).rstrip("/").lower()


def key_of_options(file: str | None, *, stdin: bool) -> Setting | None:
    """Return the key that an option names, or None.

    Raises:
        ConfigurationError: It cannot be read.
    """
    if file is not None and stdin:
        raise click.UsageError("--api-key-file and --api-key-stdin exclude each other.")
    if stdin:
        return Setting(Secret(sys.stdin.readline().strip()), "--api-key-stdin")
    if file is None:
        return None
    problem = key = None
    try:
        key = Secret(Path(file).read_text("utf-8").strip())
        if os.name == "posix" and stat.S_IMODE(Path(file).stat().st_mode) & 0o077:
            click.echo(f"Warning: others on this machine can read {file}; run chmod 600 on it.", err=True)
    except (OSError, UnicodeDecodeError) as error:
        problem = getattr(error, "strerror", None) or "it is not text"
    if problem:
        raise ConfigurationError(f"--api-key-file {file} cannot be read: {problem}.")
    return Setting(key, "--api-key-file")
