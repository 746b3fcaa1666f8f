"""The sandbox as it was at first: nothing caught, no rules, its wallets full, nothing counted against its keys."""

from __future__ import annotations

from functools import partial
from typing import Any

from ..accounts import audit_log
from ..accounts.roles import Actor
from ..coordination import rate_limit
from ..core import clock, money
from ..database import Tx, query, write
from ..gateways import simulated
from ..two_way.delivery import SOURCE
from ..wallets import ledger
from . import forgetting
from .inbox import Wanted
from .published import all_published

RESET = "sandbox_reset"
OF_SANDBOX = "side = 'sandbox' AND forgotten = 0"
FORGET_WROTE = f"UPDATE inbound_messages SET forgotten = 1 WHERE {OF_SANDBOX}"
FORGET_TOLD = "DELETE FROM incoming_messages WHERE gateway = 'sandbox' AND state <> 'new'"
FORGET_CONVERSATIONS = "DELETE FROM conversations WHERE side = 'sandbox'"
FORGET_OPT_OUTS = "DELETE FROM opt_outs WHERE side = 'sandbox'"
"""A STOP of an earlier run would hold up the next one's messages."""
FORGET_ITS_OPT_OUTS = f"""
    DELETE FROM opt_outs WHERE side = 'sandbox' AND source = ? AND EXISTS (
        SELECT 1 FROM inbound_messages i
        WHERE i.account_id = opt_outs.account_id AND i.sender = opt_outs.address AND i.opt_out = 1 AND i.namespace = ?
            AND i.{OF_SANDBOX}
    )
"""
"""The same of what was said in one namespace."""
WALLETS = """
    SELECT w.id, w.uid, w.account_id, (
        SELECT amount_micros FROM ledger_entries e WHERE e.wallet_id = w.id ORDER BY e.id LIMIT 1
    ) AS first_micros
    FROM wallets w WHERE w.is_sandbox = 1 ORDER BY w.id
"""
KEYS = "SELECT k.id FROM api_keys k JOIN wallets w ON w.id = k.wallet_id WHERE w.is_sandbox = 1"
CHUNK = 500
FORGET_DELIVERIES = """
    DELETE FROM smpp_deliveries WHERE id IN (SELECT id FROM smpp_deliveries WHERE api_key_id IN ({keys}) LIMIT ?)
"""
FORGET_PARTS = """
    DELETE FROM smpp_submissions WHERE id IN (
        SELECT id FROM smpp_submissions WHERE message_id IS NULL AND api_key_id IN ({keys}) LIMIT ?
    )
"""
FORGET_ANSWERS = f"DELETE FROM idempotency_keys WHERE api_key_id IN ({KEYS}) AND (status_code IS NOT NULL OR lease_until < ?)"


def reset(namespace: str | None = None, *, actor: Actor) -> dict[str, int]:
    """Forget everything, or what lies in a namespace; how much of each kind there was. Wallets go by the whole alone."""
    wanted = Wanted(namespace=namespace)
    rules = write(lambda tx: simulated.remove_all(tx, namespace))
    counts = {
        "messages": forgetting.messages(wanted),
        "emails": forgetting.emails(wanted),
        "rules": rules,
        "inbound": write(lambda tx: _forget_inbound(tx, namespace)),
    }
    _forget_smpp(namespace)
    if namespace is None:
        write(lambda tx: _begin_anew(tx, actor))
        rate_limit.forget([row["id"] for row in query(KEYS)])
    return counts


def _forget_inbound(tx: Tx, namespace: str | None) -> int:
    if namespace is not None:
        tx.execute(FORGET_ITS_OPT_OUTS, (SOURCE, namespace))
        tx.execute(f"{FORGET_TOLD} AND namespace = ?", (namespace,))
        return tx.changed(f"{FORGET_WROTE} AND namespace = ?", (namespace,))
    tx.execute(FORGET_TOLD)
    tx.execute(FORGET_CONVERSATIONS)
    tx.execute(FORGET_OPT_OUTS)
    return tx.changed(FORGET_WROTE)


def _forget_smpp(namespace: str | None) -> None:
    """What no bind has fetched, and parts that wait for others: the next run would be told of them. It may be much, where nobody
    binds for days, so it goes in short transactions.
    """
    named, values = ("", ()) if namespace is None else (" AND k.namespace = ?", (namespace,))
    for forget in (FORGET_DELIVERIES, FORGET_PARTS):
        part = partial(_forget_part, forget.format(keys=KEYS + named), (*values, CHUNK))
        while write(part) == CHUNK:
            pass


def _forget_part(sql: str, values: tuple[object, ...], tx: Tx) -> int:
    return tx.changed(sql, values)


def _begin_anew(tx: Tx, actor: Actor) -> None:
    """Wallets at the balance that they were given first; the answers that idempotency keys have kept are gone."""
    opening = {access.wallet_uid: money.to_micros(access.opening) for access in all_published().values()}
    for row in tx.all(WALLETS):
        balance = opening.get(row["uid"], max(row["first_micros"] or 0, 0))
        _restore(tx, row, balance, actor)
    tx.execute(FORGET_ANSWERS, (clock.now_ms(),))


def _restore(tx: Tx, row: Any, balance: int, actor: Actor) -> None:
    moved = ledger.restore(tx, row["id"], balance, kind=RESET, description="Sandbox reset")
    if moved:
        audit_log.record(
            tx,
            actor=actor,
            action="sandbox.reset",
            subject=row["uid"],
            account_id=row["account_id"],
            detail=f"{money.text(balance - moved)} → {money.text(balance)}",
        )
