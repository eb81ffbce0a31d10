"""Reads a documentation page of the vendor: the text of its operations, as facts with line numbers.

Two layouts of the same site are known. In the older one names, types and defaults are glued together
(`- date_fromstringDefault:`) and the values of an enum form a chain (`event`, `- eventperson`, `- person…`); in the
newer one each stands on a line of its own. Both print an operation as: a title, prose, scopes, parameters by place, a
request, an answer. Operations come in any order, and each may break off anywhere: then the next one begins where a
heading comes that should have come before. Nothing is passed over: a line that fits nowhere makes the page unreadable,
for half a page must never look like a whole one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final

__all__ = ["DocsPage", "Field", "PageError", "PageOperation", "read"]

METHODS: Final = ("GET", "POST", "PATCH", "PUT", "DELETE")
PLACES: Final = {"path parameters": "path", "query parameters": "query", "request parameters": "body"}
SCOPES: Final = "required api key scopes"
REQUEST: Final = ("request", "example request")
ANSWER: Final = ("response", "example response")
TYPES: Final = "string|integer|boolean|number|array|object"
# Where the text of the operations ends and the page goes on about other things.
END: Final = ("community questions", "questions about this page?", "was this page useful?", "was this page helpful?")
# A scope is one word; what stands in its place in a few others is taken for one that nobody knows.
MOST_WORDS: Final = 6
VERBS: Final = "Add|Bulk|Cancel|Create|Delete|Destroy|Get|List|Partial|Patch|Remove|Replace|Retrieve|Run|Set|Update"

_GLUED: Final = re.compile(rf"(?P<name>[$A-Za-z_][\w$.-]*?)(?P<type>{TYPES})?(?P<rest>(?:One of|Default):.*)?")
_NAME: Final = re.compile(r"[$A-Za-z_][\w$.-]*")
_STATUS: Final = re.compile(r"Status (\d{3})\b\s*(.*)")
_PATH: Final = re.compile(r"/api(?: ?/:?[\w@]+)*/?")
_TABLE: Final = re.compile(r"\|\s*`?(GET|POST|PATCH|PUT|DELETE)`?\s*\|\s*`?([^|`]+?)`?\s*\|")
_RULE: Final = re.compile(r"\|[\s:|-]*\||\|\s*method", re.IGNORECASE)
_QUOTED: Final = re.compile(r'"([^"]*)"')
_URL: Final = re.compile(r"<ph_app_host>([^\s\\]+)")
_TITLE: Final = re.compile(rf"(?:{VERBS})(?: [\w/ -]+)?")


class PageError(Exception):
    """The page, or a part of it, cannot be read."""


class _WrongError(PageError):
    """Something that no page says, wherever it may break off."""


@dataclass(frozen=True, slots=True)
class Text:
    """A line of the page without its markup."""

    number: int
    text: str
    bullet: bool

    @property
    def key(self) -> str:
        return self.text.lower()


@dataclass(slots=True)
class Field:
    """A parameter, or a field of a body or an answer, as the page states it.

    `kind` is the type, or the format where an example shows one; None where the page gives none. `prose` tells
    whether the page explains it.
    """

    line: int
    kind: str | None = None
    values: list[str] | None = None
    default: str | None = None
    deprecated: bool = False
    prose: bool = False


@dataclass(slots=True)
class PageOperation:
    """One copy of an operation on the page."""

    line: int
    title: str
    method: str = ""
    path: str = ""
    scopes: list[str] = field(default_factory=list[str])
    scopes_line: int = 0
    fields: dict[tuple[str, str], Field] = field(default_factory=dict[tuple[str, str], Field])
    status: str = ""
    status_line: int = 0
    others: dict[str, int] = field(default_factory=dict[str, int])
    """Further statuses that it shows, and where."""
    has_body: bool = False
    answer: dict[str, Field] = field(default_factory=dict[str, Field])
    whole: bool = False
    deprecated: bool = False
    bearer: bool = False
    """Whether the command that it shows sends the key as a bearer token."""

    def facts(self) -> dict[str, object]:
        """Return what it states, without line numbers, to hold copies against each other."""
        stated: dict[str, object] = {"scopes": tuple(self.scopes), "status": self.status, "body": self.has_body}
        for (place, name), found in self.fields.items():
            stated[f"{place} {name}"] = (found.kind, tuple(found.values or ()), found.default, found.deprecated)
        for name, found in self.answer.items():
            stated[f"answer {name}"] = found.kind
        return stated


@dataclass(slots=True)
class DocsPage:
    """What a page states."""

    operations: list[PageOperation]
    listed: dict[tuple[str, str], int]
    """Operations that a table at the top names, and where."""


def read(text: str) -> DocsPage:
    """Read a page.

    Raises:
        PageError: It has no operation, or something on it fits nowhere.
    """
    lines = list(_lines(text))
    if not any(line.key in PLACES or line.key == SCOPES for line in lines):
        raise PageError("this is no page of operations: nowhere on it is a list of parameters")
    begin, listed = _preamble(lines)
    return DocsPage([_Reader(part).operation() for part in _parts(lines[begin:])], listed)


def _lines(text: str) -> Iterator[Text]:
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.replace("\u00a0", " ").replace("\u200b", "").strip()
        if not line or line.startswith("```"):
            continue
        if line.lower() in END:
            return
        bullet = line.startswith(("- ", "• ", "* "))
        yield from _split(Text(number, line[2:].strip() if bullet else re.sub(r"^#{1,6} ", "", line), bullet))


def _split(line: Text) -> Iterator[Text]:
    """Part a line at a parameter that is glued to the prose before it: `is required. - actionsarray`."""
    head, separator, tail = line.text.rpartition(" - ")
    if separator and head.endswith((".", ")")) and _GLUED.fullmatch(tail):
        yield Text(line.number, head, line.bullet)
        yield Text(line.number, tail, bullet=True)
    else:
        yield line


def _preamble(lines: list[Text]) -> tuple[int, dict[tuple[str, str], int]]:
    """Pass over the head of the page; return where its operations begin, and those that a table there names."""
    first = next(at for at, line in enumerate(lines) if line.key == SCOPES or line.key in PLACES)
    headings = [at for at, line in enumerate(lines[:first]) if line.key == "endpoints"]
    if not headings:
        raise PageError("the page has no heading “Endpoints”, so nobody knows where its operations begin")
    listed: dict[tuple[str, str], int] = {}
    at = headings[0] + 1
    while at < len(lines):
        row = _TABLE.match(lines[at].text)
        if row is not None:
            listed[row[1], _template(row[2])] = lines[at].number
        elif lines[at].text not in METHODS and not _RULE.match(lines[at].text):
            break
        at += 1
    return at, listed


def _rank(lines: list[Text], at: int) -> int | None:
    """Return the place of a heading within an operation; None for a line that is none."""
    key = lines[at].key
    if key == SCOPES:
        return 0
    if key in PLACES:
        return 1 + list(PLACES).index(key)
    if key in REQUEST:
        return 4
    follows = at + 1 < len(lines) and _STATUS.fullmatch(lines[at + 1].text)
    return 5 if key in ANSWER and follows else None


def _parts(lines: list[Text]) -> Iterator[list[Text]]:
    """Part the lines into operations: each begins with its title, and may break off."""
    start, before, rank = 0, 0, -1
    for at in range(len(lines)):
        found = _rank(lines, at)
        if found is None:
            continue
        if found <= rank:
            begin = _title(lines, before, at, answered=rank == 5)
            yield lines[start:begin]
            start = begin
        before, rank = at, found
    end = _end(lines, before) if rank == 5 else None
    if end is not None and end < len(lines):  # another one, of which there is no more than a title
        yield lines[start:end]
        start = end
    yield lines[start:]


def _title(lines: list[Text], before: int, at: int, *, answered: bool) -> int:
    """Find the title of the operation whose first heading is at `at`, after the last heading of the one before."""
    if answered:
        end = _end(lines[:at], before)
        if end is not None and end < at:
            return end
    known = {line.text for line, follower in pairwise(lines) if follower.key == SCOPES and not line.bullet}
    likely = [number for number in range(before + 1, at) if _TITLE.fullmatch(lines[number].text)]
    certain = [number for number in likely if lines[number].text in known]
    for number in (certain or likely)[-1:]:
        return number
    text = lines[at].text
    raise PageError(f"line {lines[at].number}: “{text}” once more, and no title of an operation before it")


def _end(lines: list[Text], heading: int) -> int | None:
    """Return where the answer below a heading ends; None where it breaks off."""
    at: int | None = heading + 1
    while at is not None and at < len(lines) and (match := _STATUS.fullmatch(lines[at].text)) is not None:
        at = at + 1 if match[2] else _end_of_json(lines, at + 1)
    return at


def _end_of_json(lines: list[Text], at: int) -> int | None:
    at += at < len(lines) and lines[at].text == "RESPONSE"
    text = ""
    for number in range(at, len(lines)):
        text += lines[number].text + "\n"
        if text.rstrip().endswith(("}", "]")):
            try:
                json.loads(text)
            except ValueError:
                continue
            return number + 1
    return None


class _Reader:
    """Goes through the lines of one operation once."""

    def __init__(self, lines: list[Text]) -> None:
        self._lines = lines
        self._at = 0

    # -------------------------------------------------------------------------------------------------- moving on

    @property
    def _line(self) -> Text | None:
        return self._lines[self._at] if self._at < len(self._lines) else None

    def _next(self) -> Text:
        line = self._line
        if line is None:
            raise PageError("the page breaks off")
        self._at += 1
        return line

    def _ahead(self, offset: int = 1) -> Text | None:
        at = self._at + offset
        return self._lines[at] if at < len(self._lines) else None

    # ------------------------------------------------------------------------------------------------- operations

    def operation(self) -> PageOperation:
        """Read the operation; one that breaks off is not whole.

        Raises:
            PageError: Something in it fits nowhere, and it is not its end.
        """
        operation = PageOperation(self._lines[0].number, self._lines[0].text)
        try:
            self._operation(operation)
        except _WrongError:
            raise
        except PageError:
            if self._at < len(self._lines) - 1:
                raise
        if operation.status and not operation.method:
            raise PageError(f"line {operation.line}: “{operation.title}” shows no request")
        return operation

    def _operation(self, operation: PageOperation) -> None:
        title = self._next()
        if title.key in PLACES or title.key in (*REQUEST, *ANSWER, SCOPES) or _STATUS.fullmatch(title.text):
            raise PageError(f"line {title.number}: “{title.text}” where an operation should begin with its title")
        self._prose(operation, SCOPES, *PLACES, *REQUEST)
        while (line := self._line) is not None:
            if line.key == SCOPES:
                self._scopes(operation)
            elif line.key in PLACES:
                self._fields(operation, PLACES[line.key])
            elif line.key in ANSWER and not self._answers():
                self._at += 1  # the heading of a section that only a browser shows
            elif line.key in REQUEST:
                self._request(operation)
            elif line.key in ANSWER:
                self._answer(operation)
                self._others(operation)
                operation.whole = bool(operation.method)
                if self._line is not None:
                    raise PageError(f"line {self._line.number}: “{self._line.text[:60]}” after the end of an operation")
                return
            else:
                raise PageError(f"line {line.number}: nobody knows what “{line.text[:60]}” is")

    def _prose(self, operation: PageOperation, *until: str) -> None:
        while (line := self._line) is not None and line.key not in until:
            if line.key in ANSWER or _STATUS.fullmatch(line.text) or line.text in METHODS:
                raise PageError(f"line {line.number}: “{line.text[:60]}” where parameters should come first")
            operation.deprecated = operation.deprecated or line.key == "deprecated"
            self._at += 1

    def _answers(self) -> bool:
        ahead = self._ahead()
        return ahead is not None and _STATUS.fullmatch(ahead.text) is not None

    def _scopes(self, operation: PageOperation) -> None:
        operation.scopes_line = self._next().number
        while (line := self._line) is not None and line.key not in (*PLACES, *REQUEST, *ANSWER):
            if len(line.text.split()) > MOST_WORDS or line.text in METHODS or _STATUS.fullmatch(line.text):
                raise PageError(f"line {line.number}: “{line.text[:60]}” where a scope should be")
            operation.scopes += re.split(r"\s*,\s*", line.text.strip("` "))
            self._at += 1
        if not operation.scopes:
            raise PageError(f"line {operation.scopes_line}: a heading of scopes with no scope below it")

    # ----------------------------------------------------------------------------------------------------- fields

    def _fields(self, operation: PageOperation, place: str) -> None:
        self._at += 1
        while (line := self._line) is not None:
            if line.key in (*PLACES, *REQUEST, *ANSWER, SCOPES):
                return
            match = _GLUED.fullmatch(line.text) if line.bullet else None
            if match is None:
                raise PageError(f"line {line.number}: “{line.text[:60]}” where the name of a parameter should be")
            self._at += 1
            found = Field(line.number, match["type"])
            if (place, match["name"]) in operation.fields:
                raise PageError(f"line {line.number}: the parameter {match['name']} for a second time")
            operation.fields[place, match["name"]] = found
            if match["rest"]:
                self._constraint(found, match["rest"])
            self._describe(found)

    def _describe(self, found: Field) -> None:
        """Take what stands below the name of a parameter, up to the next one."""
        while (line := self._line) is not None and line.key not in (*PLACES, *REQUEST, *ANSWER, SCOPES):
            if self._chain(found) or self._bullets(found):
                continue
            if line.bullet and _GLUED.fullmatch(line.text):
                return
            self._at += 1
            if re.fullmatch(TYPES, line.text) and found.kind is None:
                found.kind = line.text
            elif line.text.startswith(("One of:", "Default:")):
                self._constraint(found, line.text)
            else:
                found.prose = True
                found.deprecated = found.deprecated or line.text.startswith("DEPRECATED")

    def _constraint(self, found: Field, text: str) -> None:
        if text.startswith("Default:"):
            value = text.removeprefix("Default:").strip()
            found.default = value or self._next().text
            return
        values = _QUOTED.findall(text)
        while (line := self._line) is not None and _QUOTED.fullmatch(line.text):
            values += _QUOTED.findall(line.text)
            self._at += 1
        if not values:
            raise PageError(f"line {found.line}: “One of:” with no value after it")
        found.values = values

    def _chain(self, found: Field) -> bool:
        """Take the values of an enum in the older layout: a value, then each label glued to the next value."""
        line, ahead = self._line, self._ahead()
        if line is None or ahead is None or line.bullet or not _NAME.fullmatch(line.text):
            return False
        if not ahead.bullet or not ahead.text.startswith(line.text):
            return False
        value, values = line.text, list[str]()
        self._at += 1
        while value:
            values.append(value)
            label = self._line
            if label is None or not label.bullet or not label.text.startswith(value):
                raise PageError(f"line {line.number}: the list of values breaks off after {value}")
            self._at += 1
            value = label.text.removeprefix(value)
        found.values = values
        return True

    def _bullets(self, found: Field) -> bool:
        """Take the values of an enum in the newer layout: one bullet each, `value - label`."""
        values = list[str]()
        while (line := self._line) is not None and line.bullet:
            match = re.fullmatch(r"([\w$.-]+) - ([\w$.-]+)", line.text)
            if match is None:
                break
            values.append(match[1])
            self._at += 1
        if values:
            found.values = values
        return bool(values)

    # ------------------------------------------------------------------------------------------ request and answer

    def _request(self, operation: PageOperation) -> None:
        heading = self._next()
        line = self._line
        if line is None:
            return
        method, _, rest = line.text.partition(" ")
        if method not in METHODS:
            raise PageError(f"line {line.number}: “{line.text[:60]}” where a method should be")
        self._at += 1
        if not rest:
            if self._line is None:
                return
            rest = self._next().text
        if not _PATH.fullmatch(rest):
            raise PageError(f"line {heading.number}: “{rest[:60]}” where a path should be")
        operation.method, operation.path = method, _template(rest)
        while (line := self._line) is not None and line.key not in ANSWER:
            self._check_command(operation, line)
            self._at += 1

    def _check_command(self, operation: PageOperation, line: Text) -> None:
        """The command that the page shows must go where the page says."""
        if not re.match(r"export |curl|-[HXd] ?|<ph_app_host>|.*-H ", line.text):
            raise PageError(f"line {line.number}: “{line.text[:60]}” within a request")
        operation.bearer = operation.bearer or "Authorization: Bearer " in line.text
        url = _URL.search(line.text)
        if url is not None and _template(url[1]) != operation.path:
            raise PageError(f"line {line.number}: the command goes to {url[1]}, and the page says {operation.path}")
        verb = re.search(r"-X ([A-Z]+)", line.text)
        if verb is not None and verb[1] != operation.method:
            raise PageError(f"line {line.number}: the command is a {verb[1]}, and the page says {operation.method}")

    def _answer(self, operation: PageOperation) -> None:
        self._at += 1
        line = self._next()
        match = _STATUS.fullmatch(line.text)
        assert match is not None  # `_answers` has looked
        operation.status, operation.status_line = match[1], line.number
        if match[2].lower() == "no response body":
            return
        if match[2]:
            kind = PageError if "no response body".startswith(match[2].lower()) else _WrongError
            raise kind(f"line {line.number}: “{match[2][:60]}” after a status")
        if self._line is not None and self._line.text == "RESPONSE":
            self._at += 1
        operation.has_body = True
        self._example(operation)

    def _others(self, operation: PageOperation) -> None:
        """Take the statuses after the first; what is said of their bodies is passed over."""
        while (line := self._line) is not None and (match := _STATUS.fullmatch(line.text)) is not None:
            operation.others[match[1]] = line.number
            end = self._at + 1 if match[2] else _end_of_json(self._lines, self._at + 1)
            if end is None:
                raise PageError(f"line {line.number}: the example of the answer breaks off")
            self._at = end

    def _example(self, operation: PageOperation) -> None:
        """Read the JSON of an example, in one line or in many."""
        text, where = "", list[int]()
        while (line := self._line) is not None:
            text += line.text + "\n"
            where += [line.number] * (len(line.text) + 1)
            self._at += 1
            try:
                value = json.loads(text)
            except ValueError:
                continue
            _Example(operation, text, where).walk(value, "")
            return
        if not _cut_short(text):
            raise _WrongError(f"line {operation.status_line}: the example of the answer is no JSON")
        raise PageError(f"line {operation.status_line}: the example of the answer breaks off")


def _cut_short(text: str) -> bool:
    """Tell whether a text that is no JSON is the beginning of some."""
    text = text.rstrip()
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        rest = text[error.pos :]
        at_the_end = not rest or error.msg.startswith("Unterminated string")
        return at_the_end or any(word.startswith(rest) for word in ("true", "false", "null", "-"))
    return True


class _Example:
    """Turns an example into fields with their places on the page."""

    def __init__(self, operation: PageOperation, text: str, where: list[int]) -> None:
        self._answer = operation.answer
        self._text = text
        self._where = where
        self._from = 0

    def walk(self, value: Any, path: str) -> None:
        if isinstance(value, dict):
            for name, inner in value.items():
                # Names come in the order of the text, so that each is found after the one before.
                self._from = self._text.index(json.dumps(name), self._from) + 1
                self.walk(inner, f"{path}.{name}" if path else name)
        elif isinstance(value, list):
            for inner in value[:1]:
                self.walk(inner, f"{path}[]")
        else:
            self._answer[path] = Field(self._where[self._from], _kind(value))


def _kind(value: object) -> str | None:
    """Tell the type that an example shows. A sampler wrote it: what it wrote for a format is known."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, (int, float)):
        return "integer" if isinstance(value, int) else "number"
    text = str(value)
    if re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", text):
        return "date-time"
    if re.fullmatch(r"\d{4}-\d\d-\d\d", text):
        return "date"
    if re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", text):
        return "uuid"
    return "uri" if text.startswith(("http://", "https://")) else "string"


def _template(path: str) -> str:
    """Write a path as the contract does: `/api /environments /:project_id` is `/api/environments/{project_id}/`."""
    joined = path.replace(" ", "").rstrip("/") + "/"
    return re.sub(r":(\w+)", r"{\1}", joined)
