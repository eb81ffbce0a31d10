"""Whether the programs would notice: a contract that is wrong in one place must not pass."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import samples

from prove.compilers.ground import STEPS, call
from prove.compilers.maker import Maker
from prove.frame import Failed, Work

__all__ = ["UUID", "Mutant", "mutants", "noticed", "only_running"]

Contract = dict[str, Any]
_PERSONS: Final = "/api/environments/{project_id}/persons/"
_PERSON: Final = f"{_PERSONS}{{id}}/"


@dataclass(frozen=True, slots=True)
class Mutant:
    """One mistake in the contract.

    Attributes:
        name: The operation that it is about, and the mistake.
        change: Makes it.
        trace: What a compiler or a program that notices it must speak of.
    """

    name: str
    change: Callable[[Contract], None]
    trace: str


def _field(schema: str, old: str, new: str) -> Callable[[Contract], None]:
    def change(contract: Contract) -> None:
        found = contract["components"]["schemas"][schema]
        found["properties"] = {new if name == old else name: value for name, value in found["properties"].items()}
        if old in found.get("required", ()):
            found["required"] = [new if name == old else name for name in found["required"]]

    return change


def _parameter(found: Callable[[Contract], Iterable[Contract]], old: str, new: str) -> Callable[[Contract], None]:
    def change(contract: Contract) -> None:
        (parameter,) = [one for one in found(contract) if one.get("name") == old]
        parameter["name"] = new

    return change


def _path(old: str, new: str) -> Callable[[Contract], None]:
    def change(contract: Contract) -> None:
        contract["paths"][new] = contract["paths"].pop(old)

    return change


def _method(contract: Contract) -> None:
    item = contract["paths"][_PERSON]
    item["put"] = item.pop("delete")


UUID: Final = Mutant("getPerson: uuid is guid", _field("Person", "uuid", "guid"), "(?i)uuid")

_OWN: Final = (
    Mutant(
        "listPersons: include_total is total",
        _parameter(lambda contract: contract["paths"][_PERSONS]["get"]["parameters"], "include_total", "total"),
        "'include_total'",
    ),
    Mutant("getPerson: name is title", _field("Person", "name", "title"), "'name'"),
    Mutant("updatePerson: properties is values", _field("PersonUpdate", "properties", "values"), "'properties'"),
    Mutant("deletePerson: DELETE is PUT", _method, r"405|openapi_fetch.ts.*persons/\{id\}/.*never"),
    Mutant("listPersonActivity: total_count is total", _field("ActivityPage", "total_count", "total"), "'total_count'"),
    Mutant("deletePersonProperty: $unset is $remove", _field("PropertyDeletion", "$unset", "$remove"), r"'\$?unset'"),
    Mutant(
        "getTrend: events is series",
        _parameter(lambda contract: contract["components"]["parameters"].values(), "events", "series"),
        "'events'",
    ),
    Mutant("queryTrend: events is series", _field("TrendQuery", "events", "series"), "'events'"),
    Mutant("recordInsightTiming: name is title", _field("InsightTiming", "name", "title"), "'name'"),
)


def mutants(contract: Contract) -> tuple[Mutant, ...]:
    """Return one for each operation that the programs call; one that has none of its own gets another path."""
    own = {mutant.name.partition(":")[0] for mutant in _OWN}
    paths = {operation.name: operation.path for operation in samples.calls(contract)}
    called = dict.fromkeys(step.operation for step in STEPS)
    return (*_OWN, *(_elsewhere(name, paths[name]) for name in called if name not in own))


def _elsewhere(name: str, path: str) -> Mutant:
    return Mutant(f"{name}: another path", _path(path, f"{path}elsewhere/"), f"{re.escape(path)}|404")


def noticed(pairs: Sequence[tuple[Maker, Mutant]], contract: Contract, work: Work) -> str:
    """Return where mistakes were noticed.

    Raises:
        Failed: One was not, or something else went wrong.
    """
    with ThreadPoolExecutor(2) as threads:
        where = list(threads.map(lambda at: _one(*pairs[at], contract, work.folder / f"{at}"), range(len(pairs))))
    counts = {stage: where.count(stage) for stage in ("compiling", "running") if stage in where}
    return ", ".join(f"{count} when {stage}" for stage, count in counts.items())


def _one(maker: Maker, mutant: Mutant, contract: Contract, folder: Path) -> str:
    wrong = copy.deepcopy(contract)
    mutant.change(wrong)
    if wrong == contract:
        raise Failed(f"{mutant.name}: nothing was changed")
    work = Work(folder / "made", folder / "log.txt")
    work.folder.mkdir(parents=True)
    work.log.write_text("")
    source = folder / "openapi.json"
    source.write_text(json.dumps(wrong))
    maker.generate(source, work.folder, work)
    before, stage = len(work.log.read_text()), "compiling"
    try:
        maker.compile(work.folder, work)
        stage = "running"
        call(maker.command(work.folder), wrong, work)
    except Failed as error:
        said = f"{_output(work.log.read_text()[before:])}\n{error}"
        if not re.search(mutant.trace, said):
            raise Failed(f"{maker.name}: {mutant.name}: failed for another reason: {error} (see {folder})") from None
        return stage
    raise Failed(f"{maker.name}: {mutant.name}: nobody noticed")


def _output(log: str) -> str:
    """Leave out the commands that a log holds: they name files, whose names prove nothing."""
    return "\n".join(line for line in log.splitlines() if not line.startswith("$ "))


def only_running(maker: Maker) -> Maker:
    """Return a maker whose clients are not compiled before they run."""
    return replace(maker, compile=lambda _folder, _work: "")
