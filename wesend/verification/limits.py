"""How often a phone of an account gets a code, and how often a wrong answer is taken for it; the sandbox waits for nothing.

The windows roll. They are exact under a storm: whoever asks has changed the phone's row before, so that one comes after the
other, whatever the database. What was noted while the clock stood ahead counts when the clock gets there, and holds nobody up
until then.
"""

from __future__ import annotations

from ..accounts.sides import LIVE, Side
from ..core import clock
from ..core.errors import TooManyCodes
from ..database import Tx

CODES = ((1, 30 * clock.SECOND), (5, clock.HOUR), (10, clock.DAY))
"""(codes at most, in how long)."""
MISSES, MISSES_MS = 20, clock.HOUR

LOCK = """
    INSERT INTO verification_phones (account_id, phone, touched_at) VALUES (?, ?, ?)
    ON CONFLICT (account_id, phone) DO UPDATE SET touched_at = excluded.touched_at
"""


def begin(tx: Tx, account_id: int, phone: str) -> None:
    """First of all of what happens to a phone's verifications: others wait until this transaction is over."""
    tx.execute(LOCK, (account_id, phone, clock.now_ms()))


SENT = """
    SELECT sent_at FROM verification_sends
    WHERE account_id = ? AND phone = ? AND side = ? AND sent_at > ? AND sent_at <= ? ORDER BY sent_at DESC LIMIT ?
"""


def require_another_code(tx: Tx, account_id: int, phone: str, side: Side) -> None:
    """TooManyCodes when the phone has got as many as it may."""
    if side != LIVE:
        return
    now, (most, longest) = clock.now_ms(), CODES[-1]
    times = [row[0] for row in tx.all(SENT, (account_id, phone, LIVE, now - longest, now, most))]
    waits = [times[most - 1] + window - now for most, window in CODES if len(times) >= most]
    _refuse(max(waits, default=0))


MISSED = """
    SELECT at FROM verification_misses
    WHERE account_id = ? AND phone = ? AND at > ? AND at <= ? ORDER BY at DESC LIMIT ?
"""


def require_another_answer(tx: Tx, account_id: int, phone: str, side: Side) -> None:
    """TooManyCodes when as many wrong answers came as are taken."""
    if side != LIVE:
        return
    now = clock.now_ms()
    times = [row[0] for row in tx.all(MISSED, (account_id, phone, now - MISSES_MS, now, MISSES))]
    if len(times) == MISSES:
        _refuse(times[-1] + MISSES_MS - now)


def note_wrong_answer(tx: Tx, account_id: int, phone: str, side: Side) -> None:
    if side == LIVE:
        tx.insert("verification_misses", account_id=account_id, phone=phone, at=clock.now_ms())


def _refuse(wait_ms: int) -> None:
    if wait_ms > 0:
        raise TooManyCodes(-(-wait_ms // 1000))


def forget_old(tx: Tx) -> None:
    """What no window reaches back to."""
    now = clock.now_ms()
    tx.execute("DELETE FROM verification_misses WHERE at < ?", (now - MISSES_MS,))
    tx.execute("DELETE FROM verification_phones WHERE touched_at < ?", (now - clock.DAY,))
