"""All that an operator sets for an account at once: of what is refused in part, nothing is kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from ..accounts import allowed_countries, firms, roles, service
from ..accounts.roles import OPERATE, Actor
from ..database import atomic
from ..routing import price_list_editing
from ..routing.price_list_editing import NONE


class Wanted(NamedTuple):
    """Each as it is written; None: it stays as it is. ``none`` takes a limit, a price list or a text of the firm away."""

    countries: str | None = None
    daily_limit: str | None = None
    recipient_limit: str | None = None
    burst_limit: str | None = None
    quiet_hours: str | None = None
    price_list: str | None = None
    legal_name: str | None = None
    address: str | None = None
    tax_id: str | None = None

    @property
    def firm(self) -> Mapping[str, str | None]:
        given = {"legal_name": self.legal_name, "address": self.address, "tax_id": self.tax_id}
        return {name: _or_none(text) for name, text in given.items() if text is not None}


def change(account_id: int, wanted: Wanted, *, actor: Actor) -> None:
    """All of it or nothing: InvalidInput, PriceListNotFound, AccountNotFound."""
    roles.require(actor, OPERATE)
    with atomic():
        before = service.find_account(account_id, actor=actor).limits
        limits = before.changed(wanted.daily_limit, wanted.recipient_limit, wanted.burst_limit, wanted.quiet_hours)
        if limits != before:
            service.set_limits(account_id, limits, actor=actor)
        if wanted.price_list is not None:
            price_list_editing.give(account_id, _or_none(wanted.price_list), actor=actor)
        if wanted.firm:
            firms.set_firm(account_id, wanted.firm, actor=actor)
        if wanted.countries is not None:
            service.set_countries(account_id, allowed_countries.parse(wanted.countries), actor=actor)


def _or_none(text: str) -> str | None:
    return None if text.strip().lower() == NONE else text
