"""Walks over persons who come and go: nobody is missed, nobody comes twice, or the report says so.

A simulated server cuts pages as the real ones do, in both eras, and strays in the ways that they are known to stray;
between two requests rows go and come. The same schedules are walked with the real `OffsetPaginator`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from random import Random
from typing import Final, Literal

from posthog_environments.errors import PagingError
from posthog_environments.paging.offset import OffsetPaginator
from posthog_environments.paging.page import Cursor, RawPage
from soak.frame import Campaign, Effort, Figure

__all__ = ["CAMPAIGNS", "Outcome", "People", "Row", "Schedule", "walk"]

START: Final = datetime(2026, 1, 1, tzinfo=UTC)
MOST_REQUESTS: Final = 20_000
# How many times the requests of a quiet walk a walk may cost, where the quiet one has so many that it can be told.
RATIO: Final = 1.45
ENOUGH: Final = 10
MORE: Final = 6

Way = Literal["plain", "capped", "short", "hole", "repeats", "self-pointing", "disorder"]
WAYS: Final[Sequence[Way]] = ("plain", "capped", "short", "hole", "repeats", "self-pointing", "disorder")
"""How the server strays: the one of 2026 caps the size of a page; rows that it cannot show leave pages short, or
empty over a stretch; a cache gives a page in place of the next; a next link points at its own page; rows lie wrong."""


@dataclass(frozen=True, slots=True)
class Row:
    """A person, as far as walks look at one."""

    uuid: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Schedule:
    """One walk to be tried: how many rows there are, and what happens between two requests.

    Attributes:
        rows: Persons at the start.
        size: Rows a page.
        deletes: How likely some persons go between two requests.
        inserts: How likely some come.
        burst: How many go or come at once, at most.
        where: Which ones go: any, those that were just read, those about to be read, or the oldest.
        way: How the server strays.
        seed: Where chance begins.
    """

    rows: int
    size: int
    deletes: float
    inserts: float
    burst: int
    where: Literal["any", "read", "unread", "oldest"] = "any"
    way: Way = "plain"
    seed: int = 0

    @classmethod
    def drawn(cls, random: Random, way: Way) -> Schedule:
        """Draw one. A burst is a page at most: who deletes faster than the walk reads leaves nothing to walk over."""
        size = random.choice([1, 2, 5, 10, 50, 100])
        return cls(
            rows=random.randint(0, 60) * size + random.randint(0, size),
            size=size,
            deletes=random.choice([0.0, 0.1, 0.5, 1.0]),
            inserts=random.choice([0.0, 0.1, 0.5, 1.0]),
            burst=random.choice([1, max(1, size // 10), max(1, size // 2), size]),
            where=random.choice(["any", "any", "read", "unread", "oldest"]),
            way=way,
            seed=random.randrange(2**32),
        )

    def quiet(self) -> Schedule:
        """The same server with nobody coming or going."""
        return Schedule(self.rows, self.size, 0, 0, 1, way=self.way, seed=self.seed)


@dataclass(slots=True)
class People:
    """The persons of a simulated server, newest first, and its answers."""

    schedule: Schedule
    table: list[Row] = field(init=False)
    born: int = field(init=False, default=0)
    place: int = field(init=False, default=0)
    _random: Random = field(init=False)
    _last: list[Row] = field(init=False, default_factory=list[Row])
    _stale: bool = field(init=False, default=False)
    _hidden: set[str] = field(init=False, default_factory=set[str])

    def __post_init__(self) -> None:
        schedule = self.schedule
        self._random = Random(schedule.seed)
        self.table = [Row(f"old-{n}", START - timedelta(seconds=n)) for n in range(schedule.rows)]
        if schedule.way == "short":
            self._hidden = {row.uuid for row in self.table if self._random.random() < 0.05}
        if schedule.way == "hole" and schedule.rows:
            begin = self._random.randrange(schedule.rows)
            self._hidden = {row.uuid for row in self.table[begin : begin + 3 * schedule.size]}
        if schedule.way == "disorder" and schedule.rows > 1:
            one, other = sorted(self._random.sample(range(schedule.rows), 2))
            self.table[one], self.table[other] = self.table[other], self.table[one]

    def shown(self) -> set[str]:
        """Who is there, and can be shown."""
        return {row.uuid for row in self.table} - self._hidden

    def answer(self, asked: Cursor) -> RawPage[Row]:
        """Answer a request as the API does: a page has a successor where as many ids were found as were asked for."""
        limit = min(asked.limit, max(20, 2 * self.schedule.size)) if self.schedule.way == "capped" else asked.limit
        found = self.table[asked.number : asked.number + limit]
        self.place = asked.number + len(found)
        link = f"https://posthog.example/?limit={limit}&offset={asked.number + limit}" if len(found) >= limit else None
        rows = [row for row in found if row.uuid not in self._hidden] if self._hidden else found
        if self.schedule.way == "repeats" and self._last and not self._stale and self._random.random() < 0.05:
            self._stale, rows = True, self._last
            return RawPage(rows, link)
        if self.schedule.way == "self-pointing" and link and self._random.random() < 0.02:
            link = f"https://posthog.example/?limit={limit}&offset={asked.number}"
        self._last, self._stale = rows, False
        return RawPage(rows, link)

    def churn(self) -> None:
        """Let persons go and come."""
        schedule, random = self.schedule, self._random
        if random.random() < schedule.deletes:
            for _ in range(min(len(self.table), random.randint(1, schedule.burst))):
                del self.table[self._victim()]
        if random.random() < schedule.inserts:
            for _ in range(random.randint(1, schedule.burst)):
                self.born += 1
                self.table.insert(0, Row(f"new-{self.born}", START + timedelta(seconds=self.born)))

    def _victim(self) -> int:
        size, last = self.schedule.size, len(self.table) - 1
        near = self._random.randrange(size)
        match self.schedule.where:
            case "read":
                return max(0, min(last, self.place - 1 - near))
            case "unread":
                return max(0, min(last, self.place + near))
            case "oldest":
                return last
            case _:
                return self._random.randint(0, last)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a walk went."""

    schedule: Schedule
    requests: int
    complete: bool
    reason: str | None
    missed: int
    twice: int
    error: str | None = None


def walk(schedule: Schedule) -> Outcome:
    """Walk over the persons of a schedule, as the client does."""
    people = People(schedule)
    stay = people.shown()
    walker: OffsetPaginator[Row] = OffsetPaginator(schedule.size, 0, attrgetter("uuid"), attrgetter("created_at"))
    seen: list[str] = []
    requests, error = 0, None
    while walker.cursor is not None and requests < MOST_REQUESTS:
        requests += 1
        page = people.answer(walker.cursor)
        try:
            seen += [row.uuid for row in walker.consume(page)]
        except PagingError as found:
            error = str(found)
            break
        people.churn()
    stay &= people.shown()
    report = walker.report
    return Outcome(
        schedule, requests, report.complete, report.reason, len(stay - set(seen)), len(seen) - len(set(seen)), error
    )


def _walks(effort: Effort, ways: Iterable[Way], count: int) -> Iterator[Outcome]:
    for way in ways:
        random = effort.random(way)
        for _ in range(effort.count(count, 20)):
            yield walk(Schedule.drawn(random, way))


def _figure(what: str, target: str, found: str, offenders: Sequence[Outcome]) -> Figure:
    return Figure(what, target, found, not offenders, "\n".join(str(each) for each in offenders[:3]))


def churning(effort: Effort) -> Iterator[Figure]:
    """Walk while persons come and go, on servers that do not stray visibly: every walk is complete."""
    outcomes = list(_walks(effort, ("plain", "capped", "short", "hole"), 2500))
    yield _figure(
        "persons missed or twice", "0", str(sum(each.missed + each.twice for each in outcomes)),
        [each for each in outcomes if each.missed or each.twice],
    )  # fmt: skip
    whole = [each for each in outcomes if each.complete]
    yield _figure(
        "walks that know that they are complete", "all", f"{len(whole)} of {len(outcomes)}",
        [each for each in outcomes if not each.complete],
    )  # fmt: skip
    yield from _requests(outcomes)


def _requests(outcomes: Sequence[Outcome]) -> Iterator[Figure]:
    """Compare with walks over the same rows with nobody coming or going: a page each, and one that shows the end."""
    churned = [each for each in outcomes if each.schedule.deletes or each.schedule.inserts]
    pairs = [(each, each.schedule.rows // each.schedule.size + 1) for each in churned]
    ratio = sum(each.requests for each, _ in pairs) / sum(quiet for _, quiet in pairs)
    yield Figure("requests of all walks, against quiet ones", f"<= {RATIO}", f"{ratio:.2f}", ratio <= RATIO)
    long = [(each.requests / quiet, each) for each, quiet in pairs if quiet >= ENOUGH]
    over = [each for worse, each in long if worse > RATIO]
    worst = max((worse for worse, _ in long), default=0.0)
    yield _figure(
        f"the same, worst walk of {len(long)} with {ENOUGH} quiet requests or more", f"<= {RATIO}", f"{worst:.2f}", over
    )  # fmt: skip
    more = [(each.requests - quiet, each) for each, quiet in pairs if quiet < ENOUGH]
    yield _figure(
        f"requests more than quiet, worst of {len(more)} shorter walks", f"<= {MORE}",
        str(max((count for count, _ in more), default=0)), [each for count, each in more if count > MORE],
    )  # fmt: skip


def straying(effort: Effort) -> Iterator[Figure]:
    """Walk on servers that stray visibly: what is wrong is said."""
    disorder = [each for each in _walks(effort, ("disorder",), 2000) if each.schedule.rows > 1]
    quiet = [walk(each.schedule.quiet()) for each in disorder]
    yield _figure(
        "quiet walks over rows in disorder that call themselves complete", "0",
        f"{sum(each.complete for each in quiet)} of {len(quiet)}", [each for each in quiet if each.complete],
    )  # fmt: skip
    bad = [each for each in disorder if each.missed and each.complete]
    yield _figure("persons missed in disorder, unsaid", "0", str(sum(each.missed for each in bad)), bad)
    stale = list(_walks(effort, ("repeats",), 2000))
    bad = [each for each in stale if each.twice or (each.missed and each.complete)]
    lost = sum(each.missed + each.twice for each in bad)
    yield _figure("persons missed unsaid, or twice, where pages are repeated", "0", str(lost), bad)
    whole = sum(each.complete for each in stale)
    yield Figure("such walks that are complete", ">= 95 %", f"{whole} of {len(stale)}", whole >= 0.95 * len(stale))
    pointing = list(_walks(effort, ("self-pointing",), 1000))
    bad = [each for each in pointing if (each.error is None) != each.complete or (each.missed and each.complete)]
    yield _figure("walks that a link at its own page ends otherwise than in an error", "0", str(len(bad)), bad)
    ended = sum(each.error is not None for each in pointing)
    yield Figure("walks that such a link ended", "> 0", f"{ended} of {len(pointing)}", ended > 0)


CAMPAIGNS: Final = (Campaign("persons come and go", churning), Campaign("servers that stray", straying))
