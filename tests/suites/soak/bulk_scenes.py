"""The runs of suite "bulk": `python -m soak.bulk_scenes HOST DEFECT` reads one run a line, and plays each in a fork.

In the fork every step of a job is counted: before, in the middle of and after each write to the journal, before and
after each fsync, before and after each request. At the step that the run names the process is killed, interrupted, or
the disk fails. What the run came to is one line of JSON on standard output.
"""

from __future__ import annotations

import asyncio
import errno
import json
import os
import resource
import signal
import sys
from typing import Any, Final

import httpx

import posthog_environments.bulk.file
from posthog_environments import AsyncEnvironment, Environment
from posthog_environments.transport.transport import AsyncTransport, Transport
from soak.processes import apply

KEY: Final = "phx_soakKeyThatNobodyMaySee"
# No run takes longer; one that does is killed by its alarm.
MOST_SECONDS: Final = 20


class Steps:
    """Counts the steps of a job, and lets the one that is named fail."""

    def __init__(self, at: int, how: str) -> None:
        self._at = at
        self._how = how
        self.number = 0
        self.unsynced = False
        self.sent_unsynced = 0

    def step(self, number: int | None = None) -> None:
        """Come to the next step."""
        self.number += 1
        if self.number != self._at:
            return
        if self._how == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if self._how == "interrupt":
            raise KeyboardInterrupt
        if self._how == "fail" and number is not None:
            raise OSError(number, os.strerror(number))

    def write(self, handle: int, data: Any) -> int:
        """Write in two halves, as a kernel may."""
        self.step(errno.ENOSPC)
        half = len(data) // 2
        written = os.write(handle, data[:half])
        self.unsynced = True
        self.step(errno.ENOSPC)
        written += os.write(handle, data[half:])
        self.step(None)
        return written

    def fsync(self, handle: int) -> None:
        """Bring it to the disk."""
        self.step(errno.EIO)
        os.fsync(handle)
        self.unsynced = False
        self.step(None)

    def sends(self, request: httpx.Request) -> None:
        """Come to a request."""
        if request.method != "GET":
            self.sent_unsynced += self.unsynced
        self.step()

    def install(self) -> None:
        """Put the steps where the journal is written and requests are sent."""
        proxy: Any = _Os(self)
        posthog_environments.bulk.file.os = proxy  # type: ignore[attr-defined]
        send, asend = Transport.send, AsyncTransport.send

        def counted(transport: Any, request: httpx.Request, *arguments: Any, **named: Any) -> Any:
            self.sends(request)
            response = send(transport, request, *arguments, **named)
            self.step()
            return response

        async def acounted(transport: Any, request: httpx.Request, *arguments: Any, **named: Any) -> Any:
            self.sends(request)
            response = await asend(transport, request, *arguments, **named)
            self.step()
            return response

        Transport.send = counted  # type: ignore[method-assign,assignment]
        AsyncTransport.send = acounted  # type: ignore[method-assign,assignment]


class _Os:
    """The module `os`, but for the two calls that a disk can fail at."""

    def __init__(self, steps: Steps) -> None:
        self.write = steps.write
        self.fsync = steps.fsync

    def __getattr__(self, name: str) -> Any:
        return getattr(os, name)


def _play(host: str, run: dict[str, Any]) -> dict[str, Any]:
    """Make one run, and tell what it came to."""
    steps = Steps(run["at"], run["how"])
    steps.install()
    if run["room"]:
        # A real limit of the kernel: it writes as much as there is room for, and then refuses.
        resource.setrlimit(resource.RLIMIT_FSIZE, (run["room"], run["room"]))
    told: dict[str, Any] = {"ended": "report"}
    try:
        report = asyncio.run(_awaiting(host, run)) if run["client"] == "async" else _blocking(host, run)
        told["outcomes"] = {outcome.key: outcome.state for outcome in report}
        told["counts"] = report.counts()
        told["inputs"] = len(report)
    except KeyboardInterrupt:
        told["ended"] = "KeyboardInterrupt"
    except Exception as error:  # noqa: BLE001 - whatever comes is judged
        told |= {"ended": type(error).__name__, "text": str(error)}
    return {**told, "steps": steps.number, "sent unsynced": steps.sent_unsynced}


def _options(host: str) -> dict[str, Any]:
    return {"api_key": KEY, "host": host, "timeout": 20.0, "pacing": False, "retries": 2}


def _blocking(host: str, run: dict[str, Any]) -> Any:
    with Environment(1, **_options(host)) as env:
        return getattr(env.persons, run["method"])(run["inputs"], journal=run["journal"], **run["arguments"])


async def _awaiting(host: str, run: dict[str, Any]) -> Any:
    async with AsyncEnvironment(1, **_options(host)) as env:
        return await getattr(env.persons, run["method"])(run["inputs"], journal=run["journal"], **run["arguments"])


def _fork(host: str, run: dict[str, Any]) -> dict[str, Any]:
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            os.close(reading)
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            signal.alarm(MOST_SECONDS)
            told = json.dumps(_play(host, run)).encode()
            # The limit is on files, and this is none.
            os.write(writing, told)
            code = 0
        finally:
            os._exit(code)
    os.close(writing)
    with os.fdopen(reading, "rb") as stream:
        told = stream.read()
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    return {"code": code, **(json.loads(told) if told else {"ended": "killed" if code == -9 else "broke"})}


def _main() -> int:
    host, defect = sys.argv[1:]
    apply(defect)
    # Everything is imported once, and not in each fork.
    with Environment(1, **_options(host)) as env:
        env.persons.list().first()
    for line in sys.stdin:
        print(json.dumps(_fork(host, json.loads(line))), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(_main())
