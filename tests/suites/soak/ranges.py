"""Walks over ranges of time that follow each other, while persons come and go: together they give everybody once.

This is what the partitions of a Spark job are: their ends are looked up first, and each is then walked for itself, at
another time, beginning about where it was when the ends were looked up.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from operator import attrgetter
from random import Random
from typing import Final

from posthog_environments.errors import PagingError
from posthog_environments.paging.page import Report
from posthog_environments.paging.time_range import TimeRangePaginator
from soak.frame import Campaign, Effort, Figure
from soak.walks import MOST_REQUESTS, START, People, Row, Schedule, Way

__all__ = ["CAMPAIGNS", "Plan", "Ranges", "walk_ranges"]

WAYS: Final[Sequence[Way]] = ("plain", "capped", "short", "hole")


@dataclass(frozen=True, slots=True)
class Plan:
    """One job to be tried.

    Attributes:
        schedule: The server, and what happens on it.
        parts: How many ranges.
        tie: So many persons in a row were created in the same moment.
        guess: How far off the places are that the walks begin near, in parts of all rows.
        at_once: Whether the walks take turns, request by request, instead of one after the other.
        backdated: Whether persons also come with a time that has passed long ago.
        unknown: Part of the persons whose time cannot be read.
    """

    schedule: Schedule
    parts: int
    tie: int
    guess: float
    at_once: bool
    backdated: bool
    unknown: float = 0.0

    @property
    def outgrows(self) -> bool:
        """Whether as many rows come with each request as a page of this server holds."""
        schedule = self.schedule
        return schedule.way == "capped" and schedule.inserts * (schedule.burst + self.backdated) >= schedule.size

    @classmethod
    def drawn(cls, random: Random, way: Way, unknown: float) -> Plan:
        """Draw one."""
        return cls(
            schedule=Schedule.drawn(random, way),
            parts=random.randint(2, 6),
            tie=random.choice([1, 1, 3, 20]),
            guess=random.choice([0.0, 0.0, 0.1, 1.0]),
            at_once=random.random() < 0.5,
            backdated=random.random() < 0.5,
            unknown=unknown,
        )


class Undated(Row):
    """A person whose time cannot be read; the server knows it all the same."""


def created(row: Row) -> datetime | None:
    """Read when a row was created."""
    return None if isinstance(row, Undated) else row.created_at


@dataclass(slots=True)
class Ranges:
    """How a job went."""

    plan: Plan
    requests: int = 0
    missed: int = 0
    twice: int = 0
    error: str | None = None
    reports: list[Report] = field(default_factory=list[Report])

    @property
    def complete(self) -> bool:
        """Whether each walk says that it is."""
        return self.error is None and all(report.complete for report in self.reports)


def walk_ranges(plan: Plan) -> Ranges:
    """Look up the ends, and walk the ranges."""
    people, random = People(plan.schedule), Random(plan.schedule.seed)
    people.table = [_row(row, plan, random, n) for n, row in enumerate(people.table)]
    walks = _walks(plan, people, random)
    stay, seen = people.shown(), list[str]()
    outcome = Ranges(plan, reports=[walk.report for walk in walks])
    while walks and outcome.requests < MOST_REQUESTS:
        walk = random.choice(walks) if plan.at_once else walks[-1]
        if walk.cursor is None:
            walks.remove(walk)
            continue
        outcome.requests += 1
        try:
            seen += [row.uuid for row in walk.consume(people.answer(walk.cursor))]
        except PagingError as error:
            outcome.error = str(error)
            break
        people.churn()
        if plan.backdated and random.random() < plan.schedule.inserts:
            _insert(people, random)
    outcome.missed = len((stay & people.shown()) - set(seen))
    outcome.twice = len(seen) - len(set(seen))
    return outcome


def _row(row: Row, plan: Plan, random: Random, n: int) -> Row:
    kind = Undated if random.random() < plan.unknown else Row
    return kind(row.uuid, START - timedelta(seconds=n // plan.tie))


def _walks(plan: Plan, people: People, random: Random) -> list[TimeRangePaginator[Row]]:
    """Part the list at rows that lie evenly; those whose time cannot be read part nothing."""
    total = len(people.table)
    places = [total * part // plan.parts for part in range(1, plan.parts)] if total else []
    ends: dict[datetime, int] = {}
    for place in places:
        row = people.table[place]
        if (time := created(row)) is not None:
            ends.setdefault(time, max(0, place + round(plan.guess * total * random.uniform(-1, 1))))
    edges = [(None, 0), *ends.items(), (None, 0)]
    size = plan.schedule.size
    return [
        TimeRangePaginator(size, 0, near, attrgetter("uuid"), created, since, before)
        for (before, near), (since, _) in pairwise(edges)
    ]


def _insert(people: People, random: Random) -> None:
    people.born += 1
    row = Row(f"late-{people.born}", START - timedelta(seconds=random.uniform(0, len(people.table) + 1)))
    place = bisect_left(people.table, -row.created_at.timestamp(), key=lambda each: -each.created_at.timestamp())
    people.table.insert(place, row)


def _figure(what: str, target: str, found: str, offenders: Sequence[Ranges]) -> Figure:
    return Figure(what, target, found, not offenders, "\n".join(str(each) for each in offenders[:3]))


def ranges(effort: Effort) -> Iterator[Figure]:
    """Walk ranges that follow each other; each person who stays is given once, or a walk says that it is not whole."""
    outcomes = [
        walk_ranges(Plan.drawn(random, way, 0.0))
        for way, random in ((way, effort.random(f"ranges {way}")) for way in WAYS)
        for _ in range(effort.count(1500, 30))
    ]
    bad = [each for each in outcomes if (each.missed and not each.error) or each.twice]
    yield _figure("persons missed, or in two ranges", "0", str(sum(e.missed + e.twice for e in bad)), bad)
    # Where rows come faster than pages hold them no walk can end, and an error says so.
    broken = [each for each in outcomes if each.error and not each.plan.outgrows]
    yield _figure("jobs that an error ended, but for lists that outgrow their pages", "0", str(len(broken)), broken)
    # Somebody who comes into the part that was read already is disorder, where a walk happens to look there again.
    plain = [each for each in outcomes if not each.plan.backdated]
    odd = [each for each in plain if not each.complete]
    yield _figure("jobs that know that they are complete", "all", f"all but {len(odd)} of {len(plain)}", odd)
    yield from _requests(outcomes)
    random = effort.random("ranges unknown")
    shares = [random.choice([0.01, 0.3, 1.0]) for _ in range(effort.count(3000, 60))]
    unknown = [walk_ranges(Plan.drawn(random, "plain", share)) for share in shares]
    bad = [each for each in unknown if (each.missed or each.twice) and each.complete]
    lost = sum(each.missed + each.twice for each in bad)
    yield _figure("the same, unsaid, where times cannot be read", "0", str(lost), bad)


def _requests(outcomes: Sequence[Ranges]) -> Iterator[Figure]:
    """Compare quiet jobs whose guesses are right with one walk over all."""
    quiet = []
    for each in outcomes:
        plan = Plan(each.plan.schedule.quiet(), each.plan.parts, 1, 0.0, each.plan.at_once, backdated=False)
        if plan.schedule.way == "plain" and plan.schedule.size >= 10:
            one, job = plan.schedule.rows // plan.schedule.size + 1, walk_ranges(plan)
            quiet.append((job.requests - one - 2 * plan.parts, job))
    over = [job for more, job in quiet if more > 0]
    yield _figure(
        f"requests of {len(quiet)} quiet jobs beyond those of one walk, for each range", "<= 2",
        f"worst in sum {max((more for more, _ in quiet), default=0):+d} against 2", over,
    )  # fmt: skip


CAMPAIGNS: Final = (Campaign("ranges that follow each other", ranges),)
