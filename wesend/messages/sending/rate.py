"""What a text would cost each of some recipients, by the very composition that sends it; nothing is written or charged."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from ...accounts import roles
from ...accounts.roles import SEE, Actor
from ..state.outgoing import Outgoing
from .compose import Addressee, Composer, Skipped


class Rated(NamedTuple):
    """A recipient with the message that it would get, or the reason (compose's word) why it would get none."""

    addressee: Addressee
    planned: Outgoing | None
    reason: str | None


def rate(composer: Composer, addressees: Iterable[Addressee], *, actor: Actor) -> list[Rated]:
    """Each as if it were sent to alone, in order; who is named twice is rated twice."""
    roles.require(actor, SEE, composer.account.id)
    asked = list(addressees)
    return [
        Rated(addressee, None, item.reason) if isinstance(item, Skipped) else Rated(addressee, item, None)
        for addressee, item in zip(asked, composer.plan(asked, dedupe=False, is_question=True), strict=True)
    ]
