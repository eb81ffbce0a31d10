"""`phenv journal`: prove from a journal what a job did, and check that deleted persons are still gone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from posthog_environments.bulk.journal import DamagedJournal, EntryState, Header, History, read
from posthog_environments.bulk.proof import Account, account_of, gone_uuids, in_words, inputs_of, moment
from posthog_environments.cli.groups import Command, LazyGroup
from posthog_environments.cli.jobs import WORDS
from posthog_environments.cli.options import connection_arguments, connection_options, json_option
from posthog_environments.cli.output import note, print_json, progress
from posthog_environments.errors import APIStatusError, NotFoundError, printable

if TYPE_CHECKING:
    from posthog_environments.client.environment import Environment

_HERE = "posthog_environments.cli.journal"


@click.group(
    cls=LazyGroup,
    lazy={"verify": (f"{_HERE}:verify", "Prove what a job did, and check that the persons are still gone.")},
)
def journal() -> None:
    """Read the journals of `persons delete --from-file` and `persons update --from-file`."""


@dataclass
class _Proof:
    """The proof: its lines, and whether it holds."""

    lines: list[str] = field(default_factory=list[str])
    records: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    holds: bool = True

    def add(self, line: str, *, holds: bool, **record: Any) -> None:
        self.lines.append(line)
        self.records.append({**record, "proof": line, "holds": holds})
        self.holds = self.holds and holds


@click.command(
    cls=Command,
    examples="""
        phenv journal verify emails.txt.journal.jsonl
        phenv journal verify emails.txt.journal.jsonl --email ada@example.com
        phenv journal verify emails.txt.journal.jsonl --offline
    """,
)
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE")
@click.option("--email", "emails", multiple=True, metavar="EMAIL", help="Only the person with this email. Repeatable.")
@click.option(
    "--distinct-id",
    "distinct_ids",
    multiple=True,
    metavar="ID",
    help="Only the person with this distinct id. Repeatable.",
)
@click.option("--id", "ids", multiple=True, metavar="UUID", help="Only the person with this uuid. Repeatable.")
@click.option("--offline", is_flag=True, help="Read only the journal; do not ask the server.")
@json_option
@connection_options
def verify(
    *, file: Path, emails: Sequence[str], distinct_ids: Sequence[str], ids: Sequence[str],
    offline: bool, as_json: bool, **given: Any,
) -> None:  # fmt: skip
    """Prove in one line what a job did, in all or to one person, and check that the persons are still gone.

    The exit code is 0 if all of these persons were deleted, or gone before, and are still gone; otherwise 1.
    """
    history, header = _read(file)
    asked = [("email", each) for each in emails] + [("distinct id", each) for each in distinct_ids]
    asked += [("uuid", each.strip().lower()) for each in ids]
    proof = _Proof()
    if offline or header.task != "delete":
        _prove(proof, file, history, header, asked, None)
    else:
        from posthog_environments.cli.connection import connect
        from posthog_environments.cli.connection import read as configured

        with connect(configured(**connection_arguments(click.get_current_context(), given))) as env:
            _same_place(file, header, env)
            _prove(proof, file, history, header, asked, _Look(env, history))
    if as_json:
        print_json({"journal": str(file), "holds": proof.holds, "proofs": proof.records})
    else:
        for line in proof.lines:
            click.echo(printable(line, 2000))
    if not proof.holds:
        raise click.exceptions.Exit(1)


def _read(file: Path) -> tuple[History, Header]:
    problem = ""
    try:
        history = read(file.read_bytes())
    except OSError as error:
        problem = f"it cannot be read: {error.strerror}"
    except DamagedJournal as damaged:
        problem = str(damaged)
    else:
        if history.header is not None:
            return history, history.header
        problem = "it is empty"
    raise click.UsageError(f"{file} proves nothing: {problem}.", click.get_current_context())


def _same_place(file: Path, header: Header, env: Environment) -> None:
    if (header.host, header.project) != (env.host, str(env.project_id)):
        raise click.UsageError(
            f"{file} is of project {header.project} at {header.host}, and this would look in project {env.project_id} "
            f"at {env.host}. Give --project-id {header.project} --host {header.host}, or --offline to read it alone.",
            click.get_current_context(),
        )


# ----------------------------------------------------------------------------------------------------------- the proof


def _prove(
    proof: _Proof, file: Path, history: History, header: Header, asked: Sequence[tuple[str, str]], look: _Look | None
) -> None:
    if not asked:
        _prove_all(proof, file, history, header, look)
    for kind, text in asked:
        named = {"uuid": text} if kind == "uuid" else {"text": text}
        found = list(inputs_of(history, header, **named))
        if not found:
            proof.add(f"{text}: no input of {file} names this {kind}.", holds=False, asked=text)
        for number, standing in found:
            _prove_one(proof, text if kind == "email" else "", text, (number, standing), header, look)


def _prove_one(
    proof: _Proof, email: str, text: str, found: tuple[int, EntryState], header: Header, look: _Look | None
) -> None:
    number, standing = found
    settled = standing.settled
    holds = settled is not None and settled.state in ("done", "queued", "already_gone", "duplicate")
    line = f"{text}: {in_words(number, standing, header)}"
    uuid = settled.uuid if settled is not None else None
    if look is not None and holds:
        is_gone, seen = look.at(uuid, email, keeps=header.keep_person)
        events = look.events(uuid, standing) if header.delete_events and uuid is not None else ""
        line += f"; looked {moment(datetime.now(UTC))}: {seen}{events}"
        holds = is_gone
    proof.add(
        f"{line}.", holds=holds, asked=text, input=number, uuid=uuid, state=settled.state if settled else "pending"
    )


def _prove_all(proof: _Proof, file: Path, history: History, header: Header, look: _Look | None) -> None:
    account = account_of(history, header)
    line = f"{file}: {_of_all(account, header)}"
    holds = account.is_whole
    if look is not None:
        gone = gone_uuids(history)
        back = [] if header.keep_person else look.who_is_there(gone)
        for uuid in back:
            note(f"There (again, or still): {uuid}")
        line += f"; looked {moment(datetime.now(UTC))}: {len(gone) - len(back):,} of {len(gone):,} are still gone"
        line += look.events_of(gone, account) if header.delete_events else ""
        holds = holds and not back
    proof.add(f"{line}.", holds=holds, counts=dict(account.counts))


def _of_all(account: Account, header: Header) -> str:
    when = f", {moment(account.first)} to {moment(account.last)}" if account.first and account.last else ""
    flags = [name.replace("_", " ") for name in ("delete_events", "delete_recordings", "keep_person")
             if getattr(header, name)]  # fmt: skip
    what = header.task + (f" ({', '.join(flags)})" if flags else "")
    counts = ", ".join(f"{count:,} {WORDS[state]}" for state, count in account.counts.items() if count) or "nothing"
    return f"{what} in project {header.project} at {header.host}{when}: {counts}"


class _Look:
    """Looks up persons on the server."""

    def __init__(self, env: Environment, history: History) -> None:
        self._env = env
        self._history = history
        # A 404 counts only if the project is known to exist.
        env.persons.list(page_size=1).first()

    def _is_there(self, uuid: str) -> bool:
        try:
            self._env.persons.get(uuid)
        except NotFoundError:
            return False
        return True

    def at(self, uuid: str | None, email: str, *, keeps: bool) -> tuple[bool, str]:
        """Look up one person; return whether the proof holds, and what was found."""
        if keeps:
            return True, "kept, as asked"
        if uuid is not None and self._is_there(uuid):
            return False, "THERE (again, or still)"
        other = self._env.persons.list(email=email).first() if email else None
        if other is not None:
            return False, f"SOMEBODY ELSE HAS THIS EMAIL ({other.uuid})"
        return True, "still gone"

    def who_is_there(self, uuids: Mapping[str, EntryState]) -> list[str]:
        """Return the persons that exist."""
        found: list[str] = []
        with progress("Looking", total=len(uuids)) as advance:
            for uuid in uuids:
                if self._is_there(uuid):
                    found.append(uuid)
                advance(1)
        return found

    def events(self, uuid: str, standing: EntryState) -> str:
        """Return the status of the event deletion of one person."""
        for person_uuid, said in self._rows(id=uuid):
            if person_uuid == uuid and (said.since is None or standing.since is None or said.since >= standing.since):
                return f"; events: {said.words}"
        return "; events: no row of deletion_status"

    def events_of(self, uuids: Mapping[str, EntryState], account: Account) -> str:
        """Return the status of all event deletions."""
        counts = {"pending": 0, "completed": 0}
        seen: set[str] = set()
        for uuid, said in self._rows():
            # Rows come newest first; the rest belongs to other jobs.
            if (
                said.created is not None
                and account.first is not None
                and said.created < account.first.replace(hour=0, minute=0, second=0)
            ):
                break
            if uuid is not None and uuid in uuids and uuid not in seen:
                seen.add(uuid)
                counts["completed" if said.is_over else "pending"] += 1
        if not seen:
            return "; of their events deletion_status shows nothing"
        return f"; events: {counts['completed']:,} deleted, {counts['pending']:,} to go on a Sunday"

    def _rows(self, id: str | None = None) -> Iterator[tuple[str | None, _Events]]:
        try:
            for row in self._env.persons.deletion_status(id=id, page_size=100 if id else 1000):
                yield row.person_uuid, _Events(row.created_at, row.delete_verified_at, row.status)
        except APIStatusError as error:
            # Older servers do not have this list.
            if error.status_code not in (400, 404, 405):
                raise


@dataclass(frozen=True, slots=True)
class _Events:
    """Status of the deletion of a person's events."""

    created: datetime | None
    verified: datetime | None
    status: str | None

    @property
    def is_over(self) -> bool:
        return self.verified is not None or self.status == "completed"

    @property
    def since(self) -> datetime | None:
        """When the deletion was verified; None if it is pending."""
        return self.verified

    @property
    def words(self) -> str:
        if self.verified is not None:
            return f"deleted, verified {moment(self.verified)}"
        return "deleted" if self.is_over else "queued, to go on a Sunday at about 05:00 UTC"
