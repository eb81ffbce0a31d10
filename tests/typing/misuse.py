"""Mistakes that both type checkers must flag, one a line. tests/typing/test_typing.py holds that each is flagged."""

from __future__ import annotations

from posthog_environments import AsyncEnvironment, Environment, Person, RateLimitError, Trend, event, prop


def mistakes(env: Environment, person: Person, trend: Trend) -> None:
    env.persons.list(serach="acme")  # E: misspelt argument
    env.persons.get()  # E: nothing to get
    env.persons.get(5.5)  # E: not an id
    env.persons.get(5, "now")  # E: timeout is a keyword
    env.persons.update(5)  # E: no properties
    env.persons.update(5, ["plan"])  # E: not a mapping
    env.persons.delete(5, delete_events="yes")  # E: not a bool
    env.persons.delete_property(5, 6)  # E: not a name
    env.persons.list(page_size="100")  # E: not an int
    env.insights.trend(evnts=["$pageview"])  # E: misspelt argument
    env.insights.trend(events="$pageview", date_from=7)  # E: not a date
    people: list[Person] = env.persons.list()  # E: a pager is no list
    count: int = trend.result[0].label  # E: a label is no number
    person.distinct_id  # E: no such attribute
    Environment(12345, prefix="envs")  # E: no such prefix
    Environment(12345, verify=False)  # E: verification stays on
    Environment(12345, "phx_key")  # E: the key is a keyword
    prop(5) == "x"  # E: a name is a text
    Environment(12345, transport=5)  # E: not a transport
    Environment(12345, max_wiat=5)  # E: misspelt argument
    env.persons.list("acme")  # E: search is a keyword
    env.persons.list(properties=5)  # E: not a filter
    env.persons.list(offset=None)  # E: not an int
    env.persons.list().take("3")  # E: not an int
    env.persons.list().report.complte  # E: no such attribute
    env.persons.list()[0]  # E: a pager has no items by number
    len(env.persons.list())  # E: nobody knows how long it is
    env.persons.get([5])  # E: not an id
    env.persons.properties_timeline(5, date_from=5.5)  # E: not a date
    env.persons.update(5, {5: "plan"})  # E: names are texts
    env.person  # E: no such attribute
    env.insights.trend(events=5.5)  # E: not an event
    env.insights.trend(events="$pageview", compare="yes")  # E: not a bool
    env.insights.timing(order="first")  # E: not an int
    env.with_options(host="eu")  # E: a view keeps the server
    env.aclose()  # E: this one blocks
    event(5, math="dau")  # E: a name is a text
    (prop("plan") == "pro") & "free"  # E: not a filter
    trend.results  # E: no such attribute
    trend[0].daata  # E: no such attribute
    trend.plot(axes=None)  # E: misspelt argument
    day: str = trend[0].data[0]  # E: a number is no text
    name: str = person.name  # E: it may be None
    created: str = person.created_at  # E: a datetime is no text
    error = RateLimitError("too many")  # E: no status
    print(people, count, day, name, created, error)


def wrongly_opened() -> None:
    with AsyncEnvironment(12345) as env:  # E: async with
        print(env)


async def awaited_too_much(env: Environment) -> None:
    person = await env.persons.get(5)  # E: this one blocks
    async for each in env.persons.list():  # E: this one is iterated with for
        print(person, each)
    async with env:  # E: this one blocks
        pass


async def forgotten(env: AsyncEnvironment) -> None:
    person: Person = env.persons.get(5)  # E: await is missing
    people: list[Person] = env.persons.list().take(3)  # E: await is missing
    trend: Trend = env.insights.trend(events="$pageview")  # E: await is missing
    text: str = env.persons.csv()  # E: it comes in pieces
    for each in env.persons.list():  # E: async for is missing
        print(each)
    print(person, people, trend, text)
