"""`/sms/send`, `/sms/group`, `/sms/history`."""

from __future__ import annotations

import json

from flask import Blueprint
from flask.typing import ResponseReturnValue

from ...contacts import audience, groups
from ...core import clock, money, phones, templating
from ...database import Row
from ...database.rows import MessageRow
from ...messages.reporting import history
from ...messages.reporting.sent import Sent
from ...messages.sending import send
from ...messages.sending.compose import DUPLICATE, Addressee, Composer, numbered
from ...messages.sending.options import Options
from ...wallets.service import WalletInfo, wallet_by_id
from ..body import json_object, query_arguments
from ..dialect import account, actor, load, origin, side
from . import schemas
from .shared import pagination, success, wallet_of

blueprint = Blueprint("sms", __name__, url_prefix="/sms")


@blueprint.post("/send")
def send_sms() -> ResponseReturnValue:
    data = load(schemas.SEND, json_object())
    wallet = wallet_of(data)
    given = data["recipient"]
    if isinstance(given, str):
        given = phones.split_list(given, account().country)
    composer = Composer(account(), wallet, data["message"], sender=data["sender"])
    sent = send.send(
        composer,
        (numbered(text, account().country) for text in given),
        actor=actor(),
        origin=origin(),
        options=Options(valid_for=data["valid_for"]),
    )
    return answer_sent(sent, wallet)


@blueprint.post("/group")
def send_to_group() -> ResponseReturnValue:
    data = load(schemas.SEND_GROUP, json_object())
    wallet = wallet_of(data)
    group = groups.get_group(account().id, data["group_id"], side=side(), actor=actor())
    render = templating.renderer(data["message"])
    composer = Composer(account(), wallet, data["message"], sender=data["sender"], render=render)
    addressees = (
        Addressee(
            row["phone"], phones.Phone(row["phone"], row["country"]), audience.variables(row, row["columns"]) if render else None
        )
        for row in audience.iterate([group], actor=actor())
    )
    options = Options(group_id=group["id"], valid_for=data["valid_for"])
    sent = send.send(composer, addressees, actor=actor(), origin=origin(), options=options)
    return answer_sent(sent, wallet)


@blueprint.get("/history")
def list_history() -> ResponseReturnValue:
    data = load(schemas.HISTORY, query_arguments())
    wallet = wallet_of(data)
    recipient = data["recipient"]
    if recipient is not None:
        phone = phones.normalise(recipient, account().country)
        recipient = phone.e164 if phone else recipient
    wanted = history.Filter(
        account().id, (wallet.id,), recipient=recipient, statuses=schemas.STATUSES[data["status"]] if data["status"] else None
    )
    found, total = history.page(wanted, limit=data["per_page"], offset=(data["page"] - 1) * data["per_page"], actor=actor())
    return success(
        {
            "messages": [_history_entry(row, wallet.currency) for row in found],
            "pagination": pagination(data["page"], data["per_page"], total),
        }
    )


def answer_batch(batch_uid: str) -> ResponseReturnValue:
    """The answer of a send, from what is stored of it."""
    sent = send.sent_before(batch_uid, actor=actor())
    return answer_sent(sent, wallet_by_id(sent.batch["wallet_id"]))


def answer_sent(sent: Sent, wallet: WalletInfo) -> ResponseReturnValue:
    batch = sent.batch
    results = _results(sent)
    failed = sum(1 for result in results if result["status"] == "failed")
    successful = len(results) - failed
    refunded = sum(message["refunded_micros"] for message in sent.messages)
    data = {
        "batch_id": batch["uid"],
        "wallet_id": wallet.uid,
        "total_recipients": len(results),
        "successful": successful,
        "failed": failed,
        "segments": max(message["segments"] for message in sent.messages),
        "total_cost": money.number(batch["cost_micros"] - refunded),
        "refunded": money.number(refunded),
        "currency": wallet.currency,
        "remaining_balance": money.number(sent.balance_micros),
        "results": results,
    }
    if batch["group_id"] is not None:
        data["group_id"] = batch["group_id"]
    return success(data, message=f"{successful} message{'' if successful == 1 else 's'} sent")


def _results(sent: Sent) -> list[dict]:
    """A result a distinct recipient, in the order in which they were given."""
    skipped = {position: (recipient, reason) for recipient, reason, position in json.loads(sent.batch["skipped"] or "[]")}
    results = []
    messages = iter(sent.messages)
    for position in range(len(skipped) + len(sent.messages)):
        if position not in skipped:
            results.append(_result(next(messages)))
        elif skipped[position][1] != DUPLICATE:
            recipient, reason = skipped[position]
            results.append(
                {"message_id": None, "recipient": recipient, "status": "failed", "segments": 0, "cost": 0, "error": reason}
            )
    return results


def _result(message: Row) -> dict:
    return {
        "message_id": message["uid"],
        "recipient": message["recipient"],
        "status": schemas.WORDS[message["status"]],
        "segments": message["segments"],
        "cost": money.number(schemas.kept_cost(message)),
        "error": schemas.error_word(message),
    }


def _history_entry(message: MessageRow, currency: str) -> dict:
    return {
        "message_id": message["uid"],
        "recipient": message["recipient"],
        "message": message["text"],
        "sender_id": message["sender"],
        "status": schemas.WORDS[message["status"]],
        "segments": message["segments"],
        "cost": money.number(schemas.kept_cost(message)),
        "currency": currency,
        "error": schemas.error_word(message),
        "created_at": clock.iso(message["created_at"]),
        "delivered_at": clock.iso(message["delivered_at"]),
    }
