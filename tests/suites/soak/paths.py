"""Ids and paths: whatever somebody names, no request leaves its route, and what may be named arrives as it is."""

# ruff: noqa: E501, RUF001 - tables of odd values read best as they are

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from random import Random
from typing import Any, Final, TypeVar
from urllib.parse import quote, unquote_to_bytes
from uuid import UUID

from posthog_environments_api.models import Person
from samples import Sample

from operations import CALLS, OPERATIONS, PERSON, aoutcome, outcome, success
from posthog_environments import AsyncEnvironment, Environment
from soak.canned import Canned, Heard, http
from soak.frame import Campaign, Effort, Figure, none

__all__ = ["CAMPAIGNS", "names_a_person", "names_a_project"]

IDS: Final = 10_000
PROJECTS: Final = 10_000
TEXTS: Final = 10_000
KEY: Final = "phx_nobody"

# ------------------------------------------------------------------------------------------------- what may be sent

_PROJECT: Final = rb"(?P<project>@current|[1-9][0-9]{0,18})"
_UUID: Final = rb"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_PERSON: Final = rb"(?P<id>[1-9][0-9]{0,18}|" + _UUID + rb")"
# What stands before the query, of each operation of the contract.
ROUTES: Final[Mapping[str, tuple[str, re.Pattern[bytes]]]] = {
    each.name: (
        each.method,
        re.compile(each.path.encode().replace(b"{project_id}", _PROJECT).replace(b"{id}", _PERSON)),
    )
    for each in OPERATIONS.values()
}

NEVER: Final = object()
"""Stands for what is refused."""


def names_a_person(value: object) -> object:
    """Say how an id stands in a path, by the rules of the interface alone; NEVER for what is no id."""
    if isinstance(value, bool):
        return NEVER
    if isinstance(value, int):
        return str(int(value)) if 0 < value < 2**63 else NEVER
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, Person):
        value = value.uuid
        return value.lower() if isinstance(value, str) and re.fullmatch(_UUID.decode(), value.lower()) else NEVER
    if isinstance(value, str):
        if re.fullmatch(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}", value):
            return value.lower()
        if re.fullmatch("[1-9][0-9]{0,18}", value) and int(value) < 2**63:
            return value
    return NEVER


def names_a_project(value: object) -> object:
    """Say how a project stands in a path: a number, its digits or @current."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        return NEVER
    text = str(int(value)) if isinstance(value, int) else value
    return text if text == "@current" or re.fullmatch("[1-9][0-9]{0,17}", text) else NEVER


# ------------------------------------------------------------------------------------------------------- what is tried

_NASTY: Final = (
    "..", ".", "", "/", "../..", "..%2f", "%2e%2e", "%2e%2e/", "..\\", "..;/", "./1", "1/..", "1/../2", "1/", "/1", "1?", "1#",
    "1?x=1", "1#x", "1;v=1", "1%00", "1\x00", "1\n", "1\r\nHost: evil.example", " 1", "1 ", "\t1", "+1", "-1", "0", "00", "01",
    "007", "1.0", "1e3", "0x1", "1_000", "1,2", "\u0661", "\uff11", "\u00b9", "\u2460", "1\u200b", "\ufeff1", "@current", "@me",
    "null", "None", "true", "NaN", "Infinity", str(2**63), str(2**63 - 1), str(2**64), "9" * 19, "9" * 20, "9" * 5000, "me",
    PERSON + "/", PERSON + "/..", PERSON + "\n", " " + PERSON, "{" + PERSON + "}", "urn:uuid:" + PERSON, PERSON.replace("-", ""), PERSON[:-1],
    PERSON + "0", PERSON.upper(), PERSON.replace("0", "\uff10"), PERSON.replace("-", "\u2010"), "a@b.example", "C:\\", "//evil.example/",
    "https://evil.example/", "\ud800", "\U0001f600", "\u202e1", "1\u0301", "é", "'", '"', "1' OR '1'='1", "<script>", "{{1}}",
    "*", "?", "activity", "1/activity", "%", "%zz", "%31", "1%2f..%2f2", "1&a=b", "1=1", "batch_by_distinct_ids", "x" * 10_000,
)  # fmt: skip
_LETTERS: Final = "0123456789abcdefABCDEF-./%?#&;=@+ \\\"'\x00\t\r\n\u0661\uff11\u200b\u202e\ud800\U0001f600éx_~:*"


class Odd(int):
    """A number that writes itself as something else."""

    def __str__(self) -> str:
        return "1/../2"

    __repr__ = __str__


def wild_ids(random: Random, count: int) -> Iterator[object]:  # noqa: C901 - a list of kinds
    """Make ids: some good, most almost."""
    whole: Callable[[], object] = lambda: random.choice((1, 42, 2**31, 2**63 - 1, random.randrange(1, 2**63)))  # noqa: E731
    for number in range(count):
        uuid = UUID(int=random.getrandbits(128))
        match random.randrange(12):
            case 0:
                yield whole()
            case 1:
                yield str(whole())
            case 2:
                yield uuid
            case 3:
                yield random.choice((str(uuid), str(uuid).upper(), uuid.hex, uuid.urn, f"{{{uuid}}}"))
            case 4:
                yield Person(uuid=random.choice((str(uuid), str(uuid), str(uuid).upper(), "..", "", "1", f"{uuid}/..")))
            case 5:
                yield random.choice(
                    (True, False, None, 1.0, 0, -1, 2**63, 10**30, b"1", [1], (1,), {"id": 1}, object, Odd(7), {1})
                )
            case 6 | 7:
                yield _NASTY[number % len(_NASTY)]
            case 8 | 9:
                yield mutated(random, random.choice((str(uuid), str(whole()), *_NASTY[:20])))
            case 10:
                yield mutated(random, random.choice(_NASTY)) + random.choice(("", "/..", "?a=b", "#"))
            case _:
                yield "".join(random.choices(_LETTERS, k=random.randrange(1, 40)))


def mutated(random: Random, text: str) -> str:
    """Change a few characters."""
    for _ in range(random.randrange(1, 4)):
        at = random.randrange(len(text) + 1)
        kept = text[at + random.randrange(2) :]
        text = (
            text[:at] + random.choice(("", random.choice(_LETTERS), quote(text[at : at + 1], errors="replace"))) + kept
        )
    return text


# ----------------------------------------------------------------------------------------------------- the campaigns


@dataclass
class Tally:
    """What came of the ids."""

    tried: int = 0
    refused: int = 0
    sent: int = 0
    astray: list[str] = field(default_factory=list[str])
    changed: list[str] = field(default_factory=list[str])
    kind: list[str] = field(default_factory=list[str])

    def count(self, name: str, value: object, wanted: object, group: str, heard: list[Heard], found: object) -> None:
        """Hold what was heard against what had to be."""
        self.tried += 1
        method, route = ROUTES[name]
        shown = f"{name} {value!r:.200}"
        for one in heard:
            self.sent += 1
            match = route.fullmatch(one.path)
            if match is None or one.method != method or not _plain_query(one.query):
                self.astray.append(f"{shown}: {one.method} {one.target[:300]!r}")
            elif wanted is NEVER or match[group].decode() != wanted:
                self.changed.append(f"{shown}: {one.target[:300]!r} instead of {wanted!r:.100}")
        if wanted is NEVER:
            self.refused += 1
            if not isinstance(found, TypeError | ValueError) or isinstance(found, UnicodeError):
                self.kind.append(f"{shown}: {found!r:.200}")
        elif isinstance(found, Exception) or not heard:
            self.changed.append(f"{shown}: not sent, {found!r:.200}")

    def figures(self, what: str, least: int) -> Iterator[Figure]:
        """Give the figures of ids."""
        yield Figure(f"{what} tried", f"at least {least:,}", f"{self.tried:,}", self.tried >= least)
        yield Figure(f"{what} that went out, and that were refused", "both", f"{self.sent:,} and {self.refused:,}",
                     self.sent > 0 and self.refused > 0)  # fmt: skip
        yield none(f"requests off the route of their operation, of {self.sent:,}", self.astray)
        yield none(f"{what} that arrived as something else, or against the rules", self.changed)
        yield none(f"{what} refused with anything but a clear TypeError or ValueError", self.kind)


def _plain_query(query: bytes) -> bool:
    return re.fullmatch(rb"[A-Za-z0-9._~*+%=&$-]*", query) is not None


def _empty(found: Any) -> Any:
    """Leave no rows in a page, so that a listing asks once."""
    return {**found, "results": [], "next": None} if found and "results" in found else found


ANSWERS: Final[Mapping[str, bytes]] = {
    each.name: http(status, b"" if found is None else json.dumps(_empty(found)).encode())
    for each in OPERATIONS.values()
    for status, found in [success(each)]
}


def answer(heard: Heard) -> bytes:
    """Answer every operation with what it can read."""
    for name, (method, route) in ROUTES.items():
        if method == heard.method and route.fullmatch(heard.path):
            return ANSWERS[name]
    return ANSWERS["getPerson"]


OPTIONS: Final[dict[str, Any]] = {"api_key": KEY, "retries": 0, "pacing": False, "timeout": 10}
OF_PERSONS: Final = [name for name in CALLS if OPERATIONS[name].path.startswith(f"{OPERATIONS['getPerson'].path}")]
IN_PROJECT: Final = list(CALLS)
T = TypeVar("T")


def each(
    values: Sequence[T], call: Callable[[Any, int, T], Any], count: Callable[[int, T, list[Heard], object], None]
) -> None:
    """Make a call with each value, with one of five by the async client, and count what was heard of it."""
    share = len(values) // 5

    async def some(canned: Canned) -> None:
        async with AsyncEnvironment(1, host=canned.host, **OPTIONS) as env:
            for number, value in enumerate(values[:share]):
                found = await aoutcome(partial(call, env, number, value))
                count(number, value, canned.take(), found)

    with Canned(answer) as canned:
        with Environment(1, host=canned.host, **OPTIONS) as env:
            for number, value in enumerate(values[share:]):
                found = outcome(partial(call, env, number, value))
                count(number, value, canned.take(), found)
        asyncio.run(some(canned))


def ids(effort: Effort) -> Iterable[Figure]:
    """Give thousands of ids to the operations that take one."""
    tally = Tally()
    values = list(wild_ids(effort.random("ids"), effort.count(IDS, 100)))

    def name(number: int) -> str:
        return OF_PERSONS[number % len(OF_PERSONS)]

    def count(number: int, value: object, heard: list[Heard], found: object) -> None:
        tally.count(name(number), value, names_a_person(value), "id", heard, found)

    each(values, lambda env, number, value: CALLS[name(number)](env, value, "a"), count)
    yield from tally.figures("ids", effort.count(IDS, 100))


def projects(effort: Effort) -> Iterable[Figure]:
    """Configure thousands of project ids."""
    tally = Tally()
    random = effort.random("projects")
    values = [
        random.choice((str(random.randrange(1, 10**18)), value, value))
        for value in wild_ids(random, effort.count(PROJECTS, 100))
    ]

    def ask(given: Any, name: str) -> object:
        with Environment(given, host=canned.host, **OPTIONS) as env:
            found = outcome(partial(CALLS[name], env, 1, "a"))
        if isinstance(found, Exception):
            raise found
        return found

    with Canned(answer) as canned:
        for number, value in enumerate(values):
            name = IN_PROJECT[number % len(IN_PROJECT)]
            # None is "not given".
            given = random.choice(("@current", "@currents", "@CURRENT", "@current/")) if value is None else value
            found = outcome(partial(ask, given, name))
            tally.count(name, given, names_a_project(given), "project", canned.take(), found)
    yield from tally.figures("project ids", effort.count(PROJECTS, 100))


# -------------------------------------------------------------------------------------------- names and values

_PIECES: Final = (
    "..", "../", "/", "%2F", "%2e%2e", "%", "%00", "+", " ", "&", "#", "=", ";", "?", "a=b&c=d", "&$unset=other", "\x00", "\r\n",
    "\t", "\x7f", "\x1b[2J", "'", '"', "\\", "\\u0000", "`", "$set", "$unset", "é", "e\u0301", "\u05e9\u05dc\u05d5\u05dd", "\u202eabc",
    "\u2066", "\u200b", "\ufeff", "\U0001f600", "\U0001f468\u200d\U0001f469", "\U0010ffff", "\ufffd", "\uffff", "漢字", "ſ", "İ", "ß",
    "plan", "a.b", "a[0]", "{}", "[]", "null", "true", "0", "-", "__exact", "key", "type", "values", "<b>", "' OR 1=1 --",
)  # fmt: skip


def wild_texts(random: Random, count: int) -> Iterator[str]:
    """Make texts of every script and length; some with half of a surrogate pair, which is no text."""
    for number in range(count):
        text = "".join(random.choices(_PIECES, k=random.randrange(1, 5)))
        match number % 16:
            case 0:
                yield random.choice((" ", "\t", "\n")) + text + random.choice((" ", "\n", "\u00a0"))
            case 1:
                at = random.randrange(len(text) + 1)
                yield text[:at] + random.choice(("\ud800", "\udfff", "\ude00\ud83d")) + text[at:]
            case 2:
                yield "".join(
                    map(chr, random.choices([*range(0xD800), *range(0xE000, 0x11000, 7)], k=random.randrange(1, 30)))
                )
            case 3 if number % 160 == 3:
                yield (text * 10_000)[:10_000]
            case _:
                yield text


MARKER: Final = "zqzqzq"


def _texts(value: Any) -> Iterator[str]:
    """Give all texts and names of a value, in order."""
    if isinstance(value, dict):
        for name, each in value.items():
            yield name
            yield from _texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)
    else:
        yield value if isinstance(value, str) else repr(value)


def arrived(name: str, heard: Heard) -> list[str]:
    """Give all texts of query and body of a request, decoded byte for byte by nothing that the client uses to write."""
    kinds = {
        parameter["name"]: parameter["schema"].get("contentMediaType") for parameter in OPERATIONS[name].parameters
    }
    found: list[str] = []
    for pair in filter(None, heard.query.split(b"&")):
        field, _, text = (unquote_to_bytes(part.replace(b"+", b" ")).decode() for part in pair.partition(b"="))
        found += [field, *(_texts(json.loads(text)) if kinds.get(field) == "application/json" else [text])]
    return [*found, *_texts(json.loads(heard.body.decode()))] if heard.body else found


def takes_events(operation: Sample) -> bool:
    """Tell whether a text is the name of an event, which may not be blank."""
    return "events" in {each["name"] for each in operation.parameters} | {*(operation.body or ())}


def texts(effort: Effort) -> Iterable[Figure]:  # noqa: C901 - a list of what may come
    """Send thousands of names and values, and hold what arrives against what was given, byte for byte."""
    values = list(wild_texts(effort.random("texts"), effort.count(TEXTS, 130)))
    names = list(CALLS)
    # What comes of a plain text: of another one comes the same, with that text in its place.
    plain: dict[str, list[str]] = {}
    changed: list[str] = []
    astray: list[str] = []
    unclear: list[str] = []
    sent = refused = 0

    def count(number: int, text: str, heard: list[Heard], found: object) -> None:
        nonlocal sent, refused
        name = names[number % len(names)]
        halved = any("\ud800" <= character <= "\udfff" for character in text)
        shown = f"{name} {text!r:.120}"
        for one in heard:
            sent += 1
            method, route = ROUTES[name]
            if route.fullmatch(one.path) is None or one.method != method or not _plain_query(one.query):
                astray.append(f"{shown}: {one.target[:300]!r}")
            try:
                came = arrived(name, one)
            except ValueError as lost:
                came = [repr(lost)]
            if came != [each.replace(MARKER, text) for each in plain[name]]:
                changed.append(f"{shown}: arrived as {came!r:.300}")
        if halved:
            refused += 1
            if (
                heard
                or not isinstance(found, TypeError | ValueError)
                or isinstance(found, UnicodeError)
                or "surrogate" not in str(found)
            ):
                unclear.append(f"{shown}: {found!r:.200}")
        elif takes_events(OPERATIONS[name]) and not text.strip():
            if heard or not isinstance(found, ValueError):
                changed.append(f"{shown}: a blank name of an event was sent")
        elif isinstance(found, Exception) or len(heard) != 1:
            changed.append(f"{shown}: not sent, {found!r:.300}")

    def call(env: Any, number: int, text: str) -> Any:
        return CALLS[names[number % len(names)]](env, 1, text)

    with Canned(answer) as canned, Environment(1, host=canned.host, **OPTIONS) as env:
        for number, name in enumerate(names):
            outcome(partial(call, env, number, MARKER))
            (heard,) = canned.take()
            plain[name] = arrived(name, heard)
            if MARKER not in "".join(plain[name]):
                raise AssertionError(f"{name} is sent without the text that it was given")
    each(values, call, count)
    least = effort.count(TEXTS, 130)
    yield Figure("property names and values tried", f"at least {least:,}", f"{len(values):,}", len(values) >= least)
    yield Figure("of these sent, and refused", "both", f"{sent:,} and {refused:,}", sent > 0 and refused > 0)
    yield none("names and values that did not arrive byte for byte", changed)
    yield none(f"requests off the route of their operation, of {sent:,}", astray)
    yield none("halves of surrogate pairs not refused with a clear ValueError before anything was sent", unclear)


CAMPAIGNS: tuple[Campaign, ...] = (
    Campaign("ids keep to their route", ids),
    Campaign("project ids keep to their route", projects),
    Campaign("names and values arrive as they are", texts),
)
