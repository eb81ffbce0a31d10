"""The file that keeps the distinct ids of persons who go: by them events are found that stay behind.

Lines of JSON, mode 0600: `uuid`, `distinct_ids`, `time`, and `complete`, false where a server shows exactly as many as
it shows at most, so that there may be more. It blocks; a driver runs it, in a thread where it awaits.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from posthog_environments.bulk.file import JournalFile
from posthog_environments.bulk.lookup import MOST_DISTINCT_IDS
from posthog_environments.errors import ConfigurationError

__all__ = ["KeptIds"]


class KeptIds:
    """Keeps distinct ids in a file of its own, which is only appended to."""

    def __init__(self, path: str | os.PathLike[str], now: Callable[[], datetime]) -> None:
        self.path = Path(path)
        self._now = now
        self._file = JournalFile(path, what="file of distinct ids")
        self._kept: dict[str, list[str]] = {}

    def open(self) -> None:
        """Open the file, which is made if it is not there.

        Raises:
            ConfigurationError: It cannot be used, or is some other file. Nothing was sent.
        """
        self._file.open()
        whole = self._file.data
        self._file.data = b""
        lines = whole.splitlines()
        for number, line in enumerate(lines, 1):
            kept = _read(line)
            if kept is not None:
                self._kept[kept[0]] = kept[1]
            elif number == 1 or number < len(lines):
                self.close()
                raise ConfigurationError(
                    f"{self.path} is some other file than one of distinct ids (line {number}); give another path. "
                    "Nothing was sent."
                )
        if whole and not whole.endswith(b"\n"):
            # A crash has cut the last line short; the person was not touched before it was whole.
            self._file.truncate(whole.rfind(b"\n") + 1)

    def write(self, uuid: str, distinct_ids: Sequence[str]) -> None:
        """Keep the distinct ids of a person; afterwards they are on the disk.

        Raises:
            JournalError: They cannot be written.
        """
        complete = len(distinct_ids) != MOST_DISTINCT_IDS
        if self._kept.get(uuid) == list(distinct_ids):
            return
        time = self._now().astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        line = {"uuid": uuid, "time": time, "complete": complete, "distinct_ids": list(distinct_ids)}
        self._file.append(json.dumps(line, ensure_ascii=False).encode("utf-8", "surrogatepass") + b"\n")
        self._kept[uuid] = list(distinct_ids)

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def _read(line: bytes) -> tuple[str, list[str]] | None:
    try:
        record: Any = json.loads(line)
        uuid, distinct_ids = record["uuid"], record["distinct_ids"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    if not isinstance(uuid, str) or not isinstance(distinct_ids, list):
        return None
    return uuid, cast("list[str]", distinct_ids)
