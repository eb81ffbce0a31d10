"""Three at once, and the others in their turn."""

from __future__ import annotations

from posthog_environments.ratelimit.slots import Slots


def test_so_many_at_once_and_the_others_in_their_turn() -> None:
    slots = Slots(2)
    assert [slots.take(who) for who in "abcd"] == [True, True, False, False]
    slots.leave("a")
    # Who asks first is not who has waited longest.
    assert not slots.take("d")
    assert not slots.take("e")
    assert slots.take("c")
    slots.leave("b")
    slots.leave("d")
    assert slots.take("e")
    assert not slots.take("f")


def test_who_has_gone_or_never_came_leaves_nothing_behind() -> None:
    slots = Slots(1)
    slots.leave("nobody")
    assert slots.take("a")
    assert not slots.take("b")
    slots.forget()
    assert slots.take("c")
    assert not slots.take("a")
