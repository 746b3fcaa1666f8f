"""Writing an e-mail: to addresses or to a group's, as plain text or HTML, seen as its reader will before it goes; kept as a
draft while it is typed.
"""

from __future__ import annotations

import html

from flask import Response, flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from ...contacts import audience
from ...contacts import groups as contact_groups
from ...core import clock
from ...core.channels import EMAIL
from ...core.errors import InvalidInput, WesendError
from ...core.languages import gettext as _
from ...core.languages import ngettext, told
from ...database.rows import BatchRow
from ...gateways import registry
from ...messages.campaigns import drafts, once, text_templates
from ...messages.campaigns import email as email_campaigns
from ...messages.campaigns.checking import Checked, Field, fields_of
from ...messages.campaigns.email import EmailDraft
from ...messages.email import compose as mail
from ...messages.sending.options import Options
from .. import compose_preview, confirmation, draft_keeping, templates_kept
from ..current_account import account, may_send
from ..draft_keeping import Kept
from ..filters import number
from ..sessions import actor
from .compose import wallet_choices
from .email_form import EmailForm
from .emails import FRAME_POLICY, blueprint

GROUPS_SHOWN = 500
PLAIN_PAGE = '<!doctype html><pre style="font:15px/1.5 sans-serif;white-space:pre-wrap;overflow-wrap:anywhere">{}</pre>'


@blueprint.route("/write", methods=["GET", "POST"])
def write() -> ResponseReturnValue:
    """``draft=UID`` goes on with a draft, ``template=ID`` begins with a template."""
    form = EmailForm()
    form.wallet.choices = wallet_choices(account())
    if request.method == "GET":
        return _begin(form)
    if request.form.get("insert"):
        form.text.data = compose_preview.with_field(form.text.data or "", request.form["insert"])
        return _page(form)
    found: Checked | None = None
    if request.form.get("go") == "use_template":
        return _with_template(form, request.form.get("template", ""))
    if form.sent():
        with form.refusals():
            if request.form.get("go") == "save_template":
                templates_kept.keep(form.template_name.data or "", form.content)
                return _page(form)
            draft = form.draft()
            if request.form.get("go") == "test":
                _send_test(draft)
                return _page(form)
            found = _unsent(draft)
            if found is None:
                batch = email_campaigns.send_email(account(), draft, actor=actor())
                drafts.sent(account().id, draft.uid, actor=actor())
                return _sent(batch)
    return _page(form, found)


def _begin(form: EmailForm) -> ResponseReturnValue:
    uid = request.args.get("draft", "")
    if not uid:
        form.begin(request.args.get("to", ""), request.args.getlist("group", type=int))
        return _with_template(form, request.args.get("template", ""))
    if once.was_sent(account(), uid, actor=actor()):
        return redirect(url_for(".index", batch=uid), 303)
    form.go_on(uid)
    return _page(form)


def _with_template(form: EmailForm, typed: str) -> str:
    template = templates_kept.chosen(typed, EMAIL)
    if template is not None:
        form.begin_with(template)
    return _page(form)


def _unsent(draft: EmailDraft) -> Checked | None:
    """The check, where it is asked for or something would be missing that nobody has ticked; None: it may be sent."""

    def check() -> Checked:
        return email_campaigns.check(account(), draft, actor=actor())

    return check() if request.form.get("go") == "check" else confirmation.unconfirmed(check, draft.subject, draft.text)


def _send_test(draft: EmailDraft) -> None:
    """The mail as the first of them gets it, to whoever writes it."""
    me = actor().email
    test = draft._replace(uid=request.form.get("test_uid", ""))
    email_campaigns.send_test(account(), test, me, actor=actor())
    if draft.wallet.is_sandbox:
        flash(_("A test was kept here, for %(address)s: a sandbox wallet’s mail never leaves.", address=me), "success")
    else:
        flash(_("A test went to %(address)s.", address=me), "success")


def _page(form: EmailForm, found: Checked | None = None) -> str:
    groups, _ = contact_groups.list_groups(account().id, limit=GROUPS_SHOWN, offset=0, actor=actor())
    counts = audience.mailable_counts(account().id, actor=actor())
    return render_template(
        "emails/write.html",
        form=form,
        kept=_kept(form),
        told=_told(form),
        fields=_fields(form),
        found=found,
        why_nothing=compose_preview.why_nothing(found.cost.reasons, compose_preview.REASONS_OF_MAIL) if found else "",
        refused=told(confirmation.ASKED) if found and found.gaps and request.form.get("go") != "check" else "",
        may_send=may_send(),
        is_held=not registry.has_mail_server(),
        templates=text_templates.list_templates(account().id, EMAIL, actor=actor()),
        groups=[(row, counts[row["id"]]) for row in groups if row["id"] in counts],
        me=actor().email,
        test_uid=once.new_uid(),
    )


def _kept(form: EmailForm) -> Kept:
    if request.method == "POST":
        return draft_keeping.keep(form.uid.data or "", form.stored())
    return Kept(clock.now_ms() if "draft" in request.args else None)


@blueprint.post("/write/draft")
def save_draft() -> ResponseReturnValue:
    """The form as it stands, while it is typed."""
    form = EmailForm()
    return draft_keeping.answer(draft_keeping.keep(form.uid.data or "", form.stored()))


def _fields(form: EmailForm) -> list[Field]:
    """What the mail may name of those who get it, as they are chosen now."""
    try:
        return fields_of(email_campaigns.parts(account(), form.chosen_wallet, form.readers, actor()))[
            : compose_preview.FIELDS_SHOWN
        ]
    except WesendError:  # a group is gone, or a wallet
        return []


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
    return jsonify({**_told(form), "fields": [[field.name, field.label] for field in _fields(form)]})


@blueprint.post("/write/preview")
def preview() -> ResponseReturnValue:
    """For the sandboxed frame beside the form: the mail with the fields of its first reader."""
    form = EmailForm()
    try:
        previewed = email_campaigns.preview(account(), form.draft(Options()), actor=actor())
        body = previewed.text if previewed.format == mail.HTML else PLAIN_PAGE.format(html.escape(previewed.text))
    except InvalidInput as error:
        body = PLAIN_PAGE.format(html.escape(told(error)))
    return Response(body, mimetype="text/html", headers={"Content-Security-Policy": FRAME_POLICY})
