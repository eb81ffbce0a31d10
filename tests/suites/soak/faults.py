"""Suite "faults": every fault, in each kind of call, for both clients, ends in a value or in one error of the tree.

The faults and their endings stand in `fault_table`. The endings are exact where `INTERFACE.md` is: a change that may
have happened is `OutcomeUnknown` and goes out once, a read or a DELETE rides a passing fault through, and nothing takes
longer than its timeout and half a second.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import itertools
import socket
import sys
import threading
import time
import traceback
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final, Literal, TypeAlias

from posthog_environments import AsyncEnvironment, Environment, PostHogError
from soak.authority import Authority
from soak.fault_table import CHANGES, FAULTS, FIRST, GOOD, REQUESTS, UUIDS, Fault, Good, Kind, is_right, well
from soak.frame import Campaign, Effort, Figure
from soak.server import RawServer, Talk, answer, reset

__all__ = ["CAMPAIGNS", "CLIENTS", "FAULTS", "Combination", "Outcome", "carry_out", "every_fault"]

KEY: Final = "phx_soakKeyThatNobodyMaySee"
SLACK: Final = 0.5
# `make test` shares its machine, so it bounds what is a hang, and measures nothing.
LOOSE_SLACK: Final = 8.0
SHORT, LONG = 0.6, 6.0
WORKERS: Final = 8

Client: TypeAlias = Literal["sync", "async"]
CLIENTS: Final[tuple[Client, ...]] = ("sync", "async")


# ------------------------------------------------------------------------------------------------ where it happens


@dataclass(frozen=True, slots=True)
class Combination:
    """A fault in a kind of call on one of the clients; `once` where the server is healthy from the second time on."""

    fault: Fault
    kind: Kind
    client: Client
    once: bool = False

    def __str__(self) -> str:
        return f"{self.fault.name} in {self.kind} in {self.client}{' in once' if self.once else ''}"

    @property
    def timeout(self) -> float:
        """The timeout that the client gets."""
        return SHORT if self.fault.slow else LONG

    @property
    def ends(self) -> frozenset[str]:
        """How it must end."""
        if self.once and self.kind not in CHANGES:
            return frozenset({"value"})
        return frozenset({"value"}) if self.once and self.fault.again else self.fault.ends[self.kind]


@dataclass(slots=True)
class Outcome:
    """How a combination ended."""

    end: str
    seconds: float
    sends: int
    right: bool = True
    foreign: str = ""
    leaks: list[str] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)


class _Stage:
    """One server, healthy until it is told to turn."""

    def __init__(self, combination: Combination) -> None:
        self.combination = combination
        self.fault = combination.fault
        self.good = GOOD[combination.kind]
        self.bad = threading.Event()
        self.before = 0
        self._plays = 0
        self._lock = threading.Lock()

    def play(self, talk: Talk) -> None:
        """Answer a request as the stage is."""
        if not self.bad.is_set():
            first = Good("walk", 200, FIRST) if self.good.kind == "walk" else GOOD["get"]
            if self.fault.warm:
                return self.fault.warm(talk, first)
            return talk.send(first.whole(None, b"Connection: close"))
        with self._lock:
            self._plays += 1
            healthy = self.combination.once and self._plays > 1
        return well(talk, self.good) if healthy else self.fault.play(talk, self.good)


@dataclass(slots=True)
class _Place:
    host: str
    server: RawServer
    turn: Callable[[], object] = lambda: None


_names = itertools.count()
_resolved: dict[str, Callable[[], list[Any]]] = {}


@contextlib.contextmanager
def _named(stage: _Stage, how: str, over: threading.Event) -> Iterator[str]:
    """Have a name that resolves to the server until the stage turns."""
    name = f"n{next(_names)}.soak.invalid"
    here = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 0))]

    def look_up() -> list[Any]:
        if not stage.bad.is_set():
            return here
        if how == "hanging name":
            over.wait(60)
        if how == "empty name":
            return []
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    _resolved[name] = look_up
    try:
        yield name
    finally:
        over.set()
        del _resolved[name]


@contextlib.contextmanager
def _names_of_our_own() -> Iterator[None]:
    """Let names of the stages resolve as they wish; others as ever."""
    real = socket.getaddrinfo

    def look_up(host: Any, *arguments: Any, **options: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        own = _resolved.get(name)
        return own() if own else real(host, *arguments, **options)

    socket.getaddrinfo = look_up
    try:
        yield
    finally:
        socket.getaddrinfo = real


@cache
def _authority() -> Authority:
    return Authority()


@cache
def _certificate(name: str) -> Any:
    authority = _authority()
    match name:
        case "certificate expired":
            return authority.server(expired=True)
        case "certificate of an authority that nobody knows":
            return authority.server(foreign=True)
        case "certificate of another host":
            return authority.server("posthog.example")
        case _:
            return authority.server()


def _tls(place: str, *, bad: bool) -> Any:
    if place == "TLS unasked" and not bad:
        return None
    return _certificate(place if bad else "")


@contextlib.contextmanager
def _place(stage: _Stage) -> Iterator[_Place]:
    place = stage.fault.place
    options: dict[str, Any] = {}
    if place.startswith(("certificate", "TLS", "no TLS")):
        options["tls"] = lambda: _tls(place, bad=stage.bad.is_set())
    if place.startswith("no TLS"):
        options["greet"] = lambda talk: _no_handshake(place, talk) if stage.bad.is_set() else None
    elif place in _GREETINGS:
        options["greet"] = lambda talk: _GREETINGS[place](talk) if stage.bad.is_set() else None
    if place.endswith("reads nothing"):
        options["unread"] = stage.bad.is_set
    over = threading.Event()
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(RawServer(stage.play, backlog=1 if place == "full" else 64, **options))
        found = _Place(server.host, server)
        if place.endswith(" name"):
            name = stack.enter_context(_named(stage, place, over))
            found.host = f"http://{name}:{server.port}"
        if place == "TLS unasked":
            found.host = f"http://127.0.0.1:{server.port}"
        if place == "refused":
            found.turn = server.refuse
        if place == "full":
            found.turn = server.fill
        yield found


def _no_handshake(place: str, talk: Talk) -> None:
    # What it asks for is read first, for what lies unread turns a close into a reset.
    talk.connection.recv(16384)
    match place.removeprefix("no TLS: "):
        case "plain":
            talk.send(answer(400, b"<html>plain", kind="text/html"))
        case "garbage":
            talk.send(bytes(range(256)))
        case "cut":
            talk.send(b"\x16\x03\x03\x00\x7a\x02\x00\x00\x76\x03\x03")
        case "reset":
            talk.reset()
        case "alert":
            talk.send(b"\x15\x03\x03\x00\x02\x02\x28")
        case "stall":
            talk.stall()
        case _:
            talk.drip(b"\x16\x03\x03\x40\x00\x02\x00\x3f\xfc\x03\x03" + bytes(400), 0.05)
    talk.hang_up()


def _reset_in_request(talk: Talk) -> None:
    talk.connection.recv(10)
    reset(talk.connection)
    talk.hang_up()


def _reset_at_accept(talk: Talk) -> None:
    talk.reset()


_GREETINGS: Final[Mapping[str, Callable[[Talk], None]]] = {
    "closed at accept": Talk.hang_up,
    "reset at accept": _reset_at_accept,
    "reset in request": _reset_in_request,
}


# ------------------------------------------------------------------------------------------------ the calls


def _options(combination: Combination, host: str) -> dict[str, Any]:
    verify = _authority().trusting if host.startswith("https") else None
    options = {"api_key": KEY, "host": host, "verify": verify, "timeout": combination.timeout}
    # The timeout counts from the moment that pacing lets a request go, so there is none here. And with a given prefix
    # no 404 is tried under the other one: a change that is sent twice is one too many.
    return options | {"retries": 1, "allow_http": True, "pacing": False, "prefix": "environments"}


def _ask(env: Any, kind: Kind, *, big: bool) -> Any:
    match kind:
        case "get":
            return env.persons.get(UUIDS[0])
        case "patch":
            return env.persons.update(UUIDS[0], {"plan": "x" * (24 << 20) if big else "pro"})
        case "post":
            return env.persons.delete_property(UUIDS[0], "plan")
        case "trend":
            return env.insights.trend(events=["$pageview"])
        case "request":
            return env.request("GET", f"persons/{UUIDS[0]}/")
        case "request post":
            return env.request("POST", "annotations/", json={"content": "a"})
        case "request again":
            return env.request("POST", "cohorts/", json={"name": "a"}, repeat=True)
        case "request delete":
            return env.request("DELETE", "cohorts/7/")
        case _:
            return env.persons.delete(UUIDS[0])


def _blocking(combination: Combination, place: _Place, turn: Callable[[], None]) -> tuple[Any, float]:
    """Make the call; give its value or error, and when it began."""
    kind = combination.kind
    with Environment(1, **_options(combination, place.host)) as env:
        env._context.client.random = lambda: 0.0  # noqa: SLF001 - the dice are there to be passed in
        pages = None
        if kind == "walk":
            pages = env.persons.list(page_size=2).pages()
            found = [person.uuid for person in next(iter(pages)).results]
        elif combination.fault.warm:
            env.persons.get(UUIDS[0])
        turn()
        start = time.monotonic()
        try:
            if pages is None:
                found = _ask(env, kind, big=combination.fault.big)
                return (found.parse() if kind in REQUESTS else found), start
            for page in pages:
                found += [person.uuid for person in page.results]
        except Exception as error:  # noqa: BLE001 - whatever comes is judged
            return error, start
        return found, start


def _awaiting(
    combination: Combination, place: _Place, turn: Callable[[], None], troubles: list[str]
) -> tuple[Any, float]:
    """Make the call in a loop of its own, which is closed with it."""
    kind = combination.kind

    async def main() -> tuple[Any, float]:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(
            lambda _, context: troubles.append(str(context.get("exception") or context["message"]))
        )
        async with AsyncEnvironment(1, **_options(combination, place.host)) as env:
            env._context.client.random = lambda: 0.0  # noqa: SLF001 - as above
            pages = None
            if kind == "walk":
                pages = env.persons.list(page_size=2).pages()
                found = [person.uuid for person in (await anext(aiter(pages))).results]
            elif combination.fault.warm:
                await env.persons.get(UUIDS[0])
            turn()
            start = time.monotonic()
            try:
                if pages is None:
                    found = await _ask(env, kind, big=combination.fault.big)
                    return (found.parse() if kind in REQUESTS else found), start
                async for page in pages:
                    found += [person.uuid for person in page.results]
            except Exception as error:  # noqa: BLE001 - as above
                return error, start
            return found, start

    return asyncio.run(main())


def carry_out(combination: Combination) -> Outcome:
    """Make one combination, and judge how it ended."""
    stage = _Stage(combination)
    troubles: list[str] = []
    with _place(stage) as place:

        def turn() -> None:
            if combination.fault.warm:
                # What came behind the answer is there now, or the connection is closed.
                time.sleep(0.12 if "idle" in combination.fault.name else 0.02)
            place.turn()
            stage.before = len(place.server.requests)
            stage.bad.set()

        if combination.client == "sync":
            found, start = _blocking(combination, place, turn)
        else:
            found, start = _awaiting(combination, place, turn, troubles)
        seconds = time.monotonic() - start
        sends = len(place.server.requests) - stage.before
    troubles += [repr(each) for each in place.server.troubles]
    if not isinstance(found, Exception):
        right = combination.fault.lax or is_right(combination.kind, found)
        return Outcome("value", seconds, sends, right, troubles=troubles)
    foreign = "" if isinstance(found, PostHogError) else _told(found)
    outcome = Outcome(type(found).__name__, seconds, sends, foreign=foreign, troubles=troubles)
    outcome.leaks = _leaks(found)
    return outcome


def _told(error: BaseException) -> str:
    return "".join(traceback.format_exception(error))


def _leaks(error: BaseException) -> list[str]:
    """Say where in an error or in its chain the key is."""
    leaks: list[str] = []
    chain: BaseException | None = error
    for depth in range(20):
        if chain is None:
            break
        for what, text in {
            "text": str(chain),
            "repr": repr(chain),
            "vars": repr(vars(chain)),
            "args": repr(chain.args),
        }.items():
            if KEY in text:
                leaks.append(f"{what} of {type(chain).__name__} at depth {depth}")
        chain = chain.__cause__ or chain.__context__
    if KEY in _told(error):
        leaks.append("traceback")
    return leaks


# ------------------------------------------------------------------------------------------------ the campaign


def _combinations(effort: Effort) -> list[Combination]:
    whole = [
        Combination(fault, kind, client, once)
        for fault in FAULTS
        for kind in fault.kinds
        for client in CLIENTS
        for once in ((False, True) if fault.passing else (False,))
    ]
    if effort.share >= 1:
        return whole
    random = effort.random("faults")
    of_fault: dict[str, list[Combination]] = {}
    for each in whole:
        of_fault.setdefault(each.fault.name, []).append(each)
    sample = [random.choice(each) for each in of_fault.values()]
    taken = set(sample)
    rest = [each for each in whole if each not in taken]
    return sample + random.sample(rest, min(len(rest), round(len(rest) * effort.share)))


@contextlib.contextmanager
def _watched() -> Iterator[list[str]]:
    """Collect what is said of sockets and loops that nobody closed."""
    unclosed: list[str] = []
    before = sys.unraisablehook

    def hook(unraisable: Any) -> None:
        unclosed.append(f"{unraisable.exc_type.__name__}: {unraisable.exc_value}")

    gc.collect()
    sys.unraisablehook = hook
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", ResourceWarning)
            yield unclosed
            gc.collect()
    finally:
        sys.unraisablehook = before


def every_fault(effort: Effort) -> Iterator[Figure]:
    """Make all combinations, or a sample that has every fault."""
    slack = SLACK if effort.share >= 1 else LOOSE_SLACK
    combinations = _combinations(effort)
    # The slow ones are spread among the others.
    effort.random("order").shuffle(combinations)
    _authority()
    with _names_of_our_own(), _watched() as unclosed:
        with ThreadPoolExecutor(WORKERS, "soak-faults") as workers:
            outcomes = dict(zip(combinations, workers.map(carry_out, combinations), strict=True))
        for each, outcome in outcomes.items():
            for _ in range(2):
                # One that was late among eight others on a busy machine is measured alone.
                if outcome.seconds - each.timeout > slack:
                    outcome.seconds = min(outcome.seconds, carry_out(each).seconds)
    yield from _figures(outcomes, unclosed, slack)


def _figures(outcomes: Mapping[Combination, Outcome], unclosed: Sequence[str], slack: float) -> Iterator[Figure]:
    def figure(what: str, target: str, offenders: Sequence[str], found: str = "") -> Figure:
        return Figure(what, target, found or str(len(offenders)), not offenders, "\n".join(offenders[:12]))

    names = {each.fault.name for each in outcomes}
    yield Figure("faults", ">= 80", str(len(names)), len(names) >= 80)
    yield Figure("combinations with kinds of call and clients", "> 0", str(len(outcomes)), bool(outcomes))
    pairs = outcomes.items()
    yield figure("foreign exceptions", "0", [f"{each}: {o.foreign}" for each, o in pairs if o.foreign])
    worst = max(o.seconds - each.timeout for each, o in pairs)
    late = [f"{each}: {o.seconds:.2f} s of {each.timeout} s" for each, o in pairs if o.seconds - each.timeout > slack]
    yield figure("seconds beyond the timeout, worst", f"<= {slack:g}", late, f"{worst:.2f}")
    other = [f"{each}: {o.end}, not {' or '.join(sorted(each.ends))}" for each, o in pairs if o.end not in each.ends]
    yield figure("endings that are not the one that the table names", "0", other)
    yield figure(
        "values that are not what the healthy answer says", "0", [str(each) for each, o in pairs if not o.right]
    )
    twice = [f"{each}: {o.sends}" for each, o in pairs if each.kind in CHANGES and o.sends > 1 and not each.fault.again]
    yield figure("changes that may have happened and were sent again", "0", twice)
    yield figure("errors that hold the key", "0", [f"{each}: {o.leaks}" for each, o in pairs if o.leaks])
    yield figure("sockets, loops and tasks that nobody closed", "0", unclosed)
    troubles = [f"{each}: {o.troubles}" for each, o in pairs if o.troubles]
    yield figure("troubles of loops and of the fault server itself", "0", troubles)


CAMPAIGNS: Final = (Campaign("every fault ends well", every_fault),)
