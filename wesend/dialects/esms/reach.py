"""What a key reaches: a test key nothing but its sandbox wallet, a live one everything of its account."""

from __future__ import annotations

from flask import g

from ...database import Row
from ...wallets.service import wallet_by_id


def wallet_in_reach() -> int | None:
    """The one wallet whose messages the current key sees; None: all of the account."""
    wallet = wallet_by_id(g.key.wallet_id)
    return wallet.id if wallet.is_sandbox else None


def in_reach(row: Row) -> bool:
    """Whether the key may see and change this message or batch of its account."""
    return wallet_in_reach() in (None, row["wallet_id"])
