"""An e-mail as somebody writes it at the dashboard: for whom, what, and when; sent once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from ...accounts.roles import Actor
from ...accounts.service import AccountInfo
from ...contacts import audience as contacts
from ...contacts import groups as contact_groups
from ...core.chunks import chunks
from ...core.email_address import is_address
from ...core.errors import InvalidInput
from ...database.rows import BatchRow
from ...wallets.service import WalletInfo
from ..email.compose import Mail, MailComposer
from ..sending import send
from ..sending.compose import Addressee
from ..sending.options import Options, Origin
from ..state.mail_texts import DOUBLE
from . import form_values, once
from .checking import GROUPS_SAMPLED, Checked, Part, checked

ADDRESS_IN_BRACKETS = re.compile(r"<([^<>\s]+)>")


class Readers(NamedTuple):
    """Contacts of groups that have an address, and addresses as they were typed."""

    group_ids: tuple[int, ...] = ()
    addresses: str = ""

    @property
    def are_many(self) -> bool:
        """Whether they get a campaign, which is paused, put off and cancelled as a whole, and no single mail."""
        return bool(self.group_ids) or len(split_addresses(self.addresses)) > 1


class EmailDraft(NamedTuple):
    """``uid`` is the id that the batch will have; ``format`` is mail.HTML or PLAIN."""

    uid: str
    wallet: WalletInfo
    readers: Readers
    subject: str
    text: str
    format: str
    options: Options


def split_addresses(typed: str) -> list[str]:
    """Addresses with commas, semicolons, spaces or lines between, also as ``Ann Otim <ann@example.com>``."""
    found: list[str] = []
    for part in re.split(r"[,;\n]+", typed):
        named = ADDRESS_IN_BRACKETS.search(part)
        found += [named[1]] if named else part.split()
    return found


def addressees(account: AccountInfo, wallet: WalletInfo, readers: Readers, actor: Actor) -> Iterator[Addressee]:
    """The groups' contacts that have an address, then the typed ones, each with the fields of its contact. GroupNotFound."""
    groups = [contact_groups.get_group(account.id, group_id, actor=actor) for group_id in readers.group_ids]
    for row in contacts.iterate_mailable(groups, actor=actor):
        yield Addressee(row["email"], None, contacts.variables(row, row["columns"]), row["group_id"])
    typed = split_addresses(readers.addresses)
    for some in chunks(typed, contacts.PAGE):
        known = contacts.find_by(account.id, "email", [text.lower() for text in some], side=wallet.side, actor=actor)
        for text in some:
            contact = known.get(text.lower())
            yield Addressee(text, None, contacts.variables(contact, contact["columns"]) if contact else None)


def parts(account: AccountInfo, wallet: WalletInfo, readers: Readers, actor: Actor) -> Iterator[Part]:
    """The readers group by group, those of the first groups, then the typed ones. GroupNotFound."""
    for group_id in readers.group_ids[:GROUPS_SAMPLED]:
        group = contact_groups.get_group(account.id, group_id, actor=actor)
        yield group["name"], addressees(account, wallet, Readers((group_id,)), actor)
    yield "", addressees(account, wallet, Readers(addresses=readers.addresses), actor)


def refused(addresses: str) -> list[str]:
    """What of the typed addresses is none."""
    return [text for text in split_addresses(addresses) if not is_address(text.lower())]


def compose(account: AccountInfo, draft: EmailDraft) -> MailComposer:
    return MailComposer(account, draft.wallet, draft.subject, draft.text, format=draft.format, placeholders=DOUBLE)


def check(account: AccountInfo, draft: EmailDraft, *, actor: Actor) -> Checked:
    """Nothing is written."""
    form_values.groups_for(account, draft.wallet, draft.readers.group_ids, actor)
    to = addressees(account, draft.wallet, draft.readers, actor)
    return checked(compose(account, draft), to, draft.subject, draft.text, actor=actor)


def preview(account: AccountInfo, draft: EmailDraft, *, actor: Actor) -> Mail:
    """The mail as its first reader gets it; as it is written where there is none yet."""
    first = next(addressees(account, draft.wallet, draft.readers, actor), None) or Addressee("", None)
    found, values = compose(account, draft), first.values or {}
    return Mail(0, draft.uid, first.given, found.subject_for(values), found.text_for(values), found.format, 0)


def send_email(account: AccountInfo, draft: EmailDraft, *, actor: Actor) -> BatchRow:
    """Through the queue; the batch. A second time is the first one's batch. InvalidInput, InvalidRecipient."""

    def do(origin: Origin) -> None:
        form_values.groups_for(account, draft.wallet, draft.readers.group_ids, actor)
        if not draft.subject.strip():
            raise InvalidInput("A mail needs a subject", {"subject": ["Please fill this in"]})
        composed, to = compose(account, draft), addressees(account, draft.wallet, draft.readers, actor)
        if draft.readers.are_many:
            send.send_bulk(composed, to, actor=actor, origin=origin, options=draft.options)
        else:
            send.send(composed, to, actor=actor, origin=origin, options=draft.options, in_request=False, limit=0)

    return once.send_once(account, draft.uid, do, actor=actor)


def send_test(account: AccountInfo, draft: EmailDraft, address: str, *, actor: Actor) -> BatchRow:
    """The mail as its first reader would get it, to ``address`` alone."""
    form_values.groups_for(account, draft.wallet, draft.readers.group_ids, actor)
    first = next(addressees(account, draft.wallet, draft.readers, actor), None)
    to = [Addressee(address, None, first.values if first else None)]

    def do(origin: Origin) -> None:
        options = Options(reference="Test")
        send.send(compose(account, draft), to, actor=actor, origin=origin, options=options, in_request=False, limit=0)

    return once.send_once(account, draft.uid, do, actor=actor)
