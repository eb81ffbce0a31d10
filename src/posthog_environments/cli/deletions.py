"""`phenv persons delete` and `deletion-status`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from posthog_environments.cli.bulk import bulk_options, delete_from_file, list_options, one_or_many
from posthog_environments.cli.groups import Command
from posthog_environments.cli.options import connected, json_option, usage
from posthog_environments.cli.output import say_done
from posthog_environments.cli.persons import confirm, optional_person, yes_option
from posthog_environments.cli.tables import TextColumn, TextTable, print_listing
from posthog_environments.config.defaults import ENTRIES_PAGE_SIZE
from posthog_environments.results.models import as_sent, distinct_ids_of

if TYPE_CHECKING:
    from posthog_environments.client.environment import Environment
    from posthog_environments.results.models import DeletionStatus


@click.command(
    cls=Command,
    examples="""
        phenv persons delete 095be615-a8ad-4c33-8e9c-c7612fbf6c9f
        phenv persons delete 42 --delete-events --yes
        phenv persons delete --from-file emails.txt --by email --dry-run
        phenv persons delete --from-file requests.csv --column email --by email --keep-ids kept.jsonl
        phenv persons delete --from-file ids.txt --delete-events
    """,
)
@optional_person
@click.option("--from-file", type=click.Path(allow_dash=True, path_type=Path), metavar="FILE",
              help="Delete many persons: one per line, or a table with --column. Blank lines, and comments that start "
              "with # and a blank, are ignored. - is standard input.")  # fmt: skip
@click.option("--delete-events", is_flag=True, help="Also delete all events of the person, in the next weekly run.")
@list_options
@bulk_options
@yes_option
@json_option
@connected
def delete(
    env: Environment, *, id: str | None, from_file: Path | None, delete_events: bool, yes: bool, as_json: bool,
    **job: Any,
) -> None:  # fmt: skip
    """Delete a person, or many with --from-file. Shows the persons and asks first. It cannot be undone.

    With --json null is printed after the deletion of one person, and one document with all outcomes for many.

    Each line of a list must be one email, id or distinct id. If any is invalid, it is named and nothing is sent. Then
    all persons are looked up; ambiguous lines are refused. The persons are deleted, up to 1,000 per request if the
    server supports it. Each step is written to a journal before and after it is sent. After a crash, an error or Ctrl-C
    the same command continues, and repeats nothing. A new list needs a new --journal.

    At the end it prints how many are done, queued (by the server), already gone, not found (no person has this email or
    distinct id), refused (with the reason), unknown (no clear response), duplicates or pending. The exit code is 0 if
    all are done, queued, already gone or duplicates, otherwise 1.
    """
    one_or_many(id, from_file)
    if from_file is not None:
        delete_from_file(env, from_file, delete_events=delete_events, yes=yes, as_json=as_json, **job)
        return
    assert id is not None

    def whom() -> str:
        with usage():
            person = env.persons.get(id)
        name = as_sent(person, "name")
        known = ", ".join([*([str(name)] if name else []), *map(str, distinct_ids_of(person)[:3])])
        events = " and all events of the person" if delete_events else ""
        return f"Delete {known or 'the person'} ({person.uuid}){events}"

    confirm(whom, yes=yes)
    with usage():
        env.persons.delete(id, delete_events=delete_events)
    say_done("Deleted." + (" The events go with the next weekly run." if delete_events else ""), as_json=as_json)


@click.command(
    "deletion-status",
    cls=Command,
    examples="""
        phenv persons deletion-status --status pending
        phenv persons deletion-status 095be615-a8ad-4c33-8e9c-c7612fbf6c9f --json
    """,
)
@click.argument("id", metavar="[UUID]", required=False)
@click.option("--status", type=click.Choice(["pending", "completed", "all"]), help="Only deletions with this status.")
@click.option("--limit", type=click.IntRange(1), help="Stop after this many rows.")
@click.option(
    "--page-size", type=click.IntRange(1), default=ENTRIES_PAGE_SIZE, show_default=True, help="Rows per request."
)
@json_option
@connected
def deletion_status(
    env: Environment, *, id: str | None, status: str | None, limit: int | None, page_size: int, as_json: bool
) -> None:
    """List the status of event deletions of deleted persons, newest first.

    It is about events only. A missing row does not mean that a deletion is done. Servers of 2025 do not have this list.
    """
    with usage():
        pager = env.persons.deletion_status(id=id, status=status, page_size=min(page_size, limit or page_size))
    table = TextTable(
        TextColumn("person", width=36),
        TextColumn("status", width=10),
        TextColumn("asked", width=20),
        TextColumn("verified", width=20),
    )
    print_listing(pager, table, _row, names=("deletion", "deletions"), limit=limit, as_json=as_json)


def _row(row: DeletionStatus) -> tuple[object, ...]:
    return row.person_uuid, row.status, row.created_at, row.delete_verified_at
