"""The scenes of suite "processes", each in a process of its own: `python -m soak.scenes NAME ARGUMENTS DEFECT`.

A scene prints what it has seen as one line of JSON, the sockets that it has left open among it.
"""

from __future__ import annotations

import asyncio
import contextlib
import faulthandler
import functools
import gc
import json
import multiprocessing
import os
import signal
import socket
import ssl
import sys
import threading
import time
import uuid
import warnings
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import aclosing
from itertools import count
from pathlib import Path
from random import Random
from types import FrameType, FunctionType, ModuleType
from typing import Any, Final, TypeVar, cast

import anyio
import httpcore

from posthog_environments import AsyncEnvironment, ConfigurationError, Environment, PostHogError
from posthog_environments.ratelimit.limiter import BUCKETS, RateLimiter
from posthog_environments.transport import attempt
from soak.processes import FAILS, NO_BODY, NO_HEAD, apply

T = TypeVar("T")

MOST_SECONDS = 15
TIMEOUT = 20.0


def sockets() -> int:
    """Count the open sockets of this process."""
    found = 0
    for descriptor in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):
            found += str(descriptor.readlink()).startswith("socket:")
    return found


def ask(env: Environment) -> int:
    """Ask for somebody nobody has asked for, and count wrong answers."""
    wanted = str(uuid.uuid4())
    return env.persons.get(wanted).uuid != wanted


async def ask_awaiting(env: AsyncEnvironment) -> int:
    """Ask for somebody nobody has asked for, and count wrong answers."""
    wanted = str(uuid.uuid4())
    return (await env.persons.get(wanted)).uuid != wanted


def client(**options: Any) -> Environment:
    """Make a client whose pauses are short."""
    env = Environment(timeout=TIMEOUT, **options)
    _hasten(env)
    return env


def _hasten(env: Any) -> None:
    env._context.client.random = lambda: 0.001  # noqa: SLF001 - the dice are there to be passed in
    many = ((10**6, 1.0),)
    env._context.client.quota = RateLimiter(dict.fromkeys(BUCKETS, many))  # noqa: SLF001


def _reachable(root: object, kind: type[T]) -> list[T]:
    """Find all objects of a kind that hang on another."""
    seen: dict[int, object] = {}
    waiting: list[object] = [root]
    while waiting:
        thing = waiting.pop()
        if id(thing) not in seen and not isinstance(thing, ModuleType | type | FunctionType):
            seen[id(thing)] = thing
            waiting += gc.get_referents(thing)
    return [thing for thing in seen.values() if isinstance(thing, kind)]


def _close_connections(env: object) -> None:
    for opened in _reachable(env, socket.socket):
        if opened.family != socket.AF_UNIX:  # those are of the loop itself
            opened.close()


def _have_one_connection() -> None:
    """Let there be one connection for each client: if it is in use for ever, the next call does not get it."""
    attempt.MAX_CONNECTIONS = 1


def _is_well(env: Any) -> bool:
    """Tell whether nothing is in flight and nothing is queued."""
    client = env._context.client  # noqa: SLF001
    flying = sum(client.quota.in_flight(bucket) for bucket in BUCKETS)
    waiting = sum(len(log._waiting) for log in client.quota._logs.values())  # noqa: SLF001
    return flying == waiting == 0 and not client.lock.locked() and not client.quota._lock.locked()  # noqa: SLF001


# -------------------------------------------------------------------------------------------------------------- forks


def _in_child(do: Callable[[], int]) -> int:
    """Fork, do something in the child within some seconds, and return its process id to the parent."""
    pid = os.fork()
    if pid:
        return pid
    code = 99
    with contextlib.suppress(BaseException):
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(MOST_SECONDS)  # a child that waits for a lock for ever is killed
        code = do()
    os._exit(code)


def _code(pid: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def fork(rounds: int) -> dict[str, Any]:
    """Fork with a pooled connection; then both ask at once, on the same client."""
    wrong = failed = 0
    with client() as env:
        for _ in range(rounds):
            ask(env)
            before = sockets()

            def child(before: int = before) -> int:
                kept = sockets() >= before  # those of the parent must be gone
                found = sum(ask(env) for _ in range(5))
                env.close()
                gc.collect()
                return 10 if found else 20 if kept or sockets() >= before or not _is_well(env) else 0

            pid = _in_child(child)
            wrong += sum(ask(env) for _ in range(5))
            code = _code(pid)
            wrong, failed = wrong + (code == 10), failed + (code != 0)
    return {"wrong answers": wrong, "children that failed": failed}


def fork_among_threads(rounds: int) -> dict[str, Any]:
    """Fork while eight threads are busy on the client."""
    failed, wrongs, over = 0, [0] * 8, threading.Event()
    with client() as env:
        # The first call imports modules, and the interpreter itself does not survive a fork in the middle of that.
        ask(env)

        def work(number: int) -> None:
            while not over.is_set():
                wrongs[number] += ask(env)

        workers = [threading.Thread(target=work, args=(number,)) for number in range(8)]
        for worker in workers:
            worker.start()
        for number in range(rounds):
            time.sleep(0.001 * (number % 7))
            code = _code(_in_child(lambda: 10 if sum(ask(env) for _ in range(3)) else 0 if _is_well(env) else 20))
            wrongs[0] += code == 10
            failed += code != 0
        over.set()
        for worker in workers:
            worker.join()
        failed += not _is_well(env)
    return {"wrong answers": sum(wrongs), "children that failed": failed}


def fork_with_locks() -> dict[str, Any]:
    """Fork while another thread holds one of the locks of the client."""
    failed = 0
    with client() as env:
        ask(env)
        locks = _reachable(env, type(threading.Lock()))
        # That of the session, that of the transport, and httpcore's.
        assert len(locks) >= 3
        for lock in locks:
            held, done = threading.Event(), threading.Event()

            def hold(lock: Any = lock, held: threading.Event = held, done: threading.Event = done) -> None:
                with lock:
                    held.set()
                    done.wait(60)

            holder = threading.Thread(target=hold)
            holder.start()
            held.wait(20)
            failed += _code(_in_child(lambda: ask(env))) != 0
            done.set()
            holder.join()
    return {"children that failed": failed}


def started() -> dict[str, Any]:
    """Start processes in the other two ways; each makes a client of its own."""
    wrong = failed = 0
    with client() as env:
        ask(env)
        for way in ("spawn", "forkserver"):
            context: Any = multiprocessing.get_context(way)
            results = context.SimpleQueue()
            process = context.Process(target=_worker, args=(results,))
            process.start()
            wrong += ask(env)
            process.join(60)
            failed += process.exitcode != 0
            wrong += results.get() if process.exitcode == 0 else 0
            results.close()
            process.close()
    from multiprocessing import forkserver

    cast("Any", forkserver)._forkserver._stop()  # noqa: SLF001 - so that its sockets are not counted
    return {"wrong answers": wrong, "children that failed": failed}


def _worker(results: Any) -> None:
    with client() as env:
        results.put(sum(ask(env) for _ in range(3)))


# -------------------------------------------------------------------------------------------------- threads and loops


def fresh_client(rounds: int) -> dict[str, Any]:
    """Let 32 threads use a fresh client all at once."""
    made = wrong = 0
    real = httpcore.ConnectionPool

    def counted(*arguments: Any, **named: Any) -> Any:
        nonlocal made
        made += 1
        time.sleep(0.002)  # so that others come while this one is being made
        return real(*arguments, **named)

    cast("Any", httpcore).ConnectionPool = counted
    for _ in range(rounds):
        together, wrongs = threading.Barrier(32), [1] * 32
        with client() as env:

            def work(number: int, together: Any = together, wrongs: list[int] = wrongs, env: Any = env) -> None:
                together.wait(20)
                wrongs[number] = sum(ask(env) for _ in range(3))

            workers = [threading.Thread(target=work, args=(number,)) for number in range(32)]
            for worker in workers:
                worker.start()
            for worker in workers:
                worker.join()
            wrong += sum(wrongs) + (not _is_well(env))
    return {"wrong answers": wrong, "pools too many": made - rounds}


def second_loop() -> dict[str, Any]:
    """Use a client in another loop: beside the first, after its end, and to close it."""
    strays: list[str] = []

    def expect(name: str, run: Callable[[], Any]) -> None:
        try:
            run()
        except ConfigurationError:
            return
        except BaseException as error:  # noqa: BLE001 - whatever it is
            strays.append(f"{name}: {error!r}")
        else:
            strays.append(f"{name}: went well")

    async def use(env: AsyncEnvironment) -> None:
        await ask_awaiting(env)

    async def beside() -> None:
        async with AsyncEnvironment(timeout=20) as env:
            await ask_awaiting(env)
            await asyncio.to_thread(expect, "beside", lambda: asyncio.run(use(env.with_options(timeout=3))))
            await asyncio.to_thread(expect, "closed beside", lambda: asyncio.run(env.aclose()))
            strays.extend(["a wrong answer"] * await ask_awaiting(env))

    asyncio.run(beside())

    async def leave_open() -> AsyncEnvironment:
        env = AsyncEnvironment(timeout=20)
        await ask_awaiting(env)
        # The connection is closed by hand, for this is not about who forgets to.
        _close_connections(env)
        return env

    env = asyncio.run(leave_open()).with_options(timeout=3)
    expect("after", lambda: asyncio.run(use(env)))
    expect("after, on trio", lambda: anyio.run(use, env, backend="trio"))
    expect("closed after", lambda: asyncio.run(env.aclose()))
    # One that was never used belongs to no loop.
    unused = AsyncEnvironment()
    asyncio.run(unused.aclose())
    if strays:
        print("; ".join(strays), file=sys.stderr)
    return {"ends other than ConfigurationError": len(strays)}


# ------------------------------------------------------------------------------------------------------- cancellation


class _Stepped:
    """An awaitable that cancels at the n-th time that what it awaits hands over to the loop."""

    def __init__(self, inner: Awaitable[Any], at: int, cancel: Callable[[], object]) -> None:
        self._inner, self._at, self._cancel = inner, at, cancel
        self.reached = False

    def __await__(self) -> Generator[Any, Any, Any]:
        steps = self._inner.__await__()
        result: Any = None
        error: BaseException | None = None
        for number in count():
            try:
                trap = steps.throw(error) if error is not None else steps.send(result)
            except StopIteration as stop:
                return stop.value
            if number == self._at:
                self.reached = True
                self._cancel()
            result = error = None
            try:
                result = yield trap
            except BaseException as thrown:  # noqa: BLE001 - it is thrown into what is awaited
                error = thrown
        return None


Calls = dict[str, Callable[[AsyncEnvironment], Awaitable[Any]]]


def _calls() -> Calls:
    async def walk(env: AsyncEnvironment) -> None:
        async with aclosing(cast("AsyncGenerator[Any, None]", aiter(env.persons.list(page_size=20)))) as rows:
            for _ in range(30):
                await anext(rows)

    async def text(env: AsyncEnvironment) -> None:
        async with aclosing(env.persons.csv()) as chunks:
            for _ in range(4):
                await anext(chunks)

    async def fails(env: AsyncEnvironment) -> None:
        with contextlib.suppress(Exception):
            await env.with_options(retries=2).persons.get(FAILS)

    async def paced(env: AsyncEnvironment) -> None:
        few = ((1, 0.03),)
        client = env._context.client  # noqa: SLF001
        client.quota = RateLimiter(dict.fromkeys(BUCKETS, few))
        try:
            await ask_awaiting(env)
            await ask_awaiting(env)
        finally:
            assert client.quota.in_flight("persons") == 0

    return {
        "get": ask_awaiting,
        "update": lambda env: env.persons.update(1, {"plan": "pro"}),
        "delete": lambda env: env.persons.delete(1),
        "walk": walk,
        "csv": text,
        "fails": fails,
        "paced": paced,
    }


def cancel(backend: str, authority: str, every: int, seed: int, only: str = "") -> dict[str, Any]:
    """Cancel each call at each await, or at every n-th, until it comes through."""
    told = {"places": 0, "wrong answers": 0, "clients that are not well afterwards": 0}
    _have_one_connection()
    verify = ssl.create_default_context(cafile=authority) if authority else None

    async def main() -> None:
        calls = _calls()
        for name, call in calls.items() if not only else [(only, calls[only])]:
            for warm in (False, True):
                for at in count(seed % every, every):
                    env = AsyncEnvironment(timeout=20, verify=verify)
                    if not await _cancel_once(backend, env, (name, call, at), told, warm=warm):
                        break

    anyio.run(main, backend="trio" if backend == "trio" else "asyncio")
    return told


async def _cancel_once(
    backend: str, env: AsyncEnvironment, what: tuple[str, Any, int], told: dict[str, int], *, warm: bool
) -> bool:
    name, call, at = what
    before = sockets()
    troubles = []
    async with env:
        _hasten(env)
        if warm:
            told["wrong answers"] += await ask_awaiting(env)
        reached = await _cancelled(backend, call(env), at)
        _hasten(env)
        told["places"] += reached
        await _let_the_loop_clear_away()
        if not _is_well(env):
            troubles.append("not well")
        with anyio.move_on_after(MOST_SECONDS) as scope:
            told["wrong answers"] += sum([await ask_awaiting(env) for _ in range(2)])
        if scope.cancelled_caught:
            troubles.append("stuck")
    await _let_the_loop_clear_away()
    gc.collect()
    if sockets() > before:
        troubles.append(f"{sockets() - before} sockets left")
    if troubles:
        told["clients that are not well afterwards"] += 1
        print(f"{name}, await {at}, warm {warm}: {', '.join(troubles)}", file=sys.stderr)
    return reached


async def _let_the_loop_clear_away() -> None:
    for _ in range(3):
        await anyio.lowlevel.checkpoint()


async def _cancelled(backend: str, call: Awaitable[Any], at: int) -> bool:
    """Run a call, cancel it at its n-th await, and tell whether there was one."""
    if backend == "asyncio":
        stepped = _Stepped(call, at, lambda: task.cancel())  # noqa: PLW0108 - there is no task yet

        async def run() -> None:
            await stepped

        task = asyncio.create_task(run())
        with contextlib.suppress(asyncio.CancelledError):
            await task
        return stepped.reached
    with anyio.CancelScope() as scope:
        stepped = _Stepped(call, at, scope.cancel)
        await stepped
    return stepped.reached


# ------------------------------------------------------------------------------------------------------------- Ctrl-C


def interrupted(phase: str, style: str) -> dict[str, Any]:
    """Be interrupted in one phase of a call, and tell in what it ends."""
    kept: list[Any] = []
    ended = "well"
    try:
        if style == "blocking":
            _be_interrupted(phase, kept)
        else:
            anyio.run(_be_interrupted_awaiting, phase, kept, backend=style)
    except KeyboardInterrupt:
        ended = "KeyboardInterrupt"
    except BaseException as error:  # noqa: BLE001 - whatever it is
        ended = repr(error)
    return {"ended": ended, "in flight": kept[0].quota.in_flight("persons") if kept else 0}


def _prepare(env: Any, phase: str, kept: list[Any]) -> str:
    """Make ready for a phase; give whom to ask for."""
    client = env._context.client  # noqa: SLF001
    kept.append(client)
    if phase == "pacing":
        few = ((1, 30.0),)
        client.quota = RateLimiter(dict.fromkeys(BUCKETS, few))
        client.quota.acquire("persons", "first", 1.0, 0.0)
        client.quota.settle("persons", "first")
    if phase == "backoff":
        client.random = lambda: 20.0
    print("ready")
    return {"head": NO_HEAD, "body": NO_BODY, "backoff": FAILS}.get(phase, str(uuid.uuid4()))


def _be_interrupted(phase: str, kept: list[Any]) -> None:
    with Environment(timeout=40) as env:
        number = _prepare(env, phase, kept)
        if phase == "csv":
            for _ in env.persons.csv(search="half"):
                pass
        else:
            env.persons.get(number)


async def _be_interrupted_awaiting(phase: str, kept: list[Any]) -> None:
    async with AsyncEnvironment(timeout=40) as env:
        number = _prepare(env, phase, kept)
        if phase == "csv":
            async with aclosing(env.persons.csv(search="half")) as chunks:
                async for _ in chunks:
                    pass
        else:
            await env.persons.get(number)


def any_moment(times: int) -> dict[str, Any]:
    """Be interrupted again and again, wherever the client is, and go on with it.

    Between two lines of the standard library nobody can close a socket but the interpreter, which complains as it does
    so; here only what stays open counts.
    """
    warnings.simplefilter("ignore", ResourceWarning)
    random, wrong, stuck = Random(7), 0, 0
    waiting = {"for": True}

    def ring(_: int, __: FrameType | None) -> None:
        if waiting["for"]:
            raise KeyboardInterrupt

    signal.signal(signal.SIGALRM, ring)
    env = client()
    ask(env)  # the first call imports modules, and a module that is half imported stays so
    for _ in range(times):
        waiting["for"] = True
        try:
            # Again, if it came where the interpreter ignores it: in a callback.
            signal.setitimer(signal.ITIMER_REAL, random.uniform(0.00005, 0.006), 0.5)
            while True:
                wrong += ask(env)
        except KeyboardInterrupt:
            waiting["for"] = False
        try:
            wrong += ask(env.with_options(timeout=5))
        except Exception as error:  # noqa: BLE001 - whatever it is
            stuck += 1
            print(f"afterwards: {error!r}", file=sys.stderr)
    signal.setitimer(signal.ITIMER_REAL, 0)
    env.close()
    return {"wrong answers": wrong, "clients that are stuck": stuck}


def phenv(words: list[str]) -> int:
    """Be the command."""
    from posthog_environments.cli import main

    return main(words)


# ---------------------------------------------------------------------------------------------------- dropped half-way


def dropped(style: str, rounds: int) -> dict[str, Any]:
    """Drop generators half-way, and look at the client after each."""
    told = {"wrong answers": 0, "clients that are not well afterwards": 0}
    _have_one_connection()
    for _ in range(rounds):
        if style == "blocking":
            _drop(told)
        else:
            anyio.run(_drop_awaiting, told, style, backend=style)
    return told


def _look(env: Any, told: dict[str, int]) -> None:
    if not _is_well(env):
        told["clients that are not well afterwards"] += 1
        print("not well", file=sys.stderr)


async def _until_well(env: AsyncEnvironment) -> None:
    """Wait, for the loop closes what was dropped when it gets to it."""
    for _ in range(200):
        if _is_well(env):
            return
        await anyio.sleep(0.01)


def _is_wrong(number: int, person: Any) -> bool:
    return bool(person.uuid != f"00000000-0000-4000-8000-{number:012x}")


def _drop(told: dict[str, int]) -> None:
    def rows() -> None:
        for number, person in enumerate(env.persons.list(page_size=20)):
            told["wrong answers"] += _is_wrong(number, person)
            if number == 25:
                break

    with client() as env:
        for drop in (
            rows,
            lambda: next(env.persons.list(page_size=20).pages()),
            lambda: env.persons.list(page_size=20).first(),
            lambda: env.persons.list(page_size=20).take(25),
            lambda: next(iter(env.persons.csv())),
            lambda: next(iter(env.persons.csv(search="half"))),
        ):
            drop()
            gc.collect()
            _look(env, told)
            try:
                told["wrong answers"] += ask(env.with_options(timeout=5))
            except PostHogError as error:
                told["clients that are not well afterwards"] += 1
                print(f"afterwards: {error!r}", file=sys.stderr)


async def _drop_awaiting(told: dict[str, int], style: str) -> None:
    async def rows() -> None:
        number = 0
        async for person in env.persons.list(page_size=20):
            told["wrong answers"] += _is_wrong(number, person)
            number += 1
            if number == 25:
                break

    async def closed_rows() -> None:
        async with aclosing(cast("AsyncGenerator[Any, None]", aiter(env.persons.list(page_size=20)))) as some:
            told["wrong answers"] += _is_wrong(0, await anext(some))

    async def text(search: str | None) -> None:
        # In trio a generator that has to await at its end must be closed by who uses it; trio says so.
        if style == "trio":
            async with aclosing(env.persons.csv(search=search)) as chunks:
                await anext(chunks)
            return
        async for _ in env.persons.csv(search=search):
            break

    async with AsyncEnvironment(timeout=20) as env:
        _hasten(env)
        drops: list[Callable[[], Awaitable[Any]]] = [
            rows,
            closed_rows,
            lambda: anext(env.persons.list(page_size=20).pages()),
            lambda: env.persons.list(page_size=20).first(),
            lambda: env.persons.list(page_size=20).take(25),
            lambda: text(None),
            lambda: text("half"),
        ]
        for drop in drops:
            await drop()
            gc.collect()
            await _until_well(env)
            _look(env, told)
            told["wrong answers"] += await ask_awaiting(env)


SCENES: Final[dict[str, Callable[..., Any]]] = {
    scene.__name__: scene
    for scene in (
        fork,
        fork_among_threads,
        fork_with_locks,
        started,
        fresh_client,
        second_loop,
        cancel,
        interrupted,
        any_moment,
        dropped,
    )
}


def _main() -> int:
    name, arguments, defect = sys.argv[1:]
    # Shortly before the one who waits for this process kills it.
    faulthandler.dump_traceback_later(55)
    # What is there now is no business of the collections to come, which are many.
    gc.collect()
    gc.freeze()
    apply(defect)
    if name == "phenv":
        return phenv(**json.loads(arguments))
    before = sockets()
    told = functools.partial(SCENES[name], **json.loads(arguments))()
    gc.collect()
    print(json.dumps({**told, "sockets left": sockets() - before}))
    return 0


if __name__ == "__main__":
    sys.exit(_main())
