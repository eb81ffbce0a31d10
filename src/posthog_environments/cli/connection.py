"""Connection settings: server, project and key from options, a profile, the environment, or the default profile.

Each value keeps its source, which `phenv doctor` shows.
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from posthog_environments.cli import profiles
from posthog_environments.config.api_key import Secret
from posthog_environments.config.defaults import DEFAULT_TIMEOUT
from posthog_environments.config.host import CLOUDS
from posthog_environments.errors import ConfigurationError

if TYPE_CHECKING:
    from posthog_environments.client.environment import Environment

__all__ = ["ConnectionOptions", "Setting", "connect", "read"]

_VARIABLES = {
    "host": "POSTHOG_HOST",
    "project_id": "POSTHOG_PROJECT_ID",
    "prefix": "POSTHOG_PREFIX",
    "trend_api": "POSTHOG_TREND_API",
    "api_key": "POSTHOG_PERSONAL_API_KEY",
    "quota": "POSTHOG_QUOTA",
}

# Values for which the default profile is read. The quota and the trend endpoint alone are no reason to read it.
_NEEDED = _VARIABLES.keys() - {"quota", "trend_api"}


@dataclass(frozen=True, slots=True)
class Setting:
    """A value and its source."""

    value: str | Secret | None
    source: str


@dataclass(frozen=True, slots=True)
class ConnectionOptions:
    """The settings of a client."""

    host: Setting
    project_id: Setting
    prefix: Setting
    api_key: Setting
    timeout: float
    quota: Setting = Setting(None, "nowhere")
    trend_api: Setting = Setting("auto", "default")


def read(
    *,
    project_id: str | None,
    host: str | None,
    prefix: str | None,
    timeout: float | None,
    profile: str | None,
    api_key_file: str | None,
    api_key_stdin: bool | None,
    quota: str | None = None,
    trend_api: str | None = None,
) -> ConnectionOptions:
    """Return each setting from the first source that has it.

    Raises:
        ConfigurationError: A source cannot be read, or the key of a profile would be sent to another server.
    """
    key = _key_of_options(api_key_file, stdin=bool(api_key_stdin))
    given = {"host": host, "project_id": project_id, "prefix": prefix, "quota": quota, "trend_api": trend_api}
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
    found = {field: _first(field, places) for field in _VARIABLES}
    _keep_together(found, of_profile)
    return ConnectionOptions(**found, timeout=DEFAULT_TIMEOUT if timeout is None else timeout)


def connect(wanted: ConnectionOptions) -> Environment:
    """Create a client.

    Raises:
        ConfigurationError: A setting is missing or invalid.
    """
    from posthog_environments import Environment
    from posthog_environments.cli.countdown import countdown

    return Environment(
        wanted.project_id.value,  # type: ignore[arg-type]  # only the key is a Secret
        api_key=wanted.api_key.value,  # type: ignore[arg-type]  # a Secret is accepted, too
        host=wanted.host.value,  # type: ignore[arg-type]
        prefix=wanted.prefix.value,  # type: ignore[arg-type]  # checked there
        trend_api=wanted.trend_api.value,  # type: ignore[arg-type]  # checked there
        timeout=wanted.timeout,
        quota=wanted.quota.value,  # type: ignore[arg-type]
        on_event=countdown(),
    )


def _first(field: str, places: list[dict[str, Setting]]) -> Setting:
    default = {"host": "us", "prefix": "auto", "quota": "memory", "trend_api": "auto"}.get(field)
    nowhere = Setting(default, "default" if default else "nowhere")
    return next((place[field] for place in places if field in place), nowhere)


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


def _key_of_options(file: str | None, *, stdin: bool) -> Setting | None:
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
