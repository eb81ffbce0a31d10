"""The generated client is what the contract gives, and the check that says so bites."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "scripts" / "generate.py"


def load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate_script", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


GENERATE = load()


class Workshop:
    """A copy of contract, templates and generated tree, to break."""

    def __init__(self, folder: Path) -> None:
        self.contract = folder / "openapi.yaml"
        self.templates = folder / "templates"
        self.output = folder / "posthog_environments_api"
        shutil.copy(ROOT / "openapi.yaml", self.contract)
        shutil.copytree(ROOT / "scripts" / "templates", self.templates)
        ignore = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / "generated" / "posthog_environments_api", self.output, ignore=ignore)

    def run(self, *arguments: str) -> int:
        places = [f"--contract={self.contract}", f"--templates={self.templates}", f"--output={self.output}"]
        code: int = GENERATE.main([*arguments, *places])
        return code

    def edit(self, file: Path, old: str, new: str) -> None:
        text = file.read_text(encoding="utf-8")
        assert old in text
        file.write_text(text.replace(old, new, 1), encoding="utf-8")


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    return Workshop(tmp_path)


def test_the_committed_client_is_in_step(workshop: Workshop, capsys: pytest.CaptureFixture[str]) -> None:
    assert workshop.run("--check") == 0, capsys.readouterr().out
    assert "in step" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("name: search\n", "name: searches\n", "different: api/persons/list_persons.py"),
        ("        favorited: {type: boolean}\n", "", "different: models/insight_timing.py"),
        ("required: [uuid]", "required: [uuid, name]", "different: models/person.py"),
        ("enum: [csv, json]", "enum: [csv, json, xml]", "different: models/response_format.py"),
        ("operationId: deletePerson\n", "operationId: removePerson\n", "missing: api/persons/remove_person.py"),
        # These leave no trace in the code, and are out of step all the same.
        ("- PersonalApiKey: ['person:write']", "- PersonalApiKey: ['person:read']", "different: SOURCES"),
        ("default: -7d", "default: -8d", "different: SOURCES"),
        ("version: 0.2.0", "version: 0.2.1", "different: SOURCES"),
    ],
)
def test_an_edited_contract_is_noticed(
    workshop: Workshop, capsys: pytest.CaptureFixture[str], old: str, new: str, named: str
) -> None:
    workshop.edit(workshop.contract, old, new)
    assert workshop.run("--check") == 1
    assert named in capsys.readouterr().out.splitlines()


def test_edited_deleted_and_added_files_are_named(workshop: Workshop, capsys: pytest.CaptureFixture[str]) -> None:
    workshop.edit(workshop.output / "models" / "person.py", "name: str", "name: str ")
    (workshop.output / "api" / "persons" / "get_person.py").unlink()
    (workshop.output / "models" / "person_old.py").write_text("", encoding="utf-8")
    (workshop.output / "__pycache__").mkdir()
    (workshop.output / "__pycache__" / "x.pyc").write_bytes(b"")
    assert workshop.run("--check") == 1
    assert capsys.readouterr().out.splitlines()[:-1] == [
        "different: models/person.py",
        "missing: api/persons/get_person.py",
        "stale: models/person_old.py",
    ]
    assert workshop.run() == 0
    assert workshop.run("--check") == 0


def test_a_changed_template_is_noticed(workshop: Workshop, capsys: pytest.CaptureFixture[str]) -> None:
    workshop.edit(workshop.templates / "kinds.py", "No value of the answer", "Nothing of the answer")
    workshop.edit(workshop.templates / "model.py.jinja", "As named.", "As it says.")
    assert workshop.run("--check") == 1
    said = capsys.readouterr().out.splitlines()
    assert {"different: kinds.py", "different: models/trend.py", "different: SOURCES"} <= set(said)


def test_a_change_of_the_generators_own_templates_is_noticed(
    workshop: Workshop, capsys: pytest.CaptureFixture[str]
) -> None:
    recorded = json.loads((workshop.templates / "forked.json").read_text(encoding="utf-8"))
    (forked,) = recorded  # one is enough
    recorded[forked] = "0" * 64
    (workshop.templates / "forked.json").write_text(json.dumps(recorded), encoding="utf-8")
    shutil.copy(GENERATE.generator() / "templates" / "types.py.jinja", workshop.templates)
    assert workshop.run("--check") == 1
    said = capsys.readouterr().out
    assert f"{forked} has changed" in said
    assert "no hash is recorded for types.py.jinja" in said
    before = (workshop.output / "SOURCES").read_bytes()
    assert workshop.run() == 2, "nor is anything written"
    assert f"{forked} has changed" in capsys.readouterr().err
    assert (workshop.output / "SOURCES").read_bytes() == before


def test_a_contract_that_would_be_read_in_part_is_refused(
    workshop: Workshop, capsys: pytest.CaptureFixture[str]
) -> None:
    workshop.edit(
        workshop.contract,
        "        name: {type: string}\n        derived_name",
        "        name: {type: array, items: {type: nothing}}\n        derived_name",
    )
    assert workshop.run("--check") == 2
    assert "could not read openapi.yaml" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["a: [", "- a", ""])
def test_what_is_no_contract_is_refused(workshop: Workshop, capsys: pytest.CaptureFixture[str], text: str) -> None:
    workshop.contract.write_text(text, encoding="utf-8")
    assert workshop.run("--check") == 2
    assert "openapi.yaml" in capsys.readouterr().err


class Release:
    """A copy of the generator under another version, to change."""

    def __init__(self, folder: Path) -> None:
        self.version = "0.30.0"
        self.package = folder / "openapi_python_client"
        shutil.copytree(GENERATE.generator(), self.package, ignore=shutil.ignore_patterns("__pycache__"))
        metadata = folder / f"openapi_python_client-{self.version}.dist-info"
        metadata.mkdir()
        words = f"Metadata-Version: 2.1\nName: openapi-python-client\nVersion: {self.version}\n"
        (metadata / "METADATA").write_text(words, encoding="utf-8")

    def edit(self, template: str, old: str, new: str) -> None:
        file = self.package / "templates" / template
        text = file.read_text(encoding="utf-8")
        assert old in text
        file.write_text(text.replace(old, new), encoding="utf-8")


@pytest.fixture
def release(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Release:
    folder = tmp_path / "release"
    folder.mkdir()
    made = Release(folder)
    monkeypatch.syspath_prepend(str(folder))
    own = GENERATE._environment()
    monkeypatch.setattr(GENERATE, "_environment", lambda: {**own, "PYTHONPATH": str(folder)})
    return made


def test_a_later_release_of_the_generator_is_refused_by_its_version(
    workshop: Workshop, release: Release, capsys: pytest.CaptureFixture[str]
) -> None:
    assert workshop.run("--check") == 2
    assert "openapi-python-client 0.29.1 is needed, found 0.30.0" in capsys.readouterr().err


def test_a_later_release_that_changes_nothing_of_ours_is_taken(
    workshop: Workshop, release: Release, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(GENERATE.PINNED, "openapi-python-client", release.version)
    release.edit("errors.py.jinja", "Contains shared errors types", "Has shared types of errors")
    assert workshop.run("--check") == 1
    assert capsys.readouterr().out.splitlines()[0] == "different: errors.py"
    assert workshop.run() == 0
    assert workshop.run("--check") == 0
    assert "Has shared types of errors" in (workshop.output / "errors.py").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("template", "old", "new", "named"),
    [
        ("model.py.jinja", "_attrs_define", "_attrs_frozen", "own template model.py.jinja has changed"),
        ("types.py.jinja", "status_code: HTTPStatus", "status: HTTPStatus", "types.py.jinja of the generator"),
        ("types.py.jinja", "class Unset:", "class Missing:", "types.py.jinja of the generator"),
        ("endpoint_module.py.jinja", 'safe=""', 'safe="@"', "path segment like `..` leads elsewhere"),
        (
            "endpoint_module.py.jinja",
            "HTTPStatus(response.",
            "Status(response.",
            "status that HTTPStatus does not know",
        ),
        ("endpoint_module.py.jinja", "parsed=_parse", "body=_parse", "an answer of CSV is parsed as JSON"),
        ("client.py.jinja", 'alias="headers"', 'alias="head"', "the token is in the repr, as a header"),
        ("client.py.jinja", "default=None, kw_only=True", "default=5, kw_only=True", "there is no timeout by default"),
        ("client.py.jinja", "{{ name }}: {{ attr.type }}", "{{ name }} : {{ attr.type }}", "the token is in the repr"),
        ("client.py.jinja", "self._headers[", "self._all_headers[", "the caller's own dict of headers"),
        ("package_init.py.jinja", "AuthenticatedClient, Client\n", "AuthenticatedClient\n", "__init__.py has changed"),
    ],
)
def test_a_later_release_that_changes_what_we_rely_on_is_refused_with_its_name(
    workshop: Workshop,
    release: Release,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    template: str,
    old: str,
    new: str,
    named: str,
) -> None:
    monkeypatch.setitem(GENERATE.PINNED, "openapi-python-client", release.version)
    release.edit(template, old, new)
    before = (workshop.output / "SOURCES").read_bytes()
    assert workshop.run() == 2
    assert named in capsys.readouterr().err
    assert (workshop.output / "SOURCES").read_bytes() == before


def test_other_tools_are_refused(
    workshop: Workshop, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(GENERATE.PINNED, "ruff", "0.0.1")
    assert workshop.run("--check") == 2
    assert "ruff 0.0.1 is needed" in capsys.readouterr().err


@pytest.mark.parametrize("seed", ["0", "1", "4242"])
def test_the_bytes_depend_on_nothing_else(tmp_path: Path, seed: str) -> None:
    """Neither on the hash seed, nor the working directory, nor anybody's settings, nor the locale."""
    hostile = 'line-length = 40\n[format]\nquote-style = "single"\n'
    for folder in (tmp_path, tmp_path / "home" / ".config" / "ruff"):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "ruff.toml").write_text(hostile, encoding="utf-8")
    environment = {
        **os.environ,
        "PYTHONHASHSEED": seed,
        "HOME": str(tmp_path / "home"),
        "XDG_CONFIG_HOME": str(tmp_path / "home" / ".config"),
        "RUFF_CONFIG": str(tmp_path / "ruff.toml"),
        "LC_ALL": "C",
        "TZ": "Asia/Tokyo",
    }
    command = [sys.executable, str(SCRIPT), "--check"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
