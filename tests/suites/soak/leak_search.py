"""Where a key could show itself: looked for after, and in the middle of, everything that can go wrong."""

# ruff: noqa: E501 - tables of odd values read best as they are

from __future__ import annotations

import asyncio
import contextlib
import copy
import dataclasses
import gc
import itertools
import logging
import os
import pickle
import pprint
import pty
import re
import resource
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import warnings
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Any, Final, NoReturn, cast

import attrs
import click
import httpx

from operations import CALLS, PERSON
from posthog_environments import AsyncEnvironment, AsyncPager, ClientEvent, Environment, Pager, errors
from posthog_environments.sandbox import Sandbox
from soak.canary import Canary
from soak.canned import Canned, Heard, http, page
from soak.frame import Campaign, Effort, Figure
from soak.surroundings import run, surroundings

__all__ = ["COMMAND", "SHOWN", "Hunt"]

OURS: Final = ("posthog_environments", "posthog_environments_api")
# Kinds of other packages that hold our requests.
THEIRS: Final = ("httpx", "httpcore", "h11", "anyio")


class Hunt:
    """Looks for a key in text after text, and counts by the kind of place."""

    def __init__(self, canary: Canary) -> None:
        self.canary = canary
        self.texts: Counter[str] = Counter()
        self.found: defaultdict[str, list[str]] = defaultdict(list)

    def look(self, place: str, text: str | bytes, where: object = "") -> None:
        """Look for the key in a text."""
        self.texts[place] += 1
        raw = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
        if self.canary.occurrences(raw):
            self.found[place].append(str(where))

    def figure(self, place: str, what: str) -> Figure:
        """Give the figure of one kind of place."""
        found = self.found[place]
        return Figure(
            f"occurrences of the key in {what}",
            "0",
            f"{len(found)} in {self.texts[place]:,} texts",
            not found and self.texts[place] > 0,
            "\n".join(dict.fromkeys(found[:200])),
        )


# ---------------------------------------------------------------------------------------------- what objects show


def views(thing: object) -> Iterator[tuple[str, str]]:
    """Give every text that an object makes of itself."""
    writers: dict[str, Callable[[], str]] = {
        "repr": lambda: repr(thing),
        "str": lambda: str(thing),
        "format": lambda: f"{thing:}",
        "percent": lambda: "%s %r" % (thing, thing),  # noqa: UP031 - that is what is looked at
        "vars": lambda: repr(vars(thing)),
        "dir": lambda: repr([(name, _attribute(thing, name)) for name in dir(thing)]),
        "pprint": lambda: pprint.pformat(thing),
        "rich": lambda: _rich(thing),
        "html": lambda: str(getattr(thing, "_repr_html_", str)()),
    }
    # Of others not: to copy an event loop is to break it.
    ours = str(type(thing).__module__).partition(".")[0] in OURS
    if ours and dataclasses.is_dataclass(thing) and not isinstance(thing, type):
        writers["asdict"] = lambda: repr(dataclasses.asdict(thing))
        writers["astuple"] = lambda: repr(dataclasses.astuple(thing))
    for name, write in writers.items():
        with contextlib.suppress(Exception):  # what cannot be written shows nothing
            yield name, write()


def _attribute(thing: object, name: str) -> object:
    try:
        return getattr(thing, name)
    except Exception as error:  # noqa: BLE001 - an attribute may refuse
        return error


def _rich(thing: object) -> str:
    from rich.pretty import pretty_repr

    return pretty_repr(thing, max_width=400)


def reachable(*roots: object, packages: tuple[str, ...]) -> list[object]:
    """Find all objects of some packages that hang on others, as the garbage collector sees it."""
    seen: set[int] = set()
    found: list[object] = []
    waiting: list[object] = list(roots)
    while waiting and len(seen) < 200_000:
        thing = waiting.pop()
        if id(thing) in seen or isinstance(thing, ModuleType | type):
            continue
        seen.add(id(thing))
        if str(type(thing).__module__).partition(".")[0] in packages:
            found.append(thing)
        if not (callable(thing) and hasattr(thing, "__globals__")):
            waiting += gc.get_referents(thing)
    return found


# -------------------------------------------------------------------------------------------- what exceptions show


def chain(error: BaseException) -> list[BaseException]:
    """Give an exception and all that hang on it."""
    found: dict[int, BaseException] = {}
    waiting: list[BaseException | None] = [error]
    while waiting:
        one = waiting.pop()
        if one is None or id(one) in found:
            continue
        found[id(one)] = one
        waiting += [one.__cause__, one.__context__]
        if isinstance(one, BaseExceptionGroup):
            waiting += cast("BaseExceptionGroup[BaseException]", one).exceptions
    return list(found.values())


def of_error(hunt: Hunt, error: BaseException, where: str) -> None:
    """Look into an exception: its texts, its chain, the locals of its frames, as tracebacks print them too."""
    error = error.with_traceback(_own_frames_off(error.__traceback__))
    for one in chain(error):
        for name, text in views(one):
            hunt.look("exceptions", text, f"{where}: {name} of {type(one).__name__}")
        for value in vars(one).values():
            hunt.look("exceptions", repr(value), f"{where}: attribute of {type(one).__name__}")
        hunt.look("exceptions", repr((one.args, getattr(one, "__notes__", ()))), f"{where}: args")
        for frame, _ in traceback.walk_tb(one.__traceback__):
            for name, value in list(frame.f_locals.items()):
                inside = f"{where}: local {name} in {frame.f_code.co_qualname}"
                hunt.look("locals", repr(value), inside)
                if str(type(value).__module__).partition(".")[0] in OURS + THEIRS:
                    fields = [*getattr(value, "__dict__", ()), *getattr(type(value), "__slots__", ())]
                    hunt.look("locals", repr([_attribute(value, field) for field in fields]), inside)
    written = traceback.TracebackException.from_exception(error, capture_locals=True).format()
    hunt.look("tracebacks", "".join(written), f"{where}: traceback")
    hunt.look("tracebacks", _rich_traceback(error), f"{where}: traceback of rich")
    with contextlib.suppress(Exception):
        hunt.look("pickles", pickle.dumps(error), f"{where}: pickled error")


def _own_frames_off(trace: TracebackType | None) -> TracebackType | None:
    """Leave out the frames of the campaign, which are many times the size of what is looked at."""
    while trace is not None and trace.tb_next is not None and trace.tb_frame.f_globals.get("__name__") == __name__:
        trace = trace.tb_next
    return trace


def _rich_traceback(error: BaseException) -> str:
    """Give what a traceback of rich with locals is made of; to lay it out takes ten times as long."""
    from rich.traceback import Traceback

    found = Traceback.extract(
        type(error), error, error.__traceback__, show_locals=True, locals_max_length=10_000, locals_max_string=1_000_000,
        locals_hide_dunder=False, locals_hide_sunder=False,
    )  # fmt: skip
    texts: list[str] = []
    for stack in found.stacks:
        # Before 14 rich shows no notes of errors, and its stacks do not have them.
        notes: list[str] = getattr(stack, "notes", [])
        texts += [stack.exc_type, stack.exc_value, *map(str, notes)]
        for frame in stack.frames:
            texts.append(frame.line)
            texts += [node.render(300) for node in (frame.locals or {}).values()]
    return "\n".join(texts)


# ------------------------------------------------------------------------------------------------- what can go wrong

NOT_FOUND: Final = b'{"type":"invalid_request","code":"not_found","detail":"Not found.","attr":null}'
THE_PERSON: Final = b'{"uuid":"%s","id":1,"properties":{}}' % PERSON.encode()
ANSWERS: Final[dict[str, bytes | None]] = {
    **{str(status): http(status, NOT_FOUND) for status in (400, 401, 402, 403, 404, 405, 408, 409, 413, 418, 429)},
    **{str(status): http(status, b"<html>no</html>", kind="text/html") for status in (500, 502, 503, 504, 520, 999)},
    **{str(status): http(status, b"", b"Location: https://elsewhere.example/") for status in (301, 302, 307, 308)},
    "a late 429": http(429, NOT_FOUND, b"Retry-After: 9999"),
    "HTML": http(200, b"<html>hello</html>", kind="text/html"),
    "broken JSON": http(200, b'{"results": ['),
    "deep JSON": http(200, b"[" * 3000),
    "not a person": http(200, b'{"results": [{"id": 1}], "next": null}'),
    "not gzip": http(200, b"x" * 40, b"Content-Encoding: gzip"),
    "brotli": http(200, b"x" * 40, b"Content-Encoding: br"),
    "a body that breaks off": b"HTTP/1.1 200 X\r\nContent-Length: 100\r\n\r\n{",
    "not HTTP": b"220 mail.example ESMTP\r\n\r\n",
    "no success": http(200, b'{"success": false, "detail": "no"}'),
    "a next that leads back": http(200, page({"uuid": PERSON}, following="http://x.example/?offset=0&page=0")),
    "too long a body": http(200, b"[" + b" " * 6000 + b"]"),
    "an announced end": http(200, THE_PERSON, b"Deprecation: true", b"Sunset: Fri, 31 Jul 2026 00:00:00 GMT"),
    "hang up": None,
    "silence": b"",
}  # fmt: skip

MADE: Final[dict[str, Callable[[Any], Any]]] = {
    **{name: partial(lambda call, env: call(env, PERSON, "a"), call) for name, call in CALLS.items()},
    "csv": lambda env: env.persons.csv(),
    "request": lambda env: env.request("GET", f"persons/{PERSON}/", params={"a": 1}),
    "request post": lambda env: env.request("POST", "query/", json={"query": {"kind": "HogQLQuery"}}),
    "request again": lambda env: env.request("PUT", "x/", json={"a": 1}, repeat=True, extra_headers={"X-A": "b"}),
    "request delete": lambda env: env.request("DELETE", f"persons/{PERSON}/"),
    "request elsewhere": lambda env: env.request("GET", "https://elsewhere.example/api/"),
    "raw": lambda env: env.with_raw_response.persons.get(PERSON),
    "raw trend": lambda env: env.with_raw_response.insights.trend(events=["a"]),
    "api": lambda env: env.api,
}


# Calls in which a fault ends in an error of a kind of its own.
SURE: Final = {
    "a next that leads back": "listPersons",
    "hang up": "updatePerson",
    "silence": "getPerson",
    "not HTTP": "queryTrend",
}


class Failing:
    """A server that answers with the fault of the moment."""

    def __init__(self) -> None:
        self.fault = "404"

    def __call__(self, heard: Heard) -> bytes:  # noqa: ARG002 - all are answered alike
        """Answer."""
        answer = ANSWERS[self.fault]
        if answer is None:
            raise OSError("hang up")
        if not answer:
            time.sleep(0.4)
            raise OSError("silence")
        return answer


def _outcome(env: Environment, name: str) -> BaseException | None:
    try:
        found = MADE[name](env)
        if name == "csv" or isinstance(found, Pager):
            list(found)
        elif name == "api":
            found.get_httpx_client().get("/api/environments/1/persons/")
    except BaseException as error:  # noqa: BLE001 - all of them are looked into
        return error
    return None


async def _aoutcome(env: AsyncEnvironment, name: str) -> BaseException | None:
    try:
        found = MADE[name](env)
        if name == "csv" or isinstance(found, AsyncPager):
            async for _ in found:
                pass
        elif name == "api":
            await found.get_async_httpx_client().get("/api/environments/1/persons/")
        else:
            await found
    except Exception as error:  # noqa: BLE001 - as above
        return error
    return None


def _faults(effort: Effort) -> list[tuple[str, str]]:
    """Pair the faults with calls; with less effort a few of the pairs, but each fault at least once."""
    every = list(itertools.product(ANSWERS, MADE))
    random = effort.random("faults")
    # Not by the generated client, which raises nothing for a status.
    once = [(fault, SURE.get(fault) or random.choice(list(MADE)[:-1])) for fault in ANSWERS]
    random.shuffle(every)
    return once + every[: effort.count(len(every), 1)]


class _Listener:
    """Looks into each event, and raises at some: what it raises is logged, and looked into there."""

    def __init__(self, hunt: Hunt) -> None:
        self._hunt = hunt
        self._heard = 0
        self.kinds: set[str] = set()

    def __call__(self, event: ClientEvent) -> None:
        """Take an event."""
        self._heard += 1
        self.kinds.add(type(event).__name__)
        for name, text in views(event):
            self._hunt.look("events", text, f"{name} of {type(event).__name__}")
        self._hunt.look("events", repr(attrs.asdict(event)), type(event).__name__)
        if PERSON in repr(event):
            self._hunt.found["events"].append(f"an id in {event}")
        if self._heard % 5 == 0:
            raise RuntimeError(f"I do not like {event}")


def _fail(hunt: Hunt, failing: Failing, canned: Canned, effort: Effort, kinds: set[type], listener: _Listener) -> None:
    options: dict[str, Any] = {"retries": 0, "pacing": False, "timeout": 0.3, "max_body": 4000, "on_event": listener}
    key = hunt.canary.give
    pairs = _faults(effort)
    for start in range(0, len(pairs), 20):
        with Environment(1, api_key=key(), host=canned.host, **options) as env:
            for fault, name in pairs[start : start + 20]:
                failing.fault = fault
                if error := _outcome(env, name):
                    kinds.add(type(error))
                    of_error(hunt, error, f"{name}, {fault}")

    failing.fault = "503"
    with Environment(1, api_key=key(), host=canned.host, **options | {"retries": 1, "timeout": 5}) as env:
        # One that waits.
        _outcome(env, "getPerson")

    async def fail() -> None:
        async with AsyncEnvironment(1, api_key=key(), host=canned.host, **options) as env:
            for fault, name in pairs[::3]:
                failing.fault = fault
                if error := await _aoutcome(env, name):
                    kinds.add(type(error))
                    of_error(hunt, error, f"async {name}, {fault}")

    asyncio.run(fail())


class _Careless(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """A transport of a user's that says in its errors what it was to send."""

    def __init__(self, kind: type[BaseException]) -> None:
        self._kind = kind

    def handle_request(self, request: httpx.Request) -> NoReturn:
        raise self._kind(f"could not send {dict(request.headers)}")

    async def handle_async_request(self, request: httpx.Request) -> NoReturn:
        raise self._kind(f"could not send {dict(request.headers)}")


def _fail_below(hunt: Hunt, canned: Canned, kinds: set[type]) -> None:
    """Fail where requests are carried: refused, no TLS, a transport of the user's."""
    key = hunt.canary.give
    no_tls = canned.host.replace("http:", "https:")
    for host in ("http://127.0.0.1:1", no_tls):
        with Environment(1, api_key=key(), host=host, retries=0, timeout=2) as env:
            for name in MADE:
                if error := _outcome(env, name):
                    kinds.add(type(error))
                    of_error(hunt, error, f"{name} to {host}")

    async def fail(transport: _Careless, where: str) -> None:
        async with AsyncEnvironment(1, api_key=key(), transport=transport, retries=0, timeout=2) as env:
            for name in ("getPerson", "updatePerson", "api", "listPersons"):
                if error := await _aoutcome(env, name):
                    of_error(hunt, error, f"async {name} {where}")

    for kind in (RuntimeError, httpx.ConnectError, httpx.ReadError, httpx.LocalProtocolError, OSError, KeyError):
        transport, where = _Careless(kind), f"by a transport that raises {kind.__name__}"
        with Environment(1, api_key=key(), transport=transport, retries=0, timeout=2) as env:
            for name in ("getPerson", "updatePerson", "api", "listPersons"):
                if error := _outcome(env, name):
                    of_error(hunt, error, f"{name} {where}")
        asyncio.run(fail(transport, where))


def _fail_on_disk(hunt: Hunt, kinds: set[type]) -> None:
    """Fail where a journal is written: no file may grow any more."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    with (
        tempfile.TemporaryDirectory() as folder,
        Environment(1, api_key=hunt.canary.give(), transport=_Careless(OSError)) as env,
    ):
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
        try:
            env.persons.delete_many([PERSON], journal=Path(folder, "journal.jsonl"))
        except errors.PostHogError as error:
            kinds.add(type(error))
            of_error(hunt, error, "a journal on a full disk")
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)


@contextlib.contextmanager
def _interrupted(kind: str) -> Iterator[None]:
    """Let Ctrl-C come while a request is being written, or its answer awaited."""
    name = {"write": "send", "read": "recv"}[kind]
    mine, before = threading.get_ident(), getattr(socket.socket, name)

    def stop(*held: Any) -> Any:
        # The server has threads of its own.
        if threading.get_ident() != mine:
            return before(*held)
        task = None
        with contextlib.suppress(RuntimeError):
            # A loop that runs no task speaks to itself.
            if (task := asyncio.current_task()) is None:
                return before(*held)
        del held
        if task is None:
            raise KeyboardInterrupt
        # As from somebody who gives up on the task: it is cancelled where it waits until the socket is ready.
        task.cancel()
        raise BlockingIOError

    setattr(socket.socket, name, stop)
    try:
        yield
    finally:
        delattr(socket.socket, name)


def _interrupt(hunt: Hunt, canned: Canned) -> None:
    key = hunt.canary.give

    async def cancelled(name: str) -> None:
        async with AsyncEnvironment(1, api_key=key(), host=canned.host, retries=0) as env:
            try:
                found = MADE[name](env)
                await (found.first() if isinstance(found, AsyncPager) else found)
            except asyncio.CancelledError as error:
                of_error(hunt, error, f"async {name}, cancelled")
                task = asyncio.current_task()
                assert task is not None
                task.uncancel()

    for kind, name in itertools.product(("write", "read"), ("getPerson", "updatePerson", "listPersons")):
        with _interrupted(kind):
            with Environment(1, api_key=key(), host=canned.host, retries=0) as env:
                error = _outcome(env, name)
                if not isinstance(error, KeyboardInterrupt):
                    raise AssertionError(f"nothing interrupted {name}: {error!r}")  # noqa: TRY004 - not of an argument
                of_error(hunt, error, f"{name}, interrupted in {kind}")
            asyncio.run(cancelled(name))


def _misuse(hunt: Hunt) -> None:
    """Give keys that are none, in the right place and in wrong ones."""
    key = hunt.canary.give

    def raising() -> str:
        raise RuntimeError(f"the vault would not give {key()}")

    spoilt: list[Callable[[], Any]] = [
        lambda: " " + key(), lambda: key() + "\n", lambda: "Bearer " + key(), lambda: key() + "é", lambda: "phc_" + key(),
        lambda: key() + "\x00", lambda: [key()], lambda: key().encode(), lambda: {"key": key()}, lambda: (key(),),
        lambda: raising, lambda: lambda: key() + " ", lambda: lambda: key().encode(), lambda: lambda: None,
    ]  # fmt: skip
    for number, make in enumerate(spoilt):
        for client in (Environment, AsyncEnvironment):
            try:
                env: Any = client(1, api_key=make(), transport=_Careless(OSError))
                if client is Environment:
                    env.persons.get(1)
                else:
                    asyncio.run(env.persons.get(1))
            except Exception as error:  # noqa: BLE001 - looked into
                of_error(hunt, error, f"bad key {number}")
    # In a wrong place it is the caller's argument, and stands in the frame that it was given to: the message must not.
    for name in (
        "project_id",
        "host",
        "prefix",
        "timeout",
        "max_wait",
        "retries",
        "pacing",
        "proxy",
        "verify",
        "max_body",
    ):
        given: dict[str, Any] = {name: key()}
        try:
            Environment(**({"project_id": 1} | given), api_key=key())
        except Exception as error:  # noqa: BLE001 - looked into
            hunt.look("exceptions", f"{error!r} {error}", f"the key as {name}")
        given.clear()
    with Environment(1, api_key=key(), transport=_Careless(OSError)) as env:
        for call in (
            lambda: env.persons.get(key()),
            lambda: env.persons.delete(PERSON, delete_events=cast("Any", key())),
            lambda: env.persons.list(page_size=cast("Any", key())),
            lambda: env.with_options(timeout=cast("Any", key())),
            lambda: cast("Any", env).with_options(pacing=key()),
        ):
            try:
                cast("Callable[[], object]", call)()
            except Exception as error:  # noqa: BLE001 - looked into
                hunt.look("exceptions", f"{error!r} {error}", "the key as an argument of a call")


# ------------------------------------------------------------------------------------------------- the campaigns


class _Everything(logging.Handler):
    """Looks into every record of every logger."""

    def __init__(self, hunt: Hunt, place: str, deaf_to: tuple[str, ...]) -> None:
        super().__init__(logging.NOTSET)
        self._deaf_to = deaf_to
        self._hunt = hunt
        self._place = place
        self.names: Counter[str] = Counter()

    def emit(self, record: logging.LogRecord) -> None:
        """Take a record, with its arguments and whatever else is in it."""
        name = record.name.partition(".")[0]
        if name in self._deaf_to:
            return
        self.names[name] += 1
        self._hunt.look(self._place, record.getMessage() + repr(vars(record)), f"{record.name}: {record.msg[:60]}")
        if record.exc_info and record.exc_info[1]:
            of_error(self._hunt, record.exc_info[1], f"log of {record.name}")


@contextlib.contextmanager
def listening(hunt: Hunt, place: str, deaf_to: tuple[str, ...] = ()) -> Iterator[_Everything]:
    """Hear all loggers at DEBUG for a while."""
    root = logging.getLogger()
    handler = _Everything(hunt, place, deaf_to)
    names = (
        "",
        *OURS,
        *THEIRS,
        "asyncio",
        "uvicorn",
        "uvicorn.access",
        "uvicorn.error",
        "posthog_environments.sandbox",
    )
    loggers = [logging.getLogger(name) for name in names]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.DEBUG)
    root.addHandler(handler)
    try:
        yield handler
    finally:
        root.removeHandler(handler)
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def shown(effort: Effort) -> Iterable[Figure]:
    """Let everything fail that can, and look for the key in all that Python shows of it."""
    hunt = Hunt(Canary(effort.random("key")))
    failing, listener = Failing(), _Listener(hunt)
    kinds: set[type] = set()
    with (
        Canned(failing) as canned,
        listening(hunt, "logs") as logs,
        warnings.catch_warnings(record=True) as warned,
    ):
        warnings.simplefilter("always")
        _fail(hunt, failing, canned, effort, kinds, listener)
        _fail_below(hunt, canned, kinds)
        _fail_on_disk(hunt, kinds)
        failing.fault = "404"
        _interrupt(hunt, canned)
        _misuse(hunt)
        _objects(hunt, failing, canned)
        gc.collect()
        for warning in warned:
            hunt.look("warnings", f"{warning.message!r} {warning} {warning.line}", str(warning.category))
    tree = {cls for cls in vars(errors).values() if isinstance(cls, type) and issubclass(cls, errors.PostHogError)}
    # Raised by a setting that is wrong, which `_misuse` looks into.
    absent = tree - kinds - {errors.PostHogError, errors.ConfigurationError}
    yield Figure("kinds of error of the tree looked into", "all", f"all but {len(absent)}", not absent,
                 ", ".join(cls.__name__ for cls in absent))  # fmt: skip
    yield hunt.figure("exceptions", "texts, attributes, notes and chains of exceptions")
    yield hunt.figure("locals", "the locals of their frames")
    yield hunt.figure("tracebacks", "tracebacks with locals, of the library and of rich")
    yield hunt.figure("objects", "repr, str, format, vars, dir values, asdict of all objects that hang on a client")
    yield hunt.figure("pickles", "pickles and copies, which are refused")
    yield hunt.figure("logs", f"DEBUG logs of {', '.join(sorted(logs.names))}")
    yield hunt.figure("warnings", "warnings")
    yield hunt.figure("events", "what on_event is told, or of ids of persons")
    told = {"RequestSent", "ResponseReceived", "RequestFailed", "Waiting"}
    yield Figure("kinds of events looked into", ", ".join(sorted(told)), ", ".join(sorted(listener.kinds)),
                 told <= listener.kinds)  # fmt: skip
    wanted = {"httpx", "httpcore", "asyncio", "posthog_environments"}
    yield Figure("loggers that spoke", ", ".join(sorted(wanted)), ", ".join(sorted(logs.names)),
                 wanted <= set(logs.names))  # fmt: skip


def _objects(hunt: Hunt, failing: Failing, canned: Canned) -> None:
    """Look at all objects of a client that has worked, and while it works."""
    key = hunt.canary.give

    def survey(*roots: object) -> None:
        everywhere = [thing for thing in gc.get_objects() if str(type(thing).__module__).partition(".")[0] in OURS]
        for thing in {id(one): one for one in [*reachable(*roots, packages=OURS + THEIRS), *everywhere]}.values():
            for name, text in views(thing):
                hunt.look("objects", text, f"{name} of {type(thing).__module__}.{type(thing).__qualname__}")

    def answer(heard: Heard) -> bytes:
        # The client waits meanwhile, with its request in hand.
        for thing in reachable(env, packages=OURS + THEIRS):
            with contextlib.suppress(Exception):
                hunt.look("objects", repr(thing), f"in flight: {type(thing).__qualname__}")
        return failing(heard)

    failing.fault = "an announced end"
    with Environment(1, api_key=key(), host=canned.host, pacing=False) as env:
        canned.answer = answer
        env.persons.get(PERSON)
        canned.answer = failing
        env.api.get_httpx_client().get("/api/environments/1/persons/")
        view, pager = env.with_options(timeout=3), env.persons.list()
        raw, asked = env.with_raw_response.persons.get(PERSON), env.request("GET", f"persons/{PERSON}/")
        survey(env, view, pager, env.persons, env.insights, env.api, env.with_raw_response, raw, asked)
        for answer_had in (raw, asked):
            hunt.look("objects", repr(dict(answer_had.headers)), "headers of a raw response")
            _copies(hunt, answer_had)
        scope = env.persons._context  # noqa: SLF001 - what a curious debugger looks at
        settings = scope.client.settings
        for thing in (
            env,
            view,
            pager,
            env.persons,
            env.api,
            scope,
            scope.client,
            settings,
            settings.key,
            settings.key.secret,
        ):
            _copies(hunt, thing)
        hunt.look("objects", str(env.api.get_httpx_client().headers), "headers of the generated client")

    async def inside() -> None:
        async with AsyncEnvironment(1, api_key=key, host=canned.host, pacing=False) as env:
            await env.persons.get(PERSON)
            survey(env, env.persons, env.api)
            _copies(hunt, env)

    asyncio.run(inside())


def _copies(hunt: Hunt, thing: object) -> None:
    makers: list[Callable[[], object]] = [
        lambda: copy.copy(thing),
        lambda: copy.deepcopy(thing),
        lambda: dataclasses.asdict(cast("Any", thing)),
        *(partial(pickle.dumps, thing, protocol) for protocol in range(6)),
    ]
    for make in makers:
        try:
            made = make()
        except Exception as error:  # noqa: BLE001 - a refusal, looked into
            hunt.look("pickles", f"{error!r}", type(thing).__name__)
            continue
        hunt.look("pickles", made if isinstance(made, bytes) else repr(made), f"a copy of {type(thing).__name__}")


# ------------------------------------------------------------------------------------------------- the command


def _commands(home: Path) -> list[list[str]]:
    """Give commands that are right, that are not, and each there is, with nothing behind it."""
    from posthog_environments.cli.root import phenv

    key_file = str(home / "key")
    mistakes = [
        ["persons", "get", "0"], ["persons", "get", ".."], ["persons", "list", "--property", "{"], ["nonsense"],
        ["persons", "delete", PERSON], ["persons", "list", "--api-key-file", str(home / "none")], ["--nonsense"],
        ["persons", "list", "--profile", "none"], ["persons", "list", "--host", "ftp://x"], ["insights", "trend"],
        ["persons", "list", "--project-id", "x"], ["persons", "get", PERSON], ["insights", "trend", "--event", "a", "--date-from", "-7days"],
    ]  # fmt: skip
    good = [
        ["persons", "list", "--limit", "5"], ["persons", "list", "--json"], ["persons", "get", "1"], ["persons", "csv"],
        ["persons", "get", "1", "--json"], ["persons", "update", "1", "--set", "a=b"], ["persons", "activity", "1"],
        ["persons", "delete-property", "1", "a", "--yes"], ["persons", "timeline", "1", "--event", "$pageview"],
        ["persons", "delete", "2", "--yes"], ["insights", "trend", "--event", "$pageview"], ["doctor"], ["spec"],
        ["insights", "trend", "--event", "$pageview", "--json"], ["insights", "csv", "--event", "$pageview"],
        ["insights", "timing"], ["doctor", "--json"], ["completion", "bash"], ["--version"],
        ["api", "GET", "persons/", "--include", "-v"], ["api", "POST", "query/", "--field", "query:={}", "--include"],
        ["api", "GET", "persons/", "--paginate", "-v"], ["api", "DELETE", "persons/3/", "--yes", "--verbose"],
        ["api", "GET", "https://elsewhere.example/api/"], ["api", "GET", "nowhere/", "-v"], ["-v", "persons", "get", "1"],
        ["persons", "list", "--api-key-file", key_file, "--limit", "2"], ["init", "--profile", "a", "--project-id", "1"],
        ["init", "--profile", "b", "--project-id", "@current", "--api-key-file", key_file, "--force"],
    ]  # fmt: skip
    # The sandbox would not end; `_own_sandbox` has it.
    bare = [list(path) for path, each in _tree(phenv) if not isinstance(each, click.Group) and path != ("sandbox",)]
    return good + mistakes + bare


def _tree(command: click.Command, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            yield from _tree(below, (*path, name))


def command(effort: Effort) -> Iterable[Figure]:
    """Run every command of `phenv`, well and badly, and look at what it prints and at what others see of it."""
    from posthog_environments.cli.root import phenv

    hunt = Hunt(Canary(effort.random("key")))
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        (home / "key").write_text(hunt.canary.give())
        (home / "key").chmod(0o600)
        takers: list[str] = []
        for path, each in _tree(phenv):
            for parameter in each.params:
                named = re.search("key|secret|token|password", " ".join([parameter.name or "", *parameter.opts]))
                flag = isinstance(parameter, click.Option) and parameter.is_flag
                if named and not flag and not isinstance(parameter.type, click.Path):
                    takers.append(" ".join((*path, *parameter.opts)))
            with surroundings(HOME=folder, XDG_CONFIG_HOME=folder, POSTHOG_PERSONAL_API_KEY=hunt.canary.give()):
                hunt.look("printed", run(*path, "--help")[1], f"{path} --help")
        yield Figure("options that take the key itself", "0", str(len(takers)), not takers, "\n".join(takers))
        with (
            Sandbox(30, api_key=hunt.canary.give(), rates=False, lag=0) as box,
            Canned(failing := Failing()) as canned,
            # Some calls below put the key into the address on purpose, and the client that makes them says so.
            listening(hunt, "access", deaf_to=THEIRS) as heard,
        ):
            targets = {"sandbox": box.host, "failing": canned.host, "nobody": "http://127.0.0.1:1"}
            every = [(target, arguments) for target in targets for arguments in _commands(home)]
            for number, (target, arguments) in enumerate(every):
                if target != "sandbox" and effort.random(f"{number}").random() > effort.share:
                    continue
                failing.fault = effort.random(f"fault {number}").choice(
                    [fault for fault in ANSWERS if fault != "silence"]
                )
                given = {
                    "POSTHOG_HOST": targets[target],
                    "POSTHOG_PROJECT_ID": box.project_id,
                    "POSTHOG_PERSONAL_API_KEY": hunt.canary.give(),
                }
                with surroundings(HOME=folder, XDG_CONFIG_HOME=folder, **given):
                    _, printed = run("--timeout", "3", *arguments)
                hunt.look("printed", printed, f"{arguments} on {target}")
            _knock(hunt, box)
            _processes(hunt, canned, box, home, failing)
        yield hunt.figure("printed", "what every command of phenv prints, errors, help and progress included")
        yield hunt.figure("arguments", "arguments of its processes, seen while they run")
        yield hunt.figure("access", "what the sandbox logs")
        spoke = ", ".join(sorted(heard.names))
        yield Figure("loggers of the sandbox that spoke", "uvicorn", spoke, "uvicorn" in heard.names)
    yield from _own_sandbox(effort)


def _knock(hunt: Hunt, box: Sandbox) -> None:
    """Call the sandbox with its key in every place where it takes one, and in broken requests."""
    key = hunt.canary.give
    url = f"{box.host}/api/projects/{box.project_id}/persons/"
    with httpx.Client() as client:
        calls: tuple[Callable[[], httpx.Response], ...] = (
            lambda: client.get(url, params={"personal_api_key": key()}),
            lambda: client.get(url, params={"personal_api_key": key(), "limit": "x"}),
            lambda: client.patch(url + "1/", json={"personal_api_key": key(), "properties": {}}),
            lambda: client.get(url, params={"personal_api_key": key(), "properties": "["}),
            lambda: client.get(url + key() + "/", headers={"Authorization": "Bearer x"}),
        )
        for call in calls:
            answer = call()
            hunt.look(
                "access", answer.content if key() not in str(answer.request.url) else b"", "an answer of the sandbox"
            )
    for request in (b"GET / HTTP/9.9\r\nAuthorization: Bearer %s\r\n\r\n", b"\x00%s\r\n\r\n", b"GET /%s\r\n\r\n"):
        with socket.create_connection(("127.0.0.1", int(box.host.rpartition(":")[2])), 5) as connection:
            connection.sendall(request % key().encode())
            with contextlib.suppress(OSError):
                connection.recv(65536)


PHENV: Final = (sys.executable, "-m", "posthog_environments.cli")


def _processes(hunt: Hunt, canned: Canned, box: Sandbox, home: Path, failing: Failing) -> None:
    """Run the command as a process of its own, and look at it from outside while its request is under way."""

    def answer(heard: Heard) -> bytes:
        for folder in Path("/proc").iterdir():
            if folder.name.isdigit():
                with contextlib.suppress(OSError):
                    line = (folder / "cmdline").read_bytes()
                    name = (folder / "comm").read_bytes()
                    hunt.look("arguments", line + name, f"process {line[:100]!r}")
        return failing(heard)

    failing.fault = "an announced end"
    canned.answer = answer
    ways: tuple[tuple[list[str], dict[str, str], bytes], ...] = (
        ([], {"POSTHOG_PERSONAL_API_KEY": hunt.canary.give()}, b""),
        (["--api-key-file", str(home / "key")], {}, b""),
        (["--api-key-stdin"], {}, hunt.canary.give().encode()),
    )
    for options, variables, text in ways:
        with surroundings(HOME=str(home), POSTHOG_HOST=canned.host, POSTHOG_PROJECT_ID="1", **variables):
            done = subprocess.run(
                [*PHENV, *options, "persons", "get", PERSON], input=text, capture_output=True, timeout=60, check=False
            )
        hunt.look("printed", done.stdout + done.stderr, f"process with {options}")
    canned.answer = failing
    with surroundings(HOME=str(home), TERM="xterm-256color", **box.environ):
        hunt.look("printed", _with_progress("persons", "list", "--json", "--page-size", "2"), "progress on a terminal")


def _with_progress(*arguments: str) -> bytes:
    """Run a command whose messages go to a terminal and whose results go elsewhere."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen([*PHENV, *arguments], stdin=theirs, stdout=subprocess.DEVNULL, stderr=theirs)
    os.close(theirs)
    shown = b""
    with contextlib.suppress(OSError):  # the other end is closed
        while chunk := os.read(ours, 65536):
            shown += chunk
    process.wait(60)
    os.close(ours)
    return shown


def _own_sandbox(effort: Effort) -> Iterator[Figure]:
    """Run `phenv sandbox`, which shows its own key once, on standard output, and look at all else that it says."""
    with surroundings():
        process = subprocess.Popen(
            [*PHENV, "sandbox", "--persons", "5"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        lines = [process.stdout.readline().strip().removeprefix("export ") for _ in range(3)]
        given = dict(line.split("=", 1) for line in lines)
        hunt = Hunt(Canary(of=lambda: str(given["POSTHOG_PERSONAL_API_KEY"])))
        url = f"{given['POSTHOG_HOST']}/api/projects/{given['POSTHOG_PROJECT_ID']}/persons/"
        for number in range(effort.count(200, 5)):
            httpx.get(url, params={"personal_api_key": hunt.canary.give(), "limit": number})
        process.terminate()
        process.wait(30)
        assert process.stderr is not None
        # Not by communicate(), which passes over what has been read ahead.
        with process.stdout as out, process.stderr as err:
            said = out.read() + err.read()
    hunt.look("own", said, "phenv sandbox")
    yield hunt.figure("own", "what `phenv sandbox` says beyond the one place where it prints its own")


SHOWN: Final = Campaign("the key shows nowhere", shown)
COMMAND: Final = Campaign("phenv does not show the key", command)
