"""`phenv doctor`: show the configuration with its sources, and check it against the server."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from posthog_environments.cli.connection import ConnectionOptions, Setting, connect, read
from posthog_environments.cli.groups import Command
from posthog_environments.cli.options import configured, json_option
from posthog_environments.cli.output import colored, counted, on_terminal, print_json
from posthog_environments.config.settings import CONNECTION, read_quota_location
from posthog_environments.errors import PostHogError, printable

if TYPE_CHECKING:
    from posthog_environments.cli.diagnostics import Finding

__all__ = ["doctor"]

_COLORS = {"ok": "green", "note": "yellow", "problem": "red"}


@click.command(cls=Command, examples="phenv doctor")
@json_option
@configured
def doctor(*, as_json: bool, connection: dict[str, Any]) -> None:
    """Show the configuration and its sources, and check it against the server. The key itself is never shown.

    Only reading requests are sent; scopes that write are not tried. The exit code is 1 if calls would fail, 2 if the
    configuration itself is invalid.
    """
    from posthog_environments.cli.diagnostics import check

    wanted = read(**connection)
    settings = _settings(wanted)
    if not as_json:
        for name, shown in settings.items():
            _line(name, shown["value"], f"from {shown['source']}", "cyan")
    findings: list[Finding] = []
    failure: PostHogError | None = None
    try:
        with connect(wanted) as env:
            for finding in check(env):
                findings.append(finding)
                if not as_json:
                    _line(finding.about, finding.sign, finding.text, _COLORS[finding.state])
    except PostHogError as error:
        failure = error
    problems = sum(finding.state == "problem" for finding in findings)
    if as_json:
        healthy = not problems and failure is None
        print_json({"configured": settings, "findings": list(map(asdict, findings)), "healthy": healthy})
    if failure is not None:
        raise failure
    if problems:
        raise click.ClickException(f"{counted(problems, 'problem')} found.")
    if not as_json:
        click.echo("Everything that reading needs works.")


def _settings(wanted: ConnectionOptions) -> dict[str, dict[str, str]]:
    """Return the settings and their sources, without the key and without a password."""
    found = {name: wanted[name] for name in CONNECTION}
    key, quota = wanted["api_key"], wanted["quota"]
    place = read_quota_location(quota.value, quota.source)
    found |= {
        "key": Setting(None if key.value is None else "set", key.source),
        "quota": Setting("memory" if place is None else place.shown, quota.source),
    }
    return {
        name.replace("_", " "): {"value": "missing" if at.value is None else str(at.value), "source": at.source}
        for name, at in found.items()
    }


def _line(name: str, value: str, text: str, color: str) -> None:
    value = f"{printable(value, 200):<12}"
    if on_terminal() and colored():
        value = click.style(value, fg=color)
    click.echo(f"{name:<18}{value}  {printable(text, 1000)}")
