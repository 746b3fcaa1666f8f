"""A message as somebody writes it at the dashboard: for whom, what, and when; checked, and sent once."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from ...accounts import roles
from ...accounts.roles import Actor
from ...accounts.service import AccountInfo
from ...contacts import audience as contacts
from ...contacts import groups as contact_groups
from ...core import phones, segments, templating
from ...core.errors import InvalidInput
from ...database.rows import BatchRow
from ...routing.routes import candidates
from ...wallets.service import WalletInfo
from ..sending import send
from ..sending.compose import Addressee, Composer, read_recipients
from ..sending.options import Options, Origin
from .checking import GROUPS_SAMPLED, Checked, Part, checked
from .form_values import groups_for
from .once import send_once


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


def addressees(account: AccountInfo, audience: Audience, actor: Actor) -> Iterator[Addressee]:
    """Everybody: the groups' contacts with their fields, then the numbers. GroupNotFound."""
    groups = [contact_groups.get_group(account.id, group_id, actor=actor) for group_id in audience.group_ids]
    for row in contacts.iterate(groups, actor=actor):
        values = contacts.variables(row, row["columns"])
        yield Addressee(row["phone"], phones.Phone(row["phone"], row["country"]), values, row["group_id"])
    for given in read_recipients(phones.split_list(audience.numbers, account.country), account.country):
        yield given._replace(values=contacts.named(given.phone.e164, None, {}) if given.phone else None)


def parts(account: AccountInfo, audience: Audience, actor: Actor) -> Iterator[Part]:
    """The audience group by group, the first of them, then the numbers. GroupNotFound."""
    for group_id in audience.group_ids[:GROUPS_SAMPLED]:
        group = contact_groups.get_group(account.id, group_id, actor=actor)
        yield group["name"], addressees(account, Audience((group_id,)), actor)
    yield "", addressees(account, Audience(numbers=audience.numbers), actor)


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
    return [_preview(found, text) for found in islice(addressees(account, audience, actor), count)]


def _preview(found: Addressee, text: str) -> Preview:
    return Preview(
        found.phone.e164 if found.phone else found.given,
        (found.values or {}).get("name", ""),
        templating.render(text, found.values or {}),
        _default_sender(found.phone),
    )


SHOWN = 3
SAMPLED = 100
SAMPLED_CHARACTERS = 200_000
"""Of all their texts: contacts may have long fields, and this is asked for while somebody types."""


class Sample(NamedTuple):
    """``texts``: what the first of an audience get, their fields filled in. ``previews``: the first of those; the last is
    ``has_longest``, the one of most segments, where the others have fewer."""

    texts: list[str]
    previews: list[Preview]
    has_longest: bool


def sample(account: AccountInfo, audience: Audience, text: str, *, actor: Actor) -> Sample:
    """TextTooLong when a text is none that can be sent."""
    found: list[Addressee] = []
    texts: list[str] = []
    left = SAMPLED_CHARACTERS
    for one in islice(addressees(account, audience, actor), SAMPLED if templating.has_variables(text) else SHOWN):
        found.append(one)
        texts.append(templating.render(text, one.values or {}))
        left -= len(texts[-1])
        if left < 0 and len(found) >= SHOWN:
            break
    counts = [segments.count(filled).count for filled in texts]
    shown = list(range(len(texts)))[:SHOWN]
    has_longest = max(counts, default=0) > max(counts[:SHOWN], default=0)
    if has_longest:
        shown[-1] = counts.index(max(counts))
    return Sample(texts, [_preview(found[place], text) for place in shown], has_longest)


def _default_sender(phone: phones.Phone | None) -> str | None:
    found = candidates(phone.country, phone.e164) if phone is not None else []
    return found[0].default_sender if found else None


def check(account: AccountInfo, draft: Draft, *, actor: Actor) -> Checked:
    """Nothing is written."""
    composed = composer(account, draft.wallet, draft.text, draft.sender, pays=False, actor=actor)
    to = addressees(account, draft.audience, actor)
    return checked(composed, to, draft.text, dedupe=draft.audience.needs_dedupe, actor=actor)


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
