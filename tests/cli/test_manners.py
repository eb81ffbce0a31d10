"""How `phenv` ends, what it prints where, and what it never prints."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from posthog_environments import Environment
from posthog_environments.cli.root import COMMANDS
from posthog_environments.sandbox import Sandbox
from tests.client.wire import Wire, http

from .conftest import PHENV, Run, Screen, on_screen

ROOT = Path(__file__).resolve().parents[2]


# ------------------------------------------------------------------------------------------------------- exit codes


def test_no_configuration_is_2_and_says_what_to_do(bare: Run) -> None:
    done = bare("persons", "list")
    assert (done.code, done.out) == (2, "")
    assert "POSTHOG_PERSONAL_API_KEY" in done.err
    assert "phenv init" in done.err


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["persons", "lst"], "Did you mean 'list'"),
        (["person", "list"], "Did you mean 'persons'"),
        (["frobnicate"], "There are: persons"),
        (["persons", "list", "--serch", "x"], "--search"),
        (["persons", "list", "--limit", "0"], "--limit"),
        (["persons", "get"], "ID"),
        (["persons", "get", "ada@example.com"], "distinct"),
        (["persons", "list", "--page-size", "many"], "--page-size"),
        (["--timeout", "0", "persons", "list"], "timeout"),
        (["persons", "list", "--host", "example"], "host"),
        (["persons", "list", "--profile", "nowhere"], "There is no profile"),
        (["persons", "list", "--api-key-file", "/nowhere"], "--api-key-file"),
        (["persons", "list", "--property", "{"], "is not JSON"),
    ],
)
def test_wrong_usage_is_2(run: Run, args: list[str], said: str) -> None:
    done = run(*args)
    assert (done.code, done.out) == (2, "")
    assert said in done.err


def test_a_refused_key_is_1(run: Run) -> None:
    done = run("persons", "list", "--api-key-stdin", text="phx_wrong\n")
    assert (done.code, done.out) == (1, "")
    assert "401" in done.err
    assert "Try: `phenv doctor`" in done.err
    assert "phx_wrong" not in done.err


def test_a_missing_scope_is_1_and_named(run: Run, box: Sandbox, tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text(box.add_key("insight:read") + "\n")
    file.chmod(0o600)
    done = run("persons", "list", "--api-key-file", str(file))
    assert (done.code, done.out) == (1, "")
    assert "Try: a key with the scope person:read" in done.err


def test_nobody_at_the_other_end_is_1(run: Run) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    done = run("persons", "get", "5", "--host", f"http://127.0.0.1:{port}", "--timeout", "1")
    assert (done.code, done.out) == (1, "")
    assert "connection" in done.err
    assert "Try: " in done.err


@pytest.mark.parametrize("options", [["--json"], []])
def test_a_listing_that_may_lack_somebody_is_printed_and_is_1(run: Run, options: list[str]) -> None:
    times = ["2026-01-03", "2026-01-01", "2026-01-02"]
    rows = [{"uuid": f"095be615-a8ad-4c33-8e9c-00000000000{n}", "created_at": at} for n, at in enumerate(times)]
    with Wire(http(200, json.dumps({"results": rows, "next": None}).encode())) as wire:
        done = run("persons", "list", "--host", wire.host, *options)
    assert done.code == 1
    assert all(row["uuid"] in done.out for row in rows)
    assert "Some persons may be missing: " in done.err


@pytest.fixture
def many() -> Iterator[dict[str, str]]:
    with Sandbox(persons=20_000, rates=False) as box:
        yield {**os.environ, **box.environ}


@pytest.mark.parametrize("options", [["--json"], []])
def test_a_reader_that_has_seen_enough_is_no_failure(many: dict[str, str], home: Path, options: list[str]) -> None:
    assert home.exists()
    command = [*PHENV, "persons", "list", *options]
    process = subprocess.Popen(command, env=many, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stderr is not None
    assert process.stdout.readline()
    process.stdout.close()
    said = process.stderr.read()
    process.stderr.close()
    assert process.wait(60) == 0
    assert said == b""


def test_help_into_a_closed_pipe_is_no_failure(home: Path) -> None:
    assert home.exists()
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run([*PHENV, "--help"], stdout=writing, stderr=subprocess.PIPE, check=False, timeout=60)
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, b"")


def test_interrupted_is_130(many: dict[str, str], home: Path) -> None:
    assert home.exists()
    command = [*PHENV, "persons", "list", "--json", "--page-size", "10"]
    process = subprocess.Popen(command, env=many, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err.strip() == b"Interrupted."
    assert b"Traceback" not in out


# ---------------------------------------------------------------------------------------------- terminals and colour


@pytest.mark.parametrize("width", [80, 200])
def test_the_list_fits_the_terminal(screen: Callable[..., Screen], width: int) -> None:
    shown = screen("persons", "list", "--limit", "20", width=width, NO_COLOR="1")
    assert shown.code == 0
    assert "\x1b" not in shown.text
    assert max(map(len, shown.lines)) <= width
    wanted = ["name", "distinct", "id", *(["created"] if width == 200 else []), "uuid"]
    assert shown.lines[0].split() == wanted + (["properties"] if width == 200 else [])
    assert "20 persons." in shown.text
    # On a narrow one emails have room before uuids, of which the beginning is left.
    uuid = r"[0-9a-f]{8}-[0-9a-f-]{27}$" if width == 200 else r"[0-9a-f]{8}(-[0-9a-f-]*)?(…|$)"
    rows = [line.rstrip() for line in shown.lines if re.search(uuid if width == 80 else uuid[:-1], line.rstrip())]
    assert len(rows) == 20
    assert not any("…" in row.split()[0] for row in rows)


def test_colour_where_it_is_welcome(screen: Callable[..., Screen]) -> None:
    assert "\x1b[" in screen("persons", "get", "5").text
    assert "\x1b" not in screen("persons", "get", "5", NO_COLOR="1").text
    assert "\x1b" not in screen("persons", "get", "5", TERM="dumb").text


def test_one_person_fits_the_terminal(screen: Callable[..., Screen]) -> None:
    shown = screen("persons", "get", "5", width=50, NO_COLOR="1")
    assert max(map(len, shown.lines)) <= 50


def test_text_of_the_server_cannot_repaint_the_terminal(box: Sandbox, screen: Callable[..., Screen], run: Run) -> None:
    evil = "\x1b]0;owned\x07\x1b[2J\u202eevil\x9b31m\r\nforged: line"
    with Environment(box.project_id, api_key=box.api_key, host=box.host) as env:
        person = env.persons.list(offset=200).take(1)[0]
        env.persons.update(person, {"email": evil, evil: evil})
    for args in (
        ["persons", "list", "--limit", "300"],
        ["persons", "get", person.uuid],
        ["persons", "csv"],
        ["persons", "list", "--json"],
        ["persons", "timeline", person.uuid, "--property", "email"],
    ):
        shown = screen(*args, width=200, NO_COLOR="1")
        assert shown.code == 0
        for bad in ("\x1b", "\x07", "\u202e", "\x9b"):
            assert bad not in shown.text, args
        # CSV alone may have line breaks in its cells, and quotes around them.
        assert "csv" in args or not [line for line in shown.lines if line.startswith("forged")], args
    asked = screen("persons", "delete", person.uuid, answers=(("[y/N]", "n\n"),))
    assert "\x1b" not in asked.text
    rows = [json.loads(line) for line in run("persons", "list", "--json").out.splitlines()]
    assert [row["properties"][evil] for row in rows if row["uuid"] == person.uuid] == [evil]
    for line in run("persons", "list").out.splitlines():
        assert len(line.split("\t")) == 5


def test_progress_with_rate_and_time_left(many: dict[str, str], home: Path, tmp_path: Path) -> None:
    assert home.exists()
    file = tmp_path / "persons.jsonl"
    shown = on_screen("persons", "list", "--json", width=120, stdout=file, env=many)
    assert shown.code == 0
    assert len(file.read_text().splitlines()) == 20_000
    assert "Persons" in shown.text
    assert re.search(r"[0-9,]+/s", shown.text)
    assert "20000/20000" in shown.text
    assert re.search(r"left:.*[0-9]:[0-9]{2}:[0-9]{2}", shown.text)


def test_no_progress_where_nobody_looks(many: dict[str, str], home: Path) -> None:
    assert home.exists()
    done = subprocess.run([*PHENV, "persons", "csv"], env=many, capture_output=True, check=True, timeout=60)
    assert done.stderr == b""
    assert done.stdout.count(b"\n") == 20_001


def test_without_the_extra_a_terminal_gets_tabs_and_a_hint(box: Sandbox, home: Path) -> None:
    assert home.exists()
    code = (
        "import sys; sys.modules['rich'] = None; sys.stdout.isatty = lambda: True; "
        "from posthog_environments.cli import main; sys.exit(main(['persons', 'list', '--limit', '2']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, **box.environ}, capture_output=True, text=True, check=True
    )
    assert len(done.stdout.splitlines()) == 3
    assert "posthog-environments[cli]" in done.stderr


def test_an_encoding_without_the_letters_is_no_failure(box: Sandbox, home: Path) -> None:
    assert home.exists()
    with Environment(box.project_id, api_key=box.api_key, host=box.host) as env:
        env.persons.update(7, {"city": "Łódź 🏙"})
    environ = {**os.environ, **box.environ, "PYTHONIOENCODING": "latin-1"}
    done = subprocess.run([*PHENV, "persons", "get", "7"], env=environ, capture_output=True, check=True)
    assert b"\\u0141\xf3d\\u017a \\U0001f3d9" in done.stdout
    done = subprocess.run([*PHENV, "persons", "get", "7", "--json"], env=environ, capture_output=True, check=True)
    assert json.loads(done.stdout)["properties"]["city"] == "Łódź 🏙"


def test_a_prefix_on_its_way_out_is_one_line(home: Path) -> None:
    assert home.exists()
    with Sandbox(persons=3, era="2026", rates=False) as box:
        environ = {**os.environ, **box.environ}
        command = [*PHENV, "persons", "list", "--json"]
        chosen = [*command, "--prefix", "environments"]
        done = subprocess.run(chosen, env=environ, capture_output=True, text=True, check=True)
        assert len(done.stdout.splitlines()) == 3
        (line,) = done.stderr.splitlines()
        assert line.startswith("Warning: ")
        assert "projects" in line
        done = subprocess.run(command, env=environ, capture_output=True, text=True, check=True)
        assert done.stderr == ""


# -------------------------------------------------------------------------------------------- help, examples, reference


def commands(path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    import click

    from posthog_environments.cli.root import phenv

    command: click.Command = phenv
    for name in path:
        assert isinstance(command, click.Group)
        found = command.get_command(click.Context(command), name)
        assert found is not None
        command = found
    yield path
    if isinstance(command, click.Group):
        for name in command.list_commands(click.Context(command)):
            yield from commands((*path, name))


def examples() -> list[str]:
    import click

    from posthog_environments.cli.root import phenv

    lines: list[str] = []
    for path in commands():
        command: click.Command = phenv
        for name in path:
            assert isinstance(command, click.Group)
            found = command.get_command(click.Context(command), name)
            assert found is not None
            command = found
        shown = getattr(command, "examples", [])
        assert isinstance(command, click.Group) or shown, f"{' '.join(path)} has no example"
        lines += shown
    return lines


@pytest.mark.parametrize("path", list(commands()), ids=" ".join)
def test_every_command_has_help_that_fits(bare: Run, path: tuple[str, ...]) -> None:
    done = bare(*path, "--help")
    assert (done.code, done.err) == (0, "")
    assert f"Usage: {' '.join(('phenv', *path))}" in done.out
    if path and path[0] in ("persons", "insights") and len(path) == 2:
        assert "--api-key-file" in done.out
    assert bare(*path, "-h").out == done.out


def test_the_one_line_help_is_that_of_the_command() -> None:
    for group in ((), ("persons",), ("insights",)):
        import click

        from posthog_environments.cli.root import phenv

        command: click.Command = phenv
        for name in group:
            assert isinstance(command, click.Group)
            command = command.get_command(click.Context(command), name) or command
        lazy = command._lazy  # type: ignore[attr-defined]
        for name in lazy:
            assert isinstance(command, click.Group)
            found = command.get_command(click.Context(command), name)
            assert found is not None
            assert found.help
    assert set(COMMANDS) == {"persons", "insights", "api", "journal", "init", "doctor", "sandbox", "spec", "completion"}


@pytest.mark.parametrize("line", examples())
def test_the_examples_of_the_help_run(box: Sandbox, home: Path, tmp_path: Path, line: str) -> None:
    """Each example is run by a shell; init and sandbox, which ask or stay, only as far as their help."""
    if "deletion-status" in line:
        # Only the servers of today have it.
        with Sandbox(persons=200, now="2026-02-01T12:00:00", rates=False, lag=0, era="2026-09") as today:
            _run_example(today, home, tmp_path, line)
    else:
        _run_example(box, home, tmp_path, line)


def _run_example(box: Sandbox, home: Path, tmp_path: Path, line: str) -> None:
    with Environment(box.project_id, api_key=box.api_key, host=box.host) as env:
        person = next(each for each in env.persons.list(offset=100) if each.properties.get("email"))
    victim, email = person.uuid, person.properties["email"]
    line = re.sub(r"\bID\b|\b42\b|095be615-[0-9a-f-]{27}", victim, line)
    words = shlex.split(line, comments=True)
    if words[:2] in (["phenv", "init"], ["phenv", "sandbox"]):
        line = f"{line.partition('<')[0].partition('#')[0]} --help"
    if words[:3] in (["phenv", "persons", "delete"], ["phenv", "persons", "delete-property"]) and "--yes" not in words:
        line += " --yes"
    (home / ".config" / "fish" / "completions").mkdir(parents=True)
    (tmp_path / "phenv").write_text(f'#!/bin/sh\nexec {shlex.join(PHENV)} "$@"\n')
    (tmp_path / "phenv").chmod(0o755)
    # What the examples read.
    (tmp_path / "ids.txt").write_text("00000000-0000-4000-8000-000000000000\n")
    (tmp_path / "emails.txt").write_text(f"{email}\n")
    (tmp_path / "requests.csv").write_text(f"name,email\nAda,{email}\n")
    (tmp_path / "changes.jsonl").write_text(f'{{"id": "{victim}", "set": {{"plan": "pro"}}}}\n')
    environ = {**os.environ, **box.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    if words[:3] == ["phenv", "journal", "verify"]:
        line = (
            f"phenv persons delete --from-file emails.txt --by email --yes && {line.replace('ada@example.com', email)}"
        )
    done = subprocess.run(["sh", "-c", line], cwd=tmp_path, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr


def test_the_reference_is_in_step_with_the_commands(tmp_path: Path) -> None:
    script = ROOT / "scripts" / "command_reference.py"
    done = subprocess.run([sys.executable, str(script), "--check"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    text = (ROOT / "docs" / "commands.md").read_text()
    for path in commands():
        assert f"## `{' '.join(('phenv', *path))}`\n" in text
    copy = tmp_path / "scripts" / "command_reference.py"
    copy.parent.mkdir()
    for name in (script.name, "generated_page.py"):
        copy.with_name(name).write_text(script.with_name(name).read_text())
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "commands.md").write_text(text.replace("--limit", "--most", 1))
    done = subprocess.run([sys.executable, str(copy), "--check"], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "make generate" in done.stderr


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion(bare: Run, shell: str) -> None:
    done = bare("completion", shell)
    assert (done.code, done.err) == (0, "")
    assert "_PHENV_COMPLETE" in done.out


def test_bash_completes_commands_and_options(home: Path, tmp_path: Path) -> None:
    assert home.exists()
    (tmp_path / "phenv").write_text(f'#!/bin/sh\nexec {shlex.join(PHENV)} "$@"\n')
    (tmp_path / "phenv").chmod(0o755)
    script = """
        eval "$(phenv completion bash)"
        COMP_WORDS=(phenv persons l) COMP_CWORD=2; _phenv_completion phenv; echo "${COMPREPLY[@]}"
        COMPREPLY=()
        COMP_WORDS=(phenv persons list --sea) COMP_CWORD=3; _phenv_completion phenv; echo "${COMPREPLY[@]}"
    """
    environ = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    done = subprocess.run(["bash", "-c", script], env=environ, capture_output=True, text=True, check=False)
    assert done.stdout.splitlines() == ["list", "--search"], done.stderr


def test_spec_is_the_contract(bare: Run) -> None:
    contract = ROOT / "openapi.yaml"
    assert bare("spec").out == contract.read_text()
    assert Path(bare("spec", "--path").out.strip()).read_text() == contract.read_text()
    assert bare("spec", "--evidence").out == (ROOT / "docs" / "evidence.md").read_text()
    for name in ("types.ts", "postman.json", "openapi.yaml"):
        file = contract if name == contract.name else ROOT / "contract" / name
        assert bare("spec", "--form", name).out == file.read_text()
    assert json.loads(Path(bare("spec", "--form", "openapi-bundle.json", "--path").out.strip()).read_text())["paths"]
    assert bare("spec", "--form", "openapi.doc").code == bare("spec", "--form", "types.ts", "--evidence").code == 2


def test_the_sandbox_in_the_foreground_as_json(home: Path) -> None:
    assert home.exists()
    process = subprocess.Popen(
        [*PHENV, "sandbox", "--persons", "5", "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    text = ""
    while not text.endswith("}\n"):
        text += process.stdout.readline()
    environ = {**os.environ, **json.loads(text)}
    command = [*PHENV, "persons", "list", "--json"]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=True)
    assert len(done.stdout.splitlines()) == 5
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert out == ""
    assert "Interrupted" in err


def test_the_package_stays_out_of_help() -> None:
    heavy = [
        "httpx",
        "attrs",
        "msgspec",
        "dateutil",
        "rich",
        "duckdb",
        "posthog_environments.client.environment",
        "ssl",
    ]
    for args in (["--help"], ["persons", "--help"], ["persons", "list", "--help"], ["insights", "trend", "--help"]):
        code = f"""
import sys
from posthog_environments.cli import main
assert main({args!r}) == 0
print([name for name in {heavy!r} if name in sys.modules], file=sys.stderr)
"""
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert done.stderr.strip() == "[]", args
