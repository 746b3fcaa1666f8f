"""The instance's disk: whether there is room again where there was none, and a warning before there is none.

The warning goes out once each time that the free space falls below the reserve: by mail, to the webhooks that an operator has
made for it, and on operators' pages. Customers need not know how full the operator's disk is.
"""

from __future__ import annotations

import time
from contextlib import suppress
from email.message import EmailMessage
from pathlib import Path

from flask import Flask, current_app

from ..accounts import languages
from ..accounts.users import FIRST_EMAIL
from ..coordination import pause
from ..core import clock, storage
from ..core.current_app import this_app
from ..core.errors import StorageFull
from ..core.languages import gettext as _
from ..core.languages import speaking
from ..database import query, write
from ..webhooks import outbox
from ..webhooks.endpoints import STORAGE_LOW, listening_anywhere
from ..webhooks.formats import Event
from . import mailing

MARK = "low-disk"
"""A file of the instance folder while the warning holds: a restart does not repeat it."""
ABOVE = 1.1  # times the reserve, from where the next fall below it is another one
MAIL_AGAIN = 60.0  # seconds


def look() -> bool:
    """Try to store something after a failure; True when that went well again."""
    here = storage.here()
    if not here.is_suspect():
        return False
    with suppress(StorageFull):
        here.require()
        # The row stays as it is, but its page is written: nothing less tells whether a commit goes through.
        write(lambda tx: tx.execute("UPDATE config_state SET version = version") and None)
        return True
    return False


class LowDisk:
    """The warning, as the process that runs the jobs keeps it."""

    def __init__(self, app: Flask):
        self.mark: Path = app.config["WESEND"].instance / MARK
        self.told: bool | None = None  # None: not known yet
        self.event: Event | None = None  # that is still to be written down for webhooks
        self.left: set[str] = set()  # addresses that are still to be mailed
        self.next_try = 0.0

    def watch(self) -> None:
        here = storage.here()
        if self.told is None:
            self.told = self.mark.exists()
        if self.told and here.free() >= here.reserve * ABOVE:
            self._over()
        elif not self.told and here.is_low():
            self._begin(here)
        if self.event is not None:
            self._announce(self.event)
        if self.left and time.monotonic() >= self.next_try and pause.current() is None:
            self.next_try = time.monotonic() + MAIL_AGAIN
            self._mail(here)

    def _begin(self, here: storage.Storage) -> None:
        current_app.logger.warning(
            "%s MB are free, fewer than the reserve of %s: large sends and uploads are refused",
            here.free() // 2**20,
            here.reserve // 2**20,
        )
        self.told, self.event, self.left, self.next_try = True, _event(here), set(_recipients()), 0.0
        with suppress(OSError):
            self.mark.touch(mode=0o600)

    def _over(self) -> None:
        self.told, self.event, self.left = False, None, set()
        with suppress(OSError):
            self.mark.unlink(missing_ok=True)

    def _announce(self, event: Event) -> None:
        with suppress(StorageFull):  # tried again with the next look
            write(lambda tx: outbox.put(tx, [(endpoint_id, event) for endpoint_id in listening_anywhere(tx, event.name)]))
            self.event = None

    def _mail(self, here: storage.Storage) -> None:
        for to in sorted(self.left):
            with suppress(StorageFull):  # a mail that is only caught has to be stored, too
                if mailing.post(_mail(to, here), to, about="the disk"):
                    self.left.discard(to)


def _event(here: storage.Storage) -> Event:
    now = clock.now_ms()
    payload = {
        "event": STORAGE_LOW,
        "server": current_app.config["WESEND"].base_url,
        "free_mb": here.free() // 2**20,
        "reserve_mb": here.reserve // 2**20,
        "timestamp": clock.iso(now),
    }
    return Event(STORAGE_LOW, "storage", payload)


def _recipients() -> list[str]:
    given = current_app.config["WESEND"].alert_mail
    return (
        [given]
        if given
        else [
            row[0]
            for row in query("SELECT email FROM users WHERE role = 'operator' AND status = 'active' AND email <> ?", (FIRST_EMAIL,))
        ]
    )


def _mail(to: str, here: storage.Storage) -> EmailMessage:
    free, reserve = here.free() // 2**20, here.reserve // 2**20
    with speaking(languages.of_address(to)):
        return mailing.compose(
            to,
            _("wesend's disk is filling up: %(free)s MB left", free=free),
            _(
                "%(places)s: %(free)s MB are free, fewer than the reserve of %(reserve)s MB"
                " (WESEND_DISK_RESERVE_MB).\n\nBulks, uploads and mails to many are refused with 503 until there is more. Single"
                " sends go on until nothing can be stored at all; then they are refused, too.\n\nYou are told again when there"
                " has been more and it falls below that once more.",
                places=", ".join(str(place) for place in here.places),
                free=free,
                reserve=reserve,
            ),
        )


def warn() -> None:
    """Tell of a disk that is filling up, and mail about it."""
    watch: LowDisk = this_app().extensions.setdefault("wesend.low-disk", LowDisk(this_app()))
    watch.watch()
