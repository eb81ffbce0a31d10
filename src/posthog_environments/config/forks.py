"""What restarts in a forked child: locks, connections and counts that belong to the parent."""

from __future__ import annotations

import os
from typing import Protocol
from weakref import WeakSet

__all__ = ["Restartable", "restart_after_fork", "restart_all"]


class Restartable(Protocol):
    """An object with state that a forked child must not take over."""

    def after_fork(self) -> None:
        """Restart in a forked child. No other thread of the parent is there."""


_RESTARTABLE: WeakSet[Restartable] = WeakSet()


def restart_after_fork(each: Restartable) -> None:
    """Call `after_fork` of an object in forked children, for as long as the object lives."""
    _RESTARTABLE.add(each)


def restart_all() -> None:
    """Restart all objects, as a forked child does."""
    for each in list(_RESTARTABLE):
        each.after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=restart_all)
