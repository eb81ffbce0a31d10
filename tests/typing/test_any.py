"""No `Any` in what is public, but where anything may indeed come: values of properties, and what the API keeps open."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import sys
from collections.abc import Callable, Mapping
from functools import cache, cached_property
from types import FunctionType, UnionType
from typing import TYPE_CHECKING, Any, ForwardRef, Literal, Union, get_args, get_origin

import surface

import posthog_environments

if TYPE_CHECKING:
    from posthog_environments.query.series import EventsArgument

# Where anything may be, as regular expressions, and why. A place is `callable.argument`, `callable()` for what it
# returns, or `class.attribute`; `[…]` after it is inside of a mapping or list.
ANYTHING = {
    r"(Person|PropertiesTimelinePoint)\.properties\[…\]": "values of properties, as they came",
    r"persons\.update\.properties\[…\]|Filter\.value": "values of properties, as they are sent",
    r"persons\.update_many\.changes(\[…\])+": "lines of a job: whom, and values of properties as they are sent",
    r".*\.properties(\[…\])+": "filters in the API's own dicts, whose values are values of properties",
    r"(Entity|event|action)\.properties": "any form of the argument `properties`; entities know nothing of filters",
    r".*\.(events|actions)(\[…\])+": "entities in the API's own dicts",
    r".*\.(extra_query|extra_body)\[…\]": "what a newer server knows and the contract does not",
    r"insights\.timing\.(filters|query)\[…\]": "the API takes any object there, and looks at nothing",
    r".*\.additional_properties\[…\]|\w+\.__[gs]etitem__(\(\)|\.value)": "what the contract does not know",
    r".*\.(to_dict\(\)|from_dict\.src_dict)\[…\]": "JSON as it is",
    r"Person\.(matched_recordings\[…\]|value_at_data_point)": "the API has no word for what is there",
    r"\w+\.__getattr__\(\)": "hidden from type checkers: it makes `additional_properties`",
    r"RawResponse\.json\(\)|(Async)?Environment\.request\(\)\[…\]": "JSON as it is",
    r"Pager\.__array__\(\)": "it always raises",
    r"PropertyFilter\.value": "a value of a property, or a list of them",
    r"Series\.breakdown_value": "a value of a property",
    r"ActivityChange\.(before|after)": "values of whatever was changed",
    r"ActivityDetail\.(trigger|merge)": "the API says only that it may be there",
    r"ArrowStream\.(schema|__iter__\(\)\[…\])": "objects of pyarrow, which comes without types",
}

GROUPS = ("persons", "insights", "with_raw_response")

# A constructor is read by its class; what pickle wants, Python says.
OF_PYTHON = {"__init__", "__reduce__"}


@cache
def names_of(module: str) -> Mapping[str, Any]:
    """Return the names of a module, with those that it imports for type checkers alone."""
    home = importlib.import_module(module)
    names = dict(vars(home))
    for block in ast.parse(inspect.getsource(home)).body:
        if isinstance(block, ast.If) and ast.unparse(block.test) == "TYPE_CHECKING":
            exec(compile(ast.Module(block.body, []), module, "exec"), names)
    return names


def home_of(alias: str) -> str:
    """Return the module that defines an alias which is text, of names of its own."""
    for name, module in list(sys.modules.items()):
        if name.startswith("posthog_environments"):
            for word, kind in vars(module).get("__annotations__", {}).items():
                if kind == "TypeAlias" and vars(module).get(word) is alias:
                    return name
    raise AssertionError(f"nobody knows where {alias!r} is from")


def evaluated(kind: object, names: Mapping[str, Any]) -> object:
    """Return the type that an annotation stands for."""
    kind = kind.__forward_arg__ if isinstance(kind, ForwardRef) else kind
    if not isinstance(kind, str):
        return kind
    known = dict(names)
    for word in re.findall(r"\w+", kind):
        if isinstance(alias := known.get(word), str):
            known[word] = evaluated(alias, names_of(home_of(alias)))
    return eval(kind, known)


class Walk:
    """Goes over the public names, and over the classes of this package that they lead to."""

    def __init__(self) -> None:
        self.places: list[str] = []
        """Each place where anything may be."""
        self.seen: set[type] = set()
        self.types = 0

    def kind(self, place: str, kind: object, names: Mapping[str, Any]) -> None:
        kind = evaluated(kind, names)
        self.types += 1
        if kind is Any:
            self.places.append(place)
        if inspect.isclass(kind) and kind.__module__.startswith("posthog_environments"):
            self.cls(kind.__name__, kind)
        if get_origin(kind) is Literal:
            return
        inside = place if get_origin(kind) in (Union, UnionType) else f"{place}[…]"
        for part in get_args(kind):
            for each in part if isinstance(part, list) else [part]:
                self.kind(inside, each, names)
        if inspect.isclass(get_origin(kind)):
            self.kind(place, get_origin(kind), names)

    def function(self, place: str, function: Any, names: Mapping[str, Any]) -> None:
        signature = inspect.signature(function)
        for name, parameter in signature.parameters.items():
            if name not in ("self", "cls", "mcs"):
                assert parameter.annotation is not inspect.Parameter.empty, f"{place}: {name} has no type"
                self.kind(f"{place}.{name}", parameter.annotation, names)
        if not inspect.isclass(function):
            assert signature.return_annotation is not inspect.Signature.empty, f"{place}: returns no type"
            self.kind(f"{place}()", signature.return_annotation, names)

    def cls(self, name: str, cls: Any) -> None:
        # The generated client is no part of this layer; `Environment.api` hands it out.
        if cls in self.seen or cls.__module__ == "posthog_environments_api.client":
            return
        self.seen.add(cls)
        if cls.__module__ == "posthog_environments.client.resources":
            name = cls.__name__.removeprefix("Async").removeprefix("Raw").lower()
        for base in cls.__mro__:
            if base.__module__.startswith("posthog_environments"):
                self.members(name, base)

    def members(self, name: str, cls: Any) -> None:
        names = dict(names_of(cls.__module__))
        if cls.__module__ == "posthog_environments.client.resources":
            flows = cls.__name__.removeprefix("Async").removeprefix("Raw").lower()
            flows = f"posthog_environments.operations.{flows}"
            names |= names_of(flows) if cls.__name__.endswith(("Persons", "Insights")) else {}
            timing = names_of("posthog_environments.operations.timing")
            names |= timing if cls.__name__.endswith("Insights") else {}
            names |= names_of("posthog_environments.bulk.operations") if cls.__name__.endswith("Persons") else {}
            for others in ("deletions", "person_changes", "person_history"):
                found = names_of(f"posthog_environments.operations.{others}")
                names |= found if cls.__name__.endswith("Persons") else {}
        for member, kind in vars(cls).get("__annotations__", {}).items():
            if not member.startswith("_"):
                self.kind(f"{name}.{member}", kind, names)
        for member, value in vars(cls).items():
            special = member.startswith("__") and member not in OF_PYTHON and hasattr(value, "__annotations__")
            if member.startswith("_") and not (special and value.__annotations__):
                continue
            place = f"{name}.{member}"
            if isinstance(value, property):
                self.kind(place, inspect.signature(value.fget or repr).return_annotation, names)
            elif isinstance(value, cached_property):
                self.kind(place, inspect.signature(value.func).return_annotation, names)
            elif isinstance(value, (classmethod, staticmethod, FunctionType)):
                self.function(place, getattr(value, "__func__", value), names)
            elif inspect.isclass(group := getattr(cls, member)) and member in GROUPS:
                self.cls(member, group)


def walked() -> Walk:
    walk = Walk()
    for name in posthog_environments.__all__:
        value = getattr(posthog_environments, name)
        if inspect.isclass(value):
            home = next(each.__module__ for each in value.__mro__ if "__init__" in vars(each))
            if home.startswith("posthog_environments") and name not in surface.HANDED_OUT:
                walk.function(name, value, names_of(home))
            walk.cls(name, value)
        elif callable(value):
            walk.function(name, value, names_of(value.__module__))
    return walk


def test_nothing_else_is_any() -> None:
    walk = walked()
    assert {"Environment", "AsyncEnvironment", "Person", "Prop", "Series", "Report"} <= {
        each.__name__ for each in walk.seen
    }
    unexplained = [place for place in walk.places if not any(re.fullmatch(known, place) for known in ANYTHING)]
    assert unexplained == []
    idle = [known for known in ANYTHING if not any(re.fullmatch(known, place) for place in walk.places)]
    assert idle == [], "these reasons are no longer needed"


def test_the_walk_finds_what_hides_in_an_alias() -> None:
    def taking(events: EventsArgument, when: list[dict[str, Any]] | None, flow: Callable[[Any], str]) -> object: ...

    walk = Walk()
    names = {**names_of("posthog_environments.operations.person_history"), "Any": Any, "Callable": Callable}
    walk.function("taking", taking, names)
    assert sorted({place for place in walk.places if place.startswith("taking")}) == [
        "taking.events[…]",
        "taking.events[…][…]",
        "taking.flow[…]",
        "taking.when[…][…]",
    ]
