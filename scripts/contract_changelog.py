"""Writes docs/contract-changelog.md: what changed on the wire from version to version of the contract, and what to do.

It is made from the contracts in contract/released/ and from openapi.yaml, by the classes of scripts/breaking.py;
`--check` only compares.
"""

from __future__ import annotations

import re
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Final

import generated_page
from breaking import ContractChange, contract_changes, released, version
from drift import CONTRACT, Contract

PAGE: Final = Path(__file__).resolve().parents[1] / "docs" / "contract-changelog.md"
HEAD: Final = """\
# Changelog of the contract

<!-- Written by scripts/contract_changelog.py from openapi.yaml and contract/released/ by `make generate`. -->

What changed on the wire from version to version, for those who use the contract without Python. What the numbers mean
stands in [The contract](contract.md#versions); the documents of earlier versions are in
`contract/released/`.
"""
TO_DO: Final = (
    # What a change says, of a request or of an answer, and what a consumer must do about it.
    ("request", r"^the operation is gone", "Call it no more."),
    ("request", r"^the scope", "Give the key the new scope."),
    ("request", r"^the operationId", "Generate anew, and call it by its new name."),
    ("request", r"^is gone", "Send it no more."),
    ("request", r"required$", "Send it."),
    ("request", r"^(maximum|minimum|max|min|exclusive)", "Send nothing beyond the limit."),
    ("request", r"^type anything is now", "Send one of these shapes. Where a client is generated, it has types now."),
    ("request", r"^(type|enum)", "Send one of these."),
    ("request", r"^default", "Send the value that you relied on."),
    ("answer", r"^the answer is gone", "Wait for it no more."),
    ("answer", r"^a new answer", "Take it for a success."),
    ("answer", r"no body", "Read no body."),
    ("answer", r"^is gone", "Read it no more."),
    ("answer", r"^is now optional", "Be ready for an answer without it."),
    ("answer", r"^type .*is now .*\bnull\b", "Be ready for null."),
    ("answer", r"^(type|enum)", "Be ready for these."),
    ("any", r"^(format|x-holds|contentMediaType|pattern)", "Generate anew: the type of the field may change."),
    ("any", r"", "Read its description."),
)


def page() -> str:
    """Return the whole page, the newest version first."""
    documents = [*released(), CONTRACT]
    contracts = [Contract(path.read_text("utf-8")) for path in documents]
    lines = [HEAD]
    for old, new in reversed(list(pairwise(contracts))):
        changes = list(contract_changes(old, new))
        if version(new) != version(old):
            yet = ", not released yet" if new is contracts[-1] else ""
            lines += [f"## {'.'.join(map(str, version(new)))}{yet}\n", *section(changes)]
    lines.append(
        f"## {'.'.join(map(str, version(contracts[0])))}\n\nThe first: the ten operations of the vendor's page."
    )
    return "\n".join(lines) + "\n"


def section(changes: Sequence[ContractChange]) -> Iterator[str]:
    """Yield the lines of one version: removals by the vendor, what breaks, what is new."""
    ends = [each for each in changes if each.verdict == "additive" and _is_end(each)]
    breaks = [each for each in changes if each.verdict == "breaking"]
    others = [each for each in changes if each.verdict == "additive" and each not in ends]
    if ends:
        yield "### What the vendor removes\n\nThese stay in the contract while servers that people run have them.\n"
        yield from listed(ends)
    if breaks:
        yield "### What breaks a consumer\n\n| where | what | to do |\n|---|---|---|"
        for of, place, text in gathered(breaks):
            where = f"{place} of {of}" if place else of
            yield f"| {_cell(where)} | {_cell(text)} | {to_do(place, text)} |"
        yield ""
    if others:
        yield "### What is new\n\nNothing to do: let pass what you do not know.\n"
        yield from listed(others)
    if not (ends or breaks or others):
        yield "Words, examples and evidence alone.\n"


def _is_end(change: ContractChange) -> bool:
    return ", " not in change.where and change.text.startswith(("deprecated", "its end is"))


def listed(changes: Sequence[ContractChange]) -> Iterator[str]:
    """Yield changes as a list, with what befell the same operations together."""
    found: dict[str, list[str]] = defaultdict(list)
    for of, place, text in gathered(changes):
        found[of].append(f"{place}: {text}" if place else text)
    for of, texts in found.items():
        yield f"- {of}: {texts[0]}" if len(texts) == 1 else f"- {of}\n" + "\n".join(f"  - {text}" for text in texts)
    yield ""


def gathered(changes: Sequence[ContractChange]) -> Iterator[tuple[str, str, str]]:
    """Yield each change once, with all that have it: the operations, the place in them, what changed."""
    found: dict[tuple[str, str], tuple[list[str], list[str]]] = defaultdict(lambda: ([], []))
    fresh = {each.where for each in changes if each.text == "a new answer"}
    for each in sorted(changes, key=lambda each: (each.where, each.text)):
        if each.text == "is new" and each.where.rpartition(", ")[0] in fresh:
            continue  # the body of a status that is new itself
        operation, _, rest = each.where.partition(", ")
        status, _, place = rest.partition(", ") if rest[:3].isdigit() else ("", "", rest)
        operations, statuses = found[place, each.text]
        operations += [operation] * (operation not in operations)
        statuses += [status] * (bool(status) and status not in statuses)
    for (place, text), (operations, statuses) in found.items():
        short = place.replace("body, application/json.", "body.").replace("application/json.", "")
        parts = [f"`{short}`"] * bool(short) + [f"in answer {', '.join(sorted(statuses))}"] * bool(statuses)
        few = len(operations) < 5
        of = ", ".join(map(_short, operations)) if few else f"{len(operations)} operations"
        yield of, " ".join(parts), text


def _short(operation: str) -> str:
    return f"`{operation.replace('/api/environments/{project_id}/', '')}`"


def to_do(place: str, text: str) -> str:
    """Return what a consumer must do about a breaking change."""
    side = "answer" if "in answer " in place else "request"
    return next(what for of, pattern, what in TO_DO if of in (side, "any") and re.search(pattern, text))


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    sys.exit(generated_page.main(__doc__, PAGE, page(), "the contract"))
