"""The walks of `make soak`, fewer of them; and what naive walks would do to the same figures."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from posthog_environments.paging import offset, page, seen
from soak import walks
from soak.frame import Effort, missed

EFFORT = Effort(share=0.02, seed=7)


def test_persons_come_and_go() -> None:
    assert missed(walks.churning(EFFORT)) == []


def test_servers_that_stray() -> None:
    assert missed(walks.straying(EFFORT)) == []


def spoilt(monkeypatch: pytest.MonkeyPatch, campaign: Callable[[Effort], Any], owner: Any, name: str, new: Any) -> str:
    monkeypatch.setattr(owner, name, new)
    return "\n".join(line.partition("\n")[0] for line in missed(campaign(EFFORT)))


def test_a_walk_that_trusts_offsets_misses_persons(monkeypatch: pytest.MonkeyPatch) -> None:
    found = spoilt(monkeypatch, walks.churning, offset.OffsetPaginator, "_starts_after_gap", lambda *_: False)
    assert "persons missed or twice" in found


def test_a_walk_that_remembers_nothing_gives_persons_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    found = spoilt(monkeypatch, walks.churning, seen.RecentKeys, "take_new", lambda _, rows: list(rows))
    assert "persons missed or twice" in found


def test_pages_that_never_grow_cost_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    found = spoilt(monkeypatch, walks.churning, offset, "LEAST_ROOM", 0)
    assert "worst walk" in found


def test_a_walk_that_gives_up_is_not_complete(monkeypatch: pytest.MonkeyPatch) -> None:
    def give_up(self: Any, asked: page.Cursor, _rows: Any) -> None:
        self._add_trouble("a gap")
        self._gap_is_open = True
        self._advance(asked.number + asked.limit)

    found = spoilt(monkeypatch, walks.churning, offset.OffsetPaginator, "_rewind", give_up)
    assert "walks that know that they are complete" in found


def test_a_walk_that_looks_at_no_order_takes_disorder_for_complete(monkeypatch: pytest.MonkeyPatch) -> None:
    found = spoilt(monkeypatch, walks.straying, seen.NewestFirst, "holds", lambda *_: True)
    assert "rows in disorder" in found


def test_a_walk_that_follows_any_link_does_not_end_in_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def anywhere(self: Any, asked: page.Cursor, came: page.RawPage[Any]) -> int | None:
        return None if came.next is None else max(asked.number + 1, page.next_number(came.next, "offset"))

    found = spoilt(monkeypatch, walks.straying, offset.OffsetPaginator, "_successor", anywhere)
    assert "walks that such a link ended" in found


def test_a_last_page_that_is_stale_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without asking twice, a repeated page with no successor would end the walk."""
    monkeypatch.setattr(
        offset.OffsetPaginator, "_asked_twice", property(lambda _: True, lambda *_: None), raising=False
    )
    found = [each for seed in range(30) for each in missed(walks.straying(Effort(0.02, seed)))]
    assert any("persons missed unsaid" in each for each in found)
