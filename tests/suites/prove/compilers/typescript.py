"""TypeScript: each client is compiled together with a program that calls it, as strictly as the compiler can."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import simpler

from prove.compilers import openapi_generator
from prove.compilers.maker import Maker, figures, put
from prove.frame import ROOT, Check, Failed, Work, load, node, run

__all__ = ["HEY_API", "OPENAPI_FETCH", "ORVAL", "TYPES", "TYPESCRIPT_FETCH"]

NODE: Final = ROOT / "tests" / "suites" / "prove" / "node" / "compilers"
STRICT: Final = (
    "--strict",
    "--exactOptionalPropertyTypes",
    "--noUncheckedIndexedAccess",
    "--noImplicitOverride",
    "--noImplicitReturns",
    "--noFallthroughCasesInSwitch",
)
# CommonJS, for the clients name their own files without a suffix.
_KIND: Final = ("--target", "es2022", "--lib", "es2022,dom,dom.iterable", "--module", "nodenext", "--types", "node")


@dataclass(frozen=True, slots=True)
class _Steps:
    """What is done for one generator.

    Attributes:
        program: The program that calls the client.
        client: Where the client is, in its folder.
        write: Returns the command that writes it there.
        without: Which of the strict options the generator's own templates do not hold.
    """

    program: str
    client: str
    write: Callable[[Path, Path], Sequence[str | Path]]
    without: Sequence[str] = ()

    def generate(self, contract: Path, folder: Path, work: Work) -> None:
        node(NODE)
        (folder / "node_modules").symlink_to(NODE / "node_modules", target_is_directory=True)
        (folder / "package.json").write_text('{"type": "commonjs", "private": true}')
        run(self.write(contract, folder / self.client), work, cwd=folder)
        put(folder, "known.ts", "readers.ts", self.program)

    def compile(self, folder: Path, work: Work) -> str:
        strict = [word for word in STRICT if word not in self.without]
        run([_bin("tsc"), *_KIND, *strict, "--outDir", "built", self.program], work, cwd=folder)
        aside = f", aside {' '.join(self.without)}" if self.without else ""
        kind = "tsc --strict and 5 more" if not self.without else f"tsc --strict and {len(strict) - 1} more{aside}"
        return f"{figures(folder / self.client, '.ts')}; {kind}"

    def command(self, folder: Path) -> Sequence[str | Path]:
        return ["node", folder / "built" / Path(self.program).with_suffix(".js").name]


def _without_unions(contract: Path, target: Path) -> Path:
    """Write a contract without unions: this generator puts all alternatives together as one object."""
    path = target.with_name("contract.json")
    path.write_text(json.dumps(simpler.without_alternatives(load(contract))), encoding="utf-8")
    return path


def _bin(name: str) -> Path:
    return NODE / "node_modules" / ".bin" / name


def _locked(*packages: str) -> Callable[[], str]:
    """Return what finds the versions in our lock."""

    def find() -> str:
        lock = json.loads((NODE / "package-lock.json").read_text(encoding="utf-8"))["packages"]
        return ", ".join(f"{package} {lock[f'node_modules/{package}']['version']}" for package in packages)

    return find


def _maker(name: str, version: Callable[[], str], steps: _Steps) -> Maker:
    return Maker(f"TypeScript, {name}", version, steps.generate, steps.compile, steps.command)


OPENAPI_FETCH: Final = _maker(
    "openapi-fetch",
    _locked("openapi-typescript", "openapi-fetch", "typescript"),
    _Steps(
        "openapi_fetch.ts",
        "client.d.ts",
        lambda contract, target: [
            _bin("openapi-typescript"),
            contract,
            "-o",
            target,
            "--root-types",
            "--root-types-no-schema-prefix",
        ],
    ),
)
HEY_API: Final = _maker(
    "hey-api",
    _locked("@hey-api/openapi-ts", "typescript"),
    _Steps(
        "hey_api.ts",
        "client",
        lambda contract, target: [_bin("openapi-ts"), "-i", contract, "-o", target, "-c", "@hey-api/client-fetch"],
        without=("--exactOptionalPropertyTypes",),
    ),
)
ORVAL: Final = _maker(
    "orval",
    _locked("orval", "typescript"),
    _Steps(
        "orval.ts",
        "client.ts",
        lambda contract, target: [_bin("orval"), "--input", contract, "--output", target, "--client", "fetch"],
    ),
)
TYPESCRIPT_FETCH: Final = _maker(
    "openapi-generator",
    lambda: openapi_generator.named("typescript-fetch"),
    _Steps(
        "typescript_fetch.ts",
        "client",
        lambda contract, target: openapi_generator.command(
            "typescript-fetch", _without_unions(contract, target), target
        ),
        without=("--exactOptionalPropertyTypes", "--noUncheckedIndexedAccess", "--noImplicitOverride"),
    ),
)


def _types(work: Work) -> str:
    """Hold contract/types.ts against what the tool writes today, and compile it with programs that use it."""
    run([sys.executable, ROOT / "scripts" / "forms.py", "--check", "--types", node(NODE)], work)
    (work.folder / "node_modules").symlink_to(NODE / "node_modules", target_is_directory=True)
    (work.folder / "types.ts").write_bytes((ROOT / "contract" / "types.ts").read_bytes())
    use = 'import type { components } from "./types.js";\nexport const found: components["schemas"]["Person"] = '
    (work.folder / "right.ts").write_text(f'{use}{{ uuid: "x", name: null, properties: {{}} }};\n')
    (work.folder / "wrong.ts").write_text(f"{use}{{ uuid: 5 }};\n")
    run([_bin("tsc"), *_KIND, *STRICT, "--noEmit", "right.ts"], work)
    try:
        run([_bin("tsc"), *_KIND, *STRICT, "--noEmit", "wrong.ts"], work)
    except Failed:
        return f"as the tool writes them; {figures(work.folder / 'types.ts', '.ts')}; tsc --strict and 5 more"
    raise Failed("a person whose uuid is a number compiles")


TYPES: Final = Check("TypeScript, contract/types.ts", _locked("openapi-typescript", "typescript"), _types)
