"""Refusals of the server, in the shape that its errors have."""

from __future__ import annotations

from collections.abc import Mapping


class Problem(Exception):  # noqa: N818 - an answer of the server, not a mistake of the program
    """One refusal: a status and the four fields of an error body."""

    def __init__(
        self,
        status: int,
        type: str,
        code: str,
        detail: str,
        attr: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.headers = dict(headers or {})
        self.body: dict[str, str | None] = {"type": type, "code": code, "detail": detail, "attr": attr}


def invalid(detail: str, attr: str | None = None, code: str = "invalid_input") -> Problem:
    """Refuse a value."""
    return Problem(400, "validation_error", code, detail, attr)


def required(attr: str, detail: str | None = None) -> Problem:
    """Refuse a request that lacks a field."""
    return invalid(detail or f"The field {attr} must be given.", attr, "required")


def unreadable(detail: str) -> Problem:
    """Refuse a body that cannot be parsed."""
    return Problem(400, "invalid_request", "parse_error", detail)


def unsupported(what: str, attr: str | None = None) -> Problem:
    """Refuse what the real server can do and the sandbox cannot: better than a wrong answer."""
    return invalid(f"The sandbox does not support {what}.", attr, "not_supported_by_sandbox")


def not_found(detail: str = "There is nothing here.") -> Problem:
    """Refuse a path or an id."""
    return Problem(404, "invalid_request", "not_found", detail)


def crash(detail: str) -> Problem:
    """Fail where the real server fails."""
    return Problem(500, "server_error", "error", detail)
