"""`/webhooks`: the one endpoint of the key's side of its account, edited in place."""

from __future__ import annotations

from flask import Blueprint
from flask.typing import ResponseReturnValue

from ...webhooks import managed
from ..body import json_object
from ..dialect import account, actor, load, require_no_fields, side
from . import schemas

blueprint = Blueprint("webhooks", __name__, url_prefix="/webhooks")
API = "esms"


@blueprint.get("")
def show_webhooks() -> ResponseReturnValue:
    found = managed.settings_of(account().id, API, side(), actor=actor())
    return {"dlr_url": found.url, "mo_url": found.inbound_url, "signing_secret": found.secret, "is_active": found.is_active}


@blueprint.put("")
def update_webhooks() -> ResponseReturnValue:
    data = load(schemas.WEBHOOKS, json_object())
    changes = {"dlr_url": "url", "mo_url": "inbound_url", "is_active": "is_active"}
    managed.update(account().id, API, side(), {changes[name]: value for name, value in data.items()}, actor=actor())
    return {"status": "updated"}


@blueprint.post("/rotate-secret")
def rotate_secret() -> ResponseReturnValue:
    require_no_fields()
    return {"signing_secret": managed.rotate(account().id, API, side(), actor=actor())}
