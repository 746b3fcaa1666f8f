"""Messages of unknown outcome: what an operator can find out about them, and decide.

They keep their charge and are never sent again by themselves; the gateway's own records tell what became of them.
"""

from __future__ import annotations

from ...accounts import audit_log, roles
from ...accounts.roles import OPERATE, Actor
from ...core import clock
from ...core.errors import Conflict, MessageNotFound
from ...core.languages import marked, sentence
from ...database import Tx, keyset, query, query_one, write
from ...database.rows import MessageRow
from ...gateways import registry
from ..state import statuses
from ..state.transitions import Move, move

DELIVERED, LOST = "delivered", "lost"
CHANGED = "What became of this message is known by now"
UNKNOWN = """
    SELECT m.*, a.name AS account_name, w.currency FROM messages m
    JOIN accounts a ON a.id = m.account_id JOIN wallets w ON w.id = m.wallet_id
    WHERE m.status = 'unknown' AND m.id < ? ORDER BY m.id DESC LIMIT ?
"""


class MessageOfAccount(MessageRow):
    account_name: str
    currency: str


def count_unknown() -> int:
    return query("SELECT count(*) FROM messages WHERE status = 'unknown'")[0][0]


def list_unknown(*, actor: Actor, before: int | None = None, limit: int = 50) -> list[MessageOfAccount]:
    """Those of every account, newest first, with the account's name."""
    roles.require(actor, OPERATE)
    return query(UNKNOWN, (keyset.below(before), limit))


def can_ask(gateway_name: str) -> bool:
    gateway = registry.gateway(gateway_name)
    return gateway is not None and gateway.can_poll


def ask_now(message_uid: str, *, actor: Actor) -> None:
    """The gateway is asked by our reference within the next second."""
    roles.require(actor, OPERATE)
    row = _find(message_uid)
    if not can_ask(row["gateway"]):
        raise Conflict(sentence("%(gateway)s can't be asked about a message", gateway=row["gateway"]))
    if not write(
        lambda tx: tx.changed("UPDATE messages SET poll_at = ? WHERE id = ? AND status = 'unknown'", (clock.now_ms(), row["id"]))
    ):
        raise Conflict(CHANGED)


def decide(message_uid: str, outcome: str, *, actor: Actor) -> None:
    """``delivered``: the gateway has it as delivered, its charge stays. ``lost``: it never went out, and is refunded.

    Conflict when a receipt was quicker.
    """
    roles.require(actor, OPERATE)
    row = _find(message_uid)
    now = clock.now_ms()
    if outcome == DELIVERED:
        wanted = Move(
            row["id"],
            statuses.DELIVERED,
            "delivered",
            marked("Found out by an operator"),
            None,
            {"delivered_at": now, "poll_at": None},
        )
    else:
        wanted = Move(
            row["id"],
            statuses.FAILED,
            "failed",
            marked("Never went out, found out by an operator"),
            None,
            {"failed_at": now, "error_code": "never_sent", "error_message": marked("It never went out"), "poll_at": None},
            refund=True,
        )

    def unit(tx: Tx) -> None:
        # Another's move in between would be allowed from its status too: look again under the lock.
        still = tx.one("SELECT 1 FROM messages WHERE id = ? AND status = 'unknown'", (row["id"],))
        if still is None or not move(tx, [wanted], now):
            raise Conflict(CHANGED)
        audit_log.record(tx, actor=actor, action=f"message.{outcome}", subject=row["uid"], account_id=row["account_id"])

    write(unit)


def _find(uid: str) -> MessageRow:
    row = query_one("SELECT * FROM messages WHERE uid = ?", (uid,))
    if row is None:
        raise MessageNotFound
    return row
