"""Requests and replies of operations."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import chain
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from posthog_environments.sandbox import bodies
from posthog_environments.sandbox.problems import Problem

KEY_PARAMETER: Final = "personal_api_key"


@dataclass(frozen=True, slots=False)
class RequestContext:
    """A request."""

    method: str
    url: str
    headers: dict[str, str]
    body: bytes
    id: str = ""
    lenient: bool = False
    """Whether the sandbox has the quirks of real servers."""

    @cached_property
    def query(self) -> dict[str, str]:
        """The query parameters; of repeated names the last value."""
        return dict(parse_qsl(urlsplit(self.url).query, keep_blank_values=True))

    @property
    def _kind(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @cached_property
    def fields(self) -> dict[str, Any]:
        """The fields of a JSON body; other content types raise 415."""
        if self.body.strip() and self._kind not in {"", "application/json"}:
            raise _unknown_kind(self._kind)
        return bodies.object_of(self.body)

    @cached_property
    def data(self) -> object:
        """The body: any JSON value, or the fields of a form. Operations on persons accept all of these."""
        if not self.body.strip():
            return {}
        if self._kind in {"", "application/json"}:
            return bodies.value_of(self.body)
        if self._kind == "application/x-www-form-urlencoded":
            return dict(parse_qsl(self.body.decode(errors="replace"), keep_blank_values=True))
        if self._kind == "multipart/form-data":
            return bodies.form_of(self.headers["content-type"], self.body)
        raise _unknown_kind(self._kind)

    def with_number(self, name: str, number: int) -> RequestContext:
        """Return this request with another number in its URL, replaced textually as servers do.

        Each parameter of that name with digits is replaced; if there is none, it is added. 0 changes nothing.
        """
        if not number:
            return self
        there = re.compile(rf"([&?]{name}=)\d+", re.ASCII)
        url = there.sub(rf"\g<1>{number}", self.url)
        if not there.search(self.url):
            url = f"{self.url}{'&' if '?' in self.url else '?'}{name}={number}"
        return replace(self, url=url)

    def link(self, **changed: int) -> str:
        """Return the URL of this request with changed parameters, without an API key."""
        split = urlsplit(self.url)
        pairs = [
            (name, value) for name, value in parse_qsl(split.query, keep_blank_values=True) if name != KEY_PARAMETER
        ]
        kept = [(name, str(changed.pop(name)) if name in changed else value) for name, value in pairs]
        query = urlencode(kept + [(name, str(value)) for name, value in changed.items()])
        return urlunsplit(split._replace(query=query))

    @property
    def wants_csv(self) -> bool:
        """Whether the response is to be CSV: `format` decides, then the header Accept."""
        wanted = self.query.get("format")
        if wanted == "" and self.lenient:
            wanted = None
        if wanted is not None and wanted not in {"json", "csv"}:
            raise Problem(
                404, "invalid_request", "not_found", f"There is no format {wanted[:60]!r}; there are json and csv."
            )
        return wanted == "csv" or (wanted is None and self._accepted() == "csv")

    def _accepted(self) -> str:
        """Choose a format as servers do: full types before wildcards, JSON before CSV; weights have no effect."""
        accept = self.headers.get("accept", "*/*")
        kinds = {part.partition(";")[0].strip().lower() for part in accept.split(",")}
        for wanted, answer in _CHOICES:
            if wanted in kinds:
                return answer
        raise Problem(406, "invalid_request", "not_acceptable", "The answer can be application/json or text/csv alone.")


_CHOICES: Final = (
    ("application/json", "json"), ("text/csv", "csv"), ("application/*", "json"), ("text/*", "csv"), ("*/*", "json"),
)  # fmt: skip


def _unknown_kind(kind: str) -> Problem:
    detail = f"Bodies of the type {kind[:60]!r} are not read here."
    return Problem(415, "invalid_request", "unsupported_media_type", detail)


@dataclass(frozen=True, slots=True)
class Reply:
    """The response of an operation."""

    status: int = 200
    body: bytes | Iterator[bytes] = b""
    media_type: str | None = None
    headers: dict[str, str] = field(default_factory=dict[str, str])


def json_reply(value: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Reply:
    """Return a reply with JSON."""
    return Reply(status, bodies.write(value).encode(), "application/json", dict(headers or {}))


def json_text(text: str) -> Reply:
    """Return a reply with JSON text."""
    return Reply(200, text.encode(), "application/json")


def csv_reply(chunks: Iterator[str], name: str | None, media_type: str = "text/csv; charset=utf-8") -> Reply:
    """Return a streamed reply with CSV; if there are no rows, an empty one without a content type."""
    first = next(chunks, None)
    if first is None:
        return Reply(200)
    disposition = {"Content-Disposition": f'attachment; filename="{name}.csv"'} if name else {}
    return Reply(200, (chunk.encode() for chunk in chain([first], chunks)), media_type, disposition)
