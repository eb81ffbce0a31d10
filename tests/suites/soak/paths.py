"""Ids and paths: whatever somebody names, no request leaves its route, and what may be named arrives as it is."""

# ruff: noqa: E501, RUF001 - tables of odd values read best as they are

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from random import Random
from typing import Any, Final
from urllib.parse import quote, unquote_to_bytes
from uuid import UUID

from posthog_environments_api.models import Person

from posthog_environments import AsyncEnvironment, Environment, prop
from soak.canned import Canned, Heard, http
from soak.frame import Campaign, Effort, Figure

__all__ = ["CAMPAIGNS", "names_a_person", "names_a_project"]

IDS: Final = 10_000
PROJECTS: Final = 10_000
TEXTS: Final = 10_000
KEY: Final = "phx_nobody"
GOOD: Final = "095be615-a8ad-4c33-8e9c-c7612fbf6c9f"

# ------------------------------------------------------------------------------------------------- what may be sent

_PROJECT: Final = rb"(?P<project>@current|[1-9][0-9]{0,18})"
_UUID: Final = rb"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_PERSON: Final = rb"(?P<id>[1-9][0-9]{0,18}|" + _UUID + rb")"
# The ten operations of the contract, as what stands before the query.
ROUTES: Final[dict[str, tuple[str, re.Pattern[bytes]]]] = {
    name: (method, re.compile(rb"/api/environments/" + _PROJECT + rb"/" + tail))
    for name, method, tail in (
        ("list", "GET", rb"persons/"),
        ("get", "GET", rb"persons/" + _PERSON + rb"/"),
        ("update", "PATCH", rb"persons/" + _PERSON + rb"/"),
        ("delete", "DELETE", rb"persons/" + _PERSON + rb"/"),
        ("activity", "GET", rb"persons/" + _PERSON + rb"/activity/"),
        ("delete_property", "POST", rb"persons/" + _PERSON + rb"/delete_property/"),
        ("timeline", "GET", rb"persons/" + _PERSON + rb"/properties_timeline/"),
        ("trend", "POST", rb"insights/trend/"),
        ("get_trend", "GET", rb"insights/trend/"),
        ("timing", "POST", rb"insights/timing/"),
    )
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
    GOOD + "/", GOOD + "/..", GOOD + "\n", " " + GOOD, "{" + GOOD + "}", "urn:uuid:" + GOOD, GOOD.replace("-", ""), GOOD[:-1],
    GOOD + "0", GOOD.upper(), GOOD.replace("0", "\uff10"), GOOD.replace("-", "\u2010"), "a@b.example", "C:\\", "//evil.example/",
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
    astray: list[str] | None = None
    changed: list[str] | None = None
    kind: list[str] | None = None

    def __post_init__(self) -> None:
        self.astray, self.changed, self.kind = [], [], []

    def count(self, name: str, value: object, wanted: object, group: str, heard: list[Heard], error: object) -> None:
        """Hold what was heard against what had to be."""
        assert self.astray is not None
        assert self.changed is not None
        assert self.kind is not None
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
            if not isinstance(error, TypeError | ValueError) or isinstance(error, UnicodeError):
                self.kind.append(f"{shown}: {error!r:.200}")
        elif error is not None or not heard:
            self.changed.append(f"{shown}: not sent, {error!r:.200}")

    def figures(self, what: str, least: int) -> Iterator[Figure]:
        """Give the figures of ids."""
        assert self.astray is not None
        assert self.changed is not None
        assert self.kind is not None
        yield Figure(f"{what} tried", f"at least {least:,}", f"{self.tried:,}", self.tried >= least)
        yield Figure(f"{what} that went out, and that were refused", "both", f"{self.sent:,} and {self.refused:,}",
                     self.sent > 0 and self.refused > 0)  # fmt: skip
        yield none(f"requests off the route of their operation, of {self.sent:,}", self.astray)
        yield none(f"{what} that arrived as something else, or against the rules", self.changed)
        yield none(f"{what} refused with anything but a clear TypeError or ValueError", self.kind)


def none(what: str, offenders: list[str]) -> Figure:
    """Give a figure that must be nothing."""
    return Figure(what, "0", str(len(offenders)), not offenders, "\n".join(offenders[:12]))


def _plain_query(query: bytes) -> bool:
    return re.fullmatch(rb"[A-Za-z0-9._~*+%=&$-]*", query) is not None


def answer(heard: Heard) -> bytes:
    """Answer every operation with what it can read."""
    if heard.method == "DELETE":
        return b"HTTP/1.1 204 X\r\n\r\n"
    if heard.path.endswith(b"/activity/") or heard.path.endswith(b"/persons/"):
        return http(200, b'{"results": [], "next": null, "previous": null, "total_count": 0}')
    if heard.path.endswith(b"/properties_timeline/"):
        return http(200, b'{"points": [], "crucial_property_keys": []}')
    if heard.path.endswith(b"/trend/"):
        return http(200, b'{"result": []}')
    if heard.path.endswith((b"/delete_property/", b"/timing/")):
        return http(201, b'{"success": true}')
    return http(200, b'{"uuid": "%s"}' % GOOD.encode())


CALLS: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "get": lambda env, key: env.persons.get(key),
    "update": lambda env, key: env.persons.update(key, {"a": 1}),
    "delete": lambda env, key: env.persons.delete(key),
    "activity": lambda env, key: env.persons.activity(key).take(1),
    "delete_property": lambda env, key: env.persons.delete_property(key, "a"),
    "timeline": lambda env, key: env.persons.properties_timeline(key, events=["a"]),
}


def ids(effort: Effort) -> Iterable[Figure]:
    """Give thousands of ids to the six operations that take one."""
    tally = Tally()
    values = list(wild_ids(effort.random("ids"), effort.count(IDS, 100)))
    share = len(values) // 5
    names = list(CALLS)
    options: dict[str, Any] = {"api_key": KEY, "retries": 0, "pacing": False, "timeout": 10}

    async def some(canned: Canned) -> None:
        async with AsyncEnvironment(1, host=canned.host, **options) as env:
            for number, value in enumerate(values[:share]):
                name, error = names[number % len(names)], None
                try:
                    await CALLS[name](env, value)
                except Exception as raised:  # noqa: BLE001 - held against what it must be
                    error = raised
                tally.count(name, value, names_a_person(value), "id", canned.take(), error)

    with Canned(answer) as canned:
        with Environment(1, host=canned.host, **options) as env:
            for number, value in enumerate(values[share:]):
                name, error = names[number % len(names)], None
                try:
                    CALLS[name](env, value)
                except Exception as raised:  # noqa: BLE001 - held against what it must be
                    error = raised
                tally.count(name, value, names_a_person(value), "id", canned.take(), error)
        asyncio.run(some(canned))
    yield from tally.figures("ids", effort.count(IDS, 100))


IN_PROJECT: Final[dict[str, Callable[[Environment], object]]] = {
    "list": lambda env: env.persons.list().take(1),
    "trend": lambda env: env.insights.trend(events=["a"]),
    "get_trend": lambda env: env.insights.get_trend(events=["a"]),
    "timing": lambda env: env.insights.timing(name="a"),
    "get": lambda env: env.persons.get(1),
}


def projects(effort: Effort) -> Iterable[Figure]:
    """Configure thousands of project ids."""
    tally = Tally()
    names = list(IN_PROJECT)
    random = effort.random("projects")
    values = [
        random.choice((str(random.randrange(1, 10**18)), value, value))
        for value in wild_ids(random, effort.count(PROJECTS, 100))
    ]
    with Canned(answer) as canned:
        for number, value in enumerate(values):
            name, error = names[number % len(names)], None
            if value is None:
                value = random.choice(("@current", "@currents", "@CURRENT", "@current/"))  # noqa: PLW2901 - None is "not given"
            given: Any = value
            try:
                with Environment(given, api_key=KEY, host=canned.host, retries=0, pacing=False, timeout=10) as env:
                    IN_PROJECT[name](env)
            except Exception as raised:  # noqa: BLE001 - held against what it must be
                error = raised
            tally.count(name, value, names_a_project(value), "project", canned.take(), error)
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


def _fields(query: bytes) -> dict[bytes, bytes]:
    """Decode a query byte for byte, with nothing that the client uses to write it."""
    pairs = (part.partition(b"=") for part in query.split(b"&")) if query else ()
    return {
        unquote_to_bytes(name.replace(b"+", b" ")): unquote_to_bytes(value.replace(b"+", b" "))
        for name, _, value in pairs
    }


def _json(raw: bytes) -> Any:
    return json.loads(raw.decode("utf-8", "strict"))


@dataclass(frozen=True, slots=True)
class Way:
    """One place in which a text is sent: how to call, and how to find it again.

    Where it names an event it may not be blank.
    """

    name: str
    call: Callable[[Any, str], Any]
    found: Callable[[Heard], list[object]]
    event: bool = False


def _of_query(*names: str) -> Callable[[Heard], list[object]]:
    return lambda heard: [_fields(heard.query)[name.encode()].decode("utf-8", "strict") for name in names]


def _filter_of_query(heard: Heard) -> list[object]:
    one = _json(_fields(heard.query)[b"properties"])[0]
    return [one["key"], one["value"]]


def _filter_of_body(heard: Heard) -> list[object]:
    one = _json(heard.body)["properties"][0]
    return [one["key"], one["value"]]


def _update_of(heard: Heard) -> list[object]:
    properties = _json(heard.body)["properties"]
    return [*properties, *properties.values()]


WAYS: Final = (
    Way("delete_property", lambda env, text: env.persons.delete_property(1, text),
        lambda heard: [*_of_query("$unset")(heard), _json(heard.body)["$unset"]]),
    Way("update", lambda env, text: env.persons.update(1, {text: text}), _update_of),
    Way("update", lambda env, text: env.persons.update(1, {"a": [{text: text}]}),
        lambda heard: [text for pair in _json(heard.body)["properties"]["a"][0].items() for text in pair]),
    Way("list", lambda env, text: env.persons.list(search=text).take(1), _of_query("search")),
    Way("list", lambda env, text: env.persons.list(email=text, distinct_id=text).take(1), _of_query("email", "distinct_id")),
    Way("list", lambda env, text: env.persons.list(properties=[prop(text) == text]).take(1), _filter_of_query),
    Way("list", lambda env, text: env.persons.list(properties=prop(text).icontains(text)).take(1), _filter_of_query),
    Way("trend", lambda env, text: env.insights.trend(events=["a"], properties=[prop(text) == text]), _filter_of_body),
    Way("trend", lambda env, text: env.insights.trend(events=[text], breakdown=text),
        lambda heard: [_json(heard.body)["events"][0]["id"], _json(heard.body)["breakdown"]], event=True),
    Way("get_trend", lambda env, text: env.insights.get_trend(events=[text], breakdown=text),
        lambda heard: [_json(_fields(heard.query)[b"events"])[0]["id"], *_of_query("breakdown")(heard)], event=True),
    Way("timeline", lambda env, text: env.persons.properties_timeline(1, events=[text], properties=[prop(text) == text]),
        lambda heard: [_json(_fields(heard.query)[b"events"])[0]["id"], *_filter_of_query(heard)], event=True),
    Way("timing", lambda env, text: env.insights.timing(name=text), lambda heard: [_json(heard.body)["name"]]),
    Way("get", lambda env, text: env.persons.get(1, extra_query={"x" + text: text}),
        lambda heard: [text.removeprefix("x") for pair in _fields(heard.query).items() for text in map(bytes.decode, pair)]),
)  # fmt: skip


def texts(effort: Effort) -> Iterable[Figure]:  # noqa: C901 - two ways of one loop
    """Send thousands of names and values, and hold what arrives against what was given, byte for byte."""
    values = list(wild_texts(effort.random("texts"), effort.count(TEXTS, 130)))
    changed: list[str] = []
    astray: list[str] = []
    unclear: list[str] = []
    sent = refused = 0
    options: dict[str, Any] = {"api_key": KEY, "retries": 0, "pacing": False, "timeout": 10}

    def count(way: Way, text: str, heard: list[Heard], error: Exception | None) -> None:
        nonlocal sent, refused
        halved = any("\ud800" <= character <= "\udfff" for character in text)
        shown = f"{way.name} {text!r:.120}"
        for one in heard:
            sent += 1
            method, route = ROUTES[way.name]
            if route.fullmatch(one.path) is None or one.method != method or not _plain_query(one.query):
                astray.append(f"{shown}: {one.target[:300]!r}")
            try:
                found = way.found(one)
            except (KeyError, ValueError, LookupError) as lost:
                found = [repr(lost)]
            if any(each != text for each in found):
                changed.append(f"{shown}: arrived as {found!r:.300}")
        if halved:
            refused += 1
            if (
                heard
                or not isinstance(error, TypeError | ValueError)
                or isinstance(error, UnicodeError)
                or "surrogate" not in str(error)
            ):
                unclear.append(f"{shown}: {error!r:.200}")
        elif way.event and not text.strip():
            if heard or not isinstance(error, ValueError):
                changed.append(f"{shown}: a blank name of an event was sent")
        elif error is not None or len(heard) != 1:
            changed.append(f"{shown}: not sent, {error!r:.300}")

    async def some(canned: Canned) -> None:
        async with AsyncEnvironment(1, host=canned.host, **options) as env:
            for number, text in enumerate(values[: len(values) // 5]):
                way, error = WAYS[number % len(WAYS)], None
                try:
                    await way.call(env, text)
                except Exception as raised:  # noqa: BLE001 - held against what it must be
                    error = raised
                count(way, text, canned.take(), error)

    with Canned(answer) as canned:
        with Environment(1, host=canned.host, **options) as env:
            for number, text in enumerate(values[len(values) // 5 :]):
                way, error = WAYS[number % len(WAYS)], None
                try:
                    way.call(env, text)
                except Exception as raised:  # noqa: BLE001 - held against what it must be
                    error = raised
                count(way, text, canned.take(), error)
        asyncio.run(some(canned))
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
