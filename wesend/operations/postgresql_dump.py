"""Backups of PostgreSQL by its own programs: `pg_dump -Fc` and `pg_restore`, where they are on the PATH."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from ..core.settings import Settings
from ..database.schema_version import DatabaseProblem

DUMP, RESTORE = "pg_dump", "pg_restore"
MAGIC = b"PGDMP"
"""How every archive of `pg_dump -Fc` begins."""
REVISION = re.compile(r"COPY [\w.\"]*alembic_version .*?;\n(\w+)\n", re.DOTALL)


def is_here(program: str) -> bool:
    return shutil.which(program) is not None


def dump(settings: Settings, file: Path) -> None:
    """Write the database to a file, while it serves; DatabaseProblem."""
    program = _program(DUMP, "--format=custom --no-owner --file=FILE --dbname=URL")
    _called([program, "--format=custom", "--no-owner", f"--file={file}", _dbname(settings)], _password(settings))


def restore(settings: Settings, file: Path) -> None:
    """Put an archive in the database's place, all of it or nothing; DatabaseProblem."""
    program = _program(RESTORE, f"--clean --if-exists --no-owner --single-transaction --dbname=URL {file}")
    options = ("--clean", "--if-exists", "--no-owner", "--single-transaction", "--exit-on-error")
    _called([program, *options, _dbname(settings), str(file)], _password(settings))


def revision_in(file: Path) -> str | None:
    """The schema's revision in an archive; None where it has none. DatabaseProblem for what is no archive."""
    try:
        # A pipe is not waited for.
        with open(file, "rb", opener=lambda path, flags: os.open(path, flags | os.O_NONBLOCK)) as opened:
            if opened.read(len(MAGIC)) != MAGIC:
                raise DatabaseProblem(f"{file} is no backup of wesend on PostgreSQL.")
    except OSError as error:
        raise DatabaseProblem(f"{file} can't be read: {error.strerror}.") from error
    program = _program(RESTORE, f"--clean --if-exists --no-owner --single-transaction --dbname=URL {file}")
    found = REVISION.search(_called([program, "--data-only", "--table=alembic_version", "--file=-", str(file)], {}))
    return found[1] if found else None


def _called(command: list[str], environment: dict[str, str]) -> str:
    name = Path(command[0]).name
    try:
        done = subprocess.run(
            command, env={**os.environ, **environment}, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
    except OSError as error:
        raise DatabaseProblem(f"{name} can't be run: {error.strerror}.") from error
    if done.returncode:
        said = (done.stderr.strip().splitlines() or ["it did not say why"])[0]
        raise DatabaseProblem(f"{said.rstrip('.')}.")
    return done.stdout


def _program(name: str, options: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise DatabaseProblem(
            f"{name} is not on the PATH: install PostgreSQL's client programs, or run `{name} {options}` where they are."
        )
    return found


def _dbname(settings: Settings) -> str:
    """Not through a pooler; and without the password, for the list of processes shows what a program was started with."""
    parts = urlsplit(settings.listen_url)
    credentials, _, place = parts.netloc.rpartition("@")
    user = credentials.partition(":")[0]
    query = urlencode([(name, value) for name, value in parse_qsl(parts.query) if name != "password"])
    return f"--dbname={parts._replace(netloc=f'{user}@{place}' if user else place, query=query).geturl()}"


def _password(settings: Settings) -> dict[str, str]:
    parts = urlsplit(settings.listen_url)
    password = unquote(parts.password) if parts.password else dict(parse_qsl(parts.query)).get("password")
    return {"PGPASSWORD": password} if password else {}
