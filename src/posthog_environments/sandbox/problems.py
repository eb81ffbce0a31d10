"""Problems: error responses in the format of the API."""

from __future__ import annotations

from collections.abc import Mapping


class Problem(Exception):  # noqa: N818 - a response of the server, not an error of the program
    """An error response: a status and the four fields of an error body."""

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
    """Return a 400 for an invalid value."""
    return Problem(400, "validation_error", code, detail, attr)


def required(attr: str, detail: str) -> Problem:
    """Return a 400 for a missing field."""
    return invalid(detail, attr, "required")


def unreadable(detail: str) -> Problem:
    """Return a 400 for a body that cannot be parsed."""
    return Problem(400, "invalid_request", "parse_error", detail)


def unsupported(what: str, attr: str | None = None) -> Problem:
    """Return a 400 for what real servers support and the sandbox does not, instead of a wrong result."""
    return invalid(f"The sandbox does not support {what}.", attr, "not_supported_by_sandbox")


def not_found(detail: str = "There is nothing here.") -> Problem:
    """Return a 404."""
    return Problem(404, "invalid_request", "not_found", detail)


def crash(detail: str) -> Problem:
    """Return a 500, where real servers crash."""
    return Problem(500, "server_error", "error", detail)
