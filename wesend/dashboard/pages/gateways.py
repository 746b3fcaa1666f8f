"""Operator: gateways, from choosing a type to a test that went out."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Blueprint, abort, current_app, flash, redirect, render_template, session, url_for
from flask.typing import ResponseReturnValue
from wtforms import TextAreaField

from ...accounts import roles
from ...accounts.roles import OPERATE
from ...adapters.sms.base import ACCEPTED, REFUSED, TEMPORARY, UNKNOWN
from ...core.errors import GatewayNotFound
from ...core.languages import gettext as _
from ...core.languages import marked, told
from ...core.settings_values import is_loopback
from ...gateways import balances, probe, registry, service, unlisted_words
from ...gateways import status as gateway_status
from ...gateways.probe import Probe
from ...gateways.status import GatewayStatus
from ...guards import probing
from ...operations.queue_state import waiting_for
from ...routing.routes import routes_by_gateway
from ..forms import REQUIRED, Form, Text
from ..gateway_forms import GatewayForm, form_for, label_of
from ..sessions import actor

blueprint = Blueprint("gateways", __name__, url_prefix="/operator")
KINDS = {"sms": "SMS", "money": marked("Mobile money"), "mail": marked("E-mail")}
TRIED = "gateway_test"
"""In the session: where the last test went, so that the next begins with it."""
SENTENCES = {
    ACCEPTED: (marked("{gateway} took the test to {to}."), "success"),
    REFUSED: (marked("{gateway} refused the test to {to}."), "error"),
    TEMPORARY: (marked("{gateway} could not take the test to {to}; nothing was sent."), "error"),
    UNKNOWN: (marked("{gateway} gave no clear answer: the test to {to} may have gone out."), "error"),
}


class TestForm(Form):
    to = Text(
        marked("Phone"),
        [REQUIRED],
        description=marked("With its country code, as +256712345678."),
        render_kw={"type": "tel", "maxlength": 30},
    )
    text = TextAreaField(marked("Text"), [REQUIRED], default=probe.TEXT, render_kw={"rows": 2})
    sender = Text(marked("Sender"), render_kw={"maxlength": 20}, description=marked("As the vendor allows it; blank: its own."))


@blueprint.get("/gateways")
def index() -> ResponseReturnValue:
    return render_template(
        "gateways/index.html",
        gateways=gateway_status.statuses(actor=actor()),
        kinds=KINDS,
        routes=routes_by_gateway(),
        about=_abouts(),
        is_out_of_reach=_is_out_of_reach(),
    )


@blueprint.get("/new-gateway")
def choose() -> ResponseReturnValue:
    """A path of its own: a gateway may have any name below /gateways."""
    roles.require(actor(), OPERATE)
    known = {
        kind: [
            (name, of) for name, of in registry.types().items() if name not in registry.BUILT_IN and registry.kind_of(name) == kind
        ]
        for kind in ("sms", "money")
    }
    return render_template(
        "gateways/choose.html", known=known, kinds=KINDS, pretended=[(name, registry.types()[name]) for name in registry.BUILT_IN]
    )


@blueprint.route("/new-gateway/<type_name>", methods=["GET", "POST"])
def set_up(type_name: str) -> ResponseReturnValue:
    roles.require(actor(), OPERATE)
    kind = registry.types().get(type_name) or abort(404)
    form = form_for(kind)
    if form.sent():
        with form.refusals():
            made = service.set_gateway(
                form["name"].data, type_name, form.given_options(), form.given_secrets(), actor=actor(), is_new=True
            )
            flash(_("%(name)s is set up.", name=made.name), "success")
            return redirect(url_for(".show", name=made.name), 303)
    return _show_form(form)


@blueprint.route("/gateways/<name>/edit", methods=["GET", "POST"])
def edit(name: str) -> ResponseReturnValue:
    info = _of_ones_own(name).info
    form = form_for(registry.types().get(info.type) or abort(404), info)
    if form.sent():
        with form.refusals():
            service.set_gateway(name, info.type, form.given_options(), form.given_secrets(), actor=actor())
            flash(_("%(name)s is saved; what is sent from now on goes by it.", name=info.name), "success")
            return redirect(url_for(".show", name=info.name), 303)
    return _show_form(form)


def _show_form(form: GatewayForm) -> str:
    return render_template(
        "gateways/form.html",
        form=form,
        kind=form.kind,
        info=form.info,
        kinds=KINDS,
        of=registry.kind_of(form.kind.type),
        hears=registry.hears_callbacks(form.kind),
    )


@blueprint.get("/gateways/<name>")
def show(name: str) -> ResponseReturnValue:
    return _show(gateway_status.status_of(name, actor=actor()), TestForm(data=session.get(TRIED)))


def _show(found: GatewayStatus, form: TestForm) -> str:
    info = found.info
    return render_template(
        "gateways/show.html",
        gateway=found,
        info=info,
        form=form,
        kinds=KINDS,
        kind=registry.types().get(info.type),
        rows=_settings(found),
        about=_abouts(),
        routes=routes_by_gateway().get(info.name, []),
        waiting=waiting_for(info.name),
        balance=balances.balances().get(info.name),
        words=unlisted_words.of_gateway(info.name),
        is_out_of_reach=_is_out_of_reach(),
    )


def _settings(found: GatewayStatus) -> list[tuple[str, str, str]]:
    """Label, value and a note; of a secret whether it was given."""
    kind = registry.types().get(found.info.type)
    if kind is None or found.is_built_in:
        return []
    names = list(dict.fromkeys([*(option.name for option in kind.secrets), *found.info.secrets]))
    return [
        (told(label_of(option.name)), str(found.info.options[option.name]), "")
        for option in kind.options + kind.common_options
        if option.name in found.info.options
    ] + [(told(label_of(name)), "", _("kept encrypted") if name in found.info.secrets else _("not given")) for name in names]


@blueprint.post("/gateways/<name>/test")
def test(name: str) -> ResponseReturnValue:
    """Never sent twice by a page that is loaded again: the outcome is told on the page that it leads to."""
    found = gateway_status.status_of(name, actor=actor())
    form = TestForm()
    if form.sent():
        with form.refusals():
            tried = probing.send_probe(name, form.to.data, text=form.text.data, sender=form.sender.data, actor=actor())
            session[TRIED] = {"to": form.to.data, "sender": form.sender.data}
            flash(*_told(tried))
            return redirect(url_for(".show", name=found.info.name), 303)
    return _show(found, form)


def _told(tried: Probe) -> tuple[str, str]:
    sentence, category = SENTENCES[tried.outcome.kind]
    outcome = tried.outcome
    told = [sentence.format(gateway=tried.gateway, to=tried.to)]
    if outcome.text or outcome.code:
        reason = (outcome.text or "Code").rstrip(".")
        told.append(reason + (f" ({outcome.code})." if outcome.code else "."))
    if outcome.gateway_ref:
        told.append(_("Its ID there is %(gateway_ref)s.", gateway_ref=outcome.gateway_ref))
    return " ".join(told), category


@blueprint.route("/gateways/<name>/remove", methods=["GET"])
def ask_before_removing(name: str) -> ResponseReturnValue:
    found = _of_ones_own(name)
    return render_template(
        "gateways/remove.html",
        gateway=found,
        routes=routes_by_gateway().get(found.info.name, []),
        waiting=waiting_for(found.info.name),
    )


@blueprint.post("/gateways/<name>/remove")
def remove(name: str) -> ResponseReturnValue:
    service.remove_gateway(name, actor=actor())
    flash(_("%(named)s is removed.", named=service.named(name)), "success")
    return redirect(url_for(".index"), 303)


def _of_ones_own(name: str) -> GatewayStatus:
    found = gateway_status.status_of(name, actor=actor())
    if found.is_built_in:
        raise GatewayNotFound(_("%(name)s is always there: it can be neither changed nor removed.", name=found.info.name))
    return found


def _abouts() -> dict[str, str]:
    return {name: kind.about for name, kind in registry.known_types().items()}


def _is_out_of_reach() -> bool:
    """Whether the callback addresses are this machine's own, which no vendor can call."""
    return is_loopback(urlsplit(current_app.config["WESEND"].base_url).hostname or "")
