"""Tests of JSON values, and strict checks of objects, as on servers: a wrong type or an unknown field is an error."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, NoReturn, cast

from posthog_environments.sandbox.problems import unreadable

Test = Callable[[Any], bool]


def refuse(where: str, why: str) -> NoReturn:
    """Raise 400 for a query of the wrong form."""
    raise unreadable(f"{where}: {why}")


def text(value: object) -> bool:
    """Return whether a value is a string."""
    return isinstance(value, str)


def flag(value: object) -> bool:
    """Return whether a value is a boolean, or "true" or "false"."""
    return isinstance(value, bool) or value in ("true", "false")


def number(value: object) -> bool:
    """Return whether a value is a number."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def whole(value: object) -> bool:
    """Return whether a value is an integer; JSON does not distinguish 1 and 1.0."""
    return number(value) and cast("float", value) % 1 == 0


def anything(_: object) -> bool:
    """Accept any value."""
    return True


def null(value: object) -> bool:
    """Return whether a value is null."""
    return value is None


def listing(value: object) -> bool:
    """Return whether a value is a list."""
    return isinstance(value, list)


def list_of(test: Test) -> Test:
    """Return a test that accepts lists of what a test accepts."""
    return lambda value: isinstance(value, list) and all(map(test, cast("list[object]", value)))


def mapping(value: object) -> bool:
    """Return whether a value is an object."""
    return isinstance(value, dict)


def any_of(*tests: Test) -> Test:
    """Return a test that accepts what any of the tests accepts."""
    return lambda value: any(test(value) for test in tests)


def word(*words: str) -> Test:
    """Return a test that accepts one of some words."""
    return lambda value: isinstance(value, str) and value in words


_NAMES: Final[Mapping[Test, str]] = {
    text: "a text", flag: "a boolean", number: "a number", whole: "a whole number", listing: "a list",
    mapping: "an object",
}  # fmt: skip


def read(value: object, where: str, fields: Mapping[str, Test], *, needs: tuple[str, ...] = ()) -> dict[str, Any]:
    """Check an object, and return its fields that are not null.

    Args:
        value: The object.
        where: Its path in the query, for the error.
        fields: A test for each known field.
        needs: The required fields.

    Raises:
        Problem: 400 `parse_error`, which names the field.
    """
    if not isinstance(value, dict):
        refuse(where, "This must be an object.")
    given = cast("dict[str, Any]", value)
    for name, one in given.items():
        test = fields.get(name)
        if test is None:
            refuse(f"{where}.{name[:60]}", f"There is no such field; there are {', '.join(sorted(fields))}.")
        if one is not None and not test(one):
            what = f"must be {_NAMES[test]}" if test in _NAMES else "cannot be so"
            refuse(f"{where}.{name}", f"{str(one)[:60]!r} {what}.")
    for name in needs:
        if given.get(name) is None:
            refuse(f"{where}.{name}", "This must be given.")
    return {name: one for name, one in given.items() if one is not None}
