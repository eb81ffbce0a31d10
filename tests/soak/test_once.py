"""The campaign of cuts at each byte, bounded; and the client broken on purpose, so that it misses its figures."""

from __future__ import annotations

from typing import Any

import pytest

from posthog_environments import ServerError, TransportError
from posthog_environments.calls import attempts, messages
from posthog_environments.transport import body
from soak import once
from soak.frame import Effort, missed

Attempts: Any = attempts.Attempts


def _missed(share: float = 0.02) -> str:
    return "\n".join(missed(once.every_boundary(Effort(share, seed=4))))


def test_the_campaign() -> None:
    assert _missed(0.04) == ""


def test_a_client_that_repeats_all_that_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Attempts, "_may_repeat", lambda self, outcome: True)
    found = _missed()
    assert "changes carried out twice" in found
    assert "changes that reached the server twice" in found
    assert "endings that are not those of the rules" in found


def test_a_client_to_which_every_404_after_a_doubt_is_a_success(monkeypatch: pytest.MonkeyPatch) -> None:
    def naive(self: Any, answer: Any) -> bool:
        return bool(answer.status_code == 404 and self.doubtful)

    monkeypatch.setattr(Attempts, "is_gone", naive)
    monkeypatch.setattr(once, "CHANGES", {once.WITH_EVENTS: once.CHANGES[once.WITH_EVENTS]})
    monkeypatch.setattr(once, "_cuts", lambda effort, lengths: _before_the_answer())
    assert "successes that were none" in _missed()


def _before_the_answer() -> list[once.Cut]:
    """Have the server delete the person, and break off before it queues the events."""
    return [once.Cut(once.WITH_EVENTS, "sync", "answer", 0, bool(n % 2), ever=False, warm=False) for n in range(400)]


def test_a_client_that_does_not_doubt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Attempts, "unknown", lambda self, reason: TransportError(reason))
    assert "clear errors although it was done" in _missed()


def test_a_client_with_another_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Attempts, "unknown", lambda self, reason: ServerError(reason, status_code=500))
    assert "errors that say neither that nobody knows nor that nothing was sent" in _missed()


def test_a_client_that_doubts_a_whole_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    finish = body.BodyReader.finish

    def naive(self: Any) -> bytes:
        whole = finish(self)
        if b'"uuid"' in whole:
            return whole  # that of the read before it
        raise messages.TransportFailure("the answer is not believed", sent=True)

    monkeypatch.setattr(body.BodyReader, "finish", naive)
    assert "doubts although the whole answer came" in _missed()


def test_a_client_that_does_not_repeat_a_delete(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Attempts, "_may_repeat", lambda self, outcome: False)
    assert "endings that are not those of the rules" in _missed()


def test_nothing_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(once, "_cuts", lambda effort, lengths: [])
    monkeypatch.setattr(Effort, "count", lambda self, whole, least=1: 0)
    assert "runs, a cut at a byte each" in _missed()
