"""Campaigns: one message to many, in five steps; each with its progress, to be paused, resumed and cancelled."""

from __future__ import annotations

import json
from collections import Counter
from typing import NamedTuple

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from ...accounts.service import AccountInfo
from ...contacts import groups
from ...core.errors import InvalidInput, StorageFull, WesendError
from ...database.rows import BatchRow
from ...messages.campaigns import sms as sms_campaigns
from ...messages.campaigns.sms import Audience, Draft
from ...messages.reporting import history
from ...messages.sending import actions
from ...messages.sending.accept import get_batch
from ...wallets.service import wallet_by_id
from .. import compose_preview
from ..current_account import account
from ..filters import amount
from ..forms import Form
from ..paging import page
from ..sessions import actor
from .compose import sender_choices, soonest, usual_wallet, wallet_choices, wallet_or_none

blueprint = Blueprint("campaigns", __name__, url_prefix="/campaigns")
STEPS = (("audience", "Audience"), ("text", "Text"), ("when", "When"), ("check", "Check and send"))
NAMES = [name for name, _ in STEPS]
SEND = "send"
GROUPS_SHOWN = 500
FIELDS = ("uid", "wallet", "numbers", "name", "sender", "text", "when", "at", "rate")


class Written(NamedTuple):
    """The form as it came, whatever its step; every step carries what the others hold."""

    uid: str
    wallet: str
    numbers: str
    name: str
    sender: str
    text: str
    when: str
    at: str
    rate: str
    group_ids: tuple[int, ...]

    @property
    def audience(self) -> Audience:
        return Audience(self.group_ids, self.numbers)

    def draft(self, at: AccountInfo) -> Draft:
        return Draft(
            self.uid,
            sms_campaigns.find_wallet(at, self.wallet, actor=actor()),
            self.audience,
            self.text,
            self.sender,
            sms_campaigns.read_options(at, self.when, self.at, self.rate, name=self.name.strip()[:200] or None),
        )


def _written() -> Written:
    given = request.form if request.method == "POST" else request.args
    found = Written(
        **{name: given.get(name, "").replace("\x00", "").replace("\r\n", "\n") for name in FIELDS},
        group_ids=tuple(int(text) for text in given.getlist("group") if text.isascii() and text.isdigit() and len(text) < 19),
    )
    return found._replace(
        uid=found.uid or sms_campaigns.new_uid(),
        wallet=found.wallet or usual_wallet(account()),
        when=found.when if found.when in ("scheduled", "drip") else "now",
    )


@blueprint.get("")
def index() -> ResponseReturnValue:
    return render_template(
        "campaigns/index.html",
        page=page(lambda before, limit: sms_campaigns.campaigns(account().id, before, limit, actor=actor())),
        progress=progress,
        is_first="before" not in request.args,
    )


@blueprint.route("/new", methods=["GET", "POST"])
def new() -> ResponseReturnValue:
    written, form = _written(), Form()
    wanted = request.form.get("go", "")
    before = NAMES[: NAMES.index(wanted)] if wanted in NAMES else NAMES[:-1] if wanted == SEND else []
    step, errors = NAMES[0], {}
    if request.method == "POST" and form.validate():
        try:
            for step in before:  # the one that refuses is shown
                _require(step, written)
            step = wanted if wanted in NAMES else NAMES[-1] if wanted == SEND else NAMES[0]
            if wanted == SEND:
                return _start(written)
            shown = _seen(step, written)
        except StorageFull:
            raise
        except WesendError as error:
            errors = _errors(error) if step != NAMES[-1] else {"": str(error)}
            shown = _seen(step, written, fails=True)
    else:
        shown = _seen(step, written)
    return render_template(
        "campaigns/new.html", step=step, steps=STEPS, names=NAMES, written=written, errors=errors, form=form, **shown
    )


def _require(step: str, written: Written) -> None:
    """What a step must hold before the next one is shown."""
    if step == "audience":
        sms_campaigns.check_audience(
            account(), sms_campaigns.find_wallet(account(), written.wallet, actor=actor()), written.audience, actor=actor()
        )
    elif step == "text":
        wallet = sms_campaigns.find_wallet(account(), written.wallet, actor=actor())
        sms_campaigns.composer(account(), wallet, written.text, written.sender, pays=False, actor=actor())
    elif step == "when":
        sms_campaigns.read_options(account(), written.when, written.at, written.rate)


def _errors(error: WesendError) -> dict[str, str]:
    fields = error.fields if isinstance(error, InvalidInput) else {}
    return {name: str(error) for name in fields} or {"": str(error)}


def _seen(step: str, written: Written, *, fails: bool = False) -> dict:
    """What a step shows beside its fields."""
    at = account()
    if step == "audience":
        return {"groups": groups.list_groups(at.id, limit=GROUPS_SHOWN, offset=0, actor=actor())[0], "wallets": wallet_choices(at)}
    if step == "text":
        return {
            "senders": sender_choices(at),
            "previews": sms_campaigns.previews(at, written.audience, written.text, actor=actor()),
            "fields": sms_campaigns.fields_of(at, written.audience, actor=actor()),
            "told": compose_preview.of_each(at, wallet_or_none(written.wallet), written.text),
        }
    if step == "when":
        return {"people": _count(at, written.audience), "soonest": soonest(at), "zone": at.time_zone}
    if fails:
        return {"found": None}
    draft = written.draft(at)
    found = sms_campaigns.check(at, draft, actor=actor())
    sends = sum(part.contacts for part in found.parts)
    return {
        "found": found,
        "draft": draft,
        "sends": sends,
        "ends_at": sms_campaigns.ends_at(draft.options, sends),
        "previews": sms_campaigns.previews(at, written.audience, written.text, 1, actor=actor()),
    }


def _count(at: AccountInfo, audience: Audience) -> int:
    """About how many: a phone in two groups counts twice until the check."""
    return sum(groups.get_group(at.id, group_id, actor=actor())["contact_count"] for group_id in audience.group_ids) + len(
        audience.numbers.split()
    )


def _start(written: Written) -> ResponseReturnValue:
    batch = sms_campaigns.send_campaign(account(), written.draft(account()), actor=actor())
    flash(
        f"{compose_preview.plural(batch['total'], 'message')} accepted for {amount(batch['cost_micros'], batch['currency'])}.",
        "success",
    )
    return redirect(url_for(".show", uid=batch["uid"]), 303)


@blueprint.get("/<uid>")
def show(uid: str) -> ResponseReturnValue:
    batch = get_batch(uid, account().id, actor=actor())
    skipped = json.loads(batch["skipped"] or "[]")
    mine = history.Filter(account().id, batch_id=batch["id"], channel=batch["channel"])
    return render_template(
        "campaigns/show.html",
        batch=batch,
        progress=progress(batch),
        wallet=wallet_by_id(batch["wallet_id"]),
        latest=history.chunk_after(mine, None, 8, actor=actor()),
        skipped=skipped[:50],
        is_mail=batch["channel"] == "email",
        skipped_count=len(skipped),
        reasons=Counter(reason for _, reason, _ in skipped),
        words=compose_preview.REASONS,
        ends_at=_ends_at(batch, mine),
    )


def _ends_at(batch: BatchRow, mine: history.Filter) -> int | None:
    """When the last message is due, of what has not left yet."""
    rows = history.chunk_after(mine, None, 1, actor=actor())
    waits = rows and rows[0]["status"] in ("scheduled", "dripping") and batch["state"] == "open"
    return rows[0]["due_at"] if waits else None


class Progress(NamedTuple):
    """``word`` for the state of a campaign; ``done`` percent of it have ended or left."""

    word: str
    done: int
    can_pause: bool
    can_resume: bool
    can_cancel: bool


def progress(batch: BatchRow) -> Progress:
    left = batch["total"] - batch["queued"]
    state = batch["state"]
    word = {"open": "sending", "cancelling": "cancelling", "refused": "failed"}.get(state, state)
    if state == "open" and batch["queued"] == batch["total"] and batch["scheduled_at"]:
        word = "scheduled"
    if state == "open" and not batch["queued"]:
        word = "sent"
    going = state in ("open", "paused") and batch["queued"] > 0
    return Progress(
        word, 100 * left // batch["total"] if batch["total"] else 100, going and state == "open", state == "paused", going
    )


@blueprint.post("/<uid>/pause")
def pause(uid: str) -> ResponseReturnValue:
    actions.pause(account(), uid, actor=actor())
    flash("Paused: nothing more of it leaves until it is resumed.", "success")
    return redirect(url_for(".show", uid=uid), 303)


@blueprint.post("/<uid>/resume")
def resume(uid: str) -> ResponseReturnValue:
    actions.resume(account(), uid, actor=actor())
    flash("It goes on.", "success")
    return redirect(url_for(".show", uid=uid), 303)


@blueprint.post("/<uid>/cancel")
def cancel(uid: str) -> ResponseReturnValue:
    done = actions.cancel_batch(account(), uid, actor=actor())
    currency = get_batch(uid, account().id, actor=actor())["currency"]
    flash(
        f"{compose_preview.plural(done.count, 'message')} cancelled; {amount(done.refunded_micros, currency)} went back to the "
        "wallet.",
        "success",
    )
    return redirect(url_for(".show", uid=uid), 303)
