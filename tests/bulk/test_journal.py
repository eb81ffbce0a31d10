"""The format of a journal: lines are read as written, and lines cut short differ from damage."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from msgspec import structs

from posthog_environments.bulk.journal import (
    TORN,
    DamagedJournal,
    EntryState,
    FoundPerson,
    Header,
    History,
    Outcome,
    encode,
    looked_up,
    read,
    seal,
)

NOW = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)
HEADER = Header("delete", "http://x", "1", 3, "00ff", "abc", 3)
FIRST = encode("job", NOW, version=2, client="c", **structs.asdict(HEADER))
UUID = "095be615-a8ad-4c33-8e9c-c7612fbf6c9f"


def intent(number: int = 1, **fields: Any) -> bytes:
    return encode("intent", NOW, **{"input": number, "uuid": UUID, **fields})


def outcome(number: int = 1, **fields: Any) -> bytes:
    given = {"input": number, "uuid": UUID, "state": "done", "status": 202, "request_id": None, "reason": None}
    return encode("outcome", NOW, **{**given, **fields})


def found(number: int = 1, **fields: Any) -> bytes:
    return encode("found", NOW, **{"input": number, "uuid": UUID, "persons": 1, "foreign": False, **fields})


def test_a_line_has_its_time_and_its_end() -> None:
    assert json.loads(intent()) == {
        "line": "intent", "time": "2026-03-01T12:00:00.123Z", "input": 1, "uuid": UUID,
    }  # fmt: skip
    assert intent().count(b"\n") == 1


def test_what_was_written_is_read() -> None:
    history = read(FIRST + found() + intent() + outcome() + found(2, uuid=None, persons=2) + intent(3))
    assert history.header == HEADER
    assert history.tail == b""
    assert history.begun
    assert history.of(1).found is not None
    assert history.of(1).intent is None
    assert history.of(1).settled is not None
    assert (history.of(1).settled.state, history.of(1).settled.status) == ("done", 202)  # type: ignore[union-attr]
    assert history.of(2).found.persons == 2  # type: ignore[union-attr]
    assert history.of(3).intent == UUID
    assert history.of(3).settled is None


def test_only_meaning_or_settling_begins_a_job() -> None:
    assert not read(FIRST + found()).begun
    assert read(FIRST + intent()).begun
    assert read(FIRST + outcome()).begun


def test_an_intent_after_an_outcome_opens_it_again() -> None:
    standing = read(FIRST + intent() + outcome(state="unknown") + intent()).of(1)
    assert standing.settled is None
    assert standing.intent == UUID


@pytest.mark.parametrize("whole", [b"", FIRST, FIRST + intent(), FIRST + intent() + outcome()])
@pytest.mark.parametrize("line", [FIRST, intent(2), outcome(2)], ids=["job", "intent", "outcome"])
def test_a_line_cut_short_anywhere_does_not_count_and_may_be_gone_on_behind(whole: bytes, line: bytes) -> None:
    if (line == FIRST) != (whole == b""):
        return
    for size in range(1, len(line) - 1):
        before, cut = read(whole), read(whole + line[:size])
        assert cut.tail == b"\n" + TORN + b"\n"
        assert (cut.header, cut.states, cut.begun) == (before.header, before.states, before.begun)
        # The mark itself may be cut short, more than once.
        data = whole + line[:size] + cut.tail[: size % len(cut.tail)]
        again = read(data)
        data += again.tail
        following = (FIRST if not whole else b"") + intent(3)
        history = read(data + following)
        assert history.of(3).intent == UUID
        assert history.tail == b""


def test_a_line_that_lacks_only_its_end_counts() -> None:
    history = read(FIRST + intent()[:-1])
    assert history.of(1).intent == UUID
    assert history.tail == b"\n"
    assert read(FIRST + intent()[:-1] + history.tail + outcome()).of(1).settled is not None


DAMAGE = {
    "no JSON": b"nonsense\n",
    "zeros": b"\0" * 20 + b"\n",
    "no object": b"[]\n",
    "another kind": encode("other", NOW, input=1),
    "no input": encode("intent", NOW, uuid=UUID),
    "an input that there is not": intent(4),
    "input 0": intent(0),
    "an input that is no number": intent(True),
    "a state that there is not": outcome(state="perhaps"),
    "a status that is no number": outcome(status="202"),
    "a second header": FIRST,
    "somebody found who is nobody": found(uuid=None),
    "nobody found who is somebody": found(persons=0),
    "nested deeply": b"[" * 100_000 + b"\n",
}


@pytest.mark.parametrize("line", DAMAGE.values(), ids=DAMAGE)
def test_damage_in_the_middle_is_refused(line: bytes) -> None:
    with pytest.raises(DamagedJournal, match="line 2 cannot be read"):
        read(FIRST + line + intent(2))
    # At the end it may be what a crash has left.
    assert read(FIRST + line).tail == TORN + b"\n"


@pytest.mark.parametrize("data", [b"\n", b"1\n2\n", b"some text", b"\0" * 10, b'{"line":"intent"}\n'])
def test_another_file_is_refused(data: bytes) -> None:
    with pytest.raises(DamagedJournal, match="not a journal"):
        read(data)


def test_a_later_format_is_refused() -> None:
    with pytest.raises(DamagedJournal, match="format 3"):
        read(FIRST.replace(b'"version":2', b'"version":3'))


def test_an_empty_file_is_a_new_journal() -> None:
    assert read(b"") == History()


def test_what_makes_another_job_is_named() -> None:
    def other(**fields: Any) -> Header:
        return structs.replace(HEADER, **fields)

    assert HEADER.differs(HEADER) == []
    assert HEADER.differs(other(sum="x")) == ["the inputs"]
    assert HEADER.differs(other(host="y", sum="x")) == ["the server"]
    assert HEADER.differs(other(project="2")) == ["the project"]
    assert HEADER.differs(other(task="update", delete_events=True)) == ["the task", "whether events are deleted"]
    assert HEADER.differs(other(inputs=4, sum="x")) == ["the number of inputs"]


def test_a_seal_can_be_checked_by_whoever_knows_the_text() -> None:
    expected = hmac.new(bytes.fromhex("00ff"), b"ada@example.com", hashlib.sha256).hexdigest()
    assert seal("00ff", "ada@example.com") == expected
    assert seal("00fe", "ada@example.com") != expected


# ------------------------------------------------------------------------------------------------------- to the letter


TIME = datetime(2026, 3, 1, 12, 0, 0, 123000, tzinfo=UTC)


@pytest.fixture
def _elsewhere(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Put the machine into another time zone."""
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("_elsewhere")
def test_a_line_to_the_letter() -> None:
    there = datetime(2026, 3, 1, 13, 0, 0, tzinfo=timezone(timedelta(hours=1)))
    assert encode("intent", there, input=1, uuid=None) == (
        b'{"line":"intent","time":"2026-03-01T12:00:00.000Z","input":1,"uuid":null}\n'
    )
    with pytest.raises(ValueError, match="JSON"):
        encode("intent", there, input=float("nan"))


def test_each_line_is_read_whole() -> None:
    email: dict[str, Any] = {"key": "k", "by": "email", "as": "email"}
    data = found(**email) + found(2, uuid=None, persons=0, foreign=True, similar=["u", "v"])
    data += intent() + outcome(state="unknown", reason="why", request_id="r")
    states = read(FIRST + data).states
    settled = Outcome("unknown", UUID, "why", 202, "r", TIME)
    assert states == {
        1: EntryState(FoundPerson(UUID, 1, time=TIME, kind="email"), None, settled, TIME, "k"),
        2: EntryState(FoundPerson(None, 0, foreign=True, time=TIME, similar=("u", "v"))),
    }
    assert read(FIRST + intent()).states == {1: EntryState(intent=UUID, since=TIME)}


def test_a_change_is_in_doubt_since_its_first_intent() -> None:
    later = encode("intent", NOW + timedelta(days=1), input=1, uuid=UUID, key="k")
    assert read(FIRST + intent() + later).of(1).since == TIME
    assert read(FIRST + later + intent()).of(1).key == "k", "a line that has no key leaves that of another"


@pytest.mark.parametrize("number", [1, 3])
def test_the_first_input_and_the_last(number: int) -> None:
    assert read(FIRST + intent(number)).of(number).intent == UUID


def test_what_is_wrong_is_said_to_the_letter() -> None:
    def problem(data: bytes) -> str:
        with pytest.raises(DamagedJournal) as caught:
            read(data)
        return str(caught.value)

    assert problem(b"x") == problem(b"\n" + FIRST) == "it is not a journal: its first line is not that of a job"
    assert problem(FIRST + intent() + b"x\ny\n" + intent()) == "line 3 cannot be read"
    assert (
        problem(FIRST.replace(b'"version":2', b'"version":3')) == "it has the format 3, and this version reads 1 and 2"
    )
    assert problem(FIRST.replace(b'"version":2,', b"")) == "it has the format None, and this version reads 1 and 2"
    assert problem(FIRST.replace(b"00ff", b"salt") + intent() + FIRST) == "line 1 cannot be read"
    assert problem(intent() + FIRST).startswith("it is not a journal")


def test_a_journal_of_version_1() -> None:
    old = FIRST.replace(b'"version":2', b'"version":1').replace(b'"different":3,', b"")
    assert read(old).header == HEADER, "all inputs are different, as far as it says"
    fewer = structs.replace(HEADER, different=2)
    assert read(encode("job", NOW, version=2, client="c", **structs.asdict(fewer))).header == fewer


def test_of_a_line_cut_short_and_its_mark() -> None:
    assert read(FIRST + b"{").tail == b"\n" + TORN + b"\n"
    assert read(FIRST + b"{\n").tail == TORN + b"\n"
    assert read(FIRST + b"{\n" + TORN).tail == b"\n"
    assert read(FIRST + b"{\n" + TORN + b"\n").tail == b""
    # After the mark all is well again, and another line may be cut short.
    again = FIRST + b"{\n" + TORN + b"\n" + intent() + b"[\n" + TORN + b"\n" + outcome()
    assert read(again).of(1).settled is not None


def test_only_whole_lines_of_look_ups_are_taken_over() -> None:
    data = FIRST + found() + intent() + found(2) + outcome()
    assert looked_up(data + found(3)[:-1]) == found() + found(2)
    assert looked_up(data + found(3)[:-2] + b"\n") == found() + found(2)


def test_another_job_may_have_the_same_inputs() -> None:
    assert HEADER.looks_up_as(structs.replace(HEADER, task="update", delete_events=True))
    for other in ({"host": "y"}, {"project": "2"}, {"sum": "x"}):
        assert not HEADER.looks_up_as(structs.replace(HEADER, **other))


def test_what_else_makes_another_job_is_named() -> None:
    other = structs.replace(HEADER, delete_recordings=True, keep_person=True, project="2", sum="x")
    assert HEADER.differs(other) == ["the project", "whether recordings are deleted", "whether the persons are kept"]
    assert HEADER.differs(structs.replace(HEADER, different=2, salt="00")) == []


def test_no_header_flag_is_set_unless_it_says_so() -> None:
    header = Header("delete", "h", "1", 3, "00", "s")
    assert (header.different, header.delete_events, header.delete_recordings, header.keep_person) == (0, *[False] * 3)
