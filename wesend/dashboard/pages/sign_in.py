"""Signing in and out: by password, or by a one-time link that sets it, then by a second factor where there is one."""

from __future__ import annotations

from functools import partial

from flask import Blueprint, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from wtforms import BooleanField, HiddenField, PasswordField, StringField

from ...accounts import passwords, sign_in, users
from ...accounts.roles import User
from ...accounts.second_factor import factors, passkeys, pending
from ...accounts.second_factor.pending import Begun, HalfWay
from ...core.client_addresses import client_address
from ...core.errors import InvalidCredentials, InvalidInput, InvalidLink, RateLimited
from ...core.languages import gettext as _
from ...core.languages import marked, ngettext, sentence, told
from ..forms import REQUIRED, Form, Text
from ..sessions import actor, close_session, is_remembered, is_signed_in, open_session

blueprint = Blueprint("sign_in", __name__)
HALF_WAY, WANTED = "half_way", "wanted"
"""In the cookie: what names a half-way sign-in, and where it was to lead."""
HINT = sentence("At least %(shortest)s characters. A sentence is easier to remember than symbols.", shortest=passwords.SHORTEST)


class SignInForm(Form):
    email = Text("E-mail", [REQUIRED], render_kw={"type": "email", "autocomplete": "username", "autofocus": True})
    password = PasswordField(marked("Password"), [REQUIRED], render_kw={"autocomplete": "current-password"})
    remember = BooleanField(
        marked("Remember me on this device"),
        description=marked("For 30 days. Otherwise you are signed out after 2 hours without a click, and after 12 hours."),
    )


class LinkForm(Form):
    email = StringField(
        marked("Your e-mail"),
        [REQUIRED],
        render_kw={"type": "email", "autocomplete": "username"},
        description=marked("You sign in with it from now on."),
    )
    password = PasswordField(
        marked("Choose a password"), [REQUIRED], description=HINT, render_kw={"autocomplete": "new-password", "autofocus": True}
    )


class CodeForm(Form):
    code = Text(
        marked("Code"),
        description=marked("Six digits of your authenticator app, or one of your recovery codes."),
        render_kw={"autocomplete": "one-time-code", "autofocus": True, "autocapitalize": "characters", "spellcheck": "false"},
    )
    passkey = HiddenField()


class PasswordForm(Form):
    old = PasswordField(marked("Present password"), [REQUIRED], render_kw={"autocomplete": "current-password"})
    password = PasswordField(marked("New password"), [REQUIRED], description=HINT, render_kw={"autocomplete": "new-password"})


@blueprint.route("/sign-in", methods=["GET", "POST"])
def ask() -> ResponseReturnValue:
    if is_signed_in() and request.method == "GET":
        return redirect(url_for("dashboard.overview.index"))
    form = SignInForm()
    status, headers = 200, dict[str, str]()
    if form.sent():
        try:
            came = sign_in.sign_in(
                form.email.data,
                form.password.data,
                client_address(),
                then=partial(open_session, is_remembered=form.remember.data),
                is_remembered=form.remember.data,
            )
            return _go_on(came, _wanted())
        except RateLimited as error:
            status, headers = _refuse_for_now(form, error)
        except InvalidCredentials as error:
            form.refuse(error)
            status = 401
    return render_template("sign_in/ask.html", form=form), status, headers


def _go_on(came: User | HalfWay, wanted: str) -> ResponseReturnValue:
    """Where somebody wanted to go, by way of the second factor where there is one."""
    if isinstance(came, User):
        return redirect(wanted, 303)
    session.clear()
    session[HALF_WAY], session[WANTED] = came.token, wanted
    return redirect(url_for(".second_factor"), 303)


@blueprint.route("/sign-in/second-factor", methods=["GET", "POST"])
def second_factor() -> ResponseReturnValue:
    begun = pending.find(session.get(HALF_WAY, ""))
    if begun is None:
        if not is_signed_in():
            flash(pending.OVER, "error")
        return redirect(url_for(".ask"), 302 if request.method == "GET" else 303)
    form = CodeForm()
    status, headers = 200, dict[str, str]()
    if form.sent():
        wanted = session.get(WANTED, "/")
        try:
            pending.finish(
                begun,
                pending.Answer(form.code.data or "", form.passkey.data or ""),
                client_address(),
                partial(open_session, is_remembered=begun.is_remembered),
            )
            return redirect(wanted, 303)
        except RateLimited as error:
            status, headers = _refuse_for_now(form, error)
        except InvalidCredentials as error:
            form.refuse(error)
            status = 401
        form.code.data = form.passkey.data = ""
    return render_template("sign_in/second_factor.html", form=form, **_ways(begun)), status, headers


def _ways(begun: Begun) -> dict:
    """What this user may show: ``app``, and what a browser needs to ask for a passkey."""
    kinds = {row["kind"] for row in factors.of_user(begun.user)}
    asked = pending.ask_for_passkey(begun) if factors.PASSKEY in kinds and passkeys.are_possible() else ""
    return {"has_app": factors.TOTP in kinds, "passkey_options": asked}


def _refuse_for_now(form: Form, error: RateLimited) -> tuple[int, dict[str, str]]:
    """The sentence goes into the form; the status and the headers come back."""
    seconds, minutes = error.retry_after, -(-error.retry_after // 60)
    wait = (
        ngettext("%(num)s second", "%(num)s seconds", seconds)
        if seconds < 60
        else ngettext("%(num)s minute", "%(num)s minutes", minutes)
    )
    form.form_errors.append(_("Too many attempts. Try again in %(wait)s.", wait=wait))
    return 429, {"Retry-After": str(seconds)}


def _wanted() -> str:
    """Where somebody wanted to go; an address of ours, or the overview."""
    path = request.args.get("next", "")
    ours = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable()
    return path if ours else url_for("dashboard.overview.index")


@blueprint.route("/sign-in/<token>", methods=["GET", "POST"])
def link(token: str) -> ResponseReturnValue:
    """Looking at it uses nothing up: programs that look at links do not spend them."""
    try:
        user = sign_in.user_of_link(token)
    except InvalidLink as error:
        return render_template("sign_in/over.html", sentence=told(error)), 410
    form = LinkForm(email=user.email)
    is_first = user.email == users.FIRST_EMAIL
    if not is_first:
        del form.email
    if form.sent():
        with form.refusals():
            came = sign_in.redeem_link(
                token, form.password.data, form.email.data if is_first else None, address=client_address(), then=open_session
            )
            return _go_on(came, url_for("dashboard.first_run.index"))
    return render_template("sign_in/link.html", form=form, user=user, is_first=is_first)


@blueprint.post("/sign-out")
def leave() -> ResponseReturnValue:
    close_session()
    return redirect(url_for(".ask"), 303)


@blueprint.route("/password", methods=["GET", "POST"])
def change() -> ResponseReturnValue:
    if not is_signed_in():
        return redirect(url_for(".ask"))
    form = PasswordForm()
    status, headers = 200, dict[str, str]()
    if form.sent():
        try:
            sign_in.change_password(
                actor(),
                form.old.data,
                form.password.data,
                then=partial(open_session, is_remembered=is_remembered(), is_sign_in=False),
            )
            flash(_("Your password was changed. Other sessions of yours are over."), "success")
            return redirect(url_for("dashboard.overview.index"), 303)
        except InvalidCredentials as error:
            form.old.errors = [told(error)]
        except InvalidInput as error:
            form.refuse(error)
        except RateLimited as error:
            status, headers = _refuse_for_now(form, error)
    return render_template("sign_in/password.html", form=form), status, headers
