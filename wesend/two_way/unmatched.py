"""Messages that are nobody's: an operator sees them for 30 days, and may give one to an account."""

from __future__ import annotations

from ..accounts import audit_log, roles
from ..accounts.roles import OPERATE, Actor
from ..accounts.service import get_account
from ..core.errors import Conflict, MessageNotFound
from ..database import Tx, atomic, keyset, query, query_one
from ..database.rows import InboundMessageRow, IncomingMessageRow
from . import matching

LIST = "SELECT * FROM incoming_messages WHERE state = 'unmatched' AND id < ? ORDER BY id DESC LIMIT ?"


def list_unmatched(*, before: int | None = None, limit: int = 200, actor: Actor) -> list[IncomingMessageRow]:
    """Newest first."""
    roles.require(actor, OPERATE)
    return query(LIST, (keyset.below(before), limit))


GIVE = "UPDATE incoming_messages SET state = 'new', account_id = ? WHERE id = ? AND state = 'unmatched'"


def assign(message_uid: str, account_id: int, *, actor: Actor) -> InboundMessageRow:
    """Give a message to an account, which is told of it as of any; the message as the account has it.

    MessageNotFound; Conflict when it is somebody's by now.
    """
    roles.require(actor, OPERATE)
    account = get_account(account_id)
    row = query_one("SELECT * FROM incoming_messages WHERE uid = ?", (message_uid.removeprefix("mo_"),))
    if row is None:
        raise MessageNotFound
    with atomic() as tx:
        _give(tx, row, account.id)
        audit_log.record(tx, actor=actor, action="two_way.assign", subject=message_uid, account_id=account.id)
    matching.match_one(row["id"])
    found = query_one("SELECT * FROM inbound_messages WHERE uid = ?", (row["uid"],))
    if found is None:
        raise Conflict("The message could not be given away; it is tried again")
    return found


def _give(tx: Tx, row: IncomingMessageRow, account_id: int) -> None:
    if not tx.changed(GIVE, (account_id, row["id"])):
        raise Conflict("This message is an account's already")
