"""Look-ups: many at a time, without guesses, and finding nobody is not a success."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from posthog_environments import BulkProgress
from tests.bulk.conftest import kinds, lines
from tests.bulk.model import Model, person, serve, uuid


def emails(*numbers: int) -> list[str]:
    return [f"p{number}@mail.example" for number in numbers]


def asked_for(model: Model) -> list[dict[str, Any]]:
    """Return the filters of each listing."""
    found = []
    for _, target, _ in model.asked("GET", "/persons/?"):
        query = {name: values[0] for name, values in parse_qs(urlsplit(target).query).items()}
        found.append({name: value for name, value in query.items() if name not in ("limit", "offset")})
    return found


def test_many_emails_are_one_request() -> None:
    with serve(Model()) as model, model.client() as env:
        model.add(*range(1, 61))
        report = env.persons.delete_many(emails(*range(1, 61)), by="email", dry_run=True)
        assert report.pending == 60
        assert [outcome.uuid for outcome in report] == [uuid(number) for number in range(1, 61)]
        (query,) = asked_for(model)
        (condition,) = json.loads(query["properties"])
        assert condition == {"key": "email", "type": "person", "operator": "exact", "value": emails(*range(1, 61))}


def test_no_query_is_longer_than_servers_read() -> None:
    with serve(Model()) as model, model.client() as env:
        report = env.persons.delete_many(
            [f"{'ü' * 30}{number}@mail.example" for number in range(100)], by="email", dry_run=True
        )
        assert report.not_found == 100
        assert max(len(target) for _, target, _ in model.requests) < 4000


def test_of_many_one_that_two_persons_have_is_refused_and_the_others_are_found() -> None:
    with serve(Model()) as model, model.client() as env:
        model.add(1, 2, 3)
        model.people[uuid(9)] = person(9, properties={"email": "p2@mail.example"})
        report = env.persons.delete_many(emails(1, 2, 3), by="email", dry_run=True)
        assert [outcome.state for outcome in report] == ["pending", "refused", "pending"]
        assert "more than one person has this email" in (report.outcomes[1].reason or "")


def test_a_server_that_passes_over_the_filter_harms_nobody(tmp_path: Path) -> None:
    class Deaf(Model):
        def _list(self, query: dict[str, str]) -> dict[str, Any]:
            query = {name: value for name, value in query.items() if name != "properties"}
            return super()._list(query)

    with serve(Deaf()) as model, model.client() as env:
        model.add(1, 2, 3)
        report = env.persons.delete_many([*emails(1, 2), "no@mail.example"], by="email", journal=tmp_path / "j")
        assert [outcome.state for outcome in report] == ["done", "done", "not_found"]
        assert model.deleted == [uuid(1), uuid(2)]


OTHERWISE: dict[str, dict[str, Any]] = {
    "another case": {"properties": {"email": "Ada@Mail.Example"}},
    "Email": {"properties": {"email": None, "Email": "ada@mail.example"}},
    "Email in another case": {"properties": {"email": None, "Email": "aDA@MAIL.example"}},
    "$email": {"properties": {"email": None, "$email": "ada@mail.example"}},
    "a distinct id": {"distinct_ids": ["ada@mail.example"], "properties": {"email": None}},
    "part of another": {"properties": {"email": "xada@mail.example"}},
}


@pytest.mark.parametrize("name", OTHERWISE)
@pytest.mark.parametrize("count", [1, 2])
def test_who_is_similar_is_shown_and_never_touched(tmp_path: Path, name: str, count: int) -> None:
    with serve(Model()) as model, model.client() as env:
        model.people[uuid(1)] = person(1, **OTHERWISE[name])
        ids = ["ada@mail.example", "bob@mail.example"][:count]
        for _ in range(2):
            report = env.persons.delete_many(ids, by="email", journal=tmp_path / "j")
            assert report.not_found == count
            assert not report.ok
            assert [each.uuid for each in report.outcomes[0].similar] == [uuid(1)]
            assert report.outcomes[0].reason == "nobody has this email; one similar person was not changed"
        assert model.asked("POST") == model.asked("DELETE") == []
        assert len(model.asked("GET", "search=ada")) == 1, "once, in both runs together"
        assert "ada@" not in (tmp_path / "j").read_text()
        assert "Person 1" not in (tmp_path / "j").read_text()


@pytest.mark.parametrize("key", ["D7", "Person 7"])
def test_similar_distinct_ids(tmp_path: Path, key: str) -> None:
    with serve(Model()) as model, model.client() as env:
        model.add(7)
        report = env.persons.delete_many([key], by="distinct_id", journal=tmp_path / "j")
        assert report.not_found == 1
        assert report.outcomes[0].similar[0].name == "Person 7"
        assert model.deleted == []


def test_those_who_only_happen_to_be_listed_are_not_similar() -> None:
    class Deaf(Model):
        def _list(self, query: dict[str, str]) -> dict[str, Any]:
            return super()._list({} if "search" in query else query)

    with serve(Deaf()) as model, model.client() as env:
        model.add(1, 2)
        report = env.persons.delete_many(["ada@mail.example"], by="email", dry_run=True)
        assert (report.not_found, report.outcomes[0].similar) == (1, ())


def test_left_open_each_is_found_by_what_it_is(tmp_path: Path) -> None:
    with serve(Model()) as model, model.client() as env:
        model.add(1, 2, 3)
        model.people[uuid(4)] = person(4, distinct_ids=[uuid(77)])
        model.people[uuid(5)] = person(5, distinct_ids=["p5@mail.example"])
        ids = ["p1@mail.example", "d2", uuid(3), uuid(77), "p5@mail.example", uuid(88), "99", "no@mail.example"]
        plan = env.persons.delete_many(ids, by="auto", dry_run=True)
        assert [(outcome.by, outcome.state) for outcome in plan] == [
            ("email", "pending"), ("distinct_id", "pending"), ("id", "pending"), ("distinct_id", "pending"),
            ("email", "pending"), ("auto", "already_gone"), ("auto", "not_found"), ("auto", "not_found"),
        ]  # fmt: skip
        report = env.persons.delete_many(ids, by="auto", journal=tmp_path / "j")
        assert report.done == 5
        assert sorted(model.deleted) == [uuid(number) for number in range(1, 6)]


@pytest.mark.parametrize("key", ["p1@mail.example", "2", uuid(2)])
def test_left_open_a_line_that_finds_two_different_persons_is_refused(tmp_path: Path, key: str) -> None:
    with serve(Model()) as model, model.client() as env:
        model.add(1, 2)
        model.people[uuid(9)] = person(9, distinct_ids=[key])
        report = env.persons.delete_many([key], by="auto", journal=tmp_path / "j")
        assert report.refused == 1
        assert "more than one person" in (report.outcomes[0].reason or "")
        assert model.deleted == []


def test_two_lines_of_one_person_are_one_deletion(tmp_path: Path) -> None:
    with serve(Model()) as model, model.client() as env:
        model.add(1)
        report = env.persons.delete_many(["d1", "p1@mail.example", uuid(1)], by="auto", journal=tmp_path / "j")
        assert [outcome.state for outcome in report] == ["done", "duplicate", "duplicate"]
        assert model.deleted == [uuid(1)]


def test_the_run_uses_what_the_dry_run_looked_up(tmp_path: Path) -> None:
    journal = tmp_path / "j"
    ids = [*emails(1, 2, 3), "d4", uuid(5), "no@mail.example"]
    with serve(Model()) as model, model.client() as env:
        model.add(1, 2, 3, 4, 5)
        plan = env.persons.delete_many(ids, by="auto", journal=journal, dry_run=True)
        assert journal.stat().st_mode & 0o777 == 0o600
        assert model.asked("POST") == []
        before = len(model.asked("GET"))
        report = env.persons.delete_many(ids, by="auto", journal=journal)
        assert [outcome.by for outcome in report] == [outcome.by for outcome in plan]
        assert len(model.asked("GET")) == before, "nobody is looked up again"
        assert sorted(model.deleted) == [uuid(number) for number in range(1, 6)]


def test_who_was_not_there_in_the_dry_run_is_not_sent(tmp_path: Path) -> None:
    with serve(Model()) as model, model.client() as env:
        model.add(1)
        env.persons.delete_many([uuid(1), uuid(2)], journal=tmp_path / "j", dry_run=True)
        report = env.persons.delete_many([uuid(1), uuid(2)], journal=tmp_path / "j")
        assert [outcome.state for outcome in report] == ["done", "already_gone"]
        assert model.batches() == [[uuid(1)]]


def test_a_list_that_was_put_right_after_the_dry_run_begins_anew(tmp_path: Path) -> None:
    with serve(Model()) as model, model.client() as env:
        model.add(1, 2)
        env.persons.delete_many(
            ["p1@mail.example", "p3@mail.example"], by="email", journal=tmp_path / "j", dry_run=True
        )
        report = env.persons.delete_many(emails(1, 2), by="email", journal=tmp_path / "j")
        assert report.done == 2
        assert kinds(tmp_path / "j") == ["job", *["found"] * 2, *["intent"] * 2, *["outcome"] * 2]
        assert [line["input"] for line in lines(tmp_path / "j")[1:]] == [1, 2] * 3


def test_an_email_whose_person_this_journal_deleted_is_already_gone(tmp_path: Path) -> None:
    journal = tmp_path / "j"
    with serve(Model()) as model, model.client() as env:
        model.add(1)
        # The first run stopped before the second line was dealt with, and is more than a day ago.
        env.persons.delete_many(["d1", "p1@mail.example"], by="auto", journal=journal, dry_run=True)
        journal.write_text(journal.read_text().replace('"time":"20', '"time":"19'))
        found, first = lines(journal)[2], lines(journal)[1]
        told = {"uuid": uuid(1), "time": found["time"]}
        with journal.open("a") as file:
            file.write(json.dumps({"line": "outcome", "input": 1, "state": "done", "status": 202, **told,
                                   "request_id": None, "reason": None}) + "\n")  # fmt: skip
        assert first["uuid"] == uuid(1)
        model.people.clear()
        report = env.persons.delete_many(["d1", "p1@mail.example"], by="auto", journal=journal)
        assert [outcome.state for outcome in report] == ["done", "already_gone"]
        assert report.ok


def test_progress_tells_how_far_it_is_and_how_long_the_quota_takes() -> None:
    told: list[BulkProgress] = []
    with serve(Model()) as model, model.client() as env:
        model.add(*range(1, 31))
        env.persons.delete_many(emails(*range(1, 31)), by="email", dry_run=True, on_progress=told.append)
    assert {each.stage for each in told} == {"look-ups"}
    assert [each.done for each in told] == list(range(31))
    assert {each.total for each in told} == {30}


def test_the_wait_is_that_of_the_documented_rates() -> None:
    from posthog_environments.bulk.run import seconds_for
    from posthog_environments.ratelimit.limiter import RATES

    most, period = min(RATES["persons"], key=lambda rate: rate[1])
    assert seconds_for(0, "persons") == seconds_for(most, "persons") == 0
    assert seconds_for(most + 1, "persons") == period
    assert seconds_for(4 * most + 1, "persons") >= 4 * period


def test_a_look_up_that_fails_leaves_the_others(tmp_path: Path) -> None:
    class Down(Model):
        def _list(self, query: dict[str, str]) -> Any:
            if "p2@" in query.get("email", "") or "properties" in query:
                raise ConnectionError
            return super()._list(query)

        def answer(self, method: str, target: str, body: bytes) -> Any:
            try:
                return super().answer(method, target, body)
            except ConnectionError:
                return 503, b"{}"

    with serve(Down()) as model, model.client() as env:
        model.add(1, 2, 3)
        report = env.persons.delete_many(emails(1, 2, 3), by="email", journal=tmp_path / "j")
        assert [outcome.state for outcome in report] == ["done", "pending", "done"]


def test_look_ups_of_a_dry_run_without_the_flags_count_too(tmp_path: Path) -> None:
    journal = tmp_path / "j"
    with serve(Model()) as model, model.client() as env:
        model.add(1, 2)
        env.persons.delete_many(emails(1, 2), by="email", journal=journal, dry_run=True)
        journal.write_bytes(journal.read_bytes()[:-20])
        report = env.persons.delete_many(emails(1, 2), by="email", journal=journal, delete_events=True)
        assert report.done == 2
        assert lines(journal)[0]["delete_events"] is True
        assert kinds(journal) == ["job", "found", "found", *["intent"] * 2, *["outcome"] * 2]
        # The second was cut short, as by a crash, and is looked up again.
        assert [query.get("email") for query in asked_for(model)] == [None, "p2@mail.example"]
        changes = {"email": "p1@mail.example", "set": {"plan": "pro"}}
        env.persons.update_many([changes], journal=tmp_path / "k", dry_run=True)


def test_a_distinct_id_that_is_a_number_and_a_name_that_is_none(tmp_path: Path) -> None:
    class Deaf(Model):
        def _list(self, query: dict[str, str]) -> dict[str, Any]:
            return super()._list({})

    with serve(Deaf()) as model, model.client() as env:
        model.people[uuid(1)] = person(1, distinct_ids=[4711], name=7)
        report = env.persons.delete_many(["4711"], by="distinct_id", journal=tmp_path / "j")
        assert report.done == 1
        model.people[uuid(2)] = person(2, distinct_ids=["u2"], name=["x"])
        report = env.persons.delete_many(["U2"], by="distinct_id", dry_run=True)
        assert report.refused == 1, "it shows just anybody"


def test_a_server_that_takes_no_such_search_has_nobody_to_show() -> None:
    class Strict(Model):
        def answer(self, method: str, target: str, body: bytes) -> Any:
            if "search=" in target or "icontains" in target:
                return 400, {"type": "validation_error", "code": "invalid_input", "detail": "no", "attr": "search"}
            return super().answer(method, target, body)

    with serve(Strict()) as model, model.client() as env:
        report = env.persons.delete_many(["ada@mail.example"], by="email", dry_run=True)
        assert report.not_found == 1
