"""Opt-outs bind what waits: it is taken back and refunded when one is recorded, and looked at once more before it leaves."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple, Protocol

from flask import Flask

from ...accounts.sides import Side
from ...core import clock
from ...core.chunks import chunks
from ...core.languages import marked
from ...database import Tx, marks, reading
from ...routing import opt_outs
from ...wallets.service import wallet_by_id
from ..state.statuses import CANCELLED
from ..state.transitions import Move, move
from .compose import OPTED_OUT

SENTENCE = marked("The recipient opted out")
WAITING_FOR = """
    SELECT id, wallet_id FROM messages INDEXED BY ix_messages_recipient
    WHERE recipient = ? AND account_id = ? AND channel = ? AND status IN ('scheduled', 'dripping', 'queued')
"""


class ToSomebody(Protocol):
    """A message as far as it matters to whom it goes, and for whom."""

    @property
    def id(self) -> int: ...
    @property
    def wallet_id(self) -> int: ...
    @property
    def account_id(self) -> int: ...
    @property
    def channel(self) -> str: ...
    @property
    def recipient(self) -> str: ...


class Waiting(NamedTuple):
    id: int
    wallet_id: int
    account_id: int
    channel: str
    recipient: str


def init_app(app: Flask) -> None:
    opt_outs.when_recorded(app, take_back)


def take_back(tx: Tx, account_id: int, channel: str, address: str, side: Side | None) -> None:
    """Cancel what waits for an address that has just opted out of the sends of a side (None: both).

    An e-mail address that was written with capitals is found when its message would leave.
    """
    rows = tx.all(WAITING_FOR, (address, account_id, channel))
    cancel(tx, [row["id"] for row in rows if side in (None, wallet_by_id(row["wallet_id"], tx).side)])


def cancel(tx: Tx, ids: Iterable[int]) -> None:
    changes = {"error_code": OPTED_OUT, "error_message": SENTENCE}
    move(tx, [Move(message_id, CANCELLED, "cancelled", SENTENCE, None, changes, refund=True) for message_id in ids], clock.now_ms())


def among(messages: Iterable[ToSomebody], tx: Tx | None = None) -> set[int]:
    """The ids of those whose recipients have opted out of what their account sends; but not answers to a call for help."""
    alike: dict[tuple[int, int, str], dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for message in messages:
        alike[message.account_id, message.wallet_id, message.channel][message.recipient.lower()].append(message.id)
    stopped = {
        message_id
        for (account_id, wallet_id, channel), ids in alike.items()
        for address in opt_outs.opted_out(account_id, channel, list(ids), wallet_by_id(wallet_id, tx).side, tx)
        for message_id in ids[address]
    }
    return stopped - _help(stopped, tx) if stopped else stopped


def _help(ids: Iterable[int], tx: Tx | None) -> set[int]:
    """Those that answer a HELP: whoever asks is told, opted out or not."""
    found: set[int] = set()
    for chunk in chunks(ids):
        sql = f"SELECT message_id FROM replies WHERE message_id IN ({marks(chunk)}) AND answer = 'help'"
        found.update(row["message_id"] for row in reading(tx).all(sql, chunk))
    return found
