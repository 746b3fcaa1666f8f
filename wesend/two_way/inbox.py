"""The inbox: conversations of an account by phone and number, both directions, what is unread."""

from __future__ import annotations

from typing import NamedTuple

from ..accounts import roles
from ..accounts.roles import SEE, Actor
from ..accounts.service import AccountInfo
from ..core import phones
from ..core.errors import MessageNotFound
from ..database import keyset, query, query_one, write
from ..database.rows import ConversationRow, InboundMessageRow, MessageRow

UNREAD, OPTED_OUT = "unread", "opted_out"
FILTERS = {UNREAD: "c.unread > 0", OPTED_OUT: "c.opted_out = 1"}


class Wanted(NamedTuple):
    """Which conversations: of a service, ``unread`` or ``opted_out`` alone, with these words in number, name or text."""

    service_id: int | None = None
    only: str | None = None
    words: str = ""


class Listed(ConversationRow):
    name: str | None


NAME = """
    SELECT k.name FROM contacts k
    WHERE k.account_id = c.account_id AND k.phone = c.phone AND k.name IS NOT NULL ORDER BY k.id LIMIT 1
"""
PAGE = """
    SELECT c.*, ({name}) AS name FROM conversations c
    WHERE c.account_id = ? AND c.last_at <= ? AND (c.last_at < ? OR c.id < ?) AND {condition}
    ORDER BY c.last_at DESC, c.id DESC LIMIT ?
"""
"""The first bound is one that an index begins at; an OR alone would be read from the newest on."""


class Place(NamedTuple):
    """Where a page of conversations ended."""

    last_at: int
    id: int


def list_conversations(
    account_id: int, wanted: Wanted = Wanted(), *, before: Place | None = None, limit: int = 50, actor: Actor
) -> list[Listed]:
    """The latest first, below a place."""
    roles.require(actor, SEE, account_id)
    condition, values = _condition(account_id, wanted)
    at = before or Place(keyset.LAST_ID, keyset.LAST_ID)
    sql = PAGE.format(name=NAME, condition=condition)
    return query(sql, (account_id, at.last_at, at.last_at, at.id, *values, limit))


MATCHING_PHONE = "c.phone LIKE ? ESCAPE '!'"
MATCHING_NAME = """
    c.phone IN (SELECT k.phone FROM contacts k WHERE k.account_id = ? AND lower(k.name) LIKE ? ESCAPE '!')
"""
SEARCHED_TEXTS = 5_000
"""A text is no key: these latest ones of an account that came in are searched, and the page says so."""
MATCHING_TEXT = f"""
    c.phone IN (
        SELECT i.sender FROM (
            SELECT sender, text FROM inbound_messages WHERE account_id = ? ORDER BY id DESC LIMIT {SEARCHED_TEXTS}
        ) i WHERE lower(i.text) LIKE ? ESCAPE '!')
"""


def _condition(account_id: int, wanted: Wanted) -> tuple[str, list[int | str]]:
    parts = ["1 = 1"]
    values: list[int | str] = []
    if wanted.service_id is not None:
        parts.append("c.service_id = ?")
        values.append(wanted.service_id)
    if wanted.only in FILTERS:
        parts.append(FILTERS[wanted.only])
    if wanted.words.strip():
        like = "%" + wanted.words.strip().lower().replace("!", "!!").replace("%", "!%").replace("_", "!_") + "%"
        digits = "".join(filter(str.isdigit, wanted.words)).lstrip("0")
        found = [MATCHING_NAME, MATCHING_TEXT]
        values += [account_id, like, account_id, like]
        if len(digits) >= 3:
            found.append(MATCHING_PHONE)
            values.append(f"%{digits}%")
        parts.append(f"({' OR '.join(found)})")
    return " AND ".join(parts), values


def find(account_id: int, conversation_id: int, *, actor: Actor) -> Listed:
    """MessageNotFound for another account's, and for none."""
    roles.require(actor, SEE, account_id)
    row = query_one(
        f"SELECT c.*, ({NAME}) AS name FROM conversations c WHERE c.id = ? AND c.account_id = ?", (conversation_id, account_id)
    )
    if row is None:
        raise MessageNotFound
    return row


UNREAD_COUNT = "SELECT count(*) AS found FROM conversations WHERE account_id = ? AND unread > 0"


def unread_count(account_id: int, *, actor: Actor) -> int:
    """Conversations of the account in which something is unread."""
    roles.require(actor, SEE, account_id)
    return query(UNREAD_COUNT, (account_id,))[0]["found"]


def mark_read(account_id: int, conversation_id: int, *, actor: Actor) -> None:
    """For everybody of the account: whoever answers has read it."""
    roles.require(actor, SEE, account_id)
    sql = "UPDATE conversations SET unread = 0 WHERE id = ? AND account_id = ? AND unread > 0"
    if query_one("SELECT 1 FROM conversations WHERE id = ? AND account_id = ? AND unread > 0", (conversation_id, account_id)):
        write(lambda tx: tx.changed(sql, (conversation_id, account_id)))


class Sent(MessageRow):
    currency: str


class Line(NamedTuple):
    """A line of a conversation: what the phone wrote, or what it was sent."""

    at: int
    text: str
    inbound: InboundMessageRow | None = None
    outbound: Sent | None = None


WROTE = """
    SELECT * FROM inbound_messages
    WHERE account_id = ? AND sender = ? AND coalesce(recipient, '') = coalesce(?, coalesce(recipient, '')) AND coalesce(side, ?) = ?
    ORDER BY id DESC LIMIT ?
"""
GOT = """
    SELECT m.*, w.currency FROM messages m JOIN wallets w ON w.id = m.wallet_id
    WHERE m.recipient = ? AND m.account_id = ? AND m.channel = 'sms' AND w.is_sandbox = ?
        AND coalesce(m.sender, '') = coalesce(?, coalesce(m.sender, ''))
    ORDER BY m.id DESC LIMIT ?
"""


def lines(conversation: ConversationRow, limit: int = 100, *, actor: Actor) -> list[Line]:
    """The latest of both directions, oldest first; of a conversation without a number every sender's."""
    roles.require(actor, SEE, conversation["account_id"])
    account_id, phone, side = conversation["account_id"], conversation["phone"], conversation["side"]
    number = conversation["number"] or None
    wrote: list[InboundMessageRow] = query(WROTE, (account_id, phone, number, side, side, limit))
    got: list[Sent] = query(GOT, (phone, account_id, int(side == "sandbox"), number, limit))
    # In their own order: several may have come, and been answered, in one millisecond.
    found = [Line(row["created_at"], row["text"], inbound=row) for row in reversed(wrote)]
    found += [Line(row["created_at"], row["text"], outbound=row) for row in reversed(got)]
    return sorted(found, key=lambda line: line.at)[-limit:]


RECEIVED = "SELECT * FROM inbound_messages WHERE account_id = ? ORDER BY id DESC LIMIT ?"
RECEIVED_OF = "SELECT * FROM inbound_messages WHERE account_id = ? AND sender = ? ORDER BY id DESC LIMIT ?"


def received_by(account: AccountInfo, phone: str | None, limit: int = 200, *, actor: Actor) -> list[InboundMessageRow]:
    """What people wrote to an account, newest first; ``phone``: this one alone."""
    roles.require(actor, SEE, account.id)
    if phone is None:
        return query(RECEIVED, (account.id, limit))
    found = phones.normalise(phone, account.country)
    return query(RECEIVED_OF, (account.id, found.e164 if found is not None else phone.strip(), limit))


class Exchanged(NamedTuple):
    """A message of a service, in either direction; ``answer``: auto or help, of a reply that went out by itself."""

    at: int
    inbound: InboundMessageRow | None = None
    outbound: MessageRow | None = None
    answer: str | None = None


OF_SERVICE = """
    SELECT * FROM inbound_messages
    WHERE service_id = ? AND sender = coalesce(?, sender) ORDER BY created_at DESC, id DESC LIMIT ?
"""
REPLIES = """
    SELECT m.*, r.answer FROM replies r JOIN messages m ON m.id = r.message_id
    WHERE r.service_id = ? AND m.recipient = coalesce(?, m.recipient) ORDER BY r.message_id DESC LIMIT ?
"""
COUNTED = """
    SELECT (SELECT count(*) FROM inbound_messages WHERE service_id = ? AND sender = coalesce(?, sender))
        + (SELECT count(*) FROM replies r JOIN messages m ON m.id = r.message_id
            WHERE r.service_id = ? AND m.recipient = coalesce(?, m.recipient)) AS total
"""


def of_service(account_id: int, service_id: int, phone: str | None, limit: int, *, actor: Actor) -> tuple[list[Exchanged], int]:
    """The latest messages of a service, oldest first, and how many there are; ``phone`` in E.164."""
    roles.require(actor, SEE, account_id)
    wrote: list[InboundMessageRow] = query(OF_SERVICE, (service_id, phone, limit))
    got = query(REPLIES, (service_id, phone, limit))
    found = [Exchanged(row["created_at"], inbound=row) for row in reversed(wrote)]
    found += [Exchanged(row["created_at"], outbound=row, answer=row["answer"]) for row in reversed(got)]
    total = query(COUNTED, (service_id, phone, service_id, phone))[0]["total"]
    return sorted(found, key=lambda one: one.at)[-limit:], total


class Counted(NamedTuple):
    inbound_total: int
    inbound_30d: int
    unbilled: int


STATS = """
    SELECT count(*) AS total, coalesce(sum(CASE WHEN created_at > ? THEN 1 ELSE 0 END), 0) AS lately,
        coalesce(sum(1 - billed), 0) AS unbilled
    FROM inbound_messages WHERE service_id = ?
"""


def counted(account_id: int, service_id: int, since: int, *, actor: Actor) -> Counted:
    """How much came to a service: ever, since a moment, and of it what its price could not be paid for."""
    roles.require(actor, SEE, account_id)
    row = query_one(STATS, (since, service_id))
    return Counted(row["total"], row["lately"], row["unbilled"]) if row is not None else Counted(0, 0, 0)
