"""The account a page is within: a user's own, or the one that an operator picked."""

from __future__ import annotations

from flask import current_app, g, redirect, request, session, url_for
from flask.typing import ResponseReturnValue

from ..accounts import roles, service
from ..accounts.roles import CONTACTS, MANAGE, OPERATE, SEND, TOP_UP, Actor
from ..accounts.service import AccountInfo
from ..coordination.pause import Pause, current
from ..core import storage
from ..core.errors import AccountNotFound
from ..core.languages import told
from ..database.rows import MessageRow
from ..messages.reporting import disclosure
from ..wallets import top_up
from ..wallets.service import WalletInfo
from .sessions import actor

PICKED = "account"


class NoAccountYet(Exception):
    """An operator of an instance that has no account at all."""


def ask_for_one(_error: NoAccountYet) -> ResponseReturnValue:
    return redirect(url_for("dashboard.accounts.index"))


def account() -> AccountInfo:
    """The account of this request; looked up once."""
    if "dashboard_account" not in g:
        g.dashboard_account = home()
    return g.dashboard_account


def visit(account_id: int) -> None:
    """Show what stands at an address of another account, in this request alone: the pages stay with the one picked."""
    if account_id != account().id:
        roles.require(actor(), OPERATE)
        g.dashboard_account = service.get_account(account_id)


def visited() -> AccountInfo | None:
    """The account of this page, when it is not the one that the other pages are about."""
    here = account_or_none()
    return here if here is not None and here.id != home().id else None


def home() -> AccountInfo:
    """The account that was picked; looked up once."""
    if "dashboard_home" not in g:
        g.dashboard_home = _find()
    return g.dashboard_home


def _find() -> AccountInfo:
    user = actor()
    if user.account_id is not None:
        return service.get_account(user.account_id)
    try:
        if PICKED in session:
            return service.get_account(session[PICKED])
    except AccountNotFound:
        pass
    found = service.first_account()
    if found is None:
        raise NoAccountYet
    return found


def account_or_none() -> AccountInfo | None:
    """For the frame of a page, which is drawn without any account too."""
    try:
        return account()
    except NoAccountYet:
        return None


def pick(account_id: int) -> AccountInfo:
    """An operator looks at another account from now on.

    Forms that another tab shows are of the account before: their tokens end, or they would be carried out on this one.
    """
    roles.require(actor(), OPERATE)
    found = service.get_account(account_id)
    if session.get(PICKED) != found.id:
        session.pop(current_app.config["WTF_CSRF_FIELD_NAME"], None)
        g.pop(current_app.config["WTF_CSRF_FIELD_NAME"], None)
    session[PICKED] = found.id
    g.pop("dashboard_account", None)
    g.pop("dashboard_home", None)
    return found


def accounts() -> list:
    """What an operator may pick from."""
    return service.list_accounts(actor=actor()) if may_operate() else []


def user() -> Actor:
    return actor()


def may_operate() -> bool:
    return roles.may(actor(), OPERATE)


def may_manage() -> bool:
    return roles.may(actor(), MANAGE, account().id)


def must_ask_an_owner() -> bool:
    """Whether somebody with more rights may what this one may not; an owner of a suspended account has nobody to ask."""
    return not roles.may(actor(), MANAGE, account().id, even_suspended=True)


def may_stop() -> bool:
    """Cancel and pause."""
    return roles.may(actor(), SEND, account().id) and (account().is_active or may_operate())


def may_send() -> bool:
    return roles.may(actor(), SEND, account().id) and account().is_active


def may_top_up(wallet: WalletInfo) -> bool:
    """Whether somebody here may, and a gateway takes the money."""
    return roles.may(actor(), TOP_UP, account().id) and account().is_active and top_up.is_offered(wallet)


def lacks_top_up() -> bool:
    """Whether it is the right that is missing, and neither a gateway nor an account that is active."""
    return not roles.may(actor(), TOP_UP, account().id, even_suspended=True)


def may_keep_contacts() -> bool:
    return roles.may(actor(), CONTACTS, account().id)


def reason(message: MessageRow) -> str | None:
    """Why a message failed, for whoever looks."""
    return told(disclosure.reason(message, actor=actor())) or None


def pause() -> Pause | None:
    """Whether dispatch is paused."""
    return current()


def storage_problem() -> str | None:
    """Why nothing can be stored; None while it can."""
    return storage.here().problem()


def free_mb() -> int | None:
    """MB that are left, when they are fewer than the reserve."""
    found = storage.here()
    return found.free() // 2**20 if found.is_low() else None


def here() -> str:
    """The address of this page with its filters, to come back to."""
    return request.full_path.rstrip("?")
