"""Where server, project and key come from; `phenv init` and `phenv doctor`. The key shows up nowhere."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from posthog_environments.cli import profiles
from posthog_environments.sandbox import Sandbox

from .conftest import Done, Run, on_screen


@pytest.fixture
def key_file(box: Sandbox, tmp_path: Path) -> Path:
    file = tmp_path / "key.txt"
    file.write_text(f"{box.api_key}\n")
    file.chmod(0o600)
    return file


@pytest.fixture
def other() -> Iterator[Sandbox]:
    with Sandbox(persons=2, rates=False, project_id=777) as other:
        yield other


def stored(run: Run, box: Sandbox, *options: str) -> Done:
    place = ["--host", box.host, "--project-id", box.project_id]
    return run("init", *place, "--api-key-stdin", *options, text=box.api_key)


def test_init_tries_the_server_and_writes_a_profile(bare: Run, box: Sandbox, home: Path) -> None:
    done = stored(bare, box)
    assert (done.code, done.out) == (0, "")
    assert "person:read       ok" in done.err
    assert box.api_key not in done.err
    file = profiles.path()
    assert file.is_relative_to(home)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert [path.name for path in file.parent.iterdir()] == [file.name]
    assert len(bare("persons", "list", "--json").out.splitlines()) > 200


def test_init_asks_for_what_no_option_gives(box: Sandbox, home: Path) -> None:
    assert home.exists()
    shown = on_screen(
        "init",
        answers=(("Server", f"{box.host}\n"), ("Key (", f"{box.api_key}\n"), ("Project id", "\n")),
    )
    assert shown.code == 0, shown.text
    assert box.api_key not in shown.text
    assert "Wrote the profile 'default'" in shown.text
    shown = on_screen("persons", "list", "--limit", "2", width=80)
    assert "2 persons." in shown.text
    shown = on_screen("init", answers=(("Overwrite it?", "n\n"),))
    assert shown.code == 1


def test_a_key_that_the_server_refuses_is_not_written(bare: Run, box: Sandbox) -> None:
    options = ["init", "--host", box.host, "--project-id", box.project_id, "--api-key-stdin"]
    done = bare(*options, text="phx_wrong")
    assert (done.code, done.out) == (1, "")
    assert "Nothing was written" in done.err
    assert not profiles.path().exists()
    assert bare(*options, "--force", text="phx_wrong").code == 0
    assert "phx_wrong" in profiles.path().read_text()


def test_init_with_nobody_to_ask_names_what_is_missing(bare: Run) -> None:
    done = bare("init")
    assert (done.code, done.out) == (2, "")
    assert "--project-id" in done.err
    assert "--api-key-file" in done.err


def test_several_profiles(bare: Run, box: Sandbox, other: Sandbox) -> None:
    assert stored(bare, box).code == 0
    assert stored(bare, other, "--profile", "two").code == 0
    assert len(bare("persons", "list", "--json", "--profile", "two").out.splitlines()) == 2
    assert len(bare("--profile", "two", "persons", "list", "--json").out.splitlines()) == 2
    assert len(bare("persons", "list", "--json").out.splitlines()) > 200
    done = stored(bare, other)
    assert done.code == 2
    assert "already" in done.err
    assert stored(bare, other, "--force").code == 0
    assert len(bare("persons", "list", "--json").out.splitlines()) == 2
    done = bare("persons", "list", "--profile", "three")
    assert done.code == 2
    assert "'default', 'two'" in done.err


def test_a_named_profile_comes_before_the_environment_and_that_before_the_default(
    bare: Run, box: Sandbox, other: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert stored(bare, other).code == 0
    assert stored(bare, other, "--profile", "two").code == 0
    for name, value in box.environ.items():
        monkeypatch.setenv(name, value)
    assert len(bare("persons", "list", "--json").out.splitlines()) > 200
    assert len(bare("persons", "list", "--json", "--profile", "two").out.splitlines()) == 2


def test_the_key_of_a_profile_stays_with_its_server(bare: Run, box: Sandbox, other: Sandbox) -> None:
    assert stored(bare, box).code == 0
    done = bare("persons", "list", "--host", other.host)
    assert (done.code, done.out) == (2, "")
    assert "another server" in done.err
    assert len(bare("persons", "list", "--json", "--host", box.host + "/").out.splitlines()) > 200


def test_a_key_that_others_can_read_is_warned_of(run: Run, key_file: Path) -> None:
    assert run("persons", "list", "--limit", "1", "--api-key-file", str(key_file)).err == ""
    key_file.chmod(0o644)
    done = run("persons", "list", "--limit", "1", "--api-key-file", str(key_file))
    assert done.code == 0
    assert "chmod 600" in done.err


def test_both_places_for_a_key_exclude_each_other(run: Run, key_file: Path) -> None:
    done = run("persons", "list", "--api-key-file", str(key_file), "--api-key-stdin", text="phx_x")
    assert done.code == 2
    assert "exclude" in done.err


def test_a_broken_file_of_profiles_is_named_and_not_quoted(bare: Run) -> None:
    profiles.path().parent.mkdir(parents=True)
    profiles.path().write_text("api_key = phx_secret\n[default")
    done = bare("persons", "list")
    assert (done.code, done.out) == (2, "")
    assert str(profiles.path()) in done.err
    assert "phx_secret" not in done.err


# ---------------------------------------------------------------------------------------------------------- doctor


def test_doctor_on_a_healthy_configuration(run: Run, box: Sandbox) -> None:
    done = run("doctor", "--json")
    assert (done.code, done.err) == (0, "")
    found = json.loads(done.out)
    assert found["healthy"] is True
    assert found["configured"]["host"] == {"value": box.host, "source": "POSTHOG_HOST"}
    assert found["configured"]["key"] == {"value": "set", "source": "POSTHOG_PERSONAL_API_KEY"}
    states = {finding["about"]: finding["state"] for finding in found["findings"]}
    assert states.pop("clock") in ("ok", "note")
    assert states == dict.fromkeys(
        (
            "server",
            "key",
            "prefix",
            "projects",
            "person:read",
            "trends",
            "insight:read",
            "activity_log:read",
            "announced",
        ),
        "ok",
    )
    text = run("doctor").out
    assert f"{box.project_id} (Sandbox)" in text
    assert box.api_key not in text + done.out


def test_doctor_tries_no_scope_that_writes(box: Sandbox, run: Run, key_file: Path) -> None:
    key_file.write_text(box.add_key("person:read", "insight:read", "activity_log:read", "project:read"))
    done = run("doctor", "--json", "--api-key-file", str(key_file))
    assert done.code == 0
    assert json.loads(done.out)["healthy"] is True


def test_doctor_names_the_scope_that_is_missing(box: Sandbox, run: Run, key_file: Path) -> None:
    key_file.write_text(box.add_key("person:read"))
    done = run("doctor", "--json", "--api-key-file", str(key_file))
    assert done.code == 1
    states = {finding["about"]: finding for finding in json.loads(done.out)["findings"]}
    assert states["person:read"]["state"] == "ok"
    assert states["insight:read"]["state"] == "problem"
    assert "insight:read" in states["insight:read"]["text"]
    assert states["activity_log:read"]["state"] == "note"
    assert states["projects"]["state"] == "note"


def test_doctor_on_a_wrong_key_project_and_server(run: Run, box: Sandbox) -> None:
    done = run("doctor", "--api-key-stdin", text="phx_wrong\n")
    assert done.code == 1
    assert "not accepted" in done.out
    done = run("doctor", "--project-id", "99")
    assert done.code == 1
    assert "99 is not among them" in done.out
    done = run("doctor", "--host", "http://127.0.0.1:9", "--timeout", "2")
    assert done.code == 1
    assert "server            PROBLEM" in done.out
    assert box.api_key not in done.out + done.err


def test_doctor_with_nothing_configured(bare: Run) -> None:
    done = bare("doctor", "--json")
    assert done.code == 2
    found = json.loads(done.out)
    assert found["healthy"] is False
    assert found["configured"]["key"] == {"value": "missing", "source": "nowhere"}
    assert "Try: `phenv init`" in done.err


def test_doctor_on_the_sunset_of_the_prefix(bare: Run) -> None:
    with Sandbox(persons=2, era="2026", rates=False) as box:
        options = ["--host", box.host, "--project-id", box.project_id, "--api-key-stdin", "--json"]
        found = json.loads(bare("doctor", *options, "--prefix", "environments", text=box.api_key).out)
        (prefix,) = [finding for finding in found["findings"] if finding["about"] == "prefix"]
        assert prefix["state"] == "note"
        assert "past its sunset of 2026-07-31" in prefix["text"]
        assert "leave --prefix out" in prefix["text"]
        found = json.loads(bare("doctor", *options, text=box.api_key).out)
        (prefix,) = [finding for finding in found["findings"] if finding["about"] == "prefix"]
        assert prefix["state"] == "ok"
        assert prefix["text"].startswith(
            "/api/projects/, the successor of /api/environments/, which is past its sunset"
        )
        found = json.loads(bare("doctor", *options, "--prefix", "projects", text=box.api_key).out)
        (prefix,) = [finding for finding in found["findings"] if finding["about"] == "prefix"]
        assert prefix["state"] == "ok"


def test_doctor_reads_the_clock(bare: Run) -> None:
    for now, expected in (("2020-01-01T00:00:00", "ahead of"), (None, "within")):
        with Sandbox(persons=2, rates=False, now=now) as box:
            options = ["--host", box.host, "--project-id", box.project_id, "--api-key-stdin", "--json"]
            found = json.loads(bare("doctor", *options, text=box.api_key).out)
            (clock,) = [finding for finding in found["findings"] if finding["about"] == "clock"]
            assert expected in clock["text"]


def test_the_key_is_not_among_the_arguments_of_the_process(run: Run) -> None:
    """There is no option that takes the key itself: others on the machine could read it."""
    done = run("persons", "list", "--api-key", "phx_x")
    assert done.code == 2
    assert os.environ["POSTHOG_PERSONAL_API_KEY"] not in done.err
