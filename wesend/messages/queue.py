"""The queue: the messages table, claimed by conditional UPDATEs with a lease and a fencing token."""

from __future__ import annotations

import secrets
from typing import NamedTuple

from flask import current_app

from .. import clock, pause
from ..database import Row, Tx, marks, query, write
from .accept import LEASE_MS, Outgoing
from .settle import first_question
from .statuses import CLAIMED, LIVE_BULKS, SUBMITTING, UNKNOWN
from .transitions import Move, move

RELEASE_LIMIT = 500
RETURNED = ", ".join(Outgoing._fields)


class Claimed(NamedTuple):
    """Messages that are ours until the lease ends; ``token`` guards everything that is recorded about them."""

    token: str
    messages: list[Outgoing]


def release_due(limit: int = RELEASE_LIMIT) -> int:
    """Scheduled and dripping messages whose time has come are queued; how many. While paused they can be cancelled."""

    def unit(tx: Tx) -> int:
        now = clock.now_ms()
        released = tx.changed(
            "UPDATE messages SET status = 'queued' WHERE id IN (SELECT id FROM messages"
            " WHERE status IN ('scheduled', 'dripping') AND lane = 0 AND due_at <= ? ORDER BY due_at LIMIT ?)",
            (now, limit))
        for (batch_id,) in tx.all(f"SELECT id FROM batches WHERE {LIVE_BULKS} AND state = 'open' AND mode <> 'now'"):
            if released >= limit:
                break
            released += tx.changed(
                "UPDATE messages SET status = 'queued' WHERE id IN (SELECT id FROM messages"
                " WHERE status IN ('scheduled', 'dripping') AND lane = 1 AND batch_id = ? AND due_at <= ?"
                " ORDER BY due_at LIMIT ?)", (batch_id, now, limit - released))
        return released

    return write(unit) if pause.current() is None and _anything_waits() else 0


def _anything_waits() -> bool:
    """A cheap look without the write lock."""
    now = clock.now_ms()
    if query("SELECT 1 FROM messages WHERE status IN ('scheduled', 'dripping') AND lane = 0 AND due_at <= ? LIMIT 1",
             (now,)):
        return True
    for (batch_id,) in query(f"SELECT id FROM batches WHERE {LIVE_BULKS} AND state = 'open' AND mode <> 'now'"):
        if query("SELECT 1 FROM messages WHERE status IN ('scheduled', 'dripping') AND lane = 1 AND batch_id = ?"
                 " AND due_at <= ? LIMIT 1", (batch_id, now)):
            return True
    return False


def is_due(gateway: str) -> bool:
    """Whether anything can be claimed for a gateway; a look without the write lock."""
    return bool(_due_singles(gateway, 1) or next(iter(_due_bulks(gateway)), None))


def _due_singles(gateway: str, limit: int) -> list[Row]:
    return query("SELECT id FROM messages WHERE status = 'queued' AND lane = 0 AND gateway = ? AND due_at <= ?"
                 " ORDER BY due_at, id LIMIT ?", (gateway, clock.now_ms(), limit))


def _due_bulks(gateway: str):
    now = clock.now_ms()
    for (batch_id,) in query(f"SELECT id FROM batches WHERE {LIVE_BULKS} AND state = 'open' ORDER BY id"):
        if query("SELECT 1 FROM messages WHERE status = 'queued' AND lane = 1 AND batch_id = ? AND gateway = ?"
                 " AND due_at <= ? LIMIT 1", (batch_id, gateway, now)):
            yield batch_id


def claim(gateway: str, limit: int, *, submitting: bool = False) -> Claimed:
    """Claim up to ``limit`` due messages of a gateway: small sends first, then a share of each open bulk.

    ``submitting``: for a gateway that is called at once, marks them so in the same commit.
    """
    if pause.current() is not None or not is_due(gateway):
        return Claimed("", [])
    token = secrets.token_hex(8)
    status = SUBMITTING if submitting else CLAIMED

    def unit(tx: Tx) -> list[Outgoing]:
        now = clock.now_ms()
        ids = [row[0] for row in _due_singles(gateway, limit)]
        bulks = list(_due_bulks(gateway)) if len(ids) < limit else []
        for position, batch_id in enumerate(bulks):
            share = -(-(limit - len(ids)) // (len(bulks) - position))
            ids += [row[0] for row in tx.all(
                "SELECT id FROM messages WHERE status = 'queued' AND lane = 1 AND batch_id = ? AND gateway = ?"
                " AND due_at <= ? ORDER BY due_at, id LIMIT ?", (batch_id, gateway, now, share))]
        found: dict[int, Outgoing] = {}
        for start in range(0, len(ids), 500):
            chunk = ids[start:start + 500]
            found.update((row["id"], Outgoing(*row)) for row in tx.all(
                f"UPDATE messages SET status = ?, claim_token = ?, lease_until = ?"
                f" WHERE id IN ({marks(chunk)}) AND status = 'queued' RETURNING {RETURNED}",
                (status, token, now + LEASE_MS, *chunk)))
        # RETURNING gives them in the table's order: an old bulk before a small send.
        return [found[message_id] for message_id in ids if message_id in found]

    return Claimed(token, write(unit))


def start(groups: list[Claimed]) -> list[Claimed]:
    """Mark claimed messages as being submitted, just before the wire; each group with those that are still ours."""

    def unit(tx: Tx) -> list[Claimed]:
        return [_start(tx, group) for group in groups]

    return write(unit)


def _start(tx: Tx, group: Claimed) -> Claimed:
    ids = [message.id for message in group.messages]
    ours = {row[0] for row in tx.all(
        f"UPDATE messages SET status = 'submitting', lease_until = ? WHERE id IN ({marks(ids)})"
        f" AND status = 'claimed' AND claim_token = ? RETURNING id",
        (clock.now_ms() + LEASE_MS, *ids, group.token))}
    return group._replace(messages=[message for message in group.messages if message.id in ours])


def hand_back(groups: list[Claimed]) -> None:
    """Return claimed messages that were not begun."""

    def unit(tx: Tx) -> None:
        for group in groups:
            ids = [message.id for message in group.messages]
            tx.execute(f"UPDATE messages SET status = 'queued', claim_token = NULL, lease_until = NULL"
                       f" WHERE id IN ({marks(ids)}) AND status = 'claimed' AND claim_token = ?", (*ids, group.token))

    if any(group.messages for group in groups):
        write(unit)


def recover_leases(limit: int = RELEASE_LIMIT) -> tuple[int, int]:
    """After a crash: claimed messages go back to the queue, submitting ones become unknown. How many of each."""
    now = clock.now_ms()
    if not query("SELECT 1 FROM messages WHERE status IN ('claimed', 'submitting') AND lease_until < ? LIMIT 1",
                 (now,)):
        return 0, 0

    def unit(tx: Tx) -> tuple[int, int]:
        back = tx.changed(
            "UPDATE messages SET status = 'queued', claim_token = NULL, lease_until = NULL WHERE id IN"
            " (SELECT id FROM messages WHERE status IN ('claimed', 'submitting') AND lease_until < ?"
            " AND status = 'claimed' LIMIT ?)", (now, limit))
        rows = tx.all("SELECT id, gateway, claim_token FROM messages WHERE status IN ('claimed', 'submitting')"
                      " AND lease_until < ? AND status = 'submitting' LIMIT ?", (now, limit))
        validity = current_app.config["WESEND"].validity_ms
        moved = move(tx, [Move(row["id"], UNKNOWN, "unknown", "wesend stopped while the gateway was called",
                               {"gateway": row["gateway"]},
                               {"lease_until": None, "submitted_at": now, "expires_at": now + validity,
                                "poll_at": first_question(row["gateway"], now)}) for row in rows], now)
        return back, len(moved)

    return write(unit)
