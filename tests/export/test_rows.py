"""Raw rows: a page is accepted if and only if the generated client accepts it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from posthog_environments_api.models import PersonPage
from posthog_environments_api.records import DecodeError

from posthog_environments.results.decoding import lenient
from posthog_environments.results.raw_rows import person_of, read_page, uuid_of

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
TIMES = st.sampled_from(["2026-01-02T03:04:05Z", "2026-01-02T03:04:05", "2020-01-01 10:00:00 UTC", "never", ""])
ROWS = st.fixed_dictionaries(
    {"uuid": st.one_of(st.text(), ANYTHING)},
    optional={
        "created_at": st.one_of(TIMES, ANYTHING),
        "properties": ANYTHING,
        "new": ANYTHING,
        "(as it came)": ANYTHING,
    },
)
PAGES = st.fixed_dictionaries(
    {"results": st.one_of(st.lists(st.one_of(ROWS, ANYTHING), max_size=4), ANYTHING)},
    optional={"next": ANYTHING, "count": ANYTHING},
)


def contract(content: bytes) -> Any:
    try:
        page = lenient(content, PersonPage)
    except DecodeError as error:
        return type(error), error.index
    return [(person.uuid, person.created_at) for person in page.results], page.additional_properties.get(
        "next", page.next_
    )


def ours(content: bytes) -> Any:
    try:
        found = read_page(content)
    except DecodeError as error:
        return type(error), error.index
    rows, following, _ = found
    return [(row.uuid, row.created_at) for row in rows], following


@given(PAGES, st.sampled_from([None, 1]))
def test_it_reads_what_the_contract_reads(page: dict[str, Any], indent: int | None) -> None:
    content = json.dumps(page, indent=indent, ensure_ascii=False).encode("utf-8", "replace")
    assert ours(content) == contract(content)


@given(PAGES, st.integers(0, 400), st.binary(min_size=1, max_size=2))
def test_and_refuses_what_it_refuses(page: dict[str, Any], at: int, noise: bytes) -> None:
    content = json.dumps(page, ensure_ascii=False).encode("utf-8", "replace")
    content = content[:at] + noise + content[at + 1 :]
    expected, found = contract(content), ours(content)
    # What is kept unread may hold numbers that no record could hold; nothing else.
    assert found == expected or b"e" in content.lower() or any(map(_is_long, content.split()))


def _is_long(token: bytes) -> bool:
    return sum(map(str(token).count, "0123456789")) > 18


@pytest.mark.parametrize(
    "content", [b'{"results": [{"uuid": "a", "x": "\xff"}]}', b'{"results": [{"uuid": "a", "\xff": 1}]}']
)
def test_text_that_is_no_utf_8_is_refused_where_nobody_reads_it(content: bytes) -> None:
    with pytest.raises(DecodeError):
        read_page(content)


@given(PAGES, st.sampled_from([None, 0, 3]))
def test_a_row_is_one_line_and_the_same_value(page: dict[str, Any], indent: int | None) -> None:
    content = json.dumps(page, indent=indent).encode()
    try:
        found = read_page(content)
    except DecodeError:
        return
    for row, sent in zip(found[0], page["results"], strict=True):
        raw = bytes(row.raw)
        assert b"\n" not in raw
        assert b"\r" not in raw
        assert json.loads(raw) == sent
        assert uuid_of(raw) == row.uuid == person_of(raw).uuid


@pytest.mark.parametrize("indent", [0, 2])
def test_a_page_on_many_lines(indent: int) -> None:
    rows = [{"uuid": "a", "properties": {"text": "two\nlines", "list": [1, 2]}}, {"uuid": "b"}]
    found = read_page(json.dumps({"results": rows}, indent=indent).encode())
    assert [bytes(row.raw).count(b"\n") for row in found[0]] == [0, 0]
    assert [json.loads(bytes(row.raw)) for row in found[0]] == rows


def test_numbers_of_any_size_stay_as_they_are() -> None:
    content = b'{"results": [{"uuid": "a", "properties": {"n": 123456789012345678901234567890, "f": 1.10}}]}'
    found = read_page(content)
    assert b"123456789012345678901234567890" in bytes(found[0][0].raw)
    assert b"1.10" in bytes(found[0][0].raw)


def test_a_name_that_comes_twice() -> None:
    content = b'{"results": [{"uuid": 1, "uuid": "a"}], "results": [{"uuid": 1, "uuid": "b"}]}'
    assert ours(content) == contract(content) == ([("b", None)], None)


@pytest.mark.parametrize("content", [b"", b"uuid\n", b"[]", b"{}"])
def test_what_is_no_page(content: bytes) -> None:
    with pytest.raises(DecodeError):
        read_page(content)
