"""The wheel and the sdist build, and the wheel alone, in an empty environment, does what the README says."""

from __future__ import annotations

import re
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

import posthog_environments
from posthog_environments.cli.spec import FORMS

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_the_wheel_holds_both_packages_and_the_contract(dist: Path) -> None:
    (wheel,) = dist.glob("*.whl")
    assert wheel.name == f"posthog_environments-{posthog_environments.__version__}-py3-none-any.whl"
    names = set(zipfile.ZipFile(wheel).namelist())
    for needed in (
        "posthog_environments/py.typed",
        "posthog_environments/openapi.yaml",
        "posthog_environments/evidence.md",
        *(f"posthog_environments/forms/{name}" for name in FORMS),
        "posthog_environments/sandbox/cdnow.parquet",
        "posthog_environments_api/py.typed",
        "posthog_environments_api/api/persons/list_persons.py",
    ):
        assert needed in names
    assert any(name.endswith("licenses/NOTICE") for name in names)
    assert not [name for name in names if name.startswith(("tests", "scripts", "benchmarks")) or "__pycache__" in name]
    packaged = zipfile.ZipFile(wheel).read("posthog_environments/openapi.yaml")
    assert packaged == (ROOT / "openapi.yaml").read_bytes()


def test_the_sdist_holds_what_a_packager_needs(dist: Path) -> None:
    (sdist,) = dist.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"openapi.yaml", "Makefile", "scripts/generate.py", "README.md", "LICENSE", "NOTICE"} <= names
    assert any(name.startswith("tests/") for name in names)


def test_the_wheel_alone_runs_what_the_readme_shows(dist: Path, tmp_path: Path) -> None:
    (wheel,) = dist.glob("*.whl")
    venv.create(tmp_path / "empty", with_pip=True)
    python = str(tmp_path / "empty" / "bin" / "python")
    install = [python, "-m", "pip", "install", "-qq", "--disable-pip-version-check", f"{wheel}[sandbox]"]
    done = subprocess.run(install, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"pip could not install the wheel and what it needs: {done.stderr}"
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```\n\n```output\n(.*?)```", readme, re.DOTALL)
    assert len(blocks) == 3
    (tmp_path / "run.py").write_text("".join(block for block, _ in blocks), encoding="utf-8")
    done = subprocess.run([python, "-I", "run.py"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "".join(printed for _, printed in blocks)
    help_text = subprocess.run(
        [str(tmp_path / "empty" / "bin" / "phenv"), "--help"], capture_output=True, text=True, check=True
    )
    assert "sandbox" in help_text.stdout
    for name in FORMS:
        form = [str(tmp_path / "empty" / "bin" / "phenv"), "spec", "--form", name]
        printed = subprocess.run(form, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
        assert printed == zipfile.ZipFile(wheel).read(f"posthog_environments/forms/{name}").decode(), name


def test_the_client_needs_no_extra(dist: Path) -> None:
    (wheel,) = dist.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        (metadata,) = [name for name in archive.namelist() if name.endswith("METADATA")]
        lines = archive.read(metadata).decode().splitlines()
    always = [line.split()[1] for line in lines if line.startswith("Requires-Dist") and "extra" not in line]
    required = {re.split("[<>=]", requirement)[0] for requirement in always}
    assert required == {"anyio", "attrs", "click", "httpcore", "httpx", "msgspec", "python-dateutil"}
