"""Starting and stopping: what stands in the way is told in one sentence; what is printed works; nothing is lost."""

from __future__ import annotations

import http.client
import os
import re
import signal
import socket
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import requests

from tests.support import forked
from tests.support.apis import basic
from tests.support.forked import ForkedServer
from tests.support.server import PROJECT, Server, free_port
from tests.support.wire import PUBLISHED, Wire, new_customer


def start(instance: Path, *options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs app.py, which is expected to end by itself."""
    return subprocess.run(
        [sys.executable, "app.py", *options],
        cwd=PROJECT,
        env=Server(instance, **environment).environment,
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.fixture
def start_quickly(tmp_path_factory) -> Callable[..., subprocess.CompletedProcess[str]]:
    """The same in a fork: what is refused, in which words, is the same in all of them."""

    def start_forked(instance: Path, **environment: str) -> subprocess.CompletedProcess[str]:
        return forked.run(("app.py",), Server(instance, **environment).environment, tmp_path_factory.mktemp("forked"))

    return start_forked


def assert_one_sentence(done: subprocess.CompletedProcess[str], *names: str) -> None:
    assert done.returncode == 1
    assert done.stdout == ""
    assert re.fullmatch(r"Error: [^\n]+\.\n", done.stderr), done.stderr
    assert all(name in done.stderr for name in names), done.stderr


TWICE = """
import warnings
from click.testing import CliRunner
from wesend.cli import group
warnings.simplefilter("error")
for _ in range(2):
    done = CliRunner().invoke(group, ["up"])
    print(done.exit_code, done.stderr, end="")
"""


def test_a_start_that_fails_has_left_its_port_to_the_next_one(tmp_path):
    instance = tmp_path / "instance"
    instance.mkdir(mode=0o700)
    (instance / "wesend.db").write_bytes(b"no database" * 1000)
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-c", TWICE],
        cwd=PROJECT,
        env=Server(instance).environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    first, second = done.stdout.splitlines()
    assert first == second and first.startswith("1 Error: ") and "Port" not in first, done.stdout
    assert "unclosed <socket" not in done.stderr, done.stderr


def test_a_busy_port_is_named_before_anything_is_written(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = start(tmp_path / "instance", WESEND_PORT=port)
    assert_one_sentence(done, port, "--port")
    assert not (tmp_path / "instance").exists()


def test_a_second_server_on_the_port_of_the_first_is_refused(running, start_quickly):
    assert_one_sentence(start_quickly(running.instance, WESEND_PORT=str(running.port)), str(running.port))
    assert running.health() == 200


def test_a_folder_that_can_not_be_made_is_named(tmp_path, start_quickly):
    (tmp_path / "file").write_text("in the way")
    assert_one_sentence(start_quickly(tmp_path / "file" / "instance"), str(tmp_path / "file"))
    assert_one_sentence(start_quickly(tmp_path / "file"), str(tmp_path / "file"))


def test_a_folder_that_no_one_may_write_is_named(start_quickly):
    assert_one_sentence(start_quickly(Path("/proc/wesend")), "/proc/wesend")


@pytest.mark.skipif(os.getuid() == 0, reason="permissions do not hold root back")
def test_a_read_only_folder_is_named(tmp_path, start_quickly):
    folder = tmp_path / "instance"
    folder.mkdir(mode=0o500)
    assert_one_sentence(start_quickly(folder), str(folder))


def test_a_database_of_a_newer_version_is_left_alone(new_instance, start_quickly):
    instance = new_instance()
    with sqlite3.connect(instance / "wesend.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = 'f_future'")
    connection.close()
    before = (instance / "wesend.db").read_bytes()
    assert_one_sentence(start_quickly(instance), "newer version", "f_future")
    assert (instance / "wesend.db").read_bytes() == before


def test_a_file_that_is_no_database_is_left_alone(tmp_path, start_quickly):
    tmp_path.joinpath("wesend.db").write_text("a shopping list, and a long one, " * 50)
    assert_one_sentence(start_quickly(tmp_path), "wesend.db")
    assert tmp_path.joinpath("wesend.db").read_text().startswith("a shopping list")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("WESEND_PORT", "eighty"),
        ("WESEND_WORKERS", "0"),
        ("WESEND_SANDBOX_DELAY", "-1"),
        ("WESEND_SCHEDULER", "maybe"),
        ("WESEND_DATABASE_URL", "mysql://localhost/wesend"),
        ("WESEND_HOST", "not.an.address.invalid"),
    ],
)
def test_a_setting_that_can_not_be_used_is_named(tmp_path, start_quickly, name, value):
    assert_one_sentence(start_quickly(tmp_path / "instance", **{name: value}), value)
    assert not (tmp_path / "instance").exists()


def test_an_option_that_can_not_be_used_is_a_usage_error(tmp_path):
    done = start(tmp_path / "instance", "--port", "70000")
    assert done.returncode == 2 and "--port" in done.stderr and "Traceback" not in done.stderr


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    """A first start, from nothing, by somebody whose umask gives everything to everybody."""
    before = os.umask(0)
    try:
        with Server(tmp_path_factory.mktemp("first") / "instance", WESEND_SANDBOX_DELAY="0") as server:
            yield server
    finally:
        os.umask(before)


def printed_command(output: str) -> str:
    """The first curl command with the lines that its backslashes join."""
    found = re.search(r"^curl (?:.*\\\n)*.*$", output, re.MULTILINE)
    assert found, output
    return found[0]


def test_the_first_start_prints_its_address_its_folder_and_a_command_that_works(running):
    output = running.output()
    assert running.url in output and str(running.instance) in output
    done = subprocess.run(["sh", "-c", printed_command(output)], capture_output=True, text=True, timeout=60)
    assert '"success":true' in done.stdout, done
    with Wire(running.port) as wire:
        assert "Hello from wesend" in [message["message"] for message in wire.history()]
    reading = re.search(r"curl '[^']+/sandbox/messages'", output)
    assert reading
    caught = subprocess.run(["sh", "-c", reading[0]], capture_output=True, text=True, timeout=60)
    assert "Hello from wesend" in caught.stdout


def test_folder_and_files_are_its_owners_alone(running):
    assert stat.S_IMODE(running.instance.stat().st_mode) == 0o700
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in running.instance.iterdir()}
    assert modes["wesend.db"] == modes["secret.key"] == 0o600
    assert {name: mode for name, mode in modes.items() if mode & 0o077} == {}


def test_started_again_it_keeps_everything_and_tells_no_secret_again(tmp_path):
    server = ForkedServer(tmp_path / "instance", WESEND_SANDBOX_DELAY="0")
    with server:
        customer = new_customer(server, "1000")
        with Wire(server.port, customer) as wire:
            sent = wire.send("+256771000001").data
        key = (server.instance / "secret.key").read_text()
        server.stop()
    told = server.output()
    with server:
        with Wire(server.port, customer) as wire:
            assert wire.balance() == sent["remaining_balance"]
            assert [message["message_id"] for message in wire.history()] == [sent["results"][0]["message_id"]]
        assert (server.instance / "secret.key").read_text() == key
        listed = server.command("key", "list", "--account", "2")
        assert [key["prefix"] for key in listed["keys"]] and customer.secret not in str(listed)
    link = re.search(r"\nSign in and set a password.*\n  http://\S+/sign-in/\S+\n\n", told)
    assert link, "the first start prints the link of the first user"
    assert server.output() == told + told.replace(link[0], "")
    assert key not in told and customer.secret not in told
    assert customer.secret.encode() not in (server.instance / "wesend.db").read_bytes()


def test_with_the_sandbox_off_its_credentials_are_neither_printed_nor_answered(new_instance):
    with ForkedServer(new_instance(), WESEND_SANDBOX="0", WESEND_WORKERS="1") as server:
        assert PUBLISHED.secret not in server.output() and "curl" not in server.output()
        with Wire(server.port) as wire:
            assert wire.send("+256771000001").status == 401
        assert requests.get(f"{server.url}/sandbox/messages", timeout=10).status_code == 404


def test_host_and_port_may_be_given_as_options(tmp_path):
    port = free_port()
    server = ForkedServer(tmp_path / "instance", program=("app.py", "--port", str(port), "--workers", "1"), WESEND_PORT="1")
    server.port, server.url = port, f"http://127.0.0.1:{port}"
    with server:
        assert server.url in server.output()
        assert len(server.workers()) == 1


def test_sigterm_answers_what_is_under_way_and_ends_cleanly(new_instance):
    with Server(new_instance()) as server:
        body = b'{"walletId": "%s", "recipient": "0771000001", "message": "Last"}' % PUBLISHED.wallet.encode()
        with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
            connection.sendall(request_head(len(body)))
            assert connection.recv(100).startswith(b"HTTP/1.1 100")  # a worker is in the request now
            os.kill(server.process.pid, signal.SIGTERM)
            server.wait_until(lambda: len(server.workers()) == 1, 30, "the idle worker does not end")
            connection.sendall(body)
            response = http.client.HTTPResponse(connection)
            response.begin()
            assert response.status == 200 and b'"success":true' in response.read()
        assert server.process.wait(40) == 0
        assert "Traceback" not in server.output()
        assert server.workers() == set()
        assert server.query("SELECT text FROM messages") == [("Last",)]


def request_head(length: int) -> bytes:
    """Of a send whose body is announced and not there yet."""
    authorization = basic(PUBLISHED.key, PUBLISHED.secret)
    return "\r\n".join(
        [
            "POST /api/v1/sms/send HTTP/1.1",
            "Host: localhost",
            "Expect: 100-continue",
            "Content-Type: application/json",
            f"Content-Length: {length}",
            f"Authorization: {authorization}",
            "",
            "",
        ]
    ).encode()
