"""The primary dies and its standby is promoted, as Patroni would: wesend goes on there by itself, and nothing is missing."""

from __future__ import annotations

import time
from contextlib import suppress
from http.client import HTTPException

import pytest

from tests.support import postgresql
from tests.support.cluster import Cluster
from tests.support.live import number
from tests.support.server import Server
from tests.support.wire import Wire, new_customer

SYNCHRONOUS = ("synchronous_commit=on", "synchronous_standby_names=*", "wal_level=replica", "max_connections=60")


class Standby(postgresql.Server):
    """A copy of another server that follows it."""

    def __init__(self, primary: postgresql.Server):
        super().__init__("hot_standby=on", "max_connections=60")
        self.primary = primary

    def make(self) -> None:
        place = ("-h", "127.0.0.1", "-p", str(self.primary.port), "-U", postgresql.OWNER)
        self._run("pg_basebackup", *place, "-D", str(self.data), "--write-recovery-conf")


def test_a_standby_takes_over(tmp_path):
    if not postgresql.is_here():
        pytest.skip("there is no PostgreSQL here")
    with postgresql.Server("synchronous_commit=local", "wal_level=replica", "max_connections=60") as primary:
        database = primary.create().rpartition("/")[2]
        primary.connection.close()
        with Standby(primary) as standby:
            primary.stop()
            primary.settings = SYNCHRONOUS
            primary.start()
            url = f"postgresql://{postgresql.OWNER}@127.0.0.1:{primary.port},127.0.0.1:{standby.port}/{database}"
            with Cluster(tmp_path, f"{url}?target_session_attrs=read-write", 1) as cluster:
                [host] = cluster.hosts
                customer = new_customer(host, "100000")
                acknowledged = [to for to in map(number, range(30)) if sends(host, customer, to)]
                assert len(acknowledged) == 30
                primary.stop("immediate")
                assert not sends(host, customer, number(100))
                standby.execute("SELECT pg_promote()")
                began = time.monotonic()
                Server.wait_until(lambda: sends(host, customer, number(200)), 10, "it does not go on")
                assert time.monotonic() - began < 10
                kept = {row[0] for row in host.query("SELECT recipient FROM messages")}
                assert set(acknowledged) <= kept
                assert host.command("audit")["ok"]


def sends(host: Server, customer, to: str) -> bool:
    """Whether it was taken; else it was refused as unavailable."""
    with Wire(host.port, customer, timeout=8) as wire:
        with suppress(OSError, HTTPException):
            status = wire.send(to).status
            assert status in (200, 503), status
            return status == 200
    return False
