"""Files of contacts, imported in steps: what is in which column, what becomes of each row, and then the group."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import islice

from flask import flash, redirect, render_template, request, stream_with_context, url_for
from flask.typing import ResponseReturnValue
from flask_wtf.file import FileField, FileRequired
from wtforms.validators import Length

from ...contacts import csv_import, groups, uploads
from ...contacts.files import Table
from ...contacts.headers import Mapping, detect
from ...core.errors import InvalidInput, WesendError
from ...core.languages import gettext as _
from ...core.languages import marked, ngettext, told
from .. import query_args
from ..country_field import CODES, CountryField
from ..csv_out import Cells, csv_of
from ..current_account import account
from ..filters import number
from ..forms import REQUIRED, Form, Text
from ..sessions import actor
from .contacts import blueprint

SAMPLES = 3
PHONE, NAME, FIELD, IGNORE = "phone", "name", "field", "ignore"
ROLES = (
    (FIELD, marked("A field of its own")),
    (PHONE, marked("The phone number")),
    (NAME, marked("The name")),
    (IGNORE, marked("Leave out")),
)
REJECTED_SHOWN = 50
SHOWN = 200
"""Characters of a cell on a page."""


class FileForm(Form):
    file = FileField(
        marked("File"),
        [FileRequired(marked("Please choose a file"))],
        render_kw={"accept": ".csv,.txt,.tsv,.xlsx"},
        description=marked(
            "CSV in any usual encoding and delimiter, or an Excel workbook (.xlsx), up to 50 MB. "
            "One of its first rows names the columns."
        ),
    )


class ImportForm(Form):
    domain_names = {"name": "group"}
    group = Text(marked("Name of the group"), [REQUIRED, Length(max=groups.NAME_LENGTH)])
    country = CountryField(marked("Home country"), description=marked("How numbers without a country code are read."))


@blueprint.route("/import", methods=["GET", "POST"])
def start_import() -> ResponseReturnValue:
    form = FileForm()
    if form.sent():
        with form.refusals():
            token = uploads.keep(account(), form.file.data.stream, actor=actor())
            stem = (form.file.data.filename or "").replace("\x00", "").rsplit(".", 1)[0].strip()[:100]
            return redirect(url_for(".map_columns", token=token, named=stem), 303)
    return render_template("contacts/upload.html", form=form)


@blueprint.get("/import/<token>")
def map_columns(token: str) -> ResponseReturnValue:
    form = ImportForm()
    form.group.data = groups.free_name(account().id, query_args.text("named") or _("Imported"), actor=actor())
    form.country.data = account().country
    opened = _opened(token)
    with opened as table:
        mapping = detect(table.columns, peoples=True)
        return _columns_page(token, opened, table, form, _roles_of(table.columns, mapping))


def _opened(token: str) -> uploads.Opened:
    """The file with the row of its columns' names as it was chosen; else as it is found."""
    text = request.values.get("header", "")
    at = int(text) if text.isascii() and text.isdigit() and len(text) < 9 else None
    return uploads.Opened(account(), token, header_at=at, actor=actor())


def _roles_of(columns: list[str], mapping: Mapping | None) -> list[str]:
    return [
        FIELD
        if mapping is None and column
        else PHONE
        if mapping and index == mapping.phone
        else NAME
        if mapping and index == mapping.name
        else FIELD
        if column
        else IGNORE
        for index, column in enumerate(columns)
    ]


def _columns_page(token: str, opened: uploads.Opened, table: Table, form: ImportForm, chosen: list[str], error: str = "") -> str:
    samples = list(islice(table.rows, SAMPLES))
    columns = [
        (name or _("Column %(index)s", index=index + 1), [row[index][:SHOWN] for row in samples], chosen[index])
        for index, name in enumerate(table.columns)
    ]
    return render_template(
        "contacts/columns.html",
        token=token,
        columns=columns,
        roles=ROLES,
        form=form,
        error=error,
        is_empty=not samples,
        header=table.header,
        top=[(line.row, " · ".join(cell for cell in line.cells if cell.strip())[:SHOWN]) for line in opened.top],
        named=query_args.text("named"),
    )


@blueprint.post("/import/<token>")
def go_on(token: str) -> ResponseReturnValue:
    """From the columns to the check, and from the check to the import."""
    form, opened = ImportForm(), _opened(token)
    with opened as table:
        chosen = [request.form.get(f"column-{index}", FIELD) for index in range(len(table.columns))]
        try:
            mapping = _mapping(table.columns, chosen)
        except WesendError as error:
            return _columns_page(token, opened, table, form, chosen, told(error))
        if not form.validate() or request.form.get("go") == "columns":
            return _columns_page(token, opened, table, form, chosen)
        if request.form.get("go") != "import":
            return _check_page(token, table, form, mapping, chosen)
    with form.refusals():
        done = uploads.import_kept(
            account(),
            token,
            mapping,
            name=form.group.data,
            home_country=form.country.data,
            header_at=opened.header_at,
            actor=actor(),
        )
        flash(_imported(done.group["contact_count"], done.skipped), "success")
        return redirect(url_for(".show", group_id=done.group["id"]), 303)
    opened = _opened(token)
    with opened as table:
        return _columns_page(token, opened, table, form, chosen)


def _mapping(columns: list[str], chosen: list[str]) -> Mapping:
    """Exactly one phone, at most one name."""
    places = {role: [index for index, picked in enumerate(chosen) if picked == role] for role in (PHONE, NAME)}
    if len(places[PHONE]) != 1:
        raise InvalidInput(_("Choose one column as the phone number"))
    if len(places[NAME]) > 1:
        raise InvalidInput(_("Only one column can be the name"))
    return Mapping(
        places[PHONE][0],
        places[NAME][0] if places[NAME] else None,
        {index: columns[index] or f"column_{index + 1}" for index, picked in enumerate(chosen) if picked == FIELD},
    )


def _check_page(token: str, table: Table, form: ImportForm, mapping: Mapping, chosen: list[str]) -> str:
    counts: Counter[str] = Counter()
    rejected: list[tuple[int, str, str]] = []
    for verdict in csv_import.examine(table, mapping, form.country.data):
        counts[verdict.kind] += 1
        if verdict.why and len(rejected) < REJECTED_SHOWN:
            rejected.append((verdict.row, verdict.cells[mapping.phone][:SHOWN], verdict.why))
    return render_template(
        "contacts/check.html",
        token=token,
        form=form,
        counts=counts,
        rejected=rejected,
        chosen=chosen,
        phone_at=mapping.phone,
        header=table.header,
    )


@blueprint.get("/import/<token>/rejected.csv")
def rejected(token: str) -> ResponseReturnValue:
    """The rows that become no contact, as they were, with the reason."""
    country = query_args.choice("country", CODES) or account().country
    at = request.args.get("phone", "")
    with _opened(token) as table:
        if not (at.isascii() and at.isdigit() and int(at[:5]) < len(table.columns)):
            raise InvalidInput(_("Choose one column as the phone number"))
    opened = _opened(token)
    rows = stream_with_context(_rejected(opened, Mapping(int(at[:5]), None, {}), country))  # type: ignore[type-var] # any will do
    answer = csv_of("rejected.csv", rows)
    answer.call_on_close(opened.stream.close)
    return answer


def _rejected(opened: uploads.Opened, mapping: Mapping, country: str) -> Iterator[Cells]:
    with opened as table:
        yield [*table.columns, _("why it was left out"), _("row in the file")]
        for verdict in csv_import.examine(table, mapping, country):
            if verdict.why:
                yield [*verdict.cells, verdict.why, verdict.row]


def _imported(contacts: int, left_out: int) -> str:
    said = ngettext("%(count)s contact", "%(count)s contacts", contacts, count=number(contacts))
    if not left_out:
        return _("%(contacts)s imported.", contacts=said)
    rows = ngettext("%(count)s row", "%(count)s rows", left_out, count=number(left_out))
    return _("%(contacts)s imported; %(rows)s left out.", contacts=said, rows=rows)
