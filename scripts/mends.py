"""What is mended in the code that the generator writes with its own templates: few places, each counted.

A mend that does not match exactly as often as it must says so, with the name of what has changed. So a later release of
the generator is either taken, or refused for a reason.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

__all__ = ["MENDS", "Mend", "MendError", "mend"]

NOTE: Final = "# Written by scripts/generate.py from openapi.yaml: do not edit.\n"


class MendError(Exception):
    """The generator's own code is not what it was; the message names each place."""


@dataclass(frozen=True)
class Mend:
    """One thing that is mended.

    Attributes:
        what: What is wrong with the generator's own code, and so what the mend is for.
        template: The template of the generator that writes it.
        files: The files in which it is looked for.
        old: A regular expression, over lines.
        new: What comes in its place.
        times: How often it must match in all: a number, or "operations" or "path parameters" of the contract.
    """

    what: str
    template: str
    files: str
    old: str
    new: str
    times: int | str


MENDS: Final = (
    Mend(
        "a status that HTTPStatus does not know raises ValueError",
        "types.py.jinja",
        "types.py",
        r"^    status_code: HTTPStatus$",
        "    status_code: int",
        1,
    ),
    Mend(
        "a status that HTTPStatus does not know raises ValueError",
        "endpoint_module.py.jinja",
        "api/*/*.py",
        r"status_code=HTTPStatus\(response\.status_code\)",
        "status_code=response.status_code",
        "operations",
    ),
    Mend(
        "UNSET does not survive pickle and copy",
        "types.py.jinja",
        "types.py",
        r"^class Unset:\n",
        'class Unset:\n    def __reduce__(self) -> str:\n        return "UNSET"\n\n',
        1,
    ),
    Mend(
        "a path segment like `..` leads elsewhere, and `@current` is sent as `%40current`",
        "endpoint_module.py.jinja",
        "api/*/*.py",
        r'quote\(str\((\w+)\), safe=""\)',
        r"segment(\1)",
        "path parameters",
    ),
    Mend(
        "a path segment like `..` leads elsewhere, and `@current` is sent as `%40current`",
        "endpoint_module.py.jinja",
        "api/*/*.py",
        r"^from urllib\.parse import quote$",
        "from ...records import is_csv, segment",
        "operations",
    ),
    Mend(
        "an answer of CSV is parsed as JSON",
        "endpoint_module.py.jinja",
        "api/*/*.py",
        r"parsed=_parse_response\(client=client, response=response\)",
        'parsed=None if is_csv(response.headers.get("content-type", ""))'
        " else _parse_response(client=client, response=response)",
        "operations",
    ),
    Mend(
        "the token is in the repr",
        "client.py.jinja",
        "client.py",
        r"^    token: str$",
        "    token: str = field(repr=False)",
        1,
    ),
    Mend(
        "the token is in the repr, as a header",
        "client.py.jinja",
        "client.py",
        r'alias="(headers|cookies|httpx_args)"\)',
        r'alias="\1", repr=False)',
        6,
    ),
    Mend(
        "the token is put into the caller's own dict of headers",
        "client.py.jinja",
        "client.py",
        r"self\._headers\[self\.auth_header_name\] = (.+)$",
        r"self._headers = {**self._headers, self.auth_header_name: \1}",
        2,
    ),
    Mend(
        "there is no timeout by default",
        "client.py.jinja",
        "client.py",
        r'field\(default=None, kw_only=True, alias="timeout"\)',
        'field(default=httpx.Timeout(60.0), kw_only=True, alias="timeout")',
        2,
    ),
)


def mend(folder: Path, numbers: dict[str, int]) -> None:
    """Mend a tree that the generator has just written.

    Args:
        folder: The tree.
        numbers: How many operations and path parameters the contract has.

    Raises:
        MendError: Something is not there as often as it must be.
    """
    problems = [problem for each in MENDS if (problem := _apply(folder, each, numbers))]
    problems += [problem for name in ("__init__.py", "models/__init__.py") if (problem := _make_lazy(folder / name))]
    if problems:
        raise MendError("\n".join(problems))
    for path in sorted(folder.rglob("*.py")):
        path.write_text(NOTE + path.read_text(encoding="utf-8"), encoding="utf-8", newline="\n")


def _apply(folder: Path, each: Mend, numbers: dict[str, int]) -> str | None:
    expected = each.times if isinstance(each.times, int) else numbers[each.times]
    found = 0
    for path in sorted(folder.glob(each.files)):
        text, times = re.subn(each.old, each.new, path.read_text(encoding="utf-8"), flags=re.MULTILINE)
        path.write_text(text, encoding="utf-8", newline="\n")
        found += times
    if found == expected:
        return None
    return (
        f"{each.template} of the generator has changed: what mends that {each.what} is in {each.files} "
        f"{found} times, not {expected}"
    )


def _make_lazy(path: Path) -> str | None:
    """Have a package import what it offers when it is first used: httpx and all records at once take a while."""
    text = path.read_text(encoding="utf-8")
    homes = {
        name: home
        for home, names in re.findall(r"^from (\.\w+) import ([\w, ]+)$", text, re.MULTILINE)
        for name in names.split(", ")
    }
    offered = re.search(r"^__all__ = \(([^)]*)\)", text, re.MULTILINE)
    if offered is None or set(re.findall(r'"(\w+)"', offered[1])) != homes.keys():
        return f"{path.parent.name}/__init__.py has changed: the names that it offers are not those that it imports"
    imports = "\n".join(f"    from {home} import {name} as {name}" for name, home in sorted(homes.items()))
    table = "\n".join(f'    "{name}": "{home}",' for name, home in sorted(homes.items()))
    doc = (
        "The records of the contract."
        if path.parent.name == "models"
        else "A client of the API, written from its contract."
    )
    path.write_text(
        f'"""{doc} Each is imported when it is first used."""\n\n'
        "from importlib import import_module\nfrom typing import TYPE_CHECKING, Any\n\n"
        f"if TYPE_CHECKING:\n{imports}\n\n_HOMES = {{\n{table}\n}}\n\n__all__ = [*_HOMES]\n\n\n"
        "def __getattr__(name: str) -> Any:\n"
        "    if name not in _HOMES:\n"
        '        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")\n'
        "    value = globals()[name] = getattr(import_module(_HOMES[name], __name__), name)\n"
        "    return value\n",
        encoding="utf-8",
        newline="\n",
    )
    return None
