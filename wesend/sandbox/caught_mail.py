"""Mail that the sandbox caught: of sandbox wallets, and what applications handed to its port; as lists show it, and whole."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

from ..core import clock, email_address
from ..core.channels import EMAIL
from ..core.errors import MessageNotFound
from ..database import Row, query, query_one
from ..gateways.registry import SANDBOX_MAIL
from ..messages.email import compose as mail
from ..messages.email.compose import Mail
from ..messages.state.mail_texts import Reader
from . import inbox as sandbox_inbox
from . import mail_reading
from .inbox import HANDED_IN, MESSAGE, REMEMBERED, TAKEN, Place, UnknownRecipient, Wanted
from .mail_reading import Read, Room

T = TypeVar("T")

OUR_MAIL = f"""
    SELECT messages.* FROM messages JOIN wallets w ON w.id = messages.wallet_id
    WHERE messages.uid = ? AND messages.channel = '{EMAIL}' AND messages.gateway = '{SANDBOX_MAIL}' AND messages.{TAKEN}
        AND w.is_sandbox = 1 AND {REMEMBERED}
"""

_reading = threading.Lock()
"""A process reads one list, or one large mail, at a time: what one holds is bounded, and several would add up."""


class _Kept(NamedTuple):
    """A mail of the list, as far as it was read."""

    uid: str
    to: str
    at: int
    found: Read

    def shown(self) -> dict:
        first = {name.lower(): value for name, value in reversed(self.found.headers.items())}
        told = {
            "id": self.uid,
            "to": self.to,
            "from": first.get("from", ""),
            "subject": first.get("subject", ""),
            "text": self.found.text,
            "html": self.found.html,
            "headers": self.found.headers,
            "at": clock.iso(self.at),
        }
        return {**told, "truncated": True} if self.found.is_cut else told


def emails(wanted: Wanted) -> list[dict]:
    """With bodies of at most 100 KB, less where there are many; UnknownRecipient."""
    return list_emails(wanted, dict)


def list_emails(wanted: Wanted, show: Callable[[dict], T]) -> list[T]:
    """The same, each as ``show`` makes it, which is done while nobody else reads: only that is kept."""
    address = address_of(wanted)
    found = sandbox_inbox.in_order(
        sandbox_inbox.places(EMAIL, SANDBOX_MAIL, wanted, address=address) + _handed_in(wanted, address), wanted
    )
    return _read(found, show) if found else []


def address_of(wanted: Wanted) -> str | None:
    """The address that is asked about, in lower case; UnknownRecipient."""
    # An address holds no space: one in a query string is a plus that was not escaped.
    address = wanted.recipient.lower().replace(" ", "+") if wanted.recipient else None
    if address is not None and email_address.WANTED.fullmatch(address) is None:
        raise UnknownRecipient("to is no e-mail address")
    return address


def handed_in_lately(limit: int) -> list[dict]:
    """What applications sent to the catcher's port lately, newest first."""
    wanted = Wanted(limit=limit, newest_first=True)
    return _read(sandbox_inbox.in_order(_handed_in(wanted, None), wanted), dict)


def _handed_in(wanted: Wanted, address: str | None) -> list[Place]:
    since = wanted.since
    where = "recipient = coalesce(:address, recipient)"
    values: dict[str, Any] = {"address": address, "limit": wanted.limit}
    if wanted.namespace is not None:
        where += " AND namespace = :namespace"
        values["namespace"] = wanted.namespace
    if since is not None and since.mail_id is not None:
        where += " AND id > :after"
        values["after"] = since.mail_id
    elif since is not None:
        where += " AND created_at >= :at"
        values["at"] = since.at
    direction = "DESC" if wanted.takes_newest else "ASC"
    return [
        Place(row["created_at"], HANDED_IN, row["id"])
        for row in query(f"SELECT created_at, id FROM caught_mails WHERE {where} ORDER BY id {direction} LIMIT :limit", values)
    ]


def _read(places: list[Place], show: Callable[[dict], T]) -> list[T]:
    """The newest first, so that what there is room for is spent on them; in the order of ``places``."""
    shown: dict[Place, T] = {}
    with _reading:
        reading = _List()
        for place in sorted(places, reverse=True):
            kept = reading.read(place)
            if kept is not None:
                shown[place] = show(kept.shown())
    return [shown[place] for place in places if place in shown]


class _List:
    """Reads mails into one list, as far as it has room for them."""

    def __init__(self) -> None:
        self.room, self.texts = Room(), Reader()

    def read(self, place: Place) -> _Kept | None:
        """None for what housekeeping has removed meanwhile."""
        return self._ours(place.id) if place.kind == MESSAGE else self._handed_in(place.id)

    def _ours(self, message_id: int) -> _Kept | None:
        row = query_one("SELECT * FROM messages WHERE id = ?", (message_id,))
        if row is None:
            return None
        text, is_cut = self.texts.start_of(row, self.room.for_body() + 1)
        stored = Mail(row["id"], row["uid"], row["recipient"], row["subject"] or "", text, row["encoding"], row["created_at"])
        found = mail_reading.read(mail.render(stored).as_bytes())
        return _Kept(stored.uid, stored.to, stored.at, mail_reading.cut(found._replace(is_cut=is_cut), self.room))

    def _handed_in(self, mail_id: int) -> _Kept | None:
        row = query_one(
            "SELECT m.*, b.size FROM caught_mails m JOIN caught_bodies b ON b.id = m.body_id WHERE m.id = ?", (mail_id,)
        )
        if row is None:
            return None

        def load(most: int) -> bytes:
            start = query_one("SELECT substr(raw, 1, CAST(? AS INTEGER)) FROM caught_bodies WHERE id = ?", (most, row["body_id"]))
            return (start[0] if start is not None else None) or b""

        return _Kept(row["uid"], row["recipient"], row["created_at"], mail_reading.read_start(load, row["size"], self.room))


def find(uid: str, show: Callable[[dict], T]) -> T:
    """A mail as a whole, as ``show`` makes it; MessageNotFound."""
    with _reading:
        row, raw_mail = _find(uid)
        return show(_Kept(row["uid"], row["recipient"], row["created_at"], mail_reading.read(raw_mail)).shown())


def raw(uid: str) -> bytes:
    """A mail as it came, or as it would have gone out; MessageNotFound."""
    return _find(uid)[1]


def _find(uid: str) -> tuple[Row, bytes]:
    """The row of what was handed in or of our own message, and the mail; MessageNotFound."""
    handed_in = query_one("SELECT * FROM caught_mails WHERE uid = ?", (uid,))
    if handed_in is not None:
        return handed_in, _body(handed_in["body_id"])
    message = query_one(OUR_MAIL, (uid,))
    if message is None:
        raise MessageNotFound
    return message, mail.render(mail.Mail.of(message)).as_bytes()


def _body(body_id: int) -> bytes:
    kept = query_one("SELECT raw FROM caught_bodies WHERE id = ?", (body_id,))
    if kept is None:  # housekeeping was here
        raise MessageNotFound
    return kept["raw"]
