"""Lists the public Python names, a line each: `name: kind and signature`. What a program may rely on, in text."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from typing import Any

import posthog_environments
import posthog_environments.sandbox
from posthog_environments.client import resources as bound

# Calls give these; nobody makes them, so that their constructors are no part of the surface.
HANDED_OUT = {"AsyncPager", "Page", "Pager", "PropertiesTimeline", "RawResponse", "Report", "Trend"}
HANDED_OUT |= {"BulkOutcome", "BulkProgress", "BulkReport", "SimilarPerson"}


def surface() -> dict[str, str]:
    """Return each public name with its kind and signature."""
    found: dict[str, str] = {}
    for name in posthog_environments.__all__:
        if name != "__version__":
            found.update(_described(name, getattr(posthog_environments, name)))
    # Public by use alone: nobody names the class of what `prop` gives.
    found.update(_members("prop()", type(posthog_environments.prop("x"))))
    for name in posthog_environments.sandbox.__all__:
        found.update(_described(f"sandbox.{name}", getattr(posthog_environments.sandbox, name)))
    return found


def _described(name: str, value: Any) -> Iterator[tuple[str, str]]:
    if not inspect.isclass(value):
        yield name, f"function {_signature(value)}"
        return
    # Of a record it is no part of the surface what builds it.
    kept = (base.__name__ for base in value.__bases__ if base is not object)
    bases = ", ".join(base for base in kept if base not in ("Generic", "Record"))
    yield name, f"class({bases}) {'' if name in HANDED_OUT else _signature(value)}".strip()
    if name.endswith("Environment"):
        with_raw: Any = vars(value)["with_raw_response"].__get__(None, value)
        for group in ("persons", "insights"):
            yield from _members(f"{name}.{group}", getattr(value, group))
            raw = getattr(with_raw, group).fget.__annotations__["return"]
            yield from _members(f"{name}.with_raw_response.{group}", getattr(bound, raw))
    yield from _members(name, value)


def _members(name: str, owner: type) -> Iterator[tuple[str, str]]:
    """Yield the methods, properties and fields of a class, its own and those that it inherits from this package."""
    classes = [each for each in owner.__mro__ if each.__module__.startswith("posthog_environments")]
    members: dict[str, Any] = {}
    fields: dict[str, object] = {}
    for each in reversed(classes):
        members |= vars(each)
        fields |= vars(each).get("__annotations__", {})
    for field, kind in sorted(fields.items()):
        if not field.startswith("_") and not inspect.isfunction(members.get(field)):
            yield f"{name}.{field}", f"attribute {_text(kind)}"
    for member, value in sorted(members.items()):
        if member.startswith("_") or member in fields or inspect.isclass(value):
            continue
        if isinstance(value, property) or hasattr(value, "func"):  # func: a cached_property
            getter: Any = value.fget if isinstance(value, property) else value.func
            yield f"{name}.{member}", f"property {_text(inspect.signature(getter).return_annotation)}"
        elif isinstance(value, (classmethod, staticmethod)) or callable(value):
            kind = f"method {_signature(getattr(owner, member))}"
            # Of a record it is no part of the surface where it has a method from.
            own = owner.__module__.startswith("posthog_environments_api")
            yield f"{name}.{member}", kind.replace("-> Self", f"-> {owner.__name__}") if own else kind


def _signature(value: Any) -> str:
    try:
        return _text(inspect.signature(value))
    except ValueError:
        return ""


def _text(value: object) -> str:
    # The generator writes the class with its module.
    return " ".join(str(value).replace("'", "").replace("datetime.datetime", "datetime").split())


def lines() -> str:
    """Return the whole list."""
    return "".join(f"{name}: {kind}\n" for name, kind in surface().items())


if __name__ == "__main__":
    sys.stdout.write(lines())
