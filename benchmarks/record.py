"""The record of a full run: what later runs are held against, and what the tables and the plot of the docs show."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.harness import Ratio, Result, Table, machine, versions
from benchmarks.server import ROOT

RECORD = ROOT / "benchmarks" / "recorded.json"
RUNS = 3
PLOT = ROOT / "docs" / "_static" / "speed.svg"


def read(path: Path = RECORD) -> dict[str, Any]:
    """Return the record."""
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def ratios(path: Path = RECORD) -> dict[str, float]:
    """Return what was measured, by its words; nothing where there is no record yet."""
    return {what: row["measured"] for what, row in read(path)["results"].items()} if path.exists() else {}


def write(results: Sequence[Result], tables: Sequence[Table], notes: Mapping[str, float], path: Path = RECORD) -> None:
    """Keep a run. What it has not measured stays as it was; the last runs that measured everything are kept, too."""
    kept: dict[str, Any] = {"results": {}, "tables": {}, "notes": {}, "runs": []}
    kept |= read(path) if path.exists() else {}
    kept |= {"machine": machine(), "versions": versions(), "date": f"{datetime.now(UTC):%Y-%m-%d}"}
    kept["results"] |= {result.what: _result(result) for result in results}
    kept["tables"] |= {table.title: _table(table) for table in tables}
    kept["notes"] |= notes
    measured = {result.what: round(float(result.measured), 4) for result in results}
    if measured.keys() == kept["results"].keys():
        run = {"at": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC", "measured": measured}
        kept["runs"] = [*kept["runs"], run][-RUNS:]
    path.write_text(json.dumps(kept, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _result(result: Result) -> dict[str, Any]:
    found = {"measured": round(float(result.measured), 4), "target": result.target, "at_least": result.at_least}
    if isinstance(result.measured, Ratio):
        found |= {"low": round(result.measured.low, 4), "high": round(result.measured.high, 4)}
    return found if result.stretch is None else {**found, "stretch": result.stretch}


def _table(table: Table) -> dict[str, Any]:
    rows = {
        name: {"us": _short(us), "ratio": _short(found), "low": _short(found.low), "high": _short(found.high)}
        for name, (us, found) in table.rows.items()
    }
    return {"unit": table.unit, "rows": rows}


def _short(value: float) -> float:
    return round(float(value), 3)


def draw(tables: Mapping[str, Any], path: Path = PLOT) -> None:
    """Draw what the contenders of the walks took, as a plot for the docs."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    walks = {title: table for title, table in tables.items() if title.startswith("Walk")}
    # The same bytes for the same record, and text that a reader can search.
    mpl.rcParams.update({"svg.hashsalt": "speed", "svg.fonttype": "none", "font.size": 9})
    lines = sum(len(table["rows"]) + 2 for table in walks.values())
    figure = Figure(figsize=(8, 1.2 + 0.3 * lines), layout="constrained")
    sizes = [len(table["rows"]) for table in walks.values()]
    axes = figure.subplots(len(walks), 1, squeeze=False, gridspec_kw={"height_ratios": sizes})
    for axis, (title, table) in zip(axes[:, 0], walks.items(), strict=True):
        names = list(table["rows"])[::-1]
        values = [table["rows"][name]["us"] for name in names]
        colours = ["#1d4aff" if name.startswith("ours") else "#9aa0a6" for name in names]
        bars = axis.barh(names, values, color=colours)
        axis.bar_label(bars, [f"{value:.1f}" for value in values], padding=3)
        axis.set_title(f"{title}: microseconds of CPU a person", loc="left", fontsize=9)
        axis.spines[["top", "right"]].set_visible(False)
        axis.margins(x=0.12)
    figure.savefig(path, metadata={"Date": None, "Creator": None})
