"""Compilers: clients in five languages are made from the contract, compiled, and call what the page has."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from prove.compilers.go import GO
from prove.compilers.ground import call
from prove.compilers.java import JAVA
from prove.compilers.maker import Maker
from prove.compilers.mutants import UUID, mutants, noticed, only_running
from prove.compilers.pages import PAGES, carry_out
from prove.compilers.python import PYTHON
from prove.compilers.rust import RUST
from prove.compilers.typescript import HEY_API, OPENAPI_FETCH, ORVAL, TYPES, TYPESCRIPT_FETCH
from prove.frame import CONTRACT, PROJECTS, Check, Work, load

__all__ = ["CHECKS"]

MAKERS: Final = (PYTHON, OPENAPI_FETCH, HEY_API, ORVAL, TYPESCRIPT_FETCH, GO, JAVA, RUST)


def _check(maker: Maker, document: Path = CONTRACT, where: str = "") -> Check:
    def make(work: Work) -> str:
        maker.generate(document, work.folder, work)
        if document == PROJECTS:
            _move(work.folder)
        counted = maker.compile(work.folder, work)
        return f"{counted}; {call(maker.command(work.folder), load(document), work)}"

    return Check(f"{maker.name}{where}", maker.version, make)


def _move(folder: Path) -> None:
    """Have the program that writes paths out, which are types to its client, write those under projects."""
    for program in folder.glob("openapi_fetch.ts"):
        program.write_text(program.read_text("utf-8").replace("/api/environments/", "/api/projects/"), "utf-8")


def _page(page: str) -> Check:
    return Check(f"{page}.md, as it stands", "the page's commands", lambda work: carry_out(page, load(), work))


def _each_operation(work: Work) -> str:
    contract, makers = load(), (only_running(PYTHON), OPENAPI_FETCH)
    pairs = [(maker, mutant) for maker in makers for mutant in mutants(contract)]
    return f"{len(pairs)} of {len(pairs)} noticed: {noticed(pairs, contract, work)}"


def _each_client(work: Work) -> str:
    pairs = [(maker, UUID) for maker in MAKERS]
    return f"{len(pairs)} of {len(pairs)} noticed: {noticed(pairs, load(), work)}"


CHECKS: Final = (
    TYPES,
    *(_check(maker) for maker in MAKERS),
    *(_check(maker, PROJECTS, ", under projects") for maker in MAKERS),
    *(_page(page) for page in PAGES),
    Check("a mistake in each operation is noticed", "openapi-python-client, openapi-fetch", _each_operation),
    Check("a renamed field is noticed in each client", f"all {len(MAKERS)} generators", _each_client),
)
