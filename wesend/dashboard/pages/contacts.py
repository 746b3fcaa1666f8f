"""Contacts: groups and who is in them, to be changed in place and downloaded as CSV; and who wants nothing more."""

from __future__ import annotations

import json
import re

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from wtforms.validators import Length

from ...contacts import audience, opting_out, searching, service
from ...contacts import groups as contact_groups
from ...contacts.files import COLUMN_LIMIT
from ...contacts.headers import is_email
from ...contacts.service import NewContact
from ...core.chunks import CHUNK
from ...core.languages import gettext as _
from ...core.languages import marked
from ...database import Row, keyset
from ...database.rows import GroupRow
from .. import query_args
from ..csv_out import csv_file
from ..current_account import account
from ..forms import REQUIRED, Form, Text
from ..paging import SIZE, Page, address, before_key, page
from ..sessions import actor

blueprint = Blueprint("contacts", __name__, url_prefix="/contacts")
GROUPS_SHOWN = 500
FIELDS_FROM = 1000
"""Contacts whose fields are offered in the forms; an export has those of all."""
PLACE = re.compile(r"([0-9]{1,18})-([0-9]{1,19})")
EMAIL, OTHERS = "email", marked("other fields")


class GroupForm(Form):
    name = Text(marked("Name"), [REQUIRED, Length(max=contact_groups.NAME_LENGTH)])


class ContactForm(Form):
    phone = Text(marked("Phone"), [REQUIRED], render_kw={"type": "tel"})
    name = Text(marked("Name"), [Length(max=200)])


class OptOutForm(Form):
    number = Text(marked("Number or e-mail address"), [REQUIRED])


@blueprint.route("", methods=["GET", "POST"])
def index() -> ResponseReturnValue:
    form = GroupForm()
    if form.sent():
        with form.refusals():
            made = contact_groups.create_group(account().id, form.name.data, actor=actor())
            return redirect(url_for(".show", group_id=made["id"]), 303)
    groups, total = contact_groups.list_groups(account().id, limit=GROUPS_SHOWN, offset=0, actor=actor())
    return render_template("contacts/index.html", form=form, groups=groups, total=total)


@blueprint.get("/search")
def search() -> ResponseReturnValue:
    """Among all contacts of the account; ``at=GROUP-ID`` goes on in that group, below that contact."""
    typed, place = query_args.text("q"), _place()
    found = searching.search_account(account(), typed, place=place, limit=SIZE, actor=actor())
    looked = _looked_before() + found.looked
    at = f"{found.last.group_id}-{found.last.below}" if found.last else None
    return render_template(
        "contacts/search.html",
        typed=typed,
        people=[(person, audience.variables(person.row)) for person in found.people],
        opted_out=opting_out.channels_of(account().id, [person.row for person in found.people], actor=actor()),
        page=Page(
            found.people,
            url_for(".search", q=typed or None, at=at, looked=looked) if at else None,
            url_for(".search", q=typed or None) if place != searching.START else None,
        ),
        looked=None if found.is_full else looked,
        of_all=searching.count_all(account().id, actor=actor()),
    )


def _looked_before() -> int:
    """How many contacts the pages before this one looked at."""
    text = request.args.get("looked", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def _place() -> searching.Place:
    found = PLACE.fullmatch(request.args.get("at", ""))
    return searching.Place(int(found[1]), min(int(found[2]), keyset.LAST_ID)) if found else searching.START


@blueprint.route("/<int:group_id>", methods=["GET", "POST"])
def show(group_id: int) -> ResponseReturnValue:
    """``edit=ID`` shows that contact as a form in its own row."""
    group, form = contact_groups.get_group(account().id, group_id, actor=actor()), ContactForm()
    names = _fields(group)
    if form.sent():
        with form.refusals():
            service.add_contact(account(), group_id, _written(form, names), actor=actor())
            flash(_("Added."), "success")
            return redirect(url_for(".show", group_id=group_id), 303)
    typed, missing, looked = query_args.text("q"), query_args.text("missing"), None
    if typed or missing:
        before = before_key()
        by_mail = "by_mail" in request.args
        found = searching.search(
            group, typed, account().country, missing=missing, by_mail=by_mail, before=before, limit=SIZE, actor=actor()
        )
        looked = _looked_before() + found.looked
        shown = Page(
            found.rows, address(found.last, looked=looked) if found.last else None, address(None) if before is not None else None
        )
        looked = None if len(found.rows) == SIZE else looked
    else:
        shown = page(lambda before, limit: service.contacts_before(group, before, limit, actor=actor()))
    edited = next((row for row in shown.rows if str(row["id"]) == request.args.get("edit")), None)
    if edited is not None:
        form = ContactForm(formdata=None, phone=edited["phone"], name=edited["name"])
    return _show(group, form, shown, names, typed=typed, missing=missing, edited=edited, looked=looked)


def _show(
    group: GroupRow,
    form: ContactForm,
    shown: Page,
    names: list[str],
    *,
    edited: Row | None = None,
    typed: str = "",
    missing: str = "",
    looked: int | None = None,
) -> str:
    given = _data(edited) if edited else {}
    return render_template(
        "contacts/show.html",
        group=group,
        form=form,
        page=shown,
        typed=typed,
        missing=missing,
        looked=looked,
        opted_out=opting_out.channels_of(account().id, shown.rows, actor=actor()),
        edited=edited,
        given=given,
        names=_with_own(given, names),
        people=[(row, audience.variables(row)) for row in shown.rows],
    )


def _with_own(given: dict[str, str], names: list[str]) -> list[str]:
    """A contact's own fields, then those that others of the group have."""
    return list(dict.fromkeys([*given, *names]))


def _fields(group: GroupRow) -> list[str]:
    """What a contact of the group may have beside phone and name; an e-mail address always."""
    names = service.field_names(group, FIELDS_FROM, actor=actor())
    return names if any(map(is_email, names)) else [*names, EMAIL]


def _data(contact: Row) -> dict[str, str]:
    return json.loads(contact["data"] or "{}")


def _written(form: ContactForm, names: list[str]) -> NewContact:
    """Fields come as field-0, field-1 … beside their names: a column's header may hold anything."""
    given = {name: request.form.get(f"field-{index}", "").replace("\x00", "").strip() for index, name in enumerate(names)}
    return NewContact(form.phone.data, form.name.data or None, given if any(given.values()) else {})


@blueprint.post("/<int:group_id>/contacts/<int:contact_id>")
def change_contact(group_id: int, contact_id: int) -> ResponseReturnValue:
    group, form = contact_groups.get_group(account().id, group_id, actor=actor()), ContactForm()
    contact = service.get_contact(group, contact_id, actor=actor())
    names = _fields(group)
    if form.sent():
        with form.refusals():
            service.update_contact(
                account().id,
                group_id,
                contact_id,
                _written(form, _with_own(_data(contact), names)),
                account().country,
                actor=actor(),
            )
            flash(_("Saved."), "success")
            return redirect(_back_to(group_id), 303)
    return _show(group, form, page(lambda _before, _limit: [contact]), names, edited=contact)


def _back_to(group_id: int) -> str:
    """The page of the list where the contact stood."""
    return url_for(".show", group_id=group_id, before=before_key())


@blueprint.get("/<int:group_id>/export")
def export(group_id: int) -> ResponseReturnValue:
    """In the columns that an import reads again; the last holds, as JSON, the fields that find no column of their own."""
    group, reader = contact_groups.get_group(account().id, group_id, actor=actor()), actor()
    found = service.field_names(group, actor=reader)
    names = [name for name in found if name.lower() not in ("phone", "name", OTHERS)]
    others = [OTHERS] if len(found) == COLUMN_LIMIT else []
    names = names[: COLUMN_LIMIT - 3] if others else names

    def chunk_after(last: int | None) -> tuple[list[list[object]], int | None]:
        rows = service.contacts_after(group, last or 0, CHUNK, actor=reader)
        return [_cells(row, names, bool(others)) for row in rows], keyset.next_place(rows, CHUNK)

    return csv_file(f"group-{group_id}.csv", ["phone", "name", *names, *others], chunk_after)


def _cells(row: Row, names: list[str], with_others: bool) -> list[object]:
    given = _data(row)
    name = row["name"] or next((given[key] for key in given if key.lower() == "name"), None)
    cells = [row["phone"], name, *(given.pop(name, None) for name in names)]
    return [*cells, json.dumps(given, ensure_ascii=False) if given else None] if with_others else cells


@blueprint.post("/<int:group_id>/delete")
def delete(group_id: int) -> ResponseReturnValue:
    contact_groups.delete_group(account().id, group_id, actor=actor())
    flash(_("The group is gone."), "success")
    return redirect(url_for(".index"), 303)


@blueprint.post("/<int:group_id>/contacts/<int:contact_id>/delete")
def delete_contact(group_id: int, contact_id: int) -> ResponseReturnValue:
    service.delete_contact(account().id, group_id, contact_id, actor=actor())
    flash(_("Taken out of the group."), "success")
    return redirect(url_for(".show", group_id=group_id), 303)


# -- opt-outs -------------------------------------------------------------------


@blueprint.route("/opt-outs", methods=["GET", "POST"])
def list_opt_outs() -> ResponseReturnValue:
    form = OptOutForm()
    if form.sent():
        with form.refusals():
            number = opting_out.opt_out(account(), form.number.data, actor=actor())
            flash(_("%(number)s gets nothing more from this account.", number=number), "success")
            return redirect(url_for(".list_opt_outs"), 303)
    return render_template(
        "contacts/opt_outs.html",
        form=form,
        page=page(lambda before, limit: opting_out.list_opt_outs(account().id, before, limit, actor=actor())),
    )


@blueprint.post("/opt-outs/remove")
def remove_opt_out() -> ResponseReturnValue:
    address = request.form.get("address", "")
    opting_out.opt_in(account(), "email" if request.form.get("channel") == "email" else "sms", address, actor=actor())
    flash(_("%(address)s may be written to again.", address=address[:100]), "success")
    return redirect(url_for(".list_opt_outs"), 303)
