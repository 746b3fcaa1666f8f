"""The breaker: a gateway that fails time after time rests for a while, then is tried again."""

from __future__ import annotations

from .. import clock
from ..database import Tx, query, query_one

FAILURES = 5  # one after the other, until it rests
FIRST_REST_MS = 5 * clock.SECOND
LONGEST_REST_MS = 60 * clock.SECOND


def note(tx: Tx, gateway: str, *, failed: int, went_well: bool, error: str | None) -> None:
    """What a call came to: one that brought anything sound ends a series of failures."""
    if went_well:
        tx.execute("UPDATE gateway_health SET failures = 0, rests_until = NULL WHERE gateway = ? AND failures > 0",
                   (gateway,))
        return
    if not failed:
        return
    now = clock.now_ms()
    tx.execute("INSERT INTO gateway_health (gateway, failures, last_error, last_error_at) VALUES (?1, ?2, ?3, ?4)"
               " ON CONFLICT (gateway) DO UPDATE SET failures = failures + ?2, last_error = ?3, last_error_at = ?4",
               (gateway, failed, error, now))
    failures = tx.execute("SELECT failures FROM gateway_health WHERE gateway = ?", (gateway,)).fetchone()[0]
    if failures >= FAILURES:
        rest = min(FIRST_REST_MS * 2 ** min(failures - FAILURES, 10), LONGEST_REST_MS)
        tx.execute("UPDATE gateway_health SET rests_until = ? WHERE gateway = ?", (now + rest, gateway))


def rests(gateway: str) -> bool:
    """Whether it is left alone now; when its rest is over it is tried again, and one more failure is a longer rest."""
    row = query_one("SELECT rests_until FROM gateway_health WHERE gateway = ?", (gateway,))
    return row is not None and row[0] is not None and row[0] > clock.now_ms()


def resting() -> frozenset[str]:
    return frozenset(row[0] for row in query("SELECT gateway FROM gateway_health WHERE rests_until > ?", (clock.now_ms(),)))


def problem_of(gateway: str) -> str | None:
    """Why a gateway rests, in words; None when it does not."""
    row = query_one("SELECT * FROM gateway_health WHERE gateway = ? AND failures > 0", (gateway,))
    if row is None or row["failures"] < FAILURES:
        return None
    return f"failed {row['failures']} times in a row, last at {clock.iso(row['last_error_at'])}: {row['last_error']}"


def forget(tx: Tx, gateway: str) -> None:
    tx.execute("DELETE FROM gateway_health WHERE gateway = ?", (gateway,))
