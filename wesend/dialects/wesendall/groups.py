"""`/groups` and their contacts."""

from __future__ import annotations

from flask import Blueprint
from flask.typing import ResponseReturnValue
from marshmallow import ValidationError

from ...contacts import groups, service
from ...core import clock
from ...database import Row
from ..body import json_object, query_arguments
from ..dialect import account, actor, load, side
from ..fields import row_id
from . import schemas
from .shared import pagination, success, wallet_of

blueprint = Blueprint("groups", __name__, url_prefix="/groups")


@blueprint.post("")
def create_group() -> ResponseReturnValue:
    data = load(schemas.NEW_GROUP, json_object())
    wallet_of(data)
    return success(
        _group(groups.create_group(account().id, data["name"], description=data["description"], side=side(), actor=actor())), 201
    )


@blueprint.get("")
def list_groups() -> ResponseReturnValue:
    data = load(schemas.PAGE, query_arguments())
    wallet_of(data)
    found, total = groups.list_groups(
        account().id, limit=data["per_page"], offset=(data["page"] - 1) * data["per_page"], side=side(), actor=actor()
    )
    return success({"groups": [_group(row) for row in found], "pagination": pagination(data["page"], data["per_page"], total)})


@blueprint.delete("/<group_id>")
def delete_group(group_id: str) -> ResponseReturnValue:
    wallet_of(load(schemas.WALLET, query_arguments()))
    groups.delete_group(account().id, row_id(group_id), side=side(), actor=actor())
    return "", 204


@blueprint.get("/<group_id>/contacts")
def list_contacts(group_id: str) -> ResponseReturnValue:
    data = load(schemas.PAGE, query_arguments())
    wallet_of(data)
    group = groups.get_group(account().id, row_id(group_id), side=side(), actor=actor())
    found = service.list_contacts(group, limit=data["per_page"], offset=(data["page"] - 1) * data["per_page"], actor=actor())
    return success(
        {
            "contacts": [{"id": row["id"], "phone": row["phone"], "name": row["name"]} for row in found],
            "pagination": pagination(data["page"], data["per_page"], group["contact_count"]),
        }
    )


@blueprint.post("/<group_id>/contacts")
def add_contacts(group_id: str) -> ResponseReturnValue:
    body = json_object()
    data = load(schemas.NEW_CONTACTS, body)
    wallet_of(data)
    given = data["contacts"]
    if given is None:
        if "phone" not in body:
            raise ValidationError("Missing data for required field.", "contacts")
        given = [schemas.read_contact(body)]
    added = service.add_contacts(
        account().id,
        row_id(group_id),
        (service.NewContact(phone, name, fields) for phone, name, fields in given),
        account().country,
        side=side(),
        actor=actor(),
    )
    return success(
        {
            "group_id": row_id(group_id),
            "added": added.added,
            "skipped": [{"phone": phone, "reason": reason} for phone, reason in added.skipped],
            "contact_count": added.contact_count,
        },
        201,
    )


@blueprint.delete("/<group_id>/contacts/<contact_id>")
def delete_contact(group_id: str, contact_id: str) -> ResponseReturnValue:
    wallet_of(load(schemas.WALLET, query_arguments()))
    service.delete_contact(account().id, row_id(group_id), row_id(contact_id), side=side(), actor=actor())
    return "", 204


def _group(row: Row) -> dict:
    return {
        "id": row["id"],
        "name": row["name"],
        "description": row["description"],
        "contact_count": row["contact_count"],
        "created_at": clock.iso(row["created_at"]),
    }
