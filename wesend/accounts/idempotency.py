"""Idempotency keys: one request, one effect, one answer, however often it is sent.

``begin`` writes a row with a lease before anything happens. What is paid for is named in it (``attach``) by the
paying transaction itself, so a crash after payment can be told from one before: the first is answered from what
was stored, the second is carried out anew once the lease is over.
"""

from __future__ import annotations

import secrets
from typing import NamedTuple, NoReturn

from ..core import clock
from ..core.errors import IdempotencyConflict, IdempotencyInFlight
from ..database import Tx, query_one, write, write_surely

LEASE_MS = 40 * clock.SECOND  # longer than any request may take
KEPT_MS = clock.DAY


ATTACH = "UPDATE idempotency_keys SET subject = ? WHERE id = ? AND token = ? AND subject IS NULL"
CLAIM = """
    INSERT INTO idempotency_keys (api_key_id, key, fingerprint, token, lease_until, created_at) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT DO NOTHING RETURNING id
"""
CLAIMED = "SELECT id FROM idempotency_keys WHERE api_key_id = ? AND key = ? AND token = ?"
KEEP = "UPDATE idempotency_keys SET status_code = ?, body = ?, content_type = ? WHERE id = ? AND token = ?"


class _Known(Exception):
    """The key was used before."""


class Claim(NamedTuple):
    """The right to carry out one request; ``token`` fences off a holder that lost its lease."""

    id: int
    token: str

    def attach(self, tx: Tx, subject: str) -> None:
        """Name what this request pays for, in the paying transaction; IdempotencyInFlight when the lease was lost."""
        tx.require(ATTACH, (subject, self.id, self.token), _raise_in_flight)


class Answer(NamedTuple):
    """The final answer of an earlier request with the same key."""

    status_code: int
    body: str
    content_type: str


class Paid(NamedTuple):
    """An earlier request paid for ``subject`` and died before its answer was kept: answer from what is stored."""

    claim: Claim
    subject: str


def begin(api_key_id: int, key: str, fingerprint: str, *others: str) -> Claim | Answer | Paid:
    """Claim a key, or find what became of it. IdempotencyConflict: another request had it; InFlight: it still runs.

    ``others``: under which the same request may have been kept.
    """
    now, token = clock.now_ms(), secrets.token_hex(8)
    values = (api_key_id, key, fingerprint, token, now + LEASE_MS, now)
    try:
        written = write(lambda tx: tx.require(CLAIM, values, _raise_known)).row
    except _Known:
        return _look(api_key_id, key, fingerprint, *others)
    if written is None:
        written = query_one(CLAIMED, (api_key_id, key, token))
        if written is None:
            raise IdempotencyInFlight
    return Claim(written["id"], token)


def _raise_known(_tx: Tx) -> NoReturn:
    raise _Known


def _raise_in_flight(_tx: Tx) -> NoReturn:
    raise IdempotencyInFlight


def _look(api_key_id: int, key: str, fingerprint: str, *others: str) -> Claim | Answer | Paid:
    """What became of a key that was used before."""

    def unit(tx: Tx) -> Claim | Answer | Paid:
        now = clock.now_ms()
        row = tx.one("SELECT * FROM idempotency_keys WHERE api_key_id = ? AND key = ?", (api_key_id, key))
        if row is not None and row["created_at"] < now - KEPT_MS:
            tx.execute("DELETE FROM idempotency_keys WHERE id = ?", (row["id"],))
            row = None
        token = secrets.token_hex(8)
        if row is None:
            claim_id = tx.insert(
                "idempotency_keys",
                api_key_id=api_key_id,
                key=key,
                fingerprint=fingerprint,
                token=token,
                lease_until=now + LEASE_MS,
                created_at=now,
            )
            return Claim(claim_id, token)
        if row["fingerprint"] not in (fingerprint, *others):
            raise IdempotencyConflict
        if row["status_code"] is not None:
            return Answer(row["status_code"], row["body"], row["content_type"])
        if now < row["lease_until"] <= now + LEASE_MS:  # a longer one is of a clock that was set back
            raise IdempotencyInFlight
        tx.execute("UPDATE idempotency_keys SET token = ?, lease_until = ? WHERE id = ?", (token, now + LEASE_MS, row["id"]))
        claim = Claim(row["id"], token)
        return Paid(claim, row["subject"]) if row["subject"] else claim

    return write(unit)


def keep(claim: Claim, answer: Answer) -> None:
    """The final answer; repeated for 24 hours."""
    values = (answer.status_code, answer.body, answer.content_type, claim.id, claim.token)
    write_surely(lambda tx: tx.run(KEEP, values))


def release(claim: Claim) -> None:
    """Nothing final happened: the key is free again, unless something was paid under it (then its lease ends)."""

    def unit(tx: Tx) -> None:
        tx.run("DELETE FROM idempotency_keys WHERE id = ? AND token = ? AND subject IS NULL", (claim.id, claim.token))
        tx.run("UPDATE idempotency_keys SET lease_until = 0 WHERE id = ? AND token = ?", (claim.id, claim.token))

    write_surely(unit)


def forget_old(limit: int = 5000) -> int:
    """Housekeeping: drop keys older than 24 hours, at most ``limit``; how many."""
    return write(
        lambda tx: tx.changed(
            "DELETE FROM idempotency_keys WHERE id IN (SELECT id FROM idempotency_keys WHERE created_at < ? LIMIT ?)",
            (clock.now_ms() - KEPT_MS, limit),
        )
    )
