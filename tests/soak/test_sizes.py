"""The campaign of hostile sizes, bounded: less memory, no time; and the client broken on purpose, in a process."""

from __future__ import annotations

import pytest

from soak import sizes
from soak.frame import Effort, missed

BOUNDED = Effort(share=0.0, seed=2)


def _broken(monkeypatch: pytest.MonkeyPatch, name: str, defect: str, effort: Effort = BOUNDED) -> str:
    """Make the campaign with one hostile answer, on a client with a defect."""
    chosen = [hostile for hostile in sizes.HOSTILE if hostile.name == name]
    assert chosen
    monkeypatch.setattr(sizes, "HOSTILE", chosen if effort.share >= 1 else chosen * 3)
    monkeypatch.setattr(sizes, "CLIENTS", ("sync",))
    monkeypatch.setattr(sizes, "LEAST", 1)
    monkeypatch.setattr(
        sizes, "DEFECT", f"from posthog_environments.transport import attempt, body, framing\n{defect}\n"
    )
    return "\n".join(missed(sizes.hostile_sizes(effort)))


def test_the_campaign() -> None:
    assert missed(sizes.hostile_sizes(BOUNDED)) == []


def test_a_client_that_inflates_without_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "memory, MiB, worst" in _broken(monkeypatch, "gzip of 1 GiB", "body.CHUNK = 1 << 30")


def test_a_client_that_raises_what_it_likes(monkeypatch: pytest.MonkeyPatch) -> None:
    defect = "attempt.Attempt._failure = lambda _, error: {}[0]"
    assert "endings other than the typed error" in _broken(monkeypatch, "headers without end", defect)


def test_a_client_that_reads_interim_answers_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    found = _broken(monkeypatch, "100 Continue without end", "framing.MAX_HEAD = 1 << 23", Effort(share=1))
    assert "seconds of CPU, worst" in found


def test_nothing_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sizes, "CLIENTS", ())
    assert "hostile answers, for a client each" in "\n".join(missed(sizes.hostile_sizes(BOUNDED)))
