"""An export to standard output, of which nothing is kept."""

from __future__ import annotations

import sys
import tempfile
from typing import TYPE_CHECKING, Any

from posthog_environments.export.assemble import Assembler
from posthog_environments.export.checksum import ChecksumWriter
from posthog_environments.export.job import ExportJob
from posthog_environments.export.options import STDOUT
from posthog_environments.export.summary import ExportSummary

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["StreamExport"]


class StreamExport(ExportJob):
    """An export to standard output, of which nothing is kept."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        sys.stdout.flush()
        self._out = sys.stdout.buffer
        self._spool = tempfile.TemporaryFile() if self._options.spools else None  # noqa: SIM115 - closed by close()

    def _store(self, piece: bytes) -> None:
        out = self._out if self._spool is None else self._spool
        out.write(piece)
        out.flush()

    def finish(self) -> ExportSummary:
        """Write what is left; see `ExportJob.finish`."""
        made = self._written
        if self._spool is not None:
            spool = self._spool

            def lines() -> Iterator[bytes]:
                spool.seek(0)
                return iter(spool)

            sink = ChecksumWriter(self._out.write)
            Assembler(self._options, lines, None, None).write(sink)
            self._out.flush()
            made = sink.written
        self._count_time()
        return self._summary(STDOUT, made, self._rows, self._rows)

    def close(self) -> None:
        """Let go of the spool."""
        if self._spool is not None:
            self._spool.close()
