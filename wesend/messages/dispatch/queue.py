"""The queue: the messages table, claimed by conditional UPDATEs with a lease and a fencing token."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import NamedTuple

from ...accounts.service import suspended_accounts
from ...adapters.sms.base import SmsGateway
from ...coordination import cluster, pause
from ...core import clock
from ...core.current_app import this_app
from ...core.languages import marked
from ...database import Reader, Row, Tx, query_one, reading, write, write_surely
from ...gateways import registry
from ..state import claims, waiting
from ..state.claims import LEASE_MS
from ..state.outgoing import Outgoing
from ..state.statuses import LIVE_BULKS, UNKNOWN
from ..state.transitions import Move, move
from . import holding, last_look
from .settle import first_question

RELEASE_LIMIT = 500
WAITING_SINGLES = """
    SELECT id, account_id FROM messages WHERE status IN ('scheduled', 'dripping') AND lane = 0 AND due_at <= ?
    ORDER BY due_at LIMIT ?
"""
A_WAITING_BULK = """
    SELECT 1 FROM messages WHERE status IN ('scheduled', 'dripping') AND lane = 1 AND batch_id = ? AND due_at <= ? LIMIT 1
"""
DUE_SINGLES = """
    SELECT id, account_id FROM messages WHERE status = 'queued' AND lane = 0 AND gateway = ? AND due_at <= ?
    ORDER BY due_at, id LIMIT ?
"""
DUE_OF_BULK = """
    SELECT id FROM messages WHERE status = 'queued' AND lane = 1 AND batch_id = ? AND gateway = ? AND due_at <= ?
    ORDER BY due_at, id LIMIT ?
"""
OPEN_BULKS = f"SELECT id, account_id FROM batches WHERE {LIVE_BULKS} AND state = 'open' ORDER BY id"
TIMED_BULKS = f"SELECT id, account_id FROM batches WHERE {LIVE_BULKS} AND state = 'open' AND mode <> 'now'"
LAPSED = "SELECT 1 FROM messages WHERE status IN ('claimed', 'submitting') AND lease_until < ? LIMIT 1"
LAPSED_WHILE_SUBMITTING = """
    SELECT id, gateway FROM messages WHERE status IN ('claimed', 'submitting') AND lease_until < ? AND status = 'submitting'
    LIMIT ?
"""


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
        suspended = suspended_accounts(tx)
        rows = tx.all(WAITING_SINGLES, (now, limit))
        released = waiting.set_aside(tx, [row["id"] for row in rows if row["account_id"] in suspended])
        released += waiting.release(tx, [row["id"] for row in rows if row["account_id"] not in suspended])
        for batch_id in _bulks_with_a_time(tx, suspended):
            if released >= limit:
                break
            released += waiting.release_of_bulk(tx, batch_id, now, limit - released)
        return released

    return write(unit) if pause.current() is None and _anything_waits() else 0


def _bulks_with_a_time(reader: Reader, suspended: frozenset[int]) -> list[int]:
    return [row["id"] for row in reader.all(TIMED_BULKS) if row["account_id"] not in suspended]


def _anything_waits() -> bool:
    """A cheap look without the write lock."""
    now, reader = clock.now_ms(), reading(None)
    if reader.one(WAITING_SINGLES, (now, 1)):
        return True
    return any(reader.one(A_WAITING_BULK, (batch_id, now)) for batch_id in _bulks_with_a_time(reader, suspended_accounts()))


def is_due(gateway: str) -> bool:
    """Whether anything can be claimed for a gateway; a look without the write lock."""
    now, reader = clock.now_ms(), reading(None)
    if reader.one(DUE_SINGLES, (gateway, now, 1)):
        return True
    return next(_due_bulks(reader, gateway, now, suspended_accounts()), None) is not None


def _due_bulks(reader: Reader, gateway: str, now: int, suspended: frozenset[int]) -> Iterator[int]:
    for batch_id, account_id in reader.all(OPEN_BULKS):
        if account_id not in suspended and reader.one(DUE_OF_BULK, (batch_id, gateway, now, 1)):
            yield batch_id


def claim(gateway: str, limit: int, *, submitting: bool = False) -> Claimed:
    """Claim up to ``limit`` due messages of a gateway: small sends first, then a share of each open bulk.

    ``submitting``: for a gateway that is called at once, marks them so in the same commit.
    """
    if pause.current() is not None or not is_due(gateway):
        return Claimed("", [])
    holding.clear_the_head(gateway, clock.now_ms())
    token = secrets.token_hex(8)

    def unit(tx: Tx) -> list[Outgoing]:
        now = clock.now_ms()
        ids = _choose(tx, gateway, limit, now)
        if submitting:  # what is claimed first is looked at when it is begun
            stopped = last_look.keep_back_among(tx, ids)
            ids = [message_id for message_id in ids if message_id not in stopped]
        rows = claims.claim(tx, ids, Outgoing._fields, token=token, until=now + LEASE_MS, submitting=submitting)
        # RETURNING gives them in the table's order: an old bulk before a small send.
        found = {outgoing.id: outgoing for outgoing in (Outgoing(*row) for row in rows)}
        return [found[message_id] for message_id in ids if message_id in found]

    return Claimed(token, write(unit))


def _choose(tx: Tx, gateway: str, limit: int, now: int) -> list[int]:
    """What is claimed next: small sends, then of each open bulk an equal share of what room is left."""
    suspended = suspended_accounts(tx)
    ids = [row["id"] for row in tx.all(DUE_SINGLES, (gateway, now, limit)) if row["account_id"] not in suspended]
    bulks = list(_due_bulks(tx, gateway, now, suspended)) if len(ids) < limit else []
    for position, batch_id in enumerate(bulks):
        share = -(-(limit - len(ids)) // (len(bulks) - position))
        ids += [row["id"] for row in tx.all(DUE_OF_BULK, (batch_id, gateway, now, share))]
    return ids


def start(groups: list[Claimed]) -> list[Claimed]:
    """Mark claimed messages as being submitted, just before the wire; each group with those that are still ours.

    What may not leave any more is none of them: it goes back, or becomes what the last look at it says.
    """

    def unit(tx: Tx) -> list[Claimed]:
        return [_start(tx, group) for group in groups]

    return write(unit)


def _start(tx: Tx, group: Claimed) -> Claimed:
    if not group.messages:
        return group
    suspended, seen = suspended_accounts(tx), last_look.look(group.messages, tx)
    stays = [message.id for message in group.messages if message.account_id in suspended or message.id in seen.stays]
    if stays:
        claims.hand_back(tx, stays, token=group.token)
        last_look.keep_back(tx, seen)
    ids = [message.id for message in group.messages]
    ours = claims.start(tx, ids, token=group.token, until=clock.now_ms() + LEASE_MS)
    return group._replace(messages=[message for message in group.messages if message.id in ours])


def hand_back(groups: list[Claimed]) -> None:
    """Return claimed messages that were not begun."""

    def unit(tx: Tx) -> None:
        for group in groups:
            claims.hand_back(tx, [message.id for message in group.messages], token=group.token)

    if any(group.messages for group in groups):
        write_surely(unit)


def recover_leases(limit: int = RELEASE_LIMIT) -> tuple[int, int]:
    """After a crash: claimed messages go back to the queue, submitting ones become unknown. How many of each."""
    now = clock.now_ms()
    if not query_one(LAPSED, (now,)):
        return 0, 0

    def unit(tx: Tx) -> tuple[int, int]:
        back = claims.hand_back_lapsed(tx, now, limit)
        rows = tx.all(LAPSED_WHILE_SUBMITTING, (now, limit))
        moves = [_stopped_within(row, registry.gateway(row["gateway"], tx), now) for row in rows]
        return back, len(move(tx, moves, now))

    return write(unit)


def _stopped_within(row: Row, gateway: SmsGateway | None, now: int) -> Move:
    """Nobody can say whether it went out: it is never sent again by itself.

    On one machine the answer of a holder that was only thought dead still ends the doubt. A host that comes back after
    minutes writes nothing about what it has lost.
    """
    changes = {
        **({"claim_token": None} if cluster.is_shared() else {}),
        "lease_until": None,
        "submitted_at": now,
        "expires_at": now + this_app().config["WESEND"].validity_ms,
        "poll_at": first_question(gateway, now),
    }
    return Move(
        row["id"], UNKNOWN, "unknown", marked("wesend stopped while the gateway was called"), {"gateway": row["gateway"]}, changes
    )
