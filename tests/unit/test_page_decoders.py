"""Pages whose rows are alike: read fast, and just as they are read leniently."""

from __future__ import annotations

import copy
import json
import pickle
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from posthog_environments_api.models import ActivityPage, Person, PersonPage
from posthog_environments_api.records import DecodeError

from posthog_environments.results import page_decoders
from posthog_environments.results.decoding import lenient, read
from tests.unit.test_records import NOT_A_PAGE, ROW_OF_2025, UUID, VALUES


def page(*rows: dict[str, Any], **more: Any) -> bytes:
    return json.dumps({"next": None, "previous": None, "results": list(rows), **more}).encode()


@pytest.fixture
def reader() -> Any:
    """Return a reader that has learnt nothing yet."""
    page_decoders._readers.clear()
    found = page_decoders.reader_of(PersonPage)
    assert found is not None
    return found


KNOWN = ROW_OF_2025.keys() | {"last_seen_at"}
ALIKE: list[tuple[dict[str, Any], ...]] = [
    ({"uuid": UUID},),
    ({"uuid": UUID, "id": 10**30, "name": None, "properties": {"n": 10**30, "deep": [{"x": [1.5, None]}]}},),
    ({"uuid": "a", "id": "b", "distinct_ids": ["c"], "created_at": "2026-01-02T03:04:05.678000Z"},),
    (ROW_OF_2025, ROW_OF_2025),
    ({**ROW_OF_2025, "last_seen_at": None}, {**ROW_OF_2025, "last_seen_at": "2026-01-02T03:04:05Z"}),
    ({**ROW_OF_2025, "new": 1}, {**ROW_OF_2025, "new": None}),
    ({**ROW_OF_2025, "new": 1, "newer": {"a": [10**30]}}, ROW_OF_2025),
    ({**ROW_OF_2025, "a b": 1, "": 2, "class": 3, "uuid_": 4, "additional_0_": 5, "additional_properties": 6},),
]


@pytest.mark.parametrize("rows", ALIKE)
def test_what_is_alike_is_read_fast_from_the_second_page_on(reader: Any, rows: tuple[dict[str, Any], ...]) -> None:
    content = page(*rows)
    assert reader.read(content) is None
    first = read(content, PersonPage)
    second = reader.read(content)
    assert first == second == lenient(content, PersonPage)
    for found in (first, second, copy.deepcopy(second), pickle.loads(pickle.dumps(second)), attrs.evolve(second)):
        assert found.to_dict() == json.loads(content)
    for row, sent in zip(reader.read(content).results, rows, strict=True):
        assert row.additional_properties == {name: sent[name] for name in sent if name not in KNOWN}
    for row, sent in zip(reader.read(content).results, rows, strict=True):
        assert attrs.evolve(row).to_dict() == pickle.loads(pickle.dumps(row)).to_dict() == sent
    assert [copy.copy(row).to_dict() for row in reader.read(content).results] == list(rows)


@pytest.mark.parametrize(
    "row",
    [
        {**ROW_OF_2025, "created_at": "2026-01-02"},
        {**ROW_OF_2025, "created_at": "2026-01-02T03:04:05"},
        {**ROW_OF_2025, "created_at": "2026-01-02T03:04:05+00:00"},
        {**ROW_OF_2025, "created_at": "2026-01-02T03:04:05.000Z"},
        {**ROW_OF_2025, "properties": None},
        {**ROW_OF_2025, "id": 1.5},
        {**ROW_OF_2025, "name": 5},
        {**ROW_OF_2025, "distinct_ids": [1]},
        {**ROW_OF_2025, "is_identified": "yes"},
        {key: value for key, value in ROW_OF_2025.items() if key != "matched_recordings"},
    ],
)
def test_what_is_odd_or_unlike_goes_the_long_way(reader: Any, row: dict[str, Any]) -> None:
    for _ in range(3):
        content = page(ROW_OF_2025, row)
        found = read(content, PersonPage)
        assert found.to_dict() == json.loads(content)
        assert found == lenient(content, PersonPage)
    assert reader.read(content) is None


@pytest.mark.parametrize("body", [*NOT_A_PAGE, page({}), page({"uuid": ""}), page({"uuid": None})])
def test_what_is_not_a_page_is_said_all_the_same(reader: Any, body: bytes) -> None:
    read(page(ROW_OF_2025), PersonPage)
    read(page({"uuid": UUID}), PersonPage)
    with pytest.raises(DecodeError):
        read(body, PersonPage)


def test_pages_of_several_shapes_are_all_known(reader: Any) -> None:
    contents = [page({"uuid": UUID}), page(ROW_OF_2025), page(ROW_OF_2025, count=5), page({"uuid": UUID, "id": 1})]
    for content in contents:
        assert read(content, PersonPage) == lenient(content, PersonPage)
    for content in contents:
        assert reader.read(content) == lenient(content, PersonPage)
    # No more are kept.
    read(page({"uuid": UUID, "name": "x"}), PersonPage)
    assert len(reader._decoders) == 4
    assert reader.read(contents[0]) is None


def test_names_that_come_and_go_are_put_together(reader: Any) -> None:
    for number in range(20):
        read(page({**ROW_OF_2025, f"new{number}": number}), PersonPage)
    assert len(reader._decoders) == 1
    content = page({**ROW_OF_2025, "new3": 1, "new7": 2}, ROW_OF_2025)
    assert reader.read(content).to_dict() == json.loads(content)


@pytest.mark.parametrize("wide", [{f"n{i}": i for i in range(40)}, {"n" * 200: 1}])
def test_a_server_does_not_decide_how_much_is_learnt(reader: Any, wide: dict[str, int]) -> None:
    content = page({**ROW_OF_2025, **wide})
    for _ in range(2):
        assert read(content, PersonPage).to_dict() == json.loads(content)
    assert reader._decoders == ()


def test_learning_ends(reader: Any) -> None:
    for number in range(100):
        content = page({**ROW_OF_2025, f"n{number}": number})
        assert read(content, PersonPage).to_dict() == json.loads(content)
    assert len(reader._decoders) == 1
    assert len(reader._decoders[0].row.names) <= 32


def test_an_empty_page_teaches_nothing(reader: Any) -> None:
    for _ in range(2):
        assert read(page(), PersonPage).to_dict() == json.loads(page())
    assert reader._decoders == ()


def test_other_records_have_no_reader() -> None:
    assert page_decoders.reader_of(Person) is None
    assert page_decoders.reader_of(ActivityPage) is None


TEXT = st.text(st.characters(codec="utf-8"))
ODD_ROWS: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {"uuid": st.sampled_from([UUID, UUID, UUID, "", None, 5])},
    optional={
        "id": st.none() | st.integers() | TEXT | st.floats(allow_nan=False) | st.booleans(),
        "name": st.none() | TEXT | st.integers(),
        "distinct_ids": st.none() | st.lists(TEXT | st.integers()) | st.just({}),
        "properties": st.none() | st.dictionaries(TEXT, st.integers() | st.none()),
        "created_at": st.sampled_from([None, "2026-01-02T03:04:05Z", "2026-01-02T03:04:05.120000Z", "x", 5]),
        "is_identified": st.none() | st.booleans(),
        "value_at_data_point": VALUES,
        "more": VALUES,
    },
)


def outcome(way: Any, content: bytes) -> Any:
    try:
        return way(content, PersonPage)
    except DecodeError as error:
        return str(error)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.lists(ODD_ROWS, max_size=3), min_size=1, max_size=4), st.none() | TEXT)
def test_both_ways_lead_to_the_same_place(pages: list[list[dict[str, Any]]], following: Any) -> None:
    for rows in pages:
        content = page(*rows, next=following)
        expected = outcome(lenient, content)
        for _ in range(2):
            found = outcome(read, content)
            assert found == expected
            if not isinstance(found, str):
                assert found.to_dict() == expected.to_dict() == json.loads(content)
