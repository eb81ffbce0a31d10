"""`phenv persons export`: all persons in a file, and a summary."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from posthog_environments.cli.groups import Command
from posthog_environments.cli.options import connected, json_option, page_size_option, usage
from posthog_environments.cli.output import counted, note, print_json, progress, shows_progress
from posthog_environments.cli.persons import filter_options
from posthog_environments.errors import PostHogError, printable
from posthog_environments.export.file import NothingToResumeError
from posthog_environments.export.formats import FORMATS, STDOUT, read_format

if TYPE_CHECKING:
    from posthog_environments.client.environment import Environment
    from posthog_environments.export.summary import ExportSummary

__all__ = ["export"]


@click.command(
    cls=Command,
    examples="""
        phenv persons export people.jsonl
        phenv persons export people.jsonl --resume
        phenv persons export pro.csv --property plan=pro --columns email,plan,$os
        phenv persons export people.parquet --flatten
        phenv persons export people.xlsx --only uuid,email,created_at
        phenv persons export people.jsonl.gz --since-last
        phenv persons export - --format jsonl | wc -l
    """,
)
@click.argument("file", metavar="FILE")
@filter_options
@click.option("--format", type=click.Choice(FORMATS), help="The format; by default that of the name of FILE.")
@click.option("--columns", metavar="NAME,NAME", help="Properties with a column of their own; not for JSON Lines.")
@click.option("--only", metavar="NAME,NAME", help="Write these columns only: fields and properties.")
@click.option("--flatten", is_flag=True, help="Write a column for each property of the first persons.")
@click.option("--resume", is_flag=True, help="Continue an interrupted export; start one if there is none.")
@click.option("--force", is_flag=True, help="Replace FILE, or discard an interrupted export.")
@click.option("--since-last", is_flag=True, help="Add the persons who are new since the last complete export.")
@click.option("--raw", is_flag=True, help="Do not escape CSV formulas.")
@page_size_option
@json_option
@connected
def export(
    env: Environment,
    *,
    file: str,
    filters: dict[str, Any],
    page_size: int,
    columns: str | None,
    only: str | None,
    as_json: bool,
    **options: Any,
) -> None:
    """Export all persons to FILE: JSON Lines, CSV, Parquet or Excel.

    FILE ends in .jsonl, .csv, .parquet or .xlsx, the first two also with .gz or .zst. With - and --format, the persons
    go to standard output. FILE appears when it is complete, and only its owner can read it. Until then FILE.part has
    what was fetched. --resume continues after any interruption; FILE is the same as without it.

    In CSV, formulas are escaped with an apostrophe, unless --raw is given.

    --since-last cannot see changed or deleted persons; they stay in FILE as they were.
    """
    if file == STDOUT and as_json:
        raise click.UsageError("With - the persons go to standard output, so there is no room for --json.")
    with _explained(file):
        has_limit = read_format(file, options["format"]).most_rows is not None
    with usage():
        pager = env.persons.list(
            **filters,
            page_size=page_size,
            # The total costs the server a count. It is needed to estimate the time left, and to see at once whether a
            # format with a limit can hold all persons.
            include_total=shows_progress() or has_limit,
        )
    with progress("Persons") as advance, _explained(file):
        done = 0

        def show(rows: int, total: int | None) -> None:
            nonlocal done
            advance(rows - done, total=total)
            done = rows

        try:
            summary = pager.export(file, columns=_names(columns), only=_names(only), progress=show, **options)
        except NothingToResumeError as error:
            note(str(error))
            if as_json:
                print_json({"path": file, "complete": None, "reason": str(error)})
            return
    _tell(summary, since_last=options["since_last"], as_json=as_json)


def _names(text: str | None) -> list[str] | None:
    return None if text is None else [name.strip() for name in text.split(",") if name.strip()]


@contextmanager
def _explained(file: str) -> Generator[None]:
    """Turn errors into messages of the command, with how to go on."""
    try:
        yield
    except (PostHogError, KeyboardInterrupt):
        if hint := _how_to_go_on(file):
            note(hint)
        raise
    except BrokenPipeError:
        raise
    except (FileExistsError, IsADirectoryError, FileNotFoundError, ImportError, TypeError, ValueError) as error:
        raise click.UsageError(_as_options(str(error))) from None
    except OSError as error:
        problem = error.strerror or type(error).__name__
        raise click.ClickException(f"{file} cannot be written: {problem}. {_how_to_go_on(file)}".rstrip()) from None


def _how_to_go_on(file: str) -> str:
    if file == STDOUT or not Path(f"{file}.checkpoint").exists():
        return ""
    return "What was fetched is kept. To continue, repeat the command with --resume."


def _as_options(message: str) -> str:
    """Replace names of arguments by names of options."""
    words = {"with since_last and force": "with --since-last and --force", "since_last": "--since-last"}
    words |= {"only:": "--only:", "only stands": "--only stands", "with only": "with --only"}
    words |= {"only names": "--only names", 'Name some, such as ["uuid", "email"].': "Give some: --only uuid,email."}
    words |= {"with resume": "with --resume", "with force": "with --force"}
    words |= {"give force": "give --force", "or force": "or --force", "give the format": "give --format"}
    for argument, option in words.items():
        message = message.replace(argument, option)
    return message


def _tell(summary: ExportSummary, *, since_last: bool, as_json: bool) -> None:
    """Print the summary.

    Raises:
        click.ClickException: Some persons may be missing.
    """
    if as_json:
        print_json(summary.to_dict())
    else:
        note(_figures(summary))
    if since_last:
        note(
            f"{summary.new:,} of them are new. Persons who were changed or deleted since the last export are in the "
            "file as they were; export all persons anew from time to time."
        )
    if not summary.complete:
        raise click.ClickException(printable(f"Some persons may be missing: {summary.reason}", 1000))


def _figures(summary: ExportSummary) -> str:
    parts = [
        f"{counted(summary.rows, 'person')} in {summary.path} ({summary.bytes:,} bytes)",
        f"{counted(summary.pages, 'page')} ({summary.short_pages:,} short)",
        f"{counted(summary.duplicates, 'duplicate')} dropped",
        f"{counted(summary.requests, 'request')} in {summary.seconds:,.1f} s",
        f"{counted(summary.waits, 'wait')} for the rate limit ({summary.waited:,.0f} s)",
    ]
    if summary.resumed:
        parts.append(f"resumed {counted(summary.resumed, 'time')}")
    return ", ".join(parts) + (". Complete." if summary.complete else ". Not complete.")
