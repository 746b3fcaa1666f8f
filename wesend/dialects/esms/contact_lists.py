"""`/contact-lists`: groups under the name that eSMS gives them."""

from __future__ import annotations

import json
from pathlib import PurePath

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from marshmallow import ValidationError

from ...contacts import csv_import, groups, service
from ...database.rows import GroupRow
from .. import strictness
from ..body import UploadExpected, check_text, query_arguments, upload_fields
from ..dialect import account, actor, load, side
from ..fields import row_id
from . import schemas

blueprint = Blueprint("contact_lists", __name__, url_prefix="/contact-lists")
MOST_TAGS = 50


@blueprint.post("")
def upload_list() -> ResponseReturnValue:
    if request.mimetype != "multipart/form-data":
        raise UploadExpected
    form, file = upload_fields(), request.files.get("file")
    if strictness.is_asked():
        strictness.require_known([*form, *request.files], ("file", "name", "tags"))
    if file is None:
        raise ValidationError("Missing data for required field.", "file")
    check_text(file.filename or "")
    name = form.get("name", "").strip() or PurePath(file.filename or "Contacts").stem
    check_text(name)
    imported = csv_import.import_csv(
        account(),
        file.stream,
        name=groups.free_name(account().id, name, side=side(), actor=actor()),
        tags=_tags(form.getlist("tags")),
        side=side(),
        actor=actor(),
    )
    return {**_shown(imported.group), "skipped": imported.skipped, "invalid": imported.invalid, "duplicates": imported.duplicates}


def _tags(given: list[str]) -> list[str]:
    """A JSON array, a comma list, or the field several times."""
    found: list[str] = []
    for text in given:
        check_text(text)
        try:
            parsed = json.loads(text) if text.lstrip().startswith("[") else text.split(",")
        except ValueError:
            parsed = text.split(",")
        if not all(isinstance(tag, str) for tag in parsed):
            raise ValidationError("Not a valid list.", "tags")
        found += [tag.strip() for tag in parsed if tag.strip()]
    return list(dict.fromkeys(found))[:MOST_TAGS]


@blueprint.get("")
def list_lists() -> ResponseReturnValue:
    data = load(schemas.LONG_PAGE, query_arguments())
    rows, total = groups.list_groups(
        account().id, limit=data["limit"], offset=data["page"] * data["limit"], side=side(), actor=actor()
    )
    return {"lists": [_shown(row) for row in rows], "total": total}


@blueprint.get("/<list_id>")
def show_list(list_id: str) -> ResponseReturnValue:
    return _shown(groups.get_group(account().id, row_id(list_id), side=side(), actor=actor()))


@blueprint.get("/<list_id>/contacts")
def list_contacts(list_id: str) -> ResponseReturnValue:
    data = load(schemas.LONG_PAGE, query_arguments())
    group = groups.get_group(account().id, row_id(list_id), side=side(), actor=actor())
    rows = service.list_contacts(group, limit=data["limit"], offset=data["page"] * data["limit"], actor=actor())
    return {
        "contacts": [
            {"id": row["id"], "phone": row["phone"], "name": row["name"], "data": json.loads(row["data"] or "{}")} for row in rows
        ],
        "total": group["contact_count"],
    }


@blueprint.delete("/<list_id>")
def delete_list(list_id: str) -> ResponseReturnValue:
    groups.delete_group(account().id, row_id(list_id), side=side(), actor=actor())
    return "", 204


def _shown(group: GroupRow) -> dict:
    return {
        "id": group["id"],
        "name": group["name"],
        "count": group["contact_count"],
        "columns": json.loads(group["columns"]),
        "tags": json.loads(group["tags"]),
    }
