"""What ends with a new password, another role, or the right to sign in: every session, and every link that is still open."""

from __future__ import annotations

from ..database import Tx


def end_sessions(tx: Tx, user_id: int) -> None:
    tx.execute("DELETE FROM user_sessions WHERE user_id = ?", (user_id,))
    tx.execute("DELETE FROM pending_sign_ins WHERE user_id = ?", (user_id,))


def end_sign_ins(tx: Tx, user_id: int) -> None:
    """Sessions, sign-ins that are half-way through, and one-time links."""
    end_sessions(tx, user_id)
    tx.execute("DELETE FROM sign_in_links WHERE user_id = ?", (user_id,))
