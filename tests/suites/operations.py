"""The operations of the contract, and a call of the client for each: what campaigns and live checks go over.

Methods, paths, parameters and examples are those of the contract. A new operation is a line of `CALLS`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, TypeAlias

import samples
import yaml
from samples import Sample

from posthog_environments import AsyncPager, Pager, prop

__all__ = ["APART", "CALLS", "CONTRACT", "OPERATIONS", "PERSON", "Call", "aoutcome", "outcome", "success"]

CONTRACT: Final[Mapping[str, Any]] = yaml.safe_load(
    (Path(__file__).parents[2] / "openapi.yaml").read_text(encoding="utf-8")
)
OPERATIONS: Final[Mapping[str, Sample]] = {each.name: each for each in samples.calls(CONTRACT)}
"""What the contract has, by `operationId`."""
PERSON: Final = "095be615-a8ad-4c33-8e9c-c7612fbf6c9f"

Call: TypeAlias = Callable[[Any, Any, str], Any]
"""Takes a client, blocking or async, an id of a person, and a text that goes wherever a text may stand."""
CALLS: Final[Mapping[str, Call]] = {
    "listPersons": lambda env, _, text: env.persons.list(
        search=text, email=text, distinct_id=text, properties=[prop(text) == text, prop(text).icontains(text)]
    ),
    "getPerson": lambda env, person, text: env.persons.get(person, extra_query={f"x{text}": text}),
    "updatePerson": lambda env, person, text: env.persons.update(person, {text: text, "in a list": [{text: text}]}),
    "deletePerson": lambda env, person, text: env.persons.delete(person, extra_query={"note": text}),
    "listPersonActivity": lambda env, person, text: env.persons.activity(person, extra_query={"note": text}),
    "deletePersonProperty": lambda env, person, text: env.persons.delete_property(person, text),
    "getPersonPropertiesTimeline": lambda env, person, text: env.persons.properties_timeline(
        person, events=[text], properties=[prop(text) == text]
    ),
    "listPersonDeletions": lambda env, _, text: env.persons.deletion_status(extra_query={"note": text}),
    "getTrend": lambda env, _, text: env.insights.get_trend(
        events=[text], breakdown=text, properties=[prop(text) == text]
    ),
    "queryTrend": lambda env, _, text: env.insights.trend(
        events=[text], breakdown=text, properties=[prop(text) == text]
    ),
    "recordInsightTiming": lambda env, _, text: env.insights.timing(name=text),
}
APART: Final = frozenset({"runQuery", "getQuery", "bulkDeletePersons"})
"""What the client calls for a trend or a job, which are made of several calls."""

if _missing := OPERATIONS.keys() - CALLS.keys() - APART:
    raise LookupError(f"tests/suites/operations.py has no call of {', '.join(sorted(_missing))}")


def success(operation: Sample) -> tuple[int, Any]:
    """Return the status of an answer that went well, and the example of its JSON, or None where none has any."""
    statuses = [status for status in operation.operation["responses"] if status.startswith("2")]
    for status in statuses:
        response = samples.resolved(CONTRACT, operation.operation["responses"][status])
        examples = response.get("content", {}).get("application/json", {}).get("examples", {})
        for each in examples.values():
            return int(status), each["value"]
    return int(statuses[0]), None


def outcome(call: Callable[[], Any]) -> Any:
    """Make a call of the blocking client; return its value, for a listing its rows, or the error that it ended in."""
    try:
        found = call()
        return list(found) if isinstance(found, Pager) else found
    except Exception as error:  # noqa: BLE001 - whatever comes is judged
        return error


async def aoutcome(call: Callable[[], Any]) -> Any:
    """Make a call of the async client, as `outcome`."""
    try:
        found = call()
        return [each async for each in found] if isinstance(found, AsyncPager) else await found
    except Exception as error:  # noqa: BLE001 - as above
        return error
