"""`wesend up --reload`: a changed file starts the server anew, and the end of the command is the end of the server."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from tests.support.server import PROJECT, free_port


def served(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/docs", timeout=2) as answer:
            return answer.status == 200
    except OSError:
        return False


def wait_until(condition, what: str, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.1)


def test_a_changed_file_starts_it_anew_and_its_end_ends_the_server(tmp_path: Path):
    source = tmp_path / "source"
    shutil.copytree(PROJECT / "wesend", source / "wesend", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(PROJECT / "migrations", source / "migrations", ignore=shutil.ignore_patterns("__pycache__"))
    port, environment = free_port(), {**os.environ, "PYTHONPATH": str(source), "WESEND_INSTANCE": str(tmp_path / "instance")}
    log = tmp_path / "log"
    with log.open("w") as written:
        command = [sys.executable, "-m", "wesend.cli", "up", "--port", str(port), "--workers", "1", "--reload"]
        process = subprocess.Popen(command, cwd=source, env=environment, stdout=written, stderr=written)
    try:
        wait_until(lambda: served(port), "it does not serve")
        (source / "wesend" / "core" / "ids.py").write_text((source / "wesend" / "core" / "ids.py").read_text() + "\n# changed\n")
        wait_until(lambda: log.read_text().count("wesend serves on") == 2, "it does not start anew")
        assert "ids.py changed: the server starts anew." in log.read_text()
        wait_until(lambda: served(port), "it does not serve again")
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)
    wait_until(lambda: not served(port), "the server goes on without its command")
