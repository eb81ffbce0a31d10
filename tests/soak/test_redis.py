"""The campaigns about a quota in Redis, bounded, where there is a redis-server; and broken on purpose."""

from __future__ import annotations

import shutil

import pytest

from posthog_environments.ratelimit import stores
from soak import redis
from soak.frame import Effort, missed

EFFORT = Effort(share=0.02, seed=2)

wanted = pytest.mark.skipif(shutil.which("redis-server") is None, reason=redis.MISSING)


@wanted
def test_processes_on_one_redis() -> None:
    assert missed(redis.quiet(EFFORT)) == []


@wanted
def test_a_redis_that_loses_everything() -> None:
    assert missed(redis.killed(EFFORT)) == []


def swap_always() -> None:
    """Write without a look at what others have written."""
    stores.SWAP = stores.SWAP.replace("then return 0", "then redis.call('TIME')")


@wanted
def test_states_that_are_written_over() -> None:
    # Two have to write at the same moment: a busy machine may need more than one try.
    tries = (missed(redis.quiet(EFFORT, f"{__name__}:swap_always")) for _ in range(5))
    assert any("429s" in "\n".join(found) for found in tries)


def test_a_machine_without_redis_is_told_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    for campaign in redis.CAMPAIGNS:
        assert "apt-get install redis-server" in "\n".join(missed(campaign.make(EFFORT)))
