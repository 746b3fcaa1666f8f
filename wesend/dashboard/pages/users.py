"""Users and their roles: of everybody for an operator, of an account for its owner."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from wtforms import HiddenField, SelectField

from ...accounts import languages, roles, service, sign_in, spending, users
from ...accounts.roles import MANAGE, MEMBER, OPERATE, OPERATOR, OWNER, User
from ...accounts.second_factor import factors
from ...core import clock, money
from ...core.errors import InvalidInput
from ...core.languages import gettext, marked, told
from ...core.languages import gettext as _
from ...operations import invitations, mailing
from ...wallets.service import list_wallets
from ..current_account import account, may_manage, visit
from ..forms import REQUIRED, Amount, CheckList, Form, Text, choices
from ..navigation import ROLES
from ..sessions import actor

blueprint = Blueprint("users", __name__, url_prefix="/operator/users")
people = Blueprint("people", __name__, url_prefix="/people")
RIGHTS = {
    roles.SEND: marked("Send messages and campaigns"),
    roles.CONTACTS: marked("Change and import contacts"),
    roles.TOP_UP: marked("Ask phones to pay into a wallet"),
}
HINT = marked("Members send, keep contacts and read; owners also have keys, webhooks and people.")


class UserForm(Form):
    domain_names = {"account_id": "account"}
    email = Text("E-mail", [REQUIRED], render_kw={"type": "email", "autocomplete": "off"})
    role = SelectField(
        marked("Role"),
        choices=choices(ROLES.items()),
        default=MEMBER,
        description=marked(
            "Members send, keep contacts and read; owners also have keys, webhooks and people. "
            "Operators have everything, on every account."
        ),
    )
    account = SelectField(marked("Account"), description=marked("Of an owner or a member; operators have none."))


class RightsForm(Form):
    """What a member may do, and spend."""

    domain_names = {"limit": "spending_limit"}
    rights = CheckList(marked("May"), default=list(roles.CHOSEN))
    spending_limit = Amount(marked("May spend at most"), description=marked("Left empty: what the wallets hold."))
    currency = SelectField(marked("Currency"), validate_choice=False)
    period = SelectField(marked("In each"), validate_choice=False)
    chosen = HiddenField(default="1")  # no box that is ticked says nothing of whether there were any

    def __init__(self, *args: Any, **given: Any):
        super().__init__(*args, **given)
        self.rights.choices = choices((right, gettext(words)) for right, words in RIGHTS.items())
        self.period.choices = choices([(spending.DAY, _("day")), (spending.MONTH, _("month"))])
        found = dict.fromkeys(row["currency"] for row in list_wallets(account().id, actor=actor()) if not row["is_sandbox"])
        self.currency.choices = choices((code, code) for code in found or ("USD",))

    def set_for(self, user: User) -> None:
        """InvalidInput."""
        users.set_rights(user.id, frozenset(self.rights.data or ()), actor=actor())
        spending.set_limit(user, self.spending_limit.micros, self.currency.data or "", self.period.data or "", actor=actor())


class PersonForm(RightsForm):
    email = Text("E-mail", [REQUIRED], render_kw={"type": "email", "autocomplete": "off"})
    role = SelectField(
        marked("Role"), choices=choices([(OWNER, ROLES[OWNER]), (MEMBER, ROLES[MEMBER])]), default=MEMBER, description=HINT
    )


@blueprint.get("")
def index() -> ResponseReturnValue:
    return _show_all(_user_form())


@blueprint.post("")
def create() -> ResponseReturnValue:
    form = _user_form()
    if form.sent():
        with form.refusals():
            account_id = int(form.account.data) if form.account.data and form.role.data != OPERATOR else None
            made = users.create_user(form.email.data, form.role.data, account_id, actor=actor())
            return _show_all(_user_form(empty=True), **_link_for(made))
    return _show_all(form)


def _user_form(*, empty: bool = False) -> UserForm:
    form = UserForm(formdata=None) if empty else UserForm()
    accounts = service.list_accounts(actor=actor())
    form.account.choices = choices([("", _("none")), *((str(row["id"]), row["name"]) for row in accounts)])
    return form


def _show_all(form: UserForm, **more: Any) -> str:
    return render_template(
        "operator/users.html",
        roles=ROLES,
        form=form,
        rows=users.list_users(actor=actor()),
        everybody=True,
        may_manage=True,
        with_factors=factors.users_with(),
        mails=mailing.is_set_up(),
        **more,
    )


@people.get("", endpoint="index")
def index_of_account() -> ResponseReturnValue:
    return _show_people(PersonForm())


@people.post("")
def invite() -> ResponseReturnValue:
    roles.require(actor(), MANAGE, account().id)
    form = PersonForm()
    if form.sent():
        with form.refusals():
            made = users.create_user(form.email.data, form.role.data, account().id, actor=actor())
            if made.role == MEMBER and form.chosen.data:
                form.set_for(made)
            return _show_people(PersonForm(formdata=None), **_link_for(made))
    return _show_people(form)


def _show_people(form: PersonForm, **more: Any) -> str:
    return render_template(
        "operator/users.html",
        roles=ROLES,
        form=form,
        rows=users.list_users(account().id, actor=actor()),
        account_language=languages.of_account(account().id),
        everybody=False,
        may_manage=may_manage(),
        with_factors=factors.users_with(),
        mails=mailing.is_set_up(),
        **more,
    )


def _link_for(user: User) -> dict:
    """A link is shown in the answer itself: it can't be read anywhere again."""
    lasts_ms = sign_in.LINK_MS if user.has_password else sign_in.INVITATION_MS
    link = f"{current_app.config['WESEND'].base_url}/sign-in/{sign_in.issue_link(user, lasts_ms=lasts_ms, actor=actor())}"
    name = service.get_account(user.account_id).name if user.account_id is not None else None
    was_mailed = not user.has_password and invitations.mail(user, link, name, actor=actor())
    return {"invited": user, "link": link, "was_mailed": was_mailed, "ends_at": clock.now_ms() + lasts_ms}


@blueprint.post("/<int:user_id>/link")
def new_link(user_id: int) -> ResponseReturnValue:
    link = _link_for(users.find_user(user_id, actor=actor()))
    if roles.may(actor(), OPERATE):
        return _show_all(_user_form(empty=True), **link)
    return _show_people(PersonForm(formdata=None), **link)


@blueprint.post("/<int:user_id>/factors")
def reset_factors(user_id: int) -> ResponseReturnValue:
    user = users.find_user(user_id, actor=actor())
    factors.reset(user, actor=actor())
    flash(_("%(email)s has no second factor any more, and is signed out everywhere.", email=user.email), "success")
    return _back()


@blueprint.route("/<int:user_id>/rights", methods=["GET", "POST"])
def set_rights(user_id: int) -> ResponseReturnValue:
    """What a member may do beside looking, and spend."""
    user = users.find_user(user_id, actor=actor())
    users.require_over(actor(), user)
    if user.role != MEMBER or user.account_id is None:
        abort(404)
    visit(user.account_id)
    form = RightsForm()
    if form.sent():
        with form.refusals():
            form.set_for(user)
            flash(_("Saved."), "success")
            return _back()
    limit = spending.of_user(user.id, actor=actor())
    if request.method == "GET":
        form.rights.data = list(roles.CHOSEN if user.rights is None else user.rights)
        if limit is not None:
            form.spending_limit.data, form.currency.data, form.period.data = (
                money.to_decimal(limit.micros),
                limit.currency,
                limit.period,
            )
    used = spending.used(limit, account().time_zone) if limit is not None else None
    return render_template("operator/rights.html", form=form, user=user, limit=limit, used=used)


@blueprint.post("/<int:user_id>/switch")
def switch(user_id: int) -> ResponseReturnValue:
    user = users.set_status(user_id, "active" if request.form.get("on") == "1" else "disabled", actor=actor())
    text = _("%(email)s may sign in again.") if user.is_active else _("%(email)s is signed out and may not sign in.")
    flash(text % {"email": user.email}, "success")
    return _back()


@blueprint.post("/<int:user_id>/role")
def set_role(user_id: int) -> ResponseReturnValue:
    """Among the roles of an account; who becomes an operator is made one anew."""
    user = users.find_user(user_id, actor=actor())
    try:
        user = users.set_role(user_id, request.form.get("role", ""), user.account_id, actor=actor())
        flash(_("%(email)s is %(role)s now.", email=user.email, role=told(ROLES[user.role]).lower()), "success")
    except InvalidInput as error:
        flash(told(error), "error")
    return _back()


def _back() -> ResponseReturnValue:
    """The list that the button was on."""
    page = "users" if roles.may(actor(), OPERATE) else "people"
    return redirect(url_for(f"dashboard.{page}.index"), 303)
