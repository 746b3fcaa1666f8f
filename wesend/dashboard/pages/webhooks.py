"""Webhooks: where they go, what was delivered and answered, and delivering again."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from wtforms import SelectField

from ...accounts import roles
from ...accounts.roles import MANAGE
from ...adapters.public_addresses import leads_to_private
from ...core import clock
from ...core.languages import gettext as _
from ...core.languages import marked, ngettext
from ...database.rows import WebhookEndpointRow
from ...dialects.dialect import titles
from ...webhooks import attempts, deliver, endpoints, headers, samples
from ...webhooks.formats import formats
from ..current_account import account, may_manage
from ..forms import REQUIRED, CheckList, Form, Text, choices
from ..paging import page
from ..sessions import actor

blueprint = Blueprint("webhooks", __name__, url_prefix="/webhooks")
SINCE = (
    ("1", marked("of the last hour")),
    ("24", marked("of the last day")),
    ("168", marked("of the last week")),
    ("0", marked("ever")),
)


class WebhookForm(Form):
    format = SelectField(
        marked("Format"), description=marked("It hears of messages that were sent through the API of this vendor.")
    )
    url = Text(
        "URL",
        [REQUIRED],
        render_kw={"type": "url", "placeholder": "https://example.com/hooks/sms"},
        description=marked("http or https. Redirects are not followed."),
    )
    events = CheckList(marked("Only these events"), description=marked("None ticked: every event of the format."))


def _form() -> WebhookForm:
    form = WebhookForm()
    form.format.choices = choices([(name, titles()[name]) for name in formats()])
    chosen = form.format.data if form.format.data in formats() else next(iter(formats()))
    own, others = endpoints.own_events(actor()), [event for format_ in formats().values() for event in format_.events]
    form.events.choices = choices([(event, event) for event in (*others, *own)])
    left_over = set(others) - set(formats()[chosen].events)  # ticked before another format was chosen
    form.events.data = [event for event in form.events.data or [] if event not in left_over]
    return form


@blueprint.get("")
def index() -> ResponseReturnValue:
    return _show(_form())


@blueprint.post("")
def add() -> ResponseReturnValue:
    """The secret stands in the answer itself and nowhere else."""
    roles.require(actor(), MANAGE, account().id)
    form = _form()
    if form.sent():
        with form.refusals():
            row, secret = endpoints.add_endpoint(
                account_id=account().id,
                format_name=form.format.data,
                url=form.url.data,
                events=form.events.data or None,
                actor=actor(),
            )
            return _show(None, added=row, secret=secret)
    return _show(form)


def _show(form: WebhookForm | None, *, added: WebhookEndpointRow | None = None, secret: str | None = None) -> str:
    return render_template(
        "webhooks/index.html",
        form=form,
        added=added,
        secret=secret,
        titles=titles(),
        may_manage=may_manage(),
        rows=[row for row in endpoints.list_endpoints(account().id, actor=actor()) if row["url"]],
        formats=formats(),
        own_events=endpoints.own_events(actor()),
        is_private=added is not None and _is_out_of_reach(added),
    )


def _is_out_of_reach(endpoint: WebhookEndpointRow) -> bool:
    """Whether deliveries there are refused before they leave."""
    return not current_app.config["WESEND"].allow_private_urls and leads_to_private(urlsplit(endpoint["url"]).hostname or "")


@blueprint.get("/<int:webhook_id>")
def show(webhook_id: int) -> ResponseReturnValue:
    return _show_one(endpoints.get_endpoint(webhook_id, account().id, actor=actor()))


def _show_one(endpoint: WebhookEndpointRow, **more: Any) -> str:
    failed = request.args.get("show") == "failed"
    deliveries = page(
        lambda before, limit: attempts.list_deliveries(endpoint, limit=limit, failed=failed, before=before, actor=actor())
    )
    return render_template(
        "webhooks/show.html",
        endpoint=endpoint,
        page=deliveries,
        failed=failed,
        titles=titles(),
        may_manage=may_manage(),
        since=SINCE,
        samples=formats()[endpoint["format"]].events,
        is_private=_is_out_of_reach(endpoint),
        **more,
    )


@blueprint.post("/<int:webhook_id>/switch")
def switch(webhook_id: int) -> ResponseReturnValue:
    endpoint = endpoints.get_endpoint(webhook_id, account().id, actor=actor())
    on = request.form.get("on") == "1"
    endpoints.switch(endpoint["id"], on, actor=actor())
    flash(_("It is on again: what waited is delivered.") if on else _("It is off: nothing new is written down for it."), "success")
    return redirect(url_for(".show", webhook_id=webhook_id), 303)


@blueprint.post("/<int:webhook_id>/test")
def test(webhook_id: int) -> ResponseReturnValue:
    endpoint = endpoints.get_endpoint(webhook_id, account().id, actor=actor())
    row = attempts.send_test(endpoint["id"], actor=actor(), allow_private=current_app.config["WESEND"].allow_private_urls)
    received = row["error"] is None and 200 <= (row["status_code"] or 0) < 300
    answer = row["error"] or f"HTTP {row['status_code']}"
    flash(
        (
            _("The test was received: %(answer)s after %(duration_ms)s ms.")
            if received
            else _("The test was not received: %(answer)s after %(duration_ms)s ms.")
        )
        % {"answer": answer, "duration_ms": row["duration_ms"]},
        "success" if received else "error",
    )
    return redirect(url_for(".show", webhook_id=webhook_id), 303)


@blueprint.post("/<int:webhook_id>/trigger")
def trigger(webhook_id: int) -> ResponseReturnValue:
    endpoint = endpoints.get_endpoint(webhook_id, account().id, actor=actor())
    event = request.form.get("event", "")
    row = samples.trigger(endpoint, event, actor=actor(), allow_private=current_app.config["WESEND"].allow_private_urls)
    received = row["status_code"] is not None and formats()[endpoint["format"]].is_received(row["status_code"])
    answer = row["error"] or f"HTTP {row['status_code']}"
    named = {"event": event, "answer": answer, "ms": row["duration_ms"]}
    flash(
        _("The sample of %(event)s was received: %(answer)s after %(ms)s ms.", **named)
        if received
        else _("The sample of %(event)s was not received: %(answer)s after %(ms)s ms.", **named),
        "success" if received else "error",
    )
    return redirect(url_for(".show", webhook_id=webhook_id), 303)


@blueprint.post("/<int:webhook_id>/rotate")
def rotate(webhook_id: int) -> ResponseReturnValue:
    endpoint = endpoints.get_endpoint(webhook_id, account().id, actor=actor())
    return _show_one(endpoint, secret=endpoints.rotate_secret(endpoint["id"], actor=actor()))


@blueprint.post("/<int:webhook_id>/remove")
def remove(webhook_id: int) -> ResponseReturnValue:
    endpoint = endpoints.get_endpoint(webhook_id, account().id, actor=actor())
    endpoints.remove_endpoint(endpoint["id"], actor=actor())
    flash(_("The webhook and what it was told are gone."), "success")
    return redirect(url_for(".index"), 303)


@blueprint.post("/<int:webhook_id>/retry")
def retry_failed(webhook_id: int) -> ResponseReturnValue:
    endpoint = endpoints.get_endpoint(webhook_id, account().id, actor=actor())
    hours = int(request.form["hours"]) if request.form.get("hours") in dict(SINCE) else 0
    count = attempts.retry_failed(endpoint["id"], clock.now_ms() - hours * clock.HOUR if hours else 0, actor=actor())
    flash(
        ngettext("%(num)s delivery to be made again.", "%(num)s deliveries to be made again.", count)
        if count
        else _("There is nothing to repeat."),
        "success",
    )
    return redirect(url_for(".show", webhook_id=webhook_id), 303)


@blueprint.get("/deliveries/<uid>")
def delivery(uid: str) -> ResponseReturnValue:
    row = attempts.find_delivery(uid, account().id, actor=actor())
    endpoint = endpoints.get_endpoint(row["endpoint_id"], account().id, actor=actor())
    made = [
        (entry, headers.shown_headers(endpoint, row, entry["at"], actor=actor()))
        for entry in attempts.attempts_of(endpoint, row["id"], actor=actor())
    ]
    return render_template(
        "webhooks/delivery.html",
        delivery=row,
        endpoint=endpoint,
        attempts=made,
        titles=titles(),
        body=_pretty(row["payload"]),
        most=deliver.most_attempts(endpoint["format"], row["event"]),
        may_manage=may_manage(),
    )


def _pretty(payload: str | None) -> str | None:
    return json.dumps(json.loads(payload), indent=2, ensure_ascii=False) if payload else None


@blueprint.post("/deliveries/<uid>/retry")
def retry(uid: str) -> ResponseReturnValue:
    attempts.retry(attempts.find_delivery(uid, account().id, actor=actor()), actor=actor())
    flash(_("It is delivered again now."), "success")
    return redirect(url_for(".delivery", uid=uid), 303)
