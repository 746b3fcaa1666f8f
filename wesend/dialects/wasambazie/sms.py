"""`/sms/send`, `/sms/delivery-reports/{batch_id}`."""

from __future__ import annotations

from flask import Blueprint
from flask.typing import ResponseReturnValue

from ...core.errors import BatchNotFound, InvalidRecipient
from ...messages.reporting.sent import Sent, load_sent
from ...messages.sending import send
from ...messages.sending.accept import get_batch
from ...messages.sending.compose import Addressee, Composer, numbered
from ...messages.sending.options import Options
from ..body import json_object
from ..dialect import account, actor, key_wallet, load, origin, side
from . import schemas
from .errors import ReportNotReady, SenderRequired
from .report import report

blueprint = Blueprint("sms", __name__, url_prefix="/sms")


@blueprint.post("/send")
def send_sms() -> ResponseReturnValue:
    data = load(schemas.SEND, json_object())
    sender = (data["sender_id"] or "").strip()
    if not sender:
        raise SenderRequired
    composer = Composer(account(), key_wallet(), data["message"], sender=sender, spell_sender=str.upper)
    to, options = _addressees(data["to_number"]), Options(valid_for=data["valid_for"])
    # Its answer has no place to name a recipient that was left out.
    return _answer(send.send(composer, to, actor=actor(), origin=origin(), options=options, partly=False))


def _addressees(numbers: list[str]) -> list[Addressee]:
    """One invalid number refuses the whole request."""
    found = [numbered(number, account().country) for number in numbers]
    invalid = [addressee.given for addressee in found if addressee.phone is None]
    if invalid:
        raise InvalidRecipient(f"Not a valid phone number: {', '.join(invalid[:10])[:300]}")
    return found


def answer_again(subject: str) -> ResponseReturnValue:
    """The answer to a request that paid and died, from what is stored of it."""
    return _answer(send.sent_before(subject.removeprefix("batch:"), actor=actor()))


def _answer(sent: Sent) -> ResponseReturnValue:
    return {
        "status_code": 201,
        "success": True,
        "message_batch_id": sent.batch["uid"],
        "message": "Message submitted successfully.",
    }, 201


@blueprint.get("/delivery-reports/<batch_id>")
def show_report(batch_id: str) -> ResponseReturnValue:
    batch = get_batch(batch_id, account().id, side=side(), actor=actor())
    if batch["state"] == "refused":
        raise BatchNotFound
    if not batch["delivered"] + batch["failed"] + batch["cancelled"]:
        raise ReportNotReady
    sent = load_sent(batch["uid"])
    return report(sent.batch, sent.messages)
