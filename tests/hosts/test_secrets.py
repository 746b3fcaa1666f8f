"""What a host of several must be given, and what it never tells: the password in its database's URL."""

from __future__ import annotations

import subprocess
import sys

import pytest
from click.testing import CliRunner

from tests.support.postgresql import KEY
from tests.support.server import PROJECT
from wesend.cli import group

PASSWORDS = ("hunter2", "hunter@2/3", "hunter%402%2F3")
"""As they stand in a URL, and as they are sent."""
UNREACHABLE = [
    "postgresql://w:hunter2@127.0.0.1:1/none",
    "postgresql://w:hunter%402%2F3@127.0.0.1:1/none",
    "postgresql://w:hunter2@no.such.host.invalid/none",
    "postgresql://w:hunter2@127.0.0.1:1,127.0.0.1:2/none?target_session_attrs=read-write",
    "postgresql://w@127.0.0.1:1/none?password=hunter2",
    "postgresql://w:hunter2@127.0.0.1:99999/none",
    "postgresql://w:hunter2@127.0.0.1:1/none?nonsense=hunter2",
]
COMMANDS = [("doctor",), ("account", "list"), ("host", "list"), ("audit",), ("backup", "x.dump"), ("wallet", "show", "w")]


def is_told(text: str) -> bool:
    return any(password in text for password in PASSWORDS)


@pytest.mark.parametrize("url", UNREACHABLE)
@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_no_command_tells_the_password_of_a_database_that_can_not_be_reached(tmp_path, url, command):
    environment = {"WESEND_INSTANCE": str(tmp_path), "WESEND_DATABASE_URL": url, "WESEND_SECRET_KEY": KEY}
    done = CliRunner().invoke(group, [*command, "--json"], env=environment)
    assert done.exit_code == (0 if command == ("doctor",) and done.stdout else 1)  # it tells what it found
    assert not is_told(done.output + done.stderr + repr(done.exception))


@pytest.mark.parametrize("url", UNREACHABLE[1:3])
def test_no_start_tells_it(tmp_path, url):
    environment = {"WESEND_INSTANCE": str(tmp_path), "WESEND_DATABASE_URL": url, "WESEND_SECRET_KEY": KEY, "WESEND_PORT": "0"}
    done = subprocess.run(
        [sys.executable, "app.py"],
        cwd=PROJECT,
        env={"PATH": "/usr/bin:/bin", **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode != 0 and done.stderr.strip() and not is_told(done.stdout + done.stderr)
    assert "Traceback" not in done.stderr


def test_without_the_key_in_the_environment_the_start_is_refused_naming_both(tmp_path):
    environment = {"WESEND_INSTANCE": str(tmp_path), "WESEND_DATABASE_URL": UNREACHABLE[0]}
    for arguments in (["up"], ["account", "list"], ["doctor"]):
        done = CliRunner().invoke(group, arguments, env=environment)
        assert done.exit_code == 1
        assert "WESEND_DATABASE_URL" in done.stderr and "WESEND_SECRET_KEY" in done.stderr and done.stderr.count("\n") == 1


@pytest.mark.parametrize("value", ["0", "-1", "1.5", "ten", " "])
def test_a_pool_that_is_no_whole_number_refuses_the_start(tmp_path, value):
    environment = {
        "WESEND_INSTANCE": str(tmp_path),
        "WESEND_DATABASE_URL": UNREACHABLE[0],
        "WESEND_SECRET_KEY": KEY,
        "WESEND_DATABASE_POOL": value,
    }
    done = CliRunner().invoke(group, ["up"], env=environment)
    if value.strip():
        assert done.exit_code == 1 and "WESEND_DATABASE_POOL" in done.stderr and not is_told(done.stderr)
    else:  # as if it were not set
        assert "WESEND_DATABASE_POOL" not in done.stderr
