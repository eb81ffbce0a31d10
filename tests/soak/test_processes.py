"""The campaigns about processes, bounded; and the client broken on purpose, so that they miss their figures."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from posthog_environments.calls import messages, state
from posthog_environments.cli import root
from posthog_environments.transport import attempt, network, transport
from soak import processes
from soak.frame import Campaign, Effort, missed

EFFORT = Effort(share=0.01, seed=2)


@pytest.mark.parametrize("campaign", processes.CAMPAIGNS, ids=lambda campaign: campaign.name)
def test_the_campaigns(campaign: Campaign) -> None:
    assert missed(campaign.make(EFFORT)) == []


# Each defect is applied in the process of the scene.


def _spoil(owner: Any, name: str, new: object) -> None:
    setattr(owner, name, new)


def keep_the_pool_after_a_fork() -> None:
    """Speak on the parent's connections."""
    _spoil(sys.modules["__main__"], "MOST_SECONDS", 2)
    _spoil(sys.modules["__main__"], "TIMEOUT", 1.0)
    _spoil(attempt.Inner, "after_fork", lambda _: None)


def keep_the_lock_after_a_fork() -> None:
    """Wait for a lock that nobody will release, though not for long."""
    _spoil(sys.modules["__main__"], "MOST_SECONDS", 1)
    _spoil(state.ClientState, "after_fork", lambda _: None)


def answer_all_the_same() -> None:
    """Give the first answer to all requests."""
    send, first = transport.Transport.send, []

    def send_once(*arguments: Any, **named: Any) -> Any:
        first.append(send(*arguments, **named))
        return first[0]

    _spoil(transport.Transport, "send", send_once)


def answer_all_tasks_the_same() -> None:
    """Give the first answer to all requests, awaiting."""
    send, first = transport.AsyncTransport.send, []

    async def send_once(*arguments: Any, **named: Any) -> Any:
        response = await send(*arguments, **named)
        content = b"".join(response.stream) if isinstance(response.stream, httpx.ByteStream) else b""
        if b'"uuid"' not in content or b"results" in content:
            return response
        first.append(response)
        return first[0]

    _spoil(transport.AsyncTransport, "send", send_once)


def make_pools_without_a_lock() -> None:
    """Let each thread that finds no pool make one."""

    enter = attempt.Inner.enter

    def enter_anyhow(inner: Any) -> Any:
        inner._lock = contextlib.nullcontext()
        return enter(inner)

    _spoil(attempt.Inner, "enter", enter_anyhow)


def work_in_every_loop() -> None:
    """Use connections in whatever loop there is."""
    _spoil(transport.AsyncTransport, "_check_loop", lambda _: None)


def keep_the_transport_after_a_cancellation() -> None:
    """Go on with connections whose request was cancelled before it began, and which are in use for ever."""
    leave = attempt.Inner.leave
    _spoil(attempt.Inner, "leave", lambda inner, use, interrupted=False: leave(inner, use))


def leave_what_was_opened() -> None:
    """Leave a socket to the garbage collector."""
    _spoil(network._Connection, "close", lambda connection: connection.opened.discard(connection))


def swallow_the_interruption() -> None:
    """Take Ctrl-C for a failure of the network."""

    def without_frames(_: BaseException) -> BaseException:
        return messages.TransportFailure("interrupted", sent=True, again=False)

    _spoil(attempt, "_without_frames", without_frames)


def stick_after_an_interruption() -> None:
    """Use a pool no more that has seen Ctrl-C."""

    enter, leave = attempt.Inner.enter, attempt.Inner.leave

    def enter_once(inner: Any) -> Any:
        if inner.__dict__.get("stuck"):
            raise messages.TransportFailure("stuck", sent=False, again=False)
        return enter(inner)

    def get_stuck(inner: Any, use: Any, *, interrupted: bool = False) -> Any:
        inner.stuck = inner.__dict__.get("stuck") or interrupted
        return leave(inner, use, interrupted=interrupted)

    _spoil(attempt.Inner, "enter", enter_once)
    _spoil(attempt.Inner, "leave", get_stuck)


def drop_answers_unclosed() -> None:
    """Forget about the rest of a stream."""

    def chunks(_: Any, __: Any, response: Any, ___: Any) -> Iterator[bytes]:
        stream = iter(response.stream)
        abandoned.append((response, stream))
        for chunk in stream:  # noqa: UP028 - which would close it
            yield chunk

    abandoned: list[Any] = []
    _spoil(transport.Transport, "_chunks", chunks)


def end_with_1() -> None:
    """Call an interruption a failure."""
    _spoil(root, "INTERRUPTED", 1)


def show_the_traceback() -> None:
    """Show where an interruption came."""
    import traceback

    invoke = root.Root.invoke

    def show(group: Any, context: Any) -> Any:
        try:
            return invoke(group, context)
        except KeyboardInterrupt:
            traceback.print_exc()
            raise

    _spoil(root.Root, "invoke", show)


def leave_a_socket() -> None:
    """Open a socket with each request, that nobody closes."""
    import socket

    send = transport.Transport.send

    def send_and_open(*arguments: Any, **named: Any) -> Any:
        socket.socket().detach()
        return send(*arguments, **named)

    _spoil(transport.Transport, "send", send_and_open)


def _played(scene: str, defect: Callable[[], None], **arguments: Any) -> str:
    with processes.Echo() as echo:
        name = f"{__name__}:{defect.__name__}"
        return "\n".join(missed(processes.played("it", scene, echo.host, name, **arguments)))


CANCEL = {"backend": "asyncio", "authority": "", "every": 1, "seed": 0, "only": "get"}


BROKEN: dict[str, tuple[str, dict[str, Any], Callable[[], None], tuple[str, ...]]] = {
    "pool kept after a fork": (
        "fork",
        {"rounds": 2},
        keep_the_pool_after_a_fork,
        ("children that failed",),
    ),
    "one answer for both": ("fork", {"rounds": 1}, answer_all_the_same, ("wrong answers",)),
    "lock kept after a fork": ("fork_with_locks", {}, keep_the_lock_after_a_fork, ("children that failed",)),
    "one answer for all threads": ("fresh_client", {"rounds": 2}, answer_all_the_same, ("wrong answers",)),
    "many pools": ("fresh_client", {"rounds": 2}, make_pools_without_a_lock, ("pools too many", "sockets")),
    "any loop": ("second_loop", {}, work_in_every_loop, ("ends other than ConfigurationError",)),
    "one answer for all tasks": ("cancel", CANCEL, answer_all_tasks_the_same, ("wrong answers",)),
    "stranded connections": ("cancel", CANCEL, keep_the_transport_after_a_cancellation, ("not well",)),
    "one answer in spite of Ctrl-C": ("any_moment", {"times": 5}, answer_all_the_same, ("wrong answers",)),
    "stuck after Ctrl-C": ("any_moment", {"times": 30}, stick_after_an_interruption, ("stuck",)),
    "sockets left": ("any_moment", {"times": 5}, leave_a_socket, ("sockets",)),
    "streams left": ("dropped", {"style": "blocking", "rounds": 1}, drop_answers_unclosed, ("not well",)),
    "one answer for all": ("dropped", {"style": "blocking", "rounds": 1}, answer_all_the_same, ("wrong answers",)),
}


@pytest.fixture(scope="module")
def found() -> dict[str, str]:
    """What is missed by each broken client; they are played side by side."""
    with ThreadPoolExecutor(4) as executor:
        played = {
            name: executor.submit(_played, scene, defect, **arguments)
            for name, (scene, arguments, defect, _) in BROKEN.items()
        }
        return {name: future.result() for name, future in played.items()}


@pytest.mark.parametrize("name", BROKEN)
def test_scenes_of_a_broken_client(name: str, found: dict[str, str]) -> None:
    for figure in BROKEN[name][3]:
        assert figure in found[name]


@pytest.mark.parametrize(
    ("defect", "figure"),
    [(leave_what_was_opened, "in flight left"), (swallow_the_interruption, "other ends than KeyboardInterrupt")],
)
def test_an_interruption_that_is_handled_badly(defect: Callable[[], None], figure: str) -> None:
    phases = [("TLS", "blocking"), ("connect", "blocking")]
    assert figure in "\n".join(missed(processes.in_phases(phases, f"{__name__}:{defect.__name__}")))


@pytest.mark.parametrize(("defect", "figure"), [(end_with_1, "exit codes"), (show_the_traceback, "tracebacks")])
def test_a_command_that_is_interrupted_badly(defect: Callable[[], None], figure: str) -> None:
    commands = [("persons", "get", "ID")]
    assert figure in "\n".join(missed(processes.in_commands(commands, f"{__name__}:{defect.__name__}")))
