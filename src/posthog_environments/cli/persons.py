"""`phenv persons`: list, read, correct and delete persons."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from posthog_environments.cli.bulk import bulk_options, one_or_many, update_from_file
from posthog_environments.cli.groups import Command, LazyGroup
from posthog_environments.cli.options import (
    argument_options,
    assignments,
    connected,
    json_option,
    page_size_option,
    usage,
)
from posthog_environments.cli.output import print_csv, print_json, say_done, shows_progress
from posthog_environments.cli.tables import TextColumn, TextTable, print_fields, print_listing, shown
from posthog_environments.config.defaults import ENTRIES_PAGE_SIZE
from posthog_environments.errors import printable
from posthog_environments.operations.persons import PERSON_FILTERS
from posthog_environments.query.trend_filter import QUESTION_ARGUMENTS
from posthog_environments.results.models import as_sent

if TYPE_CHECKING:
    from posthog_environments_api.models import ActivityEntry, Person

    from posthog_environments.client.environment import Environment

person_argument = click.argument("id", metavar="ID")
# One person, or many from a file.
optional_person = click.argument("id", metavar="[ID]", required=False)
filter_options = argument_options(PERSON_FILTERS, "filters")
yes_option = click.option("--yes", "-y", is_flag=True, help="Do not ask.")


@click.group(
    cls=LazyGroup,
    lazy={
        "list": ("persons:list_", "List persons, newest first."),
        "get": ("persons:get", "Read one person."),
        "update": ("persons:update", "Set properties of a person, or of many."),
        "delete": ("deletions:delete", "Delete a person, or many."),
        "deletion-status": ("deletions:deletion_status", "List the status of the deletion of events."),
        "activity": ("persons:activity", "List what was done to a person."),
        "delete-property": ("persons:delete_property", "Delete one property of a person."),
        "timeline": ("persons:timeline", "Follow the properties of a person over time."),
        "csv": ("persons:csv", "Stream persons as CSV, as the server writes it."),
        "export": ("export:export", "Export persons to a file; resumable."),
    },
)
def persons() -> None:
    """List, read, correct and delete persons.

    An ID is the uuid of a person, or the integer id.
    """


@click.command(
    "list",
    cls=Command,
    examples="""
        phenv persons list --search acme
        phenv persons list --property plan=pro --property 'age>30' --limit 20
        phenv persons list --json > persons.jsonl
    """,
)
@filter_options
@click.option("--limit", type=click.IntRange(1), help="Stop after so many persons.")
@click.option("--offset", type=click.IntRange(0), default=0, help="Pass over so many persons at the start.")
@page_size_option
@json_option
@connected
def list_(
    env: Environment,
    *,
    filters: dict[str, Any],
    limit: int | None,
    offset: int,
    page_size: int,
    as_json: bool,
) -> None:
    """List persons, newest first: all of them, page by page, or the first --limit."""
    with usage():
        pager = env.persons.list(
            **filters,
            page_size=min(page_size, limit or page_size),
            offset=offset,
            # The total costs the server a count, and only an estimate of the time left needs it.
            include_total=limit is None and shows_progress(),
        )
    table = TextTable(
        TextColumn("name", share=3, first=True),
        TextColumn("distinct id", share=2),
        TextColumn("created", width=20, needs=100),
        TextColumn("uuid", width=36, least=9),
        TextColumn("properties", share=4, needs=140),
    )
    print_listing(pager, table, _person_row, names=("person", "persons"), limit=limit, as_json=as_json)


def _person_row(person: Person) -> tuple[object, ...]:
    first, *others = _ids(person) or [""]
    more = f" +{len(others)}" if others else ""
    name, created = as_sent(person, "name"), as_sent(person, "created_at")
    return name, f"{first}{more}", created, person.uuid, as_sent(person, "properties")


def _ids(person: Person) -> list[str]:
    """Give the distinct ids as texts; servers have been seen to send others."""
    ids = as_sent(person, "distinct_ids")
    return list(map(shown, cast("list[object]", ids) if isinstance(ids, list) else [ids]))


@click.command(
    cls=Command,
    examples="""
        phenv persons get 095be615-a8ad-4c33-8e9c-c7612fbf6c9f
        phenv persons get 42 --json
    """,
)
@person_argument
@json_option
@connected
def get(env: Environment, *, id: str, as_json: bool) -> None:
    """Read one person."""
    with usage():
        person = env.persons.get(id)
    _print_person(person, as_json=as_json)


def _print_person(person: Person, *, as_json: bool) -> None:
    if as_json:
        print_json(person.to_dict())
        return
    fields: list[tuple[str, object]] = [
        ("uuid", person.uuid),
        ("id", as_sent(person, "id")),
        ("name", as_sent(person, "name")),
        ("created", as_sent(person, "created_at")),
        *(("distinct id", text) for text in _ids(person)),
        *((f"properties.{name}", value) for name, value in person.properties.items()),
    ]
    if "properties" in person.additional_properties:
        fields.append(("properties", person.additional_properties["properties"]))
    print_fields(fields)


@click.command(
    cls=Command,
    examples="""
        phenv persons update ID --set plan=pro --set 'name=Ada Lovelace'
        phenv persons update ID --set seats:=5 --set 'tags:=["a", "b"]'
        phenv persons update --from-file changes.jsonl --dry-run
    """,
)
@optional_person
@click.option("--set", "wanted", multiple=True, metavar="NAME=TEXT|NAME:=JSON",
              help="A property to set, as text or as JSON. Repeatable.")  # fmt: skip
@click.option("--from-file", type=click.Path(allow_dash=True, path_type=Path), metavar="FILE",
              help="""Make many changes: one JSON object a line, {"id": …, "set": {…}}; or "distinct_id" or "email", and
              "unset" with the name of a property to delete. - is standard input.""")  # fmt: skip
@bulk_options
@yes_option
@json_option
@connected
def update(
    env: Environment, *, id: str | None, wanted: tuple[str, ...], from_file: Path | None, as_json: bool, **job: Any
) -> None:
    """Set properties of a person, or of many with --from-file, and leave the others as they are.

    PostHog's servers take the change and carry it out soon after: reading at once may still show the old values. With
    --json the person is printed, or null where the server only took the change.

    Many changes are shown first, then one is made after the other, and each step is written into a journal. The same
    command goes on after a crash, an error or Ctrl-C, and makes no change twice; see `persons delete`.
    """
    one_or_many(id, from_file)
    if from_file is not None:
        update_from_file(env, from_file, as_json=as_json, **job)
        return
    if not wanted:
        raise click.UsageError("Missing option '--set'.")
    assert id is not None
    with usage():
        person = env.persons.update(id, assignments(wanted))
    if person is not None:
        _print_person(person, as_json=as_json)
    else:
        say_done("The server took the change, and carries it out soon.", as_json=as_json)


@click.command(cls=Command, examples="phenv persons delete-property 42 phone")
@person_argument
@click.argument("name")
@yes_option
@json_option
@connected
def delete_property(env: Environment, *, id: str, name: str, yes: bool, as_json: bool) -> None:
    """Delete one property of a person, after asking. Servers do not check that the person has it.

    With --json null is printed once it is done.
    """
    confirm(lambda: f"Delete the property {name!r} of person {id}", yes=yes)
    with usage():
        env.persons.delete_property(id, name)
    say_done("Deleted.", as_json=as_json)


@click.command(cls=Command, examples="phenv persons activity 42 --limit 10")
@person_argument
@click.option("--limit", type=click.IntRange(1), help="Stop after so many entries.")
@click.option(
    "--page-size", type=click.IntRange(1), default=ENTRIES_PAGE_SIZE, show_default=True, help="Entries a request."
)
@json_option
@connected
def activity(env: Environment, *, id: str, limit: int | None, page_size: int, as_json: bool) -> None:
    """List what was done to a person, newest first."""
    with usage():
        pager = env.persons.activity(id, page_size=min(page_size, limit or page_size))
    table = TextTable(
        TextColumn("when", width=20), TextColumn("activity", width=16), TextColumn("by"), TextColumn("changes")
    )
    print_listing(pager, table, _entry_row, names=("entry", "entries"), limit=limit, as_json=as_json)


def _entry_row(entry: ActivityEntry) -> tuple[object, ...]:
    user: Any = entry.user
    by = (user.email or user.first_name) if user is not None else None
    changes = [change.field for change in entry.detail.changes if change.field] if entry.detail is not None else []
    return entry.created_at, entry.activity, by, ", ".join(changes)


@click.command(
    cls=Command,
    examples="phenv persons timeline 42 --property 'plan=pro' --date-from -30d",
)
@person_argument
@argument_options(QUESTION_ARGUMENTS, "question")
@json_option
@connected
def timeline(env: Environment, *, id: str, question: dict[str, Any], as_json: bool) -> None:
    """Follow the properties of a person over time. The vendor's servers refuse personal API keys here."""
    with usage():
        found = env.persons.properties_timeline(id, **question)
    if as_json:
        print_json(found.to_dict())
        return
    keys = found.crucial_property_keys
    table = TextTable(
        TextColumn("since", width=20), TextColumn("events", width=8, right=True), TextColumn("properties")
    )
    table.show(
        (
            point.timestamp,
            point.relevant_event_count,
            {name: value for name, value in point.properties.items() if not keys or name in keys},
        )
        for point in found.points
    )


@click.command(cls=Command, examples="phenv persons csv --property plan=pro > persons.csv")
@filter_options
@connected
def csv(env: Environment, *, filters: dict[str, Any]) -> None:
    """Stream persons as CSV, as the server writes it. Servers stop at 50,000 or 300,000 rows."""
    with usage():
        chunks = env.persons.csv(**filters)
    print_csv(chunks)


def confirm(question: Callable[[], str], *, yes: bool) -> None:
    """Ask for confirmation, or refuse if there is no terminal to ask on."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise click.UsageError("There is no terminal to ask on. Give --yes if you are sure.")
    click.confirm(f"{printable(question(), 1000)}?", abort=True, err=True)
