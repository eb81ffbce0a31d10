"""What is released is the same each time, says what it needs, and comes from nothing that is not pinned."""

from __future__ import annotations

import ast
import hashlib
import json
import os
import re
import subprocess
import sys
import tarfile
import zipfile
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import audit
import floors
import pytest
import release_build
import sbom

ROOT = Path(__file__).resolve().parents[2]
WHEN = 1_750_000_000


def sums(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


def build(root: Path, outdir: Path, umask: int) -> dict[str, str]:
    before = os.umask(umask)
    try:
        release_build.build(root, outdir, WHEN)
    finally:
        os.umask(before)
    return sums(outdir)


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    build(ROOT, folder, 0o022)
    return folder


def unpack(dist: Path, folder: Path, mode: int, when: int) -> Path:
    """Lay the source out in a folder, as another user at another time would have it."""
    (sdist,) = dist.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        archive.extractall(folder, filter="data")
    (root,) = folder.iterdir()
    for path in root.rglob("*"):
        path.chmod(0o755 if path.is_dir() else mode)
        os.utime(path, (when, when))
    return root


def test_two_builds_are_the_same_bytes(dist: Path, tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a much longer name").mkdir()
    first = unpack(dist, tmp_path / "a", 0o644, 1_000_000_000)
    second = unpack(dist, tmp_path / "a much longer name", 0o600, 1_700_000_000)
    built = sums(dist)
    assert len(built) == 2
    assert build(first, tmp_path / "one", 0o022) == built
    assert build(second, tmp_path / "two", 0o077) == built


def test_the_comparison_would_notice(dist: Path, tmp_path: Path) -> None:
    root = unpack(dist, tmp_path, 0o644, 1_000_000_000)
    with (root / "NOTICE").open("a") as file:
        file.write("\n")
    assert not set(build(root, tmp_path / "changed", 0o022).values()) & set(sums(dist).values())


def test_the_time_of_the_build_is_that_of_the_commit(monkeypatch: pytest.MonkeyPatch, dist: Path) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "17")
    assert release_build.commit_time() == 17
    (wheel,) = dist.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        assert {info.date_time for info in archive.infolist()} == {(2025, 6, 15, 15, 6, 40)}


@pytest.fixture(scope="module")
def bill(dist: Path) -> dict[str, Any]:
    (wheel,) = dist.glob("*.whl")
    text = sbom.bill(wheel, WHEN)
    assert sbom.bill(wheel, WHEN) == text
    found: dict[str, Any] = json.loads(text)
    return found


def test_the_bill_is_of_this_wheel(bill: dict[str, Any], dist: Path) -> None:
    (wheel,) = dist.glob("*.whl")
    about = bill["metadata"]["component"]
    assert about["hashes"] == [{"alg": "SHA-256", "content": sums(dist)[wheel.name]}]
    assert (about["name"], about["licenses"]) == ("posthog-environments", [{"expression": "MIT"}])
    assert bill["metadata"]["timestamp"] == "2025-06-15T15:06:40Z"
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")


def test_the_bill_lists_all_that_is_needed(bill: dict[str, Any]) -> None:
    components = {component["name"].lower(): component for component in bill["components"]}
    needed = [line.split("==") for line in floors.floors((ROOT / "pyproject.toml").read_text(encoding="utf-8"))]
    assert {name for name, _ in needed} <= set(components)
    for name, floor in needed:
        # More than one extra may ask for it.
        asked = [p["value"] for p in components[name]["properties"] if p["name"].endswith(":requires")]
        assert asked
        assert all(f">={floor}" in each for each in asked)
    assert components["httpx"]["scope"] == components["certifi"]["scope"] == "required"
    assert components["duckdb"]["scope"] == components["matplotlib"]["scope"] == "optional"
    assert components["httpx"]["purl"] == f"pkg:pypi/httpx@{components['httpx']['version']}"
    assert not [name for name, component in components.items() if not component.get("licenses")]


def test_the_bill_is_a_closed_graph(bill: dict[str, Any]) -> None:
    references = {component["bom-ref"] for component in bill["components"]} | {bill["metadata"]["component"]["bom-ref"]}
    graph = {node["ref"]: node["dependsOn"] for node in bill["dependencies"]}
    assert set(graph) == references
    assert {to for targets in graph.values() for to in targets} | {
        bill["metadata"]["component"]["bom-ref"]
    } == references
    by_name = {reference.split("/")[-1].split("@")[0]: targets for reference, targets in graph.items()}
    assert any("httpcore@" in target for target in by_name["httpx"])


def test_a_wheel_that_cannot_be_resolved_has_no_bill(dist: Path, tmp_path: Path) -> None:
    (wheel,) = dist.glob("*.whl")
    for before, after, said in (
        ("msgspec>=0.19", "msgspec>=999", "is installed"),
        ("msgspec>=0.19", "not-there-at-all", "not installed"),
    ):
        spoilt = tmp_path / wheel.name
        with zipfile.ZipFile(wheel) as source, zipfile.ZipFile(spoilt, "w") as target:
            for name in source.namelist():
                data = source.read(name)
                target.writestr(name, data.replace(before.encode(), after.encode()) if "METADATA" in name else data)
        with pytest.raises(LookupError, match=said):
            sbom.bill(spoilt, WHEN)


def locks() -> list[Path]:
    return sorted((ROOT / "requirements").glob("*.txt"))


@pytest.mark.parametrize("lock", locks(), ids=lambda path: path.name)
def test_every_tool_is_pinned_and_hashed(lock: Path) -> None:
    text = lock.read_text(encoding="utf-8")
    assert not re.search(r"^\s*(-i|-f|--index|--extra-index|--find-links|--trusted)|://| @ ", text, re.MULTILINE)
    entries = re.split(r"\n(?=[a-z0-9])", re.sub(r"^#.*\n", "", text, flags=re.MULTILINE).strip())
    assert len(entries) > 3
    for entry in entries:
        assert re.match(r"[a-z0-9][a-z0-9._-]*==[^\s;]+", entry), entry
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", entry), entry


def imported_at_the_top(module: Path, folders: list[Path], seen: set[Path]) -> set[str]:
    """Name each package that comes with a module of the tests, directly or through their other modules."""
    seen.add(module)
    packages: set[str] = set()
    for statement in ast.parse(module.read_bytes()).body:
        match statement:
            case ast.Import(names=names):
                wanted = [alias.name for alias in names]
            case ast.ImportFrom(module=str(name)):
                wanted = [name]
            case _:
                continue
        for name in wanted:
            own = (folder / f"{name.replace('.', '/')}.py" for folder in folders)
            path = next((path for path in own if path.exists()), None)
            if path is None:
                packages.add(name.partition(".")[0])
            elif path not in seen:
                packages |= imported_at_the_top(path, folders, seen)
    return packages


def test_the_suite_of_pipelines_needs_nothing_that_its_requirements_leave_out() -> None:
    """It has an environment of its own, half a gigabyte, which a run of all suites makes last of all."""
    suite = ROOT / "tests" / "suites" / "pipelines"
    seen: set[Path] = set()
    packages = {
        name for module in suite.glob("*.py") for name in imported_at_the_top(module, [suite, suite.parent], seen)
    }
    assert suite.parent / "soak" / "canned.py" in seen, "what the suite shares with others was not followed"
    pinned = re.findall(r"^([a-z0-9._-]+)==", (ROOT / "requirements" / "pipelines.txt").read_text(), re.MULTILINE)
    distributions = packages_distributions()
    ours = sys.stdlib_module_names | {"posthog_environments", "posthog_environments_api", "soak"}
    missing = {
        name
        for name in packages - ours
        if not {found.lower() for found in distributions.get(name, [name])} & set(pinned)
    }
    assert not missing


def test_the_floors_are_those_of_the_package() -> None:
    wanted = floors.floors((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert (ROOT / "requirements" / "floors.in").read_text(encoding="utf-8").split() == wanted
    locked = dict(
        re.findall(r"^([a-z0-9._-]+)==([0-9.]+)", (ROOT / "requirements" / "floors.txt").read_text(), re.MULTILINE)
    )
    for line in wanted:
        name, floor = line.split("==")
        if name in sbom.THERE_ALONE:
            assert name not in locked
            continue
        assert re.fullmatch(re.escape(floor) + r"(\.0)*", locked[name]), line


def test_a_requirement_needs_a_floor() -> None:
    with pytest.raises(ValueError, match="has no floor"):
        floors.floors('[project]\ndependencies = ["httpx"]\n[project.optional-dependencies]\n')


WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_every_action_is_pinned_by_its_commit(workflow: Path) -> None:
    used = re.findall(r"uses:\s*(.*)", workflow.read_text(encoding="utf-8"))
    assert used
    for line in used:
        assert re.fullmatch(r"[\w.-]+/[\w.-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line), line


def test_workflows_may_do_little_and_call_what_is_there() -> None:
    import yaml

    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for workflow in WORKFLOWS:
        text = workflow.read_text(encoding="utf-8")
        read = yaml.safe_load(text)
        assert read["permissions"] in ({}, {"contents": "read"})
        assert "secrets." not in text
        for target in re.findall(r"\bmake ([a-z-]+)", text):
            assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
        for name, job in read["jobs"].items():
            writes = {scope for scope, right in (job.get("permissions") or {}).items() if right == "write"}
            expected = {"attest": {"id-token", "attestations"}, "publish": {"id-token"}}
            assert writes == expected.get(name, set()), name


def package(name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "version": "1.0", **more}


@pytest.mark.parametrize(
    ("packages", "code", "said"),
    [
        ([package("a", vulns=[]), package("b", vulns=[])], 0, "2 packages audited, 0 known"),
        ([package("a", vulns=[{"id": "CVE-1"}])], 1, "vulnerable: a 1.0: CVE-1"),
        ([package("a", vulns=[]), {"name": "b", "skip_reason": "not found"}], 2, "NOT AUDITED: 1 of 2 packages: b"),
        ([], 2, "NOT AUDITED"),
    ],
)
def test_an_audit_that_was_not_made_is_no_audit(packages: list[dict[str, Any]], code: int, said: str) -> None:
    found, lines = audit.judge({"dependencies": packages})
    assert found == code
    assert any(said in line for line in lines)


def test_an_audit_that_cannot_start_is_no_audit(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    # The tools of the tests have no pip-audit.
    code, lines = audit.audit(tmp_path / "none.txt")
    assert code == 2
    assert lines[0].startswith("not audited: ")
    script = [sys.executable, str(ROOT / "scripts" / "audit.py")]
    done = subprocess.run(script, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "THE AUDIT COULD NOT BE MADE HERE" in done.stderr
