"""The filters of the message list and the export → what history looks for."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from marshmallow import ValidationError

from ...accounts.roles import Actor
from ...accounts.service import AccountInfo
from ...accounts.sides import LIVE, SANDBOX, Side
from ...core import clock, phones
from ...core.errors import BatchNotFound
from ...messages.reporting.history import Filter
from ...messages.sending.accept import get_batch
from ...wallets.service import wallets_of_side
from .words import BATCH, STATUSES

ENVIRONMENTS = {LIVE: "live", SANDBOX: "test"}


def read_filter(account: AccountInfo, side: Side, data: dict[str, Any], *, actor: Actor) -> Filter | None:
    """None when nothing can fit: a batch that does not exist, an environment that the key does not reach."""
    if data["environment"] not in (None, "all", ENVIRONMENTS[side]):
        return None
    wanted = Filter(account.id, wallets_of_side(account.id, side))
    if data["status"]:
        wanted = wanted._replace(statuses=STATUSES[data["status"]])
        if data["status"] in ("queued", "retrying"):
            wanted = wanted._replace(retrying=data["status"] == "retrying")
    if data["batch_id"]:
        try:
            batch = get_batch(data["batch_id"].removeprefix(BATCH), account.id, side=side, actor=actor)
        except BatchNotFound:
            return None
        wanted = wanted._replace(batch_id=batch["id"])
    if data["to"]:
        phone = phones.normalise(data["to"], account.country)
        wanted = wanted._replace(recipient=phone.e164 if phone else data["to"])
    if data["date_from"]:
        wanted = wanted._replace(since=_instant(data["date_from"], account, "date_from", end=False))
    if data["date_to"]:
        wanted = wanted._replace(until=_instant(data["date_to"], account, "date_to", end=True))
    return wanted


def _day(text: str) -> date | None:
    """A date, in any spelling of ISO 8601; None for what names a time, too."""
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        return None


def _instant(text: str, account: AccountInfo, field: str, *, end: bool) -> int:
    """A date is a whole day of the account's zone; anything else is an instant, which as an end holds its whole second:
    the times that are shown have no fraction, and what was created at one of them is to be found up to it."""
    try:
        day = _day(text)
        if day is None:
            # An unescaped + in a query arrives as a space.
            at = clock.parse_iso(re.sub(r" (\d{2}:?\d{2})$", r"+\1", text) if "T" in text else text)
            return at + clock.SECOND - 1 if end and at % clock.SECOND == 0 else at
        if not end:
            return clock.start_of_day(day.isoformat(), account.time_zone)
        if day == date.max:
            return clock.LATEST
        return clock.start_of_day(clock.days_before(day.isoformat(), -1), account.time_zone) - 1
    except (ValueError, OverflowError):
        raise ValidationError("Not an ISO 8601 date or time.", field) from None
