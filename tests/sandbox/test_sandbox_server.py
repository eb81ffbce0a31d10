from __future__ import annotations

import asyncio
import gc
import os
import signal
import socket
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from posthog_environments.sandbox import Sandbox, SandboxError, SandboxStartError

from .conftest import Client, Start

PHENV = [sys.executable, "-m", "posthog_environments.cli"]


def _threads() -> set[str]:
    return {thread.name for thread in threading.enumerate() if thread.name.startswith("posthog-sandbox")}


def test_nothing_is_left_behind() -> None:
    before = set(threading.enumerate())
    for _ in range(3):
        box = Sandbox(10, rates=False)
        with pytest.raises(SandboxError, match="not running"):
            _ = box.host
        with box:
            port = int(box.host.rpartition(":")[2])
            assert httpx.get(f"{box.host}/_health").text == "ok"
            assert box.start() is box
            client = Client(box)
            assert len(client.get("/persons/", format="csv").text.splitlines()) == 11
            client.close()
        box.stop()
        assert set(threading.enumerate()) <= before
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"http://127.0.0.1:{port}/_health")


def test_connections_that_come_while_it_stops_are_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    unclosed: list[str] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda found: unclosed.append(str(found.exc_value)))
    for _ in range(10):
        box = Sandbox(1, rates=False).start()
        port = int(box.host.rpartition(":")[2])
        guests: list[socket.socket] = []
        connected, stopped = threading.Event(), threading.Event()

        def visit(port: int, guests: list[socket.socket], connected: threading.Event, stopped: threading.Event) -> None:
            while not stopped.is_set() and len(guests) < 2000:
                try:
                    guests.append(socket.create_connection(("127.0.0.1", port), 5))
                except OSError:
                    return
                connected.set()

        visitor = threading.Thread(target=visit, args=(port, guests, connected, stopped))
        visitor.start()
        assert connected.wait(10)
        box.stop()
        stopped.set()
        visitor.join()
        for guest in guests:
            guest.close()
        gc.collect()
    assert unclosed == []


def test_a_sandbox_can_start_again() -> None:
    box = Sandbox(10, rates=False)
    for _ in range(2):
        with box:
            client = Client(box)
            assert len(client.persons()) == 10
            client.close()
    assert repr(box) == "<Sandbox not running>"


def test_two_side_by_side(start: Start) -> None:
    one, two = start(5), start(7)
    assert one.box.host != two.box.host
    assert (len(one.persons()), len(two.persons())) == (5, 7)
    assert one.http.get(two.box.host + "/api/projects/").status_code == 401


def test_a_taken_port_is_said() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(SandboxStartError, match="cannot be used"):
            Sandbox(1, port=taken.getsockname()[1]).start()


def test_inside_a_loop_and_from_another_thread() -> None:
    async def inside() -> int:
        with Sandbox(3, rates=False) as box:
            async with httpx.AsyncClient(headers={"Authorization": f"Bearer {box.api_key}"}) as client:
                answer = await client.get(f"{box.host}/api/projects/@current/persons/")
                return len(answer.json()["results"])

    assert asyncio.run(inside()) == 3
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(lambda: asyncio.run(inside())).result() == 3


def test_many_at_once(start: Start) -> None:
    client = start(200, lag=0)

    def work(number: int) -> int:
        client.http.patch(f"/persons/{number % 10 + 1}/", json={"properties": {f"p{number}": number}})
        return client.get("/persons/", limit=50, offset=number).status_code

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(work, range(80))) == {200}
    client.box.settle()
    for number in range(80):
        assert client.json(f"/persons/{number % 10 + 1}/")["properties"][f"p{number}"] == number


def test_browsers_on_loopback_may_call(odd: Client) -> None:
    preflight = {"Access-Control-Request-Method": "PATCH", "Access-Control-Request-Headers": "authorization"}
    for origin in ("http://localhost:5173", "http://127.0.0.1", "http://[::1]:3000"):
        answer = odd.http.options("/persons/", headers={"Origin": origin, **preflight})
        assert answer.status_code == 200
        assert answer.headers["access-control-allow-origin"] == origin
        assert odd.http.get("/persons/", headers={"Origin": origin}).headers["access-control-allow-origin"] == origin
    for origin in ("http://localhost.evil.example", "https://evil.example"):
        assert "access-control-allow-origin" not in odd.http.get("/persons/", headers={"Origin": origin}).headers


def test_the_page_at_the_root(tmp_path: Path) -> None:
    path = tmp_path / "e.csv"
    path.write_text("event,timestamp,distinct_id\n<b>x</b>,2026-01-01,a\n")
    with Sandbox(data=path, rates=False) as box:
        answer = httpx.get(box.host)
        assert answer.headers["content-type"].startswith("text/html")
        assert "&lt;b&gt;x&lt;/b&gt;" in answer.text
        assert "<b>x" not in answer.text
        assert f"POSTHOG_HOST={box.host}" in answer.text
        assert box.api_key not in answer.text


def test_odd_requests_get_an_answer(odd: Client) -> None:
    assert odd.http.get("/persons/", headers={"Host": 'evil"><'}).status_code in {200, 400}
    assert odd.get("/persons/", search="\x00'\"%_\\").json()["results"] == []
    assert odd.get("/persons/", distinct_id="x" * 50000).json()["results"] == []
    assert odd.http.get(odd.box.host + "/api/projects/12345/persons/%2e%2e/").status_code in {400, 404}
    assert odd.get("/persons/", properties='[{"key":"a","value":"\\u0000","type":"person"}]').status_code == 200


def test_importing_is_light_and_the_extra_is_named() -> None:
    code = """
import sys
sys.modules["duckdb"] = None
from posthog_environments.sandbox import Sandbox, SandboxMissingExtraError
import posthog_environments.pytest_plugin
for name in ("starlette", "uvicorn"):
    assert name not in sys.modules, name
try:
    Sandbox()
except SandboxMissingExtraError as error:
    assert isinstance(error, ImportError)
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "pip install 'posthog-environments[sandbox]'" in done.stdout


def test_the_fixture(posthog_sandbox: Sandbox) -> None:
    client = Client(posthog_sandbox)
    assert len(client.persons()) == 1000
    client.close()


def test_help_reads_no_command() -> None:
    code = """
import sys
from posthog_environments.cli import main
assert main(["--help"]) == 0
assert not {"duckdb", "httpx", "starlette", "posthog_environments.cli.sandbox"} & set(sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "sandbox" in done.stdout


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 0)])
def test_the_command(sent: signal.Signals, code: int) -> None:
    with subprocess.Popen(
        [*PHENV, "sandbox", "--persons", "5", "--no-rates", "--now", "2026-01-01"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline().strip() for _ in range(3)]
        given = dict(line.removeprefix("export ").split("=", 1) for line in lines)
        assert list(given) == ["POSTHOG_HOST", "POSTHOG_PROJECT_ID", "POSTHOG_PERSONAL_API_KEY"]
        answer = httpx.get(
            f"{given['POSTHOG_HOST']}/api/projects/{given['POSTHOG_PROJECT_ID']}/persons/",
            headers={"Authorization": f"Bearer {given['POSTHOG_PERSONAL_API_KEY']}"},
        )
        assert len(answer.json()["results"]) == 5
        os.kill(process.pid, sent)
        out, err = process.communicate(timeout=20)
        assert out == ""
        assert "Traceback" not in err
        assert given["POSTHOG_PERSONAL_API_KEY"] not in err
        assert process.returncode == code


@pytest.mark.parametrize(
    ("options", "code", "says"),
    [
        (["--data", "no-such.csv"], 2, "is not a file"),
        (["--era", "1999"], 2, "era"),
        (["--now", "x"], 2, "is not a date"),
    ],
)
def test_the_command_says_what_is_wrong(options: list[str], code: int, says: str) -> None:
    done = subprocess.run([*PHENV, "sandbox", *options], capture_output=True, text=True, check=False)
    assert done.returncode == code
    assert says in done.stderr
    assert done.stdout == ""


def test_the_command_names_the_extra() -> None:
    code = """
import sys
sys.modules["uvicorn"] = None
from posthog_environments.cli import main
sys.exit(main(["sandbox"]))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "pip install 'posthog-environments[sandbox]'" in done.stderr


def test_a_killed_process_leaves_a_whole_database(tmp_path: Path, start: Start) -> None:
    path = tmp_path / "box.db"
    code = f"""
from posthog_environments.sandbox import Sandbox
import httpx, os, signal
box = Sandbox(20, path={str(path)!r}, now="2026-01-01", lag=60).start()
headers = {{"Authorization": "Bearer " + box.api_key}}
url = box.host + "/api/projects/12345/persons/"
assert httpx.patch(url + "1/", json={{"properties": {{"kept": 1}}}}, headers=headers).status_code == 202
assert httpx.delete(url + "2/", headers=headers).status_code == 202
os.kill(os.getpid(), signal.SIGKILL)
"""
    done = subprocess.run([sys.executable, "-c", code], check=False)
    assert done.returncode == -signal.SIGKILL
    client = start(20, path=path)
    assert len(client.persons()) == 19
    assert client.json("/persons/1/")["properties"]["kept"] == 1


@pytest.mark.parametrize(
    "path", ["5%0C/persons/", "5%0D%0AX-Injected:%201/persons/", "%C3%BC%20/persons/", "a%3Fb/persons/"]
)
def test_headers_repeat_the_address_as_it_was_asked_for(start: Start, path: str) -> None:
    client = start(2, era="2026")
    answer = client.http.get(f"{client.box.host}/api/environments/{path}?x=%0A")
    assert answer.status_code == 404
    assert answer.headers["link"] == f'</api/projects/{path}?x=%0A>; rel="successor-version"'
    assert "x-injected" not in answer.headers
    client = start(2, redirect=True)
    answer = client.http.get(f"{client.box.host}/api/environments/{path}", follow_redirects=False)
    assert answer.headers["location"] == f"{client.box.host}/api/projects/{path}"
