"""The failed messages of a campaign, sent again as a campaign of their own: with their texts as they were, for a new charge
(mail has none).

Never one that may have arrived: no unknown outcome, none whose receipt did not come. Each failure is sent again once: the
id of the new campaign follows from the old one's, so a second form finds the first one's campaign, and after it only what
failed later is left.
"""

from __future__ import annotations

import json
import uuid
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from ...accounts import roles
from ...accounts.roles import SEE, Actor
from ...accounts.service import AccountInfo
from ...core import phones, templating
from ...core.channels import EMAIL, SMS
from ...core.errors import Conflict
from ...database import keyset, query, query_one
from ...database.rows import BatchRow, MessageRow
from ...wallets.service import wallet_by_id
from ..email.compose import MailComposer
from ..reporting import reasons
from ..sending import send
from ..sending.compose import Addressee, Composer
from ..sending.options import Options, Origin
from ..sending.precheck import Precheck, precheck
from ..state.redaction import was_removed
from .once import send_once

FAILED = """
    SELECT * FROM messages INDEXED BY ix_messages_batch_failed
    WHERE batch_id = ? AND status = 'failed' AND id > ? ORDER BY id LIMIT ?
"""
READ_AT_ONCE = {SMS: 500, EMAIL: 50}
"""A mail's own text may have 1 MB."""
MOST_ROUNDS = 20


class NothingToSendAgain(Conflict):
    sentence = "None of its failures is left to be sent again"


class Changed(Conflict):
    sentence = "More has failed meanwhile: look at the cost once more"


class Round(NamedTuple):
    """``uid`` of the campaign that this one would be; ``since``: what failed up to then was sent again before."""

    uid: str
    since: int
    earlier: list[BatchRow]


class Again(NamedTuple):
    """What sending again would cost. Left out are ``uncertain`` messages, which may have arrived; those whose text was ``removed``;
    and mails that are ``without_fields``: an earlier version kept none, so what they said can't be put together again."""

    round: Round
    cost: Precheck
    uncertain: int
    removed: int
    without_fields: int

    @property
    def count(self) -> int:  # type: ignore[override]  # a tuple's count() is of no use here
        return self.cost.sends


def next_round(batch: BatchRow) -> Round:
    """After those that were sent; what was undone, or cancelled before anything of it left, does not count."""
    since = 0
    earlier: list[BatchRow] = []
    for number in range(MOST_ROUNDS):
        uid = str(uuid.uuid5(uuid.UUID(batch["uid"]), f"again {number}"))
        row: BatchRow | None = query_one("SELECT * FROM batches WHERE uid = ? AND account_id = ?", (uid, batch["account_id"]))
        if row is None:
            return Round(uid, since, earlier)
        if row["state"] != "rejected" and row["cancelled"] < row["total"]:
            since = row["created_at"]
            earlier.append(row)
    raise NothingToSendAgain


def rounds(batch: BatchRow) -> list[BatchRow]:
    """The campaigns that a campaign's failures were sent again in."""
    try:
        return next_round(batch).earlier if can_be(batch) else []
    except NothingToSendAgain:
        return []


def can_be(batch: BatchRow) -> bool:
    """Whether there is anything to offer."""
    return batch["failed"] > 0 and not batch["confidential"]


def check(account: AccountInfo, batch: BatchRow, *, actor: Actor) -> Again:
    """What it would cost, and who is left out; nothing is written."""
    roles.require(actor, SEE, account.id)
    found = _require(batch)
    left_out = Counter(_why_not(row) for row in _failed(batch, found.since))
    cost = precheck(_composer(account, batch), _addressees(batch, found.since), actor=actor)
    return Again(found, cost, left_out[UNCERTAIN], left_out[REMOVED], left_out[WITHOUT_FIELDS])


def send_again(account: AccountInfo, batch: BatchRow, round_uid: str, cost_micros: int, *, actor: Actor) -> BatchRow:
    """The new campaign; ``cost_micros`` is what was told of it. Changed, NothingToSendAgain, InsufficientBalance."""
    again = check(account, batch, actor=actor)
    earlier = next((row for row in again.round.earlier if row["uid"] == round_uid), None)
    if earlier is not None:
        return earlier
    if not again.count:
        raise NothingToSendAgain
    if round_uid != again.round.uid or cost_micros != again.cost.cost_micros:
        raise Changed
    name = f"{batch['reference'] or batch['subject'] or batch['text'][:40]} (again)"

    def do(origin: Origin) -> None:
        to = _addressees(batch, again.round.since)
        send.send_bulk(_composer(account, batch), to, actor=actor, origin=origin, options=Options(reference=name[:200]))

    return send_once(account, round_uid, do, actor=actor)


def _require(batch: BatchRow) -> Round:
    if not can_be(batch):
        raise NothingToSendAgain
    return next_round(batch)


def _composer(account: AccountInfo, batch: BatchRow) -> Composer | MailComposer:
    wallet = wallet_by_id(batch["wallet_id"])
    if batch["channel"] == SMS:
        return Composer(account, wallet, batch["text"], sender=batch["sender"], render=templating.as_it_was)
    one: MessageRow | None = query_one("SELECT * FROM messages WHERE batch_id = ? LIMIT 1", (batch["id"],))
    format_ = one["encoding"] if one is not None else None
    return MailComposer(account, wallet, batch["subject"] or "", batch["text"], format=format_, placeholders=batch["placeholders"])


def _failed(batch: BatchRow, since: int) -> Iterator[MessageRow]:
    size = READ_AT_ONCE[batch["channel"]]
    for rows in keyset.pages(lambda last: query(FAILED, (batch["id"], last, size))):
        yield from (row for row in rows if (row["failed_at"] or row["created_at"]) > since)


UNCERTAIN, REMOVED, WITHOUT_FIELDS = "uncertain", "removed", "without_fields"


def _why_not(row: MessageRow) -> str | None:
    """Why a failure is not sent again."""
    if reasons.is_uncertain(row):
        return UNCERTAIN
    if was_removed(row["text"]):
        return REMOVED
    return WITHOUT_FIELDS if row["country"] is None and row["fields"] is None else None


def _addressees(batch: BatchRow, since: int) -> Iterator[Addressee]:
    return (_addressee(row) for row in _failed(batch, since) if _why_not(row) is None)


def _addressee(row: MessageRow) -> Addressee:
    if row["country"] is not None:
        return Addressee(row["recipient"], phones.Phone(row["recipient"], row["country"]), {templating.WHOLE: row["text"]})
    return Addressee(row["recipient"], None, {**json.loads(row["fields"] or "{}"), templating.WHOLE: row["subject"] or ""})
