"""E-mail: what was sent, as its readers see it, and what they did with it."""

from __future__ import annotations

import json

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from ...core import markup
from ...core.channels import EMAIL
from ...core.languages import gettext as _
from ...database.rows import BatchRow
from ...messages.campaigns import drafts, results
from ...messages.campaigns.drafts import Draft
from ...messages.email import cancelling, held, tracking
from ...messages.email import compose as mail
from ...messages.reporting import disclosure, history, reasons, search
from ...messages.sending import actions
from ...messages.sending.accept import get_batch, get_batch_by_id
from ...messages.sending.actions import MOST_RETRIES
from ...messages.state import mail_texts
from .. import query_args
from ..current_account import account
from ..paging import SIZE, Page, address, before_key
from ..sessions import actor
from .messages import STATUSES

blueprint = Blueprint("emails", __name__, url_prefix="/emails")
FRAME_POLICY = (
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'; "
    "frame-ancestors 'self'; sandbox"
)
"""A mail's HTML runs nothing, loads nothing (its pixel would count as read), sends nothing and leads nowhere."""


@blueprint.get("")
def index() -> ResponseReturnValue:
    status = query_args.choice("status", STATUSES)
    batch = _batch()
    wanted = search.Search(
        history.Filter(
            account().id, channel=EMAIL, statuses=STATUSES[status][1] if status else None, batch_id=batch["id"] if batch else None
        ),
        query_args.text("q").lower(),
    )
    before = before_key()
    last = None if before is None else search.place(account().id, before, actor=actor())
    found = search.find(wanted, last, SIZE, actor=actor())
    page = Page(found.rows, address(found.last["id"]) if found.last else None, address(None) if last else None)
    is_filtered = bool(request.args.get("q") or status or batch)
    return render_template(
        "emails/index.html",
        page=page,
        drafts=_drafts() if last is None and not is_filtered else [],
        held=held.count(account().id, actor=actor()),
        is_held=held.is_held,
        statuses=STATUSES,
        query_args=request.args,
        batch=batch,
        happened={row["id"]: tracking.opens_and_clicks(row, actor=actor()) for row in page.rows},
        names=results.names_of(account().id, [row["recipient"] for row in page.rows], EMAIL, actor=actor()),
        reason=lambda row: reasons.of(row, actor=actor()),
        is_first=last is None,
        is_filtered=is_filtered,
    )


def _drafts() -> list[Draft]:
    return [draft for draft in drafts.list_drafts(account().id, actor=actor()) if draft.channel == EMAIL]


def _batch() -> BatchRow | None:
    """The send that is looked at alone."""
    uid = query_args.text("batch")
    return get_batch(uid, account().id, actor=actor()) if uid else None


@blueprint.get("/<uid>")
def show(uid: str) -> ResponseReturnValue:
    message = history.find(account().id, uid, channel=EMAIL, actor=actor())
    stored = mail.Mail.of(message)
    rendered = mail.render(stored)
    events = history.timeline(message, actor=actor())
    return render_template(
        "emails/show.html",
        message=message,
        is_held=held.is_held(message),
        batch=get_batch_by_id(message["batch_id"]),
        is_html=stored.format == mail.HTML,
        text=markup.text_of(stored.text) if stored.format == mail.HTML else stored.text,
        headers=list(rendered.items()),
        events=events,
        reason=reasons.of(message, actor=actor()),
        told=disclosure.detail,
        opened=next((row["at"] for row in events if row["event"] == "opened"), None),
        clicks=[(json.loads(row["meta"] or "{}").get("url", ""), row["at"]) for row in events if row["event"] == "clicked"],
        links=markup.links(stored.text) if stored.format == mail.HTML else [],
        most_retries=MOST_RETRIES,
    )


@blueprint.get("/<uid>/html")
def show_html(uid: str) -> ResponseReturnValue:
    """The HTML as it was written, for the sandboxed frame: without our links and pixel, so that looking is no opening."""
    message = history.find(account().id, uid, channel=EMAIL, actor=actor())
    body = mail_texts.text_of(message) if message["encoding"] == mail.HTML else ""
    return Response(body, mimetype="text/html", headers={"Content-Security-Policy": FRAME_POLICY})


@blueprint.post("/<uid>/retry")
def retry(uid: str) -> ResponseReturnValue:
    actions.retry(account(), uid, channel=EMAIL, actor=actor())
    flash(_("Queued again."), "success")
    return redirect(url_for(".show", uid=uid), 303)


@blueprint.post("/<uid>/cancel")
def cancel(uid: str) -> ResponseReturnValue:
    cancelling.cancel(account(), uid, actor=actor())
    flash(_("Cancelled: it will not be sent."), "success")
    return redirect(url_for(".show", uid=uid), 303)
