"""Settings: read, check and hold all settings of a client."""

# Callers without a type checker are users too, so arguments are checked at run time.
# pyright: reportUnnecessaryIsInstance=false

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, cast
from urllib.parse import unquote, urlsplit

from posthog_environments.config.api_key import Secret, api_key_secret
from posthog_environments.config.defaults import DEFAULT_RETRIES, DEFAULT_TIMEOUT, MAX_BODY
from posthog_environments.config.host import read_host, shown
from posthog_environments.errors import ConfigurationError

__all__ = [
    "CONNECTION",
    "VERSION",
    "ApiKeyProvider",
    "CallOptions",
    "ConnectionSetting",
    "Prefix",
    "QuotaLocation",
    "Settings",
    "TrendApi",
    "read_quota_location",
    "read_settings",
]


# The version of the distribution; pyproject.toml reads it from here.
VERSION = "0.1.0"


Prefix = Literal["auto", "environments", "projects"]


TrendApi = Literal["auto", "legacy", "query"]


@dataclass(frozen=True, slots=True)
class ConnectionSetting:
    """A setting that is an argument of the clients, a variable of the environment, and an option of the command.

    dlt, Spark and the profiles of the command have it under the same name.

    Attributes:
        variable: The variable of the environment.
        help: What `phenv --help` says of it.
        metavar: What stands for the value in the help.
        choices: The values that it may have; none where there are many.
        default: The value where nothing else is set; None where one must be set.
    """

    variable: str
    help: str
    metavar: str | None = None
    choices: tuple[str, ...] = ()
    default: str | None = None


CONNECTION: Mapping[str, ConnectionSetting] = {
    "project_id": ConnectionSetting("POSTHOG_PROJECT_ID", 'The project: a number, or "@current".', metavar="ID"),
    "host": ConnectionSetting("POSTHOG_HOST", "The server.", metavar="us|eu|URL", default="us"),
    "prefix": ConnectionSetting(
        "POSTHOG_PREFIX",
        "Which of the twin paths of the API to use; auto, the default, finds out.",
        choices=("auto", "environments", "projects"),
        default="auto",
    ),
    "trend_api": ConnectionSetting(
        "POSTHOG_TREND_API",
        "Where trends are asked for: insights/trend/ or query/.",
        choices=("auto", "legacy", "query"),
        default="auto",
    ),
    "quota": ConnectionSetting(
        "POSTHOG_QUOTA",
        "Where workers count together: file:///path/quota.db or redis://host:6379/0.",
        metavar="memory|URL",
        default="memory",
    ),
}


@dataclass(frozen=True, slots=True)
class ApiKeyProvider:
    """Source of the API key: a `Secret`, or a function that is called before each attempt."""

    secret: Secret | None
    provider: Callable[[], str] | None = None

    def current(self) -> Secret:
        """Return the current key.

        Raises:
            ConfigurationError: The function failed, or returned no usable key. The message leaves out the function's
                own error, which may contain the key.
        """
        if self.secret is not None:
            return self.secret
        assert self.provider is not None
        failure = secret = None
        try:
            secret = Secret.wrap(self.provider())
        except Exception as error:  # noqa: BLE001 - the user's function may raise anything
            failure = type(error).__name__
        if failure:
            raise ConfigurationError(f"The function given as api_key raised {failure}; nothing was sent.")
        return api_key_secret(secret, "What the function given as api_key returned")


@dataclass(frozen=True, slots=True)
class CallOptions:
    """Options that may differ between the calls and the views of one client."""

    timeout: float = DEFAULT_TIMEOUT
    max_wait: float | None = None
    retries: int = DEFAULT_RETRIES
    pacing: bool = True
    # Set for a single call only.
    extra_headers: Mapping[str, str] | None = None

    def but(self, **changes: Any) -> CallOptions:
        """Return a copy with some options changed and checked."""
        for name, value in changes.items():
            check = _CHECKS.get(name)
            if check is None:
                raise TypeError(f"There is no option {name!r}; the options are {', '.join(_CHECKS)}.")
            check(name, value)
        return replace(self, **changes)


@dataclass(frozen=True, slots=True)
class QuotaLocation:
    """Location of a quota that several processes share.

    Attributes:
        kind: Kind of store.
        address: Path of the file, or URL of the Redis server, which may contain a password.
        shown: The address without a password, for messages.
    """

    kind: Literal["file", "redis"]
    address: Secret
    shown: str


@dataclass(frozen=True, slots=True)
class Settings:
    """Settings that stay the same for the life of a client."""

    project_id: str
    host: str
    key: ApiKeyProvider
    prefix: Prefix
    max_body: int = MAX_BODY
    trend_api: TrendApi = "auto"
    # None if the client counts its own requests only.
    quota: QuotaLocation | None = None

    @property
    def origin(self) -> tuple[str, str, int]:
        """Scheme, host and port of the server; no request goes elsewhere."""
        parts = urlsplit(self.host)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        return parts.scheme, parts.hostname or "", port


def read_settings(
    *,
    project_id: object,
    api_key: object,
    host: object,
    prefix: object,
    max_body: object,
    allow_http: bool,
    environ: Mapping[str, str],
    quota: object = None,
    trend_api: object = None,
) -> Settings:
    """Check the arguments, and read missing ones from the environment.

    Raises:
        ConfigurationError: A setting is missing or invalid; the message names it and says what to do.
    """
    api_key = _key(api_key, environ)
    project = _project(*_value_and_source(project_id, "project_id", environ))
    host, place = _value_and_source(host, "host", environ)
    url = read_host(host, place, allow_http=allow_http)
    prefix, place = _value_and_source(prefix, "prefix", environ)
    if prefix not in ("auto", "environments", "projects"):
        raise ConfigurationError(f'{place} must be "auto", "environments" or "projects", not {shown(prefix)}.')
    trend_api, place = _value_and_source(trend_api, "trend_api", environ)
    if trend_api not in ("auto", "legacy", "query"):
        raise ConfigurationError(
            f'{place} must be "auto", "legacy" (insights/trend/) or "query" (query/), not {shown(trend_api)}.'
        )
    if isinstance(max_body, bool) or not isinstance(max_body, int) or max_body < 1:
        raise ConfigurationError(f"max_body must be a number of bytes of at least 1, not {shown(max_body)}.")
    shared = read_quota_location(*_value_and_source(quota, "quota", environ))
    return Settings(
        project_id=project,
        host=url,
        key=api_key,
        prefix=prefix,
        max_body=max_body,
        trend_api=trend_api,
        quota=shared,
    )


def _value_and_source(value: object, name: str, environ: Mapping[str, str]) -> tuple[object, str]:
    """Return a value, or the default, and where it comes from, for messages."""
    setting = CONNECTION[name]
    if value is None and environ.get(setting.variable):
        return environ[setting.variable], setting.variable
    return setting.default if value is None else value, name


def _key(key: object, environ: Mapping[str, str]) -> ApiKeyProvider:
    if callable(key) and not isinstance(key, Secret):
        return ApiKeyProvider(None, cast("Callable[[], str]", key))
    if key is not None:
        return ApiKeyProvider(api_key_secret(key, "api_key"))
    variable = "POSTHOG_PERSONAL_API_KEY"
    if not environ.get(variable):
        raise ConfigurationError(
            f"There is no API key. Set {variable}, or give api_key=. "
            "Make one in PostHog under Settings, Personal API keys."
        )
    return ApiKeyProvider(api_key_secret(environ[variable], variable))


def _project(value: object, place: str) -> str:
    if value is None:
        raise ConfigurationError(
            "There is no project id. Set POSTHOG_PROJECT_ID, or give project_id=: the number in the address of "
            "your project (/project/12345)."
        )
    if isinstance(value, int) and not isinstance(value, bool):
        value = int.__repr__(value)
    if isinstance(value, str) and (value == "@current" or re.fullmatch(r"[1-9][0-9]{0,17}", value)):
        return value
    raise ConfigurationError(f'{place} must be a positive whole number or "@current", not {shown(value)}.')


_QUOTA_LOCATIONS = (
    '"memory", "file:///path/quota.db" for the processes of one machine, or "redis://host:6379/0" for several machines'
)


def read_quota_location(value: object, place: str = "quota") -> QuotaLocation | None:
    """Parse the location of a quota; None means the memory of the client.

    Raises:
        ConfigurationError: The value is no valid location; the message lists the valid ones.
    """
    if value is None or value == "memory":
        return None
    if isinstance(value, Secret):
        value = value.reveal()
    if isinstance(value, os.PathLike):
        return _quota_file(os.fspath(cast("os.PathLike[str]", value)))
    if not isinstance(value, str):
        raise ConfigurationError(f"{place} must be {_QUOTA_LOCATIONS}, not {type(value).__name__}.")
    scheme, _, rest = value.partition(":")
    if scheme == "file" and _is_local(rest):
        return _quota_file(unquote(rest.removeprefix("//localhost") if rest.startswith("//localhost/") else rest))
    if scheme in ("redis", "rediss", "unix") and rest.startswith("//"):
        return QuotaLocation("redis", Secret(value), _without_password(scheme, rest))
    # The message leaves out the value, which may contain a password.
    hint = " A file is named with three slashes: file:///path/quota.db." if scheme == "file" else ""
    raise ConfigurationError(f"{place} must be {_QUOTA_LOCATIONS}.{hint}")


def _is_local(rest: str) -> bool:
    return len(rest) > 1 and (not rest.startswith("//") or rest.startswith(("///", "//localhost/")))


def _quota_file(path: str) -> QuotaLocation:
    # Absolute, because the program may change its working directory.
    full = str(Path(re.sub("^/+", "/", path)).absolute())
    return QuotaLocation("file", Secret(full), full)


def _without_password(scheme: str, rest: str) -> str:
    location, _, path = rest.removeprefix("//").partition("?")[0].partition("/")
    return f"{scheme}://{location.rpartition('@')[2]}/{path}"


def _seconds(name: str, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value) or value <= 0:
        raise ConfigurationError(
            f"{name} must be a number of seconds above 0, not {shown(value)}. "
            "An unlimited wait is not possible; give a large number."
        )


def _max_wait(name: str, value: object) -> None:
    if value is None or (isinstance(value, (int, float)) and value == 0 and not isinstance(value, bool)):
        return
    _seconds(name, value)


def _retries(name: str, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 100:
        raise ConfigurationError(f"{name} must be a whole number from 0 to 100, not {shown(value)}.")


def _bool(name: str, value: object) -> None:
    if not isinstance(value, bool):
        raise ConfigurationError(f"{name} must be True or False, not {shown(value)}.")


# Headers that only the client sets.
_RESERVED_HEADERS = frozenset(
    {"authorization", "host", "content-length", "transfer-encoding", "connection", "accept-encoding", "expect"}
    | {"keep-alive", "proxy-authorization", "proxy-connection", "te", "trailer", "upgrade"}
)


def _headers(name: str, value: object) -> None:
    if not isinstance(value, Mapping):
        raise TypeError(f"{name} must be a mapping of names to texts, not {type(value).__name__}.")
    for header, text in cast("Mapping[object, object]", value).items():
        if not isinstance(header, str) or not isinstance(text, str):
            raise TypeError(f"{name} must map str to str.")
        if not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", header):
            raise ConfigurationError(f"{name} has an invalid header name. Give names such as X-Trace-Id.")
        if header.lower() in _RESERVED_HEADERS:
            remedy = "Give the key as api_key." if "authorization" in header.lower() else "Leave it out."
            raise ConfigurationError(f"{name} has {header}, which only the client may set. {remedy}")
        if not re.fullmatch(r"(?:[!-~](?:[ -~\t]*[!-~])?)?", text):
            # The message leaves out the value, which may be a secret.
            raise ConfigurationError(
                f"{name} has a value of {header} with a line break, a space around it, or a character that is not "
                "ASCII. Encode it first."
            )


_CHECKS: dict[str, Callable[[str, object], None]] = {
    "timeout": _seconds,
    "max_wait": _max_wait,
    "retries": _retries,
    "pacing": _bool,
    "extra_headers": _headers,
}
