"""`/texts`, `/texts/{text_id}`."""

from __future__ import annotations

from flask import Blueprint
from flask.typing import ResponseReturnValue

from ...core import phones
from ...messages.reporting import history
from ...messages.reporting.sent import Sent
from ...messages.sending import send
from ...messages.sending.compose import Addressee, Composer
from ..body import json_object
from ..dialect import account, actor, key_wallet, load, origin, side
from . import schemas
from .words import text_data

blueprint = Blueprint("texts", __name__, url_prefix="/texts")


@blueprint.post("")
def send_text() -> ResponseReturnValue:
    data = load(schemas.SEND, json_object())
    composer = Composer(account(), key_wallet(), data["words"])
    addressee = Addressee(data["number"], phones.normalise(data["number"], account().country))
    return _answer(send.send(composer, [addressee], actor=actor(), origin=origin()))


def answer_batch(batch_uid: str) -> ResponseReturnValue:
    """The answer to a request that paid and died, from what is stored of it."""
    return _answer(send.sent_before(batch_uid, actor=actor()))


def _answer(sent: Sent) -> ResponseReturnValue:
    return text_data(sent.messages[0]), 202


@blueprint.get("/<text_id>")
def show_text(text_id: str) -> ResponseReturnValue:
    return text_data(history.find(account().id, text_id, side=side(), actor=actor()))
