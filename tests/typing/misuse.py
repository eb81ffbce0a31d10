"""Mistakes that both type checkers must flag, one a line, each marked with the kinds of complaint: mypy's | pyright's.

tests/typing/test_typing.py holds that exactly these lines are flagged, with exactly these kinds.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta

import httpx

import posthog_environments
from posthog_environments import (
    APIStatusError,
    AsyncEnvironment,
    Environment,
    Filter,
    MalformedResponseError,
    Page,
    Pager,
    Person,
    PostHogError,
    PropertiesTimeline,
    RateLimitError,
    Report,
    TransportError,
    Trend,
    action,
    event,
    prop,
)
from posthog_environments.sandbox import Sandbox


def imported_wrongly() -> None:
    from posthog_environments import Enviroment  # E[attr-defined | reportAttributeAccessIssue]: misspelt name
    from posthog_environments.sandbox import Sandboks  # E[attr-defined | reportAttributeAccessIssue]: misspelt name

    print(Enviroment, Sandboks)
    posthog_environments.NotFoundErorr  # E[attr-defined | reportAttributeAccessIssue]: misspelt name


def opened_wrongly() -> None:
    Environment(12345, "phx_key")  # E[call-arg | reportCallIssue]: the key is a keyword
    Environment(12.5)  # E[arg-type | reportArgumentType]: a project has a whole number
    Environment(12345, api_key=5)  # E[arg-type | reportArgumentType]: a key is a text
    Environment(12345, api_key=lambda: 5)  # E[arg-type, return-value | reportArgumentType]: the key is a text
    Environment(12345, host=8000)  # E[arg-type | reportArgumentType]: a host is a text
    Environment(12345, prefix="envs")  # E[arg-type | reportArgumentType]: no such prefix
    Environment(12345, quota=6379)  # E[arg-type | reportArgumentType]: a place is a URL or a path
    Environment(12345, timeout="60")  # E[arg-type | reportArgumentType]: seconds are a number
    Environment(12345, timeout=timedelta(seconds=60))  # E[arg-type | reportArgumentType]: seconds are a number
    Environment(12345, timeout=None)  # E[arg-type | reportArgumentType]: there is always a limit
    Environment(12345, retries="no")  # E[arg-type | reportArgumentType]: a count
    Environment(12345, on_event=5)  # E[arg-type | reportArgumentType]: nothing that can be called
    Environment(12345, pacing="off")  # E[arg-type | reportArgumentType]: not a bool
    Environment(12345, verify=False)  # E[arg-type | reportArgumentType]: verification stays on
    Environment(12345, proxy={"https": "http://proxy.example.com"})  # E[arg-type | reportArgumentType]: one URL
    Environment(12345, transport=5)  # E[arg-type | reportArgumentType]: not a transport
    Environment(12345, transport=httpx.AsyncHTTPTransport())  # E[arg-type | reportArgumentType]: AsyncEnvironment's
    AsyncEnvironment(12345, transport=httpx.HTTPTransport())  # E[arg-type | reportArgumentType]: Environment's
    Environment(12345, max_wiat=5)  # E[call-arg | reportCallIssue]: misspelt argument
    Environment(12345, key="phx_key")  # E[call-arg | reportCallIssue]: no such argument
    with AsyncEnvironment(12345) as env:  # E[attr-defined | reportGeneralTypeIssues]: async with
        print(env)


def of_the_client(env: Environment) -> None:
    env.person  # E[attr-defined | reportAttributeAccessIssue]: no such attribute
    env.aclose()  # E[attr-defined | reportAttributeAccessIssue]: this one blocks
    env.project_id = "5"  # E[misc | reportAttributeAccessIssue]: it stays with its project
    env.api.persons  # E[attr-defined | reportAttributeAccessIssue]: the generated client has no operations of its own
    env.with_options(host="eu")  # E[call-arg | reportCallIssue]: a view keeps the server
    env.with_options(5)  # E[call-arg | reportCallIssue]: options are keywords
    env.with_options(timeout="5s")  # E[arg-type | reportArgumentType]: seconds are a number
    env.with_options(max_wait="forever")  # E[arg-type | reportArgumentType]: seconds are a number
    env.persons.find("acme")  # E[attr-defined | reportAttributeAccessIssue]: no such operation
    env.insights.list()  # E[attr-defined | reportAttributeAccessIssue]: no such operation


def of_persons(env: Environment, person: Person) -> None:
    env.persons.get()  # E[call-arg | reportCallIssue]: nothing to get
    env.persons.get(None)  # E[arg-type | reportArgumentType]: not an id
    env.persons.get(5.5)  # E[arg-type | reportArgumentType]: not an id
    env.persons.get([5])  # E[arg-type | reportArgumentType]: not an id
    env.persons.get(env.persons.list().take(2))  # E[arg-type | reportArgumentType]: several, and not one
    env.persons.get(env.persons.list().first())  # E[arg-type | reportArgumentType]: it may be None
    env.persons.get(5, "now")  # E[arg-type, call-arg | reportCallIssue]: timeout is a keyword
    env.persons.get(5, timeout="5")  # E[arg-type | reportArgumentType]: seconds are a number
    env.persons.get(uuid=person.uuid)  # E[call-arg | reportCallIssue]: the argument is the id
    env.persons.update(5)  # E[call-arg | reportCallIssue]: no properties
    env.persons.update(5, None)  # E[arg-type | reportArgumentType]: not a mapping
    env.persons.update(5, ["plan"])  # E[arg-type | reportArgumentType]: not a mapping
    env.persons.update(5, {5: "plan"})  # E[dict-item | reportArgumentType]: names are texts
    env.persons.update(5, "plan", "pro")  # E[arg-type, call-arg | reportCallIssue]: not a mapping
    env.persons.update(5, plan="pro")  # E[call-arg | reportCallIssue]: properties come in a mapping
    env.persons.update(5, {"plan": "pro"}).uuid  # E[union-attr | reportOptionalMemberAccess]: it may be None
    env.persons.delete()  # E[call-arg | reportCallIssue]: nobody to delete
    env.persons.delete(5, True)  # E[call-arg | reportCallIssue]: delete_events is a keyword
    env.persons.delete(5, delete_events="yes")  # E[arg-type | reportArgumentType]: not a bool
    env.persons.delete(5, delete_evnts=True)  # E[call-arg | reportCallIssue]: misspelt argument
    env.persons.delete_many(5, journal="j")  # E[arg-type | reportArgumentType]: several
    env.persons.delete_many([5], "j")  # E[call-arg | reportCallIssue]: the journal is a keyword
    env.persons.delete_many(["u"], by="uuid", journal="j")  # E[arg-type | reportArgumentType]: no such kind
    env.persons.delete_many([5], journal="j", delete_events="yes")  # E[arg-type | reportArgumentType]: not a bool
    env.persons.delete_many([5], journal="j", using="many")  # E[arg-type | reportArgumentType]: no such way
    env.persons.deletion_status(id=5)  # E[arg-type | reportArgumentType]: not a uuid
    env.persons.update_many([5], journal="j")  # E[list-item | reportArgumentType]: not a change
    env.persons.delete_property(5)  # E[call-arg | reportCallIssue]: no name
    env.persons.delete_property(5, 6)  # E[arg-type | reportArgumentType]: not a name
    env.persons.delete_property(5, None)  # E[arg-type | reportArgumentType]: not a name
    env.persons.delete_property(5, ["plan", "seats"])  # E[arg-type | reportArgumentType]: one at a time
    env.persons.activity()  # E[call-arg | reportCallIssue]: whose?
    env.persons.activity(5, page_size="100")  # E[arg-type | reportArgumentType]: not an int
    env.persons.properties_timeline(5, date_from=5.5)  # E[arg-type | reportArgumentType]: not a date
    env.persons.properties_timeline(5, formula="A")  # E[call-arg | reportCallIssue]: of trends alone
    env.persons.csv(page_size=5)  # E[call-arg | reportCallIssue]: it has no pages
    env.with_raw_response.persons.get(5).name  # E[attr-defined | reportAttributeAccessIssue]: parse() gives the person
    env.persons.get(5, extra_headers={"X-A": 5})  # E[dict-item | reportArgumentType]: headers are texts
    env.request("GET", "x/", {"a": 1})  # E[call-arg | reportCallIssue]: the query is a keyword
    env.request("GET", "x/", params={"a": {"b": 1}})  # E[dict-item | reportArgumentType]: no query is nested
    env.with_raw_response.persons.list()  # E[attr-defined | reportAttributeAccessIssue]: pages have .response
    env.with_raw_response.persons.get()  # E[call-arg | reportCallIssue]: whom?
    env.persons.get(5, extra_query="a=b")  # E[arg-type | reportArgumentType]: not a mapping
    env.persons.update(5, {}, extra_body=[("a", 1)])  # E[arg-type | reportArgumentType]: not a mapping
    env.persons.get(5, extra_body={})  # E[call-arg | reportCallIssue]: it has no body
    person.distinct_id  # E[attr-defined | reportAttributeAccessIssue]: no such attribute
    person.plan  # E[attr-defined | reportAttributeAccessIssue]: it is in properties
    person.properties.plan  # E[attr-defined | reportAttributeAccessIssue]: a dict
    person.uuid.hex  # E[attr-defined | reportAttributeAccessIssue]: a text
    person.created_at.year  # E[union-attr | reportOptionalMemberAccess]: it may be None
    identity: int = person.id  # E[assignment | reportAssignmentType]: it may be a text, or None
    name: str = person.name  # E[assignment | reportAssignmentType]: it may be None
    created: str = person.created_at  # E[assignment | reportAssignmentType]: a datetime is no text
    print(identity, name, created)


def of_listings(env: Environment, pager: Pager[Person], page: Page[Person], report: Report) -> None:
    env.persons.list("acme")  # E[call-arg | reportCallIssue]: search is a keyword
    env.persons.list(serach="acme")  # E[call-arg | reportCallIssue]: misspelt argument
    env.persons.list(limit=5)  # E[call-arg | reportCallIssue]: page_size, or take
    env.persons.list(page_size="100")  # E[arg-type | reportArgumentType]: not an int
    env.persons.list(page_size=None)  # E[arg-type | reportArgumentType]: not an int
    env.persons.list(offset=None)  # E[arg-type | reportArgumentType]: not an int
    env.persons.list(include_total="yes")  # E[arg-type | reportArgumentType]: not a bool
    env.persons.list(email=["a@example.com"])  # E[arg-type | reportArgumentType]: one at a time
    people: list[Person] = env.persons.list()  # E[assignment | reportAssignmentType]: a pager is no list
    uuids: list[str] = pager.take(3)  # E[assignment | reportAssignmentType]: they are persons
    first: Person = pager.first()  # E[assignment | reportAssignmentType]: it may be None
    pager.first().uuid  # E[union-attr | reportOptionalMemberAccess]: it may be None
    pager.take("3")  # E[arg-type | reportArgumentType]: not an int
    pager.take()  # E[call-arg | reportCallIssue]: how many?
    pager[0]  # E[index | reportIndexIssue]: a pager has no items by number
    len(pager)  # E[arg-type | reportArgumentType]: nobody knows how long it is
    next(pager)  # E[call-overload | reportArgumentType]: it is iterable and no iterator
    reversed(pager)  # E[call-overload | reportArgumentType, reportCallIssue]: it goes one way
    pager.page_size  # E[attr-defined | reportAttributeAccessIssue]: no such attribute
    pager.results  # E[attr-defined | reportAttributeAccessIssue]: of pages
    pager.report()  # E[operator | reportCallIssue]: an attribute
    report.complte  # E[attr-defined | reportAttributeAccessIssue]: no such attribute
    report.rows == "5"  # E[comparison-overlap | reportUnnecessaryComparison]: a number is no text
    for each in pager.pages:  # E[attr-defined | reportGeneralTypeIssues]: it is to be called
        print(each)
    page.items  # E[attr-defined | reportAttributeAccessIssue]: no such attribute
    page.results.append(5)  # E[attr-defined | reportAttributeAccessIssue]: it stays as it came
    page.count + 1  # E[operator | reportOptionalOperand]: it may be None
    page.results = []  # E[misc | reportAttributeAccessIssue]: it stays as it came
    wrong: Pager[str] = env.persons.list()  # E[assignment | reportAssignmentType]: of persons
    print(people, uuids, first, wrong)


def of_filters(env: Environment, condition: Filter) -> None:
    env.persons.list(properties=5)  # E[arg-type | reportArgumentType]: not a filter
    env.persons.list(properties="plan")  # E[arg-type | reportArgumentType]: not a filter
    env.persons.list(properties=prop("plan"))  # E[arg-type | reportArgumentType]: compared with nothing
    env.persons.list(properties=[("plan", "pro")])  # E[list-item | reportArgumentType]: not a filter
    env.persons.list(filters={"plan": "pro"})  # E[call-arg | reportCallIssue]: properties
    prop()  # E[call-arg | reportCallIssue]: of what?
    prop(5)  # E[arg-type | reportArgumentType]: a name is a text
    prop("industry", "group", 0)  # E[call-arg | reportCallIssue]: the index is a keyword
    prop("email").contains("@acme.com")  # E[attr-defined | reportAttributeAccessIssue]: icontains
    prop("email").icontains()  # E[call-arg | reportCallIssue]: what?
    prop("email").icontains(["@acme.com"])  # E[arg-type | reportArgumentType]: one text
    prop("plan").is_in(5)  # E[arg-type | reportArgumentType]: several values
    prop("plan").is_set(True)  # E[call-arg | reportCallIssue]: it takes nothing
    prop("seen").before(5)  # E[arg-type | reportArgumentType]: not a date
    condition & "free"  # E[operator | reportOperatorIssue]: not a filter
    condition & {"plan": "pro"}  # E[operator | reportOperatorIssue]: not made by prop
    ~condition  # E[operator | reportOperatorIssue]: use the opposite operator
    prop("plan") & condition  # E[arg-type | reportOperatorIssue]: compared with nothing
    condition | prop("plan")  # E[operator | reportOperatorIssue]: compared with nothing
    condition.operator = "gt"  # E[misc | reportAttributeAccessIssue]: it stays as it is


def without_parentheses() -> None:
    prop("plan") == "pro" & prop("seats") == 5  # E[arg-type | reportOperatorIssue]: & binds tighter than ==


def looked_up() -> None:
    "pro" in prop("plan")  # E[arg-type | reportOperatorIssue]: is_in, the other way round


def of_trends(env: Environment, trend: Trend, timeline: PropertiesTimeline) -> None:
    env.insights.trend(["$pageview"])  # E[call-arg | reportCallIssue]: events is a keyword
    env.insights.trend(evnts=["$pageview"])  # E[call-arg | reportCallIssue]: misspelt argument
    env.insights.trend(events=3)  # E[arg-type | reportArgumentType]: events have names, actions numbers
    env.insights.trend(events=[3])  # E[list-item | reportArgumentType]: as above
    env.insights.get_trend(events=3)  # E[arg-type | reportArgumentType]: as above
    env.insights.trend_csv(events=3)  # E[arg-type | reportArgumentType]: as above
    env.persons.properties_timeline(5, events=3)  # E[arg-type | reportArgumentType]: as above
    env.insights.trend(events=5.5)  # E[arg-type | reportArgumentType]: not an event
    env.insights.trend(events=[5.5])  # E[list-item | reportArgumentType]: not an event
    env.insights.trend(events="$pageview", date_from=7)  # E[arg-type | reportArgumentType]: not a date
    env.insights.trend(events="$pageview", date_to=("2026-01-01",))  # E[arg-type | reportArgumentType]: not a date
    env.insights.trend(events="$pageview", breakdown=5.5)  # E[arg-type | reportArgumentType]: neither name nor cohorts
    env.insights.trend(events="$pageview", interval=7)  # E[arg-type | reportArgumentType]: a word
    env.insights.trend(events="$pageview", compare="yes")  # E[arg-type | reportArgumentType]: not a bool
    env.insights.trend(events="$pageview", formula=["A"])  # E[arg-type | reportArgumentType]: one text
    env.insights.trend(events="$pageview", properties=5)  # E[arg-type | reportArgumentType]: not a filter
    env.insights.trend(events="$pageview", timeout="5s")  # E[arg-type | reportArgumentType]: seconds are a number
    env.insights.get_trend(events="$pageview", extra_body={})  # E[call-arg | reportCallIssue]: it has no body
    env.insights.trend_csv(events="$pageview").read()  # E[attr-defined | reportAttributeAccessIssue]: pieces of text
    env.insights.timing({"name": "x"})  # E[arg-type, call-arg | reportCallIssue]: keywords
    env.insights.timing(order="first")  # E[arg-type | reportArgumentType]: not an int
    env.insights.timing(dashboards=5)  # E[arg-type | reportArgumentType]: several
    env.insights.trend(events="$pageview").data  # E[attr-defined | reportAttributeAccessIssue]: of series
    trend.results  # E[attr-defined | reportAttributeAccessIssue]: no such attribute
    trend.result = []  # E[misc | reportAttributeAccessIssue]: it stays as it came
    trend["$pageview"]  # E[index | reportArgumentType]: series go by number
    trend[0].daata  # E[attr-defined | reportAttributeAccessIssue]: no such attribute
    trend[0].filter  # E[attr-defined | reportAttributeAccessIssue]: filter_, for filter is a function of Python
    trend.plot(axes=None)  # E[call-arg | reportCallIssue]: misspelt argument
    trend.plot(None)  # E[call-arg | reportCallIssue]: ax is a keyword
    count: int = trend[0].label  # E[assignment | reportAssignmentType]: a label is no number
    day: str = trend[0].data[0]  # E[assignment | reportAssignmentType]: a number is no text
    timeline[0]  # E[index | reportIndexIssue]: .points has items by number
    timeline.events  # E[attr-defined | reportAttributeAccessIssue]: no such attribute
    timeline.points[0].properties.plan  # E[attr-defined | reportAttributeAccessIssue]: a dict
    print(count, day)


def of_events() -> None:
    event()  # E[call-arg | reportCallIssue]: what?
    event(5, math="dau")  # E[arg-type | reportArgumentType]: a name is a text
    event("purchase", "sum")  # E[call-arg | reportCallIssue]: math is a keyword
    event("purchase", maths="sum")  # E[call-arg | reportCallIssue]: misspelt argument
    event("purchase", math=5)  # E[arg-type | reportArgumentType]: a word
    event("purchase").math = "dau"  # E[misc | reportAttributeAccessIssue]: it stays as it is
    action(5.5)  # E[arg-type | reportArgumentType]: a whole number
    action(None)  # E[arg-type | reportArgumentType]: which?


def of_errors(error: PostHogError, refused: APIStatusError, limited: RateLimitError) -> None:
    error.status_code  # E[attr-defined | reportAttributeAccessIssue]: not all have one
    refused.status  # E[attr-defined | reportAttributeAccessIssue]: status_code
    refused.message  # E[attr-defined | reportAttributeAccessIssue]: str(error)
    refused.required_scope  # E[attr-defined | reportAttributeAccessIssue]: of PermissionDeniedError
    refused.status_code == "404"  # E[comparison-overlap | reportUnnecessaryComparison]: a number is no text
    limited.retry_after + 1  # E[operator | reportOptionalOperand]: it may be None
    limited.location  # E[attr-defined | reportAttributeAccessIssue]: of RedirectError
    TransportError("broken").status_code  # E[attr-defined | reportAttributeAccessIssue]: nothing was answered
    MalformedResponseError("broken", status_code=200).detail  # E[attr-defined | reportAttributeAccessIssue]: not of all
    body: dict[str, str] = refused.body  # E[assignment | reportAssignmentType]: anything may have come
    RateLimitError("too many")  # E[call-arg | reportCallIssue]: no status
    RateLimitError("too many", 429)  # E[call-arg | reportCallIssue]: the status is a keyword
    print(body)


def of_the_sandbox(box: Sandbox) -> None:
    Sandbox(persons="1000")  # E[arg-type | reportArgumentType]: not an int
    Sandbox(era="2027")  # E[arg-type | reportArgumentType]: no such era
    Sandbox(unscoped="maybe")  # E[arg-type | reportArgumentType]: no such word
    Sandbox(person=5)  # E[call-arg | reportCallIssue]: misspelt argument
    box.key  # E[attr-defined | reportAttributeAccessIssue]: api_key
    box.host()  # E[operator | reportCallIssue]: an attribute
    Environment(box)  # E[arg-type | reportArgumentType]: project_id, api_key and host


async def awaited_too_much(env: Environment) -> None:
    person = await env.persons.get(5)  # E[misc | reportGeneralTypeIssues]: this one blocks
    async for each in env.persons.list():  # E[attr-defined | reportGeneralTypeIssues]: this one is iterated with for
        print(person, each)


async def opened_like_the_other(env: Environment, other: AsyncEnvironment) -> None:
    async with env:  # E[attr-defined | reportGeneralTypeIssues]: this one blocks
        pass
    with other:  # E[attr-defined | reportGeneralTypeIssues]: async with
        pass
    other.close()  # E[attr-defined | reportAttributeAccessIssue]: aclose


async def not_awaited(env: AsyncEnvironment) -> None:
    person: Person = env.persons.get(5)  # E[assignment | reportAssignmentType]: await is missing
    people: list[Person] = env.persons.list().take(3)  # E[assignment | reportAssignmentType]: await is missing
    trend: Trend = env.insights.trend(events="$pageview")  # E[assignment | reportAssignmentType]: await is missing
    env.persons.delete(5)  # E[unused-coroutine | reportUnusedCoroutine]: await is missing
    env.persons.update(5, {"plan": "pro"})  # E[unused-coroutine | reportUnusedCoroutine]: await is missing
    env.insights.timing(name="x")  # E[unused-coroutine | reportUnusedCoroutine]: await is missing
    env.aclose()  # E[unused-coroutine | reportUnusedCoroutine]: await is missing
    env.persons.get(5).uuid  # E[attr-defined | reportAttributeAccessIssue]: await is missing
    env.persons.list().first().uuid  # E[attr-defined | reportAttributeAccessIssue]: await is missing
    if (await env.persons.list().first()).uuid:  # E[union-attr | reportOptionalMemberAccess]: it may be None
        print(person, people, trend)


async def iterated_wrongly(env: AsyncEnvironment) -> None:
    await env.persons.list()  # E[misc | reportGeneralTypeIssues]: async for
    list(env.persons.list())  # E[call-overload | reportArgumentType]: async for
    people = [person.uuid for person in env.persons.list()]  # E[attr-defined | reportGeneralTypeIssues]: async for
    for each in env.persons.list():  # E[attr-defined | reportGeneralTypeIssues]: async for
        print(each, people)
    for page in env.persons.list().pages():  # E[attr-defined | reportGeneralTypeIssues]: async for
        print(page)
    text: str = env.persons.csv()  # E[assignment | reportAssignmentType]: pieces of text
    await env.persons.csv()  # E[misc | reportGeneralTypeIssues]: async for
    asyncio.run(env.persons.list())  # E[arg-type | reportArgumentType]: not a coroutine
    trend = await env.insights.trend(events="$pageview")
    async for series in trend:  # E[attr-defined | reportGeneralTypeIssues]: a trend is here as a whole
        print(series, text)
