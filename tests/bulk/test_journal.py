"""The format of a journal: lines are read as written, and lines cut short differ from damage."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from msgspec import structs

from posthog_environments.bulk.journal import TORN, DamagedJournal, Header, History, encode, read, seal

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
    with pytest.raises(DamagedJournal, match="line 2 is not a line of a journal"):
        read(FIRST + line + intent(2))
    # At the end it may be what a crash has left.
    assert read(FIRST + line).tail == TORN + b"\n"


@pytest.mark.parametrize("data", [b"\n", b"1\n2\n", b"some text", b"\0" * 10, b'{"line":"intent"}\n'])
def test_another_file_is_refused(data: bytes) -> None:
    with pytest.raises(DamagedJournal, match="another file"):
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
