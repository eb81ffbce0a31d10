"""Checks of inputs: plain emails, ids and distinct ids, and texts that only look like one."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from posthog_environments_api.models import Person

from posthog_environments.bulk.inputs import named_by

ID = "095be615-a8ad-4c33-8e9c-c7612fbf6c9f"

EMAILS = [
    "ada@mail.example", "ada.lovelace+list@sub.mail.example", "o'brien@mail.example", "a@b", "x_y-z@a-b.example",
    "1@2.example", "jürgen@müller.example", "用户@例子.example", "bounce=x@mail.example", "A.B@Mail.Example",
    "docomo..user.@mail.example", "ada@127.0.0.1",
]  # fmt: skip


@pytest.mark.parametrize("email", EMAILS)
def test_plain_emails(email: str) -> None:
    assert named_by("email", email)[0] == email
    assert named_by("email", f" \t{email}\xa0\n")[0] == email, "blanks at the ends do not count"
    assert named_by("auto", email)[1] == ("email", "distinct_id")


NO_EMAILS = [
    ("ada", "no @"),
    ("", "empty"),
    ("   ", "no @"),
    ("mailto:ada@mail.example", "mailto"),
    ("MAILTO:ada@mail.example?subject=hi", "mailto"),
    ("Ada Lovelace <ada@mail.example>", "angle brackets"),
    ("<ada@mail.example>", "angle brackets"),
    ("ada@mail.example>", "angle brackets"),
    ("ada@mail.example,", "comma or semicolon at an end"),
    (";ada@mail.example", "comma or semicolon at an end"),
    ("ada@mail.example;bob@mail.example", "more than one"),
    ("ada@mail.example, bob@mail.example", "more than one"),
    ("ada@mail.example bob@mail.example", "more than one"),
    ("ada@mail.example/bob@mail.example", "more than one"),
    ("ada@@mail.example", "more than one"),
    ("ada@mail.example,Ada", "comma"),
    ("42;ada@mail.example", "semicolon"),
    ("ada@mail.example\tAda", "tab"),
    ("ada@mail.example|Ada", "bar"),
    ('"ada@mail.example"', "quotes"),
    ("'ada@mail.example'", "quotes"),
    ("'ada@mail.example", "quotes"),
    ("“ada@mail.example”", "quotes"),
    ("`ada@mail.example`", "quotes"),
    ("ada @mail.example", "blanks"),
    ("ada@mail.example (work)", "blanks"),
    ("ada@mail.example(work)", "behind the @"),
    ("email:ada@mail.example", "before the @"),
    ("ada@mail.example.", "empty"),
    ("ada@.mail.example", "empty"),
    ("ada@mail..example", "empty"),
    ("ada@-mail.example", "hyphen"),
    ("@mail.example", "one side"),
    ("ada@", "one side"),
    ("ada\u200b@mail.example", "zero width space"),
    ("\ufeffada@mail.example", "cannot be seen"),
    ("ada@mail.example\u200e", "cannot be seen"),
    ("ada\x00@mail.example", "control"),
    ("ada\nbob@mail.example", "control"),
    ("ada\uff20mail.example", "no @"),
    ("ada%40mail.example", "no @"),
    ("ada(at)mail.example", "no @"),
    ("ada@[127.0.0.1]", "behind the @"),
    ("ada\\@mail.example", "before the @"),
    ("a" * 320 + "@mail.example", "longer"),
]


@pytest.mark.parametrize(("value", "reason"), NO_EMAILS)
def test_what_is_not_one_plain_email_is_refused(value: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        named_by("email", value)


@pytest.mark.parametrize("value", [each for each, _ in NO_EMAILS if "@" in each])
def test_left_open_it_is_refused_as_well(value: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        named_by("auto", value)


@pytest.mark.parametrize("value", [1, None, b"ada@mail.example", ["ada@mail.example"], True])
@pytest.mark.parametrize("by", ["email", "distinct_id"])
def test_what_is_no_text_is_refused(by: Any, value: Any) -> None:
    with pytest.raises(TypeError):
        named_by(by, value)


DISTINCT_IDS = [
    "user-42", "auth0|5f7c8ec7c33c6c004bbafe82", "google-oauth2|103547991597142817347", "$device:1", "a b", "用户",
    "Ada, Countess", "x@y@z", "42", "007", ID, '{"a": 1}', "it's", "#1", "C++;", "null and void",
]  # fmt: skip


@pytest.mark.parametrize("value", [each for each in DISTINCT_IDS if each != "C++;"])
def test_a_program_knows_its_distinct_ids(value: str) -> None:
    assert named_by("distinct_id", value)[0] == value
    assert named_by("distinct_id", f" {value}")[0] == f" {value}", "as it is: blanks may belong to it"


@pytest.mark.parametrize(
    "value",
    ["", "  ", "u\n", "\x1b[0m", "mailto:ada@mail.example", "Ada <ada@mail.example>", '"u"', "'u'", "u,", ";u", "C++;",
     "ada@mail.example,bob@mail.example"],
)  # fmt: skip
def test_what_is_plainly_no_distinct_id_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        named_by("distinct_id", value)


@pytest.mark.parametrize("value", ["u1,ada", "u1;x", "u1\tx", "null", "undefined", "NaN", "N/A", "[object Object]"])
def test_a_line_of_text_may_be_half_a_table(value: str) -> None:
    with pytest.raises(ValueError, match="no plain"):
        named_by("distinct_id", value, plain=True)
    with pytest.raises(ValueError, match="no plain"):
        named_by("auto", value)
    named_by("distinct_id", value)


@pytest.mark.parametrize(
    ("value", "key", "kinds"),
    [
        (f"  {ID.upper()} ", ID, ("id", "distinct_id")),
        (" 42\n", "42", ("id", "distinct_id")),
        ("007", "007", ("distinct_id",)),
        ("0", "0", ("distinct_id",)),
        (str(2**63), str(2**63), ("distinct_id",)),
        ("user-42", "user-42", ("distinct_id",)),
        ("auth0|5f7c", "auth0|5f7c", ("distinct_id",)),
        (42, "42", ("id",)),
        (UUID(ID), ID, ("id",)),
        (Person.from_dict({"uuid": ID}), ID, ("id",)),
    ],
)
def test_left_open_each_is_what_it_looks_like(value: Any, key: str, kinds: Any) -> None:
    assert named_by("auto", value) == (key, kinds)


@pytest.mark.parametrize("value", ["Ada Lovelace", '"u-1"', "", "  ", True, 0, -1, None, 1.5, "null"])
def test_left_open_what_names_nobody_is_refused(value: Any) -> None:
    with pytest.raises((TypeError, ValueError)):
        named_by("auto", value)


@pytest.mark.parametrize("value", [f" {ID}", f"{ID}\t", f"\xa0{ID.upper()} "])
def test_an_id_may_have_blanks_at_its_ends(value: str) -> None:
    assert named_by("id", value)[0] == ID
    assert named_by("id", " 42 ")[0] == "42"


@pytest.mark.parametrize("value", ["{" + ID + "}", f"urn:uuid:{ID}", ID.replace("-", ""), f"{ID},", "42,", "4 2", "٤٢"])
def test_what_is_no_id_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="id must be"):
        named_by("id", value)
