"""Signing in and out: by password, by a one-time link that sets it; changing it."""

from __future__ import annotations

from functools import partial

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from wtforms import BooleanField, PasswordField, StringField

from ...accounts import passwords, sign_in, users
from ...core.client_addresses import client_address
from ...core.errors import InvalidCredentials, InvalidInput, InvalidLink, RateLimited
from ..forms import REQUIRED, Form, Text
from ..sessions import actor, close_session, is_remembered, is_signed_in, open_session

blueprint = Blueprint("sign_in", __name__)
HINT = f"At least {passwords.SHORTEST} characters. A sentence is easier to remember than symbols."


class SignInForm(Form):
    email = Text("E-mail", [REQUIRED], render_kw={"type": "email", "autocomplete": "username", "autofocus": True})
    password = PasswordField("Password", [REQUIRED], render_kw={"autocomplete": "current-password"})
    remember = BooleanField(
        "Remember me on this device",
        description="For 30 days. Otherwise you are signed out after 2 hours without a click, and after 12 hours.",
    )


class LinkForm(Form):
    email = StringField(
        "Your e-mail",
        [REQUIRED],
        render_kw={"type": "email", "autocomplete": "username"},
        description="You sign in with it from now on.",
    )
    password = PasswordField(
        "Choose a password", [REQUIRED], description=HINT, render_kw={"autocomplete": "new-password", "autofocus": True}
    )


class PasswordForm(Form):
    old = PasswordField("Present password", [REQUIRED], render_kw={"autocomplete": "current-password"})
    password = PasswordField("New password", [REQUIRED], description=HINT, render_kw={"autocomplete": "new-password"})


@blueprint.route("/sign-in", methods=["GET", "POST"])
def ask() -> ResponseReturnValue:
    if is_signed_in() and request.method == "GET":
        return redirect(url_for("dashboard.overview.index"))
    form = SignInForm()
    status, headers = 200, dict[str, str]()
    if form.sent():
        try:
            sign_in.sign_in(
                form.email.data, form.password.data, client_address(), then=partial(open_session, is_remembered=form.remember.data)
            )
            return redirect(_wanted(), 303)
        except RateLimited as error:
            status, headers = _refuse_for_now(form, error)
        except InvalidCredentials as error:
            form.refuse(error)
            status = 401
    return render_template("sign_in/ask.html", form=form), status, headers


def _refuse_for_now(form: Form, error: RateLimited) -> tuple[int, dict[str, str]]:
    """The sentence goes into the form; the status and the headers come back."""
    seconds, minutes = error.retry_after, -(-error.retry_after // 60)
    wait = f"{seconds} second{'s' * (seconds > 1)}" if seconds < 60 else f"{minutes} minute{'s' * (minutes > 1)}"
    form.form_errors.append(f"Too many attempts. Try again in {wait}.")
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
        return render_template("sign_in/over.html", sentence=str(error)), 410
    form = LinkForm(email=user.email)
    is_first = user.email == users.FIRST_EMAIL
    if not is_first:
        del form.email
    if form.sent():
        with form.refusals():
            sign_in.redeem_link(
                token, form.password.data, form.email.data if is_first else None, address=client_address(), then=open_session
            )
            return redirect(url_for("dashboard.first_run.index"), 303)
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
                actor(), form.old.data, form.password.data, then=partial(open_session, is_remembered=is_remembered())
            )
            flash("Your password was changed. Other sessions of yours are over.", "success")
            return redirect(url_for("dashboard.overview.index"), 303)
        except InvalidCredentials as error:
            form.old.errors = [str(error)]
        except InvalidInput as error:
            form.refuse(error)
        except RateLimited as error:
            status, headers = _refuse_for_now(form, error)
    return render_template("sign_in/password.html", form=form), status, headers
