"""Write the low-level client from the contract, or check that it is what would be written.

    python scripts/generate.py           writes generated/posthog_environments_api anew
    python scripts/generate.py --check   exits 1 and names each file that is missing, different or stale

The generator is openapi-python-client. It is given a reduced copy of the contract (scripts/reduced.py, which refuses
what the generator would lose), one template of ours, that of records, and what its own templates get wrong is mended in
counted places (scripts/mends.py). Output depends on the versions of generator and ruff, so both are pinned
(requirements/dev.in), and on nothing else: not on the machine, the working directory, the hash seed or anybody's
settings.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.metadata
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

from mends import MendError, mend
from reduced import operations, parameters_of, reduced, refusals

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = "posthog_environments_api"
# The tools that decide the bytes; requirements/dev.in says which versions.
TOOLS = ("openapi-python-client", "ruff")
PINNED = {
    name: version
    for name, _, version in (
        line.partition("==") for line in (ROOT / "requirements" / "dev.in").read_text("utf-8").split()
    )
    if name in TOOLS
}

# In this order: sort and prune the imports that the template repeats, format twice (the first pass may leave what the
# second joins).
HOOKS = [
    "ruff check --isolated --no-cache --quiet --fix-only --select F401,I,UP034,PIE790 --target-version py311 .",
    "ruff format --isolated --no-cache --quiet --line-length 110 --target-version py311 .",
    "ruff format --isolated --no-cache --quiet --line-length 110 --target-version py311 .",
]


class CannotGenerateError(Exception):
    """Generating is not possible; the message says why and what to do."""


@dataclass(frozen=True)
class Sources:
    """What the client is made of."""

    contract: Path
    templates: Path
    settings: Path
    forked: Path

    def shared(self) -> list[Path]:
        """Return the modules that go into the client as they are: what its records share."""
        return sorted(self.templates.glob("*.py"))


def generator() -> Path:
    """Return where the generator is."""
    return Path(str(importlib.metadata.distribution("openapi-python-client").locate_file("openapi_python_client")))


def check_versions() -> None:
    """Refuse to work with tools that would give other bytes."""
    for name, version in PINNED.items():
        try:
            found = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found = "none"
        if found != version:
            raise CannotGenerateError(f"{name} {version} is needed, found {found}. Run it as: make generate")


def check_forked(sources: Sources) -> list[str]:
    """Name each upstream template that changed since ours was forked from it."""
    upstream = generator()
    recorded: dict[str, str] = json.loads(sources.forked.read_text(encoding="utf-8"))
    changed = []
    for name, expected in sorted(recorded.items()):
        file = upstream / "templates" / name
        found = hashlib.sha256(file.read_bytes()).hexdigest() if file.exists() else "gone"
        if found != expected:
            changed.append(f"forked: the generator's own template {name} has changed; look at it, then record its hash")
    ours = {path.name for path in sources.templates.glob("*.jinja") if (upstream / "templates" / path.name).exists()}
    changed += [f"forked: no hash is recorded for {name}" for name in sorted(ours - recorded.keys())]
    return changed


def generate(sources: Sources, target: Path) -> None:
    """Write the whole package into `target`, which must not exist.

    Raises:
        CannotGenerateError: The contract has what the generator gets wrong; the generator failed, or warned of what it
            would leave out; or its own code is not what is mended.
    """
    contract = _read(sources.contract)
    refused = refusals(contract)
    if refused:
        raise CannotGenerateError(f"{sources.contract.name} cannot be generated from:\n" + "\n".join(refused))
    with tempfile.TemporaryDirectory() as folder:
        settings = Path(folder, "settings.json")
        settings.write_text(json.dumps({**_read(sources.settings), "post_hooks": []}), encoding="utf-8")
        copy = Path(folder, "openapi.json")
        copy.write_text(json.dumps(reduced(contract), default=str), encoding="utf-8")
        command = [
            sys.executable,
            "-m",
            "openapi_python_client",
            "generate",
            f"--path={copy}",
            f"--custom-template-path={sources.templates}",
            f"--config={settings}",
            f"--output-path={target}",
            "--meta=none",
            "--fail-on-warning",
        ]
        done = subprocess.run(command, env=_environment(), cwd=folder, capture_output=True, text=True, check=False)
    # The generator exits with 0 where it cannot read a template's output; its words tell.
    if done.returncode or "ERROR" in done.stderr or "Warning" in done.stdout:
        raise CannotGenerateError(f"The generator could not read {sources.contract.name}:\n{done.stdout}{done.stderr}")
    for path in sources.shared():
        shutil.copyfile(path, target / path.name)
    try:
        mend(target, _numbers(contract))
    except MendError as error:
        raise CannotGenerateError(str(error)) from None
    _format(target)
    (target / "py.typed").write_text("", encoding="utf-8")
    (target / "SOURCES").write_text(_stamp(sources), encoding="utf-8", newline="\n")


def _numbers(contract: dict[str, Any]) -> dict[str, int]:
    """Count what the mends must match."""
    found = {"operations": 0, "path parameters": 0}
    for _, item, operation in operations(contract):
        found["operations"] += 1
        found["path parameters"] += sum(each["in"] == "path" for each in parameters_of(contract, item, operation))
    return found


def _format(target: Path) -> None:
    """Tidy a tree; the generator would run ruff too, but before it is mended."""
    for hook in HOOKS:
        done = subprocess.run(hook.split(), env=_environment(), cwd=target, capture_output=True, text=True, check=False)
        if done.returncode:
            raise CannotGenerateError(f"ruff could not read the generated client:\n{done.stdout}{done.stderr}")


def _stamp(sources: Sources) -> str:
    """Return the hash of everything that the client is made of.

    Some edits of the contract leave no trace in the code (a scope, a default, words), yet the two are then out of step.
    """
    templates = sorted(sources.templates.glob("*.jinja"))
    made_of = [sources.contract, sources.settings, *templates, *sources.shared()]
    lines = [
        f"{hashlib.sha256(path.read_bytes().replace(bytes([13, 10]), bytes([10]))).hexdigest()}  {path.name}"
        for path in made_of
    ]
    return "\n".join(["Written by scripts/generate.py; sha256 of what this package is made of.", *lines, ""])


def _read(path: Path) -> dict[str, Any]:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        found = YAML(typ="safe").load(path)
    except YAMLError as error:
        raise CannotGenerateError(f"{path.name} is no YAML: {error}") from None
    if not isinstance(found, dict):
        raise CannotGenerateError(f"{path.name} holds no object")
    return found


def _environment() -> dict[str, str]:
    """Return an environment in which the pinned ruff comes first, and nobody's settings reach it."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("RUFF_", "PYTHON"))}
    return {
        **kept,
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]),
        "PYTHONUTF8": "1",
        "PYTHONHASHSEED": os.environ.get("PYTHONHASHSEED", "random"),
    }


def files(folder: Path) -> dict[str, bytes]:
    """Return what a tree holds, by path; what Python itself caches there does not count."""

    def walk() -> Iterator[Path]:
        for path in folder.rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                yield path

    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in walk()}


def compare(expected: Path, found: Path) -> list[str]:
    """Name each file that is missing, different or stale."""
    want, have = files(expected), files(found)
    lines = [f"missing: {name}" for name in want.keys() - have.keys()]
    lines += [f"different: {name}" for name in want.keys() & have.keys() if want[name] != have[name]]
    lines += [f"stale: {name}" for name in have.keys() - want.keys()]
    return sorted(lines)


def replace(fresh: Path, target: Path) -> None:
    """Put a fresh tree in the place of another, as one step for each; a crash leaves either the old or the new."""
    target.parent.mkdir(parents=True, exist_ok=True)
    staged = target.with_name(target.name + ".new")
    old = target.with_name(target.name + ".old")
    for leftover in (staged, old):
        shutil.rmtree(leftover, ignore_errors=True)
    shutil.copytree(fresh, staged)
    if target.exists():
        target.rename(old)
    staged.rename(target)
    shutil.rmtree(old, ignore_errors=True)


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit code: 0 done or in step, 1 not in step, 2 not possible."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="compare, and write nothing")
    parser.add_argument("--contract", type=Path, default=ROOT / "openapi.yaml")
    parser.add_argument("--templates", type=Path, default=ROOT / "scripts" / "templates")
    parser.add_argument("--output", type=Path, default=ROOT / "generated" / PACKAGE)
    given = parser.parse_args(arguments)
    sources = Sources(
        given.contract.resolve(),
        given.templates.resolve(),
        ROOT / "scripts" / "openapi-python-client.yaml",
        given.templates.resolve() / "forked.json",
    )
    try:
        check_versions()
        with tempfile.TemporaryDirectory() as folder:
            fresh = Path(folder, PACKAGE)
            changed = check_forked(sources)
            if changed and not given.check:
                raise CannotGenerateError("\n".join(changed))
            generate(sources, fresh)
            if not given.check:
                replace(fresh, given.output)
                print(f"wrote {given.output.name}: {len(files(fresh))} files")
                return 0
            problems = changed + compare(fresh, given.output)
    except CannotGenerateError as error:
        print(error, file=sys.stderr)
        return 2
    for problem in problems:
        print(problem)
    if problems:
        print("The generated client is not what openapi.yaml and the templates give. Run: make generate")
        return 1
    print("in step: the generated client is what openapi.yaml gives, byte for byte")
    return 0


if __name__ == "__main__":
    sys.exit(main())
