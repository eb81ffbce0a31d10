"""One frozen value with all settings of a client, and how it is read and checked."""

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
    "quota_place",
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
    """Where the key comes from: a `Secret`, or a function that is asked before each attempt."""

    secret: Secret | None
    provider: Callable[[], str] | None = None

    def current(self) -> Secret:
        """Return the key as of now.

        Raises:
            ConfigurationError: The function failed, or returned no usable key. What it raised is not repeated,
                for it may name the key.
        """
        if self.secret is not None:
            return self.secret
        assert self.provider is not None
        failure = secret = None
        try:
            secret = Secret.wrap(self.provider())
        except Exception as error:  # noqa: BLE001 - a function of the user's may raise anything
            failure = type(error).__name__
        if failure:
            raise ConfigurationError(f"The function given as api_key raised {failure}; nothing was sent.")
        return api_key_secret(secret, "What the function given as api_key returned")


@dataclass(frozen=True, slots=True)
class CallOptions:
    """What may differ from call to call and from view to view on one client."""

    timeout: float = DEFAULT_TIMEOUT
    max_wait: float | None = None
    retries: int = DEFAULT_RETRIES
    pacing: bool = True
    # Of one call alone.
    extra_headers: Mapping[str, str] | None = None

    def but(self, **changes: Any) -> CallOptions:
        """Return these options with some changed, each of them checked."""
        for name, value in changes.items():
            check = _CHECKS.get(name)
            if check is None:
                raise TypeError(f"There is no option {name!r}; there are {', '.join(_CHECKS)}.")
            check(name, value)
        return replace(self, **changes)


@dataclass(frozen=True, slots=True)
class QuotaLocation:
    """Where a quota is kept that several workers share.

    Attributes:
        kind: What is there.
        address: The path of the file or the URL; that of a Redis may hold a password.
        shown: The same without a password, for people.
    """

    kind: Literal["file", "redis"]
    address: Secret
    shown: str


@dataclass(frozen=True, slots=True)
class Settings:
    """What stays the same for the life of a client."""

    project_id: str
    host: str
    key: ApiKeyProvider
    prefix: Prefix
    max_body: int = MAX_BODY
    trend_api: TrendApi = "auto"
    # None where the client counts for itself alone.
    quota: QuotaLocation | None = None

    @property
    def origin(self) -> tuple[str, str, int]:
        """Scheme, host and port that requests may go to."""
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
    """Check what was given, and fill the gaps from the environment.

    Raises:
        ConfigurationError: Something is missing or makes no sense; the message says which, and what to do.
    """
    api_key = _key(api_key, environ)
    project_id, place = _given(project_id, "project_id", environ)
    project = _project(project_id, place)
    host, place = _given(host, "host", environ)
    url = read_host("us" if host is None else host, place, allow_http=allow_http)
    prefix, place = _given(prefix, "prefix", environ)
    if prefix is None:
        prefix = "auto"
    if prefix not in ("auto", "environments", "projects"):
        raise ConfigurationError(f'{place} must be "auto", "environments" or "projects", not {shown(prefix)}.')
    trends = _trend_api(*_given(trend_api, "trend_api", environ))
    if isinstance(max_body, bool) or not isinstance(max_body, int) or max_body < 1:
        raise ConfigurationError(f"max_body must be a number of bytes of at least 1, not {shown(max_body)}.")
    shared = quota_place(*_given(quota, "quota", environ))
    return Settings(
        project_id=project,
        host=url,
        key=api_key,
        prefix=prefix,
        max_body=max_body,
        trend_api=trends,
        quota=shared,
    )


def _trend_api(value: object, place: str) -> TrendApi:
    if value is None:
        return "auto"
    if value not in ("auto", "legacy", "query"):
        raise ConfigurationError(
            f'{place} must be "auto", "legacy" (insights/trend/) or "query" (query/), not {shown(value)}.'
        )
    return value


def _given(value: object, name: str, environ: Mapping[str, str]) -> tuple[object, str]:
    """Return a value and the name of the place it came from, for messages."""
    variable = CONNECTION[name].variable
    if value is None and environ.get(variable):
        return environ[variable], variable
    return value, name


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


_PLACES = (
    '"memory", "file:///path/quota.db" for the processes of one machine, or "redis://host:6379/0" for several machines'
)


def quota_place(value: object, place: str = "quota") -> QuotaLocation | None:
    """Read where a quota is kept; None stands for the memory of the client.

    Raises:
        ConfigurationError: It is no such place; the message says what is.
    """
    if value is None or value == "memory":
        return None
    if isinstance(value, Secret):
        value = value.reveal()
    if isinstance(value, os.PathLike):
        return _quota_file(os.fspath(cast("os.PathLike[str]", value)))
    if not isinstance(value, str):
        raise ConfigurationError(f"{place} must be {_PLACES}, not {type(value).__name__}.")
    scheme, _, rest = value.partition(":")
    if scheme == "file" and _is_local(rest):
        return _quota_file(unquote(rest.removeprefix("//localhost") if rest.startswith("//localhost/") else rest))
    if scheme in ("redis", "rediss", "unix") and rest.startswith("//"):
        return QuotaLocation("redis", Secret(value), _without_password(scheme, rest))
    # Not the value itself: a URL may hold a password.
    hint = " A file is named with three slashes: file:///path/quota.db." if scheme == "file" else ""
    raise ConfigurationError(f"{place} must be {_PLACES}.{hint}")


def _is_local(rest: str) -> bool:
    return len(rest) > 1 and (not rest.startswith("//") or rest.startswith(("///", "//localhost/")))


def _quota_file(path: str) -> QuotaLocation:
    # Absolute, for the program may change its folder.
    full = str(Path(re.sub("^/+", "/", path)).absolute())
    return QuotaLocation("file", Secret(full), full)


def _without_password(scheme: str, rest: str) -> str:
    location, _, path = rest.removeprefix("//").partition("?")[0].partition("/")
    return f"{scheme}://{location.rpartition('@')[2]}/{path}"


def _seconds(name: str, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value) or value <= 0:
        raise ConfigurationError(
            f"{name} must be a number of seconds above 0, not {shown(value)}. "
            "There is no way to wait for ever; give a large number."
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


# What the client itself says in a request, or may not say.
_OURS = frozenset(
    {"authorization", "host", "content-length", "transfer-encoding", "connection", "accept-encoding", "expect"}
    | {"keep-alive", "proxy-authorization", "proxy-connection", "te", "trailer", "upgrade"}
)


def _headers(name: str, value: object) -> None:
    if not isinstance(value, Mapping):
        raise TypeError(f"{name} must be a mapping of names to texts, not {type(value).__name__}.")
    for header, text in cast("Mapping[object, object]", value).items():
        if not isinstance(header, str) or not isinstance(text, str):
            raise TypeError(f"{name} must hold texts alone, and a name or value in it is none.")
        if not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", header):
            raise ConfigurationError(f"{name} has a name that no header has. Give names such as X-Trace-Id.")
        if header.lower() in _OURS:
            remedy = "Give the key as api_key." if "authorization" in header.lower() else "Leave it out."
            raise ConfigurationError(f"{name} has {header}, which is for the client to say. {remedy}")
        if not re.fullmatch(r"(?:[!-~](?:[ -~\t]*[!-~])?)?", text):
            # Not the value itself: it may be a secret.
            raise ConfigurationError(
                f"{name} has a value of {header} with a line break, a space around it, or no ASCII. Encode it first."
            )


_CHECKS: dict[str, Callable[[str, object], None]] = {
    "timeout": _seconds,
    "max_wait": _max_wait,
    "retries": _retries,
    "pacing": _bool,
    "extra_headers": _headers,
}
