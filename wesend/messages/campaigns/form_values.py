"""What every campaign's form asks, whatever its channel: the wallet that pays, the groups, and when it leaves."""

from __future__ import annotations

from collections.abc import Iterable

from ...accounts.roles import Actor
from ...accounts.service import AccountInfo
from ...contacts import groups as contact_groups
from ...core import clock
from ...core.errors import InvalidInput, InvalidSchedule, WalletForbidden, WalletNotFound
from ...core.languages import sentence
from ...database.rows import GroupRow
from ...wallets.service import WalletInfo, wallet_of_account
from ..sending.options import Options
from ..sending.rescheduling import read_time

FASTEST = 6000  # messages a minute


def find_wallet(account: AccountInfo, uid: str, *, actor: Actor) -> WalletInfo:
    """A wallet of the account; another's is none."""
    try:
        return wallet_of_account(uid, account.id, actor=actor)
    except WalletForbidden as error:
        raise WalletNotFound from error


def groups_for(account: AccountInfo, wallet: WalletInfo, group_ids: Iterable[int], actor: Actor) -> list[GroupRow]:
    """The groups of a send that the wallet pays; GroupNotFound for one that is not the account's, InvalidInput for one
    that a key of the other side made."""
    found = [contact_groups.get_group(account.id, group_id, actor=actor) for group_id in group_ids]
    for group in found:
        if group["side"] not in (None, wallet.side):
            raise InvalidInput(
                sentence(
                    "The group %(name)s was made by a %(side)s key: choose a %(side)s wallet",
                    name=group["name"],
                    side=group["side"],
                ),
                {"group_ids": ["Not with this wallet"]},
            )
    return found


def read_options(account: AccountInfo, mode: str, at: str, rate: str, *, name: str | None = None) -> Options:
    """``at`` as clocks of the account's zone show it, ``rate`` in messages a minute; InvalidSchedule."""
    if mode == "drip":
        if not (rate.isascii() and rate.isdigit() and 1 <= int(rate[:9]) <= FASTEST):
            raise InvalidSchedule(
                sentence("A drip has 1 to %(fastest)s messages a minute", fastest=f"{FASTEST:,}"), {"rate": ["Out of range"]}
            )
        return Options("drip", drip_rate=int(rate), reference=name)
    if mode != "scheduled":
        return Options(reference=name)
    return Options("scheduled", scheduled_at=read_time(account, at), reference=name)


def ends_at(options: Options, count: int) -> int | None:
    """When the last of ``count`` messages leaves, for a drip."""
    return options.due_at(max(count - 1, 0), clock.now_ms()) if options.mode == "drip" else options.scheduled_at
