"""The main job, start to end: all ten operations, on the local sandbox with real data or on your own PostHog.

`make demo` runs it on the sandbox: every purchase of 23,570 customers of an online CD shop, 1997 and 1998.
`make demo LIVE=1` runs the reading part on the server that the environment names, and changes nothing there.
"""

from __future__ import annotations

import argparse
import asyncio
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from posthog_environments import (
    AsyncEnvironment,
    ConfigurationError,
    Environment,
    NotFoundError,
    PermissionDeniedError,
    Person,
    PostHogError,
    Trend,
    event,
    prop,
)

if TYPE_CHECKING:
    from posthog_environments.sandbox import Sandbox

ROOT = Path(__file__).resolve().parent.parent
CONSOLE = Console(highlight=False)
STEPS = 0


def step(title: str) -> None:
    global STEPS  # noqa: PLW0603 - a script that counts its headings
    STEPS += 1
    CONSOLE.print(f"\n[bold cyan]{STEPS}. {title}[/]")


def say(text: str) -> None:
    CONSOLE.print(f"   {text}")


def check_contract() -> None:
    step("The generated client and the contract agree")
    if subprocess.run([sys.executable, str(ROOT / "scripts" / "generate.py"), "--check"], check=False).returncode:
        sys.exit("The demo stops here: what it would show is not what the contract says.")
    say("openapi.yaml -> generated/posthog_environments_api, byte for byte")


def walk(env: Environment, most: int | None = None) -> list[Person]:
    """Walk the persons with a progress bar, and say what the walk saw."""
    columns = (
        SpinnerColumn(),
        TextColumn("   {task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    people: list[Person] = []
    pager = env.persons.list(include_total=True)
    started = time.perf_counter()
    with Progress(*columns, console=CONSOLE, transient=True) as progress:
        task = progress.add_task("persons", total=None)
        for page in pager.pages():
            people += page.results
            progress.update(task, completed=len(people), total=page.count)
            if most is not None and len(people) >= most:
                break
    report = pager.report
    seconds = time.perf_counter() - started
    state = "complete" if report.complete else f"not complete: {report.reason}"
    say(f"{len(people):,} persons in {report.pages} pages and {seconds:.1f} s; {state}")
    return people


def show(people: list[Person], *properties: str) -> None:
    table = Table(box=None, padding=(0, 2), header_style="dim")
    for title in ("uuid", "name", *properties):
        table.add_column(title)
    for person in people:
        table.add_row(person.uuid[:8] + "…", str(person.name), *(str(person.properties.get(p, "")) for p in properties))
    CONSOLE.print(table)


def draw(trend: Trend, width: int = 46) -> None:
    """Draw each series as bars, one line for each point."""
    for series in trend:
        say(f"[bold]{series.label}[/]")
        numbers = [value or 0 for value in series.data]
        top = max(numbers, default=0) or 1
        for label, value in zip(series.labels, numbers, strict=True):
            CONSOLE.print(f"   {label:>12} [green]{'█' * round(width * value / top):<{width}}[/] {value:>11,.2f}")


def read(env: Environment, events: str, name: str) -> list[Person]:
    step("persons.list: every person, page by page")
    people = walk(env, most=None if env.host.startswith("http://127.") else 5000)
    if not people:
        say("There is nobody in this project.")
        return people
    show(people[:3])

    step("persons.list with filters")
    wanted = prop(name).is_set()
    found = env.persons.list(properties=wanted).take(3)
    say(f"the first three with {name!r} set:")
    show(found, name)

    step("persons.get: one person")
    person = env.persons.get(people[0])
    say(f"{person.name}, since {person.created_at}, {len(person.distinct_ids)} distinct ids")

    step("persons.activity and persons.properties_timeline")
    calls: dict[str, Callable[[], object]] = {
        "activity": lambda: env.persons.activity(person).take(5),
        "timeline": lambda: env.persons.properties_timeline(person, events=events, properties=wanted, date_from="all"),
    }
    for title, call in calls.items():
        try:
            say(f"{title}: {call()}")
        except PermissionDeniedError as error:
            say(f"{title}: refused, as real servers do with personal keys ({error.required_scope or 'no scope helps'})")
    return people


def change(env: Environment, person: Person) -> None:
    step("persons.update: correct a person")
    env.persons.update(person, {"segment": "corrected", "checked_on": date(1998, 7, 1)})
    say(f"{person.name}: segment is now {wait_for(env, person, 'segment', 'corrected')!r}")

    step("persons.delete_property: forget one thing")
    env.persons.delete_property(person, "checked_on")
    say(f"checked_on is now {wait_for(env, person, 'checked_on', None)!r}")

    step("persons.activity: what was done")
    for entry in env.persons.activity(person).take(3):
        say(f"{entry.created_at:%Y-%m-%d %H:%M:%S}  {entry.activity}")

    step("persons.delete: delete a person")
    env.persons.delete(person)
    for _ in range(50):
        try:
            env.persons.get(person)
        except NotFoundError:
            say(f"{person.name} is gone")
            break
        time.sleep(0.1)

    step("insights.timing: report an insight")
    env.insights.timing(name="Revenue by month", saved=True)
    say("taken")


def wait_for(env: Environment, person: Person, name: str, value: object) -> object:
    """Read until a change shows: servers take it, and carry it out a little later."""
    for _ in range(50):
        found = env.persons.get(person).properties.get(name)
        if found == value:
            break
        time.sleep(0.1)
    return found


async def read_async(box: Sandbox, people: list[Person]) -> None:
    step("The same, async: three trends and a person at once")
    async with AsyncEnvironment(box.project_id, api_key=box.api_key, host=box.host) as env:
        person, total, buyers, all_time = await asyncio.gather(
            env.persons.get(people[1]),
            env.insights.trend(events=event("purchase"), date_from="1998-01-01", interval="month"),
            env.insights.trend(events=event("purchase", math="dau"), date_from="1998-01-01", interval="month"),
            env.insights.get_trend(events="purchase", display="BoldNumber", date_from="all"),
        )
        say(f"{person.name}")
        say(f"purchases in 1998, by month: {total[0].data}")
        say(f"buyers in 1998, by month: {buyers[0].data}")
        say(f"purchases of all time: {all_time[0].aggregated_value:,.0f}")


@contextmanager
def served(era: Literal["2025", "2026-09"]) -> Iterator[tuple[Sandbox, Environment]]:
    from posthog_environments.sandbox import Sandbox

    with (
        Sandbox(data="cdnow", era=era) as box,
        Environment(box.project_id, api_key=box.api_key, host=box.host) as env,
    ):
        say(f"listens on {box.host}")
        yield box, env


def revenue_by_month(env: Environment) -> Trend:
    revenue = event("purchase", math="sum", math_property="dollars")
    trend = env.insights.trend(events=revenue, date_from="1997-01-01", date_to="1998-06-30", interval="month")
    draw(trend)
    say(f"asked at {'query/' if trend.via == 'query' else 'insights/trend/'}")
    return trend


def sandbox() -> None:
    check_contract()
    step("A sandbox of 2025, with the purchases of 23,570 customers")
    with served("2025") as (box, env):
        people = read(env, "purchase", "segment")

        step("insights.trend: revenue by month")
        revenue = revenue_by_month(env)

        step("insights.get_trend: buyers by week, with the question in the address")
        by_week = env.insights.get_trend(
            events=event("purchase", math="dau"), date_from="1998-05-01", date_to="1998-06-30", interval="week"
        )
        draw(by_week)

        change(env, people[0])
        asyncio.run(read_async(box, people))

    step("The same trend from a sandbox of September 2026, without insights/trend/")
    with served("2026-09") as (_, env):
        today = revenue_by_month(env)
        if [series.data for series in today] != [series.data for series in revenue]:
            sys.exit("The demo stops here: the two servers gave different figures.")
        say("the same figures, by the same call")
    CONSOLE.print(
        "\n[bold]All ten operations at work.[/]\n\nOn your own PostHog (this reads, and changes nothing):\n\n"
        "   export POSTHOG_PERSONAL_API_KEY=phx_… POSTHOG_PROJECT_ID=12345 POSTHOG_HOST=us\n"
        "   make demo LIVE=1\n",
        soft_wrap=True,
    )


def live() -> None:
    with Environment() as env:
        CONSOLE.print(f"Reading from project {env.project_id} on {env.host}; nothing is changed there.")
        read(env, "$pageview", "email")
        step("insights.trend: page views of the last 30 days")
        draw(env.insights.trend(events="$pageview", date_from="-30d"))
        draw(env.insights.get_trend(events="$pageview", date_from="-8w", interval="week"))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--live", action="store_true", help="read from the server that the environment names")
    arguments = parser.parse_args()
    try:
        live() if arguments.live else sandbox()
    except ConfigurationError as error:
        CONSOLE.print(f"[bold red]{error}[/]")
        return 2
    except PostHogError as error:
        CONSOLE.print(f"[bold red]{type(error).__name__}: {error}[/]")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
