"""`phenv persons export`: everybody into a file, and a summary of it."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from posthog_environments.cli.groups import Command
from posthog_environments.cli.options import connected, filter_options, json_option, page_size_option, usage
from posthog_environments.cli.output import note, print_json, progress, shows_progress
from posthog_environments.errors import PostHogError, printable
from posthog_environments.export.file import NothingToResumeError
from posthog_environments.export.formats import FORMATS

if TYPE_CHECKING:
    from posthog_environments.client.environment import Environment
    from posthog_environments.export.summary import ExportSummary

__all__ = ["export"]

STDOUT = "-"


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
@click.option("--format", type=click.Choice(FORMATS), help="What to write; the default goes by the name of FILE.")
@click.option("--columns", metavar="NAME,NAME", help="Properties that get a column of their own, but for JSON Lines.")
@click.option("--only", metavar="NAME,NAME", help="The columns of FILE, and no others: fields and properties.")
@click.option("--flatten", is_flag=True, help="A column for every property that the first persons have.")
@click.option("--resume", is_flag=True, help="Go on with an export that was interrupted; if there is none, begin.")
@click.option("--force", is_flag=True, help="Replace FILE, or drop an export that was interrupted.")
@click.option("--since-last", is_flag=True, help="Fetch who is new since the last complete export, and add them.")
@click.option("--raw", is_flag=True, help="Leave cells of CSV as they are that a spreadsheet would run.")
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
    **wishes: Any,
) -> None:
    """Take everybody out into FILE: JSON Lines, CSV, Parquet or Excel, by its name.

    FILE ends in .jsonl, .csv, .parquet or .xlsx, the first two also with .gz or .zst; - is standard output, with
    --format. It appears when all is there, for its owner alone. Until then FILE.part holds what was fetched, and
    --resume goes on after whatever has happened; the file is the same as without the interruption.

    Cells of CSV that a spreadsheet would take for formulas get an apostrophe before them, unless --raw is given.

    --since-last cannot see persons that were changed or deleted since; they stay in FILE as they were.
    """
    if file == STDOUT and as_json:
        raise click.UsageError("With - the persons go to standard output, so there is no room for --json.")
    with usage():
        pager = env.persons.list(
            **filters,
            page_size=page_size,
            # The total costs the server a count. An estimate of the time left needs it, and whether a sheet holds all.
            include_total=shows_progress() or _is_excel(file, wishes["format"]),
        )
    with progress("Persons") as advance, _explained(file):
        done = 0

        def show(rows: int, total: int | None) -> None:
            nonlocal done
            advance(rows - done, total=total)
            done = rows

        try:
            summary = pager.export(file, columns=_names(columns), only=_names(only), progress=show, **wishes)
        except NothingToResumeError as error:
            note(str(error))
            if as_json:
                print_json({"path": file, "complete": None, "reason": str(error)})
            return
    _tell(summary, since_last=wishes["since_last"], as_json=as_json)


def _names(text: str | None) -> list[str] | None:
    return None if text is None else [name.strip() for name in text.split(",") if name.strip()]


def _is_excel(file: str, format: str | None) -> bool:
    return (format or file.lower().rpartition(".")[2]) == "xlsx"


@contextmanager
def _explained(file: str) -> Generator[None]:
    """Say of what goes wrong how to go on."""
    try:
        yield
    except BrokenPipeError:
        raise
    except (FileExistsError, IsADirectoryError, FileNotFoundError, ImportError, TypeError, ValueError) as error:
        if isinstance(error, PostHogError):
            raise
        raise click.UsageError(_as_options(str(error)), click.get_current_context()) from None
    except OSError as error:
        problem = error.strerror or type(error).__name__
        raise click.ClickException(f"{file} cannot be written: {problem}.{_how_to_go_on(file)}") from None
    except PostHogError:
        if hint := _how_to_go_on(file):
            note(hint.strip())
        raise
    except KeyboardInterrupt:
        if hint := _how_to_go_on(file):
            note(hint.strip())
        raise


def _how_to_go_on(file: str) -> str:
    if file == STDOUT or not Path(f"{file}.checkpoint").exists():
        return ""
    return " What was fetched is kept: give the same command with --resume to go on."


def _as_options(message: str) -> str:
    """Call arguments by the names that they have here."""
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
            f"{summary.new:,} of them are new. Persons that were changed or deleted since the last export cannot be "
            "seen this way, and are in the file as they were; export everybody anew from time to time."
        )
    if not summary.complete:
        raise click.ClickException(printable(f"Some persons may be missing: {summary.reason}", 1000))


def _figures(summary: ExportSummary) -> str:
    parts = [
        f"{_many(summary.rows, 'person')} in {summary.path} ({summary.bytes:,} bytes)",
        f"{_many(summary.pages, 'page')} ({summary.short_pages:,} short)",
        f"{_many(summary.duplicates, 'duplicate')} dropped",
        f"{_many(summary.requests, 'request')} in {summary.seconds:,.1f} s",
        f"{_many(summary.waits, 'wait')} for the quota ({summary.waited:,.0f} s)",
    ]
    if summary.resumed:
        parts.append(f"resumed {_many(summary.resumed, 'time')}")
    return ", ".join(parts) + (". Complete." if summary.complete else ". Not complete.")


def _many(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"
