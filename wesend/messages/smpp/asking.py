"""Asked by id: how a message stands, and that it be taken back."""

from __future__ import annotations

from typing import NamedTuple

from ...accounts.sides import Side
from ...binds import receipts
from ...core.channels import SMS
from ...core.errors import MessageNotFound, NotCancellable
from ...database import query_one
from ...database.rows import MessageRow, SmppSubmissionRow
from ...wallets.service import reaches
from ..sending import actions
from ..state import smpp_news
from ..state.statuses import FINAL
from . import parts


class Standing(NamedTuple):
    """``final_at`` None while it is under way."""

    state: int
    error: int
    final_at: int | None


class _Found(NamedTuple):
    """The message, or the part that has not become one yet."""

    message: MessageRow | None
    part: SmppSubmissionRow | None


BY_ID = "SELECT * FROM messages WHERE uid = ? AND account_id = ? AND channel = ?"
SUBMITTED = "SELECT * FROM smpp_submissions WHERE uid = ? AND account_id = ?"
MESSAGE = "SELECT * FROM messages WHERE id = ?"
WALLET_OF_KEY = "SELECT wallet_id FROM api_keys WHERE id = ?"
TAKEN_BACK = "SELECT max(at) AS at FROM message_events WHERE message_id = ? AND event = 'cancelled'"


def _find(account_id: int, uid: str, side: Side) -> _Found:
    message = query_one(BY_ID, (uid, account_id, SMS))
    part = query_one(SUBMITTED, (uid, account_id)) if message is None else None
    if part is not None and part["message_id"] is not None:
        message = query_one(MESSAGE, (part["message_id"],))
    if message is None and part is None:
        raise MessageNotFound
    wallet_id = message["wallet_id"] if message is not None else _wallet_of(part)
    if not reaches(side, wallet_id):
        raise MessageNotFound
    return _Found(message, part)


def _wallet_of(part: SmppSubmissionRow | None) -> int:
    row = query_one(WALLET_OF_KEY, (part["api_key_id"],)) if part is not None else None
    if row is None:
        raise MessageNotFound
    return row["wallet_id"]


def ask(account_id: int, uid: str, *, side: Side) -> Standing:
    """How the message or part with this id stands; MessageNotFound."""
    message, part = _find(account_id, uid, side)
    if message is None:
        assert part is not None
        if part["ended"] is None:
            return Standing(receipts.ENROUTE, 0, None)
        return Standing(part["ended"], part["ended_error"] or 0, part["ended_at"])
    state = smpp_news.state_of(message)
    return Standing(state, smpp_news.error_of(message, state), _final_at(message) if message["status"] in FINAL else None)


def _final_at(message: MessageRow) -> int:
    if message["delivered_at"] is not None or message["failed_at"] is not None:
        return message["delivered_at"] or message["failed_at"] or message["created_at"]
    row = query_one(TAKEN_BACK, (message["id"],))
    return row["at"] if row is not None and row["at"] is not None else message["created_at"]


def take_back(account_id: int, uid: str, *, side: Side) -> None:
    """Take a message back that has not left, whole and refunded; MessageNotFound, NotCancellable."""
    message, part = _find(account_id, uid, side)
    if message is not None:
        actions.cancel_one(message["id"], actions.NOT_LEFT)
    elif part is None or part["whole"] is None or not parts.take_back(part["whole"]):
        raise NotCancellable
