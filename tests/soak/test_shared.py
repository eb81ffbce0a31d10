"""The campaigns about a shared quota, bounded; and with defects, which they must notice."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from posthog_environments.ratelimit import shared as budget
from posthog_environments.ratelimit import shared_state, stores
from soak import shared
from soak.frame import Effort, missed

EFFORT = Effort(share=0.02, seed=2)


def test_clients_on_one_file() -> None:
    assert missed(shared.hours(EFFORT)) == []


def test_clients_that_die() -> None:
    assert missed(shared.deaths(EFFORT)) == []


def test_clients_whose_file_is_removed() -> None:
    assert missed(shared.troubles(EFFORT, (shared._remove,))) == []


def test_processes_on_one_file() -> None:
    assert missed(shared.processes(EFFORT)) == []


def test_processes_whose_file_goes_and_comes() -> None:
    assert missed(shared.disturbed(EFFORT)) == []


def _missed(make: Callable[[Effort], Any]) -> str:
    return "\n".join(missed(make(EFFORT)))


def test_workers_that_do_not_share(monkeypatch: pytest.MonkeyPatch) -> None:
    change = stores.Store.change
    monkeypatch.setattr(stores.Store, "change", lambda store, name, *rest: change(store, f"{name} {id(store)}", *rest))
    assert "429s and failures" in _missed(shared.hours)


def test_leases_that_end_too_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    grant = shared_state.SharedState._grant
    monkeypatch.setattr(
        shared_state.SharedState, "_grant", lambda state, ticket, _: grant(state, ticket, state._snapshot.at + 0.01)
    )
    assert "429s and failures" in _missed(shared.hours)


def test_leases_that_never_end(monkeypatch: pytest.MonkeyPatch) -> None:
    grant = shared_state.SharedState._grant
    monkeypatch.setattr(
        shared_state.SharedState, "_grant", lambda state, ticket, until: grant(state, ticket, until + 1e6)
    )
    monkeypatch.setattr(budget.SharedRateLimiter, "settle", lambda *_: None)
    assert "part of the quota that the others used" in _missed(shared.deaths)


def test_a_loss_that_is_not_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared_state.CachedSnapshot, "on", lambda *_: None)
    assert "429s and failures" in "\n".join(missed(shared.troubles(EFFORT, (shared._remove,))))


# Defects that processes load, as they have clients of their own.


def record_nothing() -> None:
    """Record no lease and no end of a request."""
    shared_state.SharedState._settle = lambda *_: None  # type: ignore[method-assign]
    shared_state.SharedState._grant = lambda *_: None  # type: ignore[method-assign]


def test_processes_that_record_nothing() -> None:
    found = "\n".join(missed(shared.processes(EFFORT, f"{__name__}:record_nothing")))
    assert "429s" in found
    assert "requests too many in a window" in found
