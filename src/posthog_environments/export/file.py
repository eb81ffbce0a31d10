"""An export to a file: what is fetched goes into a part file, and a checkpoint says how much of it counts.

When a piece is on the disk the checkpoint is replaced, which holds where the walk is. Whatever happens between two
system calls, the checkpoint tells of a part file that is whole up to there, and of a walk that goes on right behind it.
At the end the part file, or what is composed from it, is given the name of the target, and only then are the others
removed.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from posthog_environments.export import checkpoint as records
from posthog_environments.export.assemble import Assembler
from posthog_environments.export.checkpoint import Checkpoint, ExportIdentity, Phase, Receipt, Written
from posthog_environments.export.checksum import ChecksumWriter
from posthog_environments.export.formats import ExportPaths
from posthog_environments.export.job import ExportJob
from posthog_environments.export.options import ExportOptions
from posthog_environments.export.summary import ExportSummary
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
        assert self._options.paths is not None
        self._paths: ExportPaths = self._options.paths
        self._job = _job(self._listing, self._options)
        self._phase: Phase = "walking"
        self._replaces = self._options.force
        self._since: datetime | None = None
        self._old: Written | None = None
        self._older = 0
        self._made: Written | None = None
        self._total = self._new = 0
        self._worth_keeping = False
        self._made_part = False
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
        part = self._paths.part
        try:
            file = self._disk.reopen(part)
        except FileNotFoundError:
            file = self._disk.create(part)
            self._made_part = True
        if self._disk.lock(file, part):
            return file
        self._disk.close(file)
        self._worth_keeping = True
        raise FileExistsError(f"Another process is just exporting to {self._paths.target}.")

    def _begin(self) -> None:
        saved = self._saved()
        if saved is None or not self._options.resume:
            self._start_anew(interrupted=saved is not None)
        else:
            self._worth_keeping = True
            self._go_on(saved)

    def _saved(self) -> Checkpoint | None:
        """Read the checkpoint; None if there is none, or nothing was fetched before the end."""
        path = self._paths.checkpoint
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            return None
        try:
            saved: Checkpoint = records.read(data, Checkpoint)
        except ValueError as error:
            if self._options.force and not self._options.resume:
                return None
            self._worth_keeping = True
            raise ValueError(f"{path} cannot be read: {error}. Start anew with force.") from None
        return saved if saved.paginator["report"]["pages"] else None

    def _start_anew(self, *, interrupted: bool) -> None:
        paths = self._paths
        if not self._options.force:
            self._worth_keeping = True
            if interrupted:
                raise FileExistsError(
                    f"An export to {paths.target} was interrupted. Go on with resume, or start anew with force."
                )
            if paths.part.stat().st_size and not paths.checkpoint.exists():
                raise FileExistsError(f"{paths.part} is there, and is of no export. Move it away, or give force.")
            self._worth_keeping = False
            if paths.target.exists() and not self._options.since_last:
                if self._options.resume:
                    raise NothingToResumeError(
                        f"{paths.target} is there, and nothing unfinished lies beside it. Whether it is this export "
                        "is not known."
                    )
                raise FileExistsError(f"{paths.target} is there. Give another name, or force to replace it.")
        if self._options.since_last and paths.target.exists() and not self._options.force:
            self._read_receipt()
        # Not the checkpoint: without one, what a killed export wrote to the part file would be of no export.
        self._disk.truncate(self._file_open, 0)
        self._disk.remove(paths.fresh)
        self._made_part = False
        self._save()

    def _read_receipt(self) -> None:
        """Look for what the export before has left, and refuse what cannot be added to."""
        target = self._paths.target
        again = "Export everybody anew with since_last and force."
        try:
            receipt: Receipt = records.read(self._paths.receipt.read_bytes(), Receipt)
        except FileNotFoundError:
            raise ValueError(
                f"There is no record of an export to {target}, {self._paths.receipt.name}. {again}"
            ) from None
        except ValueError as error:
            raise ValueError(f"The record {self._paths.receipt} cannot be read: {error}. {again}") from None
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
        paths, again = self._paths, "Start anew with force."
        if found := records.differences(saved.job, self._job):
            raise ValueError(
                f"The interrupted export to {paths.target} is another one; what differs: {found}. "
                "Give the same arguments to go on with it, or start anew with force."
            )
        is_ours = saved.replaces or self._options.force or (saved.made and _measure(paths.target) == saved.made)
        if paths.target.exists() and not is_ours:
            raise FileExistsError(f"{paths.target} has come there meanwhile. Move it away, or give force.")
        if saved.phase != "placing":
            if _measure(paths.part, saved.part.bytes) != saved.part:
                raise ValueError(f"{paths.part} is not what the interrupted export has left. {again}")
            self._disk.truncate(self._file_open, saved.part.bytes)
            self._made_part = False
        try:
            self._paginator = self._listing.restore(saved.paginator)
            layout = _layout(saved.layout)
        except (LookupError, TypeError, ValueError) as error:
            raise ValueError(f"{paths.checkpoint} makes no sense: {error!r}. {again}") from None
        self._writer = self._new_writer(layout)
        self._phase, self._replaces = saved.phase, saved.replaces or self._options.force
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
            self._paginator.stop()

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
            paginator=self._paginator.state(),
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
        self._disk.write_whole(self._paths.checkpoint, records.write(checkpoint), self._paths.scratch)

    # ------------------------------------------------------------------------------------------------------- the end

    def finish(self) -> ExportSummary:
        """Put the file in its place; see `ExportJob.finish`."""
        assert not self.more
        if self._phase == "walking" and self._options.spools:
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
        return self._summary(str(self._paths.target), self._made, self._total, self._new)

    def _compose(self) -> None:
        paths = self._paths
        old = paths.target if self._old is not None else None
        if old is not None and _measure(old) != self._old:
            raise ValueError(f"{old} was changed while people were fetched. Export everybody anew with force.")
        composer = Assembler(self._options, lambda: _lines(paths.part, self._written.bytes), old, self._layout())
        self._disk.remove(paths.fresh)
        try:
            file = self._disk.create(paths.fresh)
            try:
                sink = ChecksumWriter(partial(self._disk.write, file))
                composer.write(sink)
                self._disk.sync(file)
            finally:
                self._disk.close(file)
        except BaseException as error:
            if isinstance(error, ValueError) and self._options.file_format.kind == "xlsx":
                # It would not fit into a sheet the next time either.
                self._give_up()
            with suppress(OSError):
                # On a full disk this makes room.
                self._disk.remove(paths.fresh)
            raise
        self._writer.layout = composer.layout
        self._made, self._total, self._new = sink.written, composer.rows, composer.new

    def _place(self) -> None:
        paths, disk = self._paths, self._disk
        source = paths.fresh if self._options.spools else paths.part
        if not self._was_placing or _measure(source) == self._made:
            disk.replace(source, paths.target)
        elif _measure(paths.target) != self._made:
            raise ValueError(f"{source} is not what the interrupted export has left. Start anew with force.")
        if self._options.since_last:
            disk.write_whole(paths.receipt, records.write(self._receipt()), paths.scratch)
        else:
            # One of an export that this file has taken the place of.
            disk.remove(paths.receipt)
        if self._options.spools or self._was_placing:
            disk.remove(paths.part)
            # It must be gone before the checkpoint is: without one nobody would know what it is.
            disk.sync_folder(paths.target.parent)
        disk.remove(paths.checkpoint)
        disk.sync_folder(paths.target.parent)

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
            self._disk.remove(self._paths.checkpoint)
        if self._made_part or not self._worth_keeping:
            self._disk.remove(self._paths.part)


def _job(listing: ExportListRequest, options: ExportOptions) -> ExportIdentity:
    identity = dict(listing.identity)
    return ExportIdentity(
        host=str(identity.pop("host")),
        project=str(identity.pop("project")),
        filters=records.fingerprint(identity),
        page_size=listing.page_size,
        format=str(options.file_format),
        columns=None if options.columns is None else list(options.columns),
        flatten=options.flatten,
        raw=options.raw,
        since_last=options.since_last,
        only=None if options.only is None else list(options.only),
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
