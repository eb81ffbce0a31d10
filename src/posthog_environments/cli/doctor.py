"""`phenv doctor`: show the configuration with its sources, and check it against the server."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click

from posthog_environments.cli.connection import ConnectionOptions, Setting, connect, read
from posthog_environments.cli.groups import Command
from posthog_environments.cli.options import configured, json_option
from posthog_environments.cli.output import colored, on_terminal, print_json
from posthog_environments.config.settings import read_quota_location
from posthog_environments.errors import PostHogError, printable

__all__ = ["doctor"]

_SIGNS = {"ok": ("ok", "green"), "note": ("note", "yellow"), "problem": ("PROBLEM", "red")}


@click.command(cls=Command, examples="phenv doctor")
@json_option
@configured
def doctor(*, as_json: bool, connection: dict[str, Any]) -> None:
    """Show the configuration and its sources, and check it against the server. The key itself is never shown.

    Only reading requests are sent; scopes that write are not tried. The exit code is 1 if calls would fail, 2 if the
    configuration itself is invalid.
    """
    wanted = read(**connection)
    configured = _configured(wanted)
    if not as_json:
        for name, (value, source) in configured.items():
            _line(name, value, f"from {source}", "cyan")
    findings: list[dict[str, str]] = []
    failure: PostHogError | None = None
    try:
        for finding in _findings(wanted):
            findings.append(finding)
            if not as_json:
                sign, color = _SIGNS[finding["state"]]
                _line(finding["about"], sign, finding["text"], color)
    except PostHogError as error:
        failure = error
    problems = sum(finding["state"] == "problem" for finding in findings)
    if as_json:
        shown = {name: {"value": value, "source": source} for name, (value, source) in configured.items()}
        print_json({"configured": shown, "findings": findings, "healthy": not problems and failure is None})
    if failure is not None:
        raise failure
    if problems:
        raise click.ClickException(f"{problems} problem{'s' if problems > 1 else ''} found.")
    if not as_json:
        click.echo("Everything that reading needs works.")


def _configured(wanted: ConnectionOptions) -> dict[str, tuple[str, str]]:
    found = {
        "host": wanted["host"],
        "project id": wanted["project_id"],
        "prefix": wanted["prefix"],
        "key": wanted["api_key"],
        "quota": Setting(_quota(wanted), wanted["quota"].source),
    }
    values: dict[str, tuple[str, str]] = {}
    for name, at in found.items():
        value = "missing" if at.value is None else "set" if name == "key" else str(at.value)
        values[name] = (value, at.source)
    return values


def _quota(wanted: ConnectionOptions) -> str:
    """Return the location of the quota, without a password."""
    place = read_quota_location(wanted["quota"].value, wanted["quota"].source)
    return "memory" if place is None else place.shown


def _findings(wanted: ConnectionOptions) -> Iterator[dict[str, str]]:
    from posthog_environments.cli.diagnostics import check

    with connect(wanted) as env:
        for finding in check(env):
            yield {"about": finding.about, "state": finding.state, "text": finding.text}


def _line(name: str, value: str, text: str, color: str) -> None:
    value = f"{printable(value, 200):<12}"
    if on_terminal() and colored():
        value = click.style(value, fg=color)
    click.echo(f"{name:<18}{value}  {printable(text, 1000)}")
