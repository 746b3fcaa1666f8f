"""Hosts that share one PostgreSQL: an instance folder and a port each, on this machine."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any

from .forked import ForkedServer
from .postgresql import KEY, run
from .server import Server, processes

STATE = (
    "SELECT name, epoch, host, lease_until - extract(epoch FROM clock_timestamp()) * 1000 FROM leases",
    "SELECT id, name, pid FROM hosts",
    "SELECT pid, state, wait_event, clock_timestamp() - state_change, left(query, 120) FROM pg_stat_activity"
    " WHERE datname = current_database()",
)
"""What is shown when nobody runs the jobs."""
HOST_TIME = 15.0  # seconds in which jobs go on at another host


class HostServer(ForkedServer):
    """`wesend up` as one host of several; what it is asked of the database is asked of all of them."""

    def __init__(self, instance: Path, url: str, **environment: str):
        self.database_url = url
        told = {"WESEND_SECRET_KEY": KEY, "WESEND_SANDBOX_DELAY": "0", "WESEND_WORKERS": "1", "WESEND_DATABASE_URL": url}
        super().__init__(instance, **{**told, **environment})
        self.log = instance.with_suffix(".log")

    def query(self, sql: str, *parameters: Any) -> list[tuple]:
        return run(self.database_url, sql, *parameters)

    def freeze(self) -> None:
        """SIGSTOP of all its processes: it stands still, with everything that it holds."""
        self._signal(signal.SIGSTOP)

    def wake(self) -> None:
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        assert self.process is not None
        for found in processes():
            if found.group == self.process.pid:
                os.kill(found.pid, number)


class Cluster:
    """``with Cluster(folder, url, 2) as cluster``: so many hosts, started at the same moment."""

    def __init__(self, folder: Path, url: str, count: int = 2, **environment: str):
        self.url = url
        self.hosts = [HostServer(folder / f"host{number}", url, **environment) for number in range(1, count + 1)]

    def __enter__(self) -> Cluster:
        for host in self.hosts:
            host.instance.mkdir(mode=0o700, parents=True)
            host.process = host.launch()
        try:
            for host in self.hosts:
                host.wait_until(lambda host=host: host.health() == 200, 60, "a host did not come up")
        except BaseException:
            self.kill()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def kill(self) -> None:
        for host in self.hosts:
            if host.process is not None:
                host.wake()
                host.kill()

    def query(self, sql: str, *parameters: Any) -> list[tuple]:
        return self.hosts[0].query(sql, *parameters)

    def leader(self) -> HostServer | None:
        """The host that runs the jobs; None while none does."""
        rows = self.query(
            "SELECT h.pid FROM leases l JOIN hosts h ON h.id = l.host"
            " WHERE l.name = 'jobs' AND l.lease_until > extract(epoch FROM clock_timestamp()) * 1000"
        )
        return next((host for host in self.hosts if host.process is not None and rows == [(host.process.pid,)]), None)

    def wait_for_leader(self, *, but: HostServer | None = None, seconds: float = 30.0) -> HostServer:
        found: list[HostServer] = []

        def is_found() -> bool:
            leader = self.leader()
            found[:] = [leader] if leader is not None and leader is not but else []
            return bool(found)

        try:
            Server.wait_until(is_found, seconds, "nobody runs the jobs")
        except AssertionError as error:
            raise AssertionError(f"{error}: {[self.query(sql) for sql in STATE]}") from error
        return found[0]

    @staticmethod
    def wait_until_known() -> None:
        """What was changed at one host (a key, a route, a gateway) holds at every other within three seconds."""
        time.sleep(3)

    def follower(self) -> HostServer:
        leader = self.wait_for_leader()
        return next(host for host in self.hosts if host is not leader)
