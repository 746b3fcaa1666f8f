"""Lists of messages."""

from __future__ import annotations

from ..database import Row, marks, query, snapshot
from ..wallets.service import WalletInfo


def page_of_wallet(wallet: WalletInfo, *, statuses: tuple[str, ...] | None, recipient: str | None, limit: int,
                   offset: int) -> tuple[list[Row], int]:
    """Messages paid from a wallet, newest first, and how many there are in all."""
    where, parameters = ["wallet_id = ?"], [wallet.id]
    index = "ix_messages_wallet_id"
    if recipient is not None:
        where.append("recipient = ?")
        parameters.append(recipient)
        index = "ix_messages_recipient"
    if statuses is not None:
        where.append(f"status IN ({marks(statuses)})")
        parameters.extend(statuses)
    condition = " AND ".join(where)
    with snapshot():
        if len(where) == 1:
            total = query("SELECT coalesce(sum(total), 0) FROM daily_counts WHERE account_id = ? AND wallet_id = ?",
                          (wallet.account_id, wallet.id))[0][0]
        else:
            total = query(f"SELECT count(*) FROM messages WHERE {condition}", parameters)[0][0]
        return query(f"SELECT * FROM messages INDEXED BY {index} WHERE {condition} ORDER BY id DESC LIMIT ? OFFSET ?",
                     (*parameters, limit, offset)), total
