"""What people write, for the binds of an account: to the key by which it last wrote to that phone, else to its oldest."""

from __future__ import annotations

from ..accounts.sides import SANDBOX, Side
from ..adapters.sms.smpp import requests
from ..adapters.sms.smpp.texts import UDH_INDICATOR, parts_of
from ..binds import deliveries, terms
from ..core import clock
from ..database import Tx, marks
from ..database.rows import InboundMessageRow

LAST_KEY = """
    SELECT b.api_key_id FROM messages m JOIN batches b ON b.id = m.batch_id
    WHERE m.recipient = ? AND m.account_id = ? AND b.api_key_id IN ({keys}) ORDER BY m.id DESC LIMIT 1
"""


def tell(tx: Tx, account_id: int, side: Side, inbound: InboundMessageRow) -> None:
    """Write it down for one of the account's SMPP keys, if it has any."""
    now = clock.now_ms()
    keys = terms.keys_of_account(tx, account_id, now, is_sandbox=side == SANDBOX, namespace=inbound["namespace"])
    if not keys:
        return
    last = tx.one(LAST_KEY.format(keys=marks(tuple(keys))), (inbound["sender"], account_id, *keys))
    key_id = keys[last["api_key_id"]] if last is not None else next(iter(keys.values()))
    source = requests.phone_address(inbound["sender"]).raw
    destination = requests.phone_address(inbound["recipient"] or "").raw
    # Parts of two messages from one phone are told apart by the reference.
    parts = parts_of(inbound["text"] or " ", inbound["id"])
    deliveries.enqueue(
        tx,
        [
            deliveries.New(
                key_id,
                deliveries.INBOUND,
                requests.deliver_body(source, destination, UDH_INDICATOR if part.has_udh else 0, part.data_coding, part.content),
                b"",
                now,
            )
            for part in parts
        ],
    )
