"""Closing an account, for good: keys, webhooks and users end, what waits is cancelled and refunded, texts go, the ledger stays."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple

from ..accounts import audit_log, ending, roles, service
from ..accounts.roles import MANAGE, Actor
from ..accounts.service import AccountInfo
from ..contacts import groups, uploads
from ..coordination import kept_files
from ..core import clock
from ..core.errors import Conflict, NotCancellable
from ..core.languages import sentence
from ..database import Tx, atomic, forget_deleted, marks, query, write
from ..messages.sending import actions
from ..messages.state.redaction import REMOVED
from ..messages.state.statuses import LIVE_BULKS
from ..two_way import services as two_way
from . import smpp
from .erasing import PATIENCE

CHUNK = 200
WAITING = """
    SELECT id, batch_id FROM messages INDEXED BY ix_messages_account_status
    WHERE account_id = ? AND channel = ? AND status = ? ORDER BY batch_id LIMIT ?
"""
ON_ITS_WAY = """
    SELECT 1 FROM messages INDEXED BY ix_messages_account_status
    WHERE account_id = ? AND channel = ? AND status IN ('claimed', 'submitting') LIMIT 1
"""
BEING_WRITTEN = f"SELECT 1 FROM batches WHERE {LIVE_BULKS} AND state = 'intake' AND account_id = ? LIMIT 1"
KEPT = f"substr(text, 1, {len(REMOVED)}) <> '{REMOVED}'"


class Closed(NamedTuple):
    """What ended; ``refunded_micros`` by currency; ``texts`` that went."""

    account: AccountInfo
    closed_at: int
    keys: int
    webhooks: int
    users: int
    cancelled: int
    refunded_micros: dict[str, int]
    texts: int


def close(account_id: int, *, is_sure: bool, patience: float = PATIENCE, actor: Actor) -> Closed:
    """Close an account; one that is closed is gone through once more. An operator may, and its owners.

    Conflict without ``is_sure``, and for the sandbox's account. What is on its way ends; it is waited for ``patience`` seconds.
    """
    roles.require(actor, MANAGE, account_id, even_suspended=True)
    account = service.get_account(account_id)
    if account.is_sandbox:
        raise Conflict("The sandbox's account can't be closed: WESEND_SANDBOX=0 switches it off")
    if not is_sure:
        raise Conflict(
            sentence(
                "%(name)s would be closed for good: keys, webhooks and users end, what waits is cancelled, texts are removed."
                " Say --yes to do it",
                name=account.name,
            )
        )
    # Services go first: their numbers are free again, which is an entry of its own.
    _end_services(account_id, actor)
    now = clock.now_ms()
    with atomic() as tx:
        tx.execute("UPDATE accounts SET status = 'suspended', closed_at = coalesce(closed_at, ?) WHERE id = ?", (now, account_id))
        keys, hooks, users = _end_access(tx, account_id, now)
        detail = f"{keys} keys, {hooks} webhooks, {users} users"
        audit_log.record(tx, actor=actor, action="account.close", subject=account.name, account_id=account_id, detail=detail)
    cancelled, refunded = _cancel(account_id)
    _await_leaving(account_id, patience)
    more, again = _cancel(account_id)  # what came back to the queue
    texts = _remove_texts(account_id)
    row = query("SELECT closed_at FROM accounts WHERE id = ?", (account_id,))[0]
    forget_deleted()
    return Closed(account, row["closed_at"], keys, hooks, users, cancelled + more, dict(refunded + again), texts)


def _end_services(account_id: int, actor: Actor) -> None:
    sql = "SELECT * FROM two_way_services WHERE account_id = ? AND status NOT IN ('rejected', 'cancelled') ORDER BY id"
    for service_row in query(sql, (account_id,)):
        with suppress(Conflict):
            two_way.cancel(service_row, actor=actor if isinstance(actor, str) else "system")


def _end_access(tx: Tx, account_id: int, now: int) -> tuple[int, int, int]:
    keys = tx.changed("UPDATE api_keys SET revoked_at = ? WHERE account_id = ? AND revoked_at IS NULL", (now, account_id))
    found = tx.all("SELECT id, is_active FROM webhook_endpoints WHERE account_id = ?", (account_id,))
    for row in found:
        tx.execute(
            "UPDATE webhook_endpoints SET is_active = 0, disabled_reason = 'The account was closed' WHERE id = ?", (row["id"],)
        )
    people = tx.all("SELECT id FROM users WHERE account_id = ? AND status = 'active'", (account_id,))
    for user in people:
        tx.execute("UPDATE users SET status = 'disabled' WHERE id = ?", (user["id"],))
        ending.end_sign_ins(tx, user["id"])
    return keys, sum(row["is_active"] for row in found), len(people)


def _cancel(account_id: int) -> tuple[int, Counter[str]]:
    refunded: Counter[str] = Counter()
    count = 0
    bulks = "SELECT * FROM batches WHERE account_id = ? AND lane = 1 AND state IN ('open', 'paused') ORDER BY id"
    for batch in query(bulks, (account_id,)):
        with suppress(NotCancellable):
            done = actions.cancel_rest_of(batch)
            refunded[batch["currency"]] += done.refunded_micros
            count += done.count
    for channel in ("sms", "email"):
        for status in actions.NOT_LEFT:
            while rows := query(WAITING, (account_id, channel, status, CHUNK)):
                taken = 0
                for batch_id in dict.fromkeys(row["batch_id"] for row in rows):
                    ids = [row["id"] for row in rows if row["batch_id"] == batch_id]
                    done = write(lambda tx, batch_id=batch_id, ids=ids: actions.cancel_some(tx, batch_id, ids))  # type: ignore[misc]  # mypy can't infer defaults
                    refunded[query("SELECT currency FROM batches WHERE id = ?", (batch_id,))[0]["currency"]] += done.refunded_micros
                    taken += done.count
                count += taken
                if not taken:
                    break
    return count, refunded


def _await_leaving(account_id: int, patience: float) -> None:
    ends = time.monotonic() + patience
    while _leaves(account_id) and time.monotonic() < ends:
        time.sleep(0.2)


def _leaves(account_id: int) -> bool:
    """Whether a message is on its way, or a bulk is still being written."""
    return any(query(ON_ITS_WAY, (account_id, channel)) for channel in ("sms", "email")) or bool(
        query(BEING_WRITTEN, (account_id,))
    )


def _remove_texts(account_id: int) -> int:
    """Of messages and batches, of what was received, of webhooks and answers; and contacts and lists as a whole."""
    for account, token in kept_files.names(account_id):
        uploads.forget(account, token)
    for group in query("SELECT id FROM groups WHERE account_id = ? ORDER BY id", (account_id,)):
        write(lambda tx, group=group: tx.changed("UPDATE groups SET state = 'deleting' WHERE id = ?", (group["id"],)))  # type: ignore[misc]  # mypy can't infer defaults
        groups.remove_deleted(group["id"])
    for change in (
        "DELETE FROM webhook_attempts WHERE delivery_id IN ({ids})",
        "DELETE FROM webhook_deliveries WHERE id IN ({ids})",
    ):
        _all(change, DELIVERIES, account_id)
    removed = _sweep(
        "messages", "text = ?, subject = NULL, fields = NULL", "AND status NOT IN ('claimed', 'submitting')", account_id
    )
    removed += _sweep("batches", "text = ?, subject = NULL, placeholders = NULL, skipped = NULL", "", account_id)
    removed += _sweep("inbound_messages", "text = ?", "", account_id)
    removed += _sweep("conversations", "text = ?", "", account_id)
    removed += _sweep("incoming_messages", "text = ?, raw = NULL", "AND state <> 'new'", account_id)
    _all("UPDATE message_parts SET text = NULL WHERE id IN ({ids})", OF_MESSAGES.format(table="message_parts"), account_id)
    _all(
        "UPDATE brought_receipts SET raw = NULL, text = NULL WHERE id IN ({ids})",
        OF_MESSAGES.format(table="brought_receipts"),
        account_id,
    )
    _all("DELETE FROM idempotency_keys WHERE id IN ({ids})", KEPT_ANSWERS, account_id)
    for table, texts in SET_UP:
        _all(f"UPDATE {table} SET {texts} WHERE id IN ({{ids}})", WHOLE.format(table=table), account_id)
    for table in ("campaign_drafts", "text_templates", "api_calls"):
        _all(f"DELETE FROM {table} WHERE id IN ({{ids}})", WHOLE.format(table=table), account_id)
    smpp.forget(account_id)
    return removed


SET_UP = (
    ("two_way_services", "auto_reply_text = NULL, auto_reply_enabled = 0, help_text = NULL"),
    ("verifications", "template = NULL"),
    ("verify_apps", "template = NULL"),
)
"""Texts that would have been sent by themselves."""
WHOLE = "SELECT id FROM {table} WHERE account_id = ? AND id > ? ORDER BY id LIMIT ?"
DELIVERIES = """
    SELECT d.id FROM webhook_deliveries d JOIN webhook_endpoints e ON e.id = d.endpoint_id WHERE e.account_id = ? AND d.id > ?
    ORDER BY d.id LIMIT ?
"""
OF_MESSAGES = """
    SELECT t.id FROM {table} t JOIN messages m ON m.id = t.message_id WHERE m.account_id = ? AND t.id > ? ORDER BY t.id LIMIT ?
"""
KEPT_ANSWERS = """
    SELECT i.id FROM idempotency_keys i JOIN api_keys k ON k.id = i.api_key_id WHERE k.account_id = ? AND i.id > ?
    ORDER BY i.id LIMIT ?
"""


def _sweep(table: str, assignments: str, condition: str, account_id: int) -> int:
    found = f"SELECT id FROM {table} WHERE account_id = ? AND id > ? AND {KEPT} {condition} ORDER BY id LIMIT ?"
    return _all(f"UPDATE {table} SET {assignments} WHERE id IN ({{ids}}) {condition}", found, account_id, REMOVED)


def _all(change: str, found: str, account_id: int, *values: str) -> int:
    """A chunk a transaction, in the order of ids."""
    last = total = 0
    while rows := query(found, (account_id, last, CHUNK)):
        ids = [row["id"] for row in rows]
        unit: Callable[[Tx], int] = lambda tx, ids=ids: tx.changed(change.format(ids=marks(ids)), (*values, *ids))  # type: ignore[misc]  # noqa: E731
        total += write(unit)
        last = ids[-1]
    return total
