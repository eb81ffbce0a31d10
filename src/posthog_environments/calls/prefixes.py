"""Prefixes: the twin paths of an operation, and the `Link` headers that name them. No I/O.

Twins are the same path under the two prefixes. Most servers have each operation under `/api/environments/` and under
`/api/projects/` (source: PostHog's middleware.py, EnvironmentsRewriteMiddleware). Responses under `/api/environments/`
carry `Deprecation`, `Sunset` and `Link` (RFC 9745, RFC 8594, RFC 8288). Responses for `@current` carry a `Link` with
the id of the project.
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
    "ProjectUrl",
    "is_twin",
    "links",
    "parse_project_url",
    "same_except_project",
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
    """One link of a `Link` header: its target, which may be relative, and its relations in lower case."""

    target: str
    relations: frozenset[str]


@dataclass(frozen=True, slots=True)
class ProjectUrl:
    """The URL of a resource of a project, split into parts.

    Attributes:
        origin: The scheme, and the host in lower case with the port, the default one if none is given.
        base: The path before `/api`, usually empty.
        prefix: "environments" or "projects".
        project: The project id as in the path: usually a number or "@current".
        rest: The path after the project.
        query: The decoded query, in its order.
    """

    origin: tuple[str, str]
    base: str
    prefix: str
    project: str
    rest: str
    query: tuple[tuple[str, str], ...]


def parse_project_url(url: str) -> ProjectUrl | None:
    """Parse the URL of a request or a link; None if it is not below a project."""
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
    return ProjectUrl(origin, base, prefix, project, rest, query)


def _origin(parts: SplitResult) -> tuple[str, str]:
    port = parts.port or {"https": 443, "http": 80}.get(parts.scheme, 0)
    return parts.scheme, f"{(parts.hostname or '').lower()}:{port}"


def twin_of(path: str) -> str | None:
    """Return the path under `/api/projects/` for a path under `/api/environments/`; None for any other path."""
    return PROJECTS + path.removeprefix(ENVIRONMENTS) if path.startswith(ENVIRONMENTS) else None


def links(header: str | None) -> list[Link]:
    """Return the links of a `Link` header; skip what is malformed."""
    found: list[Link] = []
    for match in _LINK.finditer(header or ""):
        values = (quoted or bare for name, quoted, bare in _PARAMETERS.findall(match.group(2)) if name.lower() == "rel")
        words = next(values, "").lower().split()
        found.append(Link(match.group(1).strip(), frozenset(words)))
    return found


def successors(url: str, headers: Mapping[str, str]) -> list[str]:
    """Return the absolute URLs that the response names as `successor-version`.

    Names of `headers` are case-insensitive or in lower case.
    """
    found: list[str] = []
    for link in links(headers.get("link")):
        if "successor-version" in link.relations:
            try:
                found.append(urljoin(url, link.target))
            except ValueError:
                continue
    return found


def is_twin(request: ProjectUrl, link: ProjectUrl | None) -> bool:
    """Return whether `link` is the twin of a request under `/api/environments/`; see `same_except_project`."""
    return (
        link is not None
        and (request.prefix, link.prefix) == ("environments", "projects")
        and same_except_project(request, link)
    )


def same_except_project(request: ProjectUrl, link: ProjectUrl) -> bool:
    """Return whether a link names the resource of the request, under either prefix.

    The project may differ only if the request had "@current": another number would be another project's data. The link
    may lack the base, because a server behind a proxy may not know it.
    """
    if link.base not in (request.base, "") or (
        link.project != request.project and not (request.project == "@current" and link.project.isdigit())
    ):
        return False
    return (request.origin, request.rest, request.query) == (link.origin, link.rest, link.query)
