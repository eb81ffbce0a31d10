"""Settings: check the arguments of a sandbox."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Final, Literal, TypeVar, cast

from posthog_environments.sandbox.errors import SandboxArgumentError

_T = TypeVar("_T", bound=str)

Era = Literal["2025", "2026", "2026-09"]
ERAS: Final[tuple[Era, ...]] = ("2025", "2026", "2026-09")
"""Servers of autumn 2025, of the first half of 2026, and PostHog Cloud since September 2026."""

Rate = tuple[int, float]
"""Number of requests, and the period in seconds."""

Rates = bool | Mapping[str, "str | Sequence[Rate]"]

MOST_PERSONS: Final = 10_000_000
BUCKETS: Final = ("persons", "deletes", "insights", "query", "rest")
PREFIXES: Final = ("environments", "projects")
DATA_SUFFIXES: Final = (".parquet", ".csv", ".csv.gz", ".jsonl", ".jsonl.gz", ".ndjson", ".ndjson.gz")

_SECONDS: Final = {
    **dict.fromkeys(("s", "sec", "second"), 1.0),
    **dict.fromkeys(("m", "min", "minute"), 60.0),
    **dict.fromkeys(("h", "hour"), 3600.0),
    **dict.fromkeys(("d", "day"), 86400.0),
}
_RATE: Final = re.compile(r"\s*(\d{1,9})\s*/\s*([a-z]+)\s*")
_SCOPE: Final = re.compile(r"\*|[a-z_]+:(?:read|write)")
_KEY: Final = re.compile(r"[!-~]{8,200}")

_LATER: Final[Mapping[str, tuple[Rate, ...]]] = {
    "persons": ((240, 60.0),),
    "deletes": ((480, 60.0), (4800, 3600.0)),
    "insights": ((240, 60.0), (1200, 3600.0)),
    "query": ((240, 60.0), (1200, 3600.0)),
    "rest": ((480, 60.0), (4800, 3600.0)),
}
DOCUMENTED: Final[Mapping[Era, Mapping[str, tuple[Rate, ...]]]] = MappingProxyType(
    {
        "2025": {**_LATER, **dict.fromkeys(("persons", "deletes"), ((180, 60.0), (1200, 3600.0)))},
        "2026": _LATER,
        # Teams of PostHog Cloud have a separate bucket for queries.
        "2026-09": {**_LATER, "query": ((240, 60.0), (2400, 3600.0))},
    }
)
SHARED: Final[Mapping[Era, frozenset[str]]] = MappingProxyType(
    {
        "2025": frozenset({"insights", "query"}),
        "2026": frozenset({"persons", "insights", "query"}),
        "2026-09": frozenset({"persons", "insights"}),
    }
)
"""Buckets that count together. Source: posthog/rate_limit.py."""


@dataclass(frozen=True, slots=True)
class SandboxSettings:
    """All settings of a sandbox, checked."""

    persons: int
    data: Path | Literal["cdnow"] | None
    seed: int
    era: Era
    scopes: frozenset[str]
    rates: Mapping[str, tuple[Rate, ...]]
    port: int
    path: Path | None
    now: datetime | None
    oddities: bool
    unscoped: Literal["allow", "refuse"]
    prefixes: tuple[str, ...]
    redirect: bool
    queued: bool
    sunset: date
    lag: float
    project_id: int
    api_key: str | None
    legacy_trends: Literal[403, 404, 405] | None
    later: int
    actions: Mapping[int, str] | None


def whole(name: str, value: object, least: int, most: int) -> int:
    """Check a whole number against its bounds."""
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise SandboxArgumentError(f"{name} must be a whole number from {least:,} to {most:,}, not {value!r}.")
    return value


def seconds(name: str, value: object) -> float:
    """Check a number of seconds of at most a minute."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 60:
        raise SandboxArgumentError(f"{name} must be a number of seconds from 0 to 60, not {value!r}.")
    return float(value)


def one_of(name: str, value: object, choices: tuple[_T, ...]) -> _T:
    """Check that a string is one of some choices."""
    for choice in choices:
        if value == choice:
            return choice
    raise SandboxArgumentError(f"{name} must be one of {', '.join(map(repr, choices))}, not {value!r}.")


def legacy_trends_of(value: object, era: Era) -> Literal[403, 404, 405] | None:
    """Check `legacy_trends`, the status of refusals by `insights/trend/`."""
    if value is None:
        return None
    possible: Mapping[Era, tuple[Literal[403, 404, 405], ...]]
    possible = {"2025": (), "2026": (403,), "2026-09": (403, 404, 405)}
    for status in possible[era]:
        if value == status:
            return status
    known = ", ".join(map(str, possible[era])) or "no status"
    raise SandboxArgumentError(f"legacy_trends in the era {era} can be None or {known}, not {value!r}.")


def actions_of(value: object) -> Mapping[int, str] | None:
    """Check `actions`: a mapping of ids to event names."""
    if value is None:
        return None
    given = cast("Mapping[object, object]", value) if isinstance(value, Mapping) else {None: None}
    found: dict[int, str] = {}
    for number, event in given.items():
        if not isinstance(number, int) or isinstance(number, bool) or number < 1 or not isinstance(event, str):
            raise SandboxArgumentError(f"actions must be a mapping such as {{1: 'purchase'}}, not {value!r}.")
        found[number] = event
    return MappingProxyType(found)


def _path(value: object, wanted: str) -> Path:
    if not isinstance(value, str | os.PathLike):
        raise SandboxArgumentError(f"{wanted}, not {value!r}.")
    return Path(cast("str | os.PathLike[str]", value))


def data_source(value: object) -> Path | Literal["cdnow"] | None:
    """Check `data`: None, "cdnow", or an existing file of events."""
    if value is None or value == "cdnow":
        return "cdnow" if value else None
    path = _path(value, "data must be 'cdnow', the path of a file or None")
    if not path.is_file():
        raise SandboxArgumentError(f"data={str(path)!r} is not a file. Give 'cdnow' or the path of a file of events.")
    if not path.name.lower().endswith(DATA_SUFFIXES):
        raise SandboxArgumentError(
            f"data={str(path)!r} has a suffix that the sandbox does not know. It reads {', '.join(DATA_SUFFIXES)}."
        )
    return path


def database_path(value: object) -> Path | None:
    """Check `path`: None, or a file in an existing folder."""
    if value is None:
        return None
    path = _path(value, "path must be the path of a database file or None")
    if path.is_dir() or not path.absolute().parent.is_dir():
        raise SandboxArgumentError(f"path={str(path)!r} must name a file in a folder that exists.")
    return path


def moment(value: object) -> datetime | None:
    """Parse `now` as a naive datetime in UTC, as in the database."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            raise SandboxArgumentError(
                f"now={value!r} is not a date. Write it like '2026-01-31' or '2026-01-31T12:00:00Z'."
            ) from None
    if isinstance(value, datetime):
        return value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day)  # noqa: DTZ001 - naive on purpose, see above
    if value is None:
        return None
    raise SandboxArgumentError(f"now must be a datetime, a date, its ISO text or None, not {value!r}.")


def scopes_of(value: str | Iterable[str] | None) -> frozenset[str]:
    """Check `scopes`; None means all."""
    if value is None:
        return frozenset({"*"})
    given = [value] if isinstance(value, str) else list(value)
    for scope in given:
        if not isinstance(scope, str) or not _SCOPE.fullmatch(scope):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise SandboxArgumentError(
                f"{scope!r} is not a scope. Scopes look like 'person:read' or 'person:write', or '*'."
            )
    return frozenset(given)


def key_of(value: str | None) -> str | None:
    """Check `api_key`; the message does not repeat it."""
    if value is None:
        return None
    if not isinstance(value, str) or not _KEY.fullmatch(value):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise SandboxArgumentError("api_key must be 8 to 200 printable ASCII characters without blanks.")
    return value


def prefixes_of(value: str | Sequence[str]) -> tuple[str, ...]:
    """Check `prefixes`."""
    given = (value,) if isinstance(value, str) else tuple(value)
    if not given or any(prefix not in PREFIXES for prefix in given):
        raise SandboxArgumentError(f"prefixes must be one or both of {PREFIXES}, not {value!r}.")
    return given


def rates_of(value: Rates, era: Era) -> Mapping[str, tuple[Rate, ...]]:
    """Return the limits of each bucket from `rates`."""
    if value is True:
        return DOCUMENTED[era]
    if value is False:
        return {}
    if not isinstance(value, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise SandboxArgumentError("rates must be True, False or a mapping such as {'persons': '180/min, 1200/hour'}.")
    unknown = sorted(set(value) - set(BUCKETS))
    if unknown:
        raise SandboxArgumentError(f"rates knows {', '.join(BUCKETS)}, not {', '.join(map(repr, unknown))}.")
    return {bucket: tuple(_rates(bucket, given)) for bucket, given in value.items()}


def _rates(bucket: str, given: str | Sequence[Rate]) -> list[Rate]:
    if isinstance(given, str):
        return [_rate(bucket, part) for part in given.split(",")]
    pairs: list[Rate] = []
    for pair in given:
        try:
            count, period = pair
            if int(count) < 0 or not float(period) > 0:
                raise ValueError
        except (TypeError, ValueError):
            raise _no_rate(bucket, pair) from None
        pairs.append((int(count), float(period)))
    return pairs


def _rate(bucket: str, text: str) -> Rate:
    match = _RATE.fullmatch(text)
    period = _SECONDS.get(match[2]) if match else None
    if match is None or period is None:
        raise _no_rate(bucket, text)
    return int(match[1]), period


def _no_rate(bucket: str, value: object) -> SandboxArgumentError:
    return SandboxArgumentError(
        f"rates[{bucket!r}] holds {value!r}. Write '180/min, 1200/hour' or [(180, 60), (1200, 3600)]."
    )
