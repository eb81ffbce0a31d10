"""The command `phenv`: its groups, and how it ends.

Each command stands in a module of its own, which is read when it is used, so that `phenv --help` is quick.
"""

from __future__ import annotations

import io
import os
import sys
import warnings
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

import click

from posthog_environments.cli.groups import LazyGroup
from posthog_environments.cli.options import connection_options
from posthog_environments.cli.widths import at_words
from posthog_environments.cli.words import in_phenv
from posthog_environments.errors import ConfigurationError, PostHogError, printable

COMMANDS: Final[Mapping[str, tuple[str, str]]] = {
    "persons": ("posthog_environments.cli.persons:persons", "List, read, correct and delete persons."),
    "insights": ("posthog_environments.cli.insights:insights", "Ask for trends."),
    "api": ("posthog_environments.cli.api:api", "Make a request to any path of the API."),
    "journal": ("posthog_environments.cli.journal:journal", "Prove what a job on many persons did."),
    "init": ("posthog_environments.cli.init:init", "Write a profile with server, project and key."),
    "doctor": ("posthog_environments.cli.doctor:doctor", "Say what is configured, and what the server makes of it."),
    "sandbox": ("posthog_environments.cli.sandbox:sandbox", "Run a local server that answers like PostHog."),
    "spec": ("posthog_environments.cli.spec:spec", "Print the contract, or where it is."),
    "completion": ("posthog_environments.cli.completion:completion", "Print what completes phenv in your shell."),
}
"""For each command where it is, and its help in one line."""

INTERRUPTED: Final = 130


class Root(LazyGroup):
    """The top of the command line, where errors of the package become messages and exit codes."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; what it raises ends as a message with the next thing to try."""
        try:
            return super().invoke(ctx)
        except PostHogError as error:
            from posthog_environments.cli.failures import Failure, Misconfigured

            kind = Misconfigured if isinstance(error, ConfigurationError) else Failure
            raise kind(error, ctx.invoked_subcommand or "") from None


@click.group(
    cls=Root,
    lazy=COMMANDS,
    context_settings={"help_option_names": ["--help", "-h"]},
    examples="""
        phenv init                                # once: server, project and key
        phenv persons list --search acme          # a table; with --json JSON Lines
        phenv insights trend --event '$pageview' --date-from -30d
        phenv sandbox --data cdnow                # no account? a local server with real purchases
    """,
)
@click.version_option(package_name="posthog-environments", prog_name="phenv")
@connection_options
def phenv(**_: Any) -> None:
    """Work with persons and trends of a PostHog project. Not affiliated with PostHog.

    Server, project and key come from options, from POSTHOG_HOST, POSTHOG_PROJECT_ID and POSTHOG_PERSONAL_API_KEY, or
    from a profile that `phenv init` wrote. Results go to standard output, everything else to standard error.

    Exit codes: 0 done, 1 the API or the network said no, somebody who was named was not found, or you declined, 2 usage
    or configuration, 130 interrupted.
    """


def main(args: Sequence[str] | None = None) -> int:
    """Run `phenv` and return its exit code."""
    _never_fail_to_print()
    out = sys.stdout
    try:
        with _short_warnings():
            code = phenv.main(args, "phenv", standalone_mode=False, windows_expand_args=False)
            sys.stdout.flush()
    except click.Abort as abort:
        interrupted = isinstance(abort.__cause__ or abort.__context__, KeyboardInterrupt)
        click.echo("Interrupted." if interrupted else "Nothing was done.", err=True)
        return INTERRUPTED if interrupted else 1
    except click.ClickException as error:
        _show(error)
        return error.exit_code
    except BrokenPipeError:
        return _reader_gone()
    except SystemExit as end:
        # click ends so after completing a line, and when the reader is gone; then it has put another stream in place.
        return _reader_gone() if sys.stdout is not out else end.code if isinstance(end.code, int) else 0
    return code if isinstance(code, int) else 0


def _show(error: click.ClickException) -> None:
    """Print an error; on a terminal its lines break at words."""
    text = io.StringIO()
    error.show(file=text)
    click.echo(at_words(text.getvalue()), nl=False, err=True)


def _reader_gone() -> int:
    """Whoever read our output has seen enough. Let the flush at the end of the process find nobody to complain to."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _never_fail_to_print() -> None:
    """Show what the encoding of a terminal lacks as escapes, instead of failing on it."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")


@contextmanager
def _short_warnings() -> Generator[None]:
    """Show a warning, such as that of a prefix which is on its way out, as one line."""

    def show(message: Warning | str, *_: Any, **__: Any) -> None:
        click.echo(at_words(f"Warning: {printable(in_phenv(str(message)), 1000)}"), err=True)

    with warnings.catch_warnings():
        warnings.simplefilter("once")
        warnings.showwarning = show
        yield
