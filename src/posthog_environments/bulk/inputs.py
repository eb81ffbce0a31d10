"""Checks of inputs: whether a text is a plain email, id or distinct id. Pure.

Lists of persons to delete are written by hand, by mail programs and by spreadsheets. A text that is almost an email
finds nobody, and that must not pass for a deletion. So everything but a plain value is refused.
"""

# Callers without a type checker are users too, so arguments are checked at run time.
# pyright: reportUnnecessaryIsInstance=false

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias
from uuid import UUID

from posthog_environments.query.validation import UUID_TEXT, person_key, text

__all__ = ["CHOICES", "KINDS", "MOST_DISTINCT_IDS", "By", "KeyKind", "Kinds", "NumberedInput", "named_by"]

KeyKind: TypeAlias = Literal["id", "distinct_id", "email"]
By: TypeAlias = Literal["auto", "id", "distinct_id", "email"]
Kinds: TypeAlias = tuple[KeyKind, ...]
KINDS: Final[Kinds] = ("id", "distinct_id", "email")
CHOICES: Final[tuple[By, ...]] = ("auto", *KINDS)
MOST_DISTINCT_IDS: Final = 1000
"""How many distinct ids of a person servers return at most (posthog/models/person)."""

_ADVICE: Final = "Give the bare address, like ada@example.com"
# RFC 5322, 3.2.3: what an unquoted address may contain besides letters and digits. Without `|`, which separates
# columns.
_ATEXT: Final = frozenset("!#$%&'*+-/=?^_`{}~.")
_QUOTES: Final = "\"'“”„‟‘’‚‛«»‹›`´"  # noqa: RUF001 - these are the ones that word processors put in
_LONGEST_EMAIL: Final = 320
_SEPARATORS: Final = re.compile(r"[\s,;|/]")
_SEVERAL: Final = "it holds more than one address; give each one a line of its own"
_NOTHING: Final = frozenset({"null", "none", "undefined", "nan", "n/a", "nil", "[object object]", "-", "(null)"})
_NUMBER: Final = re.compile(r"[1-9][0-9]{0,18}")


@dataclass(frozen=True, slots=True)
class NumberedInput:
    """An input with its number in messages, outcomes and the journal, such as its line in a file.

    Attributes:
        plain: Whether it is a line of plain text, which may be a row of a table by mistake.
    """

    number: int
    value: object
    plain: bool = False


def named_by(by: By, value: object, *, plain: bool = False) -> tuple[str, Kinds]:
    """Check an input. Return its key, and what the key may be: more than one with "auto".

    Raises:
        TypeError, ValueError: It is not a plain value; the message says how it should look.
    """
    if by == "id" or (by == "auto" and not isinstance(value, str)):
        return _id(value.strip() if isinstance(value, str) else value), ("id",)
    if not isinstance(value, str):
        raise TypeError(f"{by} must be a str, not {type(value).__name__}.")
    text(by, value)
    if by == "email":
        return _email(value.strip()), ("email",)
    if by == "distinct_id":
        return _distinct_id(value, plain=plain), ("distinct_id",)
    return _guessed(value.strip())


def _id(value: object) -> str:
    if isinstance(value, str) and not UUID_TEXT.fullmatch(value) and not (value.isascii() and value.isdigit()):
        raise ValueError(
            "id must be a uuid or a positive integer. For what is an email or distinct id, say so with by: "
            '"email", "distinct_id" or "auto".'
        )
    return person_key(value)


def _guessed(value: str) -> tuple[str, Kinds]:
    """Return what a text may be. It is looked up as each of these, and must not find two persons."""
    if not value:
        raise ValueError("it is blank.")
    if UUID_TEXT.fullmatch(value):
        return str(UUID(value)), ("id", "distinct_id")
    if "@" in value:
        return _email(value), ("email", "distinct_id")
    problem = _decorated(value) or _divided(value) or _no_value(value)
    if problem is None and any(character.isspace() for character in value):
        problem = "there are blanks in it"
    if problem is not None:
        raise ValueError(f'this is no plain email or id: {problem}. If it is a distinct id, give by="distinct_id".')
    is_number = _NUMBER.fullmatch(value) and int(value) < 2**63
    return value, ("id", "distinct_id") if is_number else ("distinct_id",)


def _distinct_id(value: str, *, plain: bool) -> str:
    if not value.strip():
        raise ValueError("this distinct id is blank.")
    # Programs pass exact values; a line of text may be a row of a table.
    bare = value.strip(" ")
    problem = _around(bare) or ((_divided(bare) or _no_value(bare)) if plain else None)
    if problem is not None:
        raise ValueError(f"this is no plain distinct id: {problem}.")
    return value


def _email(value: str) -> str:
    if "@" not in value:
        raise ValueError("this is no email, for it has no @.")
    problem = _decorated(value) or _divided(value) or _no_value(value) or _misspelt(value)
    if problem is not None:
        raise ValueError(f"this is no plain email: {problem}. {_ADVICE}.")
    return value


def _decorated(value: str) -> str | None:
    """Return what is around or within a value that does not belong there, if anything."""
    hidden = next((each for each in value if unicodedata.category(each) in ("Cf", "Zl", "Zp")), None)
    if hidden is not None:
        return f"it holds a character that cannot be seen ({unicodedata.name(hidden).lower()})"
    if value.count("@") > 1:
        return _SEVERAL
    if value[0] in _QUOTES or value[-1] in _QUOTES:
        return "there are quotes around it"
    return _around(value)


def _around(value: str) -> str | None:
    """Return what is around a value that may otherwise be any text, if anything."""
    control = next((each for each in value if unicodedata.category(each) == "Cc" and each != "\t"), None)
    if control is not None:
        return f"it holds a control character (U+{ord(control):04X})"
    if value.casefold().startswith(("mailto:", "mailto=")):
        return 'it begins with "mailto:"'
    if "@" in value and ("<" in value or ">" in value):
        return "it has angle brackets, or a name beside the address"
    if value.count("@") > 1 and _SEPARATORS.search(value):
        return _SEVERAL
    if value[0] in _QUOTES and value[-1] in _QUOTES:
        return "there are quotes around it"
    if value[-1] in ",;" or value[0] in ",;":
        return "there is a comma or semicolon at an end of it"
    return None


def _no_value(value: str) -> str | None:
    """Return why a text stands for no value, if it does."""
    if value[0] == "#":
        return "it begins with #; a comment has a blank behind it"
    return "that is how programs write that there is none" if value.casefold() in _NOTHING else None


def _divided(value: str) -> str | None:
    """Return why a text is more than one cell of a table, if it is."""
    mark = next((name for character, name in (("\t", "tab"), (",", "comma"), (";", "semicolon"), ("|", "bar"))
                 if character in value), None)  # fmt: skip
    # Ids of login services contain a bar.
    if mark is None or (mark == "bar" and "@" not in value):
        return None
    return f"there is a {mark} in it, as between columns"


def _misspelt(value: str) -> str | None:
    """Return what is wrong with the spelling of an address, if anything."""
    local, _, domain = value.rpartition("@")
    if any(character.isspace() for character in value):
        return "there are blanks in it"
    if not local or not domain:
        return "there is nothing on one side of the @"
    if len(value) > _LONGEST_EMAIL:
        return f"it is longer than {_LONGEST_EMAIL} characters"
    strange = next((each for each in local if not _is_word(each) and each not in _ATEXT), None)
    if strange is not None:
        return f"{strange!r} does not belong before the @"
    strange = next((each for each in domain if not _is_word(each) and each not in "-_."), None)
    if strange is not None:
        return f"{strange!r} does not belong behind the @"
    if any(not label or label[0] == "-" or label[-1] == "-" for label in domain.split(".")):
        return "a part of what is behind the @ is empty, or has a hyphen at an end"
    return None


def _is_word(character: str) -> bool:
    return (character.isascii() and character.isalnum()) or (
        not character.isascii() and unicodedata.category(character)[0] in "LMN"
    )  # fmt: skip
