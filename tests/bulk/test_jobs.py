"""The inputs of a job: checks, duplicates, and the counts of outcomes."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from posthog_environments_api.models import Person

from posthog_environments import BulkOutcome, BulkReport
from posthog_environments.bulk.jobs import Change, change_of, changes_of, contradictions, deletions_of

ID = "095be615-a8ad-4c33-8e9c-c7612fbf6c9f"
OTHER = "095be615-a8ad-4c33-8e9c-c7612fbf6c90"


def test_ids_in_all_their_forms() -> None:
    job = deletions_of([ID.upper(), UUID(OTHER), 42, "43", Person.from_dict({"uuid": ID})], "id", delete_events=False)
    assert [entry.key for entry in job.entries] == [ID, OTHER, "42", "43", ID]
    assert [entry.uuid for entry in job.entries] == [ID, OTHER, None, None, ID]
    assert [entry.same_as for entry in job.entries] == [None, None, None, None, 1]


def test_all_wrong_ids_are_named() -> None:
    with pytest.raises(ValueError, match="3 of the ids cannot be used") as caught:
        deletions_of([ID, "..", 0, True], "id", delete_events=False)
    assert [line.partition(":")[0] for line in str(caught.value).splitlines()[1:]] == ["2", "3", "4"]
    with pytest.raises(ValueError, match="and 5 more"):
        deletions_of(["?"] * 25, "id", delete_events=False)


@pytest.mark.parametrize(
    ("by", "value"), [("email", "ada"), ("email", ""), ("email", 1), ("distinct_id", ""), ("distinct_id", None)]
)
def test_what_is_no_email_or_distinct_id_is_refused(by: Any, value: Any) -> None:
    with pytest.raises(ValueError, match="1 of the ids"):
        deletions_of([value], by, delete_events=False)


@pytest.mark.parametrize(
    ("ids", "by", "events", "error"),
    [
        (ID, "id", False, TypeError),
        (None, "id", False, TypeError),
        ([ID], "uuid", False, ValueError),
        ([ID], "id", "no", TypeError),
        ([ID], "id", None, TypeError),
    ],
)
def test_wrong_arguments(ids: Any, by: Any, events: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        deletions_of(ids, by, delete_events=events)


def test_changes_in_all_their_forms() -> None:
    job = changes_of([
        {"id": ID, "set": {"plan": "pro"}},
        {"email": "a@example.com", "unset": "phone"},
        {"distinct_id": "u", "set": {"a": [1, {"b": None}]}},
        {"set": {"plan": "pro"}, "id": ID},
    ])  # fmt: skip
    assert [(e.by, e.key, e.same_as) for e in job.entries] == [
        ("id", ID, None), ("email", "a@example.com", None), ("distinct_id", "u", None), ("id", ID, 1),
    ]  # fmt: skip
    assert changes_of({ID: {"plan": "pro"}}).entries == job.entries[:1]


@pytest.mark.parametrize(
    "change",
    [
        ID,
        {},
        {"set": {"a": 1}},
        {"id": ID},
        {"id": ID, "set": {}},
        {"id": ID, "set": "a"},
        {"id": ID, "set": {"a": float("nan")}},
        {"id": ID, "set": {"a": 1}, "unset": "b"},
        {"id": ID, "unset": ""},
        {"id": ID, "unset": ["a"]},
        {"id": ID, "email": "a@b", "set": {"a": 1}},
        {"id": ID, "set": {"a": 1}, "$set": {"b": 1}},
        {"id": ID, "set": {"a": 1}, 7: 1},
    ],
)
def test_what_is_no_change_is_refused(change: Any) -> None:
    with pytest.raises((TypeError, ValueError)):
        change_of(1, change)
    with pytest.raises(ValueError, match="1 of the changes cannot be used"):
        changes_of([change])


@pytest.mark.parametrize(
    ("one", "two", "contradict"),
    [
        ({"set": {"a": 1}}, {"set": {"a": 2}}, True),
        ({"set": {"a": 1}}, {"set": {"a": True}}, True),
        ({"set": {"a": 1}}, {"set": {"b": 2}}, False),
        ({"set": {"a": 1, "b": 2}}, {"set": {"a": 1, "c": 3}}, False),
        ({"set": {"a": 1}}, {"unset": "a"}, True),
        ({"unset": "a"}, {"unset": "a"}, False),
        ({"unset": "a"}, {"unset": "b"}, False),
    ],
)
def test_changes_of_one_person_that_contradict_each_other(one: Any, two: Any, contradict: bool) -> None:
    changes = [{"id": ID, **one}, {"id": ID, **two}]
    entries = [change_of(number, change) for number, change in enumerate(changes, 1)]
    assert list(contradictions(entries)) == ([(2, 1, "a")] if contradict else [])
    if contradict:
        with pytest.raises(ValueError, match="2: 'a' is changed differently by 1"):
            changes_of(changes)
    else:
        changes_of(changes)
    changes_of([{"id": ID, **one}, {"id": OTHER, **two}])


def test_the_journal_knows_names_and_no_values() -> None:
    assert Change({"b": "secret", "a": 1}).named() == {"set": ["a", "b"]}
    assert Change(unset="a").named() == {"unset": "a"}
    entry = deletions_of(["ada@example.com"], "email", delete_events=False).entries[0]
    assert "ada" not in entry.sealed("00")


def test_another_job_has_another_sum() -> None:
    def total(ids: Any, by: Any = "email") -> str:
        return deletions_of(ids, by, delete_events=False).header("h", "1", "00").sum

    def changed(change: Any) -> str:
        return changes_of([{"id": ID, **change}]).header("h", "1", "00").sum

    one = total(["a@b", "c@d"])
    assert one == total(["a@b", "c@d"])
    assert len({one, total(["c@d", "a@b"]), total(["a@b"]), total(["a@b", "c@d"], "distinct_id")}) == 4
    assert len({changed({"set": {"a": 1}}), changed({"set": {"a": 2}}), changed({"unset": "a"})}) == 3


def test_a_report_adds_up() -> None:
    states: list[Any] = ["done", "done", "already_gone", "refused", "unknown", "duplicate", "pending", "pending"]
    report = BulkReport(tuple(BulkOutcome(n, "id", str(n), state) for n, state in enumerate(states, 1)))
    assert (report.done, report.already_gone, report.refused, report.unknown) == (2, 1, 1, 1)
    assert (report.duplicates, report.pending, len(report)) == (1, 2, 8)
    assert sum(report.counts().values()) == 8
    assert [outcome.input for outcome in report] == list(range(1, 9))
    assert not report.ok


@pytest.mark.parametrize(
    ("state", "ok"),
    [("done", True), ("already_gone", True), ("duplicate", True), ("refused", False), ("unknown", False),
     ("pending", False)],
)  # fmt: skip
def test_what_is_well(state: Any, ok: bool) -> None:
    assert BulkReport((BulkOutcome(1, "id", "1", state),)).ok is ok
