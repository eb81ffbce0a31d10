"""What is said to a caller, to the letter: why an input is refused, and why it has its outcome."""

from __future__ import annotations

from typing import Any

import pytest
from posthog_environments_api.models import Person

from posthog_environments import (
    APIStatusError,
    BadRequestError,
    BulkOutcome,
    BulkReport,
    MalformedResponseError,
    NotFoundError,
    OutcomeUnknown,
    ServerError,
    TransportError,
)
from posthog_environments.bulk.decisions import (
    Decision,
    Trouble,
    after_a_look,
    after_bulk_look,
    decide,
    of_answer,
    of_finding,
    of_summary,
    read_summary,
)
from posthog_environments.bulk.inputs import named_by
from posthog_environments.bulk.jobs import Flags, changes_of, deletions_of
from posthog_environments.bulk.journal import FoundPerson, Outcome
from posthog_environments.calls.messages import ServerResponse

ID = "095be615-a8ad-4c33-8e9c-c7612fbf6c9f"

EMAILS = {
    "ada\u200b@x": "it holds a character that cannot be seen (zero width space)",
    "ada\u2028@x": "it holds a character that cannot be seen (line separator)",
    "ada\u2029@x": "it holds a character that cannot be seen (paragraph separator)",
    "a@x b@x": "it holds more than one address; give each one a line of its own",
    "a@@x": "it holds more than one address; give each one a line of its own",
    '"a@x': "there are quotes around it",
    "a@x'": "there are quotes around it",
    "a\x1b@x": "it holds a control character (U+001B)",
    "MAILTO:a@x": 'it begins with "mailto:"',
    "mailto=a@x": 'it begins with "mailto:"',
    "a@x>": "it has angle brackets, or a name beside the address",
    "<a@x": "it has angle brackets, or a name beside the address",
    "a@x,": "there is a comma or semicolon at an end of it",
    "a@x,b": "there is a comma in it, as between columns",
    "a@x;b": "there is a semicolon in it, as between columns",
    "a@x\tb": "there is a tab in it, as between columns",
    "a@x|b": "there is a bar in it, as between columns",
    "#a@x": "it begins with #; a comment has a blank behind it",
    "a b@x": "there are blanks in it",
    "@x": "there is nothing on one side of the @",
    "a@": "there is nothing on one side of the @",
    f"{'a' * 319}@x": "it is longer than 320 characters",
    "a:b@x": "':' does not belong before the @",
    "a\u00d7b@x": "'×' does not belong before the @",  # noqa: RUF001 - a sign, not a letter
    "a@x:y": "':' does not belong behind the @",
    "a@x+y": "'+' does not belong behind the @",
    "a@x..y": "a part of what is behind the @ is empty, or has a hyphen at an end",
    "a@-x": "a part of what is behind the @ is empty, or has a hyphen at an end",
    "a@x-": "a part of what is behind the @ is empty, or has a hyphen at an end",
}
DISTINCT_IDS = {
    "u\x1b": "it holds a control character (U+001B)",
    "a@x,b@x": "it holds more than one address; give each one a line of its own",
    "a@x;b@x": "it holds more than one address; give each one a line of its own",
    "a@x|b@x": "it holds more than one address; give each one a line of its own",
    "a@x/b@x": "it holds more than one address; give each one a line of its own",
    "mailto:a": 'it begins with "mailto:"',
    "<a@x": "it has angle brackets, or a name beside the address",
    '"u"': "there are quotes around it",
    "`u´": "there are quotes around it",  # noqa: RUF001
    "u;": "there is a comma or semicolon at an end of it",
    "u,": "there is a comma or semicolon at an end of it",
    ",u": "there is a comma or semicolon at an end of it",
    ";u": "there is a comma or semicolon at an end of it",
}
CELLS = {
    "u1\ta": "there is a tab in it, as between columns",
    "u1,a": "there is a comma in it, as between columns",
    "u1;a": "there is a semicolon in it, as between columns",
    "#u": "it begins with #; a comment has a blank behind it",
    **dict.fromkeys(
        ("null", "NONE", "undefined", "NaN", "n/a", "nil", "[object Object]", "-", "(null)"),
        "that is how programs write that there is none",
    ),
}


def refusal(by: Any, value: Any, *, plain: bool = False) -> str:
    with pytest.raises((TypeError, ValueError)) as caught:
        named_by(by, value, plain=plain)
    return str(caught.value)


@pytest.mark.parametrize(("value", "why"), EMAILS.items(), ids=map(ascii, EMAILS))
def test_why_it_is_no_email(value: str, why: str) -> None:
    assert refusal("email", value) == f"this is no plain email: {why}. Give the bare address, like ada@example.com."
    assert refusal("auto", value) == refusal("email", value)


@pytest.mark.parametrize("value", [f"{'a' * 318}@x", "!#$%&'*+-/=?^_`{}~.@x-y_z.é", "é9@x", "٤@x"])
def test_a_strange_address_that_is_one(value: str) -> None:
    assert named_by("email", value) == (value, ("email",))


@pytest.mark.parametrize(("value", "why"), DISTINCT_IDS.items(), ids=map(ascii, DISTINCT_IDS))
def test_why_it_is_no_distinct_id(value: str, why: str) -> None:
    assert refusal("distinct_id", value) == f"this is no plain distinct id: {why}."


@pytest.mark.parametrize("value", ['X"u"X', "<u>", "a@x@y", "\tu", '"u', "u'", "u|v", "a\tb", "mail", "\tu\t"])
def test_a_strange_distinct_id_that_is_one(value: str) -> None:
    assert named_by("distinct_id", value) == (value, ("distinct_id",))


@pytest.mark.parametrize(("value", "why"), CELLS.items(), ids=map(ascii, CELLS))
def test_why_it_is_no_cell_of_a_list(value: str, why: str) -> None:
    assert refusal("distinct_id", value, plain=True) == f"this is no plain distinct id: {why}."
    assert (
        refusal("auto", value) == f'this is no plain email or id: {why}. If it is a distinct id, give by="distinct_id".'
    )
    assert named_by("distinct_id", value)[0] == value


def test_what_else_is_said_of_an_input() -> None:
    assert refusal("email", "ada") == "this is no email, for it has no @."
    assert refusal("auto", " ") == "it is blank."
    assert refusal("distinct_id", " ") == "this distinct id is blank."
    assert refusal("auto", "Ada L").startswith("this is no plain email or id: there are blanks in it. If")
    assert refusal("email", 7) == "email must be a str, not int."
    assert refusal("auto", "").startswith("auto is empty")
    assert refusal("id", "ada") == refusal("id", "4 2") == refusal("id", "٤٢") == (
        "id must be a uuid or a positive integer. For what is an email or distinct id, say so with by: "
        '"email", "distinct_id" or "auto".'
    )  # fmt: skip


def test_a_number_that_may_be_an_id() -> None:
    assert named_by("auto", str(2**63 - 1))[1] == ("id", "distinct_id")
    assert named_by("auto", "9" * 19)[1] == named_by("auto", "1" * 20)[1] == ("distinct_id",)
    assert named_by("auto", "-5")[1] == ("distinct_id",)


# ------------------------------------------------------------------------------------------------------------ outcomes


def by_email(**more: Any) -> Any:
    return deletions_of(["a@b"], "email", **more).entries[0]


def by_id(key: object = ID) -> Any:
    return deletions_of([key], "id").entries[0]


def update(key: str = "id", value: str = ID, **wanted: Any) -> Any:
    return changes_of([{key: value, "set": wanted or {"a": 1}}]).entries[0]


def status(cls: type[APIStatusError], code: int, word: object = None) -> APIStatusError:
    return cls("", status_code=code, body={"type": "t", "code": word, "detail": "Ada Lovelace"})


def refused(reason: str) -> Decision:
    return Decision("refused", reason, Trouble.NONE, certain=True)


def test_a_decision_is_for_nothing_else_and_certain_unless_it_says_so() -> None:
    assert (Decision("done").trouble, Decision("done").certain, Decision("done").reason) == (Trouble.NONE, True, None)
    assert Decision("done", "why").outcome("u", 202, "r") == Outcome("done", "u", "why", 202, "r")
    assert Decision("done").outcome(None) == Outcome("done")


@pytest.mark.parametrize("changing", [True, False])
@pytest.mark.parametrize("doubtful", [True, False])
@pytest.mark.parametrize("certain", [True, False])
def test_what_is_pending_is_certain_only_without_a_doubt(changing: bool, doubtful: bool, certain: bool) -> None:
    failed = decide(status(ServerError, 503), "delete", changing=changing, doubtful=doubtful, certain=certain)
    assert failed == Decision("pending", "the server failed (503)", Trouble.COUNTS, certain=certain and not doubtful)
    stopped = decide(TransportError(""), "delete", changing=changing, doubtful=doubtful, certain=certain)
    assert stopped == Decision(
        "pending", "the job stopped (TransportError)", Trouble.STOPS, certain=certain and not doubtful
    )


def test_why_a_change_was_not_made() -> None:
    unclear = Decision("unknown", "no clear response: it may or may not have been done", Trouble.COUNTS)
    assert decide(OutcomeUnknown(""), "delete", changing=True) == unclear
    assert decide(MalformedResponseError("", status_code=200), "delete", changing=True) == unclear
    nobody = status(NotFoundError, 404)
    assert decide(nobody, "delete", changing=True) == Decision("already_gone", "not found when it was to be deleted")
    assert decide(nobody, "update", changing=True) == refused("there is no such person")
    looked = decide(nobody, "delete", changing=False)
    assert (looked.state, looked.reason, looked.trouble) == ("pending", "the job stopped (404)", Trouble.STOPS)
    no = status(BadRequestError, 400, "bad_input")
    assert decide(no, "delete", changing=True) == refused("the server said no (400 bad_input)")
    assert decide(no, "delete", changing=True, doubtful=True) == Decision(
        "unknown", "an attempt may have done it before the server said no (400 bad_input)"
    )
    paid = status(APIStatusError, 402)
    assert decide(paid, "delete", changing=True).reason == "the job stopped (402)"
    assert decide(status(APIStatusError, 403), "delete", changing=True).state == "refused"


@pytest.mark.parametrize(
    ("word", "told"),
    [("bad_input", "400 bad_input"), ("a" * 61, f"400 {'a' * 60}"), ("Ada L", "400"), ("é", "400"), ("", "400")],
)
def test_of_the_words_of_a_server_only_a_code_is_told(word: str, told: str) -> None:
    assert decide(status(BadRequestError, 400, word), "update", changing=True).reason == f"the server said no ({told})"


def test_why_it_counts_as_done() -> None:
    assert of_answer(None) == of_answer(ServerResponse(200, {}, b"")) == Decision("done")
    assert of_answer(ServerResponse(202, {}, b"")) == Decision("done", "taken, to be carried out soon")
    gone = Decision("done", "gone after an attempt without a clear response")
    assert of_answer(ServerResponse(404, {}, b"")) == gone


@pytest.mark.parametrize(
    ("entry", "found", "task", "decision"),
    [
        (by_email(), FoundPerson(ID, 1), "delete", None),
        (by_email(), FoundPerson(None, 0, foreign=True), "delete",
         refused("the server returned a person without this email; does it know the filter?")),
        (by_email(), FoundPerson(None, 2), "delete", refused("more than one person has this email; give the uuid")),
        (by_email(), FoundPerson(None, 0), "delete", Decision("not_found", "nobody has this email")),
        (by_email(), FoundPerson(None, 0, similar=("u",)), "delete",
         Decision("not_found", "nobody has this email; one similar person was not changed")),
        (by_email(), FoundPerson(None, 0, similar=("u", "v")), "delete",
         Decision("not_found", "nobody has this email; 2 similar persons were not changed")),
        (by_id(), FoundPerson(None, 0), "delete", Decision("already_gone", "nobody has this id")),
        (by_id(7), FoundPerson(None, 0), "delete", Decision("already_gone", "nobody has this id")),
        (update(), FoundPerson(None, 0), "update", refused("there is no such person")),
        (update("email", "a@b"), FoundPerson(None, 0), "update", Decision("not_found", "nobody has this email")),
        (deletions_of(["7"], "auto").entries[0], FoundPerson(None, 0), "delete",
         Decision("not_found", "nobody has this id or distinct id")),
        (deletions_of([ID], "auto").entries[0], FoundPerson(None, 0), "delete",
         Decision("already_gone", "nobody has this id or distinct id")),
    ],
)  # fmt: skip
def test_why_nobody_is_meant(entry: Any, found: FoundPerson, task: str, decision: Decision | None) -> None:
    assert of_finding(entry, found, task) == decision


SOMEBODY = Person.from_dict({"uuid": ID, "properties": {}})
EVENTS, RECORDINGS = Flags(delete_events=True), Flags(delete_recordings=True)


def unknown(reason: str) -> Decision:
    return Decision("unknown", reason)


@pytest.mark.parametrize(
    ("entry", "person", "flags", "again", "decision"),
    [
        (by_id(), None, Flags(), False, Decision("done", "gone when looked at after an interruption")),
        (by_id(), SOMEBODY, Flags(), False, None),
        (by_id(), None, EVENTS, True,
         unknown("the person is gone; whether the deletion of the events was queued is not known")),
        (by_id(), None, RECORDINGS, False,
         unknown("the person is gone; whether the deletion of the recordings was queued is not known")),
        (by_id(), SOMEBODY, EVENTS, False, None),
        (by_id(), SOMEBODY, Flags(delete_events=True, keep_person=True), False,
         unknown("the person stays, and does not show whether the deletion of the events was queued")),
        (by_id(), SOMEBODY, Flags(delete_recordings=True, keep_person=True), False,
         unknown("the person stays, and does not show whether the deletion of the recordings was queued")),
        (by_id(), SOMEBODY, Flags(delete_events=True, keep_person=True), True, None),
        (update(), None, Flags(), False, refused("there is no such person (any more)")),
        (update(), SOMEBODY, Flags(), False, unknown("it may have been sent, and the person does not show it (yet)")),
        (update(), Person.from_dict({"uuid": ID, "properties": {"a": 1}}), Flags(), False,
         Decision("done", "shown when looked at after an interruption")),
    ],
)  # fmt: skip
def test_why_after_a_look(entry: Any, person: Any, flags: Flags, again: bool, decision: Decision | None) -> None:
    assert after_a_look(entry, person, flags, again=again) == decision


@pytest.mark.parametrize(
    ("flags", "there", "queues", "decision"),
    [
        (Flags(), False, True, Decision("done", "gone when looked at after the server had deleted fewer than asked")),
        (Flags(), True, True, Decision("queued", "the server deletes the person soon")),
        (Flags(), True, False, refused("still there after the server had deleted fewer than asked")),
        (Flags(keep_person=True), False, False, Decision("already_gone", "nobody was there whose events could go")),
        (Flags(keep_person=True), True, True,
         Decision("done", "there when looked at after the server had found fewer than asked")),
    ],
)  # fmt: skip
def test_why_after_a_look_at_who_is_left(flags: Flags, there: bool, queues: bool, decision: Decision) -> None:
    assert after_bulk_look(flags, is_there=there, queues=queues) == decision


FAILED = "the server could not delete this person{}; it may be asked again, in a new job"


@pytest.mark.parametrize(
    ("body", "decision"),
    [
        (b" ", Decision("done", "taken, to be carried out soon")),
        (b'{"persons_found": 1, "success": true}', Decision("done")),
        (b'{"persons_found": 1, "persons_queued_for_deletion": 1}',
         Decision("queued", "the server deletes the person soon")),
        (b'{"persons_found": 1, "persons_deleted": 0, "persons_queued_for_deletion": null}', None),
        (b'{"persons_found": 1, "persons_deleted": 0, "deletion_errors": [{"step": "delete"}]}', None),
        (b'{"persons_found": 1, "deletion_errors": [{"person_uuid": 7, "step": "delete"}]}', None),
        (b'{"persons_found": 1, "deletion_errors": [{"person_uuid": "U", "step": "delete_it"}]}',
         refused(FAILED.format(" at the step 'delete_it'"))),
        (b'{"persons_found": 1, "deletion_errors": [{"person_uuid": "U", "step": "Ada L"}]}',
         refused(FAILED.format(""))),
        (b'{"persons_found": 1, "deletion_errors": [{"person_uuid": "U", "step": 7}]}', refused(FAILED.format(""))),
        (b'{"persons_found": 1, "deletion_errors": [{"person_uuid": "U", "step": "%s"}]}' % (b"s" * 61),
         refused(FAILED.format(f" at the step {'s' * 60!r}"))),
        (b'{"persons_found": 1, "deletion_errors": [{"person_uuid": "U"}]}', refused(FAILED.format(""))),
    ],
)  # fmt: skip
def test_why_after_many_at_once(body: bytes, decision: Decision | None) -> None:
    assert of_summary(read_summary(ServerResponse(202, {}, body)), ["u"], Flags()) == {"u": decision}


def test_of_persons_who_are_kept_none_are_counted_as_deleted() -> None:
    answer = ServerResponse(202, {}, b'{"persons_found": 1, "persons_deleted": 0}')
    assert of_summary(read_summary(answer), ["u"], Flags(delete_events=True, keep_person=True)) == {
        "u": Decision("done")
    }


@pytest.mark.parametrize("body", [b"no", b"[" * 100_000, b'{"persons_found": 1, "success": false}'])
def test_what_is_no_summary_is_an_error_with_the_response(body: bytes) -> None:
    with pytest.raises(
        MalformedResponseError, match=r"^persons\.bulk_delete: the response is not the summary of"
    ) as caught:
        read_summary(ServerResponse(202, {}, body))
    assert caught.value.status_code == 202
    assert caught.value.body == body


def test_a_report_counts_each_state() -> None:
    states: list[Any] = [
        "done", "queued", "already_gone", "not_found", "refused", "unknown", "duplicate", "pending",
    ]  # fmt: skip
    outcomes = [BulkOutcome(n, "id", "k", state) for n, state in enumerate(states, 1) for _ in range(n)]
    report = BulkReport(tuple(outcomes))
    assert [report.done, report.queued, report.already_gone, report.not_found, report.refused, report.unknown,
            report.duplicates, report.pending] == [1, 2, 3, 4, 5, 6, 7, 8]  # fmt: skip
    assert report.counts() == dict(zip(states, range(1, 9), strict=True))
    assert (report.new, len(report)) == (28, 36)
    assert [BulkReport((BulkOutcome(1, "id", "k", state),)).ok for state in states] == [
        True, True, True, False, False, False, True, False,
    ]  # fmt: skip
    assert BulkReport((BulkOutcome(1, "id", "k", "done", earlier=True),)).new == 0
