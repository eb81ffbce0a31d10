"""The campaign of faults, bounded; and the client broken on purpose, so that it misses each of its figures."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

import posthog_environments
from posthog_environments import PostHogError
from posthog_environments.calls import attempts, decode, messages
from posthog_environments.operations import any_request, persons
from posthog_environments.transport import attempt, framing, network, transport
from soak import faults
from soak.fault_table import FAULTS, Fault
from soak.frame import Effort, missed

EFFORT = Effort(share=0.02, seed=7)
ALL = Effort(share=0.99, seed=7)

Only = Callable[..., str]


def test_the_campaign() -> None:
    assert missed(faults.every_fault(EFFORT)) == []


def test_every_fault_is_in_a_sample_and_has_a_name_of_its_own() -> None:
    names = [fault.name for fault in FAULTS]
    assert len(names) == len(set(names)) >= 80
    assert {each.fault.name for each in faults._combinations(Effort(0.0, 3))} == set(names)


def test_a_seed_makes_the_same_campaign() -> None:
    assert faults._combinations(Effort(0.01, 5)) == faults._combinations(Effort(0.01, 5))
    assert faults._combinations(Effort(0.01, 5)) != faults._combinations(Effort(0.01, 6))


@pytest.fixture
def only(monkeypatch: pytest.MonkeyPatch) -> Only:
    """Make the campaign with some faults alone, and give the names of the figures that it misses."""

    def make(*names: str, clients: tuple[str, ...] = faults.CLIENTS) -> str:
        chosen = [fault for fault in FAULTS if fault.name in names]
        assert len(chosen) == len(names)
        monkeypatch.setattr(faults, "FAULTS", chosen)
        monkeypatch.setattr(faults, "CLIENTS", clients)
        return "\n".join(missed(faults.every_fault(ALL)))

    return make


def test_few_faults(only: Only) -> None:
    assert only("status 500", "body cut", "another answer behind the last answer").splitlines() == [
        "faults: 3, not >= 80"
    ]


def test_a_client_that_trusts_that_there_is_a_record(only: Only, monkeypatch: pytest.MonkeyPatch) -> None:
    def naive(call: Any, answer: Any, kind: Any, start: int = 0) -> Any:
        found = decode.decode_record(call, answer, kind, start) if answer.status_code == 200 else None
        assert found is not None
        return found

    monkeypatch.setattr(persons, "decode_record", naive)
    found = only("status 203")
    assert "foreign exceptions: 4, not 0" in found
    assert "AssertionError" in found


def test_a_client_whose_timeout_is_that_of_a_single_read(only: Only, monkeypatch: pytest.MonkeyPatch) -> None:
    def drip(talk: Any, good: Any) -> None:
        talk.send(good.whole()[:30])
        talk.drip(b"x" * 60, 0.05)
        talk.hang_up()

    fault = next(fault for fault in FAULTS if fault.name == "drip in a header")
    quick = Fault(fault.name, fault.group, drip, fault.ends, slow=True, kinds=("get",))
    monkeypatch.setattr(faults, "LOOSE_SLACK", 1.2)
    monkeypatch.setattr(network, "_left", lambda timeout: timeout)
    monkeypatch.setattr(f"{__name__}.FAULTS", [quick])
    assert "seconds beyond the timeout, worst" in only(fault.name, clients=("sync",))


def test_a_client_to_which_500_says_that_nothing_was_done(only: Only, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (attempts, messages):
        monkeypatch.setattr(module, "AMBIGUOUS_STATUSES", frozenset())
    assert "ServerError, not OutcomeUnknown" in only("status 500").replace(" \N{MULTIPLICATION SIGN} ", " in ")


def test_a_client_that_reads_what_lies_behind_the_last_answer(only: Only, monkeypatch: pytest.MonkeyPatch) -> None:
    def whole(framer: Any) -> bytes:
        came: bytes = framer._buffer
        framer._buffer = b""
        return came

    monkeypatch.setattr(framing.Framer, "take", whole)
    assert "values that are not what the healthy answer says" in only("another answer behind the last answer")


def test_an_async_client_that_leaves_records_in_its_tls(only: Only, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network._SecureConnection, "is_readable", network._Connection.is_readable)
    assert "values that are not what the healthy answer says" in only("TLS another answer behind the last one")


def test_a_client_that_repeats_all_that_failed(only: Only, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts.Attempts, "_may_repeat", lambda self, outcome: True)
    assert "changes that may have happened and were sent again" in only("closed after the request")


def test_a_request_that_may_always_be_repeated(only: Only, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(any_request, "_kind", lambda method, repeat: messages.OperationKind.READ)
    found = only("closed after the request")
    assert "changes that may have happened and were sent again" in found
    assert "request post" in found


def test_a_request_whose_answer_is_not_looked_into(only: Only, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(any_request, "check_success", lambda call, answer, body: None)
    assert "request in sync: value, not APIStatusError" in only("success false").replace(
        " \N{MULTIPLICATION SIGN} ", " in "
    )


def test_errors_that_keep_the_request(only: Only, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = attempts.Attempts._transport_error

    def naive(self: Any, failure: Any) -> PostHogError:
        error: Any = whole(self, failure)
        error.request = {"Authorization": f"Bearer {faults.KEY}"}
        kept: PostHogError = error
        return kept

    monkeypatch.setattr(attempts.Attempts, "_transport_error", naive)
    found = only("body cut")
    assert "errors that hold the key" in found
    assert "vars of TransportError at depth 0" in found


def test_a_failure_that_keeps_its_cause(only: Only, monkeypatch: pytest.MonkeyPatch) -> None:
    def naive(_: Any, error: BaseException) -> messages.TransportFailure:
        raise ValueError(f"Authorization: Bearer {faults.KEY}") from error

    monkeypatch.setattr(attempt.Attempt, "_failure", naive)
    found = only("body cut")
    assert "foreign exceptions" in found
    assert "errors that hold the key" in found


def test_a_client_that_closes_nothing(only: Only, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempt.HTTPTransport, "close", lambda self: None)
    found = only("status 404", clients=("sync",))
    assert "sockets, loops and tasks that nobody closed" in found
    assert "unclosed" in found


def test_a_client_that_leaves_a_broken_task_behind(only: Only, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = transport.AsyncTransport.aclose

    async def broken() -> None:
        raise RuntimeError("of a task of its own")

    async def naive(self: Any) -> None:
        task = asyncio.ensure_future(broken())
        await asyncio.sleep(0)
        del task
        await whole(self)

    monkeypatch.setattr(transport.AsyncTransport, "aclose", naive)
    assert "troubles of loops" in only("status 404", clients=("async",))


def test_a_play_that_is_broken_itself(only: Only, monkeypatch: pytest.MonkeyPatch) -> None:
    def play(talk: Any, good: Any) -> None:
        raise KeyError("the play")

    fault = next(fault for fault in FAULTS if fault.name == "status 404")
    broken = Fault(fault.name, fault.group, play, fault.ends, kinds=("get",))
    monkeypatch.setattr(f"{__name__}.FAULTS", [broken])
    assert "troubles of loops and of the fault server itself: 2" in only("status 404")


def test_the_table_names_endings_for_every_kind() -> None:
    errors = {name: getattr(posthog_environments, name) for name in posthog_environments.__all__}
    for fault in FAULTS:
        for kind in fault.kinds:
            assert fault.ends[kind]
            assert all(end == "value" or issubclass(errors[end], PostHogError) for end in fault.ends[kind]), fault.name
