"""Root of the command `phenv`: its groups, error messages and exit codes.

Each command has its own module, which is imported on use, so that `phenv --help` is fast.
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
from posthog_environments.cli.output import at_words, note
from posthog_environments.cli.words import in_phenv
from posthog_environments.errors import ConfigurationError, PostHogError

COMMANDS: Final[Mapping[str, tuple[str, str]]] = {
    "persons": ("persons:persons", "List, read, correct and delete persons."),
    "insights": ("insights:insights", "Query trends."),
    "api": ("api:api", "Make a request to any path of the API."),
    "journal": ("journal:journal", "Prove what a job on many persons did."),
    "init": ("init:init", "Write a profile with server, project and key."),
    "doctor": ("doctor:doctor", "Show the configuration, and check it against the server."),
    "sandbox": ("sandbox:sandbox", "Run a local server that answers like PostHog."),
    "spec": ("spec:spec", "Print the contract, or its path."),
    "completion": ("completion:completion", "Print a completion script for your shell."),
}
"""The location of each command, and its help in one line."""

INTERRUPTED: Final = 130


class Root(LazyGroup):
    """The root group, which turns errors of the package into messages and exit codes."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; turn its errors into messages with a hint."""
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

    Exit codes: 0 done, 1 the API or the network failed, a named person was not found, or you declined, 2 usage or
    configuration, 130 interrupted.
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
        # click exits like this after a shell completion, and after a broken pipe, when it has replaced the stream.
        return _reader_gone() if sys.stdout is not out else end.code if isinstance(end.code, int) else 0
    return code if isinstance(code, int) else 0


def _show(error: click.ClickException) -> None:
    """Print an error; on a terminal its lines are wrapped at words."""
    text = io.StringIO()
    error.show(file=text)
    click.echo(at_words(text.getvalue()), nl=False, err=True)


def _reader_gone() -> int:
    """End quietly when the reader has closed the pipe, so that the flush at exit raises no error."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _never_fail_to_print() -> None:
    """Print characters that the encoding of a terminal lacks as escapes, instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")


@contextmanager
def _short_warnings() -> Generator[None]:
    """Show warnings, such as deprecations, as one line."""

    def show(message: Warning | str, category: type[Warning], *_: Any, **__: Any) -> None:
        from posthog_environments.results.trend_answers import TrendWarning

        # What a warning says about a trend is a part of the answer.
        sign = "" if issubclass(category, TrendWarning) else "Warning: "
        note(sign + in_phenv(str(message)))

    with warnings.catch_warnings():
        warnings.simplefilter("once")
        warnings.showwarning = show
        yield
