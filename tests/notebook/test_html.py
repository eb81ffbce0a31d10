"""What notebooks show: text of a server stays text, and nothing that it sends breaks the table."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime
from html.parser import HTMLParser
from itertools import pairwise
from typing import Any

import attrs
import posthog_environments_api.models as records
import pytest
from hypothesis import given
from hypothesis import strategies as st
from posthog_environments_api.models import PropertiesTimeline as TimelineRecord

from posthog_environments.client.pager import AsyncPager, Pager
from posthog_environments.display.markup import as_markup
from posthog_environments.results.models import Page, Person, PropertiesTimeline, Series, Trend
from tests.notebook.answers import DAYS, counted, trend, valued

NASTY = "<script>alert(1)</script>\"'&\n\x00\x1b[31m\u202e\u2028\ud800"
ALLOWED = {"div", "strong", "span", "table", "thead", "tbody", "tfoot", "tr", "th", "td"}
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters(codec=None)), inner, max_size=3),
    max_leaves=8,
)


class Reader(HTMLParser):
    """Reads a table, and refuses what has no business in one."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.text: list[str] = []
        self.titles: list[str] = []
        self.cells: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in ALLOWED
        for name, value in attrs:
            assert name in {"style", "title", "colspan", "scope"}
            assert "url(" not in str(value) or name == "title"
        self.open.append(tag)
        held = dict(attrs)
        if held.get("title"):
            self.titles.append(str(held["title"]))
        if tag in ("td", "th"):
            self.cells.append((str(held.get("style")), ""))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)
        if self.cells and ("td" in self.open or "th" in self.open):
            style, text = self.cells[-1]
            self.cells[-1] = (style, text + data)

    def handle_comment(self, data: str) -> None:
        raise AssertionError(data)

    def handle_decl(self, decl: str) -> None:
        raise AssertionError(decl)

    def handle_pi(self, data: str) -> None:
        raise AssertionError(data)


def read(html: str) -> Reader:
    html.encode()  # a lone surrogate cannot be sent
    assert not any(letter < " " or letter in "\u202e\u2028\x7f" for letter in html)
    reader = Reader()
    reader.feed(html)
    reader.close()
    assert reader.open == []
    return reader


def person(**more: Any) -> Person:
    return Person.from_dict({"uuid": "018f", "id": "018f", "name": "Ann", "distinct_ids": ["a"], **more})


def shown(value: Any) -> Reader:
    return read(value._repr_html_())


# ----- records of the generated client


def test_a_person() -> None:
    reader = shown(
        person(
            id=7,
            properties={"plan": "pro", "none": None, "empty": "", "nested": {"a": [1, {"b": 2}]}, "n": 1.5},
            created_at="2026-01-31T10:00:00.5+00:00",
        )
    )
    cells = [text for _, text in reader.cells]
    pairs = dict(pairwise(cells))
    assert pairs["uuid"] == "018f"
    assert pairs["created_at"] == "2026-01-31 10:00:00 UTC"
    assert pairs["plan"] == "pro"
    assert pairs["none"] == "None"
    assert pairs["empty"] == "''"
    assert pairs["nested"] == '{"a": [1, {"b": 2}]}'
    assert pairs["n"] == "1.5"
    assert "additional_properties" not in cells


def test_another_zone_is_named() -> None:
    assert "2026-01-31 10:00:00+02:00" in shown(person(created_at="2026-01-31T10:00:00+02:00")).text


@pytest.mark.parametrize("where", ["name", "distinct_ids", "key", "value", "additional", "nested"])
def test_markup_of_a_person_is_text(where: str) -> None:
    cases: dict[str, dict[str, Any]] = {
        "name": {"name": NASTY},
        "distinct_ids": {"distinct_ids": [NASTY]},
        "key": {"properties": {NASTY: 1}},
        "value": {"properties": {"x": NASTY}},
        "additional": {NASTY: NASTY},
        "nested": {"properties": {"x": {"y": [NASTY]}}},
    }
    made = person(**cases[where])
    for value in (made, Page([made])):
        reader = shown(value)
        assert "<script>" in "".join([*reader.text, *reader.titles]) or where == "additional"


def test_long_values_are_cut_and_whole_in_the_title() -> None:
    reader = shown(person(name='"' + "x" * 400))
    assert reader.titles == ['"' + "x" * 400]
    assert '"' + "x" * 98 + "…" in reader.text


def test_many_properties_are_limited() -> None:
    assert "… and 970 more" in shown(person(properties={f"p{i}": i for i in range(1000)})).text


def test_what_json_cannot_say() -> None:
    circle: dict[str, Any] = {}
    circle["self"] = circle
    odd = person(properties={"circle": circle, "number": 10**5000, "object": object(), 5: {1, 2}})
    text = "".join(shown(odd).text)
    assert "dict that cannot be shown: RecursionError" in text
    assert "int that cannot be shown: ValueError" in text


@pytest.mark.parametrize("name", [name for name in records.__all__ if hasattr(getattr(records, name), "from_dict")])
def test_every_record_is_shown(name: str) -> None:
    kind = getattr(records, name)
    least: dict[str, Any] = {field.name: [] for field in attrs.fields(kind) if field.default is attrs.NOTHING}
    assert name in shown(kind(**least)).text


@given(anything)
def test_any_value_is_one_piece_of_text(value: Any) -> None:
    read(as_markup(value))


@given(st.text(st.characters(codec=None)), anything)
def test_any_person_is_shown(text: str, value: Any) -> None:
    one = person(name=text, properties={text: value}, more=value)
    shown(one)
    shown(Page([one, person(properties=value if isinstance(value, dict) else {})]))


# ----- pages


def test_a_page() -> None:
    items = [
        person(
            uuid=f"u{i}",
            id=f"u{i}",
            properties={
                "orders": i,
                "plan": "pro" if i % 2 else None,
                "tags": ["a", i],
                **({"rare": 1} if i == 3 else {}),
            },
        )
        for i in range(1000)
    ]
    reader = shown(Page(items, 4000))
    assert "Page of Person: 1,000 of 4,000" in reader.text
    assert "… and 980 more" in reader.text
    styles = {text: style for style, text in reader.cells}
    assert "text-align:right" in styles["orders"]
    assert "text-align:right" in styles["19"]
    assert "text-align:left" in styles["plan"]
    assert '["a", 5]' in styles
    assert "u19" in styles
    assert "u20" not in styles
    assert "id" not in styles  # the uuid again
    heads = [text for _, text in reader.cells if text in ("orders", "plan", "tags", "rare")]
    assert heads == ["orders", "plan", "tags", "rare"]


def test_a_page_with_many_properties() -> None:
    reader = shown(Page([person(properties={f"p{i}": i for i in range(30)})]))
    assert "22 more properties are not shown" in reader.text


@pytest.mark.parametrize("results", [[], [1, "x", None], [{"a": NASTY}, {"b": 1}], [person(), 7]])
def test_pages_of_anything(results: list[object]) -> None:
    shown(Page(results))


def test_a_listing_fetches_nothing_to_be_shown() -> None:
    def run(_: object) -> Any:
        raise AssertionError("something was fetched")

    class Listing:
        def walk(self) -> Any:
            raise AssertionError("a walk was begun")

    for kind in (Pager, AsyncPager):
        pager: Any = kind(Listing(), run)  # type: ignore[arg-type]
        assert repr(pager) == f"<{kind.__name__}: 0 items in 0 pages so far>"
        assert getattr(pager, "_repr_html_", None) is None


# ----- trends and timelines


def test_a_trend_over_time() -> None:
    reader = shown(trend(counted("a", [1000, 2, None, 4, 5, 6, 7]), counted("b", [1, 2, 3, 4, 5, 6, 7.5])))
    cells = [text for _, text in reader.cells]
    assert cells[:9] == ["day", "a", "b", DAYS[0], "1,000", "1", DAYS[1], "2", "2"]
    assert cells[-3:] == ["sum", "1,024", "28.5"]
    assert all("text-align:right" in style for style, text in reader.cells if text in ("1,000", "1,024", "28.5"))
    assert "2 series, 7 points by day, time zone Europe/Berlin" in "".join(reader.text)


def test_what_cannot_be_added_up_has_no_sum() -> None:
    persons = {"label": "a", "data": [1, 2], "action": {"name": "a", "math": "dau"}}
    assert "sum" not in [text for _, text in shown(trend(persons)).cells]


def test_a_long_trend_shows_both_ends() -> None:
    days = [f"2026-{1 + i // 28:02}-{1 + i % 28:02}" for i in range(100)]
    cells = [text for _, text in shown(trend(counted("a", list(range(100)), days=days))).cells]
    assert "… 80 more" in cells
    assert [day in cells for day in (days[9], days[10], days[89], days[90])] == [True, False, False, True]


def test_a_trend_of_totals() -> None:
    cells = [text for _, text in shown(trend(valued("a", 12345), valued("b", None), display="ActionsPie")).cells]
    assert cells == ["series", "value", "a", "12,345", "b", "\N{EN DASH}"]


def test_markup_of_a_trend_is_text() -> None:
    answer = trend(counted(NASTY, [1], days=[NASTY]), breakdown=NASTY).to_dict() | {"timezone": NASTY}
    reader = shown(Trend(records.Trend.from_dict(answer)))
    assert "".join(reader.text).count("<script>") == 4  # in the title, a column, a day and the time zone


def test_an_empty_trend() -> None:
    assert "0 series" in "".join(shown(trend()).text)


@given(st.lists(st.fixed_dictionaries({}, optional={
    "label": anything, "data": anything, "days": anything, "aggregated_value": anything, "breakdown_value": anything,
    "compare_label": anything, "filter": anything, "action": anything, "count": anything,
}), max_size=3), anything)  # fmt: skip
def test_any_trend_is_shown(rows: list[dict[str, Any]], zone: Any) -> None:
    answer = records.Trend.from_dict({"result": rows, "timezone": zone, "last_refresh": "2026-01-31T10:00:00Z"})
    shown(Trend(answer))
    for series in answer.result:
        shown(series)


def test_a_timeline() -> None:
    points = [
        {"timestamp": datetime(2026, 1, 1, i % 24, tzinfo=UTC).isoformat(), "properties": {"plan": NASTY, "x": 1},
         "relevant_event_count": i}
        for i in range(25)
    ]  # fmt: skip
    answer = TimelineRecord.from_dict({"points": points, "crucial_property_keys": ["plan"]})
    reader = shown(PropertiesTimeline(answer))
    assert "PropertiesTimeline of 25 points" in reader.text
    assert "… and 5 more" in reader.text
    assert "2026-01-01 01:00:00 UTC" in reader.text
    assert [text for _, text in reader.cells if text in ("plan", "x")] == ["plan"]


def test_a_timeline_of_many_properties_shows_eight_and_counts_the_rest() -> None:
    held = {f"p{number}": number for number in range(11)}
    points = [{"timestamp": "2026-01-01T00:00:00Z", "properties": held, "relevant_event_count": 1}]
    answer = TimelineRecord.from_dict({"points": points, "crucial_property_keys": list(held)})
    reader = shown(PropertiesTimeline(answer))
    assert "3 more properties are not shown" in reader.text
    assert [text for _, text in reader.cells if text in held] == [f"p{number}" for number in range(8)]


def test_series_by_themselves() -> None:
    assert "Series" in shown(Series(label="a", data=[1.0, 2.0])).text


def test_showing_is_paid_for_by_those_who_look() -> None:
    """Importing the package loads nothing that shows or draws, and showing loads no matplotlib."""
    code = """
import sys
from posthog_environments import Environment, Page, Trend, prop
heavy = {"matplotlib", "plotext", "html"}
heavy |= {"posthog_environments.display.html", "posthog_environments.display.chart_data"}
assert not heavy & set(sys.modules), heavy & set(sys.modules)
Page([])._repr_html_()
assert not {"matplotlib", "plotext"} & set(sys.modules)
"""
    # What measures the tests imports some of them itself.
    environ = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    subprocess.run([sys.executable, "-c", code], check=True, env=environ)
