"""`phenv sandbox`: the local server in the foreground."""

from __future__ import annotations

import signal
import sys
from types import FrameType
from typing import Any

import click

from posthog_environments.cli.groups import Command
from posthog_environments.cli.options import json_option
from posthog_environments.cli.output import print_json


class _Terminated(Exception):  # noqa: N818 - not an error: SIGTERM ends the sandbox
    pass


def _terminate(_: int, __: FrameType | None) -> None:
    raise _Terminated


@click.command(
    cls=Command,
    examples="""
        phenv sandbox
        phenv sandbox --data cdnow --port 8000
        phenv sandbox --persons 100000 --era 2026 --scope person:read
    """,
)
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Port; 0, the default, for any free one.")
@click.option(
    "--persons", type=click.IntRange(0), default=1000, show_default=True, help="Number of persons to generate."
)
@click.option(
    "--data",
    metavar="cdnow|FILE",
    help="The CDNOW data set, or a file of your own events, instead of generated persons.",
)
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed gives the same persons.")
@click.option(
    "--era",
    type=click.Choice(["2025", "2026", "2026-09"]),
    default="2025",
    show_default=True,
    help="The servers to imitate; 2026-09 is PostHog Cloud since September 2026.",
)
@click.option("--path", type=click.Path(dir_okay=False), help="Database file; without it everything is in memory.")
@click.option("--now", metavar="DATE", help="Start of its clock; without it the real time.")
@click.option("--scope", "scopes", multiple=True, help="A scope of the key; repeatable. Without it the key has all.")
@click.option("--rates/--no-rates", default=True, help="Whether to enforce the documented limits.")
@click.option("--oddities/--no-oddities", default=True, help="Whether to have the quirks of real servers.")
@click.option("--unscoped", type=click.Choice(["allow", "refuse"]), default="allow", show_default=True,
              help="Whether operations without a scope accept the key.")  # fmt: skip
@json_option
def sandbox(scopes: tuple[str, ...], *, as_json: bool, **options: Any) -> None:
    """Run a local server that answers like PostHog, until Ctrl-C.

    Prints the settings to connect to standard output, as lines for a shell, or with --json as an object:

    \b
    export POSTHOG_HOST=http://127.0.0.1:40001
    export POSTHOG_PROJECT_ID=12345
    export POSTHOG_PERSONAL_API_KEY=phx_...
    """
    from posthog_environments.sandbox import Sandbox, SandboxArgumentError, SandboxError, SandboxMissingExtraError

    before = signal.signal(signal.SIGTERM, _terminate)
    try:
        with Sandbox(scopes=scopes or None, **options) as box:
            if as_json:
                print_json(box.environ)
            else:
                for name, value in box.environ.items():
                    click.echo(f"export {name}={value}")
            sys.stdout.flush()
            click.echo(f"Serving at {box.host} (Ctrl-C ends it)", err=True)
            box.wait()
    except (SandboxArgumentError, SandboxMissingExtraError) as error:
        raise click.UsageError(str(error)) from None
    except SandboxError as error:
        raise click.ClickException(str(error)) from None
    except _Terminated:
        click.echo("Terminated.", err=True)
    except KeyboardInterrupt:
        click.echo("Interrupted.", err=True)
        raise click.exceptions.Exit(130) from None
    finally:
        signal.signal(signal.SIGTERM, before)
