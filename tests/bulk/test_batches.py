"""Bulk deletion: nothing is sent twice, and each person has an outcome, whatever the server responds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from posthog_environments import (
    APIStatusError,
    BulkProgress,
    ConfigurationError,
    NotFoundError,
    PermissionDeniedError,
)
from tests.bulk.conftest import kinds, lines
from tests.bulk.model import Model, serve, uuid


def uuids(*numbers: int) -> list[str]:
    return [uuid(number) for number in numbers]


@pytest.mark.parametrize(("bulk", "state"), [("summary", "done"), ("empty", "done"), ("queued", "queued")])
@pytest.mark.parametrize("using", ["auto", "bulk"])
def test_many_at_once(tmp_path: Path, bulk: str, state: str, using: Any) -> None:
    with serve(Model(bulk=bulk)) as model, model.client() as env:
        model.add(*range(1, 6))
        report = env.persons.delete_many(uuids(1, 2, 3, 4, 2), journal=tmp_path / "j", using=using)
        assert [outcome.state for outcome in report] == [state] * 4 + ["duplicate"]
        assert report.ok
        assert model.batches() == [uuids(1, 2, 3, 4)]
        assert model.asked("DELETE") == []
        again = env.persons.delete_many(uuids(1, 2, 3, 4, 2), journal=tmp_path / "j", using=using)
        assert (again.counts(), again.new) == (report.counts(), 1), "the duplicate is told each time"
        assert len(model.batches()) == 1


def test_a_thousand_at_most_go_with_one_request(tmp_path: Path) -> None:
    told: list[BulkProgress] = []
    with serve(Model()) as model, model.client() as env:
        model.add(*range(1, 2502))
        report = env.persons.delete_many(uuids(*range(1, 2502)), journal=tmp_path / "j", on_progress=told.append)
        assert report.done == 2501
        assert [len(batch) for batch in model.batches()] == [1000, 1000, 501]
        assert len(set(model.deleted)) == len(model.deleted) == 2501
    assert [(each.stage, each.total) for each in told[:1]] == [("changes", 2501)]


def test_all_intents_are_written_before_a_request_and_all_outcomes_after(tmp_path: Path) -> None:
    journal = tmp_path / "j"
    seen: list[list[str]] = []
    with serve(Model()) as model, model.client() as env:
        model.add(1, 2, 3)
        model.watch = lambda: seen.append(kinds(journal))
        env.persons.delete_many(uuids(1, 2, 3), journal=journal)
    assert seen == [["job", "intent", "intent", "intent"]]
    assert kinds(journal)[4:] == ["outcome"] * 3


@pytest.mark.parametrize("status", [404, 405])
def test_a_server_without_it_is_asked_one_by_one(tmp_path: Path, status: int) -> None:
    with serve(Model(bulk=status)) as model, model.client() as env:
        model.add(*range(1, 1005))
        report = env.persons.delete_many(uuids(*range(1, 1005), 9999), journal=tmp_path / "j")
        assert (report.done, report.already_gone) == (1004, 1)
        assert len(model.batches()) == (2 if status == 404 else 1), "once, and at the twin of the path"
        assert len(model.deleted) == 1004


@pytest.mark.parametrize("status", [404, 405])
def test_who_insists_on_it_is_told(tmp_path: Path, status: int) -> None:
    with serve(Model(bulk=status)) as model, model.client() as env:
        model.add(1, 2)
        with pytest.raises(APIStatusError) as caught:
            env.persons.delete_many(uuids(1, 2), journal=tmp_path / "j", using="bulk")
        assert caught.value.status_code == status
        assert 'Leave using="bulk" out' in caught.value.__notes__[0]
        with pytest.raises(APIStatusError) as caught:
            env.persons.delete_many(uuids(1, 2), journal=tmp_path / "k", delete_recordings=True)
        assert "Recordings are deleted" in caught.value.__notes__[0]
        assert model.asked("DELETE") == []
        assert len(model.people) == 2
        report = env.persons.delete_many(uuids(1, 2), journal=tmp_path / "j", using="single")
        assert report.done == 2, "that nothing was done is in the journal"


@pytest.mark.parametrize("status", [400, 401, 402, 403, 413, 422, 429])
@pytest.mark.parametrize("using", ["auto", "bulk"])
def test_a_no_to_the_batch_is_an_error_and_deletes_nothing(tmp_path: Path, status: int, using: Any) -> None:
    with serve(Model(bulk=status)) as model, model.client() as env:
        model.add(1, 2)
        with pytest.raises(APIStatusError) as caught:
            env.persons.delete_many(uuids(1, 2), journal=tmp_path / "j", using=using)
        assert caught.value.status_code == status
        assert isinstance(caught.value, PermissionDeniedError) == (status == 403)
        assert model.asked("DELETE") == []
        assert [line["state"] for line in lines(tmp_path / "j") if line["line"] == "outcome"] == ["pending"] * 2
        model.bulk = "summary"
        assert env.persons.delete_many(uuids(1, 2), journal=tmp_path / "j", using=using).done == 2
        assert model.asked("GET") == [], "nobody need be looked at"


def test_one_by_one_if_asked_for(tmp_path: Path) -> None:
    with serve(Model()) as model, model.client() as env:
        model.add(1, 2)
        assert env.persons.delete_many(uuids(1, 2), journal=tmp_path / "j", using="single").done == 2
        assert (len(model.asked("DELETE")), model.batches()) == (2, [])


def test_flags_go_into_the_body_alone_as_booleans(tmp_path: Path) -> None:
    flags: list[dict[str, bool]] = [
        {}, {"delete_events": True}, {"delete_recordings": True}, {"delete_events": True, "delete_recordings": True},
        {"delete_events": True, "keep_person": True}, {"delete_events": False, "delete_recordings": False},
    ]  # fmt: skip
    with serve(Model()) as model, model.client() as env:
        for number, each in enumerate(flags):
            model.add(number)
            env.persons.delete_many(uuids(number), journal=tmp_path / f"j{number}", **each)  # type: ignore[arg-type]
        sent = [(target, body) for _, target, body in model.asked("POST")]
    assert [body for _, body in sent] == [
        {"ids": uuids(number), **{name: True for name, value in each.items() if value}}
        for number, each in enumerate(flags)
    ]
    assert not any("?" in target for target, _ in sent)


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"using": "single", "delete_recordings": True}, ValueError),
        ({"using": "single", "keep_person": True, "delete_events": True}, ValueError),
        ({"keep_person": True}, ValueError),
        ({"using": "many"}, ValueError),
        ({"using": None}, ValueError),
        ({"delete_recordings": "false"}, TypeError),
        ({"keep_person": 1, "delete_events": True}, TypeError),
        ({"delete_events": None}, TypeError),
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_is_sent(tmp_path: Path, options: Any, error: Any) -> None:
    with serve(Model()) as model, model.client() as env:
        with pytest.raises(error):
            env.persons.delete_many(uuids(1), journal=tmp_path / "j", **options)
        assert model.requests == []
    assert not (tmp_path / "j").exists()


def test_who_the_server_could_not_delete_is_refused(tmp_path: Path) -> None:
    with serve(Model(stubborn={uuid(2)})) as model, model.client() as env:
        model.add(1, 2, 3)
        report = env.persons.delete_many(uuids(1, 2, 3), journal=tmp_path / "j")
        assert [outcome.state for outcome in report] == ["done", "refused", "done"]
        assert "at the step 'delete_person'" in (report.outcomes[1].reason or "")
        assert not report.ok
        assert model.asked("GET") == [], "all are accounted for"


@pytest.mark.parametrize(("bulk", "there"), [("summary", "done"), ("queued", "queued")])
def test_if_fewer_were_found_each_is_looked_at(tmp_path: Path, bulk: str, there: str) -> None:
    with serve(Model(bulk=bulk)) as model, model.client() as env:
        model.add(1, 3)
        report = env.persons.delete_many(uuids(1, 2, 3), journal=tmp_path / "j")
        assert [outcome.state for outcome in report] == [there, "done", there]
        assert len(model.asked("GET", "/persons/0000")) == 3
        assert len(model.batches()) == 1


def test_whoever_is_still_there_though_fewer_were_found_is_refused(tmp_path: Path) -> None:
    class Shy(Model):
        def _bulk(self, body: dict[str, Any]) -> Any:
            left = {**body, "ids": [key for key in body["ids"] if key != uuid(2)]}
            return super()._bulk(left)

    with serve(Shy()) as model, model.client() as env:
        model.add(1, 2)
        report = env.persons.delete_many(uuids(1, 2), journal=tmp_path / "j")
        assert [outcome.state for outcome in report] == ["done", "refused"]


@pytest.mark.parametrize("fault", ["done", "lost", 500, 502, 504, 520])
def test_a_doubtful_batch_is_looked_at_and_who_is_there_is_sent_again(tmp_path: Path, fault: Any) -> None:
    with serve(Model(faults=[fault])) as model, model.client(retries=3) as env:
        model.add(1, 2, 3)
        report = env.persons.delete_many(uuids(1, 2, 3, 4), journal=tmp_path / "j")
        assert report.done == 4
        assert sorted(model.deleted) == uuids(1, 2, 3), "each once"
        expected = [uuids(1, 2, 3, 4)] + ([uuids(1, 2, 3)] if fault == "lost" else [])
        assert model.batches() == expected


def test_a_batch_that_is_lost_twice_is_left_to_the_next_run(tmp_path: Path) -> None:
    with serve(Model(faults=["lost", "lost"])) as model, model.client() as env:
        model.add(1, 2)
        report = env.persons.delete_many(uuids(1, 2), journal=tmp_path / "j")
        assert report.pending == 2
        report = env.persons.delete_many(uuids(1, 2), journal=tmp_path / "j")
        assert report.done == 2
        assert model.deleted == uuids(1, 2)


def test_of_whom_events_were_to_go_a_doubt_is_closed_only_by_a_row(tmp_path: Path) -> None:
    class Forgetful(Model):
        """Lists the deletion of the events of one person only."""

        def _delete(self, key: str, *, events: bool, keep: bool = False) -> None:
            super()._delete(key, events=events and key == uuid(1), keep=keep)

    call: dict[str, Any] = {"journal": tmp_path / "j", "delete_events": True}
    with serve(Forgetful(faults=["done"])) as model, model.client() as env:
        model.add(1, 2)
        report = env.persons.delete_many(uuids(1, 2), **call)
        assert [outcome.state for outcome in report] == ["done", "unknown"]
        report = env.persons.delete_many(uuids(1, 2), **call)
        assert [(outcome.state, outcome.earlier) for outcome in report] == [("done", True), ("unknown", True)]
        report = env.persons.delete_many(uuids(1, 2), retry_unknown=True, **call)
        assert report.unknown == 1, "who is gone cannot be asked for again"
        model.rows.append({"person_uuid": uuid(2), "created_at": "2026-01-01T00:00:00Z", "status": "completed",
                           "delete_verified_at": "2026-01-02T00:00:00Z"})  # fmt: skip
        assert env.persons.delete_many(uuids(1, 2), **call).unknown == 1, "that was over before it was asked for"
        model.rows.append({"person_uuid": uuid(3), "created_at": "2030-01-01T00:00:00Z", "status": "pending"})
        assert env.persons.delete_many(uuids(1, 2), **call).unknown == 1, "that is somebody else"
        model.lists_deletions = False
        assert env.persons.delete_many(uuids(1, 2), **call).unknown == 1, "a missing list says nothing"
        model.lists_deletions = True
        model.rows.append({"person_uuid": uuid(2), "created_at": "2030-01-01T00:00:00Z", "status": "pending"})
        report = env.persons.delete_many(uuids(1, 2), **call)
        assert (report.done, report.new) == (2, 1)
        assert env.persons.delete_many(uuids(1, 2), **call).new == 0
        assert len(model.batches()) == 1


def test_of_persons_who_are_kept_a_look_says_nothing(tmp_path: Path) -> None:
    call: dict[str, Any] = {"journal": tmp_path / "j", "delete_events": True, "keep_person": True}
    with serve(Model(faults=["lost"])) as model, model.client() as env:
        model.add(1, 2)
        report = env.persons.delete_many(uuids(1, 2), **call)
        assert report.unknown == 2
        assert len(model.batches()) == 1, "not repeated blindly"
        report = env.persons.delete_many(uuids(1, 2), retry_unknown=True, **call)
        assert report.done == 2, "but if asked for by name"
        assert len(model.people) == 2
        report = env.persons.delete_many(uuids(2, 3), **{**call, "journal": tmp_path / "k"})
        assert [outcome.state for outcome in report] == ["done", "already_gone"]


@pytest.mark.parametrize(
    "body",
    [b"<html>Sign in</html>", b"[]", b'"ok"', b"{}", b'{"persons_found": "2"}', b'{"persons_found": true}',
     b'{"persons_found": -1}', b'{"success": false}', b'{"persons_found": 2, "deletion_errors": 7}',
     b'{"persons_found": 2, "deletion_errors": ["who"]}'],
)  # fmt: skip
def test_an_answer_that_is_no_summary_is_a_doubt(tmp_path: Path, body: bytes) -> None:
    class Odd(Model):
        def _bulk(self, body_: dict[str, Any]) -> Any:
            done = super()._bulk(body_)
            return (202, body) if len(self.batches()) == 1 else done

    with serve(Odd()) as model, model.client() as env:
        model.add(1, 2)
        report = env.persons.delete_many(uuids(1, 2), journal=tmp_path / "j")
        assert [outcome.state for outcome in report] == ["done", "done"]
        assert len(model.asked("GET")) >= 2, "looked at"
        assert model.deleted == uuids(1, 2)


def test_a_look_that_fails_leaves_the_question_to_the_next_run(tmp_path: Path) -> None:
    class Dark(Model):
        dark = True

        def _one(self, method: str, key: str, query: dict[str, str]) -> Any:
            return (503, b"{}") if self.dark else super()._one(method, key, query)

    dark = Dark(faults=["done"])
    with serve(dark) as model, model.client() as env:
        model.add(1, 2)
        report = env.persons.delete_many(uuids(1, 2), journal=tmp_path / "j")
        assert report.pending == 2
        assert kinds(tmp_path / "j") == ["job", "intent", "intent"], "so that it is looked at again"
        dark.dark = False
        assert env.persons.delete_many(uuids(1, 2), journal=tmp_path / "j").done == 2
        assert len(model.batches()) == 1


def test_a_wrong_project_does_not_pass_for_people_who_are_gone(tmp_path: Path) -> None:
    class Nowhere(Model):
        def answer(self, method: str, target: str, body: bytes) -> Any:
            super().answer(method, target, body)
            return 404, {"type": "invalid_request", "code": "not_found", "detail": "Project not found.", "attr": None}

    with serve(Nowhere()) as model, model.client() as env:
        for by, key in (("id", uuid(1)), ("email", "ada@mail.example"), ("auto", uuid(1))):
            with pytest.raises(NotFoundError):
                env.persons.delete_many([key], by=by, journal=tmp_path / by)  # type: ignore[arg-type]
            states = {line.get("state") for line in lines(tmp_path / by)}
            assert not states & {"done", "already_gone", "not_found"}


def test_a_server_that_fails_with_every_batch_stops_the_job(tmp_path: Path) -> None:
    with serve(Model(bulk=503)) as model, model.client() as env:
        report = env.persons.delete_many(uuids(1, 2), journal=tmp_path / "j")
        assert report.pending == 2
        with pytest.raises(APIStatusError):
            env.persons.delete_many(uuids(*range(12_000)), journal=tmp_path / "k")
        assert len(model.batches()) == 1 + 10


def test_a_doubt_with_the_network_gone_stops_the_job(tmp_path: Path) -> None:
    with serve(Model(faults=["done"])) as model, model.client() as env:
        model.add(1, 2)
        original = model._one

        def fails(method: str, key: str, query: dict[str, str]) -> Any:
            return 401, {"type": "authentication_error", "code": "x", "detail": "no", "attr": None}

        model._one = fails  # type: ignore[method-assign]
        with pytest.raises(APIStatusError):
            env.persons.delete_many(uuids(1, 2), journal=tmp_path / "j")
        model._one = original  # type: ignore[method-assign]
        assert env.persons.delete_many(uuids(1, 2), journal=tmp_path / "j").done == 2


def test_words_of_the_server_are_not_written_down(tmp_path: Path) -> None:
    class Wordy(Model):
        def _bulk(self, body: dict[str, Any]) -> Any:
            error = {"person_uuid": uuid(1), "step": "Ada Lovelace, ada@mail.example"}
            return 202, {"persons_found": 1, "persons_deleted": 0, "deletion_errors": [error]}

    with serve(Wordy()) as model, model.client() as env:
        model.add(1)
        assert env.persons.delete_many(uuids(1), journal=tmp_path / "j").refused == 1
    assert "Ada" not in (tmp_path / "j").read_text()


# ---------------------------------------------------------------------------------------------------- kept distinct ids


def kept(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.mark.parametrize("using", ["auto", "single"])
def test_distinct_ids_are_kept_before_a_person_goes(tmp_path: Path, using: Any) -> None:
    file = tmp_path / "kept"
    with serve(Model()) as model, model.client() as env:
        model.add(1)
        model.add(2, distinct_ids=[str(number) for number in range(1000)])
        model.add(3, distinct_ids=[str(number) for number in range(999)])
        seen: list[int] = []

        def watch() -> None:
            if model.asked("POST") + model.asked("DELETE"):
                seen.append(len(kept(file)))

        model.watch = watch
        ids = ["p1@mail.example", uuid(2), uuid(3), uuid(9)]
        report = env.persons.delete_many(ids, by="auto", journal=tmp_path / "j", keep_ids=file, using=using)
        assert [outcome.state for outcome in report] == ["done", "done", "done", "already_gone"]
    assert file.stat().st_mode & 0o777 == 0o600
    assert [(line["uuid"], len(line["distinct_ids"]), line["complete"]) for line in kept(file)] == [
        (uuid(1), 1, True), (uuid(2), 1000, False), (uuid(3), 999, True),
    ]  # fmt: skip
    assert seen[0] == (3 if using == "auto" else 1)


def test_distinct_ids_are_kept_also_of_whom_a_dry_run_found(tmp_path: Path) -> None:
    with serve(Model()) as model, model.client() as env:
        model.add(1, 2)
        ids = ["p1@mail.example", "p2@mail.example"]
        call: dict[str, Any] = {"by": "email", "journal": tmp_path / "j", "keep_ids": tmp_path / "kept"}
        env.persons.delete_many(ids, dry_run=True, **call)
        assert not (tmp_path / "kept").exists()
        del model.people[uuid(2)]
        report = env.persons.delete_many(ids, **call)
        assert [outcome.state for outcome in report] == ["done", "already_gone"]
        assert [line["distinct_ids"] for line in kept(tmp_path / "kept")] == [["d1"]]
        assert model.batches() == [uuids(1)]


def test_a_file_that_cannot_keep_them_stops_the_job_before_anything_is_sent(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_text("ada@mail.example\n")
    with serve(Model()) as model, model.client() as env:
        model.add(1)
        with pytest.raises(ConfigurationError, match="another file"):
            env.persons.delete_many(uuids(1), journal=tmp_path / "j", keep_ids=other)
        with pytest.raises(ConfigurationError, match="its folder does not exist"):
            env.persons.delete_many(uuids(1), journal=tmp_path / "j", keep_ids=tmp_path / "no" / "k")
        with pytest.raises(ValueError, match="names the journal"):
            env.persons.delete_many(uuids(1), journal=tmp_path / "j", keep_ids=tmp_path / "j")
        assert model.requests == []
    assert other.read_text() == "ada@mail.example\n"


def test_what_a_crash_has_cut_short_is_written_again(tmp_path: Path) -> None:
    file = tmp_path / "kept"
    with serve(Model()) as model, model.client() as env:
        model.add(1, 2)
        env.persons.delete_many(uuids(1), journal=tmp_path / "j", keep_ids=file)
        file.write_text(file.read_text() + '{"uuid": "0000')
        env.persons.delete_many(uuids(2), journal=tmp_path / "k", keep_ids=file)
    assert [line["uuid"] for line in kept(file)] == uuids(1, 2)


# --------------------------------------------------------------------------------------------------- deletion_status


def test_how_far_the_deletion_of_events_is() -> None:
    with serve(Model()) as model, model.client() as env:
        model.rows = [
            {"person_uuid": uuid(number), "created_at": f"2026-03-01T00:00:{59 - number:02}Z",
             "status": "completed" if number % 2 else "pending",
             "delete_verified_at": "2026-03-08T05:10:00Z" if number % 2 else None}
            for number in range(25)
        ]  # fmt: skip
        rows = list(env.persons.deletion_status(page_size=10))
        assert [row.person_uuid for row in rows] == uuids(*range(25))
        assert rows[1].delete_verified_at is not None
        assert rows[1].delete_verified_at.isoformat() == "2026-03-08T05:10:00+00:00"
        assert (rows[0].status, rows[0].delete_verified_at) == ("pending", None)
        pending = list(env.persons.deletion_status(status="pending"))
        assert {row.status for row in pending} == {"pending"}
        assert len(pending) == 13
        (one,) = env.persons.deletion_status(id=uuid(3).upper())
        assert one.person_uuid == uuid(3)
        assert all(
            target.split("?")[0] == "/api/environments/1/persons/deletion_status/" for _, target, _ in model.requests
        )


@pytest.mark.parametrize(
    "options", [{"id": 42}, {"id": "42"}, {"id": "ada"}, {"id": True}, {"status": "done"}, {"status": 1},
                {"page_size": 0}, {"extra_query": {"limit": 5}}],
)  # fmt: skip
def test_arguments_of_deletion_status(options: Any) -> None:
    with serve(Model()) as model, model.client() as env:
        with pytest.raises((TypeError, ValueError)):
            env.persons.deletion_status(**options)
        assert model.requests == []


def test_a_server_without_the_list_is_an_error() -> None:
    with serve(Model(lists_deletions=False)) as model, model.client() as env, pytest.raises(NotFoundError):
        env.persons.deletion_status().first()


def test_a_list_that_passes_over_the_uuid_closes_nothing(tmp_path: Path) -> None:
    class Deaf(Model):
        def _status(self, query: dict[str, str]) -> tuple[int, Any]:
            return super()._status({})

        def _delete(self, key: str, *, events: bool, keep: bool = False) -> None:
            super()._delete(key, events=events and key == uuid(1), keep=keep)

    with serve(Deaf(faults=["done"])) as model, model.client() as env:
        model.add(1, 2)
        report = env.persons.delete_many(uuids(1, 2), journal=tmp_path / "j", delete_events=True)
        assert [outcome.state for outcome in report] == ["done", "unknown"]
