"""A campaign as it is written, in four steps; kept as a draft while it is typed, so that nothing of it is lost.

Each step carries what the others hold, so the form is whole wherever it is sent from.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from flask import flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from ...accounts import own_phone
from ...accounts.service import AccountInfo
from ...contacts import groups
from ...core import clock, plain_letters
from ...core.channels import SMS
from ...core.errors import InvalidInput, StorageFull, WesendError
from ...core.languages import gettext as _
from ...core.languages import marked, told
from ...gateways import registry
from ...messages.campaigns import drafts, form_values, once, text_templates
from ...messages.campaigns import sms as sms_campaigns
from ...messages.campaigns.checking import Checked, fields_of
from ...messages.campaigns.quiet import quiet_of
from ...messages.campaigns.sms import Audience, Draft
from ...messages.campaigns.text_templates import Content
from ...messages.sending import no_route
from .. import compose_preview, confirmation, draft_keeping, templates_kept
from ..current_account import account
from ..draft_keeping import Kept
from ..filters import amount
from ..forms import Form
from ..sessions import actor
from .campaigns import blueprint
from .compose import sender_choices, soonest, usual_wallet, wallet_choices, wallet_or_none

STEPS = (("audience", marked("Audience")), ("text", marked("Text")), ("when", marked("When")), ("check", marked("Check and send")))
NAMES = [name for name, _label in STEPS]
SEND = "send"
GROUPS_SHOWN = 500
FIELDS = ("uid", "wallet", "numbers", "name", "sender", "text", "when", "at", "rate")
OF_TEXT = ("test", "use_template", "save_template", "plain")
"""What else can be asked for in the step of the text."""


class Written(NamedTuple):
    """The form as it came, whatever its step."""

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

    @property
    def is_begun(self) -> bool:
        """Whether there is anything to keep."""
        return bool(self.text.strip() or self.numbers.strip() or self.name.strip() or self.group_ids)

    def draft(self, at: AccountInfo) -> Draft:
        return Draft(
            self.uid,
            form_values.find_wallet(at, self.wallet, actor=actor()),
            self.audience,
            self.text,
            self.sender,
            form_values.read_options(at, self.when, self.at, self.rate, name=self.name.strip()[:200] or None),
        )

    def stored(self, step: str) -> drafts.Form | None:
        """As a draft keeps it; None: there is nothing to keep."""
        if not self.is_begun:
            return None
        typed = {name: getattr(self, name) for name in FIELDS if name != "uid"}
        return {**typed, "group": [str(group_id) for group_id in self.group_ids], "step": step}


def _completed(values: dict[str, str], group_ids: list[str]) -> Written:
    found = Written(
        **{name: values.get(name, "").replace("\x00", "").replace("\r\n", "\n") for name in FIELDS},
        group_ids=tuple(int(text) for text in group_ids if text.isascii() and text.isdigit() and len(text) < 19),
    )
    return found._replace(
        uid=found.uid or once.new_uid(),
        wallet=found.wallet or usual_wallet(account()),
        when=found.when if found.when in ("scheduled", "drip") else "now",
    )


def _written() -> Written:
    given = request.form if request.method == "POST" else request.args
    return _completed(given.to_dict(), given.getlist("group"))


def _of_draft(uid: str) -> tuple[Written, str]:
    """A draft, and the step that it was left at; DraftNotFound."""
    form = drafts.get(account().id, uid, SMS, actor=actor()).form
    typed = {name: str(form.get(name, "")) for name in FIELDS}
    step = str(form.get("step", ""))
    return _completed({**typed, "uid": uid}, list(form.get("group", []))), step if step in NAMES else NAMES[0]


@blueprint.route("/new", methods=["GET", "POST"])
def new() -> ResponseReturnValue:
    """``draft=UID`` goes on with a draft, ``template=ID`` begins with a template's text."""
    if request.method == "GET":
        return _begin()
    written, form = _written(), Form()
    wanted = request.form.get("go", "")
    if not form.validate():
        return _page(NAMES[0], written, form, {}, **_seen(NAMES[0], written))
    if wanted in OF_TEXT or request.form.get("insert"):
        return _in_text(wanted, written, form)
    before = NAMES[: NAMES.index(wanted)] if wanted in NAMES else NAMES[:-1] if wanted == SEND else []
    step, errors = NAMES[0], {}
    try:
        for step in before:  # the one that refuses is shown
            _require(step, written)
        step = wanted if wanted in NAMES else NAMES[-1] if wanted == SEND else NAMES[0]
        if wanted == SEND and _is_confirmed(written):
            return _start(written)
        shown = _seen(step, written)
    except StorageFull:
        raise
    except WesendError as error:
        errors = _errors(error) if step != NAMES[-1] else {"": told(error)}
        shown = _seen(step, written, fails=True)
    if wanted == SEND and not errors:
        errors = {"confirmed": told(confirmation.ASKED)}
    return _page(step, written, form, errors, **shown)


def _begin() -> ResponseReturnValue:
    uid = request.args.get("draft", "")
    if uid and once.was_sent(account(), uid, actor=actor()):
        return redirect(url_for(".show", uid=uid), 303)
    written, step = _of_draft(uid) if uid else (_written(), NAMES[0])
    template = templates_kept.chosen(request.args.get("template", ""), SMS)
    if template is not None:
        written = written._replace(text=template["text"], sender=template["sender"] or "")
    try:
        shown = _seen(step, written)
    except WesendError:  # a group is gone, or a wallet
        step = NAMES[0]
        shown = _seen(step, written._replace(group_ids=()))
    return _page(step, written, Form(), {}, **shown)


def _page(step: str, written: Written, form: Form, errors: dict[str, str], **shown: Any) -> str:
    kept = Kept(clock.now_ms() if "draft" in request.args else None)
    if request.method == "POST" and form.validate():
        kept = draft_keeping.keep(written.uid, written.stored(step))
    return render_template(
        "campaigns/new.html", step=step, steps=STEPS, names=NAMES, written=written, errors=errors, form=form, kept=kept, **shown
    )


@blueprint.post("/drafts")
def save_draft() -> ResponseReturnValue:
    """The form as it stands, while it is typed."""
    written, step = _written(), request.form.get("step", "")
    return draft_keeping.answer(draft_keeping.keep(written.uid, written.stored(step if step in NAMES else NAMES[0])))


@blueprint.post("/drafts/<uid>/delete")
def delete_draft(uid: str) -> ResponseReturnValue:
    drafts.delete(account().id, uid, actor=actor())
    flash(_("The draft is gone."), "success")
    return redirect(url_for(".index"), 303)


def _require(step: str, written: Written) -> None:
    """What a step must hold before the next one is shown."""
    if step == "audience":
        sms_campaigns.check_audience(
            account(), form_values.find_wallet(account(), written.wallet, actor=actor()), written.audience, actor=actor()
        )
    elif step == "text":
        wallet = form_values.find_wallet(account(), written.wallet, actor=actor())
        sms_campaigns.composer(account(), wallet, written.text, written.sender, pays=False, actor=actor())
    elif step == "when":
        form_values.read_options(account(), written.when, written.at, written.rate)


def _errors(error: WesendError) -> dict[str, str]:
    fields = error.fields if isinstance(error, InvalidInput) else {}
    return {name: told(error) for name in fields} or {"": told(error)}


def _seen(step: str, written: Written, *, fails: bool = False) -> dict[str, Any]:
    """What a step shows beside its fields."""
    at = account()
    if step == "audience":
        return {"groups": groups.list_groups(at.id, limit=GROUPS_SHOWN, offset=0, actor=actor())[0], "wallets": wallet_choices(at)}
    if step == "text":
        counted, previews = compose_preview.of_audience(at, wallet_or_none(written.wallet), written.text, written.audience)
        return {
            "senders": sender_choices(at),
            "previews": previews,
            "fields": fields_of(sms_campaigns.parts(at, written.audience, actor()))[: compose_preview.FIELDS_SHOWN],
            "told": counted,
            "templates": text_templates.list_templates(at.id, SMS, actor=actor()),
            "my_phone": request.form.get("my_phone") or own_phone.of(actor()),
            "test_uid": once.new_uid(),
            "runs": compose_preview.runs,
        }
    if step == "when":
        return {"people": _count(at, written.audience), "soonest": soonest(at), "zone": at.time_zone}
    if fails:
        return {"found": None}
    draft = written.draft(at)
    checked = sms_campaigns.check(at, draft, actor=actor())
    return {
        "found": checked.cost,
        "gaps": checked.gaps,
        "stand_ins": checked.stand_ins,
        "why_nothing": compose_preview.why_nothing(checked.cost.reasons, compose_preview.REASONS),
        "routeless": no_route.countries(checked.cost.routeless, at),
        "why_no_route": no_route.told(checked.cost.routeless, at, draft.wallet, actor=actor()),
        "has_gateway": registry.has_carrier(),
        "draft": draft,
        "sends": checked.cost.sends,
        "ends_at": form_values.ends_at(draft.options, checked.cost.sends),
        "quiet": quiet_of(at, draft.options, (part.country for part in checked.cost.parts), actor=actor()),
        "previews": sms_campaigns.previews(at, written.audience, written.text, 1, actor=actor()),
        "runs": compose_preview.runs,
    }


def _count(at: AccountInfo, audience: Audience) -> int:
    """About how many: a phone in two groups counts twice until the check."""
    return sum(groups.get_group(at.id, group_id, actor=actor())["contact_count"] for group_id in audience.group_ids) + len(
        audience.numbers.split()
    )


def _is_confirmed(written: Written) -> bool:
    def check() -> Checked:
        return sms_campaigns.check(account(), written.draft(account()), actor=actor())

    return confirmation.unconfirmed(check, written.text) is None


def _start(written: Written) -> ResponseReturnValue:
    batch = sms_campaigns.send_campaign(account(), written.draft(account()), actor=actor())
    drafts.sent(account().id, written.uid, actor=actor())
    flash(compose_preview.accepted(batch), "success")
    return redirect(url_for(".show", uid=batch["uid"]), 303)


# -- what the step of the text does beside ---------------------------------------


def _in_text(wanted: str, written: Written, form: Form) -> ResponseReturnValue:
    errors: dict[str, str] = {}
    try:
        if wanted == "test":
            _send_test(written)
        elif wanted == "save_template":
            templates_kept.keep(request.form.get("template_name", ""), Content(written.text, written.sender))
        elif wanted == "plain":
            written = written._replace(text=plain_letters.plain(written.text))
        elif wanted == "use_template":
            written = _with_template(written)
        else:  # where there is no script, at the end
            written = written._replace(text=compose_preview.with_field(written.text, request.form["insert"]))
    except StorageFull:
        raise
    except WesendError as error:
        errors = _errors(error)
    return _page("text", written, form, errors, **_seen("text", written))


def _with_template(written: Written) -> Written:
    kept = templates_kept.chosen(request.form.get("template", ""), SMS)
    return written if kept is None else written._replace(text=kept["text"], sender=kept["sender"] or written.sender)


def _send_test(written: Written) -> None:
    """The text as the first of them gets it, to whoever writes it; paid like any other."""
    phone = own_phone.keep(actor(), request.form.get("my_phone", ""), account())
    batch = sms_campaigns.send_test(
        account(), written._replace(when="now", uid=request.form.get("test_uid", "")).draft(account()), phone, actor=actor()
    )
    cost = amount(batch["cost_micros"], batch["currency"])
    flash(_("A test went to %(phone)s for %(cost)s.", phone=phone, cost=cost), "success")


@blueprint.post("/count")
def count() -> ResponseReturnValue:
    """What the text comes to as it stands, and how real contacts get it; asked while somebody types."""
    written = _written()
    told, shown = compose_preview.of_audience(account(), wallet_or_none(written.wallet), written.text, written.audience)
    return jsonify({**told, "previews": [compose_preview.runs(preview.text) for preview in shown]})
