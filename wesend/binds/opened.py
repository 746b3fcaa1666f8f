"""Open binds: rows with their holder's heartbeat, so that all processes and hosts count the same."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ..accounts import audit_log, roles
from ..accounts.keys import Key
from ..accounts.roles import MANAGE, OPERATE, SEE, Actor
from ..core import clock
from ..core.errors import NotFound
from ..core.languages import sentence
from ..database import Row, Tx, atomic, query, write

TRANSMITTER, RECEIVER, TRANSCEIVER = MODES = ("transmitter", "receiver", "transceiver")
BEAT_EVERY = 1.0  # seconds
DEAD_MS = 4 * clock.SECOND
"""Without a heartbeat for so long, a bind's holder has died."""


class Opened(NamedTuple):
    """A bind of this process."""

    uid: str
    key_id: int
    account_id: int
    mode: str
    address: str
    tls: bool
    holder: str
    since: int
    submits: int = 0
    throttled: int = 0


FORGET_DEAD = "DELETE FROM smpp_binds WHERE seen_at < ?"
COUNT = "SELECT count(*) FROM smpp_binds WHERE api_key_id = ?"


def open_up(bind: Opened, limit: int) -> bool:
    """Enter a bind; False when the key has ``limit`` already, over all processes."""

    def unit(tx: Tx) -> bool:
        now = clock.now_ms()
        tx.execute(FORGET_DEAD, (now - DEAD_MS,))
        if tx.all(COUNT, (bind.key_id,))[0][0] >= limit:
            return False
        _enter(tx, bind, now)
        return True

    return write(unit)


def _enter(tx: Tx, bind: Opened, now: int) -> None:
    tx.insert(
        "smpp_binds",
        uid=bind.uid,
        api_key_id=bind.key_id,
        account_id=bind.account_id,
        mode=bind.mode,
        address=bind.address,
        tls=int(bind.tls),
        holder=bind.holder,
        submits=bind.submits,
        throttled=bind.throttled,
        since=bind.since,
        seen_at=now,
    )


BEAT = "UPDATE smpp_binds SET seen_at = ?, submits = ?, throttled = ? WHERE uid = ?"
OF_HOLDER = "SELECT uid, ends FROM smpp_binds WHERE holder = ?"


def beat(holder: str, binds: Sequence[Opened]) -> frozenset[str]:
    """This process's binds live; those of them that somebody wants to end. One that was taken for dead is entered again."""

    def unit(tx: Tx) -> frozenset[str]:
        now = clock.now_ms()
        tx.executemany(BEAT, [(now, bind.submits, bind.throttled, bind.uid) for bind in binds])
        known = {row["uid"]: row["ends"] for row in tx.all(OF_HOLDER, (holder,))}
        for bind in binds:
            if bind.uid not in known:
                _enter(tx, bind, now)
        return frozenset(uid for uid, ends in known.items() if ends)

    return write(unit)


def close(uids: Sequence[str]) -> None:
    write(lambda tx: tx.executemany("DELETE FROM smpp_binds WHERE uid = ?", [(uid,) for uid in uids]))


LIST = """
    SELECT b.*, k.lookup AS system_id, k.name AS key_name, a.name AS account_name, (
        SELECT count(*) FROM smpp_deliveries d WHERE d.api_key_id = b.api_key_id AND d.created_at <= ?) AS waiting
    FROM smpp_binds b JOIN api_keys k ON k.id = b.api_key_id JOIN accounts a ON a.id = b.account_id
    WHERE b.seen_at >= ? AND b.account_id = coalesce(?, b.account_id) ORDER BY b.id
"""


def list_binds(account_id: int | None, *, actor: Actor) -> list[Row]:
    """Those of an account, or of all (None), with what waits for each one's key."""
    roles.require(actor, OPERATE if account_id is None else SEE, account_id)
    now = clock.now_ms()
    return query(LIST, (now, now - DEAD_MS, account_id))


FIND = "SELECT b.*, k.lookup AS system_id FROM smpp_binds b JOIN api_keys k ON k.id = b.api_key_id WHERE b.uid = ?"


def ask_to_end(uid: str, *, actor: Actor) -> Row:
    """Whoever holds the bind ends it within seconds; NotFound."""
    with atomic() as tx:
        row = tx.one(FIND, (uid,))
        if row is None or row["seen_at"] < clock.now_ms() - DEAD_MS:
            raise NotFound(sentence("There is no bind %(uid)s", uid=uid[:40]))
        roles.require(actor, MANAGE, row["account_id"], even_suspended=True)
        tx.execute("UPDATE smpp_binds SET ends = 1 WHERE uid = ?", (uid,))
        audit_log.record(tx, actor=actor, action="smpp.unbind", subject=row["system_id"], account_id=row["account_id"], detail=uid)
        return row


BY_MODE = "SELECT mode, count(*) AS found FROM smpp_binds WHERE seen_at >= ? GROUP BY mode"


def count_by_mode() -> dict[str, int]:
    found = {row["mode"]: row["found"] for row in query(BY_MODE, (clock.now_ms() - DEAD_MS,))}
    return {mode: found.get(mode, 0) for mode in MODES}


def of_key(key: Key, mode: str, address: str, holder: str, uid: str, *, tls: bool) -> Opened:
    return Opened(uid, key.id, key.account.id, mode, address, tls, holder, clock.now_ms())
