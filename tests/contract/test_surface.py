"""The public names: what `__all__` says is there, is light to import, and is documented."""

from __future__ import annotations

import difflib
import inspect
import re
import subprocess
import sys
from typing import Any

import pytest
import surface

import posthog_environments

HEAVY = [
    "httpx",
    "httpcore",
    "attrs",
    "msgspec",
    "dateutil",
    "anyio",
    "click",
    "rich",
    "duckdb",
    "starlette",
    "pyarrow",
    "ssl",
]


def test_all_is_what_is_there() -> None:
    assert sorted(posthog_environments.__all__) == sorted(set(posthog_environments.__all__))
    assert dir(posthog_environments) == sorted(posthog_environments.__all__)
    for name in posthog_environments.__all__:
        assert getattr(posthog_environments, name) is not None
    misspelt = "Enviroment"
    with pytest.raises(AttributeError, match=f"no attribute {misspelt!r}"):
        getattr(posthog_environments, misspelt)


@pytest.mark.parametrize("name", sorted(set(posthog_environments.__all__) - {"__version__"}))
def test_everything_public_is_documented(name: str) -> None:
    found: Any = getattr(posthog_environments, name)
    assert inspect.getdoc(found)
    if inspect.isclass(found):
        for member, value in vars(found).items():
            if inspect.isfunction(value) and not member.startswith("_"):
                assert inspect.getdoc(value), f"{name}.{member}"


def test_the_tree_of_errors_is_the_documented_one() -> None:
    e = posthog_environments
    assert issubclass(e.ConfigurationError, ValueError)
    assert issubclass(e.DeadlineExceeded, TimeoutError)
    parents = {
        e.ConfigurationError: e.PostHogError,
        e.APIStatusError: e.PostHogError,
        e.BadRequestError: e.APIStatusError,
        e.AuthenticationError: e.APIStatusError,
        e.PermissionDeniedError: e.APIStatusError,
        e.NotFoundError: e.APIStatusError,
        e.ConflictError: e.APIStatusError,
        e.RateLimitError: e.APIStatusError,
        e.RedirectError: e.APIStatusError,
        e.ServerError: e.APIStatusError,
        e.TransportError: e.PostHogError,
        e.DeadlineExceeded: e.TransportError,
        e.OutcomeUnknown: e.TransportError,
        e.MalformedResponseError: e.PostHogError,
        e.PagingError: e.PostHogError,
        e.JournalError: e.PostHogError,
    }
    for child, parent in parents.items():
        assert parent in child.__bases__
    public = {getattr(e, name) for name in e.__all__}
    assert parents.keys() == {one for one in public if isinstance(one, type) and issubclass(one, e.PostHogError)} - {
        e.PostHogError
    }


@pytest.mark.parametrize(
    "line", ["import posthog_environments", "from posthog_environments import Environment, prop, NotFoundError"]
)
def test_importing_is_light(line: str) -> None:
    """Nothing heavy is loaded before it is used."""
    script = f"import sys\n{line}\nprint([name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-I", "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_change_of_the_surface_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """`scripts/breaking.py` compares these lines with those of the last release."""

    def regex(self: object, wanted: str) -> None: ...

    before = surface.lines().splitlines()
    monkeypatch.setattr(type(posthog_environments.prop("x")), "regex", regex)
    monkeypatch.delattr(posthog_environments.Pager, "first")
    monkeypatch.delattr(posthog_environments.sandbox.Sandbox, "settle")
    monkeypatch.setitem(posthog_environments.Report.__annotations__, "rows", "float")
    found = difflib.ndiff(before, surface.lines().splitlines())
    assert [line for line in found if line.startswith(("- ", "+ "))] == [
        "- Pager.first: method (self) -> T | None",
        "- Report.rows: attribute int",
        "+ Report.rows: attribute float",
        "- prop().regex: method (self, pattern: str) -> Filter",
        "+ prop().regex: method (self: object, wanted: str) -> None",
        "- sandbox.Sandbox.settle: method (self) -> None",
    ]


# ------------------------------------------------------------------------------------------------- the operations

LINES = surface.surface()
OPERATIONS = sorted(
    name.removeprefix("Environment.") for name in LINES if re.match(r"Environment\.(persons|insights)\.", name)
)


def operation(name: str, *, asynchronous: bool = False) -> Any:
    group, _, method = name.partition(".")
    client = posthog_environments.AsyncEnvironment if asynchronous else posthog_environments.Environment
    return getattr(getattr(client, group), method)


def test_the_operations_are_the_documented_ones() -> None:
    assert (
        sorted(
            [
                *(f"persons.{name}" for name in ("list", "get", "update", "delete", "activity", "delete_property")),
                *(f"persons.{name}" for name in ("properties_timeline", "csv", "delete_many", "update_many")),
                "persons.deletion_status",
                *(f"insights.{name}" for name in ("trend", "get_trend", "trend_csv", "timing")),
            ]
        )
        == OPERATIONS
    )


def asynchronous(kind: str) -> str:
    """Write what a blocking method returns as the awaiting one has it; what is awaited reads the same."""
    return kind.replace("-> Pager[", "-> AsyncPager[").replace("-> Iterator[str]", "-> AsyncGenerator[str, None]")


@pytest.mark.parametrize("name", OPERATIONS)
def test_both_clients_take_the_same(name: str) -> None:
    assert LINES[f"AsyncEnvironment.{name}"] == asynchronous(LINES[f"Environment.{name}"])
    assert inspect.getdoc(operation(name)) == inspect.getdoc(operation(name, asynchronous=True))
    coroutine = inspect.iscoroutinefunction(operation(name, asynchronous=True))
    assert coroutine is not (name.endswith(("list", "activity", "csv", "deletion_status"))), (
        "calls are awaited, listings are iterated"
    )


def test_the_rest_of_both_clients_is_the_same() -> None:
    def members(client: str) -> dict[str, str]:
        found = {name.removeprefix(f"{client}."): kind for name, kind in LINES.items() if name.startswith(f"{client}.")}
        return {name: kind for name, kind in found.items() if "." not in name}

    one, other = members("Environment"), members("AsyncEnvironment")
    assert one.pop("close") == other.pop("aclose")
    assert one == other
    assert asynchronous(LINES["Pager.take"]) == LINES["AsyncPager.take"]
    assert LINES["Environment"].replace("BaseTransport", "AsyncBaseTransport") in (
        LINES["AsyncEnvironment"],
        LINES["AsyncEnvironment"].replace("AsyncAsync", "Async"),
        LINES["AsyncEnvironment"].replace("BaseTransport", "AsyncBaseTransport"),
    )


def sections(text: str) -> dict[str, str]:
    """Part a docstring at its headings."""
    parts = re.split(r"^(Args|Returns|Raises|Attributes|Source|Yields):", text, flags=re.MULTILINE)
    return {"": parts[0]} | dict(zip(parts[1::2], parts[2::2], strict=True))


def entries(section: str) -> dict[str, str]:
    """Part a section at its entries: name, meaning."""
    found = re.findall(r"^    (\w[\w, ]*): ((?:.*(?:\n(?:        .*|$))*))", section, flags=re.MULTILINE)
    return {name.strip(): " ".join(text.split()) for names, text in found for name in names.split(",")}


# What an argument is measured in, where it is measured.
UNITS = {
    "timeout": "[Ss]econds",
    "max_wait": "[Ss]econds",
    "max_body": "[Bb]ytes",
    "page_size": "(Persons|Entries) a page",
    "offset": "How many",
    "retries": "How often",
    "n": "How many",
}
# These refer to `trend`, whose arguments they share.
ALIKE = ("insights.get_trend", "insights.trend_csv")


def complaints(text: str, signature: inspect.Signature) -> list[str]:
    """Say what a docstring lacks of what a caller must know."""
    found = sections(text)
    described = entries(found.get("Args", ""))
    wanted = [name for name in signature.parameters if name != "self"]
    said = [] if re.match(r"[A-Z`\d].*[.:]", found[""]) else ["it does not begin with a sentence"]
    said += [f"{name} is not explained" for name in wanted if name not in described]
    said += [f"{name} is explained, and is no argument" for name in described if name not in wanted]
    for name, meaning in described.items():
        if len(meaning.split()) < 2:
            said.append(f"{name} is not explained but named")
        if name in UNITS and not re.search(UNITS[name], meaning):
            said.append(f"{name} has no unit")
    return said + [f"there is no error {name}" for name in errors(found) if name not in KNOWN_ERRORS]


KNOWN_ERRORS = {*posthog_environments.__all__, "TypeError", "ValueError", "ImportError", "OSError", "FileExistsError"}


def errors(found: dict[str, str]) -> list[str]:
    """Return the names in the section Raises."""
    lines = re.findall(r"^    (\w[\w, ]*):", found.get("Raises", ""), flags=re.MULTILINE)
    return [name.strip() for line in lines for name in line.split(",")]


def complaints_about_operation(text: str, signature: inspect.Signature) -> list[str]:
    """Say what the docstring of an operation lacks: besides the arguments, what it gives, raises, and rests on."""
    found = sections(text)
    said = complaints(text, signature)
    if "ValueError" not in errors(found):
        said.append("it does not say what wrong arguments raise")
    if not set(errors(found)) - {"TypeError", "ValueError"}:
        said.append("it does not say what the server may make of it")
    if not re.search(r"vendor's page", found.get("Source", "")):
        said.append("it does not say where its facts come from")
    returns = str(signature.return_annotation)
    if returns.startswith(("Pager", "Iterator")) or returns.endswith("| None"):
        said += [] if "Returns" in found else ["it does not say what it returns"]
    return said


@pytest.mark.parametrize("name", sorted(set(OPERATIONS) - set(ALIKE)))
def test_the_docstring_of_an_operation_says_what_a_caller_must_know(name: str) -> None:
    method = operation(name)
    assert complaints_about_operation(inspect.getdoc(method) or "", inspect.signature(method)) == []


@pytest.mark.parametrize("name", ALIKE)
def test_what_is_like_a_trend_says_so(name: str) -> None:
    """It has the arguments of `trend`, but for a body where it has none; and its own source."""
    own, other = (inspect.signature(operation(each)).parameters for each in (name, "insights.trend"))
    assert {**other, "extra_body": None} == {**own, "extra_body": None}
    text = inspect.getdoc(operation(name)) or ""
    assert re.search(r"^Args.* are those\s+of `trend`", text, re.MULTILINE)
    assert "vendor's page" in sections(text)["Source"]
    if name == "insights.trend_csv":
        assert re.search(r"`timeout` is the seconds", text), "there it has another meaning"
        assert "TransportError" in errors(sections(text))


def callables() -> dict[str, Any]:
    """Return what else has arguments: functions, constructors of clients, and methods of what calls return."""
    found: dict[str, Any] = {}
    public = {name: getattr(posthog_environments, name) for name in posthog_environments.__all__}
    for name, value in [*public.items(), ("prop()", type(posthog_environments.prop("x")))]:
        if inspect.isfunction(value) or name == "Environment":
            found[name] = value
        if inspect.isclass(value) and not value.__module__.startswith("posthog_environments_api"):
            for base in value.__mro__:
                if base.__module__.startswith("posthog_environments"):
                    found |= {f"{name}.{each}": vars(base)[each] for each in vars(base) if not each.startswith("_")}
    return {name: each for name, each in found.items() if inspect.isfunction(each) or inspect.isclass(each)}


CALLABLES = callables()


@pytest.mark.parametrize("name", sorted(CALLABLES))
def test_the_arguments_of_everything_else_are_explained(name: str) -> None:
    """In a section of their own, or if there is but one, in the sentence; what awaits may refer to what blocks."""
    text, signature = inspect.getdoc(CALLABLES[name]) or "", inspect.signature(CALLABLES[name])
    parameters = [each for each in signature.parameters if each != "self"]
    if "see `" in text:
        other = text.partition("see `")[2].partition("`")[0]
        assert inspect.signature(CALLABLES[other]).parameters == signature.parameters
    elif len(parameters) > 1 or "Args" in sections(text):
        assert complaints(text, signature) == []
    else:
        assert re.match(r"[A-Z].*\.", text)


def test_a_docstring_that_lacks_something_is_noticed() -> None:
    """Each of these mutations of a good docstring is complained about."""
    signature = inspect.signature(operation("persons.list"))
    text = inspect.getdoc(operation("persons.list")) or ""
    for old, new, complaint in [
        ("    email: The email, exactly.\n", "", "email is not explained"),
        ("    email: The email, exactly.\n", "    email: Exactly.\n", "email is not explained but named"),
        ("    email:", "    mail:", "mail is explained, and is no argument"),
        ("timeout: Seconds for each page", "timeout: How long for each page", "timeout has no unit"),
        ("page_size: Persons a page, 1", "page_size: The size, 1", "page_size has no unit"),
        ("ValueError:", "ArgumentError:", "it does not say what wrong arguments raise"),
        ("ValueError:", "ArgumentError:", "there is no error ArgumentError"),
        ("Raises:", "Throws:", "it does not say what the server may make of it"),
        ("Source:", "From:", "it does not say where its facts come from"),
        ("Returns:", "Gives:", "it does not say what it returns"),
        ("List persons, newest first.", "list persons", "it does not begin with a sentence"),
    ]:
        assert text.count(old) == 1, old
        assert complaint in complaints_about_operation(text.replace(old, new), signature), new
    assert complaints_about_operation(text, signature) == []
    fewer = signature.replace(parameters=[each for each in signature.parameters.values() if each.name != "email"])
    assert complaints(text, fewer) == ["email is explained, and is no argument"]


@pytest.mark.parametrize(
    "name", [name for name in posthog_environments.__all__ if inspect.isclass(getattr(posthog_environments, name))]
)
def test_attributes_are_explained(name: str) -> None:
    """Each public attribute is in the class's own words, in those of the class it comes from, or has a docstring."""
    found: Any = getattr(posthog_environments, name)
    words = "\n".join(inspect.getdoc(each) or "" for each in found.__mro__ if each.__module__.startswith("posthog_"))
    for line in LINES:
        member = line.removeprefix(f"{name}.")
        if line == member or "." in member:
            continue
        value = inspect.getattr_static(found, member, None)
        documented = inspect.getdoc(value) if not isinstance(value, (str, int, type(None))) else None
        assert re.search(rf"\b{member}\b", words) or documented, f"{line} is not explained"
