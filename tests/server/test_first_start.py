"""Several first starts at once on one folder, and commands beside a server whose address only it knows."""

from __future__ import annotations

import json
import os
import re
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.support import forked
from tests.support.forked import ForkedServer
from tests.support.server import CLI, Server, free_port

SANDBOX = (*CLI, "sandbox", "--json")
AT_ONCE = 2


def commands(program: tuple[str, ...], environment: dict[str, str], count: int) -> list[subprocess.CompletedProcess[str]]:
    """The same command so many times at once, in processes of their own."""

    def one(_: int) -> subprocess.CompletedProcess[str]:
        with tempfile.TemporaryDirectory() as folder:
            return forked.run(program, environment, Path(folder))

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


def test_sandboxes_made_at_once_are_one(tmp_path):
    server = Server(tmp_path / "instance")
    done = commands(SANDBOX, server.environment, AT_ONCE)
    assert [(each.returncode, each.stderr) for each in done] == [(0, "")] * AT_ONCE
    assert len({each.stdout for each in done}) == 1
    assert server.query("SELECT count(*) FROM accounts") == [(1,)]
    assert server.command("audit")["ok"]


def test_servers_and_a_command_that_start_at_once_on_a_new_folder_all_do_their_work(tmp_path):
    instance = tmp_path / "instance"
    servers = [ForkedServer(instance, WESEND_WORKERS="1") for _ in range(2)]
    for number, server in enumerate(servers):
        server.log = tmp_path / f"server{number}.log"
    try:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            told = pool.submit(commands, SANDBOX, servers[0].environment, 1)
            list(pool.map(Server.start, servers))
            [done] = told.result()
        assert (done.returncode, done.stderr) == (0, "")
        assert [server.health() for server in servers] == [200, 200]
        assert len([server for server in servers if "/sign-in/" in server.output()]) == 1
        assert servers[0].command("audit")["ok"]
    finally:
        for server in servers:
            if server.process is not None:
                server.kill()


def test_of_two_that_start_at_once_on_one_port_one_serves_and_the_other_says_so(tmp_path):
    port = str(free_port())
    servers = [ForkedServer(tmp_path / "instance", WESEND_WORKERS="1", WESEND_PORT=port) for _ in range(2)]
    for number, server in enumerate(servers):
        server.log = tmp_path / f"server{number}.log"
        server.process = server.launch()
    try:
        Server.wait_until(lambda: any(server.process.poll() is not None for server in servers), 60, "both serve")
        [refused] = [server for server in servers if server.process.poll() is not None]
        [serving] = [server for server in servers if server is not refused]
        serving.url = f"http://127.0.0.1:{port}"
        serving.wait_until(lambda: serving.health() == 200, 30, "neither serves")
        assert re.fullmatch(rf"Error: Port {port} on 127.0.0.1 is in use: [^\n]+\n", refused.output()), refused.output()
    finally:
        for server in servers:
            server.kill()


@pytest.mark.parametrize("other", ["HTTP", "SMPP"])
def test_the_port_that_catches_mail_is_its_own(tmp_path, other):
    port = str(free_port())
    named = {"HTTP": "WESEND_PORT", "SMPP": "WESEND_SMPP_PORT"}[other]
    refused = ForkedServer(tmp_path / "instance", WESEND_SANDBOX_SMTP_PORT=port, **{named: port})
    refused.log = tmp_path / "server.log"
    process = refused.launch()
    assert process.wait(60) == 1
    assert refused.output() == f"Error: WESEND_SANDBOX_SMTP_PORT is {port}, where {other} is served: choose another.\n"


# -- where the server of an instance is ------------------------------------


@pytest.fixture(scope="module")
def elsewhere(new_instance) -> Iterator[Server]:
    """Started with --port, of which no command's environment says anything."""
    port = free_port()
    server = ForkedServer(new_instance(), program=("app.py", "--port", str(port)), WESEND_WORKERS="1")
    server.port, server.url = port, f"http://127.0.0.1:{port}"
    del server.environment["WESEND_PORT"]
    with server:
        yield server


PRINTERS = {
    "sandbox": ("sandbox",),
    "a new user": ("user", "create", "somebody@example.com"),
    "a link": ("user", "link", "somebody@example.com"),
    "a gateway": ("gateway", "set", "at", "--type", "africastalking", "--option", "username=shop", "--secret", "api_key=x"),
    "the gateways": ("gateway", "list"),
}


@pytest.mark.parametrize("name", PRINTERS)
def test_every_command_that_prints_an_address_prints_that_of_the_running_server(elsewhere, name):
    assert elsewhere.url in str(elsewhere.command(*PRINTERS[name]))


def test_what_is_named_explicitly_is_printed(elsewhere):
    for named in ({"WESEND_BASE_URL": "https://sms.example.org"}, {"WESEND_PORT": "8123"}):
        elsewhere.environment.update(named)
        try:
            url = elsewhere.command("sandbox")["base_url"]
        finally:
            for name in named:
                del elsewhere.environment[name]
        assert url == named.get("WESEND_BASE_URL", "http://127.0.0.1:8123")


def test_the_file_is_the_owners_and_says_where(elsewhere):
    path = elsewhere.instance / "serving.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    told = json.loads(path.read_text())
    assert (told["pid"], told["url"], told["base_url"]) == (elsewhere.process.pid, elsewhere.url, elsewhere.url)


def address(instance: Path) -> str:
    server = Server(instance)
    del server.environment["WESEND_PORT"]
    return server.command("sandbox")["base_url"]


@pytest.mark.parametrize(
    "told", ({"pid": 2**22 + 1, "began": "1"}, {"pid": os.getpid(), "began": "1"}, {"pid": "x", "began": None}, {"pid": None}, None)
)
def test_a_server_that_is_gone_is_not_believed(new_instance, told):
    instance = new_instance()
    place = {"url": "http://127.0.0.1:8401", "base_url": "http://127.0.0.1:8401", "host": "127.0.0.1", "port": 8401}
    (instance / "serving.json").write_text("{" if told is None else json.dumps({**place, **told}))
    assert address(instance) == "http://127.0.0.1:8000"


def test_a_server_that_ends_takes_its_word_back(new_instance):
    with ForkedServer(new_instance(), WESEND_WORKERS="1") as server:
        assert address(server.instance) == server.url
        server.stop()
        assert not (server.instance / "serving.json").exists()


def test_of_two_servers_the_one_that_goes_on_is_found(new_instance):
    with ForkedServer(new_instance(), WESEND_WORKERS="1") as server:
        with ForkedServer(server.instance, WESEND_WORKERS="1") as later:
            assert address(server.instance) == later.url
        assert address(server.instance) == server.url
        assert [host["pid"] for host in server.command("host", "list")["hosts"]] == [server.process.pid]


@pytest.mark.parametrize(
    ("name", "value"),
    (
        ("WESEND_DATABASE_URL", "postgresql://wesend:hunter2@db/wesend"),
        ("WESEND_DATABASE_URL", "mysql://root:hun/t@er2@h/db?x=hunter2"),
        ("WESEND_DATABASE_URL", "wesend:hunter2@db"),
        ("WESEND_BASE_URL", "ftp://me:hunter2@sms.example.org"),
        ("WESEND_SMTP_URL", "http://me:hunter2@mail"),
    ),
)
def test_an_address_that_is_refused_is_named_without_its_password(tmp_path, name, value):
    done = forked.run(("app.py",), Server(tmp_path / "instance", **{name: value}).environment, tmp_path)
    assert done.returncode == 1 and name in done.stderr
    assert "hunter2" not in done.stderr + done.stdout and "er2@" not in done.stderr
