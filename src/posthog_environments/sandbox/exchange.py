"""A request as the operations see it, and what they give back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from posthog_environments.sandbox import bodies
from posthog_environments.sandbox.problems import Problem

if TYPE_CHECKING:
    from posthog_environments.sandbox.changes import Changes
    from posthog_environments.sandbox.clock import Clock
    from posthog_environments.sandbox.matches import Counted
    from posthog_environments.sandbox.query import Queue
    from posthog_environments.sandbox.results import Results
    from posthog_environments.sandbox.settings import Settings
    from posthog_environments.sandbox.store import Store

KEY_PARAMETER: Final = "personal_api_key"


@dataclass(frozen=True, slots=True)
class House:
    """What all operations share."""

    settings: Settings
    store: Store
    changes: Changes
    clock: Clock
    counted: Counted
    results: Results
    queue: Queue

    @property
    def lenient(self) -> bool:
        """Whether it has the real server's ways."""
        return self.settings.oddities

    @property
    def newer(self) -> bool:
        """Whether it is of 2026, early or late."""
        return self.settings.era != "2025"

    @property
    def today(self) -> bool:
        """Whether it is like the cloud since September 2026."""
        return self.settings.era == "2026-09"

    def now(self) -> datetime:
        """Tell the sandbox's time."""
        return self.clock.now()


@dataclass(frozen=True, slots=False)
class Call:
    """One request, already let in."""

    method: str
    url: str
    headers: dict[str, str]
    body: bytes
    id: str = ""

    @cached_property
    def query(self) -> dict[str, str]:
        """Give the query; of a name that comes twice the last."""
        return dict(parse_qsl(urlsplit(self.url).query, keep_blank_values=True))

    @cached_property
    def fields(self) -> dict[str, Any]:
        """Give the fields of a JSON body; any other kind of body is refused."""
        kind = self.headers.get("content-type", "").partition(";")[0].strip().lower()
        if self.body.strip() and kind and kind != "application/json" and not kind.endswith("+json"):
            raise Problem(
                415, "invalid_request", "unsupported_media_type", f"Bodies of the type {kind[:60]!r} are not read here."
            )
        return bodies.object_of(self.body)

    def link(self, **changed: int) -> str:
        """Write the address of this request with other values in its query; never with a key."""
        split = urlsplit(self.url)
        pairs = [
            (name, value) for name, value in parse_qsl(split.query, keep_blank_values=True) if name != KEY_PARAMETER
        ]
        kept = [(name, str(changed.pop(name)) if name in changed else value) for name, value in pairs]
        query = urlencode(kept + [(name, str(value)) for name, value in changed.items()])
        return urlunsplit(split._replace(query=query))

    @property
    def wants_csv(self) -> bool:
        """Tell whether the answer shall be CSV: `format` decides, then the header Accept."""
        wanted = self.query.get("format")
        if wanted is not None and wanted not in {"json", "csv"}:
            raise Problem(
                404, "invalid_request", "not_found", f"There is no format {wanted[:60]!r}; there are json and csv."
            )
        return wanted == "csv" or (wanted is None and self._accepted() == "csv")

    def _accepted(self) -> str:
        accept = self.headers.get("accept", "") or "*/*"
        kinds = [part.partition(";")[0].strip().lower() for part in accept.split(",")]
        if any(kind in {"*/*", "application/*", "application/json", "text/html"} for kind in kinds):
            return "json"
        if any(kind in {"text/csv", "text/*"} for kind in kinds):
            return "csv"
        raise Problem(406, "invalid_request", "not_acceptable", "The answer can be application/json or text/csv alone.")


@dataclass(frozen=True, slots=True)
class Reply:
    """What an operation answers."""

    status: int = 200
    body: bytes | Iterator[bytes] = b""
    media_type: str | None = None
    headers: dict[str, str] = field(default_factory=dict[str, str])


def empty(status: int) -> Reply:
    """Answer without a body."""
    return Reply(status)


def json_reply(value: object, status: int = 200) -> Reply:
    """Answer with JSON."""
    return Reply(status, bodies.write(value).encode(), "application/json")


def json_text(text: str, status: int = 200) -> Reply:
    """Answer with JSON that is already text."""
    return Reply(status, text.encode(), "application/json")


def csv_reply(chunks: Iterator[str], name: str, media_type: str = "text/csv; charset=utf-8") -> Reply:
    """Answer with CSV, as it comes."""
    disposition = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
    return Reply(200, (chunk.encode() for chunk in chunks), media_type, disposition)
