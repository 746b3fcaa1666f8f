"""Who may do what: three roles, four rights, one rule. Services ask here; pages only hide what would be refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ..errors import AccountSuspended, Forbidden, NotFound

if TYPE_CHECKING:
    from .service import AccountInfo

OPERATOR, OWNER, MEMBER = "operator", "owner", "member"
ROLES = (OPERATOR, OWNER, MEMBER)

SEE, SEND, MANAGE, OPERATE = "see", "send", "manage", "operate"
"""See an account's pages; send and keep contacts; its keys, webhooks and people; everybody's, and prices."""

RIGHTS = {OPERATOR: frozenset({SEE, SEND, MANAGE, OPERATE}), OWNER: frozenset({SEE, SEND, MANAGE}),
          MEMBER: frozenset({SEE, SEND})}

REFUSALS = {MANAGE: "Only an owner of the account may do this", OPERATE: "Only an operator may do this"}


class MissingRight(Forbidden):
    """The actor's role does not have the right."""


class User(NamedTuple):
    """Somebody who signed in; as an actor the audit log shows the e-mail."""

    id: int
    email: str
    role: str
    account_id: int | None
    is_active: bool
    has_password: bool

    def __str__(self) -> str:
        return self.email


Actor = User | str
"""Who does something. A plain string is the machine's own hand (``cli``, ``system``) or an API whose key is known."""


def may(actor: Actor, right: str, account_id: int | None = None) -> bool:
    """Whether ``require`` would let it pass; for what a page offers."""
    if isinstance(actor, str):
        return True
    return right in RIGHTS[actor.role] and _reaches(actor, account_id)


def require(actor: Actor, right: str, account_id: int | None = None) -> None:
    """Forbidden without the right; NotFound for what belongs to an account that is not the actor's own."""
    if isinstance(actor, str):
        return
    if not _reaches(actor, account_id):
        raise NotFound
    if right not in RIGHTS[actor.role]:
        raise MissingRight(REFUSALS.get(right))


def require_to_send(actor: Actor, account: AccountInfo) -> None:
    """As ``require(SEND)``; AccountSuspended for everybody while the account is suspended."""
    require(actor, SEND, account.id)
    if not account.is_active:
        raise AccountSuspended


def _reaches(actor: User, account_id: int | None) -> bool:
    return actor.role == OPERATOR or account_id is None or actor.account_id == account_id
