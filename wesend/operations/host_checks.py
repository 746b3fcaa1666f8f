"""The usual mistakes of the machine beneath: SQLite, clock, files, disk, exposure. For `wesend doctor`; writes
nothing.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from ..core import clock
from ..core.languages import Sentence, joined, sentence, verbatim
from ..core.settings import Settings
from ..core.settings_values import hide_credentials, is_loopback
from ..database import query

NEWEST_ROWS = """
    SELECT max(created_at) FROM (
        SELECT created_at FROM messages WHERE id = (SELECT max(id) FROM messages)
        UNION ALL SELECT created_at FROM ledger_entries WHERE id = (SELECT max(id) FROM ledger_entries)
        UNION ALL SELECT at FROM audit_log WHERE id = (SELECT max(id) FROM audit_log)
    ) AS newest
"""
RELEASED = clock.parse_iso("2026-11-01")
UNSYNCHRONISED = 5  # what adjtimex(2) answers then: TIME_ERROR
REMOTE = ("nfs", "nfs4", "cifs", "smb3", "smbfs", "afs", "ceph", "glusterfs", "fuse.sshfs", "fuse.s3fs", "fuse.rclone")
LEAST_MB = 500


class Finding(NamedTuple):
    """``state`` is ``ok``, ``missing`` (to be set up), ``warning`` (wrong) or ``error`` (a part of it can't be used).

    ``check`` is a constant, which the extraction of texts finds as it finds what is marked; like the detail it is English for the
    command, and told in the reader's language by the page.
    """

    check: str
    state: str
    detail: Sentence


def sqlite() -> Finding:
    version = sqlite3.sqlite_version
    good = sqlite3.sqlite_version_info >= (3, 35)
    if good:
        return Finding("SQLite", "ok", verbatim(version))
    return Finding("SQLite", "warning", sentence("%(version)s is older than 3.35 (RETURNING)", version=version))


def clock_of(*, migrated: bool) -> Finding:
    """Wrong time: scheduled messages leave at the wrong moment, and vendors refuse signatures."""
    now = clock.now_ms()
    if now < RELEASED:
        return Finding("Clock", "warning", sentence("it says %(now)s, before this version was made: set it", now=clock.iso(now)))
    newest = query(NEWEST_ROWS)[0][0] if migrated else None
    if newest is not None and newest > now + clock.MINUTE:
        return Finding(
            "Clock",
            "warning",
            sentence(
                "it says %(now)s, but something was written at %(newest)s: it is wrong now, or was then",
                now=clock.iso(now),
                newest=clock.iso(newest),
            ),
        )
    if _is_synchronised() is False:
        return Finding(
            "Clock", "missing", sentence("%(now)s; no time service keeps it right (systemd-timesyncd, chrony)", now=clock.iso(now))
        )
    return Finding("Clock", "ok", verbatim(f"{clock.iso(now)}"))


def _is_synchronised() -> bool | None:
    """What the kernel says; None where it does not."""
    try:
        import ctypes  # only here: a hardened service may forbid what its import does

        answer = ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(1024))  # zeroes: it only asks
    except (ImportError, MemoryError, OSError, AttributeError):
        return None
    return None if answer < 0 else answer != UNSYNCHRONISED


def files(settings: Settings) -> Finding:
    """Database, keys, locks and backups are their owner's alone."""
    if not settings.instance.exists():
        return Finding("Files", "missing", sentence("%(path)s is made by `wesend up`", path=settings.instance))
    folders = {settings.instance, settings.database.parent, *([settings.backup_dir] if settings.backup_dir else [])}
    wrong: list[Sentence] = []
    for folder in sorted(path for path in folders if path.exists()):
        if folder in (settings.instance, settings.backup_dir):
            wrong += _loose(folder)
        wrong += [line for path in sorted(folder.iterdir()) if _is_ours(path, settings) for line in _loose(path)]
    if wrong:
        first = joined("; ", wrong[:3])
        more = len(wrong) - 3
        return Finding(
            "Files", "warning", sentence("%(files)s; and %(count)s more", files=first, count=more) if more > 0 else first
        )
    return Finding("Files", "ok", sentence("%(path)s is its owner's alone", path=settings.instance))


def _is_ours(path: Path, settings: Settings) -> bool:
    return path.parent in (settings.instance, settings.backup_dir) or path.name.startswith(settings.database.name)


def _loose(path: Path) -> list[Sentence]:
    try:
        found = path.stat()
    except OSError as error:
        return [sentence("%(path)s can't be looked at: %(error)s", path=path, error=error.strerror)]
    wrong = []
    mode = stat.S_IMODE(found.st_mode)
    if mode & 0o077 and path.name != ".gitkeep":
        wrong.append(
            sentence(
                "%(path)s has mode %(mode)s: others can read it, use %(right)s",
                path=path,
                mode=f"{mode:o}",
                right="700" if path.is_dir() else "600",
            )
        )
    if not os.access(path, os.R_OK | os.W_OK):
        wrong.append(
            sentence(
                "%(path)s can't be written by user %(user)s: it belongs to user %(owner)s",
                path=path,
                user=os.getuid(),
                owner=found.st_uid,
            )
        )
    return wrong


def file_system(settings: Settings) -> Finding:
    """SQLite's locks and shared memory do not work over a network."""
    kind = _kind_of(settings.database.parent)
    if kind in REMOTE:
        return Finding(
            "File system",
            "warning",
            sentence("%(path)s is a %(kind)s share: SQLite needs a local disk", path=settings.database.parent, kind=kind),
        )
    return Finding("File system", "ok", verbatim(kind) if kind else sentence("unknown"))


def _kind_of(folder: Path) -> str | None:
    try:
        mounts = [line.split()[1:3] for line in Path("/proc/mounts").read_text().splitlines()]
    except OSError:
        return None
    above = [(Path(point.replace("\\040", " ")), kind) for point, kind in mounts]
    fitting = [(point, kind) for point, kind in above if folder.is_relative_to(point)]
    return max(fitting, key=lambda entry: len(entry[0].parts))[1] if fitting else None


def disk(settings: Settings) -> Finding:
    """Room for what comes, and for as much again: a backup and a migration copy the database."""
    size = settings.database.stat().st_size // 2**20 if settings.database.exists() else 0
    places = [place for place in (settings.instance, settings.database.parent, settings.backup_dir) if place is not None]
    free = min(_free_mb(place) for place in places)
    needed = LEAST_MB + size
    if free > needed:
        return Finding("Free disk", "ok", verbatim(f"{free} MB"))
    return Finding(
        "Free disk",
        "warning",
        sentence("%(free)s MB: %(needed)s MB are needed, the database has %(size)s MB", free=free, needed=needed, size=size),
    )


def _free_mb(place: Path) -> int:
    while not place.exists():
        place = place.parent
    return shutil.disk_usage(place).free // 2**20


def exposure(settings: Settings) -> Finding:
    if is_loopback(settings.host):
        if settings.base_url.startswith("http://") and not is_loopback(_host_of(settings.base_url)):
            return Finding(
                "Network",
                "warning",
                sentence(
                    "the world reaches it as %(address)s, without TLS: API secrets and messages are readable on the way",
                    address=hide_credentials(settings.base_url),
                ),
            )
        return Finding(
            "Network", "ok", sentence("listens on %(host)s: put nginx or Caddy with TLS before it to be public", host=settings.host)
        )
    if settings.base_url.startswith("https://"):
        return Finding(
            "Network",
            "ok",
            sentence(
                "listens on %(host)s, reached as %(address)s", host=settings.host, address=hide_credentials(settings.base_url)
            ),
        )
    return Finding(
        "Network",
        "warning",
        sentence(
            "listens on %(host)s without TLS: set WESEND_BASE_URL to an https address and put a TLS proxy before it",
            host=settings.host,
        ),
    )


def _host_of(url: str) -> str:
    return urlsplit(url).hostname or ""


def secret_key(settings: Settings) -> Finding:
    if settings.secret_key and len(settings.secret_key) < 32:
        return Finding(
            "Secret key",
            "warning",
            sentence("WESEND_SECRET_KEY has fewer than 32 characters: it protects sessions and stored secrets"),
        )
    if settings.secret_key:
        return Finding("Secret key", "ok", sentence("given by WESEND_SECRET_KEY: keep a copy, no backup holds it"))
    path = settings.instance / "secret.key"
    return Finding("Secret key", "ok", sentence("in %(path)s: keep a copy, no backup holds it", path=path))
