"""`phenv init`: ask for server, project and key, check them, and write a profile."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from posthog_environments.cli import profiles
from posthog_environments.cli.connection import ConnectionOptions, Setting, connect, key_of_options
from posthog_environments.cli.groups import Command
from posthog_environments.cli.options import configured
from posthog_environments.cli.output import note
from posthog_environments.config.api_key import Secret
from posthog_environments.config.defaults import DEFAULT_TIMEOUT
from posthog_environments.config.settings import CONNECTION
from posthog_environments.errors import ConfigurationError, printable

if TYPE_CHECKING:
    from posthog_environments.client.environment import Environment

__all__ = ["init"]


@click.command(
    cls=Command,
    examples="""
        phenv init
        phenv init --profile eu --host eu --project-id 12345 --api-key-stdin < key.txt
    """,
)
@click.option("--force", is_flag=True, help="Overwrite an existing profile, and write it even if a check fails.")
@configured
def init(*, force: bool, connection: dict[str, Any]) -> None:
    """Write a profile with server, project and key, after checking them.

    Asks for what the options leave out, and lists the projects of the key to choose from. The profile holds the number
    of the project, because "@current" changes when the user of the key opens another project. The file is in the
    configuration folder of your platform; only you can read it. Use it with `--profile NAME`. The profile "default" is
    used if nothing else is set.
    """
    name = connection.pop("profile") or profiles.DEFAULT
    asks = sys.stdin.isatty() and not connection["api_key_stdin"]
    if name in profiles.names() and not force:
        if not asks:
            raise click.UsageError(f"There is a profile {name!r} already. Give --force to overwrite it.")
        click.confirm(f"There is a profile {name!r} already. Overwrite it?", abort=True, err=True)
    wanted = _wanted(connection, asks=asks)
    with connect(wanted) as env:
        host, project_id = env.host, env.project_id
        problem = _try(env)
    if problem and not force:
        if not asks:
            raise click.ClickException(f"{problem} Nothing was written; --force writes it anyway.")
        note(problem)
        click.confirm("Write the profile anyway?", abort=True, err=True)
    key = wanted["api_key"].value
    assert isinstance(key, Secret)
    values = {field: str(wanted[field].value or "") for field in CONNECTION}
    values |= {"host": host, "project_id": project_id, "api_key": key.reveal()}
    file = profiles.save(name, values)
    use = "" if name == profiles.DEFAULT else f" Use it with --profile {name}."
    note(f"Wrote the profile {name!r} to {file}.{use}")


def _wanted(arguments: dict[str, Any], *, asks: bool) -> ConnectionOptions:
    """Return the settings from options and prompts; without a terminal name all missing ones in one error."""
    # The environment is not read: a profile holds only what was given for it.
    key = key_of_options(arguments["api_key_file"], stdin=bool(arguments["api_key_stdin"]))
    host, project_id = arguments["host"], arguments["project_id"]
    if not asks:
        given = {"--project-id": project_id, "--api-key-file or --api-key-stdin": key}
        missing = [option for option, value in given.items() if value is None]
        if missing:
            raise click.UsageError(f"There is no terminal to ask on. Give {' and '.join(missing)}.")
    if host is None:
        host = click.prompt('Server: "us", "eu" or a URL', default="us", err=True) if asks else "us"
    if key is None:
        note("Make a personal API key (phx_…) in PostHog: Settings, Personal API keys.")
        note(
            "For reading, the scopes person:read, query:read and insight:read are enough; project:read lists projects."
        )
        key = Setting(Secret(click.prompt("Key (not shown)", hide_input=True, err=True)), "the key")
    values = {**arguments, "host": host, "project_id": project_id or "@current"}
    settings = {field: Setting(values[field], f"--{field.replace('_', '-')}") for field in CONNECTION}
    settings["api_key"] = key
    wanted = ConnectionOptions(settings, arguments["timeout"] or DEFAULT_TIMEOUT)
    if project_id in (None, "@current"):
        number = _project(wanted, asks=asks, current=project_id is not None)
        wanted = replace(wanted, settings={**settings, "project_id": Setting(number, "--project-id")})
    return wanted


def _project(wanted: ConnectionOptions, *, asks: bool, current: bool) -> str:
    """Return the id of a project: the one that "@current" means now, or one that the user chooses.

    Raises:
        UsageError: It cannot be found out, and there is no terminal to ask on.
    """
    from posthog_environments.cli.diagnostics import Probe, projects_of

    with connect(wanted) as env:
        probe = Probe(env)
        number = probe.current() if current else None
        listed = {} if number else projects_of(probe.get("/api/projects/"))
    if number:
        note(f'"@current" is project {number} now, and may be another one tomorrow.')
        return number
    if not asks:
        raise click.UsageError('Which project "@current" means cannot be found out. Give its number as --project-id.')
    if listed:
        note("The projects of the key:")
        for each, name in listed.items():
            note(f"  {each:>8}  {printable(name, 60)}")
    else:
        note("The key may not list its projects. The number is in the address of your project: /project/12345.")
    only = next(iter(listed)) if len(listed) == 1 else None
    return str(click.prompt("Project id, the number", default=only, value_proc=_number, err=True))


def _number(text: str) -> str:
    if not (text.isascii() and text.isdigit() and int(text)):
        raise click.UsageError("A project id is a number, such as 12345.")
    return text


def _try(env: Environment) -> str | None:
    """Run the checks and print them; return the first problem, or None."""
    from posthog_environments.cli.diagnostics import check

    try:
        for finding in check(env):
            click.echo(f"{finding.about:<18}{finding.sign:<8}  {printable(finding.text, 1000)}", err=True)
            if finding.state == "problem":
                return f"{finding.about}: {finding.text}."
    except ConfigurationError as error:
        return str(error)
    return None
