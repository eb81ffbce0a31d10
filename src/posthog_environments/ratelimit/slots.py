"""How many calls of one kind may be in flight at once. Pure: who may not go yet asks again."""

from __future__ import annotations

from collections.abc import Hashable

__all__ = ["Slots"]


class Slots:
    """So many at once, and the others in their turn; not safe for threads, its owner holds a lock."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._going: set[Hashable] = set()
        self._waiting: dict[Hashable, None] = {}

    def take(self, who: Hashable) -> bool:
        """Tell whether he may go now. Who may not keeps his place among those who wait, until `leave`."""
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
        """Make room for the next one, or give up a place among those who wait."""
        self._going.discard(who)
        self._waiting.pop(who, None)

    def forget(self) -> None:
        """Know that nobody goes and nobody waits: this is another process now."""
        self._going.clear()
        self._waiting.clear()
