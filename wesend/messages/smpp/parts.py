"""Parts of long messages: each on disk when it is acknowledged; the last one makes them one message, which is paid at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from typing import NamedTuple

from ...binds import receipts
from ...binds.receipts import News
from ...core import clock
from ...core.errors import DatabaseUnavailable, InsufficientBalance, StorageFull, WesendError
from ...core.ids import new_id
from ...database import Row, Tx, marks, query, write
from ...database.rows import SmppSubmissionRow
from ...wallets.service import balance_of, spendable_of
from ..sending.watching import Limited
from .submit import Asked, MayBegin, Order, Planned, Taken, accept_in, always, plan, refusal

WAITS_MS = 5 * clock.MINUTE
"""How long a message waits for its parts, and a part that comes twice is known again."""
TIME_OUT, NOT_PAYABLE = 408, 400
"""The errors that receipts tell of parts whose message never became whole, or could not be paid."""


class Part(NamedTuple):
    """``whole`` tells the parts of one message from all others; ``content`` without its header."""

    whole: str
    number: int
    total: int
    data_coding: int
    content: bytes

    @property
    def digest(self) -> str:
        return sha256(bytes((self.data_coding,)) + self.content).hexdigest()


class Piece(NamedTuple):
    """Bytes and their coding, of a part; in order they are the text."""

    data_coding: int
    content: bytes


Compose = Callable[[Sequence[Piece]], Order]
"""The order of a text that is given in pieces, of as many segments as there are parts in all."""


class Submitted(NamedTuple):
    """A part of an account's key, what is asked for with it, and how the whole is composed."""

    account_id: int
    key_id: int
    part: Part
    asked: Asked
    compose: Compose
    may_begin: MayBegin = always


OF_WHOLE = "SELECT * FROM smpp_submissions WHERE whole = ? AND created_at > ? AND created_at <= ? ORDER BY id"


def take(given: Submitted) -> Taken:
    """Keep a part, and accept the message that it completes: the part's id; the error of whatever refuses it."""
    part, rows = given.part, query(OF_WHOLE, _lately(given.part))
    known = _same(part, rows) or _same_of_whole(part, rows)
    if known is not None and len(_newest(_waiting(rows))) < part.total:
        # Whatever would refuse it by now: it was acknowledged, and what it belongs to may be paid already.
        return Taken(known["uid"])
    planned = plan(given.compose([Piece(part.data_coding, part.content)]))
    waiting = _waiting(rows)
    if not waiting or part.number in {row["part_number"] for row in waiting}:
        _require_money(planned)
    kept = write(lambda tx: _keep(tx, given))
    if len(kept.waiting) < part.total:
        return Taken(kept.uid)
    try:
        return Taken(kept.uid, _accept_whole(given, kept))
    except Exception as error:
        is_final = _is_refusal(error)
        write(lambda tx: _give_up(tx, kept, given.part, end=is_final))
        raise


class _Kept(NamedTuple):
    """``waiting``: the parts of its message that have come, this one among them; none once it is whole. ``is_new``: of this one.
    ``left``: parts of a message before it that was never whole.
    """

    uid: str
    waiting: list[SmppSubmissionRow]
    is_new: bool
    left: Sequence[SmppSubmissionRow] = ()


def _lately(part: Part) -> tuple[str, int, int]:
    now = clock.now_ms()
    return part.whole, now - WAITS_MS, now


def _waiting(rows: Sequence[SmppSubmissionRow]) -> list[SmppSubmissionRow]:
    return [row for row in rows if row["message_id"] is None and row["ended"] is None]


def _newest(waiting: Sequence[SmppSubmissionRow]) -> list[SmppSubmissionRow]:
    """One of each number: where another content came with a reference that waits, a new message has begun."""
    return list({row["part_number"]: row for row in waiting}.values())


def _same(part: Part, rows: Sequence[SmppSubmissionRow]) -> SmppSubmissionRow | None:
    """The part as it waits already."""
    return _first(part, _waiting(rows))


def _first(part: Part, rows: Iterable[SmppSubmissionRow]) -> SmppSubmissionRow | None:
    wanted = (part.number, part.digest)
    return next((row for row in rows if (row["part_number"], row["digest"]) == wanted), None)


def _same_of_whole(part: Part, rows: Sequence[SmppSubmissionRow]) -> SmppSubmissionRow | None:
    """The part as it belongs to what became whole lately; none where parts of another message with its reference wait."""
    return None if _waiting(rows) else _first(part, (row for row in rows if row["message_id"] is not None))


def _require_money(planned: Planned) -> None:
    """The first part is refused if all could not be paid now."""
    wallet, required = planned.order.composed.wallet, planned.outgoing.cost_micros
    if spendable_of(wallet) < required:
        raise InsufficientBalance(
            wallet_id=wallet.uid, balance_micros=balance_of(wallet), required_micros=required, currency=wallet.currency
        )


def _keep(tx: Tx, given: Submitted) -> _Kept:
    if not given.may_begin():
        raise DatabaseUnavailable("the client was told that it took too long")
    part, asked = given.part, given.asked
    rows: list[SmppSubmissionRow] = tx.all(OF_WHOLE, _lately(part))
    same = _same(part, rows)
    if same is not None:
        return _kept(same["uid"], rows, False)
    before = _same_of_whole(part, rows)
    if before is not None:
        return _Kept(before["uid"], [], False)
    uid = new_id()
    tx.insert(
        "smpp_submissions",
        uid=uid,
        account_id=given.account_id,
        api_key_id=given.key_id,
        registered=asked.registered,
        source=asked.source,
        destination=asked.destination,
        reference=asked.reference,
        beginning=asked.beginning,
        whole=part.whole,
        part_number=part.number,
        part_total=part.total,
        data_coding=part.data_coding,
        content=part.content,
        digest=part.digest,
        created_at=clock.now_ms(),
    )
    return _kept(uid, tx.all(OF_WHOLE, _lately(part)), True)


def _kept(uid: str, rows: Sequence[SmppSubmissionRow], is_new: bool) -> _Kept:
    waiting = _waiting(rows)
    newest = _newest(waiting)
    ids = {row["id"] for row in newest}
    return _Kept(uid, newest, is_new, [row for row in waiting if row["id"] not in ids])


BELONG = """
    UPDATE smpp_submissions SET message_id = ?, content = NULL
    WHERE id IN ({ids}) AND message_id IS NULL AND ended IS NULL
"""


class _TakenBefore(Exception):
    """Another thread has made them one message."""


def _accept_whole(given: Submitted, kept: _Kept) -> int:
    """Milliseconds that the answer is to take, as `accept_in` tells them."""
    ordered = sorted(kept.waiting, key=lambda row: row["part_number"] or 0)
    planned = plan(given.compose([Piece(row["data_coding"] or 0, bytes(row["content"] or b"")) for row in ordered]))
    order, ids = planned.order, [row["id"] for row in ordered]
    tells = int(any(row["registered"] for row in ordered))
    planned = planned._replace(outgoing=planned.outgoing._replace(tells_smpp=tells))

    def note(tx: Tx, rows: Sequence[Row]) -> None:
        if tx.changed(BELONG.format(ids=marks(ids)), (rows[0]["id"], *ids)) != len(ids):
            raise _TakenBefore
        if kept.left:
            _end(tx, kept.left, receipts.UNDELIVERABLE, TIME_OUT)
        if order.alongside is not None:
            order.alongside(tx, rows)

    try:
        return write(lambda tx: accept_in(tx, planned, note))
    except _TakenBefore:
        return 0
    except Limited as limited:
        raise refusal(planned, limited) from None


def _is_refusal(error: Exception) -> bool:
    """Whether trying again would change nothing: it is not that nothing can be stored now."""
    return isinstance(error, WesendError) and not isinstance(error, StorageFull)


def _give_up(tx: Tx, kept: _Kept, part: Part, *, end: bool) -> None:
    """The part that was refused is none; ``end``: those before it can't be paid either."""
    rows = _waiting(tx.all(OF_WHOLE, _lately(part)))
    if kept.is_new:
        tx.execute("DELETE FROM smpp_submissions WHERE uid = ? AND message_id IS NULL", (kept.uid,))
    if end:
        _end(tx, [row for row in rows if row["uid"] != kept.uid or not kept.is_new], receipts.UNDELIVERABLE, NOT_PAYABLE)


END = """
    UPDATE smpp_submissions SET ended = ?, ended_error = ?, ended_at = ?, content = NULL
    WHERE id = ? AND message_id IS NULL AND ended IS NULL
"""


def _end(tx: Tx, rows: Sequence[SmppSubmissionRow], state: int, error: int) -> int:
    """Parts that will never be a message; how many. Nothing was paid for them."""
    now = clock.now_ms()
    ended = [row for row in rows if tx.changed(END, (state, error, now, row["id"]))]
    receipts.tell_of(tx, [(row, News(0, state, error, now)) for row in ended])
    return len(ended)


LATE = """
    SELECT DISTINCT whole FROM smpp_submissions
    WHERE whole IS NOT NULL AND message_id IS NULL AND ended IS NULL AND created_at < ? LIMIT ?
"""
WAITING_OF = "SELECT * FROM smpp_submissions WHERE whole = ? AND message_id IS NULL AND ended IS NULL ORDER BY id"


def end_late(limit: int = 100) -> int:
    """What is not whole after five minutes never will be; how many messages."""
    before = clock.now_ms() - WAITS_MS
    found = [row["whole"] for row in query(LATE, (before, limit))]

    def unit(tx: Tx) -> None:
        for whole in found:
            _end(tx, tx.all(WAITING_OF, (whole,)), receipts.UNDELIVERABLE, TIME_OUT)

    if found:
        write(unit)
    return len(found)


def take_back(whole: str) -> bool:
    """Parts that wait for others are taken back, all of them; False when none did."""
    return write(lambda tx: _end(tx, tx.all(WAITING_OF, (whole,)), receipts.DELETED, receipts.DELETED)) > 0


OLD = "SELECT id FROM smpp_submissions WHERE created_at < ? ORDER BY created_at LIMIT ?"


def forget_old(keep_ms: int, limit: int = 500) -> int:
    """Housekeeping: what was asked about submissions that are long over; how many."""
    ids = [row["id"] for row in query(OLD, (clock.now_ms() - keep_ms, limit))]
    return write(lambda tx: tx.changed(f"DELETE FROM smpp_submissions WHERE id IN ({marks(ids)})", ids)) if ids else 0
