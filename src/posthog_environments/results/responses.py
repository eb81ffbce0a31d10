"""Raw responses: status, headers and body of a response, beside the value of the call."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from posthog_environments.errors import MalformedResponseError

__all__ = ["RawResponse"]

T_co = TypeVar("T_co", covariant=True)
U = TypeVar("U")


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class RawResponse(Generic[T_co]):
    """The response of a call; `parse` returns the value of the call.

    Attributes:
        status_code: HTTP status of the response, a success.
        headers: The headers of the response; names are case-insensitive.
        content: The body, decompressed.
        attempts: Number of requests that were sent, including retries, polls and other endpoints.
        elapsed: Seconds that the call took, including waits.
    """

    status_code: int
    headers: Mapping[str, str]
    content: bytes
    attempts: int
    elapsed: float
    _parse: Callable[[], T_co]
    _read: Callable[[bytes], Any]

    @property
    def request_id(self) -> str | None:
        """Value of the header X-Request-Id, to quote to support; None if the response has none."""
        return self.headers.get("x-request-id")

    @property
    def bytes_read(self) -> int | None:
        """Bytes that the query read, from X-PostHog-Query-Bytes-Read; None if the server does not send it."""
        return self._number("x-posthog-query-bytes-read")

    @property
    def budget_remaining_bytes(self) -> int | None:
        """Bytes that queries may still read, from X-PostHog-Query-Budget-Remaining-Bytes; None if it is not sent."""
        return self._number("x-posthog-query-budget-remaining-bytes")

    def parse(self) -> T_co:
        """Return the value of the call.

        Raises:
            MalformedResponseError: The response does not follow the contract.
        """
        return self._parse()

    def json(self) -> Any:
        """Decode the body. Integers of any size stay exact.

        Raises:
            MalformedResponseError: The body is empty or not JSON.
        """
        from posthog_environments_api.records import DecodeError

        try:
            return self._read(self.content)
        except DecodeError as error:
            problem = f"The body is not JSON: {error}."
        raise MalformedResponseError(problem, status_code=self.status_code, body=self.content)

    def giving(self, value: U) -> RawResponse[U]:
        """Return the same response with `value` as the result of `parse`."""
        return RawResponse(
            self.status_code, self.headers, self.content, self.attempts, self.elapsed, lambda: value, self._read
        )

    def _number(self, header: str) -> int | None:
        value = self.headers.get(header, "").strip()
        return int(value) if value.isascii() and value.isdigit() and len(value) < 20 else None

    def __repr__(self) -> str:
        times = "1 attempt" if self.attempts == 1 else f"{self.attempts} attempts"
        return f"<RawResponse {self.status_code}, {len(self.content):,} bytes, {times}, {self.elapsed:.3f} s>"
