"""Where the processes of an instance keep a gateway's access token in common, so that one fetches it for all.

Vendors limit how often a token may be asked for, and some end the old one with every new one. Where several hosts share the
database it is a row, else a file.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from flask import current_app

from ..core import vault
from ..core.errors import StorageFull
from ..database import query_one, write
from . import cluster

FOLDER = "tokens"
PUT = """
    INSERT INTO access_tokens (gateway, sealed) VALUES (?, ?)
    ON CONFLICT (gateway) DO UPDATE SET sealed = excluded.sealed
"""


class TokenCache:
    """A sealed file (mode 600) or row for each gateway. ``settings``: what it is set up with; others' tokens are not ours.

    One that is missing, damaged or of another key holds no token: then one is fetched.
    """

    def __init__(self, gateway: str, settings: tuple[str, ...]):
        self._gateway = gateway
        self._of = sha256("\0".join(settings).encode()).hexdigest()

    @property
    def _path(self) -> Path:
        return current_app.config["WESEND"].instance / FOLDER / self._gateway

    def take(self) -> tuple[str, int] | None:
        """The token and until when it is good, in ms; None when there is none."""
        try:
            kept = json.loads(vault.unseal(self._read()))
        except (StorageFull, OSError, ValueError, vault.Unreadable):
            return None
        return (kept["token"], kept["good_until"]) if kept["of"] == self._of else None

    def _read(self) -> str:
        if not cluster.is_shared():
            return self._path.read_text()
        row = query_one("SELECT sealed FROM access_tokens WHERE gateway = ?", (self._gateway,))
        return "" if row is None else row["sealed"]

    def put(self, token: str, good_until_ms: int) -> None:
        """Where it can't be kept, on a full disk say, this process alone has it."""
        sealed = vault.seal(json.dumps({"of": self._of, "token": token, "good_until": good_until_ms}))
        if cluster.is_shared():
            self._put_row(sealed)
        else:
            self._put_file(sealed)

    def _put_row(self, sealed: str) -> None:
        try:
            write(lambda tx: tx.changed(PUT, (self._gateway, sealed)))
        except StorageFull as error:
            current_app.logger.warning("the access token of %s can't be kept: %s", self._gateway, error)

    def _put_file(self, sealed: str) -> None:
        """By a rename, so that a reader sees a whole one."""
        unfinished = self._path.with_name(f".{self._gateway}.{os.getpid()}")
        try:
            self._path.parent.mkdir(mode=0o700, exist_ok=True)
            unfinished.touch(mode=0o600)
            unfinished.write_text(sealed)
            unfinished.replace(self._path)
        except OSError as error:
            current_app.logger.warning("the access token of %s can't be kept: %s", self._gateway, error.strerror)
            with suppress(OSError):
                unfinished.unlink(missing_ok=True)
