"""Servers as a user has them: default settings, in a folder that is gone afterwards; what they cost, from /proc."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from tests.support.server import Server

from ..support.published import CREDENTIALS

HEADERS = {"Authorization": f"Bearer {CREDENTIALS['esms'].secret}"}
"""The sandbox account's, for eSMS."""
MONEY = "1000000000"  # UGX; enough for 28 million sends


@cache
def _prepared() -> tempfile.TemporaryDirectory:
    folder = tempfile.TemporaryDirectory()
    server = Server(Path(folder.name) / "instance")
    server.command("sandbox")
    server.command("wallet", "credit", "wal_sandbox_wesendall", MONEY)
    return folder


def prepare(instance: Path) -> None:
    """A migrated database with the sandbox in it, whose Wesendall wallet is rich."""
    shutil.copytree(Path(_prepared().name) / "instance", instance)


def default(server: Server) -> Server:
    """With the number of workers that a user gets."""
    del server.environment["WESEND_WORKERS"]
    return server


@contextmanager
def serving(program: tuple[str, ...] = ("app.py",), **environment: str) -> Iterator[tuple[Path, Server]]:
    """The folder to put more into, and the server."""
    with tempfile.TemporaryDirectory() as folder:
        instance = Path(folder) / "served" / "instance"
        prepare(instance)
        with default(Server(instance, program=program, **environment)) as server:
            yield Path(folder), server


@contextmanager
def instance_of() -> Iterator[Path]:
    """A folder with an instance in it that nobody serves."""
    with tempfile.TemporaryDirectory() as folder:
        prepare(Path(folder) / "instance")
        yield Path(folder)


@contextmanager
def serving_empty() -> Iterator[Server]:
    """The empty Flask route under the same gunicorn."""
    with tempfile.TemporaryDirectory() as folder:
        with default(Server(Path(folder) / "instance", program=("-m", "tests.bench.empty"))) as server:
            yield server


def cpu_seconds(server: Server) -> float:
    """User and system time of the server's whole process group."""
    return sum(int(stat[11]) + int(stat[12]) for _, stat in _group(server)) / os.sysconf("SC_CLK_TCK")


def memory_mb(server: Server, kind: str = "Pss") -> float:
    """What master and workers hold together: ``Pss`` counts what they share once, ``Rss`` once for each of them."""
    kilobytes = 0
    for pid, _ in _group(server):
        try:
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue  # it ended meanwhile
        kilobytes += sum(int(line.split()[1]) for line in lines if line.startswith(f"{kind}:"))
    return kilobytes / 1024


def _group(server: Server) -> Iterator[tuple[int, list[str]]]:
    """(pid, the fields of its stat behind the name) of every process that the server started."""
    assert server.process is not None
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(fields[2]) == server.process.pid:
            yield int(path.parent.name), fields
