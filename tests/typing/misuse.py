"""Mistakes that both type checkers must flag, one a line. tests/typing/test_typing.py holds that each is flagged."""

from __future__ import annotations

from posthog_environments import AsyncEnvironment, Environment, Person, Trend, prop


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
    print(people, count)


async def forgotten(env: AsyncEnvironment) -> None:
    person: Person = env.persons.get(5)  # E: await is missing
    for each in env.persons.list():  # E: async for is missing
        print(each)
    print(person)
