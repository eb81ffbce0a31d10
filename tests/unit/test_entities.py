"""Events and actions to count: what each form becomes on the wire, and what is refused with which words."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posthog_environments.query.filters import prop
from posthog_environments.query.series import Entity, action, entities_to_wire, event, series_to_wire

if TYPE_CHECKING:
    from collections.abc import Callable

quick = settings(deadline=None, derandomize=True, max_examples=200)


def wire(entities: Any, kind: Literal["events", "actions"] = "events") -> Any:
    return entities_to_wire(entities, kind=kind)


@pytest.mark.parametrize(
    ("events", "sent"),
    [
        ("$pageview", [{"id": "$pageview"}]),
        (["a", "b"], [{"id": "a"}, {"id": "b"}]),
        (("a", "a"), [{"id": "a"}, {"id": "a"}]),
        ((name for name in "ab"), [{"id": "a"}, {"id": "b"}]),
        ({"id": "a", "math": "dau"}, [{"id": "a", "math": "dau"}]),
        ([{"id": "a"}, "b", event("c")], [{"id": "a"}, {"id": "b"}, {"id": "c"}]),
        (event(None), [{"id": None}]),
        ({"id": None}, [{"id": None}]),
        (event("a", math="dau"), [{"id": "a", "math": "dau"}]),
        (event("a", math="sum", math_property="x"), [{"id": "a", "math": "sum", "math_property": "x"}]),
        (event("a", math="hogql", math_hogql="count()"), [{"id": "a", "math": "hogql", "math_hogql": "count()"}]),
        (
            event("a", math="unique_group", math_group_type_index=0),
            [{"id": "a", "math": "unique_group", "math_group_type_index": 0}],
        ),
        (event("a", custom_name="A"), [{"id": "a", "custom_name": "A"}]),
        ("123", [{"id": "123"}]),
        ("[draft] \x00'\"é\U0001f600", [{"id": "[draft] \x00'\"é\U0001f600"}]),
        ({"id": "a", "math": "brand_new", "newer": [1]}, [{"id": "a", "math": "brand_new", "newer": [1]}]),
        (
            {"id": "a", "math": None, "math_property": None, "type": "events"},
            [{"id": "a", "math": None, "math_property": None, "type": "events"}],
        ),
    ],
)
def test_events(events: Any, sent: list[dict[str, Any]]) -> None:
    assert wire(events) == sent


@pytest.mark.parametrize(
    ("actions", "sent"),
    [
        (7, [{"id": 7}]),
        ("7", [{"id": 7}]),
        (
            [7, "8", action(9), {"id": "10", "math": "dau"}],
            [{"id": 7}, {"id": 8}, {"id": 9}, {"id": 10, "math": "dau"}],
        ),
        (action(7, math="avg", math_property="x"), [{"id": 7, "math": "avg", "math_property": "x"}]),
        ({"id": 2**63 - 1, "type": "actions"}, [{"id": 2**63 - 1, "type": "actions"}]),
    ],
)
def test_actions(actions: Any, sent: list[dict[str, Any]]) -> None:
    assert wire(actions, "actions") == sent


@pytest.mark.parametrize("nothing", [None, [], (), iter([])])
def test_nothing(nothing: Any) -> None:
    assert wire(nothing) is None
    assert wire(nothing, "actions") is None


def test_properties_are_filters_of_events() -> None:
    own = {"key": "plan", "operator": "exact", "type": "event", "value": "pro"}
    for properties in ({"plan": "pro"}, prop("plan") == "pro", [prop("plan") == "pro"], [own]):
        assert wire(event("a", properties=properties)) == [{"id": "a", "properties": [own]}]
        assert wire([{"id": "a", "properties": properties}]) == [{"id": "a", "properties": [own]}]
    assert wire({"id": "a", "properties": []}) == wire({"id": "a", "properties": {}}) == [{"id": "a"}]
    either = wire(event("a", properties=(prop("x") == 1) | (prop("y") == 2)))
    assert either[0]["properties"]["type"] == "OR"


def test_a_dict_is_not_changed() -> None:
    given = {"id": "a", "properties": {"plan": "pro"}}
    series_to_wire(given, 7)
    assert given == {"id": "a", "properties": {"plan": "pro"}}


def test_order_for_the_letters_of_a_formula() -> None:
    both = [{"id": "a", "order": 0}, {"id": "b", "order": 1}], [{"id": 7, "order": 2}]
    assert series_to_wire(["a", "b"], 7) == both
    given = [{"id": "a", "order": 1}, {"id": "b", "order": 0}]
    assert wire(given) == given
    assert series_to_wire(given, {"id": 7, "order": 5}) == (given, [{"id": 7, "order": 5}])
    assert series_to_wire("a", []) == ([{"id": "a"}], None)


@pytest.mark.parametrize(
    ("given", "hint"),
    [
        ("medain", "'median'"),
        ("totl", "'total'"),
        ("DAU", "'dau'"),
        ("weekly-active", "'weekly_active'"),
        ("average", "'avg'"),
        ("mean", "'avg'"),
        ("count", "'total'"),
        ("unique_users", "'dau'"),
        ("p50", "'median'"),
        ("avg_count_per_acter", "'avg_count_per_actor'"),
    ],
)
def test_misspelt_math(given: str, hint: str) -> None:
    with pytest.raises(ValueError, match=r"^event\('a'\): math: ") as caught:
        event("a", math=given)
    assert f"did you mean {hint}?" in str(caught.value)
    with pytest.raises(ValueError, match=r"^events\[1\]\.math: ") as caught:
        wire(["a", {"id": "a", "math": given}])
    assert f"did you mean {hint}?" in str(caught.value)


def test_new_math_goes_in_a_dict() -> None:
    with pytest.raises(ValueError, match="the API's own dict"):
        event("a", math="brand_new")
    sent = {"id": "a", "math": "brand_new", "math_property": "x"}
    assert wire(sent) == [sent]


@pytest.mark.parametrize("math", ["sum", "avg", "min", "max", "median", "p75", "p90", "p95", "p99"])
@pytest.mark.parametrize("without", [{}, {"math_property": None}, {"math_property": ""}])
def test_math_on_a_property_needs_one(math: str, without: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"^event\('a'\)\.math_property: missing.*; "):
        event("a", math=math, **without)
    with pytest.raises(ValueError, match=r"^events\.math_property: missing.*; "):
        wire({"id": "a", "math": math, **without})


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"math": "hogql"}, "math_hogql: missing"),
        ({"math": "unique_group"}, "math_group_type_index: missing"),
        ({"math_property": "x"}, "math_property: given"),
        ({"math": "dau", "math_property": "x"}, "math_property: given"),
        ({"math": "total", "math_hogql": "x"}, "math_hogql: given"),
        ({"math": "sum", "math_property": "x", "math_group_type_index": 0}, "math_group_type_index: given"),
        ({"math": "unique_group", "math_group_type_index": -1}, "math_group_type_index: expected"),
        ({"math": "unique_group", "math_group_type_index": True}, "math_group_type_index: expected"),
    ],
)
def test_math_and_what_it_looks_at(fields: dict[str, Any], place: str) -> None:
    with pytest.raises(ValueError, match=rf"^event\('a'\)\.{place}"):
        event("a", **fields)
    with pytest.raises(ValueError, match=rf"^events\[0\]\.{place}"):
        wire([{"id": "a", **fields}])


@pytest.mark.parametrize(
    ("events", "error", "says"),
    [
        ("", ValueError, r"^events: .*event\(None\)"),
        (["a", "  "], ValueError, r"^events\[1\]: .*event\(None\)"),
        ([None], TypeError, r"^events\[0\]: .*event\(None\)"),
        ([7], TypeError, r"^events\[0\]: .*actions="),
        (7, TypeError, "^events: .*actions="),
        (1.5, TypeError, "^events: "),
        (b"a", TypeError, "^events: "),
        ([["a"]], TypeError, r"^events\[0\]: "),
        (prop("a") == 1, TypeError, "^events: "),
        ('[{"id": "a"}]', ValueError, "^events: JSON"),
        ('["a"]', ValueError, "^events: JSON"),
        ("\ud800", ValueError, "^events: .*surrogate"),
        ({}, ValueError, "^events: no id"),
        ([{"name": "$pageview"}], ValueError, r"^events\[0\]: no id"),
        ({"id": 7}, TypeError, r"^events\.id: .*actions="),
        ({"id": ""}, ValueError, r"^events\.id: "),
        ({"id": "a", "type": "actions"}, ValueError, r"^events\.type: "),
        ({"id": "a", "type": "data_warehouse"}, ValueError, r"^events\.type: "),
        ({"id": "a", "maths": "dau"}, ValueError, r"^events\.maths: .*'math'"),
        ({"id": "a", "property": {}}, ValueError, r"^events\.property: .*'properties'"),
        ({"id": "a", "math": 5}, TypeError, r"^events\.math: "),
        ({"id": "a", "math": ["dau"]}, TypeError, r"^events\.math: "),
        ({"id": "a", 5: 5}, TypeError, "^events: "),
        ({"id": "a", "custom_name": 5}, TypeError, r"^events\.custom_name: "),
        ({"id": "a", "properties": [5]}, TypeError, r"^events\.properties\[0\]: "),
        ([{"id": "a", "properties": {"x": None}}], ValueError, r"^events\[0\]\.properties\['x'\]\.value: "),
        ([{"id": "a", "order": 0}, "b"], ValueError, "^events: order"),
        ([{"id": "a", "order": 0}, {"id": "b", "order": 0}], ValueError, "^events: order"),
        ([{"id": "a", "order": -1}], ValueError, "^events: order"),
        ([{"id": "a", "order": "1"}], ValueError, "^events: order"),
        (action(7), ValueError, "^events: .*actions="),
    ],
)
def test_events_refused(events: Any, error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        wire(events)


@pytest.mark.parametrize(
    ("actions", "error", "says"),
    [
        ("signed up", ValueError, "^actions: .*events="),
        (0, ValueError, "^actions: "),
        (-1, ValueError, "^actions: "),
        ("-1", ValueError, "^actions: "),
        ("\u0667", ValueError, "^actions: "),
        ("9" * 6000, ValueError, "^actions: "),
        (2**63, ValueError, "^actions: "),
        (True, TypeError, "^actions: "),
        (1.0, TypeError, "^actions: "),
        ([None], TypeError, r"^actions\[0\]: "),
        ({"id": None}, TypeError, r"^actions\.id: "),
        ({"id": 7, "type": "events"}, ValueError, r"^actions\.type: "),
        (event("a"), ValueError, "^actions: .*events="),
    ],
)
def test_actions_refused(actions: Any, error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says) as caught:
        wire(actions, "actions")
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    ("make", "error"),
    [
        (lambda: event(""), ValueError),
        (lambda: event(5), TypeError),  # type: ignore[arg-type]
        (lambda: event("a", custom_name=5), TypeError),  # type: ignore[arg-type]
        (lambda: event("a", math="sum", math_property=5), TypeError),  # type: ignore[arg-type]
        (lambda: action("signed up"), ValueError),
        (lambda: action(0), ValueError),
        (lambda: action(True), TypeError),
        (lambda: action(None), TypeError),  # type: ignore[arg-type]
    ],
)
def test_refused_at_once(make: Callable[[], Entity], error: type[Exception]) -> None:
    with pytest.raises(error, match=r"^(event|action)\("):
        make()


def test_entities_are_immutable_values() -> None:
    one = event("a", math="dau", properties=prop("x") == 1)
    assert one == event("a", math="dau", properties=prop("x") == 1)
    assert len({one, event("a", math="dau", properties=prop("x") == 1), event("a")}) == 2
    assert action("7") == action(7)
    with pytest.raises(AttributeError):
        one.id = "b"  # type: ignore[misc]


names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(
    lambda name: name.strip() and not name.lstrip().startswith(('{"', "[{", '["'))
)


@quick
@given(st.lists(names))
def test_names_pass_byte_for_byte_and_in_order(given_names: list[str]) -> None:
    sent = json.loads(json.dumps(wire(given_names) or []))
    assert [entity["id"] for entity in sent] == given_names


junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.binary(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["id", "math", "math_property", "order", "type", "properties", "name"])
            | st.text(max_size=3),
            inner | st.sampled_from(["dau", "sum", "hogql", "events", "actions", 0, 1]),
            max_size=4,
        )
    ),
    max_leaves=10,
)


@settings(quick, max_examples=300)
@given(junk, st.sampled_from(["events", "actions"]))
def test_anything_is_sent_or_refused(entities: Any, kind: Literal["events", "actions"]) -> None:
    try:
        sent = wire(entities, kind)
    except (TypeError, ValueError) as error:
        assert str(error).startswith(kind)  # noqa: PT017 - both outcomes are right
    else:
        assert sent is None or all("id" in entity for entity in sent)
