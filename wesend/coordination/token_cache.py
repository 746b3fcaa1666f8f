"""Where the processes of an instance keep a gateway's access token in common, so that one fetches it for all.

Vendors limit how often a token may be asked for, and some end the old one with every new one.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from flask import current_app

from ..core import vault

FOLDER = "tokens"


class TokenCache:
    """A sealed file (mode 600) for each gateway. ``settings``: what it is set up with; others' tokens are not ours.

    A file that is missing, damaged or of another key holds no token: then one is fetched.
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
            kept = json.loads(vault.unseal(self._path.read_text()))
        except (OSError, ValueError, vault.Unreadable):
            return None
        return (kept["token"], kept["good_until"]) if kept["of"] == self._of else None

    def put(self, token: str, good_until_ms: int) -> None:
        """By a rename, so that a reader sees a whole one; on a full disk it is kept by this process alone."""
        sealed = vault.seal(json.dumps({"of": self._of, "token": token, "good_until": good_until_ms}))
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
