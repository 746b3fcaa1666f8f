"""The queue: the messages table, claimed by conditional UPDATEs with a lease and a fencing token."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import NamedTuple

from flask import current_app

from ...accounts.service import suspended_accounts
from ...coordination import pause
from ...core import clock
from ...core.chunks import chunks
from ...database import Row, Tx, marks, query, write, write_surely
from ..sending import opted_out
from ..sending.accept import LEASE_MS, Outgoing
from ..state.statuses import CLAIMED, LIVE_BULKS, SUBMITTING, UNKNOWN
from ..state.transitions import Move, move
from . import holding
from .settle import first_question

RELEASE_LIMIT = 500
RETURNED = ", ".join(Outgoing._fields)


class Claimed(NamedTuple):
    """Messages that are ours until the lease ends; ``token`` guards everything that is recorded about them."""

    token: str
    messages: list[Outgoing]


def release_due(limit: int = RELEASE_LIMIT) -> int:
    """Scheduled and dripping messages whose time has come are queued, and those of suspended accounts set aside; how many.

    While paused they can be cancelled.
    """

    def unit(tx: Tx) -> int:
        now = clock.now_ms()
        suspended = suspended_accounts()
        rows = tx.all(
            "SELECT id, account_id FROM messages WHERE status IN ('scheduled', 'dripping') AND lane = 0"
            " AND due_at <= ? ORDER BY due_at LIMIT ?",
            (now, limit),
        )
        due = [row["id"] for row in rows if row["account_id"] not in suspended]
        released = holding.set_aside(tx, [row["id"] for row in rows if row["account_id"] in suspended])
        released += tx.changed(f"UPDATE messages SET status = 'queued' WHERE id IN ({marks(due)})", due) if due else 0
        for batch_id in _bulks_with_a_time(suspended):
            if released >= limit:
                break
            released += tx.changed(
                "UPDATE messages SET status = 'queued' WHERE id IN (SELECT id FROM messages"
                " WHERE status IN ('scheduled', 'dripping') AND lane = 1 AND batch_id = ? AND due_at <= ?"
                " ORDER BY due_at LIMIT ?)",
                (batch_id, now, limit - released),
            )
        return released

    return write(unit) if pause.current() is None and _anything_waits() else 0


def _bulks_with_a_time(suspended: frozenset[int]) -> list[int]:
    rows = query(f"SELECT id, account_id FROM batches WHERE {LIVE_BULKS} AND state = 'open' AND mode <> 'now'")
    return [row["id"] for row in rows if row["account_id"] not in suspended]


def _anything_waits() -> bool:
    """A cheap look without the write lock."""
    now = clock.now_ms()
    if query("SELECT 1 FROM messages WHERE status IN ('scheduled', 'dripping') AND lane = 0 AND due_at <= ? LIMIT 1", (now,)):
        return True
    return any(
        query(
            "SELECT 1 FROM messages WHERE status IN ('scheduled', 'dripping') AND lane = 1 AND batch_id = ?"
            " AND due_at <= ? LIMIT 1",
            (batch_id, now),
        )
        for batch_id in _bulks_with_a_time(suspended_accounts())
    )


def is_due(gateway: str) -> bool:
    """Whether anything can be claimed for a gateway; a look without the write lock."""
    return bool(_due_singles(gateway, 1) or next(iter(_due_bulks(gateway)), None))


def _due_singles(gateway: str, limit: int) -> list[Row]:
    return query(
        "SELECT id, account_id FROM messages WHERE status = 'queued' AND lane = 0 AND gateway = ? AND due_at <= ?"
        " ORDER BY due_at, id LIMIT ?",
        (gateway, clock.now_ms(), limit),
    )


def _due_bulks(gateway: str) -> Iterator[int]:
    now, suspended = clock.now_ms(), suspended_accounts()
    for batch_id, account_id in query(f"SELECT id, account_id FROM batches WHERE {LIVE_BULKS} AND state = 'open' ORDER BY id"):
        if account_id not in suspended and query(
            "SELECT 1 FROM messages WHERE status = 'queued' AND lane = 1 AND batch_id = ? AND gateway = ? AND due_at <= ? LIMIT 1",
            (batch_id, gateway, now),
        ):
            yield batch_id


def claim(gateway: str, limit: int, *, submitting: bool = False) -> Claimed:
    """Claim up to ``limit`` due messages of a gateway: small sends first, then a share of each open bulk.

    ``submitting``: for a gateway that is called at once, marks them so in the same commit.
    """
    if pause.current() is not None or not is_due(gateway):
        return Claimed("", [])
    holding.clear_the_head(gateway, clock.now_ms())
    token = secrets.token_hex(8)
    status = SUBMITTING if submitting else CLAIMED

    def unit(tx: Tx) -> list[Outgoing]:
        now = clock.now_ms()
        suspended = suspended_accounts()
        ids = [row["id"] for row in _due_singles(gateway, limit) if row["account_id"] not in suspended]
        bulks = list(_due_bulks(gateway)) if len(ids) < limit else []
        for position, batch_id in enumerate(bulks):
            share = -(-(limit - len(ids)) // (len(bulks) - position))
            ids += [
                row[0]
                for row in tx.all(
                    "SELECT id FROM messages WHERE status = 'queued' AND lane = 1 AND batch_id = ? AND gateway = ?"
                    " AND due_at <= ? ORDER BY due_at, id LIMIT ?",
                    (batch_id, gateway, now, share),
                )
            ]
        found: dict[int, Outgoing] = {}
        for chunk in chunks(ids):
            if submitting:  # what is claimed first is looked at when it is begun
                stopped = opted_out.cancel_among(tx, chunk)
                chunk = [message_id for message_id in chunk if message_id not in stopped]
            found.update(
                (row["id"], Outgoing(*row))
                for row in tx.all(
                    f"UPDATE messages SET status = ?, claim_token = ?, lease_until = ?"
                    f" WHERE id IN ({marks(chunk)}) AND status = 'queued' RETURNING {RETURNED}",
                    (status, token, now + LEASE_MS, *chunk),
                )
            )
        # RETURNING gives them in the table's order: an old bulk before a small send.
        return [found[message_id] for message_id in ids if message_id in found]

    return Claimed(token, write(unit))


def start(groups: list[Claimed]) -> list[Claimed]:
    """Mark claimed messages as being submitted, just before the wire; each group with those that are still ours.

    What may not leave any more is none of them: it goes back, or is taken back where its recipient opted out.
    """

    def unit(tx: Tx) -> list[Claimed]:
        return [_start(tx, group) for group in groups]

    return write(unit)


def _start(tx: Tx, group: Claimed) -> Claimed:
    if not group.messages:
        return group
    suspended, stopped = suspended_accounts(), opted_out.among(group.messages)
    stays = [message for message in group.messages if message.account_id in suspended or message.id in stopped]
    if stays:
        _hand_back(tx, group._replace(messages=stays))
        opted_out.cancel(tx, stopped)
    ids = [message.id for message in group.messages]
    ours = {
        row[0]
        for row in tx.all(
            f"UPDATE messages SET status = 'submitting', lease_until = ? WHERE id IN ({marks(ids)})"
            f" AND status = 'claimed' AND claim_token = ? RETURNING id",
            (clock.now_ms() + LEASE_MS, *ids, group.token),
        )
    }
    return group._replace(messages=[message for message in group.messages if message.id in ours])


def hand_back(groups: list[Claimed]) -> None:
    """Return claimed messages that were not begun."""

    def unit(tx: Tx) -> None:
        for group in groups:
            _hand_back(tx, group)

    if any(group.messages for group in groups):
        write_surely(unit)


def _hand_back(tx: Tx, group: Claimed) -> None:
    ids = [message.id for message in group.messages]
    tx.execute(
        f"UPDATE messages SET status = 'queued', claim_token = NULL, lease_until = NULL"
        f" WHERE id IN ({marks(ids)}) AND status = 'claimed' AND claim_token = ?",
        (*ids, group.token),
    )


def recover_leases(limit: int = RELEASE_LIMIT) -> tuple[int, int]:
    """After a crash: claimed messages go back to the queue, submitting ones become unknown. How many of each."""
    now = clock.now_ms()
    if not query("SELECT 1 FROM messages WHERE status IN ('claimed', 'submitting') AND lease_until < ? LIMIT 1", (now,)):
        return 0, 0

    def unit(tx: Tx) -> tuple[int, int]:
        back = tx.changed(
            "UPDATE messages SET status = 'queued', claim_token = NULL, lease_until = NULL WHERE id IN"
            " (SELECT id FROM messages WHERE status IN ('claimed', 'submitting') AND lease_until < ?"
            " AND status = 'claimed' LIMIT ?)",
            (now, limit),
        )
        rows = tx.all(
            "SELECT id, gateway, claim_token FROM messages WHERE status IN ('claimed', 'submitting')"
            " AND lease_until < ? AND status = 'submitting' LIMIT ?",
            (now, limit),
        )
        validity = current_app.config["WESEND"].validity_ms
        moved = move(
            tx,
            [
                Move(
                    row["id"],
                    UNKNOWN,
                    "unknown",
                    "wesend stopped while the gateway was called",
                    {"gateway": row["gateway"]},
                    {
                        "lease_until": None,
                        "submitted_at": now,
                        "expires_at": now + validity,
                        "poll_at": first_question(row["gateway"], now),
                    },
                )
                for row in rows
            ],
            now,
        )
        return back, len(moved)

    return write(unit)
