"""Trends: ask the database, and put the answer into the shape that answers have."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate, chain
from math import fsum
from typing import Any, Final

from posthog_environments.sandbox import bodies, clock, counting, question, tabular
from posthog_environments.sandbox.exchange import Call, House, Reply, csv_reply, empty, json_reply
from posthog_environments.sandbox.filters import Writer
from posthog_environments.sandbox.question import DISPLAYS, Entity, Question, Span

PARTS: Final = 25
COUNTRIES: Final = 300
"""So many values of a breakdown are in an answer; of countries more, so that a map is whole."""


@dataclass(frozen=True, slots=True)
class Line:
    """One series before it has its shape."""

    entity: Entity | None
    """None for a formula."""
    part: str
    values: list[float]


def show(house: House, call: Call) -> Reply:
    """Answer a trend."""
    asked = question.read(house, call)
    question.check_patterns(house, asked.entities, asked.properties)
    result, more = _series(house, asked)
    if call.wants_csv:
        return csv_reply(_csv(asked, result), "trend")
    answer: dict[str, Any] = {
        "result": result,
        "timezone": "UTC",
        "is_cached": False,
        "last_refresh": clock.text(house.now()),
        "next": call.link(offset=asked.offset + _most_parts(asked)) if more else None,
    }
    if house.newer:
        answer |= {"timings": [], "query_method": "hogql"}
    return json_reply(answer)


def timing(house: House, call: Call) -> Reply:
    """Take the timing of an insight; nothing of it is looked at."""
    assert call.fields is not None  # reading it refuses what is no JSON
    return empty(201 if house.lenient else 200)


def _series(house: House, asked: Question) -> tuple[list[dict[str, Any]], bool]:
    writer = Writer(house.now(), lenient=house.lenient)
    counters = [(entity, counting.Counter(house.store, asked, entity, writer)) for entity in asked.entities]
    chosen, more = _parts(asked, [counter for _, counter in counters])
    rows: list[dict[str, Any]] = []
    spans = [(asked.span, "current")] + ([(asked.earlier, "previous")] if asked.earlier else [])
    shape = DISPLAYS[asked.display]
    filter_ = _filter(asked)
    for span, name in spans:
        lines = [
            Line(entity, part, values)
            for (entity, counter), parts in zip(counters, chosen, strict=True)
            for part, values in (counter.totals if shape == "value" else counter.points)(span, parts).items()
        ]
        if asked.formula is not None:
            lines = list(_worked_out(asked, lines))
        for line in lines:
            row = _row(asked, line, span, filter_)
            if asked.earlier:
                row |= {"compare": True, "compare_label": name}
            rows.append(row)
    return rows, more


def _parts(asked: Question, counters: Sequence[counting.Counter]) -> tuple[list[list[str]], bool]:
    """Choose the values of the breakdown for each series, and tell whether there are more.

    A formula needs each value in all of its series, however small it is in some.
    """
    end = asked.offset + _most_parts(asked)
    found = [counter.parts(asked.span, end + 1) for counter in counters]
    if asked.formula is not None:
        found = [list(dict.fromkeys(chain.from_iterable(found)))] * len(counters)
    return [parts[asked.offset : end] for parts in found], any(len(parts) > end for parts in found)


def _most_parts(asked: Question) -> int:
    return COUNTRIES if asked.breakdown == "$geoip_country_code" else PARTS


def _worked_out(asked: Question, lines: Sequence[Line]) -> Iterator[Line]:
    """Replace the series by one formula, for each value of the breakdown."""
    assert asked.formula is not None
    letters = {id(entity): chr(ord("A") + number) for number, entity in enumerate(asked.entities)}
    by_part: dict[str, dict[str, list[float]]] = {}
    for line in lines:
        by_part.setdefault(line.part, {})[letters[id(line.entity)]] = line.values
    for part, columns in by_part.items():
        points = zip(*columns.values(), strict=True)
        yield Line(None, part, [asked.formula(dict(zip(columns, point, strict=True))) for point in points])


def _row(asked: Question, line: Line, span: Span, filter_: dict[str, Any]) -> dict[str, Any]:
    shape = DISPLAYS[asked.display]
    whole = line.entity is not None and line.entity.math in question.COUNTS
    values: list[int | float] = [int(value) if whole else value for value in line.values]
    row: dict[str, Any] = {
        "action": line.entity.action() if line.entity else None,
        "label": _label(asked, line),
        "count": 0.0 if shape == "value" else fsum(values),
        "data": [] if shape == "value" else list(accumulate(values)) if shape == "cumulative" else values,
    }
    if shape == "value":
        row |= {"labels": [], "days": [], "aggregated_value": values[0]}
    else:
        points = span.points()
        row |= {"labels": [_label_of(at, span) for at in points], "days": [_day_of(at, span) for at in points]}
    if asked.breakdown is not None:
        row["breakdown_value"] = line.part
    return row | {"filter": filter_}


def _label(asked: Question, line: Line) -> str:
    if asked.breakdown is None:
        return line.entity.name if line.entity else f"Formula ({asked.formula.text if asked.formula else ''})"
    part = line.part or "none"
    return f"{line.entity.name} - {part}" if line.entity and len(asked.entities) > 1 else part


def _label_of(at: datetime, span: Span) -> str:
    return f"{at.day}-{at:%b-%Y}" + (f" {at:%H:%M}" if span.interval == "hour" else "")


def _day_of(at: datetime, span: Span) -> str:
    return f"{at:%Y-%m-%d}" + (f" {at:%H:%M:%S}" if span.interval == "hour" else "")


def _filter(asked: Question) -> dict[str, Any]:
    """Repeat the question as it was understood."""
    span, given = asked.span, asked.given
    echo: dict[str, Any] = {
        "insight": "TRENDS",
        "events": [entity.action() for entity in asked.entities if entity.kind == "events"],
        "actions": [entity.action() for entity in asked.entities if entity.kind == "actions"],
        "properties": _parsed(given.get("properties")) or [],
        "filter_test_accounts": asked.without_test_accounts,
        "date_from": clock.text(span.start),
        "date_to": clock.text(span.end),
        "interval": span.interval,
        "display": asked.display,
    }
    if asked.breakdown is not None:
        echo |= {"breakdown": asked.breakdown, "breakdown_type": asked.breakdown_type}
    if asked.formula is not None:
        echo["formula"] = asked.formula.text
    if asked.earlier is not None:
        echo |= {"compare": True, "compare_to": given.get("compare_to")}
    return echo


def _parsed(value: object) -> object:
    return bodies.parse(value) if isinstance(value, str) and value.strip() else value


def _csv(asked: Question, result: Sequence[dict[str, Any]]) -> Iterator[str]:
    """Write a line for each series and a column for each point."""
    whole = DISPLAYS[asked.display] == "value"
    columns = ["series", *(["value"] if whole else map(str, result[0]["labels"] if result else []))]

    def rows() -> Iterator[list[Any]]:
        for row in result:
            name = row["label"] + (" (previous)" if row.get("compare_label") == "previous" else "")
            yield [name, *([row["aggregated_value"]] if whole else row["data"])]

    return tabular.lines(columns, rows())
