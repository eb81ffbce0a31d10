"""An export to a file: fetched rows go to a part file, and a checkpoint says how many of its bytes count.

The checkpoint is replaced when a chunk is on the disk, and has the state of the paginator. Whatever happens between two
system calls, the checkpoint describes a part file that is complete up to there, and a paginator that continues right
after it. At the end the part file, or what is assembled from it, is renamed to the target. Only then the other files
are removed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from typing import IO, TYPE_CHECKING, Any, cast

from posthog_environments.export import checkpoint as records
from posthog_environments.export.assemble import assemble
from posthog_environments.export.checkpoint import Checkpoint, ChecksumWriter, Receipt, measure
from posthog_environments.export.formats.base import DoesNotFit
from posthog_environments.export.job import ExportJob

if TYPE_CHECKING:
    from pathlib import Path

    from posthog_environments.export.options import ExportPaths
    from posthog_environments.export.summary import ExportSummary

__all__ = ["FileExport", "NothingToResumeError"]


class NothingToResumeError(FileExistsError):
    """The target exists, and no interrupted export to it."""


class FileExport(ExportJob):
    """An export to a file. It can be resumed."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        assert self._options.paths is not None
        self._paths: ExportPaths = self._options.paths
        self._state.replaces = self._options.force
        self._created_part = False
        self._was_renaming = False
        self._closed = False
        self._file = self._claim()
        try:
            self._begin()
        except BaseException:
            self.close()
            raise

    # ------------------------------------------------------------------------------------------------------- start

    def _claim(self) -> int:
        """Open and lock the part file."""
        part = self._paths.part
        try:
            file = self._disk.reopen(part)
        except FileNotFoundError:
            file = self._disk.create(part)
            self._created_part = True
        if self._disk.lock(file, part):
            return file
        self._disk.close(file)
        self._keeps_files = True
        raise FileExistsError(f"Another process is exporting to {self._paths.target}.")

    def _begin(self) -> None:
        saved = self._saved()
        if saved is None or not self._options.resume:
            self._start_anew(interrupted=saved is not None)
        else:
            self._keeps_files = True
            self._resume(saved)

    def _saved(self) -> Checkpoint | None:
        """Read the checkpoint. Return None if there is none, or if nothing had been fetched."""
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
            self._keeps_files = True
            raise ValueError(f"{path} cannot be read: {error}. Start anew with force.") from None
        return saved if saved.paginator["report"]["pages"] else None

    def _start_anew(self, *, interrupted: bool) -> None:
        paths = self._paths
        if not self._options.force:
            self._keeps_files = True
            if interrupted:
                raise FileExistsError(
                    f"An export to {paths.target} was interrupted. Continue it with resume, or start anew with force."
                )
            if paths.part.stat().st_size and not paths.checkpoint.exists():
                raise FileExistsError(f"{paths.part} exists, and is not from an export. Move it away, or give force.")
            self._keeps_files = False
            if paths.target.exists() and not self._options.since_last:
                if self._options.resume:
                    raise NothingToResumeError(
                        f"{paths.target} exists, and nothing unfinished is beside it. Whether it is this export is "
                        "not known."
                    )
                raise FileExistsError(f"{paths.target} exists. Give another name, or force to replace it.")
        if self._options.since_last and paths.target.exists() and not self._options.force:
            self._read_receipt()
        # The old checkpoint stays until it is replaced. A part file with data and without a checkpoint is refused.
        self._disk.truncate(self._file, 0)
        self._disk.remove(paths.fresh)
        self._created_part = False
        self._save()

    def _read_receipt(self) -> None:
        """Read the receipt of the last export, and check that rows can be added to its target."""
        target = self._paths.target
        again = "Export all persons anew with since_last and force."
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
        if found := receipt.job.differences(self._state.job, but=("page_size", "since_last")):
            raise ValueError(f"The last export to {target} had other settings: {found}. {again}")
        if measure(target) != receipt.made:
            raise ValueError(f"{target} was changed since it was exported. {again}")
        if receipt.rows and receipt.mark is None:
            raise ValueError(f"No person in {target} has a time of creation, so new persons cannot be found. {again}")
        state = self._state
        state.since, state.old, state.replaces, state.layout = receipt.mark, receipt.made, True, receipt.layout

    def _resume(self, saved: Checkpoint) -> None:
        paths, again = self._paths, "Start anew with force."
        if found := saved.job.differences(self._state.job):
            raise ValueError(
                f"The interrupted export to {paths.target} is another one; what differs: {found}. "
                "Give the same arguments to resume it, or start anew with force."
            )
        is_ours = saved.replaces or self._options.force or (saved.made and measure(paths.target) == saved.made)
        if paths.target.exists() and not is_ours:
            raise FileExistsError(f"{paths.target} was created in the meantime. Move it away, or give force.")
        self._was_renaming = saved.made is not None
        if not self._was_renaming:
            if measure(paths.part, saved.part.bytes) != saved.part:
                raise ValueError(f"{paths.part} is not what the interrupted export left. {again}")
            self._disk.truncate(self._file, saved.part.bytes)
            self._created_part = False
        try:
            self._paginator = self._listing.restore(saved.paginator)
        except (LookupError, TypeError, ValueError) as error:
            raise ValueError(f"{paths.checkpoint} cannot be used: {error!r}. {again}") from None
        saved.replaces = saved.replaces or self._options.force
        saved.stats.resumed += 1
        self._state = saved

    # --------------------------------------------------------------------------------------------------- progress

    def _store(self, chunk: bytes) -> None:
        self._disk.write(self._file, chunk)
        self._disk.sync(self._file)
        self._save()
        self._keeps_files = True

    def _save(self) -> None:
        self._count_time()
        self._state.paginator = self._paginator.state()
        self._disk.write_whole(self._paths.checkpoint, records.write(self._state), self._paths.scratch)

    # ------------------------------------------------------------------------------------------------------ finish

    def finish(self) -> ExportSummary:
        """Rename the file to the target, and return the summary."""
        assert not self.more
        state = self._state
        if state.made is None:
            if self._options.spools:
                self._assemble()
            else:
                state.made, state.total, state.new = state.part, state.rows, state.rows
            self._save()
        self._rename()
        assert state.made is not None
        return self._summary(str(self._paths.target), state.made, state.total, state.new)

    def _assemble(self) -> None:
        paths, state = self._paths, self._state
        old = paths.target if state.old is not None else None
        if old is not None and measure(old) != state.old:
            raise ValueError(f"{old} was changed while persons were fetched. Export all persons anew with force.")
        self._disk.remove(paths.fresh)
        try:
            file = self._disk.create(paths.fresh)
            try:
                sink = ChecksumWriter(partial(self._disk.write, file))
                spool = partial(_lines, paths.part, state.part.bytes)
                state.layout, (kept, dropped) = assemble(
                    self._options, cast("IO[bytes]", sink), spool, old=old, layout=state.layout
                )
                self._disk.sync(file)
            finally:
                self._disk.close(file)
        except BaseException as error:
            if isinstance(error, DoesNotFit):
                self._keeps_files = False
            with suppress(OSError):
                # On a full disk this makes room.
                self._disk.remove(paths.fresh)
            raise
        state.made, state.total, state.new = sink.written, state.rows + kept, state.rows - dropped

    def _rename(self) -> None:
        paths, disk = self._paths, self._disk
        source = paths.fresh if self._options.spools else paths.part
        if not self._was_renaming or measure(source) == self._state.made:
            disk.replace(source, paths.target)
        elif measure(paths.target) != self._state.made:
            raise ValueError(f"{source} is not what the interrupted export left. Start anew with force.")
        if self._options.since_last:
            disk.write_whole(paths.receipt, records.write(self._receipt()), paths.scratch)
        else:
            # It describes the file that was replaced.
            disk.remove(paths.receipt)
        if self._options.spools or self._was_renaming:
            disk.remove(paths.part)
            # First the part, then the checkpoint: a part without a checkpoint would be refused.
            disk.sync_folder(paths.target.parent)
        disk.remove(paths.checkpoint)
        disk.sync_folder(paths.target.parent)

    def _receipt(self) -> Receipt:
        state, report = self._state, self.report
        assert state.made is not None
        # If not all new persons were seen, the old ones are still complete up to the old mark.
        adds = state.old is not None
        return Receipt(
            job=state.job,
            complete=adds or report.complete,
            reason=None if adds else report.reason,
            mark=state.since if adds and not report.complete else state.mark or state.since,
            layout=state.layout,
            rows=state.total,
            made=state.made,
            finished=datetime.now(UTC).replace(microsecond=0),
        )

    def close(self) -> None:
        """Close the part file. Remove the files if nothing was fetched."""
        if self._closed:
            return
        self._closed = True
        self._disk.close(self._file)
        if not self._keeps_files:
            self._disk.remove(self._paths.checkpoint)
        if self._created_part or not self._keeps_files:
            self._disk.remove(self._paths.part)


def _lines(path: Path, size: int) -> Iterator[bytes]:
    """Read the lines of the part file, as far as its bytes count."""
    with path.open("rb") as file:
        for line in file:
            size -= len(line)
            if size < 0:
                return
            yield line.rstrip(b"\n")
