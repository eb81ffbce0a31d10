"""Deprecation notices: read them from response headers, and warn once of each.

`Deprecation` is `true` (older drafts) or `@seconds` since 1970 (RFC 9745). `Sunset` is a date (RFC 8594).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

from posthog_environments.calls.prefixes import ProjectUrl, links, parse_project_url, same_except_project, successors
from posthog_environments.errors import printable

if TYPE_CHECKING:
    from types import FrameType

    from posthog_environments.config.settings import Prefix

__all__ = ["Notice", "advise", "notices", "warn"]

# Packages whose frames a warning skips. In a task, the user's only line may be the one that started the event loop.
_NOT_THE_USER = frozenset({"posthog_environments", "asyncio", "anyio", "trio", "contextlib", "functools", "concurrent"})


@dataclass(frozen=True, slots=True)
class Notice:
    """One deprecation.

    Attributes:
        of: What is deprecated: "prefix", "current" (the project id "@current"), or "operation".
        text: The message with its dates, without the full stop.
        number: The project id behind "@current", if a link names it.
    """

    of: Literal["prefix", "current", "operation"]
    text: str
    number: str | None = None


def notices(url: str, operation: str, headers: Mapping[str, str]) -> list[Notice]:
    """Return what the response says is deprecated about its request: prefix, project or operation."""
    parsed, when = parse_project_url(url), _when(headers)
    if parsed is None or when is None:
        return []
    named = [
        target for target in successors(url, headers) if (found := parse_project_url(target)) is None or found != parsed
    ]
    about = [_twin(parsed, target) for target in named]
    twins = [twin for twin in about if twin is not None]
    number = next((twin.project for twin in twins if twin.project.isdigit()), None)
    announced: list[Notice] = []
    if parsed.project == "@current" and (number or not named):
        text = f'The server says that the project id "@current" is deprecated{when}'
        announced.append(Notice("current", text, number))
    if parsed.prefix == "environments" and (any(twin.prefix == "projects" for twin in twins) or not named):
        announced.append(Notice("prefix", f"The server says that /api/environments/ is on its way out{when}"))
    others = [target for target, twin in zip(named, about, strict=True) if twin is None]
    if others:
        where = printable(others[0], 200)
        announced.append(Notice("operation", f"The server says that {operation} is deprecated{when}; it names {where}"))
    return announced


def _twin(parsed: ProjectUrl, target: str) -> ProjectUrl | None:
    found = parse_project_url(target)
    return found if found is not None and same_except_project(parsed, found) else None


def _when(headers: Mapping[str, str]) -> str | None:
    """Return the dates as a suffix of "is deprecated"; None if nothing is deprecated."""
    since, sunset = headers.get("deprecation", "").strip(), headers.get("sunset", "").strip()
    if since.lower() in ("", "false", "?0") and not sunset:
        return None
    text = ""
    seconds = re.fullmatch(r"@(-?[0-9]{1,11})", since)
    if seconds:
        text = f" since {datetime.fromtimestamp(int(seconds.group(1)), UTC):%Y-%m-%d}"
    return text + (f" (its end is announced for {printable(sunset, 40)})" if sunset else "")


def advise(warned: set[str], chosen: Prefix, operation: str, url: str, headers: Mapping[str, str]) -> None:
    """Warn of each deprecation in a response once; `warned` holds what was warned of before."""
    if "deprecation" not in headers and "sunset" not in headers:
        return
    for notice in notices(url, operation, headers):
        about = operation if notice.of == "operation" else notice.of
        advice = None if about in warned else _advice(notice, chosen)
        if advice is not None:
            warned.add(about)
            warn(f"{notice.text}. {advice}{_explained(headers)}")


def _advice(notice: Notice, chosen: Prefix) -> str | None:
    """Return what to do about a notice; None if the client adapts by itself."""
    if notice.of == "current":
        number = f", {notice.number}" if notice.number else ""
        return f"Use the number of the project instead{number}: project_id={notice.number or 12345}."
    if notice.of == "prefix":
        if chosen != "environments":
            return None
        return 'Leave prefix="environments" out, or set prefix="projects"; the operations are the same.'
    return "See whether a newer version of posthog-environments has it."


def _explained(headers: Mapping[str, str]) -> str:
    """Return a sentence with the URL of the server's explanation, if it names one."""
    pages = [link.target for link in links(headers.get("link")) if "deprecation" in link.relations]
    return f" See {printable(pages[0], 200)}." if pages else ""


def warn(message: str, category: type[Warning] = DeprecationWarning) -> None:
    """Issue a warning that points to the user's line, past the frames of this package and of event loops.

    `warnings.warn` has `skip_file_prefixes` for this, but only since Python 3.12.
    """
    import inspect
    import warnings

    frame = inspect.currentframe()
    while frame is not None and frame.f_back is not None and _is_ours(frame):
        frame = frame.f_back
    if frame is None:  # not every Python has frames
        warnings.warn(message, category, stacklevel=2)
        return
    warnings.warn_explicit(
        message,
        category,
        filename=frame.f_code.co_filename,
        lineno=frame.f_lineno,
        module=str(frame.f_globals.get("__name__", "<unknown>")),
        registry=frame.f_globals.setdefault("__warningregistry__", {}),
    )


def _is_ours(frame: FrameType) -> bool:
    return str(frame.f_globals.get("__name__", "")).partition(".")[0] in _NOT_THE_USER
