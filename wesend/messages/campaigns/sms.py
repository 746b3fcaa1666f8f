"""A message as somebody writes it at the dashboard: for whom, what, and when; checked, and sent once."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import NamedTuple

from ...accounts import roles, spending
from ...accounts.roles import Actor
from ...accounts.service import AccountInfo
from ...contacts import audience as contacts
from ...contacts import groups as contact_groups
from ...core import clock, phones, templating
from ...core.errors import BatchNotFound, InvalidInput, InvalidSchedule, WalletForbidden, WalletNotFound
from ...core.ids import new_id
from ...core.languages import sentence
from ...database import keyset, query, query_one
from ...database.errors import INTEGRITY_ERRORS
from ...database.rows import BatchRow, GroupRow
from ...routing.routes import candidates
from ...wallets.service import WalletInfo, wallet_of_account
from ..sending import send
from ..sending.compose import Addressee, Composer, read_recipients
from ..sending.options import Options, Origin
from ..sending.precheck import Precheck, precheck
from ..sending.rescheduling import read_time
from .gaps import Gap, Gaps

FASTEST = 6000  # messages a minute
UID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
BULKS = """
    SELECT * FROM batches INDEXED BY ix_batches_account_id
    WHERE account_id = ? AND lane = 1 AND id < ? AND state NOT IN ('intake', 'rejected') ORDER BY id DESC LIMIT ?
"""


class Audience(NamedTuple):
    """Contacts of groups, and numbers as they were typed."""

    group_ids: tuple[int, ...] = ()
    numbers: str = ""

    @property
    def needs_dedupe(self) -> bool:
        """Groups alone give each phone once."""
        return bool(self.numbers.strip())


class Draft(NamedTuple):
    """``uid`` is the id that the batch will have: fixed with the form, so that it is sent once."""

    uid: str
    wallet: WalletInfo
    audience: Audience
    text: str
    sender: str | None
    options: Options


def new_uid() -> str:
    return new_id()


def find_wallet(account: AccountInfo, uid: str, *, actor: Actor) -> WalletInfo:
    """A wallet of the account; another's is none."""
    try:
        return wallet_of_account(uid, account.id, actor=actor)
    except WalletForbidden as error:
        raise WalletNotFound from error


def addressees(account: AccountInfo, audience: Audience, actor: Actor) -> Iterator[Addressee]:
    """Everybody: the groups' contacts with their fields, then the numbers. GroupNotFound."""
    groups = [contact_groups.get_group(account.id, group_id, actor=actor) for group_id in audience.group_ids]
    for row in contacts.iterate(groups, actor=actor):
        yield Addressee(row["phone"], phones.Phone(row["phone"], row["country"]), contacts.variables(row), row["group_id"])
    for given in read_recipients(phones.split_list(audience.numbers, account.country), account.country):
        yield given._replace(values=contacts.named(given.phone.e164, None, {}) if given.phone else None)


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


def check_audience(account: AccountInfo, wallet: WalletInfo, audience: Audience, *, actor: Actor) -> None:
    """GroupNotFound or InvalidInput for a group that can't be sent to; InvalidInput when there is nobody."""
    found = groups_for(account, wallet, audience.group_ids, actor)
    if not sum(group["contact_count"] for group in found) and not phones.split_list(audience.numbers, account.country):
        raise InvalidInput("There is nobody to send to: choose a group with contacts, or enter numbers", {"group_ids": ["Nobody"]})


def composer(account: AccountInfo, wallet: WalletInfo, text: str, sender: str | None, *, pays: bool, actor: Actor) -> Composer:
    """What a send would be; InvalidInput and the like for what can't be sent."""
    roles.require(actor, roles.SEE, account.id)
    render = templating.renderer(text)
    return Composer(account, wallet, text, sender=sender or None, render=render, simulate_low_balance=pays)


class Preview(NamedTuple):
    """A contact with the text that it would get, and the route's sender where the message names none."""

    to: str
    name: str
    text: str
    sender: str | None


def previews(account: AccountInfo, audience: Audience, text: str, count: int = 3, *, actor: Actor) -> list[Preview]:
    """The text as the first contacts get it."""
    return [
        Preview(
            found.phone.e164 if found.phone else found.given,
            (found.values or {}).get("name", ""),
            templating.render(text, found.values or {}),
            _default_sender(found.phone),
        )
        for found in islice(addressees(account, audience, actor), count)
    ]


def _default_sender(phone: phones.Phone | None) -> str | None:
    found = candidates(phone.country, phone.e164) if phone is not None else []
    return found[0].default_sender if found else None


def fields_of(account: AccountInfo, audience: Audience, *, actor: Actor) -> list[str]:
    """What a text may name of the contacts: the fields of the first hundred, without the phone twice."""
    names: dict[str, None] = {}
    for found in islice(addressees(account, audience, actor), 100):
        names.update(dict.fromkeys(found.values or {}))
    return [name for name in names if name not in ("phone_number",)]


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


class Checked(NamedTuple):
    """What a draft would cost and whom it would not reach, and the ``gaps`` that it would leave."""

    cost: Precheck
    gaps: list[Gap]


def check(account: AccountInfo, draft: Draft, *, actor: Actor) -> Checked:
    """Nothing is written."""
    gaps = Gaps(draft.text)
    cost = precheck(
        composer(account, draft.wallet, draft.text, draft.sender, pays=False, actor=actor),
        gaps.following(addressees(account, draft.audience, actor)),
        actor=actor,
        dedupe=draft.audience.needs_dedupe,
        reached=gaps.reached,
    )
    return Checked(cost, gaps.found())


def send_campaign(account: AccountInfo, draft: Draft, *, actor: Actor) -> BatchRow:
    """Through the queue, to be paused and cancelled as a whole; the batch. A second time is the first one's batch."""
    return _send(account, draft, actor, as_campaign=True)


def send_message(account: AccountInfo, draft: Draft, *, actor: Actor) -> BatchRow:
    """As an API's single call does: up to a hundred recipients are submitted before this returns."""
    return _send(account, draft, actor, as_campaign=False)


def send_test(account: AccountInfo, draft: Draft, phone: str, *, actor: Actor) -> BatchRow:
    """The text as the first of its audience would get it, to ``phone`` alone; paid like any other message."""
    shown = previews(account, draft.audience, draft.text, 1, actor=actor)
    text = shown[0].text if shown else templating.render(draft.text, {})

    def do(origin: Origin) -> None:
        composed = Composer(account, draft.wallet, text, sender=draft.sender or None)  # filled in already
        to = read_recipients([phone], account.country)
        send.send(composed, to, actor=actor, origin=origin, options=Options(reference="Test"), raise_rejected=False, limit=0)

    return send_once(account, draft.uid, do, actor=actor)


def _send(account: AccountInfo, draft: Draft, actor: Actor, *, as_campaign: bool) -> BatchRow:
    def do(origin: Origin) -> None:
        check_audience(account, draft.wallet, draft.audience, actor=actor)
        composed = composer(account, draft.wallet, draft.text, draft.sender, pays=True, actor=actor)
        to = addressees(account, draft.audience, actor)
        if as_campaign:
            dedupe = draft.audience.needs_dedupe
            send.send_bulk(composed, to, actor=actor, origin=origin, options=draft.options, dedupe=dedupe)
        else:
            send.send(composed, to, actor=actor, origin=origin, options=draft.options, raise_rejected=False, limit=0)

    return send_once(account, draft.uid, do, actor=actor)


def send_once(account: AccountInfo, uid: str, do: Callable[[Origin], None], *, actor: Actor) -> BatchRow:
    """The batch of this id: ``do`` makes it, unless the same form made it before."""
    roles.require_to_send(actor, account)
    if not UID.fullmatch(uid):
        raise BatchNotFound
    earlier = _sent_before(account, uid)
    if earlier is not None:
        return earlier
    try:
        do(Origin("portal", batch_uid=uid, spending=spending.of(actor)))
    except INTEGRITY_ERRORS:  # the same form, sent at the same time
        pass
    found = _sent_before(account, uid)
    if found is None:
        raise BatchNotFound
    return found


def was_sent(account: AccountInfo, uid: str, *, actor: Actor) -> bool:
    """Whether a draft has become a campaign."""
    roles.require(actor, roles.SEE, account.id)
    return _sent_before(account, uid) is not None


def _sent_before(account: AccountInfo, uid: str) -> BatchRow | None:
    return query_one("SELECT * FROM batches WHERE uid = ? AND account_id = ?", (uid, account.id))


def campaigns(account_id: int, before: int | None, limit: int, *, actor: Actor) -> list[BatchRow]:
    """The account's bulks, newest first, below the row id ``before``."""
    roles.require(actor, roles.SEE, account_id)
    return query(BULKS, (account_id, keyset.below(before), limit))
