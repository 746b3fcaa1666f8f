"""In which language somebody is written to: a user's own choice, else their account's, else English."""

from __future__ import annotations

from ..core import languages
from ..core.errors import InvalidInput
from ..database import atomic, query_one, write
from . import audit_log, roles
from .roles import MANAGE, Actor, User
from .service import get_account

BY_BROWSER = "of the browser"
OF_EMAIL = """
    SELECT coalesce(u.language, a.language) AS language FROM users u LEFT JOIN accounts a ON a.id = u.account_id WHERE u.email = ?
"""


def choose(user: User, language: str | None) -> None:
    """Of the user's pages and mails; None: the account's. InvalidInput."""
    language = _checked(language)
    write(lambda tx: tx.changed("UPDATE users SET language = ? WHERE id = ?", (language, user.id)))


def choose_for_account(account_id: int, language: str | None, *, actor: Actor) -> None:
    """Of its people who chose none, and of messages in its name; None: as browsers ask, and English. InvalidInput."""
    roles.require(actor, MANAGE, account_id)
    language, name = _checked(language), get_account(account_id).name
    with atomic() as tx:
        before = tx.all("SELECT language FROM accounts WHERE id = ?", (account_id,))[0]["language"]
        tx.execute("UPDATE accounts SET language = ? WHERE id = ?", (language, account_id))
        detail = f"{before or BY_BROWSER} → {language or BY_BROWSER}"
        audit_log.record(tx, actor=actor, action="account.language", subject=name, account_id=account_id, detail=detail)


def _checked(language: str | None) -> str | None:
    if language and languages.known(language) is None:
        raise InvalidInput("There is no such language", {"language": ["Unknown language"]})
    return language or None


def of_account(account_id: int) -> str | None:
    row = query_one("SELECT language FROM accounts WHERE id = ?", (account_id,))
    return row["language"] if row else None


def of_address(email: str, account_id: int | None = None) -> str | None:
    """Of the user with that address; of an account's other addresses the account's."""
    row = query_one(OF_EMAIL, (email.strip().lower(),))
    if row is not None:
        return row["language"]
    return None if account_id is None else of_account(account_id)
