"""What the sandbox caught: messages that were paid from sandbox wallets, and how a list of them is asked for.

Nothing else is ever found here, not even whether it exists: `/sandbox/…` shows it without credentials. Mail: `caught_mail`.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from ..core import clock, phones
from ..core.channels import SMS
from ..database import marks, query, query_one
from ..gateways.registry import SANDBOX
from ..messages.state.sealed_texts import readable

ASC, DESC = "asc", "desc"
LIMIT, MOST = 100, 1000
USUAL_HOME = "UG"
LARGEST_SECONDS = 2**43  # in milliseconds still an integer that SQLite can compare
LAST_DAY = 253_370_764_800_000  # of which there is a date

TAKEN = "status NOT IN ('scheduled', 'dripping', 'queued', 'claimed', 'cancelled')"
REMEMBERED = """
    messages.id > coalesce((SELECT after_id FROM inbox_starts WHERE inbox_starts.channel = messages.channel), 0)
    AND NOT EXISTS (SELECT 1 FROM forgotten_messages f WHERE f.message_id = messages.id)
"""
"""Of a message: the inbox was not told to forget it."""
# From the few wallets to their messages, never the other way round.
WALLETS = "SELECT id FROM wallets WHERE is_sandbox = 1"
OF_A_WALLET = """
    SELECT created_at, id FROM messages INDEXED BY ix_messages_wallet_day
    WHERE wallet_id = :wallet AND day >= :day AND {where} ORDER BY day {direction}, id {direction} LIMIT :limit
"""
DIRECTLY = """
    SELECT created_at, id FROM messages {index} WHERE {where}
        AND wallet_id IN (SELECT id FROM wallets WHERE is_sandbox = 1) ORDER BY id {direction} LIMIT :limit
"""
OF_A_NAMESPACE = """
    SELECT created_at, id FROM messages INDEXED BY ix_messages_batch_id
    WHERE batch_id IN (SELECT id FROM batches WHERE namespace = :namespace) AND {where}
        AND wallet_id IN (SELECT id FROM wallets WHERE is_sandbox = 1) ORDER BY id {direction} LIMIT :limit
"""


class UnknownSince(ValueError):
    """``since`` is neither the id of what was caught nor a time."""


class UnknownRecipient(ValueError):
    """``to`` is nobody that could have got something."""


class Since(NamedTuple):
    """A moment; or the message, or the mail handed in, that came then and after which is asked."""

    at: int
    message_id: int | None = None
    mail_id: int | None = None


def read_since(text: str | None) -> Since | None:
    """The id of something caught, ``now``, ISO 8601 (UTC without a zone) or seconds since 1970; UnknownSince."""
    if text is None:
        return None
    if text == "now":
        return Since(clock.now_ms())
    row = query_one(
        "SELECT m.id, m.created_at FROM messages m JOIN wallets w ON w.id = m.wallet_id WHERE m.uid = ? AND w.is_sandbox = 1",
        (text,),
    )
    if row is not None:
        return Since(row["created_at"], message_id=row["id"])
    row = query_one("SELECT id, created_at FROM caught_mails WHERE uid = ?", (text,))
    return Since(row["created_at"], mail_id=row["id"]) if row is not None else Since(_instant(text))


def _instant(text: str) -> int:
    try:
        seconds = float(text)
    except ValueError:
        seconds = None
    if seconds is not None:
        if not abs(seconds) < LARGEST_SECONDS:  # an infinity or what is no number, too
            raise UnknownSince("since is beyond all times")
        return round(seconds * 1000)
    try:
        return clock.parse_iso(text.replace(" ", "+") if "T" in text else text)
    except ValueError:
        raise UnknownSince("since is the id of something that was caught, a time, or now") from None


class Wanted(NamedTuple):
    """The oldest ``limit`` after ``since``, without it the newest; oldest first. ``newest_first``: the newest, in that order.

    ``to`` in any form; ``namespace`` None: whatever was sent in any, or none.
    """

    to: str | None = None
    since: Since | None = None
    limit: int = LIMIT
    newest_first: bool = False
    namespace: str | None = None

    @property
    def takes_newest(self) -> bool:
        return self.newest_first or self.since is None

    @property
    def recipient(self) -> str | None:
        return (self.to or "").strip() or None


class Place(NamedTuple):
    """Where something stands among all that was caught. ``kind``: of one moment, messages stand before mail handed in."""

    at: int
    kind: int
    id: int


MESSAGE, HANDED_IN = 0, 1


def messages(wanted: Wanted) -> list[dict]:
    """SMS that the sandbox took; UnknownRecipient."""
    numbers = numbers_of(wanted.recipient) if wanted.recipient else None
    ids = [place.id for place in in_order(places(SMS, SANDBOX, wanted, numbers=numbers), wanted)]
    rows = {row["id"]: row for row in query(f"SELECT * FROM messages WHERE id IN ({marks(ids)})", ids)} if ids else {}
    return [
        {
            "id": row["uid"],
            "to": row["recipient"],
            "sender": row["sender"],
            "text": readable(row),
            "status": row["status"],
            "segments": row["segments"],
            "at": clock.iso(row["created_at"]),
        }
        for row in map(rows.__getitem__, ids)
    ]


def numbers_of(to: str) -> list[str]:
    """The phones that a number may be: a national one may be at home wherever is sent to or from.

    (In a query string an unescaped ``+256…`` arrives as a space: a number is read without its plus too.)
    """
    countries = query("SELECT country FROM routes UNION SELECT country FROM accounts")
    found = {phone.e164 for (country,) in countries if (phone := phones.normalise(to, country))}
    if not found:
        raise UnknownRecipient("to is no phone number")
    return sorted(found)


def one_number(to: Any) -> str:
    """The phone that a test names: with its country's code in any form, or one at home where the sandbox account is.

    UnknownRecipient.
    """
    home = query_one("SELECT country FROM accounts WHERE is_sandbox = 1")
    phone = phones.normalise(to, home["country"] if home is not None else USUAL_HOME) if isinstance(to, str) else None
    if phone is None:
        raise UnknownRecipient("to is no phone number")
    return phone.e164


def in_order(found: list[Place], wanted: Wanted) -> list[Place]:
    """No more than were asked for, and in that order."""
    found = sorted(found)
    return (
        found[::-1][: wanted.limit]
        if wanted.newest_first
        else (found[-wanted.limit :] if wanted.takes_newest else found[: wanted.limit])
    )


def places(
    channel: str, gateway: str, wanted: Wanted, *, numbers: list[str] | None = None, address: str | None = None
) -> list[Place]:
    """Of messages paid from sandbox wallets that ``gateway`` took; in no order."""
    since = wanted.since
    where = ["channel = :channel", "gateway = :gateway", TAKEN, REMEMBERED]
    values = {"channel": channel, "gateway": gateway, "limit": wanted.limit, "address": address, "day": ""}
    sql, by_wallet = OF_A_WALLET, True
    if address is not None:
        where.append("lower(recipient) = :address")
    if since is not None and since.message_id is not None:
        where.append("id > :after")
        values["after"] = since.message_id
        sql, by_wallet = DIRECTLY, False  # by its key: what came since is little
    elif since is not None:
        where.append("created_at > :at" if since.mail_id is not None else "created_at >= :at")
        values |= {"at": since.at, "day": clock.day_of(min(max(since.at - clock.DAY, 0), LAST_DAY), "UTC")}  # anybody's day of then
    if numbers is not None:
        values |= {f"number_{place}": number for place, number in enumerate(numbers)}
        where.append(f"recipient IN ({', '.join(f':number_{place}' for place in range(len(numbers)))})")
        sql, by_wallet = DIRECTLY, False
    if wanted.namespace is not None:
        values["namespace"] = wanted.namespace
        sql, by_wallet = OF_A_NAMESPACE, False
    index = "NOT INDEXED" if numbers is None else "INDEXED BY ix_messages_recipient"
    direction = "DESC" if wanted.takes_newest else "ASC"
    sql = sql.format(where=" AND ".join(where), direction=direction, index=index)
    wallets = [row["id"] for row in query(WALLETS)] if by_wallet else [None]
    rows = [row for wallet in wallets for row in query(sql, {**values, "wallet": wallet})]
    return [Place(row["created_at"], MESSAGE, row["id"]) for row in rows]
