"""The public names: what `__all__` says is there, is light to import, and is documented."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from typing import Any

import pytest
import surface

import posthog_environments

HEAVY = ["httpx", "httpcore", "attrs", "msgspec", "dateutil", "anyio", "click", "rich", "duckdb", "starlette", "ssl"]


def test_all_is_what_is_there() -> None:
    assert sorted(posthog_environments.__all__) == sorted(set(posthog_environments.__all__))
    assert dir(posthog_environments) == sorted(posthog_environments.__all__)
    for name in posthog_environments.__all__:
        assert getattr(posthog_environments, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'Enviroment'"):
        posthog_environments.Enviroment  # noqa: B018


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
    for child, parent in {
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
    }.items():
        assert parent in child.__bases__


@pytest.mark.parametrize(
    "line", ["import posthog_environments", "from posthog_environments import Environment, prop, NotFoundError"]
)
def test_importing_is_light(line: str) -> None:
    """Nothing heavy is loaded before it is used."""
    script = f"import sys\n{line}\nprint([name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-I", "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


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
                *(f"persons.{name}" for name in ("properties_timeline", "csv")),
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
    assert coroutine is not (name.endswith(("list", "activity", "csv"))), "calls are awaited, listings are iterated"


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


@pytest.mark.parametrize("name", OPERATIONS)
def test_the_docstring_of_an_operation_says_what_a_caller_must_know(name: str) -> None:
    method = operation(name)
    text = inspect.getdoc(method) or ""
    found = sections(text)
    assert re.match(r"[A-Z].*\.", found[""]), "it begins with a sentence"
    assert "Source" in found, "it says where its facts come from"
    assert re.search(r"page|posthog/", found["Source"]), found["Source"]
    parameters = set(inspect.signature(method).parameters) - {"self"}
    if "Args are those" in text or "Args, returned value and errors are those" in text:
        assert name in ("insights.get_trend", "insights.trend_csv")
        parameters = {"timeout"} if "`timeout` is the seconds" in text else set()
        assert "`trend`" in text
        assert not parameters or "seconds" in text
        return
    described = entries(found.get("Args", ""))
    assert set(described) == parameters
    assert "econds" in described["timeout"], "a time has its unit"
    for argument, meaning in described.items():
        assert len(meaning.split()) >= 2, f"{argument}: {meaning}"
    returns = LINES[f"Environment.{name}"].rpartition(" -> ")[2]
    if name != "persons.csv":
        assert "Raises" in found
        for error in re.findall(r"^    (\w[\w, ]*):", found["Raises"], flags=re.MULTILINE):
            for each in error.split(","):
                assert each.strip() in (*posthog_environments.__all__, "TypeError", "ValueError"), each
    if "None" not in returns and returns != "Person":
        assert "Returns" in found or "Trend" in returns or "Timeline" in returns, returns


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


# What may hold anything: values of properties, what a newer server adds, and what is sent as it is.
ANYTHING = {
    r"\.properties: attribute dict\[str, Any\]",
    r"\.additional_properties: (attribute|property) dict\[str, Any\]",
    r"\.to_dict: method \(self\) -> dict\[str, Any\]",
    r"\.from_dict: method \(src_dict: Mapping\[str, Any\]\)",
    r"\.take: method \(d: dict\[str, Any\]\)",
    r"(additional_properties|properties): dict\[str, Any\]",
    r"\bproperties: Mapping\[str, Any\]",
    r"\bproperties: Any\b",
    r"\.properties: attribute Any",
    r"\bvalue: Any\b",
    r"Filter\.value: attribute Any",
    r"breakdown_value: (Any|attribute Any)",
    r"(filters|query): Mapping\[str, Any\]",
    r"Series\.breakdown_value: attribute Any",
}


def test_nothing_else_is_any() -> None:
    for name, kind in LINES.items():
        line = f"{name}: {kind}"
        for pattern in ANYTHING:
            line = re.sub(pattern, "", line)
        assert "Any" not in re.findall(r"\w+", line), f"{name}: {kind}"
