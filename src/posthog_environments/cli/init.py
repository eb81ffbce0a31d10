"""`phenv init`: ask for server, project and key, try them, and write a profile."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from posthog_environments.cli import profiles
from posthog_environments.cli.connection import Found, Wanted, connect, read
from posthog_environments.cli.groups import Command
from posthog_environments.cli.options import connection_arguments, connection_options
from posthog_environments.cli.output import note
from posthog_environments.defaults import DEFAULT_TIMEOUT
from posthog_environments.errors import ConfigurationError, printable
from posthog_environments.secrets import Secret

if TYPE_CHECKING:
    from posthog_environments.environment import Environment

__all__ = ["init"]


@click.command(
    cls=Command,
    examples="""
        phenv init
        phenv init --profile eu --host eu --project-id 12345 --api-key-stdin < key.txt
    """,
)
@click.option("--force", is_flag=True, help="Write over a profile of that name, and although the server says no.")
@connection_options
def init(*, force: bool, **given: Any) -> None:
    """Write a profile: server, project and key, which are tried first.

    Asks for what no option gives. The profile goes into the configuration folder of your platform, readable by you
    alone; `--profile NAME` chooses it later, and the one called "default" is used when nothing else is set.
    """
    arguments = connection_arguments(click.get_current_context(), given)
    name = arguments.pop("profile") or profiles.DEFAULT
    asks = sys.stdin.isatty() and not arguments["api_key_stdin"]
    if name in profiles.names() and not force:
        if not asks:
            raise click.UsageError(f"There is a profile {name!r} already. Give --force to write over it.")
        click.confirm(f"There is a profile {name!r} already. Write over it?", abort=True, err=True)
    wanted = _wanted(arguments, asks=asks)
    with connect(wanted) as env:
        host, project_id = env.host, env.project_id
        problem = _try(env)
    if problem and not force:
        if not asks:
            raise click.ClickException(f"{problem} Nothing was written; --force writes all the same.")
        note(problem)
        click.confirm("Write the profile all the same?", abort=True, err=True)
    assert isinstance(wanted.api_key.value, Secret)
    values = {
        "host": host,
        "project_id": project_id,
        "prefix": str(wanted.prefix.value or ""),
        "api_key": wanted.api_key.value.reveal(),
        "quota": str(wanted.quota.value or ""),
    }
    file = profiles.save(name, values)
    use = "" if name == profiles.DEFAULT else f" Use it with --profile {name}."
    note(f"Wrote the profile {name!r} to {file}.{use}")


def _wanted(arguments: dict[str, Any], *, asks: bool) -> Wanted:
    """Take what options give, and ask for the rest; what is missing with nobody to ask is said in one go."""
    # The environment is not read: a profile must hold what was meant for it.
    key_options = {name: arguments[name] for name in ("api_key_file", "api_key_stdin")}
    key = None
    if any(key_options.values()):
        nothing = dict.fromkeys(("project_id", "host", "prefix", "timeout", "profile", "quota"))
        key = read(**nothing, **key_options).api_key.value
    host, project_id = arguments["host"], arguments["project_id"]
    if not asks:
        given = {"--project-id": project_id, "--api-key-file or --api-key-stdin": key}
        missing = [option for option, value in given.items() if value is None]
        if missing:
            raise click.UsageError(f"There is no terminal to ask on. Give {' and '.join(missing)}.")
    if host is None:
        host = click.prompt('Server: "us", "eu" or a URL', default="us", err=True) if asks else "us"
    if project_id is None:
        project_id = click.prompt("Project id, the number in its address", default="@current", err=True)
    if key is None:
        note("Make a personal API key (phx_…) in PostHog: Settings, Personal API keys.")
        note("The scopes person:read and insight:read are enough for reading.")
        key = Secret(click.prompt("Key (not shown)", hide_input=True, err=True))
    prefix = arguments["prefix"]
    return Wanted(
        host=Found(host, "--host"),
        project_id=Found(project_id, "--project-id"),
        prefix=Found(prefix, "--prefix"),
        api_key=Found(key, "the key"),
        timeout=arguments["timeout"] or DEFAULT_TIMEOUT,
        quota=Found(arguments["quota"], "--quota"),
    )


def _try(env: Environment) -> str | None:
    """Return what keeps calls from working, or None."""
    from posthog_environments.cli.checkup import check

    try:
        for finding in check(env):
            sign = {"ok": "ok", "note": "note", "problem": "PROBLEM"}[finding.state]
            click.echo(f"{finding.about:<18}{sign:<8}  {printable(finding.text, 1000)}", err=True)
            if finding.state == "problem":
                return f"{finding.about}: {finding.text}."
    except ConfigurationError as error:
        return str(error)
    return None
