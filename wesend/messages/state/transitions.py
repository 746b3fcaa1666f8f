"""What becomes of messages: a status, with its timeline, its batch's counters, the daily roll-up, refunds, and who is told.

With `claims` and `waiting`, which move what waits, this is the only code that changes a message's status.
Everything happens in the caller's transaction. A move that the table does not allow, or that comes from a holder
that lost its claim, changes nothing: duplicate, late and out-of-order receipts are normal input.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from ...coordination import bell
from ...core import clock
from ...core.chunks import chunks
from ...core.errors import RouteNotFound
from ...core.languages import marked
from ...database import Row, Tx, marks, reading
from ...routing.routes import find_route
from ...wallets import ledger
from . import counters, margins, smpp_news, webhook_events
from .sealed_texts import is_over, would_leave_masked
from .statuses import ALLOWED, DELIVERED, FAILED, NOT_LEFT, QUEUED, TIMEOUT


class Move(NamedTuple):
    """``to`` a status, with ``changes`` of other columns; ``token``: only while this claim is held.

    ``refund``: what was paid for it goes back, once. ``owed``: by one entry for its batch, which the caller writes.
    ``untaken``: no carrier took it this time, so it costs nothing there; what is refunded never was taken.
    """

    id: int
    to: str
    event: str
    detail: str | None = None
    meta: dict | None = None
    changes: dict | None = None
    token: str | None = None
    refund: bool = False
    owed: bool = False
    untaken: bool = False


EXPIRED, BLOCKED = "expired", "blocked"
NEVER_LEAVES = frozenset({EXPIRED, BLOCKED})
"""Events by which a message fails that waits. A receipt for one that was queued again is an old one, and changes nothing."""
REROUTED = "rerouted"
"""The timeline's word for a message that one carrier could not deliver, and that another one is given."""
RETRIED_BY_HAND = marked("Retried by hand")
REROUTES = """
    SELECT meta FROM message_events WHERE message_id = ? AND event = ? AND id > (
        SELECT coalesce(max(id), 0) FROM message_events WHERE message_id = ? AND event = 'retrying' AND detail = ?
    )
"""
NOTED = "SELECT 1 FROM message_events WHERE message_id = ? AND event = ? AND detail = ?"


NONE_READ: Mapping[int, Row] = {}


class Moved(NamedTuple):
    """A move that happened: the row as it was, and the move."""

    before: Row
    move: Move


def move(tx: Tx, moves: list[Move], now: int, read: Mapping[int, Row] = NONE_READ) -> list[Moved]:
    """Carry out the moves that are allowed; those are returned, in order.

    ``read``: messages, by their ids, as they are in this transaction, so that they need not be read again.
    """
    if not moves:
        return []
    rows: dict[int, Row] = {m.id: read[m.id] for m in moves if m.id in read}
    for chunk in chunks([m.id for m in moves if m.id not in read]):
        for row in tx.execute(f"SELECT * FROM messages WHERE id IN ({marks(chunk)})", chunk):
            rows[row["id"]] = row
    done: list[Moved] = []
    for wanted in moves:
        row = rows.pop(wanted.id, None)  # a message moves once a call: its row is as it was before
        if row is not None and _allowed(row, wanted) and not would_leave_masked(tx, row, wanted.to):
            done.append(Moved(row, _with_cost(tx, row, _without_secret(row, wanted))))
    if done:
        _update(tx, done)
        _enter_timeline(tx, [wanted for _, wanted in done], now)
        refunds = _refund(tx, done)
        margins.count_moves(tx, [_step(before, wanted, refunds.get(wanted.id, 0)) for before, wanted in done])
        of_batches: dict[int, int] = defaultdict(int)
        for before, wanted in done:
            if wanted.id in refunds:
                of_batches[before["batch_id"]] += refunds[wanted.id]
        accounts = {before["account_id"] for before, _ in done}
        told = webhook_events.anybody_listens(accounts, tx)
        finished = counters.count_moves(tx, [(before, wanted.to) for before, wanted in done], of_batches, now, told=told)
        if told:
            webhook_events.message_changes(tx, accounts, [m.id for _, m in done], finished)
        if any(before["tells_smpp"] for before, _ in done):
            smpp_news.tell(tx, [(before, m.to, m.changes or {}) for before, m in done if before["tells_smpp"]], now)
        _wake(tx, [m for _, m in done if m.to == QUEUED], now)
    return done


def _wake(tx: Tx, queued: list[Move], now: int) -> None:
    """Whose turn it is at once, by a failover, say, is not left to its gateway's next look."""
    changed = [m.changes for m in queued if m.changes]
    names = {changes["gateway"] for changes in changed if "gateway" in changes and changes.get("due_at", now + 1) <= now}
    if names:
        tx.after_commit(bell.dispatcher_of(names))


def retry(tx: Tx, row: Row, now: int) -> bool:
    """A failed message is queued as if it were new, under a charge of its own, which the caller takes; False when it may not be."""
    batch = tx.one("SELECT valid_for FROM batches WHERE id = ?", (row["batch_id"],))
    valid_for = batch["valid_for"] if batch is not None else None
    changes = {
        "charges": row["charges"] + 1,
        "refunded_micros": 0,
        "retry_count": row["retry_count"] + 1,
        "attempts": 0,
        "backoffs": 0,
        "due_at": now,
        "valid_until": None if valid_for is None else now + valid_for * clock.SECOND,
        "error_code": None,
        "error_message": None,
        "failed_at": None,
        "gateway_ref": None,
        "submitted_at": None,
        "claim_token": None,
        "lease_until": None,
        "poll_at": None,
        "polls": 0,
        "expires_at": None,
    }
    return bool(move(tx, [Move(row["id"], QUEUED, "retrying", RETRIED_BY_HAND, None, changes)], now))


def _without_secret(row: Row, wanted: Move) -> Move:
    """The move, which forgets what was sealed of a message that leaves."""
    return wanted._replace(changes={**(wanted.changes or {}), "fields": None}) if is_over(row, wanted.to) else wanted


def _with_cost(tx: Tx, row: Row, wanted: Move) -> Move:
    """The move, which tells what the message costs at its carrier from now on."""
    changes = wanted.changes or {}
    more = margins.changes_of_cost(tx, row, wanted.to, changes, untaken=wanted.untaken or wanted.refund)
    return wanted._replace(changes={**changes, **more}) if more else wanted


def _step(before: Row, wanted: Move, refunded: int) -> margins.Step:
    changes = wanted.changes or {}
    charged = before["cost_micros"] if "charges" in changes else 0
    return margins.Step(before, wanted.to, changes, charged - refunded)


def _allowed(row: Row, wanted: Move) -> bool:
    if wanted.to not in ALLOWED[row["status"]]:
        return False
    if wanted.to == FAILED and row["status"] in NOT_LEFT and wanted.event not in NEVER_LEAVES:
        return False
    if row["status"] == FAILED and wanted.to == DELIVERED and row["error_code"] != TIMEOUT:
        return False
    return wanted.token is None or row["claim_token"] == wanted.token


@lru_cache(maxsize=256)
def _update_sql(columns: tuple[str, ...]) -> str:
    assignments = "".join(f", {column} = ?" for column in columns)
    return f"UPDATE messages SET status = ?{assignments} WHERE id = ? AND status = ?"


def _update(tx: Tx, done: list[Moved]) -> None:
    alike: dict[tuple[str, ...], list[tuple]] = defaultdict(list)
    for before, wanted in done:
        changes = wanted.changes or {}
        alike[tuple(changes)].append((wanted.to, *changes.values(), wanted.id, before["status"]))
    for columns, rows in alike.items():
        tx.run_many(_update_sql(columns), rows)  # each is as it was read: nobody else writes meanwhile


def _enter_timeline(tx: Tx, moves: list[Move], now: int) -> None:
    tx.run_many(
        "INSERT INTO message_events (message_id, event, status, detail, meta, at) VALUES (?, ?, ?, ?, ?, ?)",
        [(m.id, m.event, m.to, m.detail, json.dumps(m.meta) if m.meta else None, now) for m in moves],
    )


def was_rerouted(message_id: int, tx: Tx | None = None) -> bool:
    """Whether a carrier had it, could not deliver it, and another one was to, for its present charge: a retry by hand was paid
    for anew."""
    return bool(_reroutes(message_id, tx))


def failed_carriers(message_id: int, tx: Tx | None = None) -> set[str]:
    """The gateways that had it for its present charge and could not deliver it."""
    return {json.loads(row["meta"]).get("from") for row in _reroutes(message_id, tx) if row["meta"]}


def _reroutes(message_id: int, tx: Tx | None) -> list[Row]:
    return reading(tx).all(REROUTES, (message_id, REROUTED, message_id, RETRIED_BY_HAND))


class Note(NamedTuple):
    """A line of a timeline that changes nothing; ``status``: the message's own."""

    message_id: int
    status: str
    event: str
    detail: str
    meta: dict | None = None


def note(tx: Tx, notes: list[Note], now: int) -> list[Note]:
    """Enter lines, each once: those that are new."""
    new = [one for one in notes if tx.one(NOTED, (one.message_id, one.event, one.detail)) is None]
    _enter_timeline(tx, [Move(one.message_id, one.status, one.event, one.detail, one.meta) for one in new], now)
    return new


def enter_submitted(tx: Tx, account_id: int, moves: list[Move], now: int, *, listened_to: bool) -> None:
    """What belongs to messages that are written as submitted from the start; ``listened_to``: by an endpoint of theirs."""
    if moves:
        _enter_timeline(tx, moves, now)
    if moves and listened_to:
        webhook_events.message_changes(tx, {account_id}, [entry.id for entry in moves], ())


def _refund(tx: Tx, done: list[Moved]) -> dict[int, int]:
    """Give back what was paid; message's id → micro-units refunded."""
    refunds: dict[int, int] = {}
    for before, wanted in done:
        if not before["cost_micros"] or not (wanted.refund or _failed_on_refunding_route(tx, before, wanted)):
            continue
        if tx.changed("UPDATE messages SET refunded_micros = cost_micros WHERE id = ? AND refunded_micros = 0", (wanted.id,)):
            refunds[wanted.id] = before["cost_micros"]
            if wanted.owed:
                tx.execute(
                    "UPDATE batches SET owed_micros = owed_micros + ? WHERE id = ?", (before["cost_micros"], before["batch_id"])
                )
                continue
            ledger.credit(
                tx,
                before["wallet_id"],
                before["cost_micros"],
                kind="refund",
                description=f"Refund of {before['uid']}: {wanted.detail or wanted.event}",
                batch_id=before["batch_id"],
                message_id=wanted.id,
                charge_no=before["charges"],
            )
    return refunds


def _failed_on_refunding_route(tx: Tx, before: Row, wanted: Move) -> bool:
    """A failure that the gateway reports is refunded where the route says so; a time-out is no report."""
    if wanted.to != FAILED or before["route"] is None or (wanted.changes or {}).get("error_code") == TIMEOUT:
        return False
    try:
        return find_route(before["route"], tx).refund_failed_delivery
    except RouteNotFound:
        return False
