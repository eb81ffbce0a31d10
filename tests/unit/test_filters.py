"""Property filters: what each form becomes on the wire, and what is refused with which words."""

from __future__ import annotations

import copy
import json
import os
import pickle
import subprocess
import sys
import time
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum, IntEnum, StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posthog_environments.query.filters import Condition, Filter, FilterGroup, absolute, filters_to_wire, prop

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

quick = settings(deadline=None, derandomize=True, max_examples=100)


def wire(properties: Any, default_type: str = "person", argument: str = "properties") -> Any:
    return filters_to_wire(properties, default_type=default_type, argument=argument)


def leaf(key: str, value: object, operator: str = "exact", type: str = "person") -> dict[str, Any]:
    return {"key": key, "operator": operator, "type": type, "value": value}


A, B, C = prop("a") == 1, prop("b") == 2, prop("c") == 3
a, b, c = leaf("a", 1), leaf("b", 2), leaf("c", 3)


class Plan(StrEnum):
    PRO = "pro"


class Level(IntEnum):
    HIGH = 3


class Kind(Enum):
    X = "x"


@pytest.mark.parametrize(
    ("filter_", "operator", "value"),
    [
        (prop("k") == "x", "exact", "x"),
        (prop("k") != "x", "is_not", "x"),
        (prop("k") < 1, "lt", 1),
        (prop("k") <= 1, "lte", 1),
        (prop("k") > 1.5, "gt", 1.5),
        (prop("k") >= "2", "gte", "2"),
        (5 < prop("k"), "gt", 5),  # noqa: SIM300 - the order is the point
        (prop("k") == ["x", 1], "exact", ["x", 1]),
        (prop("k") != ("x",), "is_not", ["x"]),
        (prop("k").is_in({"y", "x"}), "exact", ["x", "y"]),
        (prop("k").is_in(str(n) for n in range(2)), "exact", ["0", "1"]),
        (prop("k").not_in(["x"]), "is_not", ["x"]),
        (prop("k").icontains("@acme.com"), "icontains", "@acme.com"),
        (prop("k").not_icontains("x"), "not_icontains", "x"),
        (prop("k").icontains_multi(["x", "y"]), "icontains_multi", ["x", "y"]),
        (prop("k").regex("^(?P<x>["), "regex", "^(?P<x>["),
        (prop("k").not_regex("x$"), "not_regex", "x$"),
        (prop("k").date_exact(date(2026, 1, 31)), "is_date_exact", "2026-01-31"),
        (prop("k").before("-7d"), "is_date_before", "-7d"),
        (prop("k").after("2026-01-31 10:00:00"), "is_date_after", "2026-01-31 10:00:00"),
        (prop("k").after(datetime(2026, 1, 31, 9, tzinfo=UTC)), "is_date_after", "2026-01-31T09:00:00+00:00"),
        (prop("k").after(datetime(2026, 1, 31, 9)), "is_date_after", "2026-01-31T09:00:00"),
        (
            prop("k").after(datetime(1900, 1, 1, tzinfo=timezone(timedelta(seconds=7)))),
            "is_date_after",
            "1899-12-31T23:59:53+00:00",
        ),
        (prop("k") == date(2026, 1, 31), "is_date_exact", "2026-01-31"),
        (prop("k") < date(2026, 1, 31), "is_date_before", "2026-01-31"),
        (prop("k") > date(2026, 1, 31), "is_date_after", "2026-01-31"),
        (prop("k").where("in", ["x"]), "in", ["x"]),
        (prop("k").where("not_in", ("x",)), "not_in", ["x"]),
        (prop("k").where("between", [1, 2.5]), "between", [1, 2.5]),
        (prop("k").where("starts_with", "x"), "starts_with", "x"),
        (prop("k").where("min", 1), "min", 1),
        (prop("k").where("is_cleaned_path_exact", "/x"), "is_cleaned_path_exact", "/x"),
        *((prop("k").where(f"semver_{n}", "1.2.3"), f"semver_{n}", "1.2.3") for n in ("eq", "gte", "caret")),
        (prop("k").where("semver_wildcard", "1.2.*"), "semver_wildcard", "1.2.*"),
        (prop("k").where("semver_gt", "1.0-beta.1"), "semver_gt", "1.0-beta.1"),
    ],
)
def test_operators(filter_: Filter, operator: str, value: object) -> None:
    assert wire(filter_) == [leaf("k", value, operator)]
    assert eval(repr(filter_), {"prop": prop}) == filter_  # the repr is what one would type


@pytest.mark.parametrize(
    ("filter_", "value"),
    [(prop("k", "flag").where("flag_evaluates_to", value), value) for value in (True, False)],
)
def test_only_what_a_feature_flag_evaluates_to_is_a_true_bool(filter_: Filter, value: object) -> None:
    (sent,) = wire(filter_)
    assert sent["value"] is value


@pytest.mark.parametrize("filter_", [prop("k").is_set(), prop("k").is_not_set()])
def test_set_operators_have_no_value(filter_: Filter) -> None:
    assert wire(filter_) == [{"key": "k", "operator": filter_.operator, "type": "person"}]
    assert eval(repr(filter_), {"prop": prop}) == filter_


@pytest.mark.parametrize(
    ("value", "sent"),
    [
        # Servers find nobody by a JSON true.
        (True, "true"),
        (False, "false"),
        (0, 0),
        (-(2**63), -(2**63)),
        (2**64 - 1, 2**64 - 1),
        (-0.5, -0.5),
        (Decimal("9.99"), 9.99),
        (Decimal("3.00"), 3),
        (UUID(int=7), "00000000-0000-0000-0000-000000000007"),
        (Plan.PRO, "pro"),
        (Level.HIGH, 3),
        (Kind.X, "x"),
        ("", ""),
        ("\x00'\"\\ é \U0001f600 \u202e", "\x00'\"\\ é \U0001f600 \u202e"),
        ([1, True, "x"], [1, "true", "x"]),
        ((False,), ["false"]),
    ],
)
def test_values(value: object, sent: object) -> None:
    found = wire(prop("k") == value)[0]["value"]
    assert found == sent
    assert type(found) is type(sent)  # plain types, also of subclasses: any JSON encoder takes them
    assert wire({"k": value}) == wire({"key": "k", "operator": "exact", "value": value}) == [leaf("k", sent)]


@pytest.mark.parametrize(
    ("value", "error", "says"),
    [
        (None, ValueError, "is_not_set"),
        ([], ValueError, "find nobody"),
        ([None], ValueError, r"value\[0\]"),
        ([[1]], TypeError, r"value\[0\]"),
        (float("nan"), ValueError, "finite"),
        (float("-inf"), ValueError, "finite"),
        (Decimal("NaN"), ValueError, "finite"),
        (Decimal("sNaN"), ValueError, "finite"),
        (Decimal("Infinity"), ValueError, "finite"),
        (Decimal("0.1234567890123456789"), ValueError, "as text"),
        (Decimal("1e999999999"), ValueError, "as text"),
        (Decimal("1e-999999"), ValueError, "as text"),
        (2**64, ValueError, "as text"),
        (-(10**400), ValueError, "as text"),
        ("\ud800", ValueError, "surrogate"),
        (b"x", TypeError, "bytes"),
        (object(), TypeError, "object"),
        (timedelta(days=1), TypeError, "timedelta"),
        ({"a": 1}, TypeError, "dict"),
        (prop("other"), TypeError, "Prop"),
    ],
)
def test_values_refused(value: object, error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says) as caught:
        assert prop("k") == value
    assert str(caught.value).startswith("prop('k').value")
    with pytest.raises(error, match=r"^properties\[1\]\.value"):
        wire([A, {"key": "k", "value": value}])


@pytest.mark.parametrize(
    ("operator", "value", "error"),
    [
        ("regex", 3, TypeError),
        ("regex", ["x"], TypeError),
        ("not_regex", None, ValueError),
        ("icontains", True, TypeError),
        ("icontains", ["x"], TypeError),
        ("gt", [1], TypeError),
        ("gt", True, TypeError),
        ("gt", float("nan"), ValueError),
        ("lte", date(2026, 1, 1), TypeError),
        ("is_date_before", "2026-02-30", ValueError),
        ("is_date_before", "yesterday", ValueError),
        ("is_date_before", "-7days", ValueError),
        ("is_date_before", "2026-01-31T10:00:00 UTC", ValueError),
        ("is_date_before", "2026-01-31T10:00:00:55", ValueError),
        ("is_date_before", "2026-01-31T1000", ValueError),
        ("is_date_before", 5, TypeError),
        ("is_date_before", None, TypeError),
        ("is_date_before", ["2026-01-01"], TypeError),
        ("in", "x", TypeError),
        ("in", [], ValueError),
        ("icontains_multi", "x", TypeError),
        ("icontains_multi", ["x", 1], TypeError),
        ("between", [2, 1], ValueError),
        ("between", [1], ValueError),
        ("between", ["a", "b"], ValueError),
        ("semver_gt", "v1", ValueError),
        ("semver_gt", 1.2, TypeError),
        ("is_set", "x", ValueError),
        ("is_set", False, ValueError),
        ("is_not_set", "is_set", ValueError),
    ],
)
def test_values_that_do_not_go_with_the_operator(operator: str, value: object, error: type[Exception]) -> None:
    with pytest.raises(error, match=r"^prop\('k'\)\.value(\[1\])?: .+; "):
        prop("k").where(operator, value)
    with pytest.raises(error, match=r"^properties\.values\[0\]\.value(\[1\])?: .+; "):
        wire({"type": "AND", "values": [{"key": "k", "operator": operator, "value": value}]})


@pytest.mark.parametrize(
    ("operator", "hint"),
    [
        ("contains", "icontains"),
        ("icontain", "icontains"),
        ("IContains", "icontains"),
        ("==", "exact"),
        (">=", "gte"),
        ("is not", "is_not"),
        ("equals", "exact"),
        ("is_date_befor", "is_date_before"),
        ("semver_caert", "semver_caret"),
        ("exsact", "exact"),
        ("frobnicate", "expected one of exact, is_not"),
        ("", "expected one of"),
    ],
)
def test_unknown_operators(operator: str, hint: str) -> None:
    for make in (
        lambda: prop("k").where(operator, "x"),
        lambda: wire([A, A, {"key": "k", "operator": operator, "value": "x"}]),
    ):
        with pytest.raises(ValueError, match="extra_query") as caught:
            make()
        assert f"unknown operator {operator!r}" in str(caught.value)
        assert hint in str(caught.value)
    assert str(caught.value).startswith("properties[2].operator: ")


def test_joining() -> None:
    assert wire(A & B) == wire([A, B]) == wire((A, B)) == wire(x for x in (A, B)) == [a, b]
    assert wire((A & B) & C) == wire(A & (B & C)) == [a, b, c]
    assert wire((A | B) | C) == wire(A | (B | C)) == {"type": "OR", "values": [a, b, c]}
    # Servers refuse filters and groups side by side, so the filters are wrapped.
    one_a = {"type": "AND", "values": [a]}
    assert wire(A | (B & C)) == {"type": "OR", "values": [one_a, {"type": "AND", "values": [b, c]}]}
    assert wire(A & (B | C)) == {"type": "AND", "values": [one_a, {"type": "OR", "values": [b, c]}]}
    assert wire([A, B | C]) == wire(A & (B | C))
    assert wire([A | B]) == wire(A | B)
    assert repr(A & (B | C)) == "(prop('a') == 1) & ((prop('b') == 2) | (prop('c') == 3))"
    assert eval(repr(A & (B | C)), {"prop": prop}) == A & (B | C)


def test_or_of_equals_on_one_property_is_one_filter_with_a_list() -> None:
    plan, age = prop("plan"), prop("age") >= 18
    listed = leaf("plan", ["pro", "team"])
    assert wire((plan == "pro") | (plan == "team")) == [listed]
    assert wire((plan == "pro") | (plan == "team") | (plan == "pro")) == [listed]
    assert wire(age & prop("email").is_set() & ((plan == "pro") | plan.is_in(["team"]))) == [
        leaf("age", 18, "gte"),
        {"key": "email", "operator": "is_set", "type": "person"},
        listed,
    ]
    assert wire({"type": "OR", "values": [{"key": "plan", "value": "pro"}, {"plan": "team"}]}) == [listed]
    assert wire((prop("on") == True) | (prop("on") == 1)) == [leaf("on", ["true", 1])]  # noqa: E712 - a filter
    # One property of persons and one of events, or of two kinds of groups, are not the same.
    assert wire((prop("x", "event") == 1) | (prop("x") == 2))["type"] == "OR"
    assert wire((prop("x", group_type_index=0) == 1) | (prop("x", group_type_index=1) == 2))["type"] == "OR"
    of_one_kind = (prop("x", group_type_index=0) == 1) | (prop("x", group_type_index=0) == 2)
    assert wire(of_one_kind) == [leaf("x", [1, 2], type="group") | {"group_type_index": 0}]
    # Nor is it a list where the operator is another, where nothing is meant, or where a cohort is.
    for condition in (
        (plan == "pro") | (plan != "team"),
        (plan == "pro") | (prop("age") == 1),
        plan.icontains("a") | plan.icontains("b"),
        (plan == "") | (plan == "pro"),
        (prop("id", "cohort") == 1) | (prop("id", "cohort") == 2),
    ):
        assert wire(condition)["type"] == "OR"
    mixed = wire((plan == "pro") | (age & B) | (plan == "team"))
    assert mixed == {
        "type": "OR",
        "values": [
            {"type": "AND", "values": [listed]},
            {"type": "AND", "values": [leaf("age", 18, "gte"), b]},
        ],
    }
    labelled = {"key": "plan", "value": "pro", "label": "x"}
    assert wire({"type": "OR", "values": [labelled, labelled | {"value": "team"}]})["type"] == "OR"


def test_and_of_unequals_on_one_property_is_one_filter_with_a_list() -> None:
    plan = prop("plan")
    assert wire((plan != "a") & (plan != "b") & A) == [leaf("plan", ["a", "b"], "is_not"), a]
    assert wire([plan.not_in(["a"]), plan != "b"]) == [leaf("plan", ["a", "b"], "is_not")]
    assert wire((plan != "a") | (plan != "b"))["type"] == "OR"
    assert wire((plan == "a") & (plan == "b")) == [leaf("plan", "a"), leaf("plan", "b")]


EMPTY = {"type": "AND", "values": []}


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        (EMPTY, None),
        ([EMPTY], None),
        ({"type": "AND", "values": [EMPTY]}, None),
        ({"type": "OR", "values": [EMPTY, {"type": "AND", "values": [EMPTY]}]}, None),
        ([A, EMPTY], [a]),
        ({"type": "AND", "values": [{"type": "AND", "values": [A]}, EMPTY]}, [a]),
        ({"type": "OR", "values": [{"type": "AND", "values": [A, B]}, EMPTY]}, [a, b]),
    ],
)
def test_the_empty_group_of_the_web_application_is_no_filter(given: Any, sent: Any) -> None:
    assert wire(given) == sent


@pytest.mark.parametrize(
    ("operator", "how"),
    [
        ("icontains", "|"), ("regex", "|"), ("gt", "|"), ("starts_with", "|"), ("ends_with", "|"), ("semver_eq", "|"),
        ("not_icontains", "&"), ("not_regex", "&"), ("not_starts_with", "&"), ("not_ends_with", "&"),
        ("semver_neq", "&"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("value", [["a", "b"], ("a",), {"a", "b"}, []])
def test_a_list_is_refused_with_what_keeps_the_meaning(operator: str, how: str, value: Any) -> None:
    group = "OR" if how == "|" else "AND"
    for make in (
        lambda: prop("k").where(operator, value),
        lambda: wire({"key": "k", "operator": operator, "value": value}),
    ):
        with pytest.raises(TypeError, match="wrong persons") as caught:
            make()
        assert f"join them with {how}," in str(caught.value)
        assert f"'type': '{group}'" in str(caught.value)


@pytest.mark.parametrize(
    "entry",
    [
        {"key": "email", "value": "x", "connector": "icontains"},
        {"key": "email", "value": "x", "op": "IContains "},
        {"key": "email", "value": "x", "match": "contains"},
        {"key": "email", "value": "x", "comparison": "!="},
        {"key": "email", "value": "x", "operator": "exact", "how": "regex"},
        {"key": "email", "value": 5, "op": "greater than"},
        {"property": "email", "value": "x"},
        {"property": "email", "operator": "icontains", "value": "x"},
        {"property": "email", "operator": "contains", "type": "string", "value": "x"},
        {"Field": "email", "Op": "eq", "Value": "x"},
        {"name": "email", "values": ["x"]},
        {"email": "x", "op": "icontains"},
        {"operator": "exact", "value": "x"},
        {"operator": "is_set"},
        {"property": "email", "op": "is_set"},
    ],
)
@pytest.mark.parametrize("place", [lambda entry: entry, lambda entry: [A, {"type": "OR", "values": [B, entry]}]])
def test_a_foreign_dialect_is_refused(entry: dict[str, Any], place: Any) -> None:
    with pytest.raises(ValueError, match=r"'key'|'operator'"):
        wire(place(entry))


def test_what_only_looks_like_a_dialect() -> None:
    assert wire({"match": "regex"}) == [leaf("match", "regex")]
    assert wire({"name": "Ada", "plan": "set"}) == [leaf("name", "Ada"), leaf("plan", "set")]
    assert wire({"property": "house", "city": "Bonn"}) == [leaf("property", "house"), leaf("city", "Bonn")]
    own = {"key": "k", "value": "x", "id": "a", "conditionHash": "f00", "bytecode": ["_H", 1], "operator": "exact"}
    assert wire(own) == [own | {"type": "person"}]


@pytest.mark.parametrize(
    ("saved", "sent"),
    [
        # A flat list, with what older versions of the application left out.
        (
            [{"key": "$browser", "value": ["Chrome"], "operator": None, "type": "person"}],
            [{"key": "$browser", "value": ["Chrome"], "operator": None, "type": "person"}],
        ),
        # The group of groups that it writes today.
        (
            {"type": "AND", "values": [{"type": "AND", "values": [{"key": "plan", "value": "pro", "type": "person"}]}]},
            [{"key": "plan", "value": "pro", "type": "person"}],
        ),
        (
            [{"key": "id", "value": 8, "operator": "in", "type": "cohort", "cohort_name": "Friends"}],
            [{"key": "id", "value": 8, "operator": "in", "type": "cohort", "cohort_name": "Friends"}],
        ),
        (
            [{"key": "id", "value": 8, "operator": None, "type": "cohort", "negation": True}],
            [{"key": "id", "value": 8, "operator": None, "type": "cohort", "negation": True}],
        ),
        (
            [{"key": "email", "value": "is_not_set", "operator": "is_not_set", "type": "person"}],
            [{"key": "email", "operator": "is_not_set", "type": "person"}],
        ),
        (
            [{"key": "$internal", "value": [True], "operator": "is_not", "type": "person"}],
            [{"key": "$internal", "value": ["true"], "operator": "is_not", "type": "person"}],
        ),
        (
            [{"key": "text", "value": ["Buy"], "operator": "exact", "type": "element"}],
            [{"key": "text", "value": ["Buy"], "operator": "exact", "type": "element"}],
        ),
        (
            [{"key": "k", "value": "v", "operator": "exact", "type": "group", "group_type_index": 0,
              "group_key_names": {"v": "Vee"}}],
            [{"key": "k", "value": "v", "operator": "exact", "type": "group", "group_type_index": 0,
              "group_key_names": {"v": "Vee"}}],
        ),
        (
            [{"key": "beta", "value": True, "operator": "flag_evaluates_to", "type": "flag"}],
            [{"key": "beta", "value": True, "operator": "flag_evaluates_to", "type": "flag"}],
        ),
        (
            [{"key": "$pageview", "value": "performed_event", "type": "behavioral", "event_type": "events",
              "time_value": "30", "time_interval": "day", "operator": "gte", "operator_value": 5, "negation": False}],
            [{"key": "$pageview", "value": "performed_event", "type": "behavioral", "event_type": "events",
              "time_value": "30", "time_interval": "day", "operator": "gte", "operator_value": 5, "negation": False}],
        ),
    ],
)  # fmt: skip
def test_what_the_web_application_saves_goes_in_as_it_is(saved: Any, sent: Any) -> None:
    assert wire(saved) == sent
    assert wire(sent) == sent


@pytest.mark.parametrize(
    ("saved", "says"),
    [
        ({"properties": {"type": "AND", "values": []}}, "pass what stands under 'properties'"),
        ({"properties": [{"key": "k", "value": 1}], "events": []}, "pass what stands under 'properties'"),
        ({"filters": [{"key": "k", "value": 1}]}, "pass what stands under 'filters'"),
        ({"filterGroup": {"type": "AND", "values": []}}, "pass what stands under 'filterGroup'"),
        ({"filter_groups": [{"key": "k", "value": 1}]}, "pass what stands under 'filter_groups'"),
        ({"values": [{"key": "k", "value": 1}], "id": 7}, "pass what stands under 'values'"),
        ({"$browser__icontains": "Chrome"}, "where"),
        ([[{"key": "k", "value": 1}]], "outer list"),
        ({"key": "k", "value": None, "operator": "exact", "type": "person"}, "is_not_set"),
        ({"key": "k", "value": ["a", "b"], "operator": "icontains", "type": "person"}, "join them with |"),
        ({"key": "age", "type": "number", "operator": "gt", "value": 10}, "unknown filter type"),
    ],
)
def test_what_else_is_saved_is_refused_with_a_reason(saved: Any, says: str) -> None:
    with pytest.raises((TypeError, ValueError)) as caught:
        wire(saved)
    assert says in str(caught.value)


NOW = datetime(2026, 3, 31, 12, 30, 15, 999, tzinfo=timezone(timedelta(hours=2)))


@pytest.mark.parametrize(
    ("given", "moment", "day"),
    [
        ("-30s", "2026-03-31T10:29:45+00:00", None),
        ("5M", "2026-03-31T10:25:15+00:00", None),
        ("-36h", "2026-03-29T22:30:15+00:00", None),
        ("-7d", "2026-03-24T10:30:15+00:00", "2026-03-24"),
        ("-2w", "2026-03-17T10:30:15+00:00", "2026-03-17"),
        ("-1m", "2026-02-28T10:30:15+00:00", "2026-02-28"),
        ("-3m", "2025-12-31T10:30:15+00:00", "2025-12-31"),
        ("-16m", "2024-11-30T10:30:15+00:00", "2024-11-30"),
        ("-1q", "2025-12-30T10:30:15+00:00", "2025-12-30"),
        ("-2q", "2025-09-30T10:30:15+00:00", "2025-09-30"),
        ("-2y", "2024-03-31T10:30:15+00:00", "2024-03-31"),
        ("-0d", "2026-03-31T10:30:15+00:00", "2026-03-31"),
    ],
)
def test_relative_dates_become_absolute(given: str, moment: str, day: str | None) -> None:
    for operator in ("is_date_before", "is_date_after"):
        assert absolute(wire(prop("k").where(operator, given)), lambda: NOW) == [leaf("k", moment, operator)]
    found = absolute(wire(prop("k").date_exact(given)), lambda: NOW)
    assert found == [leaf("k", day or moment, "is_date_exact")]


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="the time zone of a process can be set on POSIX only")
def test_relative_dates_become_absolute_in_utc(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "Asia/Tokyo")
        time.tzset()
        found = absolute(wire(prop("k").before("-7d")), lambda: NOW)
    time.tzset()
    assert found == [leaf("k", "2026-03-24T10:30:15+00:00", "is_date_before")]


def test_absolute_leaves_everything_else() -> None:
    assert absolute(None, lambda: NOW) is None
    plain = [leaf("k", "-7d"), leaf("k", "2026-01-01", "is_date_before"), leaf("k", "-7d", "icontains")]
    assert absolute(plain, lambda: NOW) == plain
    nested = absolute(wire(prop("k").before("-1d") | A), lambda: NOW)
    assert nested == {"type": "OR", "values": [leaf("k", "2026-03-30T10:30:15+00:00", "is_date_before"), a]}
    with pytest.raises(ValueError, match=r"^properties: .* lies before the year 1; use a smaller number$"):
        absolute(wire(prop("k").before("-9999y")), lambda: NOW)
    assert absolute(wire(prop("k").before("-1m")), lambda: datetime(2024, 3, 30, tzinfo=UTC)) == [
        leaf("k", "2024-02-29T00:00:00+00:00", "is_date_before")
    ]


def test_mappings() -> None:
    assert wire({"plan": "pro", "n": [1, 2]}) == [leaf("plan", "pro"), leaf("n", [1, 2])]
    assert wire(MappingProxyType({"plan": "pro"})) == [leaf("plan", "pro")]
    assert wire({"on": date(2026, 1, 31)}) == [leaf("on", "2026-01-31", "is_date_exact")]
    assert wire([{"plan": "pro", "n": 1}, A]) == [leaf("plan", "pro"), leaf("n", 1), a]
    assert wire({"plan": "pro"}, default_type="event") == [leaf("plan", "pro", type="event")]
    # Names of the API's fields are names of properties where they cannot be a filter or a group.
    assert wire({"type": "premium", "n": 1}) == [leaf("type", "premium"), leaf("n", 1)]
    assert wire({"value": 1}) == [leaf("value", 1)]
    assert wire({"operator": "Vodafone"}) == [leaf("operator", "Vodafone")]
    assert wire({"utm__source": "x"}) == [leaf("utm__source", "x")]


@pytest.mark.parametrize("nothing", [None, [], (), {}, iter([]), {"type": "AND", "values": []}])
def test_no_filter(nothing: Any) -> None:
    assert wire(nothing) is None


def test_the_dicts_of_the_api() -> None:
    own = {"key": "plan", "value": "pro"}
    assert wire(own) == wire([own]) == wire({"type": "AND", "values": [own]}) == [own | {"type": "person"}]
    assert own == {"key": "plan", "value": "pro"}
    whole = {
        "key": "k",
        "value": ["x"],
        "operator": "is_not",
        "type": "event",
        "label": None,
        "newer": {"x": 1},
    }
    assert wire(whole) == [whole]
    assert wire({"key": "k", "operator": "is_set", "value": "is_set"}) == [
        {"key": "k", "operator": "is_set", "type": "person"}
    ]
    assert wire({"key": "k", "operator": None, "type": None, "value": 1}) == [leaf("k", 1) | {"operator": None}]
    hogql = {"key": "properties.x > 1", "type": "hogql", "value": None}
    assert wire([hogql, A]) == [hogql, a]
    group = {"type": "OR", "values": [own, {"type": "AND", "values": [A, {"plan": "free"}]}]}
    assert wire(group) == {
        "type": "OR",
        "values": [
            {"type": "AND", "values": [own | {"type": "person"}]},
            {"type": "AND", "values": [a, leaf("plan", "free")]},
        ],
    }
    assert wire({"type": "OR", "values": [own]}) == wire(own)


@pytest.mark.parametrize(
    ("properties", "error", "says"),
    [
        ({"key": "plan"}, ValueError, r"^properties: .*prop\('key'\) == value"),
        ({"key": "x", "plan": "pro"}, ValueError, "^properties: "),
        ({"key": "plan", "value": 1, "opertor": "is_not"}, ValueError, r"^properties\.opertor: .*'operator'"),
        ({"key": "plan", "values": [1]}, ValueError, r"^properties\.values: .*'value'"),
        ({"key": "", "value": 1}, ValueError, r"^properties\.key: .*empty"),
        ({"key": 5, "value": 1}, TypeError, r"^properties\.key: "),
        ({"key": "plan", "value": 1, 7: 1}, TypeError, r"^properties\.7: "),
        ({"operator": "is_set"}, ValueError, "without key"),
        ({"key": "k", "operator": 5, "value": 1}, TypeError, r"^properties\.operator: "),
        ({"key": "k", "value": 1, "type": "persn"}, ValueError, r"^properties\.type: .*'person'"),
        ({"key": "k", "value": 1, "type": ""}, ValueError, r"^properties\.type: "),
        ({"key": "k", "value": 1, "type": 5}, TypeError, r"^properties\.type: "),
        ({"key": "k", "value": 1, "type": "group"}, ValueError, r"^properties\.group_type_index: "),
        ({"key": "k", "value": 1, "group_type_index": 0}, ValueError, r"^properties\.group_type_index: "),
        ({"values": [A]}, ValueError, "^properties: .*AND"),
        ({"type": "AND"}, ValueError, "^properties: .*AND"),
        ({"type": "or"}, ValueError, "^properties: "),
        ({"type": "and", "values": [A]}, ValueError, r"^properties\.type: .*AND, OR"),
        ({"type": "XOR", "values": [A]}, ValueError, r"^properties\.type: "),
        ({"type": None, "values": [A]}, TypeError, r"^properties\.type: "),
        ({"type": "OR", "values": []}, ValueError, r"^properties\.values: .*empty"),
        ({"type": "OR", "values": {"plan": "pro"}}, TypeError, r"^properties\.values: .*list"),
        ({"type": "OR", "values": [A], "plan": "pro"}, ValueError, "^properties: .*'plan'"),
        ({"type": "OR", "values": [A, {}]}, ValueError, r"^properties\.values\[1\]: .*empty"),
        ({"type": "OR", "values": [A, None]}, TypeError, r"^properties\.values\[1\]: "),
        ({"type": "AND", "values": [{"type": "OR", "values": []}]}, ValueError, r"values\[0\]\.values: .*empty"),
        ({"": 1}, ValueError, "^properties: .*empty"),
        ({5: 1}, TypeError, "^properties: .*int"),
        ({"plan": {"operator": "gt"}}, TypeError, r"^properties\['plan'\]: "),
        ({"plan": prop("plan") == 1}, TypeError, r"^properties\['plan'\]: "),
        ({"email__icontains": "x"}, ValueError, r"prop\('email'\)\.where\('icontains', value\)"),
        ([None], TypeError, r"^properties\[0\]: "),
        ([A, [B]], TypeError, r"^properties\[1\]: .*outer list"),
        ([prop("x")], TypeError, r"^properties\[0\]: .*is_set\(\)"),
        (prop("x"), TypeError, "^properties: "),
        ('[{"key": "x"}]', TypeError, "^properties: .*JSON"),
        (["plan"], TypeError, r"^properties\[0\]: "),
        (b"", TypeError, "^properties: "),
        (5, TypeError, "^properties: "),
    ],
)
def test_refused(properties: Any, error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        wire(properties)


def test_the_place_starts_with_the_argument() -> None:
    with pytest.raises(ValueError, match=r"^events\[0\]\.properties\[1\]\.operator: "):
        wire([A, {"key": "x", "operator": "nope"}], argument="events[0].properties")


@pytest.mark.parametrize("huge", ["x" * 100_000, 10**6000], ids=["text", "number"])
def test_messages_stay_short(huge: object) -> None:
    for entry in (
        {"key": "k", "operator": huge, "value": 1},
        {"key": "k", "operator": "is_set", "value": huge},
        {"key": "k", "operator": "is_date_exact", "value": huge},
        {"key": "k", "operator": "semver_eq", "value": huge},
        {"key": "k", "type": "group", "group_type_index": [huge], "value": 1},
        {"key": "id", "type": "cohort", "value": huge},
        {"k": {"x": huge}},
        [huge],
    ):
        with pytest.raises((TypeError, ValueError), match=r"^properties") as caught:
            wire(entry)
        assert len(str(caught.value)) < 900


def test_endless_groups() -> None:
    group: dict[str, Any] = {"type": "OR", "values": []}
    group["values"].append(group)
    with pytest.raises(ValueError, match="20 deep"):
        wire(group)


def test_types_of_filters() -> None:
    assert wire(prop("k", "event") == 1) == [leaf("k", 1, type="event")]
    grouped = [leaf("k", 1, type="group") | {"group_type_index": 0}]
    assert wire(prop("k", group_type_index=0) == 1) == wire(prop("k", "group", group_type_index=0) == 1) == grouped
    assert wire(prop("id", "cohort") == 5) == [leaf("id", 5, type="cohort")]
    assert wire(prop("id", "cohort") != 5) == [leaf("id", 5, "not_in", "cohort")]
    assert wire(prop("id", "cohort").where("in", "5")) == [leaf("id", "5", "in", "cohort")]


@pytest.mark.parametrize(
    ("make", "error", "says"),
    [
        (lambda: prop(""), ValueError, "empty"),
        (lambda: prop(5), TypeError, "int"),  # type: ignore[arg-type]
        (lambda: prop("k", "persn"), ValueError, "'person'"),
        (lambda: prop("k", "group"), ValueError, "number of its kind"),
        (lambda: prop("k", group_type_index=-1), ValueError, "0 or more"),
        (lambda: prop("k", group_type_index=True), ValueError, "0 or more"),
        (lambda: prop("k", "person", group_type_index=0), ValueError, "leave it out"),
        (lambda: prop("id", "cohort").regex("x"), ValueError, "cohort"),
        (lambda: prop("id", "cohort") == [5], TypeError, "list"),
        (lambda: prop("id", "cohort") == "friends", ValueError, "number of a cohort"),
        (lambda: prop("k") != date(2026, 1, 1), TypeError, "use ==, < or >"),
        (lambda: prop("k") >= datetime(2026, 1, 1, tzinfo=UTC), TypeError, "use ==, < or >"),
        (lambda: prop("k").is_in("pro"), TypeError, "write .value. for one"),
        (lambda: prop("k").not_in(5), TypeError, "write .value. for one"),  # type: ignore[arg-type]
        (lambda: prop("k").icontains_multi("pro"), TypeError, "list of values"),
        (lambda: prop("k").is_in({"x": 1}), TypeError, "list of values"),
        (lambda: FilterGroup("AND", ()), TypeError, "one filter or more"),
        (lambda: FilterGroup("NOT", (A,)), ValueError, "AND, OR"),
        (lambda: Filter("k", "regex", 5), TypeError, "text"),
    ],
)
def test_refused_at_once(make: Callable[[], object], error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        make()


def truth_values() -> Iterator[Callable[[], object]]:
    yield lambda: A and B
    yield lambda: A or B
    yield lambda: not A
    yield lambda: not (A | B)
    yield lambda: 1 < prop("k") < 3
    yield lambda: bool(prop("k"))
    yield lambda: (prop("a") == 1) & {"key": "x"}  # type: ignore[operator]
    yield lambda: A | prop("b")  # type: ignore[operator]
    yield lambda: prop("a") == 1 & prop("b") == 2  # type: ignore[operator]
    yield lambda: "x" in prop("k")  # type: ignore[arg-type]
    yield lambda: prop("k") in [prop("k"), 1]
    yield lambda: {prop("k")}


@pytest.mark.parametrize("use", list(truth_values()))
def test_what_python_would_misread(use: Callable[[], object]) -> None:
    with pytest.raises(TypeError):
        use()


def test_the_truth_value_says_what_to_use() -> None:
    with pytest.raises(TypeError, match=r"& and \|"):
        bool(A)
    with pytest.raises(TypeError, match="in parentheses"):
        assert prop("a") == 1 & prop("b")  # type: ignore[operator]


def test_filters_are_immutable_values() -> None:
    for condition in (A, A | B):
        with pytest.raises(AttributeError):
            condition.type = "x"  # type: ignore[misc]
        assert pickle.loads(pickle.dumps(condition)) == copy.deepcopy(condition) == condition
        assert isinstance(condition, Condition)
    assert {A, prop("a") == 1, B} == {A, B}
    assert A != B
    assert A != "x"
    assert len({prop("a") == 1, prop("a") == 1.0, prop("a") == True}) == 3  # noqa: E712 - three filters
    values = ["x"]
    kept = prop("a") == values
    values.append("y")
    assert wire(kept)[0]["value"] == ["x"]


scalars = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"])),
    st.booleans(),
    st.integers(-(2**63), 2**64 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
)
keys = st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(lambda key: "__" not in key)


@quick
@given(keys, scalars)
def test_values_pass_byte_for_byte(key: str, value: object) -> None:
    sent = json.loads(json.dumps(wire(prop(key) == value)))
    expected = str(value).lower() if isinstance(value, bool) else value
    assert sent == [leaf(key, expected)]
    assert repr(sent[0]["value"]) == repr(expected)
    if key not in ("key", "values", "type"):
        assert json.loads(json.dumps(wire({key: value}))) == sent


few = st.sampled_from(["a", "b", "c"])
conditions: st.SearchStrategy[Condition] = st.recursive(
    st.builds(
        lambda key, value, equal: prop(key) == value if equal else prop(key) != value,
        few | keys,
        st.sampled_from([1, 2, 1.0, "1", True, "true", ""]) | scalars | st.lists(scalars, min_size=1, max_size=3),
        st.booleans(),
    ),
    lambda inner: st.builds(lambda x, y, both: x & y if both else x | y, inner, inner, st.booleans()),
    max_leaves=8,
)


def equalities(condition: Condition) -> Iterator[str]:
    """Each pair of a property and a value, as it is sent, that a condition compares."""
    if isinstance(condition, FilterGroup):
        for part in condition.values:
            yield from equalities(part)
    else:
        (sent,) = wire(condition)
        yield from pairs(sent)


def pairs(sent: dict[str, Any]) -> list[str]:
    values = sent["value"] if isinstance(sent["value"], list) else [sent["value"]]
    return [json.dumps([sent["key"], value]) for value in values]


def holds(sent: Any, truth: dict[str, bool]) -> bool:
    if "values" not in sent:
        # `exact` with a list: one of them; `is_not`: none of them.
        return any(truth[pair] for pair in pairs(sent)) is (sent["operator"] == "exact")
    groups = ["values" in part for part in sent["values"]]
    assert all(groups) or not any(groups), "filters and groups side by side"
    return (all if sent["type"] == "AND" else any)([holds(part, truth) for part in sent["values"]])


def meant(condition: Condition, truth: dict[str, bool]) -> bool:
    if isinstance(condition, FilterGroup):
        return (all if condition.type == "AND" else any)([meant(part, truth) for part in condition.values])
    return holds(wire(condition)[0], truth)


@quick
@given(conditions, st.data())
def test_the_wire_form_means_what_was_joined(condition: Condition, data: st.DataObject) -> None:
    truth = {name: data.draw(st.booleans()) for name in sorted(set(equalities(condition)))}
    sent = wire(condition)
    sent = {"type": "AND", "values": sent} if isinstance(sent, list) else sent
    assert holds(sent, truth) == meant(condition, truth)
    assert wire(sent) == wire(condition)  # what is sent can be given again
    assert eval(repr(condition), {"prop": prop}) == condition


junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.binary(max_size=3) | st.dates(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["key", "value", "values", "type", "operator", "plan", "group_type_index"])
            | st.text(max_size=3),
            inner | st.sampled_from(["AND", "OR", "exact", "regex", "is_set", "person", "group"]),
            max_size=4,
        )
    ),
    max_leaves=10,
)


@settings(quick, max_examples=300)
@given(junk)
def test_anything_is_sent_as_json_or_refused(properties: Any) -> None:
    try:
        sent = wire(properties)
    except (TypeError, ValueError) as error:
        assert str(error).startswith("properties")  # noqa: PT017 - both outcomes are right
    else:
        json.dumps(sent)


NEWER = "What only a newer server knows can be sent through extra_query or extra_body."
NOT_A_DATE = "expected a date, a datetime or text such as '2026-01-31', '2026-01-31T10:00:00Z' or '-7d'"
PLAIN = "expected text, a number, a bool or a UUID, or a list of these where the operator takes one"
DATES = "use .date_exact(), .before() or .after(), in a dict the operators is_date_exact, _before, _after"


class Unlike(datetime):
    """Like the NaT of pandas: a datetime that is unlike itself."""

    def date(self) -> Any:
        return float("nan")

    def __repr__(self) -> str:
        return "NaT"


@pytest.mark.parametrize(
    ("operator", "value", "said"),
    [
        ("icontains", True, "expected text or a number, got bool; use exact"),
        (
            "icontains",
            ["a"],
            (
                "expected one value, got a list, by which older servers find the wrong persons; write one filter for "
                "each value and join them with |, which means any of them (in the API's own dicts: "
                "{'type': 'OR', 'values': [...]})"
            ),
        ),
        ("regex", 5, "expected text, got int; write it as a str"),
        ("in", "a", "expected a list of values, got str; write [value] for one"),
        ("in", [], "the list is empty, by which servers find nobody; give one value at least, or no filter"),
        ("exact", object, f"a type does not go with this operator; {PLAIN}"),
        ("gte", date(2026, 1, 31), f"a date does not go with this operator; {DATES}"),
        ("exact", None, "None is not compared with; ask is_not_set (or is_set) instead"),
        ("is_date_before", 5, f"5 is not a date; {NOT_A_DATE}"),
        ("is_date_before", "soon", f"'soon' is not a date; {NOT_A_DATE}"),
        ("is_date_before", Unlike(2026, 1, 1), f"NaT is not a date; {NOT_A_DATE}"),
        ("is_date_before", "x" * 58, f"'{'x' * 58}' is not a date; {NOT_A_DATE}"),
        ("is_date_before", "x" * 59, f"'{'x' * 58}… is not a date; {NOT_A_DATE}"),
        ("semver_eq", "one", "'one' is not a version; expected one such as '1.2.3', or '1.2.*' as a wildcard"),
        ("between", [2, 1], "expected two numbers with the smaller one first, such as [1, 10]; got [2, 1]"),
        ("is_set", 5, "is_set takes none, got 5; leave it out or use the opposite"),
        ("gt", 2**64, "the number has more digits than JSON numbers keep; give it as text"),
        ("gt", -(2**63) - 1, "the number has more digits than JSON numbers keep; give it as text"),
        ("gt", Decimal(12345678901234567890), None),
        ("gt", Decimal("1e19"), "the number has more digits than JSON numbers keep; give it as text"),
    ],
)
def test_what_a_refusal_of_a_value_says(operator: str, value: object, said: str | None) -> None:
    with pytest.raises((TypeError, ValueError)) as caught:
        prop("x").where(operator, value)
    if said is not None:
        assert str(caught.value) == f"prop('x').value: {said}"


def test_what_other_refusals_say() -> None:
    def refusal(make: Callable[[], object]) -> str:
        with pytest.raises((TypeError, ValueError)) as caught:
            make()
        return str(caught.value)

    assert refusal(lambda: prop("x").where("between", [True, "b"])).startswith("prop('x').value: expected two numbers")
    assert refusal(lambda: prop("x").where("in", [object])).startswith("prop('x').value[0]: a type does not go")
    assert refusal(lambda: prop("x").where("between", [object, 1])).startswith("prop('x').value[0]: a type does not go")
    for written in ("contains", " Contains", "CONTAINS "):
        assert refusal(lambda written=written: prop("x").where(written, "a")) == (  # type: ignore[misc]
            f"prop('x').operator: unknown operator {written!r}, which a server would ignore or drop in silence;"
            f" did you mean 'icontains'? {NEWER}"
        )
    assert refusal(lambda: prop("x", "persn")) == (
        "prop('x').type: unknown filter type 'persn', which a server would ignore or drop in silence;"
        f" did you mean 'person'? {NEWER}"
    )
    # A word that means an operator means nothing where a type is asked for.
    assert "did you mean" not in refusal(lambda: prop("x", "nin"))
    assert refusal(lambda: FilterGroup("both", (A,))).startswith("FilterGroup.type: unknown way to join 'both', which")
    assert refusal(lambda: FilterGroup("both", (A,))).endswith(f"; expected one of AND, OR. {NEWER}")
    assert refusal(lambda: FilterGroup(5, (A,))) == (  # type: ignore[arg-type]
        "FilterGroup.type: expected text, got int; use one of AND, OR"
    )
    assert refusal(lambda: FilterGroup("AND", ())) == (
        "FilterGroup.values: expected one filter or more, such as prop('plan') == 'pro'"
    )
    assert refusal(lambda: A & {}) == (  # type: ignore[operator]
        "& and | join filters made with prop(), each in parentheses; got dict. The API's own dicts are joined by"
        " {'type': 'AND' or 'OR', 'values': [...]}"
    )
    assert refusal(lambda: bool(prop("x"))) == (
        "prop('x') alone is no filter; compare it, each comparison in parentheses because & and | bind tighter:"
        " (prop('a') == 1) & (prop('b') == 2)"
    )
    assert refusal(lambda: bool(A)) == (
        "a property filter has no truth value: join filters with & and |, each in parentheses, not with `and` and"
        " `or`; for `not` use the opposite operator, and for a < x < b write (prop('x') > a) & (prop('x') < b)"
    )
    assert refusal(lambda: prop("x", "group", group_type_index=-1)) == (
        "prop('x').group_type_index: the type 'group' needs the number of its kind, 0 or more; got -1"
    )
    assert refusal(lambda: prop("x", "cohort") == "abc") == (
        "prop('x').value: 'abc' is not the number of a cohort; expected one such as 42"
    )
    for make in (lambda: prop("\ud800"), lambda: Filter("\ud800", "exact", 1)):
        assert refusal(make) == "prop(): has a lone surrogate, which is not valid Unicode; remove it"
    assert (
        refusal(lambda: Filter("", "exact", 1))
        == "prop(): the name of the property is empty; expected one such as 'email'"
    )


GROUP = "expected {'type': 'AND' or 'OR', 'values': [...]}"


@pytest.mark.parametrize(
    ("properties", "said"),
    [
        (
            {"plan": {"operator": "gt"}},
            ("['plan']: expected a plain value, got {'operator': 'gt'}; pass a list of filters instead"),
        ),
        ({"plan": prop("a")}, "['plan']: expected a plain value, got prop('a'); pass a list of filters instead"),
        (
            {"utm__source__icontains": "x"},
            ("['utm__source__icontains']: names no operator here; write prop('utm__source').where('icontains', value)"),
        ),
        ({5: 1}, ": the name of a property is text, not int; write it as a str"),
        ({"key": 5, "value": 1}, ".key: the name of a property is text, not int; write it as a str"),
        (
            {"key": "k", "operator": "gt", "value": [1]},
            (
                ".value: expected one value, got a list, by which older servers find the wrong persons; write one "
                "filter for each value and join them with |, which means any of them (in the API's own dicts: "
                "{'type': 'OR', 'values': [...]})"
            ),
        ),
        ({"n": [None]}, "['n'].value[0]: None is not compared with; ask is_not_set (or is_set) instead"),
        (
            {"key": "plan"},
            (
                ": a filter of the API, or a property named 'key'? Add 'value' or 'operator' if a filter, "
                "else write prop('key') == value"
            ),
        ),
        (
            {"key": "plan", "value": 1, "opertor": "is_not"},
            (
                ".opertor: unknown field 'opertor', which a server would "
                f"ignore or drop in silence; did you mean 'operator'? {NEWER}"
            ),
        ),
        (
            {"key": "plan", "value": 1, 7: 1},
            (
                ".7: expected text, got int; use one of key, value, operator, type, "
                "group_type_index, label, cohort_name, negation"
            ),
        ),
        (
            {"key": "email", "value": "x", "how": "contains"},
            (
                ".how: 'contains' names an operator, but the field for it is 'operator'; a server would ignore this "
                "one, and compare exactly; write 'operator': 'icontains'"
            ),
        ),
        (
            {"property": "email", "op": "contains", "Value": "x"},
            (
                ": looks like a filter, but 'property', 'op', 'Value' are not the fields of the API's; write {'key': "
                "'email', 'operator': 'icontains', 'value': ...}. If they name properties, write prop('property') == "
                "value, and so on"
            ),
        ),
        (
            {"name": "email", "values": ["x"]},
            (
                ": looks like a filter, but 'name', 'values' are not the fields of the API's; write {'key': 'email', "
                "'operator': 'exact', 'value': ...}. If they name properties, write prop('name') == value, and so on"
            ),
        ),
        (
            {"email": "x", "op": "regex"},
            (
                ": looks like a filter, but 'email', 'op' are not the fields of the API's; write {'key': ..., "
                "'operator': 'regex', 'value': ...}. If they name properties, write prop('email') == value, and so on"
            ),
        ),
        ({"operator": "is_set"}, ": a filter of the API without key; add 'key', the name of the property"),
        ([{}], "[0]: the mapping is empty; expected a name and a value such as {'plan': 'pro'}"),
        (
            {"values": [A], "type": "OR", "plan": 1},
            (
                ": has the fields 'values', 'type', 'plan': a group, or names of "
                f"properties? {GROUP}, or name properties by prop('type') == value"
            ),
        ),
        (
            {"type": "XOR", "values": [A]},
            (
                ".type: unknown way to join 'XOR', which a server would ignore or drop in "
                f"silence; expected one of AND, OR. {NEWER}"
            ),
        ),
        ({"type": "OR", "values": {"plan": "pro"}}, f".values: {GROUP}, got dict; put the filters into a list"),
        (
            {"type": "OR", "values": []},
            (f".values: empty, which a server reads as no filter; {GROUP} with one filter or more"),
        ),
        (
            [[A]],
            (
                "[0]: expected a filter such as prop('plan') == 'pro', a mapping or a list of these, got list; "
                "put its filters into the outer list (AND), or join them with |"
            ),
        ),
        (
            "[]",
            (
                ": expected a filter such as prop('plan') == 'pro', a mapping or a list of these, got str; "
                "pass the objects themselves, not their JSON"
            ),
        ),
        (
            [None],
            (
                "[0]: expected a filter such as prop('plan') == 'pro', a mapping or a list of these, got NoneType; "
                "leave it out"
            ),
        ),
        (prop("x"), ": prop('x') is compared with nothing; write prop('x') == value or prop('x').is_set()"),
        (
            {"key": "k", "value": 1, "group_type_index": 0},
            (".group_type_index: goes with the type 'group' only, not 'person'; leave it out or change the type"),
        ),
        (
            {"key": "k", "value": 1, "type": "cohort", "operator": "gt"},
            (".operator: 'gt' does not go with a cohort; expected 'in' or 'not_in'"),
        ),
    ],
)
def test_what_a_refusal_of_a_mapping_says(properties: Any, said: str) -> None:
    with pytest.raises((TypeError, ValueError)) as caught:
        wire(properties)
    assert str(caught.value) == f"properties{said}"


def test_what_a_refusal_of_a_list_in_place_of_values_says() -> None:
    no_list: Any
    for no_list in ("pro", 5):
        with pytest.raises(TypeError) as caught:
            prop("k").is_in(no_list)
        assert str(caught.value) == "prop('k'): expected a list of values; write [value] for one"
    with pytest.raises(TypeError) as caught:
        assert prop("k") >= date(2026, 1, 31)
    assert str(caught.value) == "prop('k') >= datetime.date(2026, 1, 31): no operator of the API; use ==, < or >"


def test_what_is_written_in_another_language_passes_as_it_is() -> None:
    for kind in ("hogql", "behavioral"):
        own = {"key": "properties.x > 1", "type": kind, "value": {"of": ["its", "own"]}}
        assert wire([own]) == [own]


def test_a_place_is_in_properties_unless_another_argument_is_named() -> None:
    with pytest.raises(ValueError, match=r"^properties\[0\]: the mapping is empty"):
        filters_to_wire([{}], default_type="person")
    with pytest.raises(ValueError, match=r"^events\[0\]: the mapping is empty"):
        filters_to_wire([{}], default_type="person", argument="events")


def test_groups_may_be_twenty_deep() -> None:
    def nested(depth: int) -> Any:
        inner: Any = A
        for level in range(depth):
            inner = {"type": "OR" if level % 2 else "AND", "values": [inner, B]}
        return inner

    assert wire(nested(21))
    with pytest.raises(ValueError) as caught:
        wire(nested(22))
    assert str(caught.value) == (
        "properties.values[0].values[0].values[0]…: groups are nested more than 20 deep; flatten them"
    )


@pytest.mark.parametrize("module", ["decimal", "uuid"])
def test_a_class_that_nobody_has_imported_has_no_values(module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, module)
    with pytest.raises(TypeError, match="a object does not go with this operator"):
        assert prop("k") == object()


def test_the_limits_of_numbers_are_in() -> None:
    for number in (2**64 - 1, -(2**63)):
        assert (prop("x") > number).value == number
    assert (prop("x") > Decimal(1234567890123456789)).value == 1234567890123456789
    assert (prop("x").where("between", [3, 3])).value == (3, 3)


@pytest.mark.parametrize(
    ("moment", "sent"),
    [
        (datetime(2026, 1, 31, 10), "2026-01-31T10:00:00"),
        (datetime(2026, 1, 31, 10, tzinfo=UTC), "2026-01-31T10:00:00+00:00"),
        (datetime(2026, 1, 31, 10, tzinfo=timezone(timedelta(hours=5, minutes=30))), "2026-01-31T10:00:00+05:30"),
        (datetime(2026, 1, 31, 10, tzinfo=timezone(timedelta(minutes=1))), "2026-01-31T10:00:00+00:01"),
        (datetime(1850, 1, 1, tzinfo=timezone(timedelta(seconds=-75))), "1850-01-01T00:01:15+00:00"),
        (datetime(1850, 1, 1, tzinfo=timezone(timedelta(seconds=61))), "1849-12-31T23:58:59+00:00"),
    ],
)
def test_moments(moment: datetime, sent: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    try:
        assert prop("x").before(moment).value == sent
    finally:
        monkeypatch.undo()
        time.tzset()


def test_a_set_is_sent_in_one_order_and_a_list_in_its_own() -> None:
    assert prop("x").is_in({"b", "a", "c"}).value == ("a", "b", "c")
    assert prop("x").is_in(frozenset([2, "1", 10])).value == ("1", 10, 2)
    assert prop("x").is_in(["b", "a"]).value == ("b", "a")


@pytest.mark.parametrize(
    "text",
    [
        "prop('x') == 1",
        "prop('x') != 'a'",
        "prop('x', 'event') <= 1.5",
        "prop('x', 'group', group_type_index=2) > 5",
        "prop('x').is_in(['a', 1])",
        "prop('x').not_in(['a'])",
        "prop('x').date_exact('2026-01-31')",
        "prop('x').before('-7d')",
        "prop('x').after('-7d')",
        "prop('x').is_set()",
        "prop('x').icontains('a')",
        "prop('x').icontains_multi(['a', 'b'])",
        "prop('x').where('not_in', ['a'])",
        "prop('x').where('in', ['a'])",
        "prop('x').where('semver_eq', '1.2')",
        "prop('x').where('between', [1, 2])",
        "(prop('x') == 1) & (prop('y') == 2)",
        "(prop('x') == 1) | (prop('y').is_set())",
    ],
)
def test_a_filter_shows_how_it_is_written(text: str) -> None:
    made = eval(text, {"prop": prop})
    assert repr(made) == text
    assert made == eval(text, {"prop": prop})
    assert hash(made) == hash(eval(text, {"prop": prop})) != hash(A)


def test_groups_that_join_alike_are_one() -> None:
    assert (A & B & C).values == (A, B, C)
    assert ((A | B) & C).values == (A | B, C)


def test_a_filter_equals_filters_alone() -> None:
    class Shown:
        def __repr__(self) -> str:
            return repr(A)

    assert Shown() != A
    assert A.__eq__(Shown()) is NotImplemented


def test_a_number_that_python_does_not_write_out_is_named() -> None:
    with pytest.raises(ValueError, match="is_set takes none, got a huge number; leave it out"):
        prop("x").where("is_set", 10**5000)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("exct", "exact"),
        ("Is Set", "is_set"),
        ("is date before", "is_date_before"),
        ("zzz", None),
        ("is dt aftr", "is_date_after"),
        ("is_nice", None),
    ],
)
def test_the_nearest_word_is_named(written: str, meant: str | None) -> None:
    with pytest.raises(ValueError, match="unknown operator") as caught:
        prop("x").where(written, 1)
    said = f"did you mean {meant!r}? " if meant else "; expected one of exact, is_not, "
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("written", "meant"),
    [("==", "exact"), (">=", "gte"), ("Equals", "exact"), (" is ", "exact"), ("not", "is_not"), ("like", "icontains"),
     ("Matches", "regex"), ("exists", "is_set"), ("is_null", "is_not_set"), ("BEFORE", "is_date_before"),
     ("is_in", "in"), ("nin", "not_in")],
)  # fmt: skip
def test_the_words_of_others_are_known(written: str, meant: str) -> None:
    with pytest.raises(ValueError, match="unknown operator") as caught:
        prop("x").where(written, 1)
    assert f"did you mean {meant!r}? " in str(caught.value)


def test_an_operator_that_takes_nothing_may_come_with_an_empty_text() -> None:
    bare = {"key": "x", "operator": "is_set", "type": "person"}
    for value in ("", "is_set", True, None):
        assert wire([bare | {"value": value}]) == [bare]
    with pytest.raises(ValueError, match="is_set takes none, got 'XXXX'"):
        wire([bare | {"value": "XXXX"}])


def test_light_to_import() -> None:
    code = "import sys; import posthog_environments.query.filters; print([m for m in {!r} if m in sys.modules])"
    heavy = ["difflib", "decimal", "uuid", "httpx", "dateutil", "attrs", "json"]
    # What measures the tests imports some of them itself.
    environ = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    command = [sys.executable, "-c", code.format(heavy)]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
