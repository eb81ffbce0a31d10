"""The journal of a run: what earlier runs wrote, and the lines that are added."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from msgspec import structs

from posthog_environments.bulk.file import JournalFile
from posthog_environments.bulk.journal import VERSION as FORMAT
from posthog_environments.bulk.journal import (
    DamagedJournal,
    EntryState,
    FoundPerson,
    Header,
    History,
    Outcome,
    encode,
    looked_up,
    read,
)
from posthog_environments.calls.messages import CallGenerator, RunBlocking
from posthog_environments.config.settings import VERSION
from posthog_environments.errors import ConfigurationError

if TYPE_CHECKING:
    from posthog_environments.bulk.jobs import Entry, Job
    from posthog_environments.calls.state import ClientState

__all__ = ["JournalMismatch", "JournalWriter"]


class JournalMismatch(ConfigurationError):  # noqa: N818 - it says what the journal is of
    """The journal belongs to another job.

    Attributes:
        different: What is different, in words.
    """

    def __init__(self, message: str, different: str) -> None:
        super().__init__(message)
        self.different = different


class JournalWriter:
    """The journal of one run. A dry run writes only its look-ups, for the next run."""

    def __init__(self, client: ClientState, job: Job, file: JournalFile | None, *, dry_run: bool) -> None:
        self._client = client
        self._job = job
        self._file = file
        self._history = History()
        self._salt = ""
        self.dry_run = dry_run

    @property
    def place(self) -> str:
        """The path, for messages."""
        return f" with the journal {self._file.path}" if self._file is not None else ""

    def of(self, entry: Entry) -> EntryState:
        """Return the state of an input."""
        return self._history.of(entry.number)

    def open(self) -> CallGenerator[None]:
        """Open and read the journal, and begin it if it is new.

        Raises:
            ConfigurationError: It cannot be used, or belongs to another job. Nothing was sent.
        """
        if self._file is None:
            return
        if self._client.settings.project_id == "@current":
            if self.dry_run:
                self._file = None
                return
            raise ConfigurationError(
                "A job with a journal needs the number of its project, which the journal records: "
                '"@current" is whatever project the key belongs to. Give project_id.'
            )
        yield RunBlocking(partial(self._file.open))
        data, self._file.data = self._file.data, b""
        try:
            self._history = read(data)
        except DamagedJournal as damaged:
            raise ConfigurationError(
                f"The journal {self._file.path} cannot be used: {damaged}. Nothing was sent. "
                "Read it to see what was done, and give another path."
            ) from None
        lines = yield from self._begin(data)
        if lines:
            yield RunBlocking(partial(self._file.append, lines))

    def _begin(self, data: bytes) -> CallGenerator[bytes]:
        """Check that the journal belongs to this job. Return the lines to write first."""
        header = self._history.header
        import secrets

        self._salt = secrets.token_hex(16) if header is None else header.salt
        own = self._job.header(self._client.settings.host, self._client.settings.project_id, self._salt)
        if header is None:
            return self._history.tail + self._first(own)
        if header == own:
            return self._history.tail
        assert self._file is not None
        if not self._history.begun:
            # That job sent nothing, such as a dry run with other flags or another list. Its look-ups count if the
            # inputs are the same.
            kept = looked_up(data) if header.looks_up_as(own) else b""
            first = self._first(own)
            self._history = read(first + kept)
            yield RunBlocking(partial(self._file.truncate, 0))
            return first + kept
        different = ", ".join(header.differs(own))
        raise JournalMismatch(
            f"The journal {self._file.path} is that of another job; different: {different}. Nothing was sent. "
            "A new list needs a new journal: give another path. To continue that job, repeat it as it was.",
            different,
        )

    def _first(self, own: Header) -> bytes:
        client = f"posthog-environments/{VERSION}"
        return encode("job", self._client.now(), version=FORMAT, **structs.asdict(own), client=client)

    def found(self, entry: Entry, found: FoundPerson) -> CallGenerator[None]:
        """Write the result of a look-up."""
        similar = {"similar": list(found.similar)} if found.similar else {}
        line = self._line(
            "found", entry, by=entry.by, key=entry.sealed(self._salt), uuid=found.uuid, persons=found.persons,
            foreign=found.foreign, **{"as": found.kind}, **similar,
        )  # fmt: skip
        yield from self._append(line, sync=False)

    def intents(self, meant: Sequence[tuple[Entry, str]]) -> CallGenerator[None]:
        """Write intents, and return when they are on the disk."""
        yield from self._append(b"".join(self._intent(entry, uuid) for entry, uuid in meant), sync=True)

    def _intent(self, entry: Entry, uuid: str) -> bytes:
        change = entry.change
        flags = self._job.flags
        what = {"delete_events": flags.delete_events, **flags.to_json()} if change is None else change.named()
        key = entry.sealed(self._salt)
        return self._line("intent", entry, task=self._job.task, by=entry.by, key=key, uuid=uuid, **what)

    def outcomes(self, settled: Sequence[tuple[Entry, Outcome]], *, sync: bool = True) -> CallGenerator[None]:
        """Write outcomes."""
        lines = [
            self._line("outcome", entry, uuid=each.uuid, state=each.state, status=each.status,
                       request_id=each.request_id, reason=each.reason)
            for entry, each in settled
        ]  # fmt: skip
        yield from self._append(b"".join(lines), sync=sync)

    def _line(self, line: str, entry: Entry, **fields: Any) -> bytes:
        return encode(line, self._client.now(), input=entry.number, **fields)

    def _append(self, data: bytes, *, sync: bool) -> CallGenerator[None]:
        if self._file is not None:
            yield RunBlocking(partial(self._file.append, data, sync=sync))

    def flush(self) -> CallGenerator[None]:
        """Wait until all lines are on the disk."""
        yield from self._append(b"", sync=True)

    def discard(self) -> None:
        """Remove the journal if this run has created it, and nothing was sent."""
        if self._file is not None and self._file.created:
            self._file.discard()

    def close(self) -> None:
        """Close the file and release the lock."""
        if self._file is not None:
            self._file.close()
