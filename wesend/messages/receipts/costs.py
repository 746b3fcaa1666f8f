"""What a carrier tells of a message's cost only with its receipt: it takes the place of what was expected."""

from __future__ import annotations

from ...core import money
from ...database import Tx
from ...database.rows import MessageRow
from ..state import margins
from ..state.statuses import WAITING


def note(tx: Tx, message: MessageRow, cost: str | None) -> None:
    """``cost`` as `Receipt` has it. What is to leave once more costs what that attempt will."""
    told = money.read_told(cost) if cost else None
    if told is None or message["status"] in WAITING:
        return
    currency = told.currency or message["carrier_currency"]
    if currency is not None and (told.micros, currency) != (message["carrier_cost_micros"], message["carrier_currency"]):
        margins.put_right(tx, message, told.micros, currency)
