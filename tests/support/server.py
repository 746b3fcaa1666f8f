"""wesend as a user starts it: a process of its own, with gunicorn, its jobs and its own instance folder."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import requests

PROJECT = Path(__file__).resolve().parent.parent.parent


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """``with Server(folder) as server``: serves until the end; `kill` is kill -9 of its whole process group."""

    def __init__(self, instance: Path, **environment: str):
        self.instance = instance
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        clean = {name: value for name, value in os.environ.items() if not name.startswith("WESEND_")}
        self.environment = {**clean, "WESEND_INSTANCE": str(instance), "WESEND_PORT": str(self.port),
                            "WESEND_WORKERS": "2", **environment}
        self.process: subprocess.Popen | None = None
        self.log = instance.parent / "server.log"

    def __enter__(self) -> Server:
        return self.start()

    def __exit__(self, *_) -> None:
        self.stop()

    def start(self) -> Server:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen([sys.executable, "app.py"], cwd=PROJECT, env=self.environment, stdout=log,
                                            stderr=subprocess.STDOUT, start_new_session=True)
        self.wait_until(lambda: self.health() == 200, 30, "the server did not come up")
        return self

    def health(self) -> int:
        try:
            return requests.get(f"{self.url}/healthz", timeout=5).status_code
        except requests.ConnectionError:
            if self.process is not None and self.process.poll() is not None:
                raise AssertionError(f"the server ended: {self.output()}") from None
            return 0

    def output(self) -> str:
        return self.log.read_text(errors="replace")

    def kill(self) -> None:
        """kill -9 of every process, in the middle of whatever they do."""
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.kill()

    def run(self, *arguments: str, check: bool = True) -> dict:
        """``wesend … --json`` on the same instance; what it printed."""
        done = subprocess.run([sys.executable, "-c", "from wesend.cli import main; main()", *arguments, "--json"],
                              cwd=PROJECT, env=self.environment, capture_output=True, text=True, timeout=120)
        if check:
            assert done.returncode == 0, done.stderr + done.stdout
        return json.loads(done.stdout)

    @staticmethod
    def wait_until(condition, seconds: float, what: str) -> None:
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, what
            time.sleep(0.05)
