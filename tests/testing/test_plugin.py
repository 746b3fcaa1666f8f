"""The pytest plugin, as somebody's suite uses it: in a process of its own, beside others, and at a server elsewhere."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SUITE = """
import base64, json, urllib.request


def send(sandbox, to, text):
    keys = sandbox.credentials["wesendall"]
    token = base64.b64encode(f"{keys['api_key']}:{keys['api_secret']}".encode()).decode()
    body = json.dumps({"walletId": keys["wallet_id"], "recipient": to, "message": text}).encode()
    headers = {"Content-Type": "application/json", "Authorization": f"Basic {token}", **sandbox.headers}
    request = urllib.request.Request(f"{sandbox.url}/api/v1/sms/send", body, headers)
    return json.load(urllib.request.urlopen(request))


def test_a_code_is_read(wesend_sandbox):
    send(wesend_sandbox, "+256712345678", "Your code is 482910")
    found = wesend_sandbox.wait_for_message("+256712345678", r"code is ([0-9]+)")
    assert found["match"] == "482910"
    assert [one["text"] for one in wesend_sandbox.messages("+256712345678")] == ["Your code is 482910"]


def test_nothing_of_another_test_is_seen(wesend_sandbox):
    assert wesend_sandbox.messages() == [] and wesend_sandbox.emails("ann@example.com") == []


def test_a_rule_holds(wesend_sandbox):
    wesend_sandbox.rule("+256712345678", "low_balance")
    try:
        send(wesend_sandbox, "+256712345678", "Hello")
        raise AssertionError("it was sent")
    except urllib.error.HTTPError as error:
        assert error.code == 402


def test_somebody_writes(wesend_sandbox):
    assert wesend_sandbox.receive("+256712345678", "JOIN hello", to="32811")["id"].startswith("mo_")
"""


def run_suite(folder: Path, *options: str, **environment: str) -> str:
    (folder / "test_suite.py").write_text(SUITE)
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("WESEND_", "PYTEST_"))}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options, str(folder)]
    ended = subprocess.run(command, cwd=folder, env={**clean, **environment}, capture_output=True, text=True, timeout=300)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


@pytest.mark.parametrize("options", [("-p", "no:xdist"), ("-n", "2")])
def test_a_suite_gets_a_sandbox_of_its_own(tmp_path, options):
    assert "4 passed" in run_suite(tmp_path, *options)


def test_a_suite_uses_the_sandbox_that_it_is_told_of(tmp_path):
    from wesend.testing.server import serving

    with serving() as (url, _):
        assert "4 passed" in run_suite(
            tmp_path, "-p", "no:xdist", WESEND_URL=url, WESEND_DATABASE_URL=f"sqlite:///{tmp_path}/own.db"
        )
    assert not (tmp_path / "own.db").exists()  # somebody's own database is left alone
