"""A PostgreSQL server of the tests' own, and a database of a test's own: `pytest --engine postgresql`."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PROGRAMS = sorted(Path("/usr/lib/postgresql").glob("*/bin"))[-1:] or [Path(shutil.which("pg_ctl") or "/nowhere/pg_ctl").parent]
OWNER = "postgres"
"""Who the server runs as where the tests are root's: PostgreSQL refuses that."""
QUICK = ("fsync=off", "full_page_writes=off", "autovacuum=off", "max_connections=300", "shared_buffers=64MB")
MEMORY = Path("/dev/shm")  # a database a test: on a disk, copying it took a second
URL = "postgresql.url"
"""In an instance folder: its database. There is none on SQLite."""
KEY = "the tests' own key, the same for every host of one database"


def is_here() -> bool:
    return (PROGRAMS[0] / "initdb").exists()


class Server:
    """``with Server() as server``: on a free port of loopback, its data in a folder that goes with it."""

    def __init__(self, *settings: str):
        self.settings = settings or QUICK
        self.connection: Any = None
        self.folder = Path(tempfile.mkdtemp(prefix="wesend-postgresql-", dir=MEMORY if MEMORY.is_dir() else None))
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]

    def __enter__(self) -> Server:
        if os.geteuid() == 0:
            owner = pwd.getpwnam(OWNER)
            os.chown(self.folder, owner.pw_uid, owner.pw_gid)
        self.make()
        self.start()
        return self

    def make(self) -> None:
        self._run("initdb", "-D", str(self.data), "-U", OWNER, "--auth=trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")

    def __exit__(self, *_error: object) -> None:
        self.stop("immediate")
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def copying(self) -> str:
        """How a database is copied: file by file; through the log, as PostgreSQL 15 would, takes half as long again."""
        return "" if PROGRAMS[0].parent.name == "14" else " STRATEGY FILE_COPY"

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def start(self) -> None:
        told = [f"port={self.port}", "listen_addresses=127.0.0.1", f"unix_socket_directories={self.folder}", *self.settings]
        options = " ".join(f"-c {setting}" for setting in told)
        self._run("pg_ctl", "-D", str(self.data), "-l", str(self.folder / "log"), "-w", "-o", options, "start")

    def stop(self, mode: str = "fast") -> None:
        if self.connection is not None:
            self.connection.close()
        self._run("pg_ctl", "-D", str(self.data), "-w", "-m", mode, "stop", check=False)

    def _run(self, program: str, *arguments: str, check: bool = True) -> None:
        as_owner = ["runuser", "-u", OWNER, "--"] if os.geteuid() == 0 else []
        subprocess.run(
            [*as_owner, str(PROGRAMS[0] / program), *arguments],
            check=check,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def url(self, database: str) -> str:
        return f"postgresql://{OWNER}@127.0.0.1:{self.port}/{database}"

    def execute(self, sql: str) -> None:
        """On a connection that is kept: a new one takes as long as copying a database does."""
        import psycopg  # an extra that not everybody has who runs the other tests

        if self.connection is None or self.connection.closed:
            self.connection = psycopg.connect(self.url(OWNER), autocommit=True)
        self.connection.execute(sql.encode())

    def create(self, template: str | None = None) -> str:
        """The URL of a new database, empty or a copy."""
        name = f"test_{secrets.token_hex(6)}"
        copied = template.rpartition("/")[2] if template else "template0"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {copied}{self.copying}")
        return self.url(name)

    def lock(self, url: str) -> None:
        """Nobody connects to it any more: it is copied only."""
        self.execute(f"ALTER DATABASE {url.rpartition('/')[2]} ALLOW_CONNECTIONS false")

    def drop(self, url: str) -> None:
        self.execute(f"DROP DATABASE IF EXISTS {url.rpartition('/')[2]} WITH (FORCE)")


def environment_of(instance: Path) -> dict[str, str]:
    """What says where the database of an instance is; nothing for SQLite, whose file lies in it."""
    file = instance / URL
    return {"WESEND_DATABASE_URL": file.read_text(), "WESEND_SECRET_KEY": KEY} if file.exists() else {}


def run(url: str, sql: str, *values: Any) -> list[tuple]:
    """What a statement finds, or nothing where it only changes."""
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(sql.encode(), values or None)
        return cursor.fetchall() if cursor.description else []


@contextmanager
def held_up(url: str) -> Iterator[None]:
    """Somebody has the lock of those who write, and is busy with it: who were idle would be ended."""
    import psycopg

    from wesend.database.postgresql.writing import GATE

    with psycopg.connect(url, autocommit=True) as connection, ThreadPoolExecutor(1) as pool:
        connection.execute("SELECT pg_advisory_lock(%s)", (GATE,))
        sleeping = pool.submit(connection.execute, "SELECT pg_sleep(60)")
        try:
            yield
        finally:
            connection.cancel()
            assert isinstance(sleeping.exception(), psycopg.errors.QueryCanceled)


class Pgbouncer:
    """``with Pgbouncer(server) as pooler``: transactions of many connections on few sessions of the server."""

    def __init__(self, server: Server):
        self.server = server
        self.folder = Path(tempfile.mkdtemp(prefix="wesend-pgbouncer-"))
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]

    def __enter__(self) -> Pgbouncer:
        (self.folder / "users").write_text(f'"{OWNER}" ""\n')
        (self.folder / "ini").write_text(
            f"[databases]\n* = host=127.0.0.1 port={self.server.port}\n[pgbouncer]\nlisten_addr = 127.0.0.1\n"
            f"listen_port = {self.port}\nunix_socket_dir =\nauth_type = trust\nauth_file = {self.folder}/users\n"
            "pool_mode = transaction\ndefault_pool_size = 3\nlogfile =\n"
        )
        as_owner: list[str] = []
        if os.geteuid() == 0:
            owner = pwd.getpwnam(OWNER)
            for path in (self.folder, *self.folder.iterdir()):
                os.chown(path, owner.pw_uid, owner.pw_gid)
            as_owner = ["runuser", "-u", OWNER, "--"]
        program = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")
        assert program is not None
        self.process = subprocess.Popen(
            [*as_owner, program, "-q", str(self.folder / "ini")], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/"
        )
        deadline = time.monotonic() + 20
        while True:
            with socket.socket() as tried:
                if tried.connect_ex(("127.0.0.1", self.port)) == 0:
                    return self
            assert time.monotonic() < deadline, "pgbouncer does not listen"
            time.sleep(0.05)

    def __exit__(self, *_error: object) -> None:
        self.process.terminate()
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    @staticmethod
    def is_here() -> bool:
        return shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin") is not None
