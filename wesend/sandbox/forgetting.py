"""The inbox forgets what it caught; what was sent stays in its account's history and ledger."""

from __future__ import annotations

from typing import Any

from ..core.channels import EMAIL, SMS
from ..database import Tx, marks, query, query_one, write
from ..gateways.registry import SANDBOX, SANDBOX_MAIL
from . import caught_mail, handed_in
from . import inbox as sandbox_inbox
from .inbox import REMEMBERED, TAKEN, Since, Wanted

CHUNK = 500

FOUND = f"""
    SELECT id, CASE WHEN {TAKEN} THEN 1 ELSE 0 END AS is_taken FROM messages
    WHERE channel = :channel AND gateway = :gateway AND wallet_id IN (SELECT id FROM wallets WHERE is_sandbox = 1)
        AND {REMEMBERED} AND id > :after {{more}} ORDER BY id LIMIT :limit
"""
COUNTED = f"""
    SELECT count(*) AS count FROM messages
    WHERE channel = ? AND gateway = ? AND wallet_id IN (SELECT id FROM wallets WHERE is_sandbox = 1) AND {TAKEN} AND {REMEMBERED}
"""
FORGET_ALL = """
    INSERT INTO inbox_starts (channel, after_id) SELECT ?, coalesce(max(id), 0) FROM messages WHERE true
    ON CONFLICT (channel) DO UPDATE SET after_id = excluded.after_id
"""
TIDY = """
    DELETE FROM forgotten_messages
    WHERE (SELECT count(*) FROM inbox_starts) = 2 AND message_id <= (SELECT min(after_id) FROM inbox_starts)
"""


def messages(wanted: Wanted, before: Since | None = None) -> int:
    """Forget SMS to ``wanted.to``, in its namespace, from before an instant; how many. UnknownRecipient."""
    numbers = sandbox_inbox.numbers_of(wanted.recipient) if wanted.recipient else None
    return _forget(SMS, SANDBOX, numbers, None, wanted.namespace, before)


def emails(wanted: Wanted, before: Since | None = None) -> int:
    """The same of mail, that of sandbox wallets and that which was handed in."""
    address = caught_mail.address_of(wanted)
    where: list[str] = []
    values: list[Any] = []
    for condition, value in (("recipient = ?", address), ("namespace = ?", wanted.namespace)):
        if value is not None:
            where.append(condition)
            values.append(value)
    if before is not None and before.mail_id is not None:
        where.append("id < ?")
        values.append(before.mail_id)
    elif before is not None:
        where.append("created_at < ?")
        values.append(before.at)
    handed = handed_in.forget(" AND ".join(where) or "id > 0", values)
    return handed + _forget(EMAIL, SANDBOX_MAIL, None, address, wanted.namespace, before)


def _forget(
    channel: str, gateway: str, numbers: list[str] | None, address: str | None, namespace: str | None, before: Since | None
) -> int:
    if numbers is None and address is None and namespace is None and before is None:
        return _forget_all(channel, gateway)
    more, values = "", {"channel": channel, "gateway": gateway, "limit": CHUNK, "after": 0}
    if numbers is not None:
        values |= {f"number_{place}": number for place, number in enumerate(numbers)}
        more += f" AND recipient IN ({', '.join(f':number_{place}' for place in range(len(numbers)))})"
    if address is not None:
        values["address"] = address
        more += " AND lower(recipient) = :address"
    if namespace is not None:
        values["namespace"] = namespace
        more += " AND batch_id IN (SELECT id FROM batches WHERE namespace = :namespace)"
    if before is not None:
        values["before"] = before.message_id if before.message_id is not None else before.at
        more += " AND id < :before" if before.message_id is not None else " AND created_at < :before"
    total = 0
    while found := query(FOUND.format(more=more), values):
        write(lambda tx, found=found: _note(tx, [row["id"] for row in found]))  # type: ignore[misc]  # mypy can't infer defaults
        total += sum(row["is_taken"] for row in found)
        values["after"] = found[-1]["id"]
    return total


def _note(tx: Tx, ids: list[int]) -> None:
    known = {row[0] for row in tx.all(f"SELECT message_id FROM forgotten_messages WHERE message_id IN ({marks(ids)})", ids)}
    tx.insert_many("forgotten_messages", ("message_id",), [(one,) for one in ids if one not in known])


def _forget_all(channel: str, gateway: str) -> int:
    counted = query_one(COUNTED, (channel, gateway))

    def unit(tx: Tx) -> None:
        tx.execute(FORGET_ALL, (channel,))
        tx.execute(TIDY)

    write(unit)
    return counted["count"] if counted is not None else 0
