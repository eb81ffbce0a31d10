"""What a run knows and writes down: the journal as it was found, and the lines that it adds."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from posthog_environments.bulk.file import JournalFile
from posthog_environments.bulk.journal import VERSION as FORMAT
from posthog_environments.bulk.journal import Damaged, Found, Header, History, Settled, Standing, encode, read
from posthog_environments.config import VERSION
from posthog_environments.errors import ConfigurationError
from posthog_environments.exchange import Do, Flow

if TYPE_CHECKING:
    from posthog_environments.bulk.jobs import Entry, Job
    from posthog_environments.exchange import Session

__all__ = ["Ledger"]


class Ledger:
    """The journal of one run; of a dry run it reads one that is there, and writes nothing."""

    def __init__(self, session: Session, job: Job, file: JournalFile | None, *, dry_run: bool) -> None:
        self._session = session
        self._job = job
        self._file = file
        self._history = History()
        self._salt = ""
        self.dry_run = dry_run

    @property
    def place(self) -> str:
        """Where it is, in words."""
        return f" with the journal {self._file.path}" if self._file is not None else ""

    def of(self, entry: Entry) -> Standing:
        """Return how far an input has come."""
        return self._history.of(entry.number)

    def open(self) -> Flow[None]:
        """Open and read the journal, and begin one that is new.

        Raises:
            ConfigurationError: It cannot be used, or is that of another job. Nothing was sent.
        """
        if self._file is None:
            return
        if not self.dry_run and self._session.settings.project_id == "@current":
            raise ConfigurationError(
                "A job with a journal needs the number of its project, so that the journal says which it was: "
                '"@current" is whatever project the key belongs to. Give project_id.'
            )
        yield Do(partial(self._file.open, create=not self.dry_run))
        problem = ""
        try:
            self._history = read(self._file.data)
        except Damaged as damaged:
            problem = str(damaged)
        self._file.data = b""
        if problem:
            raise ConfigurationError(
                f"The journal {self._file.path} cannot be used: {problem}. Nothing was sent. "
                "Look into it for what was done, and give another path."
            )
        lines = self._begin()
        if lines and not self.dry_run:
            yield Do(partial(self._file.append, lines))

    def _begin(self) -> bytes:
        """See that the journal is that of this job; return the lines that are to come first."""
        header = self._history.header
        import secrets

        self._salt = secrets.token_hex(16) if header is None else header.salt
        own = self._job.header(self._session.settings.host, self._session.settings.project_id, self._salt)
        if header is None:
            return self._history.tail + self._first(own)
        if header == own:
            return self._history.tail
        assert self._file is not None
        what = "It has changed something." if self._history.begun else "It has changed nothing yet and may be removed."
        raise ConfigurationError(
            f"The journal {self._file.path} is that of another job; different: {', '.join(header.differs(own))}. "
            f"{what} Nothing was sent. Give this job a journal of its own, or repeat that job as it was."
        )

    def _first(self, own: Header) -> bytes:
        fields = {name: getattr(own, name) for name in Header.__slots__}
        client = f"posthog-environments/{VERSION}"
        return encode("job", self._session.now(), version=FORMAT, **fields, client=client)

    def found(self, entry: Entry, found: Found) -> Flow[None]:
        """Write down whom an input was found to mean."""
        yield from self._write(
            "found", entry, sync=False, by=entry.by, key=entry.sealed(self._salt),
            uuid=found.uuid, persons=found.persons, foreign=found.foreign,
        )  # fmt: skip

    def intent(self, entry: Entry, uuid: str) -> Flow[None]:
        """Write down what is about to be sent; afterwards it is on the disk."""
        what = {"delete_events": self._job.delete_events} if entry.change is None else entry.change.named()
        key = entry.sealed(self._salt)
        yield from self._write("intent", entry, task=self._job.task, by=entry.by, key=key, uuid=uuid, **what)

    def outcome(self, entry: Entry, settled: Settled, *, sync: bool = True) -> Flow[None]:
        """Write down what came of an input."""
        yield from self._write(
            "outcome", entry, sync=sync, uuid=settled.uuid, state=settled.state, status=settled.status,
            request_id=settled.request_id, reason=settled.reason,
        )  # fmt: skip

    def _write(self, line: str, entry: Entry, *, sync: bool = True, **fields: Any) -> Flow[None]:
        if self._file is not None and not self.dry_run:
            data = encode(line, self._session.now(), input=entry.number, **fields)
            yield Do(partial(self._file.append, data, sync=sync))

    def flush(self) -> Flow[None]:
        """See that all is on the disk."""
        if self._file is not None and not self.dry_run:
            yield Do(partial(self._file.append, b""))

    def discard(self) -> None:
        """Remove a journal that this very run has begun: nothing has been sent."""
        if self._file is not None and self._file.created:
            self._file.discard()

    def close(self) -> None:
        """Close the file, and with it the lock."""
        if self._file is not None:
            self._file.close()
