"""Writing an e-mail: to addresses or to a group's, as plain text or HTML, seen as its reader will before it goes."""

from __future__ import annotations

import html

from flask import Response, flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from wtforms import HiddenField, RadioField, SelectField, SelectMultipleField, TextAreaField
from wtforms.validators import InputRequired, Length

from ...contacts import audience
from ...contacts import groups as contact_groups
from ...core.errors import InvalidInput, WesendError
from ...core.languages import gettext as _
from ...core.languages import marked, ngettext, told
from ...database.rows import BatchRow
from ...gateways import registry
from ...messages.campaigns import email as email_campaigns
from ...messages.campaigns import form_values, once
from ...messages.campaigns.checking import Checked, fields_of
from ...messages.campaigns.email import EmailDraft, Readers
from ...messages.email import compose as mail
from ...messages.sending.options import Options
from ...wallets.service import WalletInfo
from .. import compose_preview, confirmation
from ..current_account import account, may_send
from ..filters import number
from ..forms import Form, Text, choices
from ..sessions import actor
from .compose import WHEN, soonest, usual_wallet, wallet_choices
from .emails import FRAME_POLICY, blueprint

FORMATS = ((mail.PLAIN, marked("Plain text")), (mail.HTML, "HTML"))
GROUPS_SHOWN = 500
REQUIRED = InputRequired(marked("Please fill this in"))
PLAIN_PAGE = '<!doctype html><pre style="font:15px/1.5 sans-serif;white-space:pre-wrap;overflow-wrap:anywhere">{}</pre>'


class EmailForm(Form):
    domain_names = {"recipient": "addresses"}
    uid = HiddenField()
    addresses = TextAreaField(
        marked("To"), render_kw={"rows": 2, "spellcheck": "false", "placeholder": "ann@example.com, ben@example.com"}
    )
    groups = SelectMultipleField(marked("Groups"), coerce=int, validate_choice=False)
    subject = Text(marked("Subject"), [REQUIRED, Length(max=200)], render_kw={"dir": "auto"})
    format = RadioField(marked("Written as"), choices=choices(FORMATS), default=mail.PLAIN)
    text = TextAreaField(marked("Message"), [REQUIRED], render_kw={"rows": 12, "dir": "auto"})
    wallet = SelectField(
        marked("Wallet"),
        validate_choice=False,
        description=marked("Mail costs nothing. A sandbox wallet’s mail is kept here and never leaves."),
    )
    when = RadioField(marked("When"), choices=choices(WHEN), default="now")
    at = Text(marked("Day and time"), render_kw={"type": "datetime-local"})


@blueprint.route("/write", methods=["GET", "POST"])
def write() -> ResponseReturnValue:
    form = EmailForm()
    form.wallet.choices = wallet_choices(account())
    found: Checked | None = None
    if request.method == "GET":
        form.uid.data, form.wallet.data = once.new_uid(), usual_wallet(account())
        form.at.data = soonest(account())
        form.addresses.data, form.groups.data = request.args.get("to", ""), request.args.getlist("group", type=int)
    elif request.form.get("insert"):
        form.text.data = compose_preview.with_field(form.text.data or "", request.form["insert"])
    elif form.sent():
        with form.refusals():
            draft = _draft(form)
            found = _unsent(draft)
            if found is None:
                return _sent(email_campaigns.send_email(account(), draft, actor=actor()))
    return _page(form, found)


def _unsent(draft: EmailDraft) -> Checked | None:
    """The check, where it is asked for or something would be missing that nobody has ticked; None: it may be sent."""

    def check() -> Checked:
        return email_campaigns.check(account(), draft, actor=actor())

    return check() if request.form.get("go") == "check" else confirmation.unconfirmed(check, draft.subject, draft.text)


def _page(form: EmailForm, found: Checked | None) -> str:
    groups, _ = contact_groups.list_groups(account().id, limit=GROUPS_SHOWN, offset=0, actor=actor())
    counts = audience.mailable_counts(account().id, actor=actor())
    return render_template(
        "emails/write.html",
        form=form,
        told=_told(form),
        fields=_fields(form),
        found=found,
        refused=told(confirmation.ASKED) if found and found.gaps and request.form.get("go") != "check" else "",
        may_send=may_send(),
        is_held=not registry.has_mail_server(),
        groups=[(row, counts[row["id"]]) for row in groups if row["id"] in counts],
    )


def _fields(form: EmailForm) -> list[str]:
    """What the mail may name of those who get it, as they are chosen now."""
    try:
        return fields_of(email_campaigns.addressees(account(), _wallet(form), _readers(form), actor()))[
            : compose_preview.FIELDS_SHOWN
        ]
    except WesendError:  # a group is gone, or a wallet
        return []


def _wallet(form: EmailForm) -> WalletInfo:
    return form_values.find_wallet(account(), form.wallet.data or "", actor=actor())


def _readers(form: EmailForm) -> Readers:
    return Readers(tuple(form.groups.data or ()), form.addresses.data or "")


def _draft(form: EmailForm, options: Options | None = None) -> EmailDraft:
    return EmailDraft(
        form.uid.data or "",
        _wallet(form),
        _readers(form),
        form.subject.data or "",
        (form.text.data or "").replace("\r\n", "\n"),
        form.format.data,
        options or form_values.read_options(account(), form.when.data, form.at.data or "", ""),
    )


def _sent(batch: BatchRow) -> ResponseReturnValue:
    if batch["scheduled_at"]:
        flash(
            ngettext("%(count)s mail scheduled.", "%(count)s mails scheduled.", batch["total"], count=number(batch["total"])),
            "success",
        )
    else:
        flash(
            ngettext("%(count)s mail accepted.", "%(count)s mails accepted.", batch["total"], count=number(batch["total"])),
            "success",
        )
    if batch["lane"]:  # a campaign
        return redirect(url_for("dashboard.campaigns.show", uid=batch["uid"]), 303)
    return redirect(url_for(".index", batch=batch["uid"]), 303)


def _told(form: EmailForm) -> dict[str, str]:
    """Who gets it, as the server reads what was typed."""
    counts = audience.mailable_counts(account().id, actor=actor())
    typed, wrong = email_campaigns.split_addresses(form.addresses.data or ""), email_campaigns.refused(form.addresses.data or "")
    people = len(typed) - len(wrong) + sum(counts.get(group_id, 0) for group_id in form.groups.data or ())
    more = " " + _("and %(count)s more", count=len(wrong) - 5) if len(wrong) > 5 else ""
    return {
        "recipients": compose_preview.recipients(people),
        "rejected": _("No e-mail address: %(value)s%(more)s.", value=", ".join(text[:40] for text in wrong[:5]), more=more)
        if wrong
        else "",
    }


@blueprint.post("/write/count")
def count() -> ResponseReturnValue:
    form = EmailForm()
    return jsonify({**_told(form), "fields": _fields(form)})


@blueprint.post("/write/preview")
def preview() -> ResponseReturnValue:
    """For the sandboxed frame beside the form: the mail with the fields of its first reader."""
    form = EmailForm()
    try:
        previewed = email_campaigns.preview(account(), _draft(form, Options()), actor=actor())
        body = previewed.text if previewed.format == mail.HTML else PLAIN_PAGE.format(html.escape(previewed.text))
    except InvalidInput as error:
        body = PLAIN_PAGE.format(html.escape(told(error)))
    return Response(body, mimetype="text/html", headers={"Content-Security-Policy": FRAME_POLICY})
