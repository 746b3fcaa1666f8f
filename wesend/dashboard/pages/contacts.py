"""Contacts: groups and who is in them, files imported in steps, and who wants nothing more."""

from __future__ import annotations

from collections import Counter
from itertools import islice

from flask import (
    Blueprint,
    Response,
    flash,
    redirect,
    render_template,
    request,
    url_for,
)
from flask_wtf.file import FileField, FileRequired
from wtforms import SelectField
from wtforms.validators import Length

from ... import phones
from ...contacts import csv_import, desk, service
from ...contacts.csv_import import Mapping, Table
from ...errors import InvalidInput, WesendError
from .. import asked
from ..counter import plural
from ..csv_out import lines
from ..forms import REQUIRED, Form, Text
from ..paging import page
from ..scope import account
from ..sessions import actor
from .accounts import COUNTRIES

blueprint = Blueprint("contacts", __name__, url_prefix="/contacts")
GROUPS_SHOWN = 500
SAMPLES = 3
PHONE, NAME, FIELD, IGNORE = "phone", "name", "field", "ignore"
ROLES = ((FIELD, "A field of its own"), (PHONE, "The phone number"), (NAME, "The name"), (IGNORE, "Leave out"))
WHY = {"invalid": "no phone number", "duplicate": "repeated in the file"}


class GroupForm(Form):
    name = Text("Name", [REQUIRED, Length(max=service.NAME_LENGTH)])


class ContactForm(Form):
    phone = Text("Phone", [REQUIRED], render_kw={"type": "tel"})
    name = Text("Name", [Length(max=200)])


class FileForm(Form):
    file = FileField("File", [FileRequired("Please choose a file")], render_kw={"accept": ".csv,.txt,.tsv,.xlsx"},
                     description="CSV in any usual encoding and delimiter, or an Excel workbook (.xlsx), up to 50 MB. "
                                 "Its first row names the columns.")


class ImportForm(Form):
    domain_names = {"name": "group"}
    group = Text("Name of the group", [REQUIRED, Length(max=service.NAME_LENGTH)])
    country = SelectField("Home country", choices=COUNTRIES, description="How numbers without a country code are read.")


class OptOutForm(Form):
    number = Text("Number", [REQUIRED], render_kw={"type": "tel"})


@blueprint.route("", methods=["GET", "POST"])
def index():
    form = GroupForm()
    if form.sent():
        with form.refusals():
            made = desk.create_group(account(), form.name.data, actor=actor())
            return redirect(url_for(".show", group_id=made["id"]), 303)
    groups, total = service.list_groups(account().id, limit=GROUPS_SHOWN, offset=0)
    return render_template("contacts/index.html", form=form, groups=groups, total=total)


@blueprint.route("/<int:group_id>", methods=["GET", "POST"])
def show(group_id: int):
    group, form = service.get_group(account().id, group_id), ContactForm()
    if form.sent():
        with form.refusals():
            desk.add_contact(account(), group_id, form.phone.data, form.name.data, actor=actor())
            flash("Added.", "success")
            return redirect(url_for(".show", group_id=group_id), 303)
    typed = asked.text("q")
    if typed:
        phone = phones.normalise(typed, account().country)
        found = desk.find_contact(group_id, phone.e164) if phone else None
        shown = page(lambda _before, _limit: [found] if found else [])
    else:
        shown = page(lambda before, limit: desk.contacts_after(group_id, before, limit))
    return render_template("contacts/show.html", group=group, form=form, page=shown, typed=typed,
                           people=[(row, service.variables(row)) for row in shown.rows])


@blueprint.post("/<int:group_id>/delete")
def delete(group_id: int):
    desk.delete_group(account(), group_id, actor=actor())
    flash("The group is gone.", "success")
    return redirect(url_for(".index"), 303)


@blueprint.post("/<int:group_id>/contacts/<int:contact_id>/delete")
def delete_contact(group_id: int, contact_id: int):
    desk.delete_contact(account(), group_id, contact_id, actor=actor())
    flash("Taken out of the group.", "success")
    return redirect(url_for(".show", group_id=group_id), 303)


# -- import ---------------------------------------------------------------------

@blueprint.route("/import", methods=["GET", "POST"])
def start_import():
    form = FileForm()
    if form.sent():
        with form.refusals():
            token = desk.upload(account(), form.file.data.stream, actor=actor())
            stem = (form.file.data.filename or "").replace("\x00", "").rsplit(".", 1)[0].strip()[:100]
            return redirect(url_for(".map_columns", token=token, named=stem), 303)
    return render_template("contacts/upload.html", form=form)


@blueprint.get("/import/<token>")
def map_columns(token: str):
    form = ImportForm()
    form.group.data = service.free_name(account().id, asked.text("named") or "Imported")
    form.country.data = account().country
    with desk.Opened(account(), token) as table:
        mapping = csv_import.detect(table.columns)
        return _columns_page(token, table, form, _roles_of(table.columns, mapping))


def _roles_of(columns: list[str], mapping: Mapping | None) -> list[str]:
    return [FIELD if mapping is None and column else
            PHONE if mapping and index == mapping.phone else NAME if mapping and index == mapping.name else
            FIELD if column else IGNORE for index, column in enumerate(columns)]


def _columns_page(token: str, table: Table, form: ImportForm, chosen: list[str], error: str = ""):
    samples = list(islice(table.rows, SAMPLES))
    columns = [(name or f"Column {index + 1}", [row[index] for row in samples], chosen[index])
               for index, name in enumerate(table.columns)]
    return render_template("contacts/columns.html", token=token, columns=columns, roles=ROLES, form=form, error=error,
                           is_empty=not samples)


@blueprint.post("/import/<token>")
def go_on(token: str):
    """From the columns to the check, and from the check to the import."""
    form = ImportForm()
    with desk.Opened(account(), token) as table:
        chosen = [request.form.get(f"column-{index}", FIELD) for index in range(len(table.columns))]
        try:
            mapping = _mapping(table.columns, chosen)
        except WesendError as error:
            return _columns_page(token, table, form, chosen, str(error))
        if not form.validate() or request.form.get("go") == "columns":
            return _columns_page(token, table, form, chosen)
        if request.form.get("go") != "import":
            return _check_page(token, table, form, mapping, chosen)
    with form.refusals():
        done = desk.import_kept(account(), token, mapping, name=form.group.data, home_country=form.country.data,
                                actor=actor())
        flash(f"{plural(done.group['contact_count'], 'contact')} imported"
              + (f"; {plural(done.skipped, 'row')} left out." if done.skipped else "."), "success")
        return redirect(url_for(".show", group_id=done.group["id"]), 303)
    with desk.Opened(account(), token) as table:
        return _columns_page(token, table, form, chosen)


def _mapping(columns: list[str], chosen: list[str]) -> Mapping:
    """Exactly one phone, at most one name."""
    places = {role: [index for index, picked in enumerate(chosen) if picked == role] for role in (PHONE, NAME)}
    if len(places[PHONE]) != 1:
        raise InvalidInput("Choose one column as the phone number")
    if len(places[NAME]) > 1:
        raise InvalidInput("Only one column can be the name")
    return Mapping(places[PHONE][0], places[NAME][0] if places[NAME] else None,
                   {index: columns[index] or f"column_{index + 1}" for index, picked in enumerate(chosen) if picked == FIELD})


def _check_page(token: str, table: Table, form: ImportForm, mapping: Mapping, chosen: list[str]):
    counts: Counter[str] = Counter()
    rejected: list[tuple[str, str]] = []
    for verdict in csv_import.examine(table, mapping, form.country.data):
        counts[verdict.reason or "valid"] += 1
        if verdict.reason and len(rejected) < 20:
            rejected.append((verdict.cells[mapping.phone], WHY[verdict.reason]))
    return render_template("contacts/check.html", token=token, form=form, counts=counts, rejected=rejected, chosen=chosen,
                           phone_at=mapping.phone, plural=plural)


@blueprint.get("/import/<token>/rejected.csv")
def rejected(token: str):
    """The rows that become no contact, as they were, with the reason."""
    country = asked.choice("country", {choice.value for choice in COUNTRIES}) or account().country
    at = request.args.get("phone", "")
    with desk.Opened(account(), token) as table:
        if not (at.isascii() and at.isdigit() and int(at[:5]) < len(table.columns)):
            raise InvalidInput("Choose one column as the phone number")
        found = csv_import.examine(table, Mapping(int(at[:5]), None, {}), country)
        text = "\ufeff" + lines([[*table.columns, "why"]]) + lines(
            [*verdict.cells, WHY[verdict.reason]] for verdict in found if verdict.reason)
    return Response(text, mimetype="text/csv", headers={"Content-Disposition": 'attachment; filename="rejected.csv"'})


# -- opt-outs -------------------------------------------------------------------

@blueprint.route("/opt-outs", methods=["GET", "POST"])
def list_opt_outs():
    form = OptOutForm()
    if form.sent():
        with form.refusals():
            number = desk.opt_out(account(), form.number.data, actor=actor())
            flash(f"{number} gets nothing more from this account.", "success")
            return redirect(url_for(".list_opt_outs"), 303)
    return render_template("contacts/opt_outs.html", form=form,
                           page=page(lambda before, limit: desk.list_opt_outs(account().id, before, limit)))


@blueprint.post("/opt-outs/remove")
def remove_opt_out():
    address = request.form.get("address", "")
    desk.opt_in(account(), "email" if request.form.get("channel") == "email" else "sms", address, actor=actor())
    flash(f"{address[:100]} may be written to again.", "success")
    return redirect(url_for(".list_opt_outs"), 303)
