"""The reference's code examples, as they stand there but for base URL and keys, against a server."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from ..support.forked import ForkedServer
from ..support.published import CREDENTIALS
from ..support.server import Server

FOLDER = Path(__file__).parent / "wasambazie_examples"
TO = "+255712345678"
KEYS = CREDENTIALS["wasambazie"]


@pytest.fixture(scope="module")
def server(copy_instance, tmp_path_factory) -> Iterator[Server]:
    instance = tmp_path_factory.mktemp("examples") / "instance"
    copy_instance(instance)
    with ForkedServer(instance, WESEND_SANDBOX_DELAY="0") as started:
        yield started


def with_url_and_keys(name: str, server: Server) -> str:
    """An example with nothing changed but what its reader is told to change."""
    text = (FOLDER / name).read_text()
    for placeholder, value in (
        ("https://wasambazie.co.tz/v1", f"{server.url}/v1"),
        ("pk_your-public-key", KEYS.public or ""),
        ("sk_your-secret-key", KEYS.secret),
    ):
        assert placeholder in text
        text = text.replace(placeholder, value)
    return text


def run_until_it_has_polled(command: list[str], name: str, server: Server, folder: Path) -> str:
    """Run an example; its wait before polling ends when its message is delivered. What it printed."""
    script = folder / name
    script.write_text(with_url_and_keys(name, server))
    waited_for = folder / "delivered"
    before = {message["id"] for message in caught(server)}
    process = subprocess.Popen(
        [*command, str(script)],
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**os.environ, "WAITED_FOR": str(waited_for)},
    )
    try:
        Server.wait_until(
            lambda: (
                process.poll() is not None
                or any(message["id"] not in before and message["status"] == "delivered" for message in caught(server))
            ),
            30,
            "the example's message was not delivered",
        )
        waited_for.touch()
        printed = process.communicate(timeout=30)[0]
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 0, printed
    return printed


def caught(server: Server) -> list[dict]:
    return requests.get(f"{server.url}/sandbox/messages", params={"to": TO}, timeout=10).json()["messages"]


def batch_in(printed: str) -> str:
    found = re.search(r"Batch ID: (\S+)", printed)
    assert found, printed
    return found[1]


def assert_it_saw_its_balance_and_its_delivery(printed: str) -> None:
    balance = re.search(r"Balance: (\S+)", printed)
    assert balance and float(balance[1]) > 0, printed
    batch = batch_in(printed)
    assert printed.count(batch) >= 2, "the report names the batch again"
    assert "delivered" in printed and TO in printed


def test_python(server, tmp_path):
    printed = run_until_it_has_polled([sys.executable, str(FOLDER / "prelude.py")], "python.py", server, tmp_path)
    assert_it_saw_its_balance_and_its_delivery(printed)


def has_axios() -> bool:
    node = shutil.which("node")
    return bool(node) and subprocess.run([node, "-e", "require('axios')"], capture_output=True).returncode == 0


@pytest.mark.skipif(not has_axios(), reason="node with axios (NODE_PATH) is not installed")
def test_node(server, tmp_path):
    printed = run_until_it_has_polled(["node", "-r", str(FOLDER / "prelude.js")], "node.js", server, tmp_path)
    assert_it_saw_its_balance_and_its_delivery(printed)


def has_php_with_curl() -> bool:
    php = shutil.which("php")
    return bool(php) and "curl" in subprocess.run([php, "-m"], capture_output=True, text=True).stdout.split()


@pytest.mark.skipif(not has_php_with_curl(), reason="php with curl is not installed")
def test_php(server, tmp_path):
    command = ["php", "-d", "disable_functions=sleep", "-d", f"auto_prepend_file={FOLDER / 'prelude.php'}"]
    assert_it_saw_its_balance_and_its_delivery(run_until_it_has_polled(command, "php.php", server, tmp_path))


def curl_blocks(server: Server) -> list[str]:
    return [block for block in re.split(r"(?m)^# .*\n", with_url_and_keys("curl.sh", server)) if block.strip()]


def run_curl(command: str) -> dict:
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_curl(server):
    show_balance, send_one, send_three, poll = curl_blocks(server)
    before = run_curl(show_balance)["balance"]
    one, three = run_curl(send_one), run_curl(send_three)
    assert [answer["success"] for answer in (one, three)] == [True, True]
    assert run_curl(show_balance)["balance"] == before - 4

    def report() -> dict:
        # The batch id is a placeholder as the keys are.
        return run_curl(poll.replace("abc123xyz", three["message_batch_id"]))

    Server.wait_until(lambda: report().get("summary") == {"total": 3, "delivered": 3, "failed": 0}, 30, "not delivered")
    assert [message["to_number"] for message in report()["messages"]] == [TO, "+255722345678", "+255732345679"]


def test_curl_of_a_batch_that_does_not_exist(server):
    assert run_curl(curl_blocks(server)[3]) == {"detail": "Message batch not found"}
