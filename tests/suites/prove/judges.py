"""Other people's judges: linters, validators of documents and of examples; each is shown to bite as well."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Final

import yaml
from openapi_spec_validator import validate

from prove.frame import CONTRACT, PROJECTS, ROOT, Check, Failed, Work, installed, node, run

NODE: Final = Path(__file__).with_name("node") / "judges"
DERIVED: Final = ROOT / "contract" / "openapi-3.0.yaml"
# What each judge must find: a reference to nothing, an example of the wrong type, a server without TLS, …
BROKEN: Final = {
    "reference": (r"schemas/ActivityPage'", "schemas/ActivityPages'"),
    "example": (r"relevant_event_count: 12\b", "relevant_event_count: twelve"),
    "operation": (r"operationId: getPerson\n", "operationId: listPersons\n"),
    "server": (r"url: https://us\.posthog\.com", "url: http://us.posthog.com"),
}


def _broken(work: Work, fault: str, document: Path) -> Path:
    """Write a copy of a document with a fault in it."""
    old, new = BROKEN[fault]
    text, count = re.subn(old, new, document.read_text("utf-8"), count=1)
    if not count:
        raise Failed(f"there is no place for the fault “{fault}” in {document.name}")
    path = work.folder / f"{fault}-{document.name}"
    path.write_text(text, "utf-8")
    return path


def _bites(make: Callable[[Path], object], work: Work, faults: Sequence[str], document: Path) -> str:
    """Show that a judge finds the faults that it is meant to find."""
    for fault in faults:
        path = _broken(work, fault, document)
        try:
            make(path)
        except Failed:
            continue
        raise Failed(f"it finds nothing wrong with a document whose {fault} is broken")
    return f"finds {len(faults)} seeded faults"


def _redocly(document: Path, configuration: str) -> Callable[[Work], str]:
    def make(work: Work) -> str:
        bin_ = node(NODE)

        def judge(path: Path) -> None:
            command: list[str | Path] = [
                bin_ / "redocly",
                "lint",
                "--config",
                NODE / configuration,
                "--format=json",
                path,
            ]
            found = json.loads(run(command, work, codes=(0, 1)))
            totals = found["totals"]
            if totals["errors"] or totals["warnings"]:
                raise Failed(f"{totals['errors']} errors, {totals['warnings']} warnings (see {work.log.name})")

        judge(document)
        return f"0 errors, 0 warnings; {_bites(judge, work, ['reference', 'operation'], document)}"

    return make


def _spectral(document: Path, rules: str, faults: Sequence[str]) -> Callable[[Work], str]:
    def make(work: Work) -> str:
        bin_ = node(NODE)

        def judge(path: Path) -> None:
            out = work.folder / "found.json"
            command: list[str | Path] = [
                bin_ / "spectral",
                "lint",
                "--ruleset",
                NODE / rules,
                "--fail-severity",
                "hint",
            ]
            run([*command, "--format", "json", "--output", out, path], work, codes=(0, 1), cwd=NODE)
            found = json.loads(out.read_text("utf-8"))
            if found:
                first = found[0]
                raise Failed(f"{len(found)} findings, the first: {first['code']}: {first['message']}")

        judge(document)
        return f"0 findings; {_bites(judge, work, faults, document)}"

    return make


def _off(rules: str) -> int:
    """Count the rules that a configuration switches off, each of which must have its reason above it."""
    lines = (NODE / rules).read_text("utf-8").splitlines()
    off = [number for number, line in enumerate(lines) if line.rstrip().endswith(": off")]
    for number in off:
        above = number - 1
        while lines[above].rstrip().endswith(": off"):
            above -= 1
        if not lines[above].lstrip().startswith("#"):
            raise Failed(f"{rules}: {lines[number].strip()} has no reason")
    return len(off)


def _owasp(work: Work) -> str:
    text = _spectral(CONTRACT, "owasp.yaml", ["server"])(work)
    return f"{text}; {_off('owasp.yaml')} rules answered beside them"


def _reasons(_: Work) -> str:
    files = ("redocly.yaml", "redocly-3.0.yaml", "spectral.yaml", "owasp.yaml")
    return ", ".join(f"{name}: {_off(name)}" for name in files)


def _shallow(work: Work, document: Path) -> Path:
    """Write a copy in which no group of filters is described within itself: this validator follows references for ever.

    No example has a group within a group; tests/contract/test_openapi.py holds the examples against the whole contract.
    """
    contract = yaml.safe_load(document.read_text("utf-8"))
    inner = {"type": "object", "required": ["type", "values"]}
    contract["components"]["schemas"]["PropertyFilterEntry"]["anyOf"][1] = inner
    path = work.folder / f"shallow-{document.name}"
    path.write_text(yaml.safe_dump(contract, sort_keys=False, allow_unicode=True), "utf-8")
    return path


def _examples(work: Work) -> str:
    bin_ = node(NODE)

    def judge(path: Path) -> str:
        text = run([bin_ / "openapi-examples-validator", _shallow(work, path)], work, codes=(0, 1))
        total = re.search(r"Total examples found: (\d+)", text)
        if total is None or "No errors found" not in text or int(total[1]) < 100:
            raise Failed(f"not all examples are valid, or few were found (see {work.log.name})")
        return total[1]

    count = judge(CONTRACT)
    derived, projects = judge(DERIVED), judge(PROJECTS)
    counted = f"{count} examples in 3.1, {derived} in 3.0, {projects} under projects"
    return f"{counted}, all valid; {_bites(judge, work, ['example'], CONTRACT)}"


def _valid(work: Work) -> str:
    def judge(path: Path) -> None:
        try:
            validate(yaml.safe_load(path.read_text("utf-8")))
        except Exception as error:
            raise Failed(f"{path.name}: {str(error)[:200]}") from error

    for document in (CONTRACT, DERIVED, PROJECTS):
        judge(document)
    bitten = _bites(judge, work, ["reference", "operation"], CONTRACT)
    shutil.rmtree(work.folder, ignore_errors=True)
    return f"3.1, 3.0.3 and under projects valid; {bitten}"


_REDOCLY: Final = installed(NODE, "@redocly/cli")
_SPECTRAL: Final = installed(NODE, "@stoplight/spectral-cli")
CHECKS: Final = (
    Check("redocly recommended-strict, 3.1", _REDOCLY, _redocly(CONTRACT, "redocly.yaml")),
    Check("redocly recommended-strict, 3.0", _REDOCLY, _redocly(DERIVED, "redocly-3.0.yaml")),
    Check("redocly recommended-strict, under projects", _REDOCLY, _redocly(PROJECTS, "redocly.yaml")),
    Check("spectral oas, all rules, 3.1", _SPECTRAL,
          _spectral(CONTRACT, "spectral.yaml", ["reference", "operation", "example"])),
    Check("spectral oas, all rules, 3.0", _SPECTRAL,
          _spectral(DERIVED, "spectral.yaml", ["operation", "example"])),
    Check("spectral oas, all rules, under projects", _SPECTRAL,
          _spectral(PROJECTS, "spectral.yaml", ["operation"])),
    Check("OWASP", installed(NODE, "@stoplight/spectral-owasp-ruleset"), _owasp),
    Check("a reason for each rule that is off", "this project", _reasons),
    Check("examples", installed(NODE, "openapi-examples-validator"), _examples),
    Check("validity", f"openapi-spec-validator {version('openapi-spec-validator')}", _valid),
)  # fmt: skip
