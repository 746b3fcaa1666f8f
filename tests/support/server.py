"""wesend as a user starts it: a process of its own, with gunicorn, its jobs and its own instance folder."""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import requests
from click.testing import CliRunner

from wesend.cli import group

from . import postgresql

PROJECT = Path(__file__).resolve().parent.parent.parent
CLI = ("-c", "from wesend.cli import main; main()")
EACH = """
import json, sys
from click.testing import CliRunner
from wesend.cli import group
done = [CliRunner().invoke(group, command) for command in json.loads(sys.argv[1])]
print(json.dumps([(one.exit_code, one.output) for one in done]))
"""


def free_port() -> int:
    """Below the ephemeral range: while a server is down, no outgoing connection can sit on its port.

    Each of the processes that share the suite has every eighth port, so that none takes what another has just found.
    """
    process = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    while True:
        port = random.randrange(10_000 + process % 8, 32_000, 8)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


class Server:
    """``with Server(folder) as server``: serves until the end, which is a `kill` (-9 of its whole process group).

    `stop` is the end that is waited for, up to a few seconds for requests, jobs and kept connections.

    ``program``: what Python runs instead of app.py; ``project``: where, when it is not this one.
    """

    def __init__(self, instance: Path, *, program: tuple[str, ...] = ("app.py",), project: Path = PROJECT, **environment: str):
        self.instance, self.program, self.project = instance, program, project
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        clean = {name: value for name, value in os.environ.items() if not name.startswith("WESEND_")}
        self.environment = {
            **clean,
            "WESEND_INSTANCE": str(instance),
            "WESEND_PORT": str(self.port),
            "WESEND_WORKERS": "2",
            **postgresql.environment_of(instance),
            **environment,
        }
        self.process: subprocess.Popen | None = None
        self.log = instance.parent / "server.log"

    def __enter__(self) -> Server:
        return self.start()

    def __exit__(self, *_) -> None:
        self.kill()

    def start(self) -> Server:
        self.process = self.launch()
        try:
            self.wait_until(lambda: self.health() == 200, 30, "the server did not come up")
        except BaseException:
            self.kill()
            raise
        return self

    def launch(self) -> subprocess.Popen:
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [sys.executable, *self.program],
                cwd=self.project,
                env=self.environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def health(self) -> int:
        try:
            return requests.get(f"{self.url}/healthz", timeout=5).status_code
        except (requests.ConnectionError, requests.Timeout):
            if self.process is not None and self.process.poll() is not None:
                raise AssertionError(f"the server ended: {self.output()}") from None
            return 0

    def serves(self) -> bool:
        """False while it is down, for whatever reason; for threads that live through a kill."""
        try:
            return requests.get(f"{self.url}/healthz", timeout=5).status_code == 200
        except requests.RequestException:
            return False

    def output(self) -> str:
        return self.log.read_text(errors="replace")

    def kill(self) -> None:
        """kill -9 of every process, in the middle of whatever they do; their port and locks are free afterwards."""
        assert self.process is not None
        group = self.process.pid
        with suppress(ProcessLookupError):
            os.killpg(group, signal.SIGKILL)
        self.process.wait()
        self.wait_until(
            lambda: not any(found.group == group for found in processes()), 30, "a worker outlived its kill", every=0.002
        )

    def end_leases(self) -> None:
        """After a kill: every lease is over, as it would be had the machine been down for a minute."""
        leased = ("messages", "batches", "idempotency_keys")
        ended = [f"UPDATE {table} SET lease_until = 1 WHERE lease_until IS NOT NULL" for table in leased]
        for sql in ended:
            self.change(sql)

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.kill()

    def run(self, *arguments: str) -> dict:
        """``wesend … --json`` on the same instance, as a process of its own; what it printed."""
        return json.loads(self._python(*CLI, *arguments, "--json"))

    def run_each(self, *commands: tuple[str, ...]) -> list[tuple[int, str]]:
        """Several commands one after the other in one such process: the exit code of each, and what it told."""
        return json.loads(self._python("-c", EACH, json.dumps(commands)))

    def _python(self, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, *arguments], cwd=self.project, env=self.environment, capture_output=True, text=True, timeout=120
        )
        assert done.returncode == 0, done.stderr + done.stdout
        return done.stdout

    def command(self, *arguments: str) -> dict:
        """The same command run inside this process, which saves its start; for what a test prepares and audits."""
        done = CliRunner().invoke(group, [*arguments, "--json"], env=self.environment)
        assert done.exit_code == 0, done.output
        return json.loads(done.stdout)

    def query(self, sql: str, *parameters: Any) -> list[tuple]:
        """What stands in the database now, read beside the server."""
        if url := self.environment.get("WESEND_DATABASE_URL"):
            return postgresql.run(url, sql.replace("?", "%s"), *parameters)
        with sqlite3.connect(f"file:{self.instance / 'wesend.db'}?mode=ro", uri=True, timeout=15) as connection:
            rows = connection.execute(sql, parameters).fetchall()
        connection.close()
        return rows

    def change(self, sql: str, *parameters: Any) -> None:
        """Run an INSERT, an UPDATE or a DELETE beside the server, and commit it."""
        if url := self.environment.get("WESEND_DATABASE_URL"):
            postgresql.run(url, sql.replace("?", "%s"), *parameters)
            return
        with sqlite3.connect(self.instance / "wesend.db", timeout=15) as connection:
            connection.execute(sql, parameters)
        connection.close()

    @contextmanager
    def held_up(self) -> Iterator[None]:
        """Somebody else writes, and all others wait."""
        if url := self.environment.get("WESEND_DATABASE_URL"):
            with postgresql.held_up(url):
                yield
            return
        with closing(sqlite3.connect(self.instance / "wesend.db", isolation_level=None)) as busy:
            busy.execute("BEGIN IMMEDIATE")
            yield
            busy.execute("ROLLBACK")

    def workers(self) -> set[int]:
        """The live processes that gunicorn's master has started."""
        assert self.process is not None
        return {found.pid for found in processes() if found.parent == self.process.pid}

    def scheduler(self) -> int | None:
        """The worker that says it runs the jobs; None before any has."""
        try:
            text = (self.instance / "scheduler.lock").read_text().strip()
        except FileNotFoundError:
            return None
        return int(text) if text else None

    @staticmethod
    def wait_until(condition, seconds: float, what: str, every: float = 0.05) -> None:
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, what
            time.sleep(every)


class Process(NamedTuple):
    pid: int
    parent: int
    group: int


def processes() -> list[Process]:
    """Every process of the machine that still holds something, from /proc: not a zombie whose last thread has ended."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent, group = path.read_text().rpartition(")")[2].split()[:3]
            ended = state == "Z" and len(list(path.parent.joinpath("task").iterdir())) <= 1
        except (FileNotFoundError, ProcessLookupError):
            continue  # it ended meanwhile
        if not ended:
            found.append(Process(int(path.parent.name), int(parent), int(group)))
    return found
