"""The menu. A page enters it by a line here; a line whose page is not there yet is not shown."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from flask import current_app, request

from ..accounts import preferences, roles
from ..accounts.roles import MANAGE, OPERATE, SEE
from ..core.languages import marked
from ..messages.receipts import unknown_outcomes
from ..routing import senders
from ..two_way import inbox
from ..two_way import queue as two_way_queue
from ..wallets import deposit_review
from . import current_account
from .sessions import actor


def unread() -> int:
    """Conversations of this account that wait to be read."""
    here = current_account.account_or_none()
    return inbox.unread_count(here.id, actor=actor()) if here is not None else 0


def wants_first_steps() -> bool:
    """Until the user has put the list away."""
    here = current_account.account_or_none()
    return here is None or not preferences.first_steps(actor(), here).is_hidden


class Entry(NamedTuple):
    """``page`` is a blueprint of the dashboard whose view ``index`` is linked; ``waiting``: how much waits there."""

    page: str
    label: str
    icon: str
    right: str = SEE
    waiting: Callable[[], int] | None = None
    has_operators_twin: bool = False
    """Operators have a page of their own that shows this and more."""
    is_shown: Callable[[], bool] | None = None
    """Whether the user wants it in the menu; the page is there all the same."""

    @property
    def endpoint(self) -> str:
        return f"dashboard.{self.page}.index"

    @property
    def is_current(self) -> bool:
        return request.endpoint is not None and request.endpoint.startswith(f"dashboard.{self.page}.")


SECTIONS: tuple[tuple[str, tuple[Entry, ...]], ...] = (
    (
        "",
        (
            Entry("overview", marked("Overview"), "home"),
            Entry("first_run", marked("Getting started"), "check-circle", is_shown=wants_first_steps),
        ),
    ),
    (
        marked("Messaging"),
        (
            Entry("messages", marked("Messages"), "message-square"),
            Entry("inbox", marked("Inbox"), "inbox", waiting=unread),
            Entry("compose", marked("Compose"), "edit-3"),
            Entry("campaigns", marked("Campaigns"), "send"),
            Entry("contacts", marked("Contacts"), "users"),
            Entry("emails", "E-mail", "mail"),
            Entry("verifications", marked("Verification"), "lock"),
            Entry("phones", marked("Sandbox"), "smartphone"),
        ),
    ),
    (
        marked("Account"),
        (
            Entry("wallets", marked("Wallets"), "credit-card"),
            Entry("keys", "API keys", "key"),
            Entry("smpp_binds", "SMPP binds", "link-2", MANAGE),
            Entry("senders", marked("Sender IDs"), "tag"),
            Entry("two_way", marked("Numbers"), "smartphone"),
            Entry("webhooks", marked("Webhooks"), "link-2"),
            Entry("calls", "API calls", "list"),
            Entry("people", marked("People"), "user-plus", MANAGE),
            Entry("people_data", marked("People's data"), "user-check", MANAGE),
            Entry("account_audit", marked("Audit log"), "list", MANAGE, has_operators_twin=True),
        ),
    ),
    (
        marked("Operator"),
        (
            Entry("accounts", marked("Accounts"), "briefcase", OPERATE),
            Entry("across", marked("Search"), "search", OPERATE),
            Entry("routes", marked("Routes and prices"), "git-branch", OPERATE),
            Entry("price_lists", marked("Price lists"), "tag", OPERATE),
            Entry("rates", marked("Exchange rates"), "repeat", OPERATE),
            Entry("business", marked("Business"), "dollar-sign", OPERATE),
            Entry("gateways", marked("Gateways"), "server", OPERATE),
            Entry("sender_queue", marked("Sender requests"), "inbox", OPERATE, senders.count_pending),
            Entry("users", marked("Users"), "user-check", OPERATE),
            Entry("two_way_queue", marked("Two-way"), "inbox", OPERATE, two_way_queue.count_waiting),
            Entry("deposits", marked("Deposits"), "dollar-sign", OPERATE, deposit_review.count_waiting),
            Entry("unknown", marked("Unknown outcomes"), "help-circle", OPERATE, unknown_outcomes.count_unknown),
            Entry("audit", marked("Audit log"), "list", OPERATE),
            Entry("backups", marked("Backups"), "download", OPERATE),
            Entry("settings", marked("Settings"), "settings", OPERATE),
        ),
    ),
)


ROLES = {roles.OPERATOR: marked("Operator"), roles.OWNER: marked("Owner"), roles.MEMBER: marked("Member")}
OPERATORS = frozenset(entry.page for title, entries in SECTIONS if title == marked("Operator") for entry in entries)


def is_within_account() -> bool:
    """Whether the page that is asked for is about one account: an operator's own pages are not, nor is one's password."""
    _, _, page = (request.endpoint or "").partition(".")
    return page.partition(".")[0] not in {*OPERATORS, "sign_in", "security", ""}


def has(page: str) -> bool:
    """Whether a page is there at all."""
    return f"dashboard.{page}.index" in current_app.view_functions


def menu() -> list[tuple[str, list[Entry]]]:
    """The sections with what this user may open of them."""
    found = [
        (
            title,
            [
                entry
                for entry in entries
                if entry.endpoint in current_app.view_functions
                and roles.may(actor(), entry.right, even_suspended=True)
                and not (entry.has_operators_twin and roles.may(actor(), OPERATE))
                and (entry.is_shown is None or entry.is_shown())
            ],
        )
        for title, entries in SECTIONS
    ]
    return [(title, entries) for title, entries in found if entries]
