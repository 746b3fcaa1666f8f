"""Operator: routes and their prices."""

from __future__ import annotations

import re

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from wtforms import BooleanField, IntegerField, SelectField
from wtforms.validators import InputRequired, NumberRange, Optional

from ...accounts import roles
from ...accounts.roles import OPERATE
from ...core import clock, money
from ...core.languages import gettext as _
from ...core.languages import marked
from ...gateways import registry
from ...messages.receipts import measures
from ...routing import quality, routes, strategies
from ...routing.routes import RouteInfo
from ..country_field import CountryField
from ..forms import REQUIRED, Amount, Form, Text, choices
from ..sessions import actor

blueprint = Blueprint("routes", __name__, url_prefix="/operator/routes")


class RouteForm(Form):
    code = Text(
        marked("Code"),
        [REQUIRED],
        description=marked("Letters, digits, _ and -; how it is named in an API."),
        render_kw={"maxlength": 40, "placeholder": "UG_MTN"},
    )
    country = CountryField(marked("Country"), default="UG")
    prefixes = Text(
        marked("Prefixes"), description=marked("Only numbers that start so, as 25677, 25678. Empty: the whole country.")
    )
    network = Text(
        marked("Network"),
        description=marked("Only numbers of it, by their prefixes, as MTN: a guess where numbers are ported. Empty: of all."),
        render_kw={"maxlength": 40},
    )
    gateway = SelectField(marked("Gateway"), description=marked("Who carries it."))
    price = Amount(marked("Price of a segment"), [InputRequired(marked("Please fill this in"))])
    currency = Text(marked("Currency"), [REQUIRED], default="UGX", render_kw={"maxlength": 3})
    cost = Amount(marked("Cost of a segment"), [Optional()], description=marked("What the carrier takes. Empty: as the price."))
    cost_currency = Text(marked("Currency of the cost"), description=marked("Empty: the price's."), render_kw={"maxlength": 3})
    priority = IntegerField(
        marked("Priority"),
        [InputRequired(marked("A whole number")), NumberRange(-1000, 1000)],
        default=0,
        description=marked("Of equal prefixes the lowest number is tried first."),
    )
    weight = IntegerField(
        marked("Weight"),
        [Optional(), NumberRange(0, routes.MOST_WEIGHT)],
        default=1,
        description=marked("Its share where another route has the same prefix and priority; 0: only when the others can't."),
    )
    default_sender = Text(marked("Default sender"), description=marked("When a message names none."), render_kw={"maxlength": 11})
    resend = BooleanField(marked("Send once more, by another route, what a receipt reports as failed"))
    refund = BooleanField(marked("Refund what a receipt reports as failed"))


def _form(route: RouteInfo | None = None) -> RouteForm:
    asked = {name: request.args[name] for name in ("gateway", "country") if name in request.args}
    form = RouteForm(data=_data(route) if route else asked)
    form.gateway.choices = choices([("", _("none: nothing goes over it")), *((name, name) for name in registry.sms_gateways())])
    return form


def _data(route: RouteInfo) -> dict:
    return {
        "code": route.code,
        "country": route.country,
        "gateway": route.gateway or "",
        "currency": route.currency,
        "prefixes": ", ".join(prefix.lstrip("+") for prefix in route.prefixes),
        "network": route.network or "",
        "priority": route.priority,
        "weight": route.weight,
        "resend": route.resend_undelivered,
        "cost": money.to_decimal(route.cost_micros) if route.is_cost_told else None,
        "cost_currency": route.cost_currency if route.cost_currency != route.currency else "",
        "price": money.to_decimal(route.price_micros),
        "default_sender": route.default_sender,
        "refund": route.refund_failed_delivery,
    }


@blueprint.get("")
def index() -> ResponseReturnValue:
    roles.require(actor(), OPERATE)
    found = sorted(routes.all_routes(), key=lambda route: (route.country, route.priority, route.code))
    return render_template(
        "operator/routes.html",
        routes=found,
        gateways=registry.sms_gateways(),
        figures=measures.figures(),
        nothing=quality.NOTHING,
        states=strategies.states(),
        now=clock.now_ms(),
        unjudged=strategies.State(),
    )


@blueprint.route("/new", methods=["GET", "POST"], defaults={"code": None})
@blueprint.route("/<code>", methods=["GET", "POST"])
def edit(code: str | None) -> ResponseReturnValue:
    roles.require(actor(), OPERATE)
    route = routes.find_route(code) if code is not None else None
    form = _form(route)
    if route is not None:
        del form.code
    if form.sent():
        with form.refusals():
            saved = _save(form, route)
            flash(
                _(
                    "%(code)s is saved: %(amount)s %(currency)s a segment.",
                    code=saved.code,
                    amount=money.text(saved.price_micros),
                    currency=saved.currency,
                ),
                "success",
            )
            return redirect(url_for(".index"), 303)
    return render_template("operator/route.html", form=form, route=route)


def _save(form: RouteForm, route: RouteInfo | None) -> RouteInfo:
    was_off = route is not None and not route.is_active
    saved = routes.set_route(
        code=route.code if route else form.code.data,
        country=form.country.data,
        gateway=form.gateway.data or None,
        price_micros=form.price.micros or 0,
        currency=form.currency.data,
        cost_micros=form.cost.micros,
        cost_currency=request.form.get("cost_currency") or None,
        priority=form.priority.data,
        prefixes=re.findall(r"[^\s,;]+", form.prefixes.data or ""),
        network=form.network.data or None,
        weight=1 if form.weight.data is None else form.weight.data,
        resend_undelivered=form.resend.data,
        default_sender=form.default_sender.data or None,
        refund_failed_delivery=form.refund.data,
        name=route.name if route else None,
        actor=actor(),
    )
    return routes.switch_route(saved.code, False, actor=actor()) if was_off else saved


@blueprint.post("/<code>/switch")
def switch(code: str) -> ResponseReturnValue:
    on = request.form.get("on") == "1"
    routes.switch_route(code, on, actor=actor())
    flash((_("%(code)s is on.") if on else _("%(code)s is off.")) % {"code": code}, "success")
    return redirect(url_for(".index"), 303)
