"""Files of contacts that are looked at before they are imported: kept for a day, as CSV."""

from __future__ import annotations

import re
import secrets
from typing import IO

from ..accounts import quota, roles
from ..accounts.roles import CONTACTS, SEE, Actor
from ..accounts.service import AccountInfo
from ..coordination import kept_files
from ..core import storage
from ..core.errors import Conflict, NotFound
from ..core.languages import sentence
from . import csv_import, delimited, tables
from .csv_import import Imported
from .files import Table
from .headers import Mapping

KEPT_SECONDS = 24 * 3600
TOKEN = re.compile(r"[A-Za-z0-9_-]{20,40}")


MOST_WAITING = 20
"""Files of an account that wait for their import: more than anybody imports at a time."""
WAITING_LIMIT = 200 * 2**20
"""Bytes of them together: four of the largest."""


class TooManyUploads(Conflict):
    sentence = sentence(
        "%(most_waiting)s files, or %(waiting_limit)s MB of them, wait for their import already: import them,"
        " or wait until they are forgotten, a day after their upload",
        most_waiting=MOST_WAITING,
        waiting_limit=WAITING_LIMIT // 2**20,
    )


class UploadNotFound(NotFound):
    sentence = "This file is not kept any more: please upload it again"


def keep(account: AccountInfo, stream: IO[bytes], *, actor: Actor) -> str:
    """Keep a file to look at; the token to find it by. EmptyList, FileTooLarge, UnreadableFile for what could not be
    imported.
    """
    roles.require(actor, CONTACTS, account.id)
    storage.here().require_room()
    forget_old()
    _require_room(account.id)
    token = secrets.token_urlsafe(18)
    kept_files.keep(account.id, token, lambda file: tables.keep(stream, file))
    return token


class Opened:
    """``with Opened(account, token, actor=…) as table``: a kept file as a table; UploadNotFound.

    ``top`` are its first rows; ``header_at`` which row names the columns (None: as it is found).
    """

    def __init__(self, account: AccountInfo, token: str, *, header_at: int | None = None, actor: Actor):
        roles.require(actor, SEE, account.id)
        self.stream = _open(account.id, token)
        self.top = delimited.top_rows(self.stream)
        rows = [line.row for line in self.top]
        self.header_at = header_at if header_at in rows else delimited.header_row(self.top)

    def __enter__(self) -> Table:
        try:
            return delimited.read_table(
                self.stream, by_hand=False, header_at=self.header_at
            )  # its quotes were looked at when it came
        except BaseException:
            self.stream.close()
            raise

    def __exit__(self, *_: object) -> None:
        self.stream.close()


def import_kept(
    account: AccountInfo, token: str, mapping: Mapping, *, name: str, home_country: str, header_at: int | None = None, actor: Actor
) -> Imported:
    """Make a group of a kept file, which is forgotten then."""
    roles.require(actor, CONTACTS, account.id)
    with Opened(account, token, header_at=header_at, actor=actor) as table:
        done = csv_import.import_table(account, table, mapping, name=name, home_country=home_country, actor=actor)
    forget(account.id, token)
    return done


def _open(account_id: int, token: str) -> IO[bytes]:
    found = kept_files.open_kept(account_id, token) if TOKEN.fullmatch(token) else None
    if found is None:
        raise UploadNotFound
    return found


def forget(account_id: int, token: str) -> None:
    if TOKEN.fullmatch(token):
        kept_files.forget(account_id, token)


def waiting_bytes(account_id: int, *, actor: Actor) -> int:
    """Of the account's files that wait for their import."""
    roles.require(actor, SEE, account_id)
    return sum(kept_files.sizes(account_id))


def _require_room(account_id: int) -> None:
    """TooManyUploads, StorageQuotaExceeded."""
    sizes = kept_files.sizes(account_id)
    if len(sizes) >= MOST_WAITING or sum(sizes) >= WAITING_LIMIT:
        raise TooManyUploads
    quota.require_room(account_id, sum(sizes))


def forget_old() -> None:
    """Housekeeping: files that nobody imported within a day."""
    kept_files.forget_older(KEPT_SECONDS)
