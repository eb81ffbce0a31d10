"""An export to a file: what is fetched goes into a part file, and a checkpoint says how much of it counts.

When a piece is on the disk the checkpoint is replaced, which holds where the walk is. Whatever happens between two
system calls, the checkpoint tells of a part file that is whole up to there, and of a walk that goes on right behind it.
At the end the part file, or what is composed from it, is given the name of the target, and only then are the others
removed.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from posthog_environments.export import checkpoint as records
from posthog_environments.export.checkpoint import Checkpoint, ExportIdentity, Phase, Receipt, Written
from posthog_environments.export.compose import Assembler
from posthog_environments.export.job import ExportJob
from posthog_environments.export.options import ExportOptions
from posthog_environments.export.sink import ChecksumWriter
from posthog_environments.export.summary import ExportSummary
from posthog_environments.export.targets import ExportPaths
from posthog_environments.tables.columns import Layout

if TYPE_CHECKING:
    from pathlib import Path

    from posthog_environments.paging.listing import ExportListRequest
    from posthog_environments.results.raw_rows import Row

__all__ = ["FileExport", "NothingToResumeError"]


class NothingToResumeError(FileExistsError):
    """An export was to go on, and there is the file alone."""


class FileExport(ExportJob):
    """An export to a file, which can be resumed."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        assert self._wishes.places is not None
        self._places: ExportPaths = self._wishes.places
        self._job = _job(self._listing, self._wishes)
        self._phase: Phase = "walking"
        self._replaces = self._wishes.force
        self._since: datetime | None = None
        self._old: Written | None = None
        self._older = 0
        self._made: Written | None = None
        self._total = self._new = 0
        self._worth_keeping = False
        self._was_placing = False
        self._file: int | None = None
        try:
            self._file = self._claim()
            self._begin()
        except BaseException:
            self.close()
            raise

    # ------------------------------------------------------------------------------------------------ the beginning

    def _claim(self) -> int:
        """Open the part file, and keep others from it."""
        part = self._places.part
        try:
            file = self._disk.reopen(part)
        except FileNotFoundError:
            file = self._disk.create(part)
        if self._disk.lock(file):
            return file
        self._disk.close(file)
        self._worth_keeping = True
        raise FileExistsError(f"Another process is just exporting to {self._places.target}.")

    def _begin(self) -> None:
        saved = self._saved()
        if saved is None or not self._wishes.resume:
            self._start_anew(interrupted=saved is not None)
        else:
            self._worth_keeping = True
            self._go_on(saved)

    def _saved(self) -> Checkpoint | None:
        """Read the checkpoint; None if there is none, or nothing was fetched before the end."""
        path = self._places.checkpoint
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            return None
        try:
            saved: Checkpoint = records.read(data, Checkpoint)
        except ValueError as error:
            if self._wishes.force and not self._wishes.resume:
                return None
            self._worth_keeping = True
            raise ValueError(f"{path} cannot be read: {error}. Start anew with force.") from None
        return saved if saved.walk["report"]["pages"] else None

    def _start_anew(self, *, interrupted: bool) -> None:
        places = self._places
        if not self._wishes.force:
            self._worth_keeping = True
            if interrupted:
                raise FileExistsError(
                    f"An export to {places.target} was interrupted. Go on with resume, or start anew with force."
                )
            if places.part.stat().st_size and not places.checkpoint.exists():
                raise FileExistsError(f"{places.part} is there, and is of no export. Move it away, or give force.")
            self._worth_keeping = False
            if places.target.exists() and not self._wishes.since_last:
                if self._wishes.resume:
                    raise NothingToResumeError(
                        f"{places.target} is there, and nothing unfinished lies beside it. Whether it is this export "
                        "is not known."
                    )
                raise FileExistsError(f"{places.target} is there. Give another name, or force to replace it.")
        if self._wishes.since_last and places.target.exists() and not self._wishes.force:
            self._read_receipt()
        self._disk.remove(places.checkpoint)
        self._disk.remove(places.fresh)
        self._disk.truncate(self._file_open, 0)
        self._save()

    def _read_receipt(self) -> None:
        """Look for what the export before has left, and refuse what cannot be added to."""
        target = self._places.target
        again = "ExportJob everybody anew with since_last and force."
        try:
            receipt: Receipt = records.read(self._places.receipt.read_bytes(), Receipt)
        except FileNotFoundError:
            raise ValueError(
                f"There is no record of an export to {target}, {self._places.receipt.name}. {again}"
            ) from None
        except ValueError as error:
            raise ValueError(f"The record {self._places.receipt} cannot be read: {error}. {again}") from None
        if not receipt.complete:
            raise ValueError(f"The last export to {target} is not complete: {receipt.reason}. {again}")
        if found := records.differences(receipt.job, self._job, but=frozenset({"page_size", "since_last"})):
            raise ValueError(f"The last export to {target} had other settings: {found}. {again}")
        if _measure(target) != receipt.made:
            raise ValueError(f"{target} was changed since it was exported. {again}")
        if receipt.rows and receipt.mark is None:
            raise ValueError(f"No person in {target} has a time of creation, so nobody knows who is new. {again}")
        self._since = None if receipt.mark is None else datetime.fromisoformat(receipt.mark)
        self._old, self._replaces = receipt.made, True
        self._writer = self._new_writer(_layout(receipt.layout))

    def _go_on(self, saved: Checkpoint) -> None:
        places, again = self._places, "Start anew with force."
        if found := records.differences(saved.job, self._job):
            raise ValueError(
                f"The interrupted export to {places.target} is another one; what differs: {found}. "
                "Give the same arguments to go on with it, or start anew with force."
            )
        is_ours = saved.replaces or self._wishes.force or (saved.made and _measure(places.target) == saved.made)
        if places.target.exists() and not is_ours:
            raise FileExistsError(f"{places.target} has come there meanwhile. Move it away, or give force.")
        if saved.phase != "placing":
            if _measure(places.part, saved.part.bytes) != saved.part:
                raise ValueError(f"{places.part} is not what the interrupted export has left. {again}")
            self._disk.truncate(self._file_open, saved.part.bytes)
        try:
            self._walk = self._listing.restore(saved.walk)
            layout = _layout(saved.layout)
        except (LookupError, TypeError, ValueError) as error:
            raise ValueError(f"{places.checkpoint} makes no sense: {error!r}. {again}") from None
        self._writer = self._new_writer(layout)
        self._phase, self._replaces = saved.phase, saved.replaces or self._wishes.force
        self._written, self._rows = saved.part, saved.rows
        self._mark, self._since = (_moment(text) for text in (saved.mark, saved.since))
        self._older, self._old = saved.older, saved.old
        self._made, self._total, self._new = saved.made, saved.total, saved.new
        self._was_placing = saved.phase == "placing"
        self._tally = saved.tally
        self._tally.resumed += 1

    # ---------------------------------------------------------------------------------------------------- on the way

    @property
    def _file_open(self) -> int:
        assert self._file is not None
        return self._file

    def _look_back(self, fresh: list[Row]) -> None:
        since = self._since
        if since is None or not self.more:
            return
        self._older += sum(row.created_at is not None and row.created_at < since for row in fresh)
        # So many more are looked at, for those who came late.
        if self._older >= max(1, self._listing.page_size // 2):
            self._walk.stop()

    def _give_up(self) -> None:
        self._worth_keeping = False

    def _store(self, piece: bytes) -> None:
        self._disk.write(self._file_open, piece)
        self._disk.sync(self._file_open)
        self._save()
        self._worth_keeping = True

    def _save(self) -> None:
        self._count_time()
        layout = self._layout()
        checkpoint = Checkpoint(
            job=self._job,
            replaces=self._replaces,
            phase=self._phase,
            part=self._written,
            rows=self._rows,
            walk=self._walk.state(),
            layout=None if layout is None else layout.to_dict(),
            mark=_text(self._mark),
            since=_text(self._since),
            older=self._older,
            old=self._old,
            tally=self._tally,
            made=self._made,
            total=self._total,
            new=self._new,
        )
        self._disk.write_whole(self._places.checkpoint, records.write(checkpoint))

    # ------------------------------------------------------------------------------------------------------- the end

    def finish(self) -> ExportSummary:
        """Put the file in its place; see `ExportJob.finish`."""
        assert not self.more
        if self._phase == "walking" and self._wishes.spools:
            self._phase = "composing"
            self._save()
        if self._phase == "composing":
            self._compose()
            self._phase = "placing"
            self._save()
        elif self._phase == "walking":
            self._made, self._total, self._new = self._written, self._rows, self._rows
            self._phase = "placing"
            self._save()
        self._place()
        assert self._made is not None
        return self._summary(str(self._places.target), self._made, self._total, self._new)

    def _compose(self) -> None:
        places = self._places
        old = places.target if self._old is not None else None
        if old is not None and _measure(old) != self._old:
            raise ValueError(f"{old} was changed while people were fetched. Export everybody anew with force.")
        composer = Assembler(self._wishes, lambda: _lines(places.part, self._written.bytes), old, self._layout())
        self._disk.remove(places.fresh)
        file = self._disk.create(places.fresh)
        try:
            sink = ChecksumWriter(partial(self._disk.write, file))
            composer.write(sink)
            self._disk.sync(file)
        except ValueError:
            if self._wishes.form.kind == "xlsx":
                # It would not fit into a sheet the next time either.
                self._give_up()
                self._disk.remove(places.fresh)
            raise
        finally:
            self._disk.close(file)
        self._writer.layout = composer.layout
        self._made, self._total, self._new = sink.written, composer.rows, composer.new

    def _place(self) -> None:
        places, disk = self._places, self._disk
        source = places.fresh if self._wishes.spools else places.part
        if not self._was_placing or _measure(source) == self._made:
            disk.replace(source, places.target)
        elif _measure(places.target) != self._made:
            raise ValueError(f"{source} is not what the interrupted export has left. Start anew with force.")
        if self._wishes.since_last:
            disk.write_whole(places.receipt, records.write(self._receipt()))
        else:
            # One of an export that this file has taken the place of.
            disk.remove(places.receipt)
        if self._wishes.spools or self._was_placing:
            disk.remove(places.part)
            # It must be gone before the checkpoint is: without one nobody would know what it is.
            disk.sync_folder(places.target.parent)
        disk.remove(places.checkpoint)
        disk.sync_folder(places.target.parent)

    def _receipt(self) -> Receipt:
        assert self._made is not None
        report, layout = self.report, self._layout()
        # Who could not see everybody who is new still has everybody of before.
        adds = self._old is not None
        mark = self._since if adds and not report.complete else self._mark or self._since
        return Receipt(
            job=self._job,
            complete=adds or report.complete,
            reason=None if adds else report.reason,
            mark=_text(mark),
            layout=None if layout is None else layout.to_dict(),
            rows=self._total,
            made=self._made,
            finished=datetime.now(UTC).isoformat(timespec="seconds"),
        )

    def close(self) -> None:
        """Close the part file; where nothing was fetched, nothing is left behind."""
        file, self._file = self._file, None
        if file is None:
            return
        self._disk.close(file)
        if not self._worth_keeping:
            self._disk.remove(self._places.checkpoint)
            self._disk.remove(self._places.part)


def _job(listing: ExportListRequest, wishes: ExportOptions) -> ExportIdentity:
    identity = dict(listing.identity)
    return ExportIdentity(
        host=str(identity.pop("host")),
        project=str(identity.pop("project")),
        filters=records.fingerprint(identity),
        page_size=listing.page_size,
        format=str(wishes.form),
        columns=None if wishes.columns is None else list(wishes.columns),
        flatten=wishes.flatten,
        raw=wishes.raw,
        since_last=wishes.since_last,
        only=None if wishes.only is None else list(wishes.only),
    )


def _layout(value: Any) -> Layout | None:
    return None if value is None else Layout.from_dict(value)


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _measure(path: Path, most: int | None = None) -> Written:
    """Sum up a file, or its first bytes; nothing if it is not there."""
    size = crc = 0
    try:
        with path.open("rb") as file:
            while most is None or size < most:
                piece = file.read(1 << 20 if most is None else min(1 << 20, most - size))
                if not piece:
                    break
                size, crc = size + len(piece), zlib.crc32(piece, crc)
    except FileNotFoundError:
        return Written(-1)
    return Written(size, crc)


def _lines(path: Path, size: int) -> Iterator[bytes]:
    """Read the lines of the part file that count."""
    with path.open("rb") as file:
        for line in file:
            size -= len(line)
            if size < 0:
                return
            yield line
