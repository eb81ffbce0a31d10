"""How a job went: each partition leaves a report, and the driver puts them together.

Spark has no way back from a reader to the driver, so the reports are files in a folder that driver and workers share.
Each plan of a job has a folder of its own there, with a file that says which partitions there are.
"""

from __future__ import annotations

import json
import os
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, cast

__all__ = ["JobReport", "begin", "note", "read_report"]

_PLAN: Final = "plan.json"


@dataclass(frozen=True, slots=True)
class JobReport:
    """The reports of all partitions of one job, put together.

    Attributes:
        rows: Persons that were handed to Spark.
        pages: Pages that were fetched.
        complete: True if and only if each partition was read completely.
        reasons: Why it is not, by the number of the partition.
        missing: Numbers of the partitions that left no report: they were not read, or broke off.
        unreadable: How many values of each column were not of its type, and are null.
        partitions: How many partitions there are.
        planned_at: When the job was planned.
    """

    rows: int
    pages: int
    complete: bool
    reasons: Mapping[int, str]
    missing: Sequence[int]
    unreadable: Mapping[str, int]
    partitions: int
    planned_at: datetime


def read_report(path: str | os.PathLike[str]) -> JobReport:
    """Put together what the partitions of the latest job left in a folder, the one of the option `report`.

    Call it after an action, because Spark reads on demand. A partition that the action did not need, as with `limit`,
    is missing.

    Raises:
        FileNotFoundError: No job has left a report there.
    """
    plans = [_load(found) for found in Path(path).glob(f"*/{_PLAN}")]
    if not plans:
        raise FileNotFoundError(f"{os.fspath(path)!r} holds no report. Was the job planned with this option 'report'?")
    plan = max(plans, key=lambda each: cast("str", each["planned_at"]))
    folder = Path(path) / plan["plan"]
    parts = {number: _load(folder / _name(number)) for number in range(plan["partitions"])}
    there = {number: part for number, part in parts.items() if part}
    missing = [number for number in parts if number not in there]
    unreadable = Counter[str]()
    for part in there.values():
        unreadable.update(part["unreadable"])
    return JobReport(
        rows=sum(part["rows"] for part in there.values()),
        pages=sum(part["pages"] for part in there.values()),
        complete=not missing and all(part["complete"] for part in there.values()),
        reasons={number: part["reason"] for number, part in there.items() if not part["complete"]},
        missing=missing,
        unreadable=dict(unreadable),
        partitions=plan["partitions"],
        planned_at=datetime.fromisoformat(plan["planned_at"]),
    )


def begin(path: str, partitions: int) -> str:
    """Note which partitions there will be, and return where they are to leave their reports."""
    name = uuid.uuid4().hex
    folder = Path(path) / name
    folder.mkdir(parents=True)
    planned_at = datetime.now(UTC).isoformat(timespec="microseconds")
    _write(folder / _PLAN, {"plan": name, "partitions": partitions, "planned_at": planned_at})
    return str(folder)


def note(folder: str, number: int, report: Mapping[str, Any]) -> None:
    """Leave the report of a partition. A later attempt at the same one replaces it."""
    Path(folder).mkdir(parents=True, exist_ok=True)
    _write(Path(folder) / _name(number), report)


def _name(number: int) -> str:
    return f"part-{number:05d}.json"


def _write(path: Path, value: Mapping[str, Any]) -> None:
    """Write a file as a whole or not at all."""
    draft = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    draft.write_text(json.dumps(value), encoding="utf-8")
    draft.replace(path)


def _load(path: Path) -> dict[str, Any]:
    try:
        return cast("dict[str, Any]", json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return {}
