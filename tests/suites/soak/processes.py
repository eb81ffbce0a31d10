"""Suite "processes": forks, threads, event loops, cancellation, Ctrl-C and generators that are dropped half-way.

Each scene is played by a process of its own, in which a `ResourceWarning` is an error, before a server here that
answers with the very id that it was asked for: so an answer that belongs to another request is seen.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import trustme

from soak.canned import Canned, Heard, http
from soak.frame import Campaign, Effort, Figure
from soak.surroundings import with_tests

__all__ = [
    "CAMPAIGNS",
    "FAILS",
    "KEY",
    "NO_BODY",
    "NO_HEAD",
    "apply",
    "cancelled",
    "command",
    "dropped",
    "forks",
    "in_commands",
    "in_phases",
    "interrupted",
    "loops",
    "played",
    "threads",
]

SUITES: Final = Path(__file__).parents[1]
KEY: Final = "phx_soak_processes_0123456789"
AT_ONCE: Final = 4
ROWS: Final = 20
# Persons for whom there is no answer, half of one, or none but 503.
NO_HEAD: Final = "00000000-0000-4000-8000-0000dead0001"
NO_BODY: Final = "00000000-0000-4000-8000-0000dead0002"
FAILS: Final = "00000000-0000-4000-8000-0000dead0003"


# -------------------------------------------------------------------------------------------------------- the server


def _person(uuid: str) -> dict[str, Any]:
    return {"id": 1, "uuid": uuid, "distinct_ids": ["a"], "properties": {"of": uuid}}


class Echo(Canned):
    """Answers each request for a person with the id that it names.

    Some persons and searches get none, or half of one; then `begun` is set.
    """

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        super().__init__(self._answer)
        self._context = context
        self.begun = threading.Event()
        if context is not None:
            self.host = self.host.replace("http:", "https:")

    def _serve(self, connection: socket.socket) -> None:
        if self._context is None:
            super()._serve(connection)
            return
        with connection:
            try:
                secured = self._context.wrap_socket(connection, server_side=True)
            except OSError:
                return
            super()._serve(secured)

    def _answer(self, heard: Heard) -> bytes:
        parts = heard.path.decode().strip("/").split("/")
        last, query = parts[-1], heard.query.decode()
        if last == "persons":
            if "text%2Fcsv" in query or "format=csv" in query:
                return self._csv(query)
            return self._page(query)
        if last in (NO_HEAD, NO_BODY):
            self.begun.set()
            # The client waits for an answer, or for the rest of one.
            return b"" if last == NO_HEAD else http(200, json.dumps(_person(last)).encode())[:-9]
        if last == FAILS:
            self.begun.set()
            return http(503, b"{}")
        return http(204, b"") if heard.method == "DELETE" else http(200, json.dumps(_person(last)).encode())

    def _page(self, query: str) -> bytes:
        offset = int(dict(part.split("=") for part in query.split("&") if part.count("=") == 1).get("offset", 0))
        rows = [_person(f"00000000-0000-4000-8000-{offset + n:012x}") for n in range(ROWS)]
        return http(200, json.dumps({"results": rows, "next": f"http://x/?offset={offset + ROWS}"}).encode())

    def _csv(self, query: str) -> bytes:
        lines = b"".join(b"%d,%s\r\n" % (n, b"x" * 90) for n in range(20_000))
        whole = http(200, b"id,name\r\n" + lines, kind="text/csv")
        if "search=half" in query:
            self.begun.set()
            return whole[:1_000_000]
        return whole


@contextlib.contextmanager
def _tls(folder: Path) -> Iterator[tuple[ssl.SSLContext, str]]:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1", "localhost").configure_cert(context)
    pem = folder / "authority.pem"
    authority.cert_pem.write_to_path(pem)
    yield context, str(pem)


# --------------------------------------------------------------------------------------------- processes with a scene


@dataclass(slots=True)
class Ended:
    """How a process ended: what it told, its exit code, and what it wrote besides."""

    told: dict[str, Any]
    code: int
    error: str
    out: str = ""

    def leaks(self) -> int:
        """Count the complaints of the interpreter: what was not closed, not awaited, or failed in passing."""
        signs = ("ResourceWarning", "Exception ignored", "never awaited", "was destroyed", "never retrieved")
        return sum(self.error.count(sign) for sign in signs)


@dataclass(slots=True)
class _Scene:
    """A process under way."""

    process: subprocess.Popen[str]
    seconds: float = 60.0
    _lines: list[str] = field(default_factory=list)

    def until(self, word: str) -> None:
        """Wait for a line of its output."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.append(line)
            if word in line:
                return

    def until_it_has(self, sockets: int) -> None:
        """Wait, some seconds at most, until it has so many sockets."""
        for _ in range(400):
            found = 0
            for descriptor in Path(f"/proc/{self.process.pid}/fd").glob("*"):
                with contextlib.suppress(OSError):
                    found += str(descriptor.readlink()).startswith("socket:")
            if found >= sockets:
                return
            time.sleep(0.05)

    def end(self) -> Ended:
        """Wait for its end."""
        try:
            out, error = self.process.communicate(timeout=self.seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            out, error = self.process.communicate()
            error += "\nResourceWarning: it hung"
        out = "".join(self._lines) + out
        told: dict[str, Any] = {}
        for line in out.splitlines():
            if line.startswith("{"):
                with contextlib.suppress(ValueError):
                    told = json.loads(line)
        return Ended(told, self.process.returncode, error, out)


def _begin(arguments: Sequence[str], **environ: str) -> _Scene:
    settings = {"POSTHOG_PERSONAL_API_KEY": KEY, "POSTHOG_PROJECT_ID": "1", "PYTHONUNBUFFERED": "1", **environ}
    process = subprocess.Popen(
        [sys.executable, "-X", "dev", "-W", "error::ResourceWarning", "-W", "ignore::DeprecationWarning", *arguments],
        cwd=SUITES,
        env={**with_tests(), **settings},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # Ctrl-C is for the process alone, whatever it was started from.
        start_new_session=True,
    )
    return _Scene(process)


def _begin_scene(name: str, host: str, defect: str, **arguments: Any) -> _Scene:
    # Interrupted in a lock of its own, coverage waits for ever: there is nothing to learn of the client then.
    unmeasured = {"COVERAGE_PROCESS_CONFIG": ""} if name == "any_moment" else {}
    return _begin(["-m", "soak.scenes", name, json.dumps(arguments), defect], POSTHOG_HOST=host, **unmeasured)


WRONG: Final = "wrong answers"
FAILED: Final = "children that failed"
UNWELL: Final = "clients that are not well afterwards"
# What each scene tells that must be 0.
TOLD: Final = {
    "fork": (WRONG, FAILED),
    "fork_among_threads": (WRONG, FAILED),
    "fork_with_locks": (FAILED,),
    "started": (WRONG, FAILED),
    "fresh_client": (WRONG, "pools too many"),
    "second_loop": ("ends other than ConfigurationError",),
    "cancel": (WRONG, UNWELL),
    "any_moment": (WRONG, "clients that are stuck"),
    "dropped": (WRONG, UNWELL),
}


def played(what: str, name: str, host: str, defect: str = "", **arguments: Any) -> list[Figure]:
    """Play a scene in a process; give a figure for each number that it tells, and one for what it leaves behind."""
    ended = _begin_scene(name, host, defect, **arguments).end()
    told = [(key, ended.told.get(key)) for key in TOLD[name]]
    figures = [Figure(f"{what}: {key}", "0", str(found), found == 0, ended.error[-1500:]) for key, found in told]
    leaks = ended.leaks() + (ended.code != 0) + ended.told.get("sockets left", 0)
    left = Figure(f"{what}: sockets and tasks left, complaints", "0", str(leaks), leaks == 0, ended.error[-1500:])
    if name == "cancel":
        places = ended.told.get("places", 0)
        figures.append(Figure(f"{what}: awaits met", "at least 20", str(places), places >= 20))
    return [*figures, left]


# --------------------------------------------------------------------------------------- forks, threads, event loops


def forks(effort: Effort) -> Iterator[Figure]:
    """Fork with a pooled connection, among busy threads, and while locks are held; and start processes otherwise."""
    rounds = effort.count(200, 4)
    with Echo() as echo:
        yield from played(f"{rounds} forks, then both at once", "fork", echo.host, rounds=rounds)
        yield from played(f"{rounds} forks among 8 busy threads", "fork_among_threads", echo.host, rounds=rounds)
        yield from played("forks while each lock is held", "fork_with_locks", echo.host)
        yield from played("processes by spawn and forkserver", "started", echo.host)


def threads(effort: Effort) -> Iterator[Figure]:
    """Let 32 threads meet a fresh client, all at once."""
    rounds = effort.count(60, 3)
    with Echo() as echo:
        yield from played(f"32 threads on a fresh client, {rounds} times", "fresh_client", echo.host, rounds=rounds)


def loops(_: Effort) -> Iterator[Figure]:
    """Use a client in a second event loop, beside the first and after it, and close it there."""
    with Echo() as echo:
        yield from played("a second event loop", "second_loop", echo.host)


# ------------------------------------------------------------------------------------------------------ cancellation


def cancelled(effort: Effort) -> Iterator[Figure]:
    """Cancel each awaiting call at each place where it awaits, in asyncio and trio, plain and over TLS."""
    ways = [(backend, secure) for backend in ("asyncio", "asyncio scope", "trio") for secure in (False, True)]
    every = 1
    if effort.share < 0.5:
        ways, every = [("asyncio", True), ("trio", False)], 5
    with (
        TemporaryDirectory() as folder,
        _tls(Path(folder)) as (context, pem),
        Echo() as plain,
        Echo(context) as secured,
    ):

        def play(way: tuple[str, bool]) -> list[Figure]:
            backend, secure = way
            host = (secured if secure else plain).host.replace("127.0.0.1", "localhost")
            what = f"cancelled at each await, {backend}{', TLS' if secure else ''}"
            return played(
                what, "cancel", host, backend=backend, authority=pem if secure else "", every=every, seed=effort.seed
            )

        with ThreadPoolExecutor(AT_ONCE) as executor:
            for figures in executor.map(play, ways):
                yield from figures


# ------------------------------------------------------------------------------------------------------------ Ctrl-C

PHASES: Final = ("connect", "TLS", "head", "body", "backoff", "pacing", "csv")
STYLES: Final = ("blocking", "asyncio", "trio")


def interrupted(effort: Effort) -> Iterator[Figure]:
    """Press Ctrl-C in each phase of a call, and at any moment of many calls."""
    phases = [(phase, style) for style in STYLES for phase in PHASES]
    if effort.share < 0.5:
        phases = [(phase, "blocking") for phase in PHASES[:5]] + [("TLS", "asyncio"), ("body", "trio")]
    yield from in_phases(phases)
    with Echo() as echo:
        times = effort.count(1500, 60)
        yield from played(f"Ctrl-C at {times} moments", "any_moment", echo.host, times=times)


def in_phases(phases: Sequence[tuple[str, str]], defect: str = "") -> Iterator[Figure]:
    """Press Ctrl-C in some phases."""
    with ThreadPoolExecutor(AT_ONCE) as executor:
        ends = list(executor.map(lambda each: _interrupt(each[0], each[1], defect), phases))
    well = [ended.told.get("ended") == "KeyboardInterrupt" and ended.code == 0 for ended in ends]
    strays = [f"{phase}: {e.told} {e.error[-700:]}" for phase, e, w in zip(phases, ends, well, strict=True) if not w]
    what = f"Ctrl-C in {len(ends)} phases"
    yield Figure(f"{what}: other ends than KeyboardInterrupt", "0", str(len(strays)), not strays, "\n".join(strays))
    left = sum(e.leaks() + e.told.get("sockets left", 1) + abs(e.told.get("in flight", 1)) for e in ends)
    more = "\n".join(f"{phase}: {e.told} {e.error[-700:]}" for phase, e in zip(phases, ends, strict=True) if e.leaks())
    yield Figure(f"{what}: sockets, tasks and requests in flight left", "0", str(left), left == 0, more)


def _interrupt(phase: str, style: str, defect: str) -> Ended:
    with contextlib.ExitStack() as stack:
        if phase in ("connect", "TLS"):
            silent = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0 if phase == "connect" else 5))
            host = f"{'https' if phase == 'TLS' else 'http'}://127.0.0.1:{silent.getsockname()[1]}"
            if phase == "connect":
                for _ in range(3):
                    filler = stack.enter_context(socket.socket())
                    filler.setblocking(False)
                    filler.connect_ex(silent.getsockname())
            begun = None
        else:
            echo = stack.enter_context(Echo())
            host, begun = echo.host, echo.begun
        scene = _begin_scene("interrupted", host, defect, phase=phase, style=style)
        scene.until("ready")
        if begun is None:
            # A loop has a pair of sockets of its own.
            scene.until_it_has(1 if style == "blocking" else 3)
        elif phase != "pacing":
            begun.wait(20)
        time.sleep(0.3)  # it is on its way into the phase
        scene.process.send_signal(signal.SIGINT)
        return scene.end()


COMMANDS: Final = (
    ("persons", "list", "--search", "stall"),
    ("persons", "list", "--search", "stall", "--json"),
    ("persons", "csv", "--search", "half"),
    ("persons", "csv", "--search", "stall"),
    ("persons", "get", "ID"),
    ("persons", "update", "ID", "--set", "plan=pro"),
    ("persons", "delete", "ID", "--yes"),
    ("persons", "delete-property", "ID", "plan", "--yes"),
    ("persons", "activity", "ID"),
    ("persons", "timeline", "ID", "--event", "$pageview"),
    ("insights", "trend", "--event", "$pageview"),
    ("insights", "get-trend", "--event", "$pageview"),
    ("insights", "csv", "--event", "$pageview"),
    ("insights", "timing"),
    ("doctor",),
    ("sandbox", "--persons", "10"),
)


def command(effort: Effort) -> Iterator[Figure]:
    """Press Ctrl-C in every command of `phenv` that can take long."""
    few = [COMMANDS[1], COMMANDS[2], COMMANDS[10], COMMANDS[15]]
    yield from in_commands(few if effort.share < 0.5 else COMMANDS)


def in_commands(chosen: Sequence[Sequence[str]], defect: str = "") -> Iterator[Figure]:
    """Press Ctrl-C in some commands."""
    with ThreadPoolExecutor(AT_ONCE) as executor:
        ends = list(executor.map(lambda words: _interrupt_command(words, defect), chosen))
    strays = [
        f"{' '.join(words)}: {ended.code} {ended.error[-700:]}"
        for words, ended in zip(chosen, ends, strict=True)
        if ended.code != 130
    ]
    what = f"Ctrl-C in {len(ends)} commands"
    yield Figure(f"{what}: exit codes other than 130", "0", str(len(strays)), not strays, "\n".join(strays))
    noisy = [
        f"{' '.join(words)}: {ended.error[-700:]}"
        for words, ended in zip(chosen, ends, strict=True)
        if "Traceback" in ended.error or ended.leaks()
    ]
    yield Figure(f"{what}: tracebacks and leaks", "0", str(len(noisy)), not noisy, "\n".join(noisy))


class _Stalls(Canned):
    """Hears requests, and answers none, but for half of a CSV."""

    def __init__(self) -> None:
        super().__init__(self._answer)
        self.begun = threading.Event()
        self._over = threading.Event()

    def _answer(self, heard: Heard) -> bytes:
        self.begun.set()
        if b"search=half" in heard.query:
            return http(200, b"id,name\r\n" * 200_000, kind="text/csv")[:1_000_000]
        return b""


def _interrupt_command(words: Sequence[str], defect: str) -> Ended:
    with _Stalls() as stalls:
        words = [NO_HEAD if word == "ID" else word for word in words]
        scene = _begin(["-m", "soak.scenes", "phenv", json.dumps({"words": words}), defect], POSTHOG_HOST=stalls.host)
        if words[0] == "sandbox":
            scene.until("POSTHOG_PERSONAL_API_KEY")
        else:
            stalls.begun.wait(30)
        time.sleep(0.3)
        scene.process.send_signal(signal.SIGINT)
        return scene.end()


# -------------------------------------------------------------------------------------------------- dropped half-way


def dropped(effort: Effort) -> Iterator[Figure]:
    """Drop generators half-way: listings, pages and CSV, blocking and awaiting, closed properly and not."""
    rounds = effort.count(100, 2)
    with Echo() as echo:

        def play(style: str) -> list[Figure]:
            what = f"generators dropped half-way, {style}, {rounds} times"
            return played(what, "dropped", echo.host, style=style, rounds=rounds)

        with ThreadPoolExecutor(AT_ONCE) as executor:
            for figures in executor.map(play, STYLES):
                yield from figures


CAMPAIGNS = (
    Campaign("forks", forks),
    Campaign("threads on a fresh client", threads),
    Campaign("event loops", loops),
    Campaign("cancellation", cancelled),
    Campaign("Ctrl-C in the library", interrupted),
    Campaign("Ctrl-C in the command", command),
    Campaign("generators dropped half-way", dropped),
)


def apply(defect: str) -> None:
    """Spoil the client in this process: `defect` is the name of a function, as module:function."""
    if defect:
        module, _, function = defect.partition(":")
        getattr(importlib.import_module(module), function)()
