"""Twin paths, and what the headers of an answer say about them. Pure.

Servers have each operation twice, under `/api/environments/` and under `/api/projects/` (PostHog's source:
middleware.py, EnvironmentsRewriteMiddleware). Answers under the first one carry `Deprecation`, `Sunset` and `Link`
(RFC 9745, RFC 8594, RFC 8288); answers for `@current` carry a `Link` that holds the number of the project.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal
from urllib.parse import SplitResult, parse_qsl, urljoin, urlsplit

__all__ = [
    "ENVIRONMENTS",
    "PROJECTS",
    "InUse",
    "Link",
    "Place",
    "links",
    "moves",
    "place_of",
    "same_but_place",
    "successors",
    "twin_of",
]

InUse = Literal["environments", "projects"]

ENVIRONMENTS = "/api/environments/"
PROJECTS = "/api/projects/"
_PATH = re.compile(r"(.*)/api/(environments|projects)/([^/]+)/(.*)", re.DOTALL)
# RFC 8288, 3: a target in angle brackets, then parameters, whose values may be quoted.
_PARAMETER = r';\s*([^\s=;,"<>]+)(?:\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;,"<>]*)))?'
_LINK = re.compile(rf"<([^<>]*)>((?:\s*{_PARAMETER})*)")
_PARAMETERS = re.compile(_PARAMETER)


@dataclass(frozen=True, slots=True)
class Link:
    """One link of a `Link` header: where it leads, as it came, and the relations in lower case."""

    target: str
    relations: frozenset[str]


@dataclass(frozen=True, slots=True)
class Place:
    """A path of the API that belongs to a project.

    Attributes:
        origin: Scheme and authority, in lower case.
        base: What stands before `/api`, mostly nothing.
        prefix: Which of the twins it is.
        project: The number of the project, or "@current".
        rest: What follows the project.
        query: The query, decoded, in its order.
    """

    origin: tuple[str, str]
    base: str
    prefix: str
    project: str
    rest: str
    query: tuple[tuple[str, str], ...]


def place_of(url: str) -> Place | None:
    """Read the URL of a request or of a link; None if it is not below a project."""
    try:
        parts = urlsplit(url)
        query = tuple(parse_qsl(parts.query, keep_blank_values=True))
        origin = _origin(parts)
    except ValueError:
        return None
    found = _PATH.fullmatch(parts.path)
    if found is None:
        return None
    base, prefix, project, rest = found.group(1, 2, 3, 4)
    return Place(origin, base, prefix, project, rest, query)


def _origin(parts: SplitResult) -> tuple[str, str]:
    port = parts.port or {"https": 443, "http": 80}.get(parts.scheme, 0)
    return parts.scheme, f"{(parts.hostname or '').lower()}:{port}"


def twin_of(path: str) -> str | None:
    """Return the twin of a path under environments, which is all that a request names; None for any other."""
    return PROJECTS + path.removeprefix(ENVIRONMENTS) if path.startswith(ENVIRONMENTS) else None


def links(header: str | None) -> list[Link]:
    """Read a `Link` header, in which there may be several; what is no link is passed over."""
    found: list[Link] = []
    for match in _LINK.finditer(header or ""):
        values = (quoted or bare for name, quoted, bare in _PARAMETERS.findall(match.group(2)) if name.lower() == "rel")
        words = next(values, "").lower().split()
        found.append(Link(match.group(1).strip(), frozenset(words)))
    return found


def successors(url: str, headers: Mapping[str, str]) -> list[str]:
    """Return where the answer to a request says that its successor is, as whole URLs."""
    found: list[str] = []
    for link in links(headers.get("link")):
        if "successor-version" in link.relations:
            try:
                found.append(urljoin(url, link.target))
            except ValueError:
                continue
    return found


def moves(place: Place, successor: Place | None) -> bool:
    """Tell whether a successor is the twin of a request under environments.

    It differs in prefix and project alone. The project may only be another where the request had "@current": any other
    number would be somebody else's data. A server behind a proxy may not know what stands before its own paths.
    """
    return (
        successor is not None
        and (place.prefix, successor.prefix) == ("environments", "projects")
        and same_but_place(place, successor)
    )


def same_but_place(place: Place, successor: Place) -> bool:
    """Tell whether two places differ in prefix and project alone."""
    if successor.base not in (place.base, "") or (
        successor.project != place.project and not (place.project == "@current" and successor.project.isdigit())
    ):
        return False
    return (place.origin, place.rest, place.query) == (successor.origin, successor.rest, successor.query)
