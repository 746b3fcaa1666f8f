"""Who is meant: a phone or an e-mail address, and what the contacts say belongs to it."""

from __future__ import annotations

from typing import NamedTuple

from ..accounts import roles, service
from ..accounts.roles import MANAGE, OPERATE, Actor
from ..core import email_address, erased, number_text, phones
from ..core.errors import InvalidInput
from ..core.languages import sentence
from ..database import marks, query


class Person(NamedTuple):
    """``phones`` (E.164) and ``emails`` (lower case); what is held of them in ``accounts``, or, with None, anywhere."""

    given: str
    phones: tuple[str, ...]
    emails: tuple[str, ...]
    account_id: int | None
    accounts: tuple[int, ...]

    @property
    def addresses(self) -> tuple[str, ...]:
        return self.phones + self.emails

    @property
    def token(self) -> str:
        """Stands where their texts and names stood."""
        return erased.token_of(self.given)

    @property
    def tokens(self) -> dict[str, str]:
        """Of each address: what stands in its place."""
        return {address: erased.token_of(address) for address in self.addresses}


def find(text: str, account_id: int | None = None, *, actor: Actor) -> Person:
    """A person by one address of theirs. An address that the contacts have beside it, and beside no other, is theirs, too.

    Everything, of all accounts, is an operator's to ask for; of one account, its owners' as well. InvalidInput, AccountNotFound.
    """
    roles.require(actor, OPERATE if account_id is None else MANAGE, account_id, even_suspended=True)
    if account_id is None:
        country, accounts = "UG", tuple(row["id"] for row in query("SELECT id FROM accounts ORDER BY id"))
    else:
        country, accounts = service.get_account(account_id).country, (account_id,)
    phone = phones.normalise(text, country)
    if phone is not None:
        found = _beside("phone", "email", phone.e164, accounts)
        return Person(phone.e164, (phone.e164,), found, account_id, accounts)
    email = number_text.visible(text).lower().removeprefix("mailto:")
    if not email_address.OPTED_OUT.fullmatch(email):
        raise InvalidInput(
            sentence("%(text)s is neither a phone number nor an e-mail address", text=text), {"person": ["Not an address"]}
        )
    return Person(email, _beside("email", "phone", email, accounts), (email,), account_id, accounts)


BESIDE = """
    SELECT DISTINCT {other} AS address FROM contacts c
    WHERE account_id IN ({accounts}) AND {known} = ? AND {other} IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM contacts e WHERE e.account_id IN ({accounts}) AND e.{other} = c.{other} AND coalesce(e.{known}, ?) <> ?)
    ORDER BY 1 LIMIT 20
"""


def _beside(known: str, other: str, value: str, accounts: tuple[int, ...]) -> tuple[str, ...]:
    sql = BESIDE.format(known=known, other=other, accounts=marks(accounts))
    return tuple(
        row["address"]
        for row in query(sql, (*accounts, value, *accounts, value, value))
        if not erased.is_erased(row["address"]) and (other == "phone" or email_address.OPTED_OUT.fullmatch(row["address"]))
    )
