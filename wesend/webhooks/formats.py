"""What a dialect says in its webhooks. The engine knows no dialect: each registers its format when the app is made."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import NamedTuple

from flask import Flask, current_app

from ..accounts.sides import Side
from ..core.errors import InvalidInput
from ..core.languages import sentence
from ..database.rows import BatchRow, MessageRow

RECEIVED = "message.received"
"""By this word an endpoint of any format asks to be told what people write; each format has its own event for it."""


class Service(NamedTuple):
    """The two-way service that a message came to."""

    id: int
    number: str
    keyword: str | None
    type: str
    toll_free: bool


class Received(NamedTuple):
    """A message that somebody wrote to the account. ``uid`` is a UUID; ``keyword``: of the service it was found by;
    ``opt_out``: it was a STOP. ``wallet_uid``: the service's wallet, else the one that last paid for a message to there.
    """

    uid: str
    account_id: int
    wallet_uid: str | None
    time_zone: str
    sender: str
    recipient: str | None
    text: str
    keyword: str | None
    opt_out: bool
    received_at: int
    service: Service | None

    @property
    def message_id(self) -> str:
        return f"mo_{self.uid}"


BASE = 30
GAPS = (30.0, 60.0, 120.0, 240.0)


class Owner(NamedTuple):
    """Of what was paid from a wallet: the wallet's public id and side, and its account's time zone.

    ``at``: when it happened, where that is told later than at once.
    """

    wallet_uid: str
    side: Side
    time_zone: str
    at: int | None = None


class Event(NamedTuple):
    """An event as it goes out. ``payload`` None: written at the first attempt, by `Format.payload_of`."""

    name: str
    subject: str
    payload: dict | None
    once: str | None = None


class Format:
    """A dialect's webhooks: which changes it tells of, in which words, signed how, and what counts as received.

    It is asked in the transaction of what it tells of, so it looks nothing up: what it needs is handed to it.
    """

    name = ""
    events: tuple[str, ...] = ()
    received: str | None = None
    """The event of a message that somebody wrote, one of ``events``; None in a format that doesn't tell of such."""
    tells_unasked = False
    """Whether an endpoint that names no events is told what people write, too: its vendor's are."""

    def message_changed(self, message: MessageRow, batch: BatchRow, owner: Owner) -> Event | None:
        """For a message that has just got a new status; rows as they are now."""
        return None

    def batch_finished(self, batch: BatchRow, read_messages: Callable[[], Sequence[MessageRow]]) -> Event | None:
        """For a batch of which nothing is under way any more; its messages in order are read when they are asked for."""
        return None

    def mail_tracked(self, message: MessageRow, batch: BatchRow, happening: str, owner: Owner) -> Event | None:
        """For an e-mail that was ``opened`` or ``clicked``."""
        return None

    def message_received(self, message: Received) -> Event | None:
        """For a message that somebody wrote to the account; its name is ``received``."""
        return None

    def payload_of(self, subject: str) -> dict:
        """The payload of an event that was stored without one; asked outside of any transaction, so it may look up."""
        raise NotImplementedError

    def headers(self, event: str, body: bytes, secret: str) -> dict[str, str]:
        """The vendor's own headers."""
        raise NotImplementedError

    def id_headers(self, webhook_id: str) -> dict[str, str]:
        """The vendor's own header of a delivery's id, the same on every attempt; none where it has none."""
        return {}

    def gaps(self, event: str) -> tuple[float, ...]:
        """Seconds after the first failed attempt, the second …, where WESEND_WEBHOOK_BACKOFF is BASE; then it is given up."""
        return GAPS

    def is_received(self, status_code: int) -> bool:
        return 200 <= status_code < 300


def hex_hmac(secret: str, body: bytes) -> str:
    """The signature of all four vendors: HMAC-SHA256 of the raw body, by the secret's text."""
    return hmac.new(secret.encode(), body, sha256).hexdigest()


def register(app: Flask, format_: Format) -> None:
    app.extensions.setdefault("wesend.formats", {})[format_.name] = format_


def formats() -> dict[str, Format]:
    return current_app.extensions.get("wesend.formats", {})


def find_format(name: str) -> Format:
    try:
        return formats()[name]
    except KeyError:
        raise InvalidInput(
            sentence("%(name)s is no webhook format: choose one of %(formats)s", name=name, formats=", ".join(formats()))
        ) from None
