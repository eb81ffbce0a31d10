"""`phenv persons delete --from-file` and `phenv persons update --from-file`."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

import click

from posthog_environments.bulk.inputs import NumberedInput
from posthog_environments.cli.from_file import MOST_SHOWN, Rows, column_of, heading_hint, lines_of, read_text, unusable
from posthog_environments.cli.jobs import BulkCommand
from posthog_environments.cli.options import stacked
from posthog_environments.cli.output import note

if TYPE_CHECKING:
    from posthog_environments.bulk.inputs import By
    from posthog_environments.bulk.jobs import Entry
    from posthog_environments.client.environment import Environment

__all__ = ["bulk_options", "delete_from_file", "list_options", "one_or_many", "update_from_file"]

T = TypeVar("T")


bulk_options = stacked(
    click.option("--journal", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
                 help="The journal of each step; by default FILE.journal.jsonl beside the input."),
    click.option("--dry-run", is_flag=True, help="Look up the persons only, and show what would be done."),
    click.option("--retry-unknown", is_flag=True, help="Retry what an earlier run left as unknown."),
)  # fmt: skip
"""Adds the options of a job."""

list_options = stacked(
    click.option("--column", metavar="NAME", help="Read the file as CSV with a header, and take this column."),
    click.option("--by", type=click.Choice(["auto", "id", "email", "distinct-id"]), default="id", show_default=True,
                 help="What the lines of the file are; auto takes each for what it looks like. All but uuids are "
                 "looked up."),
    click.option("--using", type=click.Choice(["auto", "bulk", "single"]), default="auto", show_default=True,
                 help="Up to 1,000 with one request, or one by one; auto does what the server supports."),
    click.option("--delete-recordings", is_flag=True, help="Delete the recordings of the persons, too; only in bulk."),
    click.option("--keep-person", is_flag=True,
                 help="Keep the persons, and delete only events or recordings; only in bulk."),
    click.option("--keep-ids", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
                 help="Write the distinct ids of each person to this file (mode 0600) before the deletion."),
)  # fmt: skip
"""Adds the options for reading a list of persons, and for deleting them."""

_OF_MANY = ("journal", "dry_run", "retry_unknown", "by", "using", "column", "keep_ids", "delete_recordings",
            "keep_person")  # fmt: skip


def one_or_many(id: str | None, from_file: Path | None) -> None:
    """Check that there is either an ID or a file, and no option that belongs to the other."""
    if (id is None) == (from_file is None):
        raise click.UsageError("Give either an ID or --from-file FILE.")
    misplaced = _OF_MANY if from_file is None else ("wanted",)
    use = "many persons, with --from-file" if from_file is None else "one person; the file says what is to be set"
    context = click.get_current_context()
    options = {option.name: option for option in context.command.params}
    for name in misplaced:
        value = context.params.get(name)
        if value not in (None, False, ()) and value != options[name].get_default(context):
            raise click.UsageError(f"{options[name].opts[0]} is for {use}.")


# ----------------------------------------------------------------------------------------------------------- the input


def _checked(
    source: Path, rows: Sequence[NumberedInput], check: Callable[[NumberedInput], T], hint: str = ""
) -> list[T]:
    """Check all lines. The error lists all that are wrong."""
    found: list[T] = []
    problems: list[str] = []
    for row in rows:
        try:
            found.append(check(row))
        except (TypeError, ValueError) as error:
            problems.append(f"line {row.number}: {error}")
    if problems:
        raise unusable(source, problems, hint)
    return found


def _change(row: NumberedInput) -> Entry:
    from posthog_environments.bulk.jobs import change_of

    try:
        value: object = json.loads(str(row.value), parse_constant=_refuse_constant, object_pairs_hook=_once)
    except json.JSONDecodeError as error:
        raise ValueError(f"it is not JSON: {error.msg} at column {error.colno}.") from None
    except RecursionError:
        raise ValueError("it is nested too deeply.") from None
    return change_of(row.number, value)


def _refuse_constant(name: str) -> object:
    raise ValueError(f"{name} is not a number of JSON.")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name occurs twice in one object.")
    return found


# ------------------------------------------------------------------------------------------------------------- the job


def delete_from_file(
    env: Environment, source: Path, *, by: str, column: str | None, using: str, keep_ids: Path | None,
    delete_events: bool, delete_recordings: bool, keep_person: bool, **options: Any,
) -> None:  # fmt: skip
    """Delete the persons that a file names."""
    kind = cast("By", by.replace("-", "_"))
    text = read_text(source)
    rows = lines_of(source, text) if column is None else column_of(source, text, column)
    _checked(source, rows.named, partial(_named, kind), "" if column is not None else heading_hint(text))
    _say_what_is_empty(rows, column)
    flags = {"delete_events": delete_events, "delete_recordings": delete_recordings, "keep_person": keep_person}
    job = BulkCommand(env, source, "delete", rows, flags, by=kind, keep_ids=keep_ids, **options)
    delete_many: Callable[..., Any] = env.persons.delete_many
    job.carry_out(partial(delete_many, rows.named, by=kind, using=using, keep_ids=keep_ids, **flags))


def _named(kind: By, row: NumberedInput) -> None:
    from posthog_environments.bulk.inputs import named_by

    try:
        named_by(kind, row.value, plain=row.plain)
    except ValueError as error:
        if kind == "id":
            raise ValueError("it is neither a uuid nor an integer id. For emails or distinct ids give --by.") from None
        raise ValueError(str(error).replace('by="distinct_id"', "--by distinct-id")) from None


def _say_what_is_empty(rows: Rows, column: str | None) -> None:
    if rows.empty:
        lines = ", ".join(map(str, rows.empty[:MOST_SHOWN])) + (", …" if len(rows.empty) > MOST_SHOWN else "")
        note(f"The column {column!r} is empty on line {lines}. These lines count as blank.")


def update_from_file(env: Environment, source: Path, **options: Any) -> None:
    """Change the persons that a file names."""
    from posthog_environments.bulk.jobs import contradictions

    rows = lines_of(source, read_text(source))
    entries = _checked(source, rows.named, _change)
    problems = [
        f"line {one}: {name!r} is changed differently on line {two}." for one, two, name in contradictions(entries)
    ]
    if problems:
        raise unusable(source, problems)
    changes = [
        NumberedInput(entry.number, {entry.by: entry.key, **(entry.change.to_json() if entry.change else {})})
        for entry in entries
    ]
    job = BulkCommand(env, source, "update", rows, {}, **options)
    update_many: Callable[..., Any] = env.persons.update_many
    job.carry_out(partial(update_many, changes))
