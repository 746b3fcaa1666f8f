"""`send_at` → the options of a send: without a zone it is the account's, in the past it is now."""

from __future__ import annotations

from flask import g
from marshmallow import ValidationError

from ...accounts.service import AccountInfo
from ...core import clock
from ...messages.sending.options import Options

LATEST = 90 * clock.DAY


def read_options(data: dict, account: AccountInfo) -> Options:
    at_once = Options(reference=data["reference"] or None, valid_for=data["valid_for"])
    text = (data["send_at"] or "").strip()
    if not text:
        return at_once
    try:
        at = clock.parse_iso(text, account.time_zone)
    except (ValueError, OverflowError):
        raise ValidationError("Must be YYYY-MM-DD HH:MM:SS or ISO 8601.", "send_at") from None
    if at > g.arrived_at + LATEST:
        raise ValidationError("Must be at most 90 days ahead.", "send_at")
    return at_once._replace(mode="scheduled", scheduled_at=at) if at > g.arrived_at else at_once
