"""Notices: response headers for deprecated paths and for missing keys.

Sources: PostHog's middleware and settings for `/api/environments/`, its docs for `@current`, its exceptions for 401.
It is not known how the two notices combine under `/api/environments/@current/`. Here the dates are those of
`/api/environments/`, and Link has the targets of both.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlsplit

from posthog_environments.sandbox.settings import SandboxSettings

CURRENT_SINCE: Final = "@1795564800"
CURRENT_UNTIL: Final = "Fri, 30 Apr 2027 23:59:59 GMT"
CURRENT_PAGE: Final = "https://posthog.com/docs/api/current-alias-deprecation"
_CURRENT: Final = re.compile(r"/api/(?:environments|projects)/@current(?:/.*)?", re.DOTALL)


def of(settings: SandboxSettings, url: str, path: str, status: int) -> dict[str, str]:
    """Return the headers of the response to `url`, whose unescaped path is `path`."""
    headers: dict[str, str] = {}
    if settings.era == "2025":
        return headers
    split = urlsplit(url)
    target = twin(split.path) + (f"?{split.query}" if split.query else "")
    if settings.era == "2026-09" and _CURRENT.fullmatch(path):
        number = re.sub(r"/(?:@|%40)current(?=/|\?|$)", f"/{settings.project_id}", target, count=1)
        headers = {"Deprecation": CURRENT_SINCE, "Sunset": CURRENT_UNTIL}
        headers["Link"] = f'<{number}>; rel="successor-version", <{CURRENT_PAGE}>; rel="deprecation"'
    if path.startswith("/api/environments/"):
        headers["Deprecation"] = "true"
        headers["Sunset"] = settings.sunset.strftime("%a, %d %b %Y 00:00:00 GMT")
        headers.setdefault("Link", f'<{target}>; rel="successor-version"')
    if settings.era == "2026-09" and status == 401:
        origin = f"{split.scheme}://{split.netloc}"
        headers["WWW-Authenticate"] = f'Bearer resource_metadata="{origin}/.well-known/oauth-protected-resource"'
    return headers


def twin(url: str) -> str:
    """Return the URL under `/api/projects/`."""
    return url.replace("/api/environments/", "/api/projects/", 1)
