"""How one signs in: second factors, recovery codes, and the browsers that are signed in. Everybody's own."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from wtforms import HiddenField, PasswordField

from ...accounts import devices, sessions
from ...accounts.second_factor import factors, passkeys, recovery_codes, totp
from ...core.errors import InvalidCredentials, InvalidInput, RateLimited
from ...core.languages import gettext as _
from ...core.languages import marked, ngettext
from ..forms import REQUIRED, Form, Text
from ..sessions import actor, confirm, is_confirmed, present_token

blueprint = Blueprint("security", __name__, url_prefix="/security")
CHALLENGE = "passkey_challenge"
"""In the cookie: what a passkey that is being made is to sign."""


class ConfirmForm(Form):
    password = PasswordField(marked("Your password"), [REQUIRED], render_kw={"autocomplete": "current-password", "autofocus": True})


class AppForm(Form):
    code = Text(
        marked("Code that the app shows"),
        [REQUIRED],
        render_kw={"autocomplete": "one-time-code", "inputmode": "numeric", "autofocus": True},
    )


class PasskeyForm(Form):
    name = Text(
        marked("Name"),
        description=marked("To tell it from others: “Laptop”, “Blue key”."),
        render_kw={"maxlength": passkeys.LONGEST_NAME},
    )
    credential = HiddenField()


@blueprint.before_request
def _ask_for_the_password() -> ResponseReturnValue | None:
    """Before anything is changed: whoever finds an unlocked screen must not lock its owner out."""
    if request.endpoint in ("dashboard.security.index", "dashboard.security.confirm_password") or is_confirmed():
        return None
    return redirect(url_for(".confirm_password"), 302 if request.method == "GET" else 303)


@blueprint.get("")
def index() -> ResponseReturnValue:
    return _show()


def _show(**more: Any) -> str:
    user = actor()
    own = factors.of_user(user)
    return render_template(
        "security/index.html",
        factors=own,
        kinds=factors.KINDS,
        is_required=factors.is_required(user),
        codes_left=recovery_codes.count(user) if own else 0,
        passkeys_possible=passkeys.are_possible(),
        sessions=sessions.of_user(user, present_token()),
        device_name=devices.name_of,
        **more,
    )


@blueprint.route("/confirm", methods=["GET", "POST"])
def confirm_password() -> ResponseReturnValue:
    form = ConfirmForm()
    status, headers = 200, dict[str, str]()
    if form.sent():
        try:
            confirm(form.password.data)
            flash(_("You can change how you sign in for the next 10 minutes."), "success")
            return redirect(url_for(".index"), 303)
        except InvalidCredentials as error:
            form.refuse(error)
            status = 401
        except RateLimited as error:
            form.form_errors.append(
                _(
                    "Too many attempts. Try again in %(wait)s.",
                    wait=ngettext("%(num)s second", "%(num)s seconds", error.retry_after),
                )
            )
            status, headers = 429, {"Retry-After": str(error.retry_after)}
    return render_template("security/confirm.html", form=form), status, headers


@blueprint.post("/app/new")
def begin_app() -> ResponseReturnValue:
    totp.begin(actor())
    return redirect(url_for(".app"), 303)


@blueprint.route("/app", methods=["GET", "POST"])
def app() -> ResponseReturnValue:
    begun = totp.begun(actor())
    if begun is None:
        return redirect(url_for(".index"))
    form = AppForm()
    if form.sent():
        with form.refusals():
            totp.confirm(actor(), "".join(form.code.data.split()))
            return _added(_("Your authenticator app is asked for at the next sign-in."))
    return render_template("security/app.html", form=form, begun=begun)


@blueprint.route("/passkeys/new", methods=["GET", "POST"])
def new_passkey() -> ResponseReturnValue:
    form = PasskeyForm()
    if not passkeys.are_possible():
        return redirect(url_for(".index"))
    if form.sent():
        with form.refusals():
            challenge = session.pop(CHALLENGE, "")
            if not challenge or not form.credential.data:
                raise InvalidInput(passkeys.NOT_TAKEN)
            passkeys.add(actor(), form.name.data or "", form.credential.data, challenge)
            return _added(_("The passkey is asked for at the next sign-in."))
    options, session[CHALLENGE] = passkeys.registration(actor())
    form.credential.data = ""
    return render_template("security/passkey.html", form=form, options=options)


def _added(sentence: str) -> ResponseReturnValue:
    """With the first factor come recovery codes; they are shown in the answer itself, and never again."""
    if recovery_codes.count(actor()):
        flash(sentence, "success")
        return redirect(url_for(".index"), 303)
    return _show(codes=recovery_codes.renew(actor()), said=sentence)


@blueprint.post("/codes")
def renew_codes() -> ResponseReturnValue:
    return _show(codes=recovery_codes.renew(actor()))


@blueprint.post("/factors/<int:factor_id>/remove")
def remove(factor_id: int) -> ResponseReturnValue:
    factors.remove(actor(), factor_id)
    flash(_("It is not asked for any more."), "success")
    return redirect(url_for(".index"), 303)


@blueprint.post("/sessions/<int:session_id>/end")
def end_session(session_id: int) -> ResponseReturnValue:
    sessions.end_one(actor(), session_id)
    flash(_("That browser is signed out."), "success")
    return redirect(url_for(".index"), 303)


@blueprint.post("/sessions/end-others")
def end_others() -> ResponseReturnValue:
    ended = sessions.end_others(actor(), present_token())
    flash(ngettext("%(num)s other is signed out.", "%(num)s others are signed out.", ended), "success")
    return redirect(url_for(".index"), 303)
