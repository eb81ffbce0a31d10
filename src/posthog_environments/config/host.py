"""Host setting: parse and check the address of a server. No I/O."""

from __future__ import annotations

import re
from ipaddress import ip_address
from urllib.parse import urlsplit

from posthog_environments.errors import ConfigurationError

__all__ = ["CLOUDS", "read_host", "shown"]


# The two clouds of the vendor, https://posthog.com/docs/api, "US Cloud" and "EU Cloud".
CLOUDS = {"us": "https://us.posthog.com", "eu": "https://eu.posthog.com"}


def shown(value: object) -> str:
    """Return a wrong value for an error message, masked if it may be a misplaced API key."""
    if isinstance(value, str) and (len(value) > 20 or value.startswith("ph")):
        return f"a text of {len(value)} characters"
    return repr(value) if isinstance(value, (str, int, float)) else type(value).__name__


def read_host(value: object, place: str, *, allow_http: bool) -> str:
    """Return the base URL of the server that `value` names; `place` is the setting it comes from.

    Raises:
        ConfigurationError: The value is no address, or the address of a server without this API.
    """
    if not isinstance(value, str):
        raise ConfigurationError(f'{place} must be "us", "eu" or a URL, not {type(value).__name__}.')
    if value in CLOUDS:
        return CLOUDS[value]
    problem = _url_problem(value)
    mistaken = None if problem else _other_service(value)
    if mistaken:
        raise ConfigurationError(f"{place} {mistaken}")
    if problem:
        # The message leaves out the value, which may be a key in the wrong variable.
        raise ConfigurationError(
            f'{place} {problem} It must be "us", "eu" or a URL like "https://posthog.example.com".'
        )
    parts = urlsplit(value)
    if parts.scheme == "http" and not allow_http and not _is_loopback(parts.hostname or ""):
        raise ConfigurationError(
            f"{place} is plain http, which would send the API key unencrypted. "
            "Use https, or give allow_http=True if you trust the network."
        )
    return value.rstrip("/")


def _url_problem(value: str) -> str | None:
    if not all("!" <= c <= "~" for c in value) or "\\" in value:
        return "has a character that a URL cannot have."
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError:
        return "is not a valid URL."
    if parts.scheme not in ("http", "https"):
        return "does not begin with https://."
    if "@" in parts.netloc:
        return "has a user name or password in it; give the key as api_key."
    host = parts.hostname or ""
    if not _is_host_name(host) or (":" in host or "[" in parts.netloc) != bool(_LITERAL.fullmatch(parts.netloc)):
        return "has no valid host name."
    if port == 0 or parts.netloc.endswith(":"):
        return "has an invalid port."
    if "?" in value or "#" in value:
        return "has a query or fragment."
    if any(segment in (".", "..") or "%" in segment for segment in parts.path.split("/")) or "//" in parts.path:
        return "has a path with dots, percent signs or empty segments."
    return None


def _other_service(value: str) -> str | None:
    """Return the problem and the remedy if the URL belongs to another part of PostHog."""
    parts = urlsplit(value)
    name = (parts.hostname or "").rstrip(".")
    if name == "i.posthog.com" or name.endswith(".i.posthog.com"):
        # The vendor's SDKs for capture read the same variable, https://posthog.com/docs/api, "Public endpoints".
        region = next((region for region in CLOUDS if name.startswith(region)), None)
        remedy = f'"{region}", which is {CLOUDS[region]}' if region else '"us" or "eu", where your project is'
        return f"names a host that only takes in events, and has no API to read from. Give {remedy}."
    segments = [segment.lower() for segment in parts.path.split("/") if segment]
    root = f"{parts.scheme}://{parts.netloc}"
    if "project" in segments:
        return f"holds the page of a project. Give {root} as the host, and the number of the project as project_id."
    if "api" in segments and (segments[-1] == "api" or {"projects", "environments"} & set(segments)):
        base = "/".join(parts.path.split("/")[: 1 + segments.index("api")]).rstrip("/")
        return f"holds /api, which the client adds by itself. Give {root}{base}."
    return None


# A label by RFC 1123, and with the underscore that internal names may have.
_LABEL = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?")
_LITERAL = re.compile(r"\[[0-9A-Fa-f.]*:[0-9A-Fa-f:.]*(?:%[A-Za-z0-9._~-]+)?\](?::[0-9]*)?")


def _is_host_name(host: str) -> bool:
    if ":" in host:
        return _is_address(host, 6)
    labels = host.removesuffix(".").split(".")
    if len(host) > 253 or not all(map(_LABEL.fullmatch, labels)):
        return False
    if re.fullmatch(r"[0-9]+|0[xX][0-9a-fA-F]*", labels[-1]):
        # Some resolvers read "127.1" and "2130706433" as addresses, others as names.
        return _is_address(host, 4)
    return True


def _is_address(host: str, version: int) -> bool:
    try:
        return ip_address(host).version == version
    except ValueError:
        return False


def _is_loopback(host: str) -> bool:
    # `x.localhost` does not count: not every resolver maps it to this machine.
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
