"""Limit how many calls of one kind are in flight at once. Pure: a caller that gets no slot asks again."""

from __future__ import annotations

from collections.abc import Hashable

__all__ = ["Slots"]


class Slots:
    """A fixed number of slots and a queue. Not thread-safe: its owner holds a lock."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._going: set[Hashable] = set()
        self._waiting: dict[Hashable, None] = {}

    def take(self, who: Hashable) -> bool:
        """Take a slot, and return whether one was free. Otherwise the caller keeps its queue position until `leave`."""
        self._waiting.setdefault(who)
        free = self._most - len(self._going)
        for place, each in enumerate(self._waiting):
            if place >= free:
                return False
            if each == who:
                break
        del self._waiting[who]
        self._going.add(who)
        return True

    def leave(self, who: Hashable) -> None:
        """Release a slot, or give up a queue position."""
        self._going.discard(who)
        self._waiting.pop(who, None)

    def forget(self) -> None:
        """Release everything, in a forked child."""
        self._going.clear()
        self._waiting.clear()
