"""`phenv journal`: prove from a journal what a job did, and check that deleted persons are still gone."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from posthog_environments.bulk.journal import DamagedJournal, EntryState, Header, History, read
from posthog_environments.bulk.proof import Account, account_of, gone_uuids, in_words, inputs_of, moment
from posthog_environments.cli.groups import Command, LazyGroup
from posthog_environments.cli.jobs import WORDS
from posthog_environments.cli.options import configured, json_option
from posthog_environments.cli.output import note, print_json, progress
from posthog_environments.errors import APIStatusError, NotFoundError, printable

if TYPE_CHECKING:
    from posthog_environments.client.environment import Environment
    from posthog_environments.results.models import DeletionStatus


@click.group(
    cls=LazyGroup,
    lazy={"verify": ("journal:verify", "Prove what a job did, and check that the persons are still gone.")},
)
def journal() -> None:
    """Read the journals of `persons delete --from-file` and `persons update --from-file`."""


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
@click.option("--distinct-id", "distinct_ids", multiple=True, metavar="ID",
              help="Only the person with this distinct id. Repeatable.")  # fmt: skip
@click.option("--id", "ids", multiple=True, metavar="UUID", help="Only the person with this uuid. Repeatable.")
@click.option("--offline", is_flag=True, help="Read only the journal; do not ask the server.")
@json_option
@configured
def verify(
    *, file: Path, emails: Sequence[str], distinct_ids: Sequence[str], ids: Sequence[str],
    offline: bool, as_json: bool, connection: dict[str, Any],
) -> None:  # fmt: skip
    """Prove in one line what a job did, in all or to one person, and check that the persons are still gone.

    The exit code is 0 if all of these persons were deleted, or gone before, and are still gone; otherwise 1.
    """
    history, header = _read(file)
    asked = [("email", each) for each in emails] + [("distinct id", each) for each in distinct_ids]
    asked += [("uuid", each.strip().lower()) for each in ids]
    if offline or header.task != "delete":
        proof = _Proof(file, history, header)
        proof.prove(asked)
    else:
        from posthog_environments.cli.connection import connect
        from posthog_environments.cli.connection import read as settings_of

        with connect(settings_of(**connection)) as env:
            _same_place(file, header, env)
            # A 404 counts only if the project is known to exist.
            env.persons.list(page_size=1).first()
            proof = _Proof(file, history, header, env)
            proof.prove(asked)
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
    raise click.UsageError(f"{file} proves nothing: {problem}.")


def _same_place(file: Path, header: Header, env: Environment) -> None:
    if (header.host, header.project) != (env.host, str(env.project_id)):
        raise click.UsageError(
            f"{file} is of project {header.project} at {header.host}, and this would look in project {env.project_id} "
            f"at {env.host}. Give --project-id {header.project} --host {header.host}, or --offline to read it alone."
        )


@dataclass
class _Proof:
    """The proof of a journal: its lines, and whether it holds. With a client, the persons are looked up as well."""

    file: Path
    history: History
    header: Header
    env: Environment | None = None
    lines: list[str] = field(default_factory=list[str])
    records: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    holds: bool = True

    def prove(self, asked: Sequence[tuple[str, str]]) -> None:
        """Prove what was done to the persons asked for; without any, to all."""
        if not asked:
            self._prove_all()
        for kind, text in asked:
            named = {"uuid": text} if kind == "uuid" else {"text": text}
            found = list(inputs_of(self.history, self.header, **named))
            if not found:
                self._add(f"{text}: no input of {self.file} names this {kind}.", holds=False, asked=text)
            for number, standing in found:
                self._prove_one(kind, text, number, standing)

    def _add(self, line: str, *, holds: bool, **record: Any) -> None:
        self.lines.append(line)
        self.records.append({**record, "proof": line, "holds": holds})
        self.holds = self.holds and holds

    def _prove_one(self, kind: str, text: str, number: int, standing: EntryState) -> None:
        settled = standing.settled
        uuid, state = (settled.uuid, settled.state) if settled is not None else (None, "pending")
        holds = state in ("done", "queued", "already_gone", "duplicate")
        line = f"{text}: {in_words(number, standing, self.header)}"
        if self.env is not None and holds:
            holds, seen = self._looked(self.env, uuid, text if kind == "email" else "")
            events = self._events(self.env, uuid, standing) if self.header.delete_events and uuid is not None else ""
            line += f"; looked {moment(datetime.now(UTC))}: {seen}{events}"
        self._add(f"{line}.", holds=holds, asked=text, input=number, uuid=uuid, state=state)

    def _prove_all(self) -> None:
        header, account = self.header, account_of(self.history, self.header)
        when = f", {moment(account.first)} to {moment(account.last)}" if account.first and account.last else ""
        flags = [name.replace("_", " ") for name in ("delete_events", "delete_recordings", "keep_person")
                 if getattr(header, name)]  # fmt: skip
        what = header.task + (f" ({', '.join(flags)})" if flags else "")
        counts = ", ".join(f"{count:,} {WORDS[state]}" for state, count in account.counts.items() if count) or "nothing"
        line = f"{self.file}: {what} in project {header.project} at {header.host}{when}: {counts}"
        holds = account.is_whole
        if self.env is not None:
            gone = gone_uuids(self.history)
            back = [] if header.keep_person else _who_is_there(self.env, gone)
            for uuid in back:
                note(f"There (again, or still): {uuid}")
            line += f"; looked {moment(datetime.now(UTC))}: {len(gone) - len(back):,} of {len(gone):,} are still gone"
            line += _events_of_all(self.env, gone, account) if header.delete_events else ""
            holds = holds and not back
        self._add(f"{line}.", holds=holds, counts=dict(account.counts))

    def _looked(self, env: Environment, uuid: str | None, email: str) -> tuple[bool, str]:
        """Look up one person; return whether the proof holds, and what was found."""
        if self.header.keep_person:
            return True, "kept, as asked"
        if uuid is not None and _is_there(env, uuid):
            return False, "THERE (again, or still)"
        other = env.persons.list(email=email).first() if email else None
        if other is not None:
            return False, f"SOMEBODY ELSE HAS THIS EMAIL ({other.uuid})"
        return True, "still gone"

    def _events(self, env: Environment, uuid: str, standing: EntryState) -> str:
        """Return the status of the event deletion of one person."""
        for row in _deletions(env, uuid):
            verified = row.delete_verified_at
            if row.person_uuid == uuid and (verified is None or standing.since is None or verified >= standing.since):
                if verified is not None:
                    return f"; events: deleted, verified {moment(verified)}"
                return f"; events: {'deleted' if _is_over(row) else 'queued, to go on a Sunday at about 05:00 UTC'}"
        return "; events: no row of deletion_status"


# ---------------------------------------------------------------------------------------------------------- look-ups


def _is_there(env: Environment, uuid: str) -> bool:
    try:
        env.persons.get(uuid)
    except NotFoundError:
        return False
    return True


def _who_is_there(env: Environment, uuids: Collection[str]) -> list[str]:
    """Return the persons that exist."""
    found: list[str] = []
    with progress("Looking", total=len(uuids)) as advance:
        for uuid in uuids:
            if _is_there(env, uuid):
                found.append(uuid)
            advance(1)
    return found


def _events_of_all(env: Environment, uuids: Collection[str], account: Account) -> str:
    """Return the status of all event deletions."""
    day = account.first.replace(hour=0, minute=0, second=0) if account.first is not None else None
    over: dict[str, bool] = {}
    for row in _deletions(env):
        # Rows come newest first; the rest belongs to other jobs.
        if row.created_at is not None and day is not None and row.created_at < day:
            break
        if row.person_uuid is not None and row.person_uuid in uuids:
            over.setdefault(row.person_uuid, _is_over(row))
    if not over:
        return "; of their events deletion_status shows nothing"
    deleted = sum(over.values())
    return f"; events: {deleted:,} deleted, {len(over) - deleted:,} to go on a Sunday"


def _is_over(row: DeletionStatus) -> bool:
    return row.delete_verified_at is not None or row.status == "completed"


def _deletions(env: Environment, id: str | None = None) -> Iterator[DeletionStatus]:
    try:
        yield from env.persons.deletion_status(id=id, page_size=100 if id else 1000)
    except APIStatusError as error:
        # Older servers do not have this list.
        if error.status_code not in (400, 404, 405):
            raise
