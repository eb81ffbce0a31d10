"""The address of a server: read as people write it, and refused where it cannot be one. No I/O."""

# Callers without a type checker are users too, so arguments are checked at run time.
# pyright: reportUnnecessaryIsInstance=false

from __future__ import annotations

import re
from ipaddress import ip_address
from urllib.parse import urlsplit

from posthog_environments.errors import ConfigurationError

__all__ = ["CLOUDS", "read_host", "shown"]


# The two clouds of the vendor, https://posthog.com/docs/api, "US Cloud" and "EU Cloud".
CLOUDS = {"us": "https://us.posthog.com", "eu": "https://eu.posthog.com"}


def shown(value: object) -> str:
    """Show a wrong value, unless it may be a key that was put into the wrong place."""
    if isinstance(value, str) and (len(value) > 20 or value.startswith("ph")):
        return f"a text of {len(value)} characters"
    return repr(value) if isinstance(value, (str, int, float)) else type(value).__name__


def read_host(value: object, place: str, *, allow_http: bool) -> str:
    """Read the address of a server, which `place` gave.

    Raises:
        ConfigurationError: It is none, or one that takes no requests of this kind.
    """
    if not isinstance(value, str):
        raise ConfigurationError(f'{place} must be "us", "eu" or a URL, not {type(value).__name__}.')
    if value in CLOUDS:
        return CLOUDS[value]
    problem = _url_problem(value)
    misled = None if problem else _misled(value)
    if misled:
        raise ConfigurationError(f"{place} {misled}")
    if problem:
        # Not the value itself: what was taken for a host may be a key that was put into the wrong variable.
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
        return "has a character that no URL has."
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError:
        return "is not a URL that can be read."
    if parts.scheme not in ("http", "https"):
        return "does not begin with https://."
    if "@" in parts.netloc:
        return "has a user name or password in it; give the key as api_key."
    host = parts.hostname or ""
    if not _is_host_name(host) or (":" in host or "[" in parts.netloc) != bool(_LITERAL.fullmatch(parts.netloc)):
        return "names no host that can be read."
    if port == 0 or parts.netloc.endswith(":"):
        return "has no port that can be used."
    if "?" in value or "#" in value:
        return "has a query or fragment."
    if any(segment in (".", "..") or "%" in segment for segment in parts.path.split("/")) or "//" in parts.path:
        return "has a path that is not plain."
    return None


def _misled(value: str) -> str | None:
    """Say what is wrong with a URL at which there is something else of PostHog, and what to give instead."""
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


# A label as RFC 1123 has it; with the underscore that names inside a network may have.
_LABEL = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?")
_LITERAL = re.compile(r"\[[0-9A-Fa-f.]*:[0-9A-Fa-f:.]*(?:%[A-Za-z0-9._~-]+)?\](?::[0-9]*)?")


def _is_host_name(host: str) -> bool:
    if ":" in host:
        return _is_address(host, 6)
    labels = host.removesuffix(".").split(".")
    if len(host) > 253 or not all(map(_LABEL.fullmatch, labels)):
        return False
    if re.fullmatch(r"[0-9]+|0[xX][0-9a-fA-F]*", labels[-1]):
        # "127.1" and "2130706433" are addresses to some and names to others.
        return _is_address(host, 4)
    return True


def _is_address(host: str, version: int) -> bool:
    try:
        return ip_address(host).version == version
    except ValueError:
        return False


def _is_loopback(host: str) -> bool:
    # Not `x.localhost`: not every resolver keeps such names on this machine.
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
