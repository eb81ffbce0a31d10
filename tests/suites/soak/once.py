"""Suite "once": a change happens once, whatever byte of the request or of the answer the connection breaks at.

The server is a model with real persons. For each change the connection is cut behind each byte of the request, and
behind each byte of the answer; then what the client says is held against what the server has done.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from itertools import product
from typing import Any, Final, Literal, TypeAlias

from samples import Sample

from operations import CALLS, OPERATIONS, PERSON, Call, aoutcome, outcome, success
from posthog_environments import AsyncEnvironment, Environment
from soak.frame import Campaign, Effort, Figure
from soak.server import RawServer, Talk, Written, answer, written

__all__ = ["CAMPAIGNS", "Cut", "Ending", "Person", "carry_out", "expected"]

KEY: Final = "phx_soakKeyThatNobodyMaySee"
WORKERS: Final = 8

WITH_EVENTS: Final = "deletePerson, with events"
Where: TypeAlias = Literal["request", "answer"]


def _is_change(operation: Sample) -> bool:
    """Tell whether the contract has a change: trends are asked for by POST too, with a scope that reads."""
    scopes = operation.operation["security"][0]["PersonalApiKey"]
    return operation.method != "GET" and not any(scope.endswith(":read") for scope in scopes)


CHANGES: Final[Mapping[str, Call]] = {
    **{name: call for name, call in CALLS.items() if _is_change(OPERATIONS[name])},
    WITH_EVENTS: lambda env, person, _: env.persons.delete(person, delete_events=True),
}


def _said(name: str) -> bytes:
    """Write the answer of an operation that went well."""
    status, found = success(OPERATIONS[name.partition(",")[0]])
    return answer(status, b"" if found is None else json.dumps(found).encode())


SAID: Final[Mapping[str, bytes]] = {name: _said(name) for name in ("getPerson", *CHANGES)}


def _deletes(change: str) -> bool:
    return OPERATIONS[change.partition(",")[0]].method == "DELETE"


class Person:
    """The person of the model, with a count of what was done to it.

    Args:
        change: What is asked for.
        crashes: Whether the server breaks off between the deletion of a person and that of the events.
    """

    def __init__(self, change: str, *, crashes: bool = False) -> None:
        self._change = change
        self._crashes = crashes
        self._is_there = True
        self.done = 0
        self.events_queued = 0
        self._lock = threading.Lock()

    def serve(self, request: Written) -> bytes:
        """Carry a request out, and write its answer."""
        with self._lock:
            if not self._is_there:
                return answer(404, b'{"type": "invalid_request", "code": "not_found", "detail": "Not found."}')
            if request.method == "GET":
                return SAID["getPerson"]
            self.done += 1
            self._is_there = not _deletes(self._change)
            self.events_queued += "delete_events=true" in request.target and not self._crashes
            return SAID[self._change]


@dataclass(frozen=True, slots=True)
class Cut:
    """One run: where the connection breaks.

    Attributes:
        change: What the client asks for.
        client: Which client asks.
        where: Whether the request breaks off or the answer.
        byte: How many bytes of it pass.
        reset: Whether the connection is reset, not closed in order.
        ever: Whether it breaks there each time, not the first time only.
        warm: Whether the connection has served a read before.
    """

    change: str
    client: Literal["sync", "async"]
    where: Where
    byte: int
    reset: bool
    ever: bool
    warm: bool


@dataclass(slots=True)
class Ending:
    """How a run ended: what the client said, and what is true.

    Attributes:
        said: "value", or the name of the error.
        done: How often the change was carried out, with all that belongs to it.
        whole: How many whole requests for it came.
        answered: Whether one of the answers to it went out in whole.
    """

    said: str
    done: int = 0
    whole: int = 0
    answered: bool = False
    text: str = field(default="", compare=False)


class _Server:
    """Lets so many bytes pass, then breaks."""

    def __init__(self, cut: Cut, person: Person) -> None:
        self._cut = cut
        self._person = person
        self._tries = 0
        self._lock = threading.Lock()
        self.whole = 0
        self.answered = False

    def converse(self, talk: Talk) -> None:
        """Serve one connection."""
        data = b""
        while True:
            if self._cut.warm and not self._warmed:
                request, data = written(talk.connection, data)
                self._warmed = True
                talk.send(self._person.serve(request))
                continue
            with self._lock:
                self._tries += 1
                breaks = self._cut.ever or self._tries == 1
            if breaks and self._cut.where == "request":
                while len(data) < self._cut.byte:
                    more = talk.connection.recv(self._cut.byte - len(data))
                    if not more:
                        return
                    data += more
                self._break(talk)
            request, data = written(talk.connection, data)
            reply = self._person.serve(request)
            with self._lock:
                self.whole += 1
            part = reply[: self._cut.byte] if breaks else reply
            talk.send(part)
            if part == reply:
                self.answered = True
            if breaks:
                self._break(talk)

    _warmed = False

    def _break(self, talk: Talk) -> None:
        if self._cut.reset:
            talk.reset()
        talk.hang_up()


def carry_out(cut: Cut) -> Ending:
    """Make one run."""
    # One that breaks off before the first byte of its answer may have done half of what was asked.
    person = Person(cut.change, crashes=cut.where == "answer" and cut.byte == 0)
    server = _Server(cut, person)
    with RawServer(lambda _: None, greet=server.converse) as raw:
        found = _blocking(cut, raw.host) if cut.client == "sync" else asyncio.run(_awaiting(cut, raw.host))
        troubles = raw.troubles
    if troubles:
        raise troubles[0]
    done = person.events_queued if cut.change == WITH_EVENTS else person.done
    said = type(found).__name__ if isinstance(found, Exception) else "value"
    return Ending(said, done, server.whole, server.answered, f"{found}")


def _options(cut: Cut, host: str) -> dict[str, Any]:
    # A 404 says that the person is gone only where the prefix is known: from the read before it, or because it is said.
    prefix = "auto" if cut.warm else "projects"
    return {"api_key": KEY, "host": host, "prefix": prefix, "timeout": 20.0, "retries": 2}


def _blocking(cut: Cut, host: str) -> Any:
    with Environment(1, **_options(cut, host)) as env:
        env._context.client.random = lambda: 0.0  # noqa: SLF001 - the dice are there to be passed in
        if cut.warm:
            env.persons.get(PERSON)
        return outcome(partial(CHANGES[cut.change], env, PERSON, "a"))


async def _awaiting(cut: Cut, host: str) -> Any:
    async with AsyncEnvironment(1, **_options(cut, host)) as env:
        env._context.client.random = lambda: 0.0  # noqa: SLF001 - as above
        if cut.warm:
            await env.persons.get(PERSON)
        return await aoutcome(partial(CHANGES[cut.change], env, PERSON, "a"))


def expected(cut: Cut, lengths: dict[Where, int]) -> frozenset[str]:
    """Say what the client may say, by `INTERFACE.md` under OutcomeUnknown."""
    if cut.where == "answer" and cut.byte == lengths["answer"]:
        return frozenset({"value"})
    if cut.where == "request" and cut.byte == 0:
        # The client may see in time that the connection is closed, and take another one, or say that there was none.
        return frozenset({"value", "OutcomeUnknown", "TransportError"} if cut.ever else {"value", "OutcomeUnknown"})
    if cut.ever or not _deletes(cut.change):
        return frozenset({"OutcomeUnknown"})
    # It is repeated. Where the first attempt has deleted the person, a 404 comes, which leaves the events in doubt.
    in_doubt = cut.where == "answer" and cut.change == WITH_EVENTS
    return frozenset({"OutcomeUnknown" if in_doubt else "value"})


def _lengths(change: str) -> dict[Where, int]:
    """Measure the request and the answer, when nothing breaks."""
    sizes: dict[Where, int] = {}
    person = Person(change)

    def converse(talk: Talk) -> None:
        data = talk.connection.recv(65536)
        while not data.endswith(b"}") and b"\r\n\r\n" not in data:
            data += talk.connection.recv(65536)
        sizes["request"] = len(data)
        reply = person.serve(written(talk.connection, data)[0])
        sizes["answer"] = len(reply)
        talk.send(reply)

    with RawServer(lambda _: None, greet=converse) as raw:
        _blocking(Cut(change, "sync", "answer", 0, reset=False, ever=False, warm=False), raw.host)
    return sizes


def _cuts(effort: Effort, lengths: dict[str, dict[Where, int]]) -> Iterator[Cut]:
    random = effort.random("cuts")
    for change in CHANGES:
        for where in ("request", "answer"):
            size = lengths[change][where]
            # A request that has come to its last byte is whole: then it is the answer that breaks off.
            for byte in range(size if where == "request" else size + 1):
                for client in ("sync", "async"):
                    for reset, ever in product((False, True), repeat=2):
                        yield Cut(change, client, where, byte, reset, ever, random.random() < 0.2)


def every_boundary(effort: Effort) -> Iterator[Figure]:
    """Cut each change at each byte, or at a sample of them, and hold what is said against what is true."""
    lengths = {change: _lengths(change) for change in CHANGES}
    cuts = list(_cuts(effort, lengths))
    if effort.share < 1:
        ends = [each for each in cuts if each.where == "answer" and each.byte == lengths[each.change]["answer"]]
        cuts = ends + effort.random("sample").sample(cuts, effort.count(len(cuts), 1))
    with ThreadPoolExecutor(WORKERS, "soak-once") as workers:
        pairs = list(zip(cuts, workers.map(carry_out, cuts), strict=True))
    boundaries = sum(sum(sizes.values()) + 1 for sizes in lengths.values())
    yield Figure("runs, a cut at a byte each", "> 0", f"{len(pairs)} at {boundaries} boundaries", bool(pairs))
    yield _figure("changes carried out twice", [(c, e) for c, e in pairs if e.done > 1])
    changes = [(c, e) for c, e in pairs if not _deletes(c.change)]
    yield _figure("changes that reached the server twice", [(c, e) for c, e in changes if e.whole > 1])
    yield _figure("successes that were none", [(c, e) for c, e in pairs if e.said == "value" and not e.done])
    clear = [(c, e) for c, e in pairs if e.said not in ("value", "OutcomeUnknown")]
    foreign = [(c, e) for c, e in clear if e.said != "TransportError"]
    yield _figure("clear errors although it was done", [(c, e) for c, e in clear if e.done])
    yield _figure("errors that say neither that nobody knows nor that nothing was sent", foreign)
    doubts = [(c, e) for c, e in changes if e.answered and e.said != "value"]
    yield _figure("doubts although the whole answer came", doubts)
    other = [(c, e) for c, e in pairs if e.said not in expected(c, lengths[c.change])]
    yield _figure("endings that are not those of the rules", other)


def _figure(what: str, offenders: Sequence[tuple[Cut, Ending]]) -> Figure:
    more = "\n".join(f"{cut}: {end}" for cut, end in offenders[:8])
    return Figure(what, "0", str(len(offenders)), not offenders, more)


CAMPAIGNS: Final = (Campaign("a change happens once", every_boundary),)
