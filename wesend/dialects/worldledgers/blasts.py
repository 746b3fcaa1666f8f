"""`/sms` and `/email`: blasts, and the status of one message."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from flask import Blueprint
from flask.typing import ResponseReturnValue

from ...contacts import audience
from ...core import templating
from ...core.channels import EMAIL, SMS
from ...core.chunks import chunks
from ...database import Row
from ...messages.email import compose as mail
from ...messages.reporting import history
from ...messages.reporting.sent import Sent
from ...messages.sending import send
from ...messages.sending.accept import get_batch_by_id
from ...messages.sending.compose import Addressee, Composer
from ..body import json_object
from ..dialect import account, actor, key_wallet, load, origin, side
from ..fields import row_id
from . import schemas
from .send_at import read_options
from .shared import kenyan_mobile, success
from .words import REASONS, blast_id, status_data

blueprint = Blueprint("blasts", __name__)
CHUNK = 200


@blueprint.post("/sms")
def send_sms() -> ResponseReturnValue:
    data = load(schemas.SMS, json_object())
    composer = Composer(
        account(),
        key_wallet(),
        data["message"],
        sender=data["sender_id"],
        render=templating.render_single,
        max_segments=None,
        simulate_low_balance=False,
    )
    to = _phones(data["recipients"], fills="{" in data["message"])
    options = read_options(data, account())._replace(keeps_quiet=True)
    return _answer(send.send(composer, to, actor=actor(), origin=origin(), options=options, in_request=False))


@blueprint.post("/email")
def send_email() -> ResponseReturnValue:
    data = load(schemas.EMAIL, json_object())
    composer = mail.MailComposer(account(), key_wallet(), data["subject"], data["message"])
    to, options = _addresses(data["recipients"]), read_options(data, account())
    return _answer(send.send(composer, to, actor=actor(), origin=origin(), options=options, in_request=False))


def _phones(given: list[str], *, fills: bool) -> Iterator[Addressee]:
    """Each recipient; no phone where it is not a Kenyan mobile number.

    ``fills``: with the fields of the contact that has its number, since the text has places for them.
    """
    for chunk in chunks(given, CHUNK):
        read = [(text, kenyan_mobile(text)) for text in chunk]
        wanted = [phone.e164 for _, phone in read if phone and fills]
        known = audience.find_by(account().id, "phone", wanted, side=side(), actor=actor())
        for text, phone in read:
            contact = known.get(phone.e164) if phone else None
            yield Addressee(text, phone, _values(contact) if contact else None)


def _addresses(given: Iterable[str]) -> Iterator[Addressee]:
    for chunk in chunks(given, CHUNK):
        known = audience.find_by(account().id, "email", [text.strip().lower() for text in chunk], side=side(), actor=actor())
        for text in chunk:
            contact = known.get(text.strip().lower())
            yield Addressee(text, None, _values(contact) if contact else None)


def _values(contact: Row) -> dict[str, str]:
    """What a text may name of a contact: this API builds in a last name, too, which may stand in the whole one alone."""
    values = audience.variables(contact, contact["columns"])
    values["last_name"] = values.get("last_name") or " ".join(values["name"].split()[1:])
    return values


def answer_batch(uid: str) -> ResponseReturnValue:
    """The answer of a blast, from what is stored of it."""
    return _answer(send.sent_before(uid, actor=actor()))


def _answer(sent: Sent) -> ResponseReturnValue:
    batch = sent.batch
    skipped = [{"recipient": recipient, "reason": REASONS[reason]} for recipient, reason, _ in json.loads(batch["skipped"] or "[]")]
    noun = "Emails" if batch["channel"] == EMAIL else "SMS"
    return success(
        {
            "blast_id": blast_id(batch),
            "scheduled": len(sent.messages),
            "skipped": skipped,
            "reference": batch["reference"],
            "message_ids": [message["id"] for message in sent.messages],
        },
        202,
        f"{noun} scheduled successfully.",
    )


@blueprint.get("/sms/<message_id>")
def show_sms(message_id: str) -> ResponseReturnValue:
    return _show(message_id, SMS)


@blueprint.get("/email/<message_id>")
def show_email(message_id: str) -> ResponseReturnValue:
    return _show(message_id, EMAIL)


def _show(message_id: str, channel: str) -> ResponseReturnValue:
    message = history.find_by_id(account().id, row_id(message_id), channel=channel, side=side(), actor=actor())
    return success(status_data(message, get_batch_by_id(message["batch_id"])))
