"""Profiles: named sets of server, project and key, in the configuration folder of the platform.

The file is an INI with a section for each profile. Only its owner can read it.
"""

from __future__ import annotations

import configparser
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import click

from posthog_environments.config.api_key import Secret
from posthog_environments.config.settings import CONNECTION
from posthog_environments.errors import ConfigurationError, printable

__all__ = ["DEFAULT", "FIELDS", "load", "names", "path", "save"]

DEFAULT: Final = "default"
FIELDS: Final = (*CONNECTION, "api_key")


def path() -> Path:
    """Return the path of the file of profiles, which need not exist."""
    return Path(click.get_app_dir("posthog-environments")) / "profiles.ini"


def _read() -> configparser.ConfigParser:
    # No interpolation and no default section, because a key may contain any character.
    parser = configparser.ConfigParser(interpolation=None, default_section="\0")
    file = path()
    problem = None
    try:
        parser.read_string(file.read_text("utf-8"))
    except FileNotFoundError:
        pass
    except OSError as error:
        problem = error.strerror or type(error).__name__
    except (configparser.Error, UnicodeDecodeError) as error:
        # The message leaves out the error's text, which quotes the line and may contain the key.
        problem = f"it is not the INI that `phenv init` writes ({type(error).__name__})"
    if problem:
        raise ConfigurationError(f"The profiles in {file} cannot be read: {problem}. Correct the file or remove it.")
    return parser


def load(name: str | None) -> tuple[str, Mapping[str, str | Secret]]:
    """Return a profile and its name; without a name the default profile, which need not exist.

    Raises:
        ConfigurationError: The file cannot be read, or has no such profile.
    """
    parser = _read()
    if name is None:
        name = DEFAULT
        if name not in parser:
            return name, {}
    if name not in parser:
        known = ", ".join(map(repr, parser.sections())) or "none"
        raise ConfigurationError(
            f"There is no profile {printable(name, 60)!r} in {path()} (there: {known}). "
            "Write one with `phenv init --profile NAME`."
        )
    found = ((field, value) for field, value in parser[name].items() if field in FIELDS and value)
    return name, {field: Secret(value) if field == "api_key" else value for field, value in found}


def save(name: str, values: Mapping[str, str]) -> Path:
    """Write a profile and keep the others; return the path of the file.

    Raises:
        ConfigurationError: The file cannot be read or written.
    """
    parser = _read()
    parser[name] = {field: value for field, value in values.items() if value}
    file = path()
    problem = None
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Write a temporary file, which mkstemp makes with mode 0600, and rename it.
        handle, temporary = tempfile.mkstemp(dir=file.parent, prefix=".profiles-")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as stream:
                parser.write(stream)
            Path(temporary).replace(file)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError as error:
        problem = error.strerror or type(error).__name__
    if problem:
        raise ConfigurationError(f"The profile cannot be written to {file}: {problem}.")
    return file


def names() -> list[str]:
    """Return the names of the profiles."""
    return _read().sections()
