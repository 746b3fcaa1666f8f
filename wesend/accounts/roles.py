"""Who may do what: three roles, four rights, one rule. Services ask here; pages only hide what would be refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ..core.errors import AccountSuspended, Forbidden, NotFound
from ..core.languages import marked

if TYPE_CHECKING:
    from .service import AccountInfo

OPERATOR, OWNER, MEMBER = "operator", "owner", "member"
ROLES = (OPERATOR, OWNER, MEMBER)

SEE, SEND, MANAGE, OPERATE = "see", "send", "manage", "operate"
CONTACTS, TOP_UP = "contacts", "top_up"
"""See an account's pages; send; its keys, webhooks and people; everybody's, and prices; keep contacts; ask for payments."""

CHOSEN = (SEND, CONTACTS, TOP_UP)
"""The rights that an owner gives each member, or does not."""
RIGHTS = {
    OPERATOR: frozenset({SEE, SEND, CONTACTS, TOP_UP, MANAGE, OPERATE}),
    OWNER: frozenset({SEE, SEND, CONTACTS, TOP_UP, MANAGE}),
    MEMBER: frozenset({SEE, SEND, CONTACTS, TOP_UP}),
}

REFUSALS = {
    MANAGE: marked("Only an owner of the account may do this"),
    OPERATE: marked("Only an operator may do this"),
    SEND: marked("You may look at everything here, but not send: an owner of the account can let you"),
    CONTACTS: marked("You may look at contacts, but not change them: an owner of the account can let you"),
    TOP_UP: marked("You may not ask for payments: an owner of the account can let you"),
}


class MissingRight(Forbidden):
    """The actor's role does not have the right."""


class User(NamedTuple):
    """Somebody who signed in; as an actor the audit log shows the e-mail, and the address of the request."""

    id: int
    email: str
    role: str
    account_id: int | None
    is_active: bool
    has_password: bool
    account_is_active: bool = True
    address: str | None = None
    rights: frozenset[str] | None = None
    """Of a member, those of CHOSEN that were given; None: all of them."""
    language: str | None = None
    """Their own choice, else their account's; None: what the browser asks for."""

    def __str__(self) -> str:
        return self.email


class KeyHolder(NamedTuple):
    """A request of an API: what its key may do was looked at already; the audit log shows the key's prefix."""

    account_id: int
    api_key_id: int
    prefix: str
    address: str | None = None

    def __str__(self) -> str:
        return f"API key {self.prefix}"


class Stranger(NamedTuple):
    """Somebody who is not signed in: the audit log shows the address. Has no right at all."""

    address: str | None

    def __str__(self) -> str:
        return "not signed in"


Actor = User | KeyHolder | Stranger | str
"""Who does something. A plain string is the machine's own hand (``cli``, ``system``)."""


def may(actor: Actor, right: str, account_id: int | None = None, *, even_suspended: bool = False) -> bool:
    """Whether ``require`` would let it pass; for what a page offers."""
    try:
        require(actor, right, account_id, even_suspended=even_suspended)
    except (Forbidden, NotFound):
        return False
    return True


def require(actor: Actor, right: str, account_id: int | None = None, *, even_suspended: bool = False) -> None:
    """Forbidden without the right; NotFound for what belongs to an account that is not the actor's own.

    AccountSuspended for the people of a suspended account, unless it is something that only reads or downloads.
    """
    if isinstance(actor, str):
        return
    if not _reaches(actor, account_id):
        raise NotFound
    if right not in _rights(actor):
        raise MissingRight(REFUSALS.get(right))
    if isinstance(actor, User) and right in (*CHOSEN, MANAGE) and not (actor.account_is_active or even_suspended):
        raise AccountSuspended


def require_to_send(actor: Actor, account: AccountInfo) -> None:
    """As ``require(SEND)``; AccountSuspended for everybody while the account is suspended."""
    require(actor, SEND, account.id)
    if not account.is_active:
        raise AccountSuspended


def require_to_stop(actor: Actor, account: AccountInfo) -> None:
    """To cancel and to pause: as ``require_to_send``, but operators may while the account is suspended, too."""
    require(actor, SEND, account.id)
    if not account.is_active and not may(actor, OPERATE):
        raise AccountSuspended


def _rights(actor: User | KeyHolder | Stranger) -> frozenset[str]:
    if isinstance(actor, User):
        if actor.rights is None or actor.role != MEMBER:
            return RIGHTS[actor.role]
        return RIGHTS[MEMBER] - frozenset(CHOSEN) | actor.rights
    return RIGHTS[OWNER] if isinstance(actor, KeyHolder) else frozenset()


def _reaches(actor: User | KeyHolder | Stranger, account_id: int | None) -> bool:
    if account_id is None or isinstance(actor, User) and actor.role == OPERATOR:
        return True
    return not isinstance(actor, Stranger) and actor.account_id == account_id
