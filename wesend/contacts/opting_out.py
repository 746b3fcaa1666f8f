"""Who wants nothing more from an account, as people enter it: one by one, as lines, as a list of any form."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import IO

from ..accounts import audit_log, roles
from ..accounts.roles import CONTACTS, SEE, Actor
from ..accounts.service import AccountInfo
from ..accounts.sides import SEEN, Side
from ..core import email_address, number_text, phones
from ..core.errors import InvalidInput, InvalidRecipient, OptOutNotFound
from ..core.languages import marked
from ..database import Tx, keyset, marks, query, snapshot, write
from ..database.rows import ContactRow, OptOutRow
from ..routing import opt_outs
from . import tables
from .files import EmptyList, Line
from .headers import addresses_in

OPT_OUTS_A_WRITE = 200  # each takes back what waits for it


def list_opt_outs(account_id: int, before: int | None, limit: int, *, actor: Actor) -> list[OptOutRow]:
    """Newest first, below the row id ``before``."""
    roles.require(actor, SEE, account_id)
    return query(
        "SELECT * FROM opt_outs WHERE account_id = ? AND id < ? ORDER BY id DESC LIMIT ?", (account_id, keyset.below(before), limit)
    )


def opt_out(account: AccountInfo, number: str, *, actor: Actor) -> str:
    """Nothing more to this number, or to this e-mail address; as it is kept."""
    roles.require(actor, CONTACTS, account.id, even_suspended=True)
    found = _reachable(account, number)
    if found is None:
        told = (
            phones.ROUNDED if phones.problem(number) == phones.ROUNDED else marked("Neither a phone number nor an e-mail address")
        )
        raise InvalidInput(told, {"number": [told]})
    if _add_opt_outs(account, [found], f"entered by {actor}"):
        audit_log.note(actor=actor, action="opt_out.add", subject=found[1], account_id=account.id)
    return found[1]


AMONG = """
    SELECT channel, address FROM opt_outs
    WHERE account_id = ? AND (channel = 'sms' AND address IN ({phones}) OR channel = 'email' AND address IN ({emails}))
"""


def channels_of(account_id: int, contacts: Sequence[ContactRow], *, actor: Actor) -> dict[int, list[str]]:
    """Those of some contacts who want nothing more, of either side: row id → by which channels (SMS before e-mail)."""
    roles.require(actor, SEE, account_id)
    if not contacts:
        return {}
    numbers = [row["phone"] for row in contacts]
    emails = [row["email"] for row in contacts if row["email"]]
    sql = AMONG.format(phones=marks(numbers), emails=marks(emails) if emails else "NULL")
    gone = {(row["channel"], row["address"]) for row in query(sql, (account_id, *numbers, *emails))}
    found = {
        row["id"]: [
            name for name, address in ((opt_outs.SMS, row["phone"]), (opt_outs.EMAIL, row["email"])) if (name, address) in gone
        ]
        for row in contacts
    }
    return {row_id: channels for row_id, channels in found.items() if channels}


KEYWORD, API, PORTAL, IMPORT = "keyword", "api", "portal", "import"


def source_of(row: OptOutRow) -> str:
    """By what an opt-out came, in one of these words; what is stored says who entered it, too."""
    source = row["source"]
    if source in (KEYWORD, API) or source.startswith("inbound "):
        return API if source == API else KEYWORD
    return IMPORT if source.startswith("imported by ") else PORTAL


OF_PHONES = f"FROM opt_outs WHERE account_id = ? AND channel = 'sms' AND {SEEN}"


def list_phones(account: AccountInfo, limit: int, *, side: Side, actor: Actor) -> tuple[list[OptOutRow], int]:
    """The phones that want no sends of this side, newest first, and how many there are."""
    roles.require(actor, SEE, account.id)
    with snapshot():
        rows = query(f"SELECT * {OF_PHONES} ORDER BY id DESC LIMIT ?", (account.id, side, limit))
        return rows, query(f"SELECT count(*) {OF_PHONES}", (account.id, side))[0][0]


def opt_out_phone(account: AccountInfo, number: str, *, side: Side, actor: Actor) -> OptOutRow:
    """No more sends of this side to a phone; the entry, which may have been there before. InvalidRecipient."""
    roles.require(actor, CONTACTS, account.id)
    phone = _phone(account, number)
    known = f"SELECT * {OF_PHONES} AND address = ? ORDER BY id LIMIT 1"

    def unit(tx: Tx) -> OptOutRow:
        row = tx.one(known, (account.id, side, phone))
        if row is None:
            opt_outs.add_opt_out(tx, account_id=account.id, channel=opt_outs.SMS, address=phone, source=API, side=side)
            audit_log.record(tx, actor=actor, action="opt_out.add", subject=phone, account_id=account.id)
            row = tx.one(known, (account.id, side, phone))
            assert row is not None
        return row

    return write(unit)


def opt_in_phone(account: AccountInfo, number: str, *, side: Side, actor: Actor) -> str:
    """The phone, which gets the sends of this side again; OptOutNotFound for one that did not opt out of them alone."""
    roles.require(actor, CONTACTS, account.id)
    phone = phones.normalise(number, account.country)
    if phone is None or not opt_in(account, opt_outs.SMS, phone.e164, side=side, actor=actor):
        raise OptOutNotFound
    return phone.e164


def _phone(account: AccountInfo, number: str) -> str:
    phone = phones.normalise(number, account.country)
    if phone is None:
        raise InvalidRecipient("Not a phone number", {"phone": ["Not a phone number"]})
    return phone.e164


def opt_out_list(account: AccountInfo, stream: IO[bytes], *, actor: Actor) -> tuple[int, list[str]]:
    """A list that somebody has: how many are new, and what in it is neither a number nor an e-mail address.

    The columns that are headed so are read; without a header every cell that is a number or an address. EmptyList,
    FileTooLarge, UnreadableFile.
    """
    roles.require(actor, CONTACTS, account.id, even_suspended=True)
    with tables.open_rows(stream) as rows:
        return opt_out_all(account, _addresses_in(account, rows), source=f"imported by {actor}", actor=actor)


def _addresses_in(account: AccountInfo, rows: Iterator[Line]) -> Iterator[str]:
    first = next(rows, None)
    if first is None:
        raise EmptyList("The file is empty", {"file": ["Empty"]})
    places = addresses_in(first.cells)
    for line in rows if places else chain([first], rows):
        cells = [cell.strip() for cell in line.cells]
        found = (
            [cells[place] for place in places if place < len(cells) and cells[place]]
            if places
            else [cell for cell in cells if _meant_as_address(account, cell)]
        )
        yield from found or [", ".join(filter(None, cells))]


def _meant_as_address(account: AccountInfo, cell: str) -> bool:
    """Whether it can be reached or looks as if it should be; a name or a day beside a number is neither."""
    return (
        "@" in cell
        or _reachable(account, cell) is not None
        or number_text.is_rounded(cell)
        or len(cell) < 40
        and sum(map(str.isdigit, cell)) >= 9
        and ":" not in cell
    )


def opt_out_all(account: AccountInfo, lines: Iterable[str], *, source: str | None = None, actor: Actor) -> tuple[int, list[str]]:
    """Numbers and e-mail addresses: how many are new, and the lines that are neither."""
    source = source or f"entered by {actor}"
    roles.require(actor, CONTACTS, account.id, even_suspended=True)
    added = 0
    refused: list[str] = []
    chunk: list[tuple[str, str]] = []
    for line in filter(None, map(str.strip, lines)):
        found = _reachable(account, line)
        if found is None:
            refused.append(line)
            continue
        chunk.append(found)
        if len(chunk) == OPT_OUTS_A_WRITE:
            added += _add_opt_outs(account, chunk, source)
            chunk = []
    added += _add_opt_outs(account, chunk, source)
    if added:
        audit_log.note(
            actor=actor,
            action="opt_out.add",
            account_id=account.id,
            detail=f"a list, {len(refused)} lines refused",
            subject=f"{added} addresses" if added > 1 else "1 address",
        )
    return added, refused


def _reachable(account: AccountInfo, text: str) -> tuple[str, str] | None:
    """Channel and address; None when it is neither a phone number nor an e-mail address."""
    phone = phones.normalise(text, account.country)
    if phone is not None:
        return opt_outs.SMS, phone.e164
    address = number_text.visible(text).lower().removeprefix("mailto:")
    return (opt_outs.EMAIL, address) if email_address.OPTED_OUT.fullmatch(address) else None


def _add_opt_outs(account: AccountInfo, found: list[tuple[str, str]], source: str) -> int:
    return write(
        lambda tx: sum(
            opt_outs.add_opt_out(tx, account_id=account.id, channel=channel, address=address, source=source)
            for channel, address in found
        )
    )


def opt_in(account: AccountInfo, channel: str, address: str, *, side: Side | None = None, actor: Actor) -> bool:
    """Somebody wants to hear again; whether there was an opt-out that ``side`` may take back. Kept in the audit log, since
    it undoes what they once said."""
    roles.require(actor, CONTACTS, account.id)

    def unit(tx: Tx) -> bool:
        removed = opt_outs.remove_opt_out(tx, account_id=account.id, channel=channel, address=address, side=side)
        if removed:
            audit_log.record(tx, actor=actor, action="opt_out.remove", subject=address, account_id=account.id)
        return removed

    return write(unit)
