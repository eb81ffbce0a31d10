"""What calls return, as values: their attributes, their equality, and what they refuse."""

from __future__ import annotations

import json
import math
from collections.abc import Generator
from datetime import UTC, date, datetime, timedelta
from email.utils import format_datetime
from importlib import import_module
from typing import Any
from uuid import UUID

import anyio
import httpx
import pytest
from posthog_environments_api.models import PropertiesTimeline as TimelineRecord
from posthog_environments_api.models import Trend as TrendRecord

import posthog_environments
from posthog_environments import AsyncEnvironment, ConfigurationError, Environment
from posthog_environments.calls.retry import retry_after
from posthog_environments.query.trend_filter import QuestionArguments, _breakdown, question
from posthog_environments.query.validation import json_object
from posthog_environments.results import models
from posthog_environments.results.models import Page, PropertiesTimeline, Trend

PEOPLE = [{"uuid": f"095be615-a8ad-4c33-8e9c-c7612fbf6c{number:02}"} for number in range(5)]
TREND = {
    "result": [{"label": "$pageview", "data": [1.0, 2.0], "days": ["2026-01-01", "2026-01-02"]}],
    "is_cached": True,
    "last_refresh": "2026-01-02T03:04:05Z",
    "timezone": "Europe/Berlin",
    "next": "https://us.posthog.com/next",
    "hogql": "SELECT 1",
}
TIMELINE = {
    "points": [{"timestamp": "2026-01-02T03:04:05Z", "properties": {"plan": "pro"}, "relevant_event_count": 2}],
    "crucial_property_keys": ["plan"],
    "effective_date_from": "2026-01-01T00:00:00Z",
    "effective_date_to": "2026-01-31T00:00:00Z",
    "odd": 1,
}


def test_a_trend_gives_what_the_server_said() -> None:
    trend = Trend(TrendRecord.from_dict(TREND))
    assert (trend.is_cached, trend.timezone, trend.next) == (True, "Europe/Berlin", "https://us.posthog.com/next")
    assert trend.last_refresh == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert trend.additional_properties == {"hogql": "SELECT 1"}
    assert trend.to_dict()["hogql"] == "SELECT 1"
    assert [series.label for series in trend] == [trend[0].label] == ["$pageview"]
    assert trend == Trend(TrendRecord.from_dict(TREND))
    assert trend != Trend(TrendRecord.from_dict(TREND | {"timezone": "UTC"}))
    assert trend != TREND
    assert repr(trend) == "Trend(1 series: '$pageview')"
    many = Trend(TrendRecord.from_dict({"result": [{"label": str(number)} for number in range(6)]}))
    assert repr(many) == "Trend(6 series: '0', '1', '2', '3', '4', …)"


def test_a_timeline_gives_what_the_server_said() -> None:
    timeline = PropertiesTimeline(TimelineRecord.from_dict(TIMELINE))
    assert timeline.effective_date_from == datetime(2026, 1, 1, tzinfo=UTC)
    assert timeline.effective_date_to == datetime(2026, 1, 31, tzinfo=UTC)
    assert timeline.additional_properties == {"odd": 1}
    assert timeline.to_dict()["odd"] == 1
    assert [point.relevant_event_count for point in timeline] == [2]
    assert timeline == PropertiesTimeline(TimelineRecord.from_dict(TIMELINE))
    assert timeline != PropertiesTimeline(TimelineRecord.from_dict(TIMELINE | {"points": []}))
    assert timeline != TIMELINE
    assert repr(timeline) == "PropertiesTimeline(1 points of plan)"
    assert (
        repr(PropertiesTimeline(TimelineRecord.from_dict({"points": []})))
        == "PropertiesTimeline(0 points of no property)"
    )


@pytest.mark.parametrize(
    "value", [Trend(TrendRecord.from_dict(TREND)), PropertiesTimeline(TimelineRecord.from_dict({"points": []}))]
)
def test_answers_that_may_change_have_no_hash(value: object) -> None:
    with pytest.raises(TypeError, match="unhashable"):
        hash(value)


def test_a_page_is_its_items() -> None:
    page = Page([1, 2, 3], count=10)
    assert (list(page), len(page), page.count) == ([1, 2, 3], 3, 10)


def test_names_that_are_not_there() -> None:
    for module in (posthog_environments, models):
        with pytest.raises(AttributeError, match=f"module '{module.__name__}' has no attribute 'Nobody'"):
            _ = module.Nobody
    assert dir(posthog_environments) == sorted(posthog_environments.__all__)


def test_every_name_is_imported_when_it_is_asked_for() -> None:
    for name in posthog_environments.__all__:
        assert getattr(posthog_environments, name) is not None
        vars(posthog_environments).pop(name, None) if name != "__version__" else None
        assert getattr(import_module("posthog_environments"), name) is not None


# ------------------------------------------------------------------------------------------------- the awaiting pager


def people(request: httpx.Request) -> httpx.Response:
    """Answer a list of five people, two a page, by the offset that is asked for."""
    offset = int(request.url.params.get("offset", "0"))
    rows = PEOPLE[offset : offset + 2]
    following = f"{request.url.copy_set_param('offset', str(offset + 2))}" if offset + 2 < len(PEOPLE) else None
    return httpx.Response(200, json={"results": rows, "next": following, "previous": None})


def nobody(_request: httpx.Request) -> httpx.Response:
    return httpx.Response(200, json={"results": [], "next": None, "previous": None})


def uuids(found: list[Any]) -> list[dict[str, Any]]:
    return [{"uuid": person.uuid} for person in found]


@pytest.mark.parametrize("n", [0, 1, 2, 3, 5, 6])
def test_taking_a_few(n: int) -> None:
    async def awaiting() -> list[Any]:
        async with AsyncEnvironment(1, api_key="phx_x", transport=httpx.MockTransport(people)) as env:
            return await env.persons.list(page_size=2).take(n)

    with Environment(1, api_key="phx_x", transport=httpx.MockTransport(people)) as env:
        assert uuids(env.persons.list(page_size=2).take(n)) == PEOPLE[:n]
    assert uuids(anyio.run(awaiting)) == PEOPLE[:n]


def test_the_first_one_and_nobody() -> None:
    async def awaiting(answer: Any) -> Any:
        async with AsyncEnvironment(1, api_key="phx_x", transport=httpx.MockTransport(answer)) as env:
            pager = env.persons.list()
            first = await pager.first()
            return first, repr(pager), repr(env.persons)

    first, shown, group = anyio.run(awaiting, people)
    assert first.uuid == PEOPLE[0]["uuid"]
    assert shown.startswith("<AsyncPager: ")
    assert group == "<AsyncPersons of project 1>"
    assert anyio.run(awaiting, nobody)[0] is None
    with Environment(1, api_key="phx_x", transport=httpx.MockTransport(nobody)) as env:
        assert env.persons.list().first() is None
        assert repr(env.persons) == "<Persons of project 1>"


# ----------------------------------------------------------------------------------------------------------- streams


class Pieces(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A body in pieces, for both kinds of client."""

    def __init__(self, *pieces: bytes) -> None:
        self._pieces = pieces

    def __iter__(self) -> Generator[bytes]:
        yield from self._pieces

    async def __aiter__(self) -> Any:
        for piece in self._pieces:
            yield piece


def csv_of(*pieces: bytes) -> tuple[list[str], list[str]]:
    """Read the same stream by both clients."""

    def answer(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers={"content-type": "text/csv"}, stream=Pieces(*pieces))

    async def awaiting() -> list[str]:
        async with AsyncEnvironment(1, api_key="phx_x", transport=httpx.MockTransport(answer)) as env:
            return [text async for text in env.persons.csv()]

    with Environment(1, api_key="phx_x", transport=httpx.MockTransport(answer)) as env:
        return list(env.persons.csv()), anyio.run(awaiting)


def test_a_letter_cut_in_two_is_whole_again() -> None:
    pieces = "näme\r\n".encode()
    for read in csv_of(pieces[:1], pieces[1:2], pieces[2:]):
        assert "".join(read) == "näme\r\n"
        assert "" not in read


@pytest.mark.parametrize("pieces", [(b"a\xff",), (b"a", b"\xc3")])
def test_a_stream_that_is_no_text(pieces: tuple[bytes, ...]) -> None:
    with pytest.raises(posthog_environments.MalformedResponseError, match="not UTF-8"):
        csv_of(*pieces)


# --------------------------------------------------------------------------------------------------------- arguments


def test_what_a_body_can_hold() -> None:
    given = {
        "none": None,
        "on": True,
        "number": 1.5,
        "day": date(2026, 1, 31),
        "id": UUID(PEOPLE[0]["uuid"]),
        "list": [1, ("a", "b")],
    }
    assert json_object("filters", given) == {
        "none": None,
        "on": True,
        "number": 1.5,
        "day": "2026-01-31",
        "id": PEOPLE[0]["uuid"],
        "list": [1, ["a", "b"]],
    }


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_what_a_body_cannot_hold(number: float) -> None:
    with pytest.raises(ValueError, match="JSON cannot hold"):
        json_object("filters", {"x": number})


def test_a_text_that_is_a_date_without_a_zone_is_in_utc() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    assert retry_after("Thu, 01 Jan 2026 00:00:30 -0000", now) == 30.0
    assert retry_after(format_datetime(now.replace(second=5), usegmt=True), now) == 5.0
    assert retry_after(format_datetime(now, usegmt=True), now) == 0.0
    assert retry_after(format_datetime(now, usegmt=True), now - timedelta(microseconds=1)) == 1e-06


def test_digits_of_a_wait() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    assert retry_after("9" * 12, now) == 999_999_999_999.0
    assert retry_after("9" * 13, now) == math.inf
    assert retry_after("\u0667", now) is None  # a digit, but not one of HTTP


def asked(events: list[Any], actions: list[Any], **given: Any) -> dict[str, Any]:
    arguments = QuestionArguments(events=events, actions=actions, **given)  # type: ignore[typeddict-item]
    return question(arguments, default_type="event", now=lambda: datetime(2026, 1, 1, tzinfo=UTC)).fields()


@pytest.mark.parametrize(
    ("first", "second", "orders"),
    [
        ({"id": "a"}, {"id": 5}, [0, 1]),
        ({"id": "a", "order": 1}, {"id": 5, "order": 0}, [1, 0]),
    ],
)
def test_events_and_actions_have_an_order(first: Any, second: Any, orders: list[int]) -> None:
    body = asked([first], [second])
    assert [body["events"][0]["order"], body["actions"][0]["order"]] == orders


@pytest.mark.parametrize("orders", [(1, None), (1, 1)])
def test_an_order_for_some_is_refused(orders: tuple[int | None, int | None]) -> None:
    first, second = (
        {"id": name} | ({} if order is None else {"order": order}) for name, order in zip(("a", 5), orders, strict=True)
    )
    with pytest.raises(ValueError, match="order is given for some but not all"):
        asked([first], [second])


# ------------------------------------------------------------------------------------------------------------ proxies


def test_a_proxy_of_the_environment_is_taken_when_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "ftp://127.0.0.1:1")
    monkeypatch.setenv("no_proxy", "eu.posthog.com")
    settings: dict[str, Any] = {"api_key": "phx_x"}
    Environment(1, **settings).close()
    Environment(1, trust_env=True, host="eu", **settings).close()
    # What shows that it was taken: no proxy speaks ftp.
    with pytest.raises(ConfigurationError, match="URL of a proxy"):
        Environment(1, trust_env=True, **settings)
    monkeypatch.delenv("https_proxy")
    monkeypatch.setenv("all_proxy", "ftp://127.0.0.1:1")
    with pytest.raises(ConfigurationError, match="URL of a proxy"):
        Environment(1, trust_env=True, **settings)
    monkeypatch.setenv("all_proxy", "http://127.0.0.1:1")
    Environment(1, trust_env=True, **settings).close()


@pytest.mark.parametrize("proxy", [5, "proxy.example.com:3128", "ftp://user:SECRET@x"])
def test_a_proxy_is_a_url(proxy: Any) -> None:
    with pytest.raises(ConfigurationError, match="URL of a proxy") as caught:
        Environment(1, api_key="phx_x", proxy=proxy)
    assert "SECRET" not in str(caught.value)


@pytest.mark.parametrize("verify", [True, False, "/etc/ssl"])
def test_verification_is_not_switched_off(verify: Any) -> None:
    with pytest.raises(ConfigurationError, match="cannot be switched off"):
        Environment(1, api_key="phx_x", verify=verify)


def test_a_breakdown_is_a_name_or_cohorts() -> None:
    assert _breakdown(None) is None
    assert _breakdown("$browser") == "$browser"
    assert _breakdown("42") == "42"
    cohorts: list[Any] = [[3, 14], (7,), 5, ["all", 42]]
    assert [json.loads(_breakdown(given) or "") for given in cohorts] == [
        [3, 14],
        [7],
        [5],
        ["all", 42],
    ]


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ("all", ["all"]),
        (42, [42]),
        ("42", [42]),
        (["all", 42], ["all", 42]),
        ("[9581,5812]", [9581, 5812]),
        (["7"], [7]),
    ],
)
def test_cohorts_in_each_form(given: Any, sent: list[Any]) -> None:
    assert json.loads(_breakdown(given, "cohort") or "") == sent


def test_what_can_only_be_cohorts_says_so() -> None:
    assert asked(["a"], [], breakdown=[42])["breakdown_type"] == "cohort"
    assert asked(["a"], [], breakdown=42)["breakdown_type"] == "cohort"
    assert "breakdown_type" not in asked(["a"], [], breakdown="all")
    with pytest.raises(ValueError, match="must be 'cohort' or left out, not 'person'"):
        asked(["a"], [], breakdown=[42], breakdown_type="person")


@pytest.mark.parametrize("given", ["plan", "", "[42", '["plan"]', 0, -1, True, [True], [], None.__class__, 1.5])
def test_what_are_no_cohorts_is_refused(given: Any) -> None:
    with pytest.raises((TypeError, ValueError), match="breakdown"):
        _breakdown(given, "cohort")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ([0], r"breakdown\[0\]"),
        ([1, "x"], r"breakdown\[1\]"),
        ([], "list of cohort ids, or 'all', not \\[\\]"),
        (0, "breakdown"),
        (True, "breakdown must be an int, not bool"),
        (1.5, "not 1.5"),
    ],
)
def test_a_breakdown_of_something_else_is_refused(given: Any, said: str) -> None:
    with pytest.raises((TypeError, ValueError), match=said):
        _breakdown(given)
