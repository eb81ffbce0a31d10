"""The campaign about ranges, bounded; and the walk broken on purpose, so that it misses its figures."""

from __future__ import annotations

from typing import Any

import pytest

from posthog_environments.paging import time_range as walked
from posthog_environments.paging.offset import OffsetPaginator
from soak import ranges
from soak.frame import Effort, missed

EFFORT = Effort(share=0.04, seed=4)


def test_the_campaign() -> None:
    assert missed(ranges.ranges(EFFORT)) == []


def spoilt(monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, value: Any) -> str:
    monkeypatch.setattr(owner, name, value)
    return "\n".join(missed(ranges.ranges(EFFORT)))


def test_ranges_that_share_their_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    def both(self: Any, time: Any) -> walked.Side:
        if self._before is not None and time > self._before:
            return walked.Side.NEWER
        return walked.Side.OLDER if self._since is not None and time < self._since else walked.Side.INSIDE

    assert "in two ranges" in spoilt(monkeypatch, walked._RangeFilter, "_side", both)


def test_a_walk_that_begins_where_it_was_told(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "persons missed" in spoilt(monkeypatch, walked._StartSearch, "is_start", lambda *_: True)


def test_a_walk_that_does_not_step_back_over_its_beginning(monkeypatch: pytest.MonkeyPatch) -> None:
    begin = OffsetPaginator.start_at

    def begin_for_good(self: Any, cursor: Any, newest: Any) -> None:
        begin(self, cursor, newest)
        self._start = cursor.number

    assert "complete" in spoilt(monkeypatch, OffsetPaginator, "start_at", begin_for_good)


def test_a_search_that_looks_at_page_after_page(monkeypatch: pytest.MonkeyPatch) -> None:
    def start(self: Any, *arguments: Any) -> None:
        search(self, *arguments)
        self.number = 0

    search = walked._StartSearch.__init__
    assert "requests of" in spoilt(monkeypatch, walked._StartSearch, "__init__", start)


def test_unknown_times_that_nobody_hears_of(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "unsaid" in spoilt(monkeypatch, walked, "UNREADABLE", None)
