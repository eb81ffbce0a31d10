"""Failures: error messages of `phenv`, with a hint on what to try next."""

from __future__ import annotations

from collections.abc import Callable
from typing import IO, Any, Final

import click

from posthog_environments.cli.words import in_phenv
from posthog_environments.errors import (
    AuthenticationError,
    BadRequestError,
    ConfigurationError,
    DeadlineExceeded,
    MalformedResponseError,
    NotFoundError,
    OutcomeUnknown,
    PagingError,
    PermissionDeniedError,
    PostHogError,
    RateLimitError,
    RedirectError,
    ServerError,
    TransportError,
    printable,
)

__all__ = ["Failure", "Misconfigured"]


class Failure(click.ClickException):
    """An error of the package as a message of the command."""

    def __init__(self, error: PostHogError, command: str = "") -> None:
        # For a refused key, the command has a better hint.
        advice = "" if isinstance(error, AuthenticationError) else error.hint
        super().__init__(in_phenv(str(error).removesuffix(advice).rstrip()))
        self.hint = in_phenv(advice) or _hint(error)
        if command in ("doctor", "init") and f"`phenv {command}`" in self.hint:
            # Do not advise the command that just failed.
            self.hint = "`phenv init`." if command == "doctor" and isinstance(error, ConfigurationError) else ""

    def show(self, file: IO[Any] | None = None) -> None:
        """Print the message, and the hint below it."""
        click.echo(f"Error: {printable(self.message, 2000)}", file=file, err=file is None)
        if self.hint:
            click.echo(f"Try: {printable(self.hint, 500)}", file=file, err=file is None)


class Misconfigured(Failure):
    """A setting is invalid, and nothing was sent."""

    exit_code = 2


def _of_denied(error: Any) -> str:
    if error.required_scope:
        return f"a key with the scope {error.required_scope} (in PostHog under Settings, Personal API keys)."
    return "`phenv doctor`, which shows the projects of the key and the scopes that work."


def _of_limit(error: Any) -> str:
    wait = f"in {error.retry_after:.0f} s" if error.retry_after else "in a minute"
    return f"again {wait}, or let the command wait with a larger --timeout."


def _of_missing(error: Any) -> str:
    if str(error).startswith("request:"):
        return "`phenv doctor` to check the project, and look at the PATH."
    if str(error).startswith("insights."):
        return "`phenv doctor`, which names the endpoint that the server has for trends."
    return "`phenv persons list --search TEXT` to find a person; `phenv doctor` to check the project."


def _of_unknown(error: Any) -> str:
    command = "api GET PATH" if str(error).startswith("request ") else "persons get ID"
    return f"`phenv {command}` to see the present state, before you repeat it."


# First match wins.
_HINTS: Final[tuple[tuple[type[PostHogError], str | Callable[[Any], str]], ...]] = (
    (ConfigurationError, "`phenv init`, or `phenv doctor` to see what is configured and from where."),
    (AuthenticationError, "`phenv doctor`; or make a new key in PostHog under Settings, Personal API keys."),
    (PermissionDeniedError, _of_denied),
    (NotFoundError, _of_missing),
    (RateLimitError, _of_limit),
    (RedirectError, "`phenv doctor`; the server may need another --host."),
    (BadRequestError, "the command with --help, which shows its options and forms."),
    (ServerError, "again later; the server failed, not the request."),
    (OutcomeUnknown, _of_unknown),
    (DeadlineExceeded, "again with a larger --timeout."),
    (TransportError, "`phenv doctor`; check --host and the network."),
    (MalformedResponseError, "`phenv doctor`; perhaps --host is not PostHog's API, or a proxy answers instead."),
    (PagingError, "again; if it fails again, report it together with the kind of server."),
)  # fmt: skip


def _hint(error: PostHogError) -> str:
    hint = next((hint for kind, hint in _HINTS if isinstance(error, kind)), "")
    return hint(error) if callable(hint) else hint
